import { CreateApiCommand, CreateIntegrationCommand, CreateRouteCommand, CreateStageCommand, ExportApiCommand, GetApiCommand, GetAuthorizersCommand as GetHttpAuthorizersCommand, GetIntegrationsCommand, GetRoutesCommand, ImportApiCommand, ReimportApiCommand } from "@aws-sdk/client-apigatewayv2";
import { CreateDeploymentCommand, GetAuthorizersCommand, GetDocumentationPartsCommand, GetExportCommand, GetGatewayResponseCommand, GetModelsCommand, GetRequestValidatorsCommand, GetResourcesCommand, GetRestApiCommand, ImportRestApiCommand, PutRestApiCommand } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { AwsError } from "@cumulet/protocol";
import { defineService, defineStore } from "@cumulet/core";
import type { AnyService } from "@cumulet/core";
import { gateway } from "./support/platform.ts";
import type { GatewayUnderTest } from "./support/platform.ts";

const queued: unknown[] = [];
const events: unknown[] = [];
const fake = (model: "sqs" | "events", operations: object): AnyService => defineService({ model, store: defineStore({ name: `test-${model}`, scope: "regional", migrations: [], open: () => ({}) }), operations } as never) as AnyService;
const sqs = fake("sqs", {
  SendMessage(ctx: { principal: { arn: string } }, input: { QueueUrl: string; MessageBody: string }) {
    if (input.QueueUrl.endsWith("/none")) throw new AwsError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.", { status: 400 });
    queued.push({ ...input, as: ctx.principal.arn });
    return { MessageId: "m-1", MD5OfMessageBody: "md5" };
  },
});
const bus = fake("events", {
  PutEvents(_ctx: unknown, input: { Entries: unknown[] }) {
    events.push(...input.Entries);
    return { FailedEntryCount: 0, Entries: [{ EventId: "e-1" }] };
  },
});

let g: GatewayUnderTest;
beforeAll(async () => {
  g = await gateway([sqs, bus]);
});
afterAll(async () => {
  await g[Symbol.asyncDispose]();
});

const text = (body: Uint8Array | undefined): string => Buffer.from(body!).toString();

