import { withStageVariables } from "../../domain/arn.ts";
import { header, lastValues } from "../../domain/http-message.ts";
import type { HeaderList } from "../../domain/http-message.ts";
import type { MappingSource } from "../../domain/rest-mapping.ts";
import { TemplateError } from "../../domain/vtl/index.ts";
import type { Template } from "../../domain/vtl/index.ts";
import { PayloadError } from "../../domain/vtl/gateway-objects.ts";
import { callEndpoint, EndpointFailure } from "../endpoint.ts";
import type { EndpointResponse } from "../endpoint.ts";
import { functionArn, invokeFunction, LambdaFailure } from "../lambda.ts";
import { renderMapping } from "../templates.ts";
import { socketArn, socketContext, socketEvent, socketSource } from "./call.ts";
import type { SocketCall } from "./call.ts";
import type { WebSocketIntegration } from "./compile.ts";

/** What came of an event: a status for `$connect`, headers for its handshake, text for the client. */
export interface SocketAnswer {
  status: number;
  headers: HeaderList;
  body: string;
}

/** An event that could not be handled; the message is what the client is told. */
export class SocketError extends Error {
  /** Status of a handshake that fails with it. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const internal = (status = 500): SocketError => new SocketError("Internal server error", status);

/** Runs the integration of a route. Throws `SocketError`. */
export async function integrate(call: SocketCall, compiled: WebSocketIntegration): Promise<SocketAnswer> {
  const started = call.ctx.clock.now();
  try {
    switch (compiled.integration.IntegrationType) {
      case "AWS_PROXY":
        return await callProxy(call, compiled);
      case "MOCK":
        return respond(call, compiled, mock(call, compiled));
      case "HTTP_PROXY":
      case "HTTP":
      case "AWS":
        return respond(call, compiled, await callCustom(call, compiled));
      default:
        throw internal();
    }
  } catch (error) {
    if (error instanceof PayloadError) throw new SocketError("Bad request body", 400);
    if (error instanceof TemplateError) {
      call.facts["integrationErrorMessage"] = error.message;
      throw internal();
    }
    throw error;
  } finally {
    call.facts["integrationLatency"] = call.ctx.clock.now() - started;
  }
}

async function callProxy(call: SocketCall, { integration, timeoutMs }: WebSocketIntegration): Promise<SocketAnswer> {
  const arn = functionArn(withStageVariables(integration.IntegrationUri ?? "", call.connection.stageVariables()));
  if (arn === undefined) throw internal();
  let payload: string;
  try {
    payload = await invokeFunction(call.ctx, arn, JSON.stringify(socketEvent(call)), { timeoutMs, sourceArn: socketArn(call), credentials: integration.CredentialsArn, caller: call.caller });
  } catch (error) {
    if (!(error instanceof LambdaFailure)) throw error;
    call.facts["integrationErrorMessage"] = error.message;
    throw internal(error.kind === "timeout" ? 504 : 502);
  }
  call.facts["integrationStatus"] = 200;
  return readProxyAnswer(call, payload);
}

/** A function answers `$connect` with a status; a message's answer goes to the client as its body, or whole. */
function readProxyAnswer(call: SocketCall, payload: string): SocketAnswer {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    throw internal(502);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    if (call.type === "CONNECT") throw internal(502);
    return { status: 200, headers: [], body: typeof value === "string" ? value : value === null ? "" : payload };
  }
  const { statusCode, headers, body } = value as { statusCode?: unknown; headers?: Record<string, unknown>; body?: unknown };
  if (statusCode === undefined) {
    if (call.type === "CONNECT") throw internal(502);
    return { status: 200, headers: [], body: payload };
  }
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) throw internal(502);
  const list: HeaderList = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)] as const);
  return { status, headers: list, body: body === undefined || body === null ? "" : typeof body === "string" ? body : JSON.stringify(body) };
}

/** The template that an expression selects: by its key, else `$default`, else the only sensible one for JSON. */
function pickTemplate(get: (key: string) => Template | undefined, key: string | undefined): Template | undefined {
  return (key === undefined ? undefined : get(key)) ?? get("$default") ?? (key === undefined ? get("application/json") : undefined);
}

function render(call: SocketCall, template: Template, body: string): string {
  const { request } = call.connection;
  const connect = call.type === "CONNECT";
  return renderMapping(template, {
    body,
    parameters: { path: {}, querystring: connect ? lastValues(request.query) : {}, header: connect ? lastValues(request.headers) : {} },
    context: { ...socketContext(call), ...call.facts },
    stageVariables: call.connection.stageVariables(),
  }).text;
}

