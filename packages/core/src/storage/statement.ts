import type BetterSqlite3 from "better-sqlite3";
import type { Statement } from "./database.ts";
import type { SqliteDatabase } from "./sqlite.ts";

type NativeStatement = BetterSqlite3.Statement<unknown[], unknown>;

/** A statement that survives its connection's rest. */
export class PreparedStatement implements Statement<unknown, unknown[]> {
  readonly #database: SqliteDatabase;
  readonly #sql: string;
  readonly #writes: boolean;
  #native: NativeStatement;
  #connection: number;

  constructor(database: SqliteDatabase, sql: string) {
    this.#database = database;
    this.#sql = sql;
    this.#native = database.native().prepare(sql);
    this.#connection = database.connection;
    this.#writes = !this.#native.readonly;
  }

  get(...params: unknown[]): unknown {
    const native = this.#ready();
    try {
      return native.get(...params);
    } catch (error) {
      throw this.#database.failure(error);
    }
  }

  all(...params: unknown[]): unknown[] {
    const native = this.#ready();
    try {
      return native.all(...params);
    } catch (error) {
      throw this.#database.failure(error);
    }
  }

  run(...params: unknown[]): { changes: number; lastInsertRowid: number | bigint } {
    const native = this.#ready();
    try {
      return native.run(...params);
    } catch (error) {
      throw this.#database.failure(error);
    }
  }

  iterate(...params: unknown[]): IterableIterator<unknown> {
    const native = this.#ready();
    try {
      return new RowIterator(this.#database, native.iterate(...params));
    } catch (error) {
      throw this.#database.failure(error);
    }
  }

  #ready(): NativeStatement {
    if (this.#connection !== this.#database.connection) {
      this.#native = this.#database.native().prepare(this.#sql);
      this.#connection = this.#database.connection;
    }
    if (this.#writes) this.#database.beforeWrite();
    return this.#native;
  }
}

/** Rows of `iterate`, ended by the turn so that an abandoned one cannot block a commit. */
export class RowIterator implements IterableIterator<unknown> {
  readonly #database: SqliteDatabase;
  readonly #rows: IterableIterator<unknown>;
  #expired = false;

  constructor(database: SqliteDatabase, rows: IterableIterator<unknown>) {
    this.#database = database;
    this.#rows = rows;
    database.track(this);
  }

  next(): IteratorResult<unknown> {
    if (this.#expired) throw new Error("Rows were iterated across a turn of the event loop: read them in pages instead.");
    const result = this.#rows.next();
    if (result.done === true) this.#database.untrack(this);
    return result;
  }

  return(value?: unknown): IteratorResult<unknown> {
    this.#database.untrack(this);
    this.#rows.return?.();
    return { done: true, value };
  }

  expire(): void {
    this.#expired = true;
    this.#rows.return?.();
  }

  [Symbol.iterator](): this {
    return this;
  }
}