const REST = {
  openapi: "3.0.1",
  info: { title: "Everything", description: "All extensions", version: "2026-01-01" },
  servers: [{ url: "https://example.com/{basePath}", variables: { basePath: { default: "v1" } } }],
  paths: {
    "/pets": {
      get: {
        operationId: "ListPets",
        parameters: [{ name: "page", in: "query", required: true, schema: { type: "string" } }, { name: "X-Mine", in: "header", schema: { type: "string" } }],
        responses: { 200: { description: "fine", headers: { "X-Total": { schema: { type: "string" } } }, content: { "application/json": { schema: { $ref: "#/components/schemas/Pets" } } } } },
        security: [{ api_key: [] }, { tokens: [] }],
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-integration": {
          type: "http", httpMethod: "GET", uri: "http://backend.example.com/pets", passthroughBehavior: "when_no_templates", timeoutInMillis: 5000, cacheNamespace: "ns", cacheKeyParameters: ["method.request.querystring.page"],
          requestParameters: { "integration.request.querystring.p": "method.request.querystring.page" }, requestTemplates: { "application/json": "{}" }, contentHandling: "CONVERT_TO_TEXT", tlsConfig: { insecureSkipVerification: true },
          responses: { default: { statusCode: "200", responseParameters: { "method.response.header.X-Total": "integration.response.header.total" }, responseTemplates: { "application/json": "$input.json('$')" } }, "4\\d{2}": { statusCode: "200" } },
        },
      },
      post: {
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } } },
        responses: { 200: { description: "fine" } },
        security: [{ sigv4: [] }],
        "x-amazon-apigateway-integration": { type: "aws_proxy", httpMethod: "POST", uri: "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:f/invocations" },
      },
    },
    "/any/{proxy+}": { "x-amazon-apigateway-any-method": { parameters: [{ name: "proxy", in: "path", required: true, schema: { type: "string" } }], responses: {}, "x-amazon-apigateway-integration": { type: "mock", requestTemplates: { "application/json": '{"statusCode":200}' }, responses: { default: { statusCode: "200" } } } } },
  },
  components: {
    schemas: { Pet: { type: "object", required: ["id"], properties: { id: { type: "integer" } } }, Pets: { type: "array", items: { $ref: "#/components/schemas/Pet" } } },
    securitySchemes: {
      api_key: { type: "apiKey", name: "x-api-key", in: "header" },
      sigv4: { type: "apiKey", name: "Authorization", in: "header", "x-amazon-apigateway-authtype": "awsSigv4" },
      tokens: { type: "apiKey", name: "Auth", in: "header", "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": { type: "token", authorizerUri: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:a/invocations", identityValidationExpression: "^x-.*", authorizerResultTtlInSeconds: 60 } },
    },
  },
  "x-amazon-apigateway-request-validators": { all: { validateRequestBody: true, validateRequestParameters: true } },
  "x-amazon-apigateway-gateway-responses": { UNAUTHORIZED: { statusCode: 401, responseParameters: { "gatewayresponse.header.X-Why": "'no'" }, responseTemplates: { "application/json": '{"no":true}' } } },
  "x-amazon-apigateway-binary-media-types": ["image/png"],
  "x-amazon-apigateway-minimum-compression-size": 100,
  "x-amazon-apigateway-api-key-source": "HEADER",
  "x-amazon-apigateway-documentation": { version: "1.0", documentationParts: [{ location: { type: "API" }, properties: { info: { description: "All extensions" } } }, { location: { type: "METHOD", path: "/pets", method: "GET" }, properties: { summary: "Lists" } }] },
};

/** All of a REST API without what differs from one to the next: ids and times. */
async function restState(restApiId: string): Promise<unknown> {
  const [api, resources, models, authorizers, validators, response, parts] = await Promise.all([
    g.v1.send(new GetRestApiCommand({ restApiId })), g.v1.send(new GetResourcesCommand({ restApiId, embed: ["methods"], limit: 500 })), g.v1.send(new GetModelsCommand({ restApiId })), g.v1.send(new GetAuthorizersCommand({ restApiId })),
    g.v1.send(new GetRequestValidatorsCommand({ restApiId })), g.v1.send(new GetGatewayResponseCommand({ restApiId, responseType: "UNAUTHORIZED" })), g.v1.send(new GetDocumentationPartsCommand({ restApiId })),
  ]);
  const names = new Map<string, string>([...(authorizers.items ?? []), ...(validators.items ?? [])].map(({ id, name }) => [id!, name!]));
  const byName = (a: { name?: string }, b: { name?: string }): number => (a.name! < b.name! ? -1 : 1);
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean);
    if (value instanceof Date || typeof value !== "object" || value === null) return typeof value === "string" ? (names.get(value) ?? value.replaceAll(restApiId, "API")) : value;
    return Object.fromEntries(Object.entries(value).filter(([key, item]) => !["id", "parentId", "rootResourceId", "createdDate", "$metadata", "cacheNamespace"].includes(key) && item !== undefined).map(([key, item]) => [key, clean(item)]));
  };
  return clean({
    api, models: models.items!.sort(byName), authorizers: authorizers.items!.sort(byName), validators: validators.items, response, resources: resources.items!.sort((a, b) => (a.path! < b.path! ? -1 : 1)),
    parts: parts.items!.map(({ location, properties }) => ({ location, properties: JSON.parse(properties!) })).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  });
}

