import { AwsError } from "@cumulet/protocol";
import type { Context, Principal } from "@cumulet/core";
import { header } from "../domain/http-message.ts";
import type { HeaderList } from "../domain/http-message.ts";
import type { Store } from "../store.ts";
import { callService } from "./aws-service.ts";
import { functionArn, invokeFunction, LambdaFailure } from "./lambda.ts";
import { outbound, OutboundFailure } from "./outbound.ts";

/** A call of an HTTP or AWS integration: all variables filled in, the body transformed. */
export interface EndpointCall {
  ctx: Context<Store>;
  apiId: string;
  kind: "HTTP" | "AWS";
  uri: string;
  method: string;
  headers: HeaderList;
  query: (readonly [string, string])[];
  body: Buffer;
  timeoutMs: number;
  insecure: boolean;
  credentials: string | undefined;
  caller: Principal | undefined;
  /** `arn:aws:execute-api:...` of the method or route. */
  sourceArn: string;
  /** Media type of the body where no mapping says one. */
  contentType: string | undefined;
  trace(line: string): void;
}

export interface EndpointResponse {
  status: number;
  headers: HeaderList;
  body: Buffer;
  /** What selection patterns are matched against: the error message of a failed function, else the status code. */
  selection: string;
}

/** A call that brought no response. */
export class EndpointFailure extends Error {
  readonly kind: "timeout" | "unreachable" | "too-large" | "configuration" | "function";

  constructor(kind: EndpointFailure["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

export const encodeQuery = (query: readonly (readonly [string, string])[]): string => query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");

/** Calls the endpoint of a custom integration. Throws `EndpointFailure`. */
export function callEndpoint(call: EndpointCall): Promise<EndpointResponse> {
  if (call.kind === "HTTP") return callHttp(call);
  const arn = functionArn(call.uri);
  return arn === undefined ? callAws(call) : callFunction(call, arn);
}

/** Runs `act` under a time limit of the platform's clock. */
export async function withTimeout<T>(ctx: Context<Store>, timeoutMs: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const timer = ctx.clock.schedule(timeoutMs, () => stop.abort(new Error("timeout")));
  try {
    return await new Promise<T>((resolve, reject) => {
      stop.signal.addEventListener("abort", () => reject(new EndpointFailure("timeout", "Execution failed due to a timeout error")), { once: true });
      act(stop.signal).then(resolve, reject);
    });
  } finally {
    timer[Symbol.dispose]();
  }
}

/** An endpoint's address with parameters added; what is none is the API's configuration error. */
export function endpointUrl(text: string, query: readonly (readonly [string, string])[]): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new EndpointFailure("configuration", `Invalid endpoint address: ${text}`);
  }
  const added = encodeQuery(query);
  if (added !== "") url.search = url.search === "" ? added : `${url.search.slice(1)}&${added}`;
  return url;
}

/** Failures of outgoing calls as failures of the endpoint. */
export function outboundFailure(error: unknown): never {
  if (!(error instanceof OutboundFailure)) throw error;
  throw new EndpointFailure(error.kind === "invalid" ? "configuration" : error.kind, error.message);
}

const withoutBody = (method: string): boolean => method === "GET" || method === "HEAD" || method === "OPTIONS";

async function callHttp(call: EndpointCall): Promise<EndpointResponse> {
  const url = endpointUrl(call.uri, call.query);
  const headers: HeaderList = [...call.headers];
  const defaults: HeaderList = [["Accept", "application/json"], ["Content-Type", call.contentType ?? "application/json"], ["User-Agent", `AmazonAPIGateway_${call.apiId}`], ["x-amzn-apigateway-api-id", call.apiId], ["X-Amzn-Trace-Id", call.ctx.trace.xray()]];
  for (const [name, value] of defaults) if (header(headers, name.toLowerCase()) === undefined) headers.push([name, value]);
  call.trace(`Sending request to ${url.href}`);
  const request = { method: call.method, url, headers, body: withoutBody(call.method) ? "" : call.body, insecure: call.insecure };
  const response = await withTimeout(call.ctx, call.timeoutMs, (signal) => outbound({ ...request, signal })).catch(outboundFailure);
  return { ...response, selection: String(response.status) };
}

function split(text: string, separator: RegExp): [string, string] {
  const at = text.search(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

async function callAws(call: EndpointCall): Promise<EndpointResponse> {
  const match = /^arn:[^:]+:apigateway:([^:]*):((?:[^:.]+\.)?[^:]+):(path|action)\/(.*)$/s.exec(call.uri);
  if (match === null) throw new EndpointFailure("configuration", `Invalid integration URI: ${call.uri}`);
  const [, region = "", service = "", kind, rest = ""] = match;
  // `action/Name&Param=Value` carries parameters as a query does.
  const [target, inline] = kind === "action" ? split(rest, /[&?]/) : split(rest, /\?/);
  const query = [inline, encodeQuery(call.query)].filter((part) => part !== "").join("&");
  call.trace(`Sending request to https://${service}.${region || call.ctx.region}.amazonaws.com/${kind === "path" ? rest : `?Action=${target}`}`);
  try {
    const response = await withTimeout(call.ctx, call.timeoutMs, (signal) => callService(call.ctx, {
      service: service.split(".").at(-1)!,
      region: region || call.ctx.region,
      account: call.ctx.account,
      action: kind === "action" ? target : undefined,
      method: call.method,
      path: `/${kind === "path" ? target : ""}`,
      query,
      headers: call.headers,
      body: call.body,
      credentials: call.credentials,
      caller: call.caller,
      sourceArn: call.sourceArn,
      signal,
    }));
    return { ...response, selection: String(response.status) };
  } catch (error) {
    if (error instanceof AwsError) throw new EndpointFailure("configuration", error.message);
    throw error;
  }
}

async function callFunction(call: EndpointCall, arn: string): Promise<EndpointResponse> {
  const event = header(call.headers, "x-amz-invocation-type") === "Event";
  const body = call.body.length === 0 ? "{}" : call.body.toString("utf8");
  call.trace(`Sending request to https://lambda.${call.ctx.region}.amazonaws.com/2015-03-31/functions/${arn}/invocations`);
  const headers: HeaderList = [["Content-Type", "application/json"]];
  try {
    const payload = await invokeFunction(call.ctx, arn, body, { timeoutMs: call.timeoutMs, sourceArn: call.sourceArn, credentials: call.credentials, caller: call.caller, event });
    return { status: event ? 202 : 200, headers, body: Buffer.from(payload), selection: "" };
  } catch (error) {
    if (!(error instanceof LambdaFailure)) throw error;
    if (error.kind === "function-error") return { status: 200, headers, body: Buffer.from(error.payload), selection: errorMessage(error.payload) };
    throw lambdaFailure(error);
  }
}

/** A function that could not be run: missing ones and missing permissions are the API's configuration. */
export function lambdaFailure(error: LambdaFailure): EndpointFailure {
  return new EndpointFailure(error.kind === "timeout" ? "timeout" : error.kind === "denied" || error.kind === "missing" ? "configuration" : "function", error.message);
}

function errorMessage(payload: string): string {
  try {
    const { errorMessage: message } = JSON.parse(payload) as { errorMessage?: unknown };
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}
