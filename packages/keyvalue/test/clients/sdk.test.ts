import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BatchGetItemCommand, BatchWriteItemCommand, ConditionalCheckFailedException, CreateTableCommand, DeleteTableCommand, DescribeTableCommand, DynamoDBClient,
  paginateQuery, paginateScan, PutItemCommand, QueryCommand, TransactionCanceledException, TransactGetItemsCommand, TransactWriteItemsCommand, UpdateItemCommand,
  UpdateTableCommand, waitUntilTableExists, waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

let platform: TestPlatform;
let client: DynamoDBClient;

beforeAll(async () => {
  platform = await testPlatform(services);
  client = new DynamoDBClient(platform.clientConfig());
});
afterAll(async () => {
  client.destroy();
  await platform.close();
});

async function table(name: string): Promise<string> {
  await client.send(new CreateTableCommand({
    TableName: name, BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }, { AttributeName: "sk", KeyType: "RANGE" }],
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }, { AttributeName: "sk", AttributeType: "N" }, { AttributeName: "g", AttributeType: "S" }],
    GlobalSecondaryIndexes: [{ IndexName: "by-g", KeySchema: [{ AttributeName: "g", KeyType: "HASH" }], Projection: { ProjectionType: "ALL" } }],
  }));
  return name;
}

describe("tables", () => {
  it("come and go under the eyes of waiters", async () => {
    const created = await client.send(new CreateTableCommand({
      TableName: "waited", KeySchema: [{ AttributeName: "id", KeyType: "HASH" }], AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    }));
    expect(created.TableDescription).toMatchObject({ TableStatus: "CREATING", TableArn: "arn:aws:dynamodb:us-east-1:000000000000:table/waited", ItemCount: 0, DeletionProtectionEnabled: false });
    await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName: "waited" });
    expect((await client.send(new DescribeTableCommand({ TableName: "waited" }))).Table).toMatchObject({
      TableStatus: "ACTIVE", TableId: created.TableDescription!.TableId, ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5, NumberOfDecreasesToday: 0 },
    });
    expect((await client.send(new DeleteTableCommand({ TableName: "waited" }))).TableDescription!.TableStatus).toBe("DELETING");
    await waitUntilTableNotExists({ client, maxWaitTime: 60 }, { TableName: "waited" });
  });

  it("are not seen from another account or region", async () => {
    await table("mine");
    for (const config of [platform.clientConfig("111111111111"), platform.clientConfig("000000000000", "eu-west-1")]) {
      const other = new DynamoDBClient(config);
      await expect(other.send(new DescribeTableCommand({ TableName: "mine" }))).rejects.toMatchObject({ name: "ResourceNotFoundException", message: "Requested resource not found: Table: mine not found" });
      other.destroy();
    }
  });

  it("get an index online, filled with what they hold", async () => {
    await client.send(new CreateTableCommand({ TableName: "online", BillingMode: "PAY_PER_REQUEST", KeySchema: [{ AttributeName: "id", KeyType: "HASH" }], AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }] }));
    for (let i = 0; i < 20; i++) {
      await client.send(new PutItemCommand({ TableName: "online", Item: { id: { S: `${i}` }, kind: i % 2 === 0 ? { S: "even" } : { N: "1" } } }));
    }
    await client.send(new UpdateTableCommand({
      TableName: "online", AttributeDefinitions: [{ AttributeName: "kind", AttributeType: "S" }],
      GlobalSecondaryIndexUpdates: [{ Create: { IndexName: "by-kind", KeySchema: [{ AttributeName: "kind", KeyType: "HASH" }], Projection: { ProjectionType: "KEYS_ONLY" } } }],
    }));
    const described = (await client.send(new DescribeTableCommand({ TableName: "online" }))).Table!;
    expect(described.GlobalSecondaryIndexes![0]).toMatchObject({ IndexName: "by-kind", IndexStatus: "ACTIVE", ItemCount: 10 });
    const found = await client.send(new QueryCommand({ TableName: "online", IndexName: "by-kind", KeyConditionExpression: "kind = :k", ExpressionAttributeValues: { ":k": { S: "even" } } }));
    // Items whose attribute is no string are not in the index, and do not stop it from being made.
    expect(found.Count).toBe(10);
    expect(found.Items!.every((item) => Object.keys(item).sort().join() === "id,kind")).toBe(true);
  });
});

