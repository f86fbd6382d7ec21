/**
 * One SQLite database of one account, region and store. Every write between two turns of the event loop shares one
 * transaction, a savepoint each ("group commit"). Reads see what has been written, committed or not, so an answer that
 * read while `pending` waits for `committed()` as well.
 */
export interface Database {
  /** Prepares once, at `open`; never per request. */
  prepare<Row = unknown, Params extends readonly unknown[] = readonly unknown[]>(sql: string): Statement<Row, Params>;
  /**
   * Atomic: all of what `fn` writes, or, when it throws, nothing. Nested calls are savepoints of their own. `fn` must be
   * synchronous: one that returns a promise is rolled back with a TypeError. Costs nothing when `fn` only reads.
   */
  transaction<T>(fn: () => T): T;
  /**
   * Resolves when all that has been written so far is committed; already resolved when nothing is pending. Rejects with
   * a `StorageError` when the commit failed: then nothing of its group was written.
   *
   * @param since `losses` when the request began, for one that spans several turns: rejects as well when a commit has
   *   failed in between.
   */
  committed(since?: number): Promise<void>;
  /** True while writes wait for their commit. */
  readonly pending: boolean;
  /** How many groups of writes were lost since the start because their commit failed (disk full, I/O error). */
  readonly losses: number;
  /** DDL or a pragma for the rare store that makes tables of its own; names must come from us, never from a client. */
  exec(sql: string): void;
}

/** A prepared statement. Writes join the turn's transaction. Integers come back as numbers. */
export interface Statement<Row, Params extends readonly unknown[]> {
  get(...params: Params): Row | undefined;
  /** Only with a `LIMIT`, or a result known to be small. */
  all(...params: Params): Row[];
  /**
   * Row by row, in one go: nothing may be written to this database meanwhile, and an iterator that is still open when
   * the event loop turns (an `await` in the loop) is closed and throws at its next row.
   */
  iterate(...params: Params): IterableIterator<Row>;
  run(...params: Params): { changes: number; lastInsertRowid: number | bigint };
}

/** Why state could not be read or written: the platform's fault or the machine's, never the caller's. */
export class StorageError extends Error {
  override name = "StorageError";
  /**
   * `full`: no space left. `io`: the disk failed, or the file is damaged. `closed`: the state was reset, restored or
   * closed while the request ran. `newer`: written by a newer version. `locked`: another process has the data folder.
   * `missing`: a blob or snapshot that does not exist. `exists`: a snapshot that does already.
   */
  readonly reason: "full" | "io" | "closed" | "newer" | "locked" | "missing" | "exists";

  constructor(reason: StorageError["reason"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}
