import { afterAll, beforeAll, expect, it } from "vitest";
import { faultTables, placeholders } from "./support.ts";
import type { FaultTables } from "./support.ts";

let tables: FaultTables;
beforeAll(async () => {
  tables = await faultTables();
});
afterAll(() => tables[Symbol.asyncDispose]());

/** Projections that do not parse, overlap, or reach into a key. */
const projections: readonly (readonly [expression: string, fault: string])[] = [
  ["", "ValidationException: Invalid ProjectionExpression: The expression can not be empty;"],
  ["b,", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ","'],
  ["b c", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "c", near: "b c"'],
  ["b,b", "ValidationException: Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [b], path two: [b]"],
  ["b, b.c", "ValidationException: Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [b], path two: [b, c]"],
  ["b.c, b", "ValidationException: Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [b, c], path two: [b]"],
  ["b[0], b[0].c", "ValidationException: Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [b, [0]], path two: [b, [0], c]"],
  ["b[0],b.c", "ValidationException: Invalid ProjectionExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [b, [0]], path two: [b, c]"],
  ["a.b", "ValidationException: Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: a"],
  ["a[0]", "ValidationException: Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: a"],
  ["abort", "ValidationException: Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: abort"],
  ["b.abort", "ValidationException: Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: abort"],
  [":v", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: ":v", near: ":v"'],
  ["b = :v", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "=", near: "b = :v"'],
  ["size(b)", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "(", near: "size(b"'],
  ["b[", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: "["'],
  ["b[a]", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "a", near: "[a]"'],
  ["b[1", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: "1"'],
  ["b.", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: "."'],
  ["1", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "1", near: "1"'],
  ["b,,c", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: ",", near: ",,c"'],
  ["  ", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: "  "'],
  ["(b)", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "(", near: "(b"'],
  ["b[-1]", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "-", near: "[-1"'],
  ["-", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "-", near: "-"'],
  ["*", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: "*", near: "*"'],
  ["b[1.5]", 'ValidationException: Invalid ProjectionExpression: Syntax error; token: ".", near: "1.5"'],
];

it.each(projections)("refuses the projection %j", async (expression, fault) => {
  expect(await tables.answer("GetItem", { TableName: "plain", Key: { a: { S: "1" } }, ProjectionExpression: expression, ...placeholders(expression) })).toBe(fault);
});
