import type { Context } from "@cumulet/core";
import type { MetricDatum } from "@cumulet/protocol/models/cloudwatch.d.ts";
import type { Store } from "../../store.ts";

/** A metric's dimensions in their order, and what was measured. */
export interface Measured {
  dimensions: readonly (readonly [name: string, value: string])[];
  values: { readonly [metric: string]: number };
}

/** How long measurements gather before they are published. */
const INTERVAL_MS = 1000;
/** Distinct values that one datum may carry, and data that one call may. */
const VALUES = 150;
const DATA = 1000;

const UNITS: { [metric: string]: string } = { Latency: "Milliseconds", IntegrationLatency: "Milliseconds", DataProcessed: "Bytes" };
const NEVER = new AbortController().signal;

interface Series {
  metric: string;
  dimensions: Measured["dimensions"];
  minuteMs: number;
  counts: Map<number, number>;
}

/** CloudWatch's `AWS/ApiGateway`: measurements gather by metric and minute, and are published about once a second. */
export class GatewayMetrics {
  private series = new Map<string, Series>();
  private timer: Disposable | undefined;

  add(ctx: Context<Store>, { dimensions, values }: Measured): void {
    const now = ctx.clock.now();
    const minuteMs = now - (now % 60_000);
    let base = String(minuteMs);
    for (const [name, value] of dimensions) base += `\n${name}=${value}`;
    for (const metric in values) {
      const key = `${metric}\n${base}`;
      let series = this.series.get(key);
      if (series === undefined) this.series.set(key, (series = { metric, dimensions, minuteMs, counts: new Map() }));
      const value = values[metric]!;
      series.counts.set(value, (series.counts.get(value) ?? 0) + 1);
    }
    this.timer ??= ctx.clock.schedule(INTERVAL_MS, () => void this.publish(ctx));
  }

  private async publish(ctx: Context<Store>): Promise<void> {
    this.timer = undefined;
    const gathered = this.series;
    this.series = new Map();
    const data: MetricDatum[] = [];
    for (const { metric, dimensions, minuteMs, counts } of gathered.values()) {
      const entries = [...counts];
      for (let at = 0; at < entries.length; at += VALUES) {
        const part = entries.slice(at, at + VALUES);
        data.push({
          MetricName: metric, Unit: (UNITS[metric] ?? "Count") as MetricDatum["Unit"], Timestamp: minuteMs, Dimensions: dimensions.map(([Name, Value]) => ({ Name, Value })),
          Values: part.map(([value]) => value), Counts: part.map(([, count]) => count),
        } as MetricDatum);
      }
    }
    try {
      const { cloudwatch } = ctx.as({ signal: NEVER });
      for (let at = 0; at < data.length; at += DATA) await cloudwatch.PutMetricData({ Namespace: "AWS/ApiGateway", MetricData: data.slice(at, at + DATA) });
    } catch (error) {
      ctx.log.debug("Metrics of the gateway were not stored", { error: String(error) });
    }
  }
}
