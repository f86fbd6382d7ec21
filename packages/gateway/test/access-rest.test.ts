import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CreateApiKeyCommand, CreateAuthorizerCommand, CreateUsagePlanCommand, CreateUsagePlanKeyCommand, FlushStageAuthorizersCacheCommand, GetUsageCommand, UpdateStageCommand, UpdateUsageCommand, UpdateUsagePlanCommand,
} from "@aws-sdk/client-api-gateway";
import { SignatureV4 } from "@smithy/signature-v4";
import { createHash, createHmac } from "node:crypto";
import { TestClock } from "@cumulet/core/testing";
import { gateway } from "./support/platform.ts";
import type { GatewayUnderTest } from "./support/platform.ts";
import { RestApiBuilder } from "./support/rest.ts";

let g: GatewayUnderTest;
let api: RestApiBuilder;

const policy = (effect: string, resource: string, extra: object = {}): object => ({ principalId: "user", policyDocument: { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect: effect, Resource: resource }] }, ...extra });

beforeAll(async () => {
  g = await gateway();
  api = await RestApiBuilder.create(g);
  g.functions.set("echo", (event) => ({ statusCode: 200, body: JSON.stringify(event) }));
  g.functions.set("token", (event: { authorizationToken: string; methodArn: string }) => {
    switch (event.authorizationToken) {
      case "allow":
        return policy("Allow", event.methodArn, { context: { str: "s", num: 1, bool: true } });
      case "allow-all":
        return policy("Allow", "*");
      case "deny":
        return policy("Deny", event.methodArn);
      case "silent":
        return policy("Allow", "arn:aws:execute-api:us-east-1:000000000000:other/*");
      case "unauthorized":
        throw new Error("Unauthorized");
      case "broken":
        return { principalId: "x" };
      case "nested":
        return policy("Allow", "*", { context: { map: {} } });
      default:
        throw new Error("boom");
    }
  });
  g.functions.set("request", (event: { methodArn: string }) => policy("Allow", event.methodArn, { context: { seen: JSON.stringify(event) } }));
  const uri = g.uri("token");
  const authorizer = async (input: object): Promise<string> => (await g.v1.send(new CreateAuthorizerCommand({ restApiId: api.id, authorizerUri: uri, ...input } as never))).id!;
  const token = await authorizer({ name: "token", type: "TOKEN", identitySource: "method.request.header.Authorization", identityValidationExpression: "[a-z-]+" });
  const request = await authorizer({ name: "request", type: "REQUEST", identitySource: "method.request.header.X-Who, method.request.querystring.q", authorizerUri: g.uri("request"), authorizerResultTtlInSeconds: 0 });
  const pool = await authorizer({ name: "pool", type: "COGNITO_USER_POOLS", providerARNs: ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Abc"], authorizerUri: undefined });
  await api.proxy("GET", "/token", "echo", { authorizationType: "CUSTOM", authorizerId: token });
  await api.proxy("GET", "/token/other", "echo", { authorizationType: "CUSTOM", authorizerId: token });
  await api.proxy("GET", "/request/{id}", "echo", { authorizationType: "CUSTOM", authorizerId: request });
  await api.proxy("GET", "/pool", "echo", { authorizationType: "COGNITO_USER_POOLS", authorizerId: pool });
  await api.proxy("GET", "/scoped", "echo", { authorizationType: "COGNITO_USER_POOLS", authorizerId: pool, authorizationScopes: ["pets/read"] });
  await api.proxy("ANY", "/iam", "echo", { authorizationType: "AWS_IAM" });
  await api.method("GET", "/keyed", { method: { apiKeyRequired: true } });
  await api.method("GET", "/slow");
  await api.deploy("test", { stageVar: "v" });
});
afterAll(() => g[Symbol.asyncDispose]());

const errorOf = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await api.call(path, { headers });
  return [answer.status, answer.body, answer.headers["x-amzn-errortype"]];
};

describe("TOKEN authorizers", () => {
  test("pass the context on as strings", async () => {
    const answer = await api.call("/test/token", { headers: { Authorization: "allow" } });
    expect(answer.json().requestContext.authorizer).toEqual({ principalId: "user", str: "s", num: "1", bool: "true", integrationLatency: 0 });
    expect(g.calls.find(({ name }) => name === "token")!.event).toEqual({ type: "TOKEN", authorizationToken: "allow", methodArn: `arn:aws:execute-api:us-east-1:000000000000:${api.id}/test/GET/token` });
  });

  test.each([
    [undefined, 401, '{"message":"Unauthorized"}', "UnauthorizedException"],
    ["NOT MATCHING", 401, '{"message":"Unauthorized"}', "UnauthorizedException"],
    ["unauthorized", 401, '{"message":"Unauthorized"}', "UnauthorizedException"],
    ["deny", 403, '{"message":"User is not authorized to access this resource with an explicit deny"}', "AccessDeniedException"],
    ["silent", 403, '{"message":"User is not authorized to access this resource"}', "AccessDeniedException"],
    ["broken", 500, '{"message":null}', "AuthorizerConfigurationException"],
    ["nested", 500, '{"message":null}', "AuthorizerConfigurationException"],
    ["boom", 500, '{"message":null}', "AuthorizerFailureException"],
  ])("%s answers %i", async (token, status, body, type) => {
    expect(await errorOf("/test/token", token === undefined ? {} : { Authorization: token })).toEqual([status, body, type]);
  });

  test("decisions are cached by token, policies asked anew for each method, until the time is over or the cache flushed", async () => {
    const asked = (): number => g.calls.filter(({ name, event }) => name === "token" && event.authorizationToken === "allow").length;
    const before = asked();
    await api.call("/test/token", { headers: { Authorization: "allow" } });
    expect(asked()).toBe(before);
    // The cached policy names one method only.
    expect((await api.call("/test/token/other", { headers: { Authorization: "allow" } })).status).toBe(403);
    expect(asked()).toBe(before);
    await g.cloud.clock.advance(300_000);
    await api.call("/test/token", { headers: { Authorization: "allow" } });
    expect(asked()).toBe(before + 1);
    await g.v1.send(new FlushStageAuthorizersCacheCommand({ restApiId: api.id, stageName: "test" }));
    await api.call("/test/token", { headers: { Authorization: "allow" } });
    expect(asked()).toBe(before + 2);
  });
});

describe("REQUEST authorizers", () => {
  test("see the request without its body", async () => {
    const answer = await api.call("/test/request/5?q=1&q=2", { headers: { "X-Who": "me" } });
    const seen = JSON.parse(answer.json().requestContext.authorizer.seen) as Record<string, any>;
    expect(seen).toMatchObject({ type: "REQUEST", resource: "/request/{id}", path: "/request/5", httpMethod: "GET", queryStringParameters: { q: "2" }, multiValueQueryStringParameters: { q: ["1", "2"] }, pathParameters: { id: "5" }, stageVariables: { stageVar: "v" } });
    expect(seen.headers["X-Who"]).toBe("me");
    expect(seen).not.toHaveProperty("body");
    expect(seen.requestContext.resourcePath).toBe("/request/{id}");
  });

  test("are not asked when an identity is missing", async () => {
    expect(await errorOf("/test/request/5?q=1")).toEqual([401, '{"message":"Unauthorized"}', "UnauthorizedException"]);
  });
});

async function localToken(claims: object): Promise<string> {
  const answer = await g.call("/_aws/issuer/token", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(claims) });
  return answer.json().access_token as string;
}

