import type { Context, Exchange, Principal } from "@cumulet/core";
import { decodePath, header, joinedHeader, lowerHeaders, clfTime } from "../../domain/http-message.ts";
import type { GatewayRequest, GatewayResponse, HeaderList } from "../../domain/http-message.ts";
import { mapRequest, mapResponse } from "../../domain/http-mapping.ts";
import { anonymous } from "../../domain/lambda-events.ts";
import type { CallerIdentity, EventFacts } from "../../domain/lambda-events.ts";
import { dotted } from "../../domain/selection.ts";
import type { SelectionSource } from "../../domain/selection.ts";
import { currentDeployment } from "../../deploy.ts";
import type { StageItem, Store } from "../../store.ts";
import { extendedRequestId } from "../ids.ts";
import type { ApiAddress } from "../plane.ts";
import { ClientGone, gatewayRequest, PayloadTooLarge, readBody, withForwarded } from "../request.ts";
import { jsonResponse, send } from "../respond.ts";
import { compileHttpApi } from "./compile.ts";
import type { HttpRoute, HttpRuntime } from "./compile.ts";
import { authorize } from "./authorize.ts";
import { checkLimits } from "./limits.ts";
import { callIntegration } from "./integrate.ts";
import { seeHttpCall } from "../seeing/http.ts";
import type { HttpSeen } from "../seeing/http.ts";

/** One request to an HTTP API on its way through the gateway. */
export interface HttpCall {
  ctx: Context<Store>;
  request: GatewayRequest;
  address: ApiAddress;
  stage: StageItem;
  runtime: HttpRuntime;
  route: HttpRoute;
  /** Path variables, decoded. */
  variables: { [name: string]: string };
  requestId: string;
  identity: CallerIdentity;
  /** Who signed the request. */
  caller: Principal | undefined;
  /** `requestContext.authorizer` of events, in format 2.0's shape. */
  authorizer: Record<string, unknown> | undefined;
  /** Names below `$context` that were found out on the way: integration status, latency, error. */
  facts: Record<string, unknown>;
}

/** An answer of the gateway itself instead of the integration's. */
export class HttpApiError extends Error {
  readonly status: number;
  readonly headers: HeaderList;

