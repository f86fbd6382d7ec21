import { attribute, setAttribute, typeOf } from "../attribute-values.ts";
import type { AttributeType, AttributeValue, Item } from "../attribute-values.ts";
import { validationError } from "../errors.ts";
import { addNumbers, subtractNumbers } from "../numbers.ts";
import { ExpressionError } from "./parser.ts";
import { valueAt } from "./paths.ts";
import type { Path } from "./paths.ts";
import { checkClashes, screenPath } from "./resolver.ts";
import type { Resolver, Values } from "./resolver.ts";
import type { ArithmeticNode, FunctionNode, Operand, Update, ValueNode } from "./syntax.ts";

/** What one action does to a path. `from` reads the item as it was before the update. */
export type Action =
  | { kind: "SET"; path: Path; from: (before: Item, values: Values) => AttributeValue }
  | { kind: "REMOVE"; path: Path }
  | { kind: "ADD" | "DELETE"; path: Path; placeholder: string };

interface Compiled {
  evaluate: (before: Item, values: Values) => AttributeValue | undefined;
  type: AttributeType | undefined;
  isPath: boolean;
}

const conditionFunctions = new Set(["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"]);
const updateFunctions = new Set(["if_not_exists", "list_append"]);

/** AWS's names of types in messages about ADD and DELETE. */
const longTypeNames: { [T in AttributeType]: string } = {
  S: "STRING", N: "NUMBER", B: "BINARY", SS: "STRING_SET", NS: "NUMBER_SET", BS: "BINARY_SET", M: "MAP", L: "LIST", NULL: "NULL", BOOL: "BOOLEAN",
};

/** Screens, checks and compiles an update; the order of faults is DynamoDB's. */
export function compileUpdate(update: Update, resolver: Resolver): Action[] {
  for (const action of update.actions) {
    screenPath(action.path);
    if (action.section === "SET") screen(action.value, undefined);
  }
  if (update.repeated !== undefined) {
    throw new ExpressionError(`The "${update.repeated}" section can only be used once in an update expression;`);
  }
  const targets = update.actions.map(({ path }) => resolver.path(path));
  checkClashes(targets);
  const sections = ["SET", "REMOVE", "DELETE", "ADD"];
  const inOrder = update.actions.map((action, i) => ({ action, path: targets[i]! }))
    .sort((a, b) => sections.indexOf(a.action.section) - sections.indexOf(b.action.section));
  return inOrder.map(({ action, path }): Action => {
    switch (action.section) {
      case "SET": {
        const { evaluate } = compileOperand(action.value, resolver);
        return { kind: "SET", path, from: (before, values) => evaluate(before, values) ?? fail(missingAttribute) };
      }
      case "REMOVE": return { kind: "REMOVE", path };
      case "ADD": return valueAction("ADD", path, action.value, resolver, ["N", "SS", "NS", "BS"]);
      case "DELETE": return valueAction("DELETE", path, action.value, resolver, ["SS", "NS", "BS"]);
    }
  });
}

const missingAttribute = "The provided expression refers to an attribute that does not exist in the item";

function fail(message: string): never {
  throw validationError(message);
}

/** `inside` is the function whose operand this is. */
function screen(node: Operand, inside: string | undefined): void {
  switch (node.kind) {
    case "path": return screenPath(node);
    case "value": return;
    case "function":
      if (conditionFunctions.has(node.name)) throw new ExpressionError(`The function is not allowed in an update expression; function: ${node.name}`);
      if (!updateFunctions.has(node.name)) throw new ExpressionError(`Invalid function name; function: ${node.name}`);
      if (inside !== undefined && node.name === "list_append") {
        throw new ExpressionError(`The function is not allowed to be used this way in an expression; function: ${node.name}`);
      }
      return node.operands.forEach((operand) => screen(operand, node.name));
    case "arithmetic": return node.operands.forEach((operand) => screen(operand, node.operator));
  }
}

function valueAction(kind: "ADD" | "DELETE", path: Path, value: ValueNode, resolver: Resolver, allowed: AttributeType[]): Action {
  const type = typeOf(resolver.value(value));
  if (!allowed.includes(type)) {
    throw new ExpressionError(
      `Incorrect operand type for operator or function; operator: ${kind}, operand type: ${longTypeNames[type]}, typeSet: ALLOWED_FOR_${kind}_OPERAND`,
    );
  }
  return { kind, path, placeholder: value.name };
}

function compileOperand(node: Operand, resolver: Resolver): Compiled {
  switch (node.kind) {
    case "path": {
      const path = resolver.path(node);
      return { evaluate: (before) => valueAt(before, path), type: undefined, isPath: true };
    }
    case "value": {
      const { name } = node;
      return { evaluate: (_before, values) => values[name], type: typeOf(resolver.value(node)), isPath: false };
    }
    case "function": return compileFunction(node, resolver);
    case "arithmetic": return compileArithmetic(node, resolver);
  }
}

function compileFunction(node: FunctionNode, resolver: Resolver): Compiled {
  const { name } = node;
  const compiled = node.operands.map((operand) => compileOperand(operand, resolver));
  if (compiled.length !== 2) {
    throw new ExpressionError(`Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${compiled.length}`);
  }
  const [first, second] = compiled as [Compiled, Compiled];
  if (name === "if_not_exists") {
    if (!first.isPath) throw new ExpressionError(`Operator or function requires a document path; operator or function: ${name}`);
    return { evaluate: (before, values) => first.evaluate(before, values) ?? second.evaluate(before, values), type: undefined, isPath: false };
  }
  checkTypes(name, compiled, "L");
  return {
    evaluate: (before, values) => {
      const a = operandOf("L", first.evaluate(before, values));
      const b = operandOf("L", second.evaluate(before, values));
      return { L: [...a.L!, ...b.L!] };
    },
    type: "L", isPath: false,
  };
}

