/** A statement that cannot be read or run, in one sentence; `line` and `column` from 1 where it is known. */
export class SqlError extends Error {
  override name = "SqlError";
  readonly line: number;
  readonly column: number;

  constructor(message: string, line = 1, column = 1) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** An expression as a tree. */
export type Expression =
  | { kind: "literal"; value: string | number | boolean | null }
  | { kind: "column"; path: readonly string[] }
  | { kind: "star" }
  | { kind: "call"; name: string; args: readonly Expression[]; distinct: boolean }
  | { kind: "index"; of: Expression; key: Expression }
  | { kind: "not"; of: Expression }
  | { kind: "negate"; of: Expression }
  | { kind: "binary"; operator: string; left: Expression; right: Expression }
  | { kind: "in"; of: Expression; list: readonly Expression[]; negated: boolean }
  | { kind: "between"; of: Expression; from: Expression; to: Expression; negated: boolean }
  | { kind: "null"; of: Expression; negated: boolean }
  | { kind: "like"; of: Expression; pattern: Expression; negated: boolean }
  | { kind: "case"; of: Expression | undefined; branches: readonly { when: Expression; then: Expression }[]; otherwise: Expression | undefined }
  | { kind: "cast"; of: Expression; type: string };

/** `SELECT` over one table. */
export interface Select {
  distinct: boolean;
  items: readonly { expression: Expression; alias: string | undefined }[];
  /** As written, quotes taken off. */
  from: string;
  /** What columns may be prefixed with. */
  fromAlias: string | undefined;
  where: Expression | undefined;
  groupBy: readonly Expression[];
  having: Expression | undefined;
  orderBy: readonly { expression: Expression; descending: boolean; nullsFirst: boolean | undefined }[];
  limit: number | undefined;
  offset: number;
}

interface Token {
  kind: "word" | "quoted" | "text" | "number" | "symbol" | "end";
  text: string;
  at: number;
}

/** Words that end an expression or a table name, unless they are quoted. */
const RESERVED = new Set(["FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION", "JOIN", "ON", "AND", "OR", "NOT", "AS", "CASE", "WHEN", "THEN", "ELSE", "END", "INNER", "LEFT", "RIGHT", "CROSS", "FULL", "IN", "IS", "LIKE", "BETWEEN", "ASC", "DESC", "NULLS", "EXCEPT", "INTERSECT"]);
const TOKEN = /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|('(?:[^']|'')*')|("(?:[^"]|"")*")|(`[^`]*`)|(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_@$][\w@$]*)|(<>|!=|<=|>=|\|\||->|[-+*/%=<>(),.;[\]])/y;
const DEPTH_MAX = 100;

/** @throws SqlError */
export function parseSelect(source: string): Select {
  return new Parser(source).statement();
}

