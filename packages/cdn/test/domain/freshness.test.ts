import { describe, expect, it } from "vitest";
import { storageOf, type Storage, type TtlRules } from "../../src/domain/cache/freshness.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const rules = (given: Partial<TtlRules> = {}): TtlRules => ({ semantics: "cloudfront", minTtl: 0, defaultTtl: 86_400, maxTtl: 31_536_000, errorTtl: () => 10, ...given });
const stored = (headers: string[], given: Partial<TtlRules> = {}, status = 200, authorized = false): Storage =>
  storageOf({ status, headers, requestMs: NOW, responseMs: NOW }, authorized, rules(given));

describe("CloudFront's durations", () => {
  // The table of "Specify the amount of time that CloudFront caches objects" in the developer guide.
  it.each([
    ["nothing said, minimum 0", [], {}, 86_400],
    ["nothing said, minimum above default", [], { minTtl: 100, defaultTtl: 50, maxTtl: 200 }, 100],
    ["max-age", ["Cache-Control", "max-age=60"], {}, 60],
    ["max-age below minimum", ["Cache-Control", "max-age=60"], { minTtl: 100 }, 100],
    ["max-age above maximum", ["Cache-Control", "max-age=600"], { maxTtl: 500, defaultTtl: 100 }, 500],
    ["s-maxage over max-age", ["Cache-Control", "max-age=60, s-maxage=90"], {}, 90],
    ["Expires", ["Date", new Date(NOW).toUTCString(), "Expires", new Date(NOW + 30_000).toUTCString()], {}, 30],
    ["invalid Expires", ["Expires", "0"], {}, 0],
    ["no-store under a minimum", ["Cache-Control", "no-store, max-age=500"], { minTtl: 7 }, 7],
    ["private under a minimum", ["Cache-Control", "private"], { minTtl: 7 }, 7],
  ])("%s", (_name, headers, given, seconds) => {
    expect(stored(headers, given)).toMatchObject({ store: true, lifetimeMs: seconds * 1000 });
  });

  it.each([["no-store"], ["private"]])("does not keep %s without a minimum", (directive) => {
    expect(stored(["Cache-Control", directive]).store).toBe(false);
  });

  it("keeps errors for the error caching minimum TTL, or longer when told", () => {
    expect(stored([], {}, 404)).toMatchObject({ store: true, lifetimeMs: 10_000 });
    expect(stored(["Cache-Control", "max-age=60"], {}, 500)).toMatchObject({ store: true, lifetimeMs: 60_000 });
    expect(stored([], {}, 403).store).toBe(false);
    expect(stored(["Cache-Control", "max-age=60"], {}, 403)).toMatchObject({ store: true, lifetimeMs: 60_000 });
    expect(stored(["Cache-Control", "max-age=60"], {}, 410).store).toBe(false);
    expect(stored([], { errorTtl: () => 0 }, 404).store).toBe(false);
  });

  it("does not look at CDN-Cache-Control", () => {
    expect(stored(["CDN-Cache-Control", "no-store", "Cache-Control", "max-age=5"])).toMatchObject({ store: true, lifetimeMs: 5000 });
  });
});

describe("the RFCs' durations", () => {
  const rfc = { semantics: "rfc", defaultTtl: 0 } as const;

  it("guesses from Last-Modified for the statuses that allow it", () => {
    const headers = ["Date", new Date(NOW).toUTCString(), "Last-Modified", new Date(NOW - 1000_000).toUTCString()];
    expect(stored(headers, rfc)).toMatchObject({ store: true, lifetimeMs: 100_000 });
    expect(stored(headers, rfc, 201).store).toBe(false);
    expect(stored(headers, rfc, 503).store).toBe(false);
  });

  it("prefers a valid CDN-Cache-Control to everything else", () => {
    expect(stored(["CDN-Cache-Control", "max-age=10", "Cache-Control", "no-store"], rfc)).toMatchObject({ store: true, lifetimeMs: 10_000 });
    expect(stored(["CDN-Cache-Control", "max-age=10;", "Cache-Control", "max-age=5"], rfc)).toMatchObject({ lifetimeMs: 5000 });
    expect(stored(["CDN-Cache-Control", "max-age=\"10\"", "Cache-Control", "max-age=5"], rfc)).toMatchObject({ lifetimeMs: 0 });
  });

  it("keeps no answer to an authorized request unless told", () => {
    expect(stored(["Cache-Control", "max-age=60"], rfc, 200, true).store).toBe(false);
    for (const directive of ["public", "s-maxage=60", "must-revalidate"]) expect(stored(["Cache-Control", `max-age=60, ${directive}`], rfc, 200, true).store).toBe(true);
  });

  it("ignores no-store where must-understand is understood", () => {
    expect(stored(["Cache-Control", "max-age=60, no-store, must-understand"], rfc).store).toBe(true);
    expect(stored(["Cache-Control", "max-age=60, no-store, must-understand"], rfc, 599).store).toBe(false);
  });

  it.each([
    ["old, 0", 0], ["0, old", 0], ["7200", 7_200_000], ["-7200", 0], ["7200.0", 0], ["99999999999", 2_147_483_648_000],
  ])("reads Age: %s", (age, ms) => {
    expect(stored(["Age", age, "Cache-Control", "max-age=1"], rfc).initialAgeMs).toBe(ms);
  });

  it("takes a Date of the past into the age", () => {
    expect(stored(["Date", new Date(NOW - 5000).toUTCString()], rfc).initialAgeMs).toBe(5000);
  });
});

it("reads what must be confirmed and what may be used stale", () => {
  expect(stored(["Cache-Control", "max-age=1, stale-while-revalidate=60, stale-if-error=600"])).toMatchObject({ staleWhileRevalidateMs: 60_000, staleIfErrorMs: 600_000, mustRevalidate: false });
  expect(stored(["Cache-Control", "max-age=1, proxy-revalidate"]).mustRevalidate).toBe(true);
  expect(stored(["Cache-Control", "no-cache"])).toMatchObject({ store: true, noCache: true, mustRevalidate: true });
});
