import {
  AddUserToGroupCommand, AttachGroupPolicyCommand, AttachUserPolicyCommand, ChangePasswordCommand, CreateAccessKeyCommand, CreateAccountAliasCommand, CreateGroupCommand, CreateLoginProfileCommand, CreatePolicyCommand,
  CreateRoleCommand, CreateUserCommand, DeleteAccountAliasCommand, DeleteAccountPasswordPolicyCommand, GenerateCredentialReportCommand, GetAccessKeyLastUsedCommand, GetAccountAuthorizationDetailsCommand,
  GetAccountPasswordPolicyCommand, GetAccountSummaryCommand, GetCredentialReportCommand, GetLoginProfileCommand, ListAccountAliasesCommand, ListPoliciesGrantingServiceAccessCommand, PutUserPolicyCommand,
  SetSecurityTokenServicePreferencesCommand, UpdateAccountPasswordPolicyCommand, UpdateLoginProfileCommand, DeleteLoginProfileCommand, GenerateServiceLastAccessedDetailsCommand, GetServiceLastAccessedDetailsCommand,
  GetServiceLastAccessedDetailsWithEntitiesCommand, ListUsersCommand, IAMClient,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCOUNT, allow, identity, policy, trust, type Identity } from "./clients.ts";

let id: Identity;
let iam: IAMClient;
beforeAll(async () => {
  id = await identity();
  iam = id.iam;
});
afterAll(() => id[Symbol.asyncDispose]());

describe("the account", () => {
  it("has one alias, and nobody else's", async () => {
    await iam.send(new CreateAccountAliasCommand({ AccountAlias: "first" }));
    await iam.send(new CreateAccountAliasCommand({ AccountAlias: "second" }));
    expect((await iam.send(new ListAccountAliasesCommand({}))).AccountAliases).toEqual(["second"]);
    const other = new IAMClient(id.cloud.clientConfig("111122223333"));
    await expect(other.send(new CreateAccountAliasCommand({ AccountAlias: "second" }))).rejects.toMatchObject({ name: "EntityAlreadyExistsException" });
    await other.send(new CreateAccountAliasCommand({ AccountAlias: "first" }));
    await iam.send(new DeleteAccountAliasCommand({ AccountAlias: "second" }));
    expect((await iam.send(new ListAccountAliasesCommand({}))).AccountAliases).toEqual([]);
  });

  it("has a password policy when it is given one", async () => {
    await expect(iam.send(new GetAccountPasswordPolicyCommand({}))).rejects.toMatchObject({ name: "NoSuchEntityException", message: `The Password Policy with domain name ${ACCOUNT} cannot be found.` });
    await iam.send(new UpdateAccountPasswordPolicyCommand({ MinimumPasswordLength: 10, RequireNumbers: true, MaxPasswordAge: 90 }));
    expect((await iam.send(new GetAccountPasswordPolicyCommand({}))).PasswordPolicy).toEqual({
      MinimumPasswordLength: 10, RequireNumbers: true, RequireSymbols: false, RequireUppercaseCharacters: false, RequireLowercaseCharacters: false, AllowUsersToChangePassword: false, ExpirePasswords: true, MaxPasswordAge: 90,
    });
    await iam.send(new CreateUserCommand({ UserName: "typist" }));
    await expect(iam.send(new CreateLoginProfileCommand({ UserName: "typist", Password: "short" }))).rejects.toMatchObject({
      name: "PasswordPolicyViolationException", message: "Password should have a minimum length of 10; Password should have at least one number",
    });
    await iam.send(new CreateLoginProfileCommand({ UserName: "typist", Password: "long enough 1", PasswordResetRequired: true }));
    expect((await iam.send(new GetLoginProfileCommand({ UserName: "typist" }))).LoginProfile).toMatchObject({ UserName: "typist", PasswordResetRequired: true });
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "typist" }));
    const own = id.as(AccessKey!).iam;
    await expect(own.send(new ChangePasswordCommand({ OldPassword: "wrong one 1", NewPassword: "another one 2" }))).rejects.toMatchObject({ name: "AccessDenied" });
    await own.send(new ChangePasswordCommand({ OldPassword: "long enough 1", NewPassword: "another one 2" }));
    await iam.send(new UpdateLoginProfileCommand({ UserName: "typist", Password: "a third one 3" }));
    await iam.send(new DeleteLoginProfileCommand({ UserName: "typist" }));
    await expect(iam.send(new ChangePasswordCommand({ OldPassword: "a", NewPassword: "b" }))).rejects.toMatchObject({ name: "InvalidUserTypeException" });
    await iam.send(new DeleteAccountPasswordPolicyCommand({}));
    await expect(iam.send(new DeleteAccountPasswordPolicyCommand({}))).rejects.toMatchObject({ name: "NoSuchEntityException" });
  });

  it("counts what it has", async () => {
    const { SummaryMap } = await iam.send(new GetAccountSummaryCommand({}));
    expect(SummaryMap).toMatchObject({ Users: 1, UsersQuota: 5000, PolicySizeQuota: 6144, GlobalEndpointTokenVersion: 1 });
    await iam.send(new SetSecurityTokenServicePreferencesCommand({ GlobalEndpointTokenVersion: "v2Token" }));
    expect((await iam.send(new GetAccountSummaryCommand({}))).SummaryMap).toMatchObject({ GlobalEndpointTokenVersion: 2 });
  });

  it("tells everything about everybody, page by page", async () => {
    await iam.send(new CreateGroupCommand({ GroupName: "crew" }));
    await iam.send(new AddUserToGroupCommand({ GroupName: "crew", UserName: "typist" }));
    await iam.send(new AttachGroupPolicyCommand({ GroupName: "crew", PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" }));
    await iam.send(new PutUserPolicyCommand({ UserName: "typist", PolicyName: "own", PolicyDocument: policy(allow("s3:*")) }));
    await iam.send(new CreatePolicyCommand({ PolicyName: "local", PolicyDocument: policy(allow("sqs:*")) }));
    await iam.send(new CreateRoleCommand({ RoleName: "helper", AssumeRolePolicyDocument: trust({ Service: "lambda.amazonaws.com" }) }));
    const whole = await iam.send(new GetAccountAuthorizationDetailsCommand({}));
    expect(whole.UserDetailList).toMatchObject([{ UserName: "typist", GroupList: ["crew"], UserPolicyList: [{ PolicyName: "own" }] }]);
    expect(whole.GroupDetailList).toMatchObject([{ GroupName: "crew", AttachedManagedPolicies: [{ PolicyName: "ReadOnlyAccess" }] }]);
    expect(whole.RoleDetailList).toMatchObject([{ RoleName: "helper", InstanceProfileList: [] }]);
    expect(whole.Policies!.map(({ PolicyName }) => PolicyName)).toEqual(["local", "ReadOnlyAccess"]);
    const seen: unknown[] = [];
    for (let Marker: string | undefined; ;) {
      const page = await iam.send(new GetAccountAuthorizationDetailsCommand({ MaxItems: 2, Marker }));
      seen.push(...page.UserDetailList!, ...page.GroupDetailList!, ...page.RoleDetailList!, ...page.Policies!);
      if (!page.IsTruncated) break;
      Marker = page.Marker;
    }
    expect(seen).toHaveLength(5);
    expect((await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ["Role"] }))).UserDetailList).toEqual([]);
  });

  it("reports credentials", async () => {
    await expect(iam.send(new GetCredentialReportCommand({}))).rejects.toMatchObject({ name: "CredentialReportNotPresentException" });
    expect((await iam.send(new GenerateCredentialReportCommand({}))).State).toBe("STARTED");
    expect((await iam.send(new GenerateCredentialReportCommand({}))).State).toBe("COMPLETE");
    const { Content, ReportFormat } = await iam.send(new GetCredentialReportCommand({}));
    expect(ReportFormat).toBe("text/csv");
    const lines = Buffer.from(Content!).toString().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]!.split(",")).toHaveLength(22);
    expect(lines[2]).toMatch(new RegExp(`^typist,arn:aws:iam::${ACCOUNT}:user/typist,.*,false,N/A,`));
  });
});

