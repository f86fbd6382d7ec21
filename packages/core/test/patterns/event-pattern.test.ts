import { expect, test } from "vitest";
import { compileEventPattern, PatternSyntaxError } from "../../src/patterns/event-pattern.ts";

const event = {
  source: "orders", count: 5, price: 1.5, active: true, nothing: null, tags: ["red", "blue"], empty: [], ip: "10.0.0.7", file: "dir/report.PNG",
  detail: { state: "open", items: [{ sku: "a", qty: 1 }, { sku: "b", qty: 9 }], deep: { x: { y: ["z"] } } },
};

const cases: [string, object, boolean][] = [
  ["an exact text", { source: ["orders", "other"] }, true],
  ["another text", { source: ["order"] }, false],
  ["a number", { count: [5] }, true],
  ["a number is no text", { count: ["5"] }, false],
  ["true", { active: [true] }, true],
  ["null", { nothing: [null] }, true],
  ["null is not missing", { missing: [null] }, false],
  ["all members must match", { source: ["orders"], count: [6] }, false],
  ["an element of an array", { tags: ["blue"] }, true],
  ["no element of an array", { tags: ["green"] }, false],
  ["nested", { detail: { state: ["open"] } }, true],
  ["an object in an array", { detail: { items: { sku: ["b"] } } }, true],
  ["members of one object in an array", { detail: { items: { sku: ["a"], qty: [9] } } }, false],
  ["deep", { detail: { deep: { x: { y: ["z"] } } } }, true],
  ["prefix", { source: [{ prefix: "ord" }] }, true],
  ["prefix of a missing member", { nope: [{ prefix: "" }] }, false],
  ["prefix without case", { source: [{ prefix: { "equals-ignore-case": "ORD" } }] }, true],
  ["suffix", { file: [{ suffix: ".PNG" }] }, true],
  ["suffix without case", { file: [{ suffix: { "equals-ignore-case": ".png" } }] }, true],
  ["equals without case", { source: [{ "equals-ignore-case": "ORDERS" }] }, true],
  ["wildcard", { file: [{ wildcard: "dir/*.PNG" }] }, true],
  ["wildcard in the middle", { file: [{ wildcard: "d*rep*P*" }] }, true],
  ["wildcard that overlaps", { source: [{ wildcard: "orde*ders" }] }, false],
  ["wildcard that misses", { file: [{ wildcard: "*.jpg" }] }, false],
  ["anything but", { source: [{ "anything-but": ["a", "b"] }] }, true],
  ["anything but itself", { source: [{ "anything-but": "orders" }] }, false],
  ["anything but, missing", { nope: [{ "anything-but": "x" }] }, false],
  ["anything but a number", { count: [{ "anything-but": [5] }] }, false],
  ["anything but a prefix", { source: [{ "anything-but": { prefix: "ord" } }] }, false],
  ["anything but prefixes", { source: [{ "anything-but": { prefix: ["x", "y"] } }] }, true],
  ["anything but a wildcard", { file: [{ "anything-but": { wildcard: "*.PNG" } }] }, false],
  ["equal number", { count: [{ numeric: ["=", 5] }] }, true],
  ["a range", { price: [{ numeric: [">", 1, "<=", 1.5] }] }, true],
  ["out of range", { price: [{ numeric: [">", 1.5] }] }, false],
  ["a text is no number", { source: [{ numeric: [">", 0] }] }, false],
  ["exists", { source: [{ exists: true }] }, true],
  ["exists not", { nope: [{ exists: false }] }, true],
  ["null exists", { nothing: [{ exists: true }] }, true],
  ["an object is no leaf", { detail: [{ exists: true }] }, false],
  ["exists not, below what is missing", { nope: { deeper: [{ exists: false }] } }, true],
  ["an empty array is not there", { empty: [{ exists: true }] }, false],
  ["cidr", { ip: [{ cidr: "10.0.0.0/24" }] }, true],
  ["another cidr", { ip: [{ cidr: "10.0.1.0/24" }] }, false],
  ["one of several rules", { count: [{ numeric: [">", 100] }, 5] }, true],
  ["$or", { $or: [{ source: ["x"] }, { count: [5] }] }, true],
  ["$or without luck", { $or: [{ source: ["x"] }, { count: [6] }] }, false],
  ["$or and more", { active: [true], $or: [{ source: ["x"] }, { count: [5] }] }, true],
  ["$or inside", { detail: { $or: [{ state: ["x"] }, { items: { qty: [{ numeric: [">", 8] }] } }] } }, true],
  ["nothing at all", {}, true],
];

test.each(cases)("%s", (_what, pattern, expected) => {
  expect(compileEventPattern(pattern)(event)).toBe(expected);
});

test.each([
  ["text", "x"], ["null", null], ["an array", []], ["a leaf that is no array", { a: "b" }], ["an empty array", { a: [] }], ["an empty object", { a: {} }], ["an unknown operator", { a: [{ like: "x" }] }],
  ["two operators in one", { a: [{ prefix: "x", suffix: "y" }] }], ["an odd range", { a: [{ numeric: [">"] }] }], ["an unknown comparison", { a: [{ numeric: ["!", 1] }] }], ["exists with a text", { a: [{ exists: "yes" }] }],
  ["a bad cidr", { a: [{ cidr: "10.0.0.0" }] }], ["a nested array", { a: [["b"]] }], ["two stars", { a: [{ wildcard: "a**" }] }], ["anything but a boolean", { a: [{ "anything-but": [true] }] }],
])("%s is no pattern", (_what, pattern) => {
  expect(() => compileEventPattern(pattern)).toThrow(PatternSyntaxError);
});

test("what is no object never matches a member", () => {
  for (const value of [undefined, null, 1, "text", [1]]) expect(compileEventPattern({ a: ["b"] })(value)).toBe(false);
});

test("a wildcard with many stars does not slow down", () => {
  const matches = compileEventPattern({ a: [{ wildcard: `${"a*".repeat(50)}b` }] });
  expect(matches({ a: "a".repeat(20_000) })).toBe(false);
});
