import { generateKeyPairSync } from "node:crypto";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { CreateKeyGroupCommand, CreatePublicKeyCommand, CreateResponseHeadersPolicyCommand, type CreateResponseHeadersPolicyCommandInput } from "@aws-sdk/client-cloudfront";
import { getSignedCookies, getSignedUrl } from "@aws-sdk/cloudfront-signer";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ALL_VIEWER, CACHING_DISABLED, testCdn, type TestCdn } from "./support/cdn.ts";
import { testOrigin } from "./support/origin.ts";

let cdn: TestCdn;
beforeAll(async () => {
  cdn = await testCdn();
});
afterAll(() => cdn[Symbol.asyncDispose]());
beforeEach(() => void (cdn.origin.requests.length = 0));

describe.each([["RSA", "rsa"], ["ECDSA", "ec"]] as const)("signed URLs and cookies, %s", (_name, type) => {
  const pair = type === "rsa" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const privateKey = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  let keyPairId: string;
  let domain: string;

  beforeAll(async () => {
    const EncodedKey = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
    const { PublicKey } = await cdn.client.send(new CreatePublicKeyCommand({ PublicKeyConfig: { CallerReference: type, Name: type, EncodedKey } }));
    keyPairId = PublicKey!.Id!;
    const { KeyGroup } = await cdn.client.send(new CreateKeyGroupCommand({ KeyGroupConfig: { Name: type, Items: [keyPairId] } }));
    domain = (await cdn.distribution({}, { TrustedKeyGroups: { Enabled: true, Quantity: 1, Items: [KeyGroup!.Id!] }, CachePolicyId: CACHING_DISABLED, OriginRequestPolicyId: ALL_VIEWER })).DomainName!;
    cdn.origin.answer((request, response) => void response.end(request.url));
  });
  const inAMinute = (): string => new Date(cdn.platform.clock.now() + 60_000).toISOString();
  const get = (url: string, headers = {}) => {
    const { pathname, search } = new URL(url);
    return cdn.get(domain, pathname + search, { headers });
  };

  it("open what a canned policy names, until it expires", async () => {
    const url = getSignedUrl({ url: `http://${domain}/private?a=1`, keyPairId, privateKey, dateLessThan: inAMinute() });
    expect(await get(url)).toMatchObject({ status: 200, body: "/private?a=1" });
    expect(await get(url.replace("a=1", "a=2"))).toMatchObject({ status: 403, headers: { "content-type": "text/xml" } });
    expect((await get(url.replace("/private", "/other"))).body).toContain("<Code>AccessDenied</Code>");
    await cdn.platform.clock.advance(61_000);
    expect((await get(url)).status).toBe(403);
  });

  it("open what a custom policy's wildcard covers, for its addresses", async () => {
    const policy = (ip: string) => JSON.stringify({ Statement: [{ Resource: `http*://${domain}/films/*`, Condition: { DateLessThan: { "AWS:EpochTime": Math.floor(cdn.platform.clock.now() / 1000) + 60 }, IpAddress: { "AWS:SourceIp": ip } } }] });
    const cookies = getSignedCookies({ keyPairId, privateKey, policy: policy("127.0.0.0/8") });
    const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join("; ");
    expect((await get(`http://${domain}/films/one`, { cookie })).status).toBe(200);
    expect((await get(`http://${domain}/books/one`, { cookie })).status).toBe(403);
    const abroad = getSignedUrl({ url: `http://${domain}/films/one`, keyPairId, privateKey, policy: policy("192.0.2.0/24") });
    expect((await get(abroad)).status).toBe(403);
  });

  it("are asked for, and must be of a trusted key", async () => {
    expect((await get(`http://${domain}/x`)).body).toContain("<Code>MissingKey</Code>");
    const url = getSignedUrl({ url: `http://${domain}/x`, keyPairId: "KSTRANGER", privateKey, dateLessThan: inAMinute() });
    expect((await get(url)).body).toContain("<Code>InvalidKey</Code>");
    expect((await get(`http://${domain}/x?Expires=abc&Signature=x&Key-Pair-Id=${keyPairId}`)).body).toContain("<Code>MalformedPolicy</Code>");
    expect((await get(`http://${domain}/x?Policy=e30_&Signature=x&Key-Pair-Id=${keyPairId}`)).body).toContain("<Code>MalformedPolicy</Code>");
  });
});

