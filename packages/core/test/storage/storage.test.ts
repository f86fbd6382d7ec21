import BetterSqlite3 from "better-sqlite3";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { defineStore } from "../../src/service.ts";
import { SequentialIds } from "../../src/sequential-ids.ts";
import { openStorage, type Storage, type StorageOptions } from "../../src/storage/storage.ts";
import { TestClock } from "../../src/test-clock.ts";
import { temporaryFolder } from "./folder.ts";

const account = "111122223333";
const other = "444455556666";
const items = defineStore({
  name: "items",
  scope: "regional",
  migrations: ["CREATE TABLE items (id TEXT PRIMARY KEY)"],
  open: ({ db, account, region, partition }) => ({
    scope: { account, region, partition },
    put: db.prepare<unknown, [string]>("INSERT INTO items (id) VALUES (?)"),
    all: db.prepare<{ id: string }, []>("SELECT id FROM items ORDER BY id"),
  }),
});
const users = defineStore({ ...items, name: "users", scope: "global" });

function open(options: Partial<StorageOptions> = {}): Storage {
  const storage = openStorage({ clock: new TestClock(), ids: new SequentialIds(), ...options });
  onTestFinished(() => storage.close());
  return storage;
}

describe.each(["folder", "memory"])("storage in %s", (kind) => {
  const make = (): Storage => open(kind === "folder" ? { folder: temporaryFolder() } : {});

  test("keeps accounts and regions apart", () => {
    const storage = make();
    storage.store(items, account, "us-east-1").put.run("a");
    storage.store(items, account, "eu-west-1").put.run("b");
    storage.store(items, other, "us-east-1").put.run("c");
    expect(storage.store(items, account, "us-east-1").all.all()).toEqual([{ id: "a" }]);
    expect(storage.store(items, account, "eu-west-1").all.all()).toEqual([{ id: "b" }]);
    expect(storage.store(items, other, "us-east-1").all.all()).toEqual([{ id: "c" }]);
    expect(storage.store(items, other, "cn-north-1").scope.partition).toBe("aws-cn");
    expect(storage.store(items, account, "us-east-1")).toBe(storage.store(items, account, "us-east-1"));
    expect(storage.scopes("items")).toHaveLength(4);
    expect(storage.scopes("users")).toEqual([]);
  });

  test("gives a global store one place for all regions", () => {
    const storage = make();
    storage.store(users, account, "us-east-1").put.run("a");
    expect(storage.store(users, account, "eu-west-1").all.all()).toEqual([{ id: "a" }]);
    expect(storage.scopes()).toEqual([{ store: "users", account, region: "global" }]);
  });

  test("tells who opened a store, once", () => {
    const storage = make();
    const seen: string[] = [];
    const listening = storage.onOpen(({ store, region }) => seen.push(`${store} ${region}`));
    storage.store(items, account, "us-east-1");
    storage.store(items, account, "us-east-1");
    storage.store(users, account, "us-east-1");
    listening[Symbol.dispose]();
    storage.store(items, account, "eu-west-1");
    expect(seen).toEqual(["items us-east-1", "users global"]);
  });

  test("lets no text become a path", () => {
    const storage = make();
    for (const bad of ["../..", "..", "", "US-EAST-1", "us-east-1/x", "1", `us-${"a".repeat(60)}`, "us-east-1\0"]) {
      expect(() => storage.store(items, account, bad)).toThrow(RangeError);
    }
    for (const bad of ["../..", "", "11112222333", "1111222233334"]) expect(() => storage.store(items, bad, "us-east-1")).toThrow(RangeError);
    expect(storage.scopes()).toEqual([]);
  });

  test("refuses two stores of one name", () => {
    const storage = make();
    storage.store(items, account, "us-east-1");
    expect(() => storage.store({ ...items }, account, "eu-west-1")).toThrow("Two stores are called items");
  });
});

