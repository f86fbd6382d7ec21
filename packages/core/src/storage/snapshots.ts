import BetterSqlite3 from "better-sqlite3";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { copyFile, readFile, readdir, rm } from "node:fs/promises";
import { constants } from "node:fs";
import { dirname, join } from "node:path";
import { linkFile } from "./blob-files.ts";
import { databasePath, keyOf, matches, namesIn, type StoreKey } from "./layout.ts";
import type { NameRow } from "./names.ts";
import { ReaderDatabase } from "./reader.ts";
import { stagingFolder } from "./replace.ts";
import type { Storage } from "./storage.ts";

/** A snapshot as its `manifest.json` describes it. */
export interface Snapshot {
  name: string;
  /** Layout of the snapshot's folder. */
  format: number;
  /** Platform time at which it was taken. */
  createdMs: number;
  /** The account it is of; null for all. */
  account: string | null;
  /** Each database with its schema (`user_version`). */
  stores: (StoreKey & { schema: number })[];
  blobs: number;
  /** Bytes of databases and blobs; blobs share theirs with the live state. */
  bytes: number;
}

/** A snapshot that cannot be taken, found or restored, in one sentence for whoever asked. */
export class SnapshotError extends Error {
  override name = "SnapshotError";
}

const format = 1;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * Named copies of the state: of all accounts or of one. A folder each: `state/<account>/<region>/<store>.db`, `blobs/` (hard
 * links), `names.json` and, written last, `manifest.json`. The same for every service.
 */
export class Snapshots {
  readonly #storage: Storage;
  readonly #folder: string;
  readonly #now: () => number;
  /** @param folder where snapshots are kept; in the data folder unless told (and gone with an ephemeral one). */
  constructor(storage: Storage, now: () => number, folder: string = join(storage.folder, "snapshots")) {
    this.#storage = storage;
    this.#now = now;
    this.#folder = folder;
    // What a killed platform left half made or half deleted.
    for (const rest of namesIn(folder).filter((entry) => entry.startsWith("."))) void storage.exclusively(() => rm(join(folder, rest), { recursive: true, force: true }));
  }

