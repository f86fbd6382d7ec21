import type { IncomingHttpHeaders } from "node:http";
import type { Ids } from "../ids.ts";
import type { Trace } from "./trace.ts";

/** A finished piece of work inside a request: what `trace.child(...).end()` leaves. */
export interface Span {
  traceId: string;
  spanId: string;
  parentId: string | undefined;
  name: string;
  /** Platform time, milliseconds. */
  startedMs: number;
  endedMs: number;
  attributes: { [key: string]: unknown };
}

/** What spans need of the platform. */
export interface SpanSink {
  ids: Ids;
  now(): number;
  ended(span: Span): void;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const XRAY_ROOT = /(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})/;
const XRAY_PARENT = /(?:^|;)\s*Parent=([0-9a-f]{16})/;

class LiveTrace implements Trace {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly sampled: boolean;
  readonly #sink: SpanSink;

  constructor(sink: SpanSink, traceId: string, spanId: string, parentId: string | undefined, sampled: boolean) {
    this.#sink = sink;
    this.traceId = traceId;
    this.spanId = spanId;
    this.parentId = parentId;
    this.sampled = sampled;
  }

  xray(): string {
    return `Root=1-${this.traceId.slice(0, 8)}-${this.traceId.slice(8)};Parent=${this.spanId};Sampled=${this.sampled ? 1 : 0}`;
  }

  traceparent(): string {
    return `00-${this.traceId}-${this.spanId}-0${this.sampled ? 1 : 0}`;
  }

  child(name: string, attributes: { [key: string]: unknown } = {}): Trace & { end(attributes?: { [key: string]: unknown }): void } {
    const sink = this.#sink;
    const child = new LiveTrace(sink, this.traceId, sink.ids.bytes(8).toString("hex"), this.spanId, this.sampled);
    const startedMs = sink.now();
    return Object.assign(child, {
      end(more: { [key: string]: unknown } = {}): void {
        const { traceId, spanId, parentId } = child;
        sink.ended({ traceId, spanId, parentId, name, startedMs, endedMs: sink.now(), attributes: { ...attributes, ...more } });
      },
    });
  }
}

/**
 * The trace that a request belongs to: W3C `traceparent` first, then `X-Amzn-Trace-Id`, else a new one whose id starts
 * with the time, as X-Ray asks.
 */
export function traceOf(headers: IncomingHttpHeaders | undefined, sink: SpanSink): Trace {
  const spanId = sink.ids.bytes(8).toString("hex");
  const w3c = headers?.traceparent;
  if (typeof w3c === "string") {
    const match = TRACEPARENT.exec(w3c);
    if (match) return new LiveTrace(sink, match[1]!, spanId, match[2]!, (Number.parseInt(match[3]!, 16) & 1) === 1);
  }
  const xray = headers?.["x-amzn-trace-id"];
  if (typeof xray === "string") {
    const root = XRAY_ROOT.exec(xray);
    if (root) return new LiveTrace(sink, root[1]! + root[2]!, spanId, XRAY_PARENT.exec(xray)?.[1], !xray.includes("Sampled=0"));
  }
  const seconds = Math.floor(sink.now() / 1000).toString(16).padStart(8, "0").slice(-8);
  return new LiveTrace(sink, seconds + sink.ids.bytes(12).toString("hex"), spanId, undefined, true);
}

/** The trace of a call in process: a child of the caller's. */
export function childTrace(parent: Trace, sink: SpanSink): Trace {
  return new LiveTrace(sink, parent.traceId, sink.ids.bytes(8).toString("hex"), parent.spanId, parent.sampled);
}
