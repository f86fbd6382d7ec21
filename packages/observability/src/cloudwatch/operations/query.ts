import type { Context } from "@cumulet/core";
import type { Dimension, MessageData, MetricDataQuery, MetricStat } from "@cumulet/protocol/models/cloudwatch.d.ts";
import { emptyAggregate, merge, type Aggregate } from "../domain/aggregate.ts";
import { validationError } from "../domain/errors.ts";
import { evaluateMath, type MathScope } from "../domain/math/evaluate.ts";
import { MathError, namesIn, parseMath, type Node } from "../domain/math/parse.ts";
import type { Series, Value } from "../domain/math/series.ts";
import { metricKey } from "../domain/metric.ts";
import { compileSearch } from "../domain/search.ts";
import { statistic } from "../domain/statistics.ts";
import type { MetricRow } from "../store/metrics.ts";
import type { CloudWatchStore } from "../store/index.ts";

export type Ctx = Context<CloudWatchStore>;

/** Data points read for one metric in one query. */
const POINTS_MAX = 200_000;
/** What a search may find, as AWS bounds it. */
const SEARCH_MAX = 500;
const LIST_STEP = 1000;
/** How far back a band looks, and how many points. */
const HISTORY_MS = 14 * 86_400_000;

/** Periods from `startMs` on, each `seconds` long, up to `endMs`. */
export interface Window {
  startMs: number;
  endMs: number;
}

/** Data points of a metric by period and unit: the key of each is its start. */
export function readPeriods(ctx: Ctx, metric: MetricRow, window: Window, period: number, unit?: string): Map<number, Map<string, Aggregate>> {
  const length = period * 1000;
  const periods = new Map<number, Map<string, Aggregate>>();
  for (const point of ctx.store.metrics.points(metric.id, window.startMs, window.endMs, POINTS_MAX)) {
    if (unit !== undefined && point.unit !== unit) continue;
    const start = window.startMs + Math.floor((point.startMs - window.startMs) / length) * length;
    let units = periods.get(start);
    if (units === undefined) periods.set(start, (units = new Map<string, Aggregate>()));
    const whole = units.get(point.unit);
    if (whole === undefined) units.set(point.unit, point.aggregate);
    else merge(whole, point.aggregate);
  }
  return periods;
}

/** A metric's values by period, its units told apart: with several and none asked for, the first by name answers, as AWS's does. */
export function readStat(ctx: Ctx, stat: MetricStat, window: Window): { series: Series; units: string[] } {
  const { Metric: { Namespace = "", MetricName = "", Dimensions = [] }, Period, Stat, Unit } = stat;
  const series = (timestamps: number[], values: number[]): Series => ({
    label: MetricName, timestamps, values, period: Period, properties: propertiesOf(ctx, Namespace, MetricName, Dimensions, Stat, Period),
  });
  const compute = statistic(Stat);
  if (compute === undefined) throw validationError(`Invalid statistic: ${Stat}`);
  const metric = ctx.store.metrics.find(metricKey(Namespace, MetricName, Dimensions));
  if (metric === undefined) return { series: series([], []), units: [] };
  const periods = readPeriods(ctx, metric, window, Period, Unit);
  const units = new Set<string>();
  for (const found of periods.values()) for (const unit of found.keys()) units.add(unit);
  const sorted = [...units].sort();
  const timestamps: number[] = [];
  const values: number[] = [];
  for (const [start, found] of periods) {
    const aggregate = sorted.map((unit) => found.get(unit)).find((one) => one !== undefined) ?? emptyAggregate();
    const value = aggregate.count === 0 ? undefined : compute(aggregate);
    if (value === undefined) continue;
    timestamps.push(start);
    values.push(value);
  }
  return { series: series(timestamps, values), units: sorted };
}

function propertiesOf(ctx: Ctx, namespace: string, name: string, dimensions: readonly Dimension[], stat: string, period: number): { [name: string]: string } {
  return {
    AccountId: ctx.account, Region: ctx.region, Namespace: namespace, MetricName: name, Stat: stat, Period: String(period),
    ...Object.fromEntries(dimensions.map(({ Name, Value }) => [`Dim.${Name}`, Value])),
  };
}

/** What one query of GetMetricData came to. */
export interface QueryResult {
  query: MetricDataQuery;
  list: readonly Series[];
  /** An expression that made a list, whose members are told apart by label. */
  many: boolean;
  messages: MessageData[];
}

/**
 * Computes the queries of one request, each on demand and once; an expression may name any other.
 *
 * @throws AwsError `ValidationError` for expressions that cannot be read or computed
 */
export class QueryRun {
  readonly #ctx: Ctx;
  readonly #window: Window;
  readonly #queries: ReadonlyMap<string, MetricDataQuery>;
  readonly #parsed = new Map<string, Node>();
  readonly #done = new Map<string, { value: Value; messages: MessageData[] }>();
  readonly #running = new Set<string>();

