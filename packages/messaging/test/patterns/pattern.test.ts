import { describe, expect, it } from "vitest";
import { compilePattern, PatternError, sourceOf } from "../../src/patterns/pattern.ts";
import { JsonError } from "../../src/patterns/json.ts";

const matches = (pattern: object, event: unknown) => compilePattern(JSON.stringify(pattern)).matches(event);

describe("patterns", () => {
  it.each<[string, object, object, boolean]>([
    ["one of several texts", { source: ["a", "b"] }, { source: "b" }, true],
    ["all fields", { source: ["a"], "detail-type": ["t"] }, { source: "a", "detail-type": "x" }, false],
    ["the case of keys", { Source: ["a"] }, { source: "a" }, false],
    ["nested fields", { detail: { state: { name: ["up"] } } }, { detail: { state: { name: "up", other: 1 } } }, true],
    ["a value of a list", { resources: ["r2"] }, { resources: ["r1", "r2"] }, true],
    ["objects in a list, one of which fits as a whole", { a: { b: [1], c: [2] } }, { a: [{ b: 1 }, { c: 2 }] }, false],
    ["null, which is not nothing", { detail: { x: [null] } }, { detail: { x: null } }, true],
    ["nothing, which is not null", { detail: { x: [null] } }, { detail: {} }, false],
    ["an empty list, which holds no null", { resources: [null] }, { resources: [] }, false],
    ["numbers by value", { detail: { n: [7] } }, { detail: { n: 7.0 } }, true],
    ["exists", { detail: { x: [{ exists: true }] } }, { detail: { x: null } }, true],
    ["exists, of a leaf only", { detail: { x: [{ exists: true }] } }, { detail: { x: { y: 1 } } }, false],
    ["exists false where the parent is not there", { detail: { x: { y: [{ exists: false }] } } }, { source: "a" }, true],
    ["exists false of an empty list", { resources: [{ exists: false }] }, { resources: [] }, true],
    ["exists true of an empty list", { resources: [{ exists: true }] }, { resources: [] }, false],
    ["prefix", { detail: { k: [{ prefix: "ab" }] } }, { detail: { k: "abc" } }, true],
    ["prefix without case", { detail: { k: [{ prefix: { "equals-ignore-case": "AB" } }] } }, { detail: { k: "abc" } }, true],
    ["suffix", { detail: { k: [{ suffix: ".png" }] } }, { detail: { k: "a.jpg" } }, false],
    ["equals-ignore-case", { k: [{ "equals-ignore-case": "ABC" }] }, { k: "aBc" }, true],
    ["anything-but", { k: [{ "anything-but": ["a", "b"] }] }, { k: "c" }, true],
    ["anything-but of what is not there", { k: [{ "anything-but": "a" }] }, {}, false],
    ["anything-but and null", { k: [{ "anything-but": ["a"] }] }, { k: null }, true],
    ["anything-but prefix and a number", { k: [{ "anything-but": { prefix: "a" } }] }, { k: 1 }, true],
    ["anything-but suffixes", { k: [{ "anything-but": { suffix: [".txt", ".md"] } }] }, { k: "a.md" }, false],
    ["anything-but wildcard", { k: [{ "anything-but": { wildcard: "*/dir/*" } }] }, { k: "/a/dir/b" }, false],
    ["numeric range", { n: [{ numeric: [">", 0, "<=", 5] }] }, { n: 5 }, true],
    ["numeric and a text", { n: [{ numeric: ["=", 5] }] }, { n: "5" }, false],
    ["cidr", { ip: [{ cidr: "10.0.0.0/24" }] }, { ip: "10.0.0.255" }, true],
    ["cidr, other version", { ip: [{ cidr: "10.0.0.0/24" }] }, { ip: "::1" }, false],
    ["cidr v6", { ip: [{ cidr: "2001:db8:1234:1a00::/64" }] }, { ip: "2001:0db8:1234:1a00:0000:0000:0000:0001" }, true],
    ["wildcards", { k: [{ wildcard: "a*b*c" }] }, { k: "aXbYbc" }, true],
    ["a wildcard's end", { k: [{ wildcard: "*.txt" }] }, { k: "a.txt.b" }, false],
    ["overlapping ends", { k: [{ wildcard: "aba*ba" }] }, { k: "aba" }, false],
    ["an escaped star", { k: [{ wildcard: "a\\*b" }] }, { k: "a*b" }, true],
    ["or", { source: ["s"], $or: [{ a: [1] }, { b: [{ numeric: [">", 5] }] }] }, { source: "s", b: 6 }, true],
    ["or, none", { source: ["s"], $or: [{ a: [1] }, { b: [2] }] }, { source: "s", a: 2, b: 1 }, false],
    ["a key of an object's prototype", { constructor: [{ exists: true }] }, {}, false],
  ])("%s", (_what, pattern, event, expected) => expect(matches(pattern, event)).toBe(expected));

  // Recorded from AWS, places included.
  it.each([
    ['{"resources": []}', "Empty arrays are not allowed", 17, 1],
    ['{"detail": {"state": [{"anything-but": {"equals-ignore-case": 123}}]}}', "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.", 66, 1],
    ['{"detail": {"state": [{"anything-but": ["stopped", null]}]}}', "Inside anything but list, start|null|boolean is not supported.", 56, 2],
    ['{"detail": {"state": [{"anything-but": null}]}}', "Value of anything-but must be an array or single string/number value.", 44, 1],
    ['{"detail": {"FileName": [{"anything-but": {"prefix": {"equals-ignore-case": "file"}}}]}}', "Value of anything-but must be an array or single string/number value.", 55, 1],
    ['{"detail": {"FileName": [{"anything-but": {"suffix": ""}}]}}', "Null prefix/suffix not allowed", 56, 1],
    ['{"detail": {"FileName": [{"anything-but": {"suffix": [null, ".txt"]}}]}}', "prefix/suffix match pattern must be a string", 59, 2],
    ['{"detail-type": [{"equals-ignore-case": ["ec2 instance state-change notification"]}]}', "equals-ignore-case match pattern must be a string", 42, 1],
    ['{"detail": {"equal": [{"NUMERIC": ["=", 5]}]}}', "Unrecognized match type NUMERIC", 36, 1],
    ['{"time": [{"prefix": 123}]}', "prefix match pattern must be a string", 25, 1],
    ['["not", "a", "dict", "but valid json"]', "Filter is not an object", 2, 1],
    ['{"key":{"not-an-operator":"value"}}', '"not-an-operator" must be an object or an array', 28, 1],
    ['{"key":[{"exists":"no"}]}', "exists match pattern must be either true or false.", 20, 1],
  ])("refuses %s", (text, message, column, times) => {
    const error = thrown(() => compilePattern(text)) as PatternError;
    expect([error.message, error.place?.column, error.times]).toEqual([message, column, times]);
  });

  it.each([
    ["xx.11.xx/8", "Nonstandard IP address: xx.11.xx"], ["10.0.0.0", "Malformed CIDR, one '/' required"], ["10.0.0.0/x", "Malformed CIDR, mask bits must be an integer"],
  ])("refuses the range %s", (cidr, message) => expect(() => matches({ ip: [{ cidr }] }, {})).toThrow(message));

  // Recorded from AWS.
  it.each([
    ["this is valid json but not a dict", "Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", 5],
    ['{"not": closed mark"', "Unrecognized token 'closed': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", 15],
    ["{'bad': 'quotation'}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", 2],
  ])("refuses %s", (text, message, column) => {
    const error = thrown(() => compilePattern(text)) as JsonError;
    expect(error).toBeInstanceOf(JsonError);
    expect([error.message, error.place.column]).toEqual([message, column]);
  });

  it("words a place", () => expect(sourceOf('{"a":[]}', { line: 1, column: 8 })).toBe('\n at [Source: (String)"{"a":[]}"; line: 1, column: 8]'));
});

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
}
