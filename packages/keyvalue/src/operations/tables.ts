import { AwsError } from "@cumulet/protocol";
import type {
  CreateTableInput, CreateTableOutput, DeleteTableInput, DeleteTableOutput, DescribeTableInput, DescribeTableOutput, GlobalSecondaryIndex, KeySchemaElement,
  ListTablesInput, ListTablesOutput, LocalSecondaryIndex, SSESpecification, StreamSpecification, TableDescription,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { createHash } from "node:crypto";
import { namedTableNotFound, validationError } from "../domain/errors.ts";
import { checkTableDefinition } from "../domain/table-definition.ts";
import { describeTable as description, gone, indexStatus } from "../domain/table-description.ts";
import { Table } from "../domain/table.ts";
import type { IndexRecord, StreamSetting, TableRecord } from "../domain/table.ts";
import { shardId } from "../store/streams.ts";
import { makeBackup } from "./backups.ts";
import { checkSource, leave } from "./replicas.ts";
import { checkPolicy, revisionOf } from "./resource-policies.ts";
import { checkTags, setTags } from "./tags.ts";
import { checkedName, controlTable, locate, resourceBusy, resourceInUse } from "./targets.ts";
import type { Ctx } from "./targets.ts";

/** Tables that an account may have in a region unless the quota `dynamodb.tables` says otherwise. */
const maxTables = 2500;

export function createTable(ctx: Ctx, input: CreateTableInput): CreateTableOutput {
  const { ctx: owner, name } = locate(ctx, checkedName(input.TableName));
  if (owner !== ctx) throw validationError("Create table is not supported on the table of another account or region");
  for (const member of ["GlobalTableSourceArn", "GlobalTableSettingsReplicationMode"] as const) {
    if (input[member] !== undefined) throw validationError(`${member} (replicas in other accounts) is not supported by Cumulet`);
  }
  checkTableDefinition(input);
  if (input.Tags !== undefined) checkTags(input.Tags);
  if (input.ResourcePolicy !== undefined) checkPolicy(input.ResourcePolicy);
  if (ctx.store.tables.get(name) !== undefined) throw resourceInUse(`Table already exists: ${name}`);
  const quota = ctx.config.quotas["dynamodb.tables"] ?? maxTables;
  if (ctx.store.tables.count() >= quota) {
    throw new AwsError("LimitExceededException", `Subscriber limit exceeded: There is a limit of ${quota} tables per subscriber`);
  }
  const table = ctx.store.tables.put(newRecord(ctx, name, input));
  if (input.Tags !== undefined) setTags(ctx, table.arn, input.Tags);
  if (input.ResourcePolicy !== undefined) ctx.store.attachments.putPolicy(table.arn, input.ResourcePolicy, revisionOf(input.ResourcePolicy));
  return { TableDescription: creating(describe(ctx, table)) };
}

/** A table that was just made is CREATING in the answer, however short its making is. */
function creating(table: TableDescription): TableDescription {
  delete table.WarmThroughput;
  if (table.BillingModeSummary !== undefined) delete table.BillingModeSummary.LastUpdateToPayPerRequestDateTime;
  for (const index of table.GlobalSecondaryIndexes ?? []) {
    index.IndexStatus = "CREATING";
    delete index.WarmThroughput;
  }
  table.TableStatus = "CREATING";
  return table;
}

/** How long CREATING, UPDATING and DELETING last; nothing unless a person wants to watch them. */
export function transitionMs(ctx: Ctx): number {
  return Number(ctx.config.settings["dynamodb.transition_ms"] ?? 0);
}

/** Makes the record of a new table. */
export function newRecord(ctx: Ctx, name: string, input: CreateTableInput): TableRecord {
  const now = ctx.clock.now();
  const readyMs = now + transitionMs(ctx);
  const mode = input.BillingMode === "PAY_PER_REQUEST" ? "PAY_PER_REQUEST" : "PROVISIONED";
  const record: TableRecord = {
    space: ctx.store.tables.nextNumber("space"),
    name,
    tableId: ctx.ids.uuid(),
    createdMs: now,
    readyMs,
    status: "CREATING",
    attributeDefinitions: input.AttributeDefinitions!,
    keySchema: input.KeySchema!,
    billing: {
      mode,
      // AWS shows no summary for a table that was created provisioned.
      summary: mode === "PAY_PER_REQUEST",
      throughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0, ...input.ProvisionedThroughput, decreases: 0 },
    },
    globalIndexes: (input.GlobalSecondaryIndexes ?? []).map((index) => newIndex(ctx, index, readyMs)),
    localIndexes: (input.LocalSecondaryIndexes ?? []).map((index) => newIndex(ctx, index, readyMs)),
    stream: input.StreamSpecification?.StreamEnabled === true ? newStream(ctx, name, input.StreamSpecification, input.KeySchema!) : undefined,
    ttl: undefined,
    tableClass: input.TableClass === undefined ? undefined : { name: input.TableClass },
    deletionProtection: input.DeletionProtectionEnabled === true,
    sse: newEncryption(ctx, input.SSESpecification),
  };
  if (mode === "PAY_PER_REQUEST") record.billing.onDemandMs = now;
  if (input.OnDemandThroughput !== undefined) record.billing.onDemand = input.OnDemandThroughput;
  if (input.WarmThroughput !== undefined) record.billing.warm = input.WarmThroughput;
  return record;
}

