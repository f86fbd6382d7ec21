import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiGatewayManagementApiClient, DeleteConnectionCommand, GetConnectionCommand, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import {
  CreateApiCommand, CreateAuthorizerCommand, CreateIntegrationCommand, CreateIntegrationResponseCommand, CreateModelCommand, CreateRouteCommand, CreateRouteResponseCommand, CreateStageCommand, CreateDeploymentCommand, UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import type { CreateIntegrationCommandInput, CreateRouteCommandInput } from "@aws-sdk/client-apigatewayv2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FrameScanner } from "../src/data-plane/websocket/frames.ts";
import { gateway } from "./support/platform.ts";
import type { GatewayUnderTest } from "./support/platform.ts";
import { Client, connect, refusal } from "./support/sockets.ts";

let g: GatewayUnderTest;
let management: ApiGatewayManagementApiClient;
beforeAll(async () => {
  g = await gateway();
});
afterAll(async () => {
  await g[Symbol.asyncDispose]();
});

/** A WebSocket API built call by call, on stage `prod`. */
class SocketApi {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  static async create(selection = "$request.body.action"): Promise<SocketApi> {
    const { ApiId } = await g.v2.send(new CreateApiCommand({ Name: "chat", ProtocolType: "WEBSOCKET", RouteSelectionExpression: selection }));
    return new SocketApi(ApiId!);
  }

  async integration(input: Partial<CreateIntegrationCommandInput>): Promise<string> {
    const { IntegrationId } = await g.v2.send(new CreateIntegrationCommand({ ApiId: this.id, IntegrationType: "AWS_PROXY", ...input }));
    return IntegrationId!;
  }

  async route(RouteKey: string, integration: string | Partial<CreateIntegrationCommandInput>, input: Partial<CreateRouteCommandInput> = {}): Promise<{ integrationId: string; routeId: string }> {
    const integrationId = typeof integration === "string" ? await this.integration({ IntegrationUri: g.uri(integration) }) : await this.integration(integration);
    const { RouteId } = await g.v2.send(new CreateRouteCommand({ ApiId: this.id, RouteKey, Target: `integrations/${integrationId}`, ...input }));
    return { integrationId, routeId: RouteId! };
  }

  /** A route whose integration's answer goes back to the client. */
  async twoWay(routeKey: string, integration: string | Partial<CreateIntegrationCommandInput>, input: Partial<CreateRouteCommandInput> = {}): Promise<{ integrationId: string; routeId: string }> {
    const made = await this.route(routeKey, integration, { RouteResponseSelectionExpression: "$default", ...input });
    await g.v2.send(new CreateRouteResponseCommand({ ApiId: this.id, RouteId: made.routeId, RouteResponseKey: "$default" }));
    return made;
  }

  async deploy(): Promise<this> {
    const { DeploymentId } = await g.v2.send(new CreateDeploymentCommand({ ApiId: this.id }));
    try {
      await g.v2.send(new CreateStageCommand({ ApiId: this.id, StageName: "prod", DeploymentId, StageVariables: { colour: "red" } }));
    } catch {
      await g.v2.send(new UpdateStageCommand({ ApiId: this.id, StageName: "prod", DeploymentId }));
    }
    return this;
  }

  get host(): string {
    return `${this.id}.execute-api.us-east-1.localhost`;
  }

  connect(options: Parameters<typeof connect>[2] = {}): Promise<Client> {
    return connect(g.cloud.port, "/prod", { host: this.host, ...options });
  }

  refusal(options: Parameters<typeof connect>[2] = {}): ReturnType<typeof refusal> {
    return refusal(g.cloud.port, "/prod", { host: this.host, ...options });
  }

  manager(): ApiGatewayManagementApiClient {
    return new ApiGatewayManagementApiClient({ ...g.cloud.clientConfig(), endpoint: `http://127.0.0.1:${g.cloud.port}/_aws/execute-api/${this.id}/prod` });
  }
}

describe("connections and routes", () => {
  test("connects, selects routes by the message, and disconnects", async () => {
    const events: any[] = [];
    g.functions.set("ws-all", (event) => {
      events.push(event);
      return { statusCode: 200, body: `${event.requestContext.routeKey}:${event.body ?? ""}` };
    });
    const api = await SocketApi.create();
    for (const key of ["$connect", "$disconnect"]) await api.route(key, "ws-all");
    for (const key of ["$default", "hello"]) await api.twoWay(key, "ws-all");
    await api.deploy();

    const client = await api.connect({ path: "/prod?name=Ada&name=Eve&x=1", headers: { "X-Mine": "here" } });
    expect(await client.ask('{"action":"hello","n":1}')).toBe('hello:{"action":"hello","n":1}');
    expect(await client.ask('{"action":"other"}')).toBe('$default:{"action":"other"}');
    expect(await client.ask("no json")).toBe("$default:no json");
    expect(await client.ask('{"action":"$connect"}')).toBe('$default:{"action":"$connect"}');
    await client.close(1000, "bye");
    await expect.poll(() => events.length).toBe(6);

    const [connected, hello, , , , gone] = events;
    expect(connected.queryStringParameters).toEqual({ name: "Eve", x: "1" });
    expect(connected.multiValueQueryStringParameters).toEqual({ name: ["Ada", "Eve"], x: ["1"] });
    expect(connected.headers["X-Mine"]).toBe("here");
    expect(connected.multiValueHeaders["X-Mine"]).toEqual(["here"]);
    expect(connected.isBase64Encoded).toBe(false);
    expect(connected.stageVariables).toEqual({ colour: "red" });
    expect(connected.body).toBeUndefined();
    const { connectionId } = connected.requestContext;
    expect(connected.requestContext).toEqual({
      routeKey: "$connect", eventType: "CONNECT", extendedRequestId: expect.any(String), requestTime: expect.stringMatching(/^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000$/), messageDirection: "IN", stage: "prod",
      connectedAt: expect.any(Number), requestTimeEpoch: expect.any(Number), identity: { sourceIp: "127.0.0.1" }, requestId: expect.any(String), domainName: api.host, connectionId: expect.stringMatching(/^[\w-]{15}=$/), apiId: api.id,
    });
    expect(hello).toEqual({
      requestContext: {
        routeKey: "hello", messageId: expect.stringMatching(/^[\w-]{15}=$/), eventType: "MESSAGE", extendedRequestId: expect.any(String), requestTime: expect.any(String), messageDirection: "IN", stage: "prod", connectedAt: connected.requestContext.connectedAt,
        requestTimeEpoch: expect.any(Number), identity: { sourceIp: "127.0.0.1" }, requestId: expect.any(String), domainName: api.host, connectionId, apiId: api.id,
      },
      stageVariables: { colour: "red" },
      body: '{"action":"hello","n":1}',
      isBase64Encoded: false,
    });
    expect(gone.requestContext).toMatchObject({ routeKey: "$disconnect", eventType: "DISCONNECT", disconnectStatusCode: 1000, disconnectReason: "bye", connectionId });
    expect(gone.headers).toEqual({ Host: api.host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" });
  });

  test("a function that refuses or fails $connect fails the handshake", async () => {
    g.functions.set("ws-refuse", () => ({ statusCode: 403 }));
    g.functions.set("ws-broken", () => {
      throw new Error("no");
    });
    g.functions.set("ws-mute", () => undefined);
    for (const [name, status] of [["ws-refuse", 403], ["ws-broken", 502], ["ws-mute", 502]] as const) {
      const api = await SocketApi.create();
      await api.route("$connect", name);
      await api.deploy();
      expect((await api.refusal()).status).toBe(status);
    }
  });

  test("unknown stages and APIs that are not deployed are forbidden", async () => {
    const api = await SocketApi.create();
    expect(await api.refusal()).toMatchObject({ status: 403, body: '{"message":"Forbidden"}' });
    await api.route("$default", { IntegrationType: "MOCK", RequestTemplates: { $default: '{"statusCode":200}' } });
    await api.deploy();
    await (await api.connect()).close();
    expect((await refusal(g.cloud.port, "/other", { host: api.host })).status).toBe(403);
    // A plain request is no handshake.
    expect((await g.call("/prod", { host: api.host })).status).toBe(403);
  });

  test("a message without a route is answered with an error", async () => {
    const api = await SocketApi.create();
    await api.route("only", { IntegrationType: "MOCK", RequestTemplates: { $default: '{"statusCode":200}' } });
    await api.deploy();
    const client = await api.connect();
    expect(JSON.parse(await client.ask('{"action":"nothing"}'))).toEqual({ message: "Forbidden", connectionId: expect.any(String), requestId: expect.any(String) });
    await client.close();
  });

  test("without a route response nothing comes back, but errors do", async () => {
    g.functions.set("ws-one-way", () => ({ statusCode: 200, body: "not for you" }));
    g.functions.set("ws-fails", () => {
      throw new Error("no");
    });
    const api = await SocketApi.create();
    await api.route("quiet", "ws-one-way");
    await api.route("fails", "ws-fails");
    await api.deploy();
    const client = await api.connect();
    client.send('{"action":"quiet"}');
    expect(JSON.parse(await client.ask('{"action":"fails"}'))).toEqual({ message: "Internal server error", connectionId: expect.any(String), requestId: expect.any(String) });
    await client.close();
  });

  test("the same API answers on path forms", async () => {
    g.functions.set("ws-echo", (event) => ({ statusCode: 200, body: event.body }));
    const api = await SocketApi.create();
    await api.twoWay("$default", "ws-echo");
    await api.deploy();
    for (const path of [`/_aws/execute-api/${api.id}/prod`, `/ws/${api.id}/prod`, `/execute-api/${api.id}/prod`]) {
      const client = await connect(g.cloud.port, path);
      expect(await client.ask("hi")).toBe("hi");
      await client.close();
    }
  });

  test("agrees on the subprotocol that the function names", async () => {
    g.functions.set("ws-protocol", (event) => {
      const asked = String(event.headers["Sec-WebSocket-Protocol"]).split(/, */);
      return asked.includes("graphql-ws") ? { statusCode: 200, headers: { "Sec-WebSocket-Protocol": "graphql-ws" } } : { statusCode: 400 };
    });
    const api = await SocketApi.create();
    await api.route("$connect", "ws-protocol");
    await api.deploy();
    const client = await api.connect({ protocols: ["other", "graphql-ws"] });
    expect(client.socket.protocol).toBe("graphql-ws");
    await client.close();
    expect((await api.refusal({ protocols: ["other"] })).status).toBe(400);
  });
});

describe("integrations", () => {
  test("mock with templates and a route response", async () => {
    const api = await SocketApi.create("${request.body.service}-${request.body.action}");
    const { integrationId } = await api.twoWay("a-b", { IntegrationType: "MOCK", TemplateSelectionExpression: "\\$default", RequestTemplates: { $default: '{"statusCode":200}' } });
    await g.v2.send(new CreateIntegrationResponseCommand({
      ApiId: api.id, IntegrationId: integrationId, IntegrationResponseKey: "$default", TemplateSelectionExpression: "\\$default",
      ResponseTemplates: { $default: '{"connection":"$context.connectionId","route":"$context.routeKey","stage":"$stageVariables.colour"}' },
    }));
    await api.deploy();
    const client = await api.connect();
    expect(JSON.parse(await client.ask('{"service":"a","action":"b"}'))).toEqual({ connection: expect.stringMatching(/=$/), route: "a-b", stage: "red" });
    await client.close();
  });

  test("HTTP with a template, parameters and response selection", async () => {
    const seen: { url: string | undefined; body: string; header: string | string[] | undefined }[] = [];
    const backend = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
        const body = Buffer.concat(chunks).toString();
        seen.push({ url: request.url, body, header: request.headers["x-connection"] });
        response.writeHead(body.includes("bad") ? 422 : 200, { "Content-Type": "application/json" }).end('{"answer":42}');
      });
    });
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    try {
      const api = await SocketApi.create();
      const { integrationId } = await api.twoWay("$default", {
        IntegrationType: "HTTP", IntegrationMethod: "POST", IntegrationUri: `http://127.0.0.1:${(backend.address() as AddressInfo).port}/hook`,
        RequestParameters: { "integration.request.header.x-connection": "context.connectionId", "integration.request.querystring.stage": "stageVariables.colour" },
        TemplateSelectionExpression: "\\$default", RequestTemplates: { $default: "{\"said\":$input.json('$.text')}" },
      });
      for (const [key, template] of [["$default", '{"n":$input.path(\'$.answer\')}'], ["/4\\d\\d/", '{"refused":true}']] as const) {
        await g.v2.send(new CreateIntegrationResponseCommand({ ApiId: api.id, IntegrationId: integrationId, IntegrationResponseKey: key, TemplateSelectionExpression: "\\$default", ResponseTemplates: { $default: template } }));
      }
      await api.deploy();
      const client = await api.connect();
      expect(await client.ask('{"text":"good"}')).toBe('{"n":42}');
      expect(await client.ask('{"text":"bad"}')).toBe('{"refused":true}');
      expect(seen[0]).toEqual({ url: "/hook?stage=red", body: '{"said":"good"}', header: expect.stringMatching(/=$/) });
      await client.close();
    } finally {
      backend.close();
    }
  });

  test("models validate messages", async () => {
    g.functions.set("ws-echo", (event) => ({ statusCode: 200, body: event.body }));
    const api = await SocketApi.create();
    await g.v2.send(new CreateModelCommand({ ApiId: api.id, Name: "Said", ContentType: "application/json", Schema: '{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}}' }));
    await api.twoWay("say", "ws-echo", { ModelSelectionExpression: "$request.body.kind", RequestModels: { said: "Said" } });
    await api.deploy();
    const client = await api.connect();
    expect(await client.ask('{"action":"say","kind":"said","text":"x"}')).toContain('"text":"x"');
    expect(JSON.parse(await client.ask('{"action":"say","kind":"said"}'))).toMatchObject({ message: "Bad request body" });
    await client.close();
  });
});

