import { describe, expect, it } from "vitest";
import { failedCondition } from "../src/domain/conditions.ts";
import { corsHeaders } from "../src/domain/cors.ts";
import { afterPrefix, compareKeys, encodeListedKey } from "../src/domain/keys.ts";
import { DAY_MS, actionFor, dueMs, expirationOf } from "../src/domain/lifecycle.ts";
import type { LifecycleConfiguration, LifecycleVersion } from "../src/domain/lifecycle.ts";
import { entryPage, listPage, startPlace } from "../src/domain/listing.ts";
import { decodeMetadata, encodeMetadata } from "../src/domain/metadata.ts";
import { isBucketName } from "../src/domain/names.ts";
import { accountOf, canonicalId, isCanonicalId } from "../src/domain/owner.ts";
import { parseRange } from "../src/domain/ranges.ts";
import { newVersionId, readVersionId } from "../src/domain/versions.ts";
import { route, siteKey } from "../src/domain/website.ts";

describe("bucket names", () => {
  it.each(["abc", "a.b-c", "0abc9", "a".repeat(63)])("%s may be", (name) => expect(isBucketName(name)).toBe(true));
  it.each(["ab", "Abc", "a_b", "a..b", "-ab", "ab-", ".ab", "192.168.1.1", "xn--a", "a-s3alias", "a--ol-s3", "a".repeat(64), ""])("%s may not", (name) => expect(isBucketName(name)).toBe(false));
});

// Every row was recorded from S3, on an object of ten bytes.
describe("ranges of ten bytes", () => {
  it.each([
    ["bytes=0-8", { start: 0, end: 8 }], ["bytes=1-1", { start: 1, end: 1 }], ["bytes=1-", { start: 1, end: 9 }], ["bytes=-2", { start: 8, end: 9 }], ["bytes=-15", { start: 0, end: 9 }],
    ["bytes=0-100", { start: 0, end: 9 }], ["bytes=0--1", undefined], ["bytes=1-0", undefined], ["bytes=-", undefined], ["bytes=-1-", undefined], ["bytes=0-1,3-4,6-9", undefined], ["0-9", undefined],
    ["bytes=100-200", "unsatisfiable"], ["bytes=-0", "unsatisfiable"],
  ] as const)("%s", (header, range) => expect(parseRange(header, 10)).toEqual(range));

  it("of none are unsatisfiable", () => expect(parseRange("bytes=0-0", 0)).toBe("unsatisfiable"));
});

describe("conditions", () => {
  const at = Date.UTC(2024, 0, 1, 12, 0, 0, 500);
  const second = Date.UTC(2024, 0, 1, 12);
  const now = at + DAY_MS;
  it.each([
    [{}, undefined],
    [{ ifMatch: '"tag"' }, undefined], [{ ifMatch: "tag" }, undefined], [{ ifMatch: '"a", "tag"' }, undefined], [{ ifMatch: "*" }, undefined], [{ ifMatch: "other" }, "If-Match"],
    [{ ifNoneMatch: "tag" }, "If-None-Match"], [{ ifNoneMatch: "other" }, undefined],
    [{ ifModifiedSince: second }, "If-Modified-Since"], [{ ifModifiedSince: second - 1000 }, undefined], [{ ifModifiedSince: now + 1000 }, undefined],
    [{ ifUnmodifiedSince: second }, undefined], [{ ifUnmodifiedSince: second - 1000 }, "If-Unmodified-Since"],
    [{ ifMatch: "tag", ifUnmodifiedSince: second - 1000 }, undefined],
    [{ ifNoneMatch: "other", ifModifiedSince: second }, "If-Modified-Since"],
  ] as const)("%j", (conditions, failed) => expect(failedCondition(conditions, "tag", at, now)).toBe(failed));
});

