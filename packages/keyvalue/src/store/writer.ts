import { attribute, itemSize } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { equalMaps } from "../domain/compare.ts";
import { writeUnits } from "../domain/capacity.ts";
import type { Consumption } from "../domain/capacity.ts";
import { encodeKey } from "../domain/keys.ts";
import { encodeNumber } from "../domain/numbers.ts";
import { streamRecord } from "../domain/stream-records.ts";
import type { UserIdentity } from "../domain/stream-records.ts";
import { entryOf } from "../domain/table.ts";
import type { Index, Table } from "../domain/table.ts";
import type { History } from "./history.ts";
import type { Rows } from "./rows.ts";
import type { Streams } from "./streams.ts";
import type { Totals } from "./totals.ts";
import type { Version, Versions } from "./versions.ts";

/** An item as it is or will be stored. */
export interface Stored {
  item: Item;
  size: number;
}

/** What a write needs of the world. */
export interface WriteContext {
  nowMs: number;
  region: string;
  uuid(): string;
  /** Wakes whoever reads the stream of a table. */
  wake(table: Table): void;
  /** Sends what a write made of an item to the other members of a global table. */
  replicate(table: Table, key: Buffer): void;
  /** The write of another member that is followed here. */
  origin?: Version;
  /** Who deletes, when it is not a client. */
  identity?: UserIdentity;
}

/** Changes items together with everything that follows from them: index entries, times of expiry, stream records, totals. */
export class Writer {
  readonly #rows: Rows;
  readonly #streams: Streams;
  readonly #totals: Totals;
  readonly #history: History;
  readonly #versions: Versions;
  readonly #expires: (seconds: string) => void;

  /** `expires` hears of every time of expiry that is written. */
  constructor(rows: Rows, streams: Streams, totals: Totals, history: History, versions: Versions, expires: (seconds: string) => void) {
    this.#history = history;
    this.#versions = versions;
    this.#expires = expires;
    this.#rows = rows;
    this.#streams = streams;
    this.#totals = totals;
  }

  /** Puts into a plain table, where nothing follows from a write. `before` is the size of the item that is replaced. */
  putPlain(table: Table, key: Buffer, before: number | undefined, after: Stored): void {
    this.#rows.put(table.space, key, after.size, JSON.stringify(after.item));
    this.#totals.add(table.space, before === undefined ? 1 : 0, after.size - (before ?? 0));
  }

  /** Deletes from a plain table; `before` is the size of the item that is there. */
  deletePlain(table: Table, key: Buffer, before: number): void {
    this.#rows.delete(table.space, key);
    this.#totals.add(table.space, -1, -before);
  }

