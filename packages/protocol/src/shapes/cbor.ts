/** CBOR (RFC 8949) as far as Smithy's RPC v2 protocol uses it. */
import { malformedInput } from "../errors.ts";
import { bytes } from "./scalars.ts";

/** A timestamp on the wire: tag 1 around epoch seconds. */
export class CborTimestamp {
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    this.milliseconds = milliseconds;
  }
}

const MAX_DEPTH = 64;
/** Deep enough for every shape; a count beyond the bytes that are left is a lie and stops at once. */

/** Decodes one data item that must fill the whole input. Maps become null-prototype objects; only text keys exist. */
export function decodeCbor(input: Uint8Array): unknown {
  const reader = new CborReader(bytes(input));
  const value = reader.item(0);
  if (!reader.atEnd) throw malformedInput("The CBOR body has bytes after its end");
  return value;
}

class CborReader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  get atEnd(): boolean {
    return this.#at === this.#data.length;
  }

  #take(length: number): number {
    const from = this.#at;
    if (length > this.#data.length - from) throw malformedInput("The CBOR body ends too early");
    this.#at += length;
    return from;
  }

  /** The argument of an initial byte; undefined for an indefinite length. */
  #argument(info: number): number | bigint | undefined {
    if (info < 24) return info;
    switch (info) {
      case 24: return this.#data.readUInt8(this.#take(1));
      case 25: return this.#data.readUInt16BE(this.#take(2));
      case 26: return this.#data.readUInt32BE(this.#take(4));
      case 27: return this.#data.readBigUInt64BE(this.#take(8));
      case 31: return undefined;
      default: throw malformedInput("The CBOR body has a reserved length");
    }
  }

  #length(info: number): number | undefined {
    const argument = this.#argument(info);
    if (argument === undefined) return undefined;
    const length = Number(argument);
    if (length > this.#data.length - this.#at) throw malformedInput("The CBOR body ends too early");
    return length;
  }

  #break(): boolean {
    if (this.#data[this.#at] !== 0xff) return false;
    this.#at++;
    return true;
  }

  item(depth: number): unknown {
    if (depth > MAX_DEPTH) throw malformedInput("The CBOR body is nested too deeply");
    const initial = this.#data.readUInt8(this.#take(1));
    const major = initial >> 5;
    const info = initial & 31;
    switch (major) {
      case 0: return Number(this.#definite(info));
      case 1: return -1 - Number(this.#definite(info));
      case 2: return this.#string(info, 2);
      case 3: return this.#text(info);
      case 4: {
        const length = this.#length(info);
        const list: unknown[] = [];
        while (length === undefined ? !this.#break() : list.length < length) list.push(this.item(depth + 1));
        return list;
      }
      case 5: {
        const length = this.#length(info);
        const map = Object.create(null) as Record<string, unknown>;
        for (let count = 0; length === undefined ? !this.#break() : count < length; count++) {
          const key = this.item(depth + 1);
          if (typeof key !== "string") throw malformedInput("The CBOR body has a map key that is not text");
          map[key] = this.item(depth + 1);
        }
        return map;
      }
      case 6: return this.#tagged(Number(this.#definite(info)), depth);
      default: return this.#simple(info);
    }
  }

  #definite(info: number): number | bigint {
    const argument = this.#argument(info);
    if (argument === undefined) throw malformedInput("The CBOR body has an indefinite number");
    return argument;
  }

  #string(info: number, major: number): Buffer {
    const length = this.#length(info);
    if (length !== undefined) {
      const from = this.#take(length);
      return this.#data.subarray(from, this.#at);
    }
    const parts: Buffer[] = [];
    while (!this.#break()) {
      const initial = this.#data.readUInt8(this.#take(1));
      if (initial >> 5 !== major || (initial & 31) === 31) throw malformedInput("The CBOR body has a malformed string");
      parts.push(this.#string(initial & 31, major));
    }
    return Buffer.concat(parts);
  }

  #text(info: number): string {
    return this.#string(info, 3).toString("utf8");
  }

  #tagged(tag: number, depth: number): unknown {
    const value = this.item(depth + 1);
    if (tag !== 1) return value;
    if (typeof value !== "number" || !Number.isFinite(value)) throw malformedInput("The CBOR body has a malformed timestamp");
    return new CborTimestamp(Math.round(value * 1000));
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20: return false;
      case 21: return true;
      case 22: case 23: return null;
      case 25: return halfFloat(this.#data.readUInt16BE(this.#take(2)));
      case 26: return this.#data.readFloatBE(this.#take(4));
      case 27: return this.#data.readDoubleBE(this.#take(8));
      default: throw malformedInput("The CBOR body has an unknown simple value");
    }
  }
}

function halfFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * 2 ** (exponent - 25) * (fraction + 1024);
}

/** Encodes plain values: text, numbers, booleans, null, Uint8Array, arrays, objects and CborTimestamp. Whole numbers travel as integers. */
export function encodeCbor(value: unknown): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function head(major: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([(major << 5) | argument]);
  if (argument < 0x100) return Buffer.from([(major << 5) | 24, argument]);
  if (argument < 0x10000) return Buffer.from([(major << 5) | 25, argument >> 8, argument & 0xff]);
  if (argument < 0x100000000) {
    const four = Buffer.allocUnsafe(5);
    four.writeUInt8((major << 5) | 26, 0);
    four.writeUInt32BE(argument, 1);
    return four;
  }
  const eight = Buffer.allocUnsafe(9);
  eight.writeUInt8((major << 5) | 27, 0);
  eight.writeBigUInt64BE(BigInt(argument), 1);
  return eight;
}

function double(value: number): Buffer {
  const result = Buffer.allocUnsafe(9);
  result.writeUInt8(0xfb, 0);
  result.writeDoubleBE(value, 1);
  return result;
}

function write(value: unknown, parts: Buffer[]): void {
  if (value === null || value === undefined) parts.push(Buffer.from([0xf6]));
  else if (typeof value === "string") {
    const text = Buffer.from(value);
    parts.push(head(3, text.length), text);
  } else if (typeof value === "number") {
    if (!Number.isInteger(value) || Object.is(value, -0) || Math.abs(value) > Number.MAX_SAFE_INTEGER) parts.push(double(value));
    else parts.push(value >= 0 ? head(0, value) : head(1, -1 - value));
  } else if (typeof value === "boolean") parts.push(Buffer.from([value ? 0xf5 : 0xf4]));
  else if (value instanceof CborTimestamp) parts.push(Buffer.from([0xc1]), double(value.milliseconds / 1000));
  else if (value instanceof Uint8Array) parts.push(head(2, value.byteLength), bytes(value));
  else if (Array.isArray(value)) {
    parts.push(head(4, value.length));
    for (const item of value) write(item, parts);
  } else {
    const entries = Object.entries(value as object);
    parts.push(head(5, entries.length));
    for (const [key, item] of entries) {
      const text = Buffer.from(key);
      parts.push(head(3, text.length), text);
      write(item, parts);
    }
  }
}
