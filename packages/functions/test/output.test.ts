import { expect, test } from "vitest";
import { OutputSplitter } from "../src/executors/output.ts";

function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(16);
  head.writeUInt32BE(0xa55a0003, 0);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

/** Feeds bytes in pieces of every size: a pipe may cut anywhere. */
function split(bytes: Buffer, size: number): string[] {
  const seen: string[] = [];
  const splitter = new OutputSplitter((text) => seen.push(text));
  for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
  splitter.flush();
  return seen;
}

test.each([1, 2, 3, 7, 16, 17, 1000])("lines and frames come out whole, cut into pieces of %i bytes", (size) => {
  const bytes = Buffer.concat([Buffer.from("one\ntwö\n"), frame("a\nframe of\nlines"), Buffer.from("three\n"), frame("x"), frame("y\n"), Buffer.from("rest")]);
  expect(split(bytes, size)).toEqual(["one\n", "twö\n", "a\nframe of\nlines", "three\n", "x", "y\n", "rest"]);
});

test("a line without end is cut, and memory stays bounded", () => {
  const seen = split(Buffer.alloc(600_000, "x"), 65_536);
  expect(seen.join("").length).toBe(600_000);
  expect(Math.max(...seen.map((text) => text.length))).toBeLessThanOrEqual(262_118);
});

test("bytes that only look like a frame harm nobody", () => {
  const bogus = Buffer.concat([Buffer.from([0xa5, 0x5a, 0, 3, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(20, "z"), Buffer.from("\nafter\n")]);
  expect(split(bogus, 1000).at(-1)).toBe("after\n");
});
