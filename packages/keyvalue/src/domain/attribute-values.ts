import type { AttributeValue } from "@cumulet/protocol/models/dynamodb.d.ts";
import { serializationError, validationError, invalidParameters } from "./errors.ts";
import { canonicalNumber, numberSize } from "./numbers.ts";

export type { AttributeValue };

/** An item or a key: attribute values by name, in wire JSON. Look names up with `attribute`, never directly: an attribute may be called `constructor`. */
export interface Item {
  [name: string]: AttributeValue;
}

/** DynamoDB's type letters. */
export type AttributeType = "S" | "N" | "B" | "SS" | "NS" | "BS" | "M" | "L" | "NULL" | "BOOL";

/** Levels of lists and maps that a value may have, itself counted. */
const maxNesting = 32;

/** The only safe way to look an attribute up. */
export function attribute(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

/** The only safe way to set one: an attribute called `__proto__` is an attribute like any other. */
export function setAttribute(item: Item, name: string, value: AttributeValue): void {
  if (name === "__proto__") Object.defineProperty(item, name, { value, enumerable: true, configurable: true, writable: true });
  else item[name] = value;
}

/** The type letter of a checked value. */
export function typeOf(value: AttributeValue): AttributeType {
  for (const type in value) return type as AttributeType;
  throw new TypeError("an attribute value without a type was stored");
}

/** The payload of a checked value, by its type. */
export function payload<T extends AttributeType>(value: AttributeValue, type: T): NonNullable<AttributeValue[T]> | undefined {
  return value[type] as NonNullable<AttributeValue[T]> | undefined;
}

/**
 * Checks and normalises an item in place (numbers to canonical text, members that are no type dropped) and gives its
 * size in bytes as DynamoDB counts it.
 *
 * Throws SerializationException for JSON of the wrong type and ValidationException for the rest, DynamoDB's messages.
 */
export function checkItem(item: Item): number {
  let size = 0;
  for (const name in item) {
    if (name === "") throw validationError("Empty attribute name");
    size += utf8Length(name) + checkValue(item[name], 1);
  }
  return size;
}

/** Checks and normalises one value in place; see `checkItem`. */
export function checkValue(value: unknown, level = 1): number {
  if (typeof value !== "object" || value === null) {
    if (value === null || value === undefined) throw validationError(emptyValue);
    throw serializationError("Unexpected value type in payload");
  }
  if (Array.isArray(value)) {
    throw serializationError("Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue");
  }
  if (level > maxNesting) {
    throw validationError("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit");
  }
  const members = value as { [type: string]: unknown };
  let size = -1;
  let types = 0;
  for (const type in members) {
    const content = members[type];
    const check = Object.hasOwn(checks, type) ? checks[type as AttributeType] : undefined;
    if (check === undefined || content === null) {
      delete members[type];
      continue;
    }
    types++;
    size = check(content as never, members, level);
  }
  if (types === 1) return size;
  throw validationError(types === 0 ? emptyValue : "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes");
}

const emptyValue = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";

/** By type: checks the content, normalises it in `value`, gives its size. */
const checks: { [T in AttributeType]: (content: unknown, value: { [type: string]: unknown }, level: number) => number } = {
  S: (content) => utf8Length(text(content)),
  N: (content, value) => {
    const number = text(content);
    const canonical = canonicalNumber(number);
    if (canonical !== number) value["N"] = canonical;
    return numberSize(canonical);
  },
  B: (content) => binaryLength(content),
  BOOL: (content, value) => {
    if (typeof content !== "boolean") value["BOOL"] = flag(content);
    return 1;
  },
  NULL: (content, value) => {
    if (typeof content !== "boolean") value["NULL"] = flag(content);
    if (value["NULL"] !== true) throw invalidParameters("Null attribute value types must have the value of true");
    return 1;
  },
  SS: (content) => {
    const members = list(content);
    // The double space is AWS's.
    if (members.length === 0) throw invalidParameters("An string set  may not be empty");
    let size = 0;
    for (const member of members) {
      if (member === null) throw invalidParameters("An string set may not have a null string as a member");
      size += utf8Length(text(member));
    }
    if (hasDuplicates(members)) throw invalidParameters(`Input collection [${members.join(", ")}] contains duplicates.`);
    return size;
  },
  NS: (content) => {
    const members = list(content);
    if (members.length === 0) throw invalidParameters("An number set  may not be empty");
    let size = 0;
    for (let i = 0; i < members.length; i++) {
      const canonical = canonicalNumber(text(members[i]));
      members[i] = canonical;
      size += numberSize(canonical);
    }
    if (hasDuplicates(members)) throw validationError("Input collection contains duplicates");
    return size;
  },
  BS: (content) => {
    const members = list(content);
    if (members.length === 0) throw invalidParameters("Binary sets should not be empty");
    let size = 0;
    for (const member of members) size += binaryLength(member);
    // AWS really leaves no space before "of".
    if (hasDuplicates(members)) throw invalidParameters(`Input collection [${members.join(", ")}]of type BS contains duplicates.`);
    return size;
  },
  L: (content, _value, level) => {
    let size = 3;
    for (const member of list(content)) size += 1 + checkValue(member, level + 1);
    return size;
  },
  M: (content, _value, level) => {
    if (Array.isArray(content)) {
      throw serializationError("Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>");
    }
    if (typeof content !== "object") throw serializationError("Unexpected field type");
    let size = 3;
    const members = content as { [name: string]: unknown };
    for (const name in members) {
      if (name === "") throw validationError("Empty attribute name");
      size += 1 + utf8Length(name) + checkValue(members[name], level + 1);
    }
    return size;
  },
};

function text(content: unknown): string {
  if (typeof content === "string") return content;
  throw serializationError(wrongScalar(content, "String"));
}

function wrongScalar(content: unknown, wanted: string): string {
  if (typeof content === "number") return `${Number.isInteger(content) ? "NUMBER_VALUE" : "DECIMAL_VALUE"} cannot be converted to ${wanted}`;
  if (typeof content === "boolean") return `${content ? "TRUE_VALUE" : "FALSE_VALUE"} cannot be converted to ${wanted}`;
  if (Array.isArray(content)) return `Unrecognized collection type class java.lang.${wanted}`;
  return "Start of structure or map found where not expected";
}

/** AWS's deserialiser takes a few words for booleans. */
function flag(content: unknown): boolean {
  if (typeof content !== "string") throw serializationError(wrongScalar(content, "Boolean"));
  const word = content.toUpperCase();
  if (word === "TRUE" || word === "1" || word === "YES") return true;
  if (word === "FALSE" || word === "0" || word === "NO") return false;
  throw serializationError("Unexpected token received from parser");
}

function list(content: unknown): unknown[] {
  if (Array.isArray(content)) return content;
  throw serializationError(typeof content === "object" ? "Start of structure or map found where not expected" : "Unexpected field type");
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

/** Checks base64 and gives the number of bytes it stands for. */
function binaryLength(content: unknown): number {
  if (typeof content !== "string") {
    if (typeof content === "object") {
      throw serializationError(Array.isArray(content) ? "Unrecognized collection type class java.nio.ByteBuffer" : "Start of structure or map found where not expected");
    }
    throw serializationError("only base-64-encoded strings are convertible to bytes");
  }
  if (!base64.test(content)) {
    if (content.length % 4 !== 0) throw serializationError(`Base64 encoded length is expected a multiple of 4 bytes but found: ${content.length}`);
    throw serializationError("Invalid last non-pad Base64 character dectected");
  }
  return binarySize(content);
}

/** Bytes that canonical base64 stands for. */
export function binarySize(encoded: string): number {
  const length = encoded.length;
  if (length === 0) return 0;
  return (length / 4) * 3 - (encoded.charCodeAt(length - 2) === 61 ? 2 : encoded.charCodeAt(length - 1) === 61 ? 1 : 0);
}

function hasDuplicates(members: unknown[]): boolean {
  return members.length > 1 && new Set(members).size !== members.length;
}

/** Bytes of a string in UTF-8. */
export function utf8Length(string: string): number {
  return Buffer.byteLength(string);
}

/** Size in bytes of an item that was checked before. */
export function itemSize(item: Item): number {
  let size = 0;
  for (const name in item) size += utf8Length(name) + valueSize(item[name]!);
  return size;
}

/** Size in bytes of a value that was checked before, without its name. */
export function valueSize(value: AttributeValue): number {
  switch (typeOf(value)) {
    case "S": return utf8Length(value.S!);
    case "N": return numberSize(value.N!);
    case "B": return binarySize(value.B!);
    case "BOOL":
    case "NULL": return 1;
    case "SS": return value.SS!.reduce((sum, member) => sum + utf8Length(member), 0);
    case "NS": return value.NS!.reduce((sum, member) => sum + numberSize(member), 0);
    case "BS": return value.BS!.reduce((sum, member) => sum + binarySize(member), 0);
    case "L": return value.L!.reduce((sum, member) => sum + 1 + valueSize(member), 3);
    case "M": {
      let size = 3;
      for (const name in value.M) size += 1 + utf8Length(name) + valueSize(value.M[name]!);
      return size;
    }
  }
}
