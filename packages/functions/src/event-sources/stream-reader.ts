import { AwsError } from "@cumulet/protocol";
import type { Record as StreamRecord } from "@cumulet/protocol/models/streams.dynamodb.d.ts";
import type { LambdaContext } from "../operations/lookup.ts";

/** A record of a stream on its way to a function. */
export interface SourceRecord {
  sequence: string;
  arrivalMs: number;
  /** Records of the same key stay in order. */
  key: string;
  /** As the function gets it. */
  value: object;
}

/** A shard of a stream: records in order, and where it came from. */
export interface SourceShard {
  id: string;
  parent: string | undefined;
}

/** Records after a position, and whether the shard is closed and read to its end. */
export interface SourcePage {
  records: SourceRecord[];
  finished: boolean;
}

/** DynamoDB gives out a thousand records at most. */
const READ_MAX = 1000;

/** Reads the shards of one DynamoDB stream, each from where it was left. */
export class StreamReader {
  readonly #arn: string;
  /** The iterator behind the last read of each shard, and the position that it stands for. */
  readonly #iterators = new Map<string, { after: string | undefined; iterator: string }>();

  constructor(arn: string) {
    this.#arn = arn;
  }

  /** All shards, parents before their children. */
  async shards(ctx: LambdaContext): Promise<SourceShard[]> {
    const shards: SourceShard[] = [];
    for (let start: string | undefined; ;) {
      const { StreamDescription } = await ctx.call["streams.dynamodb"].DescribeStream({ StreamArn: this.#arn, ExclusiveStartShardId: start });
      for (const shard of StreamDescription?.Shards ?? []) shards.push({ id: shard.ShardId!, parent: shard.ParentShardId });
      start = StreamDescription?.LastEvaluatedShardId;
      if (start === undefined) return shards;
    }
  }

  /** Sequence number of the last record that a shard has now; undefined when it has none. */
  async last(ctx: LambdaContext, shard: string): Promise<string | undefined> {
    let last: string | undefined;
    for (;;) {
      const { records, finished } = await this.read(ctx, shard, last, READ_MAX);
      if (records.length === 0) return last;
      last = records.at(-1)!.sequence;
      if (finished) return last;
    }
  }

  /** Up to `limit` records after a sequence number, from the oldest there is without one. */
  async read(ctx: LambdaContext, shard: string, after: string | undefined, limit: number): Promise<SourcePage> {
    const remembered = this.#iterators.get(shard);
    const iterator = remembered !== undefined && remembered.after === after ? remembered.iterator : await this.#iterator(ctx, shard, after);
    try {
      return await this.#page(ctx, shard, after, iterator, limit);
    } catch (error) {
      // Iterators live for a quarter of an hour.
      if (!(error instanceof AwsError) || error.code !== "ExpiredIteratorException") throw error;
      return await this.#page(ctx, shard, after, await this.#iterator(ctx, shard, after), limit);
    }
  }

  async #page(ctx: LambdaContext, shard: string, after: string | undefined, iterator: string, limit: number): Promise<SourcePage> {
    const { Records = [], NextShardIterator } = await ctx.call["streams.dynamodb"].GetRecords({ ShardIterator: iterator, Limit: Math.min(limit, READ_MAX) });
    const records = Records.map((record) => this.#record(record, ctx.region));
    const last = records.at(-1)?.sequence ?? after;
    if (NextShardIterator === undefined) this.#iterators.delete(shard);
    else this.#iterators.set(shard, { after: last, iterator: NextShardIterator });
    return { records, finished: NextShardIterator === undefined };
  }

  async #iterator(ctx: LambdaContext, shard: string, after: string | undefined): Promise<string> {
    const streams = ctx.call["streams.dynamodb"];
    const oldest = async (): Promise<string> => (await streams.GetShardIterator({ StreamArn: this.#arn, ShardId: shard, ShardIteratorType: "TRIM_HORIZON" })).ShardIterator!;
    if (after === undefined) return await oldest();
    try {
      return (await streams.GetShardIterator({ StreamArn: this.#arn, ShardId: shard, ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: after })).ShardIterator!;
    } catch (error) {
      // What was after it has been trimmed: go on with what is left.
      if (error instanceof AwsError && error.code === "TrimmedDataAccessException") return await oldest();
      throw error;
    }
  }

  #record(record: StreamRecord, region: string): SourceRecord {
    const { dynamodb } = record;
    const arrivalMs = dynamodb?.ApproximateCreationDateTime ?? 0;
    return {
      sequence: dynamodb?.SequenceNumber ?? "",
      arrivalMs,
      key: JSON.stringify(dynamodb?.Keys ?? {}),
      value: {
        eventID: record.eventID,
        eventName: record.eventName,
        eventVersion: record.eventVersion,
        eventSource: "aws:dynamodb",
        awsRegion: record.awsRegion ?? region,
        // Seconds in events, milliseconds among ourselves.
        dynamodb: { ...dynamodb, ApproximateCreationDateTime: Math.floor(arrivalMs / 1000) },
        ...(record.userIdentity === undefined ? {} : { userIdentity: { type: record.userIdentity.Type, principalId: record.userIdentity.PrincipalId } }),
        eventSourceARN: this.#arn,
      },
    };
  }
}
