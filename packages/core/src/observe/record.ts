import type { Principal } from "../context.ts";

/** One per request, API or data plane, over HTTP or in process. Log line, metric, trace span and audit row all derive from it. */
export interface Record {
  requestId: string;
  traceId: string;
  spanId: string;
  parentId: string | undefined;
  /** False when the caller asked not to trace it. */
  sampled: boolean;
  /** Service id, or the name of a data plane. */
  service: string;
  /** Operation, or route of a data plane. */
  operation: string;
  account: string;
  region: string;
  principal: Principal;
  /** `http`, or `call` for one in process. */
  via: "http" | "call";
  method: string;
  /** Host and path of an HTTP request; empty in process. */
  url: string;
  userAgent: string;
  sourceIp: string;
  /** Platform time, milliseconds. */
  startedMs: number;
  /** Real time the request took, milliseconds. */
  durationMs: number;
  status: number;
  /** Code and message of the error that the client saw. */
  error: { code: string; message: string } | undefined;
  /** Of the bodies as they travelled; 0 in process. */
  bytesIn: number;
  bytesOut: number;
  /** The decoded input of an API call, streams left out; for audit. Undefined for data planes. */
  input: unknown;
  /** The decoded output of an API call, streams left out. */
  output: unknown;
  /** What a service wants to explain ("why this answer"): route, authorizer, policy, cache key. */
  notes: { [key: string]: unknown };
}
