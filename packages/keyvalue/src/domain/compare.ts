import { attribute, typeOf } from "./attribute-values.ts";
import type { AttributeValue } from "./attribute-values.ts";
import { compareNumbers } from "./numbers.ts";

/** Whether two checked values are the same: same type, same content; sets in any order. */
export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  const type = typeOf(a);
  if (type !== typeOf(b)) return false;
  switch (type) {
    case "S": return a.S === b.S;
    case "N": return a.N === b.N;
    case "B": return a.B === b.B;
    case "BOOL": return a.BOOL === b.BOOL;
    case "NULL": return true;
    case "SS": return equalSets(a.SS!, b.SS!);
    case "NS": return equalSets(a.NS!, b.NS!);
    case "BS": return equalSets(a.BS!, b.BS!);
    case "L": return a.L!.length === b.L!.length && a.L!.every((member, i) => equalValues(member, b.L![i]!));
    case "M": return equalMaps(a.M!, b.M!);
  }
}

/** Whether two items have the same attributes with the same values. */
export function equalMaps(a: { [name: string]: AttributeValue }, b: { [name: string]: AttributeValue }): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const other = attribute(b, name);
    return other !== undefined && equalValues(a[name]!, other);
  });
}

function equalSets(a: string[], b: string[]): boolean {
  if (a.length !== b.length) return false;
  const members = new Set(a);
  return b.every((member) => members.has(member));
}

/**
 * Negative, zero or positive for two values of one ordered type (S, N, B); undefined when they are not comparable.
 * Strings and binaries compare by their (UTF-8) bytes.
 */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if (a.S !== undefined) return b.S === undefined ? undefined : compareStrings(a.S, b.S);
  if (a.N !== undefined) return b.N === undefined ? undefined : compareNumbers(a.N, b.N);
  if (a.B !== undefined) return b.B === undefined ? undefined : Buffer.compare(Buffer.from(a.B, "base64"), Buffer.from(b.B, "base64"));
  return undefined;
}

/** UTF-8 order of two strings. JavaScript's own differs for characters outside the basic plane. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      const xHigh = x >= 0xd800 && x <= 0xdfff;
      const yHigh = y >= 0xd800 && y <= 0xdfff;
      return xHigh === yHigh ? x - y : xHigh ? 1 : -1;
    }
  }
  return a.length - b.length;
}