  constructor(status: number, message: string, headers: HeaderList = []) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** Serves one request: stage, route, authorization, integration, CORS. */
export async function handleHttpApi(ctx: Context<Store>, exchange: Exchange, address: ApiAddress): Promise<void> {
  const { request: incoming, response } = exchange;
  const requestId = extendedRequestId(ctx.ids);
  const startedMs = ctx.clock.now();
  const seen: HttpSeen = { stage: undefined, request: undefined, call: undefined };
  let answer: GatewayResponse;
  let reason: string | undefined;
  try {
    answer = await serve(ctx, exchange, address, requestId, startedMs, seen);
    if (seen.call === undefined && answer.status >= 400) reason = "Not Found";
  } catch (error) {
    if (error instanceof ClientGone) return;
    reason = error instanceof Error ? error.message : String(error);
    if (error instanceof HttpApiError) answer = jsonResponse(error.status, { message: error.message }, error.headers);
    else if (error instanceof PayloadTooLarge) {
      response.shouldKeepAlive = false;
      reason = "Request Entity Too Large";
      answer = jsonResponse(413, { message: reason });
    } else {
      ctx.log.error("An HTTP API request failed in the gateway", { error: error instanceof Error ? error.stack : String(error), apiId: address.apiId });
      answer = jsonResponse(500, { message: "Internal Server Error" });
    }
    if (seen.call !== undefined) answer = withCors(seen.call.runtime, seen.call.request, answer);
  }
  incoming.resume();
  send(response, incoming.method ?? "GET", { ...answer, headers: [...answer.headers, ["apigw-requestid", requestId]] });
  seeHttpCall(ctx, address.apiId, requestId, seen, answer, reason);
}

async function serve(ctx: Context<Store>, exchange: Exchange, address: ApiAddress, requestId: string, startedMs: number, seen: HttpSeen): Promise<GatewayResponse> {
  const api = ctx.store.apis.get("", address.apiId);
  if (api === undefined) throw new HttpApiError(404, "Not Found");
  if (api.DisableExecuteApiEndpoint === true && address.defaultEndpoint) throw new HttpApiError(404, "Not Found");
  const located = locate(ctx.store, address);
  if (located === undefined) throw new HttpApiError(404, "Not Found");
  const { stage, path, fullPath } = located;
  seen.stage = stage;
  const runtime = stageRuntime(ctx, address.apiId, stage.StageName);
  if (runtime === undefined) throw new HttpApiError(404, "Not Found");

  const body = await readBody(exchange.request);
  const request = gatewayRequest(exchange.request, { path, fullPath, host: exchange.address.host, rawQuery: exchange.address.query, startedMs }, body);
  request.headers = withForwarded(request.headers, exchange.request, request.sourceIp, ctx.trace.xray(), true);
  seen.request = request;

  const found = runtime.router.find(request.method, path);
  const route = found?.target ?? runtime.fallback;
  if (route === undefined) {
    const preflight = runtime.cors?.preflight(request);
    if (preflight !== undefined) return preflight;
    return withCors(runtime, request, jsonResponse(404, { message: "Not Found" }));
  }
  const variables: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(found?.variables ?? {})) variables[name] = decodePath(value);
  const call: HttpCall = { ctx, request, address, stage, runtime, route, variables, requestId, identity: anonymous, caller: undefined, authorizer: undefined, facts: {} };
  seen.call = call;
  // With authorization, a preflight request to `$default` or `ANY` is refused like any other: AWS says to add an OPTIONS route.
  await authorize(call, exchange.address);
  if (!route.explicitMethod) {
    const preflight = runtime.cors?.preflight(request);
    if (preflight !== undefined) return preflight;
  }
  checkLimits(call);
  return withCors(runtime, request, await integrate(call));
}

function withCors(runtime: HttpRuntime, request: GatewayRequest, response: GatewayResponse): GatewayResponse {
  return runtime.cors === undefined ? response : { ...response, headers: runtime.cors.apply(request, response.headers) };
}

/** The stage that a path names, else `$default`, and what is left of the path. */
function locate(store: Store, address: ApiAddress): { stage: StageItem; path: string; fullPath: string } | undefined {
  if (address.stage !== undefined) {
    const stage = stageItem(store, address.apiId, address.stage);
    const base = address.basePath === undefined || address.basePath === "" ? "" : `/${address.basePath}`;
    return stage === undefined ? undefined : { stage, path: address.path, fullPath: `${base}${address.path === "/" && base !== "" ? "" : address.path}` };
  }
  const [, first = "", rest = ""] = /^\/([^/]*)(.*)$/s.exec(address.path) ?? [];
  const named = first === "" ? undefined : stageItem(store, address.apiId, decodePath(first));
  if (named !== undefined && named.StageName !== "$default") return { stage: named, path: rest === "" ? "/" : rest, fullPath: address.path };
  const fallback = stageItem(store, address.apiId, "$default");
  if (fallback === undefined) return undefined;
  const path = address.byPath && first === "$default" ? rest || "/" : address.path;
  return { stage: fallback, path, fullPath: path };
}

function stageItem(store: Store, apiId: string, name: string): StageItem | undefined {
  return store.memo(apiId, "stages", () => new Map(store.stages.all(apiId).map((item) => [item.StageName, item]))).get(name);
}

/** The compiled deployment of a stage; undefined while nothing is deployed. */
export function stageRuntime(ctx: Context<Store>, apiId: string, stageName: string): HttpRuntime | undefined {
  const deployment = currentDeployment(ctx, apiId, stageName);
  if (deployment?.definition === undefined) return undefined;
  const { definition } = deployment;
  return ctx.store.memo(apiId, `runtime ${deployment.DeploymentId}`, () => compileHttpApi(definition));
}

