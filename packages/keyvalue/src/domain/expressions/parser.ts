import { tokenize } from "./tokens.ts";
import type { Token } from "./tokens.ts";
import type { Comparator, Condition, Operand, PathNode, Step, Update, ValueNode } from "./syntax.ts";

/**
 * Recursive descent over one grammar. Faults are `ExpressionError`s whose message is what DynamoDB puts after
 * `Invalid <Name>Expression: `.
 */

/** The part of a ValidationException's message that explains what is wrong with an expression. */
export class ExpressionError extends Error {}

/** Limits of AWS ("Service, account, and table quotas"): bytes of an expression, its operators and functions, operands of IN. */
const maxBytes = 4096;
const maxOperators = 300;
const maxInOperands = 100;

const comparators = new Set(["=", "<>", "<", "<=", ">", ">="]);

/** Condition, filter and key condition expressions. */
export function parseCondition(source: string): Condition {
  return new Parser(source).whole((parser) => parser.condition());
}

/** Projection expressions. */
export function parseProjection(source: string): PathNode[] {
  return new Parser(source).whole((parser) => parser.list(() => parser.path()));
}

/** Update expressions. */
export function parseUpdate(source: string): Update {
  return new Parser(source).whole((parser) => parser.update());
}

/** Something in a place where either an operand or a condition may stand, until the next token tells which. */
type Term = { condition: Condition } | { operand: Operand };

class Parser {
  readonly #source: string;
  readonly #tokens: Token[];
  #at = 0;
  #operators = 0;
  #redundantParentheses = false;
  /** Tokens from the opening parenthesis to behind the closing one, of the group closed last. */
  #group = { start: -1, end: -1 };

  constructor(source: string) {
    if (source === "") throw new ExpressionError("The expression can not be empty;");
    const bytes = Buffer.byteLength(source);
    if (bytes > maxBytes) {
      throw new ExpressionError("Expression size has exceeded the maximum allowed size;");
    }
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  whole<T>(parse: (parser: Parser) => T): T {
    const result = parse(this);
    if (this.#next.kind !== "end") this.#fail();
    if (this.#redundantParentheses) throw new ExpressionError("The expression has redundant parentheses;");
    return result;
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  /** The message shows the token and what stands around it: from the token before to the token after. */
  #fail(): never {
    const token = this.#next;
    const before = this.#tokens[this.#at - 1];
    const after = this.#tokens[this.#at + 1];
    const near = this.#source.slice(before === undefined ? 0 : before.start, after === undefined ? token.end : after.end);
    const text = token.kind === "end" ? token.text : this.#source.slice(token.start, token.end);
    throw new ExpressionError(`Syntax error; token: "${text}", near: "${near}"`);
  }

  #is(text: string): boolean {
    const token = this.#next;
    return token.text === text && (token.kind === "symbol" || token.kind === "keyword");
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) this.#fail();
  }

  #count(): void {
    if (++this.#operators > maxOperators) {
      throw new ExpressionError(`The expression contains too many operators; operator count: ${this.#operators}`);
    }
  }

  list<T>(element: () => T): T[] {
    const elements = [element()];
    while (this.#accept(",")) elements.push(element());
    return elements;
  }

  condition(): Condition {
    return this.#asCondition(this.#or());
  }

  #asCondition(term: Term): Condition {
    if ("condition" in term) return term.condition;
    // A lone function may be a condition; any other operand wants a comparator after it.
    if (term.operand.kind !== "function") this.#fail();
    return term.operand;
  }

