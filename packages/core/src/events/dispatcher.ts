import type { Clock } from "../clock.ts";
import type { Ids } from "../ids.ts";
import type { Log } from "../observe/log.ts";
import { StorageError } from "../storage/database.ts";
import type { DeadLetterRow, OutboxRow } from "../storage/outbox.ts";
import type { SqliteDatabase } from "../storage/sqlite.ts";
import type { OpenStore, Storage, StoreKey } from "../storage/storage.ts";
import type { Emission, PlatformEvent } from "./event.ts";
import { Lane } from "./lane.ts";

export interface DispatcherOptions {
  storage: Storage;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Which services consume an event, by its type. Each gets it on its own: one's failure is not the other's. */
  consumers: ReadonlyMap<string, readonly string[]>;
  /** Hands an event of a store to a service; rejects when the service failed. `signal`: the platform stops waiting for it. */
  deliver(event: PlatformEvent, store: string, consumer: string, signal: AbortSignal): Promise<void>;
  /** Deliveries at a time, over the whole platform, without those of `longTypes`. */
  concurrency?: number;
  /** Types whose deliveries last as long as somebody's code runs: they must not keep the others waiting. */
  longTypes?: ReadonlySet<string>;
  /** Deliveries of `longTypes` at a time. */
  longConcurrency?: number;
  /** Deliveries of an event before it is given up. */
  maxAttempts?: number;
  /** Wait after the first failed delivery; each further one doubles it. */
  firstRetryMs?: number;
  longestRetryMs?: number;
}

/** A dead letter and where it lies. */
export interface DeadLetter extends StoreKey {
  id: number;
  event: PlatformEvent;
  consumer: string;
  orderKey: string | undefined;
  failedMs: number;
  error: string;
}

/**
 * Delivers durable events: written with the change they tell of, handed to their consumers after the commit, at least once.
 * Nothing polls: a commit, the end of a delivery or a timer of the clock starts the next one.
 */
export class Dispatcher {
  readonly #options: Required<DispatcherOptions>;
  /** The lane of each database that ever had an event; it lives as long as the database. */
  readonly #lanes = new WeakMap<SqliteDatabase, Lane>();
  /** Lanes with undelivered events, by key. */
  readonly #active = new Map<string, Lane>();
  /** Lanes that may have something to deliver now, in turn. */
  readonly #queue = new Set<Lane>();
  /** Keys that the directory lists as having undelivered events. */
  readonly #marked = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  /** Those of `#running` that are of `longTypes`. */
  readonly #long = new Set<Promise<void>>();
  /** Keys that the directory lists and nobody has looked at yet. */
  readonly #unseen = new Set<string>();
  readonly #abort = new AbortController();
  #stopping = false;
  #idle: PromiseWithResolvers<void> | undefined;
  #subscriptions: Disposable[] = [];

  constructor(options: DispatcherOptions) {
    this.#options = { concurrency: 64, longTypes: new Set(), longConcurrency: 256, maxAttempts: 10, firstRetryMs: 1000, longestRetryMs: 300_000, ...options };
  }

