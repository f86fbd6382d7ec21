import type { ScanInput, ScanOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { validationError } from "../domain/errors.ts";
import { after, segmentBounds } from "../domain/keys.ts";
import { checkAttributesToGet, checkConditionalOperator, checkConditions, compileConditions } from "../domain/legacy.ts";
import type { Conditions } from "../domain/legacy.ts";
import { checkKeyPaths } from "../domain/validation.ts";
import { checkCursorValues, checkIndexRead, checkSelect, cursorKey, readPage, wholeSpace } from "./pages.ts";
import { attributesProjection, Expressions } from "./parameters.ts";
import type { ItemTest } from "./parameters.ts";
import { dataTable, requireIndex } from "./targets.ts";
import type { Ctx } from "./targets.ts";

export function scan(ctx: Ctx, input: ScanInput): ScanOutput {
  const expressions = new Expressions(
    input,
    { ProjectionExpression: input.ProjectionExpression, FilterExpression: input.FilterExpression },
    { AttributesToGet: input.AttributesToGet, ScanFilter: input.ScanFilter, ConditionalOperator: input.ConditionalOperator },
  );
  checkConditionalOperator(input.ConditionalOperator, input.ScanFilter);
  if (input.AttributesToGet !== undefined) checkAttributesToGet(input.AttributesToGet);
  if (input.ScanFilter !== undefined) checkConditions(input.ScanFilter as Conditions);
  checkCursorValues(input.ExclusiveStartKey);
  checkSegment(input.Segment, input.TotalSegments);
  checkSelect(input, false);
  const test = expressions.compile("FilterExpression", input.FilterExpression);
  const filterPaths = [...expressions.paths];
  const projection = expressions.compile("ProjectionExpression", input.ProjectionExpression)
    ?? (input.AttributesToGet === undefined ? undefined : attributesProjection(input.AttributesToGet));
  expressions.finish();
  let filter: ItemTest | undefined = test === undefined ? undefined : (item) => test(item, expressions.values);
  if (input.ScanFilter !== undefined) filter = compileConditions(input.ScanFilter as Conditions, input.ConditionalOperator);

  const { ctx: owner, table } = dataTable(ctx, input.TableName);
  const index = input.IndexName === undefined ? undefined : requireIndex(table, input.IndexName);
  checkKeyPaths(expressions.paths, table);
  if (index !== undefined) checkIndexRead(index, input, projection, input.ScanFilter === undefined ? filterPaths : Object.keys(input.ScanFilter).map((name) => [name]));

  const bounds = segmentBounds(input.Segment ?? 0, input.TotalSegments ?? 1);
  const all = wholeSpace();
  let from = input.TotalSegments === undefined ? all.from : bounds.from;
  const to = bounds.to ?? all.to;
  if (input.ExclusiveStartKey !== undefined) {
    const key = cursorKey(input.ExclusiveStartKey, table, index, false);
    if (input.TotalSegments !== undefined && (key.compare(from) < 0 || key.compare(to) >= 0)) {
      throw validationError(
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. " +
        `TotalSegments: ${input.TotalSegments} Segment: ${input.Segment}`,
      );
    }
    from = after(key);
  }
  return readPage({ store: owner.store, table, index, from, to, backward: false, filter, projection, input, tableName: input.TableName });
}

function checkSegment(segment: number | undefined, total: number | undefined): void {
  if (segment !== undefined && total === undefined) {
    throw validationError("The TotalSegments parameter is required but was not present in the request when Segment parameter is present");
  }
  if (total === undefined) return;
  if (segment === undefined) {
    throw validationError("The Segment parameter is required but was not present in the request when parameter TotalSegments is present");
  }
  if (segment >= total) {
    throw validationError(
      "The Segment parameter is zero-based and must be less than parameter TotalSegments: " +
      `Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
}
