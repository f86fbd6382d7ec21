import { DynamoDBClient, GetItemCommand, ListTablesCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AwsError } from "@cumulet/protocol";
import { defineService, defineStore, type Database, type Statement } from "../src/index.ts";
import { testPlatform, type TestPlatform } from "../src/testing.ts";

/** A service of three operations: enough to see every stage at work through a real client. */
interface Rows {
  db: Database;
  put: Statement<unknown, [string, string]>;
  get: Statement<{ item: string }, [string]>;
}
const store = defineStore<Rows>({
  name: "shelf",
  scope: "regional",
  migrations: ["CREATE TABLE items (id TEXT PRIMARY KEY, item TEXT NOT NULL) WITHOUT ROWID"],
  open: ({ db }) => ({
    db,
    put: db.prepare("INSERT OR REPLACE INTO items VALUES (?, ?)"),
    get: db.prepare("SELECT item FROM items WHERE id = ?"),
  }),
});
const service = defineService({
  model: "dynamodb",
  store,
  operations: {
    PutItem: (ctx, input) => {
      const id = (input.Item.id as { S: string }).S;
      ctx.store.put.run(id, JSON.stringify(input.Item));
      if (id === "refused") throw new AwsError("ResourceNotFoundException", "Requested resource not found");
      if (id === "broken") throw new TypeError("a fault of ours");
      return {};
    },
    GetItem: async (ctx, input) => {
      const row = ctx.store.get.get((input.Key.id as { S: string }).S);
      return row === undefined ? {} : { Item: JSON.parse(row.item) };
    },
  },
});

let cloud: TestPlatform;
let client: DynamoDBClient;
beforeAll(async () => {
  cloud = await testPlatform([service]);
  client = new DynamoDBClient(cloud.clientConfig());
});
afterAll(() => cloud.close());

const put = (id: string, of = client): Promise<unknown> => of.send(new PutItemCommand({ TableName: "any", Item: { id: { S: id }, n: { N: "1" } } }));
const get = async (id: string, of = client): Promise<unknown> => (await of.send(new GetItemCommand({ TableName: "any", Key: { id: { S: id } } }))).Item;

describe("a request over HTTP", () => {
  test("reaches its handler and comes back typed", async () => {
    await put("a");
    expect(await get("a")).toEqual({ id: { S: "a" }, n: { N: "1" } });
  });

  test("that fails leaves nothing behind", async () => {
    await expect(put("refused")).rejects.toMatchObject({ name: "ResourceNotFoundException", message: "Requested resource not found", $metadata: { httpStatusCode: 400 } });
    expect(await get("refused")).toBeUndefined();
  });

  test("that meets a fault of ours tells the client nothing of it", async () => {
    await expect(put("broken")).rejects.toMatchObject({ name: "InternalFailure", $metadata: { httpStatusCode: 500 } });
    await expect(put("broken")).rejects.not.toThrow(/fault of ours/);
    expect(await get("broken")).toBeUndefined();
  });

  test("is validated in AWS's words", async () => {
    await expect(client.send(new PutItemCommand({ TableName: "any", Item: undefined as unknown as Record<string, never> }))).rejects.toThrow(/failed to satisfy constraint: Member must not be null/);
  });

  test("for an operation that is not there says so by name", async () => {
    await expect(client.send(new ListTablesCommand({}))).rejects.toMatchObject({ name: "NotImplemented", message: expect.stringContaining("ListTables"), $metadata: { httpStatusCode: 501 } });
  });
});

test("accounts and regions do not see each other", async () => {
  const elsewhere = new DynamoDBClient(cloud.clientConfig("111111111111"));
  const abroad = new DynamoDBClient(cloud.clientConfig(undefined, "eu-west-1"));
  await put("mine");
  expect(await get("mine", elsewhere)).toBeUndefined();
  expect(await get("mine", abroad)).toBeUndefined();
  await put("theirs", elsewhere);
  expect(await get("theirs")).toBeUndefined();
});

describe("what is not ours", () => {
  const post = (headers: { [name: string]: string }, body = "{}"): Promise<Response> => fetch(cloud.endpoint, { method: "POST", headers, body });

  test("an unknown operation of a known service", async () => {
    const response = await post({ "x-amz-target": "DynamoDB_20120810.Nonsense", "content-type": "application/x-amz-json-1.0" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: expect.stringContaining("UnknownOperationException") });
  });

  test("an unknown service in JSON", async () => {
    const response = await post({ "x-amz-target": "Nonsense_20990101.Do", "content-type": "application/x-amz-json-1.1" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: expect.stringContaining("UnknownOperationException") });
  });

  test("an unknown service in the query protocol", async () => {
    const response = await post({ "content-type": "application/x-www-form-urlencoded" }, "Action=Nonsense&Version=1999-01-01");
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("<Code>InvalidAction</Code>");
  });

  test("a malformed body", async () => {
    const response = await post({ "x-amz-target": "DynamoDB_20120810.PutItem", "content-type": "application/x-amz-json-1.0" }, "{");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: expect.stringContaining("SerializationException") });
  });
});

