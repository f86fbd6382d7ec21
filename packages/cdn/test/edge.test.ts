import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ALL_VIEWER, CACHING_DISABLED, ORIGIN_CONTROLS, testCdn, type TestCdn } from "./support/cdn.ts";

let cdn: TestCdn;
beforeAll(async () => {
  cdn = await testCdn();
});
afterAll(() => cdn[Symbol.asyncDispose]());
beforeEach(() => void (cdn.origin.requests.length = 0));

describe("the edge", () => {
  it("answers from its cache, and says so and how old it is", async () => {
    const distribution = await cdn.distribution();
    cdn.origin.answer((_request, response) => {
      response.setHeader("Cache-Control", "max-age=60");
      response.end("hello");
    });
    const first = await cdn.get(distribution, "/x");
    expect(first).toMatchObject({ status: 200, body: "hello", headers: { "x-cache": "Miss from cloudfront" } });
    expect(first.headers["via"]).toMatch(/^1\.1 d[a-z0-9]+\.cloudfront\.localhost \(CloudFront\)$/);
    expect(first.headers["age"]).toBeUndefined();
    await cdn.platform.clock.advance(10_000);
    const second = await cdn.get(distribution, "/x");
    expect(second).toMatchObject({ status: 200, body: "hello", headers: { "x-cache": "Hit from cloudfront", age: "10" } });
    expect(cdn.origin.requests).toHaveLength(1);
    await cdn.platform.clock.advance(51_000);
    expect((await cdn.get(distribution, "/x")).headers["x-cache"]).toBe("Miss from cloudfront");
  });

  it("is reached by path as well", async () => {
    const { Id } = await cdn.distribution();
    cdn.origin.answer((request, response) => void response.end(request.url));
    expect((await cdn.get("127.0.0.1", `/_aws/cloudfront/${Id}/some/where?q=1`)).body).toBe("/some/where");
  });

  it("confirms a stale answer with its validators", async () => {
    const distribution = await cdn.distribution();
    cdn.origin.answer((request, response) => {
      response.setHeader("Cache-Control", "max-age=1");
      response.setHeader("ETag", '"v1"');
      if (request.headers["if-none-match"] === '"v1"') response.writeHead(304).end();
      else response.end("body");
    });
    await cdn.get(distribution, "/etag");
    await cdn.platform.clock.advance(5_000);
    expect(await cdn.get(distribution, "/etag")).toMatchObject({ status: 200, body: "body", headers: { "x-cache": "RefreshHit from cloudfront" } });
    expect(await cdn.get(distribution, "/etag", { headers: { "if-none-match": '"v1"' } })).toMatchObject({ status: 304, body: "" });
    expect(cdn.origin.requests).toHaveLength(2);
  });

  it("chooses the first behaviour whose pattern fits", async () => {
    const distribution = await cdn.distribution({}, {}, [
      { PathPattern: "/api/*", TargetOriginId: "o", ViewerProtocolPolicy: "allow-all", CachePolicyId: CACHING_DISABLED, OriginRequestPolicyId: ALL_VIEWER, AllowedMethods: { Quantity: 7, Items: ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"], CachedMethods: { Quantity: 2, Items: ["GET", "HEAD"] } } },
    ]);
    cdn.origin.answer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString())).on("end", () => void response.end(`${request.method} ${request.url} ${request.headers["x-mine"] ?? "-"} ${body}`));
    });
    expect((await cdn.get(distribution, "/api/a?b=c", { method: "POST", body: "hi", headers: { "x-mine": "yes" } })).body).toBe("POST /api/a?b=c yes hi");
    expect((await cdn.get(distribution, "/page?b=c", { headers: { "x-mine": "yes" } })).body).toBe("GET /page - ");
    expect((await cdn.get(distribution, "/page", { method: "POST", body: "hi" })).status).toBe(403);
  });

  it("keys by what the policy names", async () => {
    const distribution = await cdn.distribution({}, { CachePolicyId: ORIGIN_CONTROLS });
    cdn.origin.answer((request, response) => {
      response.setHeader("Cache-Control", "max-age=60");
      response.end(request.url);
    });
    await cdn.get(distribution, "/k?a=1");
    expect((await cdn.get(distribution, "/k?a=2")).headers["x-cache"]).toBe("Miss from cloudfront");
    expect((await cdn.get(distribution, "/k?a=1")).headers["x-cache"]).toBe("Hit from cloudfront");
  });

  it("serves ranges from a whole stored body", async () => {
    const distribution = await cdn.distribution();
    cdn.origin.answer((_request, response) => void response.end("0123456789"));
    await cdn.get(distribution, "/r");
    expect(await cdn.get(distribution, "/r", { headers: { range: "bytes=2-4" } })).toMatchObject({ status: 206, body: "234", headers: { "content-range": "bytes 2-4/10" } });
    expect(await cdn.get(distribution, "/r", { headers: { range: "bytes=20-" } })).toMatchObject({ status: 416 });
    expect(cdn.origin.requests).toHaveLength(1);
  });

  it("asks the origin once for many viewers of a cold object", async () => {
    const distribution = await cdn.distribution();
    const asked = Promise.withResolvers<() => void>();
    cdn.origin.answer((_request, response) => asked.resolve(() => void response.end("one")));
    const answers = Array.from({ length: 200 }, () => cdn.get(distribution, "/cold"));
    (await asked.promise)();
    expect(new Set((await Promise.all(answers)).map(({ body }) => body))).toEqual(new Set(["one"]));
    expect(cdn.origin.requests).toHaveLength(1);
  }, 30_000);

  it("never serves a truncated body as complete", async () => {
    const distribution = await cdn.distribution();
    cdn.origin.answer((_request, response) => {
      response.writeHead(200, { "Content-Length": "1000" });
      response.write("part");
      response.socket!.end();
    });
    await expect(cdn.get(distribution, "/cut")).rejects.toThrow();
    cdn.origin.answer((_request, response) => void response.end("whole"));
    expect((await cdn.get(distribution, "/cut")).body).toBe("whole");
  });

  it("says that an origin is down, with CloudFront's status", async () => {
    const distribution = await cdn.distribution({ Origins: { Quantity: 1, Items: [{ Id: "o", DomainName: "127.0.0.1", CustomOriginConfig: { HTTPPort: 1, HTTPSPort: 443, OriginProtocolPolicy: "http-only" } }] } });
    expect(await cdn.get(distribution, "/")).toMatchObject({ status: 502, headers: { "x-cache": "Error from cloudfront" } });
  });

  it("puts a custom page in an error's place", async () => {
    const distribution = await cdn.distribution({ CustomErrorResponses: { Quantity: 1, Items: [{ ErrorCode: 404, ResponsePagePath: "/index.html", ResponseCode: "200" }] } });
    cdn.origin.answer((request, response) => {
      if (request.url !== "/index.html") response.statusCode = 404;
      response.end(`page ${request.url}`);
    });
    expect(await cdn.get(distribution, "/deep/link")).toMatchObject({ status: 200, body: "page /index.html" });
  });
});