describe("use", () => {
  it("is remembered of keys and services", async () => {
    await iam.send(new CreateUserCommand({ UserName: "busy" }));
    const Arn = `arn:aws:iam::${ACCOUNT}:user/busy`;
    await iam.send(new AttachUserPolicyCommand({ UserName: "busy", PolicyArn: "arn:aws:iam::aws:policy/IAMReadOnlyAccess" }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "busy" }));
    const AccessKeyId = AccessKey!.AccessKeyId!;
    expect((await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }))).AccessKeyLastUsed).toEqual({ ServiceName: "N/A", Region: "N/A" });
    await id.as(AccessKey!).iam.send(new ListUsersCommand({}));
    await id.cloud.clock.advance(2000);
    expect(await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }))).toMatchObject({ UserName: "busy", AccessKeyLastUsed: { ServiceName: "iam", Region: "us-east-1" } });
    const { JobId } = await iam.send(new GenerateServiceLastAccessedDetailsCommand({ Arn }));
    const { ServicesLastAccessed, JobStatus } = await iam.send(new GetServiceLastAccessedDetailsCommand({ JobId }));
    expect(JobStatus).toBe("COMPLETED");
    expect(ServicesLastAccessed).toMatchObject([{ ServiceNamespace: "iam", LastAuthenticatedEntity: Arn, TotalAuthenticatedEntities: 1 }]);
    const { EntityDetailsList } = await iam.send(new GetServiceLastAccessedDetailsWithEntitiesCommand({ JobId, ServiceNamespace: "iam" }));
    expect(EntityDetailsList).toMatchObject([{ EntityInfo: { Name: "busy", Type: "USER" }, LastAuthenticated: expect.any(Date) }]);
    const { PoliciesGrantingServiceAccess } = await iam.send(new ListPoliciesGrantingServiceAccessCommand({ Arn, ServiceNamespaces: ["iam", "s3"] }));
    expect(PoliciesGrantingServiceAccess).toMatchObject([{ ServiceNamespace: "iam", Policies: [{ PolicyName: "IAMReadOnlyAccess", PolicyType: "MANAGED" }] }, { ServiceNamespace: "s3", Policies: [] }]);
  });
});
