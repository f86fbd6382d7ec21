import type { MathScope } from "./evaluate.ts";
import { MathError } from "./parse.ts";
import { deviation, gatherSeries, least, mapSeries, mean, most, sum, zipSeries, type Series, type Value } from "./series.ts";

export type MathFunction = (args: readonly Value[], scope: MathScope) => Value;

const scalar = (value: number): Value => ({ kind: "scalar", value });
const series = (of: Series): Value => ({ kind: "series", series: of });

/** Applies a function of a series to one, or to each of an array. */
function each(value: Value | undefined, map: (series: Series) => Series): Value {
  if (value?.kind === "series") return series(map(value.series));
  if (value?.kind === "array") return { kind: "array", list: value.list.map(map) };
  throw new MathError("A time series is required");
}

/** A function of numbers: of a scalar, or of every point. */
function pointwise(compute: (value: number) => number): MathFunction {
  return ([value]) => (value?.kind === "scalar" ? scalar(compute(value.value)) : each(value, (one) => mapSeries(one, compute)));
}

/** Of a series: one number. Of an array: a series, point by point. */
function reduction(reduce: (values: readonly number[]) => number): MathFunction {
  return (args, scope) => {
    const value = args.length === 1 ? args[0] : undefined;
    if (value?.kind === "series") return scalar(value.series.values.length === 0 ? Number.NaN : reduce(value.series.values));
    if (value?.kind === "array") return series(gatherSeries(value.list, scope.id, periodOf(value, scope), reduce));
    if (args.length > 0 && args.every(({ kind }) => kind === "scalar")) return scalar(reduce(args.map(numberOf)));
    throw new MathError("A time series or a list of them is required");
  };
}

/** A part of the date of every point, in UTC. */
function datePart(part: (date: Date) => number): MathFunction {
  return ([value]) => each(value, (one) => mapSeries(one, (_value, timestamp) => part(new Date(timestamp))));
}

function numberOf(value: Value | undefined): number {
  if (value?.kind !== "scalar") throw new MathError("A number is required");
  return value.value;
}

function textOf(value: Value | undefined): string {
  if (value?.kind !== "text") throw new MathError("A text is required");
  return value.text;
}

function listOf(value: Value | undefined): readonly Series[] {
  if (value?.kind === "array") return value.list;
  if (value?.kind === "series") return [value.series];
  throw new MathError("A list of time series is required");
}

function periodOf(value: Value, scope: MathScope): number {
  if (value.kind === "series") return value.series.period;
  if (value.kind === "array" && value.list.length > 0) return most(value.list.map(({ period }) => period));
  return scope.period;
}

function difference(one: Series, of: (value: number, previous: number, ms: number) => number): Series {
  return mapSeries(one, (value, timestamp, i) => (i === 0 ? undefined : of(value, one.values[i - 1]!, timestamp - one.timestamps[i - 1]!)));
}

function fill(one: Series, how: Value | undefined, scope: MathScope): Series {
  const grid = scope.grid(one.period);
  const known = new Map(one.timestamps.map((timestamp, i) => [timestamp, one.values[i]!]));
  const timestamps: number[] = [];
  const values: number[] = [];
  let last: number | undefined;
  let next = 0;
  for (const timestamp of grid) {
    let value = known.get(timestamp);
    if (value !== undefined) last = value;
    else if (how?.kind === "scalar") value = how.value;
    else if (how?.kind === "series") {
      const at = how.series.timestamps.indexOf(timestamp);
      if (at >= 0) value = how.series.values[at];
    } else if (how?.kind === "text" && how.text.toUpperCase() === "REPEAT") value = last;
    else if (how?.kind === "text" && how.text.toUpperCase() === "LINEAR") {
      while (next < one.timestamps.length && one.timestamps[next]! <= timestamp) next += 1;
      const [a, b] = [one.timestamps[next - 1], one.timestamps[next]];
      if (a !== undefined && b !== undefined) {
        value = one.values[next - 1]! + ((one.values[next]! - one.values[next - 1]!) * (timestamp - a)) / (b - a);
      }
    } else throw new MathError("FILL needs a number, a time series, REPEAT or LINEAR");
    if (value === undefined) continue;
    timestamps.push(timestamp);
    values.push(value);
  }
  return { ...one, timestamps, values };
}

const ORDER: { [name: string]: (values: readonly number[]) => number } = { AVG: mean, MAX: most, MIN: least, SUM: sum };

