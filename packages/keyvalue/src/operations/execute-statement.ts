import type { ExecuteStatementInput, ExecuteStatementOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { conditionFailed, validationError } from "../domain/errors.ts";
import type { Item } from "../domain/attribute-values.ts";
import { keyRange } from "../domain/key-ranges.ts";
import { after } from "../domain/keys.ts";
import type { DeleteStatement, InsertStatement, SelectStatement, UpdateStatement } from "../domain/partiql/statements.ts";
import { checkKeyPaths } from "../domain/validation.ts";
import { checkIndexRead, cursorKey, readPage, wholeSpace } from "./pages.ts";
import type { ReadInput } from "./pages.ts";
import { ColumnProjection, compileWhere, duplicateItem, keyRestrictions, parse, readsBackward, returning, writeAction } from "./partiql.ts";
import { dataTable, requireIndex } from "./targets.ts";
import type { Ctx } from "./targets.ts";
import { fingerprintOf } from "./transact-write-items.ts";
import { Cancellation } from "./transactions.ts";
import { decide, write } from "./write-actions.ts";
import type { Outcome } from "./write-actions.ts";

export function executeStatement(ctx: Ctx, input: ExecuteStatementInput): ExecuteStatementOutput {
  const statement = parse(input);
  switch (statement.kind) {
    case "SELECT": return select(ctx, input, statement);
    case "EXISTS": throw validationError("EXISTS is only supported in transactions");
    default: {
      const { outcome, consumed } = executeWrite(ctx, statement, input.ReturnConsumedCapacity, input.ReturnValuesOnConditionCheckFailure === "ALL_OLD");
      const output: ExecuteStatementOutput = { Items: (statement.kind === "INSERT" ? undefined : returning(statement.returning, outcome)) ?? [] };
      if (consumed !== undefined) output.ConsumedCapacity = consumed;
      return output;
    }
  }
}

/** Runs one statement that writes. */
export function executeWrite(
  ctx: Ctx, statement: InsertStatement | UpdateStatement | DeleteStatement, capacity: string | undefined, returnsOld = false,
): { outcome: Outcome; consumed: ExecuteStatementOutput["ConsumedCapacity"] } {
  const name = statement.kind === "INSERT" ? statement.into.tableName : statement.kind === "UPDATE" ? statement.table.tableName : statement.from.tableName;
  const target = dataTable(ctx, name);
  const action = { ...writeAction(statement, target.table), returnsOld };
  let outcome: Outcome;
  try {
    outcome = decide({ action, ...target });
  } catch (error) {
    if (!(error instanceof Cancellation)) throw error;
    throw error.reason.Code === "DuplicateItem" ? duplicateItem() : conditionFailed(error.reason.Item);
  }
  const { ConsumedCapacity } = write([outcome], false, { ReturnConsumedCapacity: capacity });
  return { outcome, consumed: ConsumedCapacity?.[0] };
}

/** Reads one page of a SELECT. */
export function select(ctx: Ctx, input: ExecuteStatementInput, statement: SelectStatement): ExecuteStatementOutput {
  const where = statement.where === undefined ? undefined : compileWhere(statement.where, statement.names, statement.values);
  const projection = statement.columns === undefined ? undefined : new ColumnProjection(statement.columns);
  const fingerprint = fingerprintOf([input.Statement, input.Parameters ?? []]);
  const cursor = input.NextToken === undefined ? undefined : readToken(input.NextToken, fingerprint);

  const { ctx: owner, table } = dataTable(ctx, statement.from.tableName);
  const index = statement.from.indexName === undefined ? undefined : requireIndex(table, statement.from.indexName);
  const schema = index?.schema ?? table.schema;
  if (where !== undefined) checkKeyPaths(where.paths, table);
  const backward = readsBackward(statement, schema);
  const restrictions = keyRestrictions(statement, schema);
  const read: ReadInput = {
    ...(input.ConsistentRead === undefined ? {} : { ConsistentRead: input.ConsistentRead }),
    ...(input.Limit === undefined ? {} : { Limit: input.Limit }),
    ...(input.ReturnConsumedCapacity === undefined ? {} : { ReturnConsumedCapacity: input.ReturnConsumedCapacity }),
  };
  // Only a read by key minds a filter on what the index does not hold; one of everything finds nothing by it (seen on AWS).
  if (index !== undefined) checkIndexRead(index, read, projection, restrictions === undefined ? [] : (where?.paths ?? []));

  let { from, to } = restrictions === undefined ? wholeSpace() : keyRange(restrictions, schema);
  if (cursor !== undefined) {
    const key = cursorKey(cursor, table, index, true);
    if (backward) to = key;
    else from = after(key);
  }
  const page = readPage({ store: owner.store, table, index, from, to, backward, filter: where?.test, projection, input: read, tableName: statement.from.tableName });
  const output: ExecuteStatementOutput = { Items: page.Items ?? [] };
  if (page.LastEvaluatedKey !== undefined) {
    output.NextToken = Buffer.from(JSON.stringify({ version: "V1", statement: fingerprint, key: page.LastEvaluatedKey })).toString("base64");
    output.LastEvaluatedKey = page.LastEvaluatedKey;
  }
  if (page.ConsumedCapacity !== undefined) output.ConsumedCapacity = page.ConsumedCapacity;
  return output;
}

function readToken(token: string, fingerprint: string): Item {
  let content: { version?: unknown; statement?: unknown; key?: unknown };
  try {
    content = JSON.parse(Buffer.from(token, "base64").toString()) as typeof content;
  } catch {
    throw validationError("Invalid NextToken");
  }
  if (content === null || typeof content !== "object" || content.version !== "V1" || typeof content.key !== "object" || content.key === null) throw validationError("Invalid NextToken");
  if (content.statement !== fingerprint) throw validationError("NextToken does not match request");
  return content.key as Item;
}
