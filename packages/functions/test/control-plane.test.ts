import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as sdk from "@aws-sdk/client-lambda";
import { json, refusal, ROLE, testLambda, type TestLambda } from "./platform.ts";
import { zipOf } from "./zips.ts";

const ARN = "arn:aws:lambda:us-east-1:000000000000";
let lambda: TestLambda;
beforeAll(async () => {
  lambda = await testLambda();
});
afterAll(() => lambda.close());

const WHO = { "index.js": "exports.handler = async (event, context) => ({ version: context.functionVersion, arn: context.invokedFunctionArn, type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE });" };
const send = <I extends object, O extends object>(command: { readonly input: I } & object): Promise<O> => lambda.client.send(command as unknown as sdk.GetFunctionCommand) as unknown as Promise<O>;

describe("versions and aliases", () => {
  test("publishing makes numbered versions, the same one when nothing has changed", async () => {
    await lambda.create("versions", WHO, { Description: "first" });
    const one = await lambda.client.send(new sdk.PublishVersionCommand({ FunctionName: "versions", Description: "one" }));
    expect(one).toMatchObject({ Version: "1", FunctionArn: `${ARN}:function:versions:1`, Description: "one", State: "Active", LastUpdateStatus: "Successful" });
    expect(one.$metadata.httpStatusCode).toBe(201);
    expect(await lambda.client.send(new sdk.PublishVersionCommand({ FunctionName: "versions" }))).toMatchObject({ Version: "1", Description: "one", RevisionId: one.RevisionId });
    await lambda.client.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: "versions", Timeout: 7 }));
    await lambda.settle();
    expect(await lambda.client.send(new sdk.PublishVersionCommand({ FunctionName: "versions" }))).toMatchObject({ Version: "2", Timeout: 7, Description: "first" });
    const { Versions } = await lambda.client.send(new sdk.ListVersionsByFunctionCommand({ FunctionName: "versions" }));
    expect(Versions!.map((entry) => [entry.Version, entry.FunctionArn, entry.State])).toEqual([
      ["$LATEST", `${ARN}:function:versions:$LATEST`, undefined], ["1", `${ARN}:function:versions:1`, undefined], ["2", `${ARN}:function:versions:2`, undefined],
    ]);
    expect(json((await lambda.client.send(new sdk.InvokeCommand({ FunctionName: "versions", Qualifier: "1" }))).Payload)).toMatchObject({ version: "1", arn: `${ARN}:function:versions:1` });
    await lambda.client.send(new sdk.DeleteFunctionCommand({ FunctionName: "versions", Qualifier: "1" }));
    expect(await refusal(lambda.client.send(new sdk.GetFunctionCommand({ FunctionName: "versions", Qualifier: "1" })))).toMatchObject({ name: "ResourceNotFoundException", message: `Function not found: ${ARN}:function:versions:1` });
    await lambda.client.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: "versions", Timeout: 8 }));
    await lambda.settle();
    expect((await lambda.client.send(new sdk.PublishVersionCommand({ FunctionName: "versions" }))).Version).toBe("3");
  });

  test("publishing together with an update answers the version, still being created", async () => {
    await lambda.create("publisher", WHO);
    const updated = await lambda.client.send(new sdk.UpdateFunctionCodeCommand({ FunctionName: "publisher", ZipFile: await zipOf({ "index.js": "exports.handler = async () => 1;" }), Publish: true }));
    expect(updated).toMatchObject({ Version: "1", FunctionArn: `${ARN}:function:publisher:1`, State: "Pending", StateReasonCode: "Creating" });
    expect(await lambda.client.send(new sdk.GetFunctionConfigurationCommand({ FunctionName: "publisher", Qualifier: "$LATEST" }))).toMatchObject({ LastUpdateStatus: "InProgress", State: "Active" });
    const wrong = await refusal(lambda.client.send(new sdk.PublishVersionCommand({ FunctionName: "publisher", CodeSha256: "a".repeat(44) })));
    expect(wrong).toMatchObject({ name: "InvalidParameterValueException", message: `CodeSHA256 (${"a".repeat(44)}) is different from current CodeSHA256 in $LATEST (${updated.CodeSha256}). Please try again with the CodeSHA256 in $LATEST.` });
  });

  test("an alias names a version, moves, and splits by weight", async () => {
    await lambda.create("aliased", WHO);
    await lambda.client.send(new sdk.PublishVersionCommand({ FunctionName: "aliased" }));
    await lambda.client.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: "aliased", Description: "x", MemorySize: 256 }));
    await lambda.settle();
    await lambda.client.send(new sdk.PublishVersionCommand({ FunctionName: "aliased" }));
    const created = await lambda.client.send(new sdk.CreateAliasCommand({ FunctionName: "aliased", Name: "live", FunctionVersion: "1" }));
    expect(created).toMatchObject({ AliasArn: `${ARN}:function:aliased:live`, Name: "live", FunctionVersion: "1", Description: "" });
    const answer = await lambda.client.send(new sdk.InvokeCommand({ FunctionName: "aliased", Qualifier: "live" }));
    expect(answer.ExecutedVersion).toBe("1");
    expect(json(answer.Payload)).toMatchObject({ version: "1", arn: `${ARN}:function:aliased:live` });
    expect(await refusal(lambda.client.send(new sdk.CreateAliasCommand({ FunctionName: "aliased", Name: "live", FunctionVersion: "1" })))).toMatchObject({ name: "ResourceConflictException", message: `Alias already exists: ${ARN}:function:aliased:live` });
    await lambda.client.send(new sdk.UpdateAliasCommand({ FunctionName: "aliased", Name: "live", RoutingConfig: { AdditionalVersionWeights: { "2": 0.5 } } }));
    const seen = new Set<string>();
    for (let round = 0; round < 40 && seen.size < 2; round += 1) seen.add((await lambda.client.send(new sdk.InvokeCommand({ FunctionName: "aliased:live" }))).ExecutedVersion!);
    expect([...seen].sort()).toEqual(["1", "2"]);
    expect(await refusal(lambda.client.send(new sdk.DeleteFunctionCommand({ FunctionName: "aliased", Qualifier: "2" })))).toMatchObject({ name: "ResourceConflictException" });
    await lambda.client.send(new sdk.UpdateAliasCommand({ FunctionName: "aliased", Name: "live", FunctionVersion: "2", RoutingConfig: { AdditionalVersionWeights: {} } }));
    expect((await lambda.client.send(new sdk.GetAliasCommand({ FunctionName: "aliased", Name: "live" }))).RoutingConfig).toBeUndefined();
    expect((await lambda.client.send(new sdk.ListAliasesCommand({ FunctionName: "aliased", FunctionVersion: "2" }))).Aliases).toHaveLength(1);
    expect(await refusal(lambda.client.send(new sdk.UpdateAliasCommand({ FunctionName: "aliased", Name: "dead" })))).toMatchObject({ name: "ResourceNotFoundException", message: `Alias not found: ${ARN}:function:aliased:dead` });
    expect(await refusal(lambda.client.send(new sdk.InvokeCommand({ FunctionName: "aliased", Qualifier: "dead" })))).toMatchObject({ message: `Function not found: ${ARN}:function:aliased:dead` });
    await lambda.client.send(new sdk.DeleteAliasCommand({ FunctionName: "aliased", Name: "live" }));
    expect((await lambda.client.send(new sdk.ListAliasesCommand({ FunctionName: "aliased" }))).Aliases).toEqual([]);
  });
});

