import { TemplateError } from "./ast.ts";
import { Double, doubleText, isMap, isNumber, isOpaque, toText } from "./values.ts";
import type { Budget, Opaque, Value, ValueMap } from "./values.ts";
import { compileRegex, RegexSyntaxError } from "../regex.ts";

type Method<T> = (target: T, args: Value[], budget: Budget) => Value;

/** Longest string that a method may make. */
const MAX_STRING = 10 * 1024 * 1024;

const text = (value: Value, budget: Budget): string => (value === null || value === undefined ? "null" : toText(value, budget));

/** An `int` parameter of Java; undefined when the argument is none (Velocity then finds no such method). */
function int(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Double) return Math.trunc(value.value);
  return undefined;
}

function regex(pattern: Value, budget: Budget, full = false): ReturnType<typeof compileRegex> {
  try {
    return compileRegex(text(pattern, budget), { full });
  } catch (error) {
    if (error instanceof RegexSyntaxError) throw new TemplateError(`Invalid regular expression: ${error.message}`);
    throw error;
  }
}

function hash(value: string): number {
  let code = 0;
  for (let i = 0; i < value.length; i++) code = (Math.imul(code, 31) + value.charCodeAt(i)) | 0;
  return code;
}

/** `String.substring`: out of bounds is an exception in Java, which leaves the reference unresolved. */
function substring(target: string, args: Value[]): Value {
  const from = int(args[0]);
  const to = args.length > 1 ? int(args[1]) : target.length;
  if (from === undefined || to === undefined || from < 0 || to > target.length || from > to) return null;
  return target.slice(from, to);
}

function format(pattern: string, args: Value[], budget: Budget): string {
  let next = 0;
  return pattern.replace(/%([-0,+]*)(\d+)?(?:\.(\d+))?([sdxXfc%nb])/g, (_whole, flags: string, width: string | undefined, precision: string | undefined, kind: string) => {
    if (kind === "%") return "%";
    if (kind === "n") return "\n";
    const value = args[next++];
    let out: string;
    if (kind === "f") out = (isNumber(value) ? (value instanceof Double ? value.value : Number(value)) : 0).toFixed(Math.min(Number(precision ?? 6), 20));
    else if (kind === "x" || kind === "X") out = (int(value) ?? 0).toString(16);
    else out = text(value, budget);
    if (kind === "X") out = out.toUpperCase();
    if (kind === "s" && precision !== undefined) out = out.slice(0, Number(precision));
    const size = Math.min(Number(width ?? 0), 1000);
    return flags.includes("-") ? out.padEnd(size) : out.padStart(size, flags.includes("0") ? "0" : " ");
  });
}

