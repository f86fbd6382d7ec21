import type { Context, Exchange } from "@cumulet/core";
import { header } from "../../domain/http-message.ts";
import type { GatewayRequest, GatewayResponse } from "../../domain/http-message.ts";
import { anonymous } from "../../domain/lambda-events.ts";
import type { RestStageItem, Store } from "../../store.ts";
import { extendedRequestId } from "../ids.ts";
import type { ApiAddress } from "../plane.ts";
import { ClientGone, gatewayRequest, PayloadTooLarge, readBody, withForwarded } from "../request.ts";
import { jsonResponse, send } from "../respond.ts";
import { authorize } from "./authorize.ts";
import { noOverrides, trace } from "./call.ts";
import type { RestCall } from "./call.ts";
import { packResponse, unpackRequest } from "./compression.ts";
import { throughCache } from "./cache.ts";
import { compileRestApi } from "./compile.ts";
import type { RestRuntime } from "./compile.ts";
import { callCustom } from "./custom.ts";
import { GatewayError, internalError } from "./errors.ts";
import { headerMapText, mapText } from "./execution-log.ts";
import { renderError } from "./gateway-responses.ts";
import { checkLimits } from "./limits.ts";
import { seeRestCall, wantsExecutionLog } from "../seeing/rest.ts";
import { callHttpProxy, callLambdaProxy } from "./proxy.ts";
import { validateRequest } from "./validate.ts";

/** Serves one request to a REST API: stage, method, authorization, validation, integration, gateway responses. */
export async function handleRestApi(ctx: Context<Store>, exchange: Exchange, address: ApiAddress): Promise<void> {
  const { request: incoming, response } = exchange;
  const extendedId = extendedRequestId(ctx.ids);
  const startedMs = ctx.clock.now();
  const located = locate(ctx, address);
  const own = [["x-amzn-RequestId", ctx.requestId], ["x-amz-apigw-id", extendedId]] as const;
  if (located === undefined) {
    // A stage that is not there answers as nothing that an API defined: no gateway response applies.
    incoming.resume();
    send(response, incoming.method ?? "GET", jsonResponse(403, { message: "Forbidden" }, [["x-amzn-ErrorType", "ForbiddenException"], ...own]));
    return;
  }
  const { stage, path, fullPath, eventPath } = located;
  const { runtime, canary, stageVariables } = chooseDeployment(ctx, address.apiId, stage);
  let body: Buffer;
  let failure: GatewayError | undefined;
  try {
    body = await readBody(incoming);
  } catch (error) {
    if (error instanceof ClientGone) return;
    if (!(error instanceof PayloadTooLarge)) throw error;
    response.shouldKeepAlive = false;
    body = Buffer.alloc(0);
    failure = new GatewayError("REQUEST_TOO_LARGE", "Request Too Long");
  }
  const request = gatewayRequest(incoming, { path, fullPath, eventPath, host: exchange.address.host, rawQuery: exchange.address.query, startedMs }, body);
  const override = header(request.headers, "x-http-method-override");
  if (override !== undefined && /^[A-Z]+$/.test(override)) request.method = override;
  request.headers = withForwarded(dropped(request), incoming, request.sourceIp, ctx.trace.xray(), false);
  const call: RestCall = {
    ctx, request, address, apiId: address.apiId, stage, runtime, method: undefined, variables: {}, stageVariables, canary,
    requestId: ctx.requestId, extendedRequestId: extendedId, identity: anonymous, caller: undefined, apiKey: undefined, usageIdentifierKey: undefined, authorizer: undefined,
    facts: {}, overrides: noOverrides(), log: wantsExecutionLog({ stage }) ? [] : undefined, extraHeaders: [],
  };
  let answer: GatewayResponse;
  let refusal: GatewayError | undefined;
  try {
    if (failure !== undefined) throw failure;
    answer = await packResponse(call, await serve(call, exchange));
  } catch (error) {
    refusal = asGatewayError(ctx, call, error);
    answer = renderError(call, refusal);
    traceRefusal(call, refusal, answer);
  }
  incoming.resume();
  send(response, incoming.method ?? "GET", { ...answer, headers: [...answer.headers, ...call.extraHeaders, ...own] });
  seeRestCall(call, answer, refusal);
}

function traceRefusal(call: RestCall, { type }: GatewayError, answer: GatewayResponse): void {
  trace(call, `Gateway response type: ${type} with status code: ${answer.status}`);
  trace(call, () => `Gateway response body: ${answer.body.toString()}`);
  trace(call, () => `Gateway response headers: ${headerMapText(answer.headers)}`);
  trace(call, `Method completed with status: ${answer.status}`);
}

function asGatewayError(ctx: Context<Store>, call: RestCall, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  ctx.log.error("A REST API request failed in the gateway", { error: error instanceof Error ? error.stack : String(error), apiId: call.apiId });
  return internalError();
}

