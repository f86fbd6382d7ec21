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
  /** Random hex digits. */
  hex(length: number): string;
  now(): number;
  ended(span: Span): void;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const XRAY_ROOT = /(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})/;
const XRAY_PARENT = /(?:^|;)\s*Parent=([0-9a-f]{16})/;

/** Random hex digits, cut from a large batch: a request needs 40 of them, and small draws cost more than the digits. */
class HexPool {
  readonly #ids: Ids;
  #digits = "";
  #at = 0;

  constructor(ids: Ids) {
    this.#ids = ids;
  }

  take(length: number): string {
    if (this.#at + length > this.#digits.length) {
      this.#digits = this.#ids.bytes(4096).toString("hex");
      this.#at = 0;
    }
    return this.#digits.slice(this.#at, (this.#at += length));
  }
}

/** Makes the sink of spans: where finished ones go, and where new ones get their ids. */
export function spanSink(ids: Ids, now: () => number, ended: (span: Span) => void): SpanSink {
  const pool = new HexPool(ids);
  return { hex: (length) => pool.take(length), now, ended };
}

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
    const child = new LiveTrace(sink, this.traceId, sink.hex(16), this.spanId, this.sampled);
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
  const spanId = sink.hex(16);
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
  return new LiveTrace(sink, seconds + sink.hex(24), spanId, undefined, true);
}

/** The trace of a call in process: a child of the caller's. */
export function childTrace(parent: Trace, sink: SpanSink): Trace {
  return new LiveTrace(sink, parent.traceId, sink.hex(16), parent.spanId, parent.sampled);
}