const STRING: Record<string, Method<string>> = {
  length: (s) => s.length,
  isEmpty: (s) => s.length === 0,
  isBlank: (s) => s.trim().length === 0,
  charAt: (s, [i]) => s[int(i) ?? -1] ?? null,
  substring,
  subSequence: substring,
  toUpperCase: (s) => s.toUpperCase(),
  toLowerCase: (s) => s.toLowerCase(),
  trim: (s) => s.replace(/^[\u0000- ]+|[\u0000- ]+$/g, ""),
  strip: (s) => s.trim(),
  contains: (s, [other], b) => s.includes(text(other, b)),
  startsWith: (s, [other, at], b) => s.startsWith(text(other, b), int(at) ?? 0),
  endsWith: (s, [other], b) => s.endsWith(text(other, b)),
  indexOf: (s, [other, from], b) => s.indexOf(typeof other === "number" ? String.fromCharCode(other) : text(other, b), int(from)),
  lastIndexOf: (s, [other, from], b) => s.lastIndexOf(typeof other === "number" ? String.fromCharCode(other) : text(other, b), int(from)),
  equals: (s, [other]) => s === other,
  contentEquals: (s, [other]) => s === other,
  equalsIgnoreCase: (s, [other]) => typeof other === "string" && s.toLowerCase() === other.toLowerCase(),
  compareTo: (s, [other]) => (typeof other !== "string" ? null : s < other ? -1 : s > other ? 1 : 0),
  compareToIgnoreCase: (s, [other]) => (typeof other !== "string" ? null : s.toLowerCase().localeCompare(other.toLowerCase())),
  concat: (s, [other], b) => s + text(other, b),
  replace: (s, [from, to], b) => {
    const [find, put] = [text(from, b), text(to, b)];
    b.text(s.length);
    if (find.length > 0 && put.length > find.length && (s.length / find.length) * put.length > MAX_STRING) throw new TemplateError("Template exceeded its output limit");
    return s.replaceAll(find, () => put);
  },
  replaceAll: (s, [pattern, to], b) => regex(pattern, b).replace(s, text(to, b), true),
  replaceFirst: (s, [pattern, to], b) => regex(pattern, b).replace(s, text(to, b), false),
  matches: (s, [pattern], b) => regex(pattern, b, true).test(s),
  split: (s, [pattern, limit], b) => {
    const parts = regex(pattern, b).split(s, int(limit) ?? 0);
    b.step(parts.length);
    return parts;
  },
  repeat: (s, [count], b) => {
    const times = int(count) ?? 0;
    if (times < 0) return null;
    b.text(s.length * times);
    return s.repeat(times);
  },
  toCharArray: (s, _args, b) => {
    b.step(s.length);
    return [...s];
  },
  getBytes: (s, _args, b) => {
    b.step(s.length);
    return [...Buffer.from(s)].map((byte) => (byte << 24) >> 24);
  },
  codePointAt: (s, [i]) => s.codePointAt(int(i) ?? -1) ?? null,
  hashCode: (s) => hash(s),
  intern: (s) => s,
  toString: (s: string) => s,
  valueOf: (_s: string, args: Value[], b: Budget) => text(args[0], b),
  format: (_s, [pattern, ...rest], b) => format(text(pattern, b), rest.length === 1 && Array.isArray(rest[0]) ? rest[0] : rest, b),
  join: (_s, [separator, ...rest], b) => (Array.isArray(rest[0]) ? rest[0] : rest).map((item) => text(item, b)).join(text(separator, b)),
};

const parseInteger = (value: Value): Value => {
  const match = typeof value === "string" ? /^[+-]?\d+$/.exec(value) : null;
  if (match === null) return isNumber(value) ? (int(value) ?? null) : null;
  const parsed = Number(value);
  return Number.isSafeInteger(parsed) ? parsed : BigInt(value as string);
};
const parseDouble = (value: Value): Value => {
  if (isNumber(value)) return new Double(value instanceof Double ? value.value : Number(value));
  return typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value)) ? new Double(Number(value)) : null;
};
const float = (value: number | bigint | Double): number => (value instanceof Double ? value.value : Number(value));

const NUMBER: Record<string, Method<number | bigint | Double>> = {
  intValue: (n) => int(n)! | 0,
  longValue: (n) => int(n)!,
  shortValue: (n) => (int(n)! << 16) >> 16,
  byteValue: (n) => (int(n)! << 24) >> 24,
  doubleValue: (n) => new Double(float(n)),
  floatValue: (n) => new Double(Math.fround(float(n))),
  toString: (n: number | bigint | Double, args: Value[], b: Budget) => (args.length > 0 ? text(args[0], b) : n instanceof Double ? doubleText(n.value) : String(n)),
  equals: (n, [other]) => isNumber(other) && n instanceof Double === other instanceof Double && float(n) === float(other),
  compareTo: (n, [other]) => (isNumber(other) ? Math.sign(float(n) - float(other)) : null),
  compare: (_n, [a, b]) => (isNumber(a) && isNumber(b) ? Math.sign(float(a) - float(b)) : null),
  hashCode: (n) => int(n)!,
  parseInt: (_n, [value]) => parseInteger(value),
  parseLong: (_n, [value]) => parseInteger(value),
  parseDouble: (_n, [value]) => parseDouble(value),
  parseFloat: (_n, [value]) => parseDouble(value),
  valueOf: (n: number | bigint | Double, args: Value[]) => (n instanceof Double ? parseDouble(args[0]) : parseInteger(args[0])),
  toHexString: (_n, [value]) => (int(value) ?? 0).toString(16),
  toBinaryString: (_n, [value]) => (int(value) ?? 0).toString(2),
  toOctalString: (_n, [value]) => (int(value) ?? 0).toString(8),
  max: (_n, [a, b]) => (isNumber(a) && isNumber(b) ? (float(a) >= float(b) ? a : b) : null),
  min: (_n, [a, b]) => (isNumber(a) && isNumber(b) ? (float(a) <= float(b) ? a : b) : null),
  isNaN: (n) => Number.isNaN(float(n)),
  isInfinite: (n) => !Number.isFinite(float(n)),
};

