import { binarySize, typeOf } from "../attribute-values.ts";
import type { AttributeType, AttributeValue, Item } from "../attribute-values.ts";
import { compareValues, equalValues } from "../compare.ts";
import { ExpressionError } from "./parser.ts";
import { pathText, valueAt } from "./paths.ts";
import type { Path } from "./paths.ts";
import { Resolver, screenPath } from "./resolver.ts";
import type { Values } from "./resolver.ts";
import type { ComparisonNode, Condition, FunctionNode, Operand } from "./syntax.ts";

/** A compiled condition: whether an item meets it. Values are given each time, so that one compilation serves many requests. */
export type Test = (item: Item, values: Values) => boolean;

/** A compiled operand; undefined when the item has nothing there. */
type Evaluate = (item: Item, values: Values) => AttributeValue | undefined;

/** What is known of an operand before any item is seen. */
interface Compiled {
  evaluate: Evaluate;
  /** Of a value or a function's result; unknown for a path. */
  type: AttributeType | undefined;
  path: Path | undefined;
  /** Of a placeholder. */
  value: AttributeValue | undefined;
  /** Of a placeholder. */
  placeholder: string | undefined;
}

const operandCounts: { [name: string]: number } = {
  attribute_exists: 1, attribute_not_exists: 1, attribute_type: 2, begins_with: 2, contains: 2, size: 1,
};
const updateFunctions = new Set(["if_not_exists", "list_append"]);
/** In AWS's order, which is that of a Java hash set. */
const typeNames = ["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];
const ordered = new Set<AttributeType | undefined>(["S", "N", "B", undefined]);

/**
 * Screens, checks and compiles a condition. Faults are reported in DynamoDB's order: first, over the whole tree, names of
 * functions, functions out of place and reserved words; then, condition by condition, undefined placeholders, numbers of
 * operands, equal operands and operand types.
 *
 * `dynamic` receives the checks that depend on the content of a value and must be repeated when values change.
 */
export function compileCondition(condition: Condition, resolver: Resolver, dynamic: ((values: Values) => void)[]): Test {
  screen(condition, false);
  return compile(condition, resolver, dynamic);
}

function screen(node: Condition | Operand, asOperand: boolean): void {
  switch (node.kind) {
    case "path": return screenPath(node);
    case "value": return;
    case "function":
      if (updateFunctions.has(node.name)) throw new ExpressionError(`The function is not allowed in a condition expression; function: ${node.name}`);
      if (!Object.hasOwn(operandCounts, node.name)) throw new ExpressionError(`Invalid function name; function: ${node.name}`);
      if ((node.name === "size") !== asOperand) {
        throw new ExpressionError(`The function is not allowed to be used this way in an expression; function: ${node.name}`);
      }
      return node.operands.forEach((operand) => screen(operand, true));
    case "comparison": return node.operands.forEach((operand) => screen(operand, true));
    case "logical": return node.operands.forEach((operand) => screen(operand, false));
    case "arithmetic": throw new TypeError("the grammar of conditions has no arithmetic");
  }
}

function compile(node: Condition, resolver: Resolver, dynamic: ((values: Values) => void)[]): Test {
  switch (node.kind) {
    case "logical": {
      const [first, second] = node.operands.map((operand) => compile(operand, resolver, dynamic)) as [Test, Test];
      if (node.operator === "AND") return (item, values) => first(item, values) && second(item, values);
      if (node.operator === "OR") return (item, values) => first(item, values) || second(item, values);
      return (item, values) => !first(item, values);
    }
    case "comparison": return comparison(node, resolver, dynamic);
    case "function": return predicate(node, resolver, dynamic);
  }
}

function compileOperand(node: Operand, resolver: Resolver): Compiled {
  switch (node.kind) {
    case "path": {
      const path = resolver.path(node);
      return { evaluate: (item) => valueAt(item, path), type: undefined, path, value: undefined, placeholder: undefined };
    }
    case "value": {
      const value = resolver.value(node);
      const { name } = node;
      return { evaluate: (_item, values) => values[name], type: typeOf(value), path: undefined, value, placeholder: name };
    }
    case "function": return size(node, resolver);
    case "arithmetic":
      throw new TypeError("the grammar of conditions has no arithmetic");
  }
}

function operands(node: ComparisonNode | FunctionNode, name: string, resolver: Resolver, count: number | undefined, checkTypes?: (compiled: Compiled[]) => void): Compiled[] {
  const compiled = node.operands.map((operand) => compileOperand(operand, resolver));
  checkTypes?.(compiled);
  if (count !== undefined && compiled.length !== count) {
    throw new ExpressionError(`Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${compiled.length}`);
  }
  const first = compiled[0]!.path;
  if (first !== undefined) {
    for (const other of compiled.slice(1)) {
      if (other.path !== undefined && other.path.length === first.length && other.path.every((step, i) => step === first[i])) {
        throw new ExpressionError(
          "The first operand must be distinct from the remaining operands for this operator or function; " +
          `operator: ${name}, first operand: ${pathText(first)}`,
        );
      }
    }
  }
  return compiled;
}

function wrongType(name: string, type: string): ExpressionError {
  return new ExpressionError(`Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`);
}

function comparison(node: ComparisonNode, resolver: Resolver, dynamic: ((values: Values) => void)[]): Test {
  const compiled = operands(node, node.operator, resolver, undefined, (all) => {
    if (node.operator === "BETWEEN") checkOrdered(node.operator, all);
  });
  const [left, right, upper] = compiled as [Compiled, Compiled, Compiled];
  const a = left.evaluate;
  const b = right.evaluate;
  switch (node.operator) {
    case "=": return (item, values) => equal(a(item, values), b(item, values));
    case "<>": return (item, values) => !equal(a(item, values), b(item, values));
    case "IN": {
      const candidates = compiled.slice(1).map(({ evaluate }) => evaluate);
      return (item, values) => {
        const value = a(item, values);
        return candidates.some((candidate) => equal(value, candidate(item, values)));
      };
    }
  }
  checkOrdered(node.operator, compiled);
  switch (node.operator) {
    case "<": return (item, values) => difference(a(item, values), b(item, values)) < 0;
    case "<=": return (item, values) => difference(a(item, values), b(item, values)) <= 0;
    case ">": return (item, values) => difference(a(item, values), b(item, values)) > 0;
    case ">=": return (item, values) => difference(a(item, values), b(item, values)) >= 0;
    case "BETWEEN": {
      if (right.value !== undefined && upper.value !== undefined) {
        checkBounds(right.value, upper.value);
        const lowerName = right.placeholder!;
        const upperName = upper.placeholder!;
        dynamic.push((values) => checkBounds(values[lowerName]!, values[upperName]!));
      }
      const c = upper.evaluate;
      return (item, values) => {
        const value = a(item, values);
        return difference(value, b(item, values)) >= 0 && difference(value, c(item, values)) <= 0;
      };
    }
  }
}

function checkOrdered(operator: string, compiled: readonly Compiled[]): void {
  for (const { type } of compiled) if (!ordered.has(type)) throw wrongType(operator, type!);
}

function checkBounds(lower: AttributeValue, upper: AttributeValue): void {
  const order = compareValues(lower, upper);
  if (order !== undefined && order <= 0) return;
  const fault = order === undefined ? "same data type for lower and upper bounds" : "upper bound to be greater than or equal to lower bound";
  throw new ExpressionError(
    `The BETWEEN operator requires ${fault}; ` +
    `lower bound operand: AttributeValue: {${scalarText(lower)}}, upper bound operand: AttributeValue: {${scalarText(upper)}}`,
  );
}

function scalarText(value: AttributeValue): string {
  const type = typeOf(value);
  // AWS prints what Java makes of a byte buffer.
  if (type === "B") return `B:java.nio.HeapByteBuffer[pos=0 lim=${binarySize(value.B!)} cap=${binarySize(value.B!)}]`;
  return `${type}:${String(value[type])}`;
}

/** A missing operand equals nothing, not even another missing one. */
function equal(a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  return a !== undefined && b !== undefined && equalValues(a, b);
}

/** NaN, for which every comparison is false, when the two cannot be compared. */
function difference(a: AttributeValue | undefined, b: AttributeValue | undefined): number {
  return (a === undefined || b === undefined ? undefined : compareValues(a, b)) ?? NaN;
}

function predicate(node: FunctionNode, resolver: Resolver, dynamic: ((values: Values) => void)[]): Test {
  const { name } = node;
  const [first, second] = operands(node, name, resolver, operandCounts[name]) as [Compiled, Compiled];
  const a = first.evaluate;
  switch (name) {
    case "attribute_exists":
    case "attribute_not_exists": {
      if (first.path === undefined) throw new ExpressionError(`Operator or function requires a document path; operator or function: ${name}`);
      return name === "attribute_exists" ? (item, values) => a(item, values) !== undefined : (item, values) => a(item, values) === undefined;
    }
    case "attribute_type": {
      if (second.type !== "S") throw wrongType(name, second.type ?? `{${["NS", "SS", "L", "BS", "N", "M", "B", "BOOL", "NULL", "S"].join(",")}}`);
      checkTypeName(second.value!);
      const placeholder = second.placeholder!;
      dynamic.push((values) => checkTypeName(values[placeholder]!));
      return (item, values) => {
        const value = a(item, values);
        return value !== undefined && typeOf(value) === values[placeholder]!.S;
      };
    }
    case "begins_with": {
      for (const { type } of [first, second]) if (type !== undefined && type !== "S" && type !== "B") throw wrongType(name, type);
      const b = second.evaluate;
      return (item, values) => beginsWith(a(item, values), b(item, values));
    }
    default: {
      const b = second.evaluate;
      return (item, values) => contains(a(item, values), b(item, values));
    }
  }
}

function checkTypeName(value: AttributeValue): void {
  if (!typeNames.includes(value.S!)) {
    throw new ExpressionError(`Invalid attribute type name found; type: ${value.S}, valid types: {${typeNames.join(",")}}`);
  }
}

/** Whether a string or binary starts with another; false for anything else. */
export function beginsWith(value: AttributeValue | undefined, prefix: AttributeValue | undefined): boolean {
  if (value === undefined || prefix === undefined) return false;
  if (value.S !== undefined && prefix.S !== undefined) return value.S.startsWith(prefix.S);
  if (value.B !== undefined && prefix.B !== undefined) {
    const start = Buffer.from(prefix.B, "base64");
    return Buffer.from(value.B, "base64").subarray(0, start.length).equals(start);
  }
  return false;
}

/** Whether a string holds a substring, a binary a run of bytes, a set a member or a list an element. */
export function contains(value: AttributeValue | undefined, part: AttributeValue | undefined): boolean {
  if (value === undefined || part === undefined) return false;
  switch (typeOf(value)) {
    case "S": return part.S !== undefined && value.S!.includes(part.S);
    case "B": return part.B !== undefined && Buffer.from(value.B!, "base64").includes(Buffer.from(part.B, "base64"));
    case "SS": return part.S !== undefined && value.SS!.includes(part.S);
    case "NS": return part.N !== undefined && value.NS!.includes(part.N);
    case "BS": return part.B !== undefined && value.BS!.includes(part.B);
    case "L": return value.L!.some((element) => equalValues(element, part));
    default: return false;
  }
}

function size(node: FunctionNode, resolver: Resolver): Compiled {
  const [of] = operands(node, "size", resolver, 1) as [Compiled];
  if (of.type === "N" || of.type === "BOOL" || of.type === "NULL") throw wrongType("size", of.type);
  const { evaluate } = of;
  return {
    evaluate: (item, values) => {
      const value = evaluate(item, values);
      const length = value === undefined ? undefined : sizeOf(value);
      return length === undefined ? undefined : { N: String(length) };
    },
    type: "N", path: undefined, value: undefined, placeholder: undefined,
  };
}

/** What the `size` function gives: UTF-16 units of a string (not its bytes), bytes of a binary, members of anything that has members. */
function sizeOf(value: AttributeValue): number | undefined {
  switch (typeOf(value)) {
    case "S": return value.S!.length;
    case "B": return binarySize(value.B!);
    case "SS": return value.SS!.length;
    case "NS": return value.NS!.length;
    case "BS": return value.BS!.length;
    case "L": return value.L!.length;
    case "M": return Object.keys(value.M!).length;
    default: return undefined;
  }
}
