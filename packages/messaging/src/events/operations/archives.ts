import type {
  CancelReplayRequest, CancelReplayResponse, CreateArchiveRequest, CreateArchiveResponse, DeleteArchiveRequest, DeleteArchiveResponse, DescribeArchiveRequest, DescribeArchiveResponse,
  DescribeReplayRequest, DescribeReplayResponse, ListArchivesRequest, ListArchivesResponse, ListReplaysRequest, ListReplaysResponse, StartReplayRequest, StartReplayResponse,
  UpdateArchiveRequest, UpdateArchiveResponse,
} from "@cumulet/protocol/models/events.d.ts";
import { AwsError } from "@cumulet/protocol";
import { exists, limitExceeded, notFound, validation } from "../domain/errors.ts";
import { compileEventPattern } from "../domain/event-pattern.ts";
import type { Archive, Replay } from "../store.ts";
import { replaying, retention } from "../slots.ts";
import { arnOf, busArn, busTarget, paged } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const mostReplays = 10;

export function createArchive(ctx: Ctx, input: CreateArchiveRequest): CreateArchiveResponse {
  const { ArchiveName: name, EventPattern: pattern } = input;
  const bus = sourceBus(ctx, input.EventSourceArn);
  if (ctx.store.find("archive", name) !== undefined) throw exists(`Archive ${name} already exists.`);
  if (pattern !== undefined && pattern !== "") compileEventPattern(pattern);
  const createdMs = ctx.clock.now();
  const archive: Archive = { name, bus, description: input.Description, pattern: pattern === "" ? undefined : pattern, retentionDays: input.RetentionDays ?? 0, kmsKey: input.KmsKeyIdentifier, createdMs };
  ctx.store.put("archive", archive);
  if (archive.retentionDays > 0) ctx.store.bell.due(createdMs + 3_600_000, retention);
  return { ArchiveArn: archiveArn(ctx, name), State: "ENABLED", CreationTime: createdMs };
}

/** The name of the bus of an ARN. @throws AwsError ResourceNotFoundException */
function sourceBus(ctx: Ctx, arn: string): string {
  const { bus, ctx: owner } = busTarget(ctx, arn);
  if (owner !== ctx) throw notFound(`Event bus ${bus.name} does not exist.`);
  return bus.name;
}

function archiveArn(ctx: Ctx, name: string): string {
  return arnOf(ctx, `archive/${name}`);
}

function archiveOf(ctx: Ctx, name: string): Archive {
  const archive = ctx.store.find("archive", name);
  if (archive === undefined) throw notFound(`Archive ${name} does not exist.`);
  return archive;
}

function listedArchive(ctx: Ctx, archive: Archive): DescribeArchiveResponse {
  const { count, bytes } = ctx.store.archiveSize(archive.name);
  return {
    ArchiveName: archive.name,
    EventSourceArn: busArn(ctx, archive.bus),
    State: "ENABLED",
    RetentionDays: archive.retentionDays,
    SizeBytes: bytes,
    EventCount: count,
    CreationTime: archive.createdMs,
  };
}

export function describeArchive(ctx: Ctx, input: DescribeArchiveRequest): DescribeArchiveResponse {
  const archive = archiveOf(ctx, input.ArchiveName);
  return {
    ArchiveArn: archiveArn(ctx, archive.name),
    ...listedArchive(ctx, archive),
    ...(archive.description === undefined ? {} : { Description: archive.description }),
    ...(archive.pattern === undefined ? {} : { EventPattern: archive.pattern }),
    ...(archive.kmsKey === undefined ? {} : { KmsKeyIdentifier: archive.kmsKey }),
  };
}

export function listArchives(ctx: Ctx, input: ListArchivesRequest): ListArchivesResponse {
  if ([input.NamePrefix, input.EventSourceArn, input.State].filter((filter) => filter !== undefined).length > 1) {
    throw validation("At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.");
  }
  const bus = input.EventSourceArn === undefined ? undefined : sourceBus(ctx, input.EventSourceArn);
  const { rows, next } = paged(input, (after, limit) => ctx.store.list("archive", input.NamePrefix ?? "", after, limit), ({ name }) => name);
  const shown = rows.filter((archive) => (bus === undefined || archive.bus === bus) && (input.State === undefined || input.State === "ENABLED"));
  return { Archives: shown.map((archive) => listedArchive(ctx, archive)), ...next };
}

export function updateArchive(ctx: Ctx, input: UpdateArchiveRequest): UpdateArchiveResponse {
  const old = archiveOf(ctx, input.ArchiveName);
  if (input.EventPattern !== undefined && input.EventPattern !== "") compileEventPattern(input.EventPattern);
  const archive: Archive = {
    ...old, description: input.Description ?? old.description, pattern: input.EventPattern === "" ? undefined : (input.EventPattern ?? old.pattern), retentionDays: input.RetentionDays ?? old.retentionDays,
    kmsKey: input.KmsKeyIdentifier ?? old.kmsKey,
  };
  ctx.store.put("archive", archive);
  if (archive.retentionDays > 0) ctx.store.bell.due(ctx.clock.now() + 3_600_000, retention);
  return { ArchiveArn: archiveArn(ctx, archive.name), State: "ENABLED", CreationTime: archive.createdMs };
}

