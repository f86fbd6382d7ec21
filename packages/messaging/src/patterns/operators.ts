import { isIP, isIPv4 } from "node:net";
import type { Node, Place } from "./json.ts";

/** A value that is no list and no object. */
export type Scalar = string | number | boolean | null;

/** Whether a value fits. */
export type Test = (value: Scalar) => boolean;

/** A pattern that cannot be: why, and where in its text. */
export class PatternError extends Error {
  override name = "PatternError";
  readonly place: Place | undefined;
  /** How often AWS tells the place: once for each list that the parser was in. */
  readonly times: number;

  constructor(message: string, place: Place | undefined, times = 1) {
    super(message);
    this.place = place;
    this.times = times;
  }
}

/** More in one text are refused as too complex. AWS measures the automaton that it would build. */
const mostWildcards = 10;

/** `{"prefix": "a"}` and the like. `exists` speaks of the field rather than of a value. */
export function compileOperator(node: Extract<Node, { kind: "object" }>): Test | "present" | "absent" {
  const [first, second] = node.members;
  if (first === undefined) throw new PatternError("Empty objects are not allowed", node.end);
  if (second !== undefined) throw new PatternError("Only one key allowed in match expression", second[1].at);
  const [name, value] = first;
  switch (name) {
    case "exists":
      if (value.kind !== "boolean") throw new PatternError("exists match pattern must be either true or false.", value.at);
      return value.value ? "present" : "absent";
    case "prefix": return affix(value, "prefix", "prefix match pattern must be a string");
    case "suffix": return affix(value, "suffix", "suffix match pattern must be a string");
    case "equals-ignore-case": {
      const wanted = text(value, "equals-ignore-case match pattern must be a string").toLowerCase();
      return (actual) => typeof actual === "string" && actual.toLowerCase() === wanted;
    }
    case "wildcard": return wildcard(text(value, "wildcard match pattern must be a string"), value);
    case "cidr": return cidr(text(value, "prefix match pattern must be a string"));
    case "numeric": return numeric(value);
    case "anything-but": return anythingBut(value);
    default: throw new PatternError(`Unrecognized match type ${name}`, value.at);
  }
}

function text(node: Node, otherwise: string, times = 1): string {
  if (node.kind !== "string") throw new PatternError(otherwise, node.at, times);
  return node.value;
}

function affix(node: Node, kind: "prefix" | "suffix", otherwise: string): Test {
  if (node.kind === "object") {
    const [only, more] = node.members;
    if (only?.[0] !== "equals-ignore-case" || more !== undefined) throw new PatternError(otherwise, node.at);
    const wanted = text(only[1], otherwise).toLowerCase();
    return (actual) => typeof actual === "string" && hasAffix(actual.toLowerCase(), wanted, kind);
  }
  const wanted = text(node, otherwise);
  return (actual) => typeof actual === "string" && hasAffix(actual, wanted, kind);
}

function hasAffix(value: string, wanted: string, kind: "prefix" | "suffix"): boolean {
  return kind === "prefix" ? value.startsWith(wanted) : value.endsWith(wanted);
}

function anythingBut(node: Node): Test {
  const wrong = "Value of anything-but must be an array or single string/number value.";
  if (node.kind === "string" || node.kind === "number") {
    const { value } = node;
    return (actual) => actual !== value;
  }
  if (node.kind === "array") {
    if (node.items.length === 0) throw new PatternError("Empty arrays are not allowed", node.end);
    const values = new Set<Scalar>();
    for (const item of node.items) {
      if (item.kind !== "string" && item.kind !== "number") throw new PatternError("Inside anything but list, start|null|boolean is not supported.", item.at, 2);
      values.add(item.value);
    }
    return (actual) => !values.has(actual);
  }
  if (node.kind !== "object") throw new PatternError(wrong, node.at);
  const [only, more] = node.members;
  if (only === undefined || more !== undefined) throw new PatternError(wrong, node.at);
  const [name, value] = only;
  const alternatives = value.kind === "array" ? value.items : [value];
  const times = value.kind === "array" ? 2 : 1;
  if (value.kind === "array" && alternatives.length === 0) throw new PatternError("Empty arrays are not allowed", value.end);
  let tests: Test[];
  switch (name) {
    case "prefix":
    case "suffix":
      tests = alternatives.map((item) => {
        if (item.kind === "object") throw new PatternError(wrong, item.at, times);
        const wanted = text(item, "prefix/suffix match pattern must be a string", times);
        if (wanted === "") throw new PatternError("Null prefix/suffix not allowed", item.end, times);
        return (actual) => typeof actual === "string" && hasAffix(actual, wanted, name);
      });
      break;
    case "equals-ignore-case":
      tests = alternatives.map((item) => {
        const wanted = text(item, "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.", times).toLowerCase();
        return (actual) => typeof actual === "string" && actual.toLowerCase() === wanted;
      });
      break;
    case "wildcard":
      tests = alternatives.map((item) => wildcard(text(item, "wildcard match pattern must be a string", times), item));
      break;
    default:
      throw new PatternError(`Unsupported anything-but pattern: ${name}`, value.at);
  }
  return (actual) => !tests.some((test) => test(actual));
}

