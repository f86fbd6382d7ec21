import { expect, test } from "vitest";
import { merge } from "../src/merge.ts";

test("objects merge, null deletes, everything else replaces", () => {
  const base = { kept: 1, gone: 2, list: [1, 2], deep: { a: 1, b: 2 } };
  expect(merge(base, { gone: null, list: [3], deep: { b: 3, c: 4 }, fresh: {} })).toEqual({ kept: 1, list: [3], deep: { a: 1, b: 3, c: 4 }, fresh: {} });
  expect(base).toEqual({ kept: 1, gone: 2, list: [1, 2], deep: { a: 1, b: 2 } });
});

test("a comment is no data", () => {
  expect(merge({ a: 1 }, { "//": "why", "// more": "why" })).toEqual({ a: 1 });
});

test("deleting what is not there is a patch gone stale", () => {
  expect(() => merge({ a: 1 }, { b: null })).toThrow('deletes "b"');
});
