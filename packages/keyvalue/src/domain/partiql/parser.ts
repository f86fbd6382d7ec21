import { checkValue, setAttribute } from "../attribute-values.ts";
import type { AttributeType, AttributeValue } from "../attribute-values.ts";
import { validationError } from "../errors.ts";
import type { Comparator, Condition, FunctionNode, Operand, PathNode, Step, UpdateAction, ValueNode } from "../expressions/syntax.ts";
import type { Column, DeleteStatement, ExistsStatement, InsertStatement, Returning, SelectStatement, Statement, TableReference, UpdateStatement } from "./statements.ts";
import { malformed, tokenize } from "./tokens.ts";
import type { Token } from "./tokens.ts";

/** Nesting of parentheses, NOTs and literals that a statement may have: it is walked by recursion. */
const maxDepth = 64;

/**
 * Reads one statement; `parameters` take the places of its question marks, in order.
 *
 * Faults of form are `Statement wasn't well formed, ...`; what the grammar has but DynamoDB does not do is refused in
 * DynamoDB's words, with its place.
 */
export function parseStatement(statement: string, parameters: readonly AttributeValue[]): Statement {
  return new Parser(statement, parameters).statement();
}

const comparators: { [symbol: string]: Comparator } = { "=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=" };
const predicates = new Set(["begins_with", "contains", "attribute_type"]);
const unsupportedClauses = new Set(["LIMIT", "GROUP", "HAVING", "OFFSET"]);

type Term = { condition: Condition } | { operand: Operand };

class Parser {
  readonly #tokens: Token[];
  readonly #parameters: readonly AttributeValue[];
  #at = 0;
  #depth = 0;
  #used = 0;
  readonly #names: { [placeholder: string]: string } = {};
  readonly #values: { [placeholder: string]: AttributeValue } = {};
  #count = 0;

  constructor(statement: string, parameters: readonly AttributeValue[]) {
    this.#tokens = tokenize(statement);
    this.#parameters = parameters;
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  get #bound(): { names: { [placeholder: string]: string }; values: { [placeholder: string]: AttributeValue } } {
    return { names: this.#names, values: this.#values };
  }

  #is(text: string): boolean {
    const token = this.#next;
    return token.text === text && (token.kind === "keyword" || token.kind === "symbol");
  }

