import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { Dispatcher } from "../../src/events/dispatcher.ts";
import type { Log } from "../../src/observe/log.ts";
import { RandomIds } from "../../src/random-ids.ts";
import { openStorage } from "../../src/storage/storage.ts";
import { TestClock } from "../../src/test-clock.ts";
import { account, region, things } from "./crash/stores.ts";
import { temporaryFolder } from "./folder.ts";

/** Runs the writer on a folder and kills it -9 after so many acknowledgements; what it acknowledged. */
async function writeAndKill(folder: string, first: number, count: number): Promise<number[]> {
  const writer = spawn(process.execPath, [join(import.meta.dirname, "crash/writer.ts"), folder, String(first)], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void writer.kill("SIGKILL"));
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: writer.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === 1) {
      expect(() => openStorage({ folder, clock: new TestClock(), ids: new RandomIds() })).toThrow(`The data folder ${folder} is in use by process ${writer.pid}: `);
    }
    if (acknowledged.length === count) writer.kill("SIGKILL");
  }
  if (writer.signalCode === null && writer.exitCode === null) await once(writer, "exit");
  expect(writer.signalCode).toBe("SIGKILL");
  return acknowledged;
}

test("nothing acknowledged is lost by kill -9, nothing is half-applied, and the folder can be opened again", { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const acknowledged: number[] = [];
  for (let round = 0; round < 3; round++) acknowledged.push(...(await writeAndKill(folder, round * 1_000_000, 400)));

  const ids = new RandomIds();
  // Behind the writer's: events from what is now the future must not wait for it.
  const clock = new TestClock();
  const storage = openStorage({ folder, clock, ids, stores: [things] });
  onTestFinished(() => storage.close());
  expect(storage.unclean).toBe(true);
  const store = storage.open(things, account, region);
  const rows = new Map(store.state.all.all().map(({ id, blob }) => [id, blob]));
  expect(acknowledged.filter((id) => !rows.has(id))).toEqual([]);
  // Both rows of a transaction or none.
  expect(store.state.twins.all().map(({ id }) => id)).toEqual([...rows.keys()]);
  // Every row's blob is whole.
  for (const [id, blob] of rows) {
    expect(blob !== null).toBe(id % 2 === 0);
    if (blob !== null) expect((await store.blobs.readAll(blob)).equals(Buffer.alloc(20_000, id))).toBe(true);
  }
  expect(readdirSync(join(folder, account, region)).every((name) => name.startsWith("things.db"))).toBe(true);

  // The events of what was committed are found and delivered, without anybody touching the store.
  const delivered = new Set<unknown>();
  const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, shows: () => false, with: () => silent };
  const events = new Dispatcher({
    storage,
    clock,
    ids,
    log: silent,
    consumers: new Map([["thing.made", ["nobody"]]]),
    deliver: async (event) => void delivered.add(event.detail),
  });
  events.start();
  await events.idle();
  await events.stop();
  expect([...delivered].sort()).toEqual([...rows.keys()].filter((id) => id % 5 === 0).sort());
});
