import type BetterSqlite3 from "better-sqlite3";
import { StorageError } from "./database.ts";

/**
 * Core's own tables in every store's database, append-only like a store's. Their cursor is the low half of
 * `PRAGMA application_id`, whose high half marks the file as ours; `user_version` is the store's.
 */
const coreMigrations: readonly string[] = [
  `CREATE TABLE core_outbox (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     event_id TEXT NOT NULL,
     type TEXT NOT NULL,
     consumer TEXT NOT NULL,
     order_key TEXT,
     detail TEXT NOT NULL,
     emitted_ms INTEGER NOT NULL,
     due_ms INTEGER NOT NULL,
     attempt INTEGER NOT NULL,
     trace_id TEXT NOT NULL,
     ready INTEGER NOT NULL
   );
   CREATE INDEX core_outbox_due ON core_outbox (due_ms, id) WHERE ready = 1;
   CREATE INDEX core_outbox_order ON core_outbox (consumer, order_key, id) WHERE order_key IS NOT NULL;
   CREATE TABLE core_dead_letters (
     id INTEGER PRIMARY KEY,
     event_id TEXT NOT NULL,
     type TEXT NOT NULL,
     consumer TEXT NOT NULL,
     order_key TEXT,
     detail TEXT NOT NULL,
     emitted_ms INTEGER NOT NULL,
     failed_ms INTEGER NOT NULL,
     attempt INTEGER NOT NULL,
     trace_id TEXT NOT NULL,
     error TEXT NOT NULL
   );`,
];

/** "CU" in the high half of `application_id`. */
const applicationId = 0x4355_0000;

/**
 * Brings a database to the present schema, in one transaction: all of the missing migrations or none.
 *
 * @throws StorageError `newer` when a later version wrote it, `io` when it is not one of ours.
 */
export function migrate(native: BetterSqlite3.Database, path: string, migrations: readonly string[]): void {
  const version = pragma(native, "user_version");
  const id = pragma(native, "application_id");
  const coreVersion = id === 0 ? 0 : id - applicationId;
  if (coreVersion < 0 || coreVersion > 0xffff) throw new StorageError("io", `${path} is a database of another program.`);
  if (version > migrations.length || coreVersion > coreMigrations.length) {
    throw new StorageError("newer", `${path} was written by a newer version of Cumulet (its schema is ${version}, this version knows ${migrations.length}): start that version, or another data folder.`);
  }
  if (version === migrations.length && coreVersion === coreMigrations.length) return;
  native.exec("BEGIN IMMEDIATE");
  try {
    for (const sql of coreMigrations.slice(coreVersion)) native.exec(sql);
    for (const sql of migrations.slice(version)) native.exec(sql);
    native.pragma(`application_id = ${applicationId + coreMigrations.length}`);
    native.pragma(`user_version = ${migrations.length}`);
    native.exec("COMMIT");
  } catch (error) {
    if (native.inTransaction) native.exec("ROLLBACK");
    throw error;
  }
}

function pragma(native: BetterSqlite3.Database, name: string): number {
  return native.pragma(name, { simple: true }) as number;
}
