import { AwsError } from "@cumulet/protocol";
import type {
  BackupDetails, BackupSummary, ContinuousBackupsDescription, CreateBackupInput, CreateBackupOutput, DeleteBackupInput, DeleteBackupOutput, DescribeBackupInput,
  DescribeBackupOutput, DescribeContinuousBackupsInput, DescribeContinuousBackupsOutput, ListBackupsInput, ListBackupsOutput, UpdateContinuousBackupsInput,
  UpdateContinuousBackupsOutput, BackupDescription,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { jobId } from "../domain/jobs.ts";
import type { Table } from "../domain/table.ts";
import type { BackupRecord } from "../store/backups.ts";
import { locate, resourceBusy } from "./targets.ts";
import type { Ctx, Target } from "./targets.ts";

const dayMs = 24 * 3600_000;
const defaultRecoveryDays = 35;

/** The table of an operation about backups, which have a fault of their own for one that is not there. */
function backedTable(ctx: Ctx, nameOrArn: string): Target {
  const { ctx: owner, name } = locate(ctx, nameOrArn);
  const table = owner.store.tables.get(name);
  if (table === undefined) throw new AwsError("TableNotFoundException", `Table not found: ${name}`);
  return { ctx: owner, table };
}

function requireBackup(ctx: Ctx, arn: string): BackupRecord {
  const backup = ctx.store.backups.get(arn);
  if (backup === undefined) throw new AwsError("BackupNotFoundException", `Backup not found: ${arn}`);
  return backup;
}

export function createBackup(ctx: Ctx, input: CreateBackupInput): CreateBackupOutput {
  const { ctx: owner, table } = backedTable(ctx, input.TableName);
  resourceBusy(table, owner.clock.now());
  const details = detailsOf(makeBackup(owner, table, input.BackupName, "USER"));
  return { BackupDetails: { ...details, BackupStatus: "CREATING" } };
}

/** Marks a moment of a table; its changes are remembered from then on. */
export function makeBackup(ctx: Ctx, table: Table, name: string, type: "USER" | "SYSTEM"): BackupRecord {
  const { store } = ctx;
  const now = ctx.clock.now();
  const totals = store.totals.of(table.space);
  const record: BackupRecord = {
    arn: `${table.arn}/backup/${jobId(now, ctx.ids.bytes(4))}`,
    name, type,
    createdMs: now,
    sequence: store.history.last(),
    bytes: totals.bytes,
    items: totals.items,
    table: table.record,
    tableArn: table.arn,
  };
  if (type === "SYSTEM") record.expiresMs = now + defaultRecoveryDays * dayMs;
  store.backups.put(record);
  if (record.expiresMs !== undefined) store.attention(record.expiresMs);
  store.tables.put({ ...table.record, backedUp: true });
  return record;
}

function detailsOf(backup: BackupRecord): BackupDetails {
  return {
    BackupArn: backup.arn,
    BackupName: backup.name,
    BackupSizeBytes: backup.bytes,
    BackupStatus: "AVAILABLE",
    BackupType: backup.type,
    BackupCreationDateTime: backup.createdMs,
    ...(backup.expiresMs === undefined ? {} : { BackupExpiryDateTime: backup.expiresMs }),
  };
}

function descriptionOf(backup: BackupRecord): BackupDescription {
  const { table } = backup;
  const features: NonNullable<BackupDescription["SourceTableFeatureDetails"]> = {};
  if (table.localIndexes.length > 0) features.LocalSecondaryIndexes = table.localIndexes.map(({ name, keySchema, projection }) => ({ IndexName: name, KeySchema: keySchema, Projection: projection }));
  if (table.globalIndexes.length > 0) {
    features.GlobalSecondaryIndexes = table.globalIndexes.map(({ name, keySchema, projection, throughput }) => ({
      IndexName: name, KeySchema: keySchema, Projection: projection,
      ProvisionedThroughput: { ReadCapacityUnits: throughput?.ReadCapacityUnits ?? 0, WriteCapacityUnits: throughput?.WriteCapacityUnits ?? 0 },
    }));
  }
  if (table.stream?.enabled === true) features.StreamDescription = { StreamEnabled: true, StreamViewType: table.stream.viewType };
  if (table.ttl?.enabled === true) features.TimeToLiveDescription = { TimeToLiveStatus: "ENABLED", AttributeName: table.ttl.attribute };
  if (table.sse !== undefined) features.SSEDescription = { Status: table.sse.status, SSEType: "KMS", KMSMasterKeyArn: table.sse.keyArn };
  const { ReadCapacityUnits, WriteCapacityUnits } = table.billing.throughput;
  return {
    BackupDetails: detailsOf(backup),
    SourceTableDetails: {
      TableName: table.name,
      TableId: table.tableId,
      TableArn: backup.tableArn,
      TableSizeBytes: backup.bytes,
      KeySchema: table.keySchema,
      TableCreationDateTime: table.createdMs,
      ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits },
      ItemCount: backup.items,
      BillingMode: table.billing.mode,
    },
    SourceTableFeatureDetails: features,
  };
}

