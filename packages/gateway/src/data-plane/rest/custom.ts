import { AwsError } from "@cumulet/protocol";
import { withStageVariables } from "../../domain/arn.ts";
import { header } from "../../domain/http-message.ts";
import type { GatewayResponse, HeaderList } from "../../domain/http-message.ts";
import { firstAccepted, mediaType } from "../../domain/media-types.ts";
import type { MethodMapping } from "../../domain/rest-mapping.ts";
import { TemplateError } from "../../domain/vtl/index.ts";
import { callService } from "../aws-service.ts";
import { functionArn, invokeFunction, LambdaFailure } from "../lambda.ts";
import { outbound, OutboundFailure } from "../outbound.ts";
import { resourceArn, trace } from "./call.ts";
import type { RestCall } from "./call.ts";
import type { RestIntegration, RestIntegrationResponse } from "./compile.ts";
import { GatewayError, internalError } from "./errors.ts";
import { headerMapText } from "./execution-log.ts";
import { mappingSource } from "./source.ts";
import { renderTemplate } from "./templates.ts";

/** The request that a custom (non-proxy) integration sends. */
interface IntegrationRequest {
  method: string;
  headers: HeaderList;
  query: (readonly [string, string])[];
  path: { [name: string]: string };
  body: Buffer;
}

/** What came back, before the integration response is chosen. */
interface EndpointResponse {
  status: number;
  headers: HeaderList;
  body: Buffer;
  /** What selection patterns of Lambda integrations are matched against: the error message of a failed function. */
  selection: string;
}

/** Runs an AWS, HTTP or MOCK integration: request mapping, the call, response mapping. */
export async function callCustom(call: RestCall, compiled: RestIntegration): Promise<GatewayResponse> {
  const request = integrationRequest(call, compiled);
  trace(call, () => `Endpoint request headers: ${headerMapText(request.headers)}`);
  trace(call, () => `Endpoint request body after transformations: ${request.body.toString("utf8")}`);
  const started = call.ctx.clock.now();
  const response = await dispatch(call, compiled, request);
  const latency = call.ctx.clock.now() - started;
  Object.assign(call.facts, { integrationLatency: latency, integrationStatus: response.status, integration: { latency, status: response.status, integrationStatus: response.status } });
  if (compiled.integration.type !== "MOCK") {
    trace(call, `Received response. Status: ${response.status}, Integration latency: ${latency} ms`);
    trace(call, () => `Endpoint response headers: ${headerMapText(response.headers)}`);
    trace(call, () => `Endpoint response body before transformations: ${response.body.toString("utf8")}`);
  }
  return methodResponse(call, compiled, response);
}

function integrationRequest(call: RestCall, compiled: RestIntegration): IntegrationRequest {
  const { request } = call;
  const { integration } = compiled;
  const type = mediaType(header(request.headers, "content-type"));
  const body = requestBody(call, compiled, type === "" ? "application/json" : type);
  const result: IntegrationRequest = {
    method: integration.httpMethod === undefined || integration.httpMethod === "ANY" ? request.method : integration.httpMethod,
    headers: [],
    query: [],
    path: {},
    body,
  };
  applyMappings(result, compiled.requestMapping, call);
  applyRequestOverrides(result, call);
  return result;
}

function applyMappings(result: IntegrationRequest, mappings: readonly MethodMapping[], call: RestCall): void {
  const source = mappingSource(call);
  for (const mapping of mappings) {
    const values = mapping.read(source);
    if (mapping.where === "path") {
      if (values.length > 0) result.path[mapping.name] = values.at(-1)!;
    } else for (const value of values) (mapping.where === "header" ? result.headers : result.query).push([mapping.name, value]);
  }
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).filter((one) => one !== null && one !== undefined).map((one) => (typeof one === "object" ? JSON.stringify(one) : String(one)));

/** `$context.requestOverride`: headers, path variables and query parameters that the template set win over mappings. */
function applyRequestOverrides(result: IntegrationRequest, call: RestCall): void {
  const { header: headers, path, querystring } = call.overrides.request;
  for (const [name, value] of Object.entries(headers)) {
    result.headers = result.headers.filter(([key]) => key.toLowerCase() !== name.toLowerCase());
    for (const text of texts(value)) if (!/[\r\n\0]/.test(text)) result.headers.push([name, text]);
  }
  for (const [name, value] of Object.entries(querystring)) {
    result.query = result.query.filter(([key]) => key !== name);
    for (const text of texts(value)) result.query.push([name, text]);
  }
  for (const [name, value] of Object.entries(path)) result.path[name] = texts(value).at(-1) ?? "";
}

