import type { Dimension } from "@cumulet/protocol/models/cloudwatch.d.ts";
import { MathError } from "./math/parse.ts";

/** What a search looks at. */
export interface Searchable {
  namespace: string;
  name: string;
  dimensions: readonly Dimension[];
}

type Test = (metric: Searchable) => boolean;

/** A compiled search expression. */
export interface Search {
  /** From `{Namespace,...}`: searching one namespace is enough. */
  namespace: string | undefined;
  test: Test;
}

const TOKEN = /\s*(?:"([^"]*)"|([()=])|((?:[^\s()="]|(?<=\w)-)+))/y;

/**
 * `{Namespace,Dim1,Dim2} MetricName="Errors" OR Duration FunctionName=app`: words match parts of names and values (whole tokens),
 * quoted ones match exactly.
 *
 * @throws MathError
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 */
export function compileSearch(source: string): Search {
  const tests: Test[] = [];
  let namespace: string | undefined;
  let rest = source.trim();
  const schema = /^\{([^}]*)\}/.exec(rest);
  if (schema !== null) {
    rest = rest.slice(schema[0].length);
    const [space, ...names] = schema[1]!.split(",").map((part) => part.trim().replace(/^"(.*)"$/, "$1"));
    namespace = space!;
    const wanted = [...names].sort().join("\0");
    tests.push((metric) => metric.namespace === space && metric.dimensions.map(({ Name }) => Name).sort().join("\0") === wanted);
  }
  const parser = new SearchParser(rest);
  const condition = parser.or();
  parser.end();
  if (condition !== undefined) tests.push(condition);
  return { namespace, test: (metric) => tests.every((test) => test(metric)) };
}

interface Token {
  text: string;
  quoted: boolean;
  symbol: boolean;
}

class SearchParser {
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(source: string) {
    let at = 0;
    while (at < source.length && source.slice(at).trim() !== "") {
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(source);
      if (match === null) throw new MathError("Invalid search expression");
      at = TOKEN.lastIndex;
      this.#tokens.push({ text: (match[1] ?? match[2] ?? match[3])!, quoted: match[1] !== undefined, symbol: match[2] !== undefined });
    }
  }

  or(): Test | undefined {
    let left = this.#and();
    while (this.#word("OR")) {
      const [a, b] = [left, this.#and()];
      if (a === undefined || b === undefined) throw new MathError("Invalid search expression");
      left = (metric) => a(metric) || b(metric);
    }
    return left;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw new MathError("Invalid search expression");
  }

  #and(): Test | undefined {
    const all: Test[] = [];
    for (;;) {
      this.#word("AND");
      const next = this.#tokens[this.#at];
      if (next === undefined || (next.symbol && next.text === ")") || (!next.quoted && next.text === "OR")) break;
      all.push(this.#one());
    }
    return all.length === 0 ? undefined : (metric) => all.every((test) => test(metric));
  }

  #one(): Test {
    if (this.#word("NOT")) {
      const inner = this.#one();
      return (metric) => !inner(metric);
    }
    if (this.#symbol("(")) return this.#group();
    const token = this.#take();
    if (!this.#symbol("=")) {
      return (metric) => [metric.namespace, metric.name, ...metric.dimensions.flatMap(({ Name, Value }) => [Name, Value])].some((text) => matches(text, token));
    }
    const property = token.text;
    const value = this.#symbol("(") ? this.#values() : [this.#take()];
    return (metric) => {
      const texts = property === "MetricName" ? [metric.name] : property === "Namespace" ? [metric.namespace] : metric.dimensions.filter(({ Name }) => Name === property).map(({ Value }) => Value);
      return texts.some((text) => value.some((wanted) => matches(text, wanted)));
    };
  }

  #group(): Test {
    const inner = this.or();
    if (inner === undefined || !this.#symbol(")")) throw new MathError("Invalid search expression");
    return inner;
  }

  #values(): Token[] {
    const values = [this.#take()];
    while (this.#word("OR")) values.push(this.#take());
    if (!this.#symbol(")")) throw new MathError("Invalid search expression");
    return values;
  }

  #take(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.symbol) throw new MathError("Invalid search expression");
    this.#at += 1;
    return token;
  }

  #word(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.quoted || token.text !== word) return false;
    this.#at += 1;
    return true;
  }

  #symbol(symbol: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || !token.symbol || token.text !== symbol) return false;
    this.#at += 1;
    return true;
  }
}

/** Quoted: the whole text. Else: its tokens hold all of the word's tokens, whatever their case. */
function matches(text: string, { text: wanted, quoted }: Token): boolean {
  if (quoted) return text === wanted;
  const tokens = new Set(split(text));
  return split(wanted).every((token) => tokens.has(token));
}

/** As CloudWatch splits names: at punctuation and where lower case meets upper case; the whole is a token too. */
function split(text: string): string[] {
  return [text, ...text.split(/[^A-Za-z0-9]+/), ...text.split(/[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])/)].filter((token) => token !== "").map((token) => token.toLowerCase());
}
