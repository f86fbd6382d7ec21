import { spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { inflateRawSync } from "node:zlib";
import { CreateApiKeyCommand, CreateModelCommand, CreateUsagePlanCommand, CreateUsagePlanKeyCommand, FlushStageAuthorizersCacheCommand, FlushStageCacheCommand, GetSdkCommand, GetSdkTypeCommand, GetSdkTypesCommand, PutMethodResponseCommand, TestInvokeAuthorizerCommand, TestInvokeMethodCommand, CreateAuthorizerCommand } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gateway } from "./support/platform.ts";
import type { GatewayUnderTest } from "./support/platform.ts";
import { RestApiBuilder } from "./support/rest.ts";

let g: GatewayUnderTest;
let folder: string;
beforeAll(async () => {
  g = await gateway();
  folder = mkdtempSync(join(tmpdir(), "sdk-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await g[Symbol.asyncDispose]();
});

/** Unpacks an archive of deflated files by its directory. */
function unzip(bytes: Uint8Array): string {
  const zip = Buffer.from(bytes);
  const target = mkdtempSync(join(folder, "client-"));
  for (let at = zip.readUInt32LE(zip.length - 22 + 16); zip.readUInt32LE(at) === 0x02014b50;) {
    const [method, size, nameLength, extra, comment, start] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32), zip.readUInt32LE(at + 42)];
    const name = zip.toString("utf8", at + 46, at + 46 + nameLength);
    const data = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
    const raw = zip.subarray(data, data + size);
    mkdirSync(dirname(join(target, name)), { recursive: true });
    writeFileSync(join(target, name), method === 8 ? inflateRawSync(raw) : raw);
    at += 46 + nameLength + extra + comment;
  }
  return target;
}

