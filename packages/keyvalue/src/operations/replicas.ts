import { AwsError } from "@cumulet/protocol";
import type {
  CreateReplicationGroupMemberAction, ReplicaGlobalSecondaryIndex, ReplicationGroupUpdate, UpdateReplicationGroupMemberAction, UpdateTableInput, UpdateTableOutput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { invalidParameters, validationError } from "../domain/errors.ts";
import type { IndexRecord, ReplicaRecord, Table, TableRecord } from "../domain/table.ts";
import { changeReplica, member, spread } from "./replication.ts";
import { describe, newEncryption, newStream, removeTable, transitionMs } from "./tables.ts";
import type { Ctx } from "./targets.ts";

/** Global tables, version 2019.11.21, with eventual consistency. Messages and their order as measured on AWS in October 2026. */

const supportedRegions = [
  "ap-south-2", "ap-south-1", "eu-south-1", "eu-south-2", "me-central-1", "il-central-1", "ca-central-1", "ap-east-2", "mx-central-1", "eu-central-1", "eu-central-2",
  "us-west-1", "us-west-2", "af-south-1", "eu-north-1", "eu-west-3", "eu-west-2", "eu-west-1", "ap-northeast-3", "ap-northeast-2", "me-south-1", "ap-northeast-1",
  "sa-east-1", "ap-east-1", "ca-west-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7", "us-east-1", "us-east-2",
];

/** So long a member that gave another one its items cannot be deleted before it. */
const sourceHoldMs = 24 * 3600_000;

/** Adds, changes or removes a member of a table's group. The answer shows the table as it was. */
export function updateReplicas(ctx: Ctx, table: Table, updates: readonly ReplicationGroupUpdate[]): UpdateTableOutput {
  const [update] = updates as [ReplicationGroupUpdate];
  const answer = describe(ctx, table);
  const region = (update.Create ?? update.Update ?? update.Delete)!.RegionName;
  if (update.Create !== undefined) {
    answer.GlobalTableVersion = "2019.11.21";
    answer.Replicas ??= [];
    const grown = create(ctx, table, update.Create);
    const { stream } = grown.record;
    if (stream !== undefined) {
      answer.StreamSpecification = { StreamEnabled: true, StreamViewType: stream.viewType };
      answer.LatestStreamLabel = stream.label;
      answer.LatestStreamArn = `${grown.arn}/stream/${stream.label}`;
    }
  } else if (!isMember(table, region)) {
    throw validationError(
      "Update global table operation failed because one or more replicas were not part of the global table. " +
      `Please retry the request without these replicas: [${region}].`,
    );
  } else if (update.Update !== undefined) {
    change(ctx, table, update.Update);
  } else {
    remove(ctx, table, region);
  }
  answer.TableStatus = "UPDATING";
  return { TableDescription: answer };
}

/** What of the request can be checked without the table. */
export function checkReplicaUpdates(ctx: Ctx, input: UpdateTableInput): void {
  const { ReplicaUpdates: updates, TableName: _name, MultiRegionConsistency: consistency, GlobalTableWitnessUpdates: witnesses, AttributeDefinitions: _types, ...others } = input;
  if (updates === undefined || updates.length === 0) return;
  if (Object.keys(others).length > 0) throw invalidParameters("Replica modification must be the only operation in the request");
  if (consistency === "STRONG" || witnesses !== undefined) throw validationError("Global tables with MultiRegionConsistency set to STRONG are not supported by Cumulet");
  for (const { Create, Update, Delete } of updates) {
    const actions = [Create, Update, Delete].filter((action) => action !== undefined);
    if (actions.length > 1) throw validationError("Update table operation with more than one type of replica actions not allowed.");
    if (actions.length === 0 || (Update !== undefined && Object.keys(Update).length === 1)) {
      throw validationError("There are no actions specified in the Replica Update Action of the request.");
    }
  }
  // Naming one region twice with the same action counts once.
  const different = new Set(updates.map((update) => JSON.stringify(update)));
  if (different.size > 1) throw validationError("Update table operation with more than one create or delete replica actions not allowed");
  const region = (updates[0]!.Create ?? updates[0]!.Update ?? updates[0]!.Delete)!.RegionName;
  if (region === ctx.region) throw validationError("Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.");
  if (!supportedRegions.includes(region)) {
    throw validationError(`Region ${region} is not supported. The latest version of global tables are only supported in the following regions: [${supportedRegions.join(", ")}]`);
  }
}

function isMember({ record }: Table, region: string): boolean {
  return record.replicas?.some((replica) => replica.region === region) === true;
}

/** Makes a table in another region a member, and begins to fill it from here. AWS asks for scaled write capacity of provisioned tables; nothing scales here. */
function create(ctx: Ctx, source: Table, action: CreateReplicationGroupMemberAction): Table {
  const region = action.RegionName;
  const there = ctx.at(ctx.account, region);
  if (isMember(source, region) || there.store.tables.get(source.name) !== undefined) {
    throw validationError(`Failed to create a the new replica of table with name: ‘${source.name}’ because one or more replicas already existed as tables.`);
  }
  const { record } = source;
  if (action.KMSMasterKeyId === undefined && record.sse?.named === true) throw invalidParameters("KMSMasterKeyId must be specified for each replica.");
  const now = ctx.clock.now();
  const settled = now + transitionMs(ctx);
  // Members tell one another what changed by their streams on AWS: without one, a table gets one.
  const stream = record.stream?.enabled === true ? record.stream : newStream(ctx, record.name, { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" }, record.keySchema);
  const others = record.replicas ?? [];
  const entry: ReplicaRecord = { ...overrides(action), region, status: "CREATING", readyMs: Number.MAX_SAFE_INTEGER };
  const made = twin(there, record, stream.viewType, action);
  if (made.sse?.named === true) entry.keyArn = made.sse.keyArn;
  made.replicas = [ctx.region, ...others.map((other) => other.region)].map((name) => ({ region: name, status: "UPDATING", readyMs: 0 }));
  there.transaction(() => there.store.tables.put(made));
  for (const other of others) {
    const witness = member(ctx, source, other.region);
    witness?.ctx.transaction(() => witness.ctx.store.tables.put({ ...witness.table.record, replicas: [...witness.table.record.replicas!, entry] }));
  }
  const grown = ctx.store.tables.put({ ...record, stream, status: "UPDATING", readyMs: settled, replicas: [...others, { ...entry, sourcedMs: now, backfill: "" }] });
  return spread(ctx, grown);
}

/** The record of a new member: what all members share, in spaces of its own. Tags, recovery, policies and protection are each member's own (seen on AWS). */
function twin(there: Ctx, source: TableRecord, viewType: string, action: CreateReplicationGroupMemberAction): TableRecord {
  const { tables } = there.store;
  const now = there.clock.now();
  const index = (of: IndexRecord): IndexRecord => ({ ...withoutBackfill(of), space: tables.nextNumber("space"), readyMs: now });
  const keyId = action.KMSMasterKeyId;
  const { name, attributeDefinitions, keySchema, billing, globalIndexes, localIndexes, ttl, tableClass, sse } = structuredClone(source);
  const ownClass = action.TableClassOverride ?? tableClass?.name;
  return {
    space: tables.nextNumber("space"),
    name,
    tableId: there.ids.uuid(),
    createdMs: now,
    readyMs: Number.MAX_SAFE_INTEGER,
    status: "CREATING",
    attributeDefinitions,
    keySchema,
    billing,
    globalIndexes: globalIndexes.map(index),
    localIndexes: localIndexes.map(index),
    stream: newStream(there, name, { StreamEnabled: true, StreamViewType: viewType }, keySchema),
    ttl: ttl?.enabled === true ? { attribute: ttl.attribute, enabled: true, space: tables.nextNumber("space"), readyMs: now } : undefined,
    tableClass: ownClass === undefined ? undefined : { name: ownClass },
    deletionProtection: false,
    sse: sse === undefined && keyId === undefined ? undefined : newEncryption(there, { Enabled: true, SSEType: "KMS", ...(keyId === undefined ? {} : { KMSMasterKeyId: keyId }) }),
  };
}

function withoutBackfill({ backfill: _, ...index }: IndexRecord): IndexRecord {
  return index;
}

/** What a request makes a member do differently from the others. */
function overrides(action: CreateReplicationGroupMemberAction | UpdateReplicationGroupMemberAction): Omit<ReplicaRecord, "region" | "status" | "readyMs"> {
  const indexes = Object.fromEntries((action.GlobalSecondaryIndexes ?? []).map((index) => [index.IndexName, limits(index)]));
  return {
    ...limits(action),
    ...(action.TableClassOverride === undefined ? {} : { tableClass: action.TableClassOverride }),
    ...(Object.keys(indexes).length === 0 ? {} : { indexes }),
  };
}

function limits({ ProvisionedThroughputOverride: units, OnDemandThroughputOverride: ceiling }: Omit<ReplicaGlobalSecondaryIndex, "IndexName">): { readUnits?: number; maxReadUnits?: number } {
  return {
    ...(units?.ReadCapacityUnits === undefined ? {} : { readUnits: units.ReadCapacityUnits }),
    ...(ceiling?.MaxReadRequestUnits === undefined ? {} : { maxReadUnits: ceiling.MaxReadRequestUnits }),
  };
}

function change(ctx: Ctx, table: Table, action: UpdateReplicationGroupMemberAction): void {
  const { record } = table;
  if (action.KMSMasterKeyId !== undefined) throw invalidParameters("KMSMasterKeyId must be specified for each replica.");
  if (action.ProvisionedThroughputOverride !== undefined && record.billing.mode === "PAY_PER_REQUEST") {
    throw validationError("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
  }
  const target = member(ctx, table, action.RegionName);
  target?.ctx.transaction(() => {
    const changed = structuredClone(target.table.record);
    if (action.TableClassOverride !== undefined) changed.tableClass = { name: action.TableClassOverride, changedMs: ctx.clock.now() };
    if (action.ProvisionedThroughputOverride?.ReadCapacityUnits !== undefined) changed.billing.throughput.ReadCapacityUnits = action.ProvisionedThroughputOverride.ReadCapacityUnits;
    target.ctx.store.tables.put(changed);
  });
  const given = overrides(action);
  const settled = ctx.clock.now() + transitionMs(ctx);
  const changed = changeReplica(ctx, table, action.RegionName, (replica) => ({ ...replica, ...given, indexes: { ...replica.indexes, ...given.indexes }, status: "UPDATING", readyMs: settled }));
  ctx.store.tables.put({ ...changed.record, status: "UPDATING", readyMs: settled });
}

function remove(ctx: Ctx, table: Table, region: string): void {
  const target = member(ctx, table, region);
  if (target !== undefined) {
    checkSource(target.ctx, target.table);
    if (target.table.record.deletionProtection) {
      throw validationError(`Cannot delete table ${table.name} in region ${region} because it has deletion protection enabled. Disable deletion protection first.`);
    }
    target.ctx.transaction(() => {
      leave(target.ctx, target.table);
      removeTable(target.ctx, target.table);
    });
  }
  const left = ctx.store.tables.get(table.name)!;
  ctx.store.tables.put({ ...left.record, status: "UPDATING", readyMs: ctx.clock.now() + transitionMs(ctx) });
}

/** Refuses to delete a member that another one was filled from within a day, for as long as that one is there. */
export function checkSource(ctx: Ctx, { record }: Table): void {
  const now = ctx.clock.now();
  if (record.replicas?.some(({ sourcedMs }) => sourcedMs !== undefined && now < sourcedMs + sourceHoldMs) === true) {
    throw validationError("Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.");
  }
}

/** Takes a table that is about to be deleted out of the lists of the other members. The last one left is a table of one region again. */
export function leave(ctx: Ctx, { name, record }: Table): void {
  for (const { region } of record.replicas ?? []) {
    const there = ctx.at(ctx.account, region);
    const other = there.store.tables.get(name);
    if (other?.record.replicas === undefined) continue;
    const { replicas, ...rest } = other.record;
    const left = replicas.filter((replica) => replica.region !== ctx.region);
    there.transaction(() => there.store.tables.put(left.length === 0 ? rest : { ...rest, replicas: left }));
  }
}

/** Does to every other member what was done to a table. */
export function onOthers(ctx: Ctx, table: Table, change: (ctx: Ctx, table: Table) => void): void {
  for (const { region } of table.record.replicas ?? []) {
    const target = member(ctx, table, region);
    target?.ctx.transaction(() => change(target.ctx, target.table));
  }
}

/** Refuses changes of the whole group while a member is being added. */
export function checkGroup(ctx: Ctx, { name, record }: Table): void {
  const adding = record.replicas?.find(({ status, readyMs }) => status === "CREATING" && ctx.clock.now() < readyMs);
  if (adding !== undefined) {
    throw new AwsError("ResourceInUseException", `Create/Update/Delete of replica is not allowed while the replica is being added to table with name: ‘${name}’ in region: ‘${adding.region}’.`);
  }
}
