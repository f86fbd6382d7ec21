import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "./folder.ts";

interface Outcome {
  /** Reason why a large blob was refused, and how many files it left. */
  blob: string;
  files: number;
  acknowledged: number[];
  refused: string[];
  rows: number[];
  twins: number[];
}

/** Runs the filler in a shell that has made `$1` a small place. */
function fill(shell: string, prepare: string): Outcome {
  const folder = temporaryFolder();
  const filler = join(import.meta.dirname, "crash/filler.ts");
  const [command, ...rest] = shell.split(" ") as [string, ...string[]];
  const run = spawnSync(command, [...rest, "-c", `${prepare} && exec "$2" "$3" "$1"`, "sh", folder, process.execPath, filler], { encoding: "utf8" });
  expect(run.stderr).toBe("");
  return JSON.parse(run.stdout) as Outcome;
}

function expectCleanRefusal(outcome: Outcome, reason: string): void {
  expect(outcome.blob).toBe(reason);
  expect(outcome.files).toBe(0);
  expect(outcome.acknowledged.length).toBeGreaterThan(0);
  // All requests of the turn whose commit failed, and only those.
  expect(outcome.refused).toEqual([reason, reason, reason, reason]);
  expect(outcome.rows).toEqual(outcome.acknowledged);
  expect(outcome.twins).toEqual(outcome.acknowledged);
}

// Files may not grow beyond some size: the kernel refuses the write in the middle of a commit.
test.skipIf(process.platform === "win32")("a write error of the disk refuses a turn's requests, and half-applies nothing", { timeout: 60_000 }, () => {
  expectCleanRefusal(fill("sh", "ulimit -f 4000"), "io");
});

// A file system of its own needs a user namespace; without one this cannot be had.
const namespaces = process.platform === "linux" && spawnSync("unshare", ["-rm", "true"]).status === 0;
test.skipIf(!namespaces)("a full disk refuses a turn's requests, and half-applies nothing (needs user namespaces)", { timeout: 60_000 }, () => {
  expectCleanRefusal(fill("unshare -rm sh", 'mount -t tmpfs -o size=4m none "$1"'), "full");
});
