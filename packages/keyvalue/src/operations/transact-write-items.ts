import { createHash } from "node:crypto";
import { AwsError } from "@cumulet/protocol";
import type { ItemCollectionMetrics, TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { checkItem } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { Consumption, readUnits, writeUnits } from "../domain/capacity.ts";
import { validationError } from "../domain/errors.ts";
import { encodeKey } from "../domain/keys.ts";
import type { Table } from "../domain/table.ts";
import { checkItemKeys, checkKey, checkKeyPaths, maxItemSize } from "../domain/validation.ts";
import type { Stored } from "../store/writer.ts";
import { collectionMetrics, load, writeContext } from "./items.ts";
import { Expressions } from "./parameters.ts";
import type { ItemTest } from "./parameters.ts";
import { dataTable } from "./targets.ts";
import type { Ctx, Target } from "./targets.ts";
import { Cancellation, checkDistinct, runAll } from "./transactions.ts";
import { changed, expressionChange } from "./update-item.ts";

const maxBytes = 4 * 1024 * 1024;

/** One action with its parameters checked, its table not yet looked at. */
interface Action {
  kind: keyof TransactWriteItem;
  tableName: string;
  /** The key, or the whole item of a put. */
  keyed: Item;
  expressions: Expressions;
  condition: ItemTest | undefined;
  returnsOld: boolean;
  /** Refuses the action on this table, whatever is stored. */
  check(table: Table): void;
  /** The item after the action. */
  apply(table: Table, before: Stored | undefined): Stored | undefined;
}

/** One action checked against what is stored, ready to be written. */
interface Outcome extends Target {
  action: Action;
  key: Buffer;
  before: Stored | undefined;
  after: Stored | undefined;
}

export function transactWriteItems(ctx: Ctx, input: TransactWriteItemsInput): TransactWriteItemsOutput {
  const now = ctx.clock.now();
  const token = input.ClientRequestToken;
  const fingerprint = token === undefined ? "" : fingerprintOf(input.TransactItems);
  const actions = input.TransactItems.map(prepare);
  if (token !== undefined) {
    const done = ctx.store.tokens.get(`TransactWriteItems ${token}`, now);
    if (done !== undefined) return repeat(done, fingerprint, input);
  }
  const targets = actions.map((action) => dataTable(ctx, action.tableName));
  checkDistinct(actions.map(({ keyed }, i) => ({ table: targets[i]!.table, key: keyed })));
  const outcomes = runAll(actions.map((action, i) => ({ action, ...targets[i]! })), decide);
  const bytes = outcomes.reduce((sum, { before, after, action }) => sum + (action.kind === "Put" || action.kind === "Update" ? after?.size ?? 0 : before?.size ?? 0), 0);
  if (bytes > maxBytes) {
    throw validationError("Collection size of items exceeded, which can also be caused by the aggregate size of the items in the transaction exceeding the 4MB limit");
  }
  const output = write(ctx, input, outcomes);
  if (token !== undefined) {
    const sizes: [string, number][] = outcomes.map(({ action, before, after }) => [action.tableName, Math.max(before?.size ?? 0, after?.size ?? 0)]);
    ctx.store.tokens.put(`TransactWriteItems ${token}`, fingerprint, now, JSON.stringify(sizes));
  }
  return output;
}

function prepare(item: TransactWriteItem): Action {
  const kinds = (["ConditionCheck", "Put", "Delete", "Update"] as const).filter((kind) => item[kind] !== undefined);
  if (kinds.length === 0) throw validationError("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request");
  if (kinds.length > 1) {
    throw validationError("TransactItems can only contain one of Check, Put, Update or Delete");
  }
  const kind = kinds[0]!;
  const input = item[kind]!;
  const update = item.Update;
  const keyed = item.Put?.Item ?? (input as { Key: Item }).Key;
  const size = checkItem(keyed);
  const expressions = new Expressions(
    input,
    update === undefined ? { ConditionExpression: input.ConditionExpression } : { UpdateExpression: update.UpdateExpression, ConditionExpression: input.ConditionExpression },
    {},
  );
  const actions = expressions.compile("UpdateExpression", update?.UpdateExpression);
  const test = expressions.compile("ConditionExpression", input.ConditionExpression);
  expressions.finish();
  // A put's size is known from the request, so it stops the request; an update's is only a reason of its action.
  if (kind === "Put" && size > maxItemSize) throw validationError("Item size has exceeded the maximum allowed size");
  const change = actions === undefined ? undefined : expressionChange(actions, expressions.values);
  return {
    kind, tableName: input.TableName, keyed, expressions,
    condition: test === undefined ? undefined : (existing) => test(existing, expressions.values),
    returnsOld: input.ReturnValuesOnConditionCheckFailure === "ALL_OLD",
    check: (table) => {
      if (kind === "Put") checkItemKeys(keyed, table);
      else checkKey(keyed, table.schema);
      checkKeyPaths(expressions.paths, table);
      change?.check(table);
    },
    apply: (table, before) => {
      switch (kind) {
        case "Put": return { item: keyed, size };
        case "Update": {
          const after = changed(table, before, keyed, change!);
          if (after !== undefined && after.size > maxItemSize) throw validationError("Item size to update has exceeded the maximum allowed size");
          return after;
        }
        case "Delete": return undefined;
        default: return before;
      }
    },
  };
}

function decide({ action, ctx, table }: { action: Action } & Target): Outcome {
  action.check(table);
  const key = encodeKey(action.keyed, table.schema);
  const before = load(ctx, table, key);
  if (action.condition !== undefined && !action.condition(before?.item ?? {})) {
    throw new Cancellation("ConditionalCheckFailed", "The conditional request failed", action.returnsOld ? before?.item : undefined);
  }
  return { action, ctx, table, key, before, after: action.apply(table, before) };
}

function write(ctx: Ctx, input: TransactWriteItemsInput, outcomes: readonly Outcome[]): TransactWriteItemsOutput {
  const consumptions = new Map<string, Consumption>();
  const metrics: { [tableName: string]: ItemCollectionMetrics[] } = {};
  for (const { action, ctx: owner, table, key, before, after } of outcomes) {
    let consumption = consumptions.get(action.tableName);
    if (consumption === undefined) consumptions.set(action.tableName, (consumption = new Consumption(action.tableName, "write", true)));
    consumption.addTable(writeUnits(before?.size ?? 0, after?.size ?? 0, true));
    if (action.kind === "ConditionCheck") continue;
    owner.store.writer.write(table, key, before, after, writeContext(owner), consumption);
    const metric = collectionMetrics(owner, table, action.keyed, input.ReturnItemCollectionMetrics);
    if (metric !== undefined) (metrics[action.tableName] ??= []).push(metric);
  }
  const output: TransactWriteItemsOutput = {};
  if (input.ReturnConsumedCapacity !== undefined && input.ReturnConsumedCapacity !== "NONE") {
    output.ConsumedCapacity = [...consumptions.values()].map((consumption) => consumption.describe(input.ReturnConsumedCapacity)!);
  }
  if (Object.keys(metrics).length > 0) output.ItemCollectionMetrics = metrics;
  return output;
}

/** The answer to a transaction that was sent again: nothing is done, and the items are charged as reads. */
function repeat(done: { fingerprint: string; answer: string }, fingerprint: string, input: TransactWriteItemsInput): TransactWriteItemsOutput {
  if (done.fingerprint !== fingerprint) {
    throw new AwsError("IdempotentParameterMismatchException", "The provided client token was used with different request parameters.");
  }
  if (input.ReturnConsumedCapacity === undefined || input.ReturnConsumedCapacity === "NONE") return {};
  const consumptions = new Map<string, Consumption>();
  for (const [tableName, size] of JSON.parse(done.answer) as [string, number][]) {
    let consumption = consumptions.get(tableName);
    if (consumption === undefined) consumptions.set(tableName, (consumption = new Consumption(tableName, "read", true)));
    consumption.addTable(readUnits(size, true, true));
  }
  return { ConsumedCapacity: [...consumptions.values()].map((consumption) => consumption.describe(input.ReturnConsumedCapacity)!) };
}

/** Tells apart requests of one token: the actions, members in any order. */
export function fingerprintOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  })).digest("hex");
}
