import { AwsError } from "@cumulet/protocol";
import type {
  CreateEventDataStoreRequest, CreateEventDataStoreResponse, DeleteEventDataStoreRequest, EventDataStore, GetEventDataStoreRequest, GetEventDataStoreResponse,
  ListEventDataStoresRequest, ListEventDataStoresResponse, RestoreEventDataStoreRequest, RestoreEventDataStoreResponse, StartEventDataStoreIngestionRequest,
  StopEventDataStoreIngestionRequest, UpdateEventDataStoreRequest, UpdateEventDataStoreResponse,
} from "@cumulet/protocol/models/cloudtrail.d.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { auditOf, homeOf } from "../audit.ts";
import type { EventDataStoreRecord } from "../domain/records.ts";
import type { Ctx } from "./lookup-events.ts";
import { checkAdvanced } from "./selectors.ts";
import { setTags } from "./tags.ts";

const STORES_MAX = 10;
const RETENTION_DAYS = 2557;
/** A store that is deleted can be restored for seven days. */
const PENDING_MS = 7 * 86_400_000;

/** All management events, as a new store takes them unless told otherwise. */
const DEFAULT_SELECTORS = [{ Name: "Default management events", FieldSelectors: [{ Field: "eventCategory", Equals: ["Management"] }] }];

/** An event data store by ARN or id; one that has been deleted for a week is gone. */
export function eventDataStoreOf(ctx: Ctx, arnOrId: string): EventDataStoreRecord {
  const found = homeOf(ctx).store.eventDataStores.all().find(({ arn, id, homeRegion }) => (arn === arnOrId || id === arnOrId) && (homeRegion === ctx.region || arn === arnOrId));
  if (found === undefined || (found.deletedMs !== undefined && ctx.clock.now() >= found.deletedMs + PENDING_MS)) {
    throw new AwsError("EventDataStoreNotFoundException", `The event data store ${arnOrId} was not found.`);
  }
  return found;
}

function save(ctx: Ctx, record: EventDataStoreRecord): EventDataStoreRecord {
  homeOf(ctx).store.eventDataStores.put(record.arn, record);
  auditOf(ctx).changed(ctx.account);
  return record;
}

/** The stores of a region that are there. */
function all(ctx: Ctx): EventDataStoreRecord[] {
  return homeOf(ctx).store.eventDataStores.all().filter(({ homeRegion, deletedMs }) => homeRegion === ctx.region && (deletedMs === undefined || ctx.clock.now() < deletedMs + PENDING_MS));
}

function checkName(ctx: Ctx, name: string, except?: string): void {
  if (all(ctx).some((store) => store.name === name && store.arn !== except)) throw new AwsError("EventDataStoreAlreadyExistsException", `An event data store with the name ${name} already exists.`);
}

export function createEventDataStore(ctx: Ctx, input: CreateEventDataStoreRequest): CreateEventDataStoreResponse {
  if (input.OrganizationEnabled === true) throw new AwsError("UnsupportedOperationException", "Event data stores of organizations are not supported by Cumulet.");
  checkName(ctx, input.Name);
  if (all(ctx).length >= STORES_MAX) throw new AwsError("EventDataStoreMaxLimitExceededException", `The account has the maximum of ${STORES_MAX} event data stores.`);
  if (input.AdvancedEventSelectors !== undefined) checkAdvanced(input.AdvancedEventSelectors);
  const now = ctx.clock.now();
  const id = ctx.ids.uuid();
  const record = save(ctx, {
    arn: `arn:${ctx.partition}:cloudtrail:${ctx.region}:${ctx.account}:eventdatastore/${id}`,
    id, name: input.Name, homeRegion: ctx.region, status: input.StartIngestion === false ? "STOPPED_INGESTION" : "ENABLED",
    selectors: input.AdvancedEventSelectors ?? DEFAULT_SELECTORS, multiRegion: input.MultiRegionEnabled ?? true, retentionDays: input.RetentionPeriod ?? RETENTION_DAYS,
    protected: input.TerminationProtectionEnabled ?? true, kmsKeyId: input.KmsKeyId, billingMode: input.BillingMode ?? "EXTENDABLE_RETENTION_PRICING", createdMs: now, updatedMs: now,
    ingestion: input.StartIngestion === false ? [] : [{ fromMs: now, toMs: undefined }], deletedMs: undefined,
  });
  if (input.TagsList !== undefined) setTags(ctx, record.arn, input.TagsList);
  return { ...describe(record), ...(input.TagsList === undefined ? {} : { TagsList: input.TagsList }) };
}

export function getEventDataStore(ctx: Ctx, input: GetEventDataStoreRequest): GetEventDataStoreResponse {
  return { ...describe(eventDataStoreOf(ctx, input.EventDataStore)), FederationStatus: "DISABLED" };
}

