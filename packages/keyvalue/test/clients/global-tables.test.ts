import {
  CreateTableCommand, DeleteTableCommand, DescribeTableCommand, DescribeTimeToLiveCommand, DynamoDBClient, UpdateTableCommand, UpdateTimeToLiveCommand, waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand } from "@aws-sdk/client-dynamodb-streams";
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, ScanCommand, TransactWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";
import { random } from "../support/random.ts";

const TableName = "everywhere";
let started: TestPlatform;
const clients = new Map<string, DynamoDBDocumentClient>();

/** A client of a region. */
function at(region: string): DynamoDBDocumentClient {
  let client = clients.get(region);
  if (client === undefined) clients.set(region, client = DynamoDBDocumentClient.from(new DynamoDBClient(started.clientConfig("000000000000", region))));
  return client;
}

const [here, there, elsewhere] = ["us-east-1", "eu-west-1", "ap-southeast-2"] as const;

async function addReplica(region: string, from: string = here): Promise<void> {
  await at(from).send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: region } }] }));
  await waitUntilTableExists({ client: at(region), maxWaitTime: 5, minDelay: 0.01, maxDelay: 0.01 }, { TableName });
}

beforeEach(async () => {
  started = await testPlatform(services);
  await at(here).send(new CreateTableCommand({
    TableName, BillingMode: "PAY_PER_REQUEST", KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }, { AttributeName: "kind", AttributeType: "S" }],
    GlobalSecondaryIndexes: [{ IndexName: "by-kind", KeySchema: [{ AttributeName: "kind", KeyType: "HASH" }], Projection: { ProjectionType: "ALL" } }],
  }));
});
afterEach(async () => {
  for (const client of clients.values()) client.destroy();
  clients.clear();
  await started.close();
});

async function item(region: string, id: string): Promise<unknown> {
  return (await at(region).send(new GetCommand({ TableName, Key: { id } }))).Item;
}

