import { CloudWatchClient, GetMetricStatisticsCommand, ListMetricsCommand, type Dimension } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { defineDataPlane, defineService, defineStore } from "@cumulet/core";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { AwsError } from "@cumulet/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { services } from "../../src/index.ts";

/** A table that throttles every key but one, and a function that runs when it is fetched. */
const table = defineService({
  model: "dynamodb",
  store: defineStore({ name: "table", scope: "regional", migrations: [], open: () => ({}) }),
  operations: {
    GetItem: (_ctx, input) => {
      if (JSON.stringify(input.Key).includes("busy")) throw new AwsError("ProvisionedThroughputExceededException", "too much");
      return input.ReturnConsumedCapacity === undefined ? {} : { ConsumedCapacity: { CapacityUnits: 7 } };
    },
    PutItem: () => {
      throw new AwsError("ConditionalCheckFailedException", "The conditional request failed");
    },
  },
  dataPlanes: [defineDataPlane<object, null>({
    name: "cloudfront-viewer",
    claim: ({ path }) => (path === "/run" ? { account: "000000000000", region: "eu-west-1", match: null } : undefined),
    handle: (ctx, { response }) => {
      ctx.note("distribution", "E123");
      const span = ctx.trace.child("Invocation", { "lambda.function": "fn", "lambda.account": ctx.account, "lambda.region": ctx.region, "lambda.qualifier": "live" });
      span.end({ "lambda.duration_ms": 12, "lambda.failed": true });
      response.writeHead(404);
      response.end("no");
    },
  })],
});

let platform: TestPlatform;
let clients: { dynamodb: DynamoDBClient; logs: CloudWatchLogsClient };
const cloudwatch: { [region: string]: CloudWatchClient } = {};
beforeAll(async () => {
  platform = await testPlatform([...services, table]);
  clients = { dynamodb: new DynamoDBClient(platform.clientConfig()), logs: new CloudWatchLogsClient(platform.clientConfig()) };
  for (const region of ["us-east-1", "eu-west-1"]) cloudwatch[region] = new CloudWatchClient(platform.clientConfig("000000000000", region));
});
afterAll(async () => {
  for (const client of [...Object.values(clients), ...Object.values(cloudwatch)]) client.destroy();
  await platform.close();
});

async function sum(Namespace: string, MetricName: string, Dimensions: Dimension[], region = "us-east-1"): Promise<number | undefined> {
  const now = platform.clock.now();
  const { Datapoints } = await cloudwatch[region]!.send(new GetMetricStatisticsCommand({ Namespace, MetricName, Dimensions, StartTime: new Date(now - 3_600_000), EndTime: new Date(now + 60_000), Period: 3600, Statistics: ["Sum"] }));
  return Datapoints![0]?.Sum;
}

test("tables", async () => {
  const get = (id: string, more: object = {}) => clients.dynamodb.send(new GetItemCommand({ TableName: "t", Key: { id: { S: id } }, ...more }));
  await get("a");
  await get("a", { ConsistentRead: true });
  await get("a", { ReturnConsumedCapacity: "TOTAL" });
  await get("busy").catch(() => undefined);
  await clients.dynamodb.send(new PutItemCommand({ TableName: "t", Item: { id: { S: "a" } } })).catch(() => undefined);
  const [byTable, byOperation] = [[{ Name: "TableName", Value: "t" }], [{ Name: "TableName", Value: "t" }, { Name: "Operation", Value: "GetItem" }]];
  expect(await sum("AWS/DynamoDB", "ConsumedReadCapacityUnits", byTable)).toBe(0.5 + 1 + 7);
  expect(await sum("AWS/DynamoDB", "ThrottledRequests", byOperation)).toBe(1);
  expect(await sum("AWS/DynamoDB", "ConditionalCheckFailedRequests", byTable)).toBe(1);
  expect(await sum("AWS/DynamoDB", "SuccessfulRequestLatency", byOperation)).toBeGreaterThan(0);
});

test("functions, by their spans, and distributions, in their home region", async () => {
  await (await fetch(`${platform.endpoint}/run`)).text();
  const fn = { Name: "FunctionName", Value: "fn" };
  expect(await sum("AWS/Lambda", "Invocations", [fn], "eu-west-1")).toBe(1);
  expect(await sum("AWS/Lambda", "Errors", [], "eu-west-1")).toBe(1);
  expect(await sum("AWS/Lambda", "Duration", [fn, { Name: "Resource", Value: "fn:live" }], "eu-west-1")).toBe(12);
  expect(await sum("AWS/CloudFront", "Requests", [{ Name: "DistributionId", Value: "E123" }, { Name: "Region", Value: "Global" }])).toBe(1);
  expect(await sum("AWS/CloudFront", "4xxErrorRate", [{ Name: "DistributionId", Value: "E123" }, { Name: "Region", Value: "Global" }])).toBe(100);
});

test("log groups, and minutes are told apart", async () => {
  await clients.logs.send(new CreateLogGroupCommand({ logGroupName: "g" }));
  await clients.logs.send(new CreateLogStreamCommand({ logGroupName: "g", logStreamName: "s" }));
  for (let i = 0; i < 2; i += 1) {
    await clients.logs.send(new PutLogEventsCommand({ logGroupName: "g", logStreamName: "s", logEvents: [{ timestamp: platform.clock.now(), message: "1234" }] }));
    await platform.clock.advance(60_000);
  }
  const Dimensions = [{ Name: "LogGroupName", Value: "g" }];
  const now = platform.clock.now();
  const { Datapoints } = await cloudwatch["us-east-1"]!.send(new GetMetricStatisticsCommand({ Namespace: "AWS/Logs", MetricName: "IncomingBytes", Dimensions, StartTime: new Date(now - 600_000), EndTime: new Date(now + 60_000), Period: 60, Statistics: ["Sum"] }));
  expect(Datapoints!.map(({ Sum }) => Sum)).toEqual([30, 30]);
  expect((await cloudwatch["us-east-1"]!.send(new ListMetricsCommand({ Namespace: "AWS/Logs" }))).Metrics).toHaveLength(4);
});