test("a commit that failed takes along what the service holds in memory", async () => {
  const storage = open();
  const cached = defineStore({
    name: "cached",
    scope: "regional",
    migrations: items.migrations,
    open: (scope) => ({ ...items.open(scope), seen: new Set<string>() }),
  });
  const store = storage.open(cached, account, "us-east-1");
  store.state.put.run("a");
  store.state.seen.add("a");
  // What SQLite does by itself on an I/O error.
  store.db.native().exec("ROLLBACK");
  await expect(store.db.committed()).rejects.toThrow();
  expect(store.state.seen.size).toBe(0);
  expect(store.state.all.all()).toEqual([]);
  store.state.put.run("b");
  await store.db.committed();
  expect(storage.store(cached, account, "us-east-1").all.all()).toEqual([{ id: "b" }]);
});

test("closes the files of stores that rest, and keeps the stores valid", async () => {
  const storage = open({ folder: temporaryFolder(), maxOpen: 3 });
  const region = (index: number): string => `us-east-${index}`;
  const first = storage.open(items, account, region(0));
  first.state.put.run("first");
  await first.db.committed();
  const entries = [first];
  for (let index = 1; index < 10; index++) {
    const entry = storage.open(items, account, region(index));
    entry.state.put.run(`item ${index}`);
    await entry.db.committed();
    entries.push(entry);
  }
  expect(entries.filter((entry) => !entry.db.resting)).toHaveLength(3);
  // One that is in use is never closed, and one that rested works, and is the same.
  expect(storage.open(items, account, region(0))).toBe(first);
  for (const [index, entry] of entries.entries()) {
    entry.state.put.run(`more ${index}`);
    expect(entry.state.all.all()).toHaveLength(2);
  }
  await Promise.all(entries.map((entry) => entry.db.committed()));
  for (const [index, entry] of entries.entries()) expect(storage.open(items, account, region(index))).toBe(entry);
});

test("finds everything again after it was closed", () => {
  const folder = temporaryFolder();
  const first = open({ folder });
  expect(first.unclean).toBe(false);
  first.store(items, account, "us-east-1").put.run("a");
  first.directory.session("items").claim("bucket", "one", { account, region: "us-east-1", data: { x: 1 } });
  first.close();
  expect(readdirSync(join(folder, account, "us-east-1"))).toEqual(["items.db"]);

  const second = open({ folder });
  expect(second.unclean).toBe(false);
  expect(second.scopes()).toEqual([{ store: "items", account, region: "us-east-1" }]);
  expect(second.store(items, account, "us-east-1").all.all()).toEqual([{ id: "a" }]);
  expect(second.directory.find("bucket", "one")).toMatchObject({ account, region: "us-east-1", data: { x: 1 } });
});

test("an ephemeral platform leaves nothing behind", () => {
  const storage = open();
  expect(existsSync(storage.folder)).toBe(true);
  storage.close();
  expect(existsSync(storage.folder)).toBe(false);
});

test("two platforms cannot share a folder", () => {
  const folder = temporaryFolder();
  const first = open({ folder });
  expect(() => open({ folder })).toThrow(`The data folder ${folder} is in use by process ${process.pid}: stop that one, or use another folder.`);
  first.close();
  open({ folder });
});

/** Names as another process sees them: only what is committed. */
function namesOutside(folder: string): string[] {
  const directory = new BetterSqlite3(join(folder, "directory.db"), { readonly: true });
  try {
    return directory.prepare("SELECT name FROM names").pluck().all() as string[];
  } finally {
    directory.close();
  }
}

