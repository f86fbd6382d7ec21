import { describe, expect, test } from "vitest";
import { compilePattern } from "../../src/logs/domain/pattern/pattern.ts";
import { PatternError } from "../../src/logs/domain/pattern/values.ts";

const matches = (pattern: string, message: string): boolean => compilePattern(pattern).match(message) !== undefined;

describe("terms", () => {
  test.each([
    ["", "anything", true],
    [" ", "anything", true],
    ["ERROR", "[ERROR 400] BAD REQUEST", true],
    ["ERROR", "[error] bad", false],
    ["ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", true],
    ["ERROR ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST", false],
    ["?ERROR ?ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST", true],
    ["?ERROR ?ARGUMENTS", "fine", false],
    ['"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR", true],
    ['"INTERNAL SERVER ERROR"', "INTERNAL ERROR", false],
    ["ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", true],
    ["ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", false],
    // As documented, ? has no effect beside other terms.
    ["?ERROR ?WARN REQUEST", "[INFO] REQUEST", true],
    ["%4[0-9]{2}%", "status 404", false],
    ["%4[0-9][0-9]%", "status 404", true],
    ["%^ERR%", "an ERR", false],
    ['"\\"quoted\\""', 'a "quoted" word', true],
  ])("%s on %s", (pattern, message, expected) => {
    if (pattern.includes("{2}")) expect(() => compilePattern(pattern)).toThrow(PatternError);
    else expect(matches(pattern, message)).toBe(expected);
  });

  test("what is neither a letter nor a digit stands in quotes", () => {
    expect(() => compilePattern("a:b")).toThrow("Invalid character(s) in term 'a:b'");
    expect(() => compilePattern('"open')).toThrow(PatternError);
  });
});

describe("JSON", () => {
  const message = JSON.stringify({
    eventType: "UpdateTrail", sourceIPAddress: "111.111.111.111", arrayKey: ["value", "another"], objectList: [{ name: "a", id: 1 }, { name: "b", id: 2 }],
    SomeObject: null, ThisFlag: true, latency: 12.5, "a key": { "b.c": "x" }, text: "404",
  });
  test.each([
    ['{ $.eventType = "UpdateTrail" }', true],
    ["{ $.eventType = UpdateTrail }", true],
    ["{ $.eventType = *Trail }", true],
    ["{ $.eventType = Create* }", false],
    ['{ $.sourceIPAddress != 123.123.* }', true],
    ['{ $.arrayKey[0] = "value" }', true],
    ['{ $.arrayKey[1] = "value" }', false],
    ['{ $.arrayKey[*] = "another" }', true],
    ["{ $.objectList[1].id = 2 }", true],
    ["{ $.objectList[*].name = b }", true],
    ["{ $.SomeObject IS NULL }", true],
    ["{ $.SomeOtherObject NOT EXISTS }", true],
    ["{ $.eventType NOT EXISTS }", false],
    ["{ $.eventType EXISTS }", true],
    ["{ $.ThisFlag IS TRUE }", true],
    ["{ $.ThisFlag IS FALSE }", false],
    ["{ $.latency > 12 && $.latency <= 1.25e1 }", true],
    ["{ ($.latency < 12 || $.eventType = UpdateTrail) && ($.ThisFlag IS TRUE) }", true],
    // Nothing compares with what is not there.
    ["{ $.missing != 1 }", false],
    ["{ $.missing = 1 }", false],
    ['{ $["a key"]["b.c"] = x }', true],
    ["{ $.text = 404 }", true],
    ["{ $.text = %4[0-9]4% }", true],
    ["{ $.eventType = %^Upd% }", true],
    ["{ $.eventType == 'UpdateTrail' }", true],
  ])("%s", (pattern, expected) => expect(matches(pattern, message)).toBe(expected));

  test("a message that is no JSON never matches", () => {
    expect(matches("{ $.a NOT EXISTS }", "plain")).toBe(false);
    expect(matches("{ $.a NOT EXISTS }", "{broken")).toBe(false);
  });

  test("tells values", () => {
    const match = compilePattern("{ $.eventType = * && $.latency > 1 }").match(message)!;
    expect(match.extracted()).toEqual({ "$.eventType": "UpdateTrail", "$.latency": "12.5" });
    expect(match.value("$.objectList[1].name")).toBe("b");
    expect(match.value("$.SomeObject.x")).toBeUndefined();
  });

  test.each(["{", "{ $.a }", "{ $.a = }", "{ a = 1 }", "{ $.a = 1 } x", "{ $.a > x }", "{ ($.a = 1 }", `{ ${"(".repeat(500)} }`])("%s is refused", (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(PatternError);
  });
});

describe("fields", () => {
  const message = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';
  test.each([
    ["[ip, id, user, time, request, status, size]", true],
    ["[ip, id, user, time, request, status]", false],
    ["[ip, id, user, time, request = *.html*, status = 4*, size]", true],
    ["[ip, id, user, time, request, status = 4*, size > 2000]", false],
    ["[ip, id, user, time, request, status = 404 || status = 410, size]", true],
    ["[..., status = 4*, size]", true],
    ["[ip = 127.0.0.1, ...]", true],
    ["[ip = %127\\.0\\.0\\.[0-9]%, ...]", true],
    ["[ip != 127.0.0.1, ...]", false],
    ["[w1 = 127*, , , , , , ]", true],
    ['[ip, id, user = "frank", time, request, status, size]', true],
  ])("%s", (pattern, expected) => expect(matches(pattern, message)).toBe(expected));

  test("tells values by name", () => {
    const match = compilePattern("[ip, id, user, ..., size]").match(message)!;
    expect(match.extracted()).toMatchObject({ $ip: "127.0.0.1", $user: "frank", $size: "1534", $4: "10/Oct/2000:13:25:15 -0700" });
    expect(match.value("$size")).toBe("1534");
  });

  test("an open bracket or quote is part of a word", () => {
    expect(matches('[a, b, c]', 'x [y "z')).toBe(true);
  });

  test.each(["[", "[a", "[a = ]", "[..., ...]", "[a = 1 || b = 2]", "[a] x"])("%s is refused", (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(PatternError);
  });
});
