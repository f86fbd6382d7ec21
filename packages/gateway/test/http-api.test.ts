import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CreateApiCommand, CreateIntegrationCommand, CreateRouteCommand, CreateStageCommand, DeleteApiCommand, GetApiCommand, GetDeploymentsCommand, GetStageCommand, UpdateApiCommand } from "@aws-sdk/client-apigatewayv2";
import { gateway } from "./support/platform.ts";
import type { GatewayUnderTest } from "./support/platform.ts";

let g: GatewayUnderTest;
let apiId: string;

beforeAll(async () => {
  g = await gateway();
  g.functions.set("echo", (event) => ({ statusCode: 200, headers: { "x-from": "function" }, body: JSON.stringify(event) }));
  g.functions.set("plain", () => ({ hello: "world" }));
  g.functions.set("fails", () => {
    throw new Error("boom");
  });
  const api = await g.v2.send(new CreateApiCommand({ Name: "shop", ProtocolType: "HTTP" }));
  apiId = api.ApiId!;
  const route = async (key: string, name: string, version = "2.0"): Promise<void> => {
    const { IntegrationId } = await g.v2.send(new CreateIntegrationCommand({ ApiId: apiId, IntegrationType: "AWS_PROXY", IntegrationUri: g.arn(name), PayloadFormatVersion: version }));
    await g.v2.send(new CreateRouteCommand({ ApiId: apiId, RouteKey: key, Target: `integrations/${IntegrationId}` }));
  };
  await route("GET /pets/{petId}", "echo");
  await route("POST /pets", "echo");
  await route("GET /pets/dog", "plain");
  await route("ANY /files/{proxy+}", "echo", "1.0");
  await route("GET /fails", "fails");
  await g.v2.send(new CreateStageCommand({ ApiId: apiId, StageName: "$default", AutoDeploy: true }));
});
afterAll(() => g[Symbol.asyncDispose]());

const host = (): string => `${apiId}.execute-api.us-east-1.localhost:4566`;

