import type {
  GetServiceGraphRequest, GetServiceGraphResult, GetTimeSeriesServiceStatisticsRequest, GetTimeSeriesServiceStatisticsResult, GetTraceGraphRequest, GetTraceGraphResult,
  GetTraceSummariesRequest, GetTraceSummariesResult, TimeSeriesServiceStatistics, TraceSummary,
} from "@cumulet/protocol/models/xray.d.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { invalidRequest, invalidToken } from "../domain/errors.ts";
import { compileFilter, FilterError, type TraceFilter } from "../domain/filter.ts";
import { serviceGraph } from "../domain/graph.ts";
import { traceIdOf } from "../domain/segment.ts";
import { summarize, type Trace } from "../domain/summary.ts";
import { tracerOf } from "../tracer.ts";
import { groupOf } from "./groups.ts";
import { loadTrace, type Ctx } from "./segments.ts";

const PAGE = 100;
/** Traces looked at in one request. */
const SCAN_MAX = 1000;
const RANGE_MS = 24 * 3_600_000;
/** Traces that a graph is made of: the latest of its time range. */
const GRAPH_TRACES_MAX = 2000;

function filterOf(expression: string | undefined): TraceFilter {
  try {
    return compileFilter(expression ?? "");
  } catch (error) {
    throw error instanceof FilterError ? invalidRequest(error.message) : error;
  }
}

function checkRange(from: number, to: number): void {
  if (from > to) throw invalidRequest("StartTime must be before EndTime.");
  if (to - from > RANGE_MS) throw invalidRequest("Time range cannot be longer than 24 hours.");
}

export function getTraceSummaries(ctx: Ctx, input: GetTraceSummariesRequest): GetTraceSummariesResult {
  tracerOf(ctx).flush();
  const { StartTime: from, EndTime: to } = input;
  checkRange(from, to);
  const filter = filterOf(input.FilterExpression);
  let after: { firstMs: number; id: string } | undefined;
  if (input.NextToken !== undefined) {
    after = readToken(input.NextToken) as typeof after;
    if (typeof after?.firstMs !== "number" || typeof after.id !== "string") throw invalidToken();
  }
  const found: TraceSummary[] = [];
  const rows = ctx.store.traces.list(from, to, after, SCAN_MAX);
  let processed = 0;
  for (const row of rows) {
    if (found.length === PAGE) break;
    processed += 1;
    after = { firstMs: row.firstMs, id: row.id };
    const trace = loadTrace(ctx, row.id, row.revision);
    if (trace.segments.length > 0 && filter(trace)) found.push(summarize(trace, row.firstMs));
  }
  return {
    TraceSummaries: found, ApproximateTime: ctx.clock.now(), TracesProcessedCount: processed,
    ...(processed < rows.length || rows.length === SCAN_MAX ? { NextToken: writeToken(after) } : {}),
  };
}

function* latest(ctx: Ctx, from: number, to: number, filter: TraceFilter): Generator<Trace> {
  for (const row of ctx.store.traces.newest(from, to, GRAPH_TRACES_MAX)) {
    const trace = loadTrace(ctx, row.id, row.revision);
    if (filter(trace)) yield trace;
  }
}

/** The filter of a group that a request names. */
function groupFilter(ctx: Ctx, input: { GroupName?: string; GroupARN?: string }): TraceFilter {
  return filterOf(input.GroupName === undefined && input.GroupARN === undefined ? undefined : groupOf(ctx, input).filter);
}

export function getServiceGraph(ctx: Ctx, input: GetServiceGraphRequest): GetServiceGraphResult {
  tracerOf(ctx).flush();
  checkRange(input.StartTime, input.EndTime);
  return { StartTime: input.StartTime, EndTime: input.EndTime, Services: serviceGraph(latest(ctx, input.StartTime, input.EndTime, groupFilter(ctx, input))), ContainsOldGroupVersions: false };
}

export function getTraceGraph(ctx: Ctx, input: GetTraceGraphRequest): GetTraceGraphResult {
  tracerOf(ctx).flush();
  const traces = input.TraceIds.flatMap((given) => {
    const row = ctx.store.traces.get(traceIdOf(given) ?? "");
    return row === undefined ? [] : [loadTrace(ctx, row.id, row.revision)];
  });
  return { Services: serviceGraph(traces) };
}

export function getTimeSeriesServiceStatistics(ctx: Ctx, input: GetTimeSeriesServiceStatisticsRequest): GetTimeSeriesServiceStatisticsResult {
  tracerOf(ctx).flush();
  const { StartTime: from, EndTime: to, Period: period = 60 } = input;
  checkRange(from, to);
  if (period !== 60 && period !== 300) throw invalidRequest("Period must be 60 or 300.");
  const group = groupFilter(ctx, input);
  const entity = filterOf(input.EntitySelectorExpression);
  const slots = new Map<number, Trace[]>();
  for (const trace of latest(ctx, from, to, (one) => group(one) && entity(one))) {
    const start = Math.min(...trace.segments.map(({ start_time }) => start_time)) * 1000;
    const slot = start - (start % (period * 1000));
    slots.set(slot, [...(slots.get(slot) ?? []), trace]);
  }
  const statistics = [...slots].sort(([a], [b]) => a - b).map(([slot, traces]): TimeSeriesServiceStatistics => {
    // What clients saw of all entry points together.
    const edges = serviceGraph(traces).filter(({ Type }) => Type === "client").flatMap(({ Edges = [] }) => Edges);
    const sum = (read: (edge: (typeof edges)[number]) => number | undefined): number => edges.reduce((total, edge) => total + (read(edge) ?? 0), 0);
    return {
      Timestamp: slot,
      ServiceSummaryStatistics: {
        OkCount: sum((edge) => edge.SummaryStatistics?.OkCount),
        ErrorStatistics: {
          ThrottleCount: sum((edge) => edge.SummaryStatistics?.ErrorStatistics?.ThrottleCount), OtherCount: sum((edge) => edge.SummaryStatistics?.ErrorStatistics?.OtherCount),
          TotalCount: sum((edge) => edge.SummaryStatistics?.ErrorStatistics?.TotalCount),
        },
        FaultStatistics: { OtherCount: sum((edge) => edge.SummaryStatistics?.FaultStatistics?.OtherCount), TotalCount: sum((edge) => edge.SummaryStatistics?.FaultStatistics?.TotalCount) },
        TotalCount: sum((edge) => edge.SummaryStatistics?.TotalCount),
        TotalResponseTime: sum((edge) => edge.SummaryStatistics?.TotalResponseTime),
      },
      ResponseTimeHistogram: edges.flatMap((edge) => edge.ResponseTimeHistogram ?? []),
    };
  });
  return { TimeSeriesServiceStatistics: statistics, ContainsOldGroupVersions: false };
}
