import { documentsMigration } from "../../store/documents.ts";

/** Append-only. `delivery` remembers, for each trail, up to which event it has been told. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    category TEXT NOT NULL,
    read_only INTEGER NOT NULL,
    username TEXT NOT NULL,
    user_arn TEXT NOT NULL,
    access_key_id TEXT,
    resources TEXT NOT NULL,
    json TEXT NOT NULL
  );
  CREATE INDEX event_by_time ON event (time_ms, seq);
  CREATE INDEX event_by_name ON event (name, time_ms, seq) WHERE category = 'Management';

  CREATE TABLE delivery (
    trail TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
  ) WITHOUT ROWID;
  ${documentsMigration}
  `,
];
