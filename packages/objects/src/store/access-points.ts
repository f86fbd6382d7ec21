import type { Database } from "@cumulet/core";

/** An access point as its row has it. Times are milliseconds; what is JSON says so. */
export interface AccessPointRow {
  name: string;
  alias: string;
  bucket: string;
  bucketAccount: string;
  createdMs: number;
  /** JSON: the VPC that requests must come from; null when they may come from anywhere. */
  vpc: string | null;
  /** JSON: its public access block. */
  publicAccessBlock: string;
  policy: string | null;
  /** JSON: its tags. */
  tags: string;
}

export type AccessPoints = ReturnType<typeof openAccessPoints>;

const COLUMNS = "name, alias, bucket, bucketAccount, createdMs, vpc, publicAccessBlock, policy, tags";

/** Statements on access points. */
export function openAccessPoints(db: Database) {
  const byName = db.prepare<AccessPointRow, [string]>(`SELECT ${COLUMNS} FROM access_point WHERE name = ?`);
  const page = db.prepare<AccessPointRow, [string, number]>(`SELECT ${COLUMNS} FROM access_point WHERE name > ? ORDER BY name LIMIT ?`);
  const ofBucket = db.prepare<AccessPointRow, [string, string, number]>(`SELECT ${COLUMNS} FROM access_point WHERE bucket = ? AND name > ? ORDER BY name LIMIT ?`);
  const insert = db.prepare<never, [string, string, string, string, number, string | null, string, string | null, string]>(`INSERT INTO access_point (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const remove = db.prepare<never, [string]>("DELETE FROM access_point WHERE name = ?");
  const setPolicy = db.prepare<never, [string | null, string]>("UPDATE access_point SET policy = ? WHERE name = ?");
  const setTags = db.prepare<never, [string, string]>("UPDATE access_point SET tags = ? WHERE name = ?");

  return {
    find: (name: string): AccessPointRow | undefined => byName.get(name),
    /** In the order of their names, after `after`; of one bucket, when it is given. */
    page: (after: string, limit: number, bucket?: string): AccessPointRow[] => (bucket === undefined ? page.all(after, limit) : ofBucket.all(bucket, after, limit)),
    insert(row: AccessPointRow): void {
      insert.run(row.name, row.alias, row.bucket, row.bucketAccount, row.createdMs, row.vpc, row.publicAccessBlock, row.policy, row.tags);
    },
    remove(name: string): void {
      remove.run(name);
    },
    setPolicy(name: string, policy: string | null): void {
      setPolicy.run(policy, name);
    },
    setTags(name: string, tags: string): void {
      setTags.run(tags, name);
    },
  };
}
