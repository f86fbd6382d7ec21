import { GetCallerIdentityCommand, STSClient, AssumeRoleCommand, DecodeAuthorizationMessageCommand, GetAccessKeyInfoCommand, GetFederationTokenCommand, GetSessionTokenCommand } from "@aws-sdk/client-sts";
import {
  AddRoleToInstanceProfileCommand, AddUserToGroupCommand, AttachGroupPolicyCommand, AttachRolePolicyCommand, AttachUserPolicyCommand, CreateAccessKeyCommand, CreateGroupCommand, CreateInstanceProfileCommand, CreatePolicyCommand,
  CreatePolicyVersionCommand, CreateRoleCommand, CreateUserCommand, DeleteAccessKeyCommand, DeleteGroupCommand, DeleteGroupPolicyCommand, DeleteInstanceProfileCommand, DeletePolicyCommand, DeletePolicyVersionCommand, DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand, DeleteRolePolicyCommand, DeleteUserCommand, DeleteUserPermissionsBoundaryCommand, DeleteUserPolicyCommand, DetachGroupPolicyCommand, DetachRolePolicyCommand, DetachUserPolicyCommand,
  GetGroupCommand, GetGroupPolicyCommand, GetInstanceProfileCommand, GetPolicyCommand, GetPolicyVersionCommand, GetRoleCommand, GetRolePolicyCommand, GetUserCommand, GetUserPolicyCommand, type IAMClient, ListAccessKeysCommand,
  ListAttachedGroupPoliciesCommand, ListAttachedRolePoliciesCommand, ListAttachedUserPoliciesCommand, ListEntitiesForPolicyCommand, ListGroupPoliciesCommand, ListGroupsCommand, ListGroupsForUserCommand, ListInstanceProfilesCommand,
  ListInstanceProfilesForRoleCommand, ListInstanceProfileTagsCommand, ListPoliciesCommand, ListPolicyTagsCommand, ListPolicyVersionsCommand, ListRolePoliciesCommand, ListRolesCommand, ListRoleTagsCommand, ListUserPoliciesCommand,
  ListUsersCommand, ListUserTagsCommand, PutGroupPolicyCommand, PutRolePermissionsBoundaryCommand, PutRolePolicyCommand, PutUserPermissionsBoundaryCommand, PutUserPolicyCommand, RemoveRoleFromInstanceProfileCommand,
  RemoveUserFromGroupCommand, SetDefaultPolicyVersionCommand, TagInstanceProfileCommand, TagPolicyCommand, TagRoleCommand, TagUserCommand, UntagInstanceProfileCommand, UntagPolicyCommand, UntagRoleCommand, UntagUserCommand,
  UpdateAccessKeyCommand, UpdateAssumeRolePolicyCommand, UpdateGroupCommand, UpdateRoleCommand, UpdateRoleDescriptionCommand, UpdateUserCommand,
} from "@aws-sdk/client-iam";
import type { TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCOUNT, allow, identity, policy, trust, type Identity } from "./clients.ts";

const TRUST = trust({ Service: "lambda.amazonaws.com" });

let id: Identity;
let cloud: TestPlatform;
let iam: IAMClient;
let sts: STSClient;

beforeAll(async () => {
  id = await identity();
  ({ cloud, iam, sts } = id);
});
afterAll(() => id[Symbol.asyncDispose]());

