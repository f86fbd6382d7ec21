import type { Context, Principal } from "@cumulet/core";
import { clfTime, header } from "../../domain/http-message.ts";
import type { GatewayRequest, HeaderList } from "../../domain/http-message.ts";
import type { CallerIdentity } from "../../domain/lambda-events.ts";
import type { RestStageItem, Store } from "../../store.ts";
import type { ApiAddress } from "../plane.ts";
import type { RestMethod, RestRuntime } from "./compile.ts";

/** One request to a REST API on its way through the gateway. */
export interface RestCall {
  ctx: Context<Store>;
  request: GatewayRequest;
  address: ApiAddress;
  apiId: string;
  stage: RestStageItem;
  runtime: RestRuntime;
  /** Undefined until a resource and method are found. */
  method: RestMethod | undefined;
  /** Path variables, as received. */
  variables: { [name: string]: string };
  /** The stage's variables, a canary's overrides applied. */
  stageVariables: { [name: string]: string };
  canary: boolean;
  requestId: string;
  extendedRequestId: string;
  identity: CallerIdentity;
  /** Who signed the request. */
  caller: Principal | undefined;
  /** The API key that the caller showed, where the method asks for one. */
  apiKey: { id: string; value: string } | undefined;
  /** The API key that a Lambda authorizer named. */
  usageIdentifierKey: string | undefined;
  /** What an authorizer found out: `principalId`, its context, claims. */
  authorizer: Record<string, unknown> | undefined;
  /** Names below `$context` that were found out on the way: integration status, latency, error. */
  facts: Record<string, unknown>;
  /** `$context.requestOverride` and `responseOverride` of this request. */
  overrides: Overrides;
  /** Lines of the execution log; undefined when nobody wants them. */
  log: string[] | undefined;
  /** Headers that the answer carries whatever it is. */
  extraHeaders: HeaderList;
}

export interface Overrides {
  request: { header: { [name: string]: unknown }; path: { [name: string]: unknown }; querystring: { [name: string]: unknown } };
  response: { status: unknown; header: { [name: string]: unknown } };
}

export const noOverrides = (): Overrides => ({ request: { header: {}, path: {}, querystring: {} }, response: { status: undefined, header: {} } });

/** Adds a line to the execution log, where one is kept. */
export function trace(call: RestCall, line: string | (() => string)): void {
  call.log?.push(typeof line === "string" ? line : line());
}

/** `requestContext.identity` of events and `$context.identity`. */
export function identityOf(call: RestCall): Record<string, unknown> {
  return {
    ...call.identity,
    ...(call.apiKey === undefined ? {} : { apiKey: call.apiKey.value, apiKeyId: call.apiKey.id }),
    sourceIp: call.request.sourceIp,
    userAgent: header(call.request.headers, "user-agent") ?? null,
  };
}

/** `$context` as plain data, for templates, mappings, gateway responses and access logs. */
export function contextVariables(call: RestCall): Record<string, unknown> {
  const { request, address, method } = call;
  return {
    accountId: call.ctx.account,
    apiId: call.apiId,
    ...(call.authorizer === undefined ? {} : { authorizer: call.authorizer }),
    deploymentId: call.runtime.deploymentId,
    domainName: address.domainName,
    domainPrefix: address.domainName.split(".", 1)[0],
    extendedRequestId: call.extendedRequestId,
    httpMethod: request.method,
    identity: identityOf(call),
    isCanaryRequest: call.canary,
    path: request.fullPath,
    protocol: request.protocol,
    requestId: call.requestId,
    requestTime: clfTime(request.startedMs),
    requestTimeEpoch: request.startedMs,
    ...(method === undefined ? {} : { resourceId: method.resource.id, resourcePath: method.path }),
    ...(method?.method.operationName === undefined ? {} : { operationName: method.method.operationName }),
    stage: call.stage.stageName,
    xrayTraceId: /Root=([^;]+)/.exec(call.ctx.trace.xray())?.[1],
    ...call.facts,
  };
}

/** The ARN of the method called, as permissions and policies name it. */
export function methodArn(call: RestCall): string {
  const { ctx, request } = call;
  return `arn:${ctx.partition}:execute-api:${ctx.region}:${ctx.account}:${call.apiId}/${call.stage.stageName}/${request.method}${request.path}`;
}

/** The resource's ARN, as Lambda permissions of REST integrations name it: the path with its variables. */
export function resourceArn(call: RestCall): string {
  const { ctx, request } = call;
  return `arn:${ctx.partition}:execute-api:${ctx.region}:${ctx.account}:${call.apiId}/${call.stage.stageName}/${request.method}${call.method?.path ?? request.path}`;
}
