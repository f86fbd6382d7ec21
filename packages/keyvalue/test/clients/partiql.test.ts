import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  BatchExecuteStatementCommand, CreateTableCommand, DeleteTableCommand, DynamoDBClient, ExecuteStatementCommand, ExecuteTransactionCommand, PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
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

beforeEach(async () => {
  await client.send(new DeleteTableCommand({ TableName: "notes" })).catch(() => undefined);
  await client.send(new CreateTableCommand({
    TableName: "notes", BillingMode: "PAY_PER_REQUEST", KeySchema: [{ AttributeName: "a", KeyType: "HASH" }, { AttributeName: "b", KeyType: "RANGE" }],
    AttributeDefinitions: [{ AttributeName: "a", AttributeType: "S" }, { AttributeName: "b", AttributeType: "N" }, { AttributeName: "g", AttributeType: "S" }],
    GlobalSecondaryIndexes: [{ IndexName: "by-g", KeySchema: [{ AttributeName: "g", KeyType: "HASH" }], Projection: { ProjectionType: "KEYS_ONLY" } }],
  }));
  for (let i = 0; i < 4; i++) {
    await client.send(new PutItemCommand({ TableName: "notes", Item: {
      a: { S: "q" }, b: { N: String(i) }, g: { S: `g${i % 2}` }, c: { S: `c${i}` }, m: { M: { x: { N: String(i) }, l: { L: [{ N: "1" }, { S: "two" }] } } }, ss: { SS: ["x", "y"] },
    } }));
  }
});

const run = async (Statement: string, ...Parameters: AttributeValue[]): Promise<Record<string, AttributeValue>[]> => (
  (await client.send(new ExecuteStatementCommand({ Statement, ...(Parameters.length > 0 ? { Parameters } : {}) }))).Items!);
const numbers = async (where: string, ...parameters: AttributeValue[]): Promise<number[]> => (await run(`SELECT b FROM notes ${where}`, ...parameters)).map(({ b }) => Number(b!.N));

describe("SELECT", () => {
  it.each<[string, number[]]>([
    ["", [0, 1, 2, 3]], ["WHERE a='q' AND b=1", [1]], ["WHERE a='q' AND b>1 ORDER BY b DESC", [3, 2]], ["WHERE a='q' AND b BETWEEN 1 AND 2", [1, 2]],
    ["WHERE a IN ['q', 'z'] AND b < 2", [0, 1]], ["WHERE a='q' AND (b=1 OR b=2)", [1, 2]], ["WHERE begins_with(c, 'c1')", [1]], ["WHERE contains(ss, 'x') AND c <> 'c0'", [1, 2, 3]],
    ["WHERE nope <> 'x'", []], ["WHERE NOT nope = 'x'", [0, 1, 2, 3]], ["WHERE c IS MISSING", []], ["WHERE c IS NOT MISSING AND m.l[1] = 'two' AND m.x = 3", [3]],
    ["WHERE ss = <<'y', 'x'>> AND size(c) = 2 AND attribute_type(c, 'S')", [0, 1, 2, 3]], ["WHERE 1 = b", [1]], ["WHERE \"c\" = 'c2' -- a comment", [2]], ["WHERE a='q' AND a='z'", []],
  ])("%s", async (where, wanted) => {
    expect(await numbers(where)).toEqual(wanted);
  });

  it("names nested columns by their end", async () => {
    expect(await run("SELECT a, m.x, m.l[1] FROM notes WHERE a = ? AND b = ?", { S: "q" }, { N: "1" })).toEqual([{ a: { S: "q" }, x: { N: "1" }, "l[1]": { S: "two" } }]);
  });

  it("reads the index it names", async () => {
    expect(await run("SELECT * FROM notes.\"by-g\" WHERE g = 'g1' AND b > 1")).toEqual([{ a: { S: "q" }, b: { N: "3" }, g: { S: "g1" } }]);
  });

  it("goes on where a page ended, with its own token only", async () => {
    const first = await client.send(new ExecuteStatementCommand({ Statement: "SELECT b FROM notes", Limit: 3 }));
    expect(first.Items).toHaveLength(3);
    const rest = await client.send(new ExecuteStatementCommand({ Statement: "SELECT b FROM notes", NextToken: first.NextToken! }));
    expect([rest.Items!.length, rest.NextToken]).toEqual([1, undefined]);
    await expect(client.send(new ExecuteStatementCommand({ Statement: "SELECT a FROM notes", NextToken: first.NextToken! }))).rejects.toThrow("NextToken does not match request");
    await expect(client.send(new ExecuteStatementCommand({ Statement: "SELECT a FROM notes", NextToken: "x" }))).rejects.toThrow("Invalid NextToken");
  });
});

