import type { Get, TransactGetItemsInput, TransactGetItemsOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { checkItem } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { Consumption, readUnits } from "../domain/capacity.ts";
import { validationError } from "../domain/errors.ts";
import type { Projection } from "../domain/expressions/paths.ts";
import { encodeKey } from "../domain/keys.ts";
import { checkKey, checkKeyPaths } from "../domain/validation.ts";
import { Expressions } from "./parameters.ts";
import { dataTable } from "./targets.ts";
import type { Ctx } from "./targets.ts";
import { checkDistinct, runAll } from "./transactions.ts";

const maxAnswerBytes = 4 * 1024 * 1024;

export function transactGetItems(ctx: Ctx, input: TransactGetItemsInput): TransactGetItemsOutput {
  const prepared = input.TransactItems.map(({ Get: get }) => ({ get, ...prepare(get) }));
  const targets = prepared.map(({ get }) => dataTable(ctx, get.TableName));
  checkDistinct(prepared.map(({ get }, i) => ({ table: targets[i]!.table, key: get.Key })));
  const consumptions = new Map<string, Consumption>();
  let bytes = 0;
  const responses = runAll(prepared.map((read, i) => ({ ...read, ...targets[i]! })), ({ get, projection, expressions, ctx: owner, table }) => {
    checkKey(get.Key, table.schema);
    checkKeyPaths(expressions.paths, table);
    const row = owner.store.rows.get(table.space, encodeKey(get.Key, table.schema));
    bytes += row?.size ?? 0;
    let consumption = consumptions.get(get.TableName);
    if (consumption === undefined) consumptions.set(get.TableName, (consumption = new Consumption(get.TableName, "read", true)));
    consumption.addTable(readUnits(row?.size ?? 0, true, true));
    if (row === undefined) return {};
    const item = JSON.parse(row.item) as Item;
    const picked = projection === undefined ? item : projection.of(item);
    // An item of which the projection leaves nothing is left out, unlike in GetItem (seen on AWS).
    return projection !== undefined && Object.keys(picked).length === 0 ? {} : { Item: picked };
  });
  if (bytes > maxAnswerBytes) {
    throw validationError("Collection size of items exceeded, which can also be caused by the aggregate size of the items in the transaction exceeding the 4MB limit");
  }
  const output: TransactGetItemsOutput = { Responses: responses };
  if (input.ReturnConsumedCapacity !== undefined && input.ReturnConsumedCapacity !== "NONE") {
    output.ConsumedCapacity = [...consumptions.values()].map((consumption) => consumption.describe(input.ReturnConsumedCapacity)!);
  }
  return output;
}

function prepare(get: Get): { expressions: Expressions; projection: Projection | undefined } {
  checkItem(get.Key);
  const expressions = new Expressions(get, { ProjectionExpression: get.ProjectionExpression }, {});
  const projection = expressions.compile("ProjectionExpression", get.ProjectionExpression);
  expressions.finish();
  return { expressions, projection };
}
