import { badRequest, decodeCursor, encodeCursor } from "../shared.ts";
import type { Collection } from "../../store.ts";

/** `limit` of version 1: 25 unless told, 500 at most. */
export function limitOf(limit: number | undefined): number {
  if (limit === undefined || limit <= 0) return 25;
  if (limit > 500) throw badRequest("Invalid limit specified. Must be between 1 and 500");
  return limit;
}

/** One page of a collection in version 1's form. */
export function pageOf<T>(collection: Collection<T>, parent: string, input: { limit?: number; position?: string }): { items: T[]; position?: string | undefined } {
  const { items, next } = collection.page(parent, limitOf(input.limit), decodeCursor(input.position));
  return { items, ...(next === undefined ? {} : { position: encodeCursor(next) }) };
}

/** One page of a list that is in memory already (filtered, or a map's values). */
export function pageOfList<T>(list: readonly T[], input: { limit?: number; position?: string }): { items: T[]; position?: string | undefined } {
  const limit = limitOf(input.limit);
  const start = decodeCursor(input.position);
  const items = list.slice(start, start + limit);
  return { items, ...(start + limit < list.length ? { position: encodeCursor(start + limit) } : {}) };
}
