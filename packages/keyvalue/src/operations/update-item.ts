import type { UpdateItemInput, UpdateItemOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { checkItem, itemSize, valueSize } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { Consumption, writeUnits } from "../domain/capacity.ts";
import { conditionFailed, invalidParameters, validationError } from "../domain/errors.ts";
import { Projection } from "../domain/expressions/paths.ts";
import type { Path } from "../domain/expressions/paths.ts";
import { applyUpdate } from "../domain/expressions/updates.ts";
import type { Action } from "../domain/expressions/updates.ts";
import type { Values } from "../domain/expressions/resolver.ts";
import { encodeKey } from "../domain/keys.ts";
import { applyAttributeUpdates, checkAttributeUpdates } from "../domain/legacy.ts";
import type { AttributeUpdates } from "../domain/legacy.ts";
import type { Table } from "../domain/table.ts";
import { checkIndexKeys, checkKey, checkKeyPaths, checkNesting, maxItemSize } from "../domain/validation.ts";
import type { Stored } from "../store/writer.ts";
import { collectionMetrics, load, writeContext } from "./items.ts";
import { Expressions, legacyCondition, withEnvelope } from "./parameters.ts";
import type { ItemTest } from "./parameters.ts";
import { dataTable } from "./targets.ts";
import type { Ctx } from "./targets.ts";

export function updateItem(ctx: Ctx, input: UpdateItemInput): UpdateItemOutput {
  checkItem(input.Key);
  let expressions!: Expressions;
  let condition: ItemTest | undefined;
  let change: Change = keepAll;
  withEnvelope(() => {
    expressions = new Expressions(
      input,
      { UpdateExpression: input.UpdateExpression, ConditionExpression: input.ConditionExpression },
      { AttributeUpdates: input.AttributeUpdates, Expected: input.Expected, ConditionalOperator: input.ConditionalOperator },
    );
    const actions = expressions.compile("UpdateExpression", input.UpdateExpression);
    if (actions !== undefined) change = expressionChange(actions, expressions.values);
    const test = expressions.compile("ConditionExpression", input.ConditionExpression);
    if (test !== undefined) condition = (item) => test(item, expressions.values);
  });
  if (input.AttributeUpdates !== undefined) {
    checkAttributeUpdates(input.AttributeUpdates);
    change = legacyChange(input.AttributeUpdates);
  }
  condition ??= legacyCondition(input);
  expressions.finish();

  const { ctx: owner, table } = dataTable(ctx, input.TableName);
  checkKey(input.Key, table.schema);
  checkKeyPaths(expressions.paths, table);
  change.check(table);

  const key = encodeKey(input.Key, table.schema);
  const before = load(owner, table, key);
  if (condition !== undefined && !condition(before?.item ?? {})) {
    throw conditionFailed(input.ReturnValuesOnConditionCheckFailure === "ALL_OLD" ? before?.item : undefined);
  }
  const after = changed(table, before, input.Key, change);
  if (after !== undefined && updateSize(after, table, change) > maxItemSize) throw validationError(tooLarge);

  const consumption = new Consumption(input.TableName, "write");
  owner.store.writer.write(table, key, before, after, writeContext(owner), consumption);
  consumption.addTable(writeUnits(before?.size ?? 0, after?.size ?? 0));

  const output: UpdateItemOutput = {};
  const attributes = returned(input.ReturnValues, change.paths, before?.item, after?.item);
  if (attributes !== undefined) output.Attributes = attributes;
  if (input.ReturnConsumedCapacity !== undefined) output.ConsumedCapacity = consumption.describe(input.ReturnConsumedCapacity);
  output.ItemCollectionMetrics = collectionMetrics(owner, table, input.Key, input.ReturnItemCollectionMetrics);
  return output;
}

const tooLarge = "Item size to update has exceeded the maximum allowed size";

/** What an update does, however it was written. */
export interface Change {
  paths: readonly Path[];
  /** Refuses a change of key attributes. */
  check(table: Table): void;
  apply(item: Item): Item;
  /** True when the change only takes away: of an item that does not exist it makes none. */
  removesOnly: boolean;
  /** Bytes that AWS adds to an updated item before it compares with the limit. */
  cost: number;
}

/** An update without actions: it makes sure that the item exists. */
export const keepAll: Change = { paths: [], check: () => {}, apply: (item) => item, removesOnly: false, cost: 0 };

export function expressionChange(actions: readonly Action[], values: Values): Change {
  const paths = actions.map(({ path }) => path);
  return {
    paths,
    check: (table) => checkNoKeys(table, paths.map((path) => path[0] as string)),
    apply: (item) => applyUpdate(item, actions, values),
    removesOnly: actions.every(({ kind }) => kind === "REMOVE" || kind === "DELETE"),
    cost: actionCost(actions.filter(({ kind }) => kind === "SET" || kind === "ADD").length, actions.length),
  };
}

function legacyChange(updates: AttributeUpdates): Change {
  const names = Object.keys(updates);
  const writing = names.filter((name) => updates[name]!.Action !== "DELETE");
  return {
    paths: names.map((name) => [name]),
    check: (table) => checkNoKeys(table, names),
    apply: (item) => applyAttributeUpdates(item, updates),
    removesOnly: names.length > 0 && writing.length === 0,
    cost: actionCost(writing.length, names.length),
  };
}

/** Found on AWS at the 400 KB limit: three bytes an update, nineteen an action that writes, two one that clears. */
function actionCost(writing: number, all: number): number {
  return all === 0 ? 0 : 3 + 19 * writing + 2 * (all - writing);
}

function checkNoKeys(table: Table, names: readonly string[]): void {
  for (const { name } of table.keys) {
    if (names.includes(name)) throw invalidParameters(`Cannot update attribute ${name}. This attribute is part of the key`);
  }
}

/** The item after a change, checked as far as its content goes; undefined when there is none before or after. */
export function changed(table: Table, before: Stored | undefined, key: Item, change: Change): Stored | undefined {
  const item = change.apply(before?.item ?? { ...key });
  if (before === undefined && change.removesOnly) return undefined;
  checkNesting(item);
  checkIndexKeys(item, table, before?.item ?? {});
  return { item, size: itemSize(item) };
}

/** The size that AWS holds against the limit: key attributes are left out, but the actions cost something. */
function updateSize(after: Stored, table: Table, change: Change): number {
  const keys = table.keys.reduce((sum, { name }) => sum + Buffer.byteLength(name) + valueSize(after.item[name]!), 0);
  return Math.max(after.size, after.size - keys + change.cost);
}

/** What `ReturnValues` asks for; undefined when there is nothing to return. */
export function returned(wanted: string | undefined, paths: readonly Path[], before: Item | undefined, after: Item | undefined): Item | undefined {
  switch (wanted) {
    case "ALL_OLD": return before;
    case "ALL_NEW": return after;
    case "UPDATED_OLD": return before === undefined ? undefined : notEmpty(new Projection(paths).of(before));
    case "UPDATED_NEW": return after === undefined ? undefined : notEmpty(new Projection(paths).of(after));
    default: return undefined;
  }
}

function notEmpty(item: Item): Item | undefined {
  return Object.keys(item).length === 0 ? undefined : item;
}
