import type { Background, Record as RequestRecord, Span } from "@cumulet/core";

/** Spans that wait for their batch at most; more are dropped, and counted in the log. */
const QUEUE_MAX = 20_000;
const BATCH_MAX = 512;
const EVERY_MS = 1000;
const TIMEOUT_MS = 10_000;
const SERVER = 2;
const INTERNAL = 1;
const ERROR = 2;

interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: OtlpAttribute[];
  status?: { code: number; message?: string };
}

type OtlpAttribute = { key: string; value: { stringValue: string } | { intValue: string } | { doubleValue: number } | { boolValue: boolean } };

/**
 * Sends the spans of traces to an OpenTelemetry collector: OTLP over HTTP, as JSON, in batches. A collector that is away costs
 * nothing but its spans.
 */
export class SpanExporter implements Disposable {
  readonly #platform: Pick<Background<unknown>, "clock" | "log">;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  #queue: { service: string; span: OtlpSpan }[] = [];
  #dropped = 0;
  #failed = false;
  #timer: Disposable | undefined;
  #sending: Promise<void> | undefined;

  /** @param url of `v1/traces` @param headers as in `OTEL_EXPORTER_OTLP_HEADERS` */
  constructor(platform: Pick<Background<unknown>, "clock" | "log">, url: string, headers: Record<string, string>) {
    this.#platform = platform;
    this.#url = url;
    this.#headers = headers;
  }

  request(record: RequestRecord): void {
    this.#add(record.service, {
      traceId: record.traceId, spanId: record.spanId, ...(record.parentId === undefined ? {} : { parentSpanId: record.parentId }),
      name: `${record.service}.${record.operation}`, kind: SERVER,
      startTimeUnixNano: nanos(record.startedMs), endTimeUnixNano: nanos(record.startedMs + record.durationMs),
      attributes: attributes({
        "rpc.system": "aws-api", "rpc.service": record.service, "rpc.method": record.operation, "aws.request_id": record.requestId, "cloud.account.id": record.account,
        "cloud.region": record.region, "http.response.status_code": record.status, ...(record.via === "http" ? { "http.request.method": record.method, "url.full": `http://${record.url}`, "user_agent.original": record.userAgent } : {}),
        ...(record.error === undefined ? {} : { "error.type": record.error.code }),
      }),
      ...(record.error === undefined && record.status < 500 ? {} : { status: { code: ERROR, ...(record.error === undefined ? {} : { message: record.error.message }) } }),
    });
  }

  span(span: Span): void {
    this.#add("cumulet", {
      traceId: span.traceId, spanId: span.spanId, ...(span.parentId === undefined ? {} : { parentSpanId: span.parentId }), name: span.name, kind: INTERNAL,
      startTimeUnixNano: nanos(span.startedMs), endTimeUnixNano: nanos(span.endedMs), attributes: attributes(span.attributes),
    });
  }

  /** Sends all that waits; resolves when it has arrived or been given up. */
  async flush(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    await this.#sending;
    while (this.#queue.length > 0) await (this.#sending = this.#send(this.#queue.splice(0, BATCH_MAX)));
    this.#sending = undefined;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    void this.flush();
  }

  #add(service: string, span: OtlpSpan): void {
    if (this.#queue.length >= QUEUE_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#queue.push({ service, span });
    if (this.#queue.length >= BATCH_MAX && this.#sending === undefined) void this.flush();
    else this.#timer ??= this.#platform.clock.schedule(EVERY_MS, () => void this.flush());
  }

  async #send(batch: readonly { service: string; span: OtlpSpan }[]): Promise<void> {
    const byService = Map.groupBy(batch, ({ service }) => service);
    const body = JSON.stringify({
      resourceSpans: [...byService].map(([service, spans]) => ({
        resource: { attributes: attributes({ "service.name": service, "service.namespace": "cumulet", "cloud.provider": "aws" }) },
        scopeSpans: [{ scope: { name: "cumulet" }, spans: spans.map(({ span }) => span) }],
      })),
    });
    try {
      const response = await fetch(this.#url, { method: "POST", headers: { "content-type": "application/json", ...this.#headers }, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
      await response.arrayBuffer();
      this.#told(response.ok ? undefined : `status ${response.status}`);
    } catch (error) {
      this.#told((error as Error).message);
    }
  }

  /** Says once that the collector is away, and once that it is back. */
  #told(problem: string | undefined): void {
    if (problem !== undefined && !this.#failed) this.#platform.log.warn("Spans could not be exported", { url: this.#url, problem });
    if (problem === undefined && this.#failed) this.#platform.log.info("Spans are exported again", { url: this.#url, dropped: this.#dropped });
    this.#failed = problem !== undefined;
    if (problem === undefined) this.#dropped = 0;
  }
}

function nanos(ms: number): string {
  return (BigInt(Math.round(ms * 1000)) * 1000n).toString();
}

function attributes(values: { [key: string]: unknown }): OtlpAttribute[] {
  return Object.entries(values).flatMap(([key, value]): OtlpAttribute[] => {
    if (typeof value === "string") return value === "" ? [] : [{ key, value: { stringValue: value } }];
    if (typeof value === "boolean") return [{ key, value: { boolValue: value } }];
    if (typeof value === "number") return [{ key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } }];
    return [];
  });
}

/** The exporter that the settings ask for: those of OpenTelemetry, as the platform passes them on. */
export function exporterOf(platform: Background<unknown>): SpanExporter | undefined {
  const { settings } = platform.config;
  const base = settings["otel.exporter_otlp_endpoint"];
  const url = settings["otel.exporter_otlp_traces_endpoint"] ?? (base === undefined || base === "" ? undefined : `${base.replace(/\/$/, "")}/v1/traces`);
  if (url === undefined || url === "") return undefined;
  const headers = (settings["otel.exporter_otlp_headers"] ?? "").split(",").map((pair) => pair.split("=")).filter(([name]) => name!.trim() !== "");
  return new SpanExporter(platform, url, Object.fromEntries(headers.map(([name, ...value]) => [name!.trim().toLowerCase(), decodeURIComponent(value.join("=").trim())])));
}
