import { BlockList, isIP } from "node:net";
import { globMatches, literal } from "./glob.ts";

/** What is known of a request, by condition key in lower case (`aws:sourceip`, `s3:prefix`). Several values for a multivalued key. */
export type ConditionValues = (key: string) => string | readonly string[] | undefined;

/** A compiled condition block: true when it holds. */
export type Condition = (values: ConditionValues) => boolean;

/** Compares one value of the request with one of the policy, whose variables have been filled in. */
type Test = (actual: string, expected: string) => boolean;

interface Operator {
  test: Test;
  /** `...Not...`: holds when no value of the policy matches, and when the key is absent. */
  negated: boolean;
  /** Variables are filled in for text only; in patterns their values are no wildcards. */
  text: "no" | "plain" | "pattern";
}

const equals: Test = (actual, expected) => actual === expected;
const equalsIgnoreCase: Test = (actual, expected) => actual.toLowerCase() === expected.toLowerCase();
const like: Test = (actual, expected) => globMatches(expected, actual);
const arnLike: Test = (actual, expected) => {
  const a = splitArn(actual);
  const e = splitArn(expected);
  return a !== undefined && e !== undefined && e.every((part, i) => globMatches(part, a[i] as string));
};
const bool: Test = (actual, expected) => actual.toLowerCase() === expected.toLowerCase();
const ip: Test = (actual, expected) => cidr(expected)(actual);
const numeric = (compare: (a: number, b: number) => boolean): Test => (actual, expected) => compare(Number(actual), Number(expected));
const date = (compare: (a: number, b: number) => boolean): Test => (actual, expected) => compare(time(actual), time(expected));

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  Equals: (a, b) => a === b,
  LessThan: (a, b) => a < b,
  LessThanEquals: (a, b) => a <= b,
  GreaterThan: (a, b) => a > b,
  GreaterThanEquals: (a, b) => a >= b,
};

const operators = new Map<string, Operator>();
const define = (name: string, test: Test, text: Operator["text"] = "no", negatedName?: string) => {
  operators.set(name.toLowerCase(), { test, negated: false, text });
  if (negatedName !== undefined) operators.set(negatedName.toLowerCase(), { test, negated: true, text });
};
define("StringEquals", equals, "plain", "StringNotEquals");
define("StringEqualsIgnoreCase", equalsIgnoreCase, "plain", "StringNotEqualsIgnoreCase");
define("StringLike", like, "pattern", "StringNotLike");
define("ArnEquals", arnLike, "pattern", "ArnNotEquals");
define("ArnLike", arnLike, "pattern", "ArnNotLike");
define("IpAddress", ip, "no", "NotIpAddress");
define("Bool", bool);
define("BinaryEquals", equals);
for (const [suffix, compare] of Object.entries(comparisons)) {
  define(`Numeric${suffix}`, numeric(compare), "no", suffix === "Equals" ? "NumericNotEquals" : undefined);
  define(`Date${suffix}`, date(compare), "no", suffix === "Equals" ? "DateNotEquals" : undefined);
}

/** Operators are written in any case. */
const OPERATOR = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/i;

/** Whether IAM has an operator of this name, with its quantifier and `IfExists`. */
export function isOperator(name: string): boolean {
  const bare = OPERATOR.exec(name)?.[2]?.toLowerCase();
  return bare !== undefined && (bare === "null" || operators.has(bare));
}

/** How to compile what has variables: documents of 2008 have none. */
export interface ConditionOptions {
  variables: boolean;
}

/** Compiles a `Condition` element: every operator and every key in it must hold. Throws a plain Error for an unknown operator. */
export function compileConditions(element: Readonly<Record<string, Readonly<Record<string, unknown>>>>, options: ConditionOptions = { variables: true }): Condition {
  const tests = Object.entries(element).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, expected]) => compileOne(operator, key.toLowerCase(), toList(expected).map(String), options)));
  return (values) => tests.every((test) => test(values));
}

function compileOne(name: string, key: string, expected: readonly string[], options: ConditionOptions): Condition {
  const match = OPERATOR.exec(name);
  const quantifier = match?.[1]?.toLowerCase();
  const bare = match?.[2]?.toLowerCase() ?? "";
  const ifExists = match?.[3];
  if (bare === "null") {
    const wantsAbsent = expected.some((value) => value.toLowerCase() === "true");
    return (values) => (values(key) === undefined) === wantsAbsent;
  }
  const operator = operators.get(bare);
  if (operator === undefined) throw new Error(`Invalid Condition type : ${name}`);
  const { test, negated, text } = operator;
  const filled = options.variables && text !== "no" && expected.some((value) => value.includes("${"));
  const fill = filled ? (values: ConditionValues) => expected.flatMap((value) => fillVariables(value, values, text === "pattern") ?? []) : () => expected;
  return (values) => {
    const actual = values(key);
    if (actual === undefined || actual.length === 0 && typeof actual !== "string") return ifExists !== undefined || negated || quantifier === "forallvalues";
    const wanted = fill(values);
    const holds = (value: string) => wanted.some((one) => test(value, one)) !== negated;
    if (typeof actual === "string") return holds(actual);
    return quantifier === "forallvalues" ? actual.every(holds) : actual.some(holds);
  };
}

/**
 * Puts the request's values in for `${aws:username}`, with `${key, 'default'}`, `${*}`, `${?}` and `${$}`; undefined when one
 * has no single value: the statement then cannot match. In a pattern what was put in matches itself only.
 */
export function fillVariables(text: string, values: ConditionValues, pattern: boolean): string | undefined {
  let missing = false;
  const own = (value: string): string => (pattern ? literal(value) : value);
  const filled = text.replace(/\$\{([^}]*)\}/g, (whole, inside: string) => {
    if (inside === "*" || inside === "?" || inside === "$") return own(inside);
    const [, name = "", fallback] = /^\s*([^,]+?)\s*(?:,\s*'([^']*)'\s*)?$/.exec(inside) ?? [];
    const value = values(name.toLowerCase());
    if (typeof value === "string") return own(value);
    if (fallback !== undefined) return own(fallback);
    missing = true;
    return whole;
  });
  return missing ? undefined : filled;
}

function splitArn(arn: string): readonly string[] | undefined {
  const parts = arn.split(":");
  if (parts.length < 6) return arn === "*" ? ["*", "*", "*", "*", "*", "*"] : undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}

/** ISO 8601, or seconds since the epoch. */
function time(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

const cidrs = new Map<string, (address: string) => boolean>();

/** Compiled once per block: policies name few. */
function cidr(block: string): (address: string) => boolean {
  let matches = cidrs.get(block);
  if (matches === undefined) {
    if (cidrs.size > 10_000) cidrs.clear();
    matches = compileCidr(block);
    cidrs.set(block, matches);
  }
  return matches;
}

function compileCidr(block: string): (address: string) => boolean {
  const [network = "", bits] = block.split("/");
  const version = isIP(network);
  if (version === 0) return () => false;
  const list = new BlockList();
  const family = version === 4 ? "ipv4" : "ipv6";
  const prefix = bits === undefined ? (version === 4 ? 32 : 128) : Number(bits);
  if (!(prefix >= 0 && prefix <= (version === 4 ? 32 : 128))) return () => false;
  list.addSubnet(network, prefix, family);
  return (address) => {
    const plain = address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
    const found = isIP(plain);
    return found !== 0 && list.check(plain, found === 4 ? "ipv4" : "ipv6");
  };
}

export function toList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}
