import { walk, type Segment } from "./segment.ts";
import { durationOf, endOf, rootOf, type Trace } from "./summary.ts";

/** A filter expression that cannot be read, in one sentence. */
export class FilterError extends Error {
  override name = "FilterError";
}

/** A compiled filter expression. */
export type TraceFilter = (trace: Trace) => boolean;

/** What a condition looks at: a whole trace, or the segments of one service. */
interface Scope {
  trace: Trace;
  segments: readonly Segment[];
  whole: boolean;
}

type Test = (scope: Scope) => boolean;
type Value = string | number | boolean;

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w.:-]*)|(!=|<=|>=|[=<>!(){}[\],]))/y;
const DEPTH_MAX = 100;

const any = ({ segments }: Scope, test: (segment: Segment) => boolean): boolean => segments.some((segment) => [...walk(segment)].some(test));
const anyStatus = (scope: Scope, test: (status: number) => boolean): boolean => any(scope, ({ http }) => http?.response?.status !== undefined && test(http.response.status));

const BOOLEANS: { [name: string]: Test } = {
  ok: (scope) => !any(scope, ({ error, fault, throttle }) => error === true || fault === true || throttle === true),
  error: (scope) => any(scope, ({ error }) => error === true) || anyStatus(scope, (status) => status >= 400 && status < 500),
  throttle: (scope) => any(scope, ({ throttle }) => throttle === true) || anyStatus(scope, (status) => status === 429),
  fault: (scope) => any(scope, ({ fault }) => fault === true) || anyStatus(scope, (status) => status >= 500),
  partial: (scope) => any(scope, ({ in_progress }) => in_progress === true),
  inferred: ({ segments }) => segments.some(({ inferred }) => inferred === true),
  first: ({ trace, segments }) => segments.includes(trace.segments[0]!),
  last: ({ trace, segments }) => segments.includes(trace.segments[trace.segments.length - 1]!),
  remote: (scope) => any(scope, ({ cause }) => typeof cause === "object" && cause.exceptions?.some(({ remote }) => remote === true) === true),
  root: ({ trace, segments }) => segments.includes(rootOf(trace)!),
  coldstart: (scope) => any(scope, ({ name }) => name === "Initialization" || name === "Init"),
};

const VALUES: { [name: string]: (scope: Scope) => readonly (Value | undefined)[] } = {
  responsetime: ({ trace, segments, whole }) => (whole ? [rootOf(trace)!] : segments).map((segment) => endOf(segment) - segment.start_time),
  duration: ({ trace, segments, whole }) => (whole ? [durationOf(trace)] : segments.map((segment) => endOf(segment) - segment.start_time)),
  "http.status": (scope) => each(scope, ({ http }) => http?.response?.status),
  "http.url": (scope) => each(scope, ({ http }) => http?.request?.url),
  "http.method": (scope) => each(scope, ({ http }) => http?.request?.method),
  "http.useragent": (scope) => each(scope, ({ http }) => http?.request?.user_agent),
  "http.clientip": (scope) => each(scope, ({ http }) => http?.request?.client_ip),
  user: (scope) => each(scope, ({ user }) => user),
  name: (scope) => scope.segments.map(({ name }) => name),
  type: (scope) => scope.segments.map(({ origin }) => origin),
  message: (scope) => each(scope, ({ cause }) => (typeof cause === "object" ? cause.exceptions?.map(({ message }) => message ?? "").join("\n") : undefined)),
  "resource.arn": (scope) => scope.segments.map(({ resource_arn }) => resource_arn),
  "instance.id": () => [],
  availabilityzone: () => [],
};

function each({ segments }: Scope, read: (segment: Segment) => Value | undefined): (Value | undefined)[] {
  return segments.flatMap((segment) => [...walk(segment)].map(read));
}

/**
 * Compiles `service("api") { fault } AND responsetime > 1 AND annotation.user = "ann"`.
 *
 * @throws FilterError
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
 */
export function compileFilter(source: string): TraceFilter {
  if (source.trim() === "") return () => true;
  const parser = new Parser(source);
  const test = parser.or(0);
  parser.end();
  return (trace) => test({ trace, segments: trace.segments, whole: true });
}

