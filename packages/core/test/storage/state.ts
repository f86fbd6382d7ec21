import { readdirSync } from "node:fs";
import { defineStore } from "../../src/service.ts";
import type { Storage } from "../../src/storage/storage.ts";

export const account = "111122223333";
export const other = "444455556666";

/** A store with rows, blobs and names. */
export const files = defineStore({
  name: "files",
  scope: "regional",
  migrations: ["CREATE TABLE files (name TEXT PRIMARY KEY, blob TEXT NOT NULL)"],
  open: ({ db }) => ({
    put: db.prepare<unknown, [string, string]>("INSERT OR REPLACE INTO files (name, blob) VALUES (?, ?)"),
    all: db.prepare<{ name: string; blob: string }, []>("SELECT name, blob FROM files ORDER BY name"),
    remove: db.prepare<unknown, [string]>("DELETE FROM files WHERE name = ?"),
    blobIds: db.prepare<{ blob: string }, []>("SELECT blob FROM files"),
  }),
  *blobIds(store) {
    for (const { blob } of store.blobIds.iterate()) yield blob;
  },
});

/** A store of another service, without blobs. */
export const users = defineStore({
  name: "users",
  scope: "global",
  migrations: ["CREATE TABLE users (name TEXT PRIMARY KEY)"],
  open: ({ db }) => ({
    put: db.prepare<unknown, [string]>("INSERT INTO users (name) VALUES (?)"),
    all: db.prepare<{ name: string }, []>("SELECT name FROM users ORDER BY name"),
  }),
});

/** Writes a file: its blob, its row and a name for it. */
export async function putFile(storage: Storage, at: string, region: string, name: string, content: string): Promise<void> {
  const store = storage.open(files, at, region);
  const { id } = await store.blobs.write([Buffer.from(content)]);
  store.state.put.run(name, id);
  storage.directory.session("files").claim("file", name, { account: at, region });
  await store.db.committed();
}

/** Everything that can be seen of the state: files with their content, users, names. */
export async function describeState(storage: Storage): Promise<{ [key: string]: unknown }> {
  const state: { [key: string]: unknown } = {};
  for (const key of storage.scopes().sort((a, b) => (`${a.account}${a.region}${a.store}` < `${b.account}${b.region}${b.store}` ? -1 : 1))) {
    const label = `${key.account} ${key.region} ${key.store}`;
    if (key.store === "users") state[label] = storage.store(users, key.account, key.region).all.all().map(({ name }) => name);
    else {
      const content: { [name: string]: string } = {};
      for (const { name, blob } of storage.store(files, key.account, key.region).all.all()) content[name] = (await storage.blobs.readAll(blob)).toString();
      state[label] = content;
    }
  }
  state.names = storage.directory.list("file").map(({ name, owner }) => `${name} ${owner.account} ${owner.region}`);
  return state;
}

export function blobCount(storage: Storage): number {
  return readdirSync(storage.blobs.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
}
