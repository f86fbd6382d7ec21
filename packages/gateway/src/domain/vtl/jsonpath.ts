import { TemplateError } from "./ast.ts";
import { Double, isMap, isNumber, JsonList } from "./values.ts";
import type { Budget, Value } from "./values.ts";
import { compileRegex } from "../regex.ts";
import type { SafeRegex } from "../regex.ts";

/**
 * JSONPath as Jayway's Java library evaluates it, which API Gateway's `$input.path` and `$input.json` follow: a
 * definite path gives its value, null when there is none; a path with a wildcard, a slice, a union, `..` or a filter
 * gives a list of what it found.
 */
export interface JsonPath {
  readonly definite: boolean;
  find(root: Value, budget: Budget): Value;
}

type Selector = (nodes: Value[], root: Value, budget: Budget) => Value[];

const cache = new Map<string, JsonPath>();
const CACHE_SIZE = 500;

/** Compiles a path; the last few hundred are kept, since templates repeat theirs in every request. */
export function compileJsonPath(source: string): JsonPath {
  const known = cache.get(source);
  if (known !== undefined) return known;
  if (source.length > 4096) throw new TemplateError("Invalid JSON path: too long");
  const path = new PathParser(source).parse();
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
  cache.set(source, path);
  return path;
}

function children(node: Value): Value[] {
  if (Array.isArray(node)) return node;
  if (isMap(node)) return [...node.values()];
  return [];
}

function descend(node: Value, into: Value[], budget: Budget, depth = 0): void {
  budget.step();
  if (depth > 200) throw new TemplateError("A value is nested too deeply");
  into.push(node);
  for (const child of children(node)) if (typeof child === "object" && child !== null) descend(child, into, budget, depth + 1);
}

