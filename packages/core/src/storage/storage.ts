import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Clock } from "../clock.ts";
import type { Ids } from "../ids.ts";
import type { Log } from "../observe/log.ts";
import type { StoreDefinition } from "../service.ts";
import { BlobFiles } from "./blob-files.ts";
import type { Blobs } from "./blobs.ts";
import { BlobSet } from "./blob-set.ts";
import { StorageError, type Database } from "./database.ts";
import { assertStoreKey, databasePath, hasDatabase, keyOf, matches, partitionOf, storesIn, type StateFilter, type StoreKey } from "./layout.ts";
import { lockFolder, type FolderLock } from "./lock.ts";
import { Directory } from "./names.ts";
import { ReaderDatabase } from "./reader.ts";
import { applyReplacement, commitReplacement, stagingFolder, type Replacement } from "./replace.ts";
import { SqliteDatabase } from "./sqlite.ts";
import { deleteBlobs, sweepOrphans } from "./sweep.ts";
import { Turn } from "./turn.ts";

export { isRegionName, partitionOf, type StateFilter, type StoreKey } from "./layout.ts";

export interface StorageOptions {
  /** Where state lives. Made when it does not exist. Without one the platform is ephemeral. */
  folder?: string;
  clock: Clock;
  ids: Ids;
  /** Every store that the platform may have, for what opens stores by name: undelivered events, sweeps, snapshots. */
  stores?: readonly StoreDefinition<any>[];
  /** Where what happens in the background is told; nowhere unless given. */
  log?: Log;
  /** Files of databases held open at most; those longest unused are closed until their next use. */
  maxOpen?: number;
}

/** A store that is open: what a service made of it, and what the platform needs to commit and to collect its blobs. */
export interface OpenStore<S> extends StoreKey {
  state: S;
  db: SqliteDatabase;
  /** Deletes follow the store's commits. */
  blobs: Blobs;
}

const stoppedMessage = "The platform has stopped.";

/**
 * Opens the state of a platform: its databases, names and blobs.
 *
 * @throws StorageError `locked` when another platform has the folder, `newer` when a newer version wrote it.
 */
export function openStorage(options: StorageOptions): Storage {
  return new Storage(options);
}

