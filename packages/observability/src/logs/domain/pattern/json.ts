import { Lexer } from "./lexer.ts";
import type { Match } from "./pattern.ts";
import { compileComparison } from "./values.ts";

type Condition = (root: unknown) => boolean;
type Step = string | number | typeof ANY;

const ANY = Symbol("any element");
/** Nesting of parentheses; a pattern has 1024 characters at most, so this only spares the stack. */
const DEPTH_MAX = 100;

/**
 * A condition on a JSON message. A comparison with something that is not there is false, `!=` too; `NOT EXISTS` asks for it.
 *
 * @throws PatternError
 */
export function compileJson(text: string): (message: string) => Match | undefined {
  const lexer = new Lexer(text);
  const selectors = new Map<string, readonly Step[]>();
  lexer.expect("{");
  const condition = lexer.peek() === "}" ? () => true : readOr(lexer, selectors, 0);
  lexer.expect("}");
  if (lexer.peek() !== "") throw lexer.error();
  return (message) => {
    const root = parseObject(message);
    if (root === undefined || !condition(root)) return undefined;
    return {
      value: (selector) => textOf(find(root, selectors.get(selector) ?? parseSelector(selector))[0]),
      extracted: () => {
        const found: { [selector: string]: string } = {};
        for (const [selector, steps] of selectors) {
          const value = textOf(find(root, steps)[0]);
          if (value !== undefined) found[selector] = value;
        }
        return found;
      },
    };
  };
}

/** A message that is a JSON object or array. */
export function parseObject(message: string): unknown {
  const start = /^\s*[{[]/.test(message);
  if (!start) return undefined;
  try {
    return JSON.parse(message) as unknown;
  } catch {
    return undefined;
  }
}

/** What a JSON value compares as; objects and arrays compare with nothing. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value === null) return "null";
  return undefined;
}

function readOr(lexer: Lexer, selectors: Map<string, readonly Step[]>, depth: number): Condition {
  let left = readAnd(lexer, selectors, depth);
  while (lexer.take("||")) {
    const [a, b] = [left, readAnd(lexer, selectors, depth)];
    left = (root) => a(root) || b(root);
  }
  return left;
}

function readAnd(lexer: Lexer, selectors: Map<string, readonly Step[]>, depth: number): Condition {
  let left = readOne(lexer, selectors, depth);
  while (lexer.take("&&")) {
    const [a, b] = [left, readOne(lexer, selectors, depth)];
    left = (root) => a(root) && b(root);
  }
  return left;
}

function readOne(lexer: Lexer, selectors: Map<string, readonly Step[]>, depth: number): Condition {
  if (depth > DEPTH_MAX) throw lexer.error();
  if (lexer.take("(")) {
    const inner = readOr(lexer, selectors, depth + 1);
    lexer.expect(")");
    return inner;
  }
  const selector = lexer.read(/\$(?:\.[^\s=!<>()&|{}.[\]"%]+|\[\s*(?:\d+|\*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\]|\.\[\s*(?:\d+|\*)\s*\])+/y);
  if (selector === undefined) throw lexer.error();
  const steps = parseSelector(selector);
  selectors.set(selector, steps);
  const word = lexer.read(/(?:IS|NOT|EXISTS)\b/iy)?.toUpperCase();
  if (word === "EXISTS") return (root) => find(root, steps).length > 0;
  if (word === "NOT") {
    if (lexer.read(/EXISTS\b/iy) === undefined) throw lexer.error();
    return (root) => find(root, steps).length === 0;
  }
  if (word === "IS") {
    const kind = lexer.read(/(?:TRUE|FALSE|NULL)\b/iy)?.toUpperCase();
    if (kind === undefined) throw lexer.error();
    const wanted = kind === "NULL" ? null : kind === "TRUE";
    return (root) => find(root, steps).some((value) => value === wanted);
  }
  const operator = lexer.operator();
  if (operator === undefined) throw lexer.error();
  const test = compileComparison(operator, lexer.operand(/[^\s()&|{}"'%]+/y));
  return (root) => find(root, steps).some((value) => {
    const text = textOf(value);
    return text !== undefined && test(text);
  });
}

/** `$.a.b[0].*["c d"]` as steps. */
export function parseSelector(selector: string): readonly Step[] {
  const steps: Step[] = [];
  for (const match of selector.matchAll(/\.([^.[\]]+)|\[\s*(?:(\d+)|(\*)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\]/g)) {
    const [, name, index, star, double, single] = match;
    if (index !== undefined) steps.push(Number(index));
    else if (star !== undefined || name === "*") steps.push(ANY);
    else steps.push(name ?? (double ?? single)!.replace(/\\(.)/g, "$1"));
  }
  return steps;
}

/** All values that the steps lead to: several where a `*` is among them. */
function find(root: unknown, steps: readonly Step[]): unknown[] {
  let found: unknown[] = [root];
  for (const step of steps) {
    found = found.flatMap((value): unknown[] => {
      if (typeof value !== "object" || value === null) return [];
      if (step === ANY) return Object.values(value);
      if (typeof step === "number") return Array.isArray(value) && step < value.length ? [value[step]] : [];
      return Object.hasOwn(value, step) ? [(value as { [name: string]: unknown })[step]] : [];
    });
    if (found.length === 0) break;
  }
  return found;
}