function requestBody(call: SocketCall, compiled: WebSocketIntegration): string {
  const template = pickTemplate(compiled.requestTemplate, compiled.selectTemplate?.(socketSource(call)));
  if (template !== undefined) return render(call, template, call.body);
  const { PassthroughBehavior: passthrough, RequestTemplates: templates } = compiled.integration;
  if (passthrough === "NEVER" || (passthrough === "WHEN_NO_TEMPLATES" && Object.keys(templates ?? {}).length > 0)) throw new SocketError("Unsupported Media Type", 415);
  return call.body;
}

function mock(call: SocketCall, compiled: WebSocketIntegration): EndpointResponse {
  const status = /["']?statusCode["']?\s*:\s*["']?(\d{3})/.exec(requestBody(call, compiled))?.[1];
  if (status === undefined) throw internal();
  return { status: Number(status), headers: [], body: Buffer.alloc(0), selection: status };
}

async function callCustom(call: SocketCall, compiled: WebSocketIntegration): Promise<EndpointResponse> {
  const { integration } = compiled;
  const proxy = integration.IntegrationType === "HTTP_PROXY";
  const headers: HeaderList = [];
  const query: [string, string][] = [];
  const path: { [name: string]: string } = {};
  const source = mappingSource(call);
  for (const mapping of compiled.requestMapping) {
    for (const value of mapping.read(source)) {
      if (mapping.where === "path") path[mapping.name] = value;
      else (mapping.where === "header" ? headers : query).push([mapping.name, value]);
    }
  }
  const uri = withStageVariables(integration.IntegrationUri ?? "", call.connection.stageVariables()).replace(/\{([^{}$]+?)\}/g, (whole, name: string) => (Object.hasOwn(path, name) ? encodeURIComponent(path[name]!) : whole));
  const body = proxy ? Buffer.from(call.body) : Buffer.from(requestBody(call, compiled));
  try {
    return await callEndpoint({
      ctx: call.ctx,
      apiId: call.connection.address.apiId,
      kind: integration.IntegrationType === "AWS" ? "AWS" : "HTTP",
      uri,
      method: integration.IntegrationMethod === undefined || integration.IntegrationMethod === "ANY" ? "POST" : integration.IntegrationMethod,
      headers,
      query,
      body: integration.ContentHandlingStrategy === "CONVERT_TO_BINARY" ? Buffer.from(body.toString("utf8"), "base64") : body,
      timeoutMs: compiled.timeoutMs,
      insecure: false,
      credentials: integration.CredentialsArn,
      caller: call.caller,
      sourceArn: socketArn(call),
      contentType: undefined,
      trace: () => {},
    });
  } catch (error) {
    if (!(error instanceof EndpointFailure)) throw error;
    call.facts["integrationErrorMessage"] = error.message;
    throw internal(error.kind === "timeout" ? 504 : 502);
  }
}

function mappingSource(call: SocketCall): MappingSource {
  const { request } = call.connection;
  return {
    headers: (name) => request.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value),
    querystrings: (name) => request.query.filter(([key]) => key === name).map(([, value]) => value),
    path: () => undefined,
    body: () => call.body,
    context: () => socketContext(call),
    stageVariables: call.connection.stageVariables(),
  };
}

/** The integration response that fits, rendered; proxies answer as the endpoint did. */
function respond(call: SocketCall, compiled: WebSocketIntegration, response: EndpointResponse): SocketAnswer {
  call.facts["integrationStatus"] = response.status;
  const text = response.body.toString("utf8");
  if (compiled.integration.IntegrationType === "HTTP_PROXY") return { status: response.status, headers: response.headers, body: text };
  const chosen = compiled.responses.find(({ matches }) => matches?.(response.selection) === true) ?? compiled.responses.find(({ matches }) => matches === undefined);
  if (chosen === undefined) {
    // One-way routes need no integration response.
    if (!call.route.twoWay) return { status: response.status, headers: [], body: text };
    throw internal();
  }
  const source = { ...socketSource(call), header: (name: string) => header(response.headers, name), extra: () => String(response.status) };
  const template = pickTemplate(chosen.template, chosen.selectTemplate?.(source));
  return { status: response.status, headers: [], body: template === undefined ? text : render(call, template, text) };
}
