import {
  AttachUserPolicyCommand, AttachRolePolicyCommand, CreatePolicyCommand, CreateRoleCommand, CreateUserCommand, GetContextKeysForCustomPolicyCommand, GetContextKeysForPrincipalPolicyCommand, type IAMClient,
  PutUserPermissionsBoundaryCommand, PutUserPolicyCommand, SimulateCustomPolicyCommand, SimulatePrincipalPolicyCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statementPlaces } from "../src/domain/positions.ts";
import { ACCOUNT, allow, identity, policy, trust, type Identity } from "./clients.ts";

let id: Identity;
let iam: IAMClient;
beforeAll(async () => {
  id = await identity();
  iam = id.iam;
});
afterAll(() => id[Symbol.asyncDispose]());

describe("the policy simulator", () => {
  it("answers for a principal as AWS does", async () => {
    // Python's json.dumps of the document that the real answer was recorded for.
    const PolicyDocument = '{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}';
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "simulated", PolicyDocument }));
    await iam.send(new CreateUserCommand({ UserName: "ann" }));
    await iam.send(new AttachUserPolicyCommand({ UserName: "ann", PolicyArn: Policy!.Arn! }));
    const { EvaluationResults, IsTruncated } = await iam.send(new SimulatePrincipalPolicyCommand({
      PolicySourceArn: `arn:aws:iam::${ACCOUNT}:user/ann`, ActionNames: ["s3:PutObject", "s3:GetObjectVersion"], ResourceArns: ["arn:aws:s3:::bucket"],
    }));
    const MatchedStatements = [{ SourcePolicyId: "simulated", SourcePolicyType: "IAM Policy", StartPosition: { Line: 1, Column: 41 }, EndPosition: { Line: 1, Column: 113 } }];
    expect(IsTruncated).toBe(false);
    expect(EvaluationResults).toEqual([
      {
        EvalActionName: "s3:PutObject", EvalResourceName: "arn:aws:s3:::bucket", EvalDecision: "allowed", MatchedStatements, MissingContextValues: [], EvalDecisionDetails: {}, OrganizationsDecisionDetail: { AllowedByOrganizations: true },
        ResourceSpecificResults: [{ EvalResourceName: "arn:aws:s3:::bucket", EvalResourceDecision: "allowed", MatchedStatements, MissingContextValues: [], EvalDecisionDetails: {} }],
      },
      {
        EvalActionName: "s3:GetObjectVersion", EvalResourceName: "arn:aws:s3:::bucket", EvalDecision: "implicitDeny", MatchedStatements: [], MissingContextValues: [], EvalDecisionDetails: {}, OrganizationsDecisionDetail: { AllowedByOrganizations: true },
        ResourceSpecificResults: [{ EvalResourceName: "arn:aws:s3:::bucket", EvalResourceDecision: "implicitDeny", MatchedStatements: [], MissingContextValues: [], EvalDecisionDetails: {} }],
      },
    ]);
  });

  it("takes inline policies, groups' and a boundary into account", async () => {
    const PolicySourceArn = `arn:aws:iam::${ACCOUNT}:user/ann`;
    await iam.send(new PutUserPolicyCommand({ UserName: "ann", PolicyName: "no", PolicyDocument: policy({ Effect: "Deny", Action: "s3:PutObject", Resource: "arn:aws:s3:::bucket/secret/*" }) }));
    const denied = await iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames: ["s3:PutObject"], ResourceArns: ["arn:aws:s3:::bucket/secret/a", "arn:aws:s3:::bucket/a"] }));
    expect(denied.EvaluationResults!.map(({ EvalDecision, MatchedStatements }) => [EvalDecision, MatchedStatements![0]!.SourcePolicyId])).toEqual([["explicitDeny", "user_ann_no"], ["allowed", "simulated"]]);
    await iam.send(new PutUserPermissionsBoundaryCommand({ UserName: "ann", PermissionsBoundary: "arn:aws:iam::aws:policy/AmazonSQSFullAccess" }));
    const bound = await iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames: ["s3:PutObject"] }));
    expect(bound.EvaluationResults![0]).toMatchObject({ EvalResourceName: "*", EvalDecision: "implicitDeny", PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false } });
  });

  it("simulates roles, and refuses what is no principal", async () => {
    await iam.send(new CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument: trust({ Service: "lambda.amazonaws.com" }) }));
    await iam.send(new AttachRolePolicyCommand({ RoleName: "r", PolicyArn: "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole" }));
    const { EvaluationResults } = await iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: `arn:aws:iam::${ACCOUNT}:role/r`, ActionNames: ["logs:PutLogEvents"] }));
    expect(EvaluationResults![0]).toMatchObject({ EvalDecision: "allowed", MatchedStatements: [{ SourcePolicyId: "AWSLambdaBasicExecutionRole", StartPosition: { Line: 4 } }] });
    await expect(iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: `arn:aws:iam::${ACCOUNT}:role/none`, ActionNames: ["s3:GetObject"] }))).rejects.toMatchObject({ name: "NoSuchEntityException" });
    await expect(iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: `arn:aws:iam::${ACCOUNT}:policy/simulated`, ActionNames: ["s3:GetObject"] }))).rejects.toMatchObject({ name: "InvalidInputException" });
  });

  it("answers for policies that nobody has", async () => {
    const document = policy(allow("s3:GetObject", "*", { Condition: { StringEquals: { "aws:RequestedRegion": "us-east-1" } } }));
    const ask = (more: object) => iam.send(new SimulateCustomPolicyCommand({ PolicyInputList: [document], ActionNames: ["s3:GetObject"], ...more }));
    expect((await ask({})).EvaluationResults![0]).toMatchObject({ EvalDecision: "implicitDeny", MissingContextValues: ["aws:requestedregion"] });
    const entry = (value: string) => ({ ContextEntries: [{ ContextKeyName: "aws:RequestedRegion", ContextKeyType: "string" as const, ContextKeyValues: [value] }] });
    expect((await ask(entry("us-east-1"))).EvaluationResults![0]).toMatchObject({ EvalDecision: "allowed", MissingContextValues: [], MatchedStatements: [{ SourcePolicyId: "PolicyInputList.1" }] });
    expect((await ask(entry("eu-west-1"))).EvaluationResults![0]).toMatchObject({ EvalDecision: "implicitDeny" });
    const CallerArn = `arn:aws:iam::${ACCOUNT}:user/ann`;
    const ResourcePolicy = policy({ ...allow("s3:GetObject"), Principal: { AWS: CallerArn } });
    expect((await ask({ ...entry("eu-west-1"), ResourcePolicy, CallerArn })).EvaluationResults![0]).toMatchObject({ EvalDecision: "allowed", MatchedStatements: [{ SourcePolicyId: "ResourcePolicy", SourcePolicyType: "Resource Policy" }] });
    expect((await ask({ ...entry("us-east-1"), ResourcePolicy, CallerArn, ResourceOwner: "arn:aws:iam::222222222222:root" })).EvaluationResults![0]).toMatchObject({ EvalDecision: "allowed", EvalDecisionDetails: { "IAM Policy": "allowed", "Resource Policy": "allowed" } });
    expect((await ask({ ...entry("us-east-1"), PermissionsBoundaryPolicyInputList: [policy(allow("sqs:*"))] })).EvaluationResults![0]).toMatchObject({ EvalDecision: "implicitDeny", PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false } });
    await expect(ask({ ResourcePolicy })).rejects.toMatchObject({ name: "InvalidInputException" });
    await expect(iam.send(new SimulateCustomPolicyCommand({ PolicyInputList: ["{"], ActionNames: ["s3:GetObject"] }))).rejects.toMatchObject({ name: "InvalidInputException" });
  });

  it("tells which context keys policies ask for", async () => {
    const PolicyInputList = [policy(allow("s3:*", "arn:aws:s3:::b/${aws:username}/*", { Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" }, StringLike: { "s3:prefix": ["${aws:PrincipalTag/team}/*"] } } }))];
    expect((await iam.send(new GetContextKeysForCustomPolicyCommand({ PolicyInputList }))).ContextKeyNames).toEqual(["aws:SourceIp", "s3:prefix", "aws:username", "aws:PrincipalTag/team"]);
    await iam.send(new PutUserPolicyCommand({ UserName: "ann", PolicyName: "keys", PolicyDocument: PolicyInputList[0] }));
    expect((await iam.send(new GetContextKeysForPrincipalPolicyCommand({ PolicySourceArn: `arn:aws:iam::${ACCOUNT}:user/ann` }))).ContextKeyNames).toContain("s3:prefix");
  });
});

describe("places of statements", () => {
  it("are found over lines, in lists, and past whatever is in text", () => {
    const document = '{\n  "Id": "[{\\"}",\n  "Statement": [\n    {"Sid": "}"},\n    { "Condition": {"StringLike": {"a": ["{", "]"]}} }\n  ]\n}';
    expect(statementPlaces(document)).toEqual([{ start: { Line: 4, Column: 6 }, end: { Line: 4, Column: 17 } }, { start: { Line: 5, Column: 6 }, end: { Line: 5, Column: 55 } }]);
  });
});
