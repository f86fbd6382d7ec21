import { BlockList, isIP } from "node:net";

/** A pattern that is none; the message says what is wrong, for the service to wrap in its own words. */
export class PatternSyntaxError extends Error {}

/** Decides whether a JSON value matches. */
export type Matcher = (event: unknown) => boolean;

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
/** Whether one value at the end of a path matches; `undefined` when the path does not exist. */
type Leaf = (value: unknown) => boolean;

const DEPTH_MAX = 100;

/**
 * Compiles a pattern of the event-pattern language (EventBridge rules, Lambda's filter criteria): objects name paths,
 * arrays list what may stand there, `$or` lists alternatives, and objects inside the arrays are operators: `prefix`,
 * `suffix`, `equals-ignore-case`, `wildcard`, `anything-but`, `numeric`, `exists`, `cidr`.
 *
 * Where an event has an array, one matching element is enough.
 *
 * @throws PatternSyntaxError
 */
export function compileEventPattern(pattern: unknown): Matcher {
  if (!isObject(pattern)) throw new PatternSyntaxError("Filter is not an object");
  return compileObject(pattern as { [name: string]: Json }, 0);
}

function compileObject(pattern: { [name: string]: Json }, depth: number): Matcher {
  if (depth > DEPTH_MAX) throw new PatternSyntaxError("Pattern is too deep");
  const members: Matcher[] = [];
  for (const [name, value] of Object.entries(pattern)) {
    if (name === "$or" && Array.isArray(value) && value.length > 0 && value.every((one) => isObject(one) && !isOperator(one as object))) {
      const alternatives = value.map((one) => compileObject(one as { [name: string]: Json }, depth + 1));
      members.push((event) => alternatives.some((matches) => matches(event)));
    } else if (Array.isArray(value)) {
      if (value.length === 0) throw new PatternSyntaxError("Empty arrays are not allowed");
      const leaves = value.map(compileLeaf);
      members.push((event) => matchesLeaf(isObject(event) ? (event as Record<string, unknown>)[name] : undefined, isObject(event) && Object.hasOwn(event, name), leaves));
    } else if (isObject(value)) {
      if (Object.keys(value as object).length === 0) throw new PatternSyntaxError("Empty objects are not allowed");
      const inner = compileObject(value as { [name: string]: Json }, depth + 1);
      members.push((event) => descend(isObject(event) && Object.hasOwn(event, name) ? (event as Record<string, unknown>)[name] : undefined, inner));
    } else {
      throw new PatternSyntaxError(`"${name}" must be an object or an array`);
    }
  }
  return (event) => members.every((matches) => matches(event));
}

/** Into an object, or into any element of an array of them. A missing one is looked into as well: `exists: false` may be meant. */
function descend(value: unknown, inner: Matcher): boolean {
  return Array.isArray(value) ? value.some((element) => inner(element)) : inner(value);
}

function matchesLeaf(value: unknown, present: boolean, leaves: readonly Leaf[]): boolean {
  // Operators look at values, not at objects: for `exists`, an object is not there.
  if (!present || isObject(value)) return leaves.some((leaf) => leaf(undefined));
  if (!Array.isArray(value)) return leaves.some((leaf) => leaf(value));
  if (value.length === 0) return leaves.some((leaf) => leaf(undefined));
  return value.some((element) => leaves.some((leaf) => leaf(element)));
}

function compileLeaf(rule: Json): Leaf {
  if (Array.isArray(rule)) throw new PatternSyntaxError("Arrays cannot be nested");
  if (!isObject(rule)) return (value) => value === rule;
  const names = Object.keys(rule);
  if (names.length !== 1) throw new PatternSyntaxError("An operator is an object with one member");
  const [name] = names as [string];
  const operand = (rule as { [name: string]: Json })[name]!;
  const compile = OPERATORS[name];
  if (compile === undefined) throw new PatternSyntaxError(`Unrecognized match type ${name}`);
  return compile(operand);
}

const OPERATORS: { readonly [name: string]: (operand: Json) => Leaf } = {
  prefix: (operand) => text("prefix", operand, (value, wanted) => value.startsWith(wanted)),
  suffix: (operand) => text("suffix", operand, (value, wanted) => value.endsWith(wanted)),
  "equals-ignore-case": (operand) => {
    if (typeof operand !== "string") throw new PatternSyntaxError("equals-ignore-case match pattern must be a string");
    const wanted = operand.toLowerCase();
    return (value) => typeof value === "string" && value.toLowerCase() === wanted;
  },
  wildcard: (operand) => {
    if (typeof operand !== "string") throw new PatternSyntaxError("wildcard match pattern must be a string");
    const pieces = wildcardPieces(operand);
    return (value) => typeof value === "string" && matchesWildcard(value, pieces);
  },
  "anything-but": (operand) => {
    const not = compileAnythingBut(operand);
    return (value) => value !== undefined && !not(value);
  },
  numeric: compileNumeric,
  exists: (operand) => {
    if (typeof operand !== "boolean") throw new PatternSyntaxError("exists match pattern must be either true or false.");
    return (value) => (value !== undefined) === operand;
  },
  cidr: compileCidr,
};

