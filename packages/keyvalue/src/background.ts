import type { Background } from "@cumulet/core";
import { attribute } from "./domain/attribute-values.ts";
import type { Item } from "./domain/attribute-values.ts";
import { encodeKey } from "./domain/keys.ts";
import { canonicalNumber, decodeInteger, encodeNumber } from "./domain/numbers.ts";
import type { Table } from "./domain/table.ts";
import { fill, isFilling } from "./operations/backfill.ts";
import { dropBackup } from "./operations/backups.ts";
import { writeContext } from "./operations/items.ts";
import { isSpreading, spread } from "./operations/replication.ts";
import { goOn } from "./operations/restore.ts";
import type { Ctx } from "./operations/targets.ts";
import type { KeyValueStore } from "./store/index.ts";
import type { Stored } from "./store/writer.ts";

/** What no request waits for: deletions by time to live, rows of what was deleted, indexes that are being filled, old stream records. */

/** Rows that one step touches before others get their turn. */
const rowsAtOnce = 1000;
/** AWS leaves items alone that expired longer ago, taking the number for a mistake. */
const oldestExpirySeconds = 5 * 365 * 24 * 3600;
/** Timers are set for no longer than this, so that no number is too large for them. */
const longestDelayMs = 24 * 3600_000;

/** How often the history of tables with point-in-time recovery is looked through. */
const historyCheckMs = 3600_000;

/** So long the deletion of an item of a global table is remembered, to stand against older writes that arrive late. */
const goneForMs = 24 * 3600_000;

const expirer = { Type: "Service", PrincipalId: "dynamodb.amazonaws.com" };

/** Works in each account and region when something is due there, and sets no timer otherwise. */
export function background(platform: Background<KeyValueStore>): Disposable {
  const timers = new Map<string, { dueMs: number; timer: Disposable }>();
  const due = (account: string, region: string, dueMs: number): void => {
    const key = `${account}/${region}`;
    const set = timers.get(key);
    if (set !== undefined && set.dueMs <= dueMs) return;
    set?.timer[Symbol.dispose]();
    const delayMs = Math.min(Math.max(0, dueMs - platform.clock.now()), longestDelayMs);
    timers.set(key, { dueMs, timer: platform.clock.schedule(delayMs, () => work(key, account, region)) });
  };
  const work = (key: string, account: string, region: string): void => {
    timers.delete(key);
    const ctx = platform.at(account, region);
    try {
      ctx.transaction(() => step(ctx));
      const next = nextDueMs(ctx);
      if (next !== undefined) due(account, region, next);
    } catch (error) {
      platform.log.error("DynamoDB's background work failed", { account, region, error: String(error) });
      due(account, region, platform.clock.now() + 1000);
    }
  };
  const scopes = platform.onScope((ctx) => {
    const { account, region } = ctx;
    ctx.store.attention = (dueMs) => due(account, region, dueMs);
    due(account, region, platform.clock.now());
  });
  // What an earlier run left behind; their stores are opened when their turn comes, not while the platform starts.
  for (const { account, region } of platform.scopes()) due(account, region, platform.clock.now() + 1000);
  return {
    [Symbol.dispose]: () => {
      scopes[Symbol.dispose]();
      for (const { timer } of timers.values()) timer[Symbol.dispose]();
      timers.clear();
    },
  };
}

/** A bounded piece of everything that is due. */
function step(ctx: Ctx): void {
  const { store } = ctx;
  const now = ctx.clock.now();
  store.purge(rowsAtOnce);
  for (const table of store.tables.attended()) {
    if (table.record.restoring !== undefined) goOn(ctx, table);
    if (isFilling(table)) fill(ctx, table);
    if (isSpreading(table)) spread(ctx, table);
    trimHistory(ctx, table);
    if (table.ttl !== undefined) expire(ctx, table);
  }
  for (const backup of store.backups.expired(now)) dropBackup(ctx, backup);
  store.tokens.purge(now);
  store.versions.trim(now - goneForMs, rowsAtOnce);
  store.streams.trim(now, rowsAtOnce);
  store.totals.flush();
}

/** When there is work again; undefined when only a request can make some. */
function nextDueMs(ctx: Ctx): number | undefined {
  const { store } = ctx;
  const now = ctx.clock.now();
  const tables = store.tables.attended();
  if (store.hasDiscarded || tables.some((table) => isFilling(table) || isSpreading(table) || table.record.restoring !== undefined)) return now;
  const times = [store.tokens.dueMs(), store.streams.dueMs(), store.backups.dueMs()];
  const gone = store.versions.oldestMs();
  if (gone !== undefined) times.push(gone + goneForMs + 1);
  for (const { ttl, record } of tables) {
    if (record.recovery !== undefined) times.push(now + historyCheckMs);
    if (ttl === undefined) continue;
    const [next] = store.rows.keys(ttl.space, encodeNumber(String(Math.floor(now / 1000) - oldestExpirySeconds)), latest, 1);
    if (next !== undefined) times.push(decodeInteger(next) * 1000);
  }
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(now, Math.min(...known));
}

const latest = encodeNumber(canonicalNumber("9e125"));

/** Forgets changes that are older than a table can be restored to, unless a backup needs them. */
function trimHistory({ store, clock }: Ctx, { space, record }: Table): void {
  if (record.recovery === undefined || record.backedUp === true) return;
  store.history.trim(space, clock.now() - record.recovery.days * 24 * 3600_000, rowsAtOnce);
}

/** Deletes what has expired. */
function expire(ctx: Ctx, table: Table): void {
  const { rows, writer } = ctx.store;
  const { space, attribute: name } = table.ttl!;
  const seconds = Math.floor(ctx.clock.now() / 1000);
  const due = rows.keys(space, encodeNumber(String(seconds - oldestExpirySeconds)), encodeNumber(String(seconds + 1)), rowsAtOnce);
  const write = writeContext(ctx, expirer);
  for (const entry of due) {
    const item = expiredItem(ctx, table, entry, name);
    if (item === undefined) rows.delete(space, entry);
    else writer.write(table, encodeKey(item.item, table.schema), item, undefined, write);
  }
}

/** The item that an entry by time of expiry stands for: its key is the time, then the key of the item. */
function expiredItem(ctx: Ctx, table: Table, entry: Buffer, name: string): Stored | undefined {
  const end = entry.indexOf(0, 2) + 1;
  const row = ctx.store.rows.get(table.space, entry.subarray(end));
  if (row === undefined) return undefined;
  const item = JSON.parse(row.item) as Item;
  const seconds = attribute(item, name)?.N;
  return seconds !== undefined && encodeNumber(seconds).equals(entry.subarray(0, end)) ? { item, size: row.size } : undefined;
}
