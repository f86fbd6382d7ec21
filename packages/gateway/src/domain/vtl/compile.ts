import { TemplateError } from "./ast.ts";
import type { BinaryOperator, Expression, Reference, Statement, Step } from "./ast.ts";
import { callMethod, getProperty } from "./methods.ts";
import { Double, isMap, isNumber, isOpaque, toText } from "./values.ts";
import type { Budget, Opaque, Value } from "./values.ts";

/** Iterations of one `#foreach`: AWS's quota; Velocity stops the loop there without an error. */
const MAX_ITERATIONS = 1000;
/** Macros and `#define` blocks within one another. */
const MAX_CALLS = 50;

/** One rendering: variables, what has been written, what may still be spent. */
export interface Frame {
  variables: Map<string, Value>;
  out: string;
  budget: Budget;
  macros: Map<string, { parameters: string[]; body: Run }>;
  calls: number;
  signal: "break" | "stop" | undefined;
}

type Run = (frame: Frame) => void;
type Evaluate = (frame: Frame) => Value;

function write(frame: Frame, text: string): void {
  frame.budget.text(text.length);
  frame.out += text;
}

/** Turns statements into one closure: nothing of the tree is walked when it runs. */
export function compileStatements(statements: readonly Statement[]): Run {
  const runs = statements.map(compileStatement);
  return (frame) => {
    for (const run of runs) {
      run(frame);
      if (frame.signal !== undefined) return;
    }
  };
}

function compileStatement(statement: Statement): Run {
  switch (statement.type) {
    case "text": {
      const { text } = statement;
      return (frame) => write(frame, text);
    }
    case "reference": {
      const read = compileReference(statement.reference);
      return (frame) => {
        frame.budget.step();
        const value = read(frame);
        if (value !== null && value !== undefined) write(frame, toText(value, frame.budget));
      };
    }
    case "set":
      return compileSet(statement.target, compileExpression(statement.value));
    case "if":
      return compileIf(statement);
    case "foreach":
      return compileForeach(statement);
    case "define": {
      const body = compileStatements(statement.body);
      const { name } = statement;
      return (frame) => {
        frame.variables.set(name, definedBlock(frame, body));
      };
    }
    case "macro": {
      const body = compileStatements(statement.body);
      const { name, parameters } = statement;
      return (frame) => {
        frame.macros.set(name, { parameters, body });
      };
    }
    case "call":
      return compileCall(statement);
    case "break":
      return (frame) => {
        frame.signal = "break";
      };
    case "stop":
      return (frame) => {
        frame.signal = "stop";
      };
  }
}

/** The value of `#define($x)`: its body, rendered anew wherever it is referenced. */
function definedBlock(frame: Frame, body: Run): Opaque {
  return {
    opaque: true,
    get: () => undefined,
    call: () => undefined,
    text: () => captured(frame, body),
  };
}

function captured(frame: Frame, body: Run): string {
  if (++frame.calls > MAX_CALLS) throw new TemplateError("Max calling depth exceeded");
  const before = frame.out;
  frame.out = "";
  try {
    body(frame);
    return frame.out;
  } finally {
    frame.out = before;
    frame.calls--;
  }
}

function compileCall(statement: Extract<Statement, { type: "call" }>): Run {
  const args = statement.args.map(compileExpression);
  return (frame) => {
    const macro = frame.macros.get(statement.name);
    if (macro === undefined) {
      write(frame, statement.source);
      return;
    }
    if (++frame.calls > MAX_CALLS) throw new TemplateError("Max calling depth exceeded");
    const saved = macro.parameters.map((name) => [name, frame.variables.get(name)] as const);
    const values = args.map((evaluate) => evaluate(frame));
    macro.parameters.forEach((name, i) => frame.variables.set(name, values[i]));
    macro.body(frame);
    for (const [name, value] of saved) frame.variables.set(name, value);
    frame.calls--;
  };
}

function compileIf(statement: Extract<Statement, { type: "if" }>): Run {
  const branches = statement.branches.map(({ condition, body }) => ({ test: compileExpression(condition), body: compileStatements(body) }));
  const otherwise = statement.otherwise === undefined ? undefined : compileStatements(statement.otherwise);
  return (frame) => {
    frame.budget.step();
    for (const { test, body } of branches) {
      if (truth(test(frame))) return body(frame);
    }
    otherwise?.(frame);
  };
}