describe("REST APIs", () => {
  test.each(["oas30", "swagger"] as const)("import, export and import again lose nothing: %s", async (exportType) => {
    const first = await g.v1.send(new ImportRestApiCommand({ body: Buffer.from(JSON.stringify(REST)) }));
    expect(first.warnings).toBeUndefined();
    const before = (await restState(first.id!)) as { resources: { path: string; resourceMethods: { POST: { methodIntegration: { uri: string } } } }[] };
    expect(before.resources.find(({ path }) => path === "/pets")!.resourceMethods.POST.methodIntegration.uri).toBe(`arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${g.arn("f")}/invocations`);
    await g.v1.send(new CreateDeploymentCommand({ restApiId: first.id, stageName: "v1" }));
    for (const accepts of ["application/json", "application/yaml"]) {
      const exported = await g.v1.send(new GetExportCommand({ restApiId: first.id, stageName: "v1", exportType, accepts, parameters: { extensions: "apigateway" } }));
      const document = accepts === "application/yaml" ? parse(text(exported.body)) : JSON.parse(text(exported.body));
      expect(document[exportType === "swagger" ? "swagger" : "openapi"]).toBe(exportType === "swagger" ? "2.0" : "3.0.1");
      const second = await g.v1.send(new ImportRestApiCommand({ body: exported.body! }));
      expect(await restState(second.id!)).toEqual(before);
    }
  });

  test("overwriting replaces, merging adds", async () => {
    const { id } = await g.v1.send(new ImportRestApiCommand({ body: Buffer.from(JSON.stringify(REST)) }));
    const other = { openapi: "3.0.1", info: { title: "Other", version: "2" }, paths: { "/new": { get: { responses: {}, "x-amazon-apigateway-integration": { type: "mock" } } } } };
    await g.v1.send(new PutRestApiCommand({ restApiId: id, mode: "merge", body: Buffer.from(JSON.stringify(other)) }));
    const paths = async (): Promise<string[]> => (await g.v1.send(new GetResourcesCommand({ restApiId: id, limit: 500 }))).items!.map(({ path }) => path!).sort();
    expect(await paths()).toEqual(["/", "/any", "/any/{proxy+}", "/new", "/pets"]);
    await g.v1.send(new PutRestApiCommand({ restApiId: id, mode: "overwrite", body: Buffer.from(JSON.stringify(other)) }));
    expect(await paths()).toEqual(["/", "/new"]);
    expect((await g.v1.send(new GetAuthorizersCommand({ restApiId: id }))).items ?? []).toEqual([]);
  });

  test("base paths are ignored, put in front, or split", async () => {
    for (const [basepath, expected] of [["ignore", "/pets"], ["prepend", "/a/b/pets"], ["split", "/b/pets"]] as const) {
      const body = Buffer.from(JSON.stringify({ swagger: "2.0", info: { title: "b", version: "1" }, basePath: "/a/b", paths: { "/pets": { get: { responses: {} } } } }));
      const { id } = await g.v1.send(new ImportRestApiCommand({ body, parameters: { basepath } }));
      expect((await g.v1.send(new GetResourcesCommand({ restApiId: id }))).items!.map(({ path }) => path)).toContain(expected);
    }
  });

  test("what is no document is refused", async () => {
    for (const body of ["{", "[]", "just: yaml", '{"openapi":3}']) await expect(g.v1.send(new ImportRestApiCommand({ body: Buffer.from(body) }))).rejects.toMatchObject({ name: "BadRequestException" });
  });
});

