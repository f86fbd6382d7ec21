import { GetCallerIdentityCommand, STSClient, AssumeRoleCommand, GetAccessKeyInfoCommand, GetSessionTokenCommand } from "@aws-sdk/client-sts";
import {
  AttachRolePolicyCommand, CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, DeleteRoleCommand, DetachRolePolicyCommand, GetRoleCommand, GetRolePolicyCommand, IAMClient,
  ListAttachedRolePoliciesCommand, ListRolesCommand, PutRolePolicyCommand, UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { services } from "../src/index.ts";

const TRUST = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }] });

let cloud: TestPlatform;
let iam: IAMClient;
let sts: STSClient;

beforeAll(async () => {
  cloud = await testPlatform(services);
  iam = new IAMClient(cloud.clientConfig());
  sts = new STSClient(cloud.clientConfig());
});
afterAll(() => cloud.close());

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
    expect(Expiration!.getTime()).toBe(cloud.clock.now() + 3600_000);
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
