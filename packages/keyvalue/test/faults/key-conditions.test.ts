import { afterAll, beforeAll, expect, it } from "vitest";
import { faultTables, placeholders } from "./support.ts";
import type { FaultTables } from "./support.ts";

let tables: FaultTables;
beforeAll(async () => {
  tables = await faultTables();
});
afterAll(() => tables[Symbol.asyncDispose]());

/** Key conditions of a table with a string to partition by and a number to sort by. */
const keyConditions: readonly (readonly [expression: string, fault: string])[] = [
  ["", "ValidationException: Invalid KeyConditionExpression: The expression can not be empty;"],
  ["a", 'ValidationException: Invalid KeyConditionExpression: Syntax error; token: "<EOF>", near: "a"'],
  ["a =", 'ValidationException: Invalid KeyConditionExpression: Syntax error; token: "<EOF>", near: "="'],
  ["a = :v", "ValidationException: One or more parameter values were invalid: Condition parameter type does not match schema type"],
  ["b = :v", "ValidationException: Query condition missed key schema element: a"],
  ["a = :s and b = :s", "ValidationException: One or more parameter values were invalid: Condition parameter type does not match schema type"],
  ["a = :s or b = :v", "ValidationException: Invalid operator used in KeyConditionExpression: OR"],
  ["not a = :s", "ValidationException: Invalid operator used in KeyConditionExpression: NOT"],
  ["a = :s and not b = :v", "ValidationException: Invalid operator used in KeyConditionExpression: NOT"],
  ["a = :s and b <> :v", "ValidationException: Invalid operator used in KeyConditionExpression: <>"],
  ["a = :s and b in (:v)", "ValidationException: Invalid operator used in KeyConditionExpression: IN"],
  ["a in (:s)", "ValidationException: Invalid operator used in KeyConditionExpression: IN"],
  ["a = :s and b between :w and :v", "ValidationException: Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}"],
  ["a = :s and :v between b and :w", "ValidationException: Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand"],
  ["a = :s and begins_with(b, :v)", "ValidationException: Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"],
  ["a = :s and begins_with(b, :s)", "ValidationException: One or more parameter values were invalid: Condition parameter type does not match schema type"],
  ["a = :s and begins_with(:s, b)", "ValidationException: Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first operand"],
  ["a = :s and contains(b, :v)", "ValidationException: Invalid operator used in KeyConditionExpression: contains"],
  ["a = :s and attribute_exists(b)", "ValidationException: Invalid operator used in KeyConditionExpression: attribute_exists"],
  ["a = :s and size(b) = :v", "ValidationException: KeyConditionExpressions cannot contain nested operations"],
  ["size(a) = :v", "ValidationException: KeyConditionExpressions cannot contain nested operations"],
  ["a = :s and a = :t", "ValidationException: KeyConditionExpressions must only contain one condition per key"],
  ["a = :s and b > :v and b < :w", "ValidationException: KeyConditionExpressions must only contain one condition per key"],
  ["a = :s and c = :v", "ValidationException: Query condition missed key schema element: b"],
  ["a = :s and b = :v and c = :w", "ValidationException: Conditions can be of length 1 or 2 only"],
  ["a = b", "ValidationException: Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"],
  ["a = a", "ValidationException: Invalid KeyConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]"],
  ["a = :s and b = a", "ValidationException: Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"],
  ["a.b = :s", "ValidationException: Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes"],
  ["a[0] = :s", "ValidationException: Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes"],
  ["a = :s and b[0] = :v", "ValidationException: Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes"],
  [":s = :s", "ValidationException: Invalid condition in KeyConditionExpression: No key attribute specified"],
  ["((a = :s)) and b = :v", "ValidationException: Invalid KeyConditionExpression: The expression has redundant parentheses;"],
  ["a = :s and b = :nope", "ValidationException: Invalid KeyConditionExpression: An expression attribute value used in expression is not defined; attribute value: :nope"],
  ["abort = :s", "ValidationException: Invalid KeyConditionExpression: Attribute name is a reserved keyword; reserved keyword: abort"],
  ["a = :s and b = :e", "ValidationException: One or more parameter values were invalid: Condition parameter type does not match schema type"],
  ["a = :e", "ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: a"],
  ["a = :s and attribute_type(b, :s)", "ValidationException: Invalid KeyConditionExpression: Invalid attribute type name found; type: x, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"],
  ["a = :s and b between :v and :s", "ValidationException: Invalid KeyConditionExpression: The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:x}"],
  ["a = :s and b = :l", "ValidationException: One or more parameter values were invalid: Condition parameter type does not match schema type"],
  ["a = :l", "ValidationException: One or more parameter values were invalid: Condition parameter type does not match schema type"],
  ["a = :s and foo(b)", "ValidationException: Invalid KeyConditionExpression: Invalid function name; function: foo"],
  ["a = :s and b = if_not_exists(b, :v)", "ValidationException: Invalid KeyConditionExpression: The function is not allowed in a condition expression; function: if_not_exists"],
  ["a = size(a)", "ValidationException: KeyConditionExpressions cannot contain nested operations"],
  ["a = :s and b = size(b)", "ValidationException: KeyConditionExpressions cannot contain nested operations"],
  ["a <> :s", "ValidationException: Invalid operator used in KeyConditionExpression: <>"],
  ["c = :s", "ValidationException: Query condition missed key schema element: a"],
  ["c = :s and d = :v", "ValidationException: Query condition missed key schema element: a"],
  ["a = :s and b between b and :v", "ValidationException: Invalid KeyConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: BETWEEN, first operand: [b]"],
  ["a = :s and begins_with(b,b)", "ValidationException: Invalid KeyConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: begins_with, first operand: [b]"],
  ["a = :s and begins_with(b,c)", "ValidationException: Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"],
  ["a = :s and begins_with(b)", "ValidationException: Invalid KeyConditionExpression: Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1"],
];

it.each(keyConditions)("refuses the key condition %j", async (expression, fault) => {
  expect(await tables.answer("Query", { TableName: "ranged", KeyConditionExpression: expression, ...placeholders(expression) })).toBe(fault);
});
