import { AwsError } from "@cumulet/protocol";
import type {
  DescribeGlobalTableInput, DescribeGlobalTableSettingsInput, ListGlobalTablesOutput, UpdateGlobalTableInput, UpdateGlobalTableSettingsInput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { invalidParameters, validationError } from "../domain/errors.ts";
import { checkedName } from "./targets.ts";
import type { Ctx } from "./targets.ts";

/**
 * The operations of global tables version 2017.11.29. AWS makes no such tables any more (measured in October 2026), so none
 * can be found; those of version 2019.11.21 are none of their business.
 */

function unsupported(): AwsError {
  return invalidParameters(
    "DynamoDB global tables version 2017.11.29 is not supported. " +
    "We recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy).",
  );
}

function notFound(name: string, prefix = ""): AwsError {
  return new AwsError("GlobalTableNotFoundException", `${prefix}Global table with name: '${name}' does not exist.`);
}

export function createGlobalTable(): never {
  throw unsupported();
}

export function describeGlobalTable(_ctx: Ctx, { GlobalTableName: name }: DescribeGlobalTableInput): never {
  throw notFound(checkedName(name), "Global table not found: ");
}

export function describeGlobalTableSettings(_ctx: Ctx, { GlobalTableName: name }: DescribeGlobalTableSettingsInput): never {
  throw notFound(checkedName(name));
}

export function listGlobalTables(): ListGlobalTablesOutput {
  return { GlobalTables: [] };
}

export function updateGlobalTable(_ctx: Ctx, { GlobalTableName: name, ReplicaUpdates: updates }: UpdateGlobalTableInput): never {
  // AWS gives no detail of what is wrong here.
  if (updates.length === 0 || updates.some(({ Create, Delete }) => Create === undefined && Delete === undefined)) throw validationError("One or more parameter values were invalid");
  if (updates.some(({ Create }) => Create !== undefined)) throw unsupported();
  throw notFound(checkedName(name));
}

export function updateGlobalTableSettings(_ctx: Ctx, { GlobalTableName: name }: UpdateGlobalTableSettingsInput): never {
  throw notFound(checkedName(name));
}
