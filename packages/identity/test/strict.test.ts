import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import {
  AttachUserPolicyCommand, CreateAccessKeyCommand, CreatePolicyCommand, CreateRoleCommand, CreateUserCommand, DeleteRolePolicyCommand, GetRoleCommand, GetUserCommand, IAMClient, ListUsersCommand, PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand, PutUserPolicyCommand, TagRoleCommand,
} from "@aws-sdk/client-iam";
import { TestClock, testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthorizer, services } from "../src/index.ts";

const ACCOUNT = "000000000000";
const policy = (...Statement: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (Action: string | string[], Resource: string | string[] = "*", more: object = {}): object => ({ Effect: "Allow", Action, Resource, ...more });

let cloud: TestPlatform;
let root: IAMClient;

beforeAll(async () => {
  // Clients sign with their own time.
  cloud = await testPlatform(services, { clock: new TestClock(Date.now()), authorizer: createAuthorizer(), config: { authorization: "strict", signatures: "enforce" } });
  root = new IAMClient(cloud.clientConfig());
});
afterAll(() => cloud.close());

interface Keys { AccessKeyId?: string | undefined; SecretAccessKey?: string | undefined; SessionToken?: string | undefined }
const config = ({ AccessKeyId = "", SecretAccessKey = "", SessionToken }: Keys) => ({
  ...cloud.clientConfig(), credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, ...(SessionToken === undefined ? {} : { sessionToken: SessionToken }) },
});

async function user(name: string, ...statements: object[]): Promise<{ iam: IAMClient; sts: STSClient }> {
  await root.send(new CreateUserCommand({ UserName: name }));
  if (statements.length > 0) await root.send(new PutUserPolicyCommand({ UserName: name, PolicyName: "own", PolicyDocument: policy(...statements) }));
  const { AccessKey } = await root.send(new CreateAccessKeyCommand({ UserName: name }));
  return { iam: new IAMClient(config(AccessKey!)), sts: new STSClient(config(AccessKey!)) };
}

const denied = (message: string) => ({ name: "AccessDenied", message, $metadata: expect.objectContaining({ httpStatusCode: 403 }) });

describe("a user", () => {
  it("may do nothing but ask who it is", async () => {
    const { iam, sts } = await user("nobody");
    await expect(sts.send(new GetCallerIdentityCommand({}))).resolves.toMatchObject({ Arn: `arn:aws:iam::${ACCOUNT}:user/nobody` });
    await expect(iam.send(new ListUsersCommand({}))).rejects.toMatchObject(denied(
      `User: arn:aws:iam::${ACCOUNT}:user/nobody is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${ACCOUNT}:user/ because no identity-based policy allows the iam:ListUsers action`));
  });

  it("may do what its policies allow, until one denies it", async () => {
    const { iam } = await user("reader", allow("iam:Get*"));
    await iam.send(new GetUserCommand({ UserName: "reader" }));
    await root.send(new PutUserPolicyCommand({ UserName: "reader", PolicyName: "no", PolicyDocument: policy({ Effect: "Deny", Action: "iam:GetUser", Resource: "*" }) }));
    await expect(iam.send(new GetUserCommand({ UserName: "reader" }))).rejects.toMatchObject(denied(
      `User: arn:aws:iam::${ACCOUNT}:user/reader is not authorized to perform: iam:GetUser on resource: user reader with an explicit deny in an identity-based policy`.replace("user reader", `arn:aws:iam::${ACCOUNT}:user/reader`)));
  });

  it("may do no more than its boundary", async () => {
    const { iam } = await user("bound", allow("iam:*"));
    const { Policy } = await root.send(new CreatePolicyCommand({ PolicyName: "boundary", PolicyDocument: policy(allow("iam:GetUser")) }));
    await root.send(new PutUserPermissionsBoundaryCommand({ UserName: "bound", PermissionsBoundary: Policy!.Arn! }));
    await iam.send(new GetUserCommand({}));
    await expect(iam.send(new ListUsersCommand({}))).rejects.toMatchObject({ message: expect.stringContaining(" because no permissions boundary allows the iam:ListUsers action") });
  });

  it("may do what AWS's policies say", async () => {
    const { iam } = await user("auditor");
    await root.send(new AttachUserPolicyCommand({ UserName: "auditor", PolicyArn: "arn:aws:iam::aws:policy/IAMReadOnlyAccess" }));
    await iam.send(new ListUsersCommand({}));
    await expect(iam.send(new CreateUserCommand({ UserName: "x" }))).rejects.toMatchObject({ name: "AccessDenied" });
  });
});

