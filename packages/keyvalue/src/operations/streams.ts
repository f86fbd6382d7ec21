import { AwsError } from "@cumulet/protocol";
import type {
  DescribeStreamInput, DescribeStreamOutput, GetRecordsInput, GetRecordsOutput, GetShardIteratorInput, GetShardIteratorOutput, ListStreamsInput, ListStreamsOutput,
} from "@cumulet/protocol/models/streams.dynamodb.d.ts";
import { invalidParameters, validationError } from "../domain/errors.ts";
import { iteratorText, parseIterator } from "../domain/shard-iterators.ts";
import { sequenceOf, sequenceText } from "../domain/stream-records.ts";
import { retentionMs } from "../store/streams.ts";
import type { Shard, StreamRecord } from "../store/streams.ts";
import type { Ctx } from "./targets.ts";

const streamArn = /^arn:[a-z0-9-]+:dynamodb:([a-z0-9-]+):([0-9]{12}):table\/([a-zA-Z0-9_.-]+)\/stream\/([0-9T:.-]+)$/;
/** Bytes of records that one answer carries, at most. */
const maxAnswerBytes = 1024 * 1024;

/** A stream by ARN, with the context of its owner. A disabled one can be read for a day. */
function findStream(ctx: Ctx, arn: string): { ctx: Ctx; stream: StreamRecord } {
  const match = streamArn.exec(arn);
  if (match !== null) {
    const [, region, account, tableName, label] = match as unknown as [string, string, string, string, string];
    const owner = account === ctx.account && region === ctx.region ? ctx : ctx.at(account, region);
    const stream = owner.store.streams.find(tableName, label);
    if (stream !== undefined && (stream.disabledMs ?? Infinity) >= ctx.clock.now() - retentionMs) return { ctx: owner, stream };
  }
  throw new AwsError("ResourceNotFoundException", `Requested resource not found: Stream: ${arn} not found`);
}

function arnOf(ctx: Ctx, stream: StreamRecord): string {
  return `arn:${ctx.partition}:dynamodb:${ctx.region}:${ctx.account}:table/${stream.tableName}/stream/${stream.label}`;
}

function checkLimit(limit: number | undefined, most: number): void {
  if (limit !== undefined && limit > most) {
    throw validationError(`1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${most}`);
  }
}

export function listStreams(ctx: Ctx, input: ListStreamsInput): ListStreamsOutput {
  checkLimit(input.Limit, 100);
  const limit = input.Limit ?? 100;
  const start = input.ExclusiveStartStreamArn === undefined ? undefined : streamArn.exec(input.ExclusiveStartStreamArn);
  if (start === null) throw validationError(`Invalid ExclusiveStartStreamArn: ${input.ExclusiveStartStreamArn}`);
  const oldest = ctx.clock.now() - retentionMs;
  const streams: StreamRecord[] = [];
  let [table, label] = start === undefined ? [input.TableName ?? "", ""] : [start[3]!, start[4]!];
  let more = true;
  while (streams.length <= limit && more) {
    const page = ctx.store.streams.list(table, label, limit + 1);
    more = page.length === limit + 1;
    for (const stream of page) {
      ({ tableName: table, label } = stream);
      if (input.TableName !== undefined && table !== input.TableName) {
        more = false;
        break;
      }
      if ((stream.disabledMs ?? Infinity) >= oldest) streams.push(stream);
    }
  }
  const shown = streams.slice(0, limit);
  const output: ListStreamsOutput = { Streams: shown.map((stream) => ({ StreamArn: arnOf(ctx, stream), TableName: stream.tableName, StreamLabel: stream.label })) };
  if (streams.length > limit) output.LastEvaluatedStreamArn = arnOf(ctx, shown.at(-1)!);
  return output;
}

export function describeStream(ctx: Ctx, input: DescribeStreamInput): DescribeStreamOutput {
  checkLimit(input.Limit, 100);
  const { stream } = findStream(ctx, input.StreamArn);
  const limit = input.Limit ?? 100;
  // Shard ids start with their time, so their order is that of their making.
  const after = input.ExclusiveStartShardId ?? "";
  const shards = stream.shards.filter(({ id }) => id > after);
  const shown = shards.slice(0, limit);
  return {
    StreamDescription: {
      StreamArn: input.StreamArn,
      StreamLabel: stream.label,
      StreamStatus: stream.disabledMs === undefined ? "ENABLED" : "DISABLED",
      StreamViewType: stream.viewType,
      CreationRequestDateTime: stream.createdMs,
      TableName: stream.tableName,
      KeySchema: stream.keySchema,
      Shards: shown.map(describeShard),
      ...(shards.length > limit ? { LastEvaluatedShardId: shown.at(-1)!.id } : {}),
    },
  };
}