  /** All snapshots, oldest first. */
  list(): Snapshot[] {
    return namesIn(this.#folder)
      .filter((name) => namePattern.test(name) && existsSync(this.#manifestPath(name)))
      .map((name) => this.#manifest(name))
      .sort((a, b) => a.createdMs - b.createdMs || (a.name < b.name ? -1 : 1));
  }

  /** @throws SnapshotError */
  find(name: string): Snapshot {
    this.#checkName(name);
    if (!existsSync(this.#manifestPath(name))) throw new SnapshotError(`There is no snapshot ${name}.`);
    return this.#manifest(name);
  }

  /**
   * Takes a snapshot of the state at this moment, of one account or all, while requests go on. What they write meanwhile is
   * not in it.
   *
   * @throws SnapshotError
   */
  create(name: string, account?: string): Promise<Snapshot> {
    return this.#storage.exclusively(async () => {
      this.#checkName(name);
      if (existsSync(join(this.#folder, name))) throw new SnapshotError(`There is a snapshot ${name} already: delete it first, or take another name.`);
      const partial = join(this.#folder, `.${name}.partial`);
      await rm(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      const { blobs } = this.#storage;
      blobs.hold();
      const taken = this.#pin(partial, account);
      try {
        const snapshot: Snapshot = { name, format, createdMs: this.#now(), account: account ?? null, stores: [], blobs: 0, bytes: 0 };
        for (const { key, reader } of taken.stores) {
          const path = databasePath(join(partial, "state"), key);
          if (reader !== undefined) await copyDatabase(reader, path);
          snapshot.stores.push({ ...key, schema: schemaOf(path) });
          snapshot.bytes += statSync(path).size;
          for await (const ids of taken.blobIds.get(keyOf(key)) ?? this.#storage.blobIds(key, reader)) {
            for (const id of ids) {
              const file = blobs.path(id);
              await linkFile(file, blobPath(partial, id));
              snapshot.blobs++;
              snapshot.bytes += statSync(file).size;
            }
          }
        }
        writeFileSync(join(partial, "names.json"), JSON.stringify(taken.names));
        writeFileSync(join(partial, "manifest.json"), `${JSON.stringify(snapshot, undefined, 2)}\n`);
        renameSync(partial, join(this.#folder, name));
        return snapshot;
      } catch (error) {
        await rm(partial, { recursive: true, force: true });
        throw error;
      } finally {
        for (const { reader } of taken.stores) reader?.[Symbol.dispose]();
        await blobs.resume();
      }
    });
  }

  /**
   * Puts a snapshot's state in the place of the present one: all of it, or that of its account. Killed in the middle, the next
   * start has either the old state or the snapshot's. Schemas of older versions are migrated when stores are opened.
   *
   * @throws SnapshotError
   */
  restore(name: string): Promise<Snapshot> {
    return this.#storage.exclusively(async () => {
      const snapshot = this.find(name);
      const folder = join(this.#folder, name);
      const storage = this.#storage;
      if (snapshot.format > format) throw new SnapshotError(`The snapshot ${name} was taken by a newer version of Cumulet.`);
      for (const { store, schema } of snapshot.stores) {
        const definition = storage.definition(store);
        if (definition === undefined) throw new SnapshotError(`The snapshot ${name} has state of a service that this version does not have (${store}).`);
        if (schema > definition.migrations.length) throw new SnapshotError(`The snapshot ${name} was taken by a newer version of Cumulet (${store} has schema ${schema}, this version knows ${definition.migrations.length}).`);
      }
      // A reset may still be deleting blobs that come back here.
      await storage.tidied();
      // Blobs first: until a row names them they are only orphans.
      for (const prefix of await readdir(join(folder, "blobs")).catch(() => [])) {
        for (const id of await readdir(join(folder, "blobs", prefix))) await storage.blobs.adopt(id, blobPath(folder, id));
      }
      const stores = snapshot.stores.map(({ account, region, store }) => ({ account, region, store }));
      const images = new Map<string, Buffer>();
      const staging = storage.ephemeral ? undefined : stagingFolder(storage.folder);
      for (const key of stores) {
        const from = databasePath(join(folder, "state"), key);
        if (staging === undefined) images.set(keyOf(key), await readFile(from));
        else {
          const to = databasePath(staging, key);
          mkdirSync(dirname(to), { recursive: true });
          await copyFile(from, to, constants.COPYFILE_FICLONE);
        }
      }
      const names = JSON.parse(await readFile(join(folder, "names.json"), "utf8")) as NameRow[];
      storage.replace({ filter: snapshot.account === null ? {} : { account: snapshot.account }, stores, names }, images);
      return snapshot;
    });
  }

  /** @throws SnapshotError */
  delete(name: string): Promise<void> {
    return this.#storage.exclusively(async () => {
      this.find(name);
      const gone = join(this.#folder, `.${name}.gone`);
      await rm(gone, { recursive: true, force: true });
      renameSync(join(this.#folder, name), gone);
      await rm(gone, { recursive: true, force: true });
    });
  }

  /**
   * Folder of a snapshot, for reading it whole (export). Its files never change.
   *
   * @throws SnapshotError
   */
  folderOf(name: string): string {
    this.find(name);
    return join(this.#folder, name);
  }

  /**
   * Takes in a snapshot that was exported: `unpack` fills an empty folder, which becomes the snapshot when it is one.
   *
   * @throws SnapshotError
   */
  adopt(name: string, unpack: (folder: string) => Promise<void>): Promise<Snapshot> {
    return this.#storage.exclusively(async () => {
      this.#checkName(name);
      const target = join(this.#folder, name);
      if (existsSync(target)) throw new SnapshotError(`There is a snapshot ${name} already: delete it first, or take another name.`);
      const partial = join(this.#folder, `.${name}.partial`);
      await rm(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      try {
        await unpack(partial);
        const manifest = join(partial, "manifest.json");
        if (!existsSync(manifest)) throw new SnapshotError("This file is not a snapshot of Cumulet.");
        const snapshot = JSON.parse(await readFile(manifest, "utf8")) as Snapshot;
        if (snapshot.format > format) throw new SnapshotError(`The snapshot ${name} was taken by a newer version of Cumulet.`);
        writeFileSync(manifest, `${JSON.stringify({ ...snapshot, name }, undefined, 2)}\n`);
        renameSync(partial, target);
        return this.find(name);
      } finally {
        await rm(partial, { recursive: true, force: true });
      }
    });
  }

  /**
   * Holds on to the state of this moment, all in one turn of the event loop. Files get a reading connection that keeps seeing
   * it; memory is small enough to be copied at once.
   */
  #pin(partial: string, account: string | undefined): { stores: { key: StoreKey; reader: ReaderDatabase | undefined }[]; blobIds: Map<string, string[][]>; names: NameRow[] } {
    const storage = this.#storage;
    const filter = account === undefined ? {} : { account };
    storage.flush();
    const stores: { key: StoreKey; reader: ReaderDatabase | undefined }[] = [];
    const blobIds = new Map<string, string[][]>();
    for (const key of storage.scopes().filter((candidate) => matches(filter, candidate))) {
      const store = storage.existing(key);
      if (store === undefined) throw new SnapshotError(`No service has the store ${key.store} of ${key.account} in ${key.region}.`);
      const path = databasePath(join(partial, "state"), key);
      mkdirSync(dirname(path), { recursive: true });
      if (storage.ephemeral) {
        store.db.native().prepare("VACUUM INTO ?").run(path);
        blobIds.set(keyOf(key), [[...(storage.definition(key.store)?.blobIds?.(store.state) ?? [])]]);
      }
      stores.push({ key, reader: storage.ephemeral ? undefined : new ReaderDatabase(store.db.path) });
    }
    return { stores, blobIds, names: storage.directory.rows(filter) };
  }

  #checkName(name: string): void {
    if (!namePattern.test(name)) throw new SnapshotError("The name of a snapshot has 1 to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or digit.");
  }

  #manifestPath(name: string): string {
    return join(this.#folder, name, "manifest.json");
  }

  #manifest(name: string): Snapshot {
    return { ...(JSON.parse(readFileSync(this.#manifestPath(name), "utf8")) as Snapshot), name };
  }
}

function blobPath(folder: string, id: string): string {
  return join(folder, "blobs", id.slice(0, 2), id);
}

/** Copies what the reader sees, a megabyte a turn, to a file without a log of its own. */
async function copyDatabase(reader: ReaderDatabase, path: string): Promise<void> {
  await reader.native.backup(path, { progress: () => 256 });
  const copy = new BetterSqlite3(path);
  try {
    copy.pragma("journal_mode = DELETE");
  } finally {
    copy.close();
  }
}

function schemaOf(path: string): number {
  const database = new BetterSqlite3(path, { readonly: true });
  try {
    return database.pragma("user_version", { simple: true }) as number;
  } finally {
    database.close();
  }
}