describe("names", () => {
  const owner = { account, region: "us-east-1" };
  const names = (storage: Storage) => storage.directory.session("items");

  test("belong to whom took them first", () => {
    const storage = open();
    expect(names(storage).claim("bucket", "b", owner)).toBe(true);
    expect(names(storage).claim("bucket", "b", { account: other, region: "us-east-1" })).toBe(false);
    expect(names(storage).claim("bucket", "b", { account, region: "eu-west-1" })).toBe(false);
    expect(names(storage).claim("bucket", "b", owner)).toBe(true);
    expect(names(storage).claim("api", "b", { account: other, region: "us-east-1" })).toBe(true);
    expect(names(storage).find("bucket", "b")).toMatchObject(owner);
    expect(names(storage).find("bucket", "c")).toBeUndefined();
    names(storage).release("bucket", "b");
    expect(names(storage).find("bucket", "b")).toBeUndefined();
    expect(names(storage).claim("bucket", "b", { account: other, region: "us-east-1" })).toBe(true);
  });

  test("are listed by kind and account", () => {
    const storage = open();
    const all = names(storage);
    all.claim("bucket", "b", owner);
    all.claim("bucket", "a", { account: other, region: "eu-west-1", data: [1] });
    all.claim("api", "c", owner);
    expect(all.list("bucket").map(({ name }) => name)).toEqual(["a", "b"]);
    expect(all.list("bucket", other)).toMatchObject([{ name: "a", owner: { account: other, region: "eu-west-1", data: [1] } }]);
  });

  test("are given back by a request that failed", () => {
    const storage = open();
    names(storage).claim("bucket", "kept", { ...owner, data: "old" });
    names(storage).claim("bucket", "released", owner);
    const request = names(storage);
    request.claim("bucket", "new", owner);
    request.update("bucket", "new", { ...owner, data: 2 });
    request.update("bucket", "kept", { ...owner, data: "changed" });
    request.release("bucket", "released");
    request.undo();
    expect(request.find("bucket", "new")).toBeUndefined();
    expect(request.find("bucket", "kept")).toMatchObject({ data: "old" });
    expect(request.find("bucket", "released")).toMatchObject(owner);
  });

  test("undoing takes nothing from a new owner", () => {
    const storage = open();
    names(storage).claim("bucket", "b", owner);
    const request = names(storage);
    request.release("bucket", "b");
    names(storage).claim("bucket", "b", { account: other, region: "us-east-1" });
    request.undo();
    expect(request.find("bucket", "b")).toMatchObject({ account: other });
  });

  test("are committed before, and released after, what stores write in the same turn", async () => {
    const folder = temporaryFolder();
    const storage = open({ folder });
    const store = storage.open(items, account, "us-east-1");
    const seen: string[] = [];
    store.db.onSettled(() => seen.push(`store, with ${namesOutside(folder).join() || "no name"}`));
    // The store writes first, so its commit would come first.
    store.state.put.run("a");
    const request = names(storage);
    request.claim("bucket", "b", owner);
    await Promise.all([request.committed(), store.db.committed()]);

    store.state.put.run("b");
    request.release("bucket", "b");
    expect(request.find("bucket", "b")).toBeUndefined();
    expect(request.list("bucket")).toEqual([]);
    await request.committed();
    expect(seen).toEqual(["store, with b", "store, with b"]);
    expect(namesOutside(folder)).toEqual([]);
  });

  test("that are released and claimed again in a turn stay", async () => {
    const storage = open();
    const request = names(storage);
    request.claim("bucket", "b", owner);
    request.release("bucket", "b");
    expect(request.claim("bucket", "b", { account: other, region: "us-east-1" })).toBe(true);
    await request.committed();
    expect(names(storage).list("bucket")).toMatchObject([{ name: "b", owner: { account: other } }]);
  });

  test("follow the file when its commit fails", async () => {
    const storage = open();
    names(storage).claim("bucket", "kept", owner);
    storage.flush();
    const request = names(storage);
    request.claim("bucket", "lost", owner);
    const waiting = request.committed();
    // What SQLite does by itself on an I/O error.
    storage.directory.db.native().exec("ROLLBACK");
    storage.flush();
    await expect(waiting).rejects.toThrow();
    expect(request.find("bucket", "lost")).toBeUndefined();
    expect(request.find("bucket", "kept")).toMatchObject(owner);
  });
});