export function describeBackup(ctx: Ctx, input: DescribeBackupInput): DescribeBackupOutput {
  return { BackupDescription: descriptionOf(requireBackup(ctx, input.BackupArn)) };
}

export function deleteBackup(ctx: Ctx, input: DeleteBackupInput): DeleteBackupOutput {
  const backup = requireBackup(ctx, input.BackupArn);
  dropBackup(ctx, backup);
  const description = descriptionOf(backup);
  return { BackupDescription: { ...description, BackupDetails: { ...description.BackupDetails, BackupStatus: "DELETED" } } };
}

/** Removes a backup, and with the last one of a table the history that it needed, and the rows if the table is gone. */
export function dropBackup(ctx: Ctx, backup: BackupRecord): void {
  const { store } = ctx;
  store.backups.delete(backup.arn);
  const { space, name } = backup.table;
  if (store.backups.count(space) > 0) return;
  const table = store.tables.get(name);
  if (table?.space !== space) {
    store.discard(space);
    return;
  }
  const { backedUp: _, ...record } = table.record;
  store.tables.put(record);
}

export function listBackups(ctx: Ctx, input: ListBackupsInput): ListBackupsOutput {
  const limit = input.Limit ?? 100;
  const name = input.TableName === undefined ? undefined : locate(ctx, input.TableName).name;
  const wanted = (backup: BackupRecord): boolean => (
    (name === undefined || backup.table.name === name)
    && ((input.BackupType ?? "ALL") === "ALL" || backup.type === input.BackupType)
    && backup.createdMs >= (input.TimeRangeLowerBound ?? 0)
    && backup.createdMs < (input.TimeRangeUpperBound ?? Infinity));
  const found: BackupRecord[] = [];
  let after = input.ExclusiveStartBackupArn ?? "";
  for (let more = true; more && found.length <= limit;) {
    const page = ctx.store.backups.list(after, 100);
    more = page.length === 100;
    for (const backup of page) {
      after = backup.arn;
      if (wanted(backup)) found.push(backup);
    }
  }
  const shown = found.slice(0, limit);
  const output: ListBackupsOutput = { BackupSummaries: shown.map(summaryOf) };
  if (found.length > limit) output.LastEvaluatedBackupArn = shown.at(-1)!.arn;
  return output;
}

function summaryOf(backup: BackupRecord): BackupSummary {
  return { TableName: backup.table.name, TableId: backup.table.tableId, TableArn: backup.tableArn, ...detailsOf(backup) };
}

export function updateContinuousBackups(ctx: Ctx, input: UpdateContinuousBackupsInput): UpdateContinuousBackupsOutput {
  const { ctx: owner, table } = backedTable(ctx, input.TableName);
  const { PointInTimeRecoveryEnabled: enabled, RecoveryPeriodInDays: days } = input.PointInTimeRecoverySpecification;
  const { recovery, ...rest } = table.record;
  const updated = enabled
    ? owner.store.tables.put({ ...rest, recovery: { enabledMs: recovery?.enabledMs ?? owner.clock.now(), days: days ?? recovery?.days ?? defaultRecoveryDays } })
    : owner.store.tables.put(rest);
  return { ContinuousBackupsDescription: continuousBackups(owner, updated) };
}

export function describeContinuousBackups(ctx: Ctx, input: DescribeContinuousBackupsInput): DescribeContinuousBackupsOutput {
  const { ctx: owner, table } = backedTable(ctx, input.TableName);
  return { ContinuousBackupsDescription: continuousBackups(owner, table) };
}

function continuousBackups(ctx: Ctx, { record }: Table): ContinuousBackupsDescription {
  const { recovery } = record;
  if (recovery === undefined) return { ContinuousBackupsStatus: "ENABLED", PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" } };
  const { earliestMs, latestMs } = restorableWindow(ctx, recovery);
  return {
    ContinuousBackupsStatus: "ENABLED",
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: "ENABLED", RecoveryPeriodInDays: recovery.days, EarliestRestorableDateTime: earliestMs, LatestRestorableDateTime: latestMs,
    },
  };
}

/** The times to which a table can be restored. AWS's latest is about five minutes ago; here it is now. */
export function restorableWindow(ctx: Ctx, recovery: { enabledMs: number; days: number }): { earliestMs: number; latestMs: number } {
  const now = ctx.clock.now();
  return { earliestMs: Math.max(recovery.enabledMs, now - recovery.days * dayMs), latestMs: now };
}
