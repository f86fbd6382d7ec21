import { AwsError, compileService, loadModel, serviceIndex } from "@cumulet/protocol";
import type { CompiledService, ServiceId, WireRequest, WireResponse } from "@cumulet/protocol";
import type { Context, Principal } from "@cumulet/core";
import type { Readable } from "node:stream";
import type { HeaderList } from "../domain/http-message.ts";
import type { Store } from "../store.ts";
import { callingPrincipal } from "./access/iam.ts";

/** A call of a service's API as an integration makes it: an HTTP request that never leaves the process. */
export interface ServiceRequest {
  /** The service's name in an integration URI (`sqs`, `dynamodb`, `states`, `abc.execute-api`). */
  service: string;
  region: string;
  account: string;
  /** Operation of an `action/` URI; undefined for `path/` URIs, where the request itself tells. */
  action: string | undefined;
  /** The operation's input where it is known already; then the rest of the request only tells the protocol. */
  input?: unknown;
  method: string;
  path: string;
  query: string;
  headers: HeaderList;
  body: Buffer;
  /** Role to call as; the gateway itself otherwise. */
  credentials: string | undefined;
  caller: Principal | undefined;
  /** The API's method, for policies that say who may call on whose behalf. */
  sourceArn: string;
  signal: AbortSignal;
}

export interface ServiceResponse {
  status: number;
  headers: HeaderList;
  body: Buffer;
}

const compiled = new Map<string, CompiledService>();

/** Names in integration URIs that are not our service ids. */
const SERVICE_NAMES: { readonly [name: string]: string } = { "email": "ses", "monitoring": "cloudwatch", "elasticloadbalancing": "elbv2" };

function serviceNamed(name: string): CompiledService | undefined {
  const index = serviceIndex as Readonly<Record<string, { endpointPrefix: string; signingName: string }>>;
  const wanted = SERVICE_NAMES[name] ?? name;
  const id = Object.hasOwn(index, wanted) ? wanted : Object.keys(index).find((key) => index[key]!.endpointPrefix === wanted || index[key]!.signingName === wanted);
  if (id === undefined) return undefined;
  let service = compiled.get(id);
  if (service === undefined) compiled.set(id, (service = compileService(loadModel(id as ServiceId))));
  return service;
}

/** Runs an integration's request against a service of this cloud and gives the answer as it would travel. */
export async function callService(ctx: Context<Store>, request: ServiceRequest): Promise<ServiceResponse> {
  const service = serviceNamed(request.service);
  if (service === undefined) throw new AwsError("UnknownService", `No service answers to ${request.service} in this cloud`, { status: 501 });
  const wire = wireRequest(service, request);
  const route = service.route(wire);
  const requestId = ctx.ids.uuid();
  let response: WireResponse;
  try {
    const input = request.input ?? route.operation.decode(route, wire);
    const principal = await callingPrincipal(ctx, request.credentials, request.caller);
    const calls = ctx.as({ account: request.account, region: request.region, principal, signal: request.signal, sourceArn: request.sourceArn }) as unknown as Record<string, Record<string, (input: unknown) => Promise<unknown>>>;
    const output = await calls[service.id]![route.operation.name]!(input);
    response = route.operation.encode(route.protocol, output, requestId);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    response = service.encodeError(error, route.protocol, requestId, { method: wire.method });
  }
  const headers: HeaderList = [];
  for (let i = 0; i + 1 < response.headers.length; i += 2) headers.push([response.headers[i]!, response.headers[i + 1]!]);
  return { status: response.status, headers, body: await collect(response.body) };
}

function wireRequest(service: CompiledService, request: ServiceRequest): WireRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of request.headers) headers[name.toLowerCase()] = value;
  let { method, path, query, body } = request;
  if (request.action !== undefined) {
    const { metadata } = service.model;
    if (metadata.targetPrefix !== undefined && metadata.protocols.includes("json")) {
      // A JSON service is told the operation by a header; parameters of the URI come as its JSON body.
      headers["x-amz-target"] = `${metadata.targetPrefix}.${request.action}`;
      headers["content-type"] = `application/x-amz-json-${metadata.jsonVersion ?? "1.0"}`;
      if (query !== "" && (body.length === 0 || method === "GET")) body = Buffer.from(JSON.stringify(Object.fromEntries(new URLSearchParams(query))));
      if (body.length === 0) body = Buffer.from("{}");
      [method, path, query] = ["POST", "/", ""];
    } else {
      query = [`Action=${encodeURIComponent(request.action)}`, `Version=${metadata.apiVersion}`, ...(query === "" ? [] : [query])].join("&");
      path = "/";
    }
  } else if (service.model.metadata.protocols.includes("query") && !/(?:^|&)Version=/.test(query) && headers["x-amz-target"] === undefined) {
    query = [...(query === "" ? [] : [query]), `Version=${service.model.metadata.apiVersion}`].join("&");
  }
  return { method, path, query, headers, body };
}

async function collect(body: WireResponse["body"]): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as Readable | AsyncIterable<Uint8Array>) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > 10 * 1024 * 1024) throw new AwsError("PayloadTooLarge", "Integration response is larger than 10485760 bytes");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
}