  #or(): Term {
    let left = this.#and();
    while (this.#is("OR")) {
      const first = this.#asCondition(left);
      this.#at++;
      this.#count();
      left = { condition: { kind: "logical", operator: "OR", operands: [first, this.#asCondition(this.#and())] } };
    }
    return left;
  }

  #and(): Term {
    let left = this.#not();
    while (this.#is("AND")) {
      const first = this.#asCondition(left);
      this.#at++;
      this.#count();
      left = { condition: { kind: "logical", operator: "AND", operands: [first, this.#asCondition(this.#not())] } };
    }
    return left;
  }

  #not(): Term {
    if (!this.#accept("NOT")) return this.#comparison();
    this.#count();
    return { condition: { kind: "logical", operator: "NOT", operands: [this.#asCondition(this.#not())] } };
  }

  #comparison(): Term {
    const left = this.#term();
    if ("condition" in left) return left;
    const token = this.#next;
    if (token.kind === "symbol" && comparators.has(token.text)) {
      this.#at++;
      this.#count();
      return { condition: { kind: "comparison", operator: token.text as Comparator, operands: [left.operand, this.#operand()] } };
    }
    if (this.#accept("BETWEEN")) {
      this.#count();
      const lower = this.#operand();
      this.#expect("AND");
      return { condition: { kind: "comparison", operator: "BETWEEN", operands: [left.operand, lower, this.#operand()] } };
    }
    if (this.#accept("IN")) {
      this.#count();
      this.#expect("(");
      const operands = this.list(() => this.#operand());
      this.#expect(")");
      if (operands.length > maxInOperands) {
        throw new ExpressionError(`The IN operator is provided with too many operands; number of operands: ${operands.length}`);
      }
      return { condition: { kind: "comparison", operator: "IN", operands: [left.operand, ...operands] } };
    }
    return left;
  }

  /** An operand, or anything in parentheses. */
  #term(): Term {
    if (!this.#is("(")) return { operand: this.#operand() };
    return this.#parenthesised(() => this.#or());
  }

  #operand(): Operand {
    const token = this.#next;
    if (this.#is("(")) return this.#parenthesised(() => this.#operand());
    if (token.kind === "value") return this.#value();
    if (token.kind === "identifier" && this.#tokens[this.#at + 1]!.text === "(") return this.#function();
    return this.path();
  }

  #parenthesised<T>(inner: () => T): T {
    const start = this.#at;
    this.#expect("(");
    const result = inner();
    // Parentheses whose whole content is in parentheses: `((a = b))`, not `((a = b) or (c = d))`.
    if (this.#group.start === start + 1 && this.#group.end === this.#at) this.#redundantParentheses = true;
    this.#expect(")");
    this.#group = { start, end: this.#at };
    return result;
  }

  #function(): Operand {
    const name = this.#next.text;
    this.#at++;
    this.#count();
    this.#expect("(");
    const operands = this.list(() => this.#operand());
    this.#expect(")");
    return { kind: "function", name, operands };
  }

  #value(): ValueNode {
    const token = this.#next;
    if (token.kind !== "value") this.#fail();
    this.#at++;
    return { kind: "value", name: token.text };
  }

  path(): PathNode {
    const steps: Step[] = [this.#name()];
    for (;;) {
      if (this.#accept(".")) steps.push(this.#name());
      else if (this.#accept("[")) {
        const token = this.#next;
        if (token.kind !== "number") this.#fail();
        this.#at++;
        this.#expect("]");
        steps.push({ index: token.text });
      } else return { kind: "path", steps };
    }
  }

  #name(): Step {
    const token = this.#next;
    if (token.kind !== "identifier" && token.kind !== "name") this.#fail();
    this.#at++;
    return { name: token.text };
  }

  update(): Update {
    const update: Update = { actions: [], repeated: undefined };
    const seen = new Set<string>();
    do {
      const token = this.#next;
      const section = token.kind === "keyword" ? token.text : "";
      if (section !== "SET" && section !== "REMOVE" && section !== "ADD" && section !== "DELETE") this.#fail();
      this.#at++;
      if (seen.has(section)) update.repeated ??= section;
      seen.add(section);
      this.list(() => {
        const path = this.path();
        if (section === "REMOVE") update.actions.push({ section, path });
        else if (section === "SET") {
          this.#expect("=");
          update.actions.push({ section, path, value: this.#setValue() });
        } else update.actions.push({ section, path, value: this.#value() });
      });
    } while (this.#next.kind !== "end");
    return update;
  }

  #setValue(): Operand {
    const left = this.#is("(") ? this.#parenthesised(() => this.#setValue()) : this.#operand();
    const operator = this.#next.text;
    if (!this.#is("+") && !this.#is("-")) return left;
    this.#at++;
    this.#count();
    return { kind: "arithmetic", operator: operator as "+" | "-", operands: [left, this.#operand()] };
  }
}
