import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as sdk from "@aws-sdk/client-lambda";
import { defineService, defineStore, type AnyService } from "@cumulet/core";
import { continueLineage, lineageOf } from "../src/invoke/lineage.ts";
import { refusal, testLambda, type TestLambda } from "./platform.ts";

/** Queues and topics that remember what they are sent: the far side of destinations, not the thing under test. */
const sent: { service: string; operation: string; input: Record<string, unknown> }[] = [];
const none = defineStore({ name: "far", scope: "regional", migrations: ["CREATE TABLE far (id INTEGER PRIMARY KEY)"], open: () => ({}) });
const note = (service: string, operation: string, output: object = {}) => (_ctx: unknown, input: unknown) => {
  sent.push({ service, operation, input: input as Record<string, unknown> });
  return output as never;
};
const far: AnyService[] = [
  defineService({ model: "sqs", store: none, operations: { GetQueueUrl: (_ctx, input) => ({ QueueUrl: `http://queue/${input.QueueName}` }), SendMessage: note("sqs", "SendMessage", { MessageId: "1", MD5OfMessageBody: "0" }) } }),
  defineService({ model: "sns", store: none, operations: { Publish: note("sns", "Publish", { MessageId: "1" }) } }),
  defineService({ model: "events", store: none, operations: { PutEvents: note("events", "PutEvents", { FailedEntryCount: 0, Entries: [] }) } }),
];

let lambda: TestLambda;
let folder: string;
let file: string;
beforeAll(async () => {
  lambda = await testLambda({ services: far });
});
afterAll(() => lambda.close());
beforeEach(() => {
  sent.length = 0;
  folder = mkdtempSync(join(tmpdir(), "cumulet-async-"));
  file = join(folder, "calls");
  writeFileSync(file, "");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a line for each attempt, and fails as often as the event says. */
const CODE = { "index.js": `
const fs = require("fs");
exports.handler = async (event, context) => {
  fs.appendFileSync(event.file, context.awsRequestId + "\\n");
  const attempts = fs.readFileSync(event.file, "utf8").trim().split("\\n").length;
  if (attempts <= event.failures) throw new Error("attempt " + attempts);
  return { attempts };
};` };
const attempts = (): string[] => readFileSync(file, "utf8").split("\n").filter((line) => line !== "");
const send = (FunctionName: string, event: object = {}): Promise<sdk.InvokeCommandOutput> =>
  lambda.client.send(new sdk.InvokeCommand({ FunctionName, InvocationType: "Event", Payload: JSON.stringify({ file, failures: 0, ...event }) }));
const body = (index = 0): Record<string, never> => JSON.parse(sent[index]!.input["MessageBody"] as string) as Record<string, never>;
const QUEUE = "arn:aws:sqs:us-east-1:000000000000:outcomes";

describe("attempts", () => {
  test("an event is answered at once and handled once", async () => {
    await lambda.create("once", CODE);
    const answer = await send("once");
    expect(answer).toMatchObject({ StatusCode: 202 });
    expect(answer.Payload?.length ?? 0).toBe(0);
    await lambda.platform.platform.idle();
    expect(attempts()).toEqual([answer.$metadata.requestId]);
  });

  test("a failure is tried again after one minute and after two more, under the same id", async () => {
    await lambda.create("retried", CODE);
    const answer = await send("retried", { failures: 9 });
    await lambda.platform.platform.idle();
    expect(attempts()).toHaveLength(1);
    await lambda.platform.clock.advance(59_000);
    await lambda.platform.platform.idle();
    expect(attempts()).toHaveLength(1);
    await lambda.platform.clock.advance(1_000);
    await lambda.platform.platform.idle();
    expect(attempts()).toHaveLength(2);
    await lambda.platform.clock.advance(120_000);
    await lambda.platform.platform.idle();
    await lambda.platform.clock.advance(3_600_000);
    await lambda.platform.platform.idle();
    expect(attempts()).toEqual(Array.from({ length: 3 }, () => answer.$metadata.requestId));
  });

  test("a throttled event waits without spending attempts", async () => {
    await lambda.create("throttled", CODE);
    await lambda.client.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName: "throttled", ReservedConcurrentExecutions: 0 }));
    await send("throttled");
    await lambda.platform.platform.idle();
    for (let round = 0; round < 5; round += 1) {
      await lambda.platform.clock.advance(60_000);
      await lambda.platform.platform.idle();
    }
    expect(attempts()).toEqual([]);
    await lambda.client.send(new sdk.DeleteFunctionConcurrencyCommand({ FunctionName: "throttled" }));
    await lambda.platform.clock.advance(300_000);
    await lambda.platform.platform.idle();
    expect(attempts()).toHaveLength(1);
  });

  test("an event above 1 MB is refused", async () => {
    await lambda.create("small", CODE);
    expect(await refusal(send("small", { pad: "x".repeat(1_048_576) }))).toMatchObject({ name: "RequestTooLargeException", status: 413, message: expect.stringMatching(/byte payload is too large for the Event invocation type \(limit 1048576 bytes\)$/) as unknown });
  });
});

