import { withStageVariables } from "../../domain/arn.ts";
import { header } from "../../domain/http-message.ts";
import type { GatewayResponse, HeaderList } from "../../domain/http-message.ts";
import { firstAccepted, mediaType } from "../../domain/media-types.ts";
import type { MethodMapping } from "../../domain/rest-mapping.ts";
import { TemplateError } from "../../domain/vtl/index.ts";
import { callEndpoint, EndpointFailure } from "../endpoint.ts";
import type { EndpointResponse } from "../endpoint.ts";
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

/** Runs an AWS, HTTP or MOCK integration: request mapping, the call, response mapping. */
export async function callCustom(call: RestCall, compiled: RestIntegration): Promise<GatewayResponse> {
  const request = integrationRequest(call, compiled);
  // A mock has no endpoint to tell of. Recorded.
  if (compiled.integration.type !== "MOCK") {
    trace(call, () => `Endpoint request headers: ${headerMapText(request.headers)}`);
    trace(call, () => `Endpoint request body after transformations: ${request.body.toString("utf8")}`);
  }
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

/** A failure of the endpoint as the gateway answers it. */
export function gatewayError(call: RestCall, failure: EndpointFailure): GatewayError {
  call.facts["integrationErrorMessage"] = failure.message;
  trace(call, failure.kind === "configuration" ? `Execution failed due to configuration error: ${failure.message}` : failure.message);
  switch (failure.kind) {
    case "timeout":
      return new GatewayError("INTEGRATION_TIMEOUT", "Endpoint request timed out");
    case "unreachable":
      return new GatewayError("INTEGRATION_FAILURE", "Network error communicating with endpoint");
    case "configuration":
      return internalError("API_CONFIGURATION_ERROR");
    default:
      return internalError("INTEGRATION_FAILURE", 500);
  }
}

async function dispatch(call: RestCall, compiled: RestIntegration, request: IntegrationRequest): Promise<EndpointResponse> {
  const { integration } = compiled;
  if (integration.type === "MOCK") return mock(call, request);
  try {
    return await callEndpoint({
      ctx: call.ctx,
      apiId: call.apiId,
      kind: integration.type === "HTTP" ? "HTTP" : "AWS",
      uri: fillUri(call, integration.uri ?? "", request.path),
      method: request.method,
      headers: request.headers,
      query: request.query,
      body: request.body,
      timeoutMs: compiled.timeoutMs,
      insecure: integration.tlsConfig?.insecureSkipVerification === true,
      credentials: integration.credentials,
      caller: call.caller,
      sourceArn: resourceArn(call),
      contentType: header(call.request.headers, "content-type"),
      trace: (line) => trace(call, line),
    });
  } catch (error) {
    if (error instanceof EndpointFailure) throw gatewayError(call, error);
    throw error;
  }
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
