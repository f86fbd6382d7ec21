import type { Expression, Statement } from "./ast.ts";
import { ExpressionParser } from "./expressions.ts";

const RESERVED = new Set(["if", "elseif", "else", "end", "set", "foreach", "define", "macro", "break", "stop", "parse", "include", "evaluate"]);

/**
 * Parses a mapping template. White space follows Velocity 1.x: `#set` swallows the blanks before it; the closing
 * parenthesis of a directive, `#else`, `#end` and a `##` comment swallow the rest of a blank line.
 */
export function parseTemplate(source: string): Statement[] {
  const parser = new TemplateParser(source);
  const statements = parser.block([]);
  if (parser.position < source.length) throw parser.error(`Encountered "${parser.word()}" without its opening directive`);
  return statements;
}

class TemplateParser extends ExpressionParser {
  protected override template(text: string, depth: number): Statement[] {
    const inner = new TemplateParser(text, depth);
    const body = inner.block([]);
    if (inner.position < text.length) throw this.error("A string holds an unbalanced directive");
    return body;
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
}
