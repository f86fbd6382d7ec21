import { isDeepStrictEqual } from "node:util";
import type { NameOwner, Names } from "../service.ts";
import { StorageError, type Statement } from "./database.ts";
import type { StateFilter, StoreKey } from "./layout.ts";
import { SqliteDatabase } from "./sqlite.ts";
import type { Turn } from "./turn.ts";

/** Names of one request: what it claimed, released or changed can be given back when it fails. */
export interface NamesSession extends Names {
  /** Puts back what this session changed. For a request that failed, or whose commit did. */
  undo(): void;
  /** Whether the session changed anything. */
  readonly changed: boolean;
  /** Resolves when what the session changed is committed. */
  committed(): Promise<void>;
}

/** A name as a row of the directory. */
export interface NameRow {
  kind: string;
  name: string;
  account: string;
  region: string;
  /** Store whose resource has the name; a reset of the store gives it back. */
  store: string;
  /** JSON, or null. */
  data: string | null;
}

const migrations = [
  `CREATE TABLE names (
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     account TEXT NOT NULL,
     region TEXT NOT NULL,
     store TEXT NOT NULL,
     data TEXT,
     PRIMARY KEY (kind, name)
   ) WITHOUT ROWID;
   CREATE INDEX names_owner ON names (account, kind, name);
   CREATE TABLE undelivered (
     account TEXT NOT NULL,
     region TEXT NOT NULL,
     store TEXT NOT NULL,
     PRIMARY KEY (account, region, store)
   ) WITHOUT ROWID;`,
];

/** How many names are held in memory, those that are known not to exist included. */
const cacheSize = 20_000;

interface Entry extends NameOwner {
  store: string;
}

/** The directory of the partition: names, and which stores have undelivered events. In `directory.db`. */
export class Directory {
  readonly db: SqliteDatabase;
  readonly #turn: Turn;
  readonly #cache = new Map<string, Entry | undefined>();
  /** Names that were released in this turn and go at its end. */
  readonly #released = new Map<string, { kind: string; name: string }>();
  #releasing: PromiseWithResolvers<void> | undefined;
  readonly #select: Statement<NameRow, [string, string]>;
  readonly #put: Statement<unknown, [string, string, string, string, string, string | null]>;
  readonly #delete: Statement<unknown, [string, string]>;
  readonly #list: Statement<NameRow, [string]>;
  readonly #listOf: Statement<NameRow, [string, string]>;
  readonly #rows: Statement<NameRow, [string | undefined, string | undefined, string | undefined]>;
  readonly #deleteRows: Statement<unknown, [string | undefined, string | undefined, string | undefined]>;
  readonly #deleteMarks: Statement<unknown, [string | undefined, string | undefined, string | undefined]>;
  readonly #undelivered: Statement<{ account: string; region: string; store: string }, []>;
  readonly #mark: Statement<unknown, [string, string, string]>;
  readonly #unmark: Statement<unknown, [string, string, string]>;

  constructor(path: string, turn: Turn) {
    // Claims are committed before what the stores of the same turn wrote, releases after it: a crash between the two may
    // leave a name without its resource, which its owner can claim again, but never a resource without its name.
    this.#turn = turn;
    this.db = new SqliteDatabase({ path, migrations, turn, first: true });
    this.db.onSettled((committed) => {
      if (!committed) this.#cache.clear();
    });
    this.#select = this.db.prepare("SELECT * FROM names WHERE kind = ? AND name = ?");
    this.#put = this.db.prepare("INSERT OR REPLACE INTO names (kind, name, account, region, store, data) VALUES (?, ?, ?, ?, ?, ?)");
    this.#delete = this.db.prepare("DELETE FROM names WHERE kind = ? AND name = ?");
    this.#list = this.db.prepare("SELECT * FROM names WHERE kind = ? ORDER BY name");
    this.#listOf = this.db.prepare("SELECT * FROM names WHERE account = ? AND kind = ? ORDER BY name");
    const filtered = "account = ifnull(?, account) AND region = ifnull(?, region) AND store = ifnull(?, store)";
    this.#rows = this.db.prepare(`SELECT * FROM names WHERE ${filtered}`);
    this.#deleteRows = this.db.prepare(`DELETE FROM names WHERE ${filtered}`);
    this.#deleteMarks = this.db.prepare(`DELETE FROM undelivered WHERE ${filtered}`);
    this.#undelivered = this.db.prepare("SELECT * FROM undelivered");
    this.#mark = this.db.prepare("INSERT OR IGNORE INTO undelivered (account, region, store) VALUES (?, ?, ?)");
    this.#unmark = this.db.prepare("DELETE FROM undelivered WHERE account = ? AND region = ? AND store = ?");
  }

  /** Names as a store or its background work sees and changes them; `undo` has nothing to undo. */
  names(store: string): NamesSession {
    return new Session(this, store, false);
  }

  /** Names as one request of a store sees and changes them. */
  session(store: string): NamesSession {
    return new Session(this, store, true);
  }

