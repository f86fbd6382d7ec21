import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { RandomIds } from "../../src/random-ids.ts";
import { BlobFiles } from "../../src/storage/blob-files.ts";
import { SqliteDatabase } from "../../src/storage/sqlite.ts";
import { Turn } from "../../src/storage/turn.ts";
import { temporaryFolder } from "./folder.ts";

const make = (): BlobFiles => new BlobFiles(join(temporaryFolder(), "blobs"), new RandomIds());
const bytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) & 0xff));
const files = (blobs: BlobFiles): string[] => readdirSync(blobs.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name);
const sha = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

function* slices(content: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

describe.each([0, 1, 100_000, 128 * 1024, 128 * 1024 + 1, 3_000_000])("a blob of %i bytes", (size) => {
  const content = bytes(size);

  test.each([
    ["an array", () => [content]],
    ["an array of slices", () => [...slices(content, 60_000)]],
    ["a generator", () => slices(content, 60_000)],
    ["a stream", () => Readable.from(slices(content, 60_000), { objectMode: false })],
    [
      "an async generator",
      async function* () {
        yield* slices(content, 60_000);
      },
    ],
  ])("is written from %s and read back", async (_name, source) => {
    const blobs = make();
    const { id, size: written } = await blobs.write((source as () => Readable)());
    expect(written).toBe(size);
    expect(await blobs.size(id)).toBe(size);
    expect(sha(await blobs.readAll(id))).toBe(sha(content));
    expect(sha(await buffer(blobs.read(id)))).toBe(sha(content));
    expect(sha(readFileSync(blobs.path(id)))).toBe(sha(content));
    expect(files(blobs)).toEqual([id]);
  });
});

test("ranges are inclusive and end with the blob", async () => {
  const blobs = make();
  const content = bytes(300_000);
  const { id } = await blobs.write([content]);
  expect(await buffer(blobs.read(id, { start: 0, end: 0 }))).toEqual(content.subarray(0, 1));
  expect(await buffer(blobs.read(id, { start: 100, end: 199_999 }))).toEqual(content.subarray(100, 200_000));
  expect(await buffer(blobs.read(id, { start: 299_990, end: 10_000_000 }))).toEqual(content.subarray(299_990));
  expect(await buffer(blobs.read(id, { start: 300_000, end: 300_001 }))).toHaveLength(0);
});

test("nothing remains of a source that fails, early or late", async () => {
  const blobs = make();
  for (const before of [0, 1, 40]) {
    async function* broken() {
      for (let index = 0; index < before; index++) yield bytes(60_000);
      throw new Error("the client went away");
    }
    await expect(blobs.write(broken())).rejects.toThrow("the client went away");
    expect(files(blobs)).toEqual([]);
  }
});

test("a blob that is being read may be deleted", async () => {
  const blobs = make();
  const content = bytes(400_000);
  const { id } = await blobs.write([content]);
  const stream = blobs.read(id);
  await blobs.delete(id);
  expect(files(blobs)).toEqual([]);
  expect(sha(await buffer(stream))).toBe(sha(content));
  await blobs.delete(id);
});

test("linking shares the bytes, not the fate", async () => {
  const blobs = make();
  const { id } = await blobs.write([bytes(10)]);
  const copy = await blobs.link(id);
  expect(copy).not.toBe(id);
  await blobs.delete(id);
  expect(await blobs.readAll(copy)).toEqual(bytes(10));
  await expect(blobs.link(id)).rejects.toMatchObject({ reason: "missing" });
});

test("joins blobs in order, whatever their sizes", async () => {
  const blobs = make();
  const parts = [bytes(2_500_000), bytes(0), bytes(7), bytes(1_000_000)];
  const ids: string[] = [];
  for (const part of parts) ids.push((await blobs.write([part])).id);
  const joined = await blobs.concat(ids);
  expect(joined.size).toBe(3_500_007);
  expect(sha(await blobs.readAll(joined.id))).toBe(sha(Buffer.concat(parts)));
  expect(await blobs.concat([])).toMatchObject({ size: 0 });
  // The parts are as they were.
  expect(sha(await blobs.readAll(ids[0] as string))).toBe(sha(parts[0] as Buffer));
  const before = files(blobs).length;
  await expect(blobs.concat([ids[0] as string, "0".repeat(32)])).rejects.toMatchObject({ reason: "missing" });
  expect(files(blobs)).toHaveLength(before);
});

test("an id cannot name another file", async () => {
  const blobs = make();
  for (const id of ["../../../etc/passwd", "..", "", "ab/cd", `${"a".repeat(31)}/`, "A".repeat(32), `${"a".repeat(32)}\n`]) {
    expect(() => blobs.path(id)).toThrow("Not the id of a blob");
    expect(() => blobs.read(id)).toThrow("Not the id of a blob");
    await expect(blobs.readAll(id)).rejects.toMatchObject({ reason: "missing" });
    await expect(blobs.delete(id)).rejects.toMatchObject({ reason: "missing" });
  }
  expect(() => blobs.read("0".repeat(32))).toThrow("There is no blob");
});

test("what a store deletes stays until its removal is committed, and for good when that fails", async () => {
  const turn = new Turn();
  const db = new SqliteDatabase({ path: ":memory:", migrations: ["CREATE TABLE rows (id INTEGER PRIMARY KEY REFERENCES rows (id) DEFERRABLE INITIALLY DEFERRED)"], turn });
  const all = make();
  const blobs = all.of(db, { name: "rows", blobIds: () => [] });
  const first = await blobs.write([bytes(3)]);
  const second = await blobs.write([bytes(4)]);
  const insert = db.prepare<unknown, [number]>("INSERT INTO rows (id) VALUES (?)");

  insert.run(1);
  const deleted = blobs.delete(first.id);
  expect(files(all)).toHaveLength(2);
  turn.end();
  await deleted;
  expect(files(all)).toEqual([second.id]);

  db.native().pragma("max_page_count = 1");
  insert.run(2);
  const kept = blobs.delete(second.id);
  // What SQLite does by itself on an I/O error.
  db.native().exec("ROLLBACK");
  turn.end();
  await kept;
  expect(files(all)).toEqual([second.id]);
  db.retire("test over");
});

test("deletes wait while a snapshot is taken", async () => {
  const blobs = make();
  const { id } = await blobs.write([bytes(3)]);
  blobs.hold();
  await blobs.delete(id);
  expect(files(blobs)).toEqual([id]);
  await blobs.resume();
  expect(files(blobs)).toEqual([]);
});
