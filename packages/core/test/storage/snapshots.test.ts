import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { RandomIds } from "../../src/random-ids.ts";
import { Snapshots, SnapshotError } from "../../src/storage/snapshots.ts";
import { openStorage, type Storage, type StorageOptions } from "../../src/storage/storage.ts";
import { TestClock } from "../../src/test-clock.ts";
import { temporaryFolder } from "./folder.ts";
import { account, blobCount, describeState, files, other, putFile, users } from "./state.ts";

const clock = new TestClock();

function open(options: Partial<StorageOptions> = {}): { storage: Storage; snapshots: Snapshots } {
  const storage = openStorage({ clock, ids: new RandomIds(), stores: [files, users], ...options });
  onTestFinished(() => storage.close());
  return { storage, snapshots: new Snapshots(storage, () => clock.now()) };
}

async function fill(storage: Storage): Promise<void> {
  await putFile(storage, account, "us-east-1", "a", "one");
  await putFile(storage, account, "eu-west-1", "b", "two");
  await putFile(storage, other, "us-east-1", "c", "three");
  storage.store(users, account, "us-east-1").put.run("alice");
}

async function change(storage: Storage): Promise<void> {
  const store = storage.open(files, account, "us-east-1");
  const old = store.state.all.all()[0];
  await putFile(storage, account, "us-east-1", "a", "changed");
  if (old !== undefined) await store.blobs.delete(old.blob);
  await putFile(storage, account, "ap-south-1", "d", "new");
  await putFile(storage, other, "us-east-1", "e", "new too");
  await putFile(storage, "777788889999", "us-east-1", "f", "of a new account");
  storage.store(users, account, "us-east-1").put.run("bob");
  storage.flush();
}

describe.each(["folder", "memory"])("snapshots in %s", (kind) => {
  const make = () => open(kind === "folder" ? { folder: temporaryFolder() } : {});

  test("bring all state back: rows, blobs and names", async () => {
    const { storage, snapshots } = make();
    await fill(storage);
    const before = await describeState(storage);
    const taken = await snapshots.create("before");
    expect(taken).toMatchObject({ name: "before", format: 1, createdMs: clock.now(), account: null, blobs: 3 });
    expect(taken.stores).toHaveLength(4);
    await change(storage);
    const changed = await describeState(storage);
    expect(changed).not.toEqual(before);
    await snapshots.create("changed");

    await snapshots.restore("before");
    expect(await describeState(storage)).toEqual(before);
    await storage.tidied();
    expect(blobCount(storage)).toBe(3);
    expect(await describeState(storage)).toEqual(before);
    // And forth again, from the snapshot's own blobs.
    await snapshots.restore("changed");
    await storage.tidied();
    expect(await describeState(storage)).toEqual(changed);
    // What is written afterwards is no part of the snapshot.
    await snapshots.restore("before");
    await change(storage);
    await snapshots.restore("before");
    expect(await describeState(storage)).toEqual(before);
  });

  test("of one account leave the others alone", async () => {
    const { storage, snapshots } = make();
    await fill(storage);
    const before = await describeState(storage);
    expect((await snapshots.create("mine", account)).stores.every((key) => key.account === account)).toBe(true);
    await change(storage);
    const changed = await describeState(storage);
    await snapshots.restore("mine");
    const after = await describeState(storage);
    for (const key of Object.keys({ ...before, ...changed, ...after })) {
      if (key === "names") continue;
      expect(after[key], key).toEqual(key.startsWith(account) ? before[key] : changed[key]);
    }
    expect((after.names as string[]).map((name) => name.split(" ")[0])).toEqual(["a", "b", "c", "e", "f"]);
    await storage.tidied();
    expect(await describeState(storage)).toEqual(after);
  });

  test("survive a reset", async () => {
    const { storage, snapshots } = make();
    await fill(storage);
    const before = await describeState(storage);
    await snapshots.create("s");
    await storage.reset();
    await snapshots.restore("s");
    await storage.tidied();
    expect(await describeState(storage)).toEqual(before);
  });

  test("of nothing restore nothing", async () => {
    const { storage, snapshots } = make();
    await snapshots.create("empty");
    await fill(storage);
    await snapshots.restore("empty");
    expect(await describeState(storage)).toEqual({ names: [] });
  });

  test("are listed, found and deleted", async () => {
    const { storage, snapshots } = make();
    await fill(storage);
    expect(snapshots.list()).toEqual([]);
    const one = await snapshots.create("one");
    await clock.advance(1000);
    const two = await snapshots.create("two.2_2-2", other);
    expect(snapshots.list()).toEqual([one, two]);
    expect(snapshots.find("one")).toEqual(one);
    await snapshots.delete("one");
    expect(snapshots.list()).toEqual([two]);
    await expect(snapshots.delete("one")).rejects.toThrow("There is no snapshot one.");
    await expect(snapshots.restore("one")).rejects.toThrow(SnapshotError);
    await expect(snapshots.create("two.2_2-2")).rejects.toThrow("There is a snapshot two.2_2-2 already");
    expect(readdirSync(join(storage.folder, "snapshots"))).toEqual(["two.2_2-2"]);
  });

  test("have names that stay in their folder", async () => {
    const { snapshots } = make();
    for (const bad of ["", ".", "..", "../x", "a/b", ".hidden", "-x", "a".repeat(65), "a b", "a\0"]) {
      await expect(snapshots.create(bad)).rejects.toThrow("The name of a snapshot");
      expect(() => snapshots.find(bad)).toThrow(SnapshotError);
      await expect(snapshots.restore(bad)).rejects.toThrow(SnapshotError);
      await expect(snapshots.delete(bad)).rejects.toThrow(SnapshotError);
    }
  });
});

