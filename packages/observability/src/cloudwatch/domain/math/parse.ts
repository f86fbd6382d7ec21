/** A metric math expression that cannot be read or computed, in one sentence. */
export class MathError extends Error {
  override name = "MathError";
}

export type Operator = "+" | "-" | "*" | "/" | "^" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "AND" | "OR";

/** An expression as a tree. */
export type Node =
  | { kind: "number"; value: number }
  | { kind: "text"; text: string }
  | { kind: "name"; name: string }
  | { kind: "list"; items: readonly Node[] }
  | { kind: "call"; name: string; args: readonly Node[] }
  | { kind: "negate"; of: Node }
  | { kind: "binary"; operator: Operator; left: Node; right: Node };

const TOKEN = /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|'([^']*)'|"([^"]*)"|(&&|\|\||==|!=|<=|>=|[-+*/^<>()[\],]))/y;
const DEPTH_MAX = 100;
/** Operators by how loosely they bind, loosest first. */
const LEVELS: readonly (readonly Operator[])[] = [["OR"], ["AND"], ["==", "!=", "<", "<=", ">", ">="], ["+", "-"], ["*", "/"]];
const WORDS: { [word: string]: Operator } = { AND: "AND", and: "AND", "&&": "AND", OR: "OR", or: "OR", "||": "OR" };

interface Token {
  kind: "number" | "word" | "text" | "symbol";
  text: string;
}

/** @throws MathError */
export function parseMath(source: string): Node {
  const parser = new Parser(tokenize(source));
  const node = parser.expression(0, 0);
  if (!parser.ended) throw new MathError(`Unexpected '${parser.peek?.text}'`);
  return node;
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) {
      if (source.slice(at).trim() === "") break;
      throw new MathError(`Unexpected character '${source.slice(at).trimStart()[0]}'`);
    }
    at = TOKEN.lastIndex;
    const [, number, word, single, double, symbol] = match;
    if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol });
    else tokens.push({ kind: "text", text: (single ?? double)! });
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  get ended(): boolean {
    return this.#at >= this.#tokens.length;
  }

  expression(level: number, depth: number): Node {
    if (depth > DEPTH_MAX) throw new MathError("The expression is nested too deeply");
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary(depth);
    let left = this.expression(level + 1, depth);
    for (;;) {
      const operator = this.#operator();
      if (operator === undefined || !operators.includes(operator)) return left;
      this.#at += 1;
      left = { kind: "binary", operator, left, right: this.expression(level + 1, depth) };
    }
  }

  #operator(): Operator | undefined {
    const token = this.peek;
    if (token === undefined || token.kind === "text" || token.kind === "number") return undefined;
    return WORDS[token.text] ?? (token.kind === "symbol" ? token.text as Operator : undefined);
  }

  #unary(depth: number): Node {
    if (this.#take("-")) return { kind: "negate", of: this.#unary(depth + 1) };
    const base = this.#primary(depth);
    if (!this.#take("^")) return base;
    return { kind: "binary", operator: "^", left: base, right: this.#unary(depth + 1) };
  }

  #primary(depth: number): Node {
    const token = this.peek;
    if (token === undefined) throw new MathError("Unexpected end");
    this.#at += 1;
    if (token.kind === "number") return { kind: "number", value: Number(token.text) };
    if (token.kind === "text") return { kind: "text", text: token.text };
    if (token.kind === "word") {
      if (!this.#take("(")) return { kind: "name", name: token.text };
      return { kind: "call", name: token.text.toUpperCase(), args: this.#list(")", depth) };
    }
    if (token.text === "(") {
      const inner = this.expression(0, depth + 1);
      this.#expect(")");
      return inner;
    }
    if (token.text === "[") return { kind: "list", items: this.#list("]", depth) };
    throw new MathError(`Unexpected '${token.text}'`);
  }

  #list(close: string, depth: number): Node[] {
    const items: Node[] = [];
    if (this.#take(close)) return items;
    do items.push(this.expression(0, depth + 1));
    while (this.#take(","));
    this.#expect(close);
    return items;
  }

  #take(symbol: string): boolean {
    const token = this.peek;
    if (token?.kind !== "symbol" || token.text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#take(symbol)) throw new MathError(this.peek === undefined ? "Unexpected end" : `Unexpected '${this.peek.text}'`);
  }
}

/** The ids that an expression names. */
export function namesIn(node: Node, found = new Set<string>()): Set<string> {
  if (node.kind === "name") found.add(node.name);
  else if (node.kind === "list") for (const item of node.items) namesIn(item, found);
  else if (node.kind === "call") for (const item of node.args) namesIn(item, found);
  else if (node.kind === "negate") namesIn(node.of, found);
  else if (node.kind === "binary") {
    namesIn(node.left, found);
    namesIn(node.right, found);
  }
  return found;
}
