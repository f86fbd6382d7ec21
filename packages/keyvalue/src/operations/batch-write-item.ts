import type { BatchWriteItemInput, BatchWriteItemOutput, ItemCollectionMetrics, WriteRequest } from "@cumulet/protocol/models/dynamodb.d.ts";
import { checkItem } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { Consumption, writeUnits } from "../domain/capacity.ts";
import { validationError } from "../domain/errors.ts";
import { encodeKey } from "../domain/keys.ts";
import { checkItemKeys, checkKey, maxItemSize } from "../domain/validation.ts";
import { collectionMetrics, load, writeContext } from "./items.ts";
import { dataTable } from "./targets.ts";
import type { Ctx, Target } from "./targets.ts";

const maxRequests = 25;

interface Write {
  key: Buffer;
  /** The item to put; undefined to delete. */
  after: { item: Item; size: number } | undefined;
  keyed: Item;
}

export function batchWriteItem(ctx: Ctx, input: BatchWriteItemInput): BatchWriteItemOutput {
  const tables = Object.entries(input.RequestItems);
  if (tables.reduce((sum, [, requests]) => sum + requests.length, 0) > maxRequests) {
    throw validationError("Too many items requested for the BatchWriteItem call");
  }
  const sizes = new Map<WriteRequest, number>();
  for (const [, requests] of tables) for (const request of requests) sizes.set(request, checkRequest(request));
  const batches = tables.map(([name, requests]) => {
    const target = dataTable(ctx, name);
    return { name, ...target, writes: prepare(target, requests, sizes) };
  });

  const output: BatchWriteItemOutput = { UnprocessedItems: {} };
  const consumptions: Consumption[] = [];
  const metrics: { [tableName: string]: ItemCollectionMetrics[] } = {};
  for (const { name, ctx: owner, table, writes } of batches) {
    const consumption = new Consumption(name, "write");
    for (const { key, after, keyed } of writes) {
      let size = 0;
      if (table.plain) {
        const before = owner.store.rows.size(table.space, key);
        size = before ?? 0;
        if (after !== undefined) owner.store.writer.putPlain(table, key, before, after);
        else if (before !== undefined) owner.store.writer.deletePlain(table, key, before);
      } else {
        const before = load(owner, table, key);
        size = before?.size ?? 0;
        owner.store.writer.write(table, key, before, after, writeContext(owner), consumption);
      }
      consumption.addTable(writeUnits(size, after?.size ?? 0));
      const metric = collectionMetrics(owner, table, keyed, input.ReturnItemCollectionMetrics);
      if (metric !== undefined) (metrics[name] ??= []).push(metric);
    }
    consumptions.push(consumption);
  }
  if (input.ReturnConsumedCapacity !== undefined && input.ReturnConsumedCapacity !== "NONE") {
    output.ConsumedCapacity = consumptions.map((consumption) => consumption.describe(input.ReturnConsumedCapacity)!);
  }
  if (Object.keys(metrics).length > 0) output.ItemCollectionMetrics = metrics;
  return output;
}

/** Checks what can be checked without the table; gives the size of an item to put. */
function checkRequest({ PutRequest: put, DeleteRequest: remove }: WriteRequest): number {
  if ((put === undefined) === (remove === undefined)) {
    // AWS has one message for none and for both.
    throw validationError("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes");
  }
  if (put === undefined) return checkItem(remove!.Key);
  const size = checkItem(put.Item);
  if (size > maxItemSize) throw validationError("Item size has exceeded the maximum allowed size");
  return size;
}

function prepare({ table }: Target, requests: readonly WriteRequest[], sizes: ReadonlyMap<WriteRequest, number>): Write[] {
  const seen = new Set<string>();
  return requests.map((request) => {
    const { PutRequest: put, DeleteRequest: remove } = request;
    if (put !== undefined) checkPut(put.Item, table);
    else checkKey(remove!.Key, table.schema);
    const keyed = put?.Item ?? remove!.Key;
    const key = encodeKey(keyed, table.schema);
    const text = key.toString("latin1");
    if (seen.has(text)) throw validationError("Provided list of item keys contains duplicates");
    seen.add(text);
    return { key, after: put === undefined ? undefined : { item: put.Item, size: sizes.get(request)! }, keyed };
  });
}

/** In a batch, an item without a good key is reported in the words for keys (seen on AWS). */
function checkPut(item: Item, table: Target["table"]): void {
  try {
    checkItemKeys(item, table);
  } catch (error) {
    const { message } = error as Error;
    throw message.includes("Missing the key") || message.includes("Type mismatch for key") ? validationError("The provided key element does not match the schema") : error;
  }
}
