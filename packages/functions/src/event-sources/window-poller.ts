import { functionArn } from "../domain/names.ts";
import type { LambdaContext } from "../operations/lookup.ts";
import type { Checkpoint, MappingRow } from "../store/mappings.ts";
import { invokeBatch } from "./invoke-batch.ts";
import { compileFilter } from "./kinds.ts";
import { Poller } from "./poller.ts";
import { StreamReader, type SourceRecord } from "./stream-reader.ts";

const BACKOFF_MS = 1000;
/** What a function may carry from batch to batch, bytes. */
const STATE_MAX = 1_048_576;

/**
 * Hands the records of a stream to a function in tumbling windows: every invocation of a window gets the state that the
 * one before it returned, and a last one without records closes the window.
 */
export class WindowPoller extends Poller {
  #reader: StreamReader | undefined;
  /** Attempts that have failed, by shard. */
  readonly #failures = new Map<string, number>();

  protected async drain(): Promise<void> {
    const { ctx } = this;
    const mapping = this.mapping(ctx);
    if (mapping === undefined) return;
    this.#reader ??= new StreamReader(mapping.eventSourceArn!);
    const shards = await this.#reader.shards(ctx);
    const checkpoints = ctx.store.mappings.checkpoints(this.uuid);
    const open = shards.filter(({ id, parent }) => checkpoints.get(id)?.finished !== true && (parent === undefined || checkpoints.get(parent)?.finished === true || !shards.some((other) => other.id === parent)));
    await Promise.all(open.map((shard) => this.#drainShard(ctx, mapping, shard.id, checkpoints.get(shard.id) ?? { after: undefined, finished: false, window: undefined })));
  }

  async #drainShard(ctx: LambdaContext, mapping: MappingRow, shard: string, start: Checkpoint): Promise<void> {
    const lengthMs = mapping.settings.TumblingWindowInSeconds! * 1000;
    let checkpoint = start;
    while (!this.stopped) {
      const { records, finished } = await this.#reader!.read(ctx, shard, checkpoint.after, mapping.settings.BatchSize ?? 100);
      const first = records[0];
      const windowOf = (record: SourceRecord): number => Math.floor(record.arrivalMs / lengthMs) * lengthMs;
      const { window } = checkpoint;
      if (window !== undefined && ((first !== undefined && windowOf(first) > window.startMs) || (first === undefined && (finished || ctx.clock.now() >= window.startMs + lengthMs)))) {
        if (!(await this.#invoke(ctx, mapping, shard, [], checkpoint, lengthMs, true)).ok) return;
        checkpoint = this.#save(ctx, shard, { ...checkpoint, window: undefined });
        continue;
      }
      if (first === undefined) {
        if (finished) this.#save(ctx, shard, { ...checkpoint, finished: true });
        else if (window !== undefined) this.wakeAfter(ctx, window.startMs + lengthMs - ctx.clock.now());
        return;
      }
      const startMs = windowOf(first);
      const later = records.findIndex((record) => windowOf(record) > startMs);
      const batch = later < 0 ? records : records.slice(0, later);
      const opened: Checkpoint = { ...checkpoint, window: window ?? { startMs, state: {} } };
      const wanted = batch.filter((record) => this.#matches(mapping, record));
      const { ok, state } = wanted.length === 0 ? { ok: true, state: opened.window!.state } : await this.#invoke(ctx, mapping, shard, wanted, opened, lengthMs, false);
      if (!ok) return;
      checkpoint = this.#save(ctx, shard, { after: batch.at(-1)!.sequence, finished: false, window: { startMs, state } });
    }
  }

  async #invoke(ctx: LambdaContext, mapping: MappingRow, shard: string, records: SourceRecord[], checkpoint: Checkpoint, lengthMs: number, final: boolean): Promise<{ ok: boolean; state?: unknown }> {
    const { startMs, state } = checkpoint.window!;
    const event = {
      Records: records.map(({ value }) => value),
      window: { start: new Date(startMs).toISOString(), end: new Date(startMs + lengthMs).toISOString() },
      state, shardId: shard, eventSourceARN: mapping.eventSourceArn, isFinalInvokeForWindow: final, isWindowTerminatedEarly: false,
    };
    const outcome = await invokeBatch(ctx, mapping, Buffer.from(JSON.stringify(event)), undefined, this.signal);
    if (outcome.kind === "success") {
      const returned = (outcome.response as { state?: unknown } | null | undefined)?.state ?? {};
      if (final || Buffer.byteLength(JSON.stringify(returned)) <= STATE_MAX) {
        this.#failures.delete(shard);
        this.note(ctx, "OK");
        return { ok: true, state: returned };
      }
      ctx.log.warn("A function's window state is above 1 MB", { functionArn: functionArn(ctx, mapping.functionName), uuid: this.uuid });
    }
    const failures = (this.#failures.get(shard) ?? 0) + (outcome.kind === "refused" ? 0 : 1);
    this.#failures.set(shard, failures);
    this.note(ctx, outcome.kind === "refused" ? `PROBLEM: ${outcome.reason}` : "PROBLEM: Function call failed");
    const retries = mapping.settings.MaximumRetryAttempts ?? -1;
    if (retries >= 0 && failures > retries) {
      // Given up: the records are skipped, the window keeps the state that it had.
      this.#failures.delete(shard);
      return { ok: true, state };
    }
    this.wakeAfter(ctx, BACKOFF_MS * 2 ** Math.min(failures, 6));
    return { ok: false };
  }

  #save(ctx: LambdaContext, shard: string, checkpoint: Checkpoint): Checkpoint {
    ctx.store.mappings.putCheckpoint(this.uuid, shard, checkpoint);
    return checkpoint;
  }

  #matches(mapping: MappingRow, record: SourceRecord): boolean {
    const filters = mapping.settings.FilterCriteria?.Filters;
    return filters === undefined || filters.some(({ Pattern }) => compileFilter(Pattern)(record.value));
  }
}
