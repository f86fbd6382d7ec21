import type { Database } from "@cumulet/core";

/** What the kinds of credentials of a user hold. Secrets of access keys stand in the directory of the partition, where requests find them. */
export interface CredentialDetails {
  "access-key": { lastUsed?: { ms: number; region: string; service: string } };
  "ssh-key": { body: string; fingerprint: string };
  "signing-certificate": { body: string };
  "service-specific": { service: string; userName: string; expiresMs?: number };
}

export type CredentialKind = keyof CredentialDetails;

/** A credential of a user beside the password. */
export interface UserCredential<K extends CredentialKind = CredentialKind> {
  kind: K;
  id: string;
  userId: string;
  active: boolean;
  createdMs: number;
  details: CredentialDetails[K];
}

interface Row {
  kind: string;
  id: string;
  user_id: string;
  active: number;
  created_ms: number;
  details: string;
}

export const credentialMigration = `
  CREATE TABLE credentials (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    -- A user's unique id, or the account for its root.
    user_id TEXT NOT NULL,
    active INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) WITHOUT ROWID;
  CREATE INDEX credentials_user ON credentials (user_id, kind, created_ms, id);
  -- Temporary credentials, so that the directory can forget them when they have expired.
  CREATE TABLE sessions (
    access_key_id TEXT PRIMARY KEY,
    expires_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX sessions_expiry ON sessions (expires_ms);`;

/** Credentials of users, and temporary ones. */
export class CredentialTable {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  find<K extends CredentialKind>(kind: K, id: string): UserCredential<K> | undefined {
    const row = this.#statements.find.get(kind, id);
    return row && credentialOf<K>(row);
  }

  /** Oldest first. Quotas keep them few. */
  of<K extends CredentialKind>(kind: K, userId: string): UserCredential<K>[] {
    return this.#statements.of.all(userId, kind).map((row) => credentialOf<K>(row));
  }

  insert(credential: UserCredential): void {
    const { kind, id, userId, active, createdMs, details } = credential;
    this.#statements.insert.run(kind, id, userId, active ? 1 : 0, createdMs, JSON.stringify(details));
  }

  update(credential: UserCredential): void {
    this.#statements.update.run(credential.active ? 1 : 0, JSON.stringify(credential.details), credential.kind, credential.id);
  }

  delete(kind: CredentialKind, id: string): void {
    this.#statements.delete.run(kind, id);
  }

  addSession(accessKeyId: string, expiresMs: number): void {
    this.#statements.addSession.run(accessKeyId, expiresMs);
  }

  /** When the next session expires. */
  nextExpiry(): number | undefined {
    return this.#statements.nextExpiry.get()?.expires_ms;
  }

  /** Keys of sessions that expired before a time. */
  expired(beforeMs: number, limit: number): string[] {
    return this.#statements.expired.all(beforeMs, limit).map((row) => row.access_key_id);
  }

  forgetSession(accessKeyId: string): void {
    this.#statements.forgetSession.run(accessKeyId);
  }
}

function prepare(db: Database) {
  return {
    find: db.prepare<Row, [string, string]>("SELECT * FROM credentials WHERE kind = ? AND id = ?"),
    of: db.prepare<Row, [string, string]>("SELECT * FROM credentials WHERE user_id = ? AND kind = ? ORDER BY created_ms, id LIMIT 1000"),
    insert: db.prepare("INSERT INTO credentials (kind, id, user_id, active, created_ms, details) VALUES (?, ?, ?, ?, ?, ?)"),
    update: db.prepare("UPDATE credentials SET active = ?, details = ? WHERE kind = ? AND id = ?"),
    delete: db.prepare("DELETE FROM credentials WHERE kind = ? AND id = ?"),
    addSession: db.prepare("INSERT OR REPLACE INTO sessions (access_key_id, expires_ms) VALUES (?, ?)"),
    nextExpiry: db.prepare<{ expires_ms: number }, []>("SELECT expires_ms FROM sessions ORDER BY expires_ms LIMIT 1"),
    expired: db.prepare<{ access_key_id: string }, [number, number]>("SELECT access_key_id FROM sessions WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?"),
    forgetSession: db.prepare("DELETE FROM sessions WHERE access_key_id = ?"),
  };
}

function credentialOf<K extends CredentialKind>(row: Row): UserCredential<K> {
  return {
    kind: row.kind as K,
    id: row.id,
    userId: row.user_id,
    active: row.active === 1,
    createdMs: row.created_ms,
    details: JSON.parse(row.details) as CredentialDetails[K],
  };
}