function compileForeach(statement: Extract<Statement, { type: "foreach" }>): Run {
  const items = compileExpression(statement.items);
  const body = compileStatements(statement.body);
  const { variable } = statement;
  return (frame) => {
    const value = items(frame);
    const list = Array.isArray(value) ? [...value] : isMap(value) ? [...value.values()] : [];
    const { variables } = frame;
    const outer = variables.get("foreach");
    const saved = variables.get(variable);
    const total = Math.min(list.length, MAX_ITERATIONS);
    const loop = { index: 0, total };
    variables.set("foreach", loopState(loop, outer));
    for (let i = 0; i < total; i++) {
      frame.budget.step();
      loop.index = i;
      variables.set(variable, list[i]);
      variables.set("velocityCount", i + 1);
      variables.set("velocityHasNext", i + 1 < total);
      body(frame);
      if (frame.signal === "break") {
        frame.signal = undefined;
        break;
      }
      if (frame.signal === "stop") break;
    }
    restore(variables, "foreach", outer);
    restore(variables, variable, saved);
  };
}

function restore(variables: Map<string, Value>, name: string, value: Value): void {
  if (value === undefined) variables.delete(name);
  else variables.set(name, value);
}

/** `$foreach` inside a loop. */
function loopState(loop: { index: number; total: number }, parent: Value): Opaque {
  const get = (name: string): Value => {
    switch (name) {
      case "index":
        return loop.index;
      case "count":
        return loop.index + 1;
      case "hasNext":
        return loop.index + 1 < loop.total;
      case "first":
        return loop.index === 0;
      case "last":
        return loop.index + 1 === loop.total;
      case "parent":
        return parent;
      case "topmost":
        return isOpaque(parent) ? (parent.get("topmost") ?? parent) : undefined;
      default:
        return undefined;
    }
  };
  const methods: Record<string, string> = { hasNext: "hasNext", isFirst: "first", isLast: "last", getIndex: "index", getCount: "count", getParent: "parent" };
  return { opaque: true, get, call: (name) => (Object.hasOwn(methods, name) ? get(methods[name]!) : undefined), text: () => "" };
}

function compileSet(target: Reference, evaluate: Evaluate): Run {
  const { name, path } = target;
  if (path.length === 0) {
    return (frame) => {
      frame.budget.step();
      const value = evaluate(frame);
      // Velocity 1.7 does not assign null: the variable keeps what it had.
      if (value !== null && value !== undefined) frame.variables.set(name, value);
    };
  }
  const last = path[path.length - 1]!;
  const owner = compileReference({ name, path: path.slice(0, -1) });
  if (last.type === "method") throw new TemplateError("#set cannot assign to a method call");
  const key: Evaluate = last.type === "property" ? () => last.name : compileExpression(last.index);
  return (frame) => {
    frame.budget.step();
    const value = evaluate(frame);
    const object = owner(frame);
    if (value === null || value === undefined) return;
    const at = key(frame);
    if (isMap(object)) object.set(toText(at, frame.budget), value);
    else if (Array.isArray(object) && typeof at === "number" && at >= 0 && at < object.length) object[at] = value;
  };
}

function compileReference(reference: Reference): Evaluate {
  const { name } = reference;
  const steps = reference.path.map(compileStep);
  if (steps.length === 0) return (frame) => frame.variables.get(name);
  return (frame) => {
    let value = frame.variables.get(name);
    for (const step of steps) {
      if (value === null || value === undefined) return undefined;
      value = step(value, frame);
    }
    return value;
  };
}

function compileStep(step: Step): (target: Value, frame: Frame) => Value {
  switch (step.type) {
    case "property": {
      const { name } = step;
      return (target) => getProperty(target, name);
    }
    case "method": {
      const { name } = step;
      const args = step.args.map(compileExpression);
      return (target, frame) => callMethod(target, name, args.map((evaluate) => evaluate(frame)), frame.budget);
    }
    case "index": {
      const index = compileExpression(step.index);
      return (target, frame) => {
        const at = index(frame);
        if (Array.isArray(target)) return typeof at === "number" ? target[at < 0 ? target.length + at : at] : undefined;
        if (isMap(target)) return target.get(toText(at, frame.budget));
        return undefined;
      };
    }
  }
}

/** Velocity 1.7: null and false are false, everything else is true, an empty string and zero included. */
function truth(value: Value): boolean {
  return typeof value === "boolean" ? value : value !== null && value !== undefined;
}