const BOOLEAN: Record<string, Method<boolean>> = {
  booleanValue: (v) => v,
  toString: (v: boolean) => String(v),
  equals: (v, [other]) => v === other,
  compareTo: (v, [other]) => Number(v) - Number(other === true),
  parseBoolean: (_v, [value]) => typeof value === "string" && value.toLowerCase() === "true",
  valueOf: (_v: boolean, args: Value[]) => args[0] === true || (typeof args[0] === "string" && args[0].toLowerCase() === "true"),
  hashCode: (v) => (v ? 1231 : 1237),
};

/** `Object.equals`: numbers by kind and value, collections by their elements. */
export function equalValues(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) return a instanceof Double === b instanceof Double && float(a) === float(b);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equalValues(item, b[i]));
  if (isMap(a) && isMap(b)) return a.size === b.size && [...a].every(([key, item]) => b.has(key) && equalValues(item, b.get(key)));
  return (a === null || a === undefined) && (b === null || b === undefined);
}

const grow = (list: Value[], by: number, budget: Budget): void => {
  budget.step(by);
  if (list.length + by > 1_000_000) throw new TemplateError("A list is too long");
};

const LIST: Record<string, Method<Value[]>> = {
  size: (l) => l.length,
  length: (l) => l.length,
  isEmpty: (l) => l.length === 0,
  get: (l, [i]) => l[int(i) ?? -1] ?? null,
  getFirst: (l) => l[0] ?? null,
  getLast: (l) => l[l.length - 1] ?? null,
  set: (l, [i, value]) => {
    const at = int(i) ?? -1;
    if (at < 0 || at >= l.length) return null;
    const previous = l[at];
    l[at] = value;
    return previous ?? null;
  },
  add: (l, args, b) => {
    grow(l, 1, b);
    if (args.length > 1) {
      const at = int(args[0]) ?? -1;
      if (at < 0 || at > l.length) return null;
      l.splice(at, 0, args[1]);
      return null;
    }
    l.push(args[0]);
    return true;
  },
  addAll: (l, [other], b) => {
    const items = Array.isArray(other) ? other : isMap(other) ? [...other.values()] : [];
    grow(l, items.length, b);
    for (const item of [...items]) l.push(item);
    return items.length > 0;
  },
  remove: (l, [what]) => {
    // Java has remove(int) and remove(Object): an integer is a position.
    const at = typeof what === "number" ? what : l.findIndex((item) => equalValues(item, what));
    if (at < 0 || at >= l.length) return typeof what === "number" ? null : false;
    const [removed] = l.splice(at, 1);
    return typeof what === "number" ? (removed ?? null) : true;
  },
  removeAll: (l, [other]) => {
    const before = l.length;
    const gone = Array.isArray(other) ? other : [];
    l.splice(0, l.length, ...l.filter((item) => !gone.some((g) => equalValues(g, item))));
    return l.length !== before;
  },
  clear: (l) => {
    l.length = 0;
    return null;
  },
  contains: (l, [value], b) => {
    b.step(l.length);
    return l.some((item) => equalValues(item, value));
  },
  containsAll: (l, [other], b) => {
    const wanted = Array.isArray(other) ? other : [];
    b.step(l.length * wanted.length);
    return wanted.every((value) => l.some((item) => equalValues(item, value)));
  },
  indexOf: (l, [value]) => l.findIndex((item) => equalValues(item, value)),
  lastIndexOf: (l, [value]) => l.findLastIndex((item) => equalValues(item, value)),
  subList: (l, [from, to]) => {
    const [start, end] = [int(from) ?? -1, int(to) ?? -1];
    return start < 0 || end > l.length || start > end ? null : l.slice(start, end);
  },
  iterator: (l) => iterator(l),
  toArray: (l) => [...l],
  equals: (l, [other]) => equalValues(l, other),
  toString: (l: Value[], _args: Value[], b: Budget) => toText(l, b),
  hashCode: (l) => l.length,
};

