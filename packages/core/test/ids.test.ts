import { describe, expect, test } from "vitest";
import { RandomIds } from "../src/random-ids.ts";
import { SequentialIds } from "../src/sequential-ids.ts";

describe.each([
  ["RandomIds", () => new RandomIds()],
  ["SequentialIds", () => new SequentialIds()],
])("%s", (_name, make) => {
  test("makes version 4 UUIDs, each its own", () => {
    const ids = make();
    const seen = new Set(Array.from({ length: 5000 }, () => ids.uuid()));
    expect(seen.size).toBe(5000);
    for (const id of seen) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("makes tokens of the length and alphabet asked for, each its own", () => {
    const ids = make();
    expect(ids.token(10)).toMatch(/^[a-z0-9]{10}$/);
    expect(ids.token(40, "AB")).toMatch(/^[AB]{40}$/);
    expect(ids.token(0)).toBe("");
    expect(new Set(Array.from({ length: 3000 }, () => ids.token(12))).size).toBe(3000);
  });

  test("makes bytes that stay what they are", () => {
    const ids = make();
    const made = Array.from({ length: 3000 }, () => ids.bytes(16));
    expect(new Set(made.map((bytes) => bytes.toString("hex"))).size).toBe(3000);
    expect(ids.bytes(0)).toHaveLength(0);
    expect(ids.bytes(100_000)).toHaveLength(100_000);
  });

  test("makes numbers in [0, 1), spread", () => {
    const ids = make();
    const made = Array.from({ length: 2000 }, () => ids.random());
    for (const number of made) expect(number >= 0 && number < 1).toBe(true);
    expect(new Set(made.map((number) => Math.floor(number * 10))).size).toBe(10);
  });
});

test("SequentialIds are the same in every run", () => {
  const [one, two] = [new SequentialIds(), new SequentialIds()];
  expect([one.uuid(), one.token(8), one.bytes(4).toString("hex")]).toEqual([two.uuid(), two.token(8), two.bytes(4).toString("hex")]);
});

test("RandomIds use every character of the alphabet about equally often", () => {
  const counts = new Map<string, number>();
  // 36 does not divide 256: without care the first four characters come up 14 % more often.
  for (const character of new RandomIds().token(360_000)) counts.set(character, (counts.get(character) ?? 0) + 1);
  expect(counts.size).toBe(36);
  for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(700);
});
