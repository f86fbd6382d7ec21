import { createHash } from "node:crypto";
import type { Matcher } from "@cumulet/core";
import { functionArn } from "../domain/names.ts";
import { sendOutcome } from "../invoke/destinations.ts";
import type { LambdaContext } from "../operations/lookup.ts";
import type { Checkpoint, MappingRow } from "../store/mappings.ts";
import { EVENT_BYTES_MAX, failedItems, invokeBatch, type BatchOutcome } from "./invoke-batch.ts";
import { compileFilter } from "./kinds.ts";
import { Poller } from "./poller.ts";
import { StreamReader, type SourceRecord, type SourceShard } from "./stream-reader.ts";

/** Waits between attempts at a batch that fails: a second at first, a minute at most. */
const BACKOFF_FIRST_MS = 1000;
const BACKOFF_LONGEST_MS = 60_000;

/** Records that are handed over together, and how often that has failed. */
interface Batch {
  records: SourceRecord[];
  attempts: number;
  /** Attempts that were not even begun in a row; they set the backoff, not the count. */
  refusals: number;
  notBeforeMs: number;
  last: (BatchOutcome & { kind: "failure" | "success" }) | undefined;
}

/** What a shard is working on. Batches of different lanes run side by side, those of one lane one after the other. */
interface ShardWork {
  lanes: Batch[][];
  /** The position once all lanes are empty. */
  readTo: string | undefined;
  finished: boolean;
  /** Records that wait for the batch window, and when the first of them was read. */
  gathering: { records: SourceRecord[]; sinceMs: number; readTo: string | undefined; finished: boolean } | undefined;
}

/** Hands the records of a stream to a function, shard by shard in order, and blocks a shard until a batch is done with. */
export class StreamPoller extends Poller {
  #reader: StreamReader | undefined;
  readonly #work = new Map<string, ShardWork>();
  #filters: { text: string; matchers: Matcher[] } | undefined;

  protected async drain(): Promise<void> {
    const { ctx } = this;
    const mapping = this.mapping(ctx);
    if (mapping === undefined) return;
    this.#reader ??= new StreamReader(mapping.eventSourceArn!);
    // A shard that ends has children: they are read once their parent is done with.
    for (let ended = true; ended && !this.stopped;) {
      ended = false;
      const shards = await this.#reader.shards(ctx);
      const checkpoints = ctx.store.mappings.checkpoints(this.uuid);
      const done = (id: string): boolean => checkpoints.get(id)?.finished === true;
      const readable = shards.filter(({ id, parent }) => !done(id) && (parent === undefined || done(parent) || !shards.some((other) => other.id === parent)));
      const outcomes = await Promise.all(readable.map((shard) => this.#drainShard(ctx, mapping, shard, checkpoints.get(shard.id) ?? { after: undefined, finished: false, window: undefined })));
      ended = outcomes.includes("ended");
    }
  }

  /** Works until the shard has nothing more (`idle`), a batch has to wait (`blocked`) or the shard is over (`ended`). */
  async #drainShard(ctx: LambdaContext, mapping: MappingRow, shard: SourceShard, checkpoint: Checkpoint): Promise<"idle" | "blocked" | "ended"> {
    let work = this.#work.get(shard.id);
    for (;;) {
      if (this.stopped) return "blocked";
      if (work === undefined) {
        work = await this.#read(ctx, mapping, shard.id, checkpoint.after);
        if (work === undefined) return "idle";
        this.#work.set(shard.id, work);
      } else if (work.gathering !== undefined) {
        await this.#gather(ctx, mapping, shard.id, work);
      }
      if (work.gathering !== undefined) return "blocked";
      const done = await Promise.all(work.lanes.map((lane) => this.#drainLane(ctx, mapping, shard.id, lane, work!.lanes.length === 1 ? checkpoint : undefined)));
      if (done.includes(false)) return "blocked";
      checkpoint = { ...checkpoint, after: work.readTo ?? checkpoint.after, finished: work.finished };
      ctx.store.mappings.putCheckpoint(this.uuid, shard.id, checkpoint);
      this.#work.delete(shard.id);
      if (work.finished) return "ended";
      work = undefined;
    }
  }

  async #read(ctx: LambdaContext, mapping: MappingRow, shard: string, after: string | undefined): Promise<ShardWork | undefined> {
    const { settings } = mapping;
    const size = settings.BatchSize ?? 100;
    const factor = settings.ParallelizationFactor ?? 1;
    const { records, finished } = await this.#reader!.read(ctx, shard, after, size * factor);
    if (records.length === 0 && !finished) return undefined;
    const readTo = records.at(-1)?.sequence ?? after;
    const work: ShardWork = { lanes: [], readTo, finished, gathering: undefined };
    const windowMs = (settings.MaximumBatchingWindowInSeconds ?? 0) * 1000;
    if (windowMs > 0 && records.length > 0 && records.length < size && !finished) {
      work.gathering = { records, sinceMs: ctx.clock.now(), readTo, finished };
      this.wakeAfter(ctx, windowMs);
    } else {
      work.lanes = lanesOf(records, size, factor);
    }
    return work;
  }

  /** Adds what has come meanwhile to a batch that waits; lets it go once it is full or has waited long enough. */
  async #gather(ctx: LambdaContext, mapping: MappingRow, shard: string, work: ShardWork): Promise<void> {
    const { settings } = mapping;
    const size = settings.BatchSize ?? 100;
    const gathering = work.gathering!;
    const { records, finished } = await this.#reader!.read(ctx, shard, gathering.readTo, size - gathering.records.length);
    gathering.records.push(...records);
    gathering.readTo = records.at(-1)?.sequence ?? gathering.readTo;
    gathering.finished = finished;
    const endsMs = gathering.sinceMs + (settings.MaximumBatchingWindowInSeconds ?? 0) * 1000;
    if (gathering.records.length < size && ctx.clock.now() < endsMs && !finished) return;
    work.gathering = undefined;
    work.readTo = gathering.readTo;
    work.finished = finished;
    work.lanes = lanesOf(gathering.records, size, settings.ParallelizationFactor ?? 1);
  }

  /** Hands over the batches of a lane; false when the first of them has to wait. */
  async #drainLane(ctx: LambdaContext, mapping: MappingRow, shard: string, lane: Batch[], checkpoint: Checkpoint | undefined): Promise<boolean> {
    for (let batch = lane[0]; batch !== undefined; batch = lane[0]) {
      if (this.stopped || batch.notBeforeMs > ctx.clock.now()) return false;
      const rest = await this.#handle(ctx, mapping, shard, batch);
      if (rest === undefined) {
        lane.shift();
        // With a single lane each batch is a step forward; with several only all of them together are.
        if (checkpoint !== undefined) ctx.store.mappings.putCheckpoint(this.uuid, shard, { ...checkpoint, after: batch.records.at(-1)!.sequence });
        continue;
      }
      lane.splice(0, 1, ...rest);
      const waitMs = rest[0]!.notBeforeMs - ctx.clock.now();
      if (waitMs > 0) {
        this.wakeAfter(ctx, waitMs);
        return false;
      }
    }
    return true;
  }