async function integrate(call: HttpCall): Promise<GatewayResponse> {
  const { integration } = call.route;
  // A route without an integration answers like a broken one.
  if (integration === undefined) throw new HttpApiError(500, "Internal Server Error");
  const source = selectionSource(call);
  const { request } = call;
  const mapped = integration.requestMapping.length === 0 ? { headers: request.headers, query: request.query, path: undefined } : mapRequest({ headers: request.headers, query: request.query, path: undefined }, integration.requestMapping, source);
  const response = await callIntegration(call, integration, mapped, source);
  const mapping = integration.responseMappings.get(String(response.status));
  if (mapping === undefined || mapping.length === 0) return response;
  const { status, headers } = mapResponse(response.status, response.headers, mapping, responseSource(call, response, source));
  return { status, headers, body: response.body };
}

/** What events say of the call. */
export function eventFacts(call: HttpCall): EventFacts {
  const { stage, address } = call;
  const variables = stage.StageVariables ?? {};
  return {
    accountId: call.ctx.account,
    apiId: address.apiId,
    stage: stage.StageName,
    requestId: call.requestId,
    extendedRequestId: call.requestId,
    domainName: address.domainName,
    domainPrefix: address.domainName.split(".", 1)[0]!,
    stageVariables: Object.keys(variables).length === 0 ? null : variables,
    pathParameters: Object.keys(call.variables).length === 0 ? null : call.variables,
  };
}

/** `$context` of HTTP APIs, for mappings, identity sources and access logs. */
export function contextVariables(call: HttpCall): Record<string, unknown> {
  const { request, address, facts } = call;
  return {
    accountId: call.ctx.account,
    apiId: address.apiId,
    domainName: address.domainName,
    domainPrefix: address.domainName.split(".", 1)[0],
    extendedRequestId: call.requestId,
    httpMethod: request.method,
    identity: { ...call.identity, sourceIp: request.sourceIp, userAgent: header(request.headers, "user-agent") ?? "" },
    path: request.fullPath,
    protocol: request.protocol,
    requestId: call.requestId,
    requestTime: clfTime(request.startedMs),
    requestTimeEpoch: request.startedMs,
    routeKey: call.route.routeKey,
    stage: call.stage.StageName,
    ...(address.basePath === undefined ? {} : { customDomain: { basePathMatched: address.basePath } }),
    ...facts,
    ...(call.authorizer === undefined ? {} : { authorizer: flatAuthorizer(call.authorizer) }),
  };
}

/** `$context.authorizer.claims.x` and `$context.authorizer.x` both read from what the authorizer gave. */
function flatAuthorizer(authorizer: Record<string, unknown>): Record<string, unknown> {
  const { jwt, lambda, ...rest } = authorizer as { jwt?: { claims: object }; lambda?: object };
  return { ...rest, ...lambda, ...(jwt === undefined ? {} : { claims: jwt.claims }) };
}

/** What selection expressions of HTTP APIs read from a request. */
export function selectionSource(call: HttpCall): SelectionSource {
  const { request, stage } = call;
  let variables: Record<string, unknown> | undefined;
  return {
    header: (name) => joinedHeader(request.headers, name),
    querystring: (name) => joinPairs(request.query, name),
    path: (name) => (name === undefined ? decodePath(request.path) : own(call.variables, name)),
    body: () => request.body.toString("utf8"),
    context: (name) => dotted((variables ??= contextVariables(call)), name),
    stageVariable: (name) => own(stage.StageVariables ?? {}, name),
  };
}

function responseSource(call: HttpCall, response: GatewayResponse, request: SelectionSource): SelectionSource {
  const headers = lowerHeaders(response.headers);
  return {
    ...request,
    header: (name) => own(headers, name),
    body: () => response.body.toString("utf8"),
    extra: () => String(response.status),
    context: (name) => dotted(contextVariables(call), name),
  };
}

const own = (values: { [name: string]: string }, name: string): string | undefined => (Object.hasOwn(values, name) ? values[name] : undefined);

function joinPairs(pairs: readonly (readonly [string, string])[], name: string): string | undefined {
  let joined: string | undefined;
  for (const [key, value] of pairs) if (key === name) joined = joined === undefined ? value : `${joined},${value}`;
  return joined;
}
