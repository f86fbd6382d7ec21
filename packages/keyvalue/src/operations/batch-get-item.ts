import type { BatchGetItemInput, BatchGetItemOutput, KeysAndAttributes } from "@cumulet/protocol/models/dynamodb.d.ts";
import { checkItem } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { Consumption, readUnits } from "../domain/capacity.ts";
import { validationError } from "../domain/errors.ts";
import type { Projection } from "../domain/expressions/paths.ts";
import { encodeKey } from "../domain/keys.ts";
import { checkAttributesToGet } from "../domain/legacy.ts";
import { checkKey, checkKeyPaths } from "../domain/validation.ts";
import { attributesProjection, Expressions } from "./parameters.ts";
import { dataTable } from "./targets.ts";
import type { Ctx, Target } from "./targets.ts";

const maxKeys = 100;
/** Bytes of items that one answer may carry; the rest is left unprocessed. */
const maxAnswerBytes = 16 * 1024 * 1024;

interface Read extends Target {
  name: string;
  request: KeysAndAttributes;
  projection: Projection | undefined;
}

export function batchGetItem(ctx: Ctx, input: BatchGetItemInput): BatchGetItemOutput {
  const prepared = Object.entries(input.RequestItems).map(([name, request]) => ({ name, request, ...prepare(request) }));
  checkMixed(prepared.map(({ request }) => request));
  if (prepared.reduce((sum, { request }) => sum + request.Keys.length, 0) > maxKeys) throw validationError("Too many items requested for the BatchGetItem call");
  const reads = prepared.map(({ name, request, projection, expressions }): Read => {
    const target = dataTable(ctx, name);
    const seen = new Set<string>();
    for (const key of request.Keys) {
      checkKey(key, target.table.schema);
      const text = encodeKey(key, target.table.schema).toString("latin1");
      if (seen.has(text)) throw validationError("Provided list of item keys contains duplicates");
      seen.add(text);
    }
    checkKeyPaths(expressions.paths, target.table);
    return { name, request, projection, ...target };
  });

  const output: Required<Pick<BatchGetItemOutput, "Responses" | "UnprocessedKeys">> & BatchGetItemOutput = { Responses: {}, UnprocessedKeys: {} };
  const consumptions: Consumption[] = [];
  let bytes = 0;
  for (const { name, request, projection, ctx: owner, table } of reads) {
    const items: Item[] = [];
    const consumption = new Consumption(name, "read");
    const left: Item[] = [];
    for (const key of request.Keys) {
      const row = bytes >= maxAnswerBytes ? undefined : owner.store.rows.get(table.space, encodeKey(key, table.schema));
      if (bytes >= maxAnswerBytes || bytes + (row?.size ?? 0) > maxAnswerBytes) {
        bytes = maxAnswerBytes;
        left.push(key);
        continue;
      }
      bytes += row?.size ?? 0;
      consumption.addTable(readUnits(row?.size ?? 0, request.ConsistentRead === true));
      if (row === undefined) continue;
      const item = JSON.parse(row.item) as Item;
      items.push(projection === undefined ? item : projection.of(item));
    }
    output.Responses[name] = items;
    if (left.length > 0) output.UnprocessedKeys[name] = { ...request, Keys: left };
    consumptions.push(consumption);
  }
  if (input.ReturnConsumedCapacity !== undefined && input.ReturnConsumedCapacity !== "NONE") {
    output.ConsumedCapacity = consumptions.map((consumption) => consumption.describe(input.ReturnConsumedCapacity)!);
  }
  return output;
}

function prepare(request: KeysAndAttributes): { expressions: Expressions; projection: Projection | undefined } {
  const expressions = new Expressions(request, { ProjectionExpression: request.ProjectionExpression }, { AttributesToGet: request.AttributesToGet });
  if (request.AttributesToGet !== undefined) checkAttributesToGet(request.AttributesToGet);
  const projection = expressions.compile("ProjectionExpression", request.ProjectionExpression)
    ?? (request.AttributesToGet === undefined ? undefined : attributesProjection(request.AttributesToGet));
  expressions.finish();
  for (const key of request.Keys) checkItem(key);
  return { expressions, projection };
}

/** One table by expression and another by the older parameter is refused as well (seen on AWS). */
function checkMixed(requests: readonly KeysAndAttributes[]): void {
  if (requests.some(({ ProjectionExpression }) => ProjectionExpression !== undefined) && requests.some(({ AttributesToGet }) => AttributesToGet !== undefined)) {
    throw validationError(
      "Can not use both expression and non-expression parameters in the same request: " +
      "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
    );
  }
}
