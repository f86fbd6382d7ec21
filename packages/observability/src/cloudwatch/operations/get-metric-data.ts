import type { GetMetricDataInput, GetMetricDataOutput, MetricDataQuery, MetricDataResult } from "@cumulet/protocol/models/cloudwatch.d.ts";
import { flushServiceMetrics } from "../derive/service-metrics.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { invalidValue, validationError } from "../domain/errors.ts";
import { defaultLabel, fillLabel } from "../domain/labels.ts";
import type { Series } from "../domain/math/series.ts";
import { checkPeriod } from "./get-metric-statistics.ts";
import { QueryRun, type Ctx } from "./query.ts";

const POINTS_MAX = 100_800;

/** Metrics and expressions over them, newest point first unless asked otherwise. */
export function getMetricData(ctx: Ctx, input: GetMetricDataInput): GetMetricDataOutput {
  flushServiceMetrics(ctx);
  const { MetricDataQueries: queries, StartTime: startMs, EndTime: endMs, ScanBy: scanBy = "TimestampDescending", MaxDatapoints: max = POINTS_MAX } = input;
  if (startMs >= endMs) throw validationError("The parameter EndTime must be greater than StartTime.");
  for (const { MetricStat: stat } of queries) if (stat !== undefined) checkPeriod(stat.Period);
  let skip = input.NextToken === undefined ? 0 : readToken(input.NextToken);
  if (typeof skip !== "number") throw invalidValue("The parameter NextToken is invalid.");

  const run = new QueryRun(ctx, queries, { startMs, endMs });
  const shown = queries.filter(({ ReturnData }) => ReturnData !== false);
  const label = labels(queries, offsetOf(input.LabelOptions?.Timezone));
  const results: MetricDataResult[] = [];
  let room = max;
  let seen = 0;
  for (const query of shown) {
    const { list, many, messages } = run.result(query);
    for (const series of list) {
      const order = scanBy === "TimestampAscending" ? series.timestamps.map((_, i) => i) : series.timestamps.map((_, i) => series.timestamps.length - 1 - i);
      // Pages cut through the points in the order in which they are answered; earlier ones are skipped.
      const rest = order.slice(Math.max(0, skip - seen));
      const part = rest.slice(0, room);
      const complete = part.length === rest.length;
      seen += order.length - (rest.length - part.length);
      room -= part.length;
      results.push({
        Id: query.Id,
        Label: label(query, series, many),
        Timestamps: part.map((i) => series.timestamps[i]!),
        Values: part.map((i) => series.values[i]!),
        StatusCode: complete ? "Complete" : "PartialData",
        ...(messages.length === 0 ? {} : { Messages: messages }),
      });
      if (!complete) return { MetricDataResults: results, NextToken: writeToken(seen), Messages: [] };
      if (order.length > 0 && seen <= skip) results.pop();
    }
  }
  return { MetricDataResults: results, Messages: [] };
}

/** How each result is called. */
function labels(queries: readonly MetricDataQuery[], offset: number): (query: MetricDataQuery, series: Series, many: boolean) => string {
  const stats = queries.filter(({ MetricStat }) => MetricStat !== undefined).map(({ MetricStat }) => MetricStat!);
  const differs = { stat: new Set(stats.map(({ Stat }) => Stat)).size > 1, period: new Set(stats.map(({ Period }) => Period)).size > 1 };
  return (query, series, many) => {
    const { MetricStat: stat, Label: own } = query;
    const plain = stat !== undefined ? defaultLabel(stat.Metric.MetricName ?? "", stat.Stat, stat.Period, differs) : many ? series.label : query.Id;
    if (own === undefined || own === "") return plain;
    // The members of a list are told apart even where the label does not.
    return many && !own.includes("${") ? `${own} ${plain}` : fillLabel(own, { ...series, label: plain }, offset);
  };
}

/** `+0530` as minutes. */
function offsetOf(timezone: string | undefined): number {
  const match = /^([+-])(\d{2})(\d{2})$/.exec(timezone ?? "");
  return match === null ? 0 : (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}
