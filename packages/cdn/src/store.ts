import { defineStore } from "@cumulet/core";
import type { StoreScope } from "@cumulet/core";

/** Kinds of configuration that CloudFront keeps under an id with an ETag. */
export type Kind =
  | "distribution"
  | "cache-policy"
  | "origin-request-policy"
  | "response-headers-policy"
  | "origin-access-control"
  | "origin-access-identity"
  | "public-key"
  | "key-group"
  | "function"
  | "key-value-store"
  | "continuous-deployment-policy"
  | "realtime-log-config"
  | "monitoring-subscription"
  | "field-level-encryption-config"
  | "field-level-encryption-profile";

/** One configured resource. */
export interface Resource<Body = unknown> {
  id: string;
  /** Unique within its kind: a policy's name, a distribution's caller reference. */
  name: string;
  etag: string;
  body: Body;
  createdMs: number;
  modifiedMs: number;
}

/** An invalidation of a distribution. */
export interface InvalidationRow {
  distribution: string;
  id: string;
  callerReference: string;
  /** As given, wildcards included. */
  paths: string[];
  createdMs: number;
  /** Platform time at which every edge has dropped the paths; null while one has not. */
  completedMs: number | null;
}

interface ResourceRow {
  id: string;
  name: string;
  etag: string;
  body: string;
  created_ms: number;
  modified_ms: number;
}

interface InvalidationRecord {
  distribution: string;
  id: string;
  caller_reference: string;
  paths: string;
  created_ms: number;
  completed_ms: number | null;
}

const migrations = [
  `CREATE TABLE resources (
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     name TEXT NOT NULL,
     etag TEXT NOT NULL,
     body TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     modified_ms INTEGER NOT NULL,
     PRIMARY KEY (kind, id)
   ) WITHOUT ROWID;
   CREATE UNIQUE INDEX resources_name ON resources (kind, name);
   CREATE TABLE tags (
     arn TEXT NOT NULL,
     key TEXT NOT NULL,
     value TEXT,
     PRIMARY KEY (arn, key)
   ) WITHOUT ROWID;
   CREATE TABLE invalidations (
     distribution TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     id TEXT NOT NULL,
     caller_reference TEXT NOT NULL,
     paths TEXT NOT NULL,
     completed_ms INTEGER,
     PRIMARY KEY (distribution, id)
   ) WITHOUT ROWID;
   CREATE UNIQUE INDEX invalidations_reference ON invalidations (distribution, caller_reference);
   CREATE INDEX invalidations_newest ON invalidations (distribution, created_ms DESC, id);`,
];

/** All CloudFront state of one account. */
export interface CdnStore {
  resources: Resources;
  tags: Tags;
  invalidations: Invalidations;
}

/** Configured resources of every kind. */
export interface Resources {
  /** Changes with every write, and with every commit that is lost: what was made of resources before is then out of date. */
  readonly generation: number;
  get<Body>(kind: Kind, id: string): Resource<Body> | undefined;
  byName<Body>(kind: Kind, name: string): Resource<Body> | undefined;
  /** Ids after `marker`, in order. */
  page<Body>(kind: Kind, marker: string, limit: number): Resource<Body>[];
  /** Row by row; see `Statement.iterate`. */
  all<Body>(kind: Kind): IterableIterator<Resource<Body>>;
  count(kind: Kind): number;
  insert(kind: Kind, resource: Resource): void;
  update(kind: Kind, resource: Resource): void;
  delete(kind: Kind, id: string): void;
}

/** Tags by ARN. */
export interface Tags {
  of(arn: string): { Key: string; Value?: string }[];
  set(arn: string, key: string, value: string | undefined): void;
  remove(arn: string, key: string): void;
  clear(arn: string): void;
}

/** Invalidations of distributions. */
export interface Invalidations {
  get(distribution: string, id: string): InvalidationRow | undefined;
  byReference(distribution: string, callerReference: string): InvalidationRow | undefined;
  /** Newest first, after the one called `marker`. */
  page(distribution: string, marker: string | undefined, limit: number): InvalidationRow[];
  inProgress(distribution: string): number;
  insert(row: InvalidationRow): void;
  complete(distribution: string, id: string, nowMs: number): void;
  clear(distribution: string): void;
}

export const store = defineStore<CdnStore>({
  name: "cloudfront",
  scope: "global",
  migrations,
  open: ({ db }: StoreScope): CdnStore => ({ resources: openResources(db), tags: openTags(db), invalidations: openInvalidations(db) }),
});