describe("destinations", () => {
  test("success and failure go where the configuration says, as records", async () => {
    await lambda.create("outcomes", CODE);
    await lambda.client.send(new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName: "outcomes", MaximumRetryAttempts: 0, DestinationConfig: { OnSuccess: { Destination: QUEUE }, OnFailure: { Destination: "arn:aws:events:us-east-1:000000000000:event-bus/bus" } } }));
    const good = await send("outcomes");
    await lambda.platform.platform.idle();
    expect(sent[0]).toMatchObject({ operation: "SendMessage", input: { QueueUrl: "http://queue/outcomes" } });
    const functionArn = "arn:aws:lambda:us-east-1:000000000000:function:outcomes:$LATEST";
    expect(body()).toEqual({
      version: "1.0", timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as unknown, requestPayload: { file, failures: 0 }, responsePayload: { attempts: 1 },
      requestContext: { requestId: good.$metadata.requestId, functionArn, condition: "Success", approximateInvokeCount: 1 },
      responseContext: { statusCode: 200, executedVersion: "$LATEST" },
    });
    const bad = await send("outcomes", { failures: 9 });
    await lambda.platform.platform.idle();
    const [entry] = sent[1]!.input["Entries"] as Record<string, unknown>[];
    expect(entry).toMatchObject({ Source: "lambda", DetailType: "Lambda Function Invocation Result - Failure", EventBusName: "bus", Resources: ["arn:aws:events:us-east-1:000000000000:event-bus/bus", functionArn] });
    expect(JSON.parse(entry!["Detail"] as string)).toMatchObject({
      requestContext: { requestId: bad.$metadata.requestId, condition: "RetriesExhausted", approximateInvokeCount: 1 },
      responseContext: { functionError: "Unhandled" }, responsePayload: { errorType: "Error", errorMessage: "attempt 2" },
    });
  });

  test("an event whose next attempt would be too late is given up at once", async () => {
    await lambda.create("aging", CODE);
    await lambda.client.send(new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName: "aging", MaximumEventAgeInSeconds: 90, DestinationConfig: { OnFailure: { Destination: QUEUE } } }));
    await send("aging", { failures: 9 });
    await lambda.platform.platform.idle();
    expect(sent).toEqual([]);
    await lambda.platform.clock.advance(60_000);
    await lambda.platform.platform.idle();
    expect(body()).toMatchObject({ requestContext: { condition: "EventAgeExceeded", approximateInvokeCount: 2 } });
  });

  test("a dead letter queue gets the event itself, with attributes", async () => {
    await lambda.create("dead", CODE, { DeadLetterConfig: { TargetArn: "arn:aws:sqs:us-east-1:000000000000:dead-letters" } });
    const { $metadata } = await send("dead", { failures: 9 });
    await lambda.platform.platform.idle();
    for (const wait of [60_000, 120_000]) {
      await lambda.platform.clock.advance(wait);
      await lambda.platform.platform.idle();
    }
    expect(sent).toHaveLength(1);
    expect(body()).toEqual({ file, failures: 9 });
    expect(sent[0]!.input).toMatchObject({
      QueueUrl: "http://queue/dead-letters",
      MessageAttributes: { RequestID: { DataType: "String", StringValue: $metadata.requestId }, ErrorCode: { DataType: "Number", StringValue: "200" }, ErrorMessage: { DataType: "String", StringValue: "attempt 3" } },
    });
  });

  test("another function may be the destination", async () => {
    await lambda.create("next", { "index.js": `exports.handler = async (event) => { require("fs").appendFileSync(event.requestPayload.file, "next " + event.responsePayload.attempts + "\\n"); };` });
    await lambda.create("first", CODE);
    await lambda.client.send(new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName: "first", DestinationConfig: { OnSuccess: { Destination: "arn:aws:lambda:us-east-1:000000000000:function:next" } } }));
    await send("first");
    await lambda.platform.platform.idle();
    expect(attempts().at(-1)).toBe("next 1");
  });
});