describe("a function's role, as deployments make it", () => {
  it("is created, given policies, listed and deleted in AWS's order", async () => {
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "function", AssumeRolePolicyDocument: TRUST, Path: "/app/", Tags: [{ Key: "team", Value: "a" }] }));
    expect(Role).toMatchObject({ RoleName: "function", Path: "/app/", Arn: "arn:aws:iam::000000000000:role/app/function", Tags: [{ Key: "team", Value: "a" }] });
    expect(Role!.RoleId).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).toBe(TRUST);
    const arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    await iam.send(new AttachRolePolicyCommand({ RoleName: "function", PolicyArn: arn }));
    await iam.send(new AttachRolePolicyCommand({ RoleName: "function", PolicyArn: arn }));
    const document = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "dynamodb:*", Resource: "*" }] });
    await iam.send(new PutRolePolicyCommand({ RoleName: "function", PolicyName: "table", PolicyDocument: document }));
    expect((await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: "function" }))).AttachedPolicies).toEqual([{ PolicyArn: arn, PolicyName: "AWSLambdaBasicExecutionRole" }]);
    expect(decodeURIComponent((await iam.send(new GetRolePolicyCommand({ RoleName: "function", PolicyName: "table" }))).PolicyDocument!)).toBe(document);
    expect((await iam.send(new GetRoleCommand({ RoleName: "function" }))).Role).toMatchObject({ MaxSessionDuration: 3600, RoleLastUsed: {} });
    expect((await iam.send(new ListRolesCommand({ PathPrefix: "/app/" }))).Roles!.map(({ RoleName }) => RoleName)).toEqual(["function"]);
    await expect(iam.send(new DeleteRoleCommand({ RoleName: "function" }))).rejects.toMatchObject({ name: "DeleteConflictException", message: "Cannot delete entity, must detach all policies first." });
    await iam.send(new DetachRolePolicyCommand({ RoleName: "function", PolicyArn: arn }));
    await expect(iam.send(new DeleteRoleCommand({ RoleName: "function" }))).rejects.toMatchObject({ message: "Cannot delete entity, must delete policies first." });
  });

  it("cannot have a policy that does not exist", async () => {
    await expect(iam.send(new AttachRolePolicyCommand({ RoleName: "function", PolicyArn: "arn:aws:iam::aws:policy/None" }))).rejects.toMatchObject({
      name: "NoSuchEntityException", message: "Policy arn:aws:iam::aws:policy/None does not exist or is not attachable.",
    });
  });
});

describe("credentials", () => {
  it("of a user are resolved to the user, until they are switched off", async () => {
    await iam.send(new CreateUserCommand({ UserName: "ann" }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "ann" }));
    const { AccessKeyId = "", SecretAccessKey = "" } = AccessKey!;
    expect(AccessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    const ann = new STSClient({ ...cloud.clientConfig(), credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } });
    expect(await ann.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: "000000000000", Arn: "arn:aws:iam::000000000000:user/ann", UserId: expect.stringMatching(/^AIDA/) });
    expect(await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId }))).toMatchObject({ Account: "000000000000" });
    await iam.send(new UpdateAccessKeyCommand({ UserName: "ann", AccessKeyId, Status: "Inactive" }));
  });

  it("of a role say which role and session they are", async () => {
    const { RoleId } = (await iam.send(new CreateRoleCommand({ RoleName: "worker", AssumeRolePolicyDocument: TRUST }))).Role!;
    const answer = await sts.send(new AssumeRoleCommand({ RoleArn: "arn:aws:iam::000000000000:role/worker", RoleSessionName: "job-1" }));
    expect(answer.AssumedRoleUser).toEqual({ Arn: "arn:aws:sts::000000000000:assumed-role/worker/job-1", AssumedRoleId: `${RoleId}:job-1` });
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials!;
    expect(Expiration!.getTime()).toBe(Math.floor(cloud.clock.now() / 1000) * 1000 + 3600_000);
    const role = new STSClient({ ...cloud.clientConfig(), credentials: { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! } });
    expect(await role.send(new GetCallerIdentityCommand({}))).toMatchObject({ UserId: `${RoleId}:job-1`, Account: "000000000000", Arn: "arn:aws:sts::000000000000:assumed-role/worker/job-1" });
    await expect(role.send(new GetSessionTokenCommand({}))).rejects.toMatchObject({ name: "AccessDenied" });
  });

  it("of another account act there", async () => {
    const other = new STSClient(cloud.clientConfig("111122223333"));
    expect(await other.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: "111122223333", Arn: "arn:aws:iam::111122223333:root", UserId: "111122223333" });
    const { Credentials } = await other.send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
    expect(await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: Credentials!.AccessKeyId! }))).toMatchObject({ Account: "111122223333" });
  });
});

