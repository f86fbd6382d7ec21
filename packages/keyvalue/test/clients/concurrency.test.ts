import { afterAll, beforeAll, expect, it } from "vitest";
import { ConditionalCheckFailedException, CreateTableCommand, DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand, ScanCommand, TransactWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";
import { random } from "../support/random.ts";

/** Many clients at the same items: what one has read and another has changed since is never written over. */
const TableName = "shared";
const writers = 8;
let platform: TestPlatform;
let clients: DynamoDBDocumentClient[];

beforeAll(async () => {
  platform = await testPlatform(services);
  clients = Array.from({ length: writers }, () => DynamoDBDocumentClient.from(new DynamoDBClient(platform.clientConfig())));
  await clients[0]!.send(new CreateTableCommand({
    TableName, BillingMode: "PAY_PER_REQUEST", KeySchema: [{ AttributeName: "id", KeyType: "HASH" }], AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  }));
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await platform.close();
});

/** Tries until no other client came between. */
async function insist(attempt: () => Promise<void>): Promise<number> {
  for (let refusals = 0; ; refusals++) {
    try {
      await attempt();
      return refusals;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException || error instanceof TransactionCanceledException)) throw error;
    }
  }
}

it("loses no update that is guarded by a version", async () => {
  const rounds = 10;
  await clients[0]!.send(new PutCommand({ TableName, Item: { id: "versioned", version: 0, log: [] } }));
  const refusals = await Promise.all(clients.map(async (client, writer) => {
    let sum = 0;
    for (let round = 0; round < rounds; round++) {
      sum += await insist(async () => {
        const { Item } = await client.send(new GetCommand({ TableName, Key: { id: "versioned" }, ConsistentRead: true }));
        const { version, log } = Item as { version: number; log: string[] };
        await client.send(new PutCommand({
          TableName, Item: { id: "versioned", version: version + 1, log: [...log, `${writer}/${round}`] },
          ConditionExpression: "version = :v", ExpressionAttributeValues: { ":v": version },
        }));
      });
    }
    return sum;
  }));
  const { Item } = await clients[0]!.send(new GetCommand({ TableName, Key: { id: "versioned" } }));
  expect(Item!.version).toBe(writers * rounds);
  expect(new Set(Item!.log as string[]).size).toBe(writers * rounds);
  expect(refusals.reduce((a, b) => a + b)).toBeGreaterThan(0);
}, 60_000);

it("counts every increment, and grants a name once", async () => {
  await Promise.all(clients.map(async (client) => {
    for (let n = 0; n < 20; n++) await client.send(new UpdateCommand({ TableName, Key: { id: "counter" }, UpdateExpression: "ADD n :one", ExpressionAttributeValues: { ":one": 1 } }));
  }));
  expect((await clients[0]!.send(new GetCommand({ TableName, Key: { id: "counter" } }))).Item).toEqual({ id: "counter", n: writers * 20 });
  const granted = await Promise.allSettled(clients.map((client, writer) => client.send(new PutCommand({ TableName, Item: { id: "name", writer }, ConditionExpression: "attribute_not_exists(id)" }))));
  expect(granted.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

it("moves money in transactions, none of it lost or made", async () => {
  const accounts = Array.from({ length: 5 }, (_, i) => `account-${i}`);
  for (const id of accounts) await clients[0]!.send(new PutCommand({ TableName, Item: { id, balance: 100 } }));
  const next = random(3);
  await Promise.all(clients.map(async (client) => {
    for (let n = 0; n < 15; n++) {
      const from = Math.floor(next() * accounts.length);
      const to = (from + 1 + Math.floor(next() * (accounts.length - 1))) % accounts.length;
      const amount = 1 + Math.floor(next() * 40);
      const transfer = new TransactWriteCommand({
        TransactItems: [
          { Update: { TableName, Key: { id: accounts[from] }, UpdateExpression: "SET balance = balance - :a", ConditionExpression: "balance >= :a", ExpressionAttributeValues: { ":a": amount } } },
          { Update: { TableName, Key: { id: accounts[to] }, UpdateExpression: "SET balance = balance + :a", ExpressionAttributeValues: { ":a": amount } } },
        ],
      });
      await client.send(transfer).catch((error: unknown) => {
        if (!(error instanceof TransactionCanceledException)) throw error;
      });
    }
  }));
  const { Items } = await clients[0]!.send(new ScanCommand({ TableName, FilterExpression: "begins_with(id, :a)", ExpressionAttributeValues: { ":a": "account-" } }));
  const balances = Items!.map(({ balance }) => balance as number);
  expect(balances.reduce((a, b) => a + b)).toBe(500);
  expect(Math.min(...balances)).toBeGreaterThanOrEqual(0);
});
