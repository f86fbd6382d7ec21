import { expect, test } from "vitest";
import { isJson } from "../src/domain/json.ts";

const valid = ["{}", "[]", " null ", "true", "false", "0", "-0.5e+10", "1E5", '"a\\u00e9\\n"', '{"a":[1,{"b":null}],"c":"é"}', "[[[[]]],{}]", '{"":1}', "12"];
const invalid = ["", " ", "{", "[1,]", "{,}", '{"a"}', '{"a":}', "{a:1}", "01", "1.", ".5", "+1", "1e", "nul", "truee", '"a', '"\\x"', '"\\u12"', '"\n"', "[1 2]", "{}{}", "]", '{"a":1,}', "'a'", "NaN", "[}", "{]"];

test.each(valid)("is JSON: %s", (text) => {
  expect(isJson(Buffer.from(text))).toBe(true);
  expect(() => JSON.parse(text) as unknown).not.toThrow();
});

test.each(invalid)("is not JSON: %s", (text) => {
  expect(isJson(Buffer.from(text))).toBe(false);
  expect(() => JSON.parse(text) as unknown).toThrow();
});

test("agrees with JSON.parse on texts that are broken at random places", () => {
  const base = '{"key":[1,2.5,-3e2,true,null,"te\\"xt"],"nested":{"a":{},"b":[]}}';
  const alphabet = '{}[]",:0eE+-.\\utrue ';
  let seed = 1;
  const next = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 3000; round += 1) {
    const at = next(base.length);
    const text = base.slice(0, at) + alphabet[next(alphabet.length)]! + base.slice(at + next(3));
    let expected = true;
    try {
      JSON.parse(text);
    } catch {
      expected = false;
    }
    expect({ text, json: isJson(Buffer.from(text)) }).toEqual({ text, json: expected });
  }
});

test("an endless nest is refused, not followed into the ground", () => {
  expect(isJson(Buffer.from("[".repeat(1_000_000)))).toBe(false);
});
