import type { Datapoint, GetMetricStatisticsInput, GetMetricStatisticsOutput } from "@cumulet/protocol/models/cloudwatch.d.ts";
import { flushServiceMetrics } from "../derive/service-metrics.ts";
import { invalidCombination, invalidValue, missingParameter } from "../domain/errors.ts";
import { metricKey } from "../domain/metric.ts";
import { isSimple, statistic, type Statistic } from "../domain/statistics.ts";
import { alignedWindow, readPeriods, type Ctx } from "./query.ts";

const POINTS_MAX = 1440;

/** Statistics of one metric, one point for each period and unit. */
export function getMetricStatistics(ctx: Ctx, input: GetMetricStatisticsInput): GetMetricStatisticsOutput {
  flushServiceMetrics(ctx);
  const { StartTime: startMs, EndTime: endMs, Period: period, Unit: unit, Statistics: simple = [], ExtendedStatistics: extended = [] } = input;
  if (simple.length === 0 && extended.length === 0) throw missingParameter("Statistics");
  if (startMs >= endMs) throw invalidValue("The parameter StartTime must be less than the parameter EndTime.");
  checkPeriod(period);
  const asked = Math.floor((endMs - startMs) / (period * 1000));
  if (asked > POINTS_MAX) {
    throw invalidCombination(
      `You have requested up to ${asked} datapoints, which exceeds the limit of ${POINTS_MAX}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`);
  }
  const compute: [name: string, statistic: Statistic][] = extended.map((name) => {
    const found = isSimple(name) ? undefined : statistic(name);
    if (found === undefined) throw invalidValue(`The value ${name} for parameter ExtendedStatistics is not supported.`);
    return [name, found];
  });

  const metric = ctx.store.metrics.find(metricKey(input.Namespace, input.MetricName, input.Dimensions));
  const datapoints: Datapoint[] = [];
  if (metric !== undefined) {
    for (const [start, units] of readPeriods(ctx, metric, alignedWindow({ startMs, endMs }, period), period, unit)) {
      for (const [name, aggregate] of units) {
        const point: Datapoint = { Timestamp: start, Unit: name };
        for (const one of simple) (point as { [name: string]: unknown })[one] = statistic(one)!(aggregate);
        const values = compute.map(([one, of]) => [one, of(aggregate)] as const).filter(([, value]) => value !== undefined);
        if (values.length > 0) point.ExtendedStatistics = Object.fromEntries(values) as { [key: string]: number };
        datapoints.push(point);
      }
    }
  }
  return { Label: input.MetricName, Datapoints: datapoints };
}

/** 1, 5, 10, 20, 30 or a multiple of 60 seconds. */
export function checkPeriod(period: number): void {
  if (![1, 5, 10, 20, 30].includes(period) && (period % 60 !== 0 || period <= 0)) throw invalidValue(`The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60. Period was ${period}.`);
}
