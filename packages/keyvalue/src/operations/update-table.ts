import { AwsError } from "@cumulet/protocol";
import type {
  AttributeDefinition, GlobalSecondaryIndexUpdate, OnDemandThroughput, ProvisionedThroughput, StreamSpecification, UpdateTableInput, UpdateTableOutput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { invalidParameters, validationError } from "../domain/errors.ts";
import { checkGlobalIndex, checkOnDemand, checkProjectionTotal, checkThroughput, maxGlobalIndexes } from "../domain/table-definition.ts";
import { gone, indexStatus } from "../domain/table-description.ts";
import type { IndexRecord, TableRecord, Throughput } from "../domain/table.ts";
import { fill } from "./backfill.ts";
import { updateReplicas } from "./replicas.ts";
import { describe, newEncryption, newIndex, newStream, transitionMs } from "./tables.ts";
import { controlTable, resourceBusy, resourceInUse } from "./targets.ts";
import type { Ctx } from "./targets.ts";

export function updateTable(ctx: Ctx, input: UpdateTableInput): UpdateTableOutput {
  checkRequest(input);
  for (const member of ["GlobalTableWitnessUpdates", "GlobalTableSettingsReplicationMode"] as const) {
    if (input[member] !== undefined) throw validationError(`${member} is not supported by Cumulet`);
  }
  const { ctx: owner, table } = controlTable(ctx, input.TableName);
  const now = owner.clock.now();
  resourceBusy(table, now);
  const record = structuredClone(table.record);
  record.globalIndexes = record.globalIndexes.filter((index) => !gone(index, now));
  record.status = "UPDATING";
  record.readyMs = now + transitionMs(owner);

  updateBilling(owner, record, input, now);
  updateIndexes(owner, record, input, now);
  if (input.StreamSpecification !== undefined) updateStream(owner, record, input.StreamSpecification, now);
  if (input.SSESpecification !== undefined) {
    const encryption = newEncryption(owner, { Enabled: true, ...input.SSESpecification });
    record.sse = input.SSESpecification.Enabled === false ? undefined : encryption;
  }
  if (input.TableClass !== undefined) record.tableClass = { name: input.TableClass, changedMs: now };
  if (input.DeletionProtectionEnabled !== undefined) record.deletionProtection = input.DeletionProtectionEnabled;
  if (input.WarmThroughput !== undefined) record.billing.warm = { ...record.billing.warm, ...input.WarmThroughput };
  if (input.ReplicaUpdates !== undefined) updateReplicas(owner, record, input.ReplicaUpdates, input.MultiRegionConsistency);
  pruneDefinitions(record);

  const updated = owner.store.tables.put(record);
  const answer = describe(owner, updated);
  // Deletion protection and table class change in place; everything else passes through UPDATING.
  if (Object.keys(input).some((member) => member !== "TableName" && member !== "DeletionProtectionEnabled")) answer.TableStatus = "UPDATING";
  for (const index of answer.GlobalSecondaryIndexes ?? []) {
    const changed = record.globalIndexes.find(({ name }) => name === index.IndexName)!;
    if (changed.readyMs >= now && touched(input, index.IndexName!)) index.IndexStatus = changed.status;
  }
  if (input.OnDemandThroughput !== undefined) answer.OnDemandThroughput = { ...record.billing.onDemand, ...input.OnDemandThroughput };
  fill(owner, updated);
  return { TableDescription: answer };
}

function touched(input: UpdateTableInput, name: string): boolean {
  return (input.GlobalSecondaryIndexUpdates ?? []).some((update) => nameOf(update) === name);
}

function nameOf({ Create, Update, Delete }: GlobalSecondaryIndexUpdate): string {
  return (Create ?? Update ?? Delete)!.IndexName;
}

/** What can be checked without the table. */
function checkRequest(input: UpdateTableInput): void {
  const changes = [
    input.ProvisionedThroughput, input.BillingMode, input.StreamSpecification, input.SSESpecification, input.TableClass, input.DeletionProtectionEnabled,
    input.OnDemandThroughput, input.WarmThroughput, input.MultiRegionConsistency, input.GlobalTableWitnessUpdates, input.GlobalTableSettingsReplicationMode,
    input.ReplicaUpdates?.length === 0 ? undefined : input.ReplicaUpdates,
    input.GlobalSecondaryIndexUpdates?.length === 0 ? undefined : input.GlobalSecondaryIndexUpdates,
  ];
  if (input.BillingMode === "PAY_PER_REQUEST" && input.ProvisionedThroughput !== undefined) throw neither();
  if (input.ProvisionedThroughput !== undefined) checkThroughput(input.ProvisionedThroughput);
  if (changes.every((change) => change === undefined)) {
    throw validationError("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
  }
  const names = new Set<string>();
  for (const update of input.GlobalSecondaryIndexUpdates ?? []) {
    if (update.Create === undefined && update.Update === undefined && update.Delete === undefined) {
      throw invalidParameters("One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null");
    }
  }
  const changed = (input.GlobalSecondaryIndexUpdates ?? []).flatMap(({ Create, Update, Delete }) => [Create, Update, Delete]).filter((change) => change !== undefined);
  for (const { IndexName: name } of changed) {
    if (names.has(name)) throw invalidParameters(`Only one global secondary index update per index is allowed simultaneously. Index: ${name}`);
    names.add(name);
  }
}

function neither(): AwsError {
  return invalidParameters("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
}

function updateBilling(ctx: Ctx, record: TableRecord, input: UpdateTableInput, now: number): void {
  const { billing } = record;
  const before = billing.mode;
  const mode = input.BillingMode === undefined ? before : input.BillingMode === "PAY_PER_REQUEST" ? "PAY_PER_REQUEST" : "PROVISIONED";
  const throughput = input.ProvisionedThroughput;
  if (mode === "PAY_PER_REQUEST" && throughput !== undefined) throw neither();
  if (input.BillingMode === "PROVISIONED" && throughput === undefined) throw invalidParameters("ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
  checkOnDemand(mode, input.OnDemandThroughput, "UPDATE");
  if (throughput !== undefined && before === mode && sameThroughput(billing.throughput, throughput)) throw unchanged(billing.throughput, throughput);
  if (mode !== before) {
    billing.summary = true;
    billing.mode = mode;
    if (mode === "PAY_PER_REQUEST") {
      billing.onDemandMs = now;
      billing.throughput = { ReadCapacityUnits: 0, WriteCapacityUnits: 0, decreases: 0 };
      for (const index of record.globalIndexes) index.throughput = { ReadCapacityUnits: 0, WriteCapacityUnits: 0, decreases: 0 };
    } else {
      delete billing.onDemand;
      const given = new Set((input.GlobalSecondaryIndexUpdates ?? []).map(nameOf));
      const missing = record.globalIndexes.filter(({ name }) => !given.has(name)).map(({ name }) => name);
      if (missing.length > 0) throw invalidParameters(`ProvisionedThroughput must be specified for index: ${missing.join(",")}`);
    }
  }
  if (throughput !== undefined) billing.throughput = newThroughput(mode === before ? billing.throughput : undefined, throughput, now);
  if (input.OnDemandThroughput !== undefined) mergeOnDemand(billing, input.OnDemandThroughput);
}

function mergeOnDemand(holder: { onDemand?: OnDemandThroughput }, given: OnDemandThroughput): void {
  const merged = { ...holder.onDemand, ...given };
  // -1 takes a ceiling away.
  for (const member of ["MaxReadRequestUnits", "MaxWriteRequestUnits"] as const) if (merged[member] === -1) delete merged[member];
  if (Object.keys(merged).length === 0) delete holder.onDemand;
  else holder.onDemand = merged;
}

function sameThroughput(a: ProvisionedThroughput, b: ProvisionedThroughput): boolean {
  return a.ReadCapacityUnits === b.ReadCapacityUnits && a.WriteCapacityUnits === b.WriteCapacityUnits;
}

function unchanged(current: ProvisionedThroughput, requested: ProvisionedThroughput): AwsError {
  return validationError(
    "The provisioned throughput for the table will not change. The requested value equals the current value. " +
    `Current ReadCapacityUnits provisioned for the table: ${current.ReadCapacityUnits}. Requested ReadCapacityUnits: ${requested.ReadCapacityUnits}. ` +
    `Current WriteCapacityUnits provisioned for the table: ${current.WriteCapacityUnits}. Requested WriteCapacityUnits: ${requested.WriteCapacityUnits}. ` +
    "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
  );
}

function newThroughput(current: Throughput | undefined, given: ProvisionedThroughput, now: number): Throughput {
  const next: Throughput = { decreases: 0, ...current, ...given };
  if (current === undefined) return next;
  if (given.ReadCapacityUnits > current.ReadCapacityUnits || given.WriteCapacityUnits > current.WriteCapacityUnits) next.lastIncreaseMs = now;
  if (given.ReadCapacityUnits < current.ReadCapacityUnits || given.WriteCapacityUnits < current.WriteCapacityUnits) {
    next.lastDecreaseMs = now;
    next.decreases = current.decreases + 1;
  }
  return next;
}

function updateIndexes(ctx: Ctx, record: TableRecord, input: UpdateTableInput, now: number): void {
  const updates = input.GlobalSecondaryIndexUpdates ?? [];
  const onlineChanges = updates.flatMap(({ Create, Delete }) => [Create, Delete]).filter((change) => change !== undefined);
  if (onlineChanges.length > 1) {
    throw new AwsError("LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table");
  }
  const readyMs = now + transitionMs(ctx);
  for (const { Create: create, Update: update, Delete: remove } of updates) {
    const name = (create ?? update ?? remove)!.IndexName;
    const existing = record.globalIndexes.find((index) => index.name === name);
    if (create !== undefined) {
      if (existing !== undefined || record.localIndexes.some((index) => index.name === name)) {
        throw validationError(`Attempting to create an index which already exists: ${name}`);
      }
      const given = input.AttributeDefinitions ?? [];
      checkGlobalIndex(create, given.map(({ AttributeName }) => AttributeName), record.billing.mode);
      if (record.globalIndexes.length >= maxGlobalIndexes) throw invalidParameters(`GlobalSecondaryIndex count exceeds the per-table limit of ${maxGlobalIndexes}`);
      checkProjectionTotal([...record.globalIndexes, ...record.localIndexes].map(({ projection }) => projection).concat(create.Projection));
      defineAttributes(record, given);
      record.globalIndexes.push({ ...newIndex(ctx, create, readyMs), backfill: "" });
      continue;
    }
    if (existing === undefined) throw new AwsError("ResourceNotFoundException", "Requested resource not found");
    if (indexStatus(existing, now) !== "ACTIVE" && remove === undefined) {
      throw resourceInUse(`Attempt to change a resource which is still in use: Index is being ${existing.status === "CREATING" ? "created" : "updated"}: ${name}`);
    }
    if (remove !== undefined) removeIndex(ctx, record, existing, readyMs, now);
    else updateIndex(record, existing, update!, readyMs, now);
  }
}

/** Definitions in an update are added to those of the table; one that is there already keeps its type (seen on AWS). */
function defineAttributes(record: TableRecord, given: readonly AttributeDefinition[]): void {
  for (const definition of given) {
    if (!record.attributeDefinitions.some(({ AttributeName }) => AttributeName === definition.AttributeName)) record.attributeDefinitions.push(definition);
  }
}

/** Definitions that no key uses any more go (seen on AWS). */
function pruneDefinitions(record: TableRecord): void {
  const used = new Set([record.keySchema, ...[...record.globalIndexes, ...record.localIndexes].map(({ keySchema }) => keySchema)].flat().map(({ AttributeName }) => AttributeName));
  record.attributeDefinitions = record.attributeDefinitions.filter(({ AttributeName }) => used.has(AttributeName));
}

function removeIndex(ctx: Ctx, record: TableRecord, index: IndexRecord, readyMs: number, now: number): void {
  ctx.store.discard(index.space);
  delete index.backfill;
  index.status = "DELETING";
  index.readyMs = readyMs;
  if (readyMs <= now) record.globalIndexes = record.globalIndexes.filter((other) => other !== index);
}

function updateIndex(record: TableRecord, index: IndexRecord, update: NonNullable<GlobalSecondaryIndexUpdate["Update"]>, readyMs: number, now: number): void {
  const { ProvisionedThroughput: throughput } = update;
  if (throughput !== undefined) {
    if (record.billing.mode === "PAY_PER_REQUEST") throw neither();
    checkThroughput(throughput);
    if (index.throughput !== undefined && index.throughput.ReadCapacityUnits > 0 && sameThroughput(index.throughput, throughput)) throw unchanged(index.throughput, throughput);
    index.throughput = newThroughput(index.throughput, throughput, now);
  }
  if (update.OnDemandThroughput !== undefined) {
    checkOnDemand(record.billing.mode, update.OnDemandThroughput, "UPDATE");
    mergeOnDemand(index, update.OnDemandThroughput);
  }
  if (update.WarmThroughput !== undefined) index.warm = { ...index.warm, ...update.WarmThroughput };
  index.status = "UPDATING";
  index.readyMs = readyMs;
}

function updateStream(ctx: Ctx, record: TableRecord, specification: StreamSpecification, now: number): void {
  const enabled = record.stream?.enabled === true;
  if (!specification.StreamEnabled) {
    if (!enabled) throw validationError("Table has no stream to disable");
    ctx.store.streams.disable(record.stream!.id, now);
    record.stream!.enabled = false;
    return;
  }
  if (specification.StreamViewType === undefined) throw validationError("Invalid StreamViewType: Stream ViewType must not be null or empty when enabling streams.");
  if (enabled) throw validationError(`Table already has an enabled stream: TableName: ${record.name}`);
  record.stream = newStream(ctx, record.name, specification, record.keySchema);
}