describe("permissions", () => {
  test("statements are added, shown and removed as AWS writes them", async () => {
    await lambda.create("permitted", WHO);
    await lambda.client.send(new sdk.PublishVersionCommand({ FunctionName: "permitted" }));
    const added = await lambda.client.send(new sdk.AddPermissionCommand({ FunctionName: "permitted", StatementId: "s3", Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com", SourceArn: "arn:aws:s3:::bucket" }));
    const statement = { Sid: "s3", Effect: "Allow", Principal: { Service: "s3.amazonaws.com" }, Action: "lambda:InvokeFunction", Resource: `${ARN}:function:permitted`, Condition: { ArnLike: { "AWS:SourceArn": "arn:aws:s3:::bucket" } } };
    expect(JSON.parse(added.Statement!)).toEqual(statement);
    const policy = await lambda.client.send(new sdk.GetPolicyCommand({ FunctionName: "permitted" }));
    expect(JSON.parse(policy.Policy!)).toEqual({ Version: "2012-10-17", Id: "default", Statement: [statement] });
    expect(await refusal(lambda.client.send(new sdk.GetPolicyCommand({ FunctionName: "permitted", Qualifier: "1" })))).toMatchObject({ name: "ResourceNotFoundException", message: "The resource you requested does not exist." });
    await lambda.client.send(new sdk.AddPermissionCommand({ FunctionName: "permitted", Qualifier: "1", StatementId: "url", Action: "lambda:InvokeFunctionUrl", Principal: "*", FunctionUrlAuthType: "NONE" }));
    expect(JSON.parse((await lambda.client.send(new sdk.GetPolicyCommand({ FunctionName: "permitted:1" }))).Policy!)).toMatchObject({ Statement: [{ Principal: "*", Resource: `${ARN}:function:permitted:1`, Condition: { StringEquals: { "lambda:FunctionUrlAuthType": "NONE" } } }] });
    const wanted: [sdk.AddPermissionCommandInput, object][] = [
      [{ FunctionName: "permitted", StatementId: "s3", Action: "lambda:InvokeFunction", Principal: "*" }, { name: "ResourceConflictException", status: 409, message: "The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing statement." }],
      [{ FunctionName: "permitted", StatementId: "x", Action: "lambda:InvokeFunction", Principal: "nobody" }, { name: "InvalidParameterValueException", message: "The provided principal was invalid. Please check the principal and try again." }],
      [{ FunctionName: "permitted", Qualifier: "$LATEST", StatementId: "x", Action: "lambda:InvokeFunction", Principal: "*" }, { message: "We currently do not support adding policies for $LATEST." }],
      [{ FunctionName: "permitted", Qualifier: "42", StatementId: "x", Action: "lambda:InvokeFunction", Principal: "*" }, { message: `Function not found: ${ARN}:function:permitted:42` }],
      [{ FunctionName: "permitted", Qualifier: "no", StatementId: "x", Action: "lambda:InvokeFunction", Principal: "*" }, { message: `Cannot find alias arn: ${ARN}:function:permitted:no` }],
      [{ FunctionName: "permitted", RevisionId: "stale", StatementId: "x", Action: "lambda:InvokeFunction", Principal: "*" }, { name: "PreconditionFailedException", status: 412 }],
    ];
    for (const [input, expected] of wanted) expect(await refusal(lambda.client.send(new sdk.AddPermissionCommand(input)))).toMatchObject(expected);
    await lambda.client.send(new sdk.RemovePermissionCommand({ FunctionName: "permitted", StatementId: "s3" }));
    expect(await refusal(lambda.client.send(new sdk.RemovePermissionCommand({ FunctionName: "permitted", StatementId: "s3" })))).toMatchObject({ message: "No policy is associated with the given resource." });
    expect(await refusal(lambda.client.send(new sdk.RemovePermissionCommand({ FunctionName: "nobody", StatementId: "s3" })))).toMatchObject({ message: `No policy found for: ${ARN}:function:nobody` });
  });
});

describe("concurrency", () => {
  test("reserved concurrency limits, zero stops, and the reason is said", async () => {
    await lambda.create("reserved", { "index.js": "exports.handler = async () => new Promise((r) => setTimeout(r, 300, 1));" });
    expect(await lambda.client.send(new sdk.GetFunctionConcurrencyCommand({ FunctionName: "reserved" }))).not.toHaveProperty("ReservedConcurrentExecutions");
    await lambda.client.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName: "reserved", ReservedConcurrentExecutions: 1 }));
    const outcomes = await Promise.allSettled([1, 2].map(() => lambda.client.send(new sdk.InvokeCommand({ FunctionName: "reserved" }))));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const { reason } = outcomes.find(({ status }) => status === "rejected") as PromiseRejectedResult;
    expect(reason).toMatchObject({ name: "TooManyRequestsException", message: "Rate Exceeded.", Reason: "ReservedFunctionConcurrentInvocationLimitExceeded", Type: "User" });
    await lambda.client.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName: "reserved", ReservedConcurrentExecutions: 0 }));
    expect(await refusal(lambda.client.send(new sdk.InvokeCommand({ FunctionName: "reserved" })))).toMatchObject({ status: 429, Reason: "ReservedFunctionConcurrentInvocationLimitExceeded" });
    expect(await lambda.client.send(new sdk.GetFunctionCommand({ FunctionName: "reserved" }))).toMatchObject({ Concurrency: { ReservedConcurrentExecutions: 0 } });
    expect((await refusal(lambda.client.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName: "reserved", ReservedConcurrentExecutions: 901 })))).message).toBe("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].");
    await lambda.client.send(new sdk.DeleteFunctionConcurrencyCommand({ FunctionName: "reserved" }));
    expect((await lambda.client.send(new sdk.GetAccountSettingsCommand({}))).AccountLimit).toMatchObject({ ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 1000 });
  });

  test("provisioned environments are there before the first event", async () => {
    await lambda.create("warm", WHO);
    expect(await refusal(lambda.client.send(new sdk.PutProvisionedConcurrencyConfigCommand({ FunctionName: "warm", Qualifier: "$LATEST", ProvisionedConcurrentExecutions: 1 })))).toMatchObject({ name: "InvalidParameterValueException" });
    await lambda.client.send(new sdk.PublishVersionCommand({ FunctionName: "warm" }));
    const put = await lambda.client.send(new sdk.PutProvisionedConcurrencyConfigCommand({ FunctionName: "warm", Qualifier: "1", ProvisionedConcurrentExecutions: 2 }));
    expect(put).toMatchObject({ RequestedProvisionedConcurrentExecutions: 2, AllocatedProvisionedConcurrentExecutions: 0, AvailableProvisionedConcurrentExecutions: 0, Status: "IN_PROGRESS" });
    await lambda.settle();
    const ready = async (): Promise<sdk.GetProvisionedConcurrencyConfigCommandOutput> => {
      for (;;) {
        const state = await lambda.client.send(new sdk.GetProvisionedConcurrencyConfigCommand({ FunctionName: "warm", Qualifier: "1" }));
        if (state.Status !== "IN_PROGRESS") return state;
      }
    };
    expect(await ready()).toMatchObject({ Status: "READY", AllocatedProvisionedConcurrentExecutions: 2, AvailableProvisionedConcurrentExecutions: 2 });
    const answer = await lambda.client.send(new sdk.InvokeCommand({ FunctionName: "warm", Qualifier: "1", LogType: "Tail" }));
    expect(json(answer.Payload)).toMatchObject({ type: "provisioned-concurrency" });
    expect(Buffer.from(answer.LogResult!, "base64").toString()).not.toContain("Init Duration");
    expect((await lambda.client.send(new sdk.ListProvisionedConcurrencyConfigsCommand({ FunctionName: "warm" }))).ProvisionedConcurrencyConfigs).toMatchObject([{ FunctionArn: `${ARN}:function:warm:1`, Status: "READY" }]);
    await lambda.client.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName: "warm", ReservedConcurrentExecutions: 2 }));
    expect((await refusal(lambda.client.send(new sdk.PutProvisionedConcurrencyConfigCommand({ FunctionName: "warm", Qualifier: "1", ProvisionedConcurrentExecutions: 3 })))).message).toBe("Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function");
    expect((await refusal(lambda.client.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName: "warm", ReservedConcurrentExecutions: 1 })))).message).toBe(" ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2].");
    await lambda.client.send(new sdk.DeleteProvisionedConcurrencyConfigCommand({ FunctionName: "warm", Qualifier: "1" }));
    expect(await refusal(lambda.client.send(new sdk.GetProvisionedConcurrencyConfigCommand({ FunctionName: "warm", Qualifier: "1" })))).toMatchObject({ name: "ProvisionedConcurrencyConfigNotFoundException", status: 404 });
  });
});

