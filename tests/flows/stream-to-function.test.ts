import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import * as sdk from "@aws-sdk/client-lambda";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { services } from "@cumulet/platform";
import { zip } from "../support/zip.ts";

/** DynamoDB streams to functions through event source mappings, on platform time. */
let cloud: TestPlatform;
let dynamodb: DynamoDBClient;
let lambda: sdk.LambdaClient;
let folder: string;
beforeAll(async () => {
  cloud = await testPlatform(services);
  dynamodb = new DynamoDBClient(cloud.clientConfig());
  lambda = new sdk.LambdaClient(cloud.clientConfig());
});
afterAll(async () => {
  dynamodb.destroy();
  lambda.destroy();
  await cloud.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cumulet-streams-"));
  writeFileSync(join(folder, "events"), "");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface StreamEvent {
  Records: { eventName: string; eventSource: string; dynamodb: { Keys: { id: { S: string } }; NewImage?: object; SequenceNumber: string; ApproximateCreationDateTime: number } }[];
  window?: { start: string; end: string };
  state?: { total?: number };
  isFinalInvokeForWindow?: boolean;
}

/** Writes each event as a line, then does what \`body\` says. */
const code = (body: string): string => `
const fs = require("fs");
const ids = (event) => event.Records.map((record) => record.dynamodb.Keys.id.S);
exports.handler = async (event) => { fs.appendFileSync(process.env.FOLDER + "/events", JSON.stringify(event) + "\\n"); ${body} };`;
const events = (): StreamEvent[] => readFileSync(join(folder, "events"), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as StreamEvent);
const batches = (): string[][] => events().map(({ Records }) => Records.map(({ dynamodb: { Keys } }) => Keys.id.S));
const put = (table: string, id: string, more: Record<string, { S: string }> = {}): Promise<unknown> => dynamodb.send(new PutItemCommand({ TableName: table, Item: { id: { S: id }, ...more } }));
const settle = async (): Promise<void> => {
  await cloud.clock.advance(1000);
  await cloud.platform.idle();
};

let count = 0;
async function connect(body: string, settings: Partial<sdk.CreateEventSourceMappingCommandInput> = {}, before: (table: string) => Promise<void> = async () => {}): Promise<{ table: string; fn: string; mapping: sdk.EventSourceMappingConfiguration }> {
  count += 1;
  const table = `source-${count}`;
  const fn = `sink-${count}`;
  await dynamodb.send(new CreateTableCommand({
    TableName: table, BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }], KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  }));
  await lambda.send(new sdk.CreateFunctionCommand({
    FunctionName: fn, Runtime: "nodejs22.x", Handler: "index.handler", Role: "arn:aws:iam::000000000000:role/r", Code: { ZipFile: await zip({ "index.js": code(body) }) },
    Environment: { Variables: { FOLDER: folder } }, Timeout: 30,
  }));
  await cloud.clock.advance(10_000);
  await before(table);
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table }));
  const mapping = await lambda.send(new sdk.CreateEventSourceMappingCommand({ FunctionName: fn, EventSourceArn: Table!.LatestStreamArn, StartingPosition: "TRIM_HORIZON", ...settings }));
  await cloud.platform.idle();
  return { table, fn, mapping };
}

test("a write reaches the function as AWS words it", async () => {
  const { table, mapping } = await connect("");
  expect(mapping).toMatchObject({
    BatchSize: 100, MaximumBatchingWindowInSeconds: 0, ParallelizationFactor: 1, MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1, BisectBatchOnFunctionError: false, TumblingWindowInSeconds: 0,
    StartingPosition: "TRIM_HORIZON", DestinationConfig: { OnFailure: {} }, FunctionResponseTypes: [], LastProcessingResult: "No records processed", State: "Creating", StateTransitionReason: "User action",
  });
  await put(table, "a", { colour: { S: "red" } });
  await dynamodb.send(new UpdateItemCommand({ TableName: table, Key: { id: { S: "a" } }, UpdateExpression: "SET colour = :c", ExpressionAttributeValues: { ":c": { S: "blue" } } }));
  await cloud.platform.idle();
  const records = events().flatMap(({ Records }) => Records);
  expect(records.map(({ eventName }) => eventName)).toEqual(["INSERT", "MODIFY"]);
  expect(records[0]).toMatchObject({ eventSource: "aws:dynamodb", awsRegion: "us-east-1", eventSourceARN: mapping.EventSourceArn, dynamodb: { Keys: { id: { S: "a" } }, NewImage: { id: { S: "a" }, colour: { S: "red" } }, StreamViewType: "NEW_AND_OLD_IMAGES" } });
  expect(records[0]!.dynamodb.ApproximateCreationDateTime).toBeLessThan(10_000_000_000);
  expect(await lambda.send(new sdk.GetEventSourceMappingCommand({ UUID: mapping.UUID }))).toMatchObject({ State: "Creating", LastProcessingResult: "OK" });
  await settle();
  expect(await lambda.send(new sdk.GetEventSourceMappingCommand({ UUID: mapping.UUID }))).toMatchObject({ State: "Enabled" });
});