  /**
   * Makes `after` of what was `before`; undefined on either side when there is no item. What it costs is added to
   * `consumption`.
   */
  write(table: Table, key: Buffer, before: Stored | undefined, after: Stored | undefined, ctx: WriteContext, consumption?: Consumption): void {
    if (before === undefined && after === undefined) return;
    const text = after === undefined ? "" : JSON.stringify(after.item);
    if (after !== undefined) this.#rows.put(table.space, key, after.size, text);
    else this.#rows.delete(table.space, key);
    if (table.keepsHistory) this.#history.add(table.space, key, ctx.nowMs, before?.size ?? 0, before === undefined ? null : JSON.stringify(before.item));
    this.#totals.add(table.space, (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1), (after?.size ?? 0) - (before?.size ?? 0));
    for (const index of table.indexes) {
      const units = this.#writeEntry(index, key, before, after, text);
      if (units > 0) consumption?.addIndex(index, units);
    }
    if (table.ttl !== undefined) this.#writeExpiry(table.ttl.space, table.ttl.attribute, key, before?.item, after?.item);
    if (table.record.replicas !== undefined) {
      const version = ctx.origin ?? this.#versions.next(table.space, key, ctx.nowMs, ctx.region);
      this.#versions.put(table.space, key, version, after === undefined ? ctx.nowMs : undefined);
      if (ctx.origin === undefined) ctx.replicate(table, key);
    }
    if (table.stream !== undefined && !(before !== undefined && after !== undefined && equalMaps(before.item, after.item))) {
      const { id, viewType } = table.stream;
      this.#streams.append(id, ctx.nowMs, (sequence) => streamRecord({
        eventId: ctx.uuid().replaceAll("-", ""), region: ctx.region, nowMs: ctx.nowMs, sequence, viewType,
        keys: table.keyOf((after ?? before)!.item), before: before?.item, after: after?.item, identity: ctx.identity,
      }));
      ctx.wake(table);
    }
  }

  /** Brings one index entry in line; gives the write units that AWS counts for it. */
  #writeEntry(index: Index, key: Buffer, before: Stored | undefined, after: Stored | undefined, text: string): number {
    const old = before === undefined ? undefined : entryOf(before.item, index);
    const now = after === undefined ? undefined : entryOf(after.item, index);
    if (old === undefined && now === undefined) return 0;
    const oldKey = old === undefined ? undefined : entryKey(old, index, key);
    const newKey = now === undefined ? undefined : entryKey(now, index, key);
    const same = oldKey !== undefined && newKey !== undefined && oldKey.equals(newKey);
    if (same && equalMaps(old!, now!)) return 0;
    const oldSize = old === undefined ? 0 : index.projected === undefined ? before!.size : itemSize(old);
    const newSize = now === undefined ? 0 : index.projected === undefined ? after!.size : itemSize(now);
    if (oldKey !== undefined && !same) this.#rows.delete(index.space, oldKey);
    if (newKey !== undefined) this.#rows.put(index.space, newKey, newSize, index.projected === undefined ? text : JSON.stringify(now));
    this.#totals.add(index.space, (now === undefined ? 0 : 1) - (old === undefined ? 0 : 1), newSize - oldSize);
    if (same) return writeUnits(oldSize, newSize);
    return (old === undefined ? 0 : writeUnits(oldSize, 0)) + (now === undefined ? 0 : writeUnits(0, newSize));
  }

  #writeExpiry(space: number, name: string, key: Buffer, before: Item | undefined, after: Item | undefined): void {
    const old = before === undefined ? undefined : attribute(before, name)?.N;
    const now = after === undefined ? undefined : attribute(after, name)?.N;
    if (old === now) return;
    if (old !== undefined) this.#rows.delete(space, expiryKey(old, key));
    if (now === undefined) return;
    this.#rows.put(space, expiryKey(now, key), 0, "");
    this.#expires(now);
  }

  /** Puts an item into a table that is being restored, with its index entries. */
  restore(table: Table, key: Buffer, item: Item, size: number, text: string): void {
    this.#rows.put(table.space, key, size, text);
    this.#totals.add(table.space, 1, size);
    for (const index of table.indexes) this.fill(index, key, item);
  }

  /** Puts the entry of an item that was in the table before the index was. */
  fill(index: Index, key: Buffer, item: Item): void {
    const entry = entryOf(item, index);
    if (entry === undefined) return;
    const at = entryKey(entry, index, key);
    // A write since the index was made has put it there already.
    if (this.#rows.size(index.space, at) !== undefined) return;
    const size = itemSize(entry);
    this.#rows.put(index.space, at, size, JSON.stringify(entry));
    this.#totals.add(index.space, 1, size);
  }

  /** Puts the entry by time of expiry of an item that was in the table before TTL was enabled. */
  fillExpiry(space: number, name: string, key: Buffer, item: Item): void {
    this.#writeExpiry(space, name, key, undefined, item);
  }
}

/** Key of an index entry: the index's key, then that of the table's row. */
export function entryKey(entry: Item, index: Index, key: Buffer): Buffer {
  return Buffer.concat([encodeKey(entry, index.schema), key]);
}

/** Key of an entry by time of expiry. */
export function expiryKey(seconds: string, key: Buffer): Buffer {
  return Buffer.concat([encodeNumber(seconds), key]);
}