function openResources(db: StoreScope["db"]): Resources {
  const columns = "id, name, etag, body, created_ms, modified_ms";
  const get = db.prepare<ResourceRow, [string, string]>(`SELECT ${columns} FROM resources WHERE kind = ? AND id = ?`);
  const byName = db.prepare<ResourceRow, [string, string]>(`SELECT ${columns} FROM resources WHERE kind = ? AND name = ?`);
  const page = db.prepare<ResourceRow, [string, string, number]>(`SELECT ${columns} FROM resources WHERE kind = ? AND id > ? ORDER BY id LIMIT ?`);
  const all = db.prepare<ResourceRow, [string]>(`SELECT ${columns} FROM resources WHERE kind = ? ORDER BY id`);
  const count = db.prepare<{ n: number }, [string]>("SELECT count(*) AS n FROM resources WHERE kind = ?");
  const insert = db.prepare("INSERT INTO resources (kind, id, name, etag, body, created_ms, modified_ms) VALUES (?, ?, ?, ?, ?, ?, ?)");
  const update = db.prepare("UPDATE resources SET name = ?, etag = ?, body = ?, modified_ms = ? WHERE kind = ? AND id = ?");
  const remove = db.prepare("DELETE FROM resources WHERE kind = ? AND id = ?");
  let writes = 0;
  return {
    get generation() { return writes + db.losses; },
    get: <Body>(kind: Kind, id: string) => resourceOf<Body>(get.get(kind, id)),
    byName: <Body>(kind: Kind, name: string) => resourceOf<Body>(byName.get(kind, name)),
    page: <Body>(kind: Kind, marker: string, limit: number) => page.all(kind, marker, limit).map((row) => resourceOf<Body>(row)!),
    *all<Body>(kind: Kind) {
      for (const row of all.iterate(kind)) yield resourceOf<Body>(row)!;
    },
    count: (kind) => count.get(kind)!.n,
    insert: (kind, { id, name, etag, body, createdMs, modifiedMs }) => {
      writes++;
      insert.run(kind, id, name, etag, JSON.stringify(body), createdMs, modifiedMs);
    },
    update: (kind, { id, name, etag, body, modifiedMs }) => {
      writes++;
      update.run(name, etag, JSON.stringify(body), modifiedMs, kind, id);
    },
    delete: (kind, id) => {
      writes++;
      remove.run(kind, id);
    },
  };
}

function resourceOf<Body>(row: ResourceRow | undefined): Resource<Body> | undefined {
  if (row === undefined) return undefined;
  const { id, name, etag, body, created_ms, modified_ms } = row;
  return { id, name, etag, body: JSON.parse(body) as Body, createdMs: created_ms, modifiedMs: modified_ms };
}

function openTags(db: StoreScope["db"]): Tags {
  const of = db.prepare<{ key: string; value: string | null }, [string]>("SELECT key, value FROM tags WHERE arn = ? ORDER BY key");
  const set = db.prepare("INSERT INTO tags (arn, key, value) VALUES (?, ?, ?) ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value");
  const remove = db.prepare("DELETE FROM tags WHERE arn = ? AND key = ?");
  const clear = db.prepare("DELETE FROM tags WHERE arn = ?");
  return {
    of: (arn) => of.all(arn).map(({ key, value }) => (value === null ? { Key: key } : { Key: key, Value: value })),
    set: (arn, key, value) => void set.run(arn, key, value ?? null),
    remove: (arn, key) => void remove.run(arn, key),
    clear: (arn) => void clear.run(arn),
  };
}

function openInvalidations(db: StoreScope["db"]): Invalidations {
  const get = db.prepare<InvalidationRecord, [string, string]>("SELECT * FROM invalidations WHERE distribution = ? AND id = ?");
  const byReference = db.prepare<InvalidationRecord, [string, string]>("SELECT * FROM invalidations WHERE distribution = ? AND caller_reference = ?");
  const first = db.prepare<InvalidationRecord, [string, number]>("SELECT * FROM invalidations WHERE distribution = ? ORDER BY created_ms DESC, id LIMIT ?");
  const after = db.prepare<InvalidationRecord, [string, number, string, number]>(
    "SELECT * FROM invalidations WHERE distribution = ? AND (-created_ms, id) > (-?, ?) ORDER BY created_ms DESC, id LIMIT ?");
  const inProgress = db.prepare<{ n: number }, [string]>("SELECT count(*) AS n FROM invalidations WHERE distribution = ? AND completed_ms IS NULL");
  const insert = db.prepare("INSERT INTO invalidations (distribution, created_ms, id, caller_reference, paths, completed_ms) VALUES (?, ?, ?, ?, ?, ?)");
  const complete = db.prepare("UPDATE invalidations SET completed_ms = ? WHERE distribution = ? AND id = ?");
  const clear = db.prepare("DELETE FROM invalidations WHERE distribution = ?");
  return {
    get: (distribution, id) => invalidationOf(get.get(distribution, id)),
    byReference: (distribution, reference) => invalidationOf(byReference.get(distribution, reference)),
    page: (distribution, marker, limit) => {
      const from = marker === undefined ? undefined : get.get(distribution, marker);
      const rows = from === undefined ? first.all(distribution, limit) : after.all(distribution, from.created_ms, from.id, limit);
      return rows.map((row) => invalidationOf(row)!);
    },
    inProgress: (distribution) => inProgress.get(distribution)!.n,
    insert: (row) => void insert.run(row.distribution, row.createdMs, row.id, row.callerReference, JSON.stringify(row.paths), row.completedMs),
    complete: (distribution, id, nowMs) => void complete.run(nowMs, distribution, id),
    clear: (distribution) => void clear.run(distribution),
  };
}

function invalidationOf(row: InvalidationRecord | undefined): InvalidationRow | undefined {
  if (row === undefined) return undefined;
  const { distribution, id, caller_reference, paths, created_ms, completed_ms } = row;
  return { distribution, id, callerReference: caller_reference, paths: JSON.parse(paths) as string[], createdMs: created_ms, completedMs: completed_ms };
}
