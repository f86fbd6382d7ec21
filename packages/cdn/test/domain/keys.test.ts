import { describe, expect, it } from "vitest";
import { compileBehavior, type PolicyLookup } from "../../src/domain/behavior.ts";
import { cacheKey, normalizedEncoding } from "../../src/domain/cache/key.ts";
import { managedCachePolicies, managedOriginRequestPolicies } from "../../src/domain/managed-policies.ts";
import { originHeaders } from "../../src/domain/origin-headers.ts";
import { compilePathPattern, wildcardMatch } from "../../src/domain/path-pattern.ts";
import { selectCookies, selectionOf, selectQuery, selects, union, withWildcards } from "../../src/domain/selection.ts";

const policies: PolicyLookup = {
  cachePolicy: (id) => managedCachePolicies.find((policy) => policy.id === id)?.config,
  originRequestPolicy: (id) => managedOriginRequestPolicies.find((policy) => policy.id === id)?.config,
  responseHeadersPolicy: () => undefined,
  keyGroup: () => undefined,
  publicKey: () => undefined,
};
const base = { TargetOriginId: "o", ViewerProtocolPolicy: "allow-all" };
const optimized = compileBehavior({ ...base, CachePolicyId: "658327ea-f89d-4fab-a63d-7e88639e58f6" }, policies);

describe("path patterns", () => {
  it.each([
    ["*", "/anything", true], ["/a/*", "/a/b/c", true], ["/a/*", "/a", false], ["*.jpg", "/x/y.jpg", true], ["*.jpg", "/x/y.JPG", false],
    ["a*.jpg", "/abc.jpg", true], ["/a?c", "/abc", true], ["/a?c", "/ac", false], ["/*/x*/?", "/1/xyz/2", true], ["images/*", "/images/a", true], ["/exact", "/exact", true], ["/exact", "/exactly", false],
  ])("%s on %s", (pattern, path, fits) => {
    expect(compilePathPattern(pattern)(path)).toBe(fits);
  });

  it("takes linear time for hostile patterns", () => {
    expect(wildcardMatch("*a".repeat(200) + "b", "a".repeat(4000))).toBe(false);
  });
});

describe("selections", () => {
  it("select query parameters as they were sent", () => {
    expect(selectQuery("b=2&a=1&a=3&c", selectionOf({ behavior: "whitelist", names: ["a", "c"] }))).toBe("a=1&a=3&c");
    expect(selectQuery("b=2&a=1", selectionOf({ behavior: "allExcept", names: ["b"] }))).toBe("a=1");
    expect(selectQuery("%61=1", selectionOf({ behavior: "whitelist", names: ["a"] }))).toBe("%61=1");
    expect(selectQuery("%=1", selectionOf({ behavior: "all", names: [] }))).toBe("%=1");
  });

  it("select cookies, with wildcards", () => {
    expect(selectCookies("a=1; session_x=2; b=3", withWildcards(selectionOf({ behavior: "whitelist", names: ["session*", "b"] })))).toBe("session_x=2; b=3");
  });

  it("join", () => {
    const list = (...names: string[]) => selectionOf({ behavior: "whitelist", names });
    const except = (...names: string[]) => selectionOf({ behavior: "allExcept", names });
    expect(["a", "b", "c"].map((name) => selects(union(list("a"), list("b")), name))).toEqual([true, true, false]);
    expect(["a", "b", "c"].map((name) => selects(union(list("a"), except("a", "b")), name))).toEqual([true, false, true]);
  });
});

describe("the cache key", () => {
  const key = (given: Partial<Parameters<typeof cacheKey>[0]>, behavior = optimized) => cacheKey({ path: "/", query: "", headers: {}, acceptEncoding: "", method: "GET", ...given }, behavior);

  it("has what the policy names and nothing else", () => {
    expect(key({ query: "a=1", headers: { cookie: "a=1", "user-agent": "x" } })).toBe(key({}));
    expect(key({ path: "/x" })).not.toBe(key({}));
    expect(key({ acceptEncoding: "br" })).not.toBe(key({}));
    expect(key({ method: "HEAD" })).toBe(key({ method: "GET" }));
  });

  it("cannot be made to collide by what a viewer sends", () => {
    const behavior = compileBehavior({ ...base, CachePolicyId: "4cc15a8a-d715-48a4-82b8-cc0b614638fe" }, policies);
    expect(key({ path: "/a", query: "b" }, behavior)).not.toBe(key({ path: "/a\nb" }, behavior));
    expect(key({ headers: { host: "a", cookie: "b" } }, behavior)).not.toBe(key({ headers: { host: "a", origin: "b" } }, behavior));
  });

  it.each([
    ["gzip, deflate, br", "br,gzip"], ["gzip", "gzip"], ["br;q=0, gzip;q=0.5", "gzip"], ["identity", ""], [undefined, ""], ["x-gzip", ""],
  ])("normalises Accept-Encoding: %s", (header, expected) => {
    expect(normalizedEncoding(header, true, true)).toBe(expected);
  });
});

describe("what the origin gets", () => {
  const sent = (given: Partial<Parameters<typeof originHeaders>[0]>) => {
    const list = originHeaders({ behavior: optimized, method: "GET", headers: {}, originHost: "origin.example", acceptEncoding: "", viewerIp: "192.0.2.1", requestId: "id", domainName: "d.cloudfront.localhost", httpVersion: "1.1", custom: [], ...given });
    const headers: { [name: string]: string } = {};
    for (let i = 0; i < list.length; i += 2) headers[list[i]!.toLowerCase()] = list[i + 1]!;
    return headers;
  };
  const viewer = { host: "viewer.example", cookie: "a=1", referer: "r", "user-agent": "me", "x-custom": "1", "if-none-match": '"a"', authorization: "secret", connection: "close" };

  it("is little under a policy that forwards nothing", () => {
    expect(sent({ headers: viewer })).toEqual({ host: "origin.example", "if-none-match": '"a"', "user-agent": "Amazon CloudFront", "x-forwarded-for": "192.0.2.1", via: "1.1 d.cloudfront.localhost (CloudFront)", "x-amz-cf-id": "id" });
  });

  it("is all but the host under AllViewerExceptHostHeader", () => {
    const behavior = compileBehavior({ ...base, CachePolicyId: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", OriginRequestPolicyId: "b689b0a8-53d0-40ab-baf2-68738e2966ac" }, policies);
    expect(sent({ behavior, headers: { ...viewer, "x-forwarded-for": "198.51.100.7" } })).toMatchObject({ host: "origin.example", cookie: "a=1", referer: "r", "user-agent": "me", "x-custom": "1", authorization: "secret", "x-forwarded-for": "198.51.100.7, 192.0.2.1" });
  });

  it("is unknown headers too under legacy settings", () => {
    const behavior = compileBehavior({ ...base, ForwardedValues: { QueryString: false, Cookies: { Forward: "none" } }, MinTTL: 0 }, policies);
    expect(sent({ behavior, headers: viewer })).toMatchObject({ "x-custom": "1", "user-agent": "Amazon CloudFront" });
    expect(sent({ behavior, headers: viewer })).not.toHaveProperty("referer");
  });

  it("has custom headers in the place of the viewer's", () => {
    expect(sent({ headers: viewer, custom: [{ HeaderName: "If-None-Match", HeaderValue: "mine" }] })["if-none-match"]).toBe("mine");
  });
});