export function listEventDataStores(ctx: Ctx, input: ListEventDataStoresRequest): ListEventDataStoresResponse {
  const after = input.NextToken === undefined ? "" : readToken(input.NextToken);
  if (typeof after !== "string") throw new AwsError("InvalidNextTokenException", "The token is not valid.");
  const limit = input.MaxResults ?? 1000;
  const rows = all(ctx).filter(({ arn }) => arn > after);
  return {
    EventDataStores: rows.slice(0, limit).map((record): EventDataStore => ({ EventDataStoreArn: record.arn, Name: record.name })),
    ...(rows.length > limit ? { NextToken: writeToken(rows[limit - 1]!.arn) } : {}),
  };
}

export function updateEventDataStore(ctx: Ctx, input: UpdateEventDataStoreRequest): UpdateEventDataStoreResponse {
  const before = usable(ctx, input.EventDataStore);
  if (input.Name !== undefined) checkName(ctx, input.Name, before.arn);
  if (input.AdvancedEventSelectors !== undefined) checkAdvanced(input.AdvancedEventSelectors);
  return describe(save(ctx, {
    ...before,
    name: input.Name ?? before.name,
    selectors: input.AdvancedEventSelectors ?? before.selectors,
    multiRegion: input.MultiRegionEnabled ?? before.multiRegion,
    retentionDays: input.RetentionPeriod ?? before.retentionDays,
    protected: input.TerminationProtectionEnabled ?? before.protected,
    kmsKeyId: input.KmsKeyId ?? before.kmsKeyId,
    billingMode: input.BillingMode ?? before.billingMode,
    updatedMs: ctx.clock.now(),
  }));
}

export function deleteEventDataStore(ctx: Ctx, input: DeleteEventDataStoreRequest): Record<string, never> {
  const record = usable(ctx, input.EventDataStore);
  if (record.protected) throw new AwsError("EventDataStoreTerminationProtectedException", `The event data store ${record.arn} cannot be deleted because termination protection is enabled for it.`);
  save(ctx, { ...stopped(record, ctx.clock.now()), status: "PENDING_DELETION", deletedMs: ctx.clock.now() });
  return {};
}

export function restoreEventDataStore(ctx: Ctx, input: RestoreEventDataStoreRequest): RestoreEventDataStoreResponse {
  const record = eventDataStoreOf(ctx, input.EventDataStore);
  if (record.status !== "PENDING_DELETION") throw new AwsError("InvalidEventDataStoreStatusException", `The event data store ${record.arn} is not pending deletion.`);
  return describe(save(ctx, { ...started(record, ctx.clock.now()), status: "ENABLED", deletedMs: undefined, updatedMs: ctx.clock.now() }));
}

export function startEventDataStoreIngestion(ctx: Ctx, input: StartEventDataStoreIngestionRequest): Record<string, never> {
  const record = usable(ctx, input.EventDataStore);
  if (record.status !== "STOPPED_INGESTION") throw new AwsError("InvalidEventDataStoreStatusException", `The event data store ${record.arn} takes events in already.`);
  save(ctx, { ...started(record, ctx.clock.now()), status: "ENABLED", updatedMs: ctx.clock.now() });
  return {};
}

export function stopEventDataStoreIngestion(ctx: Ctx, input: StopEventDataStoreIngestionRequest): Record<string, never> {
  const record = usable(ctx, input.EventDataStore);
  if (record.status !== "ENABLED") throw new AwsError("InvalidEventDataStoreStatusException", `The event data store ${record.arn} takes no events in.`);
  save(ctx, { ...stopped(record, ctx.clock.now()), status: "STOPPED_INGESTION", updatedMs: ctx.clock.now() });
  return {};
}

function usable(ctx: Ctx, arnOrId: string): EventDataStoreRecord {
  const record = eventDataStoreOf(ctx, arnOrId);
  if (record.status === "PENDING_DELETION") throw new AwsError("InactiveEventDataStoreException", `The event data store ${record.arn} is pending deletion.`);
  return record;
}

function started(record: EventDataStoreRecord, now: number): EventDataStoreRecord {
  return { ...record, ingestion: [...record.ingestion, { fromMs: now, toMs: undefined }] };
}

function stopped(record: EventDataStoreRecord, now: number): EventDataStoreRecord {
  return { ...record, ingestion: record.ingestion.map((span) => ({ ...span, toMs: span.toMs ?? now })) };
}

function describe(record: EventDataStoreRecord): UpdateEventDataStoreResponse {
  return {
    EventDataStoreArn: record.arn,
    Name: record.name,
    Status: record.status,
    AdvancedEventSelectors: record.selectors,
    MultiRegionEnabled: record.multiRegion,
    OrganizationEnabled: false,
    RetentionPeriod: record.retentionDays,
    TerminationProtectionEnabled: record.protected,
    CreatedTimestamp: record.createdMs,
    UpdatedTimestamp: record.updatedMs,
    ...(record.kmsKeyId === undefined ? {} : { KmsKeyId: record.kmsKeyId }),
    BillingMode: record.billingMode,
  };
}
