import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  DeleteFunctionCommand, GetFunctionCommand, GetFunctionConfigurationCommand, InvokeCommand, InvokeWithResponseStreamCommand, ListFunctionsCommand,
  UpdateFunctionCodeCommand, UpdateFunctionConfigurationCommand, CreateFunctionCommand, LambdaClient,
} from "@aws-sdk/client-lambda";
import { json, refusal, ROLE, testLambda, type TestLambda } from "./platform.ts";
import { zipOf } from "./zips.ts";

let lambda: TestLambda;
beforeAll(async () => {
  lambda = await testLambda();
});
afterAll(() => lambda.close());

const ECHO = { "index.js": "exports.handler = async (event, context) => ({ event, version: context.functionVersion, arn: context.invokedFunctionArn });" };

test("a function is created as AWS describes it, and becomes active in platform time", async () => {
  const zip = await zipOf(ECHO);
  const created = await lambda.client.send(new CreateFunctionCommand({ FunctionName: "life", Runtime: "nodejs22.x", Handler: "index.handler", Role: ROLE, Code: { ZipFile: zip } }));
  const sha = createHash("sha256").update(zip).digest("base64");
  expect(created).toMatchObject({
    FunctionName: "life", FunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:life", Runtime: "nodejs22.x", Role: ROLE, Handler: "index.handler",
    CodeSize: zip.length, CodeSha256: sha, Description: "", Timeout: 3, MemorySize: 128, Version: "$LATEST", TracingConfig: { Mode: "PassThrough" },
    State: "Pending", StateReason: "The function is being created.", StateReasonCode: "Creating", PackageType: "Zip", Architectures: ["x86_64"],
    EphemeralStorage: { Size: 512 }, SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" }, LoggingConfig: { LogFormat: "Text", LogGroup: "/aws/lambda/life" },
  });
  expect(created.LastUpdateStatus).toBeUndefined();
  expect(created.LastModified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
  expect(created.$metadata.httpStatusCode).toBe(201);
  const pending = await refusal(lambda.client.send(new InvokeCommand({ FunctionName: "life" })));
  expect(pending).toMatchObject({ name: "ResourceConflictException", status: 409, message: "The operation cannot be performed at this time. The function is currently in the following state: Pending" });
  await lambda.settle();
  const active = await lambda.client.send(new GetFunctionCommand({ FunctionName: "life" }));
  expect(active.Configuration).toMatchObject({ State: "Active", LastUpdateStatus: "Successful", FunctionArn: created.FunctionArn });
  expect(active.Configuration!.RevisionId).not.toBe(created.RevisionId);
  expect(active.Code!.RepositoryType).toBe("S3");
  const download = await fetch(active.Code!.Location!);
  expect(createHash("sha256").update(Buffer.from(await download.arrayBuffer())).digest("base64")).toBe(sha);
  expect((await fetch(active.Code!.Location!.replace(/Signature=./, "Signature=!"))).status).toBe(403);
});

test("a Node.js function answers with its event", async () => {
  await lambda.create("echo", ECHO);
  const answer = await lambda.client.send(new InvokeCommand({ FunctionName: "echo", Payload: JSON.stringify({ hello: "wörld" }) }));
  expect(json(answer.Payload)).toEqual({ event: { hello: "wörld" }, version: "$LATEST", arn: "arn:aws:lambda:us-east-1:000000000000:function:echo" });
  expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: "$LATEST" });
  expect(answer.FunctionError).toBeUndefined();
  const empty = await lambda.client.send(new InvokeCommand({ FunctionName: "arn:aws:lambda:us-east-1:000000000000:function:echo:$LATEST" }));
  expect(json(empty.Payload)).toMatchObject({ event: {}, arn: "arn:aws:lambda:us-east-1:000000000000:function:echo:$LATEST" });
});

test("a Python function answers, and its log comes back with the answer", async () => {
  await lambda.create("python", { "app.py": "def handler(event, context):\n    print('seen', event['n'])\n    return {'twice': event['n'] * 2, 'id': context.aws_request_id}\n" }, { Runtime: "python3.12", Handler: "app.handler" });
  const answer = await lambda.client.send(new InvokeCommand({ FunctionName: "python", Payload: '{"n": 21}', LogType: "Tail" }));
  const requestId = answer.$metadata.requestId!;
  expect(json(answer.Payload)).toEqual({ twice: 42, id: requestId });
  const lines = Buffer.from(answer.LogResult!, "base64").toString().split("\n");
  expect(lines[0]).toBe(`START RequestId: ${requestId} Version: $LATEST`);
  expect(lines[1]).toBe("seen 21");
  expect(lines[2]).toBe(`END RequestId: ${requestId}`);
  expect(lines[3]).toMatch(new RegExp(`^REPORT RequestId: ${requestId}\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms\tMemory Size: 128 MB\tMax Memory Used: \\d+ MB\tInit Duration: [\\d.]+ ms\t$`));
});

