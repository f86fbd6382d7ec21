import type { Background, Context } from "@cumulet/core";
import { sweepEvery } from "../sweep.ts";
import { startSchedule } from "./alarms/schedule.ts";
import { ServiceMetrics, serviceMetricsOf } from "./derive/service-metrics.ts";
import type { CloudWatchStore } from "./store/index.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STEP = 1000;
const HISTORY_MS = 30 * DAY_MS;
const METRIC_MS = 455 * DAY_MS;

/** How long points of each length are kept, and what becomes of them then: CloudWatch's own steps. */
const STAGES = [
  { seconds: 1, keepMs: 3 * HOUR_MS, into: 60 },
  { seconds: 60, keepMs: 15 * DAY_MS, into: 300 },
  { seconds: 300, keepMs: 63 * DAY_MS, into: 3600 },
  { seconds: 3600, keepMs: METRIC_MS, into: undefined },
] as const;

/** Gathers old points into coarser ones and forgets what is too old; true when there is more to do. */
function age(ctx: Context<CloudWatchStore>): boolean {
  const now = ctx.clock.now();
  const { metrics, history } = ctx.store;
  let more = false;
  for (const { seconds, keepMs, into } of STAGES) more = metrics.rollUp(seconds, now - keepMs, into, STEP) === STEP || more;
  more = metrics.forget(now - METRIC_MS, STEP) === STEP || more;
  return history.expire(now - HISTORY_MS, STEP) === STEP || more;
}

export function startBackground(platform: Background<CloudWatchStore>): Disposable {
  const metrics = new ServiceMetrics(platform);
  const schedule = startSchedule(platform);
  const sweep = sweepEvery(platform, 3 * HOUR_MS, age);
  return {
    [Symbol.dispose]: () => {
      schedule[Symbol.dispose]();
      sweep[Symbol.dispose]();
      metrics[Symbol.dispose]();
    },
  };
}

/** Sees every finished request; starts after `startBackground`. */
export function observeRequests(platform: Background<CloudWatchStore>): ServiceMetrics["observe"] {
  const metrics = serviceMetricsOf(platform);
  return (record) => metrics.observe(record);
}
