import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { expect, test } from "vitest";
import { defineService, defineStore, type Background } from "../src/index.ts";
import { testPlatform } from "../src/testing.ts";

const store = defineStore({
  name: "shelf",
  scope: "regional",
  migrations: ["CREATE TABLE items (id TEXT PRIMARY KEY) WITHOUT ROWID"],
  open: ({ db }) => ({
    put: db.prepare<unknown, [string]>("INSERT OR REPLACE INTO items VALUES (?)"),
    get: db.prepare<{ id: string }, [string]>("SELECT id FROM items WHERE id = ?"),
  }),
});
const idOf = (key: { [name: string]: unknown }): string => (key.id as { S: string }).S;

/** A service whose PutItem writes, then waits in the middle of its work. */
function slowService() {
  const written = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  let background: Background<ReturnType<typeof store.open>> | undefined;
  const service = defineService({
    model: "dynamodb",
    store,
    operations: {
      PutItem: async (ctx, input) => {
        ctx.store.put.run(idOf(input.Item));
        written.resolve();
        await finish.promise;
        ctx.store.put.run(`${idOf(input.Item)} again`);
        return {};
      },
      GetItem: (ctx, input) => {
        const row = ctx.store.get.get(idOf(input.Key));
        return row === undefined ? {} : { Item: { id: { S: row.id } } };
      },
    },
    background: (platform) => {
      background = platform;
      return { [Symbol.dispose]() {} };
    },
  });
  return { service, written, finish, background: () => background! };
}

const put = (client: DynamoDBClient, id: string): Promise<unknown> => client.send(new PutItemCommand({ TableName: "any", Item: { id: { S: id } } }));
const get = async (client: DynamoDBClient, id: string): Promise<unknown> => (await client.send(new GetItemCommand({ TableName: "any", Key: { id: { S: id } } }))).Item;

test("a request fails when a commit in the middle of it does", async () => {
  const { service, written, finish } = slowService();
  await using cloud = await testPlatform([service]);
  const client = new DynamoDBClient(cloud.clientConfig());
  const answer = expect(put(client, "a")).rejects.toMatchObject({ name: "ServiceUnavailable", $metadata: { httpStatusCode: 503 } });
  await written.promise;
  const { db } = cloud.platform.storage.open(store, "000000000000", "us-east-1");
  // What SQLite does by itself on an I/O error.
  db.native().exec("ROLLBACK");
  await expect(db.committed()).rejects.toThrow();
  finish.resolve();
  await answer;
  expect(await get(client, "a")).toBeUndefined();
});

test("a request whose state was reset meanwhile fails, and writes nothing to the new state", async () => {
  const { service, written, finish } = slowService();
  await using cloud = await testPlatform([service]);
  const client = new DynamoDBClient(cloud.clientConfig());
  const answer = expect(put(client, "a")).rejects.toMatchObject({ name: "ServiceUnavailable" });
  await written.promise;
  await cloud.platform.storage.reset();
  finish.resolve();
  await answer;
  expect(await get(client, "a")).toBeUndefined();
  expect(await get(client, "a again")).toBeUndefined();
});

test("background work goes on with the new state after a reset", async () => {
  const { service, background } = slowService();
  await using cloud = await testPlatform([service]);
  const client = new DynamoDBClient(cloud.clientConfig());
  const ctx = background().at("000000000000", "us-east-1");
  ctx.store.put.run("before");
  await cloud.platform.storage.reset();
  expect(ctx.store.get.get("before")).toBeUndefined();
  ctx.store.put.run("after");
  await ctx.committed();
  expect(await get(client, "after")).toEqual({ id: { S: "after" } });
});