test("errors of a function come back in the shape of its runtime", async () => {
  await lambda.create("thrower", { "index.js": "exports.handler = async () => { throw new TypeError('no good'); };" });
  const node = await lambda.client.send(new InvokeCommand({ FunctionName: "thrower" }));
  expect(node).toMatchObject({ StatusCode: 200, FunctionError: "Unhandled", ExecutedVersion: "$LATEST" });
  expect(json(node.Payload)).toEqual({ errorType: "TypeError", errorMessage: "no good", trace: expect.arrayContaining(["TypeError: no good"]) as unknown });
  await lambda.create("raiser", { "app.py": "def handler(event, context):\n    raise ValueError('no good')\n" }, { Runtime: "python3.12", Handler: "app.handler" });
  const python = await lambda.client.send(new InvokeCommand({ FunctionName: "raiser" }));
  expect(json(python.Payload)).toEqual({
    errorType: "ValueError", errorMessage: "no good", requestId: python.$metadata.requestId,
    stackTrace: [expect.stringMatching(/^ {2}File ".*app\.py", line 2, in handler\n {4}raise ValueError\('no good'\)\n$/)],
  });
});

test("a function that streams is read as it writes", async () => {
  await lambda.create("streamer", { "index.mjs": "export const handler = awslambda.streamifyResponse(async (event, stream) => { for (const part of event.parts) { stream.write(part); await new Promise(setImmediate); } stream.end(); });" });
  const answer = await lambda.client.send(new InvokeWithResponseStreamCommand({ FunctionName: "streamer", Payload: JSON.stringify({ parts: ["one ", "two ", "three"] }), LogType: "Tail" }));
  let text = "";
  let complete: unknown;
  for await (const event of answer.EventStream!) {
    if (event.PayloadChunk) text += Buffer.from(event.PayloadChunk.Payload!).toString();
    if (event.InvokeComplete) complete = event.InvokeComplete;
  }
  expect(text).toBe("one two three");
  expect(complete).toMatchObject({ LogResult: expect.any(String) as unknown });
  const buffered = await lambda.client.send(new InvokeCommand({ FunctionName: "streamer", Payload: JSON.stringify({ parts: ["a", "b"] }) }));
  expect(Buffer.from(buffered.Payload!).toString()).toBe("ab");
});

test("an update is never served by old code, and goes through its states", async () => {
  await lambda.create("swap", { "index.js": "exports.handler = async () => 1;" });
  expect(json((await lambda.client.send(new InvokeCommand({ FunctionName: "swap" }))).Payload)).toBe(1);
  const updated = await lambda.client.send(new UpdateFunctionCodeCommand({ FunctionName: "swap", ZipFile: await zipOf({ "index.js": "exports.handler = async () => process.env.WHO ?? 2;" }) }));
  expect(updated).toMatchObject({ State: "Active", LastUpdateStatus: "InProgress", LastUpdateStatusReasonCode: "Creating" });
  const busy = await refusal(lambda.client.send(new UpdateFunctionConfigurationCommand({ FunctionName: "swap", Timeout: 5 })));
  expect(busy).toMatchObject({ name: "ResourceConflictException", message: "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:swap" });
  expect(json((await lambda.client.send(new InvokeCommand({ FunctionName: "swap" }))).Payload)).toBe(2);
  await lambda.settle();
  expect(await lambda.client.send(new GetFunctionConfigurationCommand({ FunctionName: "swap" }))).toMatchObject({ LastUpdateStatus: "Successful" });
  await lambda.client.send(new UpdateFunctionConfigurationCommand({ FunctionName: "swap", Environment: { Variables: { WHO: "me" } }, Timeout: 9, Description: "d" }));
  expect(json((await lambda.client.send(new InvokeCommand({ FunctionName: "swap" }))).Payload)).toBe("me");
  await lambda.settle();
  expect(await lambda.client.send(new GetFunctionConfigurationCommand({ FunctionName: "swap" }))).toMatchObject({ Timeout: 9, Description: "d", Environment: { Variables: { WHO: "me" } } });
});

