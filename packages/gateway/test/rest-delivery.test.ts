import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { FlushStageCacheCommand, UpdateRestApiCommand, UpdateStageCommand } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { preferredCoding } from "../src/data-plane/rest/compression.ts";
import { gateway } from "./support/platform.ts";
import type { GatewayUnderTest } from "./support/platform.ts";
import { RestApiBuilder } from "./support/rest.ts";

let g: GatewayUnderTest;
beforeAll(async () => {
  g = await gateway();
});
afterAll(async () => {
  await g[Symbol.asyncDispose]();
});

const patch = async (api: RestApiBuilder, values: { [path: string]: string }): Promise<void> => {
  await g.v1.send(new UpdateStageCommand({ restApiId: api.id, stageName: "test", patchOperations: Object.entries(values).map(([path, value]) => ({ op: "replace", path, value })) }));
};

describe("the stage's cache", () => {
  let api: RestApiBuilder;
  let served = 0;
  beforeAll(async () => {
    g.functions.set("counter", (event) => ({ statusCode: event.queryStringParameters?.status ? Number(event.queryStringParameters.status) : 200, headers: { "X-Served": String(++served) }, body: `${served}` }));
    api = await RestApiBuilder.create(g);
    await api.proxy("GET", "/plain", "counter");
    await api.method("GET", "/keyed/{id}", { method: { requestParameters: { "method.request.querystring.q": false, "method.request.path.id": true } }, integration: { type: "AWS_PROXY", integrationHttpMethod: "POST", uri: g.uri("counter"), requestTemplates: {}, cacheKeyParameters: ["method.request.querystring.q", "method.request.path.id"] } });
    await api.proxy("POST", "/plain", "counter");
    await api.deploy();
    await patch(api, { "/cacheClusterEnabled": "true", "/*/*/caching/enabled": "true", "/*/*/caching/ttlInSeconds": "60" });
  });
  const get = async (path: string, headers: Record<string, string> = {}): Promise<string> => (await api.call(`/test${path}`, { headers })).body;

  test("keeps a response for its time, whatever the query", async () => {
    const first = await get("/plain?a=1");
    const again = await api.call("/test/plain?a=2");
    expect(again.body).toBe(first);
    expect(again.headers["x-served"]).toBe(first);
    await g.cloud.clock.advance(61_000);
    expect(await get("/plain")).not.toBe(first);
  });

  test("key parameters tell responses apart", async () => {
    const [a, b, c] = [await get("/keyed/1?q=x"), await get("/keyed/1?q=y"), await get("/keyed/2?q=x")];
    expect(new Set([a, b, c]).size).toBe(3);
    expect(await get("/keyed/1?q=x&other=1")).toBe(a);
  });

  test("other methods are cached only where they say so", async () => {
    const post = async (): Promise<string> => (await api.call("/test/plain", { method: "POST" })).body;
    expect(await post()).not.toBe(await post());
    await patch(api, { "/~1plain/POST/caching/enabled": "true" });
    expect(await post()).toBe(await post());
  });

  test("failures are not kept", async () => {
    expect(await get("/keyed/9?q=f&status=500")).not.toBe(await get("/keyed/9?q=f&status=500"));
  });

  test("flushing forgets", async () => {
    const first = await get("/plain");
    await g.v1.send(new FlushStageCacheCommand({ restApiId: api.id, stageName: "test" }));
    expect(await get("/plain")).not.toBe(first);
  });

  test("max-age=0 asks for a fresh response, which needs permission", async () => {
    const first = await get("/plain");
    const ignored = await api.call("/test/plain", { headers: { "Cache-Control": "max-age=0" } });
    expect(ignored.body).toBe(first);
    expect(ignored.headers["warning"]).toMatch(/^199 /);
    await patch(api, { "/*/*/caching/unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITHOUT_RESPONSE_HEADER" });
    expect((await api.call("/test/plain", { headers: { "Cache-Control": "max-age=0" } })).headers["warning"]).toBeUndefined();
    await patch(api, { "/*/*/caching/unauthorizedCacheControlHeaderStrategy": "FAIL_WITH_403" });
    expect((await api.call("/test/plain", { headers: { "Cache-Control": "max-age=0" } })).status).toBe(403);
    await patch(api, { "/*/*/caching/requireAuthorizationForCacheControl": "false" });
    const fresh = await get("/plain", { "Cache-Control": "max-age=0" });
    expect(fresh).not.toBe(first);
    expect(await get("/plain")).toBe(fresh);
  });
});

