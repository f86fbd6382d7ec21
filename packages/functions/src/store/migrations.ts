/** Append-only. JSON columns hold what is always read and written as a whole. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE function (
    name TEXT PRIMARY KEY,
    next_version INTEGER NOT NULL,
    reserved_concurrency INTEGER,
    recursive_loop TEXT NOT NULL,
    code_signing_config_arn TEXT,
    tags TEXT NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE version (
    function TEXT NOT NULL,
    version INTEGER NOT NULL,
    settings TEXT NOT NULL,
    code TEXT NOT NULL,
    blob TEXT,
    code_sha256 TEXT NOT NULL,
    code_size INTEGER NOT NULL,
    last_modified_ms INTEGER NOT NULL,
    settles_ms INTEGER NOT NULL,
    change TEXT NOT NULL,
    revision_id TEXT NOT NULL,
    settled_revision_id TEXT NOT NULL,
    PRIMARY KEY (function, version)
  ) WITHOUT ROWID;
  CREATE INDEX version_blob ON version (blob) WHERE blob IS NOT NULL;

  CREATE TABLE alias (
    function TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    description TEXT NOT NULL,
    weights TEXT,
    revision_id TEXT NOT NULL,
    PRIMARY KEY (function, name)
  ) WITHOUT ROWID;
  `,
];