class Parser {
  readonly #tokens: { kind: "text" | "number" | "word" | "symbol"; text: string }[] = [];
  #at = 0;

  constructor(source: string) {
    let at = 0;
    while (source.slice(at).trim() !== "") {
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(source);
      if (match === null) throw new FilterError(`Invalid filter expression near '${source.slice(at).trim().slice(0, 20)}'`);
      at = TOKEN.lastIndex;
      const [, text, number, word, symbol] = match;
      if (text !== undefined) this.#tokens.push({ kind: "text", text: text.slice(1, -1).replace(/\\(.)/g, "$1") });
      else if (number !== undefined) this.#tokens.push({ kind: "number", text: number });
      else if (word !== undefined) this.#tokens.push({ kind: "word", text: word });
      else this.#tokens.push({ kind: "symbol", text: symbol! });
    }
  }

  or(depth: number): Test {
    let left = this.#and(depth);
    while (this.#word("OR")) {
      const [a, b] = [left, this.#and(depth)];
      left = (scope) => a(scope) || b(scope);
    }
    return left;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#error();
  }

  #and(depth: number): Test {
    let left = this.#not(depth);
    while (this.#word("AND")) {
      const [a, b] = [left, this.#not(depth)];
      left = (scope) => a(scope) && b(scope);
    }
    return left;
  }

  #not(depth: number): Test {
    if (depth > DEPTH_MAX) throw this.#error();
    if (this.#word("NOT") || this.#symbol("!")) {
      const inner = this.#not(depth + 1);
      return (scope) => !inner(scope);
    }
    if (this.#symbol("(")) {
      const inner = this.or(depth + 1);
      this.#expect(")");
      return inner;
    }
    return this.#condition(depth);
  }

