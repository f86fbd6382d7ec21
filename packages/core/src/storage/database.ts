/**
 * One SQLite database of one account, region and store. Every write between two turns of the event loop shares one
 * transaction, a savepoint each ("group commit"): 5-7 times the writes a second of a commit each.
 */
export interface Database {
  /** Prepares once, at `open`; never per request. */
  prepare<Row = unknown, Params extends readonly unknown[] = readonly unknown[]>(sql: string): Statement<Row, Params>;
  /** Atomic: all of what `fn` writes, or, when it throws, nothing. Nested calls are savepoints of their own. `fn` must be synchronous. */
  transaction<T>(fn: () => T): T;
  /** Resolves when all that has been written so far is committed; already resolved when nothing is pending. */
  committed(): Promise<void>;
  /** True while writes wait for their commit. */
  readonly pending: boolean;
  /** DDL or a pragma for the rare store that makes tables of its own; names must come from us, never from a client. */
  exec(sql: string): void;
}

/** A prepared statement. Writes join the turn's transaction. Integers come back as numbers. */
export interface Statement<Row, Params extends readonly unknown[]> {
  get(...params: Params): Row | undefined;
  /** Only with a `LIMIT`, or a result known to be small. */
  all(...params: Params): Row[];
  iterate(...params: Params): IterableIterator<Row>;
  run(...params: Params): { changes: number; lastInsertRowid: number | bigint };
}
