import { validationError } from "./errors.ts";

/**
 * DynamoDB numbers: decimals of up to 38 significant digits with magnitudes from 1E-130 to 9.99…E+125. They travel and
 * are stored as text in one canonical form, the one that AWS prints: plain notation, no leading or trailing zeros.
 * Two numbers are equal exactly when their canonical texts are.
 */

/** Significant digits that a number may have. */
const maxDigits = 38;
const maxExponent = 125;
const minExponent = -130;

/** `coefficient * 10 ** exponent`; the coefficient has no trailing zeros. Zero is `{ 0n, 0 }`. */
interface Decimal {
  coefficient: bigint;
  exponent: number;
}

// Most numbers are integers or short decimals written canonically already: recognised without taking them apart.
const canonicalInteger = /^(?:0|-?[1-9][0-9]{0,37})$/;
const canonicalFraction = /^-?(?:0|[1-9][0-9]{0,17})\.[0-9]{0,18}[1-9]$/;
const numeral = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/;
/** Integers that JavaScript holds exactly, sums included. */
const small = /^-?[0-9]{1,15}$/;

/**
 * Checks a number as a client wrote it and gives its canonical text.
 *
 * Throws a ValidationException with DynamoDB's messages for text that is no number, too large, too small or too precise.
 */
export function canonicalNumber(text: string): string {
  if (canonicalInteger.test(text) || canonicalFraction.test(text)) return text;
  if (text === "") throw validationError("The parameter cannot be converted to a numeric value");
  const match = numeral.exec(text);
  const digits = match === null ? "" : match[2]! + (match[3] ?? "");
  if (match === null || digits === "") {
    throw validationError(`The parameter cannot be converted to a numeric value: ${text}`);
  }
  return compose(match[1] === "-", digits, Number(match[4] ?? 0) - (match[3]?.length ?? 0));
}

/** Canonical text of `digits * 10 ** exponent`, range and precision checked in DynamoDB's order. */
function compose(negative: boolean, digits: string, exponent: number): string {
  let start = 0;
  while (start < digits.length && digits.charCodeAt(start) === 48) start++;
  let end = digits.length;
  while (end > start && digits.charCodeAt(end - 1) === 48) end--;
  if (start === end) return "0";
  const significant = digits.slice(start, end);
  const scale = exponent + digits.length - end;
  const magnitude = scale + significant.length - 1;
  if (magnitude > maxExponent) {
    throw validationError("Number overflow. Attempting to store a number with magnitude larger than supported range");
  }
  if (magnitude < minExponent) {
    throw validationError("Number underflow. Attempting to store a number with magnitude smaller than supported range");
  }
  if (significant.length > maxDigits) {
    throw validationError("Attempting to store more than 38 significant digits in a Number");
  }
  let plain: string;
  if (scale >= 0) plain = significant + "0".repeat(scale);
  else if (magnitude >= 0) plain = `${significant.slice(0, magnitude + 1)}.${significant.slice(magnitude + 1)}`;
  else plain = `0.${"0".repeat(-magnitude - 1)}${significant}`;
  return negative ? `-${plain}` : plain;
}

function parse(canonical: string): Decimal {
  const negative = canonical.charCodeAt(0) === 45;
  const point = canonical.indexOf(".");
  const first = negative ? 1 : 0;
  const digits = point < 0 ? canonical.slice(first) : canonical.slice(first, point) + canonical.slice(point + 1);
  const coefficient = BigInt(digits);
  return { coefficient: negative ? -coefficient : coefficient, exponent: point < 0 ? 0 : point + 1 - canonical.length };
}

/** Sum of two canonical numbers, canonical. Throws when the result has no place in 38 digits or the range. */
export function addNumbers(a: string, b: string): string {
  if (small.test(a) && small.test(b)) return String(Number(a) + Number(b));
  const x = parse(a);
  const y = parse(b);
  const exponent = Math.min(x.exponent, y.exponent);
  const sum = x.coefficient * 10n ** BigInt(x.exponent - exponent) + y.coefficient * 10n ** BigInt(y.exponent - exponent);
  const negative = sum < 0n;
  return compose(negative, (negative ? -sum : sum).toString(), exponent);
}