test("what was written before is read from the horizon, or left out", async () => {
  const before = async (table: string): Promise<void> => void (await put(table, "old"));
  const horizon = await connect("", {}, before);
  await put(horizon.table, "new");
  await cloud.platform.idle();
  expect(batches().flat()).toEqual(["old", "new"]);
  writeFileSync(join(folder, "events"), "");
  const latest = await connect("", { StartingPosition: "LATEST" }, before);
  await put(latest.table, "new");
  await cloud.platform.idle();
  expect(batches().flat()).toEqual(["new"]);
});

test("a batch that fails blocks its shard, waits, and is tried again until it is given up", async () => {
  const { table, mapping } = await connect("if (ids(event).includes('bad')) throw new Error('no');", { BatchSize: 1, MaximumRetryAttempts: 2 });
  await put(table, "bad");
  await put(table, "good");
  await cloud.platform.idle();
  expect(batches().flat()).toEqual(["bad"]);
  await cloud.clock.advance(1000);
  await cloud.platform.idle();
  expect(batches().flat()).toEqual(["bad", "bad"]);
  await cloud.clock.advance(2000);
  await cloud.platform.idle();
  expect(batches().flat()).toEqual(["bad", "bad", "bad", "good"]);
  expect((await lambda.send(new sdk.GetEventSourceMappingCommand({ UUID: mapping.UUID }))).LastProcessingResult).toBe("OK");
});

test("a failing batch is split until the bad record stands alone", async () => {
  const { table, fn } = await connect("if (ids(event).includes('3')) throw new Error('no');", { BatchSize: 10, BisectBatchOnFunctionError: true, MaximumRetryAttempts: 0, Enabled: false });
  for (const id of ["1", "2", "3", "4"]) await put(table, id);
  await settle();
  const { EventSourceMappings } = await lambda.send(new sdk.ListEventSourceMappingsCommand({ FunctionName: fn }));
  await lambda.send(new sdk.UpdateEventSourceMappingCommand({ UUID: EventSourceMappings![0]!.UUID, Enabled: true }));
  for (let round = 0; round < 6; round += 1) await settle();
  expect(batches()).toEqual([["1", "2", "3", "4"], ["1", "2"], ["3", "4"], ["3"], ["4"]]);
});

test("a function may report the first record that failed", async () => {
  const { table, fn, mapping } = await connect("if (ids(event).includes('2') && !fs.existsSync(process.env.FOLDER + '/mended')) return { batchItemFailures: [{ itemIdentifier: event.Records.find((r) => r.dynamodb.Keys.id.S === '2').dynamodb.SequenceNumber }] };", { FunctionResponseTypes: ["ReportBatchItemFailures"], Enabled: false });
  expect(fn).toBeDefined();
  for (const id of ["1", "2", "3"]) await put(table, id);
  await settle();
  await lambda.send(new sdk.UpdateEventSourceMappingCommand({ UUID: mapping.UUID, Enabled: true }));
  await settle();
  writeFileSync(join(folder, "mended"), "");
  await cloud.clock.advance(2000);
  await cloud.platform.idle();
  expect(batches()).toEqual([["1", "2", "3"], ["2", "3"]]);
  expect(existsSync(join(folder, "mended"))).toBe(true);
});

test("filters keep records away; a batch window gathers them", async () => {
  const { table } = await connect("", { MaximumBatchingWindowInSeconds: 5, FilterCriteria: { Filters: [{ Pattern: JSON.stringify({ eventName: ["INSERT"], dynamodb: { NewImage: { kind: { S: ["wanted"] } } } }) }] } });
  await put(table, "a", { kind: { S: "wanted" } });
  await cloud.platform.idle();
  await put(table, "b", { kind: { S: "other" } });
  await put(table, "c", { kind: { S: "wanted" } });
  await cloud.platform.idle();
  expect(batches()).toEqual([]);
  await cloud.clock.advance(5000);
  await cloud.platform.idle();
  expect(batches()).toEqual([["a", "c"]]);
  const refused = lambda.send(new sdk.CreateEventSourceMappingCommand({ FunctionName: "sink-1", EventSourceArn: "arn:aws:dynamodb:us-east-1:000000000000:table/x/stream/y", StartingPosition: "LATEST", FilterCriteria: { Filters: [{ Pattern: "simple" }] } }));
  await expect(refused).rejects.toMatchObject({ name: "InvalidParameterValueException", message: "Invalid filter pattern definition." });
});

