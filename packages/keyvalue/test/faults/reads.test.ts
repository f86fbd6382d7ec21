import { afterAll, beforeAll, expect, it } from "vitest";
import { faultTables } from "./support.ts";
import type { Fault, FaultTables } from "./support.ts";

let tables: FaultTables;
beforeAll(async () => {
  tables = await faultTables();
});
afterAll(() => tables[Symbol.asyncDispose]());

/** Queries and scans: cursors, segments, selections, indexes. */
const faults: readonly Fault[] = [
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, Limit: 0 }, "ValidationException: 1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :nope", ExpressionAttributeValues: { ":a": { S: "q" } }, FilterExpression: "c = " }, 'ValidationException: Invalid FilterExpression: Syntax error; token: "<EOF>", near: "= "'],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = ", ExpressionAttributeValues: { ":a": { S: "q" } }, FilterExpression: "c = :nope" }, "ValidationException: Invalid FilterExpression: An expression attribute value used in expression is not defined; attribute value: :nope"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, ProjectionExpression: "c,", FilterExpression: "c = :nope" }, "ValidationException: Invalid FilterExpression: An expression attribute value used in expression is not defined; attribute value: :nope"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, Select: "COUNT", ProjectionExpression: "c" }, "ValidationException: Cannot specify the ProjectionExpression when choosing to get only the Count"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, Select: "SPECIFIC_ATTRIBUTES" }, "ValidationException: 1 validation error detected: Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, Select: "ALL_PROJECTED_ATTRIBUTES" }, "ValidationException: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, Select: "ALL_ATTRIBUTES", ProjectionExpression: "c" }, "ValidationException: Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, ExclusiveStartKey: { a: { S: "q" } } }, "ValidationException: The provided starting key is invalid"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, ExclusiveStartKey: { a: { S: "q" }, b: { S: "1" } } }, "ValidationException: The provided starting key is invalid: The provided key element does not match the schema"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, ExclusiveStartKey: { a: { S: "z" }, b: { N: "1" } } }, "ValidationException: The provided starting key is outside query boundaries based on provided conditions"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, ExclusiveStartKey: { a: { S: "q" }, b: { N: "1" }, c: { N: "1" } } }, "ValidationException: The provided starting key is invalid"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, ExclusiveStartKey: {} }, "ValidationException: The provided starting key is invalid"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, ExclusiveStartKey: { a: {}, b: { N: "1" } } }, "ValidationException: The provided starting key is invalid: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, ExclusiveStartKey: { a: { S: "q" }, b: { N: "x" } } }, "ValidationException: The parameter cannot be converted to a numeric value: x"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, ExclusiveStartKey: { a: { S: "" }, b: { N: "1" } } }, "ValidationException: The provided starting key is invalid: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: a"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a and b > :b", ExpressionAttributeValues: { ":a": { S: "q" }, ":b": { N: "1" } }, ExclusiveStartKey: { a: { S: "q" }, b: { N: "0" } } }, "ValidationException: The provided starting key does not match the range key predicate"],
  ["Query", { TableName: "ranged", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, IndexName: "nope" }, "ValidationException: The table does not have the specified index: nope"],
  ["Query", { TableName: "nope", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } } }, "ResourceNotFoundException: Requested resource not found"],
  ["Query", { TableName: "sparse", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, IndexName: "gix" }, "ValidationException: Query condition missed key schema element: g"],
  ["Query", { TableName: "sparse", KeyConditionExpression: "g = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, IndexName: "gix", ExclusiveStartKey: { g: { S: "q" }, h: { N: "1" } } }, "ValidationException: The provided starting key is invalid"],
  ["Query", { TableName: "sparse", KeyConditionExpression: "g = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, IndexName: "gix", ExclusiveStartKey: { g: { S: "q" }, h: { N: "1" }, a: { N: "1" } } }, "ValidationException: The provided starting key is invalid: The provided key element does not match the schema"],
  ["Query", { TableName: "sparse", KeyConditionExpression: "g = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, IndexName: "gix", ExclusiveStartKey: { g: { S: "q" }, h: { S: "1" }, a: { S: "1" } } }, "ValidationException: The provided starting key is invalid: The provided key element does not match the schema"],
  ["Scan", { TableName: "ranged", Segment: 1 }, "ValidationException: The TotalSegments parameter is required but was not present in the request when Segment parameter is present"],
  ["Scan", { TableName: "ranged", TotalSegments: 2 }, "ValidationException: The Segment parameter is required but was not present in the request when parameter TotalSegments is present"],
  ["Scan", { TableName: "ranged", Segment: 2, TotalSegments: 2 }, "ValidationException: The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less than TotalSegments: 2"],
  ["Scan", { TableName: "ranged", Segment: -1, TotalSegments: 2 }, "ValidationException: 1 validation error detected: Value '-1' at 'segment' failed to satisfy constraint: Member must have value greater than or equal to 0"],
  ["Scan", { TableName: "ranged", Segment: 0, TotalSegments: 0 }, "ValidationException: 1 validation error detected: Value '0' at 'totalSegments' failed to satisfy constraint: Member must have value greater than or equal to 1"],
  ["Scan", { TableName: "ranged", Segment: 0, TotalSegments: 1000001 }, "ValidationException: 1 validation error detected: Value '1000001' at 'totalSegments' failed to satisfy constraint: Member must have value less than or equal to 1000000"],
  ["Scan", { TableName: "ranged", ExclusiveStartKey: { a: { S: "q" } } }, "ValidationException: The provided starting key is invalid: The provided key element does not match the schema"],
  ["Scan", { TableName: "ranged", ExclusiveStartKey: { a: { S: "q" }, b: { S: "1" } } }, "ValidationException: The provided starting key is invalid: The provided key element does not match the schema"],
  ["Scan", { TableName: "sparse", IndexName: "gix", ExclusiveStartKey: { g: { S: "q" } } }, "ValidationException: The provided starting key is invalid"],
  ["Scan", { TableName: "ranged", Select: "SPECIFIC_ATTRIBUTES" }, "ValidationException: Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"],
  ["Scan", { TableName: "ranged", Select: "ALL_PROJECTED_ATTRIBUTES" }, "ValidationException: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"],
  ["Scan", { TableName: "ranged", Select: "foo" }, "ValidationException: 1 validation error detected: Value 'foo' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"],
  ["Scan", { TableName: "ranged", Limit: 0 }, "ValidationException: 1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"],
  ["Query", { TableName: "indexed", KeyConditionExpression: "g = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, IndexName: "gix", ProjectionExpression: "z" }, "ValidationException: One or more parameter values were invalid: Global secondary index gix does not project [z]"],
  ["Query", { TableName: "indexed", KeyConditionExpression: "g = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, IndexName: "gix", ProjectionExpression: "z,p,g" }, "ValidationException: One or more parameter values were invalid: Global secondary index gix does not project [p, z]"],
  ["Query", { TableName: "indexed", KeyConditionExpression: "g = :a", ExpressionAttributeValues: { ":a": { S: "q" } }, IndexName: "gix", FilterExpression: "z = :a" }, "ValidationException: One or more parameter values were invalid: Secondary index gix does not project one or more filter attributes: [z]"],
  ["Query", { TableName: "indexed", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" }, ":z": { S: "z" } }, IndexName: "lix", FilterExpression: "z = :z", ReturnConsumedCapacity: "INDEXES" }, "ValidationException: One or more parameter values were invalid: Secondary index lix does not project one or more filter attributes: [z]"],
  ["Query", { TableName: "indexed", KeyConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": { S: "q" }, ":z": { N: "1" } }, IndexName: "lix", FilterExpression: "h = :z" }, "ValidationException: Filter Expression can only contain non-primary key attributes: Primary key attribute: h"],
  ["Scan", { TableName: "indexed", IndexName: "gix", ProjectionExpression: "z" }, "ValidationException: One or more parameter values were invalid: Global secondary index gix does not project [z]"],
];

it.each(faults)("%s refuses %j", async (operation, input, fault) => {
  expect(await tables.answer(operation, input)).toBe(fault);
});