  /** One attempt at a batch: nothing when it is done with, else what is left to do instead of it. */
  async #handle(ctx: LambdaContext, mapping: MappingRow, shard: string, batch: Batch): Promise<Batch[] | undefined> {
    const { settings } = mapping;
    const maxAge = settings.MaximumRecordAgeInSeconds ?? -1;
    if (maxAge >= 0) {
      const fresh = batch.records.findIndex(({ arrivalMs }) => ctx.clock.now() - arrivalMs <= maxAge * 1000);
      const expired = fresh < 0 ? batch.records : batch.records.slice(0, fresh);
      if (expired.length > 0) {
        await this.#giveUp(ctx, mapping, shard, { ...batch, records: expired }, "RecordAgeExceeded");
        return expired.length === batch.records.length ? undefined : [{ ...batch, records: batch.records.slice(expired.length) }];
      }
    }
    const wanted = batch.records.filter((record) => this.#matches(mapping, record));
    if (wanted.length === 0) return undefined;
    const event = Buffer.from(JSON.stringify({ Records: wanted.map(({ value }) => value) }));
    if (event.length > EVENT_BYTES_MAX && wanted.length > 1) return halves(batch);
    const outcome = await invokeBatch(ctx, mapping, event, undefined, this.signal);
    if (outcome.kind === "refused") {
      this.note(ctx, `PROBLEM: ${outcome.reason}`);
      return [{ ...batch, refusals: batch.refusals + 1, notBeforeMs: ctx.clock.now() + backoff(batch.refusals) }];
    }
    if (outcome.kind === "success") {
      const reports = settings.FunctionResponseTypes?.includes("ReportBatchItemFailures") === true;
      const failed = reports ? failedItems(outcome.response, new Set(wanted.map(({ sequence }) => sequence))) : new Set<string>();
      if (failed !== "all" && failed.size === 0) {
        this.note(ctx, "OK");
        return undefined;
      }
      // Everything before the first failed record is done with.
      const from = failed === "all" ? 0 : batch.records.findIndex(({ sequence }) => failed.has(sequence));
      return await this.#failed(ctx, mapping, shard, { ...batch, records: batch.records.slice(from), attempts: from > 0 ? 0 : batch.attempts, last: outcome });
    }
    return await this.#failed(ctx, mapping, shard, { ...batch, last: outcome });
  }

