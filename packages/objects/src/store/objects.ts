import type { Database } from "@cumulet/core";

/** One version of an object, or a delete marker. JSON columns are text; null is the default of each. */
export interface ObjectRow {
  bucket: number;
  key: string;
  /** Newest is least. */
  rank: number;
  /** Null is the null version. */
  version: string | null;
  marker: 0 | 1;
  modifiedMs: number;
  size: number;
  /** Without quotes; empty for a delete marker. */
  etag: string;
  /** Null is STANDARD. */
  storageClass: string | null;
  /** Canonical user id. */
  owner: string;
  /** Of the stored checksum: `CRC32`, ... */
  algorithm: string | null;
  checksumType: "FULL_OBJECT" | "COMPOSITE" | null;
  /** As S3 writes it: base64, with `-<parts>` when composite. */
  checksum: string | null;
  content: number | null;
  /** How many parts a multipart upload had; null when it was none. */
  parts: number | null;
  /** `ObjectHeaders` */
  headers: string | null;
  /** `Tag[]` */
  tags: string | null;
  /** `Acl`, where it says more than that the owner has full control. */
  acl: string | null;
  /** `ObjectEncryption`, where it is not SSE-S3. */
  encryption: string | null;
  lockMode: "GOVERNANCE" | "COMPLIANCE" | null;
  lockUntilMs: number | null;
  legalHold: 0 | 1 | null;
  /** `Restore` */
  restore: string | null;
  /** `x-amz-replication-status` */
  replication: string | null;
}

/** What lists show of a version. */
export type ListedRow = Pick<ObjectRow, "key" | "rank" | "version" | "marker" | "modifiedMs" | "size" | "etag" | "storageClass" | "owner" | "algorithm" | "checksumType" | "restore"> & { hidden: boolean };

/** Columns that change without the version being written anew. */
export type ObjectPatch = Partial<Pick<ObjectRow, "tags" | "acl" | "lockMode" | "lockUntilMs" | "legalHold" | "restore" | "replication" | "storageClass" | "encryption">>;

const COLUMNS = [
  "bucket", "key", "rank", "version", "marker", "modifiedMs", "size", "etag", "storageClass", "owner", "algorithm", "checksumType", "checksum",
  "content", "parts", "headers", "tags", "acl", "encryption", "lockMode", "lockUntilMs", "legalHold", "restore", "replication",
] as const satisfies readonly (keyof ObjectRow)[];

const PATCHABLE = ["tags", "acl", "lockMode", "lockUntilMs", "legalHold", "restore", "replication", "storageClass", "encryption"] as const;

const LISTED = "key, rank, version, marker, modifiedMs, size, etag, storageClass, owner, algorithm, checksumType, restore, marker AS hidden";

export type Objects = ReturnType<typeof openObjects>;

/** Statements on objects and their versions. */
export function openObjects(db: Database) {
  const all = COLUMNS.join(", ");
  const current = db.prepare<ObjectRow, [number, string]>(`SELECT ${all} FROM object WHERE bucket = ? AND key = ? ORDER BY rank LIMIT 1`);
  const atRank = db.prepare<ObjectRow, [number, string, number]>(`SELECT ${all} FROM object WHERE bucket = ? AND key = ? AND rank = ?`);
  const nullVersion = db.prepare<ObjectRow, [number, string]>(`SELECT ${all} FROM object WHERE bucket = ? AND key = ? AND version IS NULL LIMIT 1`);
  const withVersion = db.prepare<ObjectRow, [number, string, string]>(`SELECT ${all} FROM object WHERE bucket = ? AND key = ? AND version = ? LIMIT 1`);
  const newer = db.prepare<{ rank: number; modifiedMs: number }, [number, string, number]>(
    "SELECT rank, modifiedMs FROM object WHERE bucket = ? AND key = ? AND rank < ? ORDER BY rank DESC LIMIT 1");
  const insert = db.prepare<never, ObjectRow[keyof ObjectRow][]>(`INSERT OR REPLACE INTO object (${all}) VALUES (${COLUMNS.map(() => "?").join(", ")})`);
  const remove = db.prepare<never, [number, string, number]>("DELETE FROM object WHERE bucket = ? AND key = ? AND rank = ?");
  const patches = new Map(PATCHABLE.map((column) => [column, db.prepare<never, [unknown, number, string, number]>(
    `UPDATE object SET ${column} = ? WHERE bucket = ? AND key = ? AND rank = ?`)]));
  const scanFrom = db.prepare<ListedRow, [number, string, number]>(`SELECT ${LISTED} FROM object WHERE bucket = ? AND key >= ? ORDER BY key, rank LIMIT ?`);
  const scanAfter = db.prepare<ListedRow, [number, string, number]>(`SELECT ${LISTED} FROM object WHERE bucket = ? AND key > ? ORDER BY key, rank LIMIT ?`);
  const scanVersions = db.prepare<ListedRow, [number, string, number, number]>(
    `SELECT ${LISTED} FROM object WHERE bucket = ? AND (key, rank) > (?, ?) ORDER BY key, rank LIMIT ?`);
  const sweep = db.prepare<ObjectRow, [number, string, number, number]>(`SELECT ${all} FROM object WHERE bucket = ? AND (key, rank) > (?, ?) ORDER BY key, rank LIMIT ?`);
  const any = db.prepare<{ marker: number; version: string | null }, [number]>("SELECT marker, version FROM object WHERE bucket = ? LIMIT 1");

  return {
    /** The newest version, which may be a delete marker. */
    current: (bucket: number, key: string): ObjectRow | undefined => current.get(bucket, key),
    at: (bucket: number, key: string, rank: number): ObjectRow | undefined => atRank.get(bucket, key, rank),
    nullVersion: (bucket: number, key: string): ObjectRow | undefined => nullVersion.get(bucket, key),
    /** By its id, whatever its rank: a replica has the id of its original. Looks at all versions of the key. */
    withVersion: (bucket: number, key: string, version: string): ObjectRow | undefined => withVersion.get(bucket, key, version),
    /** The version that made this one noncurrent. */
    newer: (bucket: number, key: string, rank: number) => newer.get(bucket, key, rank),
    /** Writes a version, over the one at its rank. */
    put(row: ObjectRow): void {
      insert.run(...COLUMNS.map((column) => row[column]));
    },
    remove(row: Pick<ObjectRow, "bucket" | "key" | "rank">): void {
      remove.run(row.bucket, row.key, row.rank);
    },
    patch(row: Pick<ObjectRow, "bucket" | "key" | "rank">, patch: ObjectPatch): void {
      for (const column of PATCHABLE) {
        if (patch[column] !== undefined) patches.get(column)?.run(patch[column], row.bucket, row.key, row.rank);
      }
    },
    /** Rows in list order from a key. */
    scan: (bucket: number, from: string, inclusive: boolean, limit: number): ListedRow[] =>
      inclusive ? scanFrom.all(bucket, from, limit) : scanAfter.all(bucket, from, limit),
    /** Rows in list order after a version of a key. */
    scanVersions: (bucket: number, key: string, rank: number, limit: number): ListedRow[] => scanVersions.all(bucket, key, rank, limit),
    /** Complete rows, as `scanVersions`. */
    sweep: (bucket: number, key: string, rank: number, limit: number): ObjectRow[] => sweep.all(bucket, key, rank, limit),
    /** Some version in the bucket; undefined when it is empty. */
    any: (bucket: number) => any.get(bucket),
  };
}
