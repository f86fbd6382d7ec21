import type { Aggregate } from "./aggregate.ts";

/** Reads a statistic off an aggregate; undefined when it cannot be told (percentiles of statistic sets). */
export type Statistic = (aggregate: Aggregate) => number | undefined;

const SIMPLE: { [name: string]: Statistic } = {
  SampleCount: ({ count }) => count,
  Average: ({ sum, count }) => sum / count,
  Sum: ({ sum }) => sum,
  Minimum: ({ min }) => min,
  Maximum: ({ max }) => max,
  IQM: (aggregate) => trimmed(aggregate, percent(25), percent(75), meanOf),
};

/** A bound of a trimmed statistic: a share of the samples or a value. */
type Bound = { kind: "percent"; share: number } | { kind: "value"; value: number } | undefined;

const percent = (number: number): Bound => ({ kind: "percent", share: number / 100 });

/**
 * A statistic by its name: `Average`, `p99.9`, `tm90`, `TM(10%:90%)`, `PR(:300)`, `IQM`...
 *
 * @returns undefined for a name that is none
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 */
export function statistic(name: string): Statistic | undefined {
  if (Object.hasOwn(SIMPLE, name)) return SIMPLE[name];
  const short = /^(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)$/i.exec(name);
  if (short !== null) {
    const number = Number(short[2]);
    const kind = short[1]!.toLowerCase();
    if (number > 100) return undefined;
    if (kind === "p") return (aggregate) => percentile(aggregate, number / 100);
    return ranged(kind, undefined, percent(number));
  }
  const long = /^(TM|WM|TC|TS|PR)\(([^:()]*):([^:()]*)\)$/i.exec(name);
  if (long === null) return undefined;
  const [from, to] = [boundOf(long[2]!), boundOf(long[3]!)];
  if (from === null || to === null || (from === undefined && to === undefined)) return undefined;
  const kind = long[1]!.toLowerCase();
  if (kind === "pr") {
    if (from?.kind === "percent" || to?.kind === "percent") return undefined;
    return (aggregate) => {
      const within = select(aggregate, from, to);
      return within === undefined ? undefined : (100 * total(within)) / aggregate.count;
    };
  }
  return ranged(kind, from, to);
}

/** Whether a name is a statistic of those that every metric has. */
export function isSimple(name: string): boolean {
  return ["SampleCount", "Average", "Sum", "Minimum", "Maximum"].includes(name);
}

/** The value below which a share of the samples lies, by nearest rank. */
function percentile({ values, count, min, max }: Aggregate, share: number): number | undefined {
  if (values === undefined || count === 0) return undefined;
  if (share <= 0) return min;
  if (share >= 1) return max;
  const rank = share * count;
  let seen = 0;
  for (const [value, times] of sorted(values)) {
    seen += times;
    if (seen >= rank) return value;
  }
  return max;
}

function ranged(kind: string, from: Bound, to: Bound): Statistic | undefined {
  const reduce = { tm: meanOf, tc: total, ts: sumOf }[kind];
  if (reduce !== undefined) return (aggregate) => trimmed(aggregate, from, to, reduce);
  // Winsorized: what lies outside counts as the bound itself.
  return (aggregate) => {
    const within = select(aggregate, from, to);
    if (within === undefined || within.length === 0) return undefined;
    const outside = aggregate.count - total(within);
    const below = from === undefined ? 0 : from.kind === "percent" ? from.share * aggregate.count : countWhere(aggregate, (value) => value <= from.value);
    const low = from?.kind === "value" ? from.value : within[0]![0];
    const high = to?.kind === "value" ? to.value : within[within.length - 1]![0];
    return (sumOf(within) + low * below + high * (outside - below)) / aggregate.count;
  };
}

function trimmed(aggregate: Aggregate, from: Bound, to: Bound, reduce: (samples: readonly Sample[]) => number | undefined): number | undefined {
  const within = select(aggregate, from, to);
  return within === undefined ? undefined : reduce(within);
}

type Sample = [value: number, count: number];

/** The samples between two bounds, by value; a share may cut through equal values. */
function select({ values, count }: Aggregate, from: Bound, to: Bound): Sample[] | undefined {
  if (values === undefined) return undefined;
  const first = from?.kind === "percent" ? from.share * count : 0;
  const last = to?.kind === "percent" ? to.share * count : count;
  const found: Sample[] = [];
  let seen = 0;
  for (const [value, times] of sorted(values)) {
    const part = Math.min(seen + times, last) - Math.max(seen, first);
    seen += times;
    if (part <= 0) continue;
    if (from?.kind === "value" && value <= from.value) continue;
    if (to?.kind === "value" && value > to.value) continue;
    found.push([value, part]);
  }
  return found;
}

const sorted = (values: Map<number, number>): Sample[] => [...values].sort(([a], [b]) => a - b);
const total = (samples: readonly Sample[]): number => samples.reduce((sum, [, count]) => sum + count, 0);
const sumOf = (samples: readonly Sample[]): number => samples.reduce((sum, [value, count]) => sum + value * count, 0);
const meanOf = (samples: readonly Sample[]): number | undefined => (samples.length === 0 ? undefined : sumOf(samples) / total(samples));
const countWhere = ({ values }: Aggregate, test: (value: number) => boolean): number => total([...(values ?? [])].filter(([value]) => test(value)));

/** `10%`, `300`, or nothing; null for anything else. */
function boundOf(text: string): Bound | null {
  const trimmedText = text.trim();
  if (trimmedText === "") return undefined;
  const match = /^(-?\d+(?:\.\d+)?)(%?)$/.exec(trimmedText);
  if (match === null) return null;
  const number = Number(match[1]);
  return match[2] === "%" ? percent(number) : { kind: "value", value: number };
}
