// Writes until the disk refuses, then says what stands. argv: folder. One JSON line on stdout.
import { readdirSync } from "node:fs";
import { Readable } from "node:stream";
import { RandomIds } from "../../../src/random-ids.ts";
import { StorageError } from "../../../src/storage/database.ts";
import { openStorage } from "../../../src/storage/storage.ts";
import { SystemClock } from "../../../src/system-clock.ts";
import { account, region, things } from "./stores.ts";

const storage = openStorage({ folder: process.argv[2] as string, clock: new SystemClock(), ids: new RandomIds(), stores: [things] });
const store = storage.open(things, account, region);
const big = "x".repeat(20_000);
const acknowledged: number[] = [];
const refused: string[] = [];

/** Two rows, or none. */
async function request(id: number): Promise<void> {
  try {
    store.db.transaction(() => {
      store.state.put.run(id, `${id} ${big}`);
      store.state.putTwin.run(id);
    });
    await store.db.committed();
    acknowledged.push(id);
  } catch (error) {
    refused.push(error instanceof StorageError ? error.reason : String(error));
  }
}

// Blobs first, while there is room for their beginning.
let blob = "written";
try {
  await storage.blobs.write(Readable.from(Array.from({ length: 400 }, () => Buffer.alloc(65_536)), { objectMode: false }));
} catch (error) {
  blob = error instanceof StorageError ? error.reason : String(error);
}
const files = readdirSync(storage.blobs.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;

for (let id = 0; refused.length === 0 && id < 100_000; id += 4) await Promise.all([request(id), request(id + 1), request(id + 2), request(id + 3)]);

process.stdout.write(JSON.stringify({
  blob,
  files,
  acknowledged,
  refused,
  rows: store.state.all.all().map(({ id }) => id),
  twins: store.state.twins.all().map(({ id }) => id),
}));
