import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { databasePath, matches, storesIn, type StateFilter, type StoreKey } from "./layout.ts";
import type { Directory, NameRow } from "./names.ts";

/** What takes the place of the state that `filter` names: nothing (a reset) or a snapshot's. */
export interface Replacement {
  /** Of whole accounts (`account` only, or nothing) unless `stores` is empty. */
  filter: StateFilter;
  /** The new databases: staged below `stagingFolder`, or images of an ephemeral platform. */
  stores: StoreKey[];
  names: NameRow[];
}

/**
 * A replacement is made beside the data under `restore.partial`, and holds from the moment in which that is renamed to
 * `restore`: whoever is killed before leaves the old state, whoever is killed after leaves the new one, because the next start
 * finishes the work.
 */
const partial = "restore.partial";
const complete = "restore";
const intent = "intent.json";

/** An empty folder for new databases, `<account>/<region>/<store>.db` like the data folder. */
export function stagingFolder(folder: string): string {
  const staging = join(folder, partial);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  return staging;
}

/** The point of no return; `applyReplacement` does the rest. */
export function commitReplacement(folder: string, replacement: Replacement): void {
  rmSync(join(folder, complete), { recursive: true, force: true });
  writeFileSync(join(folder, partial, intent), JSON.stringify(replacement));
  renameSync(join(folder, partial), join(folder, complete));
}

/**
 * Puts a committed replacement in place, also one that the last run left; no database that it touches may be open. What
 * was replaced; undefined when there is nothing to do.
 */
export function applyReplacement(folder: string, directory: Directory): Replacement | undefined {
  const staging = join(folder, complete);
  if (!existsSync(join(staging, intent))) {
    rmSync(staging, { recursive: true, force: true });
    rmSync(join(folder, partial), { recursive: true, force: true });
    return undefined;
  }
  const replacement = JSON.parse(readFileSync(join(staging, intent), "utf8")) as Replacement;
  // Each step can be repeated: a staged account that is no longer there was moved already.
  const staged = new Set(replacement.stores.map(({ account }) => account));
  for (const key of storesIn(folder)) {
    if (!staged.has(key.account) && matches(replacement.filter, key)) removeDatabase(databasePath(folder, key));
  }
  for (const account of staged) {
    if (!existsSync(join(staging, account))) continue;
    rmSync(join(folder, account), { recursive: true, force: true });
    renameSync(join(staging, account), join(folder, account));
  }
  directory.replace(replacement.filter, replacement.names, replacement.stores);
  rmSync(join(staging, intent));
  rmSync(staging, { recursive: true, force: true });
  return replacement;
}

function removeDatabase(path: string): void {
  // The log first: without its database it means nothing, while a database without its log is an older state.
  for (const suffix of ["-wal", "-shm", ""]) rmSync(path + suffix, { force: true });
}