describe("an HTTP API", () => {
  test("is reached by host, with and without region, and by path", async () => {
    for (const [path, name] of [
      ["/pets/7", host()],
      ["/pets/7", `${apiId}.execute-api.localhost`],
      ["/pets/7", `${apiId}.execute-api.localhost.localstack.cloud:4566`],
      ["/pets/7", `${apiId}.execute-api.localhost.floci.io`],
      [`/_aws/execute-api/${apiId}/pets/7`, undefined],
      [`/_aws/execute-api/${apiId}/$default/pets/7`, undefined],
      [`/execute-api/${apiId}/pets/7`, undefined],
    ] as const) {
      const answer = await g.call(path, name === undefined ? {} : { host: name });
      expect(answer.status, `${name} ${path}`).toBe(200);
      expect(answer.json().pathParameters).toEqual({ petId: "7" });
    }
  });

  test("sends the documented event of format 2.0", async () => {
    const answer = await g.call("/pets/a%20b?x=1&x=2&y=a+b", { host: host(), headers: { "X-Custom": ["one", "two"], Cookie: "a=1; b=2", "User-Agent": "test/1" } });
    expect(answer.headers["x-from"]).toBe("function");
    expect(answer.headers["apigw-requestid"]).toMatch(/^[A-Za-z0-9_-]{15}=$/);
    const event = answer.json();
    expect(event).toEqual({
      version: "2.0",
      routeKey: "GET /pets/{petId}",
      rawPath: "/pets/a b",
      rawQueryString: "x=1&x=2&y=a+b",
      cookies: ["a=1", "b=2"],
      headers: {
        host: host(), "user-agent": "test/1", "x-custom": "one,two", "x-amzn-trace-id": expect.stringMatching(/^Root=1-/) as string,
        "x-forwarded-for": "127.0.0.1", "x-forwarded-port": String(g.cloud.port), "x-forwarded-proto": "http",
      },
      queryStringParameters: { x: "1,2", y: "a b" },
      requestContext: {
        accountId: "000000000000", apiId, domainName: `${apiId}.execute-api.us-east-1.localhost`, domainPrefix: apiId,
        http: { method: "GET", path: "/pets/a b", protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "test/1" },
        requestId: answer.headers["apigw-requestid"], routeKey: "GET /pets/{petId}", stage: "$default",
        time: "02/Jan/2026:03:04:05 +0000", timeEpoch: Date.UTC(2026, 0, 2, 3, 4, 5),
      },
      pathParameters: { petId: "a b" },
      isBase64Encoded: false,
    });
  });

  test("sends the documented event of format 1.0", async () => {
    const answer = await g.call("/files/a/b.txt?x=1&x=2", { host: host(), method: "PUT", body: "text", headers: { "Content-Type": "text/plain", "X-A": ["1", "2"] } });
    const event = answer.json();
    expect(event).toMatchObject({
      version: "1.0", resource: "/files/{proxy+}", path: "/files/a/b.txt", httpMethod: "PUT",
      queryStringParameters: { x: "2" }, multiValueQueryStringParameters: { x: ["1", "2"] }, pathParameters: { proxy: "a/b.txt" }, stageVariables: null, body: "text", isBase64Encoded: false,
    });
    expect(event.headers["x-a"]).toBe("2");
    expect(event.multiValueHeaders["x-a"]).toEqual(["1", "2"]);
    expect(event.requestContext).toMatchObject({ resourcePath: "/files/{proxy+}", resourceId: "/files/{proxy+}", httpMethod: "PUT", path: "/files/a/b.txt", stage: "$default", identity: { sourceIp: "127.0.0.1", accountId: null } });
  });

  test("passes binary bodies in base64 and text as it is", async () => {
    const binary = await g.call("/pets", { host: host(), method: "POST", body: Buffer.from([0, 255, 1]), headers: { "Content-Type": "image/png" } });
    expect(binary.json()).toMatchObject({ body: "AP8B", isBase64Encoded: true });
    const text = await g.call("/pets", { host: host(), method: "POST", body: '{"a":1}', headers: { "Content-Type": "application/json" } });
    expect(text.json()).toMatchObject({ body: '{"a":1}', isBase64Encoded: false });
  });

  test("prefers literal segments, infers plain answers, and says Not Found, Internal Server Error", async () => {
    const plain = await g.call("/pets/dog", { host: host() });
    expect([plain.status, plain.headers["content-type"], plain.body]).toEqual([200, "application/json", '{"hello":"world"}']);
    const missing = await g.call("/nothing", { host: host() });
    expect([missing.status, missing.body]).toEqual([404, '{"message":"Not Found"}']);
    const failed = await g.call("/fails", { host: host() });
    expect([failed.status, failed.body]).toEqual([500, '{"message":"Internal Server Error"}']);
    const unknown = await g.call("/", { host: "abcdefghij.execute-api.us-east-1.localhost" });
    expect([unknown.status, unknown.body]).toEqual([403, '{"message":"Forbidden"}']);
  });

  test("answers CORS preflights itself and replaces the integration's CORS headers", async () => {
    await g.v2.send(new UpdateApiCommand({ ApiId: apiId, CorsConfiguration: { AllowOrigins: ["https://a.example"], AllowMethods: ["GET", "POST"], AllowHeaders: ["x-a"], MaxAge: 60 } }));
    const preflight = await g.call("/pets/7", { host: host(), method: "OPTIONS", headers: { Origin: "https://a.example", "Access-Control-Request-Method": "GET" } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({ "access-control-allow-origin": "https://a.example", "access-control-allow-methods": "GET,POST", "access-control-allow-headers": "x-a", "access-control-max-age": "60" });
    const other = await g.call("/pets/7", { host: host(), headers: { Origin: "https://b.example" } });
    expect(other.headers["access-control-allow-origin"]).toBeUndefined();
    const allowed = await g.call("/pets/7", { host: host(), headers: { Origin: "https://a.example" } });
    expect(allowed.headers["access-control-allow-origin"]).toBe("https://a.example");
  });

  test("shows its automatic deployments, and is gone when it is deleted", async () => {
    await g.call("/pets/7", { host: host() });
    const stage = await g.v2.send(new GetStageCommand({ ApiId: apiId, StageName: "$default" }));
    const { Items } = await g.v2.send(new GetDeploymentsCommand({ ApiId: apiId }));
    expect(Items!.map((deployment) => deployment.DeploymentId)).toContain(stage.DeploymentId);
    expect(Items!.every((deployment) => deployment.AutoDeployed)).toBe(true);
    const { ApiId } = await g.v2.send(new CreateApiCommand({ Name: "quick", ProtocolType: "HTTP", Target: g.arn("plain"), Tags: { _custom_id_: "quickapi01" } }));
    expect(ApiId).toBe("quickapi01");
    expect((await g.call("/any/where", { host: "quickapi01.execute-api.localhost" })).status).toBe(200);
    await g.v2.send(new DeleteApiCommand({ ApiId: "quickapi01" }));
    await expect(g.v2.send(new GetApiCommand({ ApiId: "quickapi01" }))).rejects.toMatchObject({ name: "NotFoundException", message: "Invalid API identifier specified quickapi01" });
    expect((await g.call("/any/where", { host: "quickapi01.execute-api.localhost" })).status).toBe(403);
  });

  test("refuses payloads over 10 MB and times out at 30 seconds", async () => {
    const large = await g.call("/pets", { host: host(), method: "POST", body: Buffer.alloc(10 * 1024 * 1024 + 1) });
    expect([large.status, large.body]).toEqual([413, '{"message":"Request Entity Too Large"}']);
    let release: (value: unknown) => void = () => {};
    let arrived: (value: unknown) => void = () => {};
    const called = new Promise((resolve) => (arrived = resolve));
    g.functions.set("plain", () => {
      arrived(undefined);
      return new Promise((resolve) => (release = resolve));
    });
    const slow = g.call("/pets/dog", { host: host() });
    await called;
    await g.cloud.clock.advance(30_000);
    const answer = await slow;
    release({});
    expect([answer.status, answer.body]).toEqual([503, '{"message":"Service Unavailable"}']);
  });
});