const MAP: Record<string, Method<ValueMap>> = {
  get: (m, [key], b) => m.get(text(key, b)) ?? null,
  getOrDefault: (m, [key, otherwise], b) => (m.has(text(key, b)) ? m.get(text(key, b)) : otherwise),
  put: (m, [key, value], b) => {
    b.step();
    const name = text(key, b);
    const previous = m.get(name) ?? null;
    m.set(name, value);
    return previous;
  },
  putIfAbsent: (m, [key, value], b) => {
    const name = text(key, b);
    const previous = m.get(name) ?? null;
    if (previous === null) m.set(name, value);
    return previous;
  },
  putAll: (m, [other], b) => {
    if (isMap(other)) {
      b.step(other.size);
      for (const [key, value] of [...other]) m.set(key, value);
    }
    return null;
  },
  remove: (m, [key], b) => {
    const name = text(key, b);
    const previous = m.get(name) ?? null;
    m.delete(name);
    return previous;
  },
  containsKey: (m, [key], b) => m.has(text(key, b)),
  containsValue: (m, [value]) => [...m.values()].some((item) => equalValues(item, value)),
  keySet: (m, _args, b) => {
    b.step(m.size);
    return [...m.keys()];
  },
  values: (m, _args, b) => {
    b.step(m.size);
    return [...m.values()];
  },
  entrySet: (m, _args, b) => {
    b.step(m.size);
    return [...m].map(([key, value]) => entry(m, key, value, b));
  },
  size: (m) => m.size,
  isEmpty: (m) => m.size === 0,
  clear: (m) => {
    m.clear();
    return null;
  },
  equals: (m, [other]) => equalValues(m, other),
  toString: (m: ValueMap, _args: Value[], b: Budget) => toText(m, b),
  hashCode: (m) => m.size,
};

function entry(map: ValueMap, key: string, value: Value, budget: Budget): Opaque {
  const read = (name: string): Value => (name === "key" ? key : name === "value" ? (value ?? null) : undefined);
  return {
    opaque: true,
    get: read,
    call: (name, args) => {
      if (name === "setValue") {
        map.set(key, args[0]);
        return value ?? null;
      }
      return name === "getKey" ? key : name === "getValue" ? (value ?? null) : undefined;
    },
    text: () => `${key}=${text(value, budget)}`,
  };
}

function iterator(list: Value[]): Opaque {
  let at = 0;
  return {
    opaque: true,
    get: () => undefined,
    call: (name) => (name === "hasNext" ? at < list.length : name === "next" ? (list[at++] ?? null) : undefined),
    text: () => "iterator",
  };
}

function lookup<T>(table: Record<string, Method<T>>, name: string): Method<T> | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** A method call on any value; undefined when the value has no such method (`getClass` included: nothing leads out of the template). */
export function callMethod(target: Value, name: string, args: Value[], budget: Budget): Value {
  budget.step();
  if (typeof target === "string") return lookup(STRING, name)?.(target, args, budget);
  if (isNumber(target)) return lookup(NUMBER, name)?.(target, args, budget);
  if (typeof target === "boolean") return lookup(BOOLEAN, name)?.(target, args, budget);
  if (Array.isArray(target)) return lookup(LIST, name)?.(target, args, budget);
  if (isMap(target)) return lookup(MAP, name)?.(target, args, budget);
  if (isOpaque(target)) return target.call(name, args, budget);
  return undefined;
}

/** A property without parentheses: a key of a map, `isEmpty` and the like of what else there is. */
export function getProperty(target: Value, name: string): Value {
  if (isMap(target)) return target.get(name);
  if (isOpaque(target)) return target.get(name);
  if (name === "empty" && (typeof target === "string" || Array.isArray(target))) return target.length === 0;
  if (Array.isArray(target) && (name === "first" || name === "last")) return name === "first" ? target[0] : target[target.length - 1];
  return undefined;
}