/** Makes the record of a new index. */
export function newIndex(ctx: Ctx, input: GlobalSecondaryIndex | LocalSecondaryIndex, readyMs: number): IndexRecord {
  const index: IndexRecord = {
    name: input.IndexName,
    space: ctx.store.tables.nextNumber("space"),
    keySchema: input.KeySchema,
    projection: input.Projection,
    readyMs,
    status: "CREATING",
  };
  if ("ProvisionedThroughput" in input && input.ProvisionedThroughput !== undefined) index.throughput = { ...input.ProvisionedThroughput, decreases: 0 };
  if ("OnDemandThroughput" in input && input.OnDemandThroughput !== undefined) index.onDemand = input.OnDemandThroughput;
  if ("WarmThroughput" in input && input.WarmThroughput !== undefined) index.warm = input.WarmThroughput;
  return index;
}

/** Opens a stream for a table. */
export function newStream(ctx: Ctx, tableName: string, specification: StreamSpecification, keySchema: readonly KeySchemaElement[]): StreamSetting {
  let now = ctx.clock.now();
  let label = streamLabel(now);
  // A label is a time to the millisecond and must be new for the table.
  while (ctx.store.streams.find(tableName, label) !== undefined) label = streamLabel(++now);
  const id = ctx.store.tables.nextNumber("stream");
  const viewType = specification.StreamViewType as StreamSetting["viewType"];
  ctx.store.streams.create({
    id, tableName, label, viewType, createdMs: now,
    keySchema: [...keySchema],
    shards: [{ id: shardId(now, id, 1), start: 1, createdMs: now }],
  });
  return { id, label, viewType, enabled: true };
}

function streamLabel(ms: number): string {
  return new Date(ms).toISOString().slice(0, -1);
}

/** KMS encryption when asked for; the default (owned by AWS) is not described. */
export function newEncryption(ctx: Ctx, specification: SSESpecification | undefined): TableRecord["sse"] {
  if (specification === undefined || specification.Enabled === false) return undefined;
  if (specification.Enabled === undefined && specification.SSEType === undefined && specification.KMSMasterKeyId === undefined) return undefined;
  const named = specification.KMSMasterKeyId !== undefined && !specification.KMSMasterKeyId.endsWith("alias/aws/dynamodb");
  return { keyArn: keyArn(ctx, specification.KMSMasterKeyId), status: "ENABLED", ...(named ? { named } : {}) };
}

