import { TemplateError } from "./ast.ts";
import type { BinaryOperator, Expression, Reference, Statement, Step } from "./ast.ts";

/** Nesting of blocks and expressions that a template may have; a deeper one is a bomb, not a template. */
const MAX_DEPTH = 100;

const RESERVED = new Set(["if", "elseif", "else", "end", "set", "foreach", "define", "macro", "break", "stop", "parse", "include", "evaluate"]);

/**
 * Parses a mapping template. White space follows Velocity 1.x: `#set` swallows the blanks before it; the closing
 * parenthesis of a directive, `#else`, `#end` and a `##` comment swallow the rest of a blank line.
 */
export function parseTemplate(source: string): Statement[] {
  const parser = new Parser(source);
  const statements = parser.block([]);
  if (parser.position < source.length) throw parser.error(`Encountered "${parser.word()}" without its opening directive`);
  return statements;
}

const isLetter = (c: string): boolean => (c >= "a" && c <= "z") || (c >= "A" && c <= "Z");
const isDigit = (c: string): boolean => c >= "0" && c <= "9";
const isIdentifierStart = (c: string): boolean => isLetter(c) || c === "_";
const isIdentifierPart = (c: string): boolean => isLetter(c) || isDigit(c) || c === "_" || c === "-";

class Parser {
  readonly source: string;
  position = 0;
  private depth = 0;

  constructor(source: string) {
    this.source = source;
  }

  error(message: string): TemplateError {
    let line = 1;
    for (let i = 0; i < this.position && i < this.source.length; i++) if (this.source[i] === "\n") line++;
    return new TemplateError(message, line);
  }

  private peek(offset = 0): string {
    return this.source[this.position + offset] ?? "";
  }

  private startsWith(text: string): boolean {
    return this.source.startsWith(text, this.position);
  }

  private enter(): void {
    if (++this.depth > MAX_DEPTH) throw this.error("Template is nested too deeply");
  }

  /** The directive word at the position (`#end`, `#{end}`), for messages and dispatch; empty when there is none. */
  word(): string {
    const match = /^#(?:\{([a-zA-Z_@][a-zA-Z0-9_@]*)\}|([a-zA-Z_@][a-zA-Z0-9_@]*))/.exec(this.source.slice(this.position, this.position + 80));
    return match ? (match[1] ?? match[2] ?? "") : "";
  }

  private skipWord(): void {
    this.position++;
    if (this.peek() === "{") this.position = this.source.indexOf("}", this.position) + 1;
    else while (/[a-zA-Z0-9_@]/.test(this.peek())) this.position++;
  }

  /** Statements up to one of the closing words (not consumed) or the end of the source. */
  block(closers: readonly string[]): Statement[] {
    this.enter();
    const statements: Statement[] = [];
    let text = "";
    const flush = (): void => {
      if (text) statements.push({ type: "text", text });
      text = "";
    };
    while (this.position < this.source.length) {
      const next = this.nextSpecial();
      text += this.source.slice(this.position, next);
      this.position = next;
      if (next >= this.source.length) break;
      const c = this.peek();
      if (c === "\\") {
        text += this.escape();
        continue;
      }
      if (c === "$") {
        const reference = this.tryReference();
        if (reference === undefined) {
          text += "$";
          this.position++;
        } else {
          flush();
          statements.push({ type: "reference", reference });
        }
        continue;
      }
      if (this.startsWith("##")) {
        this.lineComment();
        continue;
      }
      if (this.startsWith("#*")) {
        const end = this.source.indexOf("*#", this.position + 2);
        if (end < 0) throw this.error("Unterminated comment");
        this.position = end + 2;
        continue;
      }
      if (this.startsWith("#[[")) {
        const end = this.source.indexOf("]]#", this.position + 3);
        if (end < 0) throw this.error("Unterminated text block");
        text += this.source.slice(this.position + 3, end);
        this.position = end + 3;
        continue;
      }
      const word = this.word();
      if (closers.includes(word)) break;
      if (word === "end" || word === "else" || word === "elseif") {
        if (closers.length === 0) return this.leave(statements, flush);
        break;
      }
      if (word === "set" && /^#(?:set|\{set\})[ ]*\(/.test(this.source.slice(this.position, this.position + 200))) {
        text = text.replace(/[ \t]+$/, "");
        flush();
        statements.push(this.set());
        continue;
      }
      const directive = this.tryDirective(word);
      if (directive === undefined) {
        text += "#";
        this.position++;
      } else {
        flush();
        statements.push(directive);
      }
    }
    return this.leave(statements, flush);
  }

  private leave(statements: Statement[], flush: () => void): Statement[] {
    flush();
    this.depth--;
    return statements;
  }

  private nextSpecial(): number {
    for (let i = this.position; i < this.source.length; i++) {
      const c = this.source[i];
      if (c === "$" || c === "#" || c === "\\") return i;
    }
    return this.source.length;
  }