const comparisons: { [operator: string]: (actual: number, limit: number) => boolean } = {
  "=": (actual, limit) => actual === limit,
  "<": (actual, limit) => actual < limit,
  "<=": (actual, limit) => actual <= limit,
  ">": (actual, limit) => actual > limit,
  ">=": (actual, limit) => actual >= limit,
};

function numeric(node: Node): Test {
  if (node.kind !== "array") throw new PatternError("Value of numeric must be an array.", node.at);
  const { items } = node;
  if (items.length === 0) throw new PatternError("Invalid member in numeric match: ]", node.end);
  const tests: ((actual: number) => boolean)[] = [];
  for (let at = 0; at < items.length; at += 2) {
    const operator = items[at]!;
    const limit = items[at + 1];
    const compare = operator.kind === "string" ? comparisons[operator.value] : undefined;
    if (operator.kind !== "string") throw new PatternError(`Invalid member in numeric match: ${String("value" in operator ? operator.value : operator.kind)}`, operator.at);
    if (compare === undefined) throw new PatternError(`Unrecognized numeric range operator: ${operator.value}`, operator.at);
    if (limit?.kind !== "number") throw new PatternError(`Value of ${operator.value} must be numeric`, limit?.at ?? node.end);
    const bound = limit.value;
    if (Math.abs(bound) > 1e9) throw new PatternError("Value must be between -1.0E9 and 1.0E9, inclusive", limit.at);
    tests.push((actual) => compare(actual, bound));
  }
  if (tests.length > 2) throw new PatternError("Too many elements in numeric expression", items[4]!.at);
  if (tests.length === 2) {
    const [low, lower, high, upper] = items.map((item) => ("value" in item ? item.value : undefined));
    if (!String(low).startsWith(">") || !String(high).startsWith("<")) throw new PatternError(`Bad numeric range operator: ${String(high)}`, items[2]!.at);
    if ((lower as number) >= (upper as number)) throw new PatternError("Bottom must be less than top", items[3]!.at);
  }
  return (actual) => typeof actual === "number" && tests.every((test) => test(actual));
}

/** `*` stands for any text; `\*` and `\\` for themselves. Matched in one pass: between stars the earliest place is right. */
function wildcard(pattern: string, node: Node): Test {
  const parts: string[] = [""];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    if (char === "\\") {
      const next = pattern[++at];
      if (next !== "*" && next !== "\\") throw new PatternError(`Invalid escape character at pos ${at - 1}`, node.at);
      parts[parts.length - 1] += next;
    } else if (char === "*") {
      if (pattern[at + 1] === "*") throw new PatternError(`Consecutive wildcard characters at pos ${at}`, node.at);
      parts.push("");
    } else parts[parts.length - 1] += char;
  }
  if (parts.length - 1 > mostWildcards) {
    throw new PatternError("Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character", undefined);
  }
  const [head, ...rest] = parts as [string, ...string[]];
  if (rest.length === 0) return (actual) => actual === head;
  const tail = rest.pop()!;
  return (actual) => {
    if (typeof actual !== "string" || actual.length < head.length + tail.length || !actual.startsWith(head) || !actual.endsWith(tail)) return false;
    let from = head.length;
    const end = actual.length - tail.length;
    for (const part of rest) {
      const found = actual.indexOf(part, from);
      if (found < 0 || found + part.length > end) return false;
      from = found + part.length;
    }
    return true;
  };
}

function cidr(range: string): Test {
  const parts = range.split("/");
  if (parts.length !== 2) throw new PatternError("Malformed CIDR, one '/' required", undefined);
  const [address, mask] = parts as [string, string];
  if (!/^-?\d+$/.test(mask)) throw new PatternError("Malformed CIDR, mask bits must be an integer", undefined);
  const version = isIP(address);
  if (version === 0) throw new PatternError(`Nonstandard IP address: ${address}`, undefined);
  const bits = Number(mask);
  const width = version === 4 ? 32 : 128;
  if (bits < 0 || bits > width) throw new PatternError(`IPv${version} mask bits must be < ${width}`, undefined);
  const shift = BigInt(width - bits);
  const wanted = addressNumber(address) >> shift;
  return (actual) => typeof actual === "string" && isIP(actual) === version && addressNumber(actual) >> shift === wanted;
}

function addressNumber(address: string): bigint {
  if (isIPv4(address)) return address.split(".").reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
  let plain = address.split("%")[0]!;
  const v4 = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  if (v4 !== null) {
    const number = addressNumber(v4[2]!);
    plain = `${v4[1]}${(number >> 16n).toString(16)}:${(number & 0xffffn).toString(16)}`;
  }
  const [left, right] = plain.split("::") as [string, string | undefined];
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => "0"), ...tail];
  return groups.reduce((number, group) => (number << 16n) | BigInt(`0x${group}`), 0n);
}