describe("layers", () => {
  test("a layer is published, used, deleted, and kept for those that use it", async () => {
    const first = await lambda.client.send(new sdk.PublishLayerVersionCommand({ LayerName: "shared", Content: { ZipFile: await zipOf({ "nodejs/node_modules/shared/index.js": "exports.name = 'one';" }) }, CompatibleRuntimes: ["nodejs22.x"], Description: "d", LicenseInfo: "MIT" }));
    expect(first).toMatchObject({ LayerArn: `${ARN}:layer:shared`, LayerVersionArn: `${ARN}:layer:shared:1`, Version: 1, Description: "d", LicenseInfo: "MIT", CompatibleRuntimes: ["nodejs22.x"], Content: { CodeSize: expect.any(Number) as unknown } });
    expect((await fetch(first.Content!.Location!)).status).toBe(200);
    const second = await lambda.client.send(new sdk.PublishLayerVersionCommand({ LayerName: "shared", Content: { ZipFile: await zipOf({ "nodejs/node_modules/shared/index.js": "exports.name = 'two';" }) } }));
    expect(second).toMatchObject({ Version: 2, Description: "" });
    await lambda.create("layered", { "index.js": "const { name } = require('shared'); exports.handler = async () => name;" }, { Layers: [first.LayerVersionArn!] });
    const answer = async (): Promise<unknown> => json((await lambda.client.send(new sdk.InvokeCommand({ FunctionName: "layered" }))).Payload);
    expect(await answer()).toBe("one");
    expect((await lambda.client.send(new sdk.GetFunctionConfigurationCommand({ FunctionName: "layered" }))).Layers).toEqual([{ Arn: `${ARN}:layer:shared:1`, CodeSize: first.Content!.CodeSize }]);
    const wrong: [string[], string][] = [
      [[`${ARN}:layer:shared:1`, `${ARN}:layer:shared:2`], `Two different versions of the same layer are not allowed to be referenced in the same function. ${ARN}:layer:shared:1 and ${ARN}:layer:shared:2 are versions of the same layer.`],
      [[`${ARN}:layer:shared:9`], `Layer version ${ARN}:layer:shared:9 does not exist.`],
      [["arn:aws:lambda:eu-west-1:000000000000:layer:shared:1"], "Layers are not in the same region as the function. Layers are expected to be in region us-east-1."],
    ];
    for (const [Layers, message] of wrong) expect(await refusal(lambda.client.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: "layered", Layers })))).toMatchObject({ name: "InvalidParameterValueException", message });
    await lambda.client.send(new sdk.DeleteLayerVersionCommand({ LayerName: "shared", VersionNumber: 1 }));
    expect(await refusal(lambda.client.send(new sdk.GetLayerVersionCommand({ LayerName: "shared", VersionNumber: 1 })))).toMatchObject({ name: "ResourceNotFoundException", message: "The resource you requested does not exist." });
    await lambda.client.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: "layered", Description: "again" }));
    await lambda.settle();
    expect(await answer()).toBe("one");
    await lambda.client.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: "layered", Layers: [second.LayerVersionArn!] }));
    await lambda.settle();
    expect(await answer()).toBe("two");
    expect((await lambda.client.send(new sdk.PublishLayerVersionCommand({ LayerName: "shared", Content: { ZipFile: await zipOf({ "a": "b" }) } }))).Version).toBe(3);
    expect((await lambda.client.send(new sdk.ListLayerVersionsCommand({ LayerName: "shared" }))).LayerVersions!.map(({ Version }) => Version)).toEqual([3, 2]);
    expect((await lambda.client.send(new sdk.ListLayersCommand({}))).Layers).toMatchObject([{ LayerName: "shared", LatestMatchingVersion: { Version: 3 } }]);
    expect((await lambda.client.send(new sdk.GetLayerVersionByArnCommand({ Arn: `${ARN}:layer:shared:2` }))).Version).toBe(2);
    expect((await refusal(lambda.client.send(new sdk.GetLayerVersionCommand({ LayerName: "shared", VersionNumber: 0 })))).message).toBe("Layer Version Cannot be less than 1");
  });

  test("a layer's policy", async () => {
    await lambda.client.send(new sdk.PublishLayerVersionCommand({ LayerName: "open", Content: { ZipFile: await zipOf({ "a": "b" }) } }));
    const target = { LayerName: "open", VersionNumber: 1 };
    const added = await lambda.client.send(new sdk.AddLayerVersionPermissionCommand({ ...target, StatementId: "all", Action: "lambda:GetLayerVersion", Principal: "*" }));
    expect(JSON.parse(added.Statement!)).toEqual({ Sid: "all", Effect: "Allow", Principal: "*", Action: "lambda:GetLayerVersion", Resource: `${ARN}:layer:open:1` });
    expect((await lambda.client.send(new sdk.GetLayerVersionPolicyCommand(target))).RevisionId).toBe(added.RevisionId);
    await lambda.client.send(new sdk.RemoveLayerVersionPermissionCommand({ ...target, StatementId: "all" }));
    expect(await refusal(lambda.client.send(new sdk.GetLayerVersionPolicyCommand(target)))).toMatchObject({ message: "No policy is associated with the given resource." });
  });
});