/** Recorded: these never reach an integration. */
const DROPPED = new Set(["content-length", "content-md5", "max-forwards", "proxy-authenticate", "server", "www-authenticate"]);

function dropped(request: GatewayRequest): GatewayRequest["headers"] {
  return request.headers.filter(([name]) => !DROPPED.has(name.toLowerCase()));
}

/** The stage that the first segment of the path names (or a custom domain's mapping), and what is left of the path. */
function locate(ctx: Context<Store>, address: ApiAddress): { stage: RestStageItem; path: string; fullPath: string; eventPath: string } | undefined {
  if (ctx.store.memo(address.apiId, "disabled", () => ctx.store.restApis.get("", address.apiId)?.disableExecuteApiEndpoint === true) && address.defaultEndpoint) return undefined;
  const [, first = "", rest = ""] = address.stage === undefined ? (/^\/+([^/]*)(.*)$/s.exec(address.path) ?? []) : ["", address.stage, address.path];
  const stage = ctx.store.memo(address.apiId, "stages", () => new Map(ctx.store.restStages.all(address.apiId).map((item) => [item.stageName, item]))).get(first);
  if (stage === undefined) return undefined;
  const below = rest === "" ? "/" : rest;
  // Recorded: slashes in front of the resource count once, those in the path's middle stay.
  const path = below.replace(/^\/+/, "/");
  const { basePath } = address;
  if (basePath === undefined) return { stage, path, fullPath: `/${first}${below}`, eventPath: path };
  // Under a custom domain events show the base path, and the stage only where the caller named it.
  const base = `${basePath === "" ? "" : `/${basePath}`}${address.stage === undefined ? `/${first}` : ""}`;
  return { stage, path, fullPath: `${base}${below}`, eventPath: `${base}${path}` };
}

/** Which deployment serves this request: a canary takes its share of the traffic. */
function chooseDeployment(ctx: Context<Store>, apiId: string, stage: RestStageItem): { runtime: RestRuntime; canary: boolean; stageVariables: { [name: string]: string } } {
  const { canarySettings } = stage;
  const canary = canarySettings !== undefined && ctx.ids.random() * 100 < (canarySettings.percentTraffic ?? 0);
  const deploymentId = canary ? (canarySettings.deploymentId ?? stage.deploymentId) : stage.deploymentId;
  const stageVariables = { ...stage.variables, ...(canary ? canarySettings.stageVariableOverrides : undefined) };
  return { runtime: deploymentRuntime(ctx, apiId, deploymentId), canary, stageVariables };
}

function deploymentRuntime(ctx: Context<Store>, apiId: string, deploymentId: string): RestRuntime {
  return ctx.store.memo(apiId, `runtime ${deploymentId}`, () => compileRestApi(ctx.store.restDeployments.get(apiId, deploymentId)!.definition, deploymentId));
}

async function serve(call: RestCall, exchange: Exchange): Promise<GatewayResponse> {
  const { request, runtime } = call;
  await unpackRequest(call);
  trace(call, `Starting execution for request: ${call.requestId}`);
  const found = runtime.router.find(request.method, request.path);
  trace(call, `HTTP Method: ${request.method}, Resource Path: ${found?.target.path ?? request.path}`);
  if (found === undefined) throw new GatewayError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token");
  call.method = found.target;
  call.variables = found.variables;
  await authorize(call, exchange.address);
  checkLimits(call);
  return execute(call);
}

/** Everything after the method is known; test invocations start here. */
export async function execute(call: RestCall): Promise<GatewayResponse> {
  const { request } = call;
  const method = call.method!;
  trace(call, () => `Method request path: ${mapText(Object.entries(call.variables))}`);
  trace(call, () => `Method request query string: ${mapText(request.query)}`);
  trace(call, () => `Method request headers: ${headerMapText(request.headers)}`);
  trace(call, () => `Method request body before transformations: ${request.body.toString("utf8")}`);
  validateRequest(call, method);
  const { integration } = method;
  if (integration === undefined) throw internalError("API_CONFIGURATION_ERROR");
  const answer = await throughCache(call, integration, () => integrate(call, integration));
  trace(call, () => `Method response body after transformations: ${answer.body.toString()}`);
  trace(call, () => `Method response headers: ${headerMapText(answer.headers)}`);
  trace(call, "Successfully completed execution");
  trace(call, `Method completed with status: ${answer.status}`);
  return answer;
}

function integrate(call: RestCall, integration: NonNullable<NonNullable<RestCall["method"]>["integration"]>): Promise<GatewayResponse> {
  switch (integration.integration.type) {
    case "AWS_PROXY":
      return callLambdaProxy(call, integration);
    case "HTTP_PROXY":
      return callHttpProxy(call, integration);
    default:
      return callCustom(call, integration);
  }
}