describe("policies", () => {
  it("have versions, one of them the default", async () => {
    const PolicyDocument = policy(allow("s3:GetObject"));
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "versioned", PolicyDocument, Description: "d", Tags: [{ Key: "a", Value: "b" }] }));
    const PolicyArn = Policy!.Arn!;
    expect(Policy).toMatchObject({ PolicyName: "versioned", DefaultVersionId: "v1", AttachmentCount: 0, PermissionsBoundaryUsageCount: 0, IsAttachable: true, PolicyId: expect.stringMatching(/^ANPA[A-Z2-7]{17}$/) });
    await expect(iam.send(new CreatePolicyCommand({ PolicyName: "VERSIONED", PolicyDocument }))).rejects.toMatchObject({ name: "EntityAlreadyExistsException", message: "A policy called VERSIONED already exists. Duplicate names are not allowed." });
    for (const SetAsDefault of [true, false, false, false]) await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault }));
    await expect(iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument }))).rejects.toMatchObject({ name: "LimitExceededException", message: "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version." });
    expect((await iam.send(new ListPolicyVersionsCommand({ PolicyArn }))).Versions!.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion])).toEqual([["v5", false], ["v4", false], ["v3", false], ["v2", true], ["v1", false]]);
    await expect(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v2" }))).rejects.toMatchObject({ name: "DeleteConflictException", message: "Cannot delete the default version of a policy." });
    await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v5" }));
    for (const VersionId of ["v1", "v2", "v3"]) await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    await expect(iam.send(new DeletePolicyCommand({ PolicyArn }))).rejects.toMatchObject({ name: "DeleteConflictException", message: expect.stringContaining("This policy has more than one version.") });
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v4" }));
    await expect(iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v4" }))).rejects.toMatchObject({ name: "NoSuchEntityException", message: `Policy ${PolicyArn} version v4 does not exist or is not attachable.` });
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v5" }));
    expect(decodeURIComponent(PolicyVersion!.Document!)).toBe(PolicyDocument);
    // A number is never used again.
    expect((await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument }))).PolicyVersion!.VersionId).toBe("v6");
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v6" }));
    await iam.send(new TagPolicyCommand({ PolicyArn, Tags: [{ Key: "A", Value: "c" }, { Key: "x", Value: "y" }] }));
    await iam.send(new UntagPolicyCommand({ PolicyArn, TagKeys: ["X"] }));
    expect((await iam.send(new ListPolicyTagsCommand({ PolicyArn }))).Tags).toEqual([{ Key: "a", Value: "c" }]);
    expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy).toMatchObject({ Description: "d", Tags: [{ Key: "a", Value: "c" }] });
    await iam.send(new DeletePolicyCommand({ PolicyArn }));
    await expect(iam.send(new DeletePolicyCommand({ PolicyArn }))).rejects.toMatchObject({ name: "NoSuchEntityException", message: `Policy ${PolicyArn} was not found.` });
  });

  it("of AWS are there for everybody, and are nobody's to change", async () => {
    const PolicyArn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
    expect(Policy).toMatchObject({ PolicyName: "AWSLambdaBasicExecutionRole", Path: "/service-role/", DefaultVersionId: "v1" });
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
    expect(JSON.parse(decodeURIComponent(PolicyVersion!.Document!))).toMatchObject({ Statement: [{ Effect: "Allow", Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource: "*" }] });
    await expect(iam.send(new DeletePolicyCommand({ PolicyArn }))).rejects.toMatchObject({ name: "InvalidInputException" });
    const all = await iam.send(new ListPoliciesCommand({ Scope: "AWS", MaxItems: 1000 }));
    expect(all.Policies!.length).toBeGreaterThan(50);
    expect((await iam.send(new ListPoliciesCommand({ Scope: "Local" }))).Policies).toEqual([]);
    expect((await iam.send(new ListPoliciesCommand({ OnlyAttached: true }))).Policies!.every(({ AttachmentCount }) => AttachmentCount! > 0)).toBe(true);
  });

  it("go to whom they are given, and tell whom that is", async () => {
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "shared", PolicyDocument: policy(allow("sqs:*")) }));
    const PolicyArn = Policy!.Arn!;
    await iam.send(new CreateUserCommand({ UserName: "u" }));
    await iam.send(new CreateGroupCommand({ GroupName: "g" }));
    await iam.send(new CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument: TRUST, PermissionsBoundary: PolicyArn }));
    await iam.send(new AttachUserPolicyCommand({ UserName: "u", PolicyArn }));
    await iam.send(new AttachGroupPolicyCommand({ GroupName: "g", PolicyArn }));
    expect(await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }))).toMatchObject({ PolicyUsers: [{ UserName: "u" }], PolicyGroups: [{ GroupName: "g" }], PolicyRoles: [{ RoleName: "r" }] });
    expect((await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn, PolicyUsageFilter: "PermissionsBoundary" }))).PolicyUsers).toEqual([]);
    expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy).toMatchObject({ AttachmentCount: 2, PermissionsBoundaryUsageCount: 1 });
    expect((await iam.send(new GetRoleCommand({ RoleName: "r" }))).Role!.PermissionsBoundary).toEqual({ PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: PolicyArn });
    await expect(iam.send(new DeletePolicyCommand({ PolicyArn }))).rejects.toMatchObject({ message: "Cannot delete a policy attached to entities." });
    expect((await iam.send(new ListAttachedUserPoliciesCommand({ UserName: "u" }))).AttachedPolicies).toHaveLength(1);
    expect((await iam.send(new ListAttachedGroupPoliciesCommand({ GroupName: "g" }))).AttachedPolicies).toHaveLength(1);
    await iam.send(new DetachUserPolicyCommand({ UserName: "u", PolicyArn }));
    await iam.send(new DetachGroupPolicyCommand({ GroupName: "g", PolicyArn }));
    await expect(iam.send(new DetachGroupPolicyCommand({ GroupName: "g", PolicyArn }))).rejects.toMatchObject({ message: `Policy ${PolicyArn} was not found.` });
    await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: "r" }));
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: "r", PermissionsBoundary: "arn:aws:iam::aws:policy/PowerUserAccess" }));
    await iam.send(new PutUserPermissionsBoundaryCommand({ UserName: "u", PermissionsBoundary: PolicyArn }));
    expect((await iam.send(new GetUserCommand({ UserName: "u" }))).User!.PermissionsBoundary!.PermissionsBoundaryArn).toBe(PolicyArn);
    await iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName: "u" }));
    await iam.send(new DeletePolicyCommand({ PolicyArn }));
  });

  it("are no more than a quota allows", async () => {
    await iam.send(new CreateRoleCommand({ RoleName: "full", AssumeRolePolicyDocument: TRUST }));
    const { Policies } = await iam.send(new ListPoliciesCommand({ Scope: "AWS", MaxItems: 11 }));
    for (const { Arn } of Policies!.slice(0, 10)) await iam.send(new AttachRolePolicyCommand({ RoleName: "full", PolicyArn: Arn }));
    await expect(iam.send(new AttachRolePolicyCommand({ RoleName: "full", PolicyArn: Policies![10]!.Arn }))).rejects.toMatchObject({ name: "LimitExceededException", message: "Cannot exceed quota for PoliciesPerRole: 10" });
    const big = policy(allow(Array.from({ length: 400 }, (_, n) => `s3:GetObject${n}`)));
    await expect(iam.send(new CreatePolicyCommand({ PolicyName: "big", PolicyDocument: big }))).rejects.toMatchObject({ message: "Cannot exceed quota for PolicySize: 6144" });
    await expect(iam.send(new PutUserPolicyCommand({ UserName: "u", PolicyName: "big", PolicyDocument: big }))).rejects.toMatchObject({ message: "Maximum policy size of 2048 bytes exceeded for user u" });
  });
});