test("how asynchronous events are treated", async () => {
  await lambda.create("eventual", WHO);
  const name = { FunctionName: "eventual" };
  expect((await refusal(lambda.client.send(new sdk.PutFunctionEventInvokeConfigCommand(name)))).message).toBe("You must specify at least one of error handling or destination setting.");
  const put = await lambda.client.send(new sdk.PutFunctionEventInvokeConfigCommand({ ...name, MaximumRetryAttempts: 0 }));
  expect(put).toMatchObject({ FunctionArn: `${ARN}:function:eventual:$LATEST`, MaximumRetryAttempts: 0, DestinationConfig: { OnSuccess: {}, OnFailure: {} } });
  expect(put.LastModified).toBeInstanceOf(Date);
  const updated = await lambda.client.send(new sdk.UpdateFunctionEventInvokeConfigCommand({ ...name, MaximumEventAgeInSeconds: 60, DestinationConfig: { OnFailure: { Destination: "arn:aws:sqs:us-east-1:000000000000:dead" } } }));
  expect(updated).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60, DestinationConfig: { OnFailure: { Destination: "arn:aws:sqs:us-east-1:000000000000:dead" } } });
  expect((await refusal(lambda.client.send(new sdk.PutFunctionEventInvokeConfigCommand({ ...name, DestinationConfig: { OnSuccess: { Destination: `${ARN}:function:eventual` } } })))).message).toBe("You can't specify the function as a destination for itself.");
  expect((await refusal(lambda.client.send(new sdk.GetFunctionEventInvokeConfigCommand({ ...name, Qualifier: "7" })))).message).toBe(`The function ${ARN}:function:eventual:7 doesn't have an EventInvokeConfig`);
  expect((await refusal(lambda.client.send(new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName: "nobody", MaximumRetryAttempts: 1 })))).message).toBe("The function doesn't exist.");
  expect((await lambda.client.send(new sdk.ListFunctionEventInvokeConfigsCommand(name))).FunctionEventInvokeConfigs).toHaveLength(1);
  await lambda.client.send(new sdk.DeleteFunctionEventInvokeConfigCommand(name));
  expect(await refusal(lambda.client.send(new sdk.GetFunctionEventInvokeConfigCommand(name)))).toMatchObject({ name: "ResourceNotFoundException" });
});

