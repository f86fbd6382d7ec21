import { AwsError } from "@cumulet/protocol";
import type {
  AttributeDefinition, GlobalSecondaryIndexUpdate, OnDemandThroughput, ProvisionedThroughput, SSESpecification, StreamSpecification, TableDescription, UpdateTableInput,
  UpdateTableOutput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { invalidParameters, validationError } from "../domain/errors.ts";
import { checkEncryption, checkGlobalIndex, checkOnDemand, checkProjectionTotal, checkTableClass, checkThroughput, maxGlobalIndexes } from "../domain/table-definition.ts";
import { dayMs, decreasesToday, gone, indexStatus } from "../domain/table-description.ts";
import type { IndexRecord, Table, TableRecord, Throughput } from "../domain/table.ts";
import { fill } from "./backfill.ts";
import { checkGroup, checkReplicaUpdates, onOthers, updateReplicas } from "./replicas.ts";
import { describe, newEncryption, newIndex, newStream, transitionMs } from "./tables.ts";
import { controlTable, resourceBusy, resourceInUse } from "./targets.ts";
import type { Ctx } from "./targets.ts";

export function updateTable(ctx: Ctx, input: UpdateTableInput): UpdateTableOutput {
  checkRequest(ctx, input);
  const { ctx: owner, table } = controlTable(ctx, input.TableName);
  resourceBusy(table, owner.clock.now());
  if (input.ReplicaUpdates !== undefined) return updateReplicas(owner, table, input.ReplicaUpdates);
  checkGroup(owner, table);
  const answer = change(owner, table, input);
  const shared = sharedChanges(input);
  if (shared !== undefined) onOthers(owner, table, (there, other) => void change(there, other, shared));
  return { TableDescription: answer };
}

/** Changes one table; what changes is the same in every member of a global table but for what `sharedChanges` leaves out. */
function change(owner: Ctx, table: Table, input: UpdateTableInput): TableDescription {
  const now = owner.clock.now();
  const record = structuredClone(table.record);
  record.globalIndexes = record.globalIndexes.filter((index) => !gone(index, now));
  record.status = "UPDATING";
  record.readyMs = now + transitionMs(owner);

  updateBilling(owner, record, input, now);
  updateIndexes(owner, record, input, now);
  if (input.StreamSpecification !== undefined) updateStream(owner, record, input.StreamSpecification, now);
  if (input.SSESpecification !== undefined) updateEncryption(owner, record, input.SSESpecification);
  if (input.TableClass !== undefined) record.tableClass = { name: input.TableClass, changedMs: now };
  if (input.DeletionProtectionEnabled !== undefined) record.deletionProtection = input.DeletionProtectionEnabled;
  if (input.WarmThroughput !== undefined) record.billing.warm = { ...record.billing.warm, ...input.WarmThroughput };
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
  return answer;
}

/** What of a change is made in every member of a global table: protection, streams and warmth are each member's own (seen on AWS). */
function sharedChanges({ DeletionProtectionEnabled: _protection, StreamSpecification: _stream, WarmThroughput: _warmth, ...shared }: UpdateTableInput): UpdateTableInput | undefined {
  return Object.keys(shared).some((member) => member !== "TableName" && member !== "AttributeDefinitions") ? shared : undefined;
}

function touched(input: UpdateTableInput, name: string): boolean {
  return (input.GlobalSecondaryIndexUpdates ?? []).some((update) => nameOf(update) === name);
}

function nameOf({ Create, Update, Delete }: GlobalSecondaryIndexUpdate): string {
  return (Create ?? Update ?? Delete)!.IndexName;
}

/** Members of which at least one is needed, as AWS lists them. */
const changes = [
  ["ProvisionedThroughput"], ["BillingMode"], ["UpdateStreamEnabled", "StreamSpecification"], ["GlobalSecondaryIndexUpdates"], ["SSESpecification"], ["ReplicaUpdates"],
  ["MultiAccountReplicaReady"], ["ReplicaTransitRoleArn"], ["MultiRegionConsistency"], ["DeletionProtectionEnabled"], ["OnDemandThroughput"], ["WarmThroughput"], ["TableClass"],
] as const;

/** What can be checked without the table. Which changes go together, and which of several faults is named, as measured on AWS in October 2026. */
function checkRequest(ctx: Ctx, input: UpdateTableInput): void {
  const present = (name: string): boolean => input[name as keyof UpdateTableInput] !== undefined;
  for (const member of ["GlobalTableWitnessUpdates", "GlobalTableSettingsReplicationMode"] as const) {
    if (input[member] !== undefined) throw validationError(`${member} is not supported by Cumulet`);
  }
  const iops = input.ProvisionedThroughput !== undefined || input.BillingMode === "PROVISIONED";
  if (input.BillingMode === "PAY_PER_REQUEST" && input.ProvisionedThroughput !== undefined) throw neither();
  if (input.ProvisionedThroughput !== undefined) checkThroughput(input.ProvisionedThroughput);
  if (!changes.some(([name, member]) => name !== "MultiRegionConsistency" && present(member ?? name))) {
    const names = changes.map(([name]) => name).filter((name) => !present(name));
    throw validationError(`At least one of ${names.slice(0, -1).join(", ")} or ${names.at(-1)!} is required`);
  }
  checkReplicaUpdates(ctx, input);
  const others = (...own: string[]): boolean => changes.some(([name, member]) => !own.includes(name) && present(member ?? name));
  if (present("SSESpecification") && others("SSESpecification")) throw invalidParameters("Server-Side Encryption modification must be the only operation in the request");
  if (present("TableClass") && others("TableClass")) throw invalidParameters("TableClass modification must be the only operation in the request");
  if (present("DeletionProtectionEnabled") && others("DeletionProtectionEnabled")) throw invalidParameters("DeletionProtection modification must be the only operation in the request");
  const updates = input.GlobalSecondaryIndexUpdates ?? [];
  if (present("WarmThroughput") && updates.some(({ Create }) => Create !== undefined)) throw invalidParameters("Create global secondary index cannot be specified when updating WarmThroughput");
  if (present("WarmThroughput") && others("WarmThroughput")) throw invalidParameters("WarmThroughput must be the only operation in the request");
  if (present("OnDemandThroughput") && others("OnDemandThroughput", "BillingMode")) throw invalidParameters("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request");
  if (present("StreamSpecification") && iops) throw invalidParameters("You cannot modify stream status while updating table IOPS");
  const online = updates.some(({ Create, Delete }) => Create !== undefined || Delete !== undefined);
  if (online && iops) throw invalidParameters("You cannot create or delete index while updating table IOPS");
  if (online && present("StreamSpecification")) throw invalidParameters("You cannot create or delete index while changing stream status");
  if (input.TableClass !== undefined) checkTableClass(input.TableClass);
  if (present("StreamSpecification")) checkStream(input.StreamSpecification!);
  checkIndexUpdates(input.GlobalSecondaryIndexUpdates);
}

function checkStream({ StreamEnabled: enabled, StreamViewType: view }: StreamSpecification): void {
  if (enabled && view === undefined) throw invalidParameters("If stream is being enabled then UpdateViewType is required");
  if (!enabled && view !== undefined) throw invalidParameters("If stream is being disabled, then UpdateViewType must not be specified");
}

function checkIndexUpdates(updates: readonly GlobalSecondaryIndexUpdate[] | undefined): void {
  if (updates?.length === 0) throw invalidParameters("List of GlobalSecondaryIndexUpdates is empty");
  const names = new Set<string>();
  for (const { Create, Update, Delete } of updates ?? []) {
    const actions = [Create, Update, Delete].filter((action) => action !== undefined);
    if (actions.length === 0) {
      throw invalidParameters("One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null");
    }
    if (actions.length > 1) throw invalidParameters("Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object");
    const name = actions[0]!.IndexName;
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

function unchanged(current: ProvisionedThroughput, requested: ProvisionedThroughput, index?: string): AwsError {
  return validationError(
    `The provisioned throughput for the ${index === undefined ? "table" : `index ${index}`} will not change. The requested value equals the current value. ` +
    `Current ReadCapacityUnits provisioned for ${index === undefined ? "the table" : `index ${index}`}: ${current.ReadCapacityUnits}. Requested ReadCapacityUnits: ${requested.ReadCapacityUnits}. ` +
    `Current WriteCapacityUnits provisioned for ${index === undefined ? "the table" : `index ${index}`}: ${current.WriteCapacityUnits}. Requested WriteCapacityUnits: ${requested.WriteCapacityUnits}. ` +
    "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
  );
}

/** So many decreases a day are free; after that, one an hour. */
const freeDecreases = 4;
const hourMs = 3600_000;

function newThroughput(current: Throughput | undefined, given: ProvisionedThroughput, now: number): Throughput {
  const next: Throughput = { decreases: 0, ...current, ...given };
  if (current === undefined) return next;
  if (given.ReadCapacityUnits > current.ReadCapacityUnits || given.WriteCapacityUnits > current.WriteCapacityUnits) next.lastIncreaseMs = now;
  if (given.ReadCapacityUnits < current.ReadCapacityUnits || given.WriteCapacityUnits < current.WriteCapacityUnits) {
    const today = decreasesToday(current, now);
    if (today >= freeDecreases && now < current.lastDecreaseMs! + hourMs) throw tooManyDecreases(today, current.lastDecreaseMs!);
    next.lastDecreaseMs = now;
    next.decreases = today + 1;
  }
  return next;
}

function tooManyDecreases(today: number, lastMs: number): AwsError {
  const midnight = Math.ceil((lastMs + 1) / dayMs) * dayMs;
  return new AwsError(
    "LimitExceededException",
    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 decreases, each subsequent decrease in the same " +
    `UTC day can be performed at most once every 3600 seconds. Number of decreases today: ${today}. Last decrease at ${inWords(lastMs)}. ` +
    `Next decrease can be made at ${inWords(Math.min(lastMs + hourMs, midnight))}`,
  );
}

/** `Friday, October 9, 2026 at 12:21:34 AM Coordinated Universal Time` */
function inWords(ms: number): string {
  const date = new Intl.DateTimeFormat("en-US", { dateStyle: "full", timeZone: "UTC" }).format(ms);
  const time = new Intl.DateTimeFormat("en-US", { timeStyle: "medium", timeZone: "UTC" }).format(ms).replaceAll("\u202f", " ");
  return `${date} at ${time} Coordinated Universal Time`;
}

function updateIndexes(ctx: Ctx, record: TableRecord, input: UpdateTableInput, now: number): void {
  const updates = input.GlobalSecondaryIndexUpdates ?? [];
  const online = updates.filter(({ Create, Delete }) => Create !== undefined || Delete !== undefined);
  const underWay = record.globalIndexes.some((index) => indexStatus(index, now) !== "ACTIVE" && index.status !== "UPDATING");
  if (online.length > 1 || (underWay && online.some(({ Create }) => Create !== undefined))) {
    throw new AwsError("LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table");
  }
  const readyMs = now + transitionMs(ctx);
  for (const { Create: create, Update: update, Delete: remove } of updates) {
    const name = (create ?? update ?? remove)!.IndexName;
    const existing = record.globalIndexes.find((index) => index.name === name);
    if (create !== undefined) {
      if (existing !== undefined || record.localIndexes.some((index) => index.name === name)) {
        throw validationError("Attempting to create an index which already exists");
      }
      const given = input.AttributeDefinitions ?? [];
      if (given.length === 0) throw invalidParameters(`AttributeDefinitions is not specified for index: ${name}`);
      checkGlobalIndex(create, given.map(({ AttributeName }) => AttributeName), record.billing.mode);
      if (record.globalIndexes.length >= maxGlobalIndexes) {
        throw new AwsError("LimitExceededException", `Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of ${maxGlobalIndexes}`);
      }
      checkProjectionTotal([...record.globalIndexes, ...record.localIndexes].map(({ projection }) => projection).concat(create.Projection));
      defineAttributes(record, given);
      record.globalIndexes.push({ ...newIndex(ctx, create, readyMs), backfill: "" });
      continue;
    }
    if (existing === undefined) {
      if (record.localIndexes.some((index) => index.name === name)) throw validationError(`Cannot ${remove === undefined ? "update" : "delete"} an index that is not a GlobalSecondaryIndex: ${name}`);
      throw new AwsError("ResourceNotFoundException", `Requested resource not found: Index ${name} for table ${record.name}`);
    }
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
    if (record.billing.mode === "PAY_PER_REQUEST") throw invalidParameters(`Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: ${index.name} when BillingMode is PAY_PER_REQUEST`);
    checkThroughput(throughput);
    if (index.throughput !== undefined && index.throughput.ReadCapacityUnits > 0 && sameThroughput(index.throughput, throughput)) throw unchanged(index.throughput, throughput, index.name);
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
  if (specification.StreamEnabled) {
    if (enabled) throw validationError(`Table already has an enabled stream: TableName: ${record.name}`);
    record.stream = newStream(ctx, record.name, specification, record.keySchema);
    return;
  }
  if (!enabled) throw validationError(`Table has no stream to disable: TableName: ${record.name}`);
  if (record.replicas !== undefined) throw invalidParameters("Disabling Stream is not allowed for a Global Table replica.");
  ctx.store.streams.disable(record.stream!.id, now);
  record.stream!.enabled = false;
}

function updateEncryption(ctx: Ctx, record: TableRecord, specification: SSESpecification): void {
  checkEncryption(specification);
  const wanted = newEncryption(ctx, specification);
  if (wanted === undefined && record.sse === undefined) throw invalidParameters("Table is already encrypted by default");
  if (wanted !== undefined && specification.KMSMasterKeyId === record.sse?.keyArn) {
    throw invalidParameters("Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key");
  }
  record.sse = wanted;
}
