/** Event source mappings: their configuration. The reading is in `event-sources/`. */
import type { Operations } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type { EventSourceMappingConfiguration } from "@cumulet/protocol/models/lambda.d.ts";
import { conflict, invalidParameter, resourceDoesNotExist } from "../domain/errors.ts";
import { functionArn, resolveReference } from "../domain/names.ts";
import { checkTags } from "../domain/settings.ts";
import { createMappingSettings, sourceKind, updateMappingSettings, type SourceKind } from "../event-sources/kinds.ts";
import { StreamReader } from "../event-sources/stream-reader.ts";
import { POLL_EVENT, type PollDetail } from "../event-sources/poller.ts";
import type { LambdaStore } from "../store.ts";
import type { MappingRow } from "../store/mappings.ts";
import { markerOf, pageOf, resolve, settlesMs, type LambdaContext } from "./lookup.ts";

const PAGE_MAX = 100;

export const eventSourceMappingOperations: Operations<"lambda", LambdaStore> = {
  async CreateEventSourceMapping(ctx, input) {
    const kind = sourceKind(input);
    checkTags(input.Tags ?? {});
    const { name, qualifier } = target(ctx, input.FunctionName);
    const settings = createMappingSettings(kind, input);
    const duplicate = ctx.store.mappings.bySource(input.EventSourceArn!).find((row) => row.functionName === name && row.qualifier === qualifier && !isGone(ctx, row));
    if (duplicate !== undefined) throw alreadyExists(ctx, kind, input.EventSourceArn!, name, qualifier, duplicate.uuid);
    const positions = await checkSource(ctx, kind, input.EventSourceArn!, name, qualifier, settings.StartingPosition);
    const now = ctx.clock.now();
    const row: MappingRow = {
      uuid: ctx.ids.uuid(), functionName: name, qualifier, eventSourceArn: input.EventSourceArn, settings, enabled: input.Enabled !== false,
      createdMs: now, modifiedMs: now, settlesMs: settlesMs(ctx), change: "create", lastProcessingResult: "No records processed", tags: input.Tags ?? {},
    };
    ctx.transaction(() => {
      ctx.store.mappings.put(row);
      ctx.emit({ type: POLL_EVENT, detail: { uuid: row.uuid } satisfies PollDetail });
      for (const [shard, after] of positions) ctx.store.mappings.putCheckpoint(row.uuid, shard, { after, finished: false, window: undefined });
    });
    return describe(ctx, row);
  },

  GetEventSourceMapping(ctx, input) {
    return describe(ctx, existing(ctx, input.UUID));
  },

  ListEventSourceMappings(ctx, input) {
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    const wanted = input.FunctionName === undefined ? undefined : resolveReference(ctx, input.FunctionName);
    const rows = input.EventSourceArn !== undefined ? ctx.store.mappings.bySource(input.EventSourceArn)
      : wanted !== undefined ? ctx.store.mappings.byFunction(wanted.name)
      : ctx.store.mappings.list(after, size + 1);
    const matching = rows.filter((row) => row.uuid > after && !isGone(ctx, row) && (wanted === undefined || (row.functionName === wanted.name && (wanted.qualifier === undefined || wanted.qualifier === row.qualifier))))
      .sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
    const page = matching.slice(0, size);
    return { EventSourceMappings: page.map((row) => describe(ctx, row)), NextMarker: matching.length > size ? markerOf(page.at(-1)!.uuid) : undefined };
  },

  UpdateEventSourceMapping(ctx, input) {
    const before = existing(ctx, input.UUID);
    if (before.change === "delete" || ctx.clock.now() < before.settlesMs) {
      throw new AwsError("ResourceInUseException", "Cannot update the event source mapping because it is not in a stable state.", { status: 400, fields: { Type: "User" } });
    }
    const place = input.FunctionName === undefined ? { name: before.functionName, qualifier: before.qualifier } : target(ctx, input.FunctionName);
    const enabled = input.Enabled ?? before.enabled;
    const row: MappingRow = {
      ...before, functionName: place.name, qualifier: place.qualifier, enabled,
      settings: updateMappingSettings(kindOf(before), before.settings, input, before.eventSourceArn!),
      modifiedMs: ctx.clock.now(), settlesMs: settlesMs(ctx), change: enabled === before.enabled ? "update" : enabled ? "enable" : "disable",
    };
    ctx.store.mappings.put(row);
    ctx.emit({ type: POLL_EVENT, detail: { uuid: row.uuid } satisfies PollDetail });
    return describe(ctx, row);
  },

  DeleteEventSourceMapping(ctx, input) {
    const before = existing(ctx, input.UUID);
    const row: MappingRow = { ...before, change: "delete", settlesMs: settlesMs(ctx) };
    ctx.store.mappings.put(row);
    ctx.emit({ type: POLL_EVENT, detail: { uuid: row.uuid } satisfies PollDetail });
    return describe(ctx, row);
  },
};