/** `prefix` and `suffix`: a text, or one whose case does not matter. */
function text(name: string, operand: Json, matches: (value: string, wanted: string) => boolean): Leaf {
  if (typeof operand === "string") return (value) => typeof value === "string" && matches(value, operand);
  const ignoring = isObject(operand) ? (operand as { [name: string]: Json })["equals-ignore-case"] : undefined;
  if (typeof ignoring !== "string") throw new PatternSyntaxError(`${name} match pattern must be a string`);
  const wanted = ignoring.toLowerCase();
  return (value) => typeof value === "string" && matches(value.toLowerCase(), wanted);
}

function compileAnythingBut(operand: Json): Leaf {
  if (isObject(operand)) {
    const [name, inner] = Object.entries(operand as object)[0] ?? [];
    if (name === undefined || !["prefix", "suffix", "equals-ignore-case", "wildcard"].includes(name)) throw new PatternSyntaxError("Unsupported anything-but pattern");
    const list = Array.isArray(inner) ? (inner as Json[]) : [inner as Json];
    const leaves = list.map((one) => OPERATORS[name]!(one));
    return (value) => leaves.some((leaf) => leaf(value));
  }
  const list = Array.isArray(operand) ? operand : [operand];
  if (list.length === 0) throw new PatternSyntaxError("Empty arrays are not allowed");
  if (list.some((one) => typeof one !== "string" && typeof one !== "number")) throw new PatternSyntaxError("Inside anything but list, only a string or a number is supported.");
  const values = new Set<unknown>(list);
  return (value) => values.has(value);
}

/** `["=", 5]`, `[">", 0, "<=", 10]`. */
function compileNumeric(operand: Json): Leaf {
  if (!Array.isArray(operand) || operand.length === 0 || operand.length % 2 !== 0 || operand.length > 4) throw new PatternSyntaxError("Value of numeric must be an array.");
  const tests: ((value: number) => boolean)[] = [];
  for (let index = 0; index < operand.length; index += 2) {
    const sign = operand[index];
    const bound = operand[index + 1];
    if (typeof bound !== "number") throw new PatternSyntaxError("Value of a numeric comparison must be a number");
    if (sign === "=") tests.push((value) => value === bound);
    else if (sign === "<") tests.push((value) => value < bound);
    else if (sign === "<=") tests.push((value) => value <= bound);
    else if (sign === ">") tests.push((value) => value > bound);
    else if (sign === ">=") tests.push((value) => value >= bound);
    else throw new PatternSyntaxError(`Unrecognized numeric range operator: ${String(sign)}`);
  }
  return (value) => typeof value === "number" && tests.every((passes) => passes(value));
}

function compileCidr(operand: Json): Leaf {
  const [, address, bits] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(typeof operand === "string" ? operand : "") ?? [];
  const family = isIP(address ?? "");
  if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) throw new PatternSyntaxError(`Malformed CIDR, one '/' required`);
  const list = new BlockList();
  list.addSubnet(address!, Number(bits), family === 4 ? "ipv4" : "ipv6");
  return (value) => {
    const kind = typeof value === "string" ? isIP(value) : 0;
    return kind !== 0 && list.check(value as string, kind === 4 ? "ipv4" : "ipv6");
  };
}

/** The literal pieces between the stars; `\*` and `\\` are literal. */
function wildcardPieces(pattern: string): string[] {
  const pieces = [""];
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index]!;
    if (character === "\\") {
      const next = pattern[index + 1];
      if (next !== "*" && next !== "\\") throw new PatternSyntaxError("Invalid escape character in wildcard pattern");
      pieces[pieces.length - 1] += next;
      index += 1;
    } else if (character === "*") {
      if (pattern[index - 1] === "*" && pattern[index - 2] !== "\\") throw new PatternSyntaxError("Consecutive wildcard characters are not allowed");
      pieces.push("");
    } else {
      pieces[pieces.length - 1] += character;
    }
  }
  return pieces;
}

/** Greedy from the left, which is enough when only stars are between the pieces: no backtracking, so no slow pattern. */
function matchesWildcard(value: string, pieces: readonly string[]): boolean {
  const first = pieces[0]!;
  const last = pieces.at(-1)!;
  if (pieces.length === 1) return value === first;
  if (!value.startsWith(first) || !value.endsWith(last) || value.length < first.length + last.length) return false;
  let at = first.length;
  const end = value.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = value.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return at <= end;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isOperator(value: object): boolean {
  const names = Object.keys(value);
  return names.length === 1 && OPERATORS[names[0]!] !== undefined;
}