function compileExpression(expression: Expression): Evaluate {
  switch (expression.type) {
    case "literal": {
      const { value } = expression;
      return () => value;
    }
    case "double": {
      const value = new Double(expression.value);
      return () => value;
    }
    case "interpolated": {
      const body = compileStatements(expression.body);
      return (frame) => captured(frame, body);
    }
    case "ref":
      return compileReference(expression.reference);
    case "list": {
      const items = expression.items.map(compileExpression);
      return (frame) => items.map((evaluate) => evaluate(frame));
    }
    case "range":
      return compileRange(compileExpression(expression.from), compileExpression(expression.to));
    case "map": {
      const entries = expression.entries.map(({ key, value }) => [compileExpression(key), compileExpression(value)] as const);
      return (frame) => new Map(entries.map(([key, value]) => [toText(key(frame), frame.budget), value(frame)]));
    }
    case "not": {
      const operand = compileExpression(expression.operand);
      return (frame) => !truth(operand(frame));
    }
    case "binary":
      return compileBinary(expression.operator, compileExpression(expression.left), compileExpression(expression.right));
  }
}

function compileRange(from: Evaluate, to: Evaluate): Evaluate {
  return (frame) => {
    const [a, b] = [from(frame), to(frame)];
    if (typeof a !== "number" || typeof b !== "number") return null;
    const length = Math.abs(b - a) + 1;
    frame.budget.step(length);
    const step = a <= b ? 1 : -1;
    return Array.from({ length }, (_, i) => a + i * step);
  };
}

function compileBinary(operator: BinaryOperator, left: Evaluate, right: Evaluate): Evaluate {
  switch (operator) {
    case "or":
      return (frame) => truth(left(frame)) || truth(right(frame));
    case "and":
      return (frame) => truth(left(frame)) && truth(right(frame));
    case "==":
      return (frame) => equal(left(frame), right(frame), frame.budget);
    case "!=":
      return (frame) => !equal(left(frame), right(frame), frame.budget);
    case "<":
    case ">":
    case "<=":
    case ">=": {
      const holds = ORDER[operator];
      return (frame) => {
        const [a, b] = [left(frame), right(frame)];
        return isNumber(a) && isNumber(b) ? holds(compare(a, b)) : false;
      };
    }
    case "+":
      return (frame) => {
        const [a, b] = [left(frame), right(frame)];
        if (typeof a === "string" || typeof b === "string") return a === null || a === undefined || b === null || b === undefined ? null : joined(a, b, frame.budget);
        return arithmetic("+", a, b);
      };
    default:
      return (frame) => arithmetic(operator, left(frame), right(frame));
  }
}

function joined(a: Value, b: Value, budget: Budget): string {
  const text = toText(a, budget) + toText(b, budget);
  budget.text(text.length);
  return text;
}

const ORDER: Record<"<" | ">" | "<=" | ">=", (order: number) => boolean> = {
  "<": (order) => order < 0,
  ">": (order) => order > 0,
  "<=": (order) => order <= 0,
  ">=": (order) => order >= 0,
};

function compare(a: number | bigint | Double, b: number | bigint | Double): number {
  const x = a instanceof Double ? a.value : a;
  const y = b instanceof Double ? b.value : b;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Velocity's `==`: numbers by value, values of one kind by `equals`, of different kinds by their text. */
function equal(a: Value, b: Value, budget: Budget): boolean {
  if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null);
  if (isNumber(a) && isNumber(b)) return compare(a, b) === 0;
  if (typeof a === typeof b && typeof a !== "object") return a === b;
  return a === b || toText(a, budget) === toText(b, budget);
}

/** Whole numbers stay whole (division included), one floating point operand makes the result one; anything else is null. */
function arithmetic(operator: "+" | "-" | "*" | "/" | "%", a: Value, b: Value): Value {
  if (!isNumber(a) || !isNumber(b)) return null;
  if (a instanceof Double || b instanceof Double) {
    const x = a instanceof Double ? a.value : Number(a);
    const y = b instanceof Double ? b.value : Number(b);
    if ((operator === "/" || operator === "%") && y === 0) return null;
    return new Double(operator === "+" ? x + y : operator === "-" ? x - y : operator === "*" ? x * y : operator === "/" ? x / y : x % y);
  }
  const [x, y] = [BigInt(a), BigInt(b)];
  if ((operator === "/" || operator === "%") && y === 0n) return null;
  const result = operator === "+" ? x + y : operator === "-" ? x - y : operator === "*" ? x * y : operator === "/" ? x / y : x % y;
  // Velocity widens int to long to BigInteger; two million bits are enough for any template.
  if (result > 2n ** 4096n || result < -(2n ** 4096n)) throw new TemplateError("A number is too large");
  return result >= BigInt(Number.MIN_SAFE_INTEGER) && result <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(result) : result;
}