describe("keys", () => {
  it("sort by code point, as UTF-8 does", () => {
    const keys = ["a", "a/", "a0", "b", "é", "\uffff", "\u{10000}", "\u{10ffff}"];
    expect([...keys].reverse().sort(compareKeys)).toEqual(keys);
  });

  it.each([["a/", "a0"], ["\ud7ff", "\ue000"], ["a\u{10ffff}", "b"], ["\u{10ffff}", undefined], ["", undefined]])("the least key after all of %j is %j", (prefix, after) => expect(afterPrefix(prefix)).toBe(after));

  it("are listed as form values", () => expect(encodeListedKey("run books/a+b é*~'.txt")).toBe("run+books/a%2Bb+%C3%A9*%7E%27.txt"));
});

/** A list over keys in memory that counts what it reads. */
function listing(keys: readonly string[]) {
  const rows = [...keys].sort(compareKeys).map((key) => ({ key, hidden: key.endsWith("!") }));
  let read = 0;
  return {
    page: (query: { prefix?: string; delimiter?: string; after?: string; max?: number }) =>
      listPage({ prefix: "", delimiter: "", after: "", max: 1000, ...query }, (from, inclusive, limit) => {
        const found = rows.filter(({ key }) => (inclusive ? compareKeys(key, from) >= 0 : compareKeys(key, from) > 0)).slice(0, limit);
        read += found.length;
        return found;
      }),
    get read() { return read; },
  };
}

describe("lists", () => {
  const keys = ["asdf", "boo/bar", "boo/baz/xyzzy", "cquux/bla", "cquux/thud"];

  it("page over contents and common prefixes in one order", () => {
    const list = listing(keys);
    const seen: string[] = [];
    let after = "";
    for (;;) {
      const page = list.page({ delimiter: "/", after, max: 1 });
      seen.push(...page.rows.map(({ key }) => key), ...page.prefixes);
      if (!page.truncated) break;
      after = page.last;
    }
    expect(seen).toEqual(["asdf", "boo/", "cquux/"]);
  });

  it("leave out a prefix that the marker is in", () => {
    expect(listing(keys).page({ delimiter: "/", after: "boo/bar" }).prefixes).toEqual(["cquux/"]);
  });

  it("group from the prefix on", () => {
    expect(listing(keys).page({ delimiter: "/", prefix: "boo/" })).toMatchObject({ rows: [{ key: "boo/bar" }], prefixes: ["boo/baz/"], truncated: false });
  });

  it("pass over delete markers, and over prefixes that hold nothing else", () => {
    expect(listing(["a!", "b/c!", "b/d!", "e"]).page({ delimiter: "/" })).toMatchObject({ rows: [{ key: "e" }], prefixes: [] });
  });

  it("say that there is more only when there is", () => {
    expect(listing(["a", "b"]).page({ max: 2 }).truncated).toBe(false);
    expect(listing(["a", "b", "c!"]).page({ max: 2 }).truncated).toBe(false);
    expect(listing(["a", "b", "c"]).page({ max: 2 }).truncated).toBe(true);
    expect(listing(["a"]).page({ max: 0 })).toMatchObject({ rows: [], truncated: false });
  });

  it("jump over what a common prefix hides", () => {
    const list = listing(Array.from({ length: 3 }, (_, folder) => Array.from({ length: 5000 }, (_, file) => `f${folder}/${file}`)).flat());
    expect(list.page({ delimiter: "/" }).prefixes).toEqual(["f0/", "f1/", "f2/"]);
    expect(list.read).toBeLessThan(100);
  });

  it("of versions go on inside a key", () => {
    const rows = ["a", "b"].flatMap((key) => [-2, -1, 0].map((rank) => ({ key, rank })));
    const scan = (after: { key: string; rank: number }, limit: number) => rows.filter(({ key, rank }) => key > after.key || (key === after.key && rank > after.rank)).slice(0, limit);
    const query = { prefix: "", delimiter: "", max: 2 };
    expect(entryPage(query, startPlace("", "", "", undefined), scan)).toMatchObject({ rows: rows.slice(0, 2), truncated: true });
    expect(entryPage(query, startPlace("", "", "a", -1), scan)).toMatchObject({ rows: rows.slice(2, 4), truncated: true });
    expect(entryPage(query, startPlace("", "", "a", undefined), scan).rows).toEqual(rows.slice(3, 5));
  });
});

