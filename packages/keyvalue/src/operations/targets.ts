import { AwsError } from "@cumulet/protocol";
import type { Context } from "@cumulet/core";
import { namedTableNotFound, tableNotFound, validationError } from "../domain/errors.ts";
import type { Index, Table } from "../domain/table.ts";
import type { KeyValueStore } from "../store/index.ts";

/** A context of this package's handlers. */
export type Ctx = Context<KeyValueStore>;

const namePattern = /^[a-zA-Z0-9_.-]{1,255}$/;
const tableArn = /^arn:[a-z0-9-]+:dynamodb:([a-z0-9-]+):([0-9]{12}):table\/([a-zA-Z0-9_.-]{1,255})$/;

/** A table as a request named it, with the context of the account and region that own it. */
export interface Target {
  ctx: Ctx;
  table: Table;
}

/** Takes a table's name or ARN apart; the context becomes that of the owner. */
export function locate(ctx: Ctx, nameOrArn: string): { ctx: Ctx; name: string } {
  if (!nameOrArn.startsWith("arn:")) {
    if (namePattern.test(nameOrArn)) return { ctx, name: nameOrArn };
    const constraint = nameOrArn.length > 255 ? "Member must have length less than or equal to 255" : "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
    throw validationError(`1 validation error detected: Value '${nameOrArn}' at 'tableName' failed to satisfy constraint: ${constraint}`);
  }
  const match = tableArn.exec(nameOrArn);
  if (match === null) throw validationError(`Invalid TableArn: Invalid ResourceArn provided as input ${nameOrArn}`);
  const [, region, account, name] = match as unknown as [string, string, string, string];
  return { ctx: account === ctx.account && region === ctx.region ? ctx : ctx.at(account, region), name };
}

/** The table of a data-plane operation: it must be usable. A table that is being created is not there yet. */
export function dataTable(ctx: Ctx, nameOrArn: string): Target {
  const target = locate(ctx, nameOrArn);
  const table = target.ctx.store.tables.get(target.name);
  if (table === undefined || table.status(ctx.clock.now()) === "CREATING") throw tableNotFound();
  return { ctx: target.ctx, table };
}

/** The table of a control-plane operation, whatever its status. */
export function controlTable(ctx: Ctx, nameOrArn: string | undefined): Target {
  const target = locate(ctx, checkedName(nameOrArn));
  const table = target.ctx.store.tables.get(target.name);
  if (table === undefined) throw namedTableNotFound(target.name);
  return { ctx: target.ctx, table };
}

/** The rule for names that control-plane operations state in their own words. */
export function checkedName(name: string | undefined): string {
  if (name === undefined) throw validationError("The parameter 'TableName' is required but was not present in the request");
  if (!name.startsWith("arn:") && (name.length < 3 || name.length > 255)) {
    throw validationError("TableName must be at least 3 characters long and at most 255 characters long");
  }
  return name;
}

/** An index of a table by name. */
export function requireIndex(table: Table, name: string): Index {
  const index = table.index(name);
  if (index === undefined) throw validationError(`The table does not have the specified index: ${name}`);
  return index;
}

/** A handler of the control plane: when it fails, what it may have changed in memory is read again. */
export function control<I, O>(handler: (ctx: Ctx, input: I) => O): (ctx: Ctx, input: I) => O {
  return (ctx, input) => {
    try {
      return handler(ctx, input);
    } catch (error) {
      ctx.store.forget();
      throw error;
    }
  };
}

/** A modelled error that names a resource in use. */
export function resourceInUse(message: string): AwsError {
  return new AwsError("ResourceInUseException", message);
}

/** Refuses to touch a table that is changing. */
export function resourceBusy(table: Table, nowMs: number): void {
  const status = table.status(nowMs);
  if (status === "ACTIVE") return;
  const state = status === "UPDATING" ? `Table: ${table.name} is in the process of being updated.` : `Table is being ${status === "CREATING" ? "created" : "deleted"}: ${table.name}`;
  throw resourceInUse(`Attempt to change a resource which is still in use: ${state}`);
}
