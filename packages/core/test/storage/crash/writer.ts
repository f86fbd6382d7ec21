// Writes as fast as it can and says on stdout what was acknowledged, until it is killed. argv: folder, first id.
import { Dispatcher } from "../../../src/events/dispatcher.ts";
import type { Log } from "../../../src/observe/log.ts";
import { RandomIds } from "../../../src/random-ids.ts";
import { openStorage } from "../../../src/storage/storage.ts";
import { SystemClock } from "../../../src/system-clock.ts";
import { account, region, things } from "./stores.ts";

const [folder, first] = process.argv.slice(2);
const clock = new SystemClock();
const ids = new RandomIds();
const storage = openStorage({ folder, clock, ids, stores: [things] });
const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, shows: () => false, with: () => silent };
const events = new Dispatcher({
  storage,
  clock,
  ids,
  log: silent,
  consumers: new Map([["thing.made", ["nobody"]]]),
  // Never done: all that was emitted is left to the next run.
  deliver: () => new Promise(() => {}),
});
const store = storage.open(things, account, region);
let next = Number(first);

async function request(): Promise<void> {
  const id = next++;
  const blob = id % 2 === 0 ? (await store.blobs.write([Buffer.alloc(20_000, id)])).id : null;
  store.db.transaction(() => {
    store.state.put.run(id, blob);
    store.state.putTwin.run(id);
    if (id % 5 === 0) events.emit(store, { type: "thing.made", detail: id }, "trace");
  });
  await store.db.committed();
  process.stdout.write(`${id}\n`);
}

async function client(): Promise<never> {
  for (;;) await request();
}
for (let index = 0; index < 8; index++) void client();