function kindOf(row: MappingRow): SourceKind {
  return row.eventSourceArn!.split(":")[2] === "sqs" ? "sqs" : "dynamodb";
}

/** A deleted mapping is seen as deleting for a moment; then it is gone, row and all. */
function isGone(ctx: LambdaContext, row: MappingRow): boolean {
  return row.change === "delete" && ctx.clock.now() >= row.settlesMs;
}

function existing(ctx: LambdaContext, uuid: string): MappingRow {
  const row = ctx.store.mappings.get(uuid);
  if (row === undefined) throw resourceDoesNotExist();
  if (isGone(ctx, row)) {
    ctx.store.mappings.delete(uuid);
    throw resourceDoesNotExist();
  }
  return row;
}

/** The function, version or alias that gets the events. `$LATEST` counts as the function itself in a full ARN only. */
function target(ctx: LambdaContext, functionName: string): { name: string; qualifier: string } {
  const { name, qualifier } = resolveReference(ctx, functionName);
  try {
    resolve(ctx, name, qualifier);
  } catch {
    throw invalidParameter("Function does not exist");
  }
  return { name, qualifier: qualifier === "$LATEST" && functionName.startsWith("arn:") ? "" : (qualifier ?? "") };
}

/** Looks at the source as the function would; for streams that begin with what is new, where each shard stands now. */
async function checkSource(ctx: LambdaContext, kind: SourceKind, arn: string, name: string, qualifier: string, position: string | undefined): Promise<Map<string, string>> {
  const positions = new Map<string, string>();
  if (kind === "sqs") {
    const [, , , , account, queue] = arn.split(":");
    let timeout: number;
    try {
      const { QueueUrl } = await ctx.call.sqs.GetQueueUrl({ QueueName: queue!, QueueOwnerAWSAccountId: account });
      const { Attributes } = await ctx.call.sqs.GetQueueAttributes({ QueueUrl: QueueUrl!, AttributeNames: ["VisibilityTimeout"] });
      timeout = Number(Attributes?.["VisibilityTimeout"] ?? 30);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      throw invalidParameter(`Error occurred while ReceiveMessage. SQS Error Code: ${sqsCode(error)}. SQS Error Message: ${error.message}`);
    }
    const seconds = resolve(ctx, name, qualifier || undefined).row.settings.timeout;
    if (timeout < seconds) throw invalidParameter(`Queue visibility timeout: ${timeout} seconds is less than Function timeout: ${seconds} seconds`);
    return positions;
  }
  const reader = new StreamReader(arn);
  try {
    for (const { id } of await reader.shards(ctx)) {
      const last = position === "LATEST" ? await reader.last(ctx, id) : undefined;
      if (last !== undefined) positions.set(id, last);
    }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw invalidParameter(`Stream not found: ${arn}`);
  }
  return positions;
}

/** SQS's code as its query protocol spells it. */
function sqsCode(error: AwsError): string {
  return error.code === "QueueDoesNotExist" ? "AWS.SimpleQueueService.NonExistentQueue" : error.code;
}

function alreadyExists(ctx: LambdaContext, kind: SourceKind, arn: string, name: string, qualifier: string, uuid: string): Error {
  const fn = qualifier === "" ? name : `${name}:${qualifier}`;
  // The spaces inside the quotes are AWS's.
  return conflict(kind === "sqs"
    ? `An event source mapping with SQS arn (" ${arn} ") and function (" ${fn} ") already exists. Please update or delete the existing mapping with UUID ${uuid}`
    : `The event source arn (" ${arn} ") and function (" ${fn} ") provided mapping already exists. Please update or delete the existing mapping with UUID ${uuid}`);
}

function stateOf(ctx: LambdaContext, row: MappingRow): string {
  if (row.change === "delete") return "Deleting";
  if (ctx.clock.now() >= row.settlesMs) return row.enabled ? "Enabled" : "Disabled";
  return { create: "Creating", enable: "Enabling", disable: "Disabling", update: "Updating" }[row.change];
}

function describe(ctx: LambdaContext, row: MappingRow): EventSourceMappingConfiguration {
  const kind = kindOf(row);
  return {
    ...row.settings,
    UUID: row.uuid,
    EventSourceArn: row.eventSourceArn,
    EventSourceMappingArn: `arn:${ctx.partition}:lambda:${ctx.region}:${ctx.account}:event-source-mapping:${row.uuid}`,
    FunctionArn: functionArn(ctx, row.functionName, row.qualifier || undefined),
    LastModified: row.modifiedMs,
    State: stateOf(ctx, row),
    StateTransitionReason: kind === "sqs" ? "USER_INITIATED" : "User action",
    LastProcessingResult: kind === "sqs" ? undefined : row.lastProcessingResult,
  };
}