describe("inline policies, groups and users", () => {
  it("are put, read, listed and deleted", async () => {
    const PolicyDocument = policy({ Effect: "Allow", Action: ["apigatway:PUT"], Resource: ["arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Faaeeieije"] });
    await iam.send(new PutUserPolicyCommand({ UserName: "u", PolicyName: "p", PolicyDocument }));
    // Percent signs survive.
    expect(decodeURIComponent((await iam.send(new GetUserPolicyCommand({ UserName: "u", PolicyName: "p" }))).PolicyDocument!)).toBe(PolicyDocument);
    expect((await iam.send(new ListUserPoliciesCommand({ UserName: "u" }))).PolicyNames).toEqual(["p"]);
    await iam.send(new DeleteUserPolicyCommand({ UserName: "u", PolicyName: "p" }));
    await expect(iam.send(new GetUserPolicyCommand({ UserName: "u", PolicyName: "p" }))).rejects.toMatchObject({ message: "The user policy with name p cannot be found." });
    await iam.send(new PutGroupPolicyCommand({ GroupName: "g", PolicyName: "p", PolicyDocument }));
    expect((await iam.send(new GetGroupPolicyCommand({ GroupName: "g", PolicyName: "p" }))).GroupName).toBe("g");
    expect((await iam.send(new ListGroupPoliciesCommand({ GroupName: "g" }))).PolicyNames).toEqual(["p"]);
    await expect(iam.send(new DeleteGroupCommand({ GroupName: "g" }))).rejects.toMatchObject({ message: "Cannot delete entity, must delete policies first." });
    await iam.send(new DeleteGroupPolicyCommand({ GroupName: "g", PolicyName: "p" }));
    expect((await iam.send(new ListRolePoliciesCommand({ RoleName: "function" }))).PolicyNames).toEqual(["table"]);
    await iam.send(new DeleteRolePolicyCommand({ RoleName: "function", PolicyName: "table" }));
    await iam.send(new DeleteRoleCommand({ RoleName: "function" }));
  });

  it("belong together until they are parted", async () => {
    await iam.send(new AddUserToGroupCommand({ GroupName: "g", UserName: "u" }));
    expect((await iam.send(new GetGroupCommand({ GroupName: "g" }))).Users!.map(({ UserName }) => UserName)).toEqual(["u"]);
    expect((await iam.send(new ListGroupsForUserCommand({ UserName: "u" }))).Groups).toHaveLength(1);
    await expect(iam.send(new DeleteGroupCommand({ GroupName: "g" }))).rejects.toMatchObject({ name: "DeleteConflictException", message: "Cannot delete entity, must remove users from group first." });
    await iam.send(new UpdateGroupCommand({ GroupName: "g", NewGroupName: "team", NewPath: "/x/" }));
    expect((await iam.send(new ListGroupsCommand({ PathPrefix: "/x/" }))).Groups).toMatchObject([{ GroupName: "team", Arn: `arn:aws:iam::${ACCOUNT}:group/x/team` }]);
    await iam.send(new RemoveUserFromGroupCommand({ GroupName: "team", UserName: "u" }));
    await iam.send(new DeleteGroupCommand({ GroupName: "team" }));
    await expect(iam.send(new GetGroupCommand({ GroupName: "team" }))).rejects.toMatchObject({ message: "The group with name team cannot be found." });
  });

  it("keep their keys when they are renamed", async () => {
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "u" }));
    const AccessKeyId = AccessKey!.AccessKeyId!;
    await iam.send(new UpdateUserCommand({ UserName: "u", NewUserName: "v", NewPath: "/y/" }));
    const own = id.as(AccessKey!);
    expect((await own.sts.send(new GetCallerIdentityCommand({}))).Arn).toBe(`arn:aws:iam::${ACCOUNT}:user/y/v`);
    expect((await own.iam.send(new GetUserCommand({}))).User!.UserName).toBe("v");
    expect((await own.iam.send(new ListAccessKeysCommand({}))).AccessKeyMetadata).toMatchObject([{ AccessKeyId, UserName: "v", Status: "Active" }]);
    await own.iam.send(new CreateAccessKeyCommand({}));
    await expect(iam.send(new CreateAccessKeyCommand({ UserName: "v" }))).rejects.toMatchObject({ message: "Cannot exceed quota for AccessKeysPerUser: 2" });
    await expect(iam.send(new DeleteUserCommand({ UserName: "v" }))).rejects.toMatchObject({ message: "Cannot delete entity, must delete access keys first." });
    for (const key of (await iam.send(new ListAccessKeysCommand({ UserName: "v" }))).AccessKeyMetadata!) await iam.send(new DeleteAccessKeyCommand({ UserName: "v", AccessKeyId: key.AccessKeyId }));
    await iam.send(new TagUserCommand({ UserName: "v", Tags: [{ Key: "a", Value: "b" }] }));
    expect((await iam.send(new ListUserTagsCommand({ UserName: "v" }))).Tags).toEqual([{ Key: "a", Value: "b" }]);
    await iam.send(new UntagUserCommand({ UserName: "v", TagKeys: ["a"] }));
    await iam.send(new DeleteUserCommand({ UserName: "v" }));
    await expect(iam.send(new CreateUserCommand({ UserName: "tagged", Tags: [{ Key: "a", Value: "1" }, { Key: "A", Value: "2" }] }))).rejects.toMatchObject({ name: "InvalidInputException", message: "Duplicate tag keys found. Please note that Tag keys are case insensitive." });
  });

  it("are listed in pages by name", async () => {
    for (const n of [3, 1, 2]) await iam.send(new CreateUserCommand({ UserName: `page-${n}`, Path: "/pages/" }));
    const first = await iam.send(new ListUsersCommand({ PathPrefix: "/pages/", MaxItems: 2 }));
    expect(first.Users!.map(({ UserName }) => UserName)).toEqual(["page-1", "page-2"]);
    const second = await iam.send(new ListUsersCommand({ PathPrefix: "/pages/", MaxItems: 2, Marker: first.Marker }));
    expect([second.Users!.map(({ UserName }) => UserName), second.IsTruncated]).toEqual([["page-3"], false]);
    await expect(iam.send(new ListUsersCommand({ Marker: "bm9uc2Vuc2U=" }))).rejects.toMatchObject({ name: "ValidationError" });
  });
});

