/** Append-only; see `StoreDefinition.migrations`. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE tables (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    -- 1 while the table has background work.
    attended INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX attended_tables ON tables (attended) WHERE attended = 1;

  -- Spaces, streams and the like are numbered from here and never reuse a number.
  CREATE TABLE numbers (
    name TEXT PRIMARY KEY,
    last INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- Items of tables, entries of indexes, entries by time of expiry: one space each. Keys order as DynamoDB orders.
  CREATE TABLE rows (
    space INTEGER NOT NULL,
    key BLOB NOT NULL,
    -- Bytes as DynamoDB counts them.
    size INTEGER NOT NULL,
    -- Wire JSON.
    item TEXT NOT NULL,
    PRIMARY KEY (space, key)
  ) WITHOUT ROWID;

  -- How many rows a space has and how large they are; brought up to date every now and then.
  CREATE TABLE totals (
    space INTEGER PRIMARY KEY,
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  );

  -- Spaces whose rows are no longer reachable and are being removed.
  CREATE TABLE discarded (
    space INTEGER PRIMARY KEY
  );

  CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    table_name TEXT NOT NULL,
    label TEXT NOT NULL,
    record TEXT NOT NULL,
    UNIQUE (table_name, label)
  );

  CREATE TABLE stream_records (
    stream INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (stream, sequence)
  ) WITHOUT ROWID;

  -- Outcomes of transactions by client token, for ten minutes.
  CREATE TABLE tokens (
    token TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    answer TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX tokens_by_age ON tokens (created_ms);

  CREATE TABLE tags (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
  ) WITHOUT ROWID;

  CREATE TABLE policies (
    arn TEXT PRIMARY KEY,
    policy TEXT NOT NULL,
    revision TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- What rows were before they changed, for tables that can be restored to an earlier time. An item that was not there
  -- has no text.
  CREATE TABLE history (
    space INTEGER NOT NULL,
    key BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    size INTEGER NOT NULL,
    item TEXT,
    PRIMARY KEY (space, key, sequence)
  ) WITHOUT ROWID;
  CREATE INDEX history_by_age ON history (space, changed_ms);

  CREATE TABLE backups (
    arn TEXT PRIMARY KEY,
    table_name TEXT NOT NULL,
    space INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    record TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX backups_by_table ON backups (table_name, created_ms);
  CREATE INDEX backups_by_space ON backups (space);
  `,
  `
  -- Which write of which region made an item of a global table what it is, or made it go.
  CREATE TABLE versions (
    space INTEGER NOT NULL,
    key BLOB NOT NULL,
    version INTEGER NOT NULL,
    region TEXT NOT NULL,
    -- When the item went, while it is gone.
    gone_ms INTEGER,
    PRIMARY KEY (space, key)
  ) WITHOUT ROWID;
  CREATE INDEX gone_versions ON versions (gone_ms) WHERE gone_ms IS NOT NULL;
  `,
  `
  -- Exports to S3 and imports from it, for good.
  CREATE TABLE jobs (
    arn TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    -- Orders jobs of a kind by when they were asked for.
    id TEXT NOT NULL,
    table_arn TEXT NOT NULL,
    token TEXT NOT NULL,
    record TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX jobs_by_time ON jobs (kind, id);
  CREATE INDEX jobs_by_token ON jobs (kind, token);
  `,
];
