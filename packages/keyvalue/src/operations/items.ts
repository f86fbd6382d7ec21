import type { ItemCollectionMetrics } from "@cumulet/protocol/models/dynamodb.d.ts";
import { attribute } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { encodePartition, successor } from "../domain/keys.ts";
import type { UserIdentity } from "../domain/stream-records.ts";
import type { Table } from "../domain/table.ts";
import type { Stored, WriteContext } from "../store/writer.ts";
import type { Ctx } from "./targets.ts";

/** Reads an item for an operation that looks into it. */
export function load(ctx: Ctx, table: Table, key: Buffer): Stored | undefined {
  const row = ctx.store.rows.get(table.space, key);
  return row === undefined ? undefined : { item: JSON.parse(row.item) as Item, size: row.size };
}

/** What the writer needs of a request. */
export function writeContext(ctx: Ctx, identity?: UserIdentity): WriteContext {
  return {
    nowMs: ctx.clock.now(),
    region: ctx.region,
    uuid: () => ctx.ids.uuid(),
    wake: (table) => {
      const stream = table.stream!;
      if (!ctx.store.firstWake(stream.id)) return;
      ctx.emit({ type: "dynamodb.stream", detail: { streamArn: streamArn(table), tableName: table.name } });
    },
    replicate: (table, key) => ctx.emit({ type: "dynamodb.replicate", detail: { table: table.name, tableId: table.record.tableId, key: key.toString("hex") } }),
    ...(identity === undefined ? {} : { identity }),
  };
}

/** ARN of the stream that a table writes to or wrote to last. */
export function streamArn(table: Table): string {
  return `${table.arn}/stream/${table.record.stream!.label}`;
}

/**
 * Size of the item collection that a write touched: the items with its partition key in the table and its local indexes,
 * as a range of a gigabyte's width, the way AWS estimates. Undefined for tables without local indexes.
 */
export function collectionMetrics(ctx: Ctx, table: Table, item: Item, wanted: string | undefined): ItemCollectionMetrics | undefined {
  if (wanted !== "SIZE" || !table.indexes.some(({ kind }) => kind === "local")) return undefined;
  const from = encodePartition(item, table.schema);
  const to = successor(from);
  let bytes = 0;
  for (const space of [table.space, ...table.indexes.filter(({ kind }) => kind === "local").map((index) => index.space)]) {
    bytes += ctx.store.rows.bytes(space, from, to);
  }
  const { name } = table.schema.hash[0]!;
  const gigabytes = Math.floor(bytes / 2 ** 30);
  return { ItemCollectionKey: { [name]: attribute(item, name)! }, SizeEstimateRangeGB: [gigabytes, gigabytes + 1] };
}
