import { CreateAccessKeyCommand, CreateUserCommand, GetUserCommand, IAMClient, ListUsersCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, DecodeAuthorizationMessageCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { PolicySyntaxError } from "@cumulet/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessInsight, toCloudFormation, toTerraform } from "../src/index.ts";
import { ACCOUNT, allow, identity, policy, type Identity } from "./clients.ts";

async function withUser(id: Identity, ...statements: object[]): Promise<IAMClient> {
  await id.iam.send(new CreateUserCommand({ UserName: "ann" }));
  if (statements.length > 0) await id.iam.send(new PutUserPolicyCommand({ UserName: "ann", PolicyName: "own", PolicyDocument: policy(...statements) }));
  return id.as((await id.iam.send(new CreateAccessKeyCommand({ UserName: "ann" }))).AccessKey!).iam;
}

/** The latest request of an operation. */
const latest = (id: Identity, operation: string) => id.cloud.platform.runtime.recent.list().find((record) => record.operation === operation)!;

describe("an explanation under strict authorization", () => {
  let id: Identity;
  let ann: IAMClient;
  let insight: AccessInsight;
  beforeAll(async () => {
    id = await identity("strict");
    ann = await withUser(id, allow("iam:GetUser"), { Effect: "Deny", Action: "iam:ListUsers", Resource: "*" });
    insight = new AccessInsight(id.cloud.platform.runtime);
  });
  afterAll(() => id[Symbol.asyncDispose]());

  it("names the statement that allowed", async () => {
    await ann.send(new GetUserCommand({}));
    expect(insight.explain(latest(id, "GetUser"))).toMatchObject({
      basis: "decided", principal: `arn:aws:iam::${ACCOUNT}:user/ann`,
      decisions: [{ action: "iam:GetUser", allowed: true, reason: "allowed by IAM Policy user_ann_own", statement: { policy: "user_ann_own", number: 1, says: allow("iam:GetUser") } }],
    });
  });

  it("names the statement that denied", async () => {
    await expect(ann.send(new ListUsersCommand({}))).rejects.toMatchObject({ name: "AccessDenied" });
    expect(insight.explain(latest(id, "ListUsers")).decisions).toMatchObject([{ allowed: false, reason: "with an explicit deny in an identity-based policy", statement: { number: 2 } }]);
  });

  it("says which statement is missing, and encodes itself for STS", async () => {
    await expect(ann.send(new CreateUserCommand({ UserName: "bob" }))).rejects.toMatchObject({ name: "AccessDenied" });
    const [decision] = insight.explain(latest(id, "CreateUser")).decisions;
    expect(decision).toMatchObject({ allowed: false, missing: { Effect: "Allow", Action: "iam:CreateUser", Resource: `arn:aws:iam::${ACCOUNT}:user/bob` } });
    const { DecodedMessage } = await id.sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage: decision!.encodedMessage }));
    expect(JSON.parse(DecodedMessage!)).toMatchObject({ allowed: false, explicitDeny: false, context: { action: "iam:CreateUser", resource: `arn:aws:iam::${ACCOUNT}:user/bob`, principal: { arn: `arn:aws:iam::${ACCOUNT}:user/ann` } } });
  });

  it("has nothing to say of what needs no permission", async () => {
    await id.sts.send(new GetCallerIdentityCommand({}));
    expect(insight.explain(latest(id, "GetCallerIdentity"))).toMatchObject({ basis: "evaluated", note: "Nobody needs a permission for it.", decisions: [] });
  });

  it("knows that roots assume no roles", async () => {
    await expect(id.sts.send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/r`, RoleSessionName: "run" }))).rejects.toMatchObject({ message: "Roles may not be assumed by root accounts." });
  });

  it("tells of service control policies, which bind roots too", async () => {
    await insight.setControlPolicies(ACCOUNT, [[{ name: "no-users", document: JSON.parse(policy(allow("*"), { Effect: "Deny", Action: "iam:CreateUser", Resource: "*" })) as object }]]);
    expect(insight.controlPolicies(ACCOUNT)).toMatchObject([[{ name: "no-users" }]]);
    await expect(id.iam.send(new CreateUserCommand({ UserName: "eve" }))).rejects.toMatchObject({
      message: `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::${ACCOUNT}:user/eve with an explicit deny in a service control policy`,
    });
    expect(insight.explain(latest(id, "CreateUser")).decisions).toMatchObject([{ statement: { policy: "no-users", number: 2 } }]);
    await expect(insight.setControlPolicies(ACCOUNT, [[{ name: "bad", document: {} }]])).rejects.toThrow(PolicySyntaxError);
    await insight.setControlPolicies(ACCOUNT, []);
    await id.iam.send(new CreateUserCommand({ UserName: "eve" }));
  });
});

describe("without authorization", () => {
  it("an explanation is made with today's policies, and a run teaches what it needed", async () => {
    await using id = await identity("off");
    const insight = new AccessInsight(id.cloud.platform.runtime);
    const ann = await withUser(id);
    insight.lessons.start();
    await ann.send(new GetUserCommand({}));
    for (let n = 0; n < 25; n += 1) await ann.send(new CreateUserCommand({ UserName: `u${n}`, Path: "/made/" }));
    insight.lessons.stop();
    await ann.send(new ListUsersCommand({}));
    expect(insight.explain(latest(id, "ListUsers"))).toMatchObject({ basis: "evaluated", decisions: [{ allowed: false, missing: { Action: "iam:ListUsers" } }] });
    const [lesson] = insight.lessons.lessons();
    expect(lesson).toEqual({
      principal: `arn:aws:iam::${ACCOUNT}:user/ann`, requests: 26,
      policy: { Version: "2012-10-17", Statement: [
        { Effect: "Allow", Action: "iam:CreateUser", Resource: `arn:aws:iam::${ACCOUNT}:user/made/*` },
        { Effect: "Allow", Action: "iam:GetUser", Resource: `arn:aws:iam::${ACCOUNT}:user/ann` },
      ] },
    });
    expect(toTerraform(lesson!)).toMatch(/^resource "aws_iam_user_policy" "ann" \{\n {2}user = "ann"\n/);
    expect(toCloudFormation(lesson!)).toMatchObject({ Type: "AWS::IAM::Policy", Properties: { Users: ["ann"] } });
  });

  it("soft authorization lets pass, and says what would not have", async () => {
    await using id = await identity("off");
    id.cloud.platform.runtime.config.authorization = "soft";
    const ann = await withUser(id);
    await ann.send(new ListUsersCommand({}));
    expect(latest(id, "ListUsers").notes).toMatchObject({ wouldDeny: expect.stringContaining("is not authorized to perform: iam:ListUsers") });
    id.cloud.platform.runtime.config.authorization = "off";
  });
});