test("tags", async () => {
  await lambda.create("tagged", WHO, { Tags: { a: "1" } });
  const Resource = `${ARN}:function:tagged`;
  await lambda.client.send(new sdk.TagResourceCommand({ Resource, Tags: { b: "2" } }));
  await lambda.client.send(new sdk.UntagResourceCommand({ Resource, TagKeys: ["a", "never"] }));
  expect((await lambda.client.send(new sdk.ListTagsCommand({ Resource }))).Tags).toEqual({ b: "2" });
  expect((await lambda.client.send(new sdk.GetFunctionCommand({ FunctionName: "tagged" }))).Tags).toEqual({ b: "2" });
  expect((await refusal(lambda.client.send(new sdk.TagResourceCommand({ Resource: `${Resource}:$LATEST`, Tags: { c: "3" } })))).message).toBe("Tags on function aliases and versions are not supported. Please specify a function ARN.");
  expect((await refusal(lambda.client.send(new sdk.TagResourceCommand({ Resource, Tags: {} })))).message).toBe("An error occurred and the request cannot be processed.");
  expect((await refusal(lambda.client.send(new sdk.ListTagsCommand({ Resource: `${ARN}:function:nobody` })))).message).toBe(`Function not found: ${ARN}:function:nobody`);
  expect((await refusal(lambda.client.send(new sdk.TagResourceCommand({ Resource, Tags: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, ""])) })))).message).toBe("Number of tags exceeds resource tag limit.");
});