describe("Cognito user pools", () => {
  const iss = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc";

  test("tokens of the pool pass with their claims", async () => {
    const token = await localToken({ iss, sub: "abc", "cognito:groups": ["a", "b"] });
    for (const value of [token, `Bearer ${token}`]) {
      const answer = await api.call("/test/pool", { headers: { Authorization: value } });
      expect(answer.json().requestContext.authorizer.claims).toMatchObject({ iss, sub: "abc", "cognito:groups": '["a","b"]' });
    }
  });

  test("others do not", async () => {
    expect(await errorOf("/test/pool")).toEqual([401, '{"message":"Unauthorized"}', "UnauthorizedException"]);
    expect((await errorOf("/test/pool", { Authorization: await localToken({ iss: "https://other.example" }) }))[0]).toBe(401);
    const valid = await localToken({ iss });
    const [head, body] = valid.split(".");
    expect((await errorOf("/test/pool", { Authorization: `${head}.${body}.AAAA` }))[0]).toBe(401);
    expect((await errorOf("/test/pool", { Authorization: await localToken({ iss, exp: 1 }) }))[1]).toBe('{"message":"The incoming token has expired"}');
  });

  test("scopes are asked for", async () => {
    expect((await errorOf("/test/scoped", { Authorization: await localToken({ iss, scope: "pets/write" }) }))[0]).toBe(403);
    expect((await api.call("/test/scoped", { headers: { Authorization: await localToken({ iss, scope: "openid pets/read" }) } })).status).toBe(200);
  });
});

