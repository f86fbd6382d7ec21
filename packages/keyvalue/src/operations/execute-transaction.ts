import type { ExecuteTransactionInput, ExecuteTransactionOutput, ItemResponse } from "@cumulet/protocol/models/dynamodb.d.ts";
import { Consumption, readUnits } from "../domain/capacity.ts";
import { validationError } from "../domain/errors.ts";
import { encodeKey } from "../domain/keys.ts";
import type { Item } from "../domain/attribute-values.ts";
import type { SelectStatement, Statement } from "../domain/partiql/statements.ts";
import { checkKey } from "../domain/validation.ts";
import { ColumnProjection, compileWhere, parse, singleKey, tableOf, writeAction } from "./partiql.ts";
import { dataTable } from "./targets.ts";
import type { Ctx } from "./targets.ts";
import { once } from "./transact-write-items.ts";
import { checkDistinct, runAll } from "./transactions.ts";
import { describeAll } from "./write-actions.ts";

export function executeTransaction(ctx: Ctx, input: ExecuteTransactionInput): ExecuteTransactionOutput {
  const statements = input.TransactStatements.map((request, i) => {
    const statement = parse(request);
    if ((statement.kind === "UPDATE" || statement.kind === "DELETE") && statement.returning !== undefined) {
      throw validationError(`Validation failed in TransactStatements[${i}]: RETURNING clause is not supported in ExecuteTransaction.`);
    }
    return statement;
  });
  const reads = statements.filter((statement) => statement.kind === "SELECT");
  if (reads.length > 0 && reads.length < statements.length) {
    throw validationError("ExecuteTransaction API does not support both read and write operations in the same request.");
  }
  if (reads.length > 0) return readAll(ctx, input, reads);
  const { ConsumedCapacity } = once(ctx, "ExecuteTransaction", input, input.TransactStatements, () => (
    statements.map((statement) => writeAction(statement as Exclude<Statement, SelectStatement>, dataTable(ctx, tableOf(statement)).table))));
  return { Responses: [], ...(ConsumedCapacity === undefined ? {} : { ConsumedCapacity }) };
}

function readAll(ctx: Ctx, input: ExecuteTransactionInput, statements: readonly SelectStatement[]): ExecuteTransactionOutput {
  const reads = statements.map((statement, i) => {
    const target = dataTable(ctx, statement.from.tableName);
    const fault = `Validation failed in TransactStatements[${i}]: Select statements within ExecuteTransaction must specify the primary key in the where clause.`;
    return { statement, ...target, ...singleKey(statement, target.table, fault) };
  });
  checkDistinct(reads);
  const consumptions = new Map<string, Consumption>();
  const responses = runAll(reads, ({ statement, ctx: owner, table, key, rest }): ItemResponse => {
    checkKey(key, table.schema);
    const row = owner.store.rows.get(table.space, encodeKey(key, table.schema));
    let consumption = consumptions.get(statement.from.tableName);
    if (consumption === undefined) consumptions.set(statement.from.tableName, (consumption = new Consumption(statement.from.tableName, "read", true)));
    consumption.addTable(readUnits(row?.size ?? 0, true, true));
    if (row === undefined) return {};
    const item = JSON.parse(row.item) as Item;
    if (rest !== undefined && !compileWhere(rest, statement.names, statement.values).test(item)) return {};
    return { Item: statement.columns === undefined ? item : new ColumnProjection(statement.columns).of(item) };
  });
  const output: ExecuteTransactionOutput = { Responses: responses };
  const consumed = describeAll(consumptions.values(), input.ReturnConsumedCapacity);
  if (consumed !== undefined) output.ConsumedCapacity = consumed;
  return output;
}
