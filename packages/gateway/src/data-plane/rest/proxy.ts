import { decodePath, header } from "../../domain/http-message.ts";
import type { GatewayResponse, HeaderList } from "../../domain/http-message.ts";
import { restEvent } from "../../domain/lambda-events.ts";
import { MalformedProxyResponse, parseProxyResponse } from "../../domain/lambda-response.ts";
import { firstAccepted } from "../../domain/media-types.ts";
import { withStageVariables } from "../../domain/arn.ts";
import { EndpointFailure, endpointUrl, lambdaFailure, outboundFailure, withTimeout } from "../endpoint.ts";
import { functionArn, invokeFunction, LambdaFailure } from "../lambda.ts";
import { outbound } from "../outbound.ts";
import { identityOf, resourceArn, trace } from "./call.ts";
import type { RestCall } from "./call.ts";
import type { RestIntegration } from "./compile.ts";
import { fillUri, gatewayError } from "./custom.ts";
import { internalError } from "./errors.ts";
import { headerMapText } from "./execution-log.ts";
import { mappingSource } from "./source.ts";

/** The event of a Lambda proxy integration, also sent to REQUEST authorizers in a variation. */
export function proxyEvent(call: RestCall): Record<string, unknown> {
  const { request, runtime, method, address } = call;
  return restEvent(request, {
    accountId: call.ctx.account,
    apiId: call.apiId,
    stage: call.stage.stageName,
    requestId: call.requestId,
    extendedRequestId: call.extendedRequestId,
    domainName: address.domainName,
    domainPrefix: address.domainName.split(".", 1)[0]!,
    stageVariables: Object.keys(call.stageVariables).length === 0 ? null : call.stageVariables,
    pathParameters: Object.keys(call.variables).length === 0 ? null : call.variables,
    resourceId: method?.resource.id ?? "",
    resourcePath: method?.path ?? "",
    deploymentId: runtime.deploymentId,
    identity: identityOf(call),
    authorizer: call.authorizer,
    operationName: method?.method.operationName,
    binary: runtime.isBinary(header(request.headers, "content-type")),
  });
}

/** Runs an AWS_PROXY integration: the request as an event, the function's answer as the response. */
export async function callLambdaProxy(call: RestCall, compiled: RestIntegration): Promise<GatewayResponse> {
  const { integration } = compiled;
  // Recorded: a function is invoked by POST; any other method of the integration fails.
  if (integration.httpMethod !== "POST") {
    trace(call, "Execution failed due to configuration error: Integration method must be POST");
    throw internalError("INTEGRATION_FAILURE", 500);
  }
  const arn = functionArn(withStageVariables(integration.uri ?? "", call.stageVariables));
  if (arn === undefined) throw internalError("API_CONFIGURATION_ERROR");
  const event = JSON.stringify(proxyEvent(call));
  const url = `https://lambda.${call.ctx.region}.amazonaws.com/2015-03-31/functions/${arn}/invocations`;
  trace(call, `Endpoint request URI: ${url}`);
  trace(call, `Endpoint request body after transformations: ${event}`);
  trace(call, `Sending request to ${url}`);
  const started = call.ctx.clock.now();
  const invocation = compiled.requestMapping.find((mapping) => mapping.where === "header" && mapping.name.toLowerCase() === "x-amz-invocation-type")?.read(mappingSource(call)).at(-1);
  let payload: string;
  try {
    payload = await invokeFunction(call.ctx, arn, event, { timeoutMs: compiled.timeoutMs, sourceArn: resourceArn(call), credentials: integration.credentials, caller: call.caller, event: invocation === "Event" });
  } catch (error) {
    if (!(error instanceof LambdaFailure)) throw error;
    finish(call, started, error.kind === "function-error" ? 200 : 500);
    call.facts["integrationErrorMessage"] = error.message;
    if (error.kind !== "function-error") throw gatewayError(call, lambdaFailure(error));
    trace(call, `Endpoint response body before transformations: ${error.payload}`);
    trace(call, error.message);
    throw internalError("INTEGRATION_FAILURE", 502);
  }
  finish(call, started, 200);
  trace(call, `Endpoint response body before transformations: ${payload}`);
  call.extraHeaders.push(["X-Amzn-Trace-Id", call.ctx.trace.xray()]);
  try {
    const { status, headers, body, isBase64Encoded } = parseProxyResponse(payload);
    if (header(headers, "content-type") === undefined) headers.push(["Content-Type", "application/json"]);
    return { status, headers: remapped(headers), body: isBase64Encoded ? decodedBody(call, headers, body) : body };
  } catch (error) {
    if (!(error instanceof MalformedProxyResponse)) throw error;
    trace(call, "Execution failed due to configuration error: Malformed Lambda proxy response");
    call.facts["integrationErrorMessage"] = "Malformed Lambda proxy response";
    throw internalError("INTEGRATION_FAILURE", 502);
  }
}

