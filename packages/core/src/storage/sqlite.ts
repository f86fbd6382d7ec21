import BetterSqlite3 from "better-sqlite3";
import { StorageError, type Database, type Statement } from "./database.ts";
import { migrate } from "./migrate.ts";
import { PreparedStatement, type RowIterator } from "./statement.ts";
import type { Turn } from "./turn.ts";

/** What to open and how. */
export interface SqliteOptions {
  /** File, or `:memory:`. */
  path: string;
  /** Append-only SQL of the store; see `migrate`. */
  migrations: readonly string[];
  turn: Turn;
  /** Commits before the other databases of the turn. */
  first?: boolean;
  /** Content of a `:memory:` database. */
  image?: Buffer;
  /** Called when the file has been opened (again). */
  onOpen?(database: SqliteDatabase): void;
}

type Native = BetterSqlite3.Database;
type NativeStatement = BetterSqlite3.Statement<unknown[], unknown>;

/**
 * `Database` over better-sqlite3, with group commit. The file handle can be given back while nobody uses it (`rest`) and
 * opens again, with its statements, at the next use; so a store stays valid however many scopes there are.
 */
export class SqliteDatabase implements Database {
  readonly path: string;
  readonly #options: SqliteOptions;
  #native: Native | undefined;
  #begin!: NativeStatement;
  #commit!: NativeStatement;
  #rollback!: NativeStatement;
  /** Statements of the savepoint of each nesting level; level 1 at index 1. */
  #savepoints: { save: NativeStatement; release: NativeStatement; undo: NativeStatement }[] = [];

  /** True between BEGIN and COMMIT. */
  #open = false;
  /** Nesting of `transaction` at this moment. */
  #level = 0;
  /** Levels that have a savepoint, or own the whole group. */
  #saved = 0;
  /** The level-1 transaction that is running began the group: its rollback is the group's, without a savepoint. */
  #ownsGroup = false;
  #enlisted = false;
  #iterators = new Set<RowIterator>();
  #group: PromiseWithResolvers<void> | undefined;
  #retired: StorageError | undefined;
  #lastLoss: StorageError | undefined;
  #listeners: ((committed: boolean) => void)[] = [];
  losses = 0;
  /** Counts connections, so that statements know when theirs is gone. */
  connection = 0;
  /** Kept alive as long as the database is. */
  owner: unknown;

  constructor(options: SqliteOptions) {
    this.path = options.path;
    this.#options = options;
    this.native();
  }

  get pending(): boolean {
    return this.#open;
  }

  /** Closed for good, by a reset, a restore or the end of the platform. */
  get retired(): boolean {
    return this.#retired !== undefined;
  }

  /** Whether no file handle is held now. */
  get resting(): boolean {
    return this.#native === undefined;
  }

  prepare<Row = unknown, Params extends readonly unknown[] = readonly unknown[]>(sql: string): Statement<Row, Params> {
    return new PreparedStatement(this, sql) as unknown as Statement<Row, Params>;
  }

