import type { Context } from "@cumulet/core";
import { clfTime, header } from "../../domain/http-message.ts";
import type { GatewayRequest, GatewayResponse } from "../../domain/http-message.ts";
import type { StageItem, Store } from "../../store.ts";
import { contextVariables } from "../http/handle.ts";
import type { HttpCall } from "../http/handle.ts";
import { accessLogOf, writeAccess } from "./access.ts";

/** What is known of a request to an HTTP API when it is answered: without a route there is no call. */
export interface HttpSeen {
  stage: StageItem | undefined;
  request: GatewayRequest | undefined;
  call: HttpCall | undefined;
}

/** Tells of a finished request: why it was answered so, its access log, its metrics. */
export function seeHttpCall(ctx: Context<Store>, apiId: string, requestId: string, seen: HttpSeen, answer: GatewayResponse, reason: string | undefined): void {
  const { stage, request, call } = seen;
  ctx.note("route", call?.route.routeKey ?? request?.method ?? "-");
  ctx.note("gateway", {
    api: apiId, protocol: "HTTP", stage: stage?.StageName, route: call?.route.routeKey, authorization: call?.route.route.AuthorizationType, authorizer: call?.route.authorizer?.Name,
    integration: call?.route.integration?.integration.IntegrationType, integrationUri: call?.route.integration?.integration.IntegrationUri, integrationStatus: call?.facts["integrationStatus"], integrationLatency: call?.facts["integrationLatency"],
    requestId, ...(reason === undefined ? {} : { reason: call?.facts["authorizerError"] ?? call?.facts["integrationErrorMessage"] ?? reason, decidedBy: decider(seen, answer.status) }),
  });
  if (stage === undefined || request === undefined) return;
  const latency = ctx.clock.now() - request.startedMs;
  const { AccessLogSettings: log } = stage;
  writeAccess(ctx, accessLogOf(ctx.store, apiId, stage.StageName, () => ({ destination: log?.DestinationArn, format: log?.Format })), () => accessContext(ctx, apiId, requestId, seen, answer, latency, reason));
  measure(ctx, apiId, stage, request, call, answer, latency);
}

function decider({ call }: HttpSeen, status: number): string {
  if (call === undefined) return "route";
  if (call.facts["authorizerError"] !== undefined || status === 401 || status === 403) return "authorizer";
  if (status === 429) return "throttle";
  return call.facts["integrationLatency"] === undefined ? "gateway" : "integration";
}

/** `$context` of a finished request. */
function accessContext(ctx: Context<Store>, apiId: string, requestId: string, { stage, request, call }: HttpSeen, answer: GatewayResponse, latency: number, reason: string | undefined): Record<string, unknown> {
  const variables = call === undefined ? withoutRoute(ctx, apiId, requestId, stage!, request!) : contextVariables(call);
  const { facts = {}, runtime } = call ?? {};
  const status = facts["integrationStatus"];
  const failure = facts["integrationErrorMessage"];
  return {
    ...variables,
    authorizer: { ...(variables["authorizer"] as object | undefined), ...(facts["authorizerError"] === undefined ? {} : { error: facts["authorizerError"] }) },
    ...(reason === undefined ? {} : { error: { message: reason, messageString: JSON.stringify(reason), responseType: responseType(answer.status) } }),
    integration: { ...(status === undefined ? {} : { integrationStatus: status, status: runtime === undefined ? status : (facts["responseStatus"] ?? status) }), latency: facts["integrationLatency"], ...(failure === undefined ? {} : { error: failure }) },
    dataProcessed: request!.body.length + Buffer.byteLength(answer.body),
    responseLatency: latency, responseLength: Buffer.byteLength(answer.body), status: answer.status,
  };
}

function responseType(status: number): string {
  return { 401: "UNAUTHORIZED", 403: "ACCESS_DENIED", 404: "NOT_FOUND", 413: "REQUEST_TOO_LARGE", 429: "THROTTLED", 503: "INTEGRATION_FAILURE", 504: "INTEGRATION_TIMEOUT" }[status] ?? (status >= 500 ? "DEFAULT_5XX" : "DEFAULT_4XX");
}

function withoutRoute(ctx: Context<Store>, apiId: string, requestId: string, stage: StageItem, request: GatewayRequest): Record<string, unknown> {
  return {
    accountId: ctx.account, apiId, domainName: request.host, domainPrefix: request.host.split(".", 1)[0], extendedRequestId: requestId, httpMethod: request.method,
    identity: { sourceIp: request.sourceIp, userAgent: header(request.headers, "user-agent") }, path: request.fullPath, protocol: request.protocol, requestId, requestTime: clfTime(request.startedMs), requestTimeEpoch: request.startedMs,
    stage: stage.StageName,
  };
}

function measure(ctx: Context<Store>, apiId: string, stage: StageItem, request: GatewayRequest, call: HttpCall | undefined, answer: GatewayResponse, latency: number): void {
  const { metrics } = ctx.store.state;
  const { status } = answer;
  const integrationLatency = call?.facts["integrationLatency"];
  const values = {
    Count: 1, "4xx": status >= 400 && status < 500 ? 1 : 0, "5xx": status >= 500 ? 1 : 0, Latency: latency, DataProcessed: request.body.length + Buffer.byteLength(answer.body),
    ...(typeof integrationLatency === "number" ? { IntegrationLatency: integrationLatency } : {}),
  };
  const api = ["ApiId", apiId] as const;
  const stageName = ["Stage", stage.StageName] as const;
  metrics.add(ctx, { dimensions: [api], values });
  metrics.add(ctx, { dimensions: [api, stageName], values });
  if (call === undefined) return;
  const { routeKey } = call.route;
  if (stage.RouteSettings?.[routeKey]?.DetailedMetricsEnabled ?? stage.DefaultRouteSettings?.DetailedMetricsEnabled) metrics.add(ctx, { dimensions: [api, stageName, ["Route", routeKey]], values });
}
