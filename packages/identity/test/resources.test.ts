/** IAM's resources through the SDK: made, read, listed, changed, taken apart, in the order in which a tool would. */
import * as iam from "@aws-sdk/client-iam";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { services } from "../src/index.ts";

let cloud: TestPlatform;
let client: iam.IAMClient;
beforeAll(async () => {
  cloud = await testPlatform(services);
  client = new iam.IAMClient(cloud.clientConfig());
});
afterAll(() => cloud.close());

const run = <T = any>(command: new (input: any) => any, input: object = {}): Promise<T> => client.send(new command(input)) as Promise<T>;
const document = (...actions: string[]): string => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }] });
const trust = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }] });
const plain = (encoded: string): unknown => JSON.parse(decodeURIComponent(encoded));
const missing = (call: Promise<unknown>): Promise<void> => expect(call).rejects.toMatchObject({ name: "NoSuchEntityException", $metadata: { httpStatusCode: 404 } });

test("a user, its keys, password, groups and policies", async () => {
  const UserName = "ada";
  await run(iam.CreateUserCommand, { UserName, Tags: [{ Key: "team", Value: "a" }] });
  await run(iam.TagUserCommand, { UserName, Tags: [{ Key: "level", Value: "1" }] });
  await run(iam.UntagUserCommand, { UserName, TagKeys: ["team"] });
  expect((await run(iam.ListUserTagsCommand, { UserName })).Tags).toEqual([{ Key: "level", Value: "1" }]);

  const { AccessKey } = await run(iam.CreateAccessKeyCommand, { UserName });
  expect((await run(iam.ListAccessKeysCommand, { UserName })).AccessKeyMetadata).toEqual([expect.objectContaining({ AccessKeyId: AccessKey.AccessKeyId, Status: "Active" })]);
  expect((await run(iam.GetAccessKeyLastUsedCommand, { AccessKeyId: AccessKey.AccessKeyId })).UserName).toBe(UserName);
  await run(iam.CreateLoginProfileCommand, { UserName, Password: "Corr3ct-horse!" });
  await run(iam.UpdateLoginProfileCommand, { UserName, PasswordResetRequired: true });
  expect((await run(iam.GetLoginProfileCommand, { UserName })).LoginProfile.PasswordResetRequired).toBe(true);
  for (const list of [iam.ListMFADevicesCommand, iam.ListSSHPublicKeysCommand, iam.ListServiceSpecificCredentialsCommand, iam.ListSigningCertificatesCommand]) await run(list, { UserName });
  expect((await run(iam.ListVirtualMFADevicesCommand)).VirtualMFADevices).toEqual([]);
  expect((await run(iam.ListAccountAliasesCommand)).AccountAliases).toEqual([]);

  const GroupName = "builders";
  await run(iam.CreateGroupCommand, { GroupName });
  await run(iam.AddUserToGroupCommand, { GroupName, UserName });
  expect((await run(iam.ListGroupsForUserCommand, { UserName })).Groups.map((group: iam.Group) => group.GroupName)).toEqual([GroupName]);
  await run(iam.PutGroupPolicyCommand, { GroupName, PolicyName: "inline", PolicyDocument: document("s3:GetObject") });
  expect(plain((await run(iam.GetGroupPolicyCommand, { GroupName, PolicyName: "inline" })).PolicyDocument)).toEqual(JSON.parse(document("s3:GetObject")));
  await run(iam.AttachGroupPolicyCommand, { GroupName, PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" });
  expect((await run(iam.ListAttachedGroupPoliciesCommand, { GroupName })).AttachedPolicies).toEqual([{ PolicyName: "ReadOnlyAccess", PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" }]);
  expect((await run(iam.ListGroupPoliciesCommand, { GroupName })).PolicyNames).toEqual(["inline"]);
  await run(iam.UpdateGroupCommand, { GroupName, NewGroupName: "makers" });
  expect((await run(iam.GetGroupCommand, { GroupName: "makers" })).Users.map((user: iam.User) => user.UserName)).toEqual([UserName]);
  expect((await run(iam.ListGroupsCommand)).Groups.map((group: iam.Group) => group.GroupName)).toEqual(["makers"]);

  await run(iam.PutUserPolicyCommand, { UserName, PolicyName: "own", PolicyDocument: document("sqs:*") });
  expect((await run(iam.ListUserPoliciesCommand, { UserName })).PolicyNames).toEqual(["own"]);
  expect(plain((await run(iam.GetUserPolicyCommand, { UserName, PolicyName: "own" })).PolicyDocument)).toEqual(JSON.parse(document("sqs:*")));
  await run(iam.AttachUserPolicyCommand, { UserName, PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" });
  expect((await run(iam.ListAttachedUserPoliciesCommand, { UserName })).AttachedPolicies).toHaveLength(1);
  expect((await run(iam.ListEntitiesForPolicyCommand, { PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" })).PolicyUsers).toEqual([expect.objectContaining({ UserName })]);
  await run(iam.PutUserPermissionsBoundaryCommand, { UserName, PermissionsBoundary: "arn:aws:iam::aws:policy/ReadOnlyAccess" });
  await run(iam.DeleteUserPermissionsBoundaryCommand, { UserName });
  await expect(run(iam.DeleteUserCommand, { UserName })).rejects.toMatchObject({ name: "DeleteConflictException", $metadata: { httpStatusCode: 409 } });

  await run(iam.UpdateUserCommand, { UserName, NewUserName: "lovelace" });
  await missing(run(iam.GetUserCommand, { UserName }));
  const renamed = { UserName: "lovelace" };
  await run(iam.DetachUserPolicyCommand, { ...renamed, PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" });
  await run(iam.DeleteUserPolicyCommand, { ...renamed, PolicyName: "own" });
  await run(iam.DeleteLoginProfileCommand, renamed);
  await run(iam.DeleteAccessKeyCommand, { ...renamed, AccessKeyId: AccessKey.AccessKeyId });
  await run(iam.RemoveUserFromGroupCommand, { ...renamed, GroupName: "makers" });
  await run(iam.DeleteUserCommand, renamed);
  await run(iam.DetachGroupPolicyCommand, { GroupName: "makers", PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" });
  await run(iam.DeleteGroupPolicyCommand, { GroupName: "makers", PolicyName: "inline" });
  await run(iam.DeleteGroupCommand, { GroupName: "makers" });
  await missing(run(iam.GetGroupCommand, { GroupName: "makers" }));
});

test("a managed policy and its versions", async () => {
  const { Policy } = await run(iam.CreatePolicyCommand, { PolicyName: "queue", PolicyDocument: document("sqs:SendMessage") });
  const PolicyArn = Policy.Arn;
  const { PolicyVersion } = await run(iam.CreatePolicyVersionCommand, { PolicyArn, PolicyDocument: document("sqs:*") });
  expect(PolicyVersion).toMatchObject({ VersionId: "v2", IsDefaultVersion: false });
  await run(iam.SetDefaultPolicyVersionCommand, { PolicyArn, VersionId: "v2" });
  expect((await run(iam.GetPolicyCommand, { PolicyArn })).Policy.DefaultVersionId).toBe("v2");
  expect(plain((await run(iam.GetPolicyVersionCommand, { PolicyArn, VersionId: "v1" })).PolicyVersion.Document)).toEqual(JSON.parse(document("sqs:SendMessage")));
  expect((await run(iam.ListPolicyVersionsCommand, { PolicyArn })).Versions.map((version: iam.PolicyVersion) => version.VersionId)).toEqual(["v2", "v1"]);
  await run(iam.TagPolicyCommand, { PolicyArn, Tags: [{ Key: "a", Value: "b" }] });
  expect((await run(iam.ListPolicyTagsCommand, { PolicyArn })).Tags).toEqual([{ Key: "a", Value: "b" }]);
  await run(iam.UntagPolicyCommand, { PolicyArn, TagKeys: ["a"] });
  expect((await run(iam.ListPoliciesCommand, { Scope: "Local" })).Policies.map((policy: iam.Policy) => policy.PolicyName)).toEqual(["queue"]);
  await expect(run(iam.DeletePolicyCommand, { PolicyArn })).rejects.toMatchObject({ name: "DeleteConflictException" });
  await run(iam.DeletePolicyVersionCommand, { PolicyArn, VersionId: "v1" });
  await run(iam.DeletePolicyCommand, { PolicyArn });
  await missing(run(iam.GetPolicyCommand, { PolicyArn }));
});

test("a role and its instance profile", async () => {
  const RoleName = "server";
  const InstanceProfileName = "server-profile";
  await run(iam.CreateRoleCommand, { RoleName, AssumeRolePolicyDocument: trust, Tags: [{ Key: "a", Value: "b" }] });
  await run(iam.UpdateRoleCommand, { RoleName, Description: "serves", MaxSessionDuration: 7200 });
  await run(iam.UpdateRoleDescriptionCommand, { RoleName, Description: "serves well" });
  const other = trust.replace("ec2", "lambda");
  await run(iam.UpdateAssumeRolePolicyCommand, { RoleName, PolicyDocument: other });
  const { Role } = await run(iam.GetRoleCommand, { RoleName });
  expect(Role).toMatchObject({ Description: "serves well", MaxSessionDuration: 7200 });
  expect(plain(Role.AssumeRolePolicyDocument)).toEqual(JSON.parse(other));
  expect((await run(iam.ListRoleTagsCommand, { RoleName })).Tags).toEqual([{ Key: "a", Value: "b" }]);
  await run(iam.UntagRoleCommand, { RoleName, TagKeys: ["a"] });
  await run(iam.PutRolePermissionsBoundaryCommand, { RoleName, PermissionsBoundary: "arn:aws:iam::aws:policy/ReadOnlyAccess" });
  await run(iam.DeleteRolePermissionsBoundaryCommand, { RoleName });
  expect((await run(iam.ListRolePoliciesCommand, { RoleName })).PolicyNames).toEqual([]);

  await run(iam.CreateInstanceProfileCommand, { InstanceProfileName });
  await run(iam.AddRoleToInstanceProfileCommand, { InstanceProfileName, RoleName });
  await run(iam.TagInstanceProfileCommand, { InstanceProfileName, Tags: [{ Key: "a", Value: "b" }] });
  expect((await run(iam.ListInstanceProfileTagsCommand, { InstanceProfileName })).Tags).toEqual([{ Key: "a", Value: "b" }]);
  await run(iam.UntagInstanceProfileCommand, { InstanceProfileName, TagKeys: ["a"] });
  expect((await run(iam.GetInstanceProfileCommand, { InstanceProfileName })).InstanceProfile.Roles).toEqual([expect.objectContaining({ RoleName })]);
  for (const listed of [run(iam.ListInstanceProfilesCommand), run(iam.ListInstanceProfilesForRoleCommand, { RoleName })]) {
    expect((await listed).InstanceProfiles.map((profile: iam.InstanceProfile) => profile.InstanceProfileName)).toEqual([InstanceProfileName]);
  }
  await expect(run(iam.DeleteRoleCommand, { RoleName })).rejects.toMatchObject({ name: "DeleteConflictException" });
  await run(iam.RemoveRoleFromInstanceProfileCommand, { InstanceProfileName, RoleName });
  await run(iam.DeleteInstanceProfileCommand, { InstanceProfileName });
  await run(iam.DeleteRoleCommand, { RoleName });
  await missing(run(iam.GetRoleCommand, { RoleName }));
});