describe("authorizers on connect", () => {
  test("a REQUEST authorizer lets in, refuses, and gives context to every event", async () => {
    g.functions.set("ws-auth", (event) => {
      const who = event.queryStringParameters.who;
      if (who === "nobody") throw new Error("Unauthorized");
      return {
        principalId: who, context: { tenant: "t1" },
        policyDocument: { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect: who === "eve" ? "Deny" : "Allow", Resource: event.methodArn }] },
      };
    });
    g.functions.set("ws-who", (event) => ({ statusCode: 200, body: JSON.stringify(event.requestContext.authorizer ?? null) }));
    const api = await SocketApi.create();
    const { AuthorizerId } = await g.v2.send(new CreateAuthorizerCommand({ ApiId: api.id, Name: "a", AuthorizerType: "REQUEST", AuthorizerUri: g.uri("ws-auth"), IdentitySource: ["route.request.querystring.who"] }));
    await api.route("$connect", "ws-who", { AuthorizationType: "CUSTOM", AuthorizerId });
    await api.twoWay("$default", "ws-who");
    await api.deploy();

    expect((await api.refusal()).status).toBe(401);
    expect((await api.refusal({ path: "/prod?who=nobody" })).status).toBe(401);
    expect((await api.refusal({ path: "/prod?who=eve" })).status).toBe(403);
    const client = await api.connect({ path: "/prod?who=ada" });
    expect(JSON.parse(await client.ask("x"))).toEqual({ tenant: "t1", principalId: "ada" });
    await client.close();
    const event = g.calls.find(({ name }) => name === "ws-auth")!.event;
    expect(event).toMatchObject({ type: "REQUEST", methodArn: `arn:aws:execute-api:us-east-1:000000000000:${api.id}/prod/$connect` });
  });
});

