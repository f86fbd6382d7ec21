import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { Ids } from "../ids.ts";
import type { StoreDefinition } from "../service.ts";
import { BlobFiles } from "./blob-files.ts";
import type { Blobs } from "./blobs.ts";
import { lockFolder, type FolderLock } from "./lock.ts";
import { Directory } from "./names.ts";
import { SqliteDatabase } from "./sqlite.ts";
import { Turn } from "./turn.ts";

export interface StorageOptions {
  /** Where state lives. Made when it does not exist. Without one the platform is ephemeral. */
  folder?: string;
  clock: Clock;
  ids: Ids;
  /** Every store that the platform may have, for what opens stores by name: undelivered events, sweeps, snapshots. */
  stores?: readonly StoreDefinition<any>[];
  /** Files of databases held open at most; those longest unused are closed until their next use. */
  maxOpen?: number;
}

/** One account, region (`global` for a global store) and store name. */
export interface StoreKey {
  account: string;
  region: string;
  store: string;
}

/** A store that is open: what a service made of it, and what the platform needs to commit and to collect its blobs. */
export interface OpenStore<S> extends StoreKey {
  state: S;
  db: SqliteDatabase;
  /** Deletes follow the store's commits. */
  blobs: Blobs;
}

const accountPattern = /^\d{12}$/;
const regionPattern = /^[a-z]{2,4}(-[a-z0-9]{1,12}){1,5}$/;
const storePattern = /^[a-z][a-z0-9-]{0,30}$/;

/** Whether a region may name a folder: it comes from a credential scope, so from anybody. */
export function isRegionName(region: string): boolean {
  return regionPattern.test(region);
}

/** The partition of a region. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return "aws";
}

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
  #closed = false;

  constructor(options: StorageOptions) {
    this.ephemeral = options.folder === undefined;
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), "cumulet-"));
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#maxOpen = options.maxOpen ?? 128;
    for (const definition of options.stores ?? []) this.#define(definition);
    mkdirSync(this.folder, { recursive: true });
    this.#lock = this.ephemeral ? undefined : lockFolder(this.folder);
    this.unclean = this.#lock?.unclean ?? false;
    try {
      this.directory = new Directory(this.ephemeral ? ":memory:" : join(this.folder, "directory.db"), this.#turn);
      this.blobs = new BlobFiles(join(this.folder, "blobs"), options.ids);
    } catch (error) {
      this.#lock?.release();
      throw error;
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
    for (const account of this.ephemeral ? [] : namesIn(this.folder)) {
      if (!accountPattern.test(account)) continue;
      for (const region of namesIn(join(this.folder, account))) {
        for (const file of namesIn(join(this.folder, account, region))) {
          if (!file.endsWith(".db")) continue;
          const name = file.slice(0, -3);
          keys.set(`${name}/${account}/${region}`, { store: name, account, region });
        }
      }
    }
    const all = [...keys.values()];
    return store === undefined ? all : all.filter((key) => key.store === store);
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

  /** Commits what is pending in all stores now. */
  flush(): void {
    this.#turn.end();
  }

  /** Commits, closes every file and gives the folder back. An ephemeral folder is removed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.flush();
    for (const entry of this.#stores.values()) (entry instanceof WeakRef ? entry.deref() : entry)?.db.retire("The platform has stopped.");
    this.#stores.clear();
    this.directory.db.retire("The platform has stopped.");
    this.#lock?.release();
    if (this.ephemeral) rmSync(this.folder, { recursive: true, force: true });
  }

  #define(definition: StoreDefinition<any>): void {
    const known = this.#definitions.get(definition.name);
    if (known !== undefined && known !== definition) throw new Error(`Two stores are called ${definition.name}: services that share one share its definition.`);
    if (!storePattern.test(definition.name)) throw new RangeError(`Not the name of a store: ${JSON.stringify(definition.name)}.`);
    this.#definitions.set(definition.name, definition);
  }

  #exists({ store, account, region }: StoreKey): boolean {
    const entry = this.#stores.get(`${store}/${account}/${region}`);
    if (entry !== undefined && !(entry instanceof WeakRef && entry.deref() === undefined)) return true;
    if (this.ephemeral || !accountPattern.test(account) || (region !== "global" && !regionPattern.test(region))) return false;
    return existsSync(join(this.folder, account, region, `${store}.db`));
  }

  #open<S>(definition: StoreDefinition<S>, scope: StoreKey, key: string): OpenStore<S> {
    const { store, account, region } = scope;
    // The last guard before untrusted text becomes a path; the pipeline has answered in AWS's words before this.
    if (!accountPattern.test(account)) throw new RangeError(`Not an account: ${JSON.stringify(account)}.`);
    if (region !== "global" && !regionPattern.test(region)) throw new RangeError(`Not a region: ${JSON.stringify(region)}.`);
    this.#define(definition);

    if (!this.ephemeral) mkdirSync(join(this.folder, account, region), { recursive: true });
    const db: SqliteDatabase = new SqliteDatabase({
      path: this.ephemeral ? ":memory:" : join(this.folder, account, region, `${store}.db`),
      migrations: definition.migrations,
      turn: this.#turn,
      onOpen: () => this.#noteOpen(key),
    });
    const blobs = this.blobs.of(db);
    const names = this.directory.names(store);
    let state: S;
    try {
      state = definition.open({ account, region, partition: partitionOf(region), db, blobs, names, clock: this.#clock, ids: this.#ids });
    } catch (error) {
      this.#opened.delete(key);
      db.retire(`The store ${key} could not be opened.`);
      throw error;
    }
    const entry: OpenStore<S> = { store, account, region, state, db, blobs };
    // Whoever holds the state holds the database, which holds the entry: there is never a second connection to a file.
    db.owner = entry;
    this.#stores.set(key, entry);
    for (const listener of this.#openListeners) listener(scope);
    return entry;
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

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