test("what does not exist, or exists already, is refused in AWS's words", async () => {
  const arn = "arn:aws:lambda:us-east-1:000000000000:function:nobody";
  for (const command of [new GetFunctionCommand({ FunctionName: "nobody" }), new DeleteFunctionCommand({ FunctionName: "nobody" }), new UpdateFunctionConfigurationCommand({ FunctionName: "nobody" })]) {
    expect(await refusal(lambda.client.send(command as GetFunctionCommand))).toMatchObject({ name: "ResourceNotFoundException", status: 404, message: `Function not found: ${arn}`, Type: "User" });
  }
  expect(await refusal(lambda.client.send(new InvokeCommand({ FunctionName: "nobody" })))).toMatchObject({ name: "ResourceNotFoundException", message: `Function not found: ${arn}:$LATEST` });
  await lambda.create("twin", ECHO);
  expect(await refusal(lambda.create("twin", ECHO))).toMatchObject({ name: "ResourceConflictException", status: 409, message: "Function already exist: twin" });
  expect(await refusal(lambda.client.send(new GetFunctionCommand({ FunctionName: "arn:aws:lambda:eu-west-1:000000000000:function:twin" })))).toMatchObject({ name: "ResourceNotFoundException", message: "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')" });
  expect(await refusal(lambda.client.send(new GetFunctionCommand({ FunctionName: "twin:1", Qualifier: "2" })))).toMatchObject({ name: "InvalidParameterValueException", message: "The derived qualifier from the function name does not match the specified qualifier." });
  expect(await refusal(lambda.client.send(new DeleteFunctionCommand({ FunctionName: "twin", Qualifier: "$LATEST" })))).toMatchObject({ message: "$LATEST version cannot be deleted without deleting the function." });
});

test.each([
  ["no zip", { Code: { ZipFile: Buffer.from("nonsense") } }, "InvalidParameterValueException", "Could not unzip uploaded file. Please check your file, then try to upload again."],
  ["no code", { Code: {} }, "InvalidParameterValueException", "Please provide a source for function code."],
  ["an old runtime", { Runtime: "ruby2.7" as const }, "InvalidParameterValueException", "The runtime parameter of ruby2.7 is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions."],
  ["a long name", { FunctionName: "a".repeat(65) }, "InvalidParameterValueException", `1 validation error detected: Value '${"a".repeat(65)}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64`],
  ["a reserved variable", { Environment: { Variables: { AWS_REGION: "x" } } }, "InvalidParameterValueException", /contains reserved keys that are currently not supported for modification\. Reserved keys used in this request: AWS_REGION$/],
  ["too many tags", { Tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [String(index), ""])) }, "InvalidParameterValueException", "Number of tags exceeds resource tag limit."],
  ["too much environment", { Environment: { Variables: { XX: "x".repeat(3000), YY: "y".repeat(3000) } } }, "InvalidParameterValueException", /exceeded the 4KB limit/],
  ["six layers", { Layers: Array.from({ length: 6 }, (_, index) => `arn:aws:lambda:us-east-1:000000000000:layer:l${index}:1`) }, "InvalidParameterValueException", "Cannot reference more than 5 layers."],
])("a function with %s is refused", async (_what, more, name, message) => {
  const error = await refusal(lambda.create("refused", ECHO, more));
  expect(error).toMatchObject({ name, status: 400 });

  expect(error.message).toEqual(typeof message === "string" ? message : expect.stringMatching(message));
});

test("events that are no JSON or too large never reach a function", async () => {
  await lambda.create("strict", ECHO);
  expect(await refusal(lambda.client.send(new InvokeCommand({ FunctionName: "strict", Payload: "{nonsense" })))).toMatchObject({ name: "InvalidRequestContentException", status: 400 });
  const large = await refusal(lambda.client.send(new InvokeCommand({ FunctionName: "strict", Payload: JSON.stringify("x".repeat(6_291_456)) })));
  expect(large).toMatchObject({ name: "RequestTooLargeException", status: 413, message: "6291458 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)" });
  const dry = await lambda.client.send(new InvokeCommand({ FunctionName: "strict", InvocationType: "DryRun" }));
  expect(dry.StatusCode).toBe(204);
});

test("lists come in pages, in order", async () => {
  const other = new LambdaClient(lambda.platform.clientConfig("111111111111"));
  for (const name of ["c", "a", "b"]) {
    await other.send(new CreateFunctionCommand({ FunctionName: name, Runtime: "nodejs22.x", Handler: "index.handler", Role: ROLE, Code: { ZipFile: await zipOf(ECHO) } }));
  }
  const first = await other.send(new ListFunctionsCommand({ MaxItems: 2 }));
  expect(first.Functions!.map((entry) => entry.FunctionName)).toEqual(["a", "b"]);
  expect(first.Functions![0]!.State).toBeUndefined();
  const second = await other.send(new ListFunctionsCommand({ MaxItems: 2, Marker: first.NextMarker }));
  expect(second.Functions!.map((entry) => entry.FunctionName)).toEqual(["c"]);
  expect(second.NextMarker).toBeUndefined();
  other.destroy();
});

test("a deleted function is gone", async () => {
  await lambda.create("gone", ECHO);
  await lambda.client.send(new InvokeCommand({ FunctionName: "gone" }));
  await lambda.client.send(new DeleteFunctionCommand({ FunctionName: "gone" }));
  expect(await refusal(lambda.client.send(new GetFunctionCommand({ FunctionName: "gone" })))).toMatchObject({ name: "ResourceNotFoundException" });
  await lambda.create("gone", { "index.js": "exports.handler = async () => 'again';" });
  expect(json((await lambda.client.send(new InvokeCommand({ FunctionName: "gone" }))).Payload)).toBe("again");
});
