import type { QueryInput, QueryOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { validationError } from "../domain/errors.ts";
import type { KeyOperator } from "../domain/expressions/key-conditions.ts";
import { checkWithin, keyRange } from "../domain/key-ranges.ts";
import type { KeyRestriction } from "../domain/key-ranges.ts";
import { after } from "../domain/keys.ts";
import { checkAttributesToGet, checkConditionalOperator, checkConditions, compileConditions } from "../domain/legacy.ts";
import type { Conditions } from "../domain/legacy.ts";
import { checkKeyPaths } from "../domain/validation.ts";
import { checkCursorValues, checkIndexRead, checkSelect, cursorKey, readPage } from "./pages.ts";
import { attributesProjection, Expressions } from "./parameters.ts";
import type { ItemTest } from "./parameters.ts";
import { dataTable, requireIndex } from "./targets.ts";
import type { Ctx } from "./targets.ts";

/** The operators of `KeyConditions` that an index can answer. */
const operators: { [operator: string]: KeyOperator } = { EQ: "=", LT: "<", LE: "<=", GT: ">", GE: ">=", BETWEEN: "BETWEEN", BEGINS_WITH: "begins_with" };

export function query(ctx: Ctx, input: QueryInput): QueryOutput {
  if (input.Limit !== undefined && input.Limit < 1) {
    // Not the model's words, which Scan has: no value, and a capital.
    throw validationError("1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1");
  }
  const expressions = new Expressions(
    input,
    { ProjectionExpression: input.ProjectionExpression, FilterExpression: input.FilterExpression, KeyConditionExpression: input.KeyConditionExpression },
    {
      AttributesToGet: input.AttributesToGet, QueryFilter: input.QueryFilter, ConditionalOperator: input.ConditionalOperator,
      // `KeyConditions` may stand beside expressions other than the key condition.
      KeyConditions: input.KeyConditionExpression === undefined ? undefined : input.KeyConditions,
    },
  );
  checkConditionalOperator(input.ConditionalOperator, input.QueryFilter);
  if (input.QueryFilter !== undefined) checkConditions(input.QueryFilter as Conditions);
  if (input.KeyConditions !== undefined) checkConditions(input.KeyConditions as Conditions);
  if (input.AttributesToGet !== undefined) checkAttributesToGet(input.AttributesToGet);
  checkCursorValues(input.ExclusiveStartKey);
  checkSelect(input, true);
  if (input.KeyConditions === undefined && input.KeyConditionExpression === undefined) {
    throw validationError("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
  }
  const test = expressions.compile("FilterExpression", input.FilterExpression);
  const filterPaths = [...expressions.paths];
  const projection = expressions.compile("ProjectionExpression", input.ProjectionExpression)
    ?? (input.AttributesToGet === undefined ? undefined : attributesProjection(input.AttributesToGet));
  const keyConditions = expressions.compile("KeyConditionExpression", input.KeyConditionExpression);
  expressions.finish();
  const { values } = expressions;
  const restrictions: KeyRestriction[] = keyConditions === undefined
    ? Object.entries(input.KeyConditions ?? {}).map(([attribute, { ComparisonOperator, AttributeValueList }]) => (
      { attribute, operator: operators[ComparisonOperator], values: AttributeValueList ?? [] }))
    : keyConditions.map(({ attribute, operator, placeholders }) => ({ attribute, operator, values: placeholders.map((name) => values[name]!) }));
  let filter: ItemTest | undefined = test === undefined ? undefined : (item) => test(item, values);
  if (input.QueryFilter !== undefined) filter = compileConditions(input.QueryFilter as Conditions, input.ConditionalOperator);

  const { ctx: owner, table } = dataTable(ctx, input.TableName);
  const index = input.IndexName === undefined ? undefined : requireIndex(table, input.IndexName);
  const schema = index?.schema ?? table.schema;
  checkKeyPaths(expressions.paths, table);
  const range = keyRange(restrictions, schema);
  const filtered = [...filterPaths.map((path) => path[0] as string), ...Object.keys(input.QueryFilter ?? {})];
  for (const { name } of [...schema.hash, ...schema.range]) {
    if (!filtered.includes(name)) continue;
    const parameter = input.QueryFilter === undefined ? "Filter Expression" : "QueryFilter";
    throw validationError(`${parameter} can only contain non-primary key attributes: Primary key attribute: ${name}`);
  }
  if (index !== undefined) checkIndexRead(index, input, projection, input.QueryFilter === undefined ? filterPaths : Object.keys(input.QueryFilter).map((name) => [name]));

  let { from, to } = range;
  const backward = input.ScanIndexForward === false;
  if (input.ExclusiveStartKey !== undefined) {
    const key = cursorKey(input.ExclusiveStartKey, table, index, true);
    checkWithin(input.ExclusiveStartKey, range, schema);
    if (backward) to = key;
    else from = after(key);
  }
  return readPage({ store: owner.store, table, index, from, to, backward, filter, projection, input, tableName: input.TableName });
}
