import type { ConsumedCapacity, ItemCollectionMetrics } from "@cumulet/protocol/models/dynamodb.d.ts";
import type { Item } from "../domain/attribute-values.ts";
import { Consumption, writeUnits } from "../domain/capacity.ts";
import { validationError } from "../domain/errors.ts";
import { encodeKey } from "../domain/keys.ts";
import type { Table } from "../domain/table.ts";
import { checkKeyPaths, maxItemSize } from "../domain/validation.ts";
import type { Path } from "../domain/expressions/paths.ts";
import type { Stored } from "../store/writer.ts";
import { collectionMetrics, load, writeContext } from "./items.ts";
import type { ItemTest } from "./parameters.ts";
import type { Target } from "./targets.ts";
import { Cancellation } from "./transactions.ts";
import { changed } from "./update-item.ts";
import type { Change } from "./update-item.ts";

/** Writes of transactions and of PartiQL: first every action is decided against what is stored, then all are written. */

/** One action with its parameters checked, its table not yet looked at. */
export interface WriteAction {
  kind: "ConditionCheck" | "Put" | "Insert" | "Delete" | "Update";
  tableName: string;
  /** The key, or the whole item of a put. */
  keyed: Item;
  /** Document paths in its expressions. */
  paths: readonly Path[];
  condition: ItemTest | undefined;
  /** Whether a failed condition shows the item. */
  returnsOld: boolean;
  /** Size of the item of a put. */
  size: number;
  /** What an update does. */
  change: Change | undefined;
  /** Refuses the action on a table, whatever is stored. */
  check(table: Table): void;
}

/** One action decided, ready to be written. */
export interface Outcome extends Target {
  action: WriteAction;
  key: Buffer;
  before: Stored | undefined;
  after: Stored | undefined;
}

/** Checks an action against its table and what is stored. Throws a `Cancellation` for what only stops this action. */
export function decide({ action, ctx, table }: { action: WriteAction } & Target): Outcome {
  action.check(table);
  checkKeyPaths(action.paths, table);
  action.change?.check(table);
  const key = encodeKey(action.keyed, table.schema);
  const before = load(ctx, table, key);
  if (action.kind === "Insert" && before !== undefined) throw new Cancellation("DuplicateItem", "Duplicate primary key exists in table");
  if (action.condition !== undefined && !action.condition(before?.item ?? {})) {
    throw new Cancellation("ConditionalCheckFailed", "The conditional request failed", action.returnsOld ? before?.item : undefined);
  }
  return { action, ctx, table, key, before, after: result(action, table, before) };
}

function result({ kind, keyed, size, change }: WriteAction, table: Table, before: Stored | undefined): Stored | undefined {
  switch (kind) {
    case "Put":
    case "Insert": return { item: keyed, size };
    case "Update": {
      const after = changed(table, before, keyed, change!);
      // Flat, unlike in UpdateItem (found on AWS at the limit).
      if (after !== undefined && after.size > maxItemSize) throw validationError("Item size to update has exceeded the maximum allowed size");
      return after;
    }
    case "Delete": return undefined;
    case "ConditionCheck": return before;
  }
}

/** What writing cost and touched. */
export interface Written {
  ConsumedCapacity?: ConsumedCapacity[];
  ItemCollectionMetrics?: { [tableName: string]: ItemCollectionMetrics[] };
}

/** Writes decided actions. */
export function write(outcomes: readonly Outcome[], transactional: boolean, wanted: { ReturnConsumedCapacity?: string; ReturnItemCollectionMetrics?: string }): Written {
  const consumptions = new Map<string, Consumption>();
  const metrics: { [tableName: string]: ItemCollectionMetrics[] } = {};
  for (const { action, ctx, table, key, before, after } of outcomes) {
    let consumption = consumptions.get(action.tableName);
    if (consumption === undefined) consumptions.set(action.tableName, (consumption = new Consumption(action.tableName, "write", transactional)));
    // Inside a transaction only the table's units double; index entries cost what they always cost (seen on AWS).
    consumption.addTable(writeUnits(before?.size ?? 0, after?.size ?? 0, transactional));
    if (action.kind === "ConditionCheck") continue;
    ctx.store.writer.write(table, key, before, after, writeContext(ctx), consumption);
    const metric = collectionMetrics(ctx, table, action.keyed, wanted.ReturnItemCollectionMetrics);
    if (metric !== undefined) (metrics[action.tableName] ??= []).push(metric);
  }
  const written: Written = {};
  const consumed = describeAll(consumptions.values(), wanted.ReturnConsumedCapacity);
  if (consumed !== undefined) written.ConsumedCapacity = consumed;
  if (Object.keys(metrics).length > 0) written.ItemCollectionMetrics = metrics;
  return written;
}

/** Consumptions as a list for an answer; undefined when none was asked for. */
export function describeAll(consumptions: Iterable<Consumption>, wanted: string | undefined): ConsumedCapacity[] | undefined {
  if (wanted === undefined || wanted === "NONE") return undefined;
  return [...consumptions].map((consumption) => consumption.describe(wanted)!);
}