/** The body that goes to the endpoint: converted, and transformed by the template of its media type, as passthrough says. */
function requestBody(call: RestCall, compiled: RestIntegration, type: string): Buffer {
  const { request, runtime } = call;
  const { integration } = compiled;
  const binary = runtime.isBinary(type);
  let template;
  try {
    template = compiled.requestTemplate(type);
  } catch (error) {
    if (error instanceof TemplateError) throw internalError("API_CONFIGURATION_ERROR");
    throw error;
  }
  if (template === undefined) {
    const behavior = integration.passthroughBehavior ?? "WHEN_NO_MATCH";
    if (behavior === "NEVER" || (behavior === "WHEN_NO_TEMPLATES" && compiled.hasRequestTemplates)) throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type");
  }
  let body = request.body;
  if (integration.contentHandling === "CONVERT_TO_TEXT" && binary) body = Buffer.from(body.toString("base64"));
  else if (integration.contentHandling === "CONVERT_TO_BINARY" && !binary) body = decodeBase64(body);
  // Text is a string to API Gateway: bytes that are no UTF-8 do not survive.
  else if (!binary) body = Buffer.from(body.toString("utf8"));
  if (template === undefined) return body;
  return Buffer.from(renderTemplate(call, template, binary && integration.contentHandling === undefined ? body.toString("base64") : body.toString("utf8")));
}

function decodeBase64(body: Buffer): Buffer {
  const text = body.toString("latin1").trim();
  if (!/^[A-Za-z0-9+/\-_]*={0,2}$/.test(text)) throw internalError("API_CONFIGURATION_ERROR");
  return Buffer.from(text, "base64");
}

async function dispatch(call: RestCall, compiled: RestIntegration, request: IntegrationRequest): Promise<EndpointResponse> {
  switch (compiled.integration.type) {
    case "MOCK":
      return mock(call, request);
    case "HTTP":
      return callHttp(call, compiled, request);
    default:
      return callAws(call, compiled, request);
  }
}

/** A mock's "endpoint" is the status code in its request template; AWS reads it from loose JSON too (recorded: `{statusCode: 200}`). */
function mock(call: RestCall, request: IntegrationRequest): EndpointResponse {
  const match = /^\s*\{[\s\S]*?["']?statusCode["']?\s*:\s*["']?(\d{3})["']?\s*[,}]/.exec(request.body.toString("utf8"));
  if (match === null) {
    trace(call, "Execution failed due to configuration error: Unable to parse statusCode. It should be an integer that is defined in the request template.");
    throw internalError("API_CONFIGURATION_ERROR");
  }
  return { status: Number(match[1]), headers: [], body: Buffer.alloc(0), selection: match[1]! };
}

/** An integration URI with stage variables and path parameters filled in. */
export function fillUri(call: RestCall, uri: string, path: { [name: string]: string }): string {
  return withStageVariables(uri, call.stageVariables).replace(/\{([^{}$]+?)\+?\}/g, (whole, name: string) => (Object.hasOwn(path, name) ? encodePath(path[name]!) : whole));
}

/** Keeps escapes and slashes that are there, escapes what may not stand in a path. */
function encodePath(text: string): string {
  return text.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]/gu, encodeURIComponent);
}

export const encodeQuery = (query: readonly (readonly [string, string])[]): string => query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");

/** Runs `act` under the integration's time limit. */
export async function withTimeout<T>(call: RestCall, timeoutMs: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const timer = call.ctx.clock.schedule(timeoutMs, () => stop.abort(new Error("timeout")));
  try {
    return await new Promise<T>((resolve, reject) => {
      stop.signal.addEventListener("abort", () => {
        trace(call, "Execution failed due to a timeout error");
        reject(new GatewayError("INTEGRATION_TIMEOUT", "Endpoint request timed out"));
      }, { once: true });
      act(stop.signal).then(resolve, reject);
    });
  } finally {
    timer[Symbol.dispose]();
  }
}

