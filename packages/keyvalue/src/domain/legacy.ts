import type { AttributeValueUpdate, Condition, ExpectedAttributeValue } from "@cumulet/protocol/models/dynamodb.d.ts";
import { attribute, checkValue, setAttribute, typeOf } from "./attribute-values.ts";
import type { AttributeType, AttributeValue, Item } from "./attribute-values.ts";
import { compareValues, equalValues } from "./compare.ts";
import { invalidParameters, validationError } from "./errors.ts";
import { beginsWith, contains } from "./expressions/conditions.ts";
import { addTo, deleteFrom } from "./expressions/updates.ts";

/**
 * The parameters from before expressions: `Expected`, `QueryFilter`, `ScanFilter`, `KeyConditions`, `AttributeUpdates`,
 * `AttributesToGet`, `ConditionalOperator`.
 */

/** Whether an item meets a map of conditions. */
export type LegacyTest = (item: Item) => boolean;

/** By attribute name. */
export interface Conditions {
  [attribute: string]: Condition;
}

const argumentCounts: { [operator: string]: (count: number) => boolean } = {
  NULL: (count) => count === 0, NOT_NULL: (count) => count === 0,
  EQ: (count) => count === 1, NE: (count) => count === 1, LE: (count) => count === 1, LT: (count) => count === 1, GE: (count) => count === 1,
  GT: (count) => count === 1, CONTAINS: (count) => count === 1, NOT_CONTAINS: (count) => count === 1, BEGINS_WITH: (count) => count === 1,
  IN: (count) => count > 0, BETWEEN: (count) => count === 2,
};

const scalars = ["S", "N", "B"];
const allowedTypes: { [operator: string]: readonly string[] } = {
  LE: scalars, LT: scalars, GE: scalars, GT: scalars, CONTAINS: scalars, NOT_CONTAINS: scalars, BEGINS_WITH: ["S", "B"], IN: scalars, BETWEEN: scalars,
};

/** Checks the operator's arguments: values, their number, that they are of one type, and one that the operator takes. */
function checkArguments(operator: string, values: readonly AttributeValue[]): void {
  if (argumentCounts[operator]?.(values.length) !== true) {
    throw invalidParameters(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  }
  const [first] = values;
  if (first === undefined) return;
  const type = typeOf(first);
  if (values.some((value) => typeOf(value) !== type)) throw invalidParameters("AttributeValues inside AttributeValueList must be of same type");
  if (allowedTypes[operator]?.includes(type) === false) {
    throw invalidParameters(`ComparisonOperator ${operator} is not valid for ${type} AttributeValue type`);
  }
  if (operator === "BETWEEN" && compareValues(first, values[1]!)! > 0) {
    throw validationError("The BETWEEN condition was provided a range where the lower bound is greater than the upper bound");
  }
}

/** Checks the conditions of a filter or of `KeyConditions`. */
export function checkConditions(conditions: Conditions): void {
  for (const name in conditions) {
    for (const value of conditions[name]!.AttributeValueList ?? []) checkValue(value);
  }
  for (const name in conditions) {
    const { ComparisonOperator, AttributeValueList } = conditions[name]!;
    checkArguments(ComparisonOperator, AttributeValueList ?? []);
  }
}

/** Makes a test of checked conditions. */
export function compileConditions(conditions: Conditions, operator: string | undefined): LegacyTest {
  return join(Object.entries(conditions).map(([name, condition]) => compare(name, condition.ComparisonOperator, condition.AttributeValueList ?? [])), operator);
}

function join(tests: LegacyTest[], operator: string | undefined): LegacyTest {
  return operator === "OR" ? (item) => tests.some((test) => test(item)) : (item) => tests.every((test) => test(item));
}

function compare(name: string, operator: string, values: readonly AttributeValue[]): LegacyTest {
  const [first, second] = values as [AttributeValue, AttributeValue];
  const difference = (item: Item, with_: AttributeValue): number => {
    const value = attribute(item, name);
    return (value === undefined ? undefined : compareValues(value, with_)) ?? NaN;
  };
  const equals = (item: Item, candidate: AttributeValue): boolean => {
    const value = attribute(item, name);
    return value !== undefined && equalValues(value, candidate);
  };
  switch (operator) {
    case "NULL": return (item) => attribute(item, name) === undefined;
    case "NOT_NULL": return (item) => attribute(item, name) !== undefined;
    case "EQ": return (item) => equals(item, first);
    case "NE": return (item) => !equals(item, first);
    case "IN": return (item) => values.some((value) => equals(item, value));
    case "LT": return (item) => difference(item, first) < 0;
    case "LE": return (item) => difference(item, first) <= 0;
    case "GT": return (item) => difference(item, first) > 0;
    case "GE": return (item) => difference(item, first) >= 0;
    case "BETWEEN": return (item) => difference(item, first) >= 0 && difference(item, second) <= 0;
    case "CONTAINS": return (item) => contains(attribute(item, name), first);
    case "NOT_CONTAINS": return (item) => !contains(attribute(item, name), first);
    case "BEGINS_WITH": return (item) => beginsWith(attribute(item, name), first);
    default: throw new TypeError(`unknown comparison operator ${operator}`);
  }
}

/** Checks `Expected`. */
export function checkExpected(expected: { [attribute: string]: ExpectedAttributeValue }): void {
  for (const name in expected) {
    const { Value, AttributeValueList, ComparisonOperator, Exists } = expected[name]!;
    const values = AttributeValueList ?? (Value === undefined ? [] : [Value]);
    for (const value of values) checkValue(value);
    if (Value !== undefined && AttributeValueList !== undefined) {
      throw invalidParameters(`Value and AttributeValueList cannot be used together for Attribute: ${name}`);
    }
    if (ComparisonOperator !== undefined) {
      if (Exists !== undefined) throw invalidParameters(`Exists and ComparisonOperator cannot be used together for Attribute: ${name}`);
      if (Value === undefined && AttributeValueList === undefined && ComparisonOperator !== "NULL" && ComparisonOperator !== "NOT_NULL") {
        throw invalidParameters(`Value or AttributeValueList must be used with ComparisonOperator: ${ComparisonOperator} for Attribute: ${name}`);
      }
      checkArguments(ComparisonOperator, values);
    } else if (AttributeValueList !== undefined) {
      throw invalidParameters(`AttributeValueList can only be used with a ComparisonOperator for Attribute: ${name}`);
    } else if (Exists !== false && Value === undefined) {
      throw invalidParameters(`Value must be provided when Exists is ${Exists ?? "null"} for Attribute: ${name}`);
    } else if (Exists === false && Value !== undefined) {
      throw invalidParameters(`Value cannot be used when Exists is false for Attribute: ${name}`);
    }
  }
}

/** Makes a test of a checked `Expected`. */
export function compileExpected(expected: { [attribute: string]: ExpectedAttributeValue }, operator: string | undefined): LegacyTest {
  return join(Object.entries(expected).map(([name, { Value, AttributeValueList, ComparisonOperator, Exists }]) => {
    const comparison = ComparisonOperator ?? (Exists === false ? "NULL" : "EQ");
    return compare(name, comparison, AttributeValueList ?? (Value === undefined ? [] : [Value]));
  }), operator);
}

/** `ConditionalOperator` needs something to join. */
export function checkConditionalOperator(operator: string | undefined, conditions: object | undefined): void {
  if (operator === undefined) return;
  const count = conditions === undefined ? 0 : Object.keys(conditions).length;
  if (count === 0) throw validationError("ConditionalOperator cannot be used without Filter or Expected");
  if (count === 1) throw validationError("ConditionalOperator can only be used when Filter or Expected has two or more elements");
}

/** Checks `AttributesToGet`. */
export function checkAttributesToGet(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw invalidParameters(`Duplicate value in attribute name: ${name}`);
    seen.add(name);
  }
}

