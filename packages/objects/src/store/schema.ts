/**
 * Tables of one account and region; columns are named as the members of their rows. Keys are TEXT, which SQLite compares
 * as UTF-8 bytes: S3's order.
 *
 * An object's versions lie together, newest first (`rank` counts down from 0), so that the first row of a key is what a
 * read without a version sees. Bytes are apart, in `content`, for lists to pass over no more than metadata, and counted
 * by reference, for a copy to share them: in the row up to 16 KiB, else in a blob, else in pieces (a completed multipart
 * upload keeps its parts). The object row is the commit point.
 */
export const migrations = [
  `
  CREATE TABLE bucket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    createdMs INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    versioning TEXT,
    objectLock INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE bucket_config (
    bucket INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (bucket, kind, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    refs INTEGER NOT NULL,
    size INTEGER NOT NULL,
    bytes BLOB,
    blob TEXT
  ) STRICT;

  CREATE TABLE piece (
    content INTEGER NOT NULL,
    number INTEGER NOT NULL,
    start INTEGER NOT NULL,
    size INTEGER NOT NULL,
    source INTEGER NOT NULL,
    checksum TEXT,
    PRIMARY KEY (content, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX piece_by_start ON piece (content, start);

  CREATE TABLE object (
    bucket INTEGER NOT NULL,
    key TEXT NOT NULL,
    rank INTEGER NOT NULL,
    version TEXT,
    marker INTEGER NOT NULL,
    modifiedMs INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    storageClass TEXT,
    owner TEXT NOT NULL,
    algorithm TEXT,
    checksumType TEXT,
    checksum TEXT,
    content INTEGER,
    parts INTEGER,
    headers TEXT,
    tags TEXT,
    acl TEXT,
    encryption TEXT,
    lockMode TEXT,
    lockUntilMs INTEGER,
    legalHold INTEGER,
    restore TEXT,
    replication TEXT,
    PRIMARY KEY (bucket, key, rank)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE upload (
    id INTEGER PRIMARY KEY,
    uploadId TEXT NOT NULL UNIQUE,
    bucket INTEGER NOT NULL,
    key TEXT NOT NULL,
    initiatedMs INTEGER NOT NULL,
    owner TEXT NOT NULL,
    initiator TEXT NOT NULL,
    algorithm TEXT,
    checksumType TEXT,
    storageClass TEXT,
    settings TEXT NOT NULL
  ) STRICT;
  CREATE INDEX upload_by_key ON upload (bucket, key, id);

  CREATE TABLE part (
    upload INTEGER NOT NULL,
    number INTEGER NOT NULL,
    content INTEGER NOT NULL,
    size INTEGER NOT NULL,
    modifiedMs INTEGER NOT NULL,
    etag TEXT NOT NULL,
    checksum TEXT,
    PRIMARY KEY (upload, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE completed_upload (
    uploadId TEXT PRIMARY KEY,
    bucket INTEGER NOT NULL,
    key TEXT NOT NULL,
    answer TEXT NOT NULL,
    completedMs INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX completed_upload_by_time ON completed_upload (completedMs);
  `,
  `
  CREATE TABLE access_point (
    name TEXT PRIMARY KEY,
    alias TEXT NOT NULL,
    bucket TEXT NOT NULL,
    bucketAccount TEXT NOT NULL,
    createdMs INTEGER NOT NULL,
    vpc TEXT,
    publicAccessBlock TEXT NOT NULL,
    policy TEXT,
    tags TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX access_point_by_bucket ON access_point (bucket, name);
  `,
];