function describeShard(shard: Shard): NonNullable<NonNullable<DescribeStreamOutput["StreamDescription"]>["Shards"]>[number] {
  return {
    ShardId: shard.id,
    ...(shard.parent === undefined ? {} : { ParentShardId: shard.parent }),
    SequenceNumberRange: { StartingSequenceNumber: sequenceText(shard.start), ...(shard.end === undefined ? {} : { EndingSequenceNumber: sequenceText(Math.max(shard.start, shard.end)) }) },
  };
}

export function getShardIterator(ctx: Ctx, input: GetShardIteratorInput): GetShardIteratorOutput {
  const { ctx: owner, stream } = findStream(ctx, input.StreamArn);
  const shard = stream.shards.find(({ id }) => id === input.ShardId);
  if (shard === undefined) {
    throw new AwsError("ResourceNotFoundException", `Requested resource not found: Shard does not exist: ShardId: ${input.ShardId}, StreamArn: ${input.StreamArn}`);
  }
  const next = startOf(owner, stream, shard, input);
  return { ShardIterator: iteratorText({ streamArn: input.StreamArn, shardId: shard.id, next, createdMs: ctx.clock.now() }) };
}

function startOf(ctx: Ctx, stream: StreamRecord, shard: Shard, { ShardIteratorType: type, SequenceNumber: text }: GetShardIteratorInput): number {
  if (type === "TRIM_HORIZON" || type === "LATEST") {
    if (text !== undefined) throw invalidParameters("SequenceNumber should not be passed for this iterator type");
    if (type === "TRIM_HORIZON") return shard.start;
    return (shard.end ?? ctx.store.streams.last(stream.id)) + 1;
  }
  if (text === undefined) throw invalidParameters("Invalid SequenceNumber");
  const sequence = sequenceOf(text);
  if (sequence === undefined || sequence < shard.start || sequence > (shard.end ?? ctx.store.streams.last(stream.id))) {
    throw invalidParameters(`Invalid SequenceNumber: SequenceNumber ${text} is not in the range of shard ${shard.id}`);
  }
  if (sequence < oldest(ctx, stream, shard)) throw new AwsError("TrimmedDataAccessException", "The operation attempted to read past the oldest stream record in a shard");
  return type === "AT_SEQUENCE_NUMBER" ? sequence : sequence + 1;
}

/** The oldest record that can still be read from a shard; behind its last when there is none. */
function oldest(ctx: Ctx, stream: StreamRecord, shard: Shard): number {
  const last = shard.end ?? ctx.store.streams.last(stream.id);
  return ctx.store.streams.first(stream.id, shard.start, last, ctx.clock.now() - retentionMs) ?? last + 1;
}

export function getRecords(ctx: Ctx, input: GetRecordsInput): GetRecordsOutput {
  checkLimit(input.Limit, 1000);
  const now = ctx.clock.now();
  const iterator = parseIterator(input.ShardIterator, now);
  const { ctx: owner, stream } = findStream(ctx, iterator.streamArn);
  const shard = stream.shards.find(({ id }) => id === iterator.shardId);
  if (shard === undefined) throw new AwsError("ResourceNotFoundException", `Requested resource not found: Shard does not exist: ShardId: ${iterator.shardId}, StreamArn: ${iterator.streamArn}`);
  const { streams } = owner.store;
  const last = shard.end ?? streams.last(stream.id);
  const from = Math.max(iterator.next, oldest(owner, stream, shard));
  const records: unknown[] = [];
  let next = from;
  let bytes = 0;
  for (const { sequence, record } of streams.read(stream.id, from, last, input.Limit ?? 1000)) {
    bytes += record.length;
    if (bytes > maxAnswerBytes && records.length > 0) break;
    records.push(JSON.parse(record));
    next = sequence + 1;
  }
  const output: GetRecordsOutput = { Records: records as NonNullable<GetRecordsOutput["Records"]> };
  // The end of a closed shard: there is nothing more to ask for.
  if (shard.end === undefined || next <= shard.end) output.NextShardIterator = iteratorText({ ...iterator, next, createdMs: now });
  return output;
}