  transaction<T>(fn: () => T): T {
    const level = ++this.#level;
    const losses = this.losses;
    let result: T;
    try {
      result = fn();
      if (result instanceof Promise) {
        result.catch(() => {});
        throw new TypeError("A transaction must be synchronous: its function returned a promise.");
      }
      // The group went with an error that `fn` kept for itself: what it wrote afterwards must not stand alone.
      if (losses !== this.losses) throw this.#lastLoss;
      if (this.#saved >= level) this.#release(level);
    } catch (error) {
      if (this.#saved >= level) this.#undo(level);
      throw error;
    } finally {
      this.#level = level - 1;
    }
    return result;
  }

  committed(since?: number): Promise<void> {
    if (since !== undefined && since !== this.losses) return Promise.reject(this.#lastLoss);
    if (!this.#open) return settled;
    if (this.#group === undefined) {
      this.#group = Promise.withResolvers<void>();
      // A failure that nobody waits for is not a crash of the process; whoever waits sees it.
      this.#group.promise.catch(() => {});
    }
    return this.#group.promise;
  }

  exec(sql: string): void {
    const native = this.native();
    // Most pragmas are without effect, or refused, inside a transaction.
    if (!/^\s*pragma\b/i.test(sql)) this.beforeWrite();
    try {
      native.exec(sql);
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** Has `listener` called after each group: true when it was committed, false when it was lost. */
  onSettled(listener: (committed: boolean) => void): Disposable {
    this.#listeners.push(listener);
    return {
      [Symbol.dispose]: () => {
        this.#listeners = this.#listeners.filter((other) => other !== listener);
      },
    };
  }

  /** Commits what is pending now instead of at the end of the turn. Throws nothing: waiters learn of a failure. */
  flush(): void {
    this.#closeIterators();
    if (this.#open) this.#commitGroup();
  }

  endTurn(): void {
    this.#enlisted = false;
    this.flush();
  }

  /** Gives the file handle back until the next use. False when it is in use, or in memory only. */
  rest(): boolean {
    if (this.#native === undefined) return true;
    if (this.#open || this.#level > 0 || this.#iterators.size > 0 || this.path === ":memory:") return false;
    this.#closeNative();
    return true;
  }

  /** Commits, closes, and answers any later use with a `StorageError` that says `why`. */
  retire(why: string): void {
    if (this.#retired !== undefined) return;
    if (this.#level > 0) throw new Error("A database cannot be closed inside one of its transactions.");
    this.flush();
    this.#retired = new StorageError("closed", why);
    this.#closeNative();
  }

  /** The connection itself, opened when it rests: for snapshots; everything else goes through statements. */
  native(): Native {
    if (this.#native !== undefined) return this.#native;
    if (this.#retired !== undefined) throw this.#retired;
    let native: Native | undefined;
    try {
      native = new BetterSqlite3(this.#options.image ?? this.path);
      configure(native);
      migrate(native, this.path, this.#options.migrations);
      this.#begin = native.prepare("BEGIN");
      this.#commit = native.prepare("COMMIT");
      this.#rollback = native.prepare("ROLLBACK");
    } catch (error) {
      native?.close();
      throw storageError(error, this.path) ?? error;
    }
    this.#native = native;
    this.#options.onOpen?.(this);
    return native;
  }

  /** Called by statements before they write: opens the group and the savepoints that the nesting asks for. */
  beforeWrite(): void {
    if (!this.#open) {
      this.#begin.run();
      this.#open = true;
      this.#saved = 0;
      this.#enlist();
      if (this.#level > 0) {
        this.#saved = 1;
        this.#ownsGroup = true;
      }
    }
    while (this.#saved < this.#level) {
      this.#savepoint(this.#saved + 1).save.run();
      this.#saved++;
    }
  }

  /** Called by statements when SQLite refused: what to throw, after noticing whether the group was lost with it. */
  failure(error: unknown): unknown {
    const wrapped = storageError(error, this.path);
    // SQLite rolls the whole transaction back by itself on some errors (full, I/O, out of memory).
    if (this.#open && this.#native?.inTransaction === false) this.#lose(wrapped ?? new StorageError("io", `Writing ${this.path} failed.`, error));
    return wrapped ?? error;
  }

  /** Called by statements: an iterator lives until the end of the turn at most. */
  track(iterator: RowIterator): void {
    this.#iterators.add(iterator);
    this.#enlist();
  }

  untrack(iterator: RowIterator): void {
    this.#iterators.delete(iterator);
  }

  #enlist(): void {
    if (this.#enlisted) return;
    this.#enlisted = true;
    this.#options.turn.enlist(this, this.#options.first);
  }

  #savepoint(level: number): { save: NativeStatement; release: NativeStatement; undo: NativeStatement } {
    return (this.#savepoints[level] ??= {
      save: this.native().prepare(`SAVEPOINT s${level}`),
      release: this.native().prepare(`RELEASE s${level}`),
      undo: this.native().prepare(`ROLLBACK TO s${level}`),
    });
  }

  #release(level: number): void {
    this.#saved = level - 1;
    if (level === 1 && this.#ownsGroup) {
      this.#ownsGroup = false;
      return;
    }
    try {
      this.#savepoint(level).release.run();
    } catch (error) {
      throw this.failure(error);
    }
  }

  #undo(level: number): void {
    this.#saved = level - 1;
    this.#closeIterators();
    if (level === 1 && this.#ownsGroup) {
      this.#ownsGroup = false;
      this.#open = false;
      this.#rollback.run();
      this.#settle(true);
      return;
    }
    this.#savepoint(level).undo.run();
    this.#savepoint(level).release.run();
  }

  #commitGroup(): void {
    try {
      this.#commit.run();
    } catch (error) {
      this.#lose(storageError(error, this.path) ?? new StorageError("io", `Committing to ${this.path} failed.`, error));
      return;
    }
    this.#open = false;
    this.#settle(true);
  }

  #lose(error: StorageError): void {
    this.#open = false;
    this.#saved = 0;
    this.#ownsGroup = false;
    this.losses++;
    this.#lastLoss = error;
    try {
      if (this.#native?.inTransaction === true) this.#rollback.run();
    } catch {
      // Nothing is left to roll back; a connection that cannot even say so is replaced at its next use.
      this.#closeNative();
    }
    this.#settle(false);
  }

  #settle(committed: boolean): void {
    const group = this.#group;
    this.#group = undefined;
    if (committed) group?.resolve();
    else group?.reject(this.#lastLoss);
    for (const listener of this.#listeners) listener(committed);
  }

  #closeIterators(): void {
    for (const iterator of this.#iterators) iterator.expire();
    this.#iterators.clear();
  }

  #closeNative(): void {
    const native = this.#native;
    this.#native = undefined;
    this.#savepoints = [];
    this.connection++;
    native?.close();
  }
}

const settled: Promise<void> = Promise.resolve();

function configure(native: Native): void {
  native.pragma("journal_mode = WAL");
  // In WAL mode a commit is in the page cache of the operating system when it returns: kill -9 loses nothing. A power cut
  // may lose the latest commits, never the file.
  native.pragma("synchronous = NORMAL");
  native.pragma("wal_autocheckpoint = 8192");
  native.pragma("journal_size_limit = 67108864");
  native.pragma("foreign_keys = ON");
  native.pragma("trusted_schema = OFF");
  native.pragma("temp_store = MEMORY");
  // At most, and only when so much is read. 8 MB hold the hot rows of most tables (a third more reads than with 2 MB);
  // better-sqlite3's own 16 MB gain nothing over that and would be a lot for a hundred connections.
  native.pragma("cache_size = -8000");
}

/** A `StorageError` for what is wrong with the disk; undefined for what is wrong with the statement (constraints, SQL). */
function storageError(error: unknown, path: string): StorageError | undefined {
  if (error instanceof StorageError) return error;
  if (!(error instanceof BetterSqlite3.SqliteError)) return undefined;
  const code = error.code;
  if (code === "SQLITE_FULL") return new StorageError("full", `No space left to write ${path}.`, error);
  if (code.startsWith("SQLITE_IOERR") || code.startsWith("SQLITE_CANTOPEN") || code.startsWith("SQLITE_READONLY")) {
    return new StorageError("io", `Reading or writing ${path} failed: ${error.message}.`, error);
  }
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB") return new StorageError("io", `${path} is damaged: ${error.message}.`, error);
  return undefined;
}