describe("response headers policies", () => {
  const policy = async (config: Omit<CreateResponseHeadersPolicyCommandInput["ResponseHeadersPolicyConfig"] & object, "Name">, Name: string) => {
    const { ResponseHeadersPolicy } = await cdn.client.send(new CreateResponseHeadersPolicyCommand({ ResponseHeadersPolicyConfig: { Name, ...config } }));
    return cdn.distribution({}, { ResponseHeadersPolicyId: ResponseHeadersPolicy!.Id, CachePolicyId: CACHING_DISABLED });
  };

  it("add, replace and remove", async () => {
    const distribution = await policy({
      CustomHeadersConfig: { Quantity: 2, Items: [{ Header: "X-Kept", Value: "policy", Override: false }, { Header: "X-Replaced", Value: "policy", Override: true }] },
      RemoveHeadersConfig: { Quantity: 1, Items: [{ Header: "x-powered-by" }] },
      ServerTimingHeadersConfig: { Enabled: true, SamplingRate: 100 },
    }, "custom");
    cdn.origin.answer((_request, response) => void response.writeHead(200, { "X-Kept": "origin", "X-Replaced": "origin", "X-Powered-By": "php" }).end());
    const { headers } = await cdn.get(distribution, "/");
    expect(headers).toMatchObject({ "x-kept": "origin", "x-replaced": "policy", "server-timing": expect.stringMatching(/^cdn-cache-miss,cdn-pop;desc="/) });
    expect(headers).not.toHaveProperty("x-powered-by");
  });

  it("secure with the managed one", async () => {
    const distribution = await cdn.distribution({}, { ResponseHeadersPolicyId: "67f7725c-6f97-4210-82d7-5512b31e9d03" });
    cdn.origin.answer((_request, response) => void response.end());
    expect((await cdn.get(distribution, "/")).headers).toMatchObject({
      "strict-transport-security": "max-age=31536000", "x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN", "x-xss-protection": "1; mode=block", "referrer-policy": "strict-origin-when-cross-origin",
    });
  });

  it("answer cross-origin requests", async () => {
    const distribution = await policy({
      CorsConfig: {
        AccessControlAllowOrigins: { Quantity: 1, Items: ["https://*.example.com"] }, AccessControlAllowHeaders: { Quantity: 1, Items: ["X-A"] },
        AccessControlAllowMethods: { Quantity: 1, Items: ["ALL"] }, AccessControlAllowCredentials: true, AccessControlExposeHeaders: { Quantity: 1, Items: ["X-B"] }, AccessControlMaxAgeSec: 5, OriginOverride: true,
      },
    }, "cors");
    cdn.origin.answer((_request, response) => void response.end());
    const allowed = await cdn.get(distribution, "/", { headers: { origin: "https://app.example.com" } });
    expect(allowed.headers).toMatchObject({ "access-control-allow-origin": "https://app.example.com", "access-control-allow-credentials": "true", "access-control-expose-headers": "X-B", vary: "Origin" });
    expect((await cdn.get(distribution, "/", { headers: { origin: "https://example.org" } })).headers).not.toHaveProperty("access-control-allow-origin");
    expect((await cdn.get(distribution, "/")).headers).not.toHaveProperty("access-control-allow-origin");
  });
});

describe("compression", () => {
  const text = "all work and no play makes jack a dull boy\n".repeat(200);

  it("is by brotli or gzip, as the viewer takes it, and cached apart", async () => {
    const distribution = await cdn.distribution({}, { Compress: true });
    cdn.origin.answer((_request, response) => void response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": Buffer.byteLength(text), ETag: '"v"' }).end(text));
    const raw = async (encoding: string): Promise<{ headers: Headers; bytes: Buffer }> => {
      const { request } = await import("node:http");
      return new Promise((resolve, reject) => request({ port: cdn.platform.port, path: "/t", headers: { host: distribution.DomainName!, "accept-encoding": encoding } }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve({ headers: new Headers(response.headers as Record<string, string>), bytes: Buffer.concat(chunks) }));
      }).on("error", reject).end());
    };
    const br = await raw("gzip, br");
    expect([br.headers.get("content-encoding"), br.headers.get("etag"), br.headers.get("vary")]).toEqual(["br", 'W/"v"', "Accept-Encoding"]);
    expect(brotliDecompressSync(br.bytes).toString()).toBe(text);
    expect(gunzipSync((await raw("gzip")).bytes).toString()).toBe(text);
    const plain = await raw("identity");
    expect([plain.headers.get("content-encoding"), plain.bytes.toString()]).toEqual([null, text]);
    expect((await raw("br")).headers.get("x-cache")).toBe("Miss from cloudfront");
    expect((await raw("gzip, br")).headers.get("x-cache")).toBe("Hit from cloudfront");
    expect(cdn.origin.requests).toHaveLength(4);
  });

  it.each([
    ["of a type that is not text", { "Content-Type": "image/png" }, text],
    ["that the origin did", { "Content-Type": "text/plain", "Content-Encoding": "gzip" }, text],
    ["of what must not be transformed", { "Content-Type": "text/plain", "Cache-Control": "no-transform" }, text],
    ["of what is small", { "Content-Type": "text/plain" }, "small"],
  ])("is not: %s", async (_what, headers, body) => {
    const distribution = await cdn.distribution({}, { Compress: true });
    cdn.origin.answer((_request, response) => void response.writeHead(200, { "Content-Length": Buffer.byteLength(body), ...headers }).end(body));
    expect((await cdn.get(distribution, "/", { headers: { "accept-encoding": "gzip" } })).headers["content-length"]).toBe(String(Buffer.byteLength(body)));
  });
});

describe("origin groups", () => {
  it("fail over on the statuses that they name, and when an origin is down", async () => {
    await using second = await testOrigin();
    second.answer((request, response) => void response.end(`second ${request.url}`));
    const custom = (HTTPPort: number) => ({ HTTPPort, HTTPSPort: 443, OriginProtocolPolicy: "http-only" as const });
    const group = (first: number) => cdn.distribution({
      Origins: { Quantity: 2, Items: [{ Id: "a", DomainName: "127.0.0.1", ConnectionAttempts: 1, CustomOriginConfig: custom(first) }, { Id: "b", DomainName: "127.0.0.1", CustomOriginConfig: custom(second.port) }] },
      OriginGroups: { Quantity: 1, Items: [{ Id: "g", FailoverCriteria: { StatusCodes: { Quantity: 2, Items: [500, 502] } }, Members: { Quantity: 2, Items: [{ OriginId: "a" }, { OriginId: "b" }] } }] },
    }, { TargetOriginId: "g" });
    const distribution = await group(cdn.origin.port);
    cdn.origin.answer((request, response) => void response.writeHead(request.url === "/bad" ? 500 : 404).end("first"));
    expect(await cdn.get(distribution, "/bad")).toMatchObject({ status: 200, body: "second /bad" });
    expect(await cdn.get(distribution, "/missing")).toMatchObject({ status: 404, body: "first" });
    expect(await cdn.get(await group(1), "/down")).toMatchObject({ status: 200, body: "second /down" });
  });
});

describe("the gate", () => {
  it("keeps countries out", async () => {
    const distribution = await cdn.distribution({ Restrictions: { GeoRestriction: { RestrictionType: "blacklist", Quantity: 1, Items: ["DE"] } } });
    cdn.origin.answer((_request, response) => void response.end());
    expect((await cdn.get(distribution, "/", { headers: { "x-cumulet-viewer-country": "DE" } })).status).toBe(403);
    expect((await cdn.get(distribution, "/", { headers: { "x-cumulet-viewer-country": "FR" } })).status).toBe(200);
  });

  it("bounds URLs and headers, and takes no body with GET", async () => {
    const distribution = await cdn.distribution();
    expect((await cdn.get(distribution, `/${"x".repeat(8300)}`)).status).toBe(414);
    const headers = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`x-${index}`, "y".repeat(1000)]));
    expect((await cdn.get(distribution, "/", { headers: { ...headers } })).status).toBe(200);
    expect((await cdn.get(distribution, "/", { method: "GET", body: "b", headers: { "content-length": "1" } })).status).toBe(403);
  });

  it("turns a disabled distribution's viewers away", async () => {
    expect((await cdn.get(await cdn.distribution({ Enabled: false }), "/")).status).toBe(403);
  });
});