test("a snapshot is of one moment, though requests go on", async () => {
  const { storage, snapshots } = open({ folder: temporaryFolder() });
  const [one, two] = [storage.open(files, account, "us-east-1"), storage.open(files, other, "us-east-1")];
  // Both stores always hold the same; each round replaces the blob of the last.
  let going = true;
  let round = 0;
  const writer = (async () => {
    while (going) {
      round++;
      const old = [one.state.all.all()[0], two.state.all.all()[0]];
      const written = [await one.blobs.write([Buffer.from(`round ${round}`)]), await two.blobs.write([Buffer.from(`round ${round}`)])];
      one.state.put.run("f", written[0]!.id);
      two.state.put.run("f", written[1]!.id);
      await Promise.all([one.db.committed(), two.db.committed()]);
      if (old[0] !== undefined) await one.blobs.delete(old[0].blob);
      if (old[1] !== undefined) await two.blobs.delete(old[1].blob);
    }
  })();
  const filler = Buffer.alloc(2000).toString("hex");
  for (let index = 0; index < 2000; index++) two.state.put.run(`filler ${index}`, `${index.toString(16).padStart(32, "0")}`);
  two.db.exec(`CREATE TABLE more (x TEXT)`);
  two.db.prepare("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO more SELECT ? FROM n").run(filler);
  two.state.all.all().filter(({ name }) => name.startsWith("filler")).forEach(({ name }) => two.state.remove.run(name));
  for (const name of ["s1", "s2", "s3"]) await snapshots.create(name);
  const least = round;
  going = false;
  await writer;
  expect(least).toBeGreaterThan(0);
  for (const name of ["s1", "s2", "s3"]) {
    await snapshots.restore(name);
    const state = await describeState(storage);
    expect(state[`${account} us-east-1 files`]).toEqual(state[`${other} us-east-1 files`]);
  }
});

test("an older schema is migrated when its store is opened, a newer one refused", async () => {
  const folder = temporaryFolder();
  const first = open({ folder });
  await fill(first.storage);
  await first.snapshots.create("old");
  first.storage.close();
  const newer = { ...users, migrations: [...users.migrations, "ALTER TABLE users ADD COLUMN age INTEGER DEFAULT 7"] };
  const second = open({ folder, stores: [files, newer] });
  await second.snapshots.restore("old");
  expect(second.storage.open(newer, account, "us-east-1").db.prepare("SELECT * FROM users").all()).toEqual([{ name: "alice", age: 7 }]);
  await second.snapshots.create("new");
  second.storage.close();

  const third = open({ folder, stores: [files, newer] });
  await third.snapshots.restore("old");
  third.storage.close();
  const fourth = open({ folder });
  await expect(fourth.snapshots.restore("new")).rejects.toThrow("users has schema 2, this version knows 1");
  fourth.storage.close();
  const fifth = open({ folder, stores: [users] });
  await expect(fifth.snapshots.restore("old")).rejects.toThrow("a service that this version does not have (files)");
  const manifest = join(folder, "snapshots", "old", "manifest.json");
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace('"format": 1', '"format": 2'));
  await expect(fifth.snapshots.restore("old")).rejects.toThrow("taken by a newer version");
});