  /** The owner of a name. One map look-up when the name was asked for before. */
  find(kind: string, name: string): Entry | undefined {
    const key = `${kind}\n${name}`;
    const cached = this.#cache.get(key);
    if (cached !== undefined || this.#cache.has(key)) return cached;
    const row = this.#released.has(key) ? undefined : this.#select.get(kind, name);
    const entry = row && entryOf(row);
    this.#remember(key, entry);
    return entry;
  }

  /** Sets or, with undefined, removes a name. */
  set(kind: string, name: string, entry: Entry | undefined): void {
    const key = `${kind}\n${name}`;
    this.#remember(key, entry);
    if (entry !== undefined) {
      this.#released.delete(key);
      this.#put.run(kind, name, entry.account, entry.region, entry.store, entry.data === undefined ? null : JSON.stringify(entry.data));
      return;
    }
    this.#released.set(key, { kind, name });
    if (this.#releasing !== undefined) return;
    this.#releasing = Promise.withResolvers<void>();
    this.#turn.afterwards(() => this.#deleteReleased());
  }

  list(kind: string, account?: string): { name: string; owner: NameOwner }[] {
    const rows = account === undefined ? this.#list.all(kind) : this.#listOf.all(account, kind);
    return rows.filter((row) => !this.#released.has(`${kind}\n${row.name}`)).map((row) => ({ name: row.name, owner: entryOf(row) }));
  }

  /** Resolves when all claims and releases so far are committed. */
  committed(): Promise<void> {
    return this.#releasing === undefined ? this.db.committed() : this.#releasing.promise.then(() => this.db.committed());
  }

  /** Every name of some state, as rows. */
  rows(filter: StateFilter): NameRow[] {
    return this.#rows.all(filter.account, filter.region, filter.store);
  }

  /** Puts other names in the place of those of some state, and commits. `stores` are looked at for undelivered events. */
  replace(filter: StateFilter, rows: readonly NameRow[], stores: readonly StoreKey[]): void {
    this.db.transaction(() => {
      this.#deleteRows.run(filter.account, filter.region, filter.store);
      this.#deleteMarks.run(filter.account, filter.region, filter.store);
      for (const row of rows) this.#put.run(row.kind, row.name, row.account, row.region, row.store, row.data);
      for (const { account, region, store } of stores) this.#mark.run(account, region, store);
    });
    const losses = this.db.losses;
    this.db.flush();
    this.#cache.clear();
    if (losses !== this.db.losses) throw new StorageError("io", "The names of the restored state could not be written.");
  }

  /** Notes that a store has undelivered events, so that they are found again after a crash. */
  markUndelivered(account: string, region: string, store: string): void {
    this.#mark.run(account, region, store);
  }

  unmarkUndelivered(account: string, region: string, store: string): void {
    this.#unmark.run(account, region, store);
  }

  undelivered(): { account: string; region: string; store: string }[] {
    return this.#undelivered.all();
  }

  #deleteReleased(): void {
    const releasing = this.#releasing;
    this.#releasing = undefined;
    try {
      for (const { kind, name } of this.#released.values()) this.#delete.run(kind, name);
      this.#released.clear();
    } catch {
      // The disk refuses even this: the names stay taken, by owners who can claim them again.
      this.#released.clear();
      this.#cache.clear();
    }
    releasing?.resolve();
  }

  #remember(key: string, entry: Entry | undefined): void {
    if (this.#cache.size >= cacheSize) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        if (this.#cache.size < cacheSize) break;
      }
    }
    this.#cache.set(key, entry);
  }
}

function entryOf(row: NameRow): Entry {
  return { account: row.account, region: row.region, store: row.store, data: row.data === null ? undefined : (JSON.parse(row.data) as unknown) };
}

class Session implements NamesSession {
  readonly #directory: Directory;
  readonly #store: string;
  /** What each changed name was before and became, in order. */
  #changes: { kind: string; name: string; before: Entry | undefined; after: Entry | undefined }[] | undefined;

  readonly #undoable: boolean;
  #changed = false;

  constructor(directory: Directory, store: string, undoable: boolean) {
    this.#directory = directory;
    this.#store = store;
    this.#undoable = undoable;
  }

  claim(kind: string, name: string, owner: NameOwner): boolean {
    const present = this.#directory.find(kind, name);
    if (present !== undefined) {
      if (present.account !== owner.account || present.region !== owner.region) return false;
      if (isDeepStrictEqual(present.data, owner.data)) return true;
    }
    this.#change(kind, name, present, owner);
    return true;
  }

  find(kind: string, name: string): NameOwner | undefined {
    return this.#directory.find(kind, name);
  }

  release(kind: string, name: string): void {
    const present = this.#directory.find(kind, name);
    if (present !== undefined) this.#change(kind, name, present, undefined);
  }

  update(kind: string, name: string, owner: NameOwner): void {
    const present = this.#directory.find(kind, name);
    if (present !== undefined) this.#change(kind, name, present, owner);
  }

  list(kind: string, account?: string): { name: string; owner: NameOwner }[] {
    return this.#directory.list(kind, account);
  }

  undo(): void {
    for (const { kind, name, before, after } of this.#changes?.reverse() ?? []) {
      // A name that this session released may have a new owner by now.
      if (isDeepStrictEqual(this.#directory.find(kind, name), after)) this.#directory.set(kind, name, before);
    }
    this.#changes = undefined;
  }

  get changed(): boolean {
    return this.#changed;
  }

  committed(): Promise<void> {
    return !this.#changed ? Promise.resolve() : this.#directory.committed();
  }

  #change(kind: string, name: string, before: Entry | undefined, owner: NameOwner | undefined): void {
    const after = owner && { account: owner.account, region: owner.region, store: this.#store, data: owner.data };
    this.#directory.set(kind, name, after);
    this.#changed = true;
    if (this.#undoable) (this.#changes ??= []).push({ kind, name, before, after });
  }
}