describe("a role", () => {
  const trust = (statement: object): string => policy({ Effect: "Allow", Action: "sts:AssumeRole", ...statement });

  it("is assumed by whom it trusts and who may", async () => {
    const { sts } = await user("assumer", allow("sts:AssumeRole", `arn:aws:iam::${ACCOUNT}:role/open`));
    await root.send(new CreateRoleCommand({ RoleName: "open", AssumeRolePolicyDocument: trust({ Principal: { AWS: ACCOUNT } }) }));
    await root.send(new CreateRoleCommand({ RoleName: "closed", AssumeRolePolicyDocument: trust({ Principal: { Service: "lambda.amazonaws.com" } }) }));
    await sts.send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/open`, RoleSessionName: "run" }));
    await expect(sts.send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/closed`, RoleSessionName: "run" }))).rejects.toMatchObject(denied(
      `User: arn:aws:iam::${ACCOUNT}:user/assumer is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${ACCOUNT}:role/closed`));
    await expect(new STSClient(cloud.clientConfig()).send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/open`, RoleSessionName: "run" }))).rejects.toMatchObject(denied("Roles may not be assumed by root accounts."));
  });

  it("may ask for an external id", async () => {
    const { sts } = await user("partner", allow("sts:*"));
    await root.send(new CreateRoleCommand({ RoleName: "guarded", AssumeRolePolicyDocument: trust({ Principal: { AWS: ACCOUNT }, Condition: { StringEquals: { "sts:ExternalId": "secret" } } }) }));
    const assume = (ExternalId?: string) => sts.send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/guarded`, RoleSessionName: "run", ExternalId }));
    await expect(assume()).rejects.toMatchObject({ name: "AccessDenied" });
    await expect(assume("wrong")).rejects.toMatchObject({ name: "AccessDenied" });
    await assume("secret");
  });

  it("acts with its own policies, a session's policy and tags", async () => {
    const { sts } = await user("worker-boss", allow("sts:*"));
    await root.send(new CreateRoleCommand({ RoleName: "worker", AssumeRolePolicyDocument: policy({ Effect: "Allow", Action: ["sts:AssumeRole", "sts:TagSession"], Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/worker-boss` } }) }));
    await root.send(new PutRolePolicyCommand({ RoleName: "worker", PolicyName: "p", PolicyDocument: policy(allow("iam:ListUsers"), allow("iam:GetRole", `arn:aws:iam::${ACCOUNT}:role/\${aws:PrincipalTag/team}`)) }));
    const assume = async (more: object = {}) => new IAMClient(config((await sts.send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/worker`, RoleSessionName: "run", ...more }))).Credentials!));

    const plain = await assume();
    await plain.send(new ListUsersCommand({}));
    await expect(plain.send(new GetRoleCommand({ RoleName: "worker" }))).rejects.toMatchObject({ name: "AccessDenied" });

    const tagged = await assume({ Tags: [{ Key: "team", Value: "worker" }] });
    await tagged.send(new GetRoleCommand({ RoleName: "worker" }));

    const narrowed = await assume({ Policy: policy(allow("iam:GetRole")) });
    await expect(narrowed.send(new ListUsersCommand({}))).rejects.toMatchObject({ message: expect.stringMatching(/assumed-role\/worker\/run is not authorized .* because no session policy allows the iam:ListUsers action$/) });

    await root.send(new TagRoleCommand({ RoleName: "worker", Tags: [{ Key: "team", Value: "worker" }] }));
    await plain.send(new GetRoleCommand({ RoleName: "worker" }));
    await root.send(new DeleteRolePolicyCommand({ RoleName: "worker", PolicyName: "p" }));
    await expect(plain.send(new ListUsersCommand({}))).rejects.toMatchObject({ name: "AccessDenied" });
  });
});

describe("a user who manages itself", () => {
  it("is meant where a call names nobody, by ${aws:username}", async () => {
    const { iam } = await user("selfish", allow(["iam:GetUser", "iam:CreateAccessKey", "iam:ListAccessKeys"], `arn:aws:iam::*:user/\${aws:username}`));
    await iam.send(new GetUserCommand({}));
    await iam.send(new GetUserCommand({ UserName: "selfish" }));
    await iam.send(new CreateAccessKeyCommand({}));
    await expect(iam.send(new GetUserCommand({ UserName: "nobody" }))).rejects.toMatchObject({ name: "AccessDenied" });
  });
});

describe("credentials", () => {
  it("of GetSessionToken cannot touch IAM without a second factor", async () => {
    const { sts } = await user("tokened", allow("*"));
    const { Credentials } = await sts.send(new GetSessionTokenCommand({}));
    await expect(new IAMClient(config(Credentials!)).send(new ListUsersCommand({}))).rejects.toMatchObject({ name: "AccessDenied" });
  });

  it("that were tampered with, or are too old, are refused", async () => {
    const { sts } = await user("late", allow("*"));
    const { Credentials } = await sts.send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
    const client = new STSClient(config(Credentials!));
    await client.send(new GetCallerIdentityCommand({}));
    await expect(new STSClient(config({ ...Credentials!, SecretAccessKey: "x".repeat(40) })).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "SignatureDoesNotMatch" });
    await expect(new STSClient(config({ ...Credentials!, SessionToken: "x" })).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "InvalidClientTokenId" });
    await cloud.clock.advance(901_000);
    const later = { systemClockOffset: 901_000 };
    await expect(new STSClient({ ...config(Credentials!), ...later }).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "ExpiredToken" });
  });
});