  constructor(ctx: Ctx, queries: readonly MetricDataQuery[], window: Window) {
    this.#ctx = ctx;
    this.#window = window;
    this.#queries = new Map(queries.map((query) => [query.Id, query]));
    if (this.#queries.size < queries.length) {
      const twice = queries.find(({ Id }, i) => queries.findIndex((other) => other.Id === Id) !== i)!;
      throw validationError(`The values for parameter id in MetricDataQueries are not unique. Duplicate id: ${twice.Id}.`);
    }
    for (const query of queries) {
      if ((query.Expression === undefined) === (query.MetricStat === undefined)) {
        throw validationError("Exactly one of the parameters MetricStat and Expression must be specified for each MetricDataQuery.");
      }
      if (query.Expression === undefined) continue;
      const node = attempt(query, () => parseMath(query.Expression!));
      for (const name of namesIn(node)) {
        if (!this.#queries.has(name) && !/^[A-Z]+$/.test(name)) throw expressionError(query, `Undefined variable ${name}`);
      }
      this.#parsed.set(query.Id, node);
    }
  }

  /** The time series of a query that returns data. */
  result(query: MetricDataQuery): QueryResult {
    const { value, messages } = this.#compute(query.Id);
    if (value.kind === "series") return { query, list: [value.series], many: false, messages };
    if (value.kind === "array") return { query, list: value.list, many: true, messages };
    throw expressionError(query, "Expression must return a time series or a list of time series");
  }

  /** The shortest period of the metrics that a query stands on. */
  periodOf(id: string, depth = 0): number {
    const query = this.#queries.get(id);
    if (query?.MetricStat !== undefined) return query.MetricStat.Period;
    if (query?.Period !== undefined) return query.Period;
    if (query === undefined || depth > 20) return 300;
    const searched = /,\s*['"][^'"]+['"]\s*,\s*(\d+)\s*\)/.exec(query.Expression ?? "");
    if (searched !== null) return Number(searched[1]);
    const periods = [...namesIn(this.#parsed.get(id)!)].filter((name) => this.#queries.has(name)).map((name) => this.periodOf(name, depth + 1));
    const all = periods.length > 0 ? periods : [...this.#queries.values()].filter(({ MetricStat }) => MetricStat !== undefined).map(({ MetricStat }) => MetricStat!.Period);
    return all.length === 0 ? 300 : Math.min(...all);
  }

  #compute(id: string): { value: Value; messages: MessageData[] } {
    const known = this.#done.get(id);
    if (known !== undefined) return known;
    const query = this.#queries.get(id);
    if (query === undefined) throw new MathError(`Undefined variable ${id}`);
    if (this.#running.has(id)) throw new MathError(`Circular reference to ${id}`);
    this.#running.add(id);
    const computed = query.MetricStat === undefined ? { value: attempt(query, () => evaluateMath(this.#parsed.get(id)!, this.#scope(id))), messages: [] } : this.#metric(query);
    this.#running.delete(id);
    this.#done.set(id, computed);
    return computed;
  }

  #metric(query: MetricDataQuery): { value: Value; messages: MessageData[] } {
    const { series, units } = readStat(this.#owner(query), query.MetricStat!, alignedWindow(this.#window, query.MetricStat!.Period));
    // Recorded: the words and the brackets are AWS's.
    const messages = units.length > 1 ? [{ Code: "MultipleUnits", Value: `Multiple units returned: '[${units.join(", ")}]'` }] : [];
    return { value: { kind: "series", series }, messages };
  }

  #owner(query: MetricDataQuery): Ctx {
    return query.AccountId === undefined ? this.#ctx : this.#ctx.at(query.AccountId, this.#ctx.region);
  }

  #scope(id: string): MathScope {
    const period = this.periodOf(id);
    return {
      id,
      period,
      value: (name) => this.#compute(name).value,
      metrics: (pattern) => [...this.#queries.values()]
        .filter((query) => query.MetricStat !== undefined && (pattern === undefined || query.Id.includes(pattern)))
        .map((query) => (this.#compute(query.Id).value as { series: Series }).series),
      search: (pattern, stat, seconds) => this.#search(pattern, stat, seconds),
      grid: (seconds) => {
        const { startMs, endMs } = alignedWindow(this.#window, seconds);
        return Array.from({ length: Math.min(POINTS_MAX, Math.max(0, Math.ceil((endMs - startMs) / (seconds * 1000)))) }, (_, i) => startMs + i * seconds * 1000);
      },
      history: (series) => this.#history(series),
    };
  }

  #search(pattern: string, stat: string, period: number): Series[] {
    const { namespace, test } = compileSearch(pattern);
    const found: Series[] = [];
    let after: MetricRow | undefined;
    for (;;) {
      const page = this.#ctx.store.metrics.list({ namespace }, after, LIST_STEP);
      for (const metric of page) {
        if (found.length >= SEARCH_MAX || !test(metric)) continue;
        const { series } = readStat(this.#ctx, { Metric: { Namespace: metric.namespace, MetricName: metric.name, Dimensions: metric.dimensions }, Stat: stat, Period: period }, alignedWindow(this.#window, period));
        found.push({ ...series, label: [...metric.dimensions.map(({ Value }) => Value), metric.name].join(" ") });
      }
      if (page.length < LIST_STEP) return found;
      after = page[page.length - 1];
    }
  }

  #history(series: Series): readonly number[] {
    const source = [...this.#queries.values()].find((query) => query.MetricStat !== undefined && this.#done.get(query.Id)?.value.kind === "series" && (this.#done.get(query.Id)!.value as { series: Series }).series === series);
    if (source === undefined) return series.values;
    const window = alignedWindow({ startMs: this.#window.endMs - HISTORY_MS, endMs: this.#window.startMs }, source.MetricStat!.Period);
    const earlier = window.endMs > window.startMs ? readStat(this.#owner(source), source.MetricStat!, window).series.values : [];
    return earlier.length > 0 ? earlier : series.values;
  }
}

/** The start rounded down as AWS does: to the minute, or to the period where that is shorter. */
export function alignedWindow({ startMs, endMs }: Window, period: number): Window {
  const step = (period < 60 ? period : 60) * 1000;
  return { startMs: startMs - (startMs % step), endMs };
}

function attempt<T>(query: MetricDataQuery, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof MathError) throw expressionError(query, error.message);
    throw error;
  }
}

function expressionError(query: MetricDataQuery, why: string): Error {
  return validationError(`Error in expression '${query.Id}': ${why}`);
}
