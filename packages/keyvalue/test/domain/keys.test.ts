import { describe, expect, it } from "vitest";
import type { AttributeValue } from "../../src/domain/attribute-values.ts";
import { compareValues } from "../../src/domain/compare.ts";
import { after, encodeKey, encodePart, encodePrefix, segmentBounds, successor } from "../../src/domain/keys.ts";
import type { KeyType } from "../../src/domain/keys.ts";
import { canonicalNumber } from "../../src/domain/numbers.ts";
import { random } from "../support/random.ts";

/** Values of one key type, the awkward ones among them. */
function values(type: KeyType, count: number, seed: number): AttributeValue[] {
  const next = random(seed);
  return Array.from({ length: count }, () => {
    if (type === "N") {
      const digits = Array.from({ length: 1 + Math.floor(next() * 37) }, () => Math.floor(next() * 10)).join("");
      return { N: canonicalNumber(`${next() < 0.5 ? "-" : ""}${digits}e${Math.floor(next() * 160) - 128}`) };
    }
    const length = Math.floor(next() * 6);
    if (type === "B") return { B: Buffer.from(Array.from({ length }, () => [0, 1, 127, 254, 255][Math.floor(next() * 5)]!)).toString("base64") };
    return { S: Array.from({ length }, () => ["\0", "a", "b", "é", "\uffff", "😀", "z"][Math.floor(next() * 7)]!).join("") };
  });
}

describe.each<KeyType>(["S", "N", "B"])("parts of type %s", (type) => {
  it("order as DynamoDB orders, whatever follows them", () => {
    const all = values(type, 60, 7);
    const tail = encodePart({ S: "tail" }, "S");
    for (const a of all) {
      for (const b of all) {
        const wanted = Math.sign(compareValues(a, b)!);
        const left = Buffer.concat([encodePart(a, type), tail]);
        const right = Buffer.concat([encodePart(b, type), tail]);
        expect(Math.sign(left.compare(right)), `${JSON.stringify(a)} and ${JSON.stringify(b)}`).toBe(wanted);
      }
    }
  });
});

describe("encodePrefix", () => {
  it.each<"S" | "B">(["S", "B"])("bounds exactly what begins with a %s", (type) => {
    const all = values(type, 50, 11);
    const lead = Buffer.from([1]);
    const bytes = (value: AttributeValue): Buffer => (value.S === undefined ? Buffer.from(value.B!, "base64") : Buffer.from(value.S));
    for (const prefix of all) {
      // Something always stands before a sort key.
      const from = Buffer.concat([lead, encodePrefix(prefix, type)]);
      const to = successor(from);
      for (const value of all) {
        const key = Buffer.concat([lead, encodePart(value, type)]);
        const inside = key.compare(from) >= 0 && key.compare(to) < 0;
        expect(inside, `${JSON.stringify(value)} begins with ${JSON.stringify(prefix)}`).toBe(bytes(value).subarray(0, bytes(prefix).length).equals(bytes(prefix)));
      }
    }
  });
});

describe("encodeKey", () => {
  const schema = { hash: [{ name: "p", type: "S" as const }], range: [{ name: "s", type: "S" as const }] };

  it("does not confuse parts that run into each other", () => {
    const keys = [["a", "bc"], ["ab", "c"], ["a\0", "b"], ["a", "\0b"], ["", "abc"]].map(([p, s]) => encodeKey({ p: { S: p! }, s: { S: s! } }, schema).toString("hex"));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("writes the common kind of key as it writes others", () => {
    const simple = { hash: [{ name: "p", type: "S" as const }], range: [] };
    for (const text of ["x", "é\0ü", "", "😀"]) {
      const whole = encodeKey({ p: { S: text }, s: { S: "s" } }, schema);
      expect(whole.subarray(0, -3).equals(encodeKey({ p: { S: text } }, simple))).toBe(true);
    }
  });
});

describe("bounds", () => {
  it("cut the hash space into segments without gaps", () => {
    for (const total of [1, 2, 3, 7, 1000]) {
      for (let segment = 0; segment + 1 < total; segment++) expect(segmentBounds(segment, total).to!.equals(segmentBounds(segment + 1, total).from)).toBe(true);
      expect(segmentBounds(0, total).from.equals(Buffer.alloc(4))).toBe(true);
      expect(segmentBounds(total - 1, total).to).toBeUndefined();
    }
  });

  it("step to the next key", () => {
    expect(successor(Buffer.from([1, 255, 255]))).toEqual(Buffer.from([2]));
    expect(after(Buffer.from([1]))).toEqual(Buffer.from([1, 0]));
  });
});