describe("compression", () => {
  let api: RestApiBuilder;
  const text = JSON.stringify({ words: "many many words ".repeat(100) });
  beforeAll(async () => {
    g.functions.set("long", () => ({ statusCode: 200, body: text }));
    g.functions.set("body", (event) => ({ statusCode: 200, body: JSON.stringify({ body: event.body, encoding: event.headers["Content-Encoding"] ?? null }) }));
    api = await RestApiBuilder.create(g);
    await api.proxy("GET", "/", "long");
    await api.proxy("POST", "/", "body");
    await g.v1.send(new UpdateRestApiCommand({ restApiId: api.id, patchOperations: [{ op: "replace", path: "/minimumCompressionSize", value: "10" }] }));
    await api.deploy();
  });

  test("of responses, as the client prefers", async () => {
    const gzipped = await api.call("/test", { headers: { "Accept-Encoding": "gzip" } });
    expect(gzipped.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(gzipped.bytes).toString()).toBe(text);
    const deflated = await api.call("/test", { headers: { "Accept-Encoding": "deflate;q=1.0,gzip;q=0.5" } });
    expect(inflateSync(deflated.bytes).toString()).toBe(text);
    expect((await api.call("/test")).body).toBe(text);
    expect([preferredCoding("deflate,gzip"), preferredCoding("gzip;q=1.0,identity;q=0.5,*;q=0"), preferredCoding("br, gzip;q=0.9"), preferredCoding("*"), preferredCoding(""), preferredCoding("gzip;q=0")]).toEqual(["deflate", "gzip", undefined, undefined, undefined, undefined]);
  });

  test("of requests", async () => {
    for (const [coding, packed] of [["gzip", gzipSync(text)], ["deflate", deflateSync(text)]] as const) {
      const answer = await api.call("/test", { method: "POST", body: packed, headers: { "Content-Encoding": coding } });
      expect(answer.json()).toEqual({ body: text, encoding: null });
    }
    for (const [coding, packed] of [["gzip", Buffer.from("this is not packed at all")], ["br", brotliCompressSync(text)]] as const) {
      expect((await api.call("/test", { method: "POST", body: packed, headers: { "Content-Encoding": coding } })).status).toBe(415);
    }
    const bomb = gzipSync(Buffer.alloc(11 * 1024 * 1024));
    expect((await api.call("/test", { method: "POST", body: bomb, headers: { "Content-Encoding": "gzip" } })).status).toBe(413);
  });
});

describe("timeouts and sizes", () => {
  test("an endpoint that takes too long is a 504, from 50 ms on", async () => {
    const waiting: ServerResponse[] = [];
    const backend = createServer((_request: IncomingMessage, response) => void waiting.push(response));
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    try {
      const api = await RestApiBuilder.create(g);
      const uri = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/`;
      await api.method("GET", "/slow", { integration: { type: "HTTP_PROXY", integrationHttpMethod: "GET", uri, timeoutInMillis: 50 } });
      await api.deploy();
      const pending = api.call("/test/slow");
      await expect.poll(() => waiting.length).toBe(1);
      await g.cloud.clock.advance(51);
      const answer = await pending;
      expect({ status: answer.status, body: answer.body, type: answer.headers["x-amzn-errortype"] }).toEqual({ status: 504, body: '{"message":"Endpoint request timed out"}', type: "InternalServerErrorException" });
      await expect(api.method("GET", "/soon", { integration: { type: "HTTP_PROXY", integrationHttpMethod: "GET", uri, timeoutInMillis: 49 } })).rejects.toMatchObject({ name: "BadRequestException" });
      await expect(api.method("GET", "/late", { integration: { type: "HTTP_PROXY", integrationHttpMethod: "GET", uri, timeoutInMillis: 29_001 } })).rejects.toMatchObject({ name: "BadRequestException" });
    } finally {
      backend.closeAllConnections();
      backend.close();
    }
  });

  test("10 MB pass, more is a 413", async () => {
    g.functions.set("size", (event) => ({ statusCode: 200, body: String(event.body.length) }));
    const api = await RestApiBuilder.create(g);
    await api.proxy("POST", "/", "size");
    await api.deploy();
    expect((await api.call("/test", { method: "POST", body: Buffer.alloc(10 * 1024 * 1024, 97) })).body).toBe(String(10 * 1024 * 1024));
    const large = await api.call("/test", { method: "POST", body: Buffer.alloc(10 * 1024 * 1024 + 1, 97) });
    expect(large.status).toBe(413);
    expect(large.body).toBe('{"message":"Request Too Long"}');
  });
});