  /** A word that is no keyword of the grammar but has a meaning here. */
  #isWord(word: string): boolean {
    return this.#next.kind === "identifier" && this.#next.text.toUpperCase() === word;
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string, detail: string): void {
    if (!this.#accept(text)) throw malformed(detail);
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > maxDepth) throw malformed("The statement is nested too deeply");
    const result = parse();
    this.#depth--;
    return result;
  }

  statement(): Statement {
    const statement = this.#statement();
    this.#accept(";");
    if (this.#next.kind !== "end") throw this.#leftOver();
    if (this.#used > this.#parameters.length) throw validationError("Number of parameters in request and statement don't match.");
    return statement;
  }

  #statement(): Statement {
    if (this.#accept("SELECT")) return this.#select();
    if (this.#accept("INSERT")) return this.#insert();
    if (this.#accept("UPDATE")) return this.#update();
    if (this.#accept("DELETE")) return this.#delete();
    if (this.#accept("EXISTS")) return this.#exists();
    if (this.#is("DROP") || this.#is("CREATE")) {
      throw validationError(`Unsupported operation: ${this.#next.text === "DROP" ? "Drop" : "Create"}Table`);
    }
    throw malformed("Expected data manipulation");
  }

  #leftOver(): Error {
    const { text, place, kind } = this.#next;
    if (kind === "keyword" && unsupportedClauses.has(text)) return validationError(`Unsupported clause: ${text === "GROUP" ? "GROUP BY" : `${text} at ${this.#tokens[this.#at + 1]!.place}`}`);
    return kind === "keyword" ? malformed("Unexpected keyword") : malformed(`Unexpected token after expression at ${place}`);
  }

  #exists(): ExistsStatement {
    this.#expect("(", "Expected LEFT_PAREN");
    this.#expect("SELECT", "Expected SELECT");
    const select = this.#select();
    this.#expect(")", "Expected RIGHT_PAREN");
    return { kind: "EXISTS", select, ...this.#bound };
  }

  #select(): SelectStatement {
    if (this.#is("DISTINCT")) throw validationError("Unsupported token in expression: DISTINCT");
    if (this.#is("VALUE") || this.#is("PIVOT")) throw validationError("Select projection doesn't support value or pivot keywords");
    let columns: Column[] | undefined;
    if (!this.#accept("*")) columns = this.#list(() => this.#column());
    this.#expect("FROM", "Expected FROM after SELECT list");
    const from = this.#table();
    if (this.#is(",")) throw validationError("Only select from a single table or index is supported.");
    if (this.#is("AS") || this.#next.kind === "identifier" || this.#next.kind === "quoted") throw validationError("Aliasing is not supported");
    const where = this.#accept("WHERE") ? this.#condition() : undefined;
    const orderBy: SelectStatement["orderBy"] = [];
    if (this.#accept("ORDER")) {
      this.#expect("BY", "Expected BY after ORDER");
      if (where === undefined) throw validationError("Must have WHERE clause in the statement when using ORDER BY clause.");
      orderBy.push(...this.#list(() => {
        const attribute = this.#identifier("Expected identifier for ORDER BY");
        const descending = this.#accept("DESC");
        if (!descending) this.#accept("ASC");
        return { attribute, descending };
      }));
    }
    if (columns !== undefined) checkColumns(columns);
    return { kind: "SELECT", from, columns, where, orderBy, ...this.#bound };
  }

  #column(): Column {
    const start = this.#next;
    const after = this.#tokens[this.#at + 1] ?? start;
    // Functions and aggregates are not projections.
    if (after.kind === "symbol" && after.text === "(" && start.kind !== "symbol") throw validationError(`Unexpected path component at ${start.place}`);
    const { steps } = this.#path();
    const path = steps.map((step) => ("index" in step ? Number(step.index) : this.#names[step.name]!));
    if (this.#is("AS")) throw validationError("Aliasing is not supported");
    // A nested column is called by its last name, with the indexes behind it.
    let last = path.length - 1;
    while (typeof path[last] === "number") last--;
    const name = `${String(path[last])}${path.slice(last + 1).map((index) => `[${index}]`).join("")}`;
    return { path, name };
  }

  #table(): TableReference {
    const parts = [this.#identifier("Expected identifier for simple path")];
    while (this.#accept(".")) parts.push(this.#identifier("Expected identifier for simple path"));
    if (parts.length > 2) throw validationError("A path may contain at most 2 components in the FROM clause");
    if (parts.some((part) => part === "")) throw validationError("Empty path component in the FROM clause");
    const [tableName, indexName] = parts as [string, string | undefined];
    if (!/^[a-zA-Z0-9_.-]{3,255}$/.test(tableName) && !tableName.startsWith("arn:")) {
      throw validationError("Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', '-', '_', '.'.");
    }
    return { tableName, indexName };
  }

  #identifier(detail: string): string {
    const token = this.#next;
    if (token.kind !== "identifier" && token.kind !== "quoted") throw malformed(detail);
    this.#at++;
    return token.text;
  }

  #list<T>(element: () => T): T[] {
    const elements = [element()];
    while (this.#accept(",")) elements.push(element());
    return elements;
  }

  #insert(): InsertStatement {
    this.#expect("INTO", "Expected INTO after INSERT");
    const into = this.#table();
    if (into.indexName !== undefined) throw validationError("FROM clause may only contain a single table name in data manipulation statements");
    if (this.#is("{")) throw validationError("Unsupported operation: InsertOp");
    this.#expect("VALUE", "Expected VALUE after INSERT INTO");
    const start = this.#next;
    if (!this.#is("{")) {
      throw validationError(`Unsupported format in item expression. Please use struct format {...} to express item values for insert statement. at ${start.place}`);
    }
    const item = this.#tuple("root", true);
    if (this.#is("RETURNING")) throw validationError("RETURNING is not supported in INSERT");
    return { kind: "INSERT", into, item, ...this.#bound };
  }

  #update(): UpdateStatement {
    const table = this.#table();
    if (table.indexName !== undefined) throw validationError("This operation is not supported on an index");
    const actions: UpdateAction[] = [];
    for (;;) {
      if (this.#accept("SET")) actions.push(...this.#list(() => this.#setAction()));
      else if (this.#accept("REMOVE")) actions.push(...this.#list((): UpdateAction => ({ section: "REMOVE", path: this.#path() })));
      else break;
    }
    if (actions.length === 0) throw malformed("Expected SET or REMOVE after UPDATE");
    const where = this.#accept("WHERE") ? this.#condition() : undefined;
    return { kind: "UPDATE", table, actions, where, returning: this.#returning(), ...this.#bound };
  }

  #setAction(): UpdateAction {
    const path = this.#path();
    this.#expect("=", "Expected = after path");
    const value = this.#setValue();
    if (value.kind === "function" && (value.name === "set_add" || value.name === "set_delete")) {
      const [target, members] = value.operands;
      if (value.operands.length !== 2 || target?.kind !== "path" || members?.kind !== "value" || JSON.stringify(this.#resolved(target)) !== JSON.stringify(this.#resolved(path))) {
        throw validationError(`Function ${value.name} requires the path that is set and a set`);
      }
      return { section: value.name === "set_add" ? "ADD" : "DELETE", path, value: members };
    }
    return { section: "SET", path, value };
  }

  #resolved(path: PathNode): (string | number)[] {
    return path.steps.map((step) => ("index" in step ? Number(step.index) : this.#names[step.name]!));
  }

  #setValue(): Operand {
    const left = this.#operand();
    for (const operator of ["+", "-"] as const) {
      if (this.#accept(operator)) return { kind: "arithmetic", operator, operands: [left, this.#operand()] };
    }
    return left;
  }

  #delete(): DeleteStatement {
    this.#expect("FROM", "Expected FROM after DELETE");
    const from = this.#table();
    if (from.indexName !== undefined) throw validationError("This operation is not supported on an index");
    const where = this.#accept("WHERE") ? this.#condition() : undefined;
    const returning = this.#returning();
    if (returning !== undefined && (returning.scope !== "ALL" || returning.state !== "OLD")) {
      throw validationError(`Invalid returning clause: RETURNING ${returning.scope} ${returning.state} *. Only RETURNING ALL OLD * is allowed in DELETE statements.`);
    }
    return { kind: "DELETE", from, where, returning, ...this.#bound };
  }

  #returning(): Returning | undefined {
    if (!this.#accept("RETURNING")) return undefined;
    const scope = this.#is("ALL") ? "ALL" : this.#isWord("MODIFIED") ? "MODIFIED" : undefined;
    this.#at++;
    const state = this.#isWord("OLD") ? "OLD" : this.#isWord("NEW") ? "NEW" : undefined;
    if (scope === undefined || state === undefined) throw malformed("Expected OLD or NEW and * after RETURNING ALL or MODIFIED");
    this.#at++;
    this.#expect("*", "Expected * in RETURNING clause");
    return { scope, state };
  }

  #condition(): Condition {
    return this.#asCondition(this.#or());
  }

  #asCondition(term: Term): Condition {
    if ("condition" in term) return term.condition;
    if (term.operand.kind === "function" && predicates.has(term.operand.name)) return term.operand;
    throw this.#next.kind === "end" ? malformed("Unexpected end of statement") : malformed(`Expected an operator at ${this.#next.place}`);
  }

  #or(): Term {
    return this.#nested(() => {
      let left = this.#and();
      while (this.#accept("OR")) left = { condition: { kind: "logical", operator: "OR", operands: [this.#asCondition(left), this.#asCondition(this.#and())] } };
      return left;
    });
  }

  #and(): Term {
    let left = this.#not();
    while (this.#accept("AND")) left = { condition: { kind: "logical", operator: "AND", operands: [this.#asCondition(left), this.#asCondition(this.#not())] } };
    return left;
  }

  #not(): Term {
    if (!this.#accept("NOT")) return this.#comparison();
    return this.#nested(() => ({ condition: { kind: "logical", operator: "NOT", operands: [this.#asCondition(this.#not())] } }));
  }

  #comparison(): Term {
    const left = this.#accept("(") ? this.#closed(this.#or()) : { operand: this.#operand() };
    if ("condition" in left) return left;
    const { operand } = left;
    const comparator = this.#next.kind === "symbol" ? comparators[this.#next.text] : undefined;
    if (comparator !== undefined) {
      this.#at++;
      const right = this.#operand();
      this.#refuseArithmetic();
      return { condition: this.#present(operand, comparator, { kind: "comparison", operator: comparator, operands: [operand, right] }) };
    }
    if (this.#accept("IS")) return { condition: this.#is_(operand) };
    const negated = this.#is("NOT") && ["IN", "BETWEEN", "LIKE"].includes(this.#tokens[this.#at + 1]!.text) && this.#accept("NOT");
    const condition = this.#range(operand);
    if (condition === undefined) return left;
    return { condition: negated ? { kind: "logical", operator: "NOT", operands: [condition] } : condition };
  }

  #closed(term: Term): Term {
    this.#expect(")", "Expected RIGHT_PAREN");
    return term;
  }

  /** Unlike in expressions, an attribute that is not there differs from nothing. */
  #present(operand: Operand, comparator: Comparator, comparison: Condition): Condition {
    if (comparator !== "<>" || operand.kind !== "path") return comparison;
    return { kind: "logical", operator: "AND", operands: [{ kind: "function", name: "attribute_exists", operands: [operand] }, comparison] };
  }

  #is_(operand: Operand): Condition {
    const negated = this.#accept("NOT");
    if (operand.kind !== "path") throw validationError("IS operator requires a path");
    let condition: Condition;
    if (this.#accept("MISSING")) condition = { kind: "function", name: "attribute_not_exists", operands: [operand] };
    else if (this.#accept("NULL")) condition = { kind: "function", name: "attribute_type", operands: [operand, this.#value({ S: "NULL" })] };
    else throw malformed("Expected MISSING or NULL after IS");
    return negated ? { kind: "logical", operator: "NOT", operands: [condition] } : condition;
  }

  #range(operand: Operand): Condition | undefined {
    if (this.#accept("BETWEEN")) {
      const lower = this.#operand();
      this.#expect("AND", "Expected AND after BETWEEN");
      return { kind: "comparison", operator: "BETWEEN", operands: [operand, lower, this.#operand()] };
    }
    if (this.#accept("IN")) {
      const close = this.#is("[") ? "]" : ")";
      if (!this.#accept("[")) this.#expect("(", "Expected LEFT_PAREN or LEFT_BRACKET after IN");
      const candidates = this.#list(() => this.#operand());
      this.#expect(close, `Expected ${close === "]" ? "RIGHT_BRACKET" : "RIGHT_PAREN"}`);
      return { kind: "comparison", operator: "IN", operands: [operand, ...candidates] };
    }
    if (this.#is("LIKE")) throw validationError("Unsupported operator in Condition Expression. Operator: like");
    this.#refuseArithmetic();
    return undefined;
  }

  #refuseArithmetic(): void {
    if (this.#next.kind === "symbol" && ["+", "-", "*", "/", "%", "||"].includes(this.#next.text)) {
      throw validationError(`Unsupported operator in Condition Expression. Operator: ${this.#next.text}`);
    }
  }

  #operand(): Operand {
    const token = this.#next;
    if (token.kind === "identifier" && this.#tokens[this.#at + 1]!.text === "(" && this.#tokens[this.#at + 1]!.kind === "symbol") return this.#function(token);
    if (token.kind === "identifier" || token.kind === "quoted") return this.#path();
    if (token.kind === "keyword" && token.text === "SELECT") throw validationError(`Unsupported token in expression: SELECT at ${token.place}`);
    if (token.kind === "keyword" && token.text === "EXISTS") {
      throw validationError(`Unsupported token in expression: SELECT at ${this.#tokens[Math.min(this.#at + 2, this.#tokens.length - 1)]!.place}`);
    }
    if (token.kind === "symbol" && token.text === "(") {
      return this.#nested(() => {
        this.#at++;
        const inner = this.#setValue();
        this.#expect(")", "Expected RIGHT_PAREN");
        return inner;
      });
    }
    return this.#value(this.#literal("root", true));
  }

  #function(token: Token): FunctionNode {
    const name = token.text.toLowerCase();
    if (!["begins_with", "contains", "attribute_type", "size", "list_append", "if_not_exists", "set_add", "set_delete"].includes(name)) {
      throw validationError(`Unrecognized function: ${token.text}`);
    }
    this.#at += 2;
    const operands = this.#nested(() => this.#list(() => this.#operand()));
    this.#expect(")", "Expected RIGHT_PAREN");
    return { kind: "function", name, operands };
  }

  #value(value: AttributeValue): ValueNode {
    const name = `:${this.#count++}`;
    this.#values[name] = value;
    return { kind: "value", name };
  }

  #path(): PathNode {
    const steps: Step[] = [this.#name(this.#identifier("Expected identifier for simple path"))];
    for (;;) {
      if (this.#accept(".")) steps.push(this.#name(this.#identifier("expected identifier for path component")));
      else if (this.#accept("[")) {
        const token = this.#next;
        this.#at++;
        if (token.kind === "number" && /^[0-9]+$/.test(token.text)) steps.push({ index: token.text });
        else if (token.kind === "string") steps.push(this.#name(token.text));
        else throw malformed("expected expression for path component");
        this.#expect("]", "Expected RIGHT_BRACKET");
      } else return { kind: "path", steps };
    }
  }

  #name(name: string): Step {
    const placeholder = `#${this.#count++}`;
    this.#names[placeholder] = name;
    return { name: placeholder };
  }

  /** A value as DynamoDB stores it. `at` is where it stands in its item, for messages; parameters stand at the top only. */
  #literal(at: string, top: boolean): AttributeValue {
    const token = this.#next;
    switch (token.kind) {
      case "string":
        this.#at++;
        return { S: token.text };
      case "number":
        this.#at++;
        return checked({ N: token.text });
      case "parameter": {
        if (!top) throw validationError(`Unsupported data type: Parameter under key ${at} at ${token.place}`);
        this.#at++;
        const value = this.#parameters[this.#used++];
        if (value === undefined) throw validationError("Number of parameters in request and statement don't match.");
        return value;
      }
      case "keyword": return this.#keywordLiteral(token);
      case "ion": throw validationError(`Ion Literals are not supported: ${/^-?[0-9]+$/.test(token.text) ? "INT" : "SYMBOL"} under key ${at} at ${token.place}`);
      case "symbol": return this.#nested(() => this.#collection(token, at));
      case "identifier":
      case "quoted":
        throw validationError(`Unsupported data type: ${token.text} under key ${at} at ${token.place}`);
      case "end": throw malformed("Unexpected end of statement");
    }
  }

  #keywordLiteral(token: Token): AttributeValue {
    this.#at++;
    switch (token.text) {
      case "TRUE": return { BOOL: true };
      case "FALSE": return { BOOL: false };
      case "NULL": return { NULL: true };
      case "MISSING": throw validationError("MISSING must be compared using IS operator");
      default: throw malformed("Unexpected keyword");
    }
  }

  #collection(token: Token, at: string): AttributeValue {
    switch (token.text) {
      case "-":
      case "+": {
        this.#at++;
        const number = this.#next;
        if (number.kind !== "number") throw malformed("Unexpected term");
        this.#at++;
        return checked({ N: token.text + number.text });
      }
      case "[": {
        this.#at++;
        const elements = this.#is("]") ? [] : this.#list(() => this.#literal(at, false));
        this.#expect("]", "Expected RIGHT_BRACKET");
        return { L: elements };
      }
      case "{": return { M: this.#tuple(at, false) };
      case "<<": return this.#bag(token);
      default: throw malformed("Unexpected term");
    }
  }

  #tuple(at: string, top: boolean): { [name: string]: AttributeValue } {
    this.#expect("{", "Expected LEFT_CURLY");
    const members: { [name: string]: AttributeValue } = {};
    if (this.#accept("}")) return members;
    this.#list(() => {
      const key = this.#next;
      if (key.kind !== "string") {
        if (key.kind === "identifier" || key.kind === "quoted") throw validationError(`Tuple keys must be of type String. Actual type: VariableReference under ${at} at ${key.place}`);
        throw malformed("Unexpected term");
      }
      this.#at++;
      if (Object.hasOwn(members, key.text)) throw validationError(`Duplicate keys in tuple. Key: ${key.text} under ${at} at ${key.place}`);
      this.#expect(":", "Expected COLON");
      setAttribute(members, key.text, this.#literal(top ? at : `${at}.${key.text}`, top));
    });
    this.#expect("}", "Expected RIGHT_CURLY");
    return members;
  }

  /** Sets: of strings, of numbers, or of binaries given as parameters. */
  #bag(token: Token): AttributeValue {
    this.#at++;
    if (this.#is(">>")) throw validationError(`Empty bags are not supported at ${token.place}`);
    const members = this.#list(() => this.#literal("root", true));
    this.#expect(">>", "Expected RIGHT_DOUBLE_ANGLE_BRACKET");
    const types = new Set(members.flatMap((member) => Object.keys(member) as AttributeType[]));
    const [type] = types;
    if (types.size !== 1 || (type !== "S" && type !== "N" && type !== "B")) {
      throw validationError("Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags");
    }
    return checked({ [`${type}S`]: members.map((member) => member[type]) } as AttributeValue);
  }
}

function checked(value: AttributeValue): AttributeValue {
  checkValue(value);
  return value;
}

function checkColumns(columns: readonly Column[]): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name)) throw validationError(`Duplicate identifiers in select clause: ${name}`);
    seen.add(name);
  }
}