  async #failed(ctx: LambdaContext, mapping: MappingRow, shard: string, batch: Batch): Promise<Batch[] | undefined> {
    this.note(ctx, "PROBLEM: Function call failed");
    const { settings } = mapping;
    const attempts = batch.attempts + 1;
    const retries = settings.MaximumRetryAttempts ?? -1;
    const notBeforeMs = ctx.clock.now() + backoff(batch.attempts);
    // Splitting a batch costs no attempt.
    if (settings.BisectBatchOnFunctionError === true && batch.records.length > 1) return halves({ ...batch, refusals: 0, notBeforeMs });
    if (retries >= 0 && attempts > retries) {
      await this.#giveUp(ctx, mapping, shard, { ...batch, attempts }, "RetryAttemptsExhausted");
      return undefined;
    }
    return [{ ...batch, attempts, refusals: 0, notBeforeMs }];
  }

  /** Tells the destination about records that no function will see. */
  async #giveUp(ctx: LambdaContext, mapping: MappingRow, shard: string, batch: Batch, condition: "RetryAttemptsExhausted" | "RecordAgeExceeded"): Promise<void> {
    const destination = mapping.settings.DestinationConfig?.OnFailure?.Destination;
    if (!destination) return;
    const first = batch.records[0]!;
    const last = batch.records.at(-1)!;
    const arn = functionArn(ctx, mapping.functionName, mapping.qualifier || undefined);
    const { last: outcome } = batch;
    const record = {
      requestContext: { requestId: outcome?.requestId ?? ctx.ids.uuid(), functionArn: arn, condition, approximateInvokeCount: batch.attempts },
      ...(outcome === undefined ? {} : { responseContext: { statusCode: 200, executedVersion: outcome.executedVersion, functionError: outcome.kind === "failure" ? "Unhandled" : null } }),
      version: "1.0",
      timestamp: new Date(ctx.clock.now()).toISOString(),
      DDBStreamBatchInfo: {
        shardId: shard, startSequenceNumber: first.sequence, endSequenceNumber: last.sequence,
        approximateArrivalOfFirstRecord: seconds(first.arrivalMs), approximateArrivalOfLastRecord: seconds(last.arrivalMs), batchSize: batch.records.length, streamArn: mapping.eventSourceArn,
      },
      // A bucket has room for the records themselves.
      ...(destination.split(":")[2] === "s3" ? { payload: JSON.stringify({ Records: batch.records.map(({ value }) => value) }) } : {}),
    };
    try {
      await sendOutcome(ctx, destination, { record, success: false, functionArn: arn, functionName: mapping.functionName });
    } catch (error) {
      ctx.log.warn("Records that were given up could not be told of", { uuid: this.uuid, destination, error: String(error) });
    }
  }

  #matches(mapping: MappingRow, record: SourceRecord): boolean {
    const filters = mapping.settings.FilterCriteria?.Filters;
    if (filters === undefined) return true;
    const text = JSON.stringify(filters);
    if (this.#filters?.text !== text) this.#filters = { text, matchers: filters.map(({ Pattern }) => compileFilter(Pattern)) };
    return this.#filters.matchers.some((matches) => matches(record.value));
  }
}

/** Cuts records into batches, spread over lanes by their keys. */
function lanesOf(records: SourceRecord[], size: number, factor: number): Batch[][] {
  const lanes: SourceRecord[][] = Array.from({ length: factor }, () => []);
  for (const record of records) lanes[factor === 1 ? 0 : createHash("sha256").update(record.key).digest().readUInt32BE(0) % factor]!.push(record);
  return lanes.filter((lane) => lane.length > 0).map((lane) => {
    const batches: Batch[] = [];
    for (let from = 0; from < lane.length; from += size) batches.push({ records: lane.slice(from, from + size), attempts: 0, refusals: 0, notBeforeMs: 0, last: undefined });
    return batches;
  });
}

function halves(batch: Batch): Batch[] {
  const half = Math.ceil(batch.records.length / 2);
  return [{ ...batch, records: batch.records.slice(0, half) }, { ...batch, records: batch.records.slice(half) }];
}

function backoff(attempts: number): number {
  return Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempts, 10));
}

/** `2022-07-13T13:48:01Z`, without fractions, as DynamoDB's times are told. */
function seconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