  /** A backslash before a reference or directive makes it text; anywhere else it is itself. */
  private escape(): string {
    let count = 0;
    while (this.peek(count) === "\\") count++;
    const after = this.source.slice(this.position + count, this.position + count + 80);
    const escapes = /^\$!?\{?[a-zA-Z_]/.test(after) || (/^#\{?([a-zA-Z]+)/.test(after) && RESERVED.has(/^#\{?([a-zA-Z]+)/.exec(after)![1]!));
    if (!escapes) {
      this.position += count;
      return "\\".repeat(count);
    }
    this.position += count;
    const halves = "\\".repeat(count >> 1);
    if (count % 2 === 0) return halves;
    const literal = this.peek();
    this.position++;
    return halves + literal;
  }

  private lineComment(): void {
    while (this.position < this.source.length && this.peek() !== "\n" && this.peek() !== "\r") this.position++;
    this.newline();
  }

  private newline(): void {
    if (this.startsWith("\r\n")) this.position += 2;
    else if (this.peek() === "\n" || this.peek() === "\r") this.position++;
  }

  /** Blanks and the line break after a directive, when nothing else stands on the rest of the line. */
  private gobbleLine(): void {
    let i = this.position;
    while (this.source[i] === " " || this.source[i] === "\t") i++;
    if (this.source[i] === "\n" || this.source[i] === "\r") {
      this.position = i;
      this.newline();
    }
  }

  private space(): void {
    while (/\s/.test(this.peek()) && this.position < this.source.length) this.position++;
  }

  private expect(text: string): void {
    if (!this.startsWith(text)) {
      const found = this.position < this.source.length ? JSON.stringify(this.source.slice(this.position, this.position + 10)) : "<EOF>";
      throw this.error(`Encountered ${found}. Was expecting "${text}"`);
    }
    this.position += text.length;
  }

  private set(): Statement {
    this.skipWord();
    this.space();
    this.expect("(");
    this.space();
    if (this.peek() !== "$") throw this.error("#set needs a reference on the left");
    const target = this.tryReference();
    if (target === undefined) throw this.error("#set needs a reference on the left");
    this.space();
    this.expect("=");
    const value = this.expression();
    this.space();
    this.expect(")");
    this.gobbleLine();
    return { type: "set", target, value };
  }

  private tryDirective(word: string): Statement | undefined {
    switch (word) {
      case "if":
        return this.ifStatement();
      case "foreach":
        return this.foreach();
      case "define":
        return this.define();
      case "macro":
        return this.macro();
      case "break":
      case "stop":
        this.skipWord();
        return { type: word };
      case "set":
        throw this.error('Encountered "#set" without its parentheses');
      case "parse":
      case "include":
      case "evaluate":
        throw this.error(`#${word} is not available in mapping templates`);
      default:
        return word === "" ? undefined : this.tryMacroCall(word);
    }
  }

  private open(): void {
    this.skipWord();
    this.space();
    this.expect("(");
  }

  private end(name: string): void {
    if (this.word() !== "end") throw this.error(`#${name} has no #end`);
    this.skipWord();
    this.gobbleLine();
  }

  private ifStatement(): Statement {
    const branches: { condition: Expression; body: Statement[] }[] = [];
    let otherwise: Statement[] | undefined;
    this.open();
    for (;;) {
      const condition = this.expression();
      this.space();
      this.expect(")");
      this.gobbleLine();
      branches.push({ condition, body: this.block(["elseif", "else", "end"]) });
      if (this.word() !== "elseif") break;
      this.open();
    }
    if (this.word() === "else") {
      this.skipWord();
      this.gobbleLine();
      otherwise = this.block(["end"]);
    }
    this.end("if");
    return { type: "if", branches, otherwise };
  }

  private foreach(): Statement {
    this.open();
    this.space();
    const variable = this.peek() === "$" ? this.tryReference() : undefined;
    if (variable === undefined || variable.path.length > 0) throw this.error("#foreach needs a variable");
    this.space();
    if (!/^in[\s[$({'"]/.test(this.source.slice(this.position, this.position + 3))) throw this.error('#foreach needs "in"');
    this.position += 2;
    const items = this.expression();
    this.space();
    this.expect(")");
    this.gobbleLine();
    const body = this.block(["end"]);
    this.end("foreach");
    return { type: "foreach", variable: variable.name, items, body };
  }

  private define(): Statement {
    this.open();
    this.space();
    const variable = this.peek() === "$" ? this.tryReference() : undefined;
    if (variable === undefined || variable.path.length > 0) throw this.error("#define needs a variable");
    this.space();
    this.expect(")");
    this.gobbleLine();
    const body = this.block(["end"]);
    this.end("define");
    return { type: "define", name: variable.name, body };
  }

  private macro(): Statement {
    this.open();
    this.space();
    const name = /^[a-zA-Z_][a-zA-Z0-9_]*/.exec(this.source.slice(this.position, this.position + 200))?.[0];
    if (name === undefined) throw this.error("A macro declaration requires at least a name argument");
    this.position += name.length;
    const parameters: string[] = [];
    for (;;) {
      this.space();
      if (this.peek() === ",") {
        this.position++;
        this.space();
      }
      if (this.peek() !== "$") break;
      const parameter = this.tryReference();
      if (parameter === undefined || parameter.path.length > 0) throw this.error("Invalid arg in #macro");
      parameters.push(parameter.name);
    }
    this.expect(")");
    this.gobbleLine();
    const body = this.block(["end"]);
    this.end("macro");
    return { type: "macro", name, parameters, body };
  }

  /** `#name(args)`: a call when a macro of that name exists by then, else text (colours in style sheets, fragments). */
  private tryMacroCall(word: string): Statement | undefined {
    const start = this.position;
    this.skipWord();
    const afterWord = this.position;
    this.space();
    if (this.peek() !== "(") {
      this.position = start;
      return undefined;
    }
    this.position++;
    const args: Expression[] = [];
    try {
      for (;;) {
        this.space();
        if (this.peek() === ",") {
          this.position++;
          this.space();
        }
        if (this.peek() === ")") break;
        if (this.position >= this.source.length) throw this.error("Unterminated arguments");
        args.push(this.primary());
      }
    } catch {
      this.position = afterWord;
      return { type: "text", text: this.source.slice(start, afterWord) };
    }
    this.position++;
    const source = this.source.slice(start, this.position);
    return { type: "call", name: word, args, source };
  }

  /** A reference at `$`, or undefined (nothing consumed) when the dollar is only text. */
  private tryReference(): Reference | undefined {
    const start = this.position;
    this.position++;
    if (this.peek() === "!") this.position++;
    const braced = this.peek() === "{";
    if (braced) this.position++;
    if (!isIdentifierStart(this.peek())) {
      this.position = start;
      return undefined;
    }
    const name = this.identifier();
    const path = this.steps();
    if (braced) {
      if (this.peek() !== "}") {
        this.position = start;
        return undefined;
      }
      this.position++;
    }
    return { name, path };
  }

  private identifier(): string {
    const start = this.position;
    while (isIdentifierPart(this.peek()) && this.position < this.source.length) this.position++;
    return this.source.slice(start, this.position);
  }

  private steps(): Step[] {
    const steps: Step[] = [];
    for (;;) {
      if (this.peek() === "." && isLetter(this.peek(1))) {
        this.position++;
        const name = this.identifier();
        if (this.peek() === "(") {
          this.position++;
          steps.push({ type: "method", name, args: this.list(")") });
        } else steps.push({ type: "property", name });
      } else if (this.peek() === "[") {
        const start = this.position;
        this.position++;
        try {
          const index = this.expression();
          this.space();
          this.expect("]");
          steps.push({ type: "index", index });
        } catch (error) {
          // "$name[" may be text: only what reads as an index is one.
          if (!(error instanceof TemplateError)) throw error;
          this.position = start;
          return steps;
        }
      } else return steps;
    }
  }

  private list(close: string): Expression[] {
    const items: Expression[] = [];
    this.space();
    if (this.peek() === close) {
      this.position++;
      return items;
    }
    for (;;) {
      items.push(this.expression());
      this.space();
      if (this.peek() === ",") {
        this.position++;
        continue;
      }
      this.expect(close);
      return items;
    }
  }

  expression(): Expression {
    this.enter();
    const result = this.or();
    this.depth--;
    return result;
  }

  private operator(candidates: readonly (readonly [string, BinaryOperator])[]): BinaryOperator | undefined {
    this.space();
    for (const [text, operator] of candidates) {
      if (!this.startsWith(text)) continue;
      if (isLetter(text[0]!) && isIdentifierPart(this.peek(text.length))) continue;
      this.position += text.length;
      return operator;
    }
    return undefined;
  }

  private chain(next: () => Expression, candidates: readonly (readonly [string, BinaryOperator])[]): Expression {
    let left = next();
    for (;;) {
      const operator = this.operator(candidates);
      if (operator === undefined) return left;
      left = { type: "binary", operator, left, right: next() };
    }
  }

  private or(): Expression {
    return this.chain(() => this.and(), [["||", "or"], ["or", "or"]]);
  }

  private and(): Expression {
    return this.chain(() => this.equality(), [["&&", "and"], ["and", "and"]]);
  }

  private equality(): Expression {
    return this.chain(() => this.relational(), [["==", "=="], ["!=", "!="], ["eq", "=="], ["ne", "!="]]);
  }

  private relational(): Expression {
    return this.chain(() => this.additive(), [["<=", "<="], [">=", ">="], ["<", "<"], [">", ">"], ["lt", "<"], ["le", "<="], ["gt", ">"], ["ge", ">="]]);
  }

  private additive(): Expression {
    return this.chain(() => this.multiplicative(), [["+", "+"], ["-", "-"]]);
  }

  private multiplicative(): Expression {
    return this.chain(() => this.unary(), [["*", "*"], ["/", "/"], ["%", "%"]]);
  }

  private unary(): Expression {
    this.space();
    if (this.peek() === "!" && this.peek(1) !== "=") {
      this.position++;
      return { type: "not", operand: this.nested(() => this.unary()) };
    }
    if (this.startsWith("not") && !isIdentifierPart(this.peek(3))) {
      this.position += 3;
      return { type: "not", operand: this.nested(() => this.unary()) };
    }
    return this.primary();
  }

  private nested<T>(parse: () => T): T {
    this.enter();
    const result = parse();
    this.depth--;
    return result;
  }

  private primary(): Expression {
    this.space();
    const c = this.peek();
    if (c === "$") {
      const reference = this.tryReference();
      if (reference === undefined) throw this.error('Encountered "$" that starts no reference');
      return { type: "ref", reference };
    }
    if (c === '"') return this.doubleQuoted();
    if (c === "'") return { type: "literal", value: this.quoted("'") };
    if (c === "(") {
      this.position++;
      const inner = this.expression();
      this.space();
      this.expect(")");
      return inner;
    }
    if (c === "[") return this.nested(() => this.listOrRange());
    if (c === "{") return this.nested(() => this.map());
    if (isDigit(c) || (c === "-" && (isDigit(this.peek(1)) || this.peek(1) === ".")) || (c === "." && isDigit(this.peek(1)))) return this.number();
    for (const [word, value] of [["true", true], ["false", false]] as const) {
      if (this.startsWith(word) && !isIdentifierPart(this.peek(word.length))) {
        this.position += word.length;
        return { type: "literal", value };
      }
    }
    throw this.error(c === "" ? 'Encountered "<EOF>"' : `Encountered ${JSON.stringify(this.source.slice(this.position, this.position + 10))}`);
  }

  private number(): Expression {
    const match = /^-?(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?/.exec(this.source.slice(this.position, this.position + 400));
    if (match === null) throw this.error("Malformed number");
    this.position += match[0].length;
    const text = match[0];
    if (/[.eE]/.test(text)) return { type: "double", value: Number(text) };
    const value = Number(text);
    return { type: "literal", value: Number.isSafeInteger(value) ? value : BigInt(text) };
  }

  /** The inside of a quoted string; a doubled quote stands for one. Backslashes stay, as in Velocity 1.7. */
  private quoted(quote: string): string {
    const start = this.position;
    let text = "";
    this.position++;
    for (;;) {
      const c = this.peek();
      if (c === "") {
        this.position = start;
        throw this.error("Unterminated string");
      }
      if (c === quote) {
        if (this.peek(1) !== quote) break;
        text += quote;
        this.position += 2;
        continue;
      }
      if (c === "\\" && quote === '"' && (this.peek(1) === '"' || this.peek(1) === "\\")) {
        text += c + this.peek(1);
        this.position += 2;
        continue;
      }
      text += c;
      this.position++;
    }
    this.position++;
    return text;
  }

  private doubleQuoted(): Expression {
    const text = this.quoted('"').replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    if (!text.includes("$") && !text.includes("#")) return { type: "literal", value: text };
    this.enter();
    const inner = new Parser(text);
    inner.depth = this.depth;
    const body = inner.block([]);
    if (inner.position < text.length) throw this.error("A string holds an unbalanced directive");
    this.depth--;
    return { type: "interpolated", body };
  }

  private listOrRange(): Expression {
    this.position++;
    this.space();
    if (this.peek() === "]") {
      this.position++;
      return { type: "list", items: [] };
    }
    const first = this.expression();
    this.space();
    if (this.startsWith("..")) {
      this.position += 2;
      const to = this.expression();
      this.space();
      this.expect("]");
      return { type: "range", from: first, to };
    }
    const items = [first];
    for (;;) {
      this.space();
      if (this.peek() === "]") break;
      this.expect(",");
      items.push(this.expression());
    }
    this.position++;
    return { type: "list", items };
  }

  private map(): Expression {
    this.position++;
    const entries: { key: Expression; value: Expression }[] = [];
    this.space();
    if (this.peek() === "}") {
      this.position++;
      return { type: "map", entries };
    }
    for (;;) {
      const key = this.expression();
      this.space();
      this.expect(":");
      const value = this.expression();
      entries.push({ key, value });
      this.space();
      if (this.peek() === "}") break;
      this.expect(",");
    }
    this.position++;
    return { type: "map", entries };
  }
}