describe("version ids", () => {
  it("carry their rank and know their key", () => {
    const id = newVersionId("key", -41, (length) => Buffer.alloc(length, 7));
    expect(id).toMatch(/^[A-Za-z0-9._]{32}$/);
    expect(readVersionId(id, "key")).toEqual({ rank: -41, ofKey: true });
    expect(readVersionId(id, "other")).toEqual({ rank: -41, ofKey: false });
  });

  it("cannot be made up", () => {
    const id = newVersionId("key", 0, (length) => Buffer.alloc(length, 7));
    expect(readVersionId(id.slice(0, -8) + "AAAAAAAA", "key")).toBeUndefined();
    expect(readVersionId("nonsense", "key")).toBeUndefined();
  });
});

describe("canonical ids", () => {
  it("lead back to their account", () => {
    for (const account of ["000000000000", "123456789012", "999999999999"]) expect(accountOf(canonicalId(account))).toBe(account);
  });

  it("cannot be made up", () => expect(isCanonicalId("a".repeat(64))).toBe(false));
});

describe("user metadata", () => {
  it.each([
    ["=?UTF-8?B?AGH/?=", "=?UTF-8?B?77+9Ye+/vQ==?="],
    [Buffer.from("non-ascii-%E2%80%94_—_é_").toString("latin1"), "=?UTF-8?Q?non-ascii-%E2%80%94=5F=E2=80=94=5F=C3=A9=5F?="],
    ["plain", "plain"], ["Hello World\xe9", "Hello World\xe9"],
  ])("%j comes back as %j", (sent, received) => expect(encodeMetadata(decodeMetadata(sent))).toBe(received));
});

describe("lifecycle", () => {
  const config = (rule: object): LifecycleConfiguration => ({ Rules: [{ ID: "r", Status: "Enabled", Filter: {}, ...rule }], TransitionDefaultMinimumObjectSize: "all_storage_classes_128K" });
  const version = (more: Partial<LifecycleVersion>): LifecycleVersion => ({
    key: "k", size: 1000, tags: [], current: true, marker: false, alone: false, modifiedMs: 0, noncurrentMs: 0, newerNoncurrent: 0, storageClass: "STANDARD", ...more,
  });

  it("counts days to the next midnight", () => {
    // The example of the user guide: 15 January 10:30 and three days is 19 January 00:00.
    expect(new Date(dueMs(Date.UTC(2014, 0, 15, 10, 30), 3)).toISOString()).toBe("2014-01-19T00:00:00.000Z");
  });

  it("tells the earliest expiration", () => {
    const rules = { ...config({}), Rules: [config({ ID: "late", Expiration: { Days: 9 } }).Rules[0], config({ ID: "soon", Expiration: { Days: 2 }, Filter: { Prefix: "k" } }).Rules[0]] } as LifecycleConfiguration;
    expect(expirationOf(rules, 0, { key: "k", size: 1, tags: [] })?.rule).toBe("soon");
    expect(expirationOf(rules, 0, { key: "x", size: 1, tags: [] })?.rule).toBe("late");
  });

  it.each([
    ["by prefix", { Filter: { Prefix: "x" } }], ["by tag", { Filter: { Tag: { Key: "a", Value: "b" } } }], ["by size", { Filter: { ObjectSizeGreaterThan: 1000 } }],
    ["of all", { Filter: { And: { Prefix: "k", ObjectSizeLessThan: 1000 } } }], ["when disabled", { Status: "Disabled" }],
  ])("leaves alone what a filter excludes %s", (_what, rule) => {
    expect(actionFor(config({ Expiration: { Days: 1 }, ...rule }), version({}), 9 * DAY_MS)).toBeUndefined();
  });

  it("expires, deletes and moves when it is time", () => {
    expect(actionFor(config({ Expiration: { Days: 1 } }), version({}), DAY_MS)).toMatchObject({ kind: "expire" });
    expect(actionFor(config({ Expiration: { Days: 1 } }), version({}), DAY_MS - 1)).toBeUndefined();
    expect(actionFor(config({ NoncurrentVersionExpiration: { NoncurrentDays: 1 } }), version({ current: false }), DAY_MS)).toMatchObject({ kind: "delete" });
    expect(actionFor(config({ NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 2 } }), version({ current: false, newerNoncurrent: 1 }), DAY_MS)).toBeUndefined();
    expect(actionFor(config({ Expiration: { ExpiredObjectDeleteMarker: true } }), version({ marker: true, alone: true }), DAY_MS)).toMatchObject({ kind: "delete" });
    expect(actionFor(config({ Expiration: { ExpiredObjectDeleteMarker: true } }), version({ marker: true }), DAY_MS)).toBeUndefined();
    expect(actionFor(config({ Transitions: [{ Days: 30, StorageClass: "STANDARD_IA" }, { Days: 60, StorageClass: "GLACIER" }] }), version({ size: 200_000 }), 61 * DAY_MS)).toMatchObject({ storageClass: "GLACIER" });
  });

  it("moves no small objects and none back up", () => {
    const toIa = config({ Transitions: [{ Days: 30, StorageClass: "STANDARD_IA" }] });
    expect(actionFor(toIa, version({}), 31 * DAY_MS)).toBeUndefined();
    expect(actionFor(toIa, version({ size: 200_000, storageClass: "GLACIER" }), 31 * DAY_MS)).toBeUndefined();
  });
});

