import { createHash } from "node:crypto";
import { AwsError } from "@cumulet/protocol";
import type { TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { checkItem } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { Consumption, readUnits } from "../domain/capacity.ts";
import { validationError } from "../domain/errors.ts";
import { checkItemKeys, checkKey, maxItemSize } from "../domain/validation.ts";
import { Expressions } from "./parameters.ts";
import { dataTable } from "./targets.ts";
import type { Ctx } from "./targets.ts";
import { checkDistinct, runAll } from "./transactions.ts";
import { expressionChange } from "./update-item.ts";
import { decide, describeAll, write } from "./write-actions.ts";
import type { Outcome, WriteAction } from "./write-actions.ts";

const maxBytes = 4 * 1024 * 1024;

export function transactWriteItems(ctx: Ctx, input: TransactWriteItemsInput): TransactWriteItemsOutput {
  return once(ctx, "TransactWriteItems", input, input.TransactItems, () => input.TransactItems.map(prepare));
}

/** What transactions of both kinds may carry besides their actions. */
export interface TransactionInput {
  ClientRequestToken?: string;
  ReturnConsumedCapacity?: string;
  ReturnItemCollectionMetrics?: string;
}

/** Runs a transaction of writes, or, when its token was seen in the last ten minutes, answers without doing anything. */
export function once(ctx: Ctx, operation: string, input: TransactionInput, request: unknown, prepareAll: () => WriteAction[]): TransactWriteItemsOutput {
  const now = ctx.clock.now();
  const token = input.ClientRequestToken === undefined ? undefined : `${operation} ${input.ClientRequestToken}`;
  const fingerprint = token === undefined ? "" : fingerprintOf(request);
  const actions = prepareAll();
  if (token !== undefined) {
    const done = ctx.store.tokens.get(token, now);
    if (done !== undefined) return repeat(done, fingerprint, input);
  }
  const targets = actions.map((action) => dataTable(ctx, action.tableName));
  checkDistinct(actions.map(({ keyed }, i) => ({ table: targets[i]!.table, key: keyed })));
  const outcomes = runAll(actions.map((action, i) => ({ action, ...targets[i]! })), decide);
  const bytes = outcomes.reduce((sum, { before, after }) => sum + ((after ?? before)?.size ?? 0), 0);
  if (bytes > maxBytes) {
    throw validationError("Collection size of items exceeded, which can also be caused by the aggregate size of the items in the transaction exceeding the 4MB limit");
  }
  const output = write(outcomes, true, input);
  if (token !== undefined) ctx.store.tokens.put(token, fingerprint, now, JSON.stringify(outcomes.map(sizeOf)));
  return output;
}

function sizeOf({ action, before, after }: Outcome): [tableName: string, bytes: number] {
  return [action.tableName, Math.max(before?.size ?? 0, after?.size ?? 0)];
}

function prepare(item: TransactWriteItem): WriteAction {
  const kinds = (["ConditionCheck", "Put", "Delete", "Update"] as const).filter((kind) => item[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined) throw validationError("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request");
  if (kinds.length > 1) throw validationError("TransactItems can only contain one of Check, Put, Update or Delete");
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
  return {
    kind, tableName: input.TableName, keyed, size,
    paths: expressions.paths,
    condition: test === undefined ? undefined : (existing) => test(existing, expressions.values),
    returnsOld: input.ReturnValuesOnConditionCheckFailure === "ALL_OLD",
    change: actions === undefined ? undefined : expressionChange(actions, expressions.values),
    check: (table) => (kind === "Put" ? checkItemKeys(keyed, table) : checkKey(keyed, table.schema)),
  };
}

/** The answer to a transaction that was sent again: nothing is done, and the items are charged as reads. */
function repeat(done: { fingerprint: string; answer: string }, fingerprint: string, input: TransactionInput): TransactWriteItemsOutput {
  if (done.fingerprint !== fingerprint) {
    throw new AwsError("IdempotentParameterMismatchException", "The provided client token was used with different request parameters.");
  }
  const consumptions = new Map<string, Consumption>();
  for (const [tableName, size] of JSON.parse(done.answer) as [string, number][]) {
    let consumption = consumptions.get(tableName);
    if (consumption === undefined) consumptions.set(tableName, (consumption = new Consumption(tableName, "read", true)));
    consumption.addTable(readUnits(size, true, true));
  }
  const consumed = describeAll(consumptions.values(), input.ReturnConsumedCapacity);
  return consumed === undefined ? {} : { ConsumedCapacity: consumed };
}

/** Tells apart requests of one token: the actions, members in any order. */
export function fingerprintOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  })).digest("hex");
}
