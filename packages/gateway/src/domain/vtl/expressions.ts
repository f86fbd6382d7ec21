import { TemplateError } from "./ast.ts";
import type { BinaryOperator, Expression, Reference, Statement, Step } from "./ast.ts";

/** Nesting of blocks and expressions that a template may have; a deeper one is a bomb, not a template. */
const MAX_DEPTH = 100;

const isLetter = (c: string): boolean => (c >= "a" && c <= "z") || (c >= "A" && c <= "Z");
const isDigit = (c: string): boolean => c >= "0" && c <= "9";
const isIdentifierStart = (c: string): boolean => isLetter(c) || c === "_";
const isIdentifierPart = (c: string): boolean => isLetter(c) || isDigit(c) || c === "_" || c === "-";

/** Reads references and expressions; the template's parser builds on it. */
export abstract class ExpressionParser {
  readonly source: string;
  position = 0;
  protected depth: number;

  constructor(source: string, depth = 0) {
    this.source = source;
    this.depth = depth;
  }

  /** Parses the inside of a double-quoted string, which is a template of its own. */
  protected abstract template(text: string, depth: number): Statement[];

  error(message: string): TemplateError {
    let line = 1;
    for (let i = 0; i < this.position && i < this.source.length; i++) if (this.source[i] === "\n") line++;
    return new TemplateError(message, line);
  }

  protected peek(offset = 0): string {
    return this.source[this.position + offset] ?? "";
  }

  protected startsWith(text: string): boolean {
    return this.source.startsWith(text, this.position);
  }

  protected enter(): void {
    if (++this.depth > MAX_DEPTH) throw this.error("Template is nested too deeply");
  }

  protected space(): void {
    while (/\s/.test(this.peek()) && this.position < this.source.length) this.position++;
  }

  protected expect(text: string): void {
    if (!this.startsWith(text)) {
      const found = this.position < this.source.length ? JSON.stringify(this.source.slice(this.position, this.position + 10)) : "<EOF>";
      throw this.error(`Encountered ${found}. Was expecting "${text}"`);
    }
    this.position += text.length;
  }

  /** A reference at `$`, or undefined (nothing consumed) when the dollar is only text. */
  protected tryReference(): Reference | undefined {
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

  protected primary(): Expression {
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
    const body = this.template(text, this.depth);
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
