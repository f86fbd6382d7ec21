// Restores two snapshots in turn, and says on stdout when each is restored, until it is killed. argv: folder.
import { RandomIds } from "../../../src/random-ids.ts";
import { Snapshots } from "../../../src/storage/snapshots.ts";
import { openStorage } from "../../../src/storage/storage.ts";
import { SystemClock } from "../../../src/system-clock.ts";
import { files, users } from "../state.ts";

const storage = openStorage({ folder: process.argv[2] as string, clock: new SystemClock(), ids: new RandomIds(), stores: [files, users] });
const snapshots = new Snapshots(storage, () => 0);
for (;;) {
  for (const name of ["old", "new"]) {
    await snapshots.restore(name);
    process.stdout.write(`${name}\n`);
  }
}
