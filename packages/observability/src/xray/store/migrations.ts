import { documentsMigration } from "../../store/documents.ts";

/** Append-only. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE trace (
    id TEXT PRIMARY KEY,
    first_ms INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX trace_by_time ON trace (first_ms, id);

  CREATE TABLE segment (
    trace_id TEXT NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (trace_id, id)
  ) WITHOUT ROWID;
  ${documentsMigration}
  `,
];