/** The key a client named, or the account's own for DynamoDB: always the same one. */
function keyArn(ctx: Ctx, named: string | undefined): string {
  if (named?.startsWith("arn:") === true) return named;
  const start = `arn:${ctx.partition}:kms:${ctx.region}:${ctx.account}`;
  if (named?.startsWith("alias/") === true) return `${start}:${named}`;
  if (named !== undefined) return `${start}:key/${named}`;
  const hex = createHash("sha256").update(`${ctx.account}/${ctx.region}/alias/aws/dynamodb`).digest("hex");
  return `${start}:key/${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A table as answers describe it now. */
export function describe(ctx: Ctx, table: Table): TableDescription {
  return description(table, { nowMs: ctx.clock.now(), totals: (space) => ctx.store.totals.of(space) });
}

export function describeTable(ctx: Ctx, input: DescribeTableInput): DescribeTableOutput {
  const { ctx: owner, table } = controlTable(ctx, input.TableName);
  return { Table: describe(owner, table) };
}

export function listTables(ctx: Ctx, input: ListTablesInput): ListTablesOutput {
  const limit = input.Limit ?? 100;
  const names: string[] = [];
  let after = input.ExclusiveStartTableName ?? "";
  let more = true;
  while (names.length <= limit && more) {
    const tables = ctx.store.tables.list(after, limit + 1);
    more = tables.length === limit + 1;
    for (const table of tables) {
      after = table.name;
      if (table.status(ctx.clock.now()) !== undefined) names.push(table.name);
    }
  }
  if (names.length <= limit) return { TableNames: names };
  return { TableNames: names.slice(0, limit), LastEvaluatedTableName: names[limit - 1] };
}

export function deleteTable(ctx: Ctx, input: DeleteTableInput): DeleteTableOutput {
  const { ctx: owner, table } = controlTable(ctx, input.TableName);
  const now = owner.clock.now();
  const { record } = table;
  if (record.deletionProtection) {
    throw validationError("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.");
  }
  resourceBusy(table, now);
  if (record.globalIndexes.some((index) => !gone(index, now) && indexStatus(index, now) !== "ACTIVE")) {
    throw resourceInUse("Attempt to change a resource which is still in use: Cannot delete table while indexes are being created, updated, or deleted.");
  }
  checkSource(owner, table);
  const answer = describe(owner, new Table({ ...record, status: "DELETING", readyMs: Infinity }, table.arn));
  leave(owner, table);
  removeTable(owner, table);
  return { TableDescription: answer };
}

/** Deletes a table with all that belongs to it. */
export function removeTable(ctx: Ctx, table: Table): void {
  const { record } = table;
  const now = ctx.clock.now();
  if (record.recovery !== undefined) makeBackup(ctx, table, `${table.name}$DeletedTableBackup`, "SYSTEM");
  discardRows(ctx, record);
  if (record.stream !== undefined) ctx.store.streams.disable(record.stream.id, now);
  const until = now + transitionMs(ctx);
  if (until > now) ctx.store.tables.put({ ...withoutReplicas(record), status: "DELETING", readyMs: until, globalIndexes: [], localIndexes: [] });
  else ctx.store.tables.delete(table.name);
  ctx.store.attachments.drop(table.arn);
}

function withoutReplicas({ replicas: _, ...record }: TableRecord): TableRecord {
  return record;
}

/** Makes all rows of a table and its indexes unreachable. */
function discardRows(ctx: Ctx, record: TableRecord): void {
  // Rows that a backup stands on go with the last of them.
  if (ctx.store.backups.count(record.space) === 0) ctx.store.discard(record.space);
  for (const space of [...record.globalIndexes.map((index) => index.space), ...record.localIndexes.map((index) => index.space)]) ctx.store.discard(space);
  if (record.ttl !== undefined) ctx.store.discard(record.ttl.space);
}

/** For operations that name a table which must exist. */
export function requireTable(ctx: Ctx, name: string): Table {
  const table = ctx.store.tables.get(name);
  if (table === undefined) throw namedTableNotFound(name);
  return table;
}