export function deleteArchive(ctx: Ctx, input: DeleteArchiveRequest): DeleteArchiveResponse {
  const { name } = archiveOf(ctx, input.ArchiveName);
  ctx.store.delete("archive", name);
  while (ctx.store.dropArchived(name, Number.MAX_SAFE_INTEGER, 1000));
  return {};
}

// --- replays ----------------------------------------------------------------------------------------------------------

export function startReplay(ctx: Ctx, input: StartReplayRequest): StartReplayResponse {
  const { ReplayName: name, EventStartTime: fromMs, EventEndTime: toMs } = input;
  if (ctx.store.find("replay", name) !== undefined) throw exists(`Replay ${name} already exists.`);
  const archiveName = input.EventSourceArn.split("/").at(-1)!;
  const { bus } = busTarget(ctx, input.Destination.Arn);
  const archive = ctx.store.find("archive", archiveName);
  if (archive === undefined) throw validation(`Parameter EventSourceArn is not valid. Reason: Archive ${archiveName} does not exist.`);
  if (bus.name !== archive.bus) throw validation("Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.");
  if (fromMs >= toMs) throw validation("Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.");
  const running = ctx.store.list("replay", "", "", 10_000).filter(({ state }) => state === "STARTING" || state === "RUNNING" || state === "CANCELLING");
  if (running.length >= mostReplays) throw limitExceeded();
  const startedMs = ctx.clock.now();
  const replay: Replay = {
    name, archive: archive.name, bus: archive.bus, description: input.Description, ruleArns: input.Destination.FilterArns ?? [], state: "STARTING", fromMs, toMs, startedMs,
    cursor: { timeMs: fromMs - 1, seq: 0 },
  };
  ctx.store.put("replay", replay);
  ctx.store.bell.due(startedMs, replaying + name);
  return { ReplayArn: replayArn(ctx, name), State: "STARTING", ReplayStartTime: startedMs };
}

function replayArn(ctx: Ctx, name: string): string {
  return arnOf(ctx, `replay/${name}`);
}

function replayOf(ctx: Ctx, name: string): Replay {
  const replay = ctx.store.find("replay", name);
  if (replay === undefined) throw notFound(`Replay ${name} does not exist.`);
  return replay;
}

function listedReplay(ctx: Ctx, replay: Replay): DescribeReplayResponse {
  return {
    ReplayName: replay.name,
    EventSourceArn: archiveArn(ctx, replay.archive),
    State: replay.state,
    EventStartTime: replay.fromMs,
    EventEndTime: replay.toMs,
    ReplayStartTime: replay.startedMs,
    ...(replay.endedMs === undefined ? {} : { ReplayEndTime: replay.endedMs }),
    ...(replay.lastEventMs === undefined ? {} : { EventLastReplayedTime: replay.lastEventMs }),
  };
}

export function describeReplay(ctx: Ctx, input: DescribeReplayRequest): DescribeReplayResponse {
  const replay = replayOf(ctx, input.ReplayName);
  return {
    ReplayArn: replayArn(ctx, replay.name),
    ...listedReplay(ctx, replay),
    ...(replay.description === undefined ? {} : { Description: replay.description }),
    Destination: { Arn: busArn(ctx, replay.bus), ...(replay.ruleArns.length === 0 ? {} : { FilterArns: replay.ruleArns }) },
  };
}

export function listReplays(ctx: Ctx, input: ListReplaysRequest): ListReplaysResponse {
  if ([input.NamePrefix, input.EventSourceArn, input.State].filter((filter) => filter !== undefined).length > 1) {
    throw validation("At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix.");
  }
  const { rows, next } = paged(input, (after, limit) => ctx.store.list("replay", input.NamePrefix ?? "", after, limit), ({ name }) => name);
  const shown = rows.filter((replay) => (input.State === undefined || replay.state === input.State) && (input.EventSourceArn === undefined || archiveArn(ctx, replay.archive) === input.EventSourceArn));
  return { Replays: shown.map((replay) => listedReplay(ctx, replay)), ...next };
}

export function cancelReplay(ctx: Ctx, input: CancelReplayRequest): CancelReplayResponse {
  const replay = replayOf(ctx, input.ReplayName);
  if (replay.state !== "STARTING" && replay.state !== "RUNNING") throw new AwsError("IllegalStatusException", `Replay ${replay.name} is not in a valid state for this operation.`);
  ctx.store.put("replay", { ...replay, state: "CANCELLED", endedMs: ctx.clock.now() });
  return { ReplayArn: replayArn(ctx, replay.name), State: "CANCELLING" };
}
