import type { Database } from "@cumulet/core";

/** One version of a customer managed policy. */
export interface PolicyVersion {
  version: number;
  document: string;
  createdMs: number;
}

interface VersionRow {
  version: number;
  document: string;
  created_ms: number;
}

export const policyMigration = `
  CREATE TABLE policy_versions (
    policy_id TEXT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (policy_id, version)
  ) WITHOUT ROWID;
  CREATE TABLE inline_policies (
    owner_id TEXT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (owner_id, name)
  ) WITHOUT ROWID;
  CREATE TABLE attachments (
    owner_id TEXT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    policy_arn TEXT NOT NULL,
    PRIMARY KEY (owner_id, policy_arn)
  ) WITHOUT ROWID;
  CREATE INDEX attachments_policy ON attachments (policy_arn);`;

/** Documents: versions of managed policies, inline policies, and which policy is attached to whom. */
export class PolicyTable {
  readonly #changed: () => void;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database, changed: () => void) {
    this.#changed = changed;
    this.#statements = prepare(db);
  }

  /** Newest first, as IAM lists them. There are five at most. */
  versions(policyId: string): PolicyVersion[] {
    return this.#statements.versions.all(policyId).map(versionOf);
  }

  version(policyId: string, version: number): PolicyVersion | undefined {
    const row = this.#statements.version.get(policyId, version);
    return row && versionOf(row);
  }

  addVersion(policyId: string, { version, document, createdMs }: PolicyVersion): void {
    this.#changed();
    this.#statements.addVersion.run(policyId, version, document, createdMs);
  }

  deleteVersion(policyId: string, version: number): void {
    this.#changed();
    this.#statements.deleteVersion.run(policyId, version);
  }

  inline(ownerId: string, name: string): string | undefined {
    return this.#statements.inline.get(ownerId, name)?.document;
  }

  inlineList(ownerId: string, limit: number, after = ""): { name: string; document: string }[] {
    return this.#statements.inlineList.all(ownerId, after, limit);
  }

  putInline(ownerId: string, name: string, document: string): void {
    this.#changed();
    this.#statements.putInline.run(ownerId, name, document);
  }

  /** False when there was none. */
  deleteInline(ownerId: string, name: string): boolean {
    this.#changed();
    return this.#statements.deleteInline.run(ownerId, name).changes > 0;
  }

  /** Characters of all inline policies of an owner but one, white space not counted: their quota is on the sum. */
  inlineSize(ownerId: string, except: string): number {
    let size = 0;
    for (const { name, document } of this.#statements.inlineList.all(ownerId, "", 1000)) if (name !== except) size += document.replace(/\s/g, "").length;
    return size;
  }

  attach(ownerId: string, policyArn: string): void {
    this.#changed();
    this.#statements.attach.run(ownerId, policyArn);
  }

  /** False when it was not attached. */
  detach(ownerId: string, policyArn: string): boolean {
    this.#changed();
    return this.#statements.detach.run(ownerId, policyArn).changes > 0;
  }

  attached(ownerId: string, limit: number, after = ""): string[] {
    return this.#statements.attached.all(ownerId, after, limit).map((row) => row.policy_arn);
  }

  isAttached(ownerId: string, policyArn: string): boolean {
    return this.#statements.isAttached.get(ownerId, policyArn) !== undefined;
  }

  attachmentCount(policyArn: string): number {
    return this.#statements.attachmentCount.get(policyArn)!.n;
  }

  /** Ids of the entities that a policy is attached to. */
  attachedTo(policyArn: string, limit: number): string[] {
    return this.#statements.attachedTo.all(policyArn, limit).map((row) => row.owner_id);
  }
}

function prepare(db: Database) {
  return {
    versions: db.prepare<VersionRow, [string]>("SELECT version, document, created_ms FROM policy_versions WHERE policy_id = ? ORDER BY version DESC LIMIT 100"),
    version: db.prepare<VersionRow, [string, number]>("SELECT version, document, created_ms FROM policy_versions WHERE policy_id = ? AND version = ?"),
    addVersion: db.prepare("INSERT INTO policy_versions (policy_id, version, document, created_ms) VALUES (?, ?, ?, ?)"),
    deleteVersion: db.prepare("DELETE FROM policy_versions WHERE policy_id = ? AND version = ?"),
    inline: db.prepare<{ document: string }, [string, string]>("SELECT document FROM inline_policies WHERE owner_id = ? AND name = ?"),
    inlineList: db.prepare<{ name: string; document: string }, [string, string, number]>("SELECT name, document FROM inline_policies WHERE owner_id = ? AND name > ? ORDER BY name LIMIT ?"),
    putInline: db.prepare("INSERT OR REPLACE INTO inline_policies (owner_id, name, document) VALUES (?, ?, ?)"),
    deleteInline: db.prepare("DELETE FROM inline_policies WHERE owner_id = ? AND name = ?"),
    attach: db.prepare("INSERT OR IGNORE INTO attachments (owner_id, policy_arn) VALUES (?, ?)"),
    detach: db.prepare("DELETE FROM attachments WHERE owner_id = ? AND policy_arn = ?"),
    attached: db.prepare<{ policy_arn: string }, [string, string, number]>("SELECT policy_arn FROM attachments WHERE owner_id = ? AND policy_arn > ? ORDER BY policy_arn LIMIT ?"),
    isAttached: db.prepare<unknown, [string, string]>("SELECT 1 FROM attachments WHERE owner_id = ? AND policy_arn = ?"),
    attachmentCount: db.prepare<{ n: number }, [string]>("SELECT count(*) AS n FROM attachments WHERE policy_arn = ?"),
    attachedTo: db.prepare<{ owner_id: string }, [string, number]>("SELECT owner_id FROM attachments WHERE policy_arn = ? LIMIT ?"),
  };
}

function versionOf(row: VersionRow): PolicyVersion {
  return { version: row.version, document: row.document, createdMs: row.created_ms };
}