  #condition(depth: number): Test {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "word") throw this.#error();
    this.#at += 1;
    const name = token.text;
    const lower = name.toLowerCase();
    if (lower === "service") return this.#service(depth);
    if (lower === "edge") return this.#edge(depth);
    if (lower.startsWith("annotation")) return this.#annotation(name);
    if (Object.hasOwn(BOOLEANS, lower)) {
      const test = BOOLEANS[lower]!;
      const operator = this.#operator();
      if (operator === undefined) return test;
      const wanted = this.#value();
      if (typeof wanted !== "boolean" || (operator !== "=" && operator !== "!=")) throw this.#error();
      return (scope) => (test(scope) === wanted) === (operator === "=");
    }
    const read = Object.hasOwn(VALUES, lower) ? VALUES[lower] : undefined;
    if (read === undefined) throw new FilterError(`Unknown keyword '${name}' in filter expression`);
    const compare = this.#comparison();
    return (scope) => read(scope).some((value) => value !== undefined && compare(value));
  }

  /** `service("name")`, `service(id(name: "n", type: "t"))`, each with or without `{ condition }`. */
  #service(depth: number): Test {
    const matches = this.#serviceList(1)[0]!;
    const inner = this.#inner(depth);
    return ({ trace }) => {
      const segments = trace.segments.filter(matches);
      return segments.length > 0 && (inner === undefined || segments.some((segment) => inner({ trace, segments: [segment], whole: false })));
    };
  }

  /** `edge("caller", "called")`. */
  #edge(depth: number): Test {
    const [from, to] = this.#serviceList(2) as [(segment: Segment) => boolean, (segment: Segment) => boolean];
    const inner = this.#inner(depth);
    return ({ trace }) => {
      const owners = new Map<string, Segment>();
      for (const segment of trace.segments) for (const one of walk(segment)) owners.set(one.id, segment);
      return trace.segments.some((segment) => {
        const parent = segment.parent_id === undefined ? undefined : owners.get(segment.parent_id);
        return parent !== undefined && to(segment) && from(parent) && (inner === undefined || inner({ trace, segments: [segment], whole: false }));
      });
    };
  }

  #serviceList(count: number): ((segment: Segment) => boolean)[] {
    if (!this.#symbol("(")) return Array.from({ length: count }, () => () => true);
    const found: ((segment: Segment) => boolean)[] = [];
    do found.push(this.#serviceReference());
    while (this.#symbol(","));
    this.#expect(")");
    if (found.length !== count) throw this.#error();
    return found;
  }

  #serviceReference(): (segment: Segment) => boolean {
    if (!this.#word("ID")) {
      const name = this.#value();
      return (segment) => segment.name === name;
    }
    this.#expect("(");
    const wanted: { [key: string]: Value } = {};
    do {
      const key = this.#tokens[this.#at++];
      // `name:` is one word, since names may hold colons.
      if (key?.kind !== "word" || !key.text.endsWith(":")) throw this.#error();
      wanted[key.text.slice(0, -1).toLowerCase()] = this.#value();
    } while (this.#symbol(","));
    this.#expect(")");
    const is = (key: string, value: string | undefined): boolean => wanted[key] === undefined || wanted[key] === "" || wanted[key] === value;
    return (segment) => is("name", segment.name) && is("type", segment.origin) && is("account.id", segment.aws?.account_id as string | undefined);
  }

  #inner(depth: number): Test | undefined {
    if (!this.#symbol("{")) return undefined;
    const inner = this.or(depth + 1);
    this.#expect("}");
    return inner;
  }

  /** `annotation.key = value`, `annotation[key] BEGINSWITH value`, or just that there is one. */
  #annotation(word: string): Test {
    let key = word.slice("annotation.".length);
    if (word.toLowerCase() === "annotation") {
      this.#expect("[");
      const token = this.#tokens[this.#at++];
      if (token === undefined || token.kind === "symbol") throw this.#error();
      key = token.text;
      this.#expect("]");
    }
    const read = (scope: Scope): (Value | undefined)[] => each(scope, ({ annotations }) => (annotations !== undefined && Object.hasOwn(annotations, key) ? annotations[key] : undefined));
    const next = this.#tokens[this.#at];
    if (next === undefined || (next.kind === "symbol" && [")", "}"].includes(next.text)) || (next.kind === "word" && /^(AND|OR)$/i.test(next.text))) return (scope) => read(scope).some((value) => value !== undefined);
    const compare = this.#comparison();
    return (scope) => read(scope).some((value) => value !== undefined && compare(value));
  }

  #comparison(): (value: Value) => boolean {
    const operator = this.#operator() ?? ["CONTAINS", "BEGINSWITH", "ENDSWITH"].find((word) => this.#word(word));
    if (operator === undefined) throw this.#error();
    const wanted = this.#value();
    switch (operator) {
      case "=":
        return (value) => value === wanted || String(value) === String(wanted);
      case "!=":
        return (value) => String(value) !== String(wanted);
      case "CONTAINS":
        return (value) => String(value).includes(String(wanted));
      case "BEGINSWITH":
        return (value) => String(value).startsWith(String(wanted));
      case "ENDSWITH":
        return (value) => String(value).endsWith(String(wanted));
      default: {
        if (typeof wanted !== "number") throw this.#error();
        const compare = { "<": (a: number) => a < wanted, "<=": (a: number) => a <= wanted, ">": (a: number) => a > wanted, ">=": (a: number) => a >= wanted }[operator]!;
        return (value) => typeof value === "number" && compare(value);
      }
    }
  }

  #operator(): string | undefined {
    return ["=", "!=", "<=", ">=", "<", ">"].find((symbol) => this.#symbol(symbol));
  }

  #value(): Value {
    const token = this.#tokens[this.#at++];
    if (token === undefined || token.kind === "symbol") throw this.#error();
    if (token.kind === "number") return Number(token.text);
    if (token.kind === "word") return /^true$/i.test(token.text) ? true : /^false$/i.test(token.text) ? false : token.text;
    return token.text;
  }

  #word(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "word" || token.text.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #symbol(symbol: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "symbol" || token.text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#symbol(symbol)) throw this.#error();
  }

  #error(): FilterError {
    return new FilterError(`Invalid filter expression near '${this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]?.text ?? ""}'`);
  }
}