/** Recorded: base64 is decoded only for media types that the API calls binary, by what the caller accepts or what the answer is. */
function decodedBody(call: RestCall, headers: HeaderList, body: string): Buffer | string {
  const accept = header(call.request.headers, "accept");
  const binary = call.runtime.isBinary(accept === undefined ? undefined : firstAccepted(accept)) || call.runtime.isBinary(header(headers, "content-type"));
  return binary ? Buffer.from(body, "base64") : body;
}

function finish(call: RestCall, startedMs: number, status: number): void {
  const latency = call.ctx.clock.now() - startedMs;
  Object.assign(call.facts, { integrationLatency: latency, integrationStatus: status, integration: { latency, status, integrationStatus: status } });
  trace(call, `Received response. Status: ${status}, Integration latency: ${latency} ms`);
}

const REMAPPED = new Set(["connection", "content-length", "date", "server"]);
const DROPPED = new Set(["transfer-encoding", "content-encoding", "via", "keep-alive"]);

/** Headers that speak of the connection behind the gateway come back under another name. */
function remapped(headers: HeaderList, drop = false): HeaderList {
  const result: HeaderList = [];
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (REMAPPED.has(lower) || lower === "x-amzn-requestid") result.push([`x-amzn-Remapped-${name}`, value]);
    else if (!(drop ? DROPPED.has(lower) : lower === "transfer-encoding")) result.push([name, value]);
  }
  return result;
}

function target(call: RestCall, uri: string, query: readonly (readonly [string, string])[]): URL {
  try {
    return endpointUrl(uri, query);
  } catch (error) {
    if (error instanceof EndpointFailure) throw gatewayError(call, error);
    throw error;
  }
}

/** Runs an HTTP_PROXY integration: the request goes on as it came, the answer comes back as it was. */
export async function callHttpProxy(call: RestCall, compiled: RestIntegration): Promise<GatewayResponse> {
  const { integration } = compiled;
  const { request } = call;
  const path: { [name: string]: string } = { ...call.variables };
  let query = [...request.query];
  let headers = request.headers.filter(([name]) => name.toLowerCase() !== "host");
  const source = mappingSource(call);
  for (const mapping of compiled.requestMapping) {
    const values = mapping.read(source);
    if (values.length === 0) continue;
    if (mapping.where === "path") path[mapping.name] = values.at(-1)!;
    else if (mapping.where === "header") headers = [...headers.filter(([name]) => name.toLowerCase() !== mapping.name.toLowerCase()), ...values.map((value) => [mapping.name, value] as const)];
    // Recorded: a mapped query parameter is added to the values that the client sent.
    else query = [...query, ...values.map((value) => [mapping.name, value] as const)];
  }
  headers.push(["x-amzn-apigateway-api-id", call.apiId]);
  const method = integration.httpMethod === undefined || integration.httpMethod === "ANY" ? request.method : integration.httpMethod;
  const url = target(call, fillUri(call, integration.uri ?? "", Object.fromEntries(Object.entries(path).map(([name, value]) => [name, decodePath(value)]))), query);
  trace(call, `Endpoint request URI: ${url.href}`);
  trace(call, () => `Endpoint request headers: ${headerMapText(headers)}`);
  trace(call, `Sending request to ${url.href}`);
  const started = call.ctx.clock.now();
  const insecure = integration.tlsConfig?.insecureSkipVerification === true;
  let response;
  try {
    response = await withTimeout(call.ctx, compiled.timeoutMs, (signal) => outbound({ method, url, headers, body: request.body, insecure, signal })).catch(outboundFailure);
  } catch (error) {
    if (error instanceof EndpointFailure) throw gatewayError(call, error);
    throw error;
  }
  finish(call, started, response.status);
  trace(call, () => `Endpoint response headers: ${headerMapText(response.headers)}`);
  return { status: response.status, headers: remapped(response.headers, true), body: response.body };
}
