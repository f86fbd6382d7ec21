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
  `
  -- Small documents that belong to a function and a qualifier: policy, url, invoke, provisioned, runtime.
  CREATE TABLE config (
    function TEXT NOT NULL,
    kind TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (function, kind, qualifier)
  ) WITHOUT ROWID;

  CREATE TABLE layer (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    blob TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    unzipped INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    details TEXT NOT NULL,
    policy TEXT,
    PRIMARY KEY (name, version)
  ) WITHOUT ROWID;

  CREATE TABLE code_signing_config (
    id TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE mapping (
    uuid TEXT PRIMARY KEY,
    function TEXT NOT NULL,
    source TEXT,
    value TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX mapping_source ON mapping (source) WHERE source IS NOT NULL;
  CREATE INDEX mapping_function ON mapping (function);

  -- Unzipped size of a version's own code, for the limit that it shares with its layers.
  ALTER TABLE version ADD COLUMN unzipped INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- How far a mapping is in each shard of its stream: after which record, and the state of its window.
  CREATE TABLE checkpoint (
    mapping TEXT NOT NULL,
    shard TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (mapping, shard)
  ) WITHOUT ROWID;
  `,
];