describe("what CloudFront says of viewers", () => {
  it("reaches the origin where a policy names it, and nobody else can say it", async () => {
    const distribution = await cdn.distribution({}, { CachePolicyId: CACHING_DISABLED, OriginRequestPolicyId: "33f36d7e-f396-46d9-90e0-52428a34d9dc" });
    cdn.origin.answer((request, response) => void response.end(JSON.stringify(request.headers)));
    const { body } = await cdn.get(distribution, "/", { headers: { "user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148", "cloudfront-viewer-country": "XX", "x-cumulet-viewer-country": "FR" } });
    expect(JSON.parse(body)).toMatchObject({
      "cloudfront-viewer-country": "FR", "cloudfront-viewer-country-name": "France", "cloudfront-is-mobile-viewer": "true", "cloudfront-is-desktop-viewer": "false", "cloudfront-is-ios-viewer": "true",
      "cloudfront-forwarded-proto": "http", "cloudfront-viewer-address": expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
  });
});

describe("several ranges", () => {
  it("come in one answer", async () => {
    const distribution = await cdn.distribution();
    cdn.origin.answer((_request, response) => void response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 10 }).end("0123456789"));
    await cdn.get(distribution, "/m");
    const { status, headers, body } = await cdn.get(distribution, "/m", { headers: { range: "bytes=0-1,8-" } });
    expect(status).toBe(206);
    const boundary = /boundary=(.+)$/.exec(headers["content-type"]!)![1]!;
    expect(body).toBe(`\r\n--${boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n--${boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--${boundary}--\r\n`);
    expect(headers["content-length"]).toBe(String(Buffer.byteLength(body)));
  });

  it("are kept from the origin's ranges, and combined when they are of one version", async () => {
    const distribution = await cdn.distribution();
    const bytes = "0123456789";
    cdn.origin.answer((request, response) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
      if (from === undefined) return void response.writeHead(200, { ETag: '"a"' }).end(bytes);
      response.writeHead(206, { ETag: '"a"', "Content-Range": `bytes ${from}-${to}/10`, "Content-Length": Number(to) - Number(from) + 1 }).end(bytes.slice(Number(from), Number(to) + 1));
    });
    const range = (spec: string) => cdn.get(distribution, "/p", { headers: { range: `bytes=${spec}` } });
    expect((await range("0-3")).body).toBe("0123");
    expect(await range("1-2")).toMatchObject({ status: 206, body: "12", headers: { "x-cache": "Hit from cloudfront", "content-range": "bytes 1-2/10" } });
    expect((await range("4-7")).body).toBe("4567");
    expect(await range("2-6")).toMatchObject({ body: "23456", headers: { "x-cache": "Hit from cloudfront" } });
    expect(cdn.origin.requests.map(({ headers }) => headers["if-range"])).toEqual([undefined, '"a"']);
    expect((await cdn.get(distribution, "/p")).body).toBe(bytes);
    expect(cdn.origin.requests).toHaveLength(3);
  });
});