describe("a global table", () => {
  it("is described by each member without itself", async () => {
    const { TableDescription: answer } = await at(here).send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: there } }] }));
    expect(answer).toMatchObject({ TableStatus: "UPDATING", GlobalTableVersion: "2019.11.21", Replicas: [], StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" } });
    const { Table: source } = await at(here).send(new DescribeTableCommand({ TableName }));
    const { Table: replica } = await at(there).send(new DescribeTableCommand({ TableName }));
    expect(source).toMatchObject({ TableStatus: "ACTIVE", Replicas: [{ RegionName: there, ReplicaStatus: "ACTIVE" }] });
    expect(replica).toMatchObject({
      TableStatus: "ACTIVE", TableArn: `arn:aws:dynamodb:${there}:000000000000:table/${TableName}`, Replicas: [{ RegionName: here, ReplicaStatus: "ACTIVE" }],
      GlobalSecondaryIndexes: [{ IndexName: "by-kind", IndexStatus: "ACTIVE" }], StreamSpecification: { StreamEnabled: true },
    });
    expect(replica!.TableId).not.toBe(source!.TableId);
    expect(replica!.LatestStreamArn).not.toBe(source!.LatestStreamArn);
  });

  it("gives a new member what is there, and every write after it, with indexes and streams", async () => {
    for (let i = 0; i < 30; i++) await at(here).send(new PutCommand({ TableName, Item: { id: `before-${i}`, kind: "old", i } }));
    await addReplica(there);
    expect((await at(there).send(new ScanCommand({ TableName, Select: "COUNT" }))).Count).toBe(30);
    await at(here).send(new PutCommand({ TableName, Item: { id: "a", kind: "new", n: 1 } }));
    await at(there).send(new PutCommand({ TableName, Item: { id: "b", kind: "new" } }));
    await at(here).send(new DeleteCommand({ TableName, Key: { id: "before-3" } }));
    await at(here).send(new TransactWriteCommand({ TransactItems: [{ Put: { TableName, Item: { id: "c" } } }, { Put: { TableName, Item: { id: "d", kind: "new" } } }] }));
    await started.platform.idle();
    expect(await item(there, "a")).toEqual({ id: "a", kind: "new", n: 1 });
    expect(await item(here, "b")).toEqual({ id: "b", kind: "new" });
    expect(await item(there, "before-3")).toBeUndefined();
    expect((await at(there).send(new QueryCommand({ TableName, IndexName: "by-kind", KeyConditionExpression: "kind = :k", ExpressionAttributeValues: { ":k": "new" } }))).Count).toBe(3);

    const streams = new DynamoDBStreamsClient(started.clientConfig("000000000000", there));
    const { Table } = await at(there).send(new DescribeTableCommand({ TableName }));
    const StreamArn = Table!.LatestStreamArn!;
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
    const { ShardIterator } = await streams.send(new GetShardIteratorCommand({ StreamArn, ShardId: StreamDescription!.Shards![0]!.ShardId!, ShardIteratorType: "TRIM_HORIZON" }));
    const { Records } = await streams.send(new GetRecordsCommand({ ShardIterator: ShardIterator! }));
    expect(Records!.filter(({ eventName }) => eventName === "REMOVE").map(({ dynamodb }) => dynamodb!.Keys!.id!.S)).toEqual(["before-3"]);
    expect(Records!.every(({ awsRegion }) => awsRegion === there)).toBe(true);
    streams.destroy();
  });

  it("grows from any member, and every member follows every other", async () => {
    await addReplica(there);
    await addReplica(elsewhere, there);
    const regions = async (region: string): Promise<(string | undefined)[]> => (await at(region).send(new DescribeTableCommand({ TableName }))).Table!.Replicas!.map(({ RegionName }) => RegionName);
    expect(await regions(here)).toEqual([there, elsewhere]);
    expect(await regions(there)).toEqual([here, elsewhere]);
    expect(await regions(elsewhere)).toEqual([there, here]);
    await at(elsewhere).send(new PutCommand({ TableName, Item: { id: "x" } }));
    await started.platform.idle();
    expect(await item(here, "x")).toEqual({ id: "x" });
    expect(await item(there, "x")).toEqual({ id: "x" });
  });

  it("comes to one state after writes to the same items everywhere", async () => {
    await addReplica(there);
    await addReplica(elsewhere);
    const next = random(7);
    const regions = [here, there, elsewhere];
    const writes = Array.from({ length: 120 }, (_, n) => {
      const region = regions[Math.floor(next() * 3)]!;
      const id = `item-${Math.floor(next() * 6)}`;
      if (next() < 0.2) return () => at(region).send(new DeleteCommand({ TableName, Key: { id } }));
      if (next() < 0.5) return () => at(region).send(new UpdateCommand({ TableName, Key: { id }, UpdateExpression: "ADD n :one SET w = :w", ExpressionAttributeValues: { ":one": 1, ":w": n } }));
      return () => at(region).send(new PutCommand({ TableName, Item: { id, region, n } }));
    });
    for (let i = 0; i < writes.length; i += 8) await Promise.all(writes.slice(i, i + 8).map((write) => write()));
    await started.platform.idle();
    const states = await Promise.all(regions.map(async (region) => (await at(region).send(new ScanCommand({ TableName }))).Items));
    expect(states[1]).toEqual(states[0]);
    expect(states[2]).toEqual(states[0]);
  });

  it("lets the later write stand, also against a deletion that arrives after it", async () => {
    await addReplica(there);
    await at(here).send(new PutCommand({ TableName, Item: { id: "a", v: 1 } }));
    await started.platform.idle();
    await started.clock.advance(10);
    await at(there).send(new DeleteCommand({ TableName, Key: { id: "a" } }));
    await at(here).send(new PutCommand({ TableName, Item: { id: "a", v: 2 } }));
    await started.clock.advance(10);
    await at(there).send(new PutCommand({ TableName, Item: { id: "a", v: 3 } }));
    await started.platform.idle();
    expect(await item(here, "a")).toEqual({ id: "a", v: 3 });
    expect(await item(there, "a")).toEqual({ id: "a", v: 3 });
  });

  it("shares time to live, indexes and billing, and keeps protection to each member", async () => {
    await addReplica(there);
    await at(there).send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { AttributeName: "until", Enabled: true } }));
    expect((await at(here).send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription).toEqual({ TimeToLiveStatus: "ENABLED", AttributeName: "until" });
    await at(here).send(new UpdateTableCommand({ TableName, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "by-kind" } }] }));
    await at(there).send(new PutCommand({ TableName, Item: { id: "a", size: "L" } }));
    await at(there).send(new UpdateTableCommand({
      TableName, AttributeDefinitions: [{ AttributeName: "size", AttributeType: "S" }],
      GlobalSecondaryIndexUpdates: [{ Create: { IndexName: "by-size", KeySchema: [{ AttributeName: "size", KeyType: "HASH" }], Projection: { ProjectionType: "KEYS_ONLY" } } }],
    }));
    await started.platform.idle();
    const { Table } = await at(here).send(new DescribeTableCommand({ TableName }));
    expect(Table!.GlobalSecondaryIndexes).toMatchObject([{ IndexName: "by-size", IndexStatus: "ACTIVE" }]);
    expect((await at(here).send(new QueryCommand({ TableName, IndexName: "by-size", KeyConditionExpression: "#size = :s", ExpressionAttributeNames: { "#size": "size" }, ExpressionAttributeValues: { ":s": "L" } }))).Count).toBe(1);
    await at(here).send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
    expect((await at(there).send(new DescribeTableCommand({ TableName }))).Table!.DeletionProtectionEnabled).toBe(false);
    await expect(at(here).send(new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: false } }))).rejects.toThrow("Disabling Stream is not allowed for a Global Table replica.");
  });

  it("shrinks leaf first, until its last member is a table of one region", async () => {
    await addReplica(there);
    await expect(at(here).send(new DeleteTableCommand({ TableName }))).rejects.toThrow("Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.");
    await expect(at(here).send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: there } }] }))).rejects.toThrow(
      `Failed to create a the new replica of table with name: ‘${TableName}’ because one or more replicas already existed as tables.`,
    );
    await at(there).send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
    const removal = new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Delete: { RegionName: there } }] });
    await expect(at(here).send(removal)).rejects.toThrow(`Cannot delete table ${TableName} in region ${there} because it has deletion protection enabled.`);
    await at(there).send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
    await at(here).send(removal);
    const { Table } = await at(here).send(new DescribeTableCommand({ TableName }));
    expect(Table).not.toHaveProperty("Replicas");
    expect(Table).not.toHaveProperty("GlobalTableVersion");
    await expect(at(there).send(new DescribeTableCommand({ TableName }))).rejects.toThrow("Requested resource not found");
    await at(here).send(new DeleteTableCommand({ TableName }));
  });
});
