/** Distinct values that an aggregate keeps apart; beyond that they are gathered in steps of a tenth, as CloudWatch's own histogram does. */
const VALUES_MAX = 400;
const STEP = Math.log(1.1);

/** What CloudWatch keeps of the values of one period: enough for every statistic. */
export interface Aggregate {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** How often each value came; undefined when only totals are known, which leaves percentiles without an answer. */
  values: Map<number, number> | undefined;
}

/** An aggregate of nothing. */
export function emptyAggregate(): Aggregate {
  return { count: 0, sum: 0, min: Infinity, max: -Infinity, values: new Map() };
}

/** Adds a value that came `count` times. */
export function addValue(into: Aggregate, value: number, count = 1): void {
  into.count += count;
  into.sum += value * count;
  if (value < into.min) into.min = value;
  if (value > into.max) into.max = value;
  if (into.values !== undefined) {
    into.values.set(value, (into.values.get(value) ?? 0) + count);
    if (into.values.size > VALUES_MAX) into.values = gathered(into.values);
  }
}

/** Adds a statistic set. Its distribution is known only when all of its values are the same. */
export function addSet(into: Aggregate, set: { count: number; sum: number; min: number; max: number }): void {
  const { min, max, count } = set;
  if (count <= 0) return;
  if (min === max || count === 1) {
    addValue(into, min, count);
    into.sum += set.sum - min * count;
    return;
  }
  into.count += count;
  into.sum += set.sum;
  into.min = Math.min(into.min, min);
  into.max = Math.max(into.max, max);
  into.values = undefined;
}

/** Adds all of another aggregate. */
export function merge(into: Aggregate, other: Aggregate): void {
  if (other.count === 0) return;
  into.count += other.count;
  into.sum += other.sum;
  into.min = Math.min(into.min, other.min);
  into.max = Math.max(into.max, other.max);
  if (other.values === undefined) into.values = undefined;
  else if (into.values !== undefined) {
    for (const [value, count] of other.values) into.values.set(value, (into.values.get(value) ?? 0) + count);
    if (into.values.size > VALUES_MAX) into.values = gathered(into.values);
  }
}

/** The same distribution, coarser: values that differ by less than a tenth become one. */
function gathered(values: Map<number, number>): Map<number, number> {
  const found = new Map<number, { weight: number; count: number }>();
  for (const [value, count] of values) {
    const key = value === 0 ? 0 : Math.sign(value) * (1e6 + Math.round(Math.log(Math.abs(value)) / STEP));
    const entry = found.get(key);
    if (entry === undefined) found.set(key, { weight: value * count, count });
    else {
      entry.weight += value * count;
      entry.count += count;
    }
  }
  return new Map([...found.values()].map(({ weight, count }) => [weight / count, count]));
}
