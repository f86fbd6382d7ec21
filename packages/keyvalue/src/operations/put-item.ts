import type { PutItemInput, PutItemOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { checkItem } from "../domain/attribute-values.ts";
import { Consumption, writeUnits } from "../domain/capacity.ts";
import { conditionFailed, validationError } from "../domain/errors.ts";
import { encodeKey } from "../domain/keys.ts";
import { checkItemKeys, checkKeyPaths, maxItemSize } from "../domain/validation.ts";
import { collectionMetrics, load, writeContext } from "./items.ts";
import { countedError, Expressions, legacyCondition, withEnvelope } from "./parameters.ts";
import type { ItemTest } from "./parameters.ts";
import { dataTable } from "./targets.ts";
import type { Ctx } from "./targets.ts";

export function putItem(ctx: Ctx, input: PutItemInput): PutItemOutput {
  const { Item: item } = input;
  let expressions!: Expressions;
  let condition: ItemTest | undefined;
  const size = withEnvelope(() => {
    const bytes = checkItem(item);
    expressions = new Expressions(input, { ConditionExpression: input.ConditionExpression }, { Expected: input.Expected, ConditionalOperator: input.ConditionalOperator });
    const test = expressions.compile("ConditionExpression", input.ConditionExpression);
    if (test !== undefined) condition = (existing) => test(existing, expressions.values);
    if (input.ReturnValues !== undefined && input.ReturnValues !== "NONE" && input.ReturnValues !== "ALL_OLD") {
      throw countedError("ReturnValues can only be ALL_OLD or NONE");
    }
    return bytes;
  });
  condition ??= legacyCondition(input);
  if (size > maxItemSize) throw validationError("Item size has exceeded the maximum allowed size");
  expressions.finish();

  const { ctx: owner, table } = dataTable(ctx, input.TableName);
  checkItemKeys(item, table);
  checkKeyPaths(expressions.paths, table);

  const { store } = owner;
  const key = encodeKey(item, table.schema);
  const consumption = new Consumption(input.TableName, "write");
  const output: PutItemOutput = {};
  if (table.plain && condition === undefined && input.ReturnValues !== "ALL_OLD") {
    const before = store.rows.size(table.space, key);
    store.writer.putPlain(table, key, before, { item, size });
    consumption.addTable(writeUnits(before ?? 0, size));
  } else {
    const before = load(owner, table, key);
    if (condition !== undefined && !condition(before?.item ?? {})) {
      throw conditionFailed(input.ReturnValuesOnConditionCheckFailure === "ALL_OLD" ? before?.item : undefined);
    }
    store.writer.write(table, key, before, { item, size }, writeContext(owner), consumption);
    consumption.addTable(writeUnits(before?.size ?? 0, size));
    if (input.ReturnValues === "ALL_OLD" && before !== undefined) output.Attributes = before.item;
  }
  if (input.ReturnConsumedCapacity !== undefined) output.ConsumedCapacity = consumption.describe(input.ReturnConsumedCapacity);
  output.ItemCollectionMetrics = collectionMetrics(owner, table, item, input.ReturnItemCollectionMetrics);
  return output;
}
