import { expect, test } from "vitest";
import { CreateTableCommand, DynamoDBClient, ScanCommand, TransactWriteItemsCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";

/** `kill -9` under a load of transactions: each is there whole or not at all, and an index holds what its table holds. */
const tables = ["orders", "stock"] as const;

function client(cloud: Cloud): DynamoDBClient {
  return new DynamoDBClient({ endpoint: cloud.endpoint, region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey: "test" }, maxAttempts: 1 });
}

async function all(dynamodb: DynamoDBClient, TableName: string, IndexName?: string): Promise<Record<string, AttributeValue>[]> {
  const items: Record<string, AttributeValue>[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await dynamodb.send(new ScanCommand({ TableName, IndexName, ExclusiveStartKey }));
    items.push(...page.Items!);
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return items;
}

test("a killed cloud splits no transaction and no index from its table", async () => {
  using folder = temporaryFolder();
  const acknowledged = new Set<string>();
  let n = 0;
  for (let life = 0; life < 3; life++) {
    const cloud = await startCloud(["--data", folder.path, "--no-example", "--log-level", "error"]);
    const dynamodb = client(cloud);
    if (life === 0) {
      for (const TableName of tables) {
        await dynamodb.send(new CreateTableCommand({
          TableName, BillingMode: "PAY_PER_REQUEST", KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
          AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }, { AttributeName: "kind", AttributeType: "S" }],
          GlobalSecondaryIndexes: [{ IndexName: "by-kind", KeySchema: [{ AttributeName: "kind", KeyType: "HASH" }, { AttributeName: "id", KeyType: "RANGE" }], Projection: { ProjectionType: "ALL" } }],
        }));
      }
    }
    const target = acknowledged.size + 150;
    const enough = Promise.withResolvers<void>();
    const writer = async (): Promise<void> => {
      for (;;) {
        const id = { S: `i-${n++}` };
        await dynamodb.send(new TransactWriteItemsCommand({
          TransactItems: tables.map((TableName, i) => ({ Put: { TableName, Item: { id, kind: { S: `k-${n % 5}` }, i: { N: String(i) } } } })),
        }));
        acknowledged.add(id.S);
        // Moves the entry of the index.
        await dynamodb.send(new UpdateItemCommand({ TableName: "orders", Key: { id }, UpdateExpression: "SET kind = :k", ExpressionAttributeValues: { ":k": { S: "moved" } } }));
        if (acknowledged.size >= target) enough.resolve();
      }
    };
    // The writers end when their connections break.
    const writers = Array.from({ length: 8 }, () => writer().catch(() => undefined));
    await enough.promise;
    await cloud.kill();
    await Promise.all(writers);
    dynamodb.destroy();
  }
  const cloud = await startCloud(["--data", folder.path, "--no-example", "--log-level", "error"]);
  const dynamodb = client(cloud);
  try {
    const [orders, stock] = await Promise.all(tables.map((name) => all(dynamodb, name)));
    const ids = (items: Record<string, AttributeValue>[]): string[] => items.map(({ id }) => id!.S!).sort();
    expect(ids(stock!)).toEqual(ids(orders!));
    const kept = new Set(ids(orders!));
    for (const id of acknowledged) expect(kept.has(id), id).toBe(true);
    for (const [i, items] of [orders!, stock!].entries()) {
      const entries = await all(dynamodb, tables[i]!, "by-kind");
      const sorted = (list: Record<string, AttributeValue>[]): Record<string, AttributeValue>[] => list.toSorted((a, b) => (a.id!.S! < b.id!.S! ? -1 : 1));
      expect(sorted(entries)).toEqual(sorted(items));
    }
  } finally {
    dynamodb.destroy();
    await cloud.kill();
  }
});