describe("generated clients", () => {
  let api: RestApiBuilder;
  beforeAll(async () => {
    g.functions.set("pets", (event) => ({ statusCode: event.pathParameters?.petId === "404" ? 404 : 200, body: JSON.stringify({ id: Number(event.pathParameters?.petId ?? 0), path: event.path, query: event.multiValueQueryStringParameters, sent: event.body, key: event.requestContext.identity.apiKey, mine: event.headers["x-mine"], caller: event.requestContext.identity.accessKey }) }));
    api = await RestApiBuilder.create(g, { name: "Pet store" });
    await g.v1.send(new CreateModelCommand({ restApiId: api.id, name: "Pet", contentType: "application/json", description: "A pet */ closed", schema: '{"type":"object","required":["id"],"properties":{"id":{"type":"integer"},"kind":{"enum":["dog","cat"]},"tags":{"type":"array","items":{"type":"string"}}}}' }));
    await api.proxy("GET", "/pets/{petId}", "pets", { requestParameters: { "method.request.querystring.page": false, "method.request.header.x-mine": false } });
    await g.v1.send(new PutMethodResponseCommand({ restApiId: api.id, resourceId: await api.resource("/pets/{petId}"), httpMethod: "GET", statusCode: "200", responseModels: { "application/json": "Pet" } }));
    await api.proxy("POST", "/pets", "pets", { operationName: "CreatePet", requestModels: { "application/json": "Pet" } });
    await api.proxy("GET", "/signed", "pets", { authorizationType: "AWS_IAM" });
    await api.proxy("GET", "/keyed", "pets", { apiKeyRequired: true });
    await api.proxy("GET", "/files/{proxy+}", "pets");
    await api.deploy("live");
  });

  const client = async (sdkType: string): Promise<string> => {
    const sdk = await g.v1.send(new GetSdkCommand({ restApiId: api.id, stageName: "live", sdkType }));
    expect(sdk.contentType).toBe("application/octet-stream");
    expect(sdk.contentDisposition).toMatch(/^attachment; filename="\w+_.*\.zip"$/);
    return unzip(sdk.body!);
  };

  test("a JavaScript client calls its API", async () => {
    const factory = createRequire(import.meta.url)(join(await client("javascript"), "apiGateway-js-sdk/apigClient.js"));
    const { id: planId } = await g.v1.send(new CreateUsagePlanCommand({ name: "p", apiStages: [{ apiId: api.id, stage: "live" }] }));
    const key = await g.v1.send(new CreateApiKeyCommand({ name: "k", enabled: true }));
    await g.v1.send(new CreateUsagePlanKeyCommand({ usagePlanId: planId, keyId: key.id, keyType: "API_KEY" }));

    const plain = factory.newClient({});
    expect(Object.keys(plain).sort()).toEqual(["createPet", "filesProxyGet", "keyedGet", "petsPetIdGet", "signedGet"]);
    const one = await plain.petsPetIdGet({ petId: "5", page: ["a b", "c"], "x-mine": "here" }, undefined, { queryParams: { more: "1" } });
    expect(one.status).toBe(200);
    expect(one.data).toMatchObject({ id: 5, path: "/pets/5", query: { page: ["a b", "c"], more: ["1"] }, mine: "here" });
    expect((await plain.createPet({}, { id: 9 })).data.sent).toBe('{"id":9}');
    expect((await plain.filesProxyGet({ proxy: "a/b c" })).data.path).toBe("/files/a/b%20c");
    await expect(plain.petsPetIdGet({ petId: "404" })).rejects.toMatchObject({ response: { status: 404 } });
    await expect(plain.petsPetIdGet({})).rejects.toThrow("petId is missing");
    await expect(plain.keyedGet()).rejects.toMatchObject({ response: { status: 403 } });
    expect((await factory.newClient({ apiKey: key.value }).keyedGet()).data.key).toBe(key.value);
    await expect(plain.signedGet()).rejects.toMatchObject({ response: { status: 403, data: { message: "Missing Authentication Token" } } });
    const signed = await factory.newClient({ accessKey: "000000000000", secretKey: "test", region: "us-east-1" }).signedGet();
    expect(signed.data.caller).toBe("000000000000");
  });

  test("a TypeScript client is sound and calls its API", async () => {
    const target = join(await client("typescript"), "apiGateway-ts-sdk");
    const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
    const options = ["--strict", "--noEmit", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--allowImportingTsExtensions", "--lib", "es2022,dom,dom.iterable", "--types", ""];
    const run = spawnSync(process.execPath, [compiler, ...options, join(target, "index.ts")], { cwd: folder, encoding: "utf8" });
    expect({ status: run.status, output: run.stdout + run.stderr }).toEqual({ status: 0, output: "" });
    const { ApiClient } = await import(pathToFileURL(join(target, "index.ts")).href);
    const answer = await new ApiClient().petsPetIdGet({ petId: 7 });
    expect(answer.data).toMatchObject({ id: 7 });
  }, 30_000);

  test("kinds of clients", async () => {
    expect((await g.v1.send(new GetSdkTypesCommand({}))).items!.map(({ id }) => id)).toEqual(["javascript", "typescript"]);
    expect((await g.v1.send(new GetSdkTypeCommand({ id: "javascript" }))).friendlyName).toBe("JavaScript");
    await expect(g.v1.send(new GetSdkCommand({ restApiId: api.id, stageName: "live", sdkType: "ruby" }))).rejects.toThrow("none in ruby");
    await expect(g.v1.send(new GetSdkTypeCommand({ id: "ruby" }))).rejects.toMatchObject({ name: "NotFoundException" });
  });
});

describe("trials", () => {
  test("of a method, with its log", async () => {
    const api = await RestApiBuilder.create(g);
    await api.method("GET", "/pets/{id}", { responses: [{ statusCode: "200", responseTemplates: { "application/json": '{"pets": "all the pets"}' } }] });
    const resourceId = await api.resource("/pets/{id}");
    const answer = await g.v1.send(new TestInvokeMethodCommand({ restApiId: api.id, resourceId, httpMethod: "GET", pathWithQueryString: "/pets/7?a=b", headers: { "X-A": "1" } }));
    expect(answer).toMatchObject({ status: 200, body: '{"pets": "all the pets"}', headers: { "Content-Type": "application/json" }, multiValueHeaders: { "Content-Type": ["application/json"] } });
    const lines = answer.log!.split("\n");
    const id = /^Execution log for request ([0-9a-f-]{36})$/.exec(lines[0]!)![1];
    expect(lines.slice(1, -1).map((line) => /^\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4} : (.*)$/.exec(line)![1])).toEqual([
      `Starting execution for request: ${id}`,
      "HTTP Method: GET, Resource Path: /pets/7",
      "Method request path: {id=7}",
      "Method request query string: {a=b}",
      "Method request headers: {X-A=1}",
      "Method request body before transformations: ",
      'Method response body after transformations: {"pets": "all the pets"}',
      "Method response headers: {Content-Type=application/json}",
      "Successfully completed execution",
      "Method completed with status: 200",
    ]);
    expect(lines.at(-1)).toBe("");
    // Recorded: a path of another resource is taken as it is.
    const other = await g.v1.send(new TestInvokeMethodCommand({ restApiId: api.id, resourceId, httpMethod: "GET", pathWithQueryString: "/random/test" }));
    expect(other.status).toBe(200);
    expect(other.log).toContain("Resource Path: /random/test");
    expect(other.log).toContain("Method request path: {}");
    for (const [restApiId, resource, httpMethod, message] of [[api.id, "none", "GET", "Invalid Resource identifier specified"], [api.id, resourceId, "POST", "Invalid Method identifier specified"], ["none", resourceId, "GET", "Invalid Resource identifier specified"]] as const) {
      await expect(g.v1.send(new TestInvokeMethodCommand({ restApiId, resourceId: resource, httpMethod }))).rejects.toMatchObject({ name: "NotFoundException", message });
    }
  });

  test("of a method whose function fails", async () => {
    g.functions.set("fails", () => {
      throw new Error("broken");
    });
    const api = await RestApiBuilder.create(g);
    await api.proxy("GET", "/", "fails");
    const answer = await g.v1.send(new TestInvokeMethodCommand({ restApiId: api.id, resourceId: await api.resource("/"), httpMethod: "GET" }));
    expect(answer.status).toBe(502);
    expect(answer.body).toBe('{"message": "Internal server error"}'.replace(": ", ":"));
    expect(answer.log).toContain("customer function error: broken");
  });

  test("of an authorizer", async () => {
    g.functions.set("auth", (event) => ({ principalId: "me", context: { plan: "gold" }, policyDocument: { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect: event.authorizationToken === "yes" ? "Allow" : "Deny", Resource: "*" }] } }));
    const api = await RestApiBuilder.create(g);
    const { id } = await g.v1.send(new CreateAuthorizerCommand({ restApiId: api.id, name: "a", type: "TOKEN", authorizerUri: g.uri("auth"), identitySource: "method.request.header.Authorization" }));
    const answer = await g.v1.send(new TestInvokeAuthorizerCommand({ restApiId: api.id, authorizerId: id, headers: { Authorization: "yes" } }));
    expect(answer).toMatchObject({ clientStatus: 0, principalId: "me", authorization: { plan: ["gold"] } });
    expect(JSON.parse(answer.policy!).Statement[0].Effect).toBe("Allow");
    expect(answer.log).toContain("Starting authorizer");
  });

  test("caches are flushed", async () => {
    const api = await RestApiBuilder.create(g);
    await api.method("GET", "/");
    await api.deploy("live");
    expect((await g.v1.send(new FlushStageAuthorizersCacheCommand({ restApiId: api.id, stageName: "live" }))).$metadata.httpStatusCode).toBe(202);
    expect((await g.v1.send(new FlushStageCacheCommand({ restApiId: api.id, stageName: "live" }))).$metadata.httpStatusCode).toBe(202);
  });
});