test("records of one key stay in order while others run beside them", async () => {
  const { table, mapping } = await connect("", { ParallelizationFactor: 4, BatchSize: 2, Enabled: false });
  for (let index = 0; index < 24; index += 1) await put(table, `k${index % 6}`, { n: { S: String(index) } });
  await settle();
  await lambda.send(new sdk.UpdateEventSourceMappingCommand({ UUID: mapping.UUID, Enabled: true }));
  await settle();
  const seen = events().flatMap(({ Records }) => Records).map(({ dynamodb: { Keys, NewImage } }) => [Keys.id.S, Number((NewImage as { n: { S: string } }).n.S)] as const);
  expect(seen).toHaveLength(24);
  for (let key = 0; key < 6; key += 1) expect(seen.filter(([id]) => id === `k${key}`).map(([, n]) => n)).toEqual([key, key + 6, key + 12, key + 18]);
});

test("a tumbling window carries state from batch to batch, and is closed", async () => {
  const { table } = await connect("return { state: { total: (event.state.total ?? 0) + event.Records.length } };", { TumblingWindowInSeconds: 30, BatchSize: 1 });
  await put(table, "a");
  await put(table, "b");
  await cloud.platform.idle();
  await cloud.clock.advance(31_000);
  await cloud.platform.idle();
  expect(events().map(({ Records, state, isFinalInvokeForWindow }) => [Records.length, state?.total ?? 0, isFinalInvokeForWindow])).toEqual([[1, 0, false], [1, 1, false], [0, 2, true]]);
  expect(events()[0]!.window).toEqual({ start: expect.stringMatching(/(00|30)\.000Z$/) as unknown, end: expect.any(String) as unknown });
});

test("a throttled function loses nothing", async () => {
  const { table, fn } = await connect("");
  await lambda.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName: fn, ReservedConcurrentExecutions: 0 }));
  await put(table, "a");
  await settle();
  expect(batches()).toEqual([]);
  await lambda.send(new sdk.DeleteFunctionConcurrencyCommand({ FunctionName: fn }));
  await cloud.clock.advance(60_000);
  await cloud.platform.idle();
  expect(batches()).toEqual([["a"]]);
});

test("a mapping's life: one for each pair, disabled, deleted", async () => {
  const { table, fn, mapping } = await connect("");
  await expect(lambda.send(new sdk.CreateEventSourceMappingCommand({ FunctionName: fn, EventSourceArn: mapping.EventSourceArn, StartingPosition: "LATEST" }))).rejects.toMatchObject({
    name: "ResourceConflictException", message: `The event source arn (" ${mapping.EventSourceArn} ") and function (" ${fn} ") provided mapping already exists. Please update or delete the existing mapping with UUID ${mapping.UUID}`,
  });
  await settle();
  expect(await lambda.send(new sdk.UpdateEventSourceMappingCommand({ UUID: mapping.UUID, Enabled: false }))).toMatchObject({ State: "Disabling" });
  await settle();
  await put(table, "a");
  await settle();
  expect(batches()).toEqual([]);
  expect(await lambda.send(new sdk.DeleteEventSourceMappingCommand({ UUID: mapping.UUID }))).toMatchObject({ State: "Deleting", UUID: mapping.UUID });
  await settle();
  await expect(lambda.send(new sdk.GetEventSourceMappingCommand({ UUID: mapping.UUID }))).rejects.toMatchObject({ name: "ResourceNotFoundException", message: "The resource you requested does not exist." });
  await expect(lambda.send(new sdk.CreateEventSourceMappingCommand({ FunctionName: "nobody", EventSourceArn: mapping.EventSourceArn, StartingPosition: "LATEST" }))).rejects.toMatchObject({ message: "Function does not exist" });
  await expect(lambda.send(new sdk.CreateEventSourceMappingCommand({ FunctionName: fn }))).rejects.toMatchObject({ message: "Unrecognized event source." });
});