class Parser {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    let at = 0;
    while (at < source.length) {
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(source);
      if (match === null) throw this.#errorAt(at, `Unexpected character '${source[at]}'`);
      const [, text, quoted, backquoted, number, word, symbol] = match;
      if (text !== undefined) this.#tokens.push({ kind: "text", text: text.slice(1, -1).replaceAll("''", "'"), at });
      else if (quoted !== undefined) this.#tokens.push({ kind: "quoted", text: quoted.slice(1, -1).replaceAll('""', '"'), at });
      else if (backquoted !== undefined) this.#tokens.push({ kind: "quoted", text: backquoted.slice(1, -1), at });
      else if (number !== undefined) this.#tokens.push({ kind: "number", text: number, at });
      else if (word !== undefined) this.#tokens.push({ kind: "word", text: word, at });
      else if (symbol !== undefined) this.#tokens.push({ kind: "symbol", text: symbol, at });
      at = TOKEN.lastIndex;
    }
    this.#tokens.push({ kind: "end", text: "<EOF>", at: source.length });
  }

  statement(): Select {
    this.#expectWord("SELECT");
    const distinct = this.#word("DISTINCT");
    if (!distinct) this.#word("ALL");
    const items = this.#separated(() => this.#item());
    this.#expectWord("FROM");
    const from = this.#table();
    const fromAlias = this.#word("AS") ? this.#name() : this.#peek.kind === "quoted" || (this.#peek.kind === "word" && !RESERVED.has(this.#peek.text.toUpperCase())) ? this.#name() : undefined;
    const where = this.#word("WHERE") ? this.#expression() : undefined;
    const groupBy = this.#words("GROUP", "BY") ? this.#separated(() => this.#expression()) : [];
    const having = this.#word("HAVING") ? this.#expression() : undefined;
    const orderBy = this.#words("ORDER", "BY") ? this.#separated(() => this.#order()) : [];
    const offset = this.#word("OFFSET") ? this.#count() : 0;
    const limit = this.#word("LIMIT") ? (this.#word("ALL") ? undefined : this.#count()) : undefined;
    this.#symbol(";");
    if (this.#peek.kind !== "end") throw this.#unexpected();
    return { distinct, items, from, fromAlias, where, groupBy, having, orderBy, limit, offset };
  }

  #item(): Select["items"][number] {
    const expression = this.#symbol("*") ? { kind: "star" } as const : this.#expression();
    const alias = this.#word("AS") || this.#peek.kind === "quoted" || (this.#peek.kind === "word" && !RESERVED.has(this.#peek.text.toUpperCase())) ? this.#name() : undefined;
    return { expression, alias };
  }

  /** A name, quoted or not; ids with hyphens need no quotes, as CloudTrail Lake takes them. */
  #table(): string {
    const token = this.#peek;
    if (token.kind === "quoted") return this.#next().text;
    const bare = /^[\w$.:/-]+/.exec(this.#source.slice(token.at))?.[0];
    if (bare === undefined || token.text === "(") throw this.#errorAt(token.at, "Only a single event data store can stand after FROM in Cumulet");
    while (this.#peek.at < token.at + bare.length && this.#peek.kind !== "end") this.#next();
    if (this.#peek.text === "," || /^(JOIN|INNER|LEFT|RIGHT|CROSS|FULL)$/i.test(this.#peek.text)) throw this.#errorAt(this.#peek.at, "Joins are not supported by Cumulet");
    return bare;
  }

  #order(): Select["orderBy"][number] {
    const expression = this.#expression();
    const descending = this.#word("DESC");
    if (!descending) this.#word("ASC");
    const nullsFirst = this.#word("NULLS") ? (this.#word("FIRST") ? true : (this.#expectWord("LAST"), false)) : undefined;
    return { expression, descending, nullsFirst };
  }

  #expression(): Expression {
    if ((this.#depth += 1) > DEPTH_MAX) throw this.#errorAt(this.#peek.at, "The statement is nested too deeply");
    let left = this.#and();
    while (this.#word("OR")) left = { kind: "binary", operator: "OR", left, right: this.#and() };
    this.#depth -= 1;
    return left;
  }

  #and(): Expression {
    let left = this.#notted();
    while (this.#word("AND")) left = { kind: "binary", operator: "AND", left, right: this.#notted() };
    return left;
  }

  #notted(): Expression {
    let negations = 0;
    while (this.#word("NOT")) negations += 1;
    const of = this.#comparison();
    return negations % 2 === 1 ? { kind: "not", of } : of;
  }

  #comparison(): Expression {
    const left = this.#sum();
    if (this.#word("IS")) {
      const negated = this.#word("NOT");
      this.#expectWord("NULL");
      return { kind: "null", of: left, negated };
    }
    const negated = this.#word("NOT");
    if (this.#word("IN")) {
      this.#expect("(");
      const list = this.#separated(() => this.#expression());
      this.#expect(")");
      return { kind: "in", of: left, list, negated };
    }
    if (this.#word("BETWEEN")) {
      const from = this.#sum();
      this.#expectWord("AND");
      return { kind: "between", of: left, from, to: this.#sum(), negated };
    }
    if (this.#word("LIKE")) return { kind: "like", of: left, pattern: this.#sum(), negated };
    if (negated) throw this.#unexpected();
    for (const operator of ["=", "<>", "!=", "<=", ">=", "<", ">"]) {
      if (this.#symbol(operator)) return { kind: "binary", operator: operator === "!=" ? "<>" : operator, left, right: this.#sum() };
    }
    return left;
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      const operator = ["+", "-", "||"].find((one) => this.#symbol(one));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.#product() };
    }
  }

  #product(): Expression {
    let left = this.#unary();
    for (;;) {
      const operator = ["*", "/", "%"].find((one) => this.#symbol(one));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.#unary() };
    }
  }

  #unary(): Expression {
    let negations = 0;
    while (this.#symbol("-")) negations += 1;
    let of = this.#primary();
    while (this.#symbol("[")) {
      of = { kind: "index", of, key: this.#expression() };
      this.#expect("]");
    }
    return negations % 2 === 1 ? { kind: "negate", of } : of;
  }

  #primary(): Expression {
    const token = this.#peek;
    if (token.kind === "number") return { kind: "literal", value: Number(this.#next().text) };
    if (token.kind === "text") return { kind: "literal", value: this.#next().text };
    if (this.#symbol("(")) {
      if (this.#peek.text.toUpperCase() === "SELECT") throw this.#errorAt(this.#peek.at, "Subqueries are not supported by Cumulet");
      const inner = this.#expression();
      this.#expect(")");
      return inner;
    }
    if (token.kind === "quoted") return this.#column();
    if (token.kind !== "word" || (RESERVED.has(token.text.toUpperCase()) && !/^(CASE|LEFT|RIGHT)$/i.test(token.text))) throw this.#unexpected();
    const upper = token.text.toUpperCase();
    const following = this.#tokens[this.#at + 1]!;
    if (upper === "NULL" || upper === "TRUE" || upper === "FALSE") {
      this.#next();
      return { kind: "literal", value: upper === "NULL" ? null : upper === "TRUE" };
    }
    if ((upper === "TIMESTAMP" || upper === "DATE") && following.kind === "text") {
      this.#next();
      return { kind: "literal", value: this.#next().text };
    }
    if (upper === "CASE") return this.#case();
    if ((upper === "CAST" || upper === "TRY_CAST") && following.text === "(") return this.#cast();
    if (following.text === "(" && following.kind === "symbol") return this.#call();
    return this.#column();
  }

  #column(): Expression {
    const path = [this.#name()];
    while (this.#symbol(".")) path.push(this.#name());
    return { kind: "column", path };
  }

  #call(): Expression {
    const name = this.#next().text.toLowerCase();
    this.#expect("(");
    const distinct = this.#word("DISTINCT");
    if (this.#symbol("*")) {
      this.#expect(")");
      return { kind: "call", name, args: [{ kind: "star" }], distinct };
    }
    if (this.#symbol(")")) return { kind: "call", name, args: [], distinct };
    const args = this.#separated(() => this.#expression());
    this.#expect(")");
    return { kind: "call", name, args, distinct };
  }

  #cast(): Expression {
    this.#next();
    this.#expect("(");
    const of = this.#expression();
    this.#expectWord("AS");
    let type = this.#name().toLowerCase();
    if (this.#symbol("(")) {
      while (!this.#symbol(")")) type += ` ${this.#next().text}`;
    }
    this.#expect(")");
    return { kind: "cast", of, type };
  }

  #case(): Expression {
    this.#next();
    const of = this.#peek.text.toUpperCase() === "WHEN" ? undefined : this.#expression();
    const branches: { when: Expression; then: Expression }[] = [];
    while (this.#word("WHEN")) {
      const when = this.#expression();
      this.#expectWord("THEN");
      branches.push({ when, then: this.#expression() });
    }
    const otherwise = this.#word("ELSE") ? this.#expression() : undefined;
    this.#expectWord("END");
    return { kind: "case", of, branches, otherwise };
  }

  #separated<T>(read: () => T): T[] {
    const found = [read()];
    while (this.#symbol(",")) found.push(read());
    return found;
  }

  #count(): number {
    const token = this.#next();
    if (token.kind !== "number" || !/^\d+$/.test(token.text)) throw this.#errorAt(token.at, "A whole number is expected");
    return Number(token.text);
  }

  #name(): string {
    const token = this.#next();
    if (token.kind !== "word" && token.kind !== "quoted") throw this.#errorAt(token.at, `mismatched input '${token.text}'. Expecting: an identifier`);
    return token.text;
  }

  get #peek(): Token {
    return this.#tokens[this.#at]!;
  }

  #next(): Token {
    const token = this.#peek;
    if (token.kind !== "end") this.#at += 1;
    return token;
  }

  #word(word: string): boolean {
    const token = this.#peek;
    if (token.kind !== "word" || token.text.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #words(one: string, other: string): boolean {
    if (!this.#word(one)) return false;
    this.#expectWord(other);
    return true;
  }

  #symbol(symbol: string): boolean {
    const token = this.#peek;
    if (token.kind !== "symbol" || token.text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #expectWord(word: string): void {
    if (!this.#word(word)) throw this.#errorAt(this.#peek.at, `mismatched input '${this.#peek.text}'. Expecting: '${word}'`);
  }

  #expect(symbol: string): void {
    if (!this.#symbol(symbol)) throw this.#errorAt(this.#peek.at, `mismatched input '${this.#peek.text}'. Expecting: '${symbol}'`);
  }

  #unexpected(): SqlError {
    return this.#errorAt(this.#peek.at, `mismatched input '${this.#peek.text}'. Expecting: <expression>`);
  }

  #errorAt(at: number, message: string): SqlError {
    const before = this.#source.slice(0, at).split("\n");
    return new SqlError(message, before.length, before[before.length - 1]!.length + 1);
  }
}