class Sha256 {
  private readonly hash;
  constructor(secret?: unknown) {
    this.hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Buffer);
  }
  update(data: unknown): void {
    this.hash.update(data as Buffer);
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
}

async function signed(path: string, secretAccessKey: string, body = "", method = "GET") {
  const host = `${api.id}.execute-api.us-east-1.localhost`;
  const signer = new SignatureV4({ service: "execute-api", region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey }, sha256: Sha256 as never });
  const request = await signer.sign({ method, protocol: "http:", hostname: host, path, headers: { host }, query: {}, body } as never, { signingDate: new Date(g.cloud.clock.now()) });
  return (request as unknown as { headers: Record<string, string> }).headers;
}

describe("IAM authorization", () => {
  test("an unsigned request lacks its token", async () => {
    expect(await errorOf("/test/iam")).toEqual([403, '{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"]);
  });

  test("a signed one is known by its caller", async () => {
    const answer = await api.call("/test/iam", { headers: await signed("/test/iam", "test") });
    expect(answer.json().requestContext.identity).toMatchObject({ accessKey: "000000000000", accountId: "000000000000", caller: "000000000000", userArn: "arn:aws:iam::000000000000:root" });
  });
});

describe("IAM authorization under enforcement", () => {
  test("a signature that does not hold is refused", async () => {
    await using strict = await gateway([], { config: { signatures: "enforce" }, clock: new TestClock(Date.now()) });
    const own = await RestApiBuilder.create(strict);
    await own.method("GET", "/iam", { method: { authorizationType: "AWS_IAM" } });
    await own.deploy();
    const host = `${own.id}.execute-api.us-east-1.localhost`;
    const signer = (secretAccessKey: string) => new SignatureV4({ service: "execute-api", region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey }, sha256: Sha256 as never });
    const sign = async (secret: string) => {
      const request = await signer(secret).sign({ method: "GET", protocol: "http:", hostname: host, path: "/test/iam", headers: { host }, query: {} } as never, { signingDate: new Date(strict.cloud.clock.now()) });
      return (request as unknown as { headers: Record<string, string> }).headers;
    };
    expect((await own.call("/test/iam", { headers: await sign("test") })).status).toBe(200);
    const wrong = await own.call("/test/iam", { headers: await sign("wrong") });
    expect([wrong.status, wrong.headers["x-amzn-errortype"]]).toEqual([403, "InvalidSignatureException"]);
    expect(wrong.json().message).toContain("The request signature we calculated does not match the signature you provided.");
  });
});

describe("API keys and usage plans", () => {
  let key: { id?: string; value?: string };
  let plan: string;
  beforeAll(async () => {
    key = await g.v1.send(new CreateApiKeyCommand({ name: "k", enabled: true }));
    plan = (await g.v1.send(new CreateUsagePlanCommand({ name: "p", apiStages: [{ apiId: api.id, stage: "test" }], throttle: { rateLimit: 2, burstLimit: 3 }, quota: { limit: 6, period: "DAY" } }))).id!;
  });

  test("without a key, with an unknown one and with one in no plan the call is forbidden", async () => {
    for (const headers of [{}, { "x-api-key": "nope" }, { "x-api-key": key.value! }] as Record<string, string>[]) expect(await errorOf("/test/keyed", headers)).toEqual([403, '{"message":"Forbidden"}', "ForbiddenException"]);
  });

  test("burst, rate and quota are enforced on platform time", async () => {
    await g.v1.send(new CreateUsagePlanKeyCommand({ usagePlanId: plan, keyId: key.id!, keyType: "API_KEY" }));
    const call = () => errorOf("/test/keyed", { "x-api-key": key.value! });
    expect([(await call())[0], (await call())[0], (await call())[0]]).toEqual([200, 200, 200]);
    expect(await call()).toEqual([429, '{"message":"Too Many Requests"}', "TooManyRequestsException"]);
    await g.cloud.clock.advance(1000);
    expect([(await call())[0], (await call())[0], (await call())[0]]).toEqual([200, 200, 429]);
    await g.cloud.clock.advance(10_000);
    expect([(await call())[0], await call()]).toEqual([200, [429, '{"message":"Limit Exceeded"}', "LimitExceededException"]]);
    const today = new Date(g.cloud.clock.now()).toISOString().slice(0, 10);
    const usage = await g.v1.send(new GetUsageCommand({ usagePlanId: plan, startDate: today, endDate: today }));
    expect(usage.items).toEqual({ [key.id!]: [[6, 0]] });
    await g.v1.send(new UpdateUsageCommand({ usagePlanId: plan, keyId: key.id!, patchOperations: [{ op: "replace", path: "/remaining", value: "1" }] }));
    expect([(await call())[0], (await call())[0]]).toEqual([200, 429]);
    await g.cloud.clock.advance(86_400_000);
    expect((await call())[0]).toBe(200);
  });

  test("a method's own limits come before the plan's", async () => {
    await g.cloud.clock.advance(86_400_000);
    await g.v1.send(new UpdateUsagePlanCommand({ usagePlanId: plan, patchOperations: [{ op: "replace", path: `/apiStages/${api.id}:test/throttle/~1keyed~1GET/rateLimit`, value: "1" }, { op: "replace", path: `/apiStages/${api.id}:test/throttle/~1keyed~1GET/burstLimit`, value: "1" }] }));
    expect([(await errorOf("/test/keyed", { "x-api-key": key.value! }))[0], (await errorOf("/test/keyed", { "x-api-key": key.value! }))[0]]).toEqual([200, 429]);
  });
});

describe("stage throttles", () => {
  test("apply to a method of a stage", async () => {
    await g.v1.send(new UpdateStageCommand({ restApiId: api.id, stageName: "test", patchOperations: [{ op: "replace", path: "/~1slow/GET/throttling/rateLimit", value: "1" }, { op: "replace", path: "/~1slow/GET/throttling/burstLimit", value: "2" }] }));
    expect([(await errorOf("/test/slow"))[0], (await errorOf("/test/slow"))[0], await errorOf("/test/slow")]).toEqual([200, 200, [429, '{"message":"Too Many Requests"}', "TooManyRequestsException"]]);
  });
});

describe("resource policies", () => {
  test("decide under strict authorization", async () => {
    await using strict = await gateway([], { config: { authorization: "strict" } });
    const rule = (effect: string, ip: string): object => ({ Effect: effect, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*", Condition: { IpAddress: { "aws:SourceIp": ip } } });
    const statuses: unknown[] = [];
    for (const statements of [[rule("Allow", "127.0.0.1/32")], [rule("Allow", "10.0.0.0/8")], [rule("Allow", "127.0.0.1"), rule("Deny", "127.0.0.0/8")]]) {
      const own = await RestApiBuilder.create(strict, { policy: JSON.stringify({ Version: "2012-10-17", Statement: statements }) });
      await own.method("GET", "/x");
      await own.deploy();
      const answer = await own.call("/test/x");
      statuses.push([answer.status, answer.status === 200 ? undefined : answer.json().message.replace(own.id, "ID")]);
    }
    const denied = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********0000:ID/test/GET/x";
    expect(statuses).toEqual([[200, undefined], [403, denied], [403, `${denied} with an explicit deny`]]);
  });
});
