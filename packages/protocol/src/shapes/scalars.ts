/** Scalars as text: numbers, timestamps and base64, shared by every protocol. */
import type { TimestampFormat } from "./traits.ts";

/** Thrown by scalar readers; each protocol turns it into its own AwsError, with the member's context. */
export class ScalarError extends Error {}

const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** Inclusive bounds of the integer types. A long is held as a JavaScript number, exact up to 2^53. */
export const INTEGER_BOUNDS: Record<string, readonly [number, number]> = {
  byte: [-128, 127],
  short: [-32768, 32767],
  integer: [-2147483648, 2147483647],
  long: [-9223372036854775808, 9223372036854775807],
};

/** Reads an integer of the given type from text. */
export function parseInteger(text: string, type: string): number {
  const trimmed = text.trim();
  if (!INTEGER.test(trimmed)) throw new ScalarError(`${text} is not ${type}`);
  const value = Number(trimmed);
  const [low, high] = INTEGER_BOUNDS[type]!;
  if (value < low || value > high) throw new ScalarError(`${text} is out of range for ${type}`);
  return value;
}

/** Reads a float from text: decimal notation or the three special words. */
export function parseFloatText(text: string): number {
  const trimmed = text.trim();
  if (trimmed === "NaN") return NaN;
  if (trimmed === "Infinity") return Infinity;
  if (trimmed === "-Infinity") return -Infinity;
  if (!DECIMAL.test(trimmed)) throw new ScalarError(`${text} is not a number`);
  return Number(trimmed);
}

export function parseBoolean(text: string): boolean {
  switch (text.trim().toLowerCase()) {
    case "true": case "1": return true;
    case "false": case "0": return false;
    default: throw new ScalarError(`${text} is not a boolean`);
  }
}

/** `NaN`, `Infinity` and `-Infinity` are words on every wire; the rest is JavaScript's shortest form. */
export function formatNumber(value: number): string {
  return String(value);
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Strict base64 (RFC 4648, with padding), as AWS reads it. */
export function parseBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) {
    throw new ScalarError(`Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`);
  }
  if (!BASE64.test(text)) throw new ScalarError("Invalid last non-pad Base64 character dectected");
  return Buffer.from(text, "base64");
}

export function formatBase64(value: unknown): string {
  return bytes(value).toString("base64");
}

/** Any of the byte carriers a handler may return, as a Buffer without a copy. */
export function bytes(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (typeof value === "string") return Buffer.from(value);
  throw new TypeError("a blob member must be a Uint8Array or a string");
}

const ISO8601 = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?(Z|[+-]\d\d:?\d\d)?$/i;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const RFC822 = /^(?:[A-Za-z]{3,9},\s*)?(\d{1,2})[ -]([A-Za-z]{3})[ -](\d{4})\s+(\d\d):(\d\d):(\d\d)(?:\.(\d+))?\s+(GMT|UTC|Z|[+-]\d{4})$/;

/** Milliseconds of a calendar date, or a ScalarError where a field is out of its range (`2020-02-31`). */
function milliseconds(text: string, year: number, month: number, day: number, hour: number, minute: number, second: number, fraction: string, zone: string): number {
  // Second 60 is a leap second: legal in both formats, counted as the next minute's first second.
  const valid = month >= 0 && month < 12 && day >= 1 && day <= new Date(Date.UTC(2000 + (year % 400), month + 1, 0)).getUTCDate()
    && hour < 24 && minute < 60 && second <= 60;
  if (!valid) throw new ScalarError(`${text} is not a timestamp`);
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  const time = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + (fraction === "" ? 0 : Math.round(Number(`0.${fraction}`) * 1000));
  if (!/^[+-]/.test(zone)) return time;
  const digits = zone.slice(1).replace(":", "");
  const offset = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60000;
  return zone[0] === "-" ? time + offset : time - offset;
}

/** Reads any of the three timestamp formats: AWS is lenient about which one arrives. Milliseconds since the epoch. */
export function parseTimestamp(text: string): number {
  const trimmed = text.trim();
  const iso = ISO8601.exec(trimmed);
  if (iso !== null) {
    return milliseconds(text, Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]), Number(iso[4] ?? 0), Number(iso[5] ?? 0), Number(iso[6] ?? 0), iso[7] ?? "", iso[8] ?? "Z");
  }
  const rfc = RFC822.exec(trimmed);
  if (rfc !== null) {
    const month = MONTHS.findIndex((name) => name.toLowerCase() === rfc[2]!.toLowerCase());
    return milliseconds(text, Number(rfc[3]), month, Number(rfc[1]), Number(rfc[4]), Number(rfc[5]), Number(rfc[6]), rfc[7] ?? "", rfc[8]!);
  }
  if (DECIMAL.test(trimmed)) return secondsToMilliseconds(Number(trimmed));
  throw new ScalarError(`${text} is not a timestamp`);
}

/** The last moment that every format can write: 9999-12-31T23:59:59.999Z. */
const LAST_MOMENT = 253402300799999;

/** From epoch seconds, possibly fractional. */
export function secondsToMilliseconds(seconds: number): number {
  const value = Math.round(seconds * 1000);
  if (!(Math.abs(value) <= LAST_MOMENT)) throw new ScalarError(`${seconds} is not a timestamp`);
  return value;
}

/** Writes a timestamp given in milliseconds. `always` keeps `.000`, as S3 does. */
export function formatTimestamp(value: number, format: TimestampFormat, always = false): string {
  if (format === "unixTimestamp") return String(value / 1000);
  const date = new Date(value);
  if (format === "rfc822") return date.toUTCString();
  const iso = date.toISOString();
  return always || value % 1000 !== 0 ? iso : `${iso.slice(0, -5)}Z`;
}
