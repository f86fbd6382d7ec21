import type {
  CreateLogStreamRequest, DeleteLogStreamRequest, DescribeLogStreamsRequest, DescribeLogStreamsResponse, LogStream,
} from "@cumulet/protocol/models/logs.d.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { alreadyExists, invalidParameter, invalidToken } from "../domain/errors.ts";
import { writeEventId } from "../domain/event-ids.ts";
import type { StreamRow } from "../store/groups.ts";
import { checkNameLength, groupArn, groupNamed, groupOf, streamNamed, type Ctx } from "./lookup.ts";

export function createLogStream(ctx: Ctx, input: CreateLogStreamRequest): Record<string, never> {
  checkNameLength(input.logStreamName);
  const group = groupNamed(ctx, input.logGroupName);
  if (ctx.store.groups.stream(group.id, input.logStreamName) !== undefined) throw alreadyExists("The specified log stream already exists");
  ctx.store.groups.addStream(group.id, input.logStreamName, ctx.clock.now());
  return {};
}

export function deleteLogStream(ctx: Ctx, input: DeleteLogStreamRequest): Record<string, never> {
  const group = groupNamed(ctx, input.logGroupName);
  const stream = streamNamed(ctx, group, input.logStreamName);
  ctx.store.groups.deleteStream(stream.id);
  ctx.emit({ type: "logs.discard", detail: { groupId: group.id, streamId: stream.id } });
  return {};
}

interface StreamToken {
  name: string;
  lastEventMs?: number | undefined;
}

export function describeLogStreams(ctx: Ctx, input: DescribeLogStreamsRequest): DescribeLogStreamsResponse {
  const { orderBy = "LogStreamName", descending = false, logStreamNamePrefix: prefix = "", limit = 50 } = input;
  const { owner, group } = groupOf(ctx, input);
  if (orderBy === "LastEventTime" && prefix !== "") throw invalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.");
  const after = input.nextToken === undefined ? undefined : readStreamToken(input.nextToken);
  const rows = orderBy === "LastEventTime"
    ? owner.store.groups.streamsByTime(group.id, { after: after && { name: after.name, lastEventMs: after.lastEventMs }, descending, limit: limit + 1 })
    : owner.store.groups.streams(group.id, { prefix, ...(after === undefined ? {} : { after: after.name }), descending, limit: limit + 1 });
  const page = rows.slice(0, limit);
  const last = page[page.length - 1];
  return {
    logStreams: page.map((stream) => describe(owner, group.name, stream)),
    ...(rows.length > limit && last !== undefined ? { nextToken: writeToken({ name: last.name, lastEventMs: last.lastEventMs } satisfies StreamToken) } : {}),
  };
}

function readStreamToken(token: string): StreamToken {
  const value = readToken(token) as StreamToken | undefined;
  if (typeof value?.name !== "string" || (value.lastEventMs !== undefined && typeof value.lastEventMs !== "number")) throw invalidToken();
  return value;
}

function describe(ctx: Ctx, group: string, stream: StreamRow): LogStream {
  return {
    logStreamName: stream.name,
    creationTime: stream.createdMs,
    ...(stream.lastIngestionMs === undefined ? {} : {
      firstEventTimestamp: stream.firstEventMs,
      lastEventTimestamp: stream.lastEventMs,
      lastIngestionTime: stream.lastIngestionMs,
      uploadSequenceToken: writeEventId({ timestamp: stream.lastIngestionMs, seq: stream.id }),
    }),
    arn: `${groupArn(ctx, group)}:log-stream:${stream.name}`,
    // AWS has answered 0 for every stream since June 2019.
    storedBytes: 0,
  } as LogStream;
}