describe("items", () => {
  it("keep every type through the document client", async () => {
    const name = await table("typed");
    const documents = DynamoDBDocumentClient.from(client);
    const item = {
      pk: "p", sk: 1, text: "é😀", empty: "", number: -1.5, yes: true, nothing: null, bytes: new Uint8Array([1, 2, 0, 255]), list: [1, "two", [3]], map: { a: { b: { c: 1 } } },
      strings: new Set(["a", "b"]), numbers: new Set([1, 2]), constructor: "odd name",
    };
    await documents.send(new PutCommand({ TableName: name, Item: item }));
    expect((await documents.send(new GetCommand({ TableName: name, Key: { pk: "p", sk: 1 } }))).Item).toEqual(item);
    const updated = await documents.send(new UpdateCommand({
      TableName: name, Key: { pk: "p", sk: 1 }, UpdateExpression: "SET #n = #n + :d, #m.a.b.d = :x REMOVE nothing ADD numbers :s", ReturnValues: "UPDATED_NEW",
      ExpressionAttributeNames: { "#n": "number", "#m": "map" }, ExpressionAttributeValues: { ":d": 2, ":x": "new", ":s": new Set([3]) },
    }));
    expect(updated.Attributes).toEqual({ number: 0.5, map: { a: { b: { d: "new" } } }, numbers: new Set([1, 2, 3]) });
    const deleted = await documents.send(new DeleteCommand({ TableName: name, Key: { pk: "p", sk: 1 }, ReturnValues: "ALL_OLD" }));
    expect(deleted.Attributes!["number"]).toBe(0.5);
    expect((await documents.send(new GetCommand({ TableName: name, Key: { pk: "p", sk: 1 } }))).Item).toBeUndefined();
  });

  it("answer a failed condition with the item when asked", async () => {
    const name = await table("conditional");
    const put = (value: string): PutItemCommand => new PutItemCommand({
      TableName: name, Item: { pk: { S: "p" }, sk: { N: "1" }, v: { S: value } }, ConditionExpression: "attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    await client.send(put("first"));
    const error = await client.send(put("second")).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConditionalCheckFailedException);
    expect(error).toMatchObject({ message: "The conditional request failed", Item: { v: { S: "first" } } });
  });

  it("lose no update among many at once", async () => {
    const name = await table("counted");
    await Promise.all(Array.from({ length: 100 }, () => client.send(new UpdateItemCommand({
      TableName: name, Key: { pk: { S: "p" }, sk: { N: "0" } }, UpdateExpression: "ADD n :one", ExpressionAttributeValues: { ":one": { N: "1" } },
    }))));
    const { Items } = await client.send(new QueryCommand({ TableName: name, KeyConditionExpression: "pk = :p", ExpressionAttributeValues: { ":p": { S: "p" } } }));
    expect(Items![0]!["n"]).toEqual({ N: "100" });
  });
});

describe("pages", () => {
  it("follow one another through paginators", async () => {
    const name = await table("paged");
    for (let batch = 0; batch < 4; batch++) {
      await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: Array.from({ length: 25 }, (_, i) => (
        { PutRequest: { Item: { pk: { S: `p${batch % 2}` }, sk: { N: String(batch * 25 + i) }, g: { S: "g" } } } })) } }));
    }
    const queried: number[] = [];
    for await (const page of paginateQuery({ client, pageSize: 7 }, { TableName: name, KeyConditionExpression: "pk = :p AND sk >= :s", ScanIndexForward: false, ExpressionAttributeValues: { ":p": { S: "p0" }, ":s": { N: "5" } } })) {
      queried.push(...page.Items!.map((item) => Number(item["sk"]!.N)));
    }
    expect(queried).toEqual([...Array.from({ length: 25 }, (_, i) => 74 - i), ...Array.from({ length: 20 }, (_, i) => 24 - i)]);
    for (const input of [{}, { IndexName: "by-g" }]) {
      let count = 0;
      for await (const page of paginateScan({ client, pageSize: 9 }, { TableName: name, ...input })) count += page.Count!;
      expect(count).toBe(100);
    }
    const segments = await Promise.all([0, 1, 2].map(async (Segment) => {
      const keys: string[] = [];
      for await (const page of paginateScan({ client, pageSize: 10 }, { TableName: name, Segment, TotalSegments: 3 })) keys.push(...page.Items!.map((item) => item["sk"]!.N!));
      return keys;
    }));
    expect(segments.flat().sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
  });

  it("get many keys at once", async () => {
    const name = await table("batched");
    await client.send(new PutItemCommand({ TableName: name, Item: { pk: { S: "a" }, sk: { N: "1" }, v: { S: "x" } } }));
    const answer = await client.send(new BatchGetItemCommand({ RequestItems: { [name]: { Keys: [{ pk: { S: "a" }, sk: { N: "1" } }, { pk: { S: "b" }, sk: { N: "1" } }], ProjectionExpression: "v" } } }));
    expect(answer.Responses).toEqual({ [name]: [{ v: { S: "x" } }] });
    expect(answer.UnprocessedKeys).toEqual({});
  });
});

describe("transactions", () => {
  it("write all or nothing, and say why in order", async () => {
    const name = await table("transacted");
    const put = (sk: number, condition?: string): object => ({ Put: { TableName: name, Item: { pk: { S: "p" }, sk: { N: String(sk) } }, ConditionExpression: condition } });
    await client.send(new TransactWriteItemsCommand({ TransactItems: [put(1), put(2)] as never }));
    const error = await client.send(new TransactWriteItemsCommand({ TransactItems: [put(3), put(1, "attribute_not_exists(pk)"), put(4)] as never })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransactionCanceledException);
    expect(error).toMatchObject({
      message: "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, None]",
      CancellationReasons: [{ Code: "None" }, { Code: "ConditionalCheckFailed", Message: "The conditional request failed" }, { Code: "None" }],
    });
    const { Responses } = await client.send(new TransactGetItemsCommand({ TransactItems: [1, 3].map((sk) => ({ Get: { TableName: name, Key: { pk: { S: "p" }, sk: { N: String(sk) } } } })) }));
    expect(Responses!.map(({ Item }) => Item !== undefined)).toEqual([true, false]);
  });

  it("do the same token once", async () => {
    const name = await table("tokened");
    const add = (by: string): TransactWriteItemsCommand => new TransactWriteItemsCommand({ ClientRequestToken: "once", TransactItems: [{ Update: {
      TableName: name, Key: { pk: { S: "p" }, sk: { N: "1" } }, UpdateExpression: "ADD n :d", ExpressionAttributeValues: { ":d": { N: by } } } }] });
    await client.send(add("1"));
    await client.send(add("1"));
    await expect(client.send(add("2"))).rejects.toMatchObject({ name: "IdempotentParameterMismatchException" });
    await platform.clock.advance(10 * 60_000 + 1);
    await client.send(add("1"));
    const { Items } = await client.send(new QueryCommand({ TableName: name, KeyConditionExpression: "pk = :p", ExpressionAttributeValues: { ":p": { S: "p" } } }));
    expect(Items![0]!["n"]).toEqual({ N: "2" });
  });
});