test("a snapshot of a folder starts an ephemeral platform, and the other way round", async () => {
  const kept = temporaryFolder();
  const folder = open({ folder: temporaryFolder() }).storage;
  await fill(folder);
  const before = await describeState(folder);
  await new Snapshots(folder, () => 1, kept).create("s");
  const memory = open().storage;
  const inMemory = new Snapshots(memory, () => 2, kept);
  await inMemory.restore("s");
  expect(await describeState(memory)).toEqual(before);
  await change(memory);
  const changed = await describeState(memory);
  await inMemory.create("t");
  const back = open({ folder: temporaryFolder() }).storage;
  await new Snapshots(back, () => 3, kept).restore("t");
  expect(await describeState(back)).toEqual(changed);
});

test("blobs of a snapshot take no space of their own", async () => {
  const { storage, snapshots } = open({ folder: temporaryFolder() });
  await putFile(storage, account, "us-east-1", "a", "x".repeat(100_000));
  const { bytes } = await snapshots.create("s");
  expect(bytes).toBeGreaterThan(100_000);
  const row = storage.store(files, account, "us-east-1").all.all()[0];
  expect(statSync(storage.blobs.path(row?.blob ?? "")).nlink).toBe(2);
});

test("what a killed platform left half made is no snapshot, and goes", async () => {
  const folder = temporaryFolder();
  const first = open({ folder });
  await fill(first.storage);
  await first.snapshots.create("s");
  renameSync(join(folder, "snapshots", "s"), join(folder, "snapshots", ".s.partial"));
  first.storage.close();
  const second = open({ folder });
  expect(second.snapshots.list()).toEqual([]);
  await second.storage.exclusively(() => {});
  expect(readdirSync(join(folder, "snapshots"))).toEqual([]);
});

test("kill -9 in the middle of restores leaves one state or the other, whole", { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const first = open({ folder });
  for (const version of ["old", "new"]) {
    await first.storage.reset();
    for (const at of [account, other]) for (let index = 0; index < 5; index++) await putFile(first.storage, at, "us-east-1", `${version} ${index} ${at}`, version);
    await first.snapshots.create(version);
  }
  first.storage.close();
  const states = new Map<string, unknown>();
  const seen = new Set<string>();
  for (let round = 0; round < 6; round++) {
    const restorer = spawn(process.execPath, [join(import.meta.dirname, "crash/restorer.ts"), folder], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void restorer.kill("SIGKILL"));
    let lines = 0;
    for await (const _line of createInterface({ input: restorer.stdout })) {
      // Somewhere in the next restore, each time elsewhere.
      if (++lines === 2) setImmediate(() => setImmediate(() => restorer.kill("SIGKILL")));
    }
    if (restorer.signalCode === null && restorer.exitCode === null) await once(restorer, "exit");
    expect(restorer.signalCode).toBe("SIGKILL");

    const { storage } = open({ folder });
    const state = await describeState(storage);
    const version = Object.values(state[`${account} us-east-1 files`] as object)[0] as string;
    seen.add(version);
    if (states.has(version)) expect(state).toEqual(states.get(version));
    states.set(version, state);
    for (const key of Object.keys(state)) {
      if (key === "names") expect(state.names).toHaveLength(10);
      else expect(Object.values(state[key] as object)).toEqual(Array.from({ length: 5 }, () => version));
    }
    expect(existsSync(join(folder, "restore"))).toBe(false);
    storage.close();
  }
  expect(seen.size).toBeGreaterThan(0);
});
