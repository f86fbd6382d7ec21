import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { RawData, WebSocket } from "ws";
import type { Address, Context } from "@cumulet/core";
import { header } from "../../domain/http-message.ts";
import { currentDeployment } from "../../deploy.ts";
import type { Store } from "../../store.ts";
import { accountThrottle } from "../access/usage.ts";
import type { ApiAddress } from "../plane.ts";
import { gatewayRequest, withForwarded } from "../request.ts";
import { authorizeConnection } from "./authorize.ts";
import { socketCall, socketSource } from "./call.ts";
import type { SocketCall } from "./call.ts";
import { compileWebSocketApi } from "./compile.ts";
import type { WebSocketRoute, WebSocketRuntime } from "./compile.ts";
import { Connection } from "./connection.ts";
import { FrameScanner, MAX_MESSAGE } from "./frames.ts";
import { seeSocketEvent } from "../seeing/websocket.ts";
import { integrate, SocketError } from "./integrate.ts";
import type { SocketAnswer } from "./integrate.ts";

/** Close codes: what the client sent was no text, or too much. */
const UNACCEPTABLE = 1003;
const TOO_BIG = 1009;

const server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE, perMessageDeflate: false, skipUTF8Validation: false, clientTracking: false, handleProtocols: () => false });

/** The subprotocol of a handshake that is being answered: only what the `$connect` integration chose is agreed on. */
const agreed = new WeakMap<IncomingMessage, string>();
server.on("headers", (lines: string[], request: IncomingMessage) => {
  const protocol = agreed.get(request);
  if (protocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
});

/** Messages of one connection that may be on their way to integrations; reading goes on when some are answered. */
const MAX_IN_FLIGHT = 64;

export interface Upgrade {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
  address: Address;
}

/** The compiled deployment of a stage; undefined while nothing is deployed. */
function runtimeOf(ctx: Context<Store>, apiId: string, stageName: string): WebSocketRuntime | undefined {
  const deployment = currentDeployment(ctx, apiId, stageName);
  if (deployment?.definition === undefined) return undefined;
  const { definition } = deployment;
  return ctx.store.memo(apiId, `runtime ${deployment.DeploymentId}`, () => compileWebSocketApi(definition));
}

/** Answers a handshake that does not lead to a connection. */
function refuse(socket: Duplex, status: number, message: string, headers: Record<string, string> = {}): void {
  if (socket.destroyed) return;
  const body = JSON.stringify({ message });
  const head = Object.entries({ "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(body)), Connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\n${head}\r\n${body}`);
}

/** Opens a connection: stage, authorization and the `$connect` integration come before the handshake is answered. */
export async function upgradeWebSocket(ctx: Context<Store>, upgrade: Upgrade, address: ApiAddress): Promise<void> {
  const { request, socket, head } = upgrade;
  socket.on("error", () => socket.destroy());
  const stageName = address.stage ?? /^\/+([^/]+)/.exec(address.path)?.[1] ?? "";
  const api = ctx.store.apis.get("", address.apiId);
  const stages = ctx.store.memo(address.apiId, "stages", () => new Map(ctx.store.stages.all(address.apiId).map((item) => [item.StageName, item])));
  const runtime = stages.has(stageName) && !(api?.DisableExecuteApiEndpoint === true && address.defaultEndpoint) ? runtimeOf(ctx, address.apiId, stageName) : undefined;
  if (runtime === undefined) return refuse(socket, 403, "Forbidden", { "x-amzn-ErrorType": "ForbiddenException" });

  const parsed = gatewayRequest(request, { path: address.path, fullPath: address.path, host: upgrade.address.host, rawQuery: upgrade.address.query, startedMs: ctx.clock.now() }, Buffer.alloc(0));
  parsed.headers = withForwarded(parsed.headers, request, parsed.sourceIp, ctx.trace.xray(), false);
  const stageVariables = (): { [name: string]: string } => ctx.store.memo(address.apiId, `variables ${stageName}`, () => ctx.store.stages.get(address.apiId, stageName)?.StageVariables ?? {});
  const connection = new Connection({ id: `${ctx.ids.bytes(11).toString("base64url")}=`, address, stageName, stageVariables, request: parsed, clock: ctx.clock });
  let answer: SocketAnswer | undefined;
  try {
    answer = await connect(ctx, runtime, connection, upgrade.address);
  } catch (error) {
    if (error instanceof SocketError) return refuse(socket, error.status, error.message);
    throw error;
  }
  if (answer !== undefined && (answer.status < 200 || answer.status > 299)) return refuse(socket, answer.status, STATUS_CODES[answer.status] ?? "Error");
  if (socket.destroyed) return;
  const protocol = answer === undefined ? undefined : header(answer.headers, "sec-websocket-protocol");
  if (protocol !== undefined && /^[!#$%&'*+\-.^_`|~\w]+$/.test(protocol)) agreed.set(request, protocol);
  server.handleUpgrade(request, socket, head, (webSocket) => serve(ctx, webSocket, socket, connection));
}

async function connect(ctx: Context<Store>, runtime: WebSocketRuntime, connection: Connection, address: Address): Promise<SocketAnswer | undefined> {
  if (!ctx.store.state.throttles.take("connections", { rate: ctx.config.quotas["apigateway.connectionsPerSecond"] ?? 500, burst: ctx.config.quotas["apigateway.connectionBurst"] ?? 500 }, ctx.clock.now())) throw new SocketError("Too Many Requests", 429);
  const route = runtime.routes.get("$connect");
  const call = socketCall(ctx, connection, route ?? { ...EMPTY_ROUTE, routeKey: "$connect" }, "CONNECT");
  let answer: SocketAnswer | undefined;
  try {
    if (route !== undefined) {
      await authorizeConnection(call, runtime, address);
      call.caller = connection.caller;
      if (route.integration !== undefined) answer = await integrate(call, route.integration);
    }
  } catch (error) {
    seeSocketEvent(call, error instanceof SocketError ? error.status : 500, error as Error);
    throw error;
  }
  seeSocketEvent(call, answer?.status ?? 200, undefined);
  return answer;
}

/** Serves an open connection until it closes. */
function serve(ctx: Context<Store>, webSocket: WebSocket, socket: Duplex, connection: Connection): void {
  const { connections } = ctx.store.state;
  const scanner = new FrameScanner();
  let refused = false;
  let inFlight = 0;
  const close = (code: number, reason: string): void => {
    refused = true;
    webSocket.close(code, reason);
  };
  socket.prependListener("data", (chunk: Buffer) => {
    if (!refused && scanner.scan(chunk)) close(TOO_BIG, "Message too big");
  });
  connection.open(webSocket);
  connections.set(connection.id, connection);
  webSocket.on("message", (data: RawData, isBinary: boolean) => {
    if (refused) return;
    connection.touch();
    if (isBinary) close(UNACCEPTABLE, "Binary frames are not supported");
    else {
      if (++inFlight === MAX_IN_FLIGHT) webSocket.pause();
      void message(ctx, connection, data.toString()).finally(() => {
        if (inFlight-- === MAX_IN_FLIGHT) webSocket.resume();
      });
    }
  });
  webSocket.on("ping", () => connection.touch());
  webSocket.on("error", () => {});
  webSocket.on("close", (code, reason) => {
    connections.delete(connection.id);
    connection.closed();
    void disconnected(ctx, connection, code, reason.toString());
  });
}

/** The route of a message: by the selection expression, else `$default`. */
function routeOf(ctx: Context<Store>, runtime: WebSocketRuntime, connection: Connection, body: string): WebSocketRoute | undefined {
  const fallback = runtime.routes.get("$default");
  const probe = { ...socketCall(ctx, connection, fallback ?? EMPTY_ROUTE, "MESSAGE"), body };
  const key = runtime.selectRoute(socketSource(probe));
  const chosen = key === undefined || key === "$connect" || key === "$disconnect" ? undefined : runtime.routes.get(key);
  return chosen ?? fallback;
}

const EMPTY_ROUTE: WebSocketRoute = { route: {}, routeKey: "$default", integration: undefined, authorizer: undefined, twoWay: false, selectModel: undefined, validator: () => undefined };

async function message(ctx: Context<Store>, connection: Connection, body: string): Promise<void> {
  const { address, stageName } = connection;
  let call: SocketCall | undefined;
  try {
    const runtime = runtimeOf(ctx, address.apiId, stageName);
    const route = runtime === undefined ? undefined : routeOf(ctx, runtime, connection, body);
    call = socketCall(ctx, connection, route ?? EMPTY_ROUTE, "MESSAGE", { body, messageId: `${ctx.ids.bytes(11).toString("base64url")}=` });
    if (route === undefined) throw new SocketError("Forbidden", 403);
    checkThrottle(call);
    validate(call);
    const answer = route.integration === undefined ? undefined : await integrate(call, route.integration);
    if (route.twoWay && answer !== undefined && answer.body !== "") await connection.send(answer.body);
    seeSocketEvent(call, answer?.status ?? 200, undefined);
  } catch (error) {
    if (call !== undefined) seeSocketEvent(call, error instanceof SocketError ? error.status : 500, error as Error);
    if (!(error instanceof SocketError)) ctx.log.error("A WebSocket message failed in the gateway", { error: error instanceof Error ? error.stack : String(error), apiId: address.apiId });
    await connection.send(JSON.stringify({ message: error instanceof SocketError ? error.message : "Internal server error", connectionId: connection.id, requestId: call?.requestId ?? "" }));
  }
}

function checkThrottle({ ctx, connection, route }: SocketCall): void {
  const stage = ctx.store.stages.get(connection.address.apiId, connection.stageName);
  const own = stage?.RouteSettings?.[route.routeKey];
  const rate = own?.ThrottlingRateLimit ?? stage?.DefaultRouteSettings?.ThrottlingRateLimit;
  const burst = own?.ThrottlingBurstLimit ?? stage?.DefaultRouteSettings?.ThrottlingBurstLimit;
  const { throttles } = ctx.store.state;
  const now = ctx.clock.now();
  const limited = rate !== undefined || burst !== undefined;
  if (limited && !throttles.take(`route ${connection.address.apiId}/${connection.stageName}/${route.routeKey}`, { rate: rate ?? Number.POSITIVE_INFINITY, burst: burst ?? Math.max(1, rate ?? 1) }, now)) throw new SocketError("Too Many Requests", 429);
  if (!throttles.take("account", accountThrottle(ctx), now)) throw new SocketError("Too Many Requests", 429);
}

function validate(call: SocketCall): void {
  const { route } = call;
  if (route.selectModel === undefined) return;
  const validator = route.validator(route.selectModel(socketSource(call)) ?? "$default");
  let errors: string[];
  try {
    errors = validator === undefined ? ["No model matches"] : validator(JSON.parse(call.body));
  } catch {
    errors = ["Unable to parse body"];
  }
  if (errors.length > 0) throw new SocketError("Bad request body", 400);
}

async function disconnected(ctx: Context<Store>, connection: Connection, code: number, reason: string): Promise<void> {
  try {
    const route = runtimeOf(ctx, connection.address.apiId, connection.stageName)?.routes.get("$disconnect");
    const words = reason !== "" ? reason : code === 1005 ? "Client-side close frame status not set" : code === 1006 ? "Connection Closed Abnormally" : "Connection Closed Normally";
    const call = socketCall(ctx, connection, route ?? { ...EMPTY_ROUTE, routeKey: "$disconnect" }, "DISCONNECT", { disconnect: { code, reason: words } });
    const answer = route?.integration === undefined ? undefined : await integrate(call, route.integration);
    seeSocketEvent(call, answer?.status ?? 200, undefined);
  } catch (error) {
    // The client is gone: nobody is left to be told. A store that was reset is no failure either.
    ctx.log.debug("A $disconnect route failed", { reason: (error as Error).message });
  }
}
