import type { LambdaContext } from "../operations/lookup.ts";
import type { MappingRow } from "../store/mappings.ts";

/** The type of event that wakes a mapping: when it has changed, after a backoff, at the end of a batch window. */
export const POLL_EVENT = "lambda.poll";

/** What wakes a mapping. */
export interface PollDetail {
  uuid: string;
}

/** Reads one mapping's source and hands batches to its function. Woken by events, never by looking. */
export abstract class Poller {
  readonly uuid: string;
  readonly #context: () => LambdaContext;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #again = false;

  constructor(uuid: string, context: () => LambdaContext) {
    this.uuid = uuid;
    this.#context = context;
  }

  /** A context of the service in the mapping's account and region. */
  protected get ctx(): LambdaContext {
    return this.#context();
  }

  protected get signal(): AbortSignal {
    return this.#abort.signal;
  }

  protected get stopped(): boolean {
    return this.#abort.signal.aborted;
  }

  /** The mapping as it stands now; undefined when it was deleted or disabled. */
  protected mapping(ctx: LambdaContext): MappingRow | undefined {
    const row = ctx.store.mappings.get(this.uuid);
    return row === undefined || !row.enabled || row.change === "delete" ? undefined : row;
  }

  /** There may be something: reads until there is nothing more to do now. Resolves then; a call meanwhile joins in. */
  wake(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Takes up no more work; what runs is left to its own end. */
  stop(): void {
    this.#abort.abort(new Error("The event source mapping has stopped"));
  }

  /** Has the mapping woken after a while, by a durable event. */
  protected wakeAfter(ctx: LambdaContext, delayMs: number): void {
    ctx.emit({ type: POLL_EVENT, detail: { uuid: this.uuid } satisfies PollDetail, delayMs });
  }

  /** What `LastProcessingResult` says. */
  protected note(ctx: LambdaContext, result: string): void {
    const row = ctx.store.mappings.get(this.uuid);
    if (row !== undefined && row.lastProcessingResult !== result) ctx.store.mappings.put({ ...row, lastProcessingResult: result });
  }

  /** Does all that can be done now. */
  protected abstract drain(): Promise<void>;

  async #run(): Promise<void> {
    while (this.#again && !this.stopped) {
      this.#again = false;
      try {
        await this.drain();
      } catch (error) {
        if (this.stopped) return;
        const { ctx } = this;
        ctx.log.warn("An event source mapping could not read its source", { uuid: this.uuid, error: String(error) });
        this.note(ctx, `PROBLEM: ${error instanceof Error ? error.message : String(error)}`);
        this.wakeAfter(ctx, 5000);
      }
    }
  }
}