describe("roles and instance profiles", () => {
  it("change what may change", async () => {
    const RoleName = "r";
    await iam.send(new UpdateRoleCommand({ RoleName, Description: "one", MaxSessionDuration: 7200 }));
    expect((await iam.send(new UpdateRoleDescriptionCommand({ RoleName, Description: "two" }))).Role!.Description).toBe("two");
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust({ AWS: ACCOUNT }) }));
    await expect(iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust({ AWS: `arn:aws:iam::${ACCOUNT}:user/none` }) }))).rejects.toMatchObject({
      name: "MalformedPolicyDocumentException", message: `Invalid principal in policy: "AWS":"arn:aws:iam::${ACCOUNT}:user/none"`,
    });
    await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "a", Value: "b" }] }));
    await iam.send(new UntagRoleCommand({ RoleName, TagKeys: ["a"] }));
    expect((await iam.send(new ListRoleTagsCommand({ RoleName }))).Tags).toEqual([]);
    await expect(sts.send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/r`, RoleSessionName: "long", DurationSeconds: 7201 }))).rejects.toMatchObject({ message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role." });
  });

  it("go together", async () => {
    const InstanceProfileName = "profile";
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
    await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: "r" }));
    await expect(iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: "worker" }))).rejects.toMatchObject({ name: "LimitExceededException", message: "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1" });
    expect((await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }))).InstanceProfile!.Roles).toMatchObject([{ RoleName: "r" }]);
    expect((await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName: "r" }))).InstanceProfiles).toHaveLength(1);
    await expect(iam.send(new DeleteRoleCommand({ RoleName: "r" }))).rejects.toMatchObject({ message: "Cannot delete entity, must remove roles from instance profile first." });
    await expect(iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }))).rejects.toMatchObject({ name: "DeleteConflictException" });
    await iam.send(new TagInstanceProfileCommand({ InstanceProfileName, Tags: [{ Key: "a", Value: "b" }] }));
    await iam.send(new UntagInstanceProfileCommand({ InstanceProfileName, TagKeys: ["a"] }));
    expect((await iam.send(new ListInstanceProfileTagsCommand({ InstanceProfileName }))).Tags).toEqual([]);
    await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName: "r" }));
    await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
    expect((await iam.send(new ListInstanceProfilesCommand({}))).InstanceProfiles).toEqual([]);
    await expect(iam.send(new GetInstanceProfileCommand({ InstanceProfileName }))).rejects.toMatchObject({ message: "Instance Profile profile cannot be found." });
  });
});

describe("sessions", () => {
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/worker`;

  it("check their tags in the words of AWS", async () => {
    const assume = (more: object) => sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "tags", ...more }));
    await expect(assume({ Tags: [{ Key: "key", Value: "a" }, { Key: "KEY", Value: "b" }] })).rejects.toMatchObject({ name: "InvalidParameterValue", message: "Duplicate tag keys found. Please note that Tag keys are case insensitive." });
    await expect(assume({ TransitiveTagKeys: ["none"] })).rejects.toMatchObject({ name: "InvalidParameterValue", message: "The specified transitive tag key must be included in the requested tags." });
    expect((await assume({ Tags: [{ Key: "key", Value: "a" }], TransitiveTagKeys: ["key"], SourceIdentity: "ann" }))).toMatchObject({ PackedPolicySize: 1, SourceIdentity: "ann" });
    await expect(assume({ Policy: "{" })).rejects.toMatchObject({ name: "MalformedPolicyDocumentException" });
    await expect(sts.send(new AssumeRoleCommand({ RoleArn: `${RoleArn}s`, RoleSessionName: "none" }))).rejects.toMatchObject({ name: "AccessDenied", message: `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}s` });
    await expect(sts.send(new AssumeRoleCommand({ RoleArn: "arn:aws:s3:::no-role-at-all", RoleSessionName: "none" }))).rejects.toMatchObject({ name: "ValidationError" });
  });

  it("chain for an hour at most", async () => {
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "first" }));
    await expect(id.as(Credentials!).sts.send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/r`, RoleSessionName: "second", DurationSeconds: 7200 }))).rejects.toMatchObject({
      message: "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    });
  });

  it("of federated users are named after them", async () => {
    const { FederatedUser, Credentials } = await sts.send(new GetFederationTokenCommand({ Name: "guest", Policy: policy(allow("s3:*")) }));
    expect(FederatedUser).toEqual({ FederatedUserId: `${ACCOUNT}:guest`, Arn: `arn:aws:sts::${ACCOUNT}:federated-user/guest` });
    expect(await id.as(Credentials!).sts.send(new GetCallerIdentityCommand({}))).toMatchObject({ Arn: FederatedUser!.Arn, UserId: FederatedUser!.FederatedUserId });
    await expect(id.as(Credentials!).sts.send(new GetFederationTokenCommand({ Name: "again" }))).rejects.toMatchObject({ name: "AccessDenied", message: "Cannot call GetFederationToken with session credentials" });
  });

  it("are forgotten a day after they expired", async () => {
    const { Credentials } = await sts.send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
    const known = () => cloud.platform.storage.directory.find("access-key", Credentials!.AccessKeyId!) !== undefined;
    await cloud.clock.advance(3600_000);
    expect(known()).toBe(true);
    await cloud.clock.advance(25 * 3600_000);
    expect(known()).toBe(false);
  });

  it("explain no message that is none", async () => {
    await expect(sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage: "nonsense" }))).rejects.toMatchObject({ name: "InvalidAuthorizationMessageException" });
  });
});