  /** Begins to deliver: first of all what the last run left undelivered, found store by store in the background. */
  start(): void {
    const { storage } = this.#options;
    this.#subscriptions.push(
      storage.directory.db.onSettled((committed) => {
        if (!committed) this.#markAgain();
      }),
      storage.onClose((key) => this.#forget(key)),
      // What was restored may have had undelivered events when the snapshot was taken.
      storage.onReplace(() => this.#recover()),
    );
    this.#recover();
  }

  #recover(): void {
    const { storage, log, clock } = this.#options;
    const left = storage.directory.undelivered().filter((key) => !this.#active.has(keyOf(key)));
    if (left.length === 0) return;
    for (const key of left) {
      this.#marked.add(keyOf(key));
      this.#unseen.add(keyOf(key));
    }
    const next = (): void => {
      const key = left.pop();
      if (key === undefined || this.#stopping) return;
      try {
        const store = storage.existing(key);
        if (store !== undefined) {
          const lane = this.#lane(store);
          lane.outbox.rebase(clock.now());
          this.#activate(lane);
        }
      } catch (error) {
        log.error("Undelivered events of a store could not be read", { ...key, error: messageOf(error) });
      }
      this.#unseen.delete(keyOf(key));
      this.#drain();
      setImmediate(next);
    };
    setImmediate(next);
  }

  /** Writes an event to the outbox of the store it comes from, inside the transaction that is running. */
  emit(store: OpenStore<any>, emission: Emission, traceId: string): void {
    const { clock, ids, consumers, storage } = this.#options;
    const to = consumers.get(emission.type);
    if (to === undefined || to.length === 0) return;
    const lane = this.#lane(store);
    const key = keyOf(store);
    if (!this.#marked.has(key)) {
      storage.directory.markUndelivered(store.account, store.region, store.store);
      this.#marked.add(key);
    }
    const nowMs = clock.now();
    const eventId = ids.uuid();
    const detail = JSON.stringify(emission.detail) ?? "null";
    for (const consumer of to) {
      lane.outbox.add({
        event_id: eventId,
        type: emission.type,
        consumer,
        order_key: emission.orderKey ?? null,
        detail,
        emitted_ms: nowMs,
        due_ms: nowMs + Math.max(0, emission.delayMs ?? 0),
        attempt: 0,
        trace_id: traceId,
      });
    }
    lane.wake();
    this.#active.set(key, lane);
  }

  /**
   * Resolves when no event is due or being delivered, and all that deliveries wrote is committed. Events that wait for a
   * delay or for the next try after a failure are not waited for: move the clock for those.
   */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    this.#idle ??= Promise.withResolvers<void>();
    return this.#idle.promise;
  }

  /**
   * Starts no more deliveries and waits for those that run, at most `graceMs` of real time; for those of `longTypes` not at
   * all. Events left over, and those of deliveries that did not end, are delivered after the next start.
   */
  async stop(graceMs = 5000): Promise<void> {
    this.#stopping = true;
    this.#queue.clear();
    let timeout: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timeout = setTimeout(resolve, graceMs);
    });
    await Promise.race([patience, Promise.all([...this.#running].filter((running) => !this.#long.has(running)))]);
    clearTimeout(timeout);
    this.#abort.abort(new Error("The platform is stopping."));
    const { storage } = this.#options;
    storage.flush();
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]();
    for (const key of storage.directory.undelivered()) {
      const lane = this.#active.get(keyOf(key));
      if (lane !== undefined) lane.timer?.[Symbol.dispose]();
      else if (!this.#unseen.has(keyOf(key))) storage.directory.unmarkUndelivered(key.account, key.region, key.store);
    }
    storage.flush();
    this.#idle?.resolve();
  }

  /** Events that were given up in a store, oldest first. */
  deadLetters(key: StoreKey, afterId = 0, limit = 100): DeadLetter[] {
    const store = this.#options.storage.existing(key);
    if (store === undefined) return [];
    return this.#lane(store)
      .outbox.deadLetters(afterId, limit)
      .map((row) => deadLetter(key, row));
  }

  /** Delivers a dead letter again, its attempts forgotten. False when there is none of that id. */
  redrive(key: StoreKey, id: number): boolean {
    const { storage, clock } = this.#options;
    const store = storage.existing(key);
    if (store === undefined) return false;
    const lane = this.#lane(store);
    const found = lane.outbox.redrive(id, clock.now());
    if (found) {
      storage.directory.markUndelivered(key.account, key.region, key.store);
      this.#marked.add(keyOf(key));
      this.#active.set(keyOf(key), lane);
      lane.wake();
    }
    return found;
  }

  /** Removes a dead letter for good. False when there is none of that id. */
  discard(key: StoreKey, id: number): boolean {
    const store = this.#options.storage.existing(key);
    return store !== undefined && this.#lane(store).outbox.discard(id);
  }

  #lane(store: OpenStore<any>): Lane {
    let lane = this.#lanes.get(store.db);
    if (lane === undefined) {
      const made = new Lane(store);
      const key = keyOf(store);
      store.db.onSettled((committed) => {
        const look = made.settled();
        if (this.#active.get(key) !== made) return;
        if (!committed) this.#pause(made);
        else if (look) this.#activate(made);
        this.#drain();
      });
      this.#lanes.set(store.db, (lane = made));
    }
    return lane;
  }

  #activate(lane: Lane): void {
    this.#active.set(keyOf(lane.key), lane);
    this.#queue.add(lane);
  }

  /** Starts what may start: one event of each lane in turn, as many at a time as allowed. */
  #drain(): void {
    const { clock, concurrency, longTypes, longConcurrency } = this.#options;
    if (this.#stopping) return;
    for (const lane of this.#queue) {
      // Which kind comes next is known only when it is taken, so either limit holds up both: short ones end soon.
      if (this.#running.size - this.#long.size >= concurrency || this.#long.size >= longConcurrency) return;
      this.#queue.delete(lane);
      try {
        const row = lane.take(clock.now());
        if (row === undefined) {
          this.#rest(lane);
          continue;
        }
        this.#queue.add(lane);
        const running = this.#deliver(lane, row).finally(() => {
          this.#running.delete(running);
          this.#long.delete(running);
          this.#drain();
        });
        this.#running.add(running);
        if (longTypes.has(row.type)) this.#long.add(running);
      } catch (error) {
        this.#failed(lane, error);
      }
    }
    this.#settleIdle();
  }

  /** Nothing to do for a lane now: forgets it, or waits for the time of its next event. */
  #rest(lane: Lane): void {
    if (lane.busy) return;
    const wakeMs = lane.wakeMs();
    if (wakeMs !== undefined) return this.#wakeAfter(lane, wakeMs - this.#options.clock.now());
    lane.timer?.[Symbol.dispose]();
    this.#active.delete(keyOf(lane.key));
  }

