import { attribute, setAttribute, typeOf } from "./attribute-values.ts";
import type { AttributeValue, Item } from "./attribute-values.ts";
import { compareValues } from "./compare.ts";
import { invalidParameters, validationError } from "./errors.ts";
import type { KeyOperator } from "./expressions/key-conditions.ts";
import { encodePart, encodePartition, encodePrefix, successor } from "./keys.ts";
import type { KeyAttribute, KeySchema } from "./keys.ts";

/** A condition of a query on a key attribute, however it was given, its values at hand. */
export interface KeyRestriction {
  attribute: string;
  /** Undefined for legacy operators that no key condition may have. */
  operator: KeyOperator | undefined;
  values: readonly AttributeValue[];
}

/** The rows that a query's key conditions select: keys from `from` (inclusive) to `to` (exclusive). */
export interface KeyRange {
  from: Buffer;
  to: Buffer;
  /** The partition and, while they are tested for equality, leading sort attributes. */
  equal: Item;
  /** The last condition, when it is not an equality. */
  last: KeyRestriction | undefined;
}

/** Works key conditions out against a schema; throws DynamoDB's faults in its order. */
export function keyRange(restrictions: readonly KeyRestriction[], schema: KeySchema): KeyRange {
  if (restrictions.length < 1 || restrictions.length > Math.max(2, schema.hash.length + schema.range.length)) {
    throw validationError("Conditions can be of length 1 or 2 only");
  }
  if (schema.range.length === 0 && restrictions.length > schema.hash.length) throw validationError("Query key condition not supported");
  const byName = new Map(restrictions.map((restriction) => [restriction.attribute, restriction]));
  const equal: Item = {};
  for (const part of schema.hash) {
    const restriction = byName.get(part.name);
    if (restriction === undefined) throw missing(part.name);
    checkRestriction(restriction, part);
    if (restriction.operator !== "=") throw validationError("Query key condition not supported");
    setAttribute(equal, part.name, restriction.values[0]!);
    byName.delete(part.name);
  }
  let bytes = encodePartition(equal, schema);
  let last: { restriction: KeyRestriction; part: KeyAttribute } | undefined;
  for (const part of schema.range) {
    const restriction = byName.get(part.name);
    if (restriction === undefined) {
      // Sort attributes are given from the left, without gaps.
      if (byName.size > 0) throw missing(part.name);
      break;
    }
    if (last !== undefined) throw validationError("Query key condition not supported");
    checkRestriction(restriction, part);
    byName.delete(part.name);
    if (restriction.operator === "=") {
      setAttribute(equal, part.name, restriction.values[0]!);
      bytes = Buffer.concat([bytes, encodePart(restriction.values[0]!, part.type)]);
    } else last = { restriction, part };
  }
  if (byName.size > 0) throw missing([...byName.keys()][0]!);
  return { ...bounds(bytes, last), equal, last: last?.restriction };
}

function missing(name: string): Error {
  return validationError(`Query condition missed key schema element: ${name}`);
}

function checkRestriction({ operator, values }: KeyRestriction, { name, type }: KeyAttribute): void {
  if (operator === undefined) throw validationError("Attempted conditional constraint is not an indexable operation");
  for (const value of values) {
    if (typeOf(value) !== type) throw invalidParameters("Condition parameter type does not match schema type");
    if (value.S === "" || value.B === "") {
      throw validationError(`One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${type === "S" ? "string" : "binary"} value. Key: ${name}`);
    }
  }
}

function bounds(prefix: Buffer, last: { restriction: KeyRestriction; part: KeyAttribute } | undefined): { from: Buffer; to: Buffer } {
  const end = successor(prefix);
  if (last === undefined) return { from: prefix, to: end };
  const { restriction: { operator, values }, part: { type } } = last;
  if (operator === "begins_with") {
    const start = Buffer.concat([prefix, encodePrefix(values[0]!, type as "S" | "B")]);
    return { from: start, to: successor(start) };
  }
  const first = Buffer.concat([prefix, encodePart(values[0]!, type)]);
  switch (operator) {
    case "<": return { from: prefix, to: first };
    case "<=": return { from: prefix, to: successor(first) };
    case ">": return { from: successor(first), to: end };
    case ">=": return { from: first, to: end };
    default: return { from: first, to: successor(Buffer.concat([prefix, encodePart(values[1]!, type)])) };
  }
}

/** Refuses a cursor that lies outside of what a query selects. */
export function checkWithin(cursor: Item, range: KeyRange, schema: KeySchema): void {
  for (const { name } of schema.hash) {
    if (compareValues(attribute(cursor, name)!, range.equal[name]!) !== 0) {
      throw validationError("The provided starting key is outside query boundaries based on provided conditions");
    }
  }
  for (const { name } of schema.range) {
    const value = attribute(cursor, name)!;
    const wanted = range.equal[name];
    if (wanted !== undefined && compareValues(value, wanted) !== 0) throw outside();
    if (range.last?.attribute === name && !meets(value, range.last)) throw outside();
  }
}

function outside(): Error {
  return validationError("The provided starting key does not match the range key predicate");
}

function meets(value: AttributeValue, { operator, values }: KeyRestriction): boolean {
  const order = compareValues(value, values[0]!)!;
  switch (operator) {
    case "<": return order < 0;
    case "<=": return order <= 0;
    case ">": return order > 0;
    case ">=": return order >= 0;
    case "BETWEEN": return order >= 0 && compareValues(value, values[1]!)! <= 0;
    case "begins_with":
      return value.S === undefined
        ? Buffer.from(value.B!, "base64").subarray(0, Buffer.from(values[0]!.B!, "base64").length).equals(Buffer.from(values[0]!.B!, "base64"))
        : value.S.startsWith(values[0]!.S!);
    default: return order === 0;
  }
}
