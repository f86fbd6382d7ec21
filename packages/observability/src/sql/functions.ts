import { RE2JS } from "re2js";
import { SqlError } from "./parse.ts";

/** A value of a row: JSON. */
export type SqlValue = string | number | boolean | null | readonly unknown[] | { readonly [key: string]: unknown };

const TIME = /^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?$/;

/** Milliseconds of a text that is a time; undefined for any other. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== "string" || !TIME.test(value)) return undefined;
  const text = value.replace(" UTC", "Z").replace(" ", "T");
  const ms = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/.test(text.slice(10)) ? text : text.length === 10 ? `${text}T00:00Z` : `${text}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A time as results show it. */
export function writeTime(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").replace("Z", "");
}

/** A value as text. */
export function textOf(value: SqlValue): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function numberOf(value: SqlValue): number | null {
  if (value === null || (typeof value === "string" && value.trim() === "")) return null;
  const number = Number(typeof value === "boolean" ? Number(value) : value);
  return Number.isNaN(number) ? null : number;
}

/** Less than, equal to or greater than 0; undefined when one is null. */
export function compareValues(a: SqlValue, b: SqlValue): number | undefined {
  if (a === null || b === null) return undefined;
  if (typeof a === "number" || typeof b === "number") {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x !== null && y !== null) return x - y;
  }
  if (typeof a === "boolean" || typeof b === "boolean") return a === b || String(a) === String(b).toLowerCase() ? 0 : String(a) < String(b) ? -1 : 1;
  const [x, y] = [timeOf(a), timeOf(b)];
  if (x !== undefined && y !== undefined) return x - y;
  const [left, right] = [textOf(a), textOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const UNITS: { [unit: string]: number } = { millisecond: 1, second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 };

function unitOf(value: SqlValue): number {
  const ms = UNITS[textOf(value).toLowerCase()];
  if (ms === undefined) throw new SqlError(`'${textOf(value)}' is not a supported unit of time`);
  return ms;
}

function truncated(unit: string, ms: number): number {
  const date = new Date(ms);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (unit === "year") return Date.UTC(year, 0);
  if (unit === "quarter") return Date.UTC(year, month - (month % 3));
  if (unit === "month") return Date.UTC(year, month);
  if (unit === "week") return Date.UTC(year, month, day - ((date.getUTCDay() + 6) % 7));
  const length = unitOf(unit);
  return ms - (ms % length);
}

/** Presto's patterns of date_format that are plain. */
function formatted(ms: number, pattern: string): string {
  const iso = new Date(ms).toISOString();
  const parts: { [code: string]: string } = { Y: iso.slice(0, 4), y: iso.slice(2, 4), m: iso.slice(5, 7), d: iso.slice(8, 10), H: iso.slice(11, 13), i: iso.slice(14, 16), s: iso.slice(17, 19), S: iso.slice(17, 19), T: iso.slice(11, 19), f: `${iso.slice(20, 23)}000` };
  return pattern.replace(/%(.)/g, (_whole, code: string) => parts[code] ?? code);
}

type SqlFunction = (args: readonly SqlValue[], now: number) => SqlValue;

/** Null in, null out. */
const strict = (compute: SqlFunction): SqlFunction => (args, now) => (args.some((arg) => arg === null) ? null : compute(args, now));
const ofTime = (compute: (ms: number) => SqlValue): SqlFunction => strict(([value]) => {
  const ms = timeOf(value);
  return ms === undefined ? null : compute(ms);
});

const regexes = new Map<string, RE2JS>();
function regexOf(value: SqlValue): RE2JS {
  const source = textOf(value);
  let regex = regexes.get(source);
  if (regex === undefined) {
    try {
      regex = RE2JS.compile(source);
    } catch {
      throw new SqlError(`Invalid regular expression: ${source}`);
    }
    if (regexes.size > 100) regexes.clear();
    regexes.set(source, regex);
  }
  return regex;
}

/** The part of a JSON value that `$.a.b[0]` names. */
function jsonPath(value: SqlValue, path: string): SqlValue {
  let found: unknown = value;
  if (typeof value === "string") {
    try {
      found = JSON.parse(value);
    } catch {
      return null;
    }
  }
  for (const [, name, index, quoted] of path.matchAll(/\.([\w-]+)|\[(\d+)\]|\["([^"]*)"\]/g)) found = member(found, quoted ?? name ?? Number(index));
  return (found ?? null) as SqlValue;
}

/** A member by name, whatever its case where the exact one is not there, or an element by number from 0. */
export function member(value: unknown, key: string | number): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return typeof key === "number" ? value[key] : undefined;
  const object = value as { [key: string]: unknown };
  if (Object.hasOwn(object, key)) return object[key];
  const lower = String(key).toLowerCase();
  const found = Object.keys(object).find((name) => name.toLowerCase() === lower);
  return found === undefined ? undefined : object[found];
}

/** Functions of single rows. */
export const SCALARS: { readonly [name: string]: SqlFunction } = {
  lower: strict(([value]) => textOf(value!).toLowerCase()),
  upper: strict(([value]) => textOf(value!).toUpperCase()),
  trim: strict(([value]) => textOf(value!).trim()),
  length: strict(([value]) => textOf(value!).length),
  reverse: strict(([value]) => [...textOf(value!)].reverse().join("")),
  concat: strict((args) => args.map(textOf).join("")),
  replace: strict(([value, search, by]) => textOf(value!).replaceAll(textOf(search!), textOf(by ?? ""))),
  substr: strict(([value, start, count]) => substring(textOf(value!), Number(start), count === undefined ? undefined : Number(count))),
  substring: strict(([value, start, count]) => substring(textOf(value!), Number(start), count === undefined ? undefined : Number(count))),
  split_part: strict(([value, by, at]) => textOf(value!).split(textOf(by!))[Number(at) - 1] ?? null),
  split: strict(([value, by]) => textOf(value!).split(textOf(by!))),
  strpos: strict(([value, search]) => textOf(value!).indexOf(textOf(search!)) + 1),
  starts_with: strict(([value, search]) => textOf(value!).startsWith(textOf(search!))),
  regexp_like: strict(([value, pattern]) => regexOf(pattern!).matcher(textOf(value!)).find()),
  regexp_extract: strict(([value, pattern, group]) => {
    const matcher = regexOf(pattern!).matcher(textOf(value!));
    return matcher.find() ? (matcher.group(group === undefined ? 0 : Number(group)) ?? null) : null;
  }),
  regexp_replace: strict(([value, pattern, by]) => regexOf(pattern!).matcher(textOf(value!)).replaceAll(textOf(by ?? ""))),
  coalesce: (args) => args.find((arg) => arg !== null) ?? null,
  nullif: ([a, b]) => (compareValues(a!, b!) === 0 ? null : a!),
  if: ([condition, yes, no]) => (condition === true ? yes! : (no ?? null)),
  abs: strict(([value]) => Math.abs(Number(value))),
  ceil: strict(([value]) => Math.ceil(Number(value))),
  ceiling: strict(([value]) => Math.ceil(Number(value))),
  floor: strict(([value]) => Math.floor(Number(value))),
  round: strict(([value, digits]) => {
    const factor = 10 ** Number(digits ?? 0);
    return Math.round(Number(value) * factor) / factor;
  }),
  mod: strict(([a, b]) => Number(a) % Number(b)),
  power: strict(([a, b]) => Number(a) ** Number(b)),
  sqrt: strict(([value]) => Math.sqrt(Number(value))),
  greatest: strict((args) => args.reduce((a, b) => ((compareValues(a, b) ?? 0) >= 0 ? a : b))),
  least: strict((args) => args.reduce((a, b) => ((compareValues(a, b) ?? 0) <= 0 ? a : b))),
  now: (_args, now) => writeTime(now),
  current_timestamp: (_args, now) => writeTime(now),
  from_iso8601_timestamp: ofTime(writeTime),
  from_unixtime: strict(([seconds]) => writeTime(Number(seconds) * 1000)),
  to_unixtime: ofTime((ms) => ms / 1000),
  to_iso8601: ofTime((ms) => new Date(ms).toISOString()),
  date: ofTime((ms) => new Date(ms).toISOString().slice(0, 10)),
  year: ofTime((ms) => new Date(ms).getUTCFullYear()),
  month: ofTime((ms) => new Date(ms).getUTCMonth() + 1),
  day: ofTime((ms) => new Date(ms).getUTCDate()),
  hour: ofTime((ms) => new Date(ms).getUTCHours()),
  minute: ofTime((ms) => new Date(ms).getUTCMinutes()),
  second: ofTime((ms) => new Date(ms).getUTCSeconds()),
  date_trunc: strict(([unit, value]) => {
    const ms = timeOf(value);
    return ms === undefined ? null : writeTime(truncated(textOf(unit!).toLowerCase(), ms));
  }),
  date_add: strict(([unit, count, value]) => {
    const ms = timeOf(value);
    return ms === undefined ? null : writeTime(ms + unitOf(unit!) * Number(count));
  }),
  date_diff: strict(([unit, from, to]) => {
    const [a, b] = [timeOf(from), timeOf(to)];
    return a === undefined || b === undefined ? null : Math.trunc((b - a) / unitOf(unit!));
  }),
  date_format: strict(([value, pattern]) => {
    const ms = timeOf(value);
    return ms === undefined ? null : formatted(ms, textOf(pattern!));
  }),
  element_at: strict(([value, key]) => (member(value, typeof key === "number" ? key - 1 : textOf(key!)) ?? null) as SqlValue),
  cardinality: strict(([value]) => (typeof value === "object" ? Object.keys(value!).length : null)),
  contains: strict(([list, value]) => Array.isArray(list) && list.some((one) => compareValues(one as SqlValue, value!) === 0)),
  map_keys: strict(([value]) => (typeof value === "object" ? Object.keys(value!) : null)),
  json_extract: strict(([value, path]) => jsonPath(value!, textOf(path!))),
  json_extract_scalar: strict(([value, path]) => {
    const found = jsonPath(value!, textOf(path!));
    return found === null || typeof found === "object" ? null : String(found);
  }),
  json_format: strict(([value]) => JSON.stringify(value)),
  json_parse: strict(([value]) => jsonPath(value!, "$")),
};

function substring(text: string, start: number, count: number | undefined): string {
  const from = start > 0 ? start - 1 : text.length + start;
  return text.slice(Math.max(0, from), count === undefined ? undefined : Math.max(0, from + count));
}

/** Gathers the values of a group. */
export interface Gathering {
  add(args: readonly SqlValue[]): void;
  result(): SqlValue;
}

/** Values that an aggregate keeps at most, for DISTINCT and lists. */
const KEPT_MAX = 1_000_000;

/** Functions of groups of rows. */
export const AGGREGATES: { readonly [name: string]: () => Gathering } = {
  count: () => {
    let count = 0;
    return { add: ([value]) => void (value !== null && (count += 1)), result: () => count };
  },
  sum: () => numbers((values) => (values.count === 0 ? null : values.sum)),
  avg: () => numbers((values) => (values.count === 0 ? null : values.sum / values.count)),
  min: () => extreme(-1),
  max: () => extreme(1),
  arbitrary: () => extreme(0),
  any_value: () => extreme(0),
  approx_distinct: () => distinct((seen) => seen.size),
  array_agg: () => {
    const list: SqlValue[] = [];
    return { add: ([value]) => void (list.length < KEPT_MAX && list.push(value ?? null)), result: () => list };
  },
};

function numbers(result: (values: { count: number; sum: number }) => SqlValue): Gathering {
  const values = { count: 0, sum: 0 };
  return {
    add: ([value]) => {
      const number = numberOf(value ?? null);
      if (number === null) return;
      values.count += 1;
      values.sum += number;
    },
    result: () => result(values),
  };
}

function extreme(direction: -1 | 0 | 1): Gathering {
  let best: SqlValue = null;
  return {
    add: ([value]) => {
      if (value === null || value === undefined) return;
      if (best === null || (direction !== 0 && (compareValues(value, best) ?? 0) * direction > 0)) best = value;
    },
    result: () => best,
  };
}

function distinct(result: (seen: Set<string>) => SqlValue): Gathering {
  const seen = new Set<string>();
  return { add: ([value]) => void (value !== null && value !== undefined && seen.size < KEPT_MAX && seen.add(JSON.stringify(value))), result: () => result(seen) };
}

/** An aggregate that sees each value once. */
export function distinctly(inner: Gathering): Gathering {
  const seen = new Set<string>();
  return {
    add: (args) => {
      const key = JSON.stringify(args);
      if (seen.has(key) || seen.size >= KEPT_MAX) return;
      seen.add(key);
      inner.add(args);
    },
    result: () => inner.result(),
  };
}