  #wakeAfter(lane: Lane, delayMs: number): void {
    lane.timer?.[Symbol.dispose]();
    lane.timer = this.#options.clock.schedule(delayMs, () => {
      lane.wake();
      this.#queue.add(lane);
      this.#drain();
    });
  }

  async #deliver(lane: Lane, row: OutboxRow): Promise<void> {
    const { clock, ids, log, deliver, maxAttempts, firstRetryMs, longestRetryMs } = this.#options;
    const attempt = row.attempt + 1;
    let failure: { error: unknown } | undefined;
    try {
      await deliver(eventOf(lane.key, row, attempt), lane.key.store, row.consumer, this.#abort.signal);
    } catch (error) {
      failure = { error };
    }
    const nowMs = clock.now();
    try {
      lane.record(row, () => {
        if (failure === undefined) return lane.outbox.remove(row);
        const error = messageOf(failure.error);
        if (attempt >= maxAttempts) {
          lane.outbox.bury(row, attempt, nowMs, error);
          log.error("An event was given up", { type: row.type, consumer: row.consumer, eventId: row.event_id, attempt, error });
          return;
        }
        // Between half and all of the wait, so that what failed together does not come back together.
        const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (attempt - 1)) * (0.5 + ids.random() / 2);
        lane.outbox.retry(row, attempt, nowMs + Math.ceil(waitMs));
        log.warn("An event was not delivered", { type: row.type, consumer: row.consumer, eventId: row.event_id, attempt, error });
      });
    } catch (error) {
      this.#failed(lane, error);
    }
  }

  /** The store of a lane could not be read or written. */
  #failed(lane: Lane, error: unknown): void {
    if (error instanceof StorageError && error.reason === "closed") {
      if (this.#active.get(keyOf(lane.key)) === lane) this.#active.delete(keyOf(lane.key));
      return;
    }
    this.#options.log.error("An outbox could not be read or written", { ...lane.key, error: messageOf(error) });
    this.#pause(lane);
  }

  /** Leaves a lane alone for a while: trying again at once would keep a broken disk, and us, busy for nothing. */
  #pause(lane: Lane): void {
    const { clock, firstRetryMs } = this.#options;
    lane.pause(clock.now() + firstRetryMs);
    this.#queue.delete(lane);
    this.#wakeAfter(lane, firstRetryMs);
  }

  /** A store was reset or restored: what it had to deliver is gone with it. */
  #forget(key: StoreKey): void {
    const lane = this.#active.get(keyOf(key));
    this.#active.delete(keyOf(key));
    this.#marked.delete(keyOf(key));
    this.#unseen.delete(keyOf(key));
    if (lane !== undefined) {
      lane.timer?.[Symbol.dispose]();
      this.#queue.delete(lane);
    }
    this.#settleIdle();
  }

  /** The directory lost its latest writes: marks that went with them are made again. */
  #markAgain(): void {
    for (const { key } of this.#active.values()) this.#options.storage.directory.markUndelivered(key.account, key.region, key.store);
  }

  #isIdle(): boolean {
    if (this.#running.size > 0 || this.#queue.size > 0 || this.#unseen.size > 0) return false;
    for (const lane of this.#active.values()) if (lane.busy) return false;
    return true;
  }

  #settleIdle(): void {
    if (this.#idle === undefined || !this.#isIdle()) return;
    this.#idle.resolve();
    this.#idle = undefined;
  }
}

const keyOf = ({ store, account, region }: StoreKey): string => `${store}/${account}/${region}`;

function eventOf(key: StoreKey, row: Omit<OutboxRow, "due_ms">, attempt: number): PlatformEvent {
  return {
    id: row.event_id,
    type: row.type,
    account: key.account,
    region: key.region,
    detail: JSON.parse(row.detail) as unknown,
    emittedMs: row.emitted_ms,
    attempt,
    traceId: row.trace_id,
  };
}

function deadLetter(key: StoreKey, row: DeadLetterRow): DeadLetter {
  return {
    ...key,
    id: row.id,
    event: eventOf(key, row, row.attempt),
    consumer: row.consumer,
    orderKey: row.order_key ?? undefined,
    failedMs: row.failed_ms,
    error: row.error,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