describe("@connections", () => {
  test("posts, describes and deletes; what is gone is gone", async () => {
    const api = await SocketApi.create();
    g.functions.set("ws-id", (event) => ({ statusCode: 200, body: event.requestContext.connectionId }));
    await api.twoWay("$default", "ws-id");
    await api.deploy();
    const client = await api.connect({ headers: { "User-Agent": "probe/1" } });
    const ConnectionId = await client.ask("?");
    management = api.manager();
    await management.send(new PostToConnectionCommand({ ConnectionId, Data: "push" }));
    expect(await client.next()).toBe("push");
    const described = await management.send(new GetConnectionCommand({ ConnectionId }));
    expect(described.Identity).toEqual({ SourceIp: "127.0.0.1", UserAgent: "probe/1" });
    expect(described.ConnectedAt).toBeInstanceOf(Date);
    expect(described.LastActiveAt).toBeInstanceOf(Date);
    await expect(management.send(new PostToConnectionCommand({ ConnectionId, Data: Buffer.alloc(128 * 1024 + 1, 97) }))).rejects.toMatchObject({ name: "PayloadTooLargeException", $metadata: { httpStatusCode: 413 } });
    const closed = client.closed();
    await management.send(new DeleteConnectionCommand({ ConnectionId }));
    expect((await closed).code).toBe(1000);
    for (const command of [new PostToConnectionCommand({ ConnectionId, Data: "late" }), new PostToConnectionCommand({ ConnectionId: "none=", Data: "x" })]) {
      await expect(management.send(command)).rejects.toMatchObject({ name: "GoneException", $metadata: { httpStatusCode: 410 } });
    }
    management.destroy();
  });

  test("answers on the API's own host, too", async () => {
    const api = await SocketApi.create();
    g.functions.set("ws-id", (event) => ({ statusCode: 200, body: event.requestContext.connectionId }));
    await api.twoWay("$default", "ws-id");
    await api.deploy();
    const client = await api.connect();
    const id = await client.ask("?");
    const authorization = "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0";
    const answer = await g.call(`/prod/@connections/${encodeURIComponent(id)}`, { method: "POST", host: api.host, headers: { Authorization: authorization }, body: "from a host" });
    expect(answer.status).toBe(200);
    expect(await client.next()).toBe("from a host");
    await client.close();
  });
});

