import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CreateTableCommand, DeleteItemCommand, DeleteTableCommand, DynamoDBClient, PutItemCommand, ScanCommand, UpdateItemCommand, UpdateTableCommand, UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import type { StreamViewType } from "@aws-sdk/client-dynamodb";
import { DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand, ListStreamsCommand } from "@aws-sdk/client-dynamodb-streams";
import type { ShardIteratorType, _Record } from "@aws-sdk/client-dynamodb-streams";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

let platform: TestPlatform;
let tables: DynamoDBClient;
let streams: DynamoDBStreamsClient;

beforeAll(async () => {
  platform = await testPlatform(services);
  tables = new DynamoDBClient(platform.clientConfig());
  streams = new DynamoDBStreamsClient(platform.clientConfig());
});
afterAll(async () => {
  tables.destroy();
  streams.destroy();
  await platform.close();
});

async function streamed(TableName: string, StreamViewType: StreamViewType = "NEW_AND_OLD_IMAGES"): Promise<string> {
  const { TableDescription } = await tables.send(new CreateTableCommand({
    TableName, BillingMode: "PAY_PER_REQUEST", KeySchema: [{ AttributeName: "id", KeyType: "HASH" }], AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    StreamSpecification: { StreamEnabled: true, StreamViewType },
  }));
  return TableDescription!.LatestStreamArn!;
}

async function iterator(StreamArn: string, ShardIteratorType: ShardIteratorType, more: object = {}): Promise<string> {
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const { ShardIterator } = await streams.send(new GetShardIteratorCommand({ StreamArn, ShardId: StreamDescription!.Shards!.at(-1)!.ShardId!, ShardIteratorType, ...more }));
  return ShardIterator!;
}

async function read(StreamArn: string): Promise<_Record[]> {
  return (await streams.send(new GetRecordsCommand({ ShardIterator: await iterator(StreamArn, "TRIM_HORIZON") }))).Records!;
}

describe("records", () => {
  it("tell what changed, and nothing of writes that change nothing", async () => {
    const arn = await streamed("changes");
    const key = { id: { S: "my-item-id" } };
    const update = (a: string, b: string): UpdateItemCommand => new UpdateItemCommand({
      TableName: "changes", Key: key, UpdateExpression: "SET attr1 = :a, attr2 = :b", ExpressionAttributeValues: { ":a": { S: a }, ":b": { S: b } },
    });
    await tables.send(update("value1", "value2"));
    await tables.send(update("value1", "value2"));
    await tables.send(update("value2", "value3"));
    await tables.send(new DeleteItemCommand({ TableName: "changes", Key: key }));
    await tables.send(new DeleteItemCommand({ TableName: "changes", Key: key }));
    const records = await read(arn);
    expect(records.map(({ eventName }) => eventName)).toEqual(["INSERT", "MODIFY", "REMOVE"]);
    expect(records[1]).toMatchObject({
      eventSource: "aws:dynamodb", eventVersion: "1.1", awsRegion: "us-east-1",
      dynamodb: {
        Keys: key, OldImage: { ...key, attr1: { S: "value1" }, attr2: { S: "value2" } }, NewImage: { ...key, attr1: { S: "value2" }, attr2: { S: "value3" } },
        StreamViewType: "NEW_AND_OLD_IMAGES",
      },
    });
    // Sizes as AWS answers them for these items.
    expect(records.map(({ dynamodb }) => dynamodb!.SizeBytes)).toEqual([46, 80, 46]);
    const numbers = records.map(({ dynamodb }) => dynamodb!.SequenceNumber!);
    expect(numbers).toEqual([...numbers].sort());
    expect(records[0]!.userIdentity).toBeUndefined();
  });

  it.each<[StreamViewType, string[]]>([["KEYS_ONLY", []], ["NEW_IMAGE", ["NewImage"]], ["OLD_IMAGE", ["OldImage"]], ["NEW_AND_OLD_IMAGES", ["NewImage", "OldImage"]]])("of view type %s hold their images", async (type, images) => {
    const arn = await streamed(`view-${type}`, type);
    for (const v of ["1", "2"]) await tables.send(new PutItemCommand({ TableName: `view-${type}`, Item: { id: { S: "x" }, v: { N: v } } }));
    const [, second] = await read(arn);
    expect(["NewImage", "OldImage"].filter((image) => image in second!.dynamodb! && second!.dynamodb![image as "NewImage"] !== undefined)).toEqual(images);
  });

  it("are read from every kind of place", async () => {
    const arn = await streamed("places");
    for (let i = 0; i < 5; i++) await tables.send(new PutItemCommand({ TableName: "places", Item: { id: { S: String(i) } } }));
    const latest = await iterator(arn, "LATEST");
    await tables.send(new PutItemCommand({ TableName: "places", Item: { id: { S: "late" } } }));
    const all = await read(arn);
    const ids = async (ShardIterator: string, Limit?: number): Promise<string[]> => (
      (await streams.send(new GetRecordsCommand({ ShardIterator, Limit }))).Records!.map(({ dynamodb }) => dynamodb!.Keys!["id"]!.S!));
    expect(await ids(latest)).toEqual(["late"]);
    const SequenceNumber = all[2]!.dynamodb!.SequenceNumber!;
    expect(await ids(await iterator(arn, "AT_SEQUENCE_NUMBER", { SequenceNumber }), 2)).toEqual(["2", "3"]);
    expect(await ids(await iterator(arn, "AFTER_SEQUENCE_NUMBER", { SequenceNumber }), 2)).toEqual(["3", "4"]);
  });

  it("go after 24 hours, and iterators after 15 minutes", async () => {
    const arn = await streamed("aged");
    await tables.send(new PutItemCommand({ TableName: "aged", Item: { id: { S: "old" } } }));
    const old = await iterator(arn, "TRIM_HORIZON");
    await platform.clock.advance(15 * 60_000 + 1);
    await expect(streams.send(new GetRecordsCommand({ ShardIterator: old }))).rejects.toMatchObject({ name: "ExpiredIteratorException", message: expect.stringContaining("Iterator expired.") as string });
    expect(await read(arn)).toHaveLength(1);
    await platform.clock.advance(24 * 3600_000);
    expect(await read(arn)).toHaveLength(0);
  });
});

