import { afterEach, beforeEach, expect, it } from "vitest";
import { testContext } from "@cumulet/core/testing";
import type { DynamoDB } from "@cumulet/protocol/models/dynamodb.d.ts";
import { services } from "../../src/index.ts";

const [dynamodb] = services;
type Ctx = Awaited<ReturnType<typeof testContext<(typeof dynamodb) extends { store: { open(scope: never): infer S } } ? S : never>>>;

let ctx: Ctx;
beforeEach(async () => {
  ctx = (await testContext(dynamodb)) as Ctx;
  call("CreateTable", {
    TableName: "settings", BillingMode: "PAY_PER_REQUEST", KeySchema: [{ AttributeName: "id", KeyType: "HASH" }], AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  });
});
afterEach(async () => {
  await ctx[Symbol.asyncDispose]();
});

function call<Op extends keyof DynamoDB>(operation: Op, input: DynamoDB[Op]["input"]): DynamoDB[Op]["output"] {
  const handler = dynamodb.operations[operation] as (ctx: Ctx, input: DynamoDB[Op]["input"]) => DynamoDB[Op]["output"];
  return ctx.transaction(() => handler(ctx, input));
}

const arn = "arn:aws:dynamodb:us-east-1:000000000000:table/settings";
const policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });

it("keeps resource policies with revisions", () => {
  expect(() => call("GetResourcePolicy", { ResourceArn: arn })).toThrow(`Resource-based policy not found for the provided ResourceArn: ${arn}`);
  const { RevisionId } = call("PutResourcePolicy", { ResourceArn: arn, Policy: policy });
  expect(call("GetResourcePolicy", { ResourceArn: arn })).toEqual({ Policy: policy, RevisionId });
  expect(() => call("PutResourcePolicy", { ResourceArn: arn, Policy: policy, ExpectedRevisionId: "1" })).toThrow("Requested update for policy with revision id 1");
  expect(() => call("PutResourcePolicy", { ResourceArn: arn, Policy: "{" })).toThrow("Invalid policy document");
  expect(call("DeleteResourcePolicy", { ResourceArn: arn, ExpectedRevisionId: RevisionId! })).toEqual({ RevisionId });
  expect(call("DeleteResourcePolicy", { ResourceArn: arn })).toEqual({});
});

it("remembers contributor insights", () => {
  expect(call("DescribeContributorInsights", { TableName: "settings" })).toEqual({ TableName: "settings", ContributorInsightsStatus: "DISABLED" });
  expect(call("UpdateContributorInsights", { TableName: "settings", ContributorInsightsAction: "ENABLE" })).toMatchObject({ ContributorInsightsStatus: "ENABLING" });
  expect(call("DescribeContributorInsights", { TableName: "settings" })).toMatchObject({ ContributorInsightsStatus: "ENABLED", ContributorInsightsRuleList: [expect.stringContaining("DynamoDBContributorInsights-PKC-settings") as string, expect.anything() as string] });
  expect(call("ListContributorInsights", {}).ContributorInsightsSummaries).toMatchObject([{ TableName: "settings", ContributorInsightsStatus: "ENABLED" }]);
  expect(() => call("DescribeContributorInsights", { TableName: "settings", IndexName: "nope" })).toThrow("Requested resource not found");
});

it("remembers Kinesis destinations, in AWS's words", () => {
  const StreamArn = "arn:aws:kinesis:us-east-1:000000000000:stream/records";
  const TableName = "settings";
  expect(() => call("EnableKinesisStreamingDestination", { TableName: "bad-table", StreamArn })).toThrow("Requested resource not found: Table: bad-table not found");
  expect(call("EnableKinesisStreamingDestination", { TableName, StreamArn })).toEqual({ TableName, StreamArn, DestinationStatus: "ENABLING", EnableKinesisStreamingConfiguration: {} });
  expect(call("DescribeKinesisStreamingDestination", { TableName }).KinesisDataStreamDestinations).toEqual([{ StreamArn, DestinationStatus: "ACTIVE" }]);
  const update = (precision?: string, arnOf = StreamArn): object => call("UpdateKinesisStreamingDestination", {
    TableName, StreamArn: arnOf, ...(precision === undefined ? {} : { UpdateKinesisStreamingConfiguration: { ApproximateCreationDateTimePrecision: precision } }),
  });
  expect(update("MICROSECOND")).toMatchObject({ DestinationStatus: "UPDATING", UpdateKinesisStreamingConfiguration: { ApproximateCreationDateTimePrecision: "MICROSECOND" } });
  expect(() => update("MICROSECOND")).toThrow("Invalid Request: Precision is already set to the desired value of MICROSECOND for tableId: ");
  expect(() => update()).toThrow("Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain only null values");
  expect(() => update("MILLISECOND", `${StreamArn}-not`)).toThrow(`No streaming destination with streamArn: ${StreamArn}-not found for table with tableName: settings`);
  expect(call("DisableKinesisStreamingDestination", { TableName, StreamArn })).toMatchObject({ DestinationStatus: "DISABLING" });
});

it("describes limits and an endpoint of its own", () => {
  expect(call("DescribeLimits", {})).toEqual({ AccountMaxReadCapacityUnits: 80_000, AccountMaxWriteCapacityUnits: 80_000, TableMaxReadCapacityUnits: 40_000, TableMaxWriteCapacityUnits: 40_000 });
  expect(call("DescribeEndpoints", {}).Endpoints).toEqual([{ Address: new URL(ctx.endpoint).host, CachePeriodInMinutes: 1440 }]);
});

it("tags tables, fifty at most, and refuses what is no table", () => {
  const tag = (ResourceArn: string, ...keys: string[]): object => call("TagResource", { ResourceArn, Tags: keys.map((Key) => ({ Key, Value: "v" })) });
  tag(arn, "b", "a");
  expect(call("ListTagsOfResource", { ResourceArn: arn })).toEqual({ Tags: [{ Key: "a", Value: "v" }, { Key: "b", Value: "v" }] });
  call("UntagResource", { ResourceArn: arn, TagKeys: ["a", "never"] });
  expect(call("ListTagsOfResource", { ResourceArn: arn }).Tags).toHaveLength(1);
  tag(arn, ...Array.from({ length: 49 }, (_, i) => `k${i}`));
  expect(() => tag(arn, "one-more")).toThrow("Number of Tags exceed the current limit for the provided ResourceArn");
  expect(() => tag("abcd", "x")).toThrow("is not authorized to perform: dynamodb:TagResource on resource: abcd");
  expect(() => tag("a:b:c:d:e:f/g", "x")).toThrow("Invalid TableArn: Invalid ResourceArn provided as input a:b:c:d:e:f/g");
  expect(() => tag(`${arn}-not`, "x")).toThrow(`Requested resource not found: ResourceArn: ${arn}-not not found`);
  expect(() => tag(arn)).toThrow("Atleast one Tag needs to be provided as Input.");
});