describe("limits", () => {
  const echo = async (): Promise<SocketApi> => {
    g.functions.set("ws-size", (event) => ({ statusCode: 200, body: String(event.body.length) }));
    const api = await SocketApi.create();
    await api.twoWay("$default", "ws-size");
    return api.deploy();
  };

  test("messages to 128 KB in frames to 32 KB", async () => {
    const api = await echo();
    const client = await api.connect();
    for (let i = 0; i < 4; i++) client.socket.send("a".repeat(32 * 1024), { fin: i === 3 });
    expect(await client.next()).toBe(String(128 * 1024));
    const closed = client.closed();
    for (let i = 0; i < 5; i++) client.socket.send("a".repeat(32 * 1024), { fin: i === 4 });
    expect((await closed).code).toBe(1009);

    const other = await api.connect();
    const cut = other.closed();
    other.send("a".repeat(32 * 1024 + 1));
    expect((await cut).code).toBe(1009);
  });

  test("binary messages are refused", async () => {
    const client = await (await echo()).connect();
    const closed = client.closed();
    client.socket.send(Buffer.from([1, 2, 3]));
    expect((await closed).code).toBe(1003);
  });

  test("idle connections end after ten minutes, all after two hours", async () => {
    const api = await echo();
    const idle = await api.connect();
    const busy = await api.connect();
    const idleClosed = idle.closed();
    const busyClosed = busy.closed();
    let over = false;
    void busyClosed.then(() => (over = true));
    for (let minute = 0; minute < 119; minute += 9) {
      await busy.ask("keep me");
      await g.cloud.clock.advance(9 * 60_000);
      if (minute === 9) expect((await idleClosed).code).toBe(1001);
      if (minute < 108) expect(over).toBe(false);
    }
    expect((await busyClosed).code).toBe(1001);
  });

  test("the frame scanner follows frames through any pieces", () => {
    const frame = (length: number, masked: boolean): Buffer => {
      const head = length < 126 ? [0x81, length] : length < 65536 ? [0x81, 126, length >> 8, length & 255] : [0x81, 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255];
      if (masked) head[1]! |= 0x80;
      return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0, 0xff), Buffer.alloc(length, 0xff)]);
    };
    const fine = Buffer.concat([0, 125, 126, 32 * 1024, 5].flatMap((length) => [frame(length, true), frame(length, false)]));
    for (const step of [1, 3, 7, 1000, fine.length]) {
      const scanner = new FrameScanner();
      for (let at = 0; at < fine.length; at += step) expect(scanner.scan(fine.subarray(at, at + step))).toBe(false);
      expect(scanner.scan(frame(32 * 1024 + 1, true))).toBe(true);
    }
  });
});