describe("streams", () => {
  it("close when disabled, and stay readable to the end", async () => {
    const arn = await streamed("closed");
    await tables.send(new PutItemCommand({ TableName: "closed", Item: { id: { S: "1" } } }));
    const open = await iterator(arn, "TRIM_HORIZON");
    await tables.send(new UpdateTableCommand({ TableName: "closed", StreamSpecification: { StreamEnabled: false } }));
    await tables.send(new PutItemCommand({ TableName: "closed", Item: { id: { S: "2" } } }));
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: arn }));
    expect(StreamDescription).toMatchObject({ StreamStatus: "DISABLED", TableName: "closed" });
    expect(StreamDescription!.Shards![0]!.SequenceNumberRange!.EndingSequenceNumber).toBeDefined();
    const answer = await streams.send(new GetRecordsCommand({ ShardIterator: open }));
    expect(answer.Records).toHaveLength(1);
    expect(answer.NextShardIterator).toBeUndefined();
    const { TableDescription } = await tables.send(new UpdateTableCommand({ TableName: "closed", StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" } }));
    expect(TableDescription!.LatestStreamArn).not.toBe(arn);
    expect((await streams.send(new ListStreamsCommand({ TableName: "closed" }))).Streams).toHaveLength(2);
    await tables.send(new DeleteTableCommand({ TableName: "closed" }));
    expect((await streams.send(new DescribeStreamCommand({ StreamArn: arn }))).StreamDescription!.StreamStatus).toBe("DISABLED");
    await platform.clock.advance(24 * 3600_000 + 1);
    await expect(streams.send(new DescribeStreamCommand({ StreamArn: arn }))).rejects.toMatchObject({ name: "ResourceNotFoundException", message: `Requested resource not found: Stream: ${arn} not found` });
  });

  it("open a new shard every four hours, the old one its parent", async () => {
    const arn = await streamed("sharded");
    await tables.send(new PutItemCommand({ TableName: "sharded", Item: { id: { S: "1" } } }));
    const first = await iterator(arn, "TRIM_HORIZON");
    await platform.clock.advance(4 * 3600_000);
    await tables.send(new PutItemCommand({ TableName: "sharded", Item: { id: { S: "2" } } }));
    const { Shards } = (await streams.send(new DescribeStreamCommand({ StreamArn: arn }))).StreamDescription!;
    expect(Shards).toHaveLength(2);
    expect(Shards![1]!.ParentShardId).toBe(Shards![0]!.ShardId);
    await expect(streams.send(new GetRecordsCommand({ ShardIterator: first }))).rejects.toMatchObject({ name: "ExpiredIteratorException" });
    const again = await streams.send(new GetShardIteratorCommand({ StreamArn: arn, ShardId: Shards![0]!.ShardId!, ShardIteratorType: "TRIM_HORIZON" }));
    const answer = await streams.send(new GetRecordsCommand({ ShardIterator: again.ShardIterator! }));
    expect([answer.Records!.length, answer.NextShardIterator]).toEqual([1, undefined]);
  });
});

describe("time to live", () => {
  it("deletes within a second, and says in the stream who did", async () => {
    const arn = await streamed("expiring");
    await tables.send(new PutItemCommand({ TableName: "expiring", Item: { id: { S: "before" }, ttl: { N: String(Math.floor(platform.clock.now() / 1000) + 60) } } }));
    await tables.send(new UpdateTimeToLiveCommand({ TableName: "expiring", TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true } }));
    const at = Math.floor(platform.clock.now() / 1000) + 30;
    const put = (id: string, ttl: object): Promise<unknown> => tables.send(new PutItemCommand({ TableName: "expiring", Item: { id: { S: id }, ttl: ttl as { N: string } } }));
    await put("after", { N: String(at) });
    await put("text", { S: String(at) });
    await put("ancient", { N: String(at - 6 * 365 * 24 * 3600) });
    await put("kept", { N: String(at) });
    await put("kept", { N: String(at + 3600) });
    const ids = async (): Promise<string[]> => (await tables.send(new ScanCommand({ TableName: "expiring" }))).Items!.map(({ id }) => id!.S!).sort();
    await platform.clock.advance(29_000);
    expect(await ids()).toEqual(["after", "ancient", "before", "kept", "text"]);
    await platform.clock.advance(2_000);
    expect(await ids()).toEqual(["ancient", "before", "kept", "text"]);
    await platform.clock.advance(60_000);
    expect(await ids()).toEqual(["ancient", "kept", "text"]);
    const removed = (await read(arn)).filter(({ eventName }) => eventName === "REMOVE");
    expect(removed.map(({ dynamodb, userIdentity }) => [dynamodb!.Keys!["id"]!.S, userIdentity])).toEqual([
      ["after", { PrincipalId: "dynamodb.amazonaws.com", Type: "Service" }], ["before", { PrincipalId: "dynamodb.amazonaws.com", Type: "Service" }],
    ]);
  });
});
