import { AwsError } from "@cumulet/protocol";
import { withStageVariables } from "../../domain/arn.ts";
import { header } from "../../domain/http-message.ts";
import type { GatewayRequest, GatewayResponse, HeaderList } from "../../domain/http-message.ts";
import { httpEventV1, httpEventV2 } from "../../domain/lambda-events.ts";
import { bodyOf, MalformedProxyResponse, parseProxyResponse, parseProxyResponseV2 } from "../../domain/lambda-response.ts";
import type { MappedRequest } from "../../domain/http-mapping.ts";
import type { SelectionSource } from "../../domain/selection.ts";
import { ParameterError } from "../../domain/service-integrations.ts";
import { callService } from "../aws-service.ts";
import { EndpointFailure, withTimeout } from "../endpoint.ts";
import { functionArn, invokeFunction, LambdaFailure } from "../lambda.ts";
import { outbound, OutboundFailure } from "../outbound.ts";
import type { HttpIntegration } from "./compile.ts";
import { eventFacts, HttpApiError } from "./handle.ts";
import type { HttpCall } from "./handle.ts";

/** Calls what a route is integrated with. Throws `HttpApiError` where the gateway answers in its place. */
export async function callIntegration(call: HttpCall, compiled: HttpIntegration, mapped: MappedRequest, source: SelectionSource): Promise<GatewayResponse> {
  const { integration } = compiled;
  const started = call.ctx.clock.now();
  try {
    switch (integration.IntegrationType) {
      case "AWS_PROXY":
        if (integration.IntegrationSubtype !== undefined) return await callServiceIntegration(call, compiled, source);
        return await callFunction(call, compiled, mapped);
      case "HTTP_PROXY":
        return await callEndpoint(call, compiled, mapped);
      default:
        throw new HttpApiError(500, "Internal Server Error");
    }
  } finally {
    call.facts["integrationLatency"] = call.ctx.clock.now() - started;
  }
}

/** The route's ARN as permissions and policies name it: `arn:aws:execute-api:region:account:api/stage/METHOD/path`. */
export function routeArn(call: HttpCall): string {
  const { ctx, address, stage, route, request } = call;
  const [method = ""] = route.routeKey.split(" ", 1);
  const tail = route.routeKey === "$default" ? "$default" : `${method === "ANY" ? request.method : method}${route.resource}`;
  return `arn:${ctx.partition}:execute-api:${ctx.region}:${ctx.account}:${address.apiId}/${stage.StageName}/${tail}`;
}

/** Format 1.0 shows what an authorizer gave without the wrapper of its kind. */
function authorizerV1({ authorizer }: HttpCall): Record<string, unknown> | undefined {
  if (authorizer === undefined) return undefined;
  const { jwt, lambda } = authorizer as { jwt?: Record<string, unknown>; lambda?: Record<string, unknown> };
  return jwt ?? lambda;
}

async function callFunction(call: HttpCall, { integration, timeoutMs }: HttpIntegration, mapped: MappedRequest): Promise<GatewayResponse> {
  const arn = functionArn(withStageVariables(integration.IntegrationUri ?? "", call.stage.StageVariables));
  if (arn === undefined) throw new HttpApiError(500, "Internal Server Error");
  const v2 = integration.PayloadFormatVersion === "2.0";
  const request: GatewayRequest = { ...call.request, headers: mapped.headers, query: mapped.query };
  if (mapped.path !== undefined) request.fullPath = mapped.path;
  const facts = eventFacts(call);
  const event = v2 ? httpEventV2(request, facts, call.route.routeKey, call.authorizer) : httpEventV1(request, facts, call.route.resource, authorizerV1(call), call.identity);
  let payload: string;
  try {
    payload = await invokeFunction(call.ctx, arn, JSON.stringify(event), { timeoutMs, sourceArn: routeArn(call), credentials: integration.CredentialsArn, caller: call.caller });
  } catch (error) {
    if (!(error instanceof LambdaFailure)) throw error;
    call.facts["integrationErrorMessage"] = error.message;
    throw new HttpApiError(error.kind === "timeout" ? 503 : 500, error.kind === "timeout" ? "Service Unavailable" : "Internal Server Error");
  }
  try {
    const response = v2 ? parseProxyResponseV2(payload) : parseProxyResponse(payload, false);
    call.facts["integrationStatus"] = 200;
    const headers: HeaderList = header(response.headers, "content-type") === undefined ? [...response.headers, ["content-type", "text/plain;charset=UTF-8"]] : response.headers;
    return { status: response.status, headers: headers.map(([name, value]) => [name.toLowerCase(), value] as const), body: bodyOf(response) };
  } catch (error) {
    if (!(error instanceof MalformedProxyResponse)) throw error;
    call.facts["integrationErrorMessage"] = "The response from the Lambda function doesn't match the format that API Gateway expects.";
    throw new HttpApiError(500, "Internal Server Error");
  }
}