/** Every function of metric math by name. */
export const FUNCTIONS: { readonly [name: string]: MathFunction } = {
  ABS: pointwise(Math.abs),
  CEIL: pointwise(Math.ceil),
  FLOOR: pointwise(Math.floor),
  LOG: pointwise(Math.log),
  LOG10: pointwise(Math.log10),
  AVG: reduction(mean),
  MAX: reduction(most),
  MIN: reduction(least),
  SUM: reduction(sum),
  STDDEV: reduction(deviation),
  DATAPOINT_COUNT: reduction((values) => values.length),
  DAY: datePart((date) => date.getUTCDay() || 7),
  DATE: datePart((date) => date.getUTCDate()),
  MONTH: datePart((date) => date.getUTCMonth() + 1),
  YEAR: datePart((date) => date.getUTCFullYear()),
  HOUR: datePart((date) => date.getUTCHours()),
  MINUTE: datePart((date) => date.getUTCMinutes()),
  EPOCH: datePart((date) => date.getTime() / 1000),
  DIFF: ([value]) => each(value, (one) => difference(one, (a, b) => a - b)),
  DIFF_TIME: ([value]) => each(value, (one) => difference(one, (_a, _b, ms) => ms / 1000)),
  RATE: ([value]) => each(value, (one) => difference(one, (a, b, ms) => (a - b) / (ms / 1000))),
  RUNNING_SUM: ([value]) => each(value, (one) => {
    let total = 0;
    return mapSeries(one, (point) => (total += point));
  }),
  FILL: ([value, how], scope) => each(value, (one) => fill(one, how, scope)),
  FIRST: ([value]) => {
    const [first] = listOf(value);
    if (first === undefined) throw new MathError("FIRST needs a list that is not empty");
    return series(first);
  },
  LAST: ([value]) => {
    const list = listOf(value);
    if (list.length === 0) throw new MathError("LAST needs a list that is not empty");
    return series(list[list.length - 1]!);
  },
  IF: ([condition, yes, no], scope) => {
    if (condition === undefined || yes === undefined) throw new MathError("IF needs a condition and a value");
    const pick = (value: Value | undefined, timestamp: number): number | undefined => {
      if (value?.kind === "scalar") return value.value;
      if (value?.kind !== "series") {
        if (value === undefined) return undefined;
        throw new MathError("IF needs numbers or single time series");
      }
      const at = value.series.timestamps.indexOf(timestamp);
      return at < 0 ? undefined : value.series.values[at];
    };
    if (condition.kind === "scalar") {
      const chosen = condition.value !== 0 ? yes : no;
      return chosen ?? series({ label: scope.id, timestamps: [], values: [], period: scope.period });
    }
    return each(condition, (one) => mapSeries(one, (value, timestamp) => pick(value !== 0 ? yes : no, timestamp)));
  },
  METRICS: ([pattern], scope) => ({ kind: "array", list: scope.metrics(pattern === undefined ? undefined : textOf(pattern)) }),
  METRIC_COUNT: ([value]) => scalar(listOf(value).length),
  PERIOD: ([value], scope) => scalar(periodOf(value ?? scalar(0), scope)),
  REMOVE_EMPTY: ([value]) => ({ kind: "array", list: listOf(value).filter(({ values }) => values.length > 0) }),
  SLICE: ([value, from, to]) => ({ kind: "array", list: listOf(value).slice(numberOf(from), to === undefined ? undefined : numberOf(to)) }),
  SORT: ([value, by, order, count]) => {
    const measure = ORDER[textOf(by).toUpperCase()];
    const direction = textOf(order).toUpperCase();
    if (measure === undefined || (direction !== "ASC" && direction !== "DESC")) throw new MathError("SORT needs AVG, MAX, MIN or SUM, and ASC or DESC");
    const measured = listOf(value).map((one) => ({ one, size: one.values.length === 0 ? -Infinity : measure(one.values) }));
    measured.sort((a, b) => (direction === "ASC" ? a.size - b.size : b.size - a.size));
    return { kind: "array", list: measured.slice(0, count === undefined ? undefined : numberOf(count)).map(({ one }) => one) };
  },
  TIME_SERIES: ([value], scope) => {
    const number = numberOf(value);
    const timestamps = scope.grid(scope.period);
    return series({ label: scope.id, period: scope.period, timestamps, values: timestamps.map(() => number) });
  },
  SEARCH: ([pattern, stat, period], scope) => ({
    kind: "array", list: scope.search(textOf(pattern), textOf(stat), period === undefined ? scope.period : numberOf(period)),
  }),
  ANOMALY_DETECTION_BAND: ([value, width], scope) => {
    if (value?.kind !== "series") throw new MathError("ANOMALY_DETECTION_BAND needs a single time series");
    const history = scope.history(value.series);
    const middle = history.length === 0 ? 0 : mean(history);
    const reach = (history.length === 0 ? 0 : deviation(history)) * (width === undefined ? 2 : numberOf(width));
    const bound = (offset: number, label: string): Series => ({ ...mapSeries(value.series, () => middle + offset), label });
    return { kind: "array", list: [bound(reach, `${value.series.label} (expected high)`), bound(-reach, `${value.series.label} (expected low)`)] };
  },
};

/** Combines two values as the operators do: numbers, series, or each series of an array. */
export function combine(left: Value, right: Value, compute: (a: number, b: number) => number): Value {
  if (left.kind === "text" || right.kind === "text") throw new MathError("An operator needs numbers or time series");
  if (left.kind === "scalar" && right.kind === "scalar") return scalar(compute(left.value, right.value));
  if (left.kind === "scalar") return each(right, (one) => mapSeries(one, (value) => compute(left.value, value)));
  if (right.kind === "scalar") return each(left, (one) => mapSeries(one, (value) => compute(value, right.value)));
  if (left.kind === "series" && right.kind === "series") return series(zipSeries(left.series, right.series, compute));
  if (right.kind === "series") return each(left, (one) => zipSeries(one, right.series, compute));
  if (left.kind === "series") return each(right, (one) => ({ ...zipSeries(left.series, one, compute), label: one.label }));
  if (left.list.length !== right.list.length) throw new MathError("Lists of different length cannot be combined");
  return { kind: "array", list: left.list.map((one, i) => zipSeries(one, right.list[i]!, compute)) };
}
