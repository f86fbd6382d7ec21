import type { Item } from "../domain/attribute-values.ts";
import { after } from "../domain/keys.ts";
import type { Table, TableRecord } from "../domain/table.ts";
import { wholeSpace } from "./pages.ts";
import type { Ctx } from "./targets.ts";

/** Rows of a table that are looked at before others get their turn. */
const rowsAtOnce = 2000;

/**
 * Goes on filling the indexes of a table, and its entries by time of expiry, that were made after its items: a bounded
 * number of rows, the cursor kept in the record. Items written meanwhile are in the index already. Gives the table as it
 * is then.
 */
export function fill(ctx: Ctx, table: Table): Table {
  const { record } = table;
  const cursor = smallestCursor(record);
  if (cursor === undefined) return table;
  const { store } = ctx;
  let last: Buffer | undefined;
  let count = 0;
  for (const { key, item: text } of [...store.rows.range(table.space, cursor === "" ? wholeSpace().from : after(Buffer.from(cursor, "hex")), wholeSpace().to, false, rowsAtOnce)]) {
    count++;
    last = key;
    const item = JSON.parse(text) as Item;
    for (const index of table.indexes) if (index.record.backfill !== undefined && index.record.backfill <= cursor) store.writer.fill(index, key, item);
    if (record.ttl?.backfill !== undefined && record.ttl.backfill <= cursor) store.writer.fillExpiry(record.ttl.space, record.ttl.attribute, key, item);
  }
  const next = count < rowsAtOnce ? undefined : last!.toString("hex");
  const changed: TableRecord = {
    ...record,
    globalIndexes: record.globalIndexes.map((index) => (index.backfill === cursor ? advance(index, next) : index)),
    ttl: record.ttl?.backfill === cursor ? advance(record.ttl, next) : record.ttl,
  };
  return store.tables.put(changed);
}

/** Whether anything is left to fill. */
export function isFilling(table: Table): boolean {
  return smallestCursor(table.record) !== undefined;
}

function advance<T extends { backfill?: string }>(filled: T, cursor: string | undefined): T {
  const { backfill: _, ...rest } = filled;
  return (cursor === undefined ? rest : { ...rest, backfill: cursor }) as T;
}

function smallestCursor(record: TableRecord): string | undefined {
  return [...record.globalIndexes, ...(record.ttl === undefined ? [] : [record.ttl])]
    .map(({ backfill }) => backfill).filter((backfill) => backfill !== undefined).sort()[0];
}
