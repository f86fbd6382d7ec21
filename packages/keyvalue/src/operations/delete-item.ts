import type { DeleteItemInput, DeleteItemOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { checkItem } from "../domain/attribute-values.ts";
import { Consumption, writeUnits } from "../domain/capacity.ts";
import { conditionFailed, validationError } from "../domain/errors.ts";
import { encodeKey } from "../domain/keys.ts";
import { checkKey, checkKeyPaths } from "../domain/validation.ts";
import { collectionMetrics, load, writeContext } from "./items.ts";
import { Expressions, legacyCondition } from "./parameters.ts";
import type { ItemTest } from "./parameters.ts";
import { dataTable } from "./targets.ts";
import type { Ctx } from "./targets.ts";

export function deleteItem(ctx: Ctx, input: DeleteItemInput): DeleteItemOutput {
  checkItem(input.Key);
  const expressions = new Expressions(input, { ConditionExpression: input.ConditionExpression }, { Expected: input.Expected, ConditionalOperator: input.ConditionalOperator });
  if (input.ReturnValues !== undefined && input.ReturnValues !== "NONE" && input.ReturnValues !== "ALL_OLD") {
    throw validationError("ReturnValues can only be ALL_OLD or NONE");
  }
  const test = expressions.compile("ConditionExpression", input.ConditionExpression);
  const condition: ItemTest | undefined = test === undefined ? legacyCondition(input) : (item) => test(item, expressions.values);
  expressions.finish();

  const { ctx: owner, table } = dataTable(ctx, input.TableName);
  checkKey(input.Key, table.schema);
  checkKeyPaths(expressions.paths, table);

  const { store } = owner;
  const key = encodeKey(input.Key, table.schema);
  const consumption = new Consumption(input.TableName, "write");
  const output: DeleteItemOutput = {};
  if (table.plain && condition === undefined && input.ReturnValues !== "ALL_OLD") {
    const before = store.rows.size(table.space, key);
    if (before !== undefined) store.writer.deletePlain(table, key, before);
    consumption.addTable(writeUnits(before ?? 0, 0));
  } else {
    const before = load(owner, table, key);
    if (condition !== undefined && !condition(before?.item ?? {})) {
      throw conditionFailed(input.ReturnValuesOnConditionCheckFailure === "ALL_OLD" ? before?.item : undefined);
    }
    store.writer.write(table, key, before, undefined, writeContext(owner), consumption);
    consumption.addTable(writeUnits(before?.size ?? 0, 0));
    if (input.ReturnValues === "ALL_OLD" && before !== undefined) output.Attributes = before.item;
  }
  if (input.ReturnConsumedCapacity !== undefined) output.ConsumedCapacity = consumption.describe(input.ReturnConsumedCapacity);
  output.ItemCollectionMetrics = collectionMetrics(owner, table, input.Key, input.ReturnItemCollectionMetrics);
  return output;
}