/** Runs a first-class integration; the service's answer comes back as the service says it: SQS in XML, the others in JSON. */
async function callServiceIntegration(call: HttpCall, { integration, serviceCall, timeoutMs }: HttpIntegration, source: SelectionSource): Promise<GatewayResponse> {
  const { ctx } = call;
  if (serviceCall === undefined) throw new HttpApiError(500, "Internal Server Error");
  try {
    const { service, action, region, input } = serviceCall(source);
    const xml = service === "sqs";
    const response = await withTimeout(ctx, timeoutMs, (signal) => callService(ctx, {
      service, region: region ?? ctx.region, account: ctx.account, action: xml ? undefined : action, input, method: "POST", path: "/", query: xml ? `Action=${action}&Version=2012-11-05` : "",
      headers: [["Content-Type", "application/x-www-form-urlencoded"]], body: Buffer.alloc(0), credentials: integration.CredentialsArn, caller: call.caller, sourceArn: routeArn(call), signal,
    }));
    call.facts["integrationStatus"] = response.status;
    return { status: response.status, headers: response.headers.map(([name, value]) => [name.toLowerCase(), value] as const), body: response.body };
  } catch (error) {
    if (error instanceof ParameterError) {
      call.facts["integrationErrorMessage"] = error.message;
      throw new HttpApiError(400, "Bad Request");
    }
    if (!(error instanceof EndpointFailure) && !(error instanceof AwsError)) throw error;
    call.facts["integrationErrorMessage"] = error.message;
    const late = error instanceof EndpointFailure && error.kind === "timeout";
    throw new HttpApiError(late ? 504 : 500, late ? "Gateway Timeout" : "Internal Server Error");
  }
}

/** Fills `{variable}` in an integration URI; what follows a greedy variable's value keeps its slashes. */
function endpointUrl(call: HttpCall, uri: string, mapped: MappedRequest): URL {
  const filled = uri.replace(/\{([^{}]+?)\+?\}/g, (whole, name: string) => (Object.hasOwn(call.variables, name) ? call.variables[name]!.split("/").map(encodeURIComponent).join("/") : whole));
  let url: URL;
  try {
    url = new URL(filled);
  } catch {
    throw new HttpApiError(500, "Internal Server Error");
  }
  // `$default` and greedy routes without a variable in the URI pass the whole path on.
  if (mapped.path !== undefined) url.pathname = mapped.path;
  else if (call.route.routeKey === "$default") url.pathname = `${url.pathname.replace(/\/$/, "")}${call.request.path}`;
  const query = mapped.query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
  if (query !== "") url.search = url.search === "" ? query : `${url.search.slice(1)}&${query}`;
  return url;
}

async function callEndpoint(call: HttpCall, { integration, timeoutMs }: HttpIntegration, mapped: MappedRequest): Promise<GatewayResponse> {
  const { ctx, request } = call;
  const url = endpointUrl(call, withStageVariables(integration.IntegrationUri ?? "", call.stage.StageVariables), mapped);
  const method = integration.IntegrationMethod === undefined || integration.IntegrationMethod === "ANY" ? request.method : integration.IntegrationMethod;
  const headers = mapped.headers.filter(([name]) => !name.startsWith("x-forwarded-"));
  headers.push(["forwarded", `by=${call.address.domainName};for=${request.sourceIp};host=${request.host};proto=http`], ["via", `${request.protocol} AmazonAPIGateway`]);
  const stop = new AbortController();
  const timer = ctx.clock.schedule(timeoutMs, () => stop.abort());
  try {
    const response = await outbound({ method, url, headers, body: request.body, serverName: integration.TlsConfig?.ServerNameToVerify, signal: stop.signal });
    call.facts["integrationStatus"] = response.status;
    return { status: response.status, headers: response.headers, body: response.body };
  } catch (error) {
    if (!(error instanceof OutboundFailure)) throw error;
    call.facts["integrationErrorMessage"] = error.message;
    throw error.kind === "timeout" ? new HttpApiError(504, "Gateway Timeout") : new HttpApiError(503, "Service Unavailable");
  } finally {
    timer[Symbol.dispose]();
  }
}