/** Jayway's functions at the end of a path. */
const FUNCTIONS: Record<string, (value: Value) => Value> = {
  length: (value) => (typeof value === "string" || Array.isArray(value) ? value.length : isMap(value) ? value.size : null),
  size: (value) => (Array.isArray(value) ? value.length : isMap(value) ? value.size : null),
  min: (value) => aggregate(value, (numbers) => Math.min(...numbers)),
  max: (value) => aggregate(value, (numbers) => Math.max(...numbers)),
  sum: (value) => aggregate(value, (numbers) => numbers.reduce((a, b) => a + b, 0)),
  avg: (value) => aggregate(value, (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length),
  keys: (value) => (isMap(value) ? JsonList.from(value.keys()) : null),
  first: (value) => (Array.isArray(value) ? (value[0] ?? null) : null),
  last: (value) => (Array.isArray(value) ? (value[value.length - 1] ?? null) : null),
};

function aggregate(value: Value, combine: (numbers: number[]) => number): Value {
  const numbers = (Array.isArray(value) ? value : []).filter(isNumber).map(numeric);
  return numbers.length === 0 ? null : new Double(combine(numbers));
}

const numeric = (value: number | bigint | Double): number => (value instanceof Double ? value.value : Number(value));

class PathParser {
  private readonly source: string;
  private at = 0;
  private definite = true;
  private depth = 0;

  constructor(source: string) {
    this.source = source;
  }

  private fail(): TemplateError {
    return new TemplateError(`Invalid JSON path: ${this.source}`);
  }

  private space(): void {
    while (/\s/.test(this.source[this.at] ?? "")) this.at++;
  }

  parse(): JsonPath {
    this.space();
    // Jayway takes a path without its root as one below it.
    if (this.source[this.at] === "$") this.at++;
    else if (this.source[this.at] !== "." && this.source[this.at] !== "[") this.pushProperty = true;
    const { selectors, tail } = this.selectors();
    this.space();
    if (this.at < this.source.length) throw this.fail();
    const definite = this.definite;
    return {
      definite,
      find(root, budget) {
        let nodes: Value[] = [root];
        for (const select of selectors) nodes = select(nodes, root, budget);
        let value: Value = definite ? (nodes.length === 0 ? undefined : nodes[0]) : JsonList.from(nodes);
        if (tail !== undefined) value = tail(value);
        return value;
      },
    };
  }

  private pushProperty = false;

  private selectors(): { selectors: Selector[]; tail: ((value: Value) => Value) | undefined } {
    const selectors: Selector[] = [];
    let tail: ((value: Value) => Value) | undefined;
    if (this.pushProperty) {
      this.pushProperty = false;
      selectors.push(this.property(this.name()));
    }
    for (;;) {
      const c = this.source[this.at];
      if (c === ".") {
        this.at++;
        if (this.source[this.at] === ".") {
          this.at++;
          this.definite = false;
          selectors.push((nodes, _root, budget) => {
            const found: Value[] = [];
            for (const node of nodes) descend(node, found, budget);
            return found;
          });
          if (this.source[this.at] === "[") continue;
        }
        if (this.source[this.at] === "*") {
          this.at++;
          selectors.push(this.wildcard());
          continue;
        }
        if (this.source[this.at] === "[") continue;
        const name = this.name();
        if (this.source[this.at] === "(" && this.source[this.at + 1] === ")") {
          this.at += 2;
          const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
          if (known === undefined) throw this.fail();
          tail = known;
          return { selectors, tail };
        }
        selectors.push(this.property(name));
      } else if (c === "[") {
        this.at++;
        selectors.push(this.bracket());
      } else return { selectors, tail };
    }
  }

  private name(): string {
    const start = this.at;
    while (this.at < this.source.length && !/[\s.[\]()=<>!&|,]/.test(this.source[this.at]!)) this.at++;
    if (this.at === start) throw this.fail();
    return this.source.slice(start, this.at);
  }

  private property(name: string): Selector {
    return (nodes, _root, budget) => {
      budget.step(nodes.length);
      const found: Value[] = [];
      for (const node of nodes) if (isMap(node) && node.has(name)) found.push(node.get(name));
      return found;
    };
  }

  private wildcard(): Selector {
    this.definite = false;
    return (nodes, _root, budget) => {
      const found: Value[] = [];
      for (const node of nodes) for (const child of children(node)) found.push(child);
      budget.step(found.length);
      return found;
    };
  }

  private string(): string {
    const quote = this.source[this.at]!;
    let text = "";
    this.at++;
    for (;;) {
      const c = this.source[this.at];
      if (c === undefined) throw this.fail();
      this.at++;
      if (c === quote) return text;
      if (c === "\\") text += this.source[this.at++] ?? "";
      else text += c;
    }
  }

  private integer(): number | undefined {
    const match = /^-?\d+/.exec(this.source.slice(this.at, this.at + 20));
    if (match === null) return undefined;
    this.at += match[0].length;
    return Number(match[0]);
  }

  private close(): void {
    this.space();
    if (this.source[this.at] !== "]") throw this.fail();
    this.at++;
  }

  private bracket(): Selector {
    this.space();
    const c = this.source[this.at];
    if (c === "*") {
      this.at++;
      this.close();
      return this.wildcard();
    }
    if (c === "?") {
      this.at++;
      this.space();
      if (this.source[this.at] !== "(") throw this.fail();
      this.at++;
      const keep = this.condition();
      this.space();
      if (this.source[this.at] !== ")") throw this.fail();
      this.at++;
      this.close();
      this.definite = false;
      return (nodes, root, budget) => {
        const found: Value[] = [];
        for (const node of nodes) {
          // A filter on an object tests the object itself, on a list its items.
          for (const item of Array.isArray(node) ? node : [node]) {
            budget.step();
            if ((isMap(item) || Array.isArray(node)) && keep(item, root, budget)) found.push(item);
          }
        }
        return found;
      };
    }
    if (c === "'" || c === '"') return this.names();
    return this.positions();
  }

  private names(): Selector {
    const names = [this.string()];
    for (;;) {
      this.space();
      if (this.source[this.at] !== ",") break;
      this.at++;
      this.space();
      names.push(this.string());
    }
    this.close();
    if (names.length === 1) return this.property(names[0]!);
    // Several names of one object give one object of these names, which Jayway counts as definite.
    return (nodes) => nodes.filter(isMap).map((node) => new Map(names.filter((name) => node.has(name)).map((name) => [name, node.get(name)])));
  }

  private positions(): Selector {
    const first = this.integer();
    this.space();
    if (this.source[this.at] === ":") {
      this.at++;
      this.space();
      const last = this.integer();
      this.close();
      this.definite = false;
      return (nodes, _root, budget) => {
        const found: Value[] = [];
        for (const node of nodes) if (Array.isArray(node)) found.push(...node.slice(first ?? 0, last ?? node.length));
        budget.step(found.length);
        return found;
      };
    }
    if (first === undefined) throw this.fail();
    const indexes = [first];
    while (this.source[this.at] === ",") {
      this.at++;
      this.space();
      const next = this.integer();
      if (next === undefined) throw this.fail();
      indexes.push(next);
      this.space();
    }
    this.close();
    if (indexes.length > 1) this.definite = false;
    return (nodes) => {
      const found: Value[] = [];
      for (const node of nodes) {
        if (!Array.isArray(node)) continue;
        for (const index of indexes) {
          const at = index < 0 ? node.length + index : index;
          if (at >= 0 && at < node.length) found.push(node[at]);
        }
      }
      return found;
    };
  }

  private condition(): (item: Value, root: Value, budget: Budget) => boolean {
    if (++this.depth > 50) throw this.fail();
    let left = this.conjunction();
    for (;;) {
      this.space();
      if (!this.source.startsWith("||", this.at)) break;
      this.at += 2;
      const a = left;
      const b = this.conjunction();
      left = (item, root, budget) => a(item, root, budget) || b(item, root, budget);
    }
    this.depth--;
    return left;
  }

  private conjunction(): (item: Value, root: Value, budget: Budget) => boolean {
    let left = this.comparison();
    for (;;) {
      this.space();
      if (!this.source.startsWith("&&", this.at)) return left;
      this.at += 2;
      const a = left;
      const b = this.comparison();
      left = (item, root, budget) => a(item, root, budget) && b(item, root, budget);
    }
  }

  private comparison(): (item: Value, root: Value, budget: Budget) => boolean {
    this.space();
    if (this.source[this.at] === "!") {
      this.at++;
      const inner = this.comparison();
      return (item, root, budget) => !inner(item, root, budget);
    }
    if (this.source[this.at] === "(") {
      this.at++;
      const inner = this.condition();
      this.space();
      if (this.source[this.at] !== ")") throw this.fail();
      this.at++;
      return inner;
    }
    const left = this.operand();
    this.space();
    const operator = /^(?:==|!=|<=|>=|<|>|=~|(?:in|nin|contains|size|empty)\b)/.exec(this.source.slice(this.at, this.at + 12))?.[0];
    if (operator === undefined) return (item, root, budget) => left(item, root, budget) !== undefined;
    this.at += operator.length;
    this.space();
    if (operator === "=~") {
      const regex = this.regexLiteral();
      return (item, root, budget) => {
        const value = left(item, root, budget);
        return typeof value === "string" && regex.test(value);
      };
    }
    const right = this.operand();
    const compare = COMPARISONS[operator]!;
    return (item, root, budget) => compare(left(item, root, budget), right(item, root, budget));
  }

  private regexLiteral(): SafeRegex {
    if (this.source[this.at] !== "/") throw this.fail();
    let end = this.at + 1;
    while (end < this.source.length && this.source[end] !== "/") end += this.source[end] === "\\" ? 2 : 1;
    const pattern = this.source.slice(this.at + 1, end);
    this.at = end + 1;
    const flags = /^[im]*/.exec(this.source.slice(this.at, this.at + 4))![0];
    this.at += flags.length;
    return compileRegex(pattern, { full: true, ignoreCase: flags.includes("i") });
  }

  private operand(): (item: Value, root: Value, budget: Budget) => Value {
    const c = this.source[this.at];
    if (c === "@" || c === "$") {
      this.at++;
      const definite = this.definite;
      this.definite = true;
      const { selectors, tail } = this.selectors();
      const single = this.definite;
      this.definite = definite;
      return (item, root, budget) => {
        let nodes: Value[] = [c === "@" ? item : root];
        for (const select of selectors) nodes = select(nodes, root, budget);
        const value: Value = single ? nodes[0] : JsonList.from(nodes);
        return tail === undefined ? value : tail(value);
      };
    }
    if (c === "'" || c === '"') {
      const text = this.string();
      return () => text;
    }
    if (c === "[") {
      this.at++;
      const items: Value[] = [];
      this.space();
      while (this.source[this.at] !== "]") {
        items.push(this.operand()(undefined, undefined, undefined as never));
        this.space();
        if (this.source[this.at] === ",") this.at++;
        this.space();
        if (this.at >= this.source.length) throw this.fail();
      }
      this.at++;
      return () => items;
    }
    const match = /^(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/.exec(this.source.slice(this.at, this.at + 40));
    if (match === null) throw this.fail();
    this.at += match[0].length;
    const literal: Value = match[0] === "true" ? true : match[0] === "false" ? false : match[0] === "null" ? null : Number(match[0]);
    return () => literal;
  }
}

function order(a: Value, b: Value): number | undefined {
  if (isNumber(a) && isNumber(b)) return numeric(a) - numeric(b);
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return undefined;
}

function same(a: Value, b: Value): boolean {
  return a === b || order(a, b) === 0;
}

const COMPARISONS: Record<string, (a: Value, b: Value) => boolean> = {
  "==": same,
  "!=": (a, b) => !same(a, b),
  "<": (a, b) => (order(a, b) ?? 1) < 0,
  ">": (a, b) => (order(a, b) ?? -1) > 0,
  "<=": (a, b) => (order(a, b) ?? 1) <= 0,
  ">=": (a, b) => (order(a, b) ?? -1) >= 0,
  in: (a, b) => Array.isArray(b) && b.some((item) => same(a, item)),
  nin: (a, b) => Array.isArray(b) && !b.some((item) => same(a, item)),
  contains: (a, b) => (typeof a === "string" && typeof b === "string" ? a.includes(b) : Array.isArray(a) && a.some((item) => same(item, b))),
  size: (a, b) => (Array.isArray(a) || typeof a === "string") && a.length === b,
  empty: (a, b) => (Array.isArray(a) || typeof a === "string") && (a.length === 0) === b,
};
