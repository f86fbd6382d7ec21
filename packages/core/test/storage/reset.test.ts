import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { RandomIds } from "../../src/random-ids.ts";
import { commitReplacement, stagingFolder } from "../../src/storage/replace.ts";
import { openStorage, type Storage, type StorageOptions } from "../../src/storage/storage.ts";
import { TestClock } from "../../src/test-clock.ts";
import { temporaryFolder } from "./folder.ts";
import { account, blobCount, describeState, files, other, putFile, users } from "./state.ts";

function open(options: Partial<StorageOptions> = {}): Storage {
  const storage = openStorage({ clock: new TestClock(), ids: new RandomIds(), stores: [files, users], ...options });
  onTestFinished(() => storage.close());
  return storage;
}

async function fill(storage: Storage): Promise<void> {
  await putFile(storage, account, "us-east-1", "a", "one");
  await putFile(storage, account, "eu-west-1", "b", "two");
  await putFile(storage, other, "us-east-1", "c", "three");
  const { state, db } = storage.open(users, account, "us-east-1");
  state.put.run("alice");
  await db.committed();
}

describe.each(["folder", "memory"])("a reset in %s", (kind) => {
  const make = (): Storage => open(kind === "folder" ? { folder: temporaryFolder() } : {});

  test("forgets everything", async () => {
    const storage = make();
    await fill(storage);
    await storage.reset();
    expect(storage.scopes()).toEqual([]);
    expect(await describeState(storage)).toEqual({ names: [] });
    await storage.tidied();
    expect(blobCount(storage)).toBe(0);
    await fill(storage);
    expect(Object.keys(await describeState(storage))).toHaveLength(5);
  });

  test.each([
    ["an account", { account }, [`${other} us-east-1 files`], ["c"]],
    ["an account and region", { account, region: "us-east-1" }, [`${account} eu-west-1 files`, `${account} global users`, `${other} us-east-1 files`], ["b", "c"]],
    ["a region", { region: "us-east-1" }, [`${account} eu-west-1 files`, `${account} global users`], ["b"]],
    ["a service", { store: "files" }, [`${account} global users`], []],
    ["a service of an account", { account, store: "users" }, [`${account} eu-west-1 files`, `${account} us-east-1 files`, `${other} us-east-1 files`], ["a", "b", "c"]],
  ])("forgets %s and nothing else", async (_name, filter, left, names) => {
    const storage = make();
    await fill(storage);
    const before = await describeState(storage);
    await storage.reset(filter);
    const after = await describeState(storage);
    expect(Object.keys(after)).toEqual([...left, "names"]);
    for (const key of left) expect(after[key]).toEqual(before[key]);
    expect((after.names as string[]).map((name) => name.split(" ")[0])).toEqual(names);
    await storage.tidied();
    expect(blobCount(storage)).toBe(names.length);
  });

  test("ends what requests under way do to the old state, and only that", async () => {
    const storage = make();
    await fill(storage);
    const old = storage.open(files, account, "us-east-1");
    old.state.remove.run("a");
    const waiting = old.db.committed();
    await storage.reset({ account });
    await waiting;
    expect(() => old.state.put.run("late", "x")).toThrow(expect.objectContaining({ reason: "closed" }));
    const renewed = storage.open(files, account, "us-east-1");
    expect(renewed).not.toBe(old);
    expect(renewed.state.all.all()).toEqual([]);
    expect(() => old.state.all.all()).toThrow("was reset or restored meanwhile");
  });

  test("tells those who keep something about stores", async () => {
    const storage = make();
    await fill(storage);
    const seen: string[] = [];
    storage.onClose(({ store, region }) => seen.push(`close ${store} ${region}`));
    storage.onReplace((filter) => seen.push(`replace ${JSON.stringify(filter)}`));
    storage.onOpen(({ store, region }) => seen.push(`open ${store} ${region}`));
    await storage.reset({ account, store: "files" });
    storage.store(files, account, "us-east-1");
    expect(seen.slice(0, 2).sort()).toEqual(["close files eu-west-1", "close files us-east-1"]);
    expect(seen.slice(2)).toEqual([`replace {"account":"${account}","store":"files"}`, "open files us-east-1"]);
  });

  test("of nothing is nothing", async () => {
    const storage = make();
    await storage.reset();
    await storage.reset({ account });
    expect(storage.scopes()).toEqual([]);
  });
});

describe("a reset that was killed", () => {
  test("before it held leaves the old state", async () => {
    const folder = temporaryFolder();
    const first = open({ folder });
    await fill(first);
    const before = await describeState(first);
    stagingFolder(folder);
    first.close();
    expect(await describeState(open({ folder }))).toEqual(before);
  });

  test("after it held is finished by the next start", async () => {
    const folder = temporaryFolder();
    const first = open({ folder });
    await fill(first);
    first.close();
    stagingFolder(folder);
    commitReplacement(folder, { filter: { account }, stores: [], names: [] });
    const second = open({ folder });
    expect(await describeState(second)).toEqual({ [`${other} us-east-1 files`]: { c: "three" }, names: [`c ${other} us-east-1`] });
  });
});

describe("the sweep", () => {
  /** A folder whose platform was killed, with an orphan in it. */
  async function killed(): Promise<string> {
    const folder = temporaryFolder();
    const first = open({ folder });
    await fill(first);
    await first.blobs.write([Buffer.from("written, but its row never was")]);
    first.close();
    // What a killed platform leaves.
    writeFileSync(join(folder, "pid"), "1\n");
    return folder;
  }

  test("after an unclean stop removes blobs that no row names, and no other file", async () => {
    const folder = await killed();
    mkdirSync(join(folder, "blobs", "zz"));
    writeFileSync(join(folder, "blobs", "zz", "readme.txt"), "not ours");
    const storage = open({ folder });
    expect(storage.unclean).toBe(true);
    // Written while the sweep is under way, its row later than the sweep reads.
    const { id } = await storage.open(files, account, "us-east-1").blobs.write([Buffer.from("new")]);
    await storage.tidied();
    storage.open(files, account, "us-east-1").state.put.run("new", id);
    expect(await describeState(storage)).toMatchObject({ [`${account} us-east-1 files`]: { a: "one", new: "new" }, [`${other} us-east-1 files`]: { c: "three" } });
    expect(blobCount(storage)).toBe(5);
    storage.close();
    expect(open({ folder }).unclean).toBe(false);
  });

  test("does not run after a clean stop", async () => {
    const folder = temporaryFolder();
    const first = open({ folder });
    await first.blobs.write([Buffer.from("orphan")]);
    first.close();
    const second = open({ folder });
    await second.tidied();
    expect(blobCount(second)).toBe(1);
  });

  test("removes nothing when a store's blobs cannot be known, and tries again at the next start", async () => {
    const folder = await killed();
    const without = open({ folder, stores: [users] });
    await without.tidied();
    expect(blobCount(without)).toBe(4);
    without.close();
    const complete = open({ folder });
    expect(complete.unclean).toBe(true);
    await complete.tidied();
    expect(blobCount(complete)).toBe(3);
  });

  test("left unfinished by a stop is done by the next start", async () => {
    const folder = await killed();
    open({ folder }).close();
    const storage = open({ folder });
    expect(storage.unclean).toBe(true);
    await storage.tidied();
    expect(blobCount(storage)).toBe(3);
  });
});

test("a store that writes blobs must say which are its own", async () => {
  const storage = open({ stores: [] });
  await expect(storage.open(users, account, "us-east-1").blobs.write([Buffer.from("x")])).rejects.toThrow("must declare blobIds");
});
