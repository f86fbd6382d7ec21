import { AwsError } from "@cumulet/protocol";
import type { BatchExecuteStatementInput, BatchExecuteStatementOutput, BatchStatementRequest, BatchStatementResponse, ConsumedCapacity } from "@cumulet/protocol/models/dynamodb.d.ts";
import type { Item } from "../domain/attribute-values.ts";
import { Consumption, readUnits } from "../domain/capacity.ts";
import { validationError } from "../domain/errors.ts";
import { encodeKey, hasKey } from "../domain/keys.ts";
import type { SelectStatement, Statement } from "../domain/partiql/statements.ts";
import { checkKey } from "../domain/validation.ts";
import { executeWrite } from "./execute-statement.ts";
import { ColumnProjection, compileWhere, parse, returning, singleKey, tableOf, writeAction } from "./partiql.ts";
import { dataTable } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const singleOnly = "Select statements within BatchExecuteStatement must specify the primary key in the where clause.";

export function batchExecuteStatement(ctx: Ctx, input: BatchExecuteStatementInput): BatchExecuteStatementOutput {
  const parsed = input.Statements.map((request) => attempt(() => parse(request)));
  const statements = parsed.filter((statement): statement is Statement => !(statement instanceof AwsError));
  if (new Set(statements.map(({ kind }) => kind === "SELECT")).size > 1) {
    throw validationError("Read and write requests together in the same batch is not supported.");
  }
  checkDistinct(ctx, statements);
  const consumptions = new Map<string, ConsumedCapacity[]>();
  const Responses = parsed.map((statement, i): BatchStatementResponse => {
    if (statement instanceof AwsError) return failure(statement, undefined);
    const tableName = tableOf(statement);
    const done = attempt(() => run(ctx, input.Statements[i]!, statement, input.ReturnConsumedCapacity));
    if (done instanceof AwsError) return failure(done, tableName);
    if (done.consumed !== undefined) consumptions.set(tableName, [...(consumptions.get(tableName) ?? []), done.consumed]);
    return { TableName: tableName, ...(done.item === undefined ? {} : { Item: done.item }) };
  });
  const output: BatchExecuteStatementOutput = { Responses };
  if (consumptions.size > 0) output.ConsumedCapacity = [...consumptions.values()].map(sum);
  return output;
}

/** The result, or the modelled fault instead of it. */
function attempt<T>(run: () => T): T | AwsError {
  try {
    return run();
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

/** Two statements on one item are refused before any runs; those whose item cannot be told are left to themselves. */
function checkDistinct(ctx: Ctx, statements: readonly Statement[]): void {
  const seen = new Set<string>();
  for (const statement of statements) {
    const identity = attempt(() => {
      const { table } = dataTable(ctx, tableOf(statement));
      const key = statement.kind === "SELECT" ? singleKey(statement, table, singleOnly).key : writeAction(statement, table).keyed;
      return hasKey(key, table.schema) ? `${table.arn} ${encodeKey(key, table.schema).toString("latin1")}` : undefined;
    });
    if (identity === undefined || identity instanceof AwsError) continue;
    if (seen.has(identity)) throw validationError("Provided list of item keys contains duplicates");
    seen.add(identity);
  }
}

/** Short codes, as batches have them. */
function failure(error: AwsError, tableName: string | undefined): BatchStatementResponse {
  const code = error.code === "ValidationException" ? "ValidationError" : error.code.replace(/Exception$/, "");
  const response: BatchStatementResponse = { Error: { Code: code, Message: error.message } };
  // A statement that ran and failed says where; one that was refused does not (seen on AWS).
  if (tableName !== undefined && (code === "ConditionalCheckFailed" || code === "DuplicateItem")) response.TableName = tableName;
  return response;
}

function run(ctx: Ctx, request: BatchStatementRequest, statement: Statement, capacity: string | undefined): { item: Item | undefined; consumed: ConsumedCapacity | undefined } {
  if (statement.kind === "SELECT") return read(ctx, request, statement, capacity);
  if (statement.kind === "EXISTS") throw validationError("EXISTS is only supported in transactions");
  const { outcome, consumed } = ctx.transaction(() => executeWrite(ctx, statement, capacity));
  return { item: statement.kind === "INSERT" ? undefined : returning(statement.returning, outcome)?.[0], consumed };
}

/** Reads the one item that a SELECT names. */
export function read(ctx: Ctx, request: { ConsistentRead?: boolean }, statement: SelectStatement, capacity: string | undefined): { item: Item | undefined; consumed: ConsumedCapacity | undefined } {
  const { ctx: owner, table } = dataTable(ctx, statement.from.tableName);
  const { key, rest } = singleKey(statement, table, singleOnly);
  const where = rest === undefined ? undefined : compileWhere(rest, statement.names, statement.values);
  const projection = statement.columns === undefined ? undefined : new ColumnProjection(statement.columns);
  checkKey(key, table.schema);
  const row = owner.store.rows.get(table.space, encodeKey(key, table.schema));
  const consumption = new Consumption(statement.from.tableName, "read");
  consumption.addTable(readUnits(row?.size ?? 0, request.ConsistentRead === true));
  const found = row === undefined ? undefined : (JSON.parse(row.item) as Item);
  const item = found === undefined || where?.test(found) === false ? undefined : projection === undefined ? found : projection.of(found);
  return { item, consumed: consumption.describe(capacity) };
}

/** Adds up what statements consumed of one table, member by member. */
function sum(parts: readonly ConsumedCapacity[]): ConsumedCapacity {
  const add = (a: object, b: object): object => {
    const result: { [member: string]: unknown } = { ...a };
    for (const [member, value] of Object.entries(b)) {
      const other = result[member];
      if (typeof value === "number") result[member] = value + ((other as number | undefined) ?? 0);
      else if (typeof value === "object" && value !== null) result[member] = add((other as object | undefined) ?? {}, value as object);
      else result[member] = value;
    }
    return result;
  };
  return parts.reduce((total, part) => add(total, part) as ConsumedCapacity);
}
