import type { Database, Statement } from "./database.ts";

/** An event for one consumer, waiting in the database of the store that emitted it. */
export interface OutboxRow {
  id: number;
  event_id: string;
  type: string;
  /** Service id. */
  consumer: string;
  order_key: string | null;
  /** JSON. */
  detail: string;
  emitted_ms: number;
  /** Platform time of the next delivery. */
  due_ms: number;
  /** Deliveries so far. */
  attempt: number;
  trace_id: string;
}

/** An event that was given up. */
export interface DeadLetterRow extends Omit<OutboxRow, "due_ms"> {
  failed_ms: number;
  /** What the last delivery failed with. */
  error: string;
}

const columns = "id, event_id, type, consumer, order_key, detail, emitted_ms, due_ms, attempt, trace_id";

/** The undelivered events of one store: rows of its own database, so that they commit with the change they tell of. */
export class Outbox {
  readonly #database: Database;
  readonly #insert: Statement<unknown, [string, string, string, string | null, string, number, number, number, string, number]>;
  readonly #waiting: Statement<{ id: number }, [string, string]>;
  readonly #rebase: Statement<unknown, [number, number]>;
  readonly #due: Statement<OutboxRow, [number, number]>;
  readonly #nextDue: Statement<{ due_ms: number | null }, []>;
  readonly #delete: Statement<unknown, [number]>;
  readonly #wake: Statement<unknown, [string, string]>;
  readonly #retry: Statement<unknown, [number, number, number]>;
  readonly #bury: Statement<unknown, [number, number, string, number]>;
  readonly #dead: Statement<DeadLetterRow, [number, number]>;
  readonly #deadLetter: Statement<DeadLetterRow, [number]>;
  readonly #discard: Statement<unknown, [number]>;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.prepare(
      "INSERT INTO core_outbox (event_id, type, consumer, order_key, detail, emitted_ms, due_ms, attempt, trace_id, ready) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#waiting = database.prepare("SELECT id FROM core_outbox WHERE consumer = ? AND order_key = ? LIMIT 1");
    this.#rebase = database.prepare("UPDATE core_outbox SET due_ms = due_ms - emitted_ms + ? WHERE emitted_ms > ?");
    this.#due = database.prepare(`SELECT ${columns} FROM core_outbox WHERE ready = 1 AND due_ms <= ? ORDER BY due_ms, id LIMIT ?`);
    this.#nextDue = database.prepare("SELECT min(due_ms) AS due_ms FROM core_outbox WHERE ready = 1");
    this.#delete = database.prepare("DELETE FROM core_outbox WHERE id = ?");
    this.#wake = database.prepare("UPDATE core_outbox SET ready = 1 WHERE id = (SELECT min(id) FROM core_outbox WHERE consumer = ? AND order_key = ?)");
    this.#retry = database.prepare("UPDATE core_outbox SET attempt = ?, due_ms = ? WHERE id = ?");
    this.#bury = database.prepare(
      `INSERT INTO core_dead_letters (id, event_id, type, consumer, order_key, detail, emitted_ms, failed_ms, attempt, trace_id, error)
       SELECT id, event_id, type, consumer, order_key, detail, emitted_ms, ?, ?, trace_id, ? FROM core_outbox WHERE id = ?`,
    );
    this.#dead = database.prepare("SELECT * FROM core_dead_letters WHERE id > ? ORDER BY id LIMIT ?");
    this.#deadLetter = database.prepare("SELECT * FROM core_dead_letters WHERE id = ?");
    this.#discard = database.prepare("DELETE FROM core_dead_letters WHERE id = ?");
  }

  add(row: Omit<OutboxRow, "id">): void {
    // Only the first of its order key is ready; its removal readies the next.
    const ready = row.order_key === null || this.#waiting.get(row.consumer, row.order_key) === undefined;
    this.#insert.run(row.event_id, row.type, row.consumer, row.order_key, row.detail, row.emitted_ms, row.due_ms, row.attempt, row.trace_id, ready ? 1 : 0);
  }

  /**
   * Brings events from the future back: platform time was moved forward in the last run and is behind again. Their delays
   * begin anew.
   */
  rebase(nowMs: number): void {
    this.#rebase.run(nowMs, nowMs);
  }

  /** Events that may be delivered at `nowMs`, those due longest first. */
  due(nowMs: number, limit: number): OutboxRow[] {
    return this.#due.all(nowMs, limit);
  }

  /** When the next event may be delivered; undefined when there is none. */
  nextDueMs(): number | undefined {
    return this.#nextDue.get()?.due_ms ?? undefined;
  }

  /** The event was delivered. */
  remove(row: OutboxRow): void {
    this.#database.transaction(() => {
      this.#delete.run(row.id);
      if (row.order_key !== null) this.#wake.run(row.consumer, row.order_key);
    });
  }

  /** The delivery failed; the next is at `dueMs`. */
  retry(row: OutboxRow, attempt: number, dueMs: number): void {
    this.#retry.run(attempt, dueMs, row.id);
  }

  /** The event is given up: it moves to the dead letters. */
  bury(row: OutboxRow, attempt: number, failedMs: number, error: string): void {
    this.#database.transaction(() => {
      this.#bury.run(failedMs, attempt, error, row.id);
      this.remove(row);
    });
  }

  /** Dead letters after an id, oldest first. */
  deadLetters(afterId: number, limit: number): DeadLetterRow[] {
    return this.#dead.all(afterId, limit);
  }

  /** Puts a dead letter back to be delivered at once, its attempts forgotten. False when there is none of that id. */
  redrive(id: number, nowMs: number): boolean {
    return this.#database.transaction(() => {
      const row = this.#deadLetter.get(id);
      if (row === undefined) return false;
      this.#discard.run(id);
      this.add({ ...row, due_ms: nowMs, attempt: 0 });
      return true;
    });
  }

  /** Removes a dead letter. False when there is none of that id. */
  discard(id: number): boolean {
    const present = this.#deadLetter.get(id) !== undefined;
    if (present) this.#discard.run(id);
    return present;
  }
}
