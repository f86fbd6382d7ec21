import type {
  GlobalSecondaryIndexDescription, LocalSecondaryIndexDescription, ProvisionedThroughputDescription, ReplicaDescription, TableDescription,
  TableWarmThroughputDescription,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import type { IndexRecord, ReplicaRecord, Table, TableRecord, Throughput } from "./table.ts";

/** What a description needs besides the record. */
export interface DescriptionFacts {
  nowMs: number;
  /** Items and bytes of a space. */
  totals(space: number): { items: number; bytes: number };
}

/** What a table that is used on demand can serve at once, when it was never asked for more. */
const onDemandWarmth = { ReadUnitsPerSecond: 12000, WriteUnitsPerSecond: 4000 };

/** A table as DescribeTable and its kin answer it. */
export function describeTable(table: Table, facts: DescriptionFacts): TableDescription {
  const { record } = table;
  const status = table.status(facts.nowMs) ?? "DELETING";
  const description: TableDescription = {
    TableName: record.name,
    TableStatus: status,
    TableArn: table.arn,
    TableId: record.tableId,
    DeletionProtectionEnabled: record.deletionProtection,
    ProvisionedThroughput: describeThroughput(record.billing.throughput, facts.nowMs),
  };
  const totals = facts.totals(record.space);
  description.ItemCount = totals.items;
  description.TableSizeBytes = totals.bytes;
  // DeleteTable's answer holds no more than this (seen on AWS).
  if (status === "DELETING") return withBilling(description, record, status);
  description.AttributeDefinitions = record.attributeDefinitions;
  description.KeySchema = record.keySchema;
  description.CreationDateTime = record.createdMs;
  withBilling(description, record, status);
  if (record.billing.onDemand !== undefined) description.OnDemandThroughput = record.billing.onDemand;
  if (status !== "CREATING" || record.billing.warm !== undefined) {
    description.WarmThroughput = warmth(record.billing.warm, record.billing.throughput, record.billing.mode, status === "ACTIVE" ? "ACTIVE" : "UPDATING");
  }
  if (record.globalIndexes.length > 0) {
    description.GlobalSecondaryIndexes = record.globalIndexes.filter((index) => !gone(index, facts.nowMs)).map((index) => describeGlobalIndex(table, index, facts));
    if (description.GlobalSecondaryIndexes.length === 0) delete description.GlobalSecondaryIndexes;
  }
  if (record.localIndexes.length > 0) description.LocalSecondaryIndexes = record.localIndexes.map((index) => describeLocalIndex(table, index, facts));
  if (record.stream !== undefined) {
    if (record.stream.enabled) description.StreamSpecification = { StreamEnabled: true, StreamViewType: record.stream.viewType };
    description.LatestStreamLabel = record.stream.label;
    description.LatestStreamArn = `${table.arn}/stream/${record.stream.label}`;
  }
  if (record.sse !== undefined) description.SSEDescription = { Status: record.sse.status, SSEType: "KMS", KMSMasterKeyArn: record.sse.keyArn };
  if (record.tableClass !== undefined) {
    description.TableClassSummary = { TableClass: record.tableClass.name };
    if (record.tableClass.changedMs !== undefined) description.TableClassSummary.LastUpdateDateTime = record.tableClass.changedMs;
  }
  if (record.restore !== undefined) {
    description.RestoreSummary = {
      RestoreDateTime: record.restore.restoredMs,
      RestoreInProgress: status === "CREATING",
      ...(record.restore.sourceBackupArn === undefined ? {} : { SourceBackupArn: record.restore.sourceBackupArn }),
      ...(record.restore.sourceTableArn === undefined ? {} : { SourceTableArn: record.restore.sourceTableArn }),
    };
  }
  if (record.replicas !== undefined) {
    description.GlobalTableVersion = "2019.11.21";
    description.GlobalTableSettingsReplicationMode = "ENABLED_WITH_OVERRIDES";
    description.Replicas = record.replicas.map((replica) => describeReplica(record, replica, facts.nowMs));
  }
  return description;
}

/** Another member. What it has in common with the table is left out (seen on AWS). */
function describeReplica(record: TableRecord, replica: ReplicaRecord, nowMs: number): ReplicaDescription {
  const description: ReplicaDescription = {
    RegionName: replica.region,
    ReplicaStatus: nowMs < replica.readyMs ? replica.status : "ACTIVE",
    WarmThroughput: warmth(record.billing.warm, record.billing.throughput, record.billing.mode, "ACTIVE"),
    GlobalTableSettingsReplicationMode: "ENABLED_WITH_OVERRIDES",
  };
  if (replica.keyArn !== undefined) description.KMSMasterKeyId = replica.keyArn;
  if (replica.tableClass !== undefined) description.ReplicaTableClassSummary = { TableClass: replica.tableClass };
  Object.assign(description, describeOverride(replica));
  const indexes = Object.entries(replica.indexes ?? {});
  if (indexes.length > 0) description.GlobalSecondaryIndexes = indexes.map(([IndexName, override]) => ({ IndexName, ...describeOverride(override) }));
  return description;
}

function describeOverride({ readUnits, maxReadUnits }: { readUnits?: number; maxReadUnits?: number }): Pick<ReplicaDescription, "ProvisionedThroughputOverride" | "OnDemandThroughputOverride"> {
  return {
    ...(readUnits === undefined ? {} : { ProvisionedThroughputOverride: { ReadCapacityUnits: readUnits } }),
    ...(maxReadUnits === undefined ? {} : { OnDemandThroughputOverride: { MaxReadRequestUnits: maxReadUnits } }),
  };
}

function withBilling(description: TableDescription, record: TableRecord, status: string): TableDescription {
  const { billing } = record;
  if (!billing.summary) return description;
  description.BillingModeSummary = { BillingMode: billing.mode };
  if (billing.onDemandMs !== undefined && status !== "CREATING") description.BillingModeSummary.LastUpdateToPayPerRequestDateTime = billing.onDemandMs;
  return description;
}

/** Milliseconds of a day. */
export const dayMs = 24 * 3600_000;

/** How often throughput was lowered since midnight, UTC. */
export function decreasesToday({ decreases, lastDecreaseMs }: Throughput, nowMs: number): number {
  return lastDecreaseMs !== undefined && Math.floor(lastDecreaseMs / dayMs) === Math.floor(nowMs / dayMs) ? decreases : 0;
}

function describeThroughput(throughput: Throughput, nowMs: number): ProvisionedThroughputDescription {
  const description: ProvisionedThroughputDescription = {
    NumberOfDecreasesToday: decreasesToday(throughput, nowMs),
    ReadCapacityUnits: throughput.ReadCapacityUnits,
    WriteCapacityUnits: throughput.WriteCapacityUnits,
  };
  if (throughput.lastIncreaseMs !== undefined) description.LastIncreaseDateTime = throughput.lastIncreaseMs;
  if (throughput.lastDecreaseMs !== undefined) description.LastDecreaseDateTime = throughput.lastDecreaseMs;
  return description;
}

function warmth(
  asked: { ReadUnitsPerSecond?: number; WriteUnitsPerSecond?: number } | undefined, throughput: Throughput | undefined, mode: string, status: string,
): TableWarmThroughputDescription {
  const base = mode === "PAY_PER_REQUEST"
    ? onDemandWarmth
    : { ReadUnitsPerSecond: throughput?.ReadCapacityUnits ?? 0, WriteUnitsPerSecond: throughput?.WriteCapacityUnits ?? 0 };
  return { ...base, ...asked, Status: status };
}

/** Whether an index that was being deleted is deleted by now. */
export function gone(index: IndexRecord, nowMs: number): boolean {
  return index.status === "DELETING" && nowMs >= index.readyMs;
}

/** Status of a global index at a time. While it is being filled it is being created. */
export function indexStatus(index: IndexRecord, nowMs: number): string {
  if (index.backfill !== undefined) return "CREATING";
  return nowMs < index.readyMs ? index.status : "ACTIVE";
}

function describeGlobalIndex(table: Table, index: IndexRecord, facts: DescriptionFacts): GlobalSecondaryIndexDescription {
  const totals = facts.totals(index.space);
  const status = indexStatus(index, facts.nowMs);
  const description: GlobalSecondaryIndexDescription = {
    IndexName: index.name,
    KeySchema: index.keySchema,
    Projection: index.projection,
    IndexStatus: status,
    ProvisionedThroughput: describeThroughput(index.throughput ?? { ReadCapacityUnits: 0, WriteCapacityUnits: 0, decreases: 0 }, facts.nowMs),
    IndexSizeBytes: totals.bytes,
    ItemCount: totals.items,
    IndexArn: `${table.arn}/index/${index.name}`,
  };
  if (index.backfill !== undefined) description.Backfilling = true;
  if (index.onDemand !== undefined) description.OnDemandThroughput = index.onDemand;
  if (status !== "CREATING" || index.warm !== undefined) {
    description.WarmThroughput = warmth(index.warm, index.throughput, table.record.billing.mode, status === "ACTIVE" ? "ACTIVE" : "UPDATING");
  }
  return description;
}

function describeLocalIndex(table: Table, index: IndexRecord, facts: DescriptionFacts): LocalSecondaryIndexDescription {
  const totals = facts.totals(index.space);
  return {
    IndexName: index.name,
    KeySchema: index.keySchema,
    Projection: index.projection,
    IndexSizeBytes: totals.bytes,
    ItemCount: totals.items,
    IndexArn: `${table.arn}/index/${index.name}`,
  };
}
