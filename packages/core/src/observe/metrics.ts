import type { Record } from "./record.ts";

/** Upper bounds of the latency histogram, seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

interface Series {
  service: string;
  operation: string;
  status: number;
  count: number;
  seconds: number;
  bytesIn: number;
  bytesOut: number;
  buckets: Uint32Array;
}

/** Counters of every request since the start, in Prometheus' text format. Series are bounded by modelled operations. */
export class Metrics {
  readonly #series = new Map<string, Series>();
  readonly #gauges = new Map<string, { help: string; read: () => number }>();

  observe(record: Record): void {
    const key = `${record.service}\n${record.operation}\n${record.status}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const { service, operation, status } = record;
      series = { service, operation, status, count: 0, seconds: 0, bytesIn: 0, bytesOut: 0, buckets: new Uint32Array(BUCKETS.length) };
      this.#series.set(key, series);
    }
    const seconds = record.durationMs / 1000;
    series.count += 1;
    series.seconds += seconds;
    series.bytesIn += record.bytesIn;
    series.bytesOut += record.bytesOut;
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) series.buckets[bucket]! += 1;
  }

  /** A figure that is read when somebody asks (`cumulet_...`). */
  gauge(name: string, help: string, read: () => number): void {
    this.#gauges.set(name, { help, read });
  }

  /** Prometheus' exposition format, version 0.0.4. */
  text(): string {
    const lines: string[] = [];
    const family = (name: string, type: string, help: string): void => {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    };
    const all = [...this.#series.values()];
    const labels = (s: Series): string => `service="${escape(s.service)}",operation="${escape(s.operation)}",status="${s.status}"`;
    family("cumulet_requests_total", "counter", "Requests answered.");
    for (const s of all) lines.push(`cumulet_requests_total{${labels(s)}} ${s.count}`);
    family("cumulet_request_bytes_total", "counter", "Bytes of request bodies.");
    for (const s of all) lines.push(`cumulet_request_bytes_total{${labels(s)}} ${s.bytesIn}`);
    family("cumulet_response_bytes_total", "counter", "Bytes of response bodies.");
    for (const s of all) lines.push(`cumulet_response_bytes_total{${labels(s)}} ${s.bytesOut}`);
    family("cumulet_request_duration_seconds", "histogram", "Time from the request's head to the end of the answer.");
    for (const s of all) {
      let below = 0;
      BUCKETS.forEach((bound, i) => {
        below += s.buckets[i]!;
        lines.push(`cumulet_request_duration_seconds_bucket{${labels(s)},le="${bound}"} ${below}`);
      });
      lines.push(`cumulet_request_duration_seconds_bucket{${labels(s)},le="+Inf"} ${s.count}`);
      lines.push(`cumulet_request_duration_seconds_sum{${labels(s)}} ${s.seconds}`);
      lines.push(`cumulet_request_duration_seconds_count{${labels(s)}} ${s.count}`);
    }
    for (const [name, { help, read }] of this.#gauges) {
      family(name, "gauge", help);
      lines.push(`${name} ${read()}`);
    }
    return lines.join("\n") + "\n";
  }

  reset(): void {
    this.#series.clear();
  }
}

function escape(value: string): string {
  return value.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`));
}
