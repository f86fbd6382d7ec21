import { describe, expect, it } from "vitest";
import { parseCacheControl, parseTargeted } from "../../src/domain/cache/cache-control.ts";
import { freshened, ifRangeHolds, notModified } from "../../src/domain/cache/conditional.ts";
import { parseContentRange, parseRanges } from "../../src/domain/cache/range.ts";
import { selectingFields, selectsSame } from "../../src/domain/cache/vary.ts";
import { endToEnd, setHeader } from "../../src/domain/headers.ts";
import { parseHttpDate } from "../../src/domain/http-date.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

describe("Cache-Control", () => {
  it.each([
    ["max-age=5", { maxAge: 5 }],
    ["MaX-aGe=5, No-StOrE", { maxAge: 5, noStore: true }],
    ["max-age=1, max-age=2", { maxAge: 1 }],
    ['a="max-age=9, x", max-age=1', { maxAge: 1 }],
    ["max-age='5'", { maxAge: 0 }],
    ['max-age="5"', { maxAge: 5 }],
    ["max-age=-1", { maxAge: 0 }],
    ["max-age=99999999999", { maxAge: 2_147_483_648 }],
    ["max-age=003600", { maxAge: 3600 }],
    ['no-cache="a, B"', { noCache: ["a", "b"] }],
    ["max-stale", { maxStale: Infinity }],
    [",,, public ,", { public: true }],
    ['x="unterminated, max-age=5', {}],
  ])("%s", (line, expected) => {
    expect(parseCacheControl([line])).toMatchObject(expected);
  });

  it("is a Structured Field where it is targeted", () => {
    expect(parseTargeted(["max-age=60, stale-while-revalidate=5;x=1, private"])).toMatchObject({ maxAge: 60, staleWhileRevalidate: 5, private: true });
    for (const broken of ["max-age=60,", "MAX-AGE=60 =", "max-age=&", "\"a\"", ""]) expect(parseTargeted([broken])).toBeUndefined();
    expect(parseTargeted([])).toBeUndefined();
  });
});

describe("dates", () => {
  it.each([
    ["Sun, 06 Nov 1994 08:49:37 GMT"], ["sUN, 06 nOV 1994 08:49:37 gmt"], ["Sunday, 06-Nov-94 08:49:37 GMT"], ["Sun Nov  6 08:49:37 1994"],
  ])("%s", (text) => {
    expect(parseHttpDate(text, NOW)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
  });

  it.each([["Sun, 06 Nov 1994 08:49:37 UTC"], ["Sun, 06 Nov 94 08:49:37 GMT"], ["Sun 06 Nov 1994 08:49:37 GMT"], ["Sun, 06-Nov-1994 08:49:37 GMT"], ["Sun, 06 Nov 1994 8:49:37 GMT"], ["0"], [""], ["Sun, 99 Nov 1994 08:49:37 GMT"]])("refuses %s", (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  });
});

describe("ranges", () => {
  it.each([
    ["bytes=0-4", 10, [{ start: 0, end: 4 }]],
    ["bytes=5-", 10, [{ start: 5, end: 9 }]],
    ["bytes=-3", 10, [{ start: 7, end: 9 }]],
    ["bytes=-30", 10, [{ start: 0, end: 9 }]],
    ["bytes=0-0, 2-99", 10, [{ start: 0, end: 0 }, { start: 2, end: 9 }]],
    ["bytes=10-", 10, []],
    ["bytes=-0", 10, []],
    ["bytes=4-2", 10, undefined],
    ["items=0-1", 10, undefined],
    ["bytes=a-b", 10, undefined],
  ])("%s of %i", (header, size, expected) => {
    expect(parseRanges(header, size)).toEqual(expected);
  });

  it("reads Content-Range", () => {
    expect(parseContentRange("bytes 0-4/10")).toEqual({ start: 0, end: 4, total: 10 });
    expect(parseContentRange("bytes 0-4/*")).toEqual({ start: 0, end: 4, total: undefined });
    for (const nonsense of ["bytes 5-4/10", "bytes 0-10/10", "bytes */10", undefined]) expect(parseContentRange(nonsense)).toBeUndefined();
  });
});

describe("conditions", () => {
  const stored = ["ETag", '"a"', "Last-Modified", new Date(NOW).toUTCString()];

  it("compares entity tags weakly, dates where there is no tag in the request", () => {
    expect(notModified({ "if-none-match": '"x", W/"a"' }, stored, NOW)).toBe(true);
    expect(notModified({ "if-none-match": '"x"', "if-modified-since": new Date(NOW).toUTCString() }, stored, NOW)).toBe(false);
    expect(notModified({ "if-none-match": "*" }, stored, NOW)).toBe(true);
    expect(notModified({ "if-modified-since": new Date(NOW + 1000).toUTCString() }, stored, NOW)).toBe(true);
    expect(notModified({ "if-modified-since": new Date(NOW - 1000).toUTCString() }, stored, NOW)).toBe(false);
  });

  it("holds If-Range to strong validators", () => {
    expect(ifRangeHolds('"a"', stored, NOW)).toBe(true);
    expect(ifRangeHolds('W/"a"', ["ETag", 'W/"a"'], NOW)).toBe(false);
    expect(ifRangeHolds(new Date(NOW).toUTCString(), stored, NOW)).toBe(true);
    expect(ifRangeHolds(new Date(NOW + 1000).toUTCString(), stored, NOW)).toBe(false);
  });

  it("lays a 304's fields over the stored ones, but for those of the body", () => {
    expect(freshened(["A", "1", "B", "1", "Content-Length", "5", "Age", "3"], ["a", "2", "Content-Length", "0", "C", "3"])).toEqual(["B", "1", "Content-Length", "5", "a", "2", "C", "3"]);
  });
});

describe("Vary", () => {
  const all = (): boolean => true;

  it("compares what counts, white space aside", () => {
    const selecting = selectingFields(["Vary", "Foo, bar", "Vary", "Baz"], { foo: "1, 2", bar: "x" }, all);
    expect(selectsSame(selecting, { foo: "1,2", bar: "x" })).toBe(true);
    expect(selectsSame(selecting, { foo: "1,2", bar: "x", baz: "" })).toBe(false);
    expect(selectsSame(selectingFields(["Vary", "*"], {}, all), {})).toBe(false);
    expect(selectsSame(selectingFields(["Vary", "Foo"], { foo: "1" }, () => false), {})).toBe(true);
  });

  it("knows that the order of languages means nothing", () => {
    const selecting = selectingFields(["Vary", "Accept-Language"], { "accept-language": "en, de;q=0.5" }, all);
    expect(selectsSame(selecting, { "accept-language": "DE ; q=0.5,EN" })).toBe(true);
    expect(selectsSame(selecting, { "accept-language": "de, en;q=0.5" })).toBe(false);
  });
});

describe("headers", () => {
  it("end with the connection that they are of", () => {
    expect(endToEnd(["Connection", "X-Mine, close", "X-Mine", "1", "Keep-Alive", "x", "A", "1", "TE", "x"])).toEqual(["A", "1"]);
  });

  it("are set once", () => {
    const headers = ["a", "1", "B", "2", "A", "3"];
    setHeader(headers, "A", "9");
    setHeader(headers, "C", "4");
    expect(headers).toEqual(["a", "9", "B", "2", "C", "4"]);
  });
});
