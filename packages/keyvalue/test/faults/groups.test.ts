import { afterAll, beforeAll, expect, it } from "vitest";
import { faultTables } from "./support.ts";
import type { Fault, FaultTables } from "./support.ts";

let tables: FaultTables;
beforeAll(async () => {
  tables = await faultTables();
});
afterAll(() => tables[Symbol.asyncDispose]());

/** Transactions and batches. */
const faults: readonly Fault[] = [
  ["TransactWriteItems", { TransactItems: [] }, "ValidationException: 1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"],
  ["TransactWriteItems", { TransactItems: [{}] }, "ValidationException: Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"],
  ["TransactWriteItems", { TransactItems: [{ Put: { TableName: "plain", Item: { a: { S: "t1" } } }, Delete: { TableName: "plain", Key: { a: { S: "t1" } } } }] }, "ValidationException: TransactItems can only contain one of Check, Put, Update or Delete"],
  ["TransactWriteItems", { TransactItems: [{ Put: { TableName: "plain", Item: { a: { S: "t1" } } } }, { Put: { TableName: "plain", Item: { a: { S: "t1" } } } }] }, "ValidationException: Transaction request cannot include multiple operations on one item"],
  ["TransactWriteItems", { TransactItems: [{ Put: { TableName: "plain", Item: { a: { S: "t1" } } } }, { Delete: { TableName: "plain", Key: { a: { S: "t1" } } } }] }, "ValidationException: Transaction request cannot include multiple operations on one item"],
  ["TransactWriteItems", { TransactItems: [{ ConditionCheck: { TableName: "plain", Key: { a: { S: "t2" } } } }] }, "ValidationException: 1 validation error detected: Value null at 'transactItems.1.member.conditionCheck.conditionExpression' failed to satisfy constraint: Member must not be null"],
  ["TransactWriteItems", { TransactItems: [{ ConditionCheck: { TableName: "plain", Key: { a: { S: "t2" } }, ConditionExpression: "attribute_exists(a)" } }, { Put: { TableName: "plain", Item: { a: { S: "t1" } } } }] }, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None]"],
  ["TransactWriteItems", { TransactItems: [{ Update: { TableName: "plain", Key: { a: { S: "t2" } } } }] }, "ValidationException: 1 validation error detected: Value null at 'transactItems.1.member.update.updateExpression' failed to satisfy constraint: Member must not be null"],
  ["TransactWriteItems", { TransactItems: [{ Update: { TableName: "plain", Key: { a: { S: "t2" } }, UpdateExpression: "SET a = :v", ExpressionAttributeValues: { ":v": { S: "x" } } } }] }, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError]"],
  ["TransactWriteItems", { TransactItems: [{ Update: { TableName: "plain", Key: { a: { S: "t2" } }, UpdateExpression: "SET b = c" } }, { Put: { TableName: "plain", Item: { a: { S: "t1" } } } }] }, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError, None]"],
  ["TransactWriteItems", { TransactItems: [{ Put: { TableName: "plain", Item: { b: { S: "x" } } } }] }, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError]"],
  ["TransactWriteItems", { TransactItems: [{ Put: { TableName: "nope", Item: { b: { S: "x" } } } }] }, "ResourceNotFoundException: Requested resource not found"],
  ["TransactWriteItems", { TransactItems: [{ Put: { TableName: "plain", Item: { a: { N: "1" } } } }, { Put: { TableName: "plain", Item: { a: { S: "t1" } } } }] }, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError, None]"],
  ["TransactWriteItems", { TransactItems: [{ Delete: { TableName: "plain", Key: { b: { S: "1" } } } }] }, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError]"],
  ["TransactWriteItems", { TransactItems: [{ Delete: { TableName: "plain", Key: { a: { S: "" } } } }] }, "ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: a"],
  ["TransactWriteItems", { TransactItems: [{ Update: { TableName: "plain", Key: { a: { S: "t2" } }, UpdateExpression: "SET b = " } }, { Put: { TableName: "plain", Item: { a: { S: "t1" } } } }] }, 'ValidationException: Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "= "'],
  ["TransactWriteItems", { TransactItems: [{ Put: { TableName: "plain", Item: { a: { S: "t2" } }, ConditionExpression: "a=" } }, { Put: { TableName: "plain", Item: { a: { S: "t1" } } } }] }, 'ValidationException: Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "="'],
  ["TransactGetItems", { TransactItems: [{ Get: { TableName: "plain", Key: { b: { S: "x" } } } }, { Get: { TableName: "plain", Key: { a: { S: "t1" } } } }] }, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError, None]"],
  ["TransactGetItems", { TransactItems: [{ Get: { TableName: "plain", Key: { a: { S: "t1" } } } }, { Get: { TableName: "plain", Key: { a: { S: "t1" } } } }] }, "ValidationException: Transaction request cannot include multiple operations on one item"],
  ["TransactGetItems", { TransactItems: [] }, "ValidationException: 1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"],
  ["TransactGetItems", { TransactItems: [{}] }, "ValidationException: 1 validation error detected: Value null at 'transactItems.1.member.get' failed to satisfy constraint: Member must not be null"],
  ["BatchWriteItem", { RequestItems: {} }, "ValidationException: 1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1"],
  ["BatchWriteItem", { RequestItems: { plain: [] } }, "ValidationException: 1 validation error detected: Value '{plain=[]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"],
  ["BatchWriteItem", { RequestItems: { plain: [{}] } }, "ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"],
  ["BatchWriteItem", { RequestItems: { plain: [{ PutRequest: { Item: { a: { S: "1" } } }, DeleteRequest: { Key: { a: { S: "1" } } } }] } }, "ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"],
  ["BatchWriteItem", { RequestItems: { plain: [{ PutRequest: { Item: { a: { S: "1" } } } }, { DeleteRequest: { Key: { a: { S: "1" } } } }] } }, "ValidationException: Provided list of item keys contains duplicates"],
  ["BatchWriteItem", { RequestItems: { nope: [{ PutRequest: { Item: { a: { S: "1" } } } }] } }, "ResourceNotFoundException: Requested resource not found"],
  ["BatchGetItem", { RequestItems: {} }, "ValidationException: 1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1"],
  ["BatchGetItem", { RequestItems: { plain: { Keys: [] } } }, "ValidationException: 1 validation error detected: Value '[]' at 'requestItems.plain.member.keys' failed to satisfy constraint: Member must have length greater than or equal to 1"],
  ["BatchGetItem", { RequestItems: { plain: { Keys: [{ a: { S: "1" } }, { a: { S: "1" } }] } } }, "ValidationException: Provided list of item keys contains duplicates"],
];

it.each(faults)("%s refuses %j", async (operation, input, fault) => {
  expect(await tables.answer(operation, input)).toBe(fault);
});