/** AWS's names of types in messages about actions. */
const longTypeNames: { [T in AttributeType]: string } = {
  S: "STRING", N: "NUMBER", B: "BINARY", SS: "STRING_SET", NS: "NUMBER_SET", BS: "BINARY_SET", M: "MAP", L: "LIST", NULL: "NULL", BOOL: "BOOLEAN",
};

/** By attribute name. */
export interface AttributeUpdates {
  [attribute: string]: AttributeValueUpdate;
}

/** Checks `AttributeUpdates`. */
export function checkAttributeUpdates(updates: AttributeUpdates): void {
  for (const name in updates) {
    const { Action: action = "PUT", Value: value } = updates[name]!;
    if (value !== undefined) checkValue(value);
    if (value === undefined) {
      if (action !== "DELETE") throw invalidParameters("Only DELETE action is allowed when no attribute value is specified");
      continue;
    }
    const type = typeOf(value);
    if (action === "DELETE" && !["SS", "NS", "BS"].includes(type)) {
      throw invalidParameters(`DELETE action with value is not supported for the type ${longTypeNames[type]}`);
    }
    if (action === "ADD" && !["N", "SS", "NS", "BS", "L"].includes(type)) {
      throw invalidParameters(`ADD action is not supported for the type ${longTypeNames[type]}`);
    }
  }
}

/** Performs checked updates on a copy of an item. */
export function applyAttributeUpdates(before: Item, updates: AttributeUpdates): Item {
  const after: Item = { ...before };
  for (const name in updates) {
    const { Action: action = "PUT", Value: value } = updates[name]!;
    const current = attribute(before, name);
    if (action === "PUT") setAttribute(after, name, value!);
    else if (action === "ADD") setAttribute(after, name, add(current, value!));
    else if (value === undefined) delete after[name];
    else if (current !== undefined) {
      if (typeOf(current) !== typeOf(value)) throw validationError(typeMismatch);
      const rest = deleteFrom(current, value);
      if (rest === undefined) delete after[name];
      else setAttribute(after, name, rest);
    }
  }
  return after;
}

const typeMismatch = "Type mismatch for attribute to update";

/** Unlike the expression's ADD, this one also joins lists. */
function add(current: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  if (current === undefined) return value;
  if (typeOf(current) !== typeOf(value)) throw validationError(typeMismatch);
  return current.L === undefined ? addTo(current, value) : { L: [...current.L, ...value.L!] };
}
