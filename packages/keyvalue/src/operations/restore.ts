import { AwsError } from "@cumulet/protocol";
import type {
  CreateTableInput, GlobalSecondaryIndex, LocalSecondaryIndex, RestoreTableFromBackupInput, RestoreTableFromBackupOutput, RestoreTableToPointInTimeInput,
  RestoreTableToPointInTimeOutput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import type { Item } from "../domain/attribute-values.ts";
import { invalidParameters, validationError } from "../domain/errors.ts";
import { after } from "../domain/keys.ts";
import { checkTableDefinition } from "../domain/table-definition.ts";
import type { IndexRecord, Moment, Table, TableRecord } from "../domain/table.ts";
import { restorableWindow } from "./backups.ts";
import { wholeSpace } from "./pages.ts";
import { describe, newRecord, transitionMs } from "./tables.ts";
import { checkedName, locate } from "./targets.ts";
import type { Ctx } from "./targets.ts";

/** Items that are restored before others get their turn. */
const itemsAtOnce = 2000;

/** What both ways of restoring may change. */
interface Overrides {
  TargetTableName: string;
  BillingModeOverride?: string;
  GlobalSecondaryIndexOverride?: GlobalSecondaryIndex[];
  LocalSecondaryIndexOverride?: LocalSecondaryIndex[];
  ProvisionedThroughputOverride?: CreateTableInput["ProvisionedThroughput"];
  OnDemandThroughputOverride?: CreateTableInput["OnDemandThroughput"];
  SSESpecificationOverride?: CreateTableInput["SSESpecification"];
}

export function restoreTableFromBackup(ctx: Ctx, input: RestoreTableFromBackupInput): RestoreTableFromBackupOutput {
  const backup = ctx.store.backups.get(input.BackupArn);
  if (backup === undefined) throw new AwsError("BackupNotFoundException", `Backup not found: ${input.BackupArn}`);
  return { TableDescription: restore(ctx, input, backup.table, { sequence: backup.sequence }, { sourceBackupArn: backup.arn, sourceTableArn: backup.tableArn }) };
}

export function restoreTableToPointInTime(ctx: Ctx, input: RestoreTableToPointInTimeInput): RestoreTableToPointInTimeOutput {
  const source = input.SourceTableName ?? input.SourceTableArn;
  if (source === undefined) throw validationError("One or more parameter values were invalid: Either SourceTableArn or SourceTableName must be specified");
  const { ctx: owner, name } = locate(ctx, source);
  if (owner !== ctx) throw validationError("Restoring from another region or account is not supported by Cumulet");
  const table = ctx.store.tables.get(name);
  if (table === undefined) throw new AwsError("TableNotFoundException", `Table not found: ${name}`);
  const { recovery } = table.record;
  if (recovery === undefined) throw new AwsError("PointInTimeRecoveryUnavailableException", `Point in time recovery is not enabled for table '${name}'`);
  const { earliestMs, latestMs } = restorableWindow(ctx, recovery);
  const ms = input.UseLatestRestorableTime === true ? latestMs : input.RestoreDateTime;
  if (ms === undefined) throw invalidParameters("Either RestoreDateTime or UseLatestRestorableTime must be specified");
  if (input.UseLatestRestorableTime === true && input.RestoreDateTime !== undefined) throw invalidParameters("RestoreDateTime and UseLatestRestorableTime cannot be specified together");
  if (ms < earliestMs || ms > latestMs) {
    throw new AwsError("InvalidRestoreTimeException", "The requested restore time is not between the earliest and the latest restorable time");
  }
  return { TableDescription: restore(ctx, input, table.record, { ms }, { sourceTableArn: table.arn }) };
}

function restore(ctx: Ctx, input: Overrides, source: TableRecord, moment: Moment, origin: { sourceBackupArn?: string; sourceTableArn: string }): RestoreTableFromBackupOutput["TableDescription"] {
  const name = input.TargetTableName;
  checkedName(name);
  if (ctx.store.tables.get(name) !== undefined) throw new AwsError("TableAlreadyExistsException", `Table already exists: ${name}`);
  const definition = definitionOf(source, input);
  checkTableDefinition(definition);
  const record = newRecord(ctx, name, definition);
  record.restore = { ...origin, restoredMs: ctx.clock.now() };
  record.restoring = { space: source.space, moment, cursor: "" };
  record.readyMs = Number.MAX_SAFE_INTEGER;
  const table = ctx.store.tables.put(record);
  const answer = describe(ctx, table);
  goOn(ctx, table);
  return answer;
}

/** What the restored table is made of: the source as it was, with what the request changes. Streams, TTL and tags are not restored, as on AWS. */
function definitionOf(source: TableRecord, input: Overrides): CreateTableInput {
  const mode = input.BillingModeOverride ?? source.billing.mode;
  const provisioned = mode === "PROVISIONED";
  const throughput = input.ProvisionedThroughputOverride ?? (provisioned ? units(source.billing.throughput) : undefined);
  const globals = input.GlobalSecondaryIndexOverride ?? source.globalIndexes.map((index) => ({ ...indexOf(index), ...(provisioned ? { ProvisionedThroughput: units(index.throughput) } : {}) }));
  const locals = input.LocalSecondaryIndexOverride ?? source.localIndexes.map(indexOf);
  const used = new Set([source.keySchema, ...globals.map(({ KeySchema }) => KeySchema), ...locals.map(({ KeySchema }) => KeySchema)].flat().map(({ AttributeName }) => AttributeName));
  return {
    TableName: input.TargetTableName,
    AttributeDefinitions: source.attributeDefinitions.filter(({ AttributeName }) => used.has(AttributeName)),
    KeySchema: source.keySchema,
    BillingMode: mode,
    ...(throughput === undefined ? {} : { ProvisionedThroughput: throughput }),
    ...(input.OnDemandThroughputOverride === undefined ? {} : { OnDemandThroughput: input.OnDemandThroughputOverride }),
    ...(globals.length > 0 ? { GlobalSecondaryIndexes: globals } : {}),
    ...(locals.length > 0 ? { LocalSecondaryIndexes: locals } : {}),
    ...(input.SSESpecificationOverride === undefined ? {} : { SSESpecification: input.SSESpecificationOverride }),
  };
}

function units(throughput: { ReadCapacityUnits: number; WriteCapacityUnits: number } | undefined): { ReadCapacityUnits: number; WriteCapacityUnits: number } {
  return { ReadCapacityUnits: Math.max(1, throughput?.ReadCapacityUnits ?? 0), WriteCapacityUnits: Math.max(1, throughput?.WriteCapacityUnits ?? 0) };
}

function indexOf({ name, keySchema, projection }: IndexRecord): LocalSecondaryIndex {
  return { IndexName: name, KeySchema: keySchema, Projection: projection };
}

/** Goes on filling a table that is being restored: a bounded number of items, in order of their keys. */
export function goOn(ctx: Ctx, table: Table): Table {
  const { restoring, ...rest } = table.record;
  if (restoring === undefined) return table;
  const { store } = ctx;
  const { keys, items } = stateAt(ctx, restoring.space, restoring.moment, restoring.cursor === "" ? wholeSpace().from : after(Buffer.from(restoring.cursor, "hex")), itemsAtOnce);
  for (const { key, item, size } of items) store.writer.restore(table, key, JSON.parse(item) as Item, size, item);
  if (keys.length < itemsAtOnce) return store.tables.put({ ...rest, readyMs: ctx.clock.now() + transitionMs(ctx) });
  store.attention(ctx.clock.now());
  return store.tables.put({ ...rest, restoring: { ...restoring, cursor: keys.at(-1)!.toString("hex") } });
}

/** A row as it was at a moment. */
export interface PastRow {
  key: Buffer;
  item: string;
  size: number;
}

/** A page of a space as it was at a moment: `keys` that were looked at, at most `limit`, and the rows that were there. */
export function stateAt({ store }: Ctx, space: number, moment: Moment, from: Buffer, limit: number): { keys: Buffer[]; items: PastRow[] } {
  const keys = merge(store.rows.keys(space, from, wholeSpace().to, limit), store.history.keys(space, from, limit)).slice(0, limit);
  const items: PastRow[] = [];
  for (const key of keys) {
    const state = store.history.at(space, key, moment) ?? store.rows.get(space, key);
    if (state !== undefined && state.item !== null) items.push({ key, item: state.item, size: state.size });
  }
  return { keys, items };
}

/** Two ascending lists of keys as one, each key once. */
function merge(a: readonly Buffer[], b: readonly Buffer[]): Buffer[] {
  const merged: Buffer[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const order = i >= a.length ? 1 : j >= b.length ? -1 : a[i]!.compare(b[j]!);
    merged.push(order <= 0 ? a[i]! : b[j]!);
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return merged;
}
