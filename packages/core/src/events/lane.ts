import { Outbox, type OutboxRow } from "../storage/outbox.ts";
import type { OpenStore, StoreKey } from "../storage/storage.ts";

/** Rows read ahead, so that a backlog costs one query for many events. */
const pageSize = 64;

/** The undelivered events of one store, as the dispatcher sees them. */
export class Lane {
  readonly key: StoreKey;
  readonly outbox: Outbox;
  readonly #store: OpenStore<unknown>;
  /** Committed rows that are due and not on their way. */
  #ready: OutboxRow[] = [];
  /** Ids of rows that are being delivered, or whose outcome is not committed. */
  readonly #taken = new Set<number>();
  /** Ids whose outcome goes with the commit that is pending. */
  #recorded: number[] = [];
  /** The table may hold due rows that were not read. */
  #unread = true;
  #pausedUntilMs = 0;
  timer: Disposable | undefined;

  constructor(store: OpenStore<unknown>) {
    this.#store = store;
    this.key = { store: store.store, account: store.account, region: store.region };
    this.outbox = new Outbox(store.db);
  }

  /** True while something is due, on its way or about to be committed. */
  get busy(): boolean {
    return this.#taken.size > 0 || this.#ready.length > 0 || this.#unread || this.#store.db.pending;
  }

  /** The next row to deliver; undefined when there is none now. */
  take(nowMs: number): OutboxRow | undefined {
    if (this.#ready.length === 0) {
      // While writes are pending a row may yet be undone; the commit calls `settled`.
      if (!this.#unread || this.#store.db.pending) return undefined;
      if (nowMs >= this.#pausedUntilMs) {
        this.#ready = this.outbox.due(nowMs, pageSize + this.#taken.size).filter((row) => !this.#taken.has(row.id));
      }
      this.#unread = false;
    }
    const row = this.#ready.shift();
    if (row !== undefined) this.#taken.add(row.id);
    // The page may not have been all.
    if (this.#ready.length === 0 && row !== undefined) this.#unread = true;
    return row;
  }

  /** When to look again; undefined when nothing waits for time to pass. Only meaningful while not `busy`. */
  wakeMs(): number | undefined {
    const next = this.outbox.nextDueMs();
    return next === undefined ? undefined : Math.max(next, this.#pausedUntilMs);
  }

  /** Time has come: rows may be due. */
  wake(): void {
    this.#unread = true;
  }

  /** No delivery before a time: the store has just refused to be read or written. */
  pause(untilMs: number): void {
    this.#pausedUntilMs = untilMs;
    this.#unread = false;
  }

  /** Writes what became of a delivery, to be committed with the turn. When that cannot even be written the row stays. */
  record(row: OutboxRow, write: () => void): void {
    try {
      write();
      this.#recorded.push(row.id);
    } catch (error) {
      this.#taken.delete(row.id);
      throw error;
    }
  }

  /** The store's writes were committed, or lost. True when there may be something to deliver. */
  settled(): boolean {
    if (this.#recorded.length > 0) {
      for (const id of this.#recorded) this.#taken.delete(id);
      this.#recorded = [];
      this.#unread = true;
    }
    return this.#unread;
  }
}