/** Difference of two canonical numbers, canonical. */
export function subtractNumbers(a: string, b: string): string {
  if (b === "0") return a;
  return addNumbers(a, b.charCodeAt(0) === 45 ? b.slice(1) : `-${b}`);
}

/** Negative, zero or positive, as canonical `a` is less than, equal to or greater than canonical `b`. */
export function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  if (small.test(a) && small.test(b)) return Number(a) - Number(b);
  return Buffer.compare(encodeNumber(a), encodeNumber(b));
}

const zero = Buffer.from([0x80]);

/**
 * Order-preserving bytes of a canonical number: comparing them byte by byte compares the numbers, and no encoding is a
 * prefix of another, so that more key parts may follow.
 *
 * One byte of sign (0x7f negative, 0x80 zero, 0x81 positive), one byte of magnitude (-130..125 shifted to 0..255), the
 * digits two to a byte as 1..100, an end byte below any digit. For negative numbers everything after the sign is mirrored.
 */
export function encodeNumber(canonical: string): Buffer {
  if (canonical === "0") return zero;
  const negative = canonical.charCodeAt(0) === 45;
  const point = canonical.indexOf(".");
  const first = negative ? 1 : 0;
  let digits: string;
  let magnitude: number;
  if (point < 0) {
    digits = canonical.slice(first);
    magnitude = digits.length - 1;
  } else {
    const whole = canonical.slice(first, point);
    const fraction = canonical.slice(point + 1);
    if (whole === "0") {
      let zeros = 0;
      while (fraction.charCodeAt(zeros) === 48) zeros++;
      digits = fraction.slice(zeros);
      magnitude = -zeros - 1;
    } else {
      digits = whole + fraction;
      magnitude = whole.length - 1;
    }
  }
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 48) end--;
  const pairs = (end + 1) >> 1;
  const bytes = Buffer.allocUnsafe(pairs + 3);
  const shifted = magnitude - minExponent;
  bytes[0] = negative ? 0x7f : 0x81;
  bytes[1] = negative ? 255 - shifted : shifted;
  for (let i = 0; i < pairs; i++) {
    const tens = digits.charCodeAt(2 * i) - 48;
    const ones = 2 * i + 1 < end ? digits.charCodeAt(2 * i + 1) - 48 : 0;
    const value = tens * 10 + ones + 1;
    bytes[i + 2] = negative ? 255 - value : value;
  }
  bytes[pairs + 2] = negative ? 255 : 0;
  return bytes;
}

/**
 * Bytes that a canonical number counts towards the size of its item: one, plus one for every two significant digits
 * before the decimal point and one for every two after it, rounded up each, plus one when negative (found on AWS at the
 * 400 KB limit; its documentation calls it approximate).
 */
export function numberSize(canonical: string): number {
  if (canonical === "0") return 1;
  const negative = canonical.charCodeAt(0) === 45;
  const first = negative ? 1 : 0;
  const point = canonical.indexOf(".");
  let whole: number;
  let fraction = 0;
  if (point < 0) {
    let end = canonical.length;
    while (canonical.charCodeAt(end - 1) === 48) end--;
    whole = end - first;
  } else {
    let from = point + 1;
    whole = point - first;
    if (whole === 1 && canonical.charCodeAt(first) === 48) {
      whole = 0;
      while (canonical.charCodeAt(from) === 48) from++;
    }
    fraction = canonical.length - from;
  }
  return 1 + ((whole + 1) >> 1) + ((fraction + 1) >> 1) + first;
}

/** The whole part of a positive number from the start of bytes that `encodeNumber` made; precise as far as a JavaScript number is. */
export function decodeInteger(bytes: Uint8Array): number {
  const magnitude = bytes[1]! + minExponent;
  let value = 0;
  let digits = 0;
  for (let i = 2; bytes[i] !== 0 && digits <= magnitude; i++) {
    value = value * 100 + bytes[i]! - 1;
    digits += 2;
  }
  return Math.floor(value * 10 ** (magnitude + 1 - digits));
}