async function callHttp(call: RestCall, compiled: RestIntegration, request: IntegrationRequest): Promise<EndpointResponse> {
  const { integration } = compiled;
  const url = endpointUrl(fillUri(call, integration.uri ?? "", request.path), request.query);
  const headers: HeaderList = [...request.headers];
  const defaults: HeaderList = [["Accept", "application/json"], ["Content-Type", header(call.request.headers, "content-type") ?? "application/json"], ["User-Agent", `AmazonAPIGateway_${call.apiId}`], ["x-amzn-apigateway-api-id", call.apiId], ["X-Amzn-Trace-Id", call.ctx.trace.xray()]];
  for (const [name, value] of defaults) if (header(headers, name.toLowerCase()) === undefined) headers.push([name, value]);
  trace(call, `Sending request to ${url.href}`);
  const response = await withTimeout(call, compiled.timeoutMs, (signal) => outbound({ method: request.method, url, headers, body: methodHasBody(request.method) ? request.body : "", insecure: integration.tlsConfig?.insecureSkipVerification === true, signal })).catch(translateOutbound(call));
  return { ...response, selection: String(response.status) };
}

const methodHasBody = (method: string): boolean => method !== "GET" && method !== "HEAD" && method !== "OPTIONS";

/** An endpoint's address; what is none is the API's configuration error. */
export function endpointUrl(text: string, query: readonly (readonly [string, string])[]): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw internalError("API_CONFIGURATION_ERROR");
  }
  const added = encodeQuery(query);
  if (added !== "") url.search = url.search === "" ? added : `${url.search.slice(1)}&${added}`;
  return url;
}

/** Failures of outgoing calls as gateway errors. */
export function translateOutbound(call: RestCall): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof OutboundFailure)) throw error;
    call.facts["integrationErrorMessage"] = error.message;
    trace(call, `Execution failed due to configuration error: ${error.message}`);
    if (error.kind === "timeout") throw new GatewayError("INTEGRATION_TIMEOUT", "Endpoint request timed out");
    if (error.kind === "invalid") throw internalError("API_CONFIGURATION_ERROR");
    throw new GatewayError("INTEGRATION_FAILURE", error.kind === "too-large" ? "Internal server error" : "Network error communicating with endpoint");
  };
}

