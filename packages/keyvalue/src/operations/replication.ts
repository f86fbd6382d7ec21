import type { PlatformEvent } from "@cumulet/core";
import type { Item } from "../domain/attribute-values.ts";
import { after } from "../domain/keys.ts";
import type { ReplicaRecord, Table } from "../domain/table.ts";
import { supersedes } from "../store/versions.ts";
import type { Version } from "../store/versions.ts";
import type { Stored } from "../store/writer.ts";
import { load, writeContext } from "./items.ts";
import { wholeSpace } from "./pages.ts";
import { transitionMs } from "./tables.ts";
import type { Ctx } from "./targets.ts";

/** Items that a new member of a global table is given before others get their turn. */
const itemsAtOnce = 1000;
/** The version of what was written before a table became global: everything stands against it. */
const beforeAll: Version = { version: 0, region: "" };

/** A table in another region with the context to reach it, if it is there. */
export function member(ctx: Ctx, table: Table, region: string): { ctx: Ctx; table: Table } | undefined {
  const there = ctx.at(ctx.account, region);
  const other = there.store.tables.get(table.name);
  return other?.record.replicas === undefined ? undefined : { ctx: there, table: other };
}

/**
 * Brings an item in the other members in line with how it is here now. What several writes made of it meanwhile arrives as
 * one, as on AWS; a write that another member has superseded is let go there.
 */
export async function replicate(ctx: Ctx, event: PlatformEvent): Promise<void> {
  const { table: name, tableId, key: hex } = event.detail as { table: string; tableId: string; key: string };
  const table = ctx.store.tables.get(name);
  if (table?.record.replicas === undefined || table.record.tableId !== tableId) return;
  const key = Buffer.from(hex, "hex");
  const item = load(ctx, table, key);
  const version = ctx.store.versions.get(table.space, key);
  if (version === undefined) return;
  for (const { region } of table.record.replicas) {
    const target = member(ctx, table, region);
    if (target === undefined) continue;
    target.ctx.transaction(() => follow(target.ctx, target.table, key, item, version));
    await target.ctx.committed();
  }
}

/** Makes an item what a write elsewhere made of it, unless what is here stands against that write. */
function follow(ctx: Ctx, table: Table, key: Buffer, item: Stored | undefined, version: Version): void {
  const { versions, writer } = ctx.store;
  const known = versions.get(table.space, key);
  const before = load(ctx, table, key);
  if (!supersedes(version, known ?? (before === undefined ? undefined : beforeAll))) return;
  if (before === undefined && item === undefined) versions.put(table.space, key, version, ctx.clock.now());
  else writer.write(table, key, before, item, { ...writeContext(ctx), origin: version });
}

/** Whether a table still has items to give to a new member. */
export function isSpreading({ record }: Table): boolean {
  return record.replicas?.some(({ backfill }) => backfill !== undefined) === true;
}

/** Goes on giving a table's items to its new members: a bounded number, in order of their keys. Gives the table as it is then. */
export function spread(ctx: Ctx, table: Table): Table {
  let current = table;
  for (const replica of table.record.replicas ?? []) {
    if (replica.backfill !== undefined) current = spreadTo(ctx, current, replica, replica.backfill);
  }
  return current;
}

function spreadTo(ctx: Ctx, table: Table, replica: ReplicaRecord, cursor: string): Table {
  const { store } = ctx;
  const target = member(ctx, table, replica.region);
  const from = cursor === "" ? wholeSpace().from : after(Buffer.from(cursor, "hex"));
  const rows = target === undefined ? [] : [...store.rows.range(table.space, from, wholeSpace().to, false, itemsAtOnce)];
  target?.ctx.transaction(() => {
    for (const { key, item, size } of rows) {
      follow(target.ctx, target.table, key, { item: JSON.parse(item) as Item, size }, store.versions.get(table.space, key) ?? beforeAll);
    }
  });
  if (rows.length === itemsAtOnce) {
    store.attention(ctx.clock.now());
    return changeReplica(ctx, table, replica.region, (other) => ({ ...other, backfill: rows.at(-1)!.key.toString("hex") }));
  }
  const readyMs = ctx.clock.now() + transitionMs(ctx);
  if (target !== undefined) {
    target.ctx.store.tables.put({ ...target.table.record, readyMs });
    for (const { region } of target.table.record.replicas ?? []) {
      const witness = region === ctx.region ? undefined : member(ctx, table, region);
      if (witness !== undefined) changeReplica(witness.ctx, witness.table, replica.region, (other) => ({ ...other, readyMs }));
    }
  }
  return changeReplica(ctx, table, replica.region, ({ backfill: _, ...other }) => ({ ...other, readyMs }));
}

/** Changes what a table knows of another member. */
export function changeReplica(ctx: Ctx, table: Table, region: string, change: (replica: ReplicaRecord) => ReplicaRecord): Table {
  const replicas = table.record.replicas!.map((replica) => (replica.region === region ? change(replica) : replica));
  return ctx.store.tables.put({ ...table.record, replicas });
}