describe("writing", () => {
  it("inserts what is not there yet", async () => {
    await run("INSERT INTO notes VALUE {'a': 'n', 'b': 1, 'list': [1, 'z', {'k': true}], 'set': <<1, 2>>, 'nothing': null, 'p': ?}", { B: new Uint8Array([1, 2]) });
    expect(await run("SELECT * FROM notes WHERE a = 'n'")).toEqual([{
      a: { S: "n" }, b: { N: "1" }, list: { L: [{ N: "1" }, { S: "z" }, { M: { k: { BOOL: true } } }] }, set: { NS: ["1", "2"] }, nothing: { NULL: true }, p: { B: new Uint8Array([1, 2]) },
    }]);
    await expect(run("INSERT INTO notes VALUE {'a': 'n', 'b': 1}")).rejects.toMatchObject({ name: "DuplicateItemException", message: "Duplicate primary key exists in table" });
  });

  it.each<[string, object[]]>([
    ["SET c='new', d=1 WHERE a='q' AND b=1 RETURNING MODIFIED OLD *", [{ c: { S: "c1" } }]], ["SET m.x = m.x + 4 WHERE a='q' AND b=1 RETURNING MODIFIED NEW *", [{ m: { M: { x: { N: "5" } } } }]],
    ["SET m.l = list_append(m.l, [9]) REMOVE c WHERE a='q' AND b=1 RETURNING MODIFIED NEW *", [{ m: { M: { l: { L: [{ N: "1" }, { S: "two" }, { N: "9" }] } } } }]],
    ["SET ss = set_add(ss, <<'z'>>) WHERE a='q' AND b=1 RETURNING MODIFIED NEW *", [{ ss: { SS: ["x", "y", "z"] } }]],
    ["SET ss = set_delete(ss, <<'x'>>) WHERE a='q' AND b=1 RETURNING MODIFIED NEW *", [{ ss: { SS: ["y"] } }]], ["SET c='n' WHERE a='q' AND b=1 AND c='c1'", []],
  ])("updates: %s", async (rest, wanted) => {
    expect(await run(`UPDATE notes ${rest}`)).toEqual(wanted);
  });

  it("makes nothing by updating, and deletes what is not there in peace", async () => {
    await expect(run("UPDATE notes SET c='x' WHERE a='none' AND b=1")).rejects.toMatchObject({ name: "ConditionalCheckFailedException" });
    expect(await run("DELETE FROM notes WHERE a='none' AND b=1 AND c='x'")).toEqual([]);
    await expect(run("DELETE FROM notes WHERE a='q' AND b=1 AND c='x'")).rejects.toMatchObject({ name: "ConditionalCheckFailedException" });
    expect((await run("DELETE FROM notes WHERE a='q' AND b=1 RETURNING ALL OLD *"))[0]).toMatchObject({ c: { S: "c1" } });
  });
});

it.each<[string, string]>([
  ["SELECT", "Statement wasn't well formed, can't be processed: "], ["FOO", "Statement wasn't well formed, can't be processed: Expected data manipulation"],
  ["SELECT COUNT(*) FROM notes", "Unexpected path component at 1:8:5"], ["SELECT * FROM notes LIMIT 1", "Unsupported clause: LIMIT at 1:27:1"], ["SELECT a AS z FROM notes", "Aliasing is not supported"],
  ["SELECT a FROM notes n", "Aliasing is not supported"], ["SELECT a FROM notes, notes", "Only select from a single table or index is supported."], ["SELECT DISTINCT a FROM notes", "Unsupported token in expression: DISTINCT"],
  ["SELECT a, a FROM notes", "Duplicate identifiers in select clause: a"], ["SELECT * FROM notes.a.b", "A path may contain at most 2 components in the FROM clause"],
  ["SELECT * FROM ab", "Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', '-', '_', '.'."], ["SELECT * FROM notes.nope", "The table does not have the specified index: nope"],
  ["SELECT * FROM notes ORDER BY b", "Must have WHERE clause in the statement when using ORDER BY clause."], ["SELECT * FROM notes WHERE a='q' ORDER BY c", "Variable reference c in ORDER BY clause must be part of the primary key"],
  ["SELECT * FROM notes WHERE c LIKE 'x'", "Unsupported operator in Condition Expression. Operator: like"], ["SELECT * FROM notes WHERE foo(c)", "Unrecognized function: foo"],
  ["SELECT * FROM notes WHERE b < [1]", "Incorrect operand type for operator or function; operator or function: <, operand type: L"], ["SELECT * FROM notes WHERE c = ?", "Number of parameters in request and statement don't match."],
  ["SELECT c FROM notes.\"by-g\" WHERE g='x'", "One or more parameter values were invalid: Global secondary index by-g does not project [c]"], ["DROP TABLE notes", "Unsupported operation: DropTable"],
  ["INSERT INTO notes VALUE {'a':'n'}", "Key attribute should be present in the item: Key b"], ["INSERT INTO notes VALUE {'a':1,'b':1}", "Key attribute's data type should match its data type in table's schema: Key a"],
  ["INSERT INTO notes VALUE {'a':'n','a':'m','b':2}", "Duplicate keys in tuple. Key: a under root at 1:34:3"], ["INSERT INTO notes VALUE {'a':'n','b':2,'e':<<>>}", "Empty bags are not supported at 1:44:2"],
  ["INSERT INTO notes VALUE {'a':'q','b':1} RETURNING ALL OLD *", "RETURNING is not supported in INSERT"], ["UPDATE notes SET c='x' WHERE a='q'", "Where clause does not contain a mandatory equality on all key attributes"],
  ["UPDATE notes SET a='x' WHERE a='q' AND b=1", "One or more parameter values were invalid: Cannot update attribute a. This attribute is part of the key"],
  ["UPDATE notes.\"by-g\" SET c='x' WHERE a='q' AND b=1", "This operation is not supported on an index"],
  ["DELETE FROM notes WHERE a='q' AND b=1 RETURNING ALL NEW *", "Invalid returning clause: RETURNING ALL NEW *. Only RETURNING ALL OLD * is allowed in DELETE statements."],
  [`SELECT * FROM notes WHERE ${"(".repeat(300)}a='q'${")".repeat(300)}`, "Statement wasn't well formed, can't be processed: The statement is nested too deeply"],
])("refuses %s", async (statement, message) => {
  await expect(run(statement)).rejects.toMatchObject({ name: "ValidationException", message: expect.stringContaining(message) as string });
});

