import type { GatewayResponse } from "../../domain/http-message.ts";
import { contextVariables } from "../rest/call.ts";
import type { RestCall } from "../rest/call.ts";
import type { GatewayError } from "../rest/errors.ts";
import { methodSetting } from "../rest/limits.ts";
import { accessLogOf, streamName, writeAccess } from "./access.ts";

/** Whether a call's execution is to be logged, as far as is known when it begins. */
export function wantsExecutionLog(call: Pick<RestCall, "stage">): boolean {
  const settings = call.stage.methodSettings;
  if (settings === undefined) return false;
  for (const key in settings) {
    const { loggingLevel } = settings[key]!;
    if (loggingLevel === "INFO" || loggingLevel === "ERROR") return true;
  }
  return false;
}

/** Tells of a finished request: why it was answered so, its access log, its execution log, its metrics. */
export function seeRestCall(call: RestCall, answer: GatewayResponse, error: GatewayError | undefined): void {
  const { ctx, stage } = call;
  const latency = ctx.clock.now() - call.request.startedMs;
  const setting = methodSetting(call);
  explain(call, error);
  writeAccess(ctx, accessLogOf(ctx.store, call.apiId, stage.stageName, () => ({ destination: stage.accessLogSettings?.destinationArn, format: stage.accessLogSettings?.format })), () => accessContext(call, answer, latency));
  writeExecution(call, setting.loggingLevel, setting.dataTraceEnabled === true, error);
  measure(call, answer.status, latency, setting.metricsEnabled === true);
}

/** The note under which `/_cumulet/requests/{id}` explains the answer. */
function explain(call: RestCall, error: GatewayError | undefined): void {
  const { ctx, method, facts } = call;
  ctx.note("route", `${call.request.method} ${method?.path ?? call.request.path}`);
  ctx.note("gateway", {
    api: call.apiId, protocol: "REST", stage: call.stage.stageName, deployment: call.runtime.deploymentId, canary: call.canary,
    resource: method?.resource.id, authorization: method?.method.authorizationType, authorizer: method?.authorizer?.name, principal: call.authorizer?.["principalId"], apiKey: call.apiKey?.id,
    integration: method?.integration?.integration.type, integrationUri: method?.integration?.integration.uri, integrationStatus: facts["integrationStatus"], integrationLatency: facts["integrationLatency"], cacheHit: facts["cacheHit"],
    ...(error === undefined ? {} : { decidedBy: DECIDERS[error.type] ?? "integration", responseType: error.type, reason: facts["authorizerError"] ?? facts["integrationErrorMessage"] ?? error.validation ?? error.message }),
  });
}

/** Which part of the gateway gives each kind of answer. */
const DECIDERS: { [type: string]: string } = {
  ACCESS_DENIED: "policy", AUTHORIZER_CONFIGURATION_ERROR: "authorizer", AUTHORIZER_FAILURE: "authorizer", UNAUTHORIZED: "authorizer", EXPIRED_TOKEN: "authorizer", INVALID_SIGNATURE: "signature",
  MISSING_AUTHENTICATION_TOKEN: "route", RESOURCE_NOT_FOUND: "route", BAD_REQUEST_BODY: "validator", BAD_REQUEST_PARAMETERS: "validator", UNSUPPORTED_MEDIA_TYPE: "templates", REQUEST_TOO_LARGE: "limits",
  INVALID_API_KEY: "api key", QUOTA_EXCEEDED: "usage plan", THROTTLED: "throttle", API_CONFIGURATION_ERROR: "configuration", DEFAULT_5XX: "gateway", DEFAULT_4XX: "gateway",
};

/** `$context` of a finished request: what access logs know beyond templates. */
function accessContext(call: RestCall, answer: GatewayResponse, latency: number): Record<string, unknown> {
  const variables = contextVariables(call);
  const { facts } = call;
  const error = facts["integrationErrorMessage"];
  const integration = { ...(facts["integration"] as object | undefined), ...(error === undefined ? {} : { error }) };
  const authorizer = { ...(variables["authorizer"] as object | undefined), ...(facts["authorizerError"] === undefined ? {} : { error: facts["authorizerError"] }), ...(facts["authorizerLatency"] === undefined ? {} : { latency: facts["authorizerLatency"], integrationLatency: facts["authorizerLatency"] }) };
  return {
    ...variables, integration, authorizer, status: answer.status, responseLatency: latency, responseLength: Buffer.byteLength(answer.body),
    ...(call.address.basePath === undefined ? {} : { customDomain: { basePathMatched: call.address.basePath === "" ? "(none)" : call.address.basePath } }),
  };
}

function writeExecution(call: RestCall, level: string | undefined, data: boolean, error: GatewayError | undefined): void {
  if (call.log === undefined || (level !== "INFO" && !(level === "ERROR" && error !== undefined))) return;
  const lines = data ? call.log : call.log.filter((line) => !DATA_LINES.test(line));
  const { ctx, apiId, stage } = call;
  ctx.store.state.logs.write(ctx, `API-Gateway-Execution-Logs_${apiId}/${stage.stageName}`, streamName(apiId, stage.stageName), lines.map((line) => `(${call.requestId}) ${line}`));
}

/** Lines that show payloads and headers: data traces only. */
const DATA_LINES = /^(?:Method request (?:path|query string|headers|body)|Endpoint re(?:quest|sponse) (?:headers|body)|Method response (?:headers|body))/;

function measure(call: RestCall, status: number, latency: number, detailed: boolean): void {
  const { ctx, facts, method } = call;
  const { metrics } = ctx.store.state;
  const integrationLatency = facts["integrationLatency"];
  const values = { Count: 1, "4XXError": status >= 400 && status < 500 ? 1 : 0, "5XXError": status >= 500 ? 1 : 0, Latency: latency, ...(typeof integrationLatency === "number" ? { IntegrationLatency: integrationLatency } : {}), ...(facts["cacheHit"] === undefined ? {} : facts["cacheHit"] === true ? { CacheHitCount: 1 } : { CacheMissCount: 1 }) };
  const api = ["ApiName", call.runtime.api.name ?? ""] as const;
  const stage = ["Stage", call.stage.stageName] as const;
  metrics.add(ctx, { dimensions: [api], values });
  metrics.add(ctx, { dimensions: [api, stage], values });
  if (detailed && method !== undefined) metrics.add(ctx, { dimensions: [api, stage, ["Method", call.request.method], ["Resource", method.path]], values });
}

