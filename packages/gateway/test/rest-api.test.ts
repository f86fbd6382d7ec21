import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CreateDeploymentCommand, CreateModelCommand, CreateRequestValidatorCommand, CreateResourceCommand, CreateRestApiCommand, GetResourcesCommand, PutGatewayResponseCommand,
  PutIntegrationCommand, PutIntegrationResponseCommand, PutMethodCommand, PutMethodResponseCommand, UpdateStageCommand,
} from "@aws-sdk/client-api-gateway";
import type { PutIntegrationCommandInput, PutIntegrationResponseCommandInput, PutMethodCommandInput } from "@aws-sdk/client-api-gateway";
import { gateway } from "./support/platform.ts";
import type { GatewayUnderTest } from "./support/platform.ts";

let g: GatewayUnderTest;
let backend: Server;
let backendUrl: string;
let restApiId: string;
const ids = new Map<string, string>();

beforeAll(async () => {
  g = await gateway();
  backend = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const status = Number(new URL(request.url!, "http://x").searchParams.get("status") ?? 200);
      response.writeHead(status, { "Content-Type": "application/json", "X-Backend": "yes", Server: "backend/1" });
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() }));
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  backendUrl = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;

  g.functions.set("echo", (event) => ({ statusCode: 201, headers: { "x-from": "function" }, body: JSON.stringify(event) }));
  g.functions.set("answers", (event: { queryStringParameters: { answer: string } }) => JSON.parse(event.queryStringParameters.answer) as unknown);
  g.functions.set("custom", (event: { fail?: string }) => {
    if (event.fail !== undefined) throw new Error(event.fail);
    return { got: event };
  });
  const api = await g.v1.send(new CreateRestApiCommand({ name: "shop" }));
  restApiId = api.id!;
  ids.set("/", api.rootResourceId!);
  for (const path of ["/pets", "/pets/{petId}", "/mock", "/http", "/http/{rest}", "/proxy", "/proxy/{proxy+}", "/custom", "/answers", "/strict", "/any", "/any/{thing}"]) await resource(path);
  await method("/pets/{petId}", "GET", { type: "AWS_PROXY", integrationHttpMethod: "POST", uri: g.uri("echo") });
  await method("/answers", "GET", { type: "AWS_PROXY", integrationHttpMethod: "POST", uri: g.uri("answers") });
  await method("/any/{thing}", "ANY", { type: "AWS_PROXY", integrationHttpMethod: "POST", uri: g.uri("echo") });
  await method("/proxy/{proxy+}", "ANY", { type: "HTTP_PROXY", integrationHttpMethod: "ANY", uri: `${backendUrl}/base/{proxy}`, requestParameters: { "integration.request.path.proxy": "method.request.path.proxy" } }, { requestParameters: { "method.request.path.proxy": true } });
  await method("/mock", "GET", { type: "MOCK", requestTemplates: { "application/json": '#set($context.responseOverride.header["x-over"] = "ridden"){"statusCode": #if($input.params("code") != "")$input.params("code")#{else}200#end}' } }, {}, [
    { statusCode: "200", responseTemplates: { "application/json": '{"stage":"$context.stage","env":"$stageVariables.env","q":"$input.params(\'q\')"}' }, responseParameters: { "method.response.header.X-Static": "'fixed'", "method.response.header.X-Id": "context.requestId" } },
    { statusCode: "404", selectionPattern: "4\\d{2}", responseTemplates: { "application/json": "#set($context.responseOverride.status = 418){}" } },
  ]);
  await method("/http", "POST", { type: "HTTP", integrationHttpMethod: "PUT", uri: `${backendUrl}/x?status=200`, requestParameters: { "integration.request.header.X-Q": "method.request.querystring.q", "integration.request.querystring.stat": "'ic'" }, requestTemplates: { "application/json": '{"wrapped":$input.json(\'$.a\')}' }, passthroughBehavior: "NEVER" }, { requestParameters: { "method.request.querystring.q": false } }, [
    { statusCode: "200", responseTemplates: { "application/json": "$input.path('$.body')|$input.path('$.headers.x-q')|$input.path('$.url')" }, responseParameters: { "method.response.header.X-B": "integration.response.header.X-Backend" } },
  ]);
  await method("/custom", "POST", { type: "AWS", integrationHttpMethod: "POST", uri: g.uri("custom") }, {}, [
    { statusCode: "200" },
    { statusCode: "400", selectionPattern: "(\\n|.)*Bad(\\n|.)*", responseTemplates: { "application/json": '{"why":"$input.path(\'$.errorMessage\')"}' } },
  ]);
  const validator = await g.v1.send(new CreateRequestValidatorCommand({ restApiId, name: "all", validateRequestBody: true, validateRequestParameters: true }));
  await g.v1.send(new CreateModelCommand({ restApiId, name: "Pet", contentType: "application/json", schema: JSON.stringify({ $schema: "http://json-schema.org/draft-04/schema#", type: "object", required: ["name"], properties: { name: { type: "string" }, age: { type: "integer", minimum: 0 } } }) }));
  await method("/strict", "POST", { type: "MOCK", requestTemplates: { "application/json": '{"statusCode":200}' } }, { requestValidatorId: validator.id, requestModels: { "application/json": "Pet" }, requestParameters: { "method.request.querystring.page": true, "method.request.header.X-Need": true } }, [{ statusCode: "200" }]);
  await g.v1.send(new PutGatewayResponseCommand({ restApiId, responseType: "BAD_REQUEST_BODY", statusCode: "422", responseParameters: { "gatewayresponse.header.X-Why": "'body'" }, responseTemplates: { "application/json": '{"m":$context.error.messageString,"v":"$context.error.validationErrorString","s":"$stageVariables.env"}' } }));
  await g.v1.send(new CreateDeploymentCommand({ restApiId, stageName: "test", variables: { env: "dev" } }));
});
afterAll(async () => {
  await g[Symbol.asyncDispose]();
  backend.closeAllConnections();
  backend.close();
});

