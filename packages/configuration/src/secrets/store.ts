import { Bell, defineStore } from "@cumulet/core";
import type { Database, StoreScope } from "@cumulet/core";

const MIGRATIONS = [
  `CREATE TABLE secrets (
     name TEXT NOT NULL PRIMARY KEY,
     document TEXT NOT NULL,
     -- When the background has something to do with it.
     due_ms INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX secrets_due ON secrets (due_ms) WHERE due_ms IS NOT NULL;
   CREATE TABLE versions (
     secret TEXT NOT NULL,
     id TEXT NOT NULL,
     number INTEGER NOT NULL,
     stages TEXT NOT NULL,
     document TEXT NOT NULL,
     -- Sealed by KMS; NULL where there is no value yet.
     value BLOB,
     PRIMARY KEY (secret, id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX versions_number ON versions (secret, number)`,
];

/** How and when a secret is rotated. */
export interface Rotation {
  lambdaArn: string;
  rules: { AutomaticallyAfterDays?: number; Duration?: string; ScheduleExpression?: string };
  lastMs?: number | undefined;
  nextMs?: number | undefined;
  /** Where rates are counted from. */
  originMs: number;
}

export interface Secret {
  name: string;
  arn: string;
  description?: string | undefined;
  /** As it was given; the service's own key when absent. */
  kmsKey?: string | undefined;
  tags: { [key: string]: string };
  createdMs: number;
  changedMs: number;
  accessedMs?: number | undefined;
  deletedMs?: number | undefined;
  /** When it goes for good. */
  deletionMs?: number | undefined;
  rotation?: Rotation | undefined;
  /** A rotation that was switched off keeps its function. */
  rotationOff?: boolean | undefined;
  policy?: string | undefined;
  owningService?: string | undefined;
  /** Of a replica: where the original is. */
  primaryRegion?: string | undefined;
  replicas: { region: string; kmsKey?: string | undefined; status: string; message?: string | undefined }[];
}

export interface Version {
  id: string;
  stages: string[];
  createdMs: number;
  accessedMs?: number | undefined;
  /** What it is encrypted with, as shown. */
  kmsKeyId: string;
  binary: boolean;
  value: Buffer | null;
}

type VersionRow = { id: string; stages: string; document: string; value: Buffer | null };

/** Versions that are kept beside those with stages. */
const keptVersions = 100;

/** Secrets Manager in one account and region. */
export class SecretsStore {
  readonly bell: Bell;
  readonly #statements: ReturnType<typeof prepare>;

  constructor({ db }: StoreScope) {
    this.bell = Bell.of(db);
    this.#statements = prepare(db);
  }

  secret(name: string): Secret | undefined {
    const row = this.#statements.secret.get(name);
    return row === undefined ? undefined : (JSON.parse(row.document) as Secret);
  }

  putSecret(secret: Secret, dueMs: number | undefined): void {
    this.#statements.putSecret.run(secret.name, JSON.stringify(secret), dueMs ?? null);
  }

  deleteSecret(name: string): void {
    this.#statements.deleteSecret.run(name);
    this.#statements.deleteVersions.run(name);
  }

  /** Secrets in order of their names. */
  secrets(after: string, limit: number): Secret[] {
    return this.#statements.secrets.all(after, limit).map(({ document }) => JSON.parse(document) as Secret);
  }

  dueSecrets(nowMs: number): Secret[] {
    return this.#statements.dueSecrets.all(nowMs).map(({ document }) => JSON.parse(document) as Secret);
  }

  nextDueMs(): number | undefined {
    return this.#statements.nextDue.get()?.due_ms;
  }

  version(secret: string, id: string): Version | undefined {
    const row = this.#statements.version.get(secret, id);
    return row === undefined ? undefined : versionOf(row);
  }

  /** Oldest first. */
  versions(secret: string): Version[] {
    return this.#statements.versions.all(secret).map(versionOf);
  }

  /** Adds a version, or replaces it in its place; the oldest of those that have no stage go. */
  putVersion(secret: string, { id, stages, value, ...document }: Version): void {
    const number = this.#statements.number.get(secret, id)?.number ?? (this.#statements.lastNumber.get(secret)?.number ?? 0) + 1;
    this.#statements.putVersion.run(secret, id, number, JSON.stringify([...stages].sort()), JSON.stringify(document), value);
    this.#statements.dropVersions.run(secret, number - keptVersions);
  }
}

function versionOf({ id, stages, document, value }: VersionRow): Version {
  return { id, stages: JSON.parse(stages) as string[], value, ...(JSON.parse(document) as Omit<Version, "id" | "stages" | "value">) };
}

function prepare(db: Database) {
  return {
    secret: db.prepare<{ document: string }, [name: string]>("SELECT document FROM secrets WHERE name = ?"),
    putSecret: db.prepare<unknown, [name: string, document: string, dueMs: number | null]>("INSERT OR REPLACE INTO secrets VALUES (?, ?, ?)"),
    deleteSecret: db.prepare<unknown, [name: string]>("DELETE FROM secrets WHERE name = ?"),
    deleteVersions: db.prepare<unknown, [secret: string]>("DELETE FROM versions WHERE secret = ?"),
    secrets: db.prepare<{ document: string }, [after: string, limit: number]>("SELECT document FROM secrets WHERE name > ? ORDER BY name LIMIT ?"),
    dueSecrets: db.prepare<{ document: string }, [nowMs: number]>("SELECT document FROM secrets WHERE due_ms <= ? LIMIT 1000"),
    nextDue: db.prepare<{ due_ms: number }>("SELECT due_ms FROM secrets WHERE due_ms IS NOT NULL ORDER BY due_ms LIMIT 1"),
    version: db.prepare<VersionRow, [secret: string, id: string]>("SELECT id, stages, document, value FROM versions WHERE secret = ? AND id = ?"),
    versions: db.prepare<VersionRow, [secret: string]>("SELECT id, stages, document, value FROM versions WHERE secret = ? ORDER BY number LIMIT 1000"),
    number: db.prepare<{ number: number }, [secret: string, id: string]>("SELECT number FROM versions WHERE secret = ? AND id = ?"),
    lastNumber: db.prepare<{ number: number }, [secret: string]>("SELECT number FROM versions WHERE secret = ? ORDER BY number DESC LIMIT 1"),
    putVersion: db.prepare<unknown, [secret: string, id: string, number: number, stages: string, document: string, value: Buffer | null]>("INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?, ?)"),
    dropVersions: db.prepare<unknown, [secret: string, upTo: number]>("DELETE FROM versions WHERE secret = ? AND number <= ? AND stages = '[]'"),
  };
}

export const store = defineStore({
  name: "secretsmanager",
  scope: "regional",
  migrations: MIGRATIONS,
  open: (scope) => new SecretsStore(scope),
});
