// How much the group commit and the ways of writing blobs gain, as ratios taken in one run: node packages/core/bench/storage/run.ts
import BetterSqlite3 from "better-sqlite3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RandomIds } from "../../src/random-ids.ts";
import { BlobFiles } from "../../src/storage/blob-files.ts";
import { SqliteDatabase } from "../../src/storage/sqlite.ts";
import { Turn } from "../../src/storage/turn.ts";

const folder = mkdtempSync(join(tmpdir(), "cumulet-bench-"));
const schema = "CREATE TABLE items (id BLOB PRIMARY KEY, value TEXT) WITHOUT ROWID";
const rounds = 5;
const value = "x".repeat(200);
const keys = Array.from({ length: 20_000 }, (_, index) => Buffer.from(`key ${(index * 7919) % 20_000}`));

type Case = [name: string, times: number, run: () => void | Promise<void>];

/** Medians of runs that take turns, so that a slow moment of the machine hits all alike. */
async function compare(title: string, unit: string, cases: Case[]): Promise<void> {
  const rates = cases.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, [, times, run]] of cases.entries()) {
      const began = process.hrtime.bigint();
      await run();
      // The first round warms up.
      if (round > 0) rates[index]?.push(times / (Number(process.hrtime.bigint() - began) / 1e9));
    }
  }
  const medians = rates.map((all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] as number);
  process.stdout.write(`\n${title}\n`);
  for (const [index, [name]] of cases.entries()) {
    const rate = medians[index] as number;
    process.stdout.write(`  ${name.padEnd(52)} ${(rate / (medians[0] as number)).toFixed(2).padStart(6)}x  ${Math.round(rate).toLocaleString("en").padStart(10)} ${unit}/s\n`);
  }
}

function nativeDatabase(name: string, synchronous: string): BetterSqlite3.Database {
  const database = new BetterSqlite3(join(folder, name));
  database.pragma("journal_mode = WAL");
  database.pragma(`synchronous = ${synchronous}`);
  database.exec(schema);
  return database;
}

const put = "INSERT OR REPLACE INTO items (id, value) VALUES (?, ?)";
const plain = nativeDatabase("native.db", "NORMAL");
const native = plain.prepare(put);
const synced = nativeDatabase("synced.db", "FULL").prepare(put);
const database = new SqliteDatabase({ path: join(folder, "group.db"), migrations: [schema], turn: new Turn() });
const grouped = database.prepare<unknown, [Buffer, string]>(put);
const read = database.prepare<{ value: string }, [Buffer]>("SELECT value FROM items WHERE id = ?");

let next = 0;
const key = (): Buffer => keys[next++ % keys.length] as Buffer;
const group = (size: number): Case => [
  `group commit, ${size} requests a turn`,
  4096,
  async () => {
    for (let done = 0; done < 4096; done += size) {
      for (let index = 0; index < size; index++) database.transaction(() => grouped.run(key(), value));
      await database.committed();
    }
  },
];
await compare("Puts of 200 bytes", "puts", [
  ["a commit each (WAL, synchronous=NORMAL)", 4096, () => void Array.from({ length: 4096 }, () => native.run(key(), value))],
  ["a commit each (WAL, synchronous=FULL)", 256, () => void Array.from({ length: 256 }, () => synced.run(key(), value))],
  ...[1, 4, 16, 64].map(group),
]);

/** What a request of a real service writes: an item, its index entries, a stream record. */
const statements = ["a", "b", "c", "d"].map((name) => `CREATE TABLE ${name} (id BLOB PRIMARY KEY, value TEXT) WITHOUT ROWID`);
const nativeFour = nativeDatabase("native4.db", "NORMAL");
for (const sql of statements) nativeFour.exec(sql);
const nativePuts = ["a", "b", "c", "d"].map((name) => nativeFour.prepare(`INSERT OR REPLACE INTO ${name} (id, value) VALUES (?, ?)`));
const four = new SqliteDatabase({ path: join(folder, "group4.db"), migrations: statements, turn: new Turn() });
const fourPuts = ["a", "b", "c", "d"].map((name) => four.prepare<unknown, [Buffer, string]>(`INSERT OR REPLACE INTO ${name} (id, value) VALUES (?, ?)`));
await compare("Requests of four writes", "requests", [
  ["a transaction each", 2048, () => {
    for (let done = 0; done < 2048; done++) {
      nativeFour.exec("BEGIN");
      for (const statement of nativePuts) statement.run(key(), value);
      nativeFour.exec("COMMIT");
    }
  }],
  ...[1, 16, 64].map((size): Case => [
    `group commit, ${size} requests a turn`,
    2048,
    async () => {
      for (let done = 0; done < 2048; done += size) {
        for (let index = 0; index < size; index++) {
          four.transaction(() => {
            for (const statement of fourPuts) statement.run(key(), value);
          });
        }
        await four.committed();
      }
    },
  ]),
]);

const nativeRead = plain.prepare("SELECT value FROM items WHERE id = ?");
await compare("Reads", "reads", [
  ["better-sqlite3", 8192, () => void Array.from({ length: 8192 }, () => nativeRead.get(key()))],
  ["a statement of ours", 8192, () => void Array.from({ length: 8192 }, () => read.get(key()))],
  ["inside transaction(fn)", 8192, () => void Array.from({ length: 8192 }, () => database.transaction(() => read.get(key())))],
]);

const blobs = new BlobFiles(join(folder, "blobs"), new RandomIds());
const small = [Buffer.alloc(20_000)];
const { id: smallId } = await blobs.write(small);
const large = Buffer.alloc(1024 * 1024);
const { id: largeId } = await blobs.write(Array.from({ length: 32 }, () => large));
const drain = async (id: string): Promise<void> => {
  for await (const _chunk of blobs.read(id)) continue;
};
const times = async (count: number, run: () => Promise<unknown>): Promise<void> => {
  for (let index = 0; index < count; index++) await run();
};
await compare("Blobs of 20 KB", "blobs", [
  ["write", 1024, () => times(1024, () => blobs.write(small))],
  ["read at once", 256, () => times(256, () => blobs.readAll(smallId))],
  ["read as a stream", 256, () => times(256, () => drain(smallId))],
]);
await compare("Blobs of 32 MB", "MB", [
  ["write a stream", 32, async () => blobs.delete((await blobs.write((function* () { for (let index = 0; index < 512; index++) yield large.subarray(0, 65_536); })())).id)],
  ["read a stream", 32, () => drain(largeId)],
  ["join two", 64, async () => blobs.delete((await blobs.concat([largeId, largeId])).id)],
]);

database.retire("done");
rmSync(folder, { recursive: true, force: true });
