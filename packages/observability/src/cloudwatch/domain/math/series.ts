/** Values in time, oldest first. */
export interface Series {
  label: string;
  /** Milliseconds. */
  timestamps: readonly number[];
  values: readonly number[];
  /** Seconds between points; what `FILL` and `PERIOD` go by. */
  period: number;
  /** What dynamic labels ask for: `MetricName`, `Dim.FunctionName`... */
  properties?: { readonly [name: string]: string };
}

/** What an expression comes to. */
export type Value =
  | { kind: "scalar"; value: number }
  | { kind: "series"; series: Series }
  | { kind: "array"; list: readonly Series[] }
  | { kind: "text"; text: string };

/** The same points with other values. Points without a value are left out. */
export function mapSeries(series: Series, map: (value: number, timestamp: number, index: number) => number | undefined): Series {
  const timestamps: number[] = [];
  const values: number[] = [];
  series.values.forEach((value, i) => {
    const mapped = map(value, series.timestamps[i]!, i);
    if (mapped === undefined || Number.isNaN(mapped) || !Number.isFinite(mapped)) return;
    timestamps.push(series.timestamps[i]!);
    values.push(mapped);
  });
  return { ...series, timestamps, values };
}

/** Points that both series have. */
export function zipSeries(left: Series, right: Series, combine: (a: number, b: number) => number): Series {
  const other = new Map(right.timestamps.map((timestamp, i) => [timestamp, right.values[i]!]));
  return mapSeries({ ...left, period: Math.max(left.period, right.period) }, (value, timestamp) => {
    const b = other.get(timestamp);
    return b === undefined ? undefined : combine(value, b);
  });
}

/** One point for every time at which any of the series has one. */
export function gatherSeries(list: readonly Series[], label: string, period: number, reduce: (values: readonly number[]) => number): Series {
  const at = new Map<number, number[]>();
  for (const series of list) {
    series.timestamps.forEach((timestamp, i) => {
      const values = at.get(timestamp);
      if (values === undefined) at.set(timestamp, [series.values[i]!]);
      else values.push(series.values[i]!);
    });
  }
  const timestamps = [...at.keys()].sort((a, b) => a - b);
  return { label, period, timestamps, values: timestamps.map((timestamp) => reduce(at.get(timestamp)!)) };
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
export const mean = (values: readonly number[]): number => sum(values) / values.length;
export const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);
export const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}
