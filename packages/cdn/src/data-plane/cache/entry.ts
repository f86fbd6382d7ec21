import type { Writable } from "node:stream";
import type { Storage } from "../../domain/cache/freshness.ts";
import type { ByteRange } from "../../domain/cache/range.ts";
import type { Selecting } from "../../domain/cache/vary.ts";
import { Body } from "./body.ts";

/** A run of a stored answer's bytes. */
export interface Part {
  /** Offset of its first byte. */
  start: number;
  body: Body;
}

/** A stored answer: all of its bytes, or, made from ranges, some of them. */
export interface Entry {
  status: number;
  /** End to end, without `Content-Range`; `Content-Length` is that of the whole. */
  headers: readonly string[];
  storage: Storage;
  /** Platform time when it came or was last confirmed, milliseconds. */
  responseMs: number;
  selecting: Selecting;
  /** False: made from ranges. */
  whole: boolean;
  /** Bytes of the whole, once known. */
  total: number | undefined;
  /** In the order of their offsets, not overlapping. A whole answer has one, at 0. */
  parts: Part[];
}

/** Age in milliseconds. */
export function ageMs({ storage, responseMs }: Entry, nowMs: number): number {
  return storage.initialAgeMs + Math.max(0, nowMs - responseMs);
}

/** Bytes held, in memory or on disk. */
export function heldBytes({ parts }: Entry): number {
  let bytes = 0;
  for (const { body } of parts) bytes += body.length;
  return bytes;
}

/** Size of the whole body; undefined while an unannounced one still arrives. */
export function totalOf({ total, whole, parts }: Entry): number | undefined {
  if (total !== undefined) return total;
  const body = parts[0]?.body;
  return whole && body?.complete === true ? body.length : undefined;
}

/** Whether all bytes of a range are held or, of a whole answer, on their way. */
export function covers(entry: Entry, { start, end }: ByteRange): boolean {
  if (entry.whole) return true;
  let next = start;
  for (const part of entry.parts) {
    if (part.start > next) return false;
    const after = part.start + part.body.length;
    if (after > next) next = after;
    if (next > end) return true;
  }
  return false;
}

/** Drops runs of bytes that another one covers, once they have all come; one that covers everything makes the answer whole. */
export function tidy(entry: Entry): void {
  const end = ({ start, body }: Part): number => start + body.length;
  entry.parts = entry.parts.filter((part, index) => !entry.parts.some((other, at) =>
    at !== index && other.start <= part.start && end(other) >= end(part) && (end(other) - other.start > part.body.length || at < index)));
  const [only] = entry.parts;
  entry.whole = entry.parts.length === 1 && only!.start === 0 && only!.body.complete && only!.body.length === entry.total;
}

/** Writes bytes of an entry; rejects with `TruncatedBody` where they turn out not to be there. */
export async function copyTo(entry: Entry, writable: Writable, range: ByteRange | undefined): Promise<void> {
  if (entry.whole) return entry.parts[0]?.body.copyTo(writable, range?.start, range?.end);
  const { start, end } = range ?? { start: 0, end: entry.total! - 1 };
  let next = start;
  for (const part of [...entry.parts]) {
    const after = part.start + part.body.length;
    if (after <= next || part.start > next) continue;
    await part.body.copyTo(writable, next - part.start, Math.min(end, after - 1) - part.start);
    next = after;
    if (next > end) return;
  }
  throw new Error("Bytes of a partial answer are no longer there.");
}

/** Gives up bodies that still arrive for an entry that is not kept. */
export function detach({ parts }: Entry): void {
  for (const { body } of parts) if (!body.complete) body.detach();
}

/** A whole answer whose body is at hand. */
export function wholeEntry(given: Omit<Entry, "whole" | "parts" | "total"> & { body: Body }): Entry {
  const { body, ...rest } = given;
  return { ...rest, whole: true, total: body.complete ? body.length : undefined, parts: [{ start: 0, body }] };
}
