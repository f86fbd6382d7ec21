import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

/** What a row of a table of faults says: an operation, its input, and `Code: message`. */
export type Fault = readonly [operation: string, input: object, fault: string];

/** What stands for `:v` and the like in expressions under test. */
const values: Readonly<Record<string, object>> = {
  ":v": { N: "1" }, ":w": { N: "2" }, ":s": { S: "x" }, ":t": { S: "y" }, ":e": { S: "" }, ":b": { BOOL: true }, ":nul": { NULL: true }, ":x": { B: "AAAA" },
  ":xe": { B: "" }, ":l": { L: [] }, ":m": { M: {} }, ":ss": { SS: ["x"] }, ":ns": { NS: ["1"] },
};

/** The placeholders of an expression, filled: `:v` from the list above, `#name` with `name`; `:nope` and `#z` stay undefined. */
export function placeholders(expression: string): { ExpressionAttributeValues?: object; ExpressionAttributeNames?: object } {
  const used = Object.entries(values).filter(([name]) => new RegExp(`${name}\\b`).test(expression));
  const names = [...expression.matchAll(/#\w+/g)].map(([name]) => [name, name.slice(1)] as const).filter(([name]) => name !== "#z");
  return {
    ...(used.length > 0 && { ExpressionAttributeValues: Object.fromEntries(used) }),
    ...(names.length > 0 && { ExpressionAttributeNames: Object.fromEntries(names) }),
  };
}

const key = (...names: string[]): object[] => names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? "HASH" : "RANGE" }));
const attributes = (types: Record<string, string>): object[] => Object.entries(types).map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType }));
const BillingMode = "PAY_PER_REQUEST";
const ProvisionedThroughput = { ReadCapacityUnits: 5, WriteCapacityUnits: 5 };

/** `plain` has a string key; `ranged` a number to sort by; `sparse` a global index; `indexed` a local and a global one; `provisioned` also a stream. */
const tables = [
  { TableName: "plain", BillingMode, KeySchema: key("a"), AttributeDefinitions: attributes({ a: "S" }) },
  { TableName: "ranged", BillingMode, KeySchema: key("a", "b"), AttributeDefinitions: attributes({ a: "S", b: "N" }) },
  {
    TableName: "sparse", BillingMode, KeySchema: key("a"), AttributeDefinitions: attributes({ a: "S", g: "S", h: "N" }),
    GlobalSecondaryIndexes: [{ IndexName: "gix", KeySchema: key("g", "h"), Projection: { ProjectionType: "ALL" } }],
  },
  {
    TableName: "indexed", BillingMode, KeySchema: key("a", "b"), AttributeDefinitions: attributes({ a: "S", b: "N", g: "S", h: "N" }),
    GlobalSecondaryIndexes: [{ IndexName: "gix", KeySchema: key("g"), Projection: { ProjectionType: "KEYS_ONLY" } }],
    LocalSecondaryIndexes: [{ IndexName: "lix", KeySchema: key("a", "h"), Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["p"] } }],
  },
  {
    TableName: "provisioned", KeySchema: key("a"), AttributeDefinitions: attributes({ a: "S", g: "S" }), ProvisionedThroughput,
    GlobalSecondaryIndexes: [{ IndexName: "gix", KeySchema: key("g"), Projection: { ProjectionType: "ALL" }, ProvisionedThroughput }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
  },
];

const item = { a: { S: "1" }, n: { N: "5" }, s: { S: "x" }, l: { L: [{ N: "1" }] }, m: { M: { x: { N: "1" } } }, ss: { SS: ["x"] } };

/** A platform with the tables above, spoken to without a client, which would judge requests before they are sent. */
export interface FaultTables extends AsyncDisposable {
  /** `Code: message` of the answer, or its text when nothing was wrong. */
  answer(operation: string, input: unknown): Promise<string>;
}

export async function faultTables(): Promise<FaultTables> {
  const started: TestPlatform = await testPlatform(services);
  const answer = async (operation: string, input: unknown): Promise<string> => {
    const response = await fetch(started.endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${operation}`,
        authorization: "AWS4-HMAC-SHA256 Credential=000000000000/20260102/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
      },
      body: typeof input === "string" ? input : JSON.stringify(input),
    });
    const text = await response.text();
    if (response.ok) return text;
    const { __type, message, Message } = JSON.parse(text) as { __type: string; message?: string; Message?: string };
    return `${__type.slice(__type.indexOf("#") + 1)}: ${message ?? Message ?? ""}`;
  };
  for (const table of tables) await answer("CreateTable", table);
  await answer("PutItem", { TableName: "plain", Item: item });
  return { answer, [Symbol.asyncDispose]: () => started.close() };
}