const HTTP = {
  openapi: "3.0.1",
  info: { title: "Pets", description: "A store", version: "1.0" },
  tags: [{ name: "team", "x-amazon-apigateway-tag-value": "blue" }],
  paths: {
    "/pets/{id}": { get: { operationId: "GetPet", responses: {}, security: [{ jwt: ["pets:read"] }], "x-amazon-apigateway-integration": { $ref: "#/components/x-amazon-apigateway-integrations/shared" } } },
    "/pets": { "x-amazon-apigateway-any-method": { responses: {}, security: [{ lambda: [] }], "x-amazon-apigateway-integration": { $ref: "#/components/x-amazon-apigateway-integrations/shared" } } },
    "/iam": { post: { responses: {}, security: [{ sigv4: [] }], "x-amazon-apigateway-integration": { type: "http_proxy", httpMethod: "POST", uri: "https://backend.example.com/iam", payloadFormatVersion: "1.0", timeoutInMillis: 2000, requestParameters: { "append:header.x": "$context.requestId" }, responseParameters: { 200: { "overwrite:statuscode": "201" } } } } },
    "/$default": { "x-amazon-apigateway-any-method": { responses: {}, "x-amazon-apigateway-integration": { $ref: "#/components/x-amazon-apigateway-integrations/shared" } } },
  },
  components: {
    securitySchemes: {
      jwt: { type: "oauth2", "x-amazon-apigateway-authorizer": { type: "jwt", identitySource: "$request.header.Authorization", jwtConfiguration: { issuer: "https://issuer.example.com", audience: ["a", "b"] } } },
      lambda: { type: "apiKey", name: "X", in: "header", "x-amazon-apigateway-authorizer": { type: "request", authorizerUri: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:a/invocations", authorizerPayloadFormatVersion: "2.0", enableSimpleResponses: true, identitySource: "$request.header.x", authorizerResultTtlInSeconds: 30 } },
      sigv4: { type: "apiKey", name: "Authorization", in: "header", "x-amazon-apigateway-authtype": "awsSigv4" },
    },
    "x-amazon-apigateway-integrations": { shared: { type: "aws_proxy", httpMethod: "POST", uri: "arn:aws:lambda:us-east-1:000000000000:function:f", payloadFormatVersion: "2.0" } },
  },
  "x-amazon-apigateway-cors": { allowOrigins: ["https://example.com"], allowMethods: ["GET"], allowHeaders: ["x-a"], maxAge: 60, allowCredentials: true },
  "x-amazon-apigateway-importexport-version": "1.0",
};

async function httpState(ApiId: string): Promise<unknown> {
  const [api, routes, integrations, authorizers] = await Promise.all([g.v2.send(new GetApiCommand({ ApiId })), g.v2.send(new GetRoutesCommand({ ApiId })), g.v2.send(new GetIntegrationsCommand({ ApiId })), g.v2.send(new GetHttpAuthorizersCommand({ ApiId }))]);
  const integration = new Map(integrations.Items!.map(({ IntegrationId, ...rest }) => [`integrations/${IntegrationId}`, rest]));
  const authorizer = new Map(authorizers.Items!.map(({ AuthorizerId, ...rest }) => [AuthorizerId, rest]));
  const { ApiId: _id, ApiEndpoint: _endpoint, CreatedDate: _created, $metadata: _metadata, ...rest } = api;
  return { ...rest, routes: routes.Items!.map(({ RouteId: _route, Target, AuthorizerId, ...route }) => ({ ...route, integration: integration.get(Target!), authorizer: authorizer.get(AuthorizerId) })).sort((a, b) => (a.RouteKey! < b.RouteKey! ? -1 : 1)) };
}

describe("HTTP APIs", () => {
  test("import, export and import again lose nothing", async () => {
    const first = await g.v2.send(new ImportApiCommand({ Body: JSON.stringify(HTTP) }));
    expect(first).toMatchObject({ Name: "Pets", ProtocolType: "HTTP", Tags: { team: "blue" }, CorsConfiguration: { AllowOrigins: ["https://example.com"], MaxAge: 60 } });
    const before = (await httpState(first.ApiId!)) as { routes: { RouteKey: string }[] };
    expect(before.routes.map(({ RouteKey }) => RouteKey)).toEqual(["$default", "ANY /pets", "GET /pets/{id}", "POST /iam"]);
    expect(before.routes[2]).toMatchObject({ OperationName: "GetPet", AuthorizationType: "JWT", AuthorizationScopes: ["pets:read"], integration: { IntegrationType: "AWS_PROXY", PayloadFormatVersion: "2.0" }, authorizer: { Name: "jwt", JwtConfiguration: { Audience: ["a", "b"] } } });
    for (const OutputType of ["JSON", "YAML"]) {
      const { body } = await g.v2.send(new ExportApiCommand({ ApiId: first.ApiId, OutputType, Specification: "OAS30" }));
      const second = await g.v2.send(new ImportApiCommand({ Body: text(body) }));
      expect(await httpState(second.ApiId!)).toEqual(before);
    }
    const plain = JSON.parse(text((await g.v2.send(new ExportApiCommand({ ApiId: first.ApiId, OutputType: "JSON", Specification: "OAS30", IncludeExtensions: false }))).body));
    expect(JSON.stringify(plain)).not.toContain("x-amazon");
    expect(Object.keys(plain.paths)).toEqual(["/pets/{id}", "/iam"]);
  });

  test("reimporting replaces", async () => {
    const { ApiId } = await g.v2.send(new ImportApiCommand({ Body: JSON.stringify(HTTP) }));
    const again = await g.v2.send(new ReimportApiCommand({ ApiId, Body: JSON.stringify({ openapi: "3.0.1", info: { title: "Fewer", version: "2" }, paths: { "/one": { get: { responses: {}, parameters: [], "x-amazon-apigateway-integration": { type: "aws", uri: "x" } } } } }) }));
    expect(again.ApiId).toBe(ApiId);
    expect(again.Warnings).toHaveLength(1);
    expect(again.ImportInfo).toHaveLength(1);
    expect((await g.v2.send(new GetRoutesCommand({ ApiId }))).Items!.map(({ RouteKey }) => RouteKey)).toEqual(["GET /one"]);
    await expect(g.v2.send(new ReimportApiCommand({ ApiId, FailOnWarnings: true, Body: JSON.stringify({ openapi: "3.0.1", info: {}, paths: { "/one": { get: { "x-amazon-apigateway-integration": { type: "mock" } } } } }) }))).rejects.toMatchObject({ name: "BadRequestException" });
  });

  test("other specifications are refused", async () => {
    await expect(g.v2.send(new ImportApiCommand({ Body: '{"swagger":"2.0","info":{"title":"x"}}' }))).rejects.toMatchObject({ name: "BadRequestException" });
    const { ApiId } = await g.v2.send(new CreateApiCommand({ Name: "w", ProtocolType: "WEBSOCKET", RouteSelectionExpression: "$request.body.a" }));
    await expect(g.v2.send(new ExportApiCommand({ ApiId, OutputType: "JSON", Specification: "OAS30" }))).rejects.toMatchObject({ name: "BadRequestException" });
  });
});

describe("first-class service integrations", () => {
  test("send messages and put events", async () => {
    const { ApiId } = await g.v2.send(new CreateApiCommand({ Name: "s", ProtocolType: "HTTP" }));
    await g.v2.send(new CreateStageCommand({ ApiId, StageName: "$default", AutoDeploy: true }));
    const route = async (RouteKey: string, IntegrationSubtype: string, RequestParameters: Record<string, string>): Promise<void> => {
      const { IntegrationId } = await g.v2.send(new CreateIntegrationCommand({ ApiId, IntegrationType: "AWS_PROXY", IntegrationSubtype, RequestParameters, PayloadFormatVersion: "1.0", CredentialsArn: "arn:aws:iam::000000000000:role/r" }));
      await g.v2.send(new CreateRouteCommand({ ApiId, RouteKey, Target: `integrations/${IntegrationId}` }));
    };
    await route("POST /send/{queue}", "SQS-SendMessage", { QueueUrl: "http://localhost/000000000000/${request.path.queue}", MessageBody: "$request.body.message", DelaySeconds: "5", MessageGroupId: "$request.header.group" });
    await route("POST /put", "EventBridge-PutEvents", { Detail: "$request.body", DetailType: "thing", Source: "test", Resources: "a,b" });
    const host = `${ApiId}.execute-api.us-east-1.localhost`;
    const sent = await g.call("/send/q", { method: "POST", host, body: '{"message":"hello"}', headers: { "Content-Type": "application/json" } });
    expect(sent.status).toBe(200);
    expect(sent.body).toContain("<MessageId>m-1</MessageId>");
    expect(queued).toEqual([{ QueueUrl: "http://localhost/000000000000/q", MessageBody: "hello", DelaySeconds: 5, as: "apigateway.amazonaws.com" }]);
    expect((await g.call("/send/none", { method: "POST", host, body: '{"message":"hello"}' })).status).toBe(400);
    expect((await g.call("/send/q", { method: "POST", host, body: "{}" })).status).toBe(400);
    expect((await g.call("/put", { method: "POST", host, body: '{"a":1}' })).json()).toEqual({ FailedEntryCount: 0, Entries: [{ EventId: "e-1" }] });
    expect(events).toEqual([{ Detail: '{"a":1}', DetailType: "thing", Source: "test", Resources: ["a", "b"] }]);
  });

  test("are checked when they are made", async () => {
    const { ApiId } = await g.v2.send(new CreateApiCommand({ Name: "s", ProtocolType: "HTTP" }));
    const make = (input: object): Promise<unknown> => g.v2.send(new CreateIntegrationCommand({ ApiId, IntegrationType: "AWS_PROXY", PayloadFormatVersion: "1.0", CredentialsArn: "arn:aws:iam::000000000000:role/r", ...input }));
    await expect(make({ IntegrationSubtype: "SQS-Nothing" })).rejects.toThrow("Invalid IntegrationSubtype");
    await expect(make({ IntegrationSubtype: "SQS-SendMessage", RequestParameters: { QueueUrl: "x" } })).rejects.toThrow("MessageBody");
    await expect(make({ IntegrationSubtype: "SQS-PurgeQueue", RequestParameters: { QueueUrl: "x", Foo: "y" } })).rejects.toThrow("Foo");
    await expect(make({ IntegrationSubtype: "SQS-PurgeQueue", RequestParameters: { QueueUrl: "x" }, CredentialsArn: undefined })).rejects.toThrow("CredentialsArn");
  });
});
