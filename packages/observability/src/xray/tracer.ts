import type { Background, Context, PlatformConfig, Record as RequestRecord, Span } from "@cumulet/core";
import { segmentsOf, subsegmentOf } from "./domain/from-record.ts";
import type { Segment } from "./domain/segment.ts";
import type { SpanExporter } from "./otlp/export.ts";
import type { XRayStore } from "./store/index.ts";

/** New traces a second that are kept whole, of the platform's own; the others leave no trace. `CUMULET_XRAY_TRACES_PER_SECOND`. */
const TRACES_PER_SECOND = 100;
/** Traces under way that are remembered as kept. */
const KEPT_MAX = 20_000;
/** Spans whose request has not finished yet. */
const SPANS_MAX = 10_000;
const WAITING_MAX = 1000;

/** What only serves the platform's own watching appears in no trace. */
const PLUMBING = new Set(["logs", "cloudwatch", "cloudtrail"]);
/** Data planes that are no part of an application. */
const UNTRACED = new Set(["xray", "otlp", "lambda-code", "issuer", "sns-messages", "s3-preflight"]);

/**
 * Makes traces of finished requests. The first request of a trace decides whether it is kept; what is kept is gathered for the
 * rest of the turn, written in one transaction after the answers have left, and exported where that is asked for.
 */
export class Tracer implements Disposable {
  readonly #platform: Background<XRayStore>;
  readonly #exporter: SpanExporter | undefined;
  readonly #perSecond: number;
  readonly #kept = new Map<string, boolean>();
  readonly #spans = new Map<string, Span[]>();
  #spanCount = 0;
  readonly #waiting: RequestRecord[] = [];
  readonly #watching: Disposable;
  #scheduled = false;
  #tokens: number;
  #refilledAt = performance.now();

  constructor(platform: Background<XRayStore>, exporter: SpanExporter | undefined) {
    this.#platform = platform;
    this.#exporter = exporter;
    const setting = Number(platform.config.settings["xray.traces_per_second"] ?? Number.NaN);
    this.#perSecond = Number.isFinite(setting) && setting >= 0 ? setting : TRACES_PER_SECOND;
    this.#tokens = this.#perSecond;
    this.#watching = platform.onSpan((span) => this.#noteSpan(span));
    tracers.set(platform.config, this);
  }

  /** Notes a finished request. */
  observe(record: RequestRecord): void {
    if (!record.sampled || UNTRACED.has(record.service) || (record.via === "call" && PLUMBING.has(record.service)) || record.operation === "unknown") return;
    if (!this.#keeps(record.traceId)) return;
    this.#waiting.push(record);
    if (this.#waiting.length >= WAITING_MAX) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
  }

  /** Writes what waits. Reads call it first, so that a caller finds its own requests. */
  flush(): void {
    this.#scheduled = false;
    if (this.#waiting.length === 0) return;
    const byScope = new Map<string, RequestRecord[]>();
    for (const record of this.#waiting.splice(0)) {
      const key = `${record.account} ${record.region}`;
      const list = byScope.get(key);
      if (list === undefined) byScope.set(key, [record]);
      else list.push(record);
    }
    for (const [key, records] of byScope) {
      const [account, region] = key.split(" ") as [string, string];
      try {
        const ctx = this.#platform.at(account, region);
        ctx.transaction(() => {
          for (const record of records) {
            for (const segment of segmentsOf(record)) putSegment(ctx, segment);
            this.#exporter?.request(record);
            for (const span of this.#takeSpans(record.traceId)) {
              putSegment(ctx, subsegmentOf(span));
              this.#exporter?.span(span);
            }
          }
        });
      } catch (error) {
        this.#platform.log.error("Traces could not be kept", { scope: key, requests: records.length, error: (error as Error).message });
      }
    }
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#watching[Symbol.dispose]();
  }

  #keeps(traceId: string): boolean {
    const known = this.#kept.get(traceId);
    if (known !== undefined) return known;
    const now = performance.now();
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#refilledAt) / 1000) * this.#perSecond);
    this.#refilledAt = now;
    const keep = this.#tokens >= 1;
    if (keep) this.#tokens -= 1;
    // The oldest is most likely over. Deciding anew for a trace that is not only leaves it partial.
    if (this.#kept.size >= KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(traceId, keep);
    return keep;
  }

  /** A span ends before its request does, which tells whose it is. */
  #noteSpan(span: Span): void {
    if (this.#kept.get(span.traceId) === false || this.#spanCount >= SPANS_MAX) return;
    const list = this.#spans.get(span.traceId);
    if (list === undefined) this.#spans.set(span.traceId, [span]);
    else list.push(span);
    this.#spanCount += 1;
  }

  #takeSpans(traceId: string): Span[] {
    const list = this.#spans.get(traceId);
    if (list === undefined) return [];
    this.#spans.delete(traceId);
    this.#spanCount -= list.length;
    return list;
  }
}

/** Stores a segment document. */
export function putSegment(ctx: Context<XRayStore>, segment: Segment): void {
  ctx.store.traces.put(segment.trace_id!, segment.id, segment.start_time * 1000, JSON.stringify(segment));
}

/** The tracer of each platform in this process, found by its configuration. */
const tracers = new WeakMap<PlatformConfig, Tracer>();

export function tracerOf(of: { config: PlatformConfig }): Tracer {
  const tracer = tracers.get(of.config);
  if (tracer === undefined) throw new Error("The platform has not started");
  return tracer;
}