function compileArithmetic(node: ArithmeticNode, resolver: Resolver): Compiled {
  const compiled = node.operands.map((operand) => compileOperand(operand, resolver));
  const [first, second] = compiled as [Compiled, Compiled];
  checkTypes(node.operator, compiled, "N");
  const compute = node.operator === "+" ? addNumbers : subtractNumbers;
  return {
    evaluate: (before, values) => {
      const a = operandOf("N", first.evaluate(before, values));
      const b = operandOf("N", second.evaluate(before, values));
      return { N: compute(a.N!, b.N!) };
    },
    type: "N", isPath: false,
  };
}

function checkTypes(name: string, compiled: readonly Compiled[], wanted: AttributeType): void {
  for (const { type } of compiled) {
    if (type !== undefined && type !== wanted) {
      throw new ExpressionError(`Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`);
    }
  }
}

function operandOf(type: AttributeType, value: AttributeValue | undefined): AttributeValue {
  if (value === undefined) fail(missingAttribute);
  if (value[type] === undefined) fail(wrongDataType);
  return value;
}

const wrongDataType = "An operand in the update expression has an incorrect data type";
const invalidPath = "The document path provided in the update expression is invalid for update";

/**
 * Performs actions on a copy of an item. Everything is read from the item as it was; elements that several REMOVEs take
 * from one list, or several SETs put behind its end, are placed by their indexes in that list.
 */
export function applyUpdate(before: Item, actions: readonly Action[], values: Values): Item {
  const after = structuredClone(before);
  const appends: { elements: AttributeValue[]; index: number; value: AttributeValue }[] = [];
  const removals: { elements: AttributeValue[]; index: number }[] = [];
  for (const action of actions) {
    const place = locate(after, action.path);
    switch (action.kind) {
      case "SET": {
        const value = action.from(before, values);
        if (place === undefined) fail(invalidPath);
        if ("members" in place) setAttribute(place.members, place.name, value);
        else if (place.index < place.elements.length) place.elements[place.index] = value;
        else appends.push({ ...place, value });
        break;
      }
      case "REMOVE": {
        if (place === undefined) fail(invalidPath);
        if ("members" in place) delete place.members[place.name];
        else if (place.index < place.elements.length) removals.push(place);
        break;
      }
      case "ADD": {
        if (place === undefined) fail(invalidPath);
        write(place, appends, addTo(read(place), values[action.placeholder]!));
        break;
      }
      case "DELETE": {
        if (place === undefined) fail(invalidPath);
        const current = read(place);
        if (current === undefined) break;
        const rest = deleteFrom(current, values[action.placeholder]!);
        if (rest !== undefined) write(place, appends, rest);
        else if ("members" in place) delete place.members[place.name];
        else removals.push(place);
      }
    }
  }
  for (const { elements, value } of appends.sort((a, b) => a.index - b.index)) elements.push(value);
  for (const { elements, index } of removals.sort((a, b) => b.index - a.index)) elements.splice(index, 1);
  return after;
}

type Place = { members: Item; name: string } | { elements: AttributeValue[]; index: number };

/** Where a path ends: a member of a map or an element of a list, there or not yet. Undefined when the way to it is missing. */
function locate(item: Item, path: Path): Place | undefined {
  if (path.length === 1) return { members: item, name: path[0] as string };
  const parent = valueAt(item, path.slice(0, -1));
  const last = path[path.length - 1]!;
  if (typeof last === "number") return parent?.L === undefined ? undefined : { elements: parent.L, index: last };
  return parent?.M === undefined ? undefined : { members: parent.M, name: last };
}

function read(place: Place): AttributeValue | undefined {
  return "members" in place ? attribute(place.members, place.name) : place.elements[place.index];
}

function write(place: Place, appends: { elements: AttributeValue[]; index: number; value: AttributeValue }[], value: AttributeValue): void {
  if ("members" in place) setAttribute(place.members, place.name, value);
  else if (place.index < place.elements.length) place.elements[place.index] = value;
  else appends.push({ ...place, value });
}

/** ADD: a sum, or a union of sets; on nothing, the operand itself. */
export function addTo(current: AttributeValue | undefined, operand: AttributeValue): AttributeValue {
  if (current === undefined) return operand;
  const type = typeOf(operand);
  if (type !== typeOf(current)) fail(wrongDataType);
  switch (type) {
    case "N": return { N: addNumbers(current.N!, operand.N!) };
    case "SS": return { SS: [...new Set([...current.SS!, ...operand.SS!])] };
    case "NS": return { NS: [...new Set([...current.NS!, ...operand.NS!])] };
    case "BS": return { BS: [...new Set([...current.BS!, ...operand.BS!])] };
    default: return fail(wrongDataType);
  }
}

/** DELETE: a set without some members; undefined when none remains, because there are no empty sets. */
export function deleteFrom(current: AttributeValue, operand: AttributeValue): AttributeValue | undefined {
  const type = typeOf(operand);
  if (type !== typeOf(current)) fail(wrongDataType);
  if (type !== "SS" && type !== "NS" && type !== "BS") fail(wrongDataType);
  const gone = new Set(operand[type]);
  const rest = current[type]!.filter((member) => !gone.has(member));
  return rest.length === 0 ? undefined : { [type]: rest };
}