describe("web pages", () => {
  const target = { "x-amz-target": "DynamoDB_20120810.GetItem", "content-type": "application/x-amz-json-1.0" };
  const body = JSON.stringify({ TableName: "any", Key: { id: { S: "a" } } });

  test("of other sites may not drive the cloud", async () => {
    const response = await fetch(cloud.endpoint, { method: "POST", headers: { ...target, origin: "https://evil.example" }, body });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain("CUMULET_EXTRA_CORS_ALLOWED_ORIGINS");
  });

  test("of this machine may", async () => {
    const origin = "http://localhost:3000";
    const preflight = await fetch(cloud.endpoint, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "x-amz-target" } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
    const response = await fetch(cloud.endpoint, { method: "POST", headers: { ...target, origin }, body });
    expect(response.status).toBe(200);
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
  });
});

describe("signatures, enforced", () => {
  test("a right one passes, a wrong one does not, and nobody's does not", async () => {
    await using strict = await testPlatform([service], { config: { signatures: "enforce" } });
    // Signed at test time: the platform's clock does not stand at the machine's.
    const config = { ...strict.clientConfig(), systemClockOffset: strict.clock.now() - Date.now() };
    await put("a", new DynamoDBClient(config));
    const wrong = new DynamoDBClient({ ...config, credentials: { accessKeyId: "000000000000", secretAccessKey: "wrong" } });
    await expect(put("b", wrong)).rejects.toMatchObject({ name: "InvalidSignatureException" });
    const response = await fetch(strict.endpoint, { method: "POST", headers: { "x-amz-target": "DynamoDB_20120810.GetItem", "content-type": "application/x-amz-json-1.0" }, body: "{}" });
    expect(await response.json()).toMatchObject({ __type: expect.stringContaining("MissingAuthenticationTokenException") });
  });
});

test("every request leaves a record, a metric and a trace", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  await fetch(cloud.endpoint, {
    method: "POST", headers: { "x-amz-target": "DynamoDB_20120810.GetItem", "content-type": "application/x-amz-json-1.0", traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: JSON.stringify({ TableName: "any", Key: { id: { S: "a" } } }),
  });
  const [record] = cloud.platform.runtime.recent.list(1);
  expect(record).toMatchObject({ service: "dynamodb", operation: "GetItem", status: 200, traceId, parentId: "b7ad6b7169203331", via: "http" });
  expect(cloud.platform.runtime.metrics.text()).toMatch(/cumulet_requests_total\{service="dynamodb",operation="GetItem",status="200"\} \d+/);
});

describe("faults", () => {
  const item = (header?: string): Promise<Response> =>
    fetch(cloud.endpoint, {
      method: "POST",
      headers: { "x-amz-target": "DynamoDB_20120810.GetItem", "content-type": "application/x-amz-json-1.0", ...(header === undefined ? {} : { "x-cumulet-fault": header }) },
      body: JSON.stringify({ TableName: "any", Key: { id: { S: "a" } } }),
    });

  test.each([
    ["dynamodb.GetItem=throttle", 400, "ProvisionedThroughputExceededException"],
    ["s3.*=throttle, dynamodb.*=InternalServerError", 500, "InternalServerError"],
    ["dynamodb.PutItem=throttle", 200, undefined],
    ["dynamodb.GetItem=throttle:0", 200, undefined],
    ["dynamodb.GetItem", 400, "ValidationException"],
  ])("asked for by one request: %s", async (header, status, code) => {
    const response = await item(header);
    expect(response.status).toBe(status);
    if (code !== undefined) expect(await response.json()).toMatchObject({ __type: expect.stringContaining(code) });
  });

  test("by rule, for every request, with a delay on platform time", async () => {
    const { faults } = cloud.platform.runtime;
    faults.push({ service: "dynamodb", operation: "GetItem", latencyMs: 5000, error: "InternalServerError" });
    try {
      let status: number | undefined;
      const answer = item().then((response) => (status = response.status));
      await expect.poll(() => cloud.clock.advance(1000).then(() => status), { timeout: 10_000 }).toBe(500);
      await answer;
    } finally {
      faults.length = 0;
    }
  });
});
