/** What every wire protocol offers to the compiled service, and the few things they share. */
import type { AwsError } from "../error.ts";
import type { ResolvedError } from "../errors.ts";
import type { WireRequest, WireResponse } from "../http.ts";
import type { OperationModel, ProtocolName } from "../model.ts";
import type { FormNode } from "../shapes/form.ts";

/** What routing learnt from a request, so that decoding need not read it again. */
export interface RouteFacts {
  protocol: ProtocolName;
  /** REST: the values of the path's labels, decoded. */
  labels: Record<string, string>;
  /** REST: the query, decoded, in order of appearance. */
  query: Map<string, string[]>;
  /** Query protocol: the parameters, from query and body. */
  form: FormNode | undefined;
}

/** One operation in one protocol. */
export interface OperationCodec {
  /** Reads the typed input. Throws AwsError for anything malformed. */
  decode(facts: RouteFacts, request: WireRequest): unknown;
  encode(output: unknown, requestId: string): WireResponse;
}

/** One wire protocol of one service. */
export interface ProtocolCodec {
  operation(model: OperationModel): OperationCodec;
  encodeError(resolved: ResolvedError, error: AwsError, requestId: string): WireResponse;
}

/** The whole body, for operations that do not stream: the pipeline has collected it by then. */
export function bodyBytes(request: WireRequest): Uint8Array {
  if (request.body instanceof Uint8Array) return request.body;
  throw new TypeError("the body of an operation without streaming input must be read before decoding");
}

/**
 * An output may carry its own JSON text under this symbol: a handler that has it already (items that lie as JSON on the
 * disk) saves parsing it and writing it again. Only the awsJson protocols look; everybody else reads the members, which
 * must be there all the same, getters included. The text must be what the writer would have made of them.
 */
export const jsonText: unique symbol = Symbol("JSON text of an output");

/** Completes a response whose body is in memory with its Content-Length. */
export function respond(status: number, headers: string[], body: string | Uint8Array): WireResponse {
  headers.push("Content-Length", String(typeof body === "string" ? Buffer.byteLength(body) : body.byteLength));
  return { status, headers, body };
}

/** An output that a handler left out is an empty structure. */
export function structure(output: unknown): Record<string, unknown> {
  return (output ?? {}) as Record<string, unknown>;
}

/** Adds an error's own headers. */
export function withHeaders(headers: string[], extra: Record<string, string>): string[] {
  for (const [name, value] of Object.entries(extra)) headers.push(name, value);
  return headers;
}
