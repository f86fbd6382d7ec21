import { PatternError, compileRegex, wordOperand, type Operand, type Operator } from "./values.ts";

const OPERATORS: readonly Operator[] = ["!=", "<=", ">=", "=", "<", ">"];

/** Reads the pieces that JSON patterns and field patterns share. */
export class Lexer {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  skip(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at]!)) this.at += 1;
  }

  /** The next character that is no space. */
  peek(): string {
    this.skip();
    return this.text[this.at] ?? "";
  }

  /** Takes a symbol when it comes next. */
  take(symbol: string): boolean {
    this.skip();
    if (!this.text.startsWith(symbol, this.at)) return false;
    this.at += symbol.length;
    return true;
  }

  expect(symbol: string): void {
    if (!this.take(symbol)) throw this.error();
  }

  /** Takes what matches a sticky expression. */
  read(expression: RegExp): string | undefined {
    this.skip();
    expression.lastIndex = this.at;
    const found = expression.exec(this.text)?.[0];
    if (found === undefined) return undefined;
    this.at += found.length;
    return found;
  }

  operator(): Operator | undefined {
    // `==` is accepted as `=`, as people write it.
    if (this.take("==")) return "=";
    return OPERATORS.find((operator) => this.take(operator));
  }

  /** A quoted text, a regular expression between `%`, or a word up to a symbol. */
  operand(word: RegExp): Operand {
    const quote = this.peek();
    if (quote === '"' || quote === "'" || quote === "%") return this.#quoted(quote);
    const found = this.read(word);
    if (found === undefined || found === "") throw this.error();
    return wordOperand(found.trim());
  }

  #quoted(quote: string): Operand {
    let value = "";
    this.at += 1;
    while (this.at < this.text.length && this.text[this.at] !== quote) {
      if (quote !== "%" && this.text[this.at] === "\\" && this.at + 1 < this.text.length) this.at += 1;
      value += this.text[this.at]!;
      this.at += 1;
    }
    if (this.at >= this.text.length) throw this.error();
    this.at += 1;
    return quote === "%" ? { kind: "regex", test: compileRegex(value) } : { kind: "text", text: value };
  }

  error(): PatternError {
    return new PatternError("Invalid filter pattern");
  }
}
