import { attribute, binarySize, typeOf, utf8Length } from "./attribute-values.ts";
import type { AttributeValue, Item } from "./attribute-values.ts";
import { encodeNumber } from "./numbers.ts";

/**
 * Keys as bytes whose order is DynamoDB's. A row's key is four bytes of hash of the partition key (which scatters
 * partitions, and gives parallel scans their segments), the partition key's parts, the sort key's parts, and for an index
 * entry the key of the table's row. Each part ends itself, so that no part runs into the next.
 */

export type KeyType = "S" | "N" | "B";

export interface KeyAttribute {
  name: string;
  type: KeyType;
}

/** A partition key and a sort key of a table or index. Tables have one attribute in each at most, global indexes up to four. */
export interface KeySchema {
  hash: readonly KeyAttribute[];
  range: readonly KeyAttribute[];
}

/** Limits of AWS, in bytes. */
export const maxHashKeySize = 2048;
export const maxRangeKeySize = 1024;

export const hashLength = 4;

const end = Buffer.from([0, 0]);

/** One part of a key: order-preserving, and no encoding is a prefix of another. */
export function encodePart(value: AttributeValue, type: KeyType): Buffer {
  if (type === "N") return encodeNumber(value.N!);
  return Buffer.concat([escape(rawBytes(value, type)), end]);
}

/** The start of a part: what all parts that begin with a string or binary have in common. */
export function encodePrefix(value: AttributeValue, type: "S" | "B"): Buffer {
  return escape(rawBytes(value, type));
}

function rawBytes(value: AttributeValue, type: "S" | "B"): Buffer {
  return type === "S" ? Buffer.from(value.S!, "utf8") : Buffer.from(value.B!, "base64");
}

/** A zero byte becomes 00 FF, which sorts after the end mark 00 00. */
function escape(bytes: Buffer): Buffer {
  if (!bytes.includes(0)) return bytes;
  const escaped: number[] = [];
  for (const byte of bytes) {
    escaped.push(byte);
    if (byte === 0) escaped.push(0xff);
  }
  return Buffer.from(escaped);
}

/** Four bytes that depend on a partition key alone, evenly spread (FNV-1a with a final mix). */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The common start of all keys of one partition. */
export function encodePartition(item: Item, schema: KeySchema): Buffer {
  const parts = schema.hash.map(({ name, type }) => encodePart(attribute(item, name)!, type));
  const body = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  const bytes = Buffer.allocUnsafe(hashLength + body.length);
  bytes.writeUInt32BE(hashOf(body), 0);
  body.copy(bytes, hashLength);
  return bytes;
}

/** The key of an item (or of a key object) under a schema whose attributes it has. */
export function encodeKey(item: Item, schema: KeySchema): Buffer {
  const [hash] = schema.hash;
  // By far the most common key, in one allocation.
  if (schema.range.length === 0 && schema.hash.length === 1 && hash!.type === "S") return encodeStringKey(attribute(item, hash!.name)!.S!);
  const partition = encodePartition(item, schema);
  if (schema.range.length === 0) return partition;
  return Buffer.concat([partition, ...schema.range.map(({ name, type }) => encodePart(attribute(item, name)!, type))]);
}

function encodeStringKey(text: string): Buffer {
  if (text.includes("\0")) {
    const body = Buffer.concat([escape(Buffer.from(text, "utf8")), end]);
    const bytes = Buffer.allocUnsafe(hashLength + body.length);
    bytes.writeUInt32BE(hashOf(body), 0);
    body.copy(bytes, hashLength);
    return bytes;
  }
  const bytes = Buffer.allocUnsafe(hashLength + Buffer.byteLength(text) + 2);
  const length = bytes.write(text, hashLength, "utf8");
  bytes[hashLength + length] = 0;
  bytes[hashLength + length + 1] = 0;
  bytes.writeUInt32BE(hashOf(bytes.subarray(hashLength)), 0);
  return bytes;
}

/** The smallest bytes above all that start with `bytes`. */
export function successor(bytes: Buffer): Buffer {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0xff) length--;
  if (length === 0) return Buffer.alloc(bytes.length + 1, 0xff);
  const next = Buffer.from(bytes.subarray(0, length));
  next[length - 1]! += 1;
  return next;
}

/** The smallest bytes above exactly `bytes`. */
export function after(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.from([0])]);
}

/** Bytes of a key value, for DynamoDB's limits. Numbers have none. */
export function keyValueSize(value: AttributeValue, type: KeyType): number {
  return type === "S" ? utf8Length(value.S!) : type === "B" ? binarySize(value.B!) : 0;
}

/** Whether an item has every attribute of a schema, each of its type and, for strings and binaries, not empty. */
export function hasKey(item: Item, schema: KeySchema): boolean {
  return schema.hash.every((key) => fits(item, key)) && schema.range.every((key) => fits(item, key));
}

function fits(item: Item, { name, type }: KeyAttribute): boolean {
  const value = attribute(item, name);
  return value !== undefined && typeOf(value) === type && value[type] !== "";
}

/** The bounds of one of `total` equal parts of the hash space, as keys: from (inclusive), to (exclusive; undefined for the last). */
export function segmentBounds(segment: number, total: number): { from: Buffer; to: Buffer | undefined } {
  return { from: hashBound(segment, total)!, to: segment === total - 1 ? undefined : hashBound(segment + 1, total) };
}

function hashBound(segment: number, total: number): Buffer {
  const bytes = Buffer.alloc(hashLength);
  bytes.writeUInt32BE(Math.ceil((segment * 2 ** 32) / total), 0);
  return bytes;
}
