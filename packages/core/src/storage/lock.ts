import BetterSqlite3 from "better-sqlite3";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StorageError } from "./database.ts";

/** A data folder held by this process. */
export interface FolderLock {
  /** True when whoever had the folder before did not close it: killed, or the machine went down. */
  unclean: boolean;
  /** Gives the folder back. The next start is a clean one, unless `clean` is false: something is left to tidy up. */
  release(clean: boolean): void;
}

/**
 * Takes a data folder for this process. The lock is the operating system's own, held through an exclusive transaction
 * of an empty database: it goes away with its process, however that ends, where a file with a pid could name a process
 * that has the same number by chance (in a container, always).
 *
 * @throws StorageError `locked`, naming the process that has the folder.
 */
export function lockFolder(folder: string): FolderLock {
  const pidFile = join(folder, "pid");
  const database = new BetterSqlite3(join(folder, "lock"), { timeout: 0 });
  try {
    database.pragma("journal_mode = MEMORY");
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof BetterSqlite3.SqliteError && error.code.startsWith("SQLITE_BUSY")) {
      const pid = existsSync(pidFile) ? readFileSync(pidFile, "utf8").trim() : "unknown";
      throw new StorageError("locked", `The data folder ${folder} is in use by process ${pid}: stop that one, or use another folder.`, error);
    }
    throw error;
  }
  const unclean = existsSync(pidFile);
  writeFileSync(pidFile, `${process.pid}\n`);
  return {
    unclean,
    release(clean) {
      if (clean) rmSync(pidFile, { force: true });
      database.close();
    },
  };
}