async function resource(path: string): Promise<void> {
  const at = path.lastIndexOf("/");
  const { id } = await g.v1.send(new CreateResourceCommand({ restApiId, parentId: ids.get(path.slice(0, at) || "/")!, pathPart: path.slice(at + 1) }));
  ids.set(path, id!);
}

type Loose<T> = Partial<T>;

async function method(path: string, httpMethod: string, integration: Loose<PutIntegrationCommandInput>, options: Loose<PutMethodCommandInput> = {}, responses: Loose<PutIntegrationResponseCommandInput>[] = []): Promise<void> {
  const where = { restApiId, resourceId: ids.get(path)!, httpMethod };
  await g.v1.send(new PutMethodCommand({ ...where, authorizationType: "NONE", ...options }));
  await g.v1.send(new PutIntegrationCommand({ ...where, type: "MOCK", ...integration }));
  for (const response of responses) {
    const declared = Object.fromEntries(Object.keys(response.responseParameters ?? {}).map((name) => [name, false]));
    await g.v1.send(new PutMethodResponseCommand({ ...where, statusCode: response.statusCode!, responseParameters: declared }));
    await g.v1.send(new PutIntegrationResponseCommand({ ...where, statusCode: response.statusCode!, ...response }));
  }
}

const host = (): string => `${restApiId}.execute-api.us-east-1.localhost:4566`;
const at = (path: string, options: Parameters<GatewayUnderTest["call"]>[1] = {}) => g.call(`/test${path}`, { host: host(), ...options });

