import type { MetricDataQuery } from "@cumulet/protocol/models/cloudwatch.d.ts";
import type { MetricAlarmRecord } from "../domain/alarm.ts";
import { evaluateAlarm, EXTRA_PERIODS, isBreaching, stateReason, type MissingData, type Period } from "../domain/alarm-evaluation.ts";
import type { Series } from "../domain/math/series.ts";
import { QueryRun, type Ctx } from "../operations/query.ts";
import { changeState } from "./state.ts";

/** Looks at the latest periods of a metric alarm and changes its state where they say so. */
export function evaluate(ctx: Ctx, alarm: MetricAlarmRecord): void {
  const { comparison, evaluationPeriods, treatMissingData } = alarm;
  const datapointsToAlarm = alarm.datapointsToAlarm ?? evaluationPeriods;
  const treat = (treatMissingData ?? "missing") as MissingData;
  const { series, band, period } = read(ctx, alarm);
  const end = windowEnd(ctx.clock.now(), period);
  const values = new Map(series.timestamps.map((timestamp, i) => [timestamp, series.values[i]!]));
  const count = evaluationPeriods + EXTRA_PERIODS;
  const periods = Array.from({ length: count }, (_, i): Period => {
    const startMs = end - (count - i) * period * 1000;
    const value = values.get(startMs);
    const threshold = band === undefined ? alarm.threshold : band(startMs);
    return { startMs, value, breaching: value !== undefined && threshold !== undefined && isBreaching(comparison, value, threshold) };
  });
  const verdict = evaluateAlarm(periods, evaluationPeriods, datapointsToAlarm, treat);
  if (verdict.state === undefined || verdict.state === alarm.state) return;
  const recent = verdict.considered.filter(({ value }) => value !== undefined);
  const iso = (ms: number): string => new Date(ms).toISOString().replace("Z", "+0000");
  changeState(ctx, alarm, {
    state: verdict.state,
    reason: stateReason(verdict, { comparison, threshold: alarm.threshold, evaluationPeriods, datapointsToAlarm, treat }),
    data: JSON.stringify({
      version: "1.0",
      queryDate: iso(ctx.clock.now()),
      ...(recent.length === 0 ? {} : { startDate: iso(recent[0]!.startMs) }),
      ...(alarm.unit === undefined ? {} : { unit: alarm.unit }),
      ...(alarm.statistic === undefined ? {} : { statistic: alarm.statistic }),
      period,
      recentDatapoints: recent.map(({ value }) => value),
      ...(alarm.threshold === undefined ? {} : { threshold: alarm.threshold }),
      evaluatedDatapoints: [...verdict.considered].reverse().map(({ startMs, value }) => ({ timestamp: iso(startMs), ...(value === undefined ? {} : { value }) })),
    }),
  });
}

/** The end of the latest complete period: at a minute, or at a period where that is shorter. */
function windowEnd(now: number, period: number): number {
  const step = Math.min(period, 60) * 1000;
  return now - (now % step);
}

interface Reading {
  series: Series;
  band: ((startMs: number) => { low: number; high: number } | undefined) | undefined;
  period: number;
}

function read(ctx: Ctx, alarm: MetricAlarmRecord): Reading {
  const queries: readonly MetricDataQuery[] = alarm.metrics ?? [{
    Id: "m1",
    MetricStat: {
      Metric: { Namespace: alarm.namespace ?? "", MetricName: alarm.metricName ?? "", Dimensions: [...alarm.dimensions] },
      Period: alarm.period ?? 60,
      Stat: alarm.statistic ?? alarm.extendedStatistic ?? "Average",
      ...(alarm.unit === undefined ? {} : { Unit: alarm.unit }),
    },
  }];
  const watched = queries.find(({ Id, ReturnData }) => ReturnData !== false && Id !== alarm.thresholdMetricId) ?? queries[0]!;
  // The period is known before the window, which has to start on one.
  const period = new QueryRun(ctx, queries, { startMs: 0, endMs: 0 }).periodOf(watched.Id);
  const endMs = windowEnd(ctx.clock.now(), period);
  const run = new QueryRun(ctx, queries, { startMs: endMs - (alarm.evaluationPeriods + EXTRA_PERIODS) * period * 1000, endMs });
  const series = run.result(watched).list[0] ?? { label: "", timestamps: [], values: [], period };
  const bandQuery = queries.find(({ Id }) => Id === alarm.thresholdMetricId);
  if (bandQuery === undefined) return { series, band: undefined, period };
  const [high, low] = run.result(bandQuery).list;
  return {
    series, period,
    band: (startMs) => {
      const at = high?.timestamps.indexOf(startMs) ?? -1;
      return at < 0 ? undefined : { high: high!.values[at]!, low: low!.values[at]! };
    },
  };
}