describe("CORS rules", () => {
  const config = { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["https://*.example.com"], AllowedHeaders: ["x-amz-*"], ExposeHeaders: ["ETag"], MaxAgeSeconds: 30 }, { AllowedMethods: ["PUT"], AllowedOrigins: ["*"] }] };
  const ask = (origin: string, method: string, headers: string[] = []) => Object.fromEntries(corsHeaders(config, { origin, method, headers }) ?? []);

  it("answer by the first that fits", () => {
    expect(ask("https://a.example.com", "GET", ["X-Amz-Date"])).toMatchObject({
      "Access-Control-Allow-Origin": "https://a.example.com", "Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "x-amz-date",
      "Access-Control-Expose-Headers": "ETag", "Access-Control-Max-Age": "30", "Access-Control-Allow-Credentials": "true",
    });
    expect(ask("https://a.example.com", "PUT")).toMatchObject({ "Access-Control-Allow-Origin": "*" });
  });

  it.each([["http://a.example.com", "GET", []], ["https://a.example.com", "DELETE", []], ["https://a.example.com", "GET", ["authorization"]]])("refuse %s %s %j", (origin, method, headers) => {
    expect(corsHeaders(config, { origin, method, headers })).toBeUndefined();
  });
});

describe("websites", () => {
  const from = { protocol: "http", host: "site" };
  const config = {
    IndexDocument: { Suffix: "index.html" },
    RoutingRules: [
      { Condition: { KeyPrefixEquals: "docs/" }, Redirect: { ReplaceKeyPrefixWith: "documents/" } },
      { Condition: { HttpErrorCodeReturnedEquals: "404" }, Redirect: { HostName: "other", ReplaceKeyWith: "sorry.html", HttpRedirectCode: "302", Protocol: "https" } },
    ],
  };

  it.each([["/", "index.html"], ["/a/", "a/index.html"], ["/a", "a"]])("look for %s at %s", (path, key) => expect(siteKey(path, config)).toBe(key));

  it("route before and after looking", () => {
    expect(route(config, "docs/a b", undefined, from)).toEqual({ status: 301, location: "http://site/documents/a%20b" });
    expect(route(config, "x", undefined, from)).toBeUndefined();
    expect(route(config, "x", 404, from)).toEqual({ status: 302, location: "https://other/sorry.html" });
  });
});