describe("several statements", () => {
  it("of a batch succeed and fail each by itself", async () => {
    const batch = async (...statements: string[]): Promise<unknown[]> => (await client.send(new BatchExecuteStatementCommand({ Statements: statements.map((Statement) => ({ Statement })) }))).Responses!;
    expect(await batch("INSERT INTO notes VALUE {'a':'q','b':1}", "INSERT INTO notes VALUE {'a':'new','b':1}", "UPDATE notes SET c='x' WHERE a='q' AND b=2 RETURNING MODIFIED OLD *", "SELEC")).toEqual([
      { Error: { Code: "DuplicateItem", Message: "Duplicate primary key exists in table" }, TableName: "notes" }, { TableName: "notes" }, { TableName: "notes", Item: { c: { S: "c2" } } },
      { Error: { Code: "ValidationError", Message: "Statement wasn't well formed, can't be processed: Expected data manipulation" } },
    ]);
    expect(await batch("SELECT b FROM notes WHERE a='q' AND b=3", "SELECT b FROM notes WHERE a='q'")).toMatchObject([{ Item: { b: { N: "3" } } }, { Error: { Code: "ValidationError" } }]);
    await expect(batch("SELECT b FROM notes WHERE a='q' AND b=3", "DELETE FROM notes WHERE a='q' AND b=2")).rejects.toThrow("Read and write requests together in the same batch is not supported.");
    await expect(batch("DELETE FROM notes WHERE a='q' AND b=2", "DELETE FROM notes WHERE a='q' AND b=2")).rejects.toThrow("Provided list of item keys contains duplicates");
  });

  it("of a transaction are done together, once a token", async () => {
    const transact = async (...statements: string[]): Promise<unknown> => (
      await client.send(new ExecuteTransactionCommand({ ClientRequestToken: statements.join().slice(0, 30), TransactStatements: statements.map((Statement) => ({ Statement })) }))).Responses;
    await transact("EXISTS(SELECT * FROM notes WHERE a='q' AND b=1 AND c='c1')", "UPDATE notes SET c='tx' WHERE a='q' AND b=2", "INSERT INTO notes VALUE {'a':'tx','b':1}");
    await transact("EXISTS(SELECT * FROM notes WHERE a='q' AND b=1 AND c='c1')", "UPDATE notes SET c='tx' WHERE a='q' AND b=2", "INSERT INTO notes VALUE {'a':'tx','b':1}");
    await expect(transact("INSERT INTO notes VALUE {'a':'tx','b':1}", "UPDATE notes SET c='late' WHERE a='q' AND b=2")).rejects.toMatchObject({
      name: "TransactionCanceledException", CancellationReasons: [{ Code: "DuplicateItem", Message: "Duplicate primary key exists in table" }, { Code: "None" }],
    });
    expect(await numbers("WHERE c = 'tx'")).toEqual([2]);
    expect(await transact("SELECT c FROM notes WHERE a='q' AND b=2", "SELECT c FROM notes WHERE a='gone' AND b=2")).toEqual([{ Item: { c: { S: "tx" } } }, {}]);
    await expect(transact("SELECT c FROM notes WHERE a='q' AND b=2", "DELETE FROM notes WHERE a='q' AND b=2")).rejects.toThrow("does not support both read and write operations");
  });
});
