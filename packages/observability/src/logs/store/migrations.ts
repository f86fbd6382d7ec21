import { documentsMigration } from "../../store/documents.ts";

/** Append-only. Ids of groups and streams are never given twice, so that what a deleted one leaves can be cleared later. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE log_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    class TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    retention_days INTEGER,
    kms_key_id TEXT,
    protected INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    tags TEXT NOT NULL
  );

  CREATE TABLE log_stream (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    first_event_ms INTEGER,
    last_event_ms INTEGER,
    last_ingestion_ms INTEGER,
    UNIQUE (group_id, name)
  );
  CREATE INDEX log_stream_by_time ON log_stream (group_id, ifnull(last_event_ms, -1), name);

  CREATE TABLE log_event (
    seq INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    ingestion_ms INTEGER NOT NULL,
    message TEXT NOT NULL
  );
  CREATE INDEX log_event_by_stream ON log_event (stream_id, timestamp, seq);
  CREATE INDEX log_event_by_group ON log_event (group_id, timestamp, seq);
  ${documentsMigration}
  `,
];