describe("addresses and routing of a REST API", () => {
  test("host, and both path forms", async () => {
    for (const [path, name] of [["/test/mock", host()], [`/restapis/${restApiId}/test/_user_request_/mock`], [`/_aws/execute-api/${restApiId}/test/mock`], [`/execute-api/${restApiId}/test/mock`]] as const) {
      const answer = await g.call(path, name === undefined ? {} : { host: name });
      expect([answer.status, answer.json().stage], path).toEqual([200, "test"]);
    }
  });

  test("misses ask for a token, unknown stages are forbidden", async () => {
    for (const [path, options] of [["/nothing", {}], ["/mock", { method: "DELETE" }], ["/", {}]] as const) {
      const answer = await at(path, options);
      expect([answer.status, answer.body, answer.headers["x-amzn-errortype"]]).toEqual([403, '{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"]);
      expect(answer.headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
    }
    const answer = await g.call("/nostage/mock", { host: host() });
    expect([answer.status, answer.body, answer.headers["x-amzn-errortype"]]).toEqual([403, '{"message":"Forbidden"}', "ForbiddenException"]);
  });
});

describe("Lambda proxy integrations", () => {
  test("send the recorded event", async () => {
    const answer = await at("//pets/5/?a=1&a=2&b=x+y", { headers: { "X-One": ["1", "2"], "tEsT-HEADeR": "aValUE" } });
    expect([answer.status, answer.headers["x-from"], answer.headers["content-type"]]).toEqual([201, "function", "application/json"]);
    expect(answer.headers["x-amzn-trace-id"]).toMatch(/^Root=1-/);
    const event = answer.json();
    expect(Object.keys(event)).toEqual(["resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "requestContext", "body", "isBase64Encoded"]);
    expect(event).toMatchObject({
      resource: "/pets/{petId}", path: "/pets/5/", httpMethod: "GET", queryStringParameters: { a: "2", b: "x y" }, multiValueQueryStringParameters: { a: ["1", "2"], b: ["x y"] },
      pathParameters: { petId: "5" }, stageVariables: { env: "dev" }, body: null, isBase64Encoded: false,
    });
    expect(event.headers).toMatchObject({ "tEsT-HEADeR": "aValUE", "X-One": "2", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http" });
    expect(event.multiValueHeaders["X-One"]).toEqual(["1", "2"]);
    expect(event.requestContext).toEqual({
      resourceId: ids.get("/pets/{petId}"), resourcePath: "/pets/{petId}", httpMethod: "GET", extendedRequestId: answer.headers["x-amz-apigw-id"], requestTime: "02/Jan/2026:03:04:05 +0000",
      path: "/test//pets/5/", accountId: "000000000000", protocol: "HTTP/1.1", stage: "test", domainPrefix: restApiId, requestTimeEpoch: Date.UTC(2026, 0, 2, 3, 4, 5), requestId: answer.headers["x-amzn-requestid"],
      identity: {
        cognitoIdentityPoolId: null, accountId: null, cognitoIdentityId: null, caller: null, sourceIp: "127.0.0.1", principalOrgId: null, accessKey: null, cognitoAuthenticationType: null,
        cognitoAuthenticationProvider: null, userArn: null, userAgent: null, user: null,
      },
      domainName: `${restApiId}.execute-api.us-east-1.localhost`, deploymentId: expect.any(String) as string, apiId: restApiId,
    });
  });

  test("keep escapes in path variables and interior slashes", async () => {
    expect((await at("/any/test%2Balias@x.com")).json()).toMatchObject({ path: "/any/test%2Balias@x.com", pathParameters: { thing: "test%2Balias@x.com" } });
  });

  // Recorded answers of AWS to what functions return.
  test.each([
    ["{}", 502], ['"text"', 502], ['{"wrong":1}', 502], ['{"statusCode":"xyz"}', 502], ['{"statusCode":200,"multiValueHeaders":{"a":"b"}}', 502],
    ['{"statusCode":"200"}', 200], ['{"statusCode":200}', 200], ['{"headers":{"a":"b"}}', 200], ['{"statusCode":200,"headers":null}', 200], ['{"statusCode":200,"extra":true}', 502], ["[1]", 502], ["null", 502],
    ['{"statusCode":200,"headers":{"a":"x\\r\\nSet-Cookie: y"}}', 502],
  ])("%s answers %i", async (answer, status) => {
    const response = await at(`/answers?answer=${encodeURIComponent(answer)}`);
    expect(response.status).toBe(status);
    if (status === 502) expect(response.body).toBe('{"message": "Internal server error"}'.replace(": ", ":"));
  });

  test("merge single and multi-value headers in the recorded order", async () => {
    const answer = await at(`/answers?answer=${encodeURIComponent('{"statusCode":200,"headers":{"tesT-Multi":"value-solo","b":true},"multiValueHeaders":{"test-multi":["value-multi"]}}')}`);
    const raw = answer.raw.flatMap((name, i) => (i % 2 === 0 && name.toLowerCase() === "test-multi" ? [[name, answer.raw[i + 1]]] : []));
    expect(raw).toEqual([["tesT-Multi", "value-multi"], ["tesT-Multi", "value-solo"]]);
    expect(answer.headers["b"]).toBe("true");
  });

  test("leave base64 alone unless the API calls the media type binary", async () => {
    expect((await at(`/answers?answer=${encodeURIComponent('{"statusCode":200,"body":"dGVzdC1kYXRh","isBase64Encoded":true}')}`)).body).toBe("dGVzdC1kYXRh");
  });
});

describe("MOCK integrations and templates", () => {
  test("render responses, map headers, override them", async () => {
    const answer = await at("/mock?q=hi");
    expect(answer.json()).toEqual({ stage: "test", env: "dev", q: "hi" });
    expect(answer.headers).toMatchObject({ "x-static": "fixed", "x-over": "ridden", "x-id": answer.headers["x-amzn-requestid"], "content-type": "application/json" });
  });

  test("select by pattern and override the status", async () => {
    expect((await at("/mock?code=404")).status).toBe(418);
  });

  test("without a status code they are misconfigured", async () => {
    const answer = await at("/mock?code=abc");
    expect([answer.status, answer.body, answer.headers["x-amzn-errortype"]]).toEqual([500, '{"message":"Internal server error"}', "InternalServerErrorException"]);
  });
});

describe("HTTP integrations", () => {
  test("HTTP maps parameters, transforms bodies both ways", async () => {
    const answer = await at("/http?q=1", { method: "POST", body: '{"a":[1,2]}', headers: { "Content-Type": "application/json" } });
    expect(answer.body).toBe('{"wrapped":[1,2]}|1|/x?status=200&stat=ic');
    expect(answer.headers["x-b"]).toBe("yes");
  });

  test("NEVER passes nothing through without a template", async () => {
    const answer = await at("/http", { method: "POST", body: "<a/>", headers: { "Content-Type": "application/xml" } });
    expect([answer.status, answer.body]).toEqual([415, '{"message":"Unsupported Media Type"}']);
  });

  test("a body that is no JSON is the caller's mistake", async () => {
    const answer = await at("/http", { method: "POST", body: "nonsense", headers: { "Content-Type": "application/json" } });
    expect(answer.status).toBe(422);
    expect(answer.json().m).toContain("Could not parse request body into json: Unrecognized token 'nonsense'");
  });

  test("HTTP_PROXY passes everything on and back, remapping what speaks of the connection", async () => {
    const answer = await at("/proxy/a/b?x=1&status=404", { method: "PATCH", body: "raw", headers: { "X-Mine": "1", "Content-Type": "text/plain" } });
    expect(answer.status).toBe(404);
    expect(answer.headers).toMatchObject({ "x-backend": "yes", "x-amzn-remapped-server": "backend/1" });
    expect(answer.headers["x-amzn-remapped-date"]).toBeDefined();
    expect(answer.json()).toMatchObject({ method: "PATCH", url: "/base/a/b?x=1&status=404", body: "raw", headers: { "x-mine": "1", "x-amzn-apigateway-api-id": restApiId, "x-forwarded-for": "127.0.0.1" } });
  });
});

describe("Lambda custom integrations", () => {
  test("pass the body through and select responses by the error message", async () => {
    expect((await at("/custom", { method: "POST", body: '{"x":1}' })).json()).toEqual({ got: { x: 1 } });
    const failed = await at("/custom", { method: "POST", body: '{"fail":"Bad input"}' });
    expect([failed.status, failed.json()]).toEqual([400, { why: "Bad input" }]);
    const other = await at("/custom", { method: "POST", body: '{"fail":"other"}' });
    expect([other.status, other.json().errorMessage]).toEqual([200, "other"]);
  });
});

describe("request validation and gateway responses", () => {
  test("names the missing parameters", async () => {
    const answer = await at("/strict", { method: "POST", body: '{"name":"x"}' });
    expect([answer.status, answer.body, answer.headers["x-amzn-errortype"]]).toEqual([400, '{"message":"Missing required request parameters: [page, X-Need]"}', "BadRequestException"]);
  });

  test("validates bodies by draft 4, answering with the customized response", async () => {
    const answer = await at("/strict?page=1", { method: "POST", body: '{"age":-1}', headers: { "X-Need": "1" } });
    expect([answer.status, answer.headers["x-why"]]).toEqual([422, "body"]);
    expect(answer.body).toBe('{"m":"Invalid request body","v":"[numeric instance is lower than the required minimum (minimum: 0, found: -1), object has missing required properties (["name"])]","s":"dev"}');
    expect((await at("/strict?page=1", { method: "POST", body: '{"name":"x"}', headers: { "X-Need": "1" } })).status).toBe(200);
  });
});

describe("deployments are frozen", () => {
  test("changes wait for the next deployment; a canary takes its share", async () => {
    await resource("/late");
    await method("/late", "GET", { type: "MOCK", requestTemplates: { "application/json": '{"statusCode":200}' } }, {}, [{ statusCode: "200", responseTemplates: { "application/json": "$context.isCanaryRequest $stageVariables.env" } }]);
    expect((await at("/late")).status).toBe(403);
    const { id } = await g.v1.send(new CreateDeploymentCommand({ restApiId, stageName: "test", canarySettings: { percentTraffic: 100, stageVariableOverrides: { env: "canary" } } }));
    expect((await at("/late")).body).toBe("true canary");
    await g.v1.send(new UpdateStageCommand({ restApiId, stageName: "test", patchOperations: [{ op: "replace", path: "/canarySettings/percentTraffic", value: "0" }] }));
    expect((await at("/late")).status).toBe(403);
    await g.v1.send(new UpdateStageCommand({ restApiId, stageName: "test", patchOperations: [{ op: "copy", from: "/canarySettings/deploymentId", path: "/deploymentId" }, { op: "remove", path: "/canarySettings" }] }));
    expect((await at("/late")).body).toBe("false dev");
    expect(id).toMatch(/^[a-z0-9]{6}$/);
  });

  test("resources list their methods", async () => {
    const { items } = await g.v1.send(new GetResourcesCommand({ restApiId, limit: 500, embed: ["methods"] }));
    expect(items!.find((item) => item.path === "/mock")!.resourceMethods!["GET"]!.methodIntegration!.integrationResponses!["404"]!.selectionPattern).toBe("4\\d{2}");
  });
});