test("code signing, recursion and runtime management are kept and described", async () => {
  await lambda.create("managed", WHO);
  const name = { FunctionName: "managed" };
  const publishers = { SigningProfileVersionArns: ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/test"] };
  const { CodeSigningConfig: config } = await lambda.client.send(new sdk.CreateCodeSigningConfigCommand({ AllowedPublishers: publishers, CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" } }));
  expect(config).toMatchObject({ AllowedPublishers: publishers, CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" }, CodeSigningConfigId: expect.stringMatching(/^csc-[a-z0-9]{17}$/) as unknown });
  const arn = { CodeSigningConfigArn: config!.CodeSigningConfigArn! };
  expect(await lambda.client.send(new sdk.GetFunctionCodeSigningConfigCommand(name))).not.toHaveProperty("CodeSigningConfigArn");
  expect(await lambda.client.send(new sdk.PutFunctionCodeSigningConfigCommand({ ...name, ...arn }))).toMatchObject({ FunctionName: "managed", ...arn });
  expect((await lambda.client.send(new sdk.ListFunctionsByCodeSigningConfigCommand(arn))).FunctionArns).toEqual([`${ARN}:function:managed`]);
  expect(await refusal(lambda.client.send(new sdk.DeleteCodeSigningConfigCommand(arn)))).toMatchObject({ name: "ResourceConflictException" });
  await lambda.client.send(new sdk.DeleteFunctionCodeSigningConfigCommand(name));
  await lambda.client.send(new sdk.DeleteCodeSigningConfigCommand(arn));
  expect(await refusal(lambda.client.send(new sdk.GetCodeSigningConfigCommand(arn)))).toMatchObject({ name: "CodeSigningConfigNotFoundException", status: 404 });
  expect((await lambda.client.send(new sdk.GetFunctionRecursionConfigCommand(name))).RecursiveLoop).toBe("Terminate");
  expect((await lambda.client.send(new sdk.PutFunctionRecursionConfigCommand({ ...name, RecursiveLoop: "Allow" }))).RecursiveLoop).toBe("Allow");
  expect(await lambda.client.send(new sdk.GetRuntimeManagementConfigCommand(name))).toMatchObject({ UpdateRuntimeOn: "Auto", FunctionArn: `${ARN}:function:managed:$LATEST` });
  expect(await lambda.client.send(new sdk.PutRuntimeManagementConfigCommand({ ...name, UpdateRuntimeOn: "FunctionUpdate" }))).toMatchObject({ UpdateRuntimeOn: "FunctionUpdate" });
});

describe("function URLs", () => {
  /** Requests by path, because names under localhost do not resolve everywhere. */
  const by = (FunctionUrl: string, path: string, init?: RequestInit): Promise<Response> => fetch(`${lambda.platform.endpoint}/_aws/lambda-url/${new URL(FunctionUrl).host.split(".")[0]}${path}`, init);

  async function url(name: string, code: string, more: Partial<sdk.CreateFunctionUrlConfigCommandInput> = {}): Promise<string> {
    await lambda.create(name, { "index.js": code });
    return (await lambda.client.send(new sdk.CreateFunctionUrlConfigCommand({ FunctionName: name, AuthType: "NONE", ...more }))).FunctionUrl!;
  }

  test("a configuration's life", async () => {
    const FunctionUrl = await url("url-life", "exports.handler = async () => 1;");
    expect(FunctionUrl).toMatch(/^http:\/\/[a-z0-9]{32}\.lambda-url\.us-east-1\.localhost:\d+\/$/);
    const name = { FunctionName: "url-life" };
    expect(await refusal(lambda.client.send(new sdk.CreateFunctionUrlConfigCommand({ ...name, AuthType: "NONE" })))).toMatchObject({ name: "ResourceConflictException", message: `Failed to create function url config for [functionArn = ${ARN}:function:url-life]. Error message:  FunctionUrlConfig exists for this Lambda function` });
    expect(await lambda.client.send(new sdk.GetFunctionUrlConfigCommand(name))).toMatchObject({ FunctionUrl, FunctionArn: `${ARN}:function:url-life`, AuthType: "NONE", InvokeMode: "BUFFERED" });
    expect(await lambda.client.send(new sdk.UpdateFunctionUrlConfigCommand({ ...name, AuthType: "AWS_IAM" }))).toMatchObject({ AuthType: "AWS_IAM" });
    expect((await by(FunctionUrl, "/")).status).toBe(403);
    expect((await lambda.client.send(new sdk.ListFunctionUrlConfigsCommand(name))).FunctionUrlConfigs).toHaveLength(1);
    await lambda.client.send(new sdk.DeleteFunctionUrlConfigCommand(name));
    expect(await refusal(lambda.client.send(new sdk.GetFunctionUrlConfigCommand(name)))).toMatchObject({ message: "The resource you requested does not exist." });
    expect(await refusal(lambda.client.send(new sdk.CreateFunctionUrlConfigCommand({ FunctionName: "nobody", AuthType: "NONE" })))).toMatchObject({ message: "Function does not exist" });
    expect((await by(FunctionUrl, "/")).status).toBe(404);
  });

  test("the event has payload format 2.0", async () => {
    const target = await url("url-event", "exports.handler = async (event) => event;");
    const response = await by(target, "/pa%20th/1?q=1&multi=a&multi=b", { method: "POST", body: '{"foo":"bar"}', headers: { "content-type": "application/json", "X-Custom": "Caps", cookie: "a=1; b=2" } });
    expect(response.headers.get("content-type")).toBe("application/json");
    const event = (await response.json()) as Record<string, never>;
    expect(event).toMatchObject({
      version: "2.0", routeKey: "$default", rawPath: "/pa th/1", rawQueryString: "q=1&multi=a&multi=b", queryStringParameters: { q: "1", multi: "a,b" }, cookies: ["a=1", "b=2"],
      headers: { "content-type": "application/json", "x-custom": "Caps", "x-forwarded-proto": "http" }, body: '{"foo":"bar"}', isBase64Encoded: false,
      requestContext: { accountId: "anonymous", http: { method: "POST", path: "/pa th/1", protocol: "HTTP/1.1" }, stage: "$default", routeKey: "$default", requestId: response.headers.get("x-amzn-requestid") },
    });
    const binary = (await (await by(target, "/", { method: "POST", body: new Uint8Array([0, 255]), headers: { "content-type": "application/octet-stream" } })).json()) as object;
    expect(binary).toMatchObject({ body: "AP8=", isBase64Encoded: true });
  });

  test.each([
    ["a string", "'hello'", 200, "hello", "application/json"],
    ["a number", "3.1", 200, "3.1", "application/json"],
    ["true", "true", 200, "true", "application/json"],
    ["an object", "({ hello: 'world' })", 200, '{"hello":"world"}', "application/json"],
    ["an HTTP answer", "({ statusCode: 201, headers: { 'content-type': 'text/plain', 'x-a': 'b' }, body: 'made', cookies: ['c=1'] })", 201, "made", "text/plain"],
    ["base64", "({ statusCode: 200, body: 'AGE=', isBase64Encoded: true })", 200, "\0a", "application/json"],
    ["a status that is none", "({ statusCode: 'x' })", 502, "Internal Server Error", "application/json"],
  ])("%s becomes HTTP", async (what, value, status, body, type) => {
    const response = await by(await url(`url-${what.replace(/\W/g, "-")}`, `exports.handler = async () => ${value};`), "/");
    expect([response.status, await response.text(), response.headers.get("content-type")]).toEqual([status, body, type]);
  });

  test("a function that fails is a 502", async () => {
    const response = await by(await url("url-fails", "exports.handler = async () => { throw new Error('secret'); };"), "/");
    expect([response.status, await response.text()]).toEqual([502, "Internal Server Error"]);
  });

  test("a streamed answer arrives as it is written", async () => {
    const code = "exports.handler = awslambda.streamifyResponse(async (e, s) => { s = awslambda.HttpResponseStream.from(s, { statusCode: 202, headers: { 'content-type': 'text/plain' }, cookies: ['a=1'] }); s.write('one'); await new Promise((r) => globalThis.go = r); s.write('two'); s.end(); }); setInterval(() => { if (require('fs').existsSync(process.env.GATE)) globalThis.go?.(); }, 5);";
    const gate = `${lambda.platform.platform.storage.folder}/gate`;
    await lambda.create("url-stream", { "index.js": code }, { Environment: { Variables: { GATE: gate } }, Timeout: 30 });
    const { FunctionUrl } = await lambda.client.send(new sdk.CreateFunctionUrlConfigCommand({ FunctionName: "url-stream", AuthType: "NONE", InvokeMode: "RESPONSE_STREAM" }));
    const response = await by(FunctionUrl!, "/");
    expect([response.status, response.headers.get("content-type"), response.headers.get("set-cookie")]).toEqual([202, "text/plain", "a=1"]);
    const reader = response.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe("one");
    (await import("node:fs")).writeFileSync(gate, "");
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += Buffer.from(part.value).toString();
    expect(rest).toBe("two");
  });

  test("CORS is answered by the URL itself", async () => {
    const target = await url("url-cors", "exports.handler = async () => ({ statusCode: 200, headers: { 'access-control-allow-origin': 'wrong' }, body: 'x' });", { Cors: { AllowOrigins: ["https://a.example"], AllowMethods: ["GET"], AllowHeaders: ["x-y"], MaxAge: 60, AllowCredentials: true } });
    const preflight = await by(target, "/", { method: "OPTIONS", headers: { origin: "https://a.example", "access-control-request-method": "GET" } });
    expect(Object.fromEntries(preflight.headers)).toMatchObject({ "access-control-allow-origin": "https://a.example", "access-control-allow-methods": "GET", "access-control-allow-headers": "x-y", "access-control-max-age": "60", "access-control-allow-credentials": "true" });
    expect((await by(target, "/", { headers: { origin: "https://a.example" } })).headers.get("access-control-allow-origin")).toBe("https://a.example");
    expect((await by(target, "/", { headers: { origin: "https://b.example" } })).headers.get("access-control-allow-origin")).toBe("wrong");
  });
});

test("two accounts and two regions do not see each other's functions", async () => {
  await lambda.create("mine", WHO);
  const other = new sdk.LambdaClient(lambda.platform.clientConfig("111111111111"));
  const elsewhere = new sdk.LambdaClient(lambda.platform.clientConfig("000000000000", "eu-west-1"));
  expect((await other.send(new sdk.ListFunctionsCommand({}))).Functions).toEqual([]);
  expect((await elsewhere.send(new sdk.ListFunctionsCommand({}))).Functions).toEqual([]);
  expect(await refusal(other.send(new sdk.GetFunctionCommand({ FunctionName: `${ARN}:function:mine` })))).toMatchObject({ name: "AccessDeniedException", status: 403 });
  other.destroy();
  elsewhere.destroy();
});

test("state outlives the platform", async () => {
  const { mkdtempSync, rmSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const dataFolder = mkdtempSync(join(tmpdir(), "cumulet-lambda-"));
  {
    await using first = await testLambda({ dataFolder });
    await first.create("kept", WHO);
    await first.client.send(new sdk.PublishVersionCommand({ FunctionName: "kept" }));
    await first.client.send(new sdk.InvokeCommand({ FunctionName: "kept" }));
  }
  {
    await using second = await testLambda({ dataFolder });
    await second.settle();
    expect(json((await second.client.send(new sdk.InvokeCommand({ FunctionName: "kept", Qualifier: "1" }))).Payload)).toMatchObject({ version: "1" });
  }
  rmSync(dataFolder, { recursive: true, force: true });
});

test("what has no effect here is refused by name", async () => {
  const zip = await zipOf(WHO);
  const base = { Runtime: "nodejs22.x" as const, Handler: "index.handler", Role: ROLE, Code: { ZipFile: zip } };
  expect((await refusal(send(new sdk.CreateFunctionCommand({ ...base, FunctionName: "efs", FileSystemConfigs: [{ Arn: "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-00000000000000000", LocalMountPath: "/mnt/x" }] })))).message).toMatch(/FileSystemConfigs is not supported/);
});