async function callAws(call: RestCall, compiled: RestIntegration, request: IntegrationRequest): Promise<EndpointResponse> {
  const { integration } = compiled;
  const uri = fillUri(call, integration.uri ?? "", request.path);
  const arn = functionArn(uri);
  if (arn !== undefined) return callFunction(call, compiled, arn, request);
  const match = /^arn:[^:]+:apigateway:([^:]*):((?:[^:.]+\.)?[^:]+):(path|action)\/(.*)$/s.exec(uri);
  if (match === null) throw internalError("API_CONFIGURATION_ERROR");
  const [, region = "", service = "", kind, rest = ""] = match;
  // `action/Name&Param=Value` carries parameters as a query does.
  const [target = "", inline = ""] = kind === "action" ? split(rest, /[&?]/) : split(rest, /\?/);
  const query = [inline, encodeQuery(request.query)].filter((part) => part !== "").join("&");
  trace(call, `Sending request to https://${service}.${region || call.ctx.region}.amazonaws.com/${kind === "path" ? rest : `?Action=${target}`}`);
  try {
    const response = await withTimeout(call, compiled.timeoutMs, (signal) => callService(call.ctx, {
      service: service.split(".").at(-1)!,
      region: region || call.ctx.region,
      account: call.ctx.account,
      action: kind === "action" ? target : undefined,
      method: request.method,
      path: `/${kind === "path" ? target : ""}`,
      query,
      headers: request.headers,
      body: request.body,
      credentials: integration.credentials,
      caller: call.caller,
      sourceArn: resourceArn(call),
      signal,
    }));
    return { ...response, selection: String(response.status) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    call.facts["integrationErrorMessage"] = error.message;
    trace(call, `Execution failed due to configuration error: ${error.message}`);
    throw internalError("API_CONFIGURATION_ERROR");
  }
}

function split(text: string, separator: RegExp): [string, string] {
  const at = text.search(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

async function callFunction(call: RestCall, compiled: RestIntegration, arn: string, request: IntegrationRequest): Promise<EndpointResponse> {
  const event = header(request.headers, "x-amz-invocation-type") === "Event";
  const body = request.body.length === 0 ? "{}" : request.body.toString("utf8");
  trace(call, `Sending request to https://lambda.${call.ctx.region}.amazonaws.com/2015-03-31/functions/${arn}/invocations`);
  try {
    const payload = await invokeFunction(call.ctx, arn, body, { timeoutMs: compiled.timeoutMs, sourceArn: resourceArn(call), credentials: compiled.integration.credentials, caller: call.caller, event });
    return { status: event ? 202 : 200, headers: [["Content-Type", "application/json"]], body: Buffer.from(payload), selection: "" };
  } catch (error) {
    if (!(error instanceof LambdaFailure)) throw error;
    call.facts["integrationErrorMessage"] = error.message;
    if (error.kind === "function-error") return { status: 200, headers: [["Content-Type", "application/json"]], body: Buffer.from(error.payload), selection: errorMessage(error.payload) };
    throw lambdaError(call, error);
  }
}

function errorMessage(payload: string): string {
  try {
    const { errorMessage: message } = JSON.parse(payload) as { errorMessage?: unknown };
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}

/** A function that could not be run, as the client sees it. */
export function lambdaError(call: RestCall, failure: LambdaFailure): GatewayError {
  trace(call, failure.message);
  if (failure.kind === "timeout") return new GatewayError("INTEGRATION_TIMEOUT", "Endpoint request timed out");
  // A missing permission or function is the API's configuration; a throttled or broken function its integration's failure.
  return failure.kind === "denied" || failure.kind === "missing" ? internalError("API_CONFIGURATION_ERROR") : internalError("INTEGRATION_FAILURE", 500);
}

/** The integration response whose pattern matches, else the default one. */
function chooseResponse(call: RestCall, compiled: RestIntegration, response: EndpointResponse): RestIntegrationResponse {
  const chosen = (response.selection === "" ? undefined : compiled.responses.find(({ pattern }) => pattern?.test(response.selection) === true)) ?? compiled.responses.find(({ pattern }) => pattern === undefined);
  if (chosen === undefined) {
    trace(call, `Execution failed due to configuration error: No match for output mapping and no default output mapping configured. Endpoint Response Status Code: ${response.status}`);
    throw internalError("API_CONFIGURATION_ERROR");
  }
  return chosen;
}

function methodResponse(call: RestCall, compiled: RestIntegration, response: EndpointResponse): GatewayResponse {
  const chosen = chooseResponse(call, compiled, response);
  const headers: HeaderList = [];
  const source = mappingSource(call, response);
  for (const mapping of chosen.mapping) for (const value of mapping.read(source)) if (!/[\r\n\0]/.test(value)) headers.push([mapping.name, value]);
  const converted = convertBody(call, chosen, response);
  const template = responseTemplate(call, chosen);
  const body = template === undefined ? converted : renderTemplate(call, template, converted.toString("utf8"));
  const overrides = call.overrides.response;
  let result = headers;
  for (const [name, value] of Object.entries(overrides.header)) {
    result = result.filter(([key]) => key.toLowerCase() !== name.toLowerCase());
    for (const text of texts(value)) if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) && !/[\r\n\0]/.test(text)) result.push([name, text]);
  }
  if (header(result, "content-type") === undefined) result.push(["Content-Type", "application/json"]);
  // An override that is no status code is ignored.
  const status = Number(overrides.status);
  return { status: overrides.status !== undefined && Number.isInteger(status) && status >= 100 && status <= 599 ? status : chosen.status, headers: result, body };
}

/** The template of the first media type that the caller accepts, else the JSON one, else the first there is. */
function responseTemplate(call: RestCall, chosen: RestIntegrationResponse) {
  if (chosen.templates.length === 0) return undefined;
  const accepted = firstAccepted(header(call.request.headers, "accept"));
  const found = chosen.templates.find(({ type }) => type === accepted) ?? chosen.templates.find(({ type }) => type === "application/json") ?? chosen.templates[0]!;
  try {
    return found.template;
  } catch (error) {
    if (error instanceof TemplateError) throw internalError("API_CONFIGURATION_ERROR");
    throw error;
  }
}

/** Text and binary payloads by AWS's table of content handling, media types and what the caller accepts. */
function convertBody(call: RestCall, chosen: RestIntegrationResponse, response: EndpointResponse): Buffer {
  const { runtime, request } = call;
  const handling = chosen.response.contentHandling;
  const binaryPayload = runtime.isBinary(header(response.headers, "content-type"));
  const binaryAccepted = runtime.isBinary(firstAccepted(header(request.headers, "accept")));
  if (binaryPayload) {
    const toText = handling === "CONVERT_TO_TEXT" || (handling === undefined && !binaryAccepted);
    return toText ? Buffer.from(response.body.toString("base64")) : response.body;
  }
  const toBinary = handling === "CONVERT_TO_BINARY" || (handling === undefined && binaryAccepted);
  return toBinary && response.body.length > 0 ? decodeBase64(response.body) : Buffer.from(response.body.toString("utf8"));
}