/** All state of a platform. Synchronous on the hot path: a store that was used before is one map look-up away. */
export class Storage {
  /** The data folder; a temporary one, removed at `close`, when ephemeral. */
  readonly folder: string;
  readonly ephemeral: boolean;
  readonly directory: Directory;
  /** Every blob of the platform. Stores see them through `OpenStore.blobs`. */
  readonly blobs: BlobFiles;
  /** True when the last platform on this folder did not close it. */
  readonly unclean: boolean;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #turn = new Turn();
  readonly #lock: FolderLock | undefined;
  readonly #maxOpen: number;
  /** By `<store>/<account>/<region>`. Weak while the file rests, so that a scope nobody uses costs nothing. */
  readonly #stores = new Map<string, OpenStore<unknown> | WeakRef<OpenStore<unknown>>>();
  readonly #collected = new FinalizationRegistry<string>((key) => {
    const entry = this.#stores.get(key);
    if (entry instanceof WeakRef && entry.deref() === undefined) this.#stores.delete(key);
  });
  /** Keys of stores whose file is open, and whether each was used since the hand last passed (SIEVE). */
  readonly #opened = new Map<string, { used: boolean }>();
  #hand: string | undefined;
  readonly #definitions = new Map<string, StoreDefinition<unknown>>();
  readonly #openListeners = new Set<(key: StoreKey) => void>();
  readonly #closeListeners = new Set<(key: StoreKey) => void>();
  readonly #replaceListeners = new Set<(filter: StateFilter) => void>();
  readonly #log: Log | undefined;
  /** Content of databases of an ephemeral platform that were restored and not opened yet. */
  readonly #images = new Map<string, Buffer>();
  /** Background work on blobs that, left unfinished, is the next start's. */
  readonly #tidying = new Set<Promise<unknown>>();
  #tidy = true;
  #whole: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: StorageOptions) {
    this.ephemeral = options.folder === undefined;
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), "cumulet-"));
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#maxOpen = options.maxOpen ?? 128;
    this.#log = options.log;
    for (const definition of options.stores ?? []) this.#define(definition);
    mkdirSync(this.folder, { recursive: true });
    this.#lock = this.ephemeral ? undefined : lockFolder(this.folder);
    this.unclean = this.#lock?.unclean ?? false;
    try {
      this.directory = new Directory(this.ephemeral ? ":memory:" : join(this.folder, "directory.db"), this.#turn);
      this.blobs = new BlobFiles(join(this.folder, "blobs"), options.ids);
      if (!this.ephemeral) applyReplacement(this.folder, this.directory);
    } catch (error) {
      this.#lock?.release(false);
      throw error;
    }
    if (this.unclean) {
      this.#inBackground(this.blobs.clearRest());
      this.#inBackground(sweepOrphans(this, this.blobs, this.blobs.watch(), () => this.#closed));
    }
  }

  /** The store of an account and region, opened (made, migrated) when it was not. */
  open<S>(definition: StoreDefinition<S>, account: string, region: string): OpenStore<S> {
    const place = definition.scope === "global" ? "global" : region;
    const key = `${definition.name}/${account}/${place}`;
    let entry = this.#stores.get(key);
    if (entry instanceof WeakRef) entry = entry.deref();
    if (entry !== undefined) {
      const opened = this.#opened.get(key);
      if (opened !== undefined) opened.used = true;
      return entry as OpenStore<S>;
    }
    return this.#open(definition, { store: definition.name, account, region: place }, key);
  }

  /** What the service made of the store; see `open`. */
  store<S>(definition: StoreDefinition<S>, account: string, region: string): S {
    return this.open(definition, account, region).state;
  }

  /** A store that exists, by its key; undefined when there is none, or none of `stores` has that name. */
  existing(key: StoreKey): OpenStore<unknown> | undefined {
    const definition = this.#definitions.get(key.store);
    if (definition === undefined || !this.#exists(key)) return undefined;
    return this.open(definition, key.account, key.region);
  }

  /** Every store that exists, of one name when given. */
  scopes(store?: string): StoreKey[] {
    const keys = new Map<string, StoreKey>();
    for (const [key, entry] of this.#stores) {
      const open = entry instanceof WeakRef ? entry.deref() : entry;
      if (open !== undefined) keys.set(key, { store: open.store, account: open.account, region: open.region });
    }
    for (const key of this.#images.keys()) {
      const [name, account, region] = key.split("/") as [string, string, string];
      keys.set(key, { store: name, account, region });
    }
    if (!this.ephemeral) for (const key of storesIn(this.folder)) keys.set(keyOf(key), key);
    const all = [...keys.values()];
    return store === undefined ? all : all.filter((key) => key.store === store);
  }

  definition(store: string): StoreDefinition<unknown> | undefined {
    return this.#definitions.get(store);
  }

  /** Has `listener` called after a store is opened for the first time in this run, or again after a reset. */
  onOpen(listener: (key: StoreKey) => void): Disposable {
    this.#openListeners.add(listener);
    return { [Symbol.dispose]: () => this.#openListeners.delete(listener) };
  }

  /** Has `listener` called before a store is closed for good: its state is reset or replaced. */
  onClose(listener: (key: StoreKey) => void): Disposable {
    this.#closeListeners.add(listener);
    return { [Symbol.dispose]: () => this.#closeListeners.delete(listener) };
  }

  /** Has `listener` called after state was reset or restored, with what was. */
  onReplace(listener: (filter: StateFilter) => void): Disposable {
    this.#replaceListeners.add(listener);
    return { [Symbol.dispose]: () => this.#replaceListeners.delete(listener) };
  }

  /**
   * Forgets some of the state, names and blobs included, or all of it. Requests under way fail with a `StorageError` at their
   * next use of a store that is gone. A crash leaves all of it or none.
   */
  reset(filter: StateFilter = {}): Promise<void> {
    return this.exclusively(() => {
      if (!this.ephemeral) stagingFolder(this.folder);
      this.replace({ filter, stores: [], names: [] });
    });
  }

  /** Runs what concerns the state as a whole (resets, snapshots, restores), one after the other. */
  exclusively<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#whole.then(work);
    this.#whole = result.catch(() => {});
    return result;
  }

  /**
   * Puts `replacement` in the place of what it filters: from the staging folder, or for an ephemeral platform from `images`.
   * Only inside `exclusively`.
   */
  replace(replacement: Replacement, images: ReadonlyMap<string, Buffer> = new Map()): void {
    const { filter, stores, names } = replacement;
    this.flush();
    const gone = this.scopes().filter((key) => matches(filter, key));
    const everything = stores.length === 0 && filter.account === undefined && filter.region === undefined && filter.store === undefined;
    const orphans = everything ? undefined : this.#blobsOf(gone);
    for (const key of gone) {
      const name = keyOf(key);
      for (const listener of this.#closeListeners) listener(key);
      const entry = this.#stores.get(name);
      (entry instanceof WeakRef ? entry.deref() : entry)?.db.retire(`The state of ${name} was reset or restored meanwhile.`);
      this.#stores.delete(name);
      this.#opened.delete(name);
      this.#images.delete(name);
    }
    if (this.ephemeral) {
      for (const [name, image] of images) this.#images.set(name, image);
      this.directory.replace(filter, names, stores);
    } else {
      commitReplacement(this.folder, replacement);
      applyReplacement(this.folder, this.directory);
    }
    if (orphans === undefined) this.#inBackground(this.blobs.clear());
    else this.#inBackground(deleteBlobs(this, this.blobs, orphans, stores, () => this.#closed));
    for (const listener of this.#replaceListeners) listener(filter);
  }

  /**
   * Ids of the blobs that a store's rows name, in batches between which the event loop turns. From `reader` when given, else
   * as they are now.
   */
  async *blobIds(key: StoreKey, reader?: ReaderDatabase): AsyncGenerator<string[]> {
    const definition = this.#definitions.get(key.store);
    if (definition === undefined) throw new Error(`No service has the store ${key.store} of ${key.account} in ${key.region}.`);
    if (definition.blobIds === undefined) return;
    const store = reader === undefined ? this.existing(key) : undefined;
    if (reader === undefined && store === undefined) return;
    if (store !== undefined && this.ephemeral) {
      yield [...definition.blobIds(store.state)];
      return;
    }
    // Another connection, so that it can be read across turns while the store goes on writing.
    using own = store === undefined ? undefined : new ReaderDatabase(store.db.path);
    const state = this.#state(definition, key, (reader ?? own) as ReaderDatabase);
    let batch: string[] = [];
    for (const id of definition.blobIds(state)) {
      batch.push(id);
      if (batch.length < 500) continue;
      yield batch;
      batch = [];
      await new Promise((resolve) => setImmediate(resolve));
    }
    yield batch;
  }

  /** Resolves when blobs that nothing names are gone, as far as that is under way: after an unclean stop, a reset or a restore. */
  async tidied(): Promise<void> {
    while (this.#tidying.size > 0) await Promise.all(this.#tidying);
  }

  /** Commits what is pending in all stores now. */
  flush(): void {
    this.#turn.endAll();
  }

  /** Commits, closes every file and gives the folder back. An ephemeral folder is removed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.flush();
    for (const entry of this.#stores.values()) (entry instanceof WeakRef ? entry.deref() : entry)?.db.retire(stoppedMessage);
    this.#stores.clear();
    this.directory.db.retire(stoppedMessage);
    this.#lock?.release(this.#tidy && this.#tidying.size === 0);
    if (this.ephemeral) rmSync(this.folder, { recursive: true, force: true });
  }

  #define(definition: StoreDefinition<any>): void {
    const known = this.#definitions.get(definition.name);
    if (known !== undefined && known !== definition) throw new Error(`Two stores are called ${definition.name}: services that share one share its definition.`);
    this.#definitions.set(definition.name, definition);
  }

  #exists(key: StoreKey): boolean {
    const name = keyOf(key);
    const entry = this.#stores.get(name);
    if (entry !== undefined && !(entry instanceof WeakRef && entry.deref() === undefined)) return true;
    if (this.ephemeral) return this.#images.has(name);
    assertStoreKey(key);
    return hasDatabase(this.folder, key);
  }

  /** Blobs that rows of these stores name; what cannot be read is left to the sweep of the next start. */
  #blobsOf(keys: readonly StoreKey[]): BlobSet {
    const blobs = new BlobSet();
    for (const key of keys) {
      try {
        const definition = this.#definitions.get(key.store);
        const store = definition?.blobIds === undefined ? undefined : this.existing(key);
        if (store !== undefined) blobs.add((definition as StoreDefinition<unknown>).blobIds?.(store.state) ?? []);
      } catch (error) {
        this.#tidy = false;
        this.#log?.warn("The blobs of a store that goes could not be listed; the next start removes them", { ...key, error: String(error) });
      }
    }
    return blobs;
  }

  #inBackground(work: Promise<unknown>): void {
    const tidying = work
      .catch((error: unknown) => {
        this.#tidy = false;
        this.#log?.warn("Blobs that nothing names could not be removed; the next start tries again", { error: String(error) });
      })
      .finally(() => this.#tidying.delete(tidying));
    this.#tidying.add(tidying);
  }

  #open<S>(definition: StoreDefinition<S>, scope: StoreKey, key: string): OpenStore<S> {
    if (this.#closed) throw new StorageError("closed", stoppedMessage);
    const { store, account, region } = scope;
    assertStoreKey(scope);
    this.#define(definition);

    const path = this.ephemeral ? ":memory:" : databasePath(this.folder, scope);
    if (!this.ephemeral) mkdirSync(dirname(path), { recursive: true });
    const db: SqliteDatabase = new SqliteDatabase({
      path,
      migrations: definition.migrations,
      turn: this.#turn,
      image: this.#images.get(key),
      onOpen: () => this.#noteOpen(key),
    });
    this.#images.delete(key);
    let state: S;
    try {
      state = this.#state(definition, scope, db);
    } catch (error) {
      this.#opened.delete(key);
      db.retire(`The store ${key} could not be opened.`);
      throw error;
    }
    const entry: OpenStore<S> = { store, account, region, state, db, blobs: this.blobs.of(db, definition) };
    // Whoever holds the state holds the database, which holds the entry: there is never a second connection to a file.
    db.owner = entry;
    // What the service holds in memory may tell of what was just undone.
    db.onSettled((committed) => {
      if (!committed && !db.retired) entry.state = this.#state(definition, scope, db);
    });
    this.#stores.set(key, entry);
    for (const listener of this.#openListeners) listener(scope);
    return entry;
  }

  /** What a service makes of a store over a connection. */
  #state<S>(definition: StoreDefinition<S>, { account, region }: StoreKey, db: Database): S {
    const names = this.directory.names(definition.name);
    return definition.open({ account, region, partition: partitionOf(region), db, blobs: this.blobs.of(db, definition), names, clock: this.#clock, ids: this.#ids });
  }

  /** A file was opened: beyond the bound, the first that was not used since the last look is closed. */
  #noteOpen(key: string): void {
    const entry = this.#stores.get(key);
    if (entry instanceof WeakRef) {
      const open = entry.deref();
      if (open !== undefined) this.#stores.set(key, open);
    }
    this.#opened.set(key, { used: false });
    if (this.ephemeral || this.#opened.size <= this.#maxOpen) return;
    const keys = [...this.#opened.keys()];
    let at = this.#hand === undefined ? 0 : Math.max(0, keys.indexOf(this.#hand));
    for (let looked = 0; looked < keys.length * 2; looked++, at = (at + 1) % keys.length) {
      const candidate = keys[at] as string;
      const opened = this.#opened.get(candidate);
      if (candidate === key || opened === undefined) continue;
      if (opened.used) {
        opened.used = false;
        continue;
      }
      const open = this.#stores.get(candidate);
      if (open === undefined || open instanceof WeakRef || !open.db.rest()) continue;
      this.#opened.delete(candidate);
      this.#stores.set(candidate, new WeakRef(open));
      this.#collected.register(open, candidate);
      this.#hand = keys[(at + 1) % keys.length];
      return;
    }
  }
}
