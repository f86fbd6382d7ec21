import { afterAll, beforeAll, expect, it } from "vitest";
import { faultTables } from "./support.ts";
import type { Fault, FaultTables } from "./support.ts";

let tables: FaultTables;
beforeAll(async () => {
  tables = await faultTables();
});
afterAll(() => tables[Symbol.asyncDispose]());

/** Requests about one item whose members do not fit together. */
const faults: readonly Fault[] = [
  ["GetItem", { TableName: "plain", Key: { a: { S: "1" } }, ProjectionExpression: "#b, b", ExpressionAttributeNames: { "#b": "b" } }, "ValidationException: Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [b], path two: [b]"],
  ["Query", { TableName: "ranged", FilterExpression: "b = :v", ExpressionAttributeValues: { ":v": { N: "1" }, ":q": { S: "1" } }, KeyConditionExpression: "a = :q" }, "ValidationException: Filter Expression can only contain non-primary key attributes: Primary key attribute: b"],
  ["Query", { TableName: "ranged", FilterExpression: "a = :s", ExpressionAttributeValues: { ":s": { S: "x" }, ":q": { S: "1" } }, KeyConditionExpression: "a = :q" }, "ValidationException: Filter Expression can only contain non-primary key attributes: Primary key attribute: a"],
  ["Query", { TableName: "ranged", FilterExpression: "size(a) = :v", ExpressionAttributeValues: { ":v": { N: "1" }, ":q": { S: "1" } }, KeyConditionExpression: "a = :q" }, "ValidationException: Filter Expression can only contain non-primary key attributes: Primary key attribute: a"],
  ["Query", { TableName: "ranged", FilterExpression: "c = :v and b > :v", ExpressionAttributeValues: { ":v": { N: "1" }, ":q": { S: "1" } }, KeyConditionExpression: "a = :q" }, "ValidationException: Filter Expression can only contain non-primary key attributes: Primary key attribute: b"],
  ["Query", { TableName: "ranged", FilterExpression: "", KeyConditionExpression: "a = :q", ExpressionAttributeValues: { ":q": { S: "1" } } }, "ValidationException: Invalid FilterExpression: The expression can not be empty;"],
  ["Query", { TableName: "ranged", FilterExpression: "attribute_exists(a)", KeyConditionExpression: "a = :q", ExpressionAttributeValues: { ":q": { S: "1" } } }, "ValidationException: Filter Expression can only contain non-primary key attributes: Primary key attribute: a"],
  ["GetItem", { TableName: "plain", Key: {} }, "ValidationException: The provided key element does not match the schema"],
  ["GetItem", { TableName: "plain", Key: { a: { S: "x" }, b: { S: "x" } } }, "ValidationException: The provided key element does not match the schema"],
  ["GetItem", { TableName: "plain", Key: { b: { S: "x" } } }, "ValidationException: The provided key element does not match the schema"],
  ["GetItem", { TableName: "plain", Key: { a: { N: "1" } } }, "ValidationException: The provided key element does not match the schema"],
  ["GetItem", { TableName: "plain", Key: { a: { S: "" } } }, "ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: a"],
  ["GetItem", { TableName: "plain", Key: { a: { M: {} } } }, "ValidationException: The provided key element does not match the schema"],
  ["GetItem", { TableName: "plain", Key: { a: {} } }, "ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"],
  ["GetItem", { TableName: "nope", Key: { a: { S: "x" } } }, "ResourceNotFoundException: Requested resource not found"],
  ["GetItem", { TableName: "ab", Key: { a: { S: "x" } } }, "ResourceNotFoundException: Requested resource not found"],
  ["GetItem", { TableName: "a;b", Key: { a: { S: "x" } } }, "ValidationException: 1 validation error detected: Value 'a;b' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"],
  ["GetItem", { Key: { a: { S: "x" } } }, "ValidationException: 1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null"],
  ["GetItem", { TableName: "plain" }, "ValidationException: 1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null"],
  ["DeleteItem", { TableName: "plain", Key: { a: { S: "1" } }, ConditionExpression: "#z = :nope", ExpressionAttributeNames: { "#z": "z" } }, "ValidationException: Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :nope"],
  ["UpdateItem", { TableName: "sparse", Key: { a: { S: "1" } }, UpdateExpression: "SET g = :v", ExpressionAttributeValues: { ":v": { N: "1" } } }, "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: gix"],
  ["UpdateItem", { TableName: "sparse", Key: { a: { S: "1" } }, UpdateExpression: "SET g.x = :v", ExpressionAttributeValues: { ":v": { S: "x" } } }, "ValidationException: Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: g"],
  ["UpdateItem", { TableName: "sparse", Key: { a: { S: "1" } }, AttributeUpdates: { g: { Value: { N: "1" } } } }, "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: gix"],
  ["PutItem", { TableName: "sparse", Item: { a: { S: "1" }, g: { N: "1" } } }, "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: gix"],
];

it.each(faults)("%s refuses %j", async (operation, input, fault) => {
  expect(await tables.answer(operation, input)).toBe(fault);
});
