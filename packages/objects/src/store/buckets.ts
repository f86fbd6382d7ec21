import type { Database } from "@cumulet/core";

/** A bucket as its row has it. */
export interface BucketRow {
  id: number;
  name: string;
  createdMs: number;
  /** Changes with every change of the bucket or its configuration, never to a value it had: what was parsed of it stays good while it stays. */
  revision: number;
  versioning: "Enabled" | "Suspended" | null;
  objectLock: 0 | 1;
}

/** Configurations of which a bucket has one each. */
export type ConfigKind =
  | "abac" | "accelerate" | "acl" | "cors" | "encryption" | "lifecycle" | "location" | "logging" | "notification" | "objectLock" | "ownership" | "policy"
  | "publicAccessBlock" | "replication" | "requestPayment" | "tagging" | "website";

/** Configurations of which a bucket has up to a thousand, by id. */
export type ListedConfigKind = "analytics" | "intelligentTiering" | "inventory" | "metrics";

export type Buckets = ReturnType<typeof openBuckets>;

/** Statements on buckets and their configurations. */
export function openBuckets(db: Database) {
  const byName = db.prepare<BucketRow, [string]>("SELECT id, name, createdMs, revision, versioning, objectLock FROM bucket WHERE name = ?");
  const all = db.prepare<BucketRow, [number, number]>("SELECT id, name, createdMs, revision, versioning, objectLock FROM bucket WHERE id > ? ORDER BY id LIMIT ?");
  const insert = db.prepare<never, [string, number, number, number, string | null]>("INSERT INTO bucket (name, createdMs, revision, objectLock, versioning) VALUES (?, ?, ?, ?, ?)");
  const remove = db.prepare<never, [number]>("DELETE FROM bucket WHERE id = ?");
  const removeConfigs = db.prepare<never, [number]>("DELETE FROM bucket_config WHERE bucket = ?");
  const removeCompleted = db.prepare<never, [number]>("DELETE FROM completed_upload WHERE bucket = ?");
  const setVersioning = db.prepare<never, [string, number, number]>("UPDATE bucket SET versioning = ?, revision = ? WHERE id = ?");
  const setObjectLock = db.prepare<never, [number, number]>("UPDATE bucket SET objectLock = 1, revision = ? WHERE id = ?");
  const touch = db.prepare<never, [number, number]>("UPDATE bucket SET revision = ? WHERE id = ?");
  const configs = db.prepare<{ kind: string; value: string }, [number]>("SELECT kind, value FROM bucket_config WHERE bucket = ? AND id = ''");
  const getConfig = db.prepare<{ value: string }, [number, string, string]>("SELECT value FROM bucket_config WHERE bucket = ? AND kind = ? AND id = ?");
  const putConfig = db.prepare<never, [number, string, string, string]>("INSERT OR REPLACE INTO bucket_config (bucket, kind, id, value) VALUES (?, ?, ?, ?)");
  const deleteConfig = db.prepare<never, [number, string, string]>("DELETE FROM bucket_config WHERE bucket = ? AND kind = ? AND id = ?");
  const listConfigs = db.prepare<{ id: string; value: string }, [number, string, string, number]>(
    "SELECT id, value FROM bucket_config WHERE bucket = ? AND kind = ? AND id > ? ORDER BY id LIMIT ?");
  const countConfigs = db.prepare<{ count: number }, [number, string]>("SELECT count(*) AS count FROM bucket_config WHERE bucket = ? AND kind = ?");

  return {
    find: (name: string): BucketRow | undefined => byName.get(name),
    /** Buckets in the order of their making, after the one with id `after`. */
    page: (after: number, limit: number): BucketRow[] => all.all(after, limit),
    insert(name: string, createdMs: number, revision: number, objectLock: boolean): void {
      // What is locked must be kept: such a bucket has versioning from the start.
      insert.run(name, createdMs, revision, objectLock ? 1 : 0, objectLock ? "Enabled" : null);
    },
    /** An empty bucket, with what is configured on it. */
    remove(bucket: number): void {
      removeConfigs.run(bucket);
      removeCompleted.run(bucket);
      remove.run(bucket);
    },
    setVersioning(bucket: number, status: "Enabled" | "Suspended", revision: number): void {
      setVersioning.run(status, revision, bucket);
    },
    enableObjectLock(bucket: number, revision: number): void {
      setObjectLock.run(revision, bucket);
    },
    /** All configurations of the kinds that come once, parsed. */
    configs(bucket: number): { [kind in ConfigKind]?: unknown } {
      return Object.fromEntries(configs.all(bucket).map(({ kind, value }) => [kind, JSON.parse(value) as unknown]));
    },
    putConfig(bucket: number, kind: ConfigKind, value: unknown, revision: number): void {
      putConfig.run(bucket, kind, "", JSON.stringify(value));
      touch.run(revision, bucket);
    },
    /** False when there was none. */
    deleteConfig(bucket: number, kind: ConfigKind, revision: number): boolean {
      touch.run(revision, bucket);
      return deleteConfig.run(bucket, kind, "").changes > 0;
    },
    getListed: (bucket: number, kind: ListedConfigKind, id: string): unknown => {
      const row = getConfig.get(bucket, kind, id);
      return row === undefined ? undefined : JSON.parse(row.value);
    },
    putListed(bucket: number, kind: ListedConfigKind, id: string, value: unknown): void {
      putConfig.run(bucket, kind, id, JSON.stringify(value));
    },
    deleteListed: (bucket: number, kind: ListedConfigKind, id: string): boolean => deleteConfig.run(bucket, kind, id).changes > 0,
    /** In the order of their ids, after `after`. */
    pageListed: (bucket: number, kind: ListedConfigKind, after: string, limit: number): { id: string; value: unknown }[] =>
      listConfigs.all(bucket, kind, after, limit).map(({ id, value }) => ({ id, value: JSON.parse(value) as unknown })),
    countListed: (bucket: number, kind: ListedConfigKind): number => countConfigs.get(bucket, kind)?.count ?? 0,
  };
}