describe("loops", () => {
  test("the lineage of a chain is read, counted and bounded", () => {
    expect([...lineageOf("Root=1-a;Lineage=aaaaaaaa:3|bbbbbbbb:1")]).toEqual([["aaaaaaaa", 3], ["bbbbbbbb", 1]]);
    expect(lineageOf("Root=1;Lineage=nonsense|x:1").size).toBe(0);
    let header: string | undefined;
    for (let hop = 0; hop < 5; hop += 1) {
      const next = continueLineage("Root=1-a;Parent=b;Sampled=0", header, "arn:f");
      expect(next.hops).toBe(hop);
      header = next.traceHeader;
    }
    for (let other = 0; other < 100; other += 1) header = continueLineage("Root=1-a", header, `arn:${other}`).traceHeader;
    expect(lineageOf(header).size).toBe(32);
  });

  test("a function that invokes itself is stopped after sixteen runs, unless it may", async () => {
    // Sends the trace header on, as SDKs do.
    const code = { "index.js": `
exports.handler = async (event) => {
  require("fs").appendFileSync(event.file, "run\\n");
  if (require("fs").readFileSync(event.file, "utf8").length > 4 * 40) return;
  await fetch(process.env.AWS_ENDPOINT_URL + "/2015-03-31/functions/" + process.env.AWS_LAMBDA_FUNCTION_NAME + "/invocations", {
    method: "POST", body: JSON.stringify(event),
    headers: { "x-amz-invocation-type": "Event", "x-amzn-trace-id": process.env._X_AMZN_TRACE_ID, authorization: "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00" },
  });
};` };
    await lambda.create("loop", code);
    await lambda.client.send(new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName: "loop", DestinationConfig: { OnFailure: { Destination: QUEUE } } }));
    await send("loop");
    await lambda.platform.platform.idle();
    expect(attempts()).toHaveLength(16);
    expect(body()).toMatchObject({ requestContext: { condition: "RecursiveLoopDetected" } });
    writeFileSync(file, "");
    await lambda.client.send(new sdk.PutFunctionRecursionConfigCommand({ FunctionName: "loop", RecursiveLoop: "Allow" }));
    await send("loop");
    await lambda.platform.platform.idle();
    expect(attempts().length).toBeGreaterThan(20);
  });
});

test("an accepted event survives the end of the platform in the middle of it", async () => {
  const dataFolder = join(folder, "data");
  const gate = join(folder, "gate");
  {
    const first = await testLambda({ dataFolder });
    await first.create("durable", { "index.js": `exports.handler = async (event) => { const fs = require("fs"); fs.appendFileSync(event.file, "begun\\n"); while (!fs.existsSync(event.gate)) await new Promise((r) => setTimeout(r, 5)); fs.appendFileSync(event.file, "done\\n"); };` }, { Timeout: 60 });
    await first.client.send(new sdk.InvokeCommand({ FunctionName: "durable", InvocationType: "Event", Payload: JSON.stringify({ file, gate }) }));
    for (let turn = 0; attempts().length === 0 && turn < 100_000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(attempts()).toEqual(["begun"]);
    await first.close();
  }
  appendFileSync(gate, "");
  expect(existsSync(gate)).toBe(true);
  {
    await using second = await testLambda({ dataFolder });
    // Past the wait after the interruption, but not past the time that the function has.
    await second.platform.clock.advance(2000);
    await second.platform.platform.idle();
    expect(attempts()).toEqual(["begun", "begun", "done"]);
  }
});
