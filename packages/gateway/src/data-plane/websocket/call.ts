import type { Context, Principal } from "@cumulet/core";
import { allValues, clfTime, header, joinedHeader, lastValues } from "../../domain/http-message.ts";
import type { GatewayRequest } from "../../domain/http-message.ts";
import { dotted } from "../../domain/selection.ts";
import type { SelectionSource } from "../../domain/selection.ts";
import type { Store } from "../../store.ts";
import { extendedRequestId } from "../ids.ts";
import type { WebSocketRoute } from "./compile.ts";
import type { Connection } from "./connection.ts";

export type EventType = "CONNECT" | "MESSAGE" | "DISCONNECT";

/** One event of a connection on its way to an integration. */
export interface SocketCall {
  ctx: Context<Store>;
  connection: Connection;
  route: WebSocketRoute;
  type: EventType;
  requestId: string;
  startedMs: number;
  /** Text of the message; empty for the other events. */
  body: string;
  messageId: string | undefined;
  disconnect: { code: number; reason: string } | undefined;
  caller: Principal | undefined;
  facts: Record<string, unknown>;
}

/** A call for an event that happens now. */
export function socketCall(ctx: Context<Store>, connection: Connection, route: WebSocketRoute, type: EventType, extra: Partial<SocketCall> = {}): SocketCall {
  return { ctx, connection, route, type, requestId: extendedRequestId(ctx.ids), startedMs: ctx.clock.now(), body: "", messageId: undefined, disconnect: undefined, caller: connection.caller, facts: {}, ...extra };
}

/** `requestContext` of events, and `$context` of templates: the documented members, in order. */
export function socketContext(call: SocketCall): Record<string, unknown> {
  const { connection } = call;
  const { request, address } = connection;
  return {
    routeKey: call.route.routeKey,
    ...(connection.authorizer === undefined ? {} : { authorizer: connection.authorizer }),
    ...(call.disconnect === undefined ? {} : { disconnectStatusCode: call.disconnect.code }),
    ...(call.messageId === undefined ? {} : { messageId: call.messageId }),
    eventType: call.type,
    extendedRequestId: call.requestId,
    requestTime: clfTime(call.startedMs),
    messageDirection: "IN",
    ...(call.disconnect === undefined ? {} : { disconnectReason: call.disconnect.reason }),
    stage: connection.stageName,
    connectedAt: connection.connectedMs,
    requestTimeEpoch: call.startedMs,
    identity: { ...connection.identity, ...(connection.apiKey === undefined ? {} : { apiKey: connection.apiKey.value, apiKeyId: connection.apiKey.id }), userAgent: header(request.headers, "user-agent"), sourceIp: request.sourceIp },
    requestId: call.requestId,
    domainName: address.domainName,
    connectionId: connection.id,
    apiId: address.apiId,
  };
}

const orNothing = <T extends object>(name: string, value: T): object => (Object.keys(value).length === 0 ? {} : { [name]: value });

/** The event of a Lambda proxy integration: connections carry the request, messages a body, disconnections neither. */
export function socketEvent(call: SocketCall): Record<string, unknown> {
  const { request } = call.connection;
  const stageVariables = orNothing("stageVariables", call.connection.stageVariables());
  if (call.type === "MESSAGE") return { requestContext: socketContext(call), ...stageVariables, body: call.body, isBase64Encoded: false };
  const headers = call.type === "CONNECT" ? request.headers : disconnectHeaders(call);
  return {
    headers: lastValues(headers),
    multiValueHeaders: allValues(headers),
    ...(call.type === "CONNECT" ? { ...orNothing("queryStringParameters", lastValues(request.query)), ...orNothing("multiValueQueryStringParameters", allValues(request.query)) } : {}),
    requestContext: socketContext(call),
    ...stageVariables,
    isBase64Encoded: false,
  };
}

/** What AWS shows of a connection that is gone. */
function disconnectHeaders({ connection }: SocketCall): GatewayRequest["headers"] {
  const key = header(connection.request.headers, "x-api-key") ?? "";
  return [["Host", connection.address.domainName], ["x-api-key", key], ["X-Forwarded-For", ""], ["x-restapi", ""]];
}

/** What selection expressions read from a connection's request or message. */
export function socketSource(call: SocketCall): SelectionSource {
  const { request } = call.connection;
  const variables = call.connection.stageVariables();
  let context: Record<string, unknown> | undefined;
  return {
    header: (name) => joinedHeader(request.headers, name),
    querystring: (name) => request.query.findLast(([key]) => key === name)?.[1],
    path: () => undefined,
    body: () => call.body,
    context: (name) => dotted((context ??= { ...socketContext(call), ...call.facts }), name),
    stageVariable: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
  };
}

/** The route's ARN: `arn:aws:execute-api:region:account:api/stage/$connect`. */
export function socketArn(call: Pick<SocketCall, "ctx" | "connection" | "route">): string {
  const { ctx, connection, route } = call;
  return `arn:${ctx.partition}:execute-api:${ctx.region}:${ctx.account}:${connection.address.apiId}/${connection.stageName}/${route.routeKey}`;
}
