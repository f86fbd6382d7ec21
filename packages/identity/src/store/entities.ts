import type { Database } from "@cumulet/core";

/** A tag as IAM shows it. */
export interface Tag {
  Key: string;
  Value: string;
}

/** What only some kinds of entity have, kept as JSON beside what all have. */
export interface Details {
  user: {
    loginProfile?: { createdMs: number; resetRequired: boolean; passwordHash: string };
    passwordLastUsedMs?: number;
  };
  group: Record<string, never>;
  role: {
    trustPolicy: string;
    description?: string;
    maxSessionSeconds?: number;
    /** Platform time and region of the latest session. */
    lastUsed?: { ms: number; region: string };
    /** The service that a service-linked role belongs to. */
    linkedService?: string;
  };
  "instance-profile": {
    /** Unique id of the one role in it. */
    roleId?: string;
  };
  policy: {
    description?: string;
    updatedMs: number;
    defaultVersion: number;
    /** Of the newest version: numbers are never used again. */
    lastVersion: number;
  };
  "oidc-provider": { clientIds: string[]; thumbprints: string[] };
  "saml-provider": { metadata: string; uuid: string; validUntilMs?: number; assertionEncryption?: string; privateKeys?: { id: string; createdMs: number }[] };
  "server-certificate": { body: string; chain?: string; privateKey: string; expiresMs?: number };
  mfa: { seed: string; qr?: string; userId?: string; enabledMs?: number };
}

/** The kinds of named things that an account has. */
export type EntityKind = keyof Details;

/** A named thing: user, role, policy... `id` never changes and is what other rows point at, so a rename moves nothing. */
export interface Entity<K extends EntityKind = EntityKind> {
  kind: K;
  name: string;
  path: string;
  id: string;
  createdMs: number;
  /** ARN of the permissions boundary (users and roles). */
  boundary: string | undefined;
  tags: Tag[];
  details: Details[K];
}

interface Row {
  kind: string;
  name: string;
  path: string;
  id: string;
  created_ms: number;
  boundary: string | null;
  tags: string;
  details: string;
}

export const entityMigration = `
  CREATE TABLE entities (
    kind TEXT NOT NULL,
    -- Names that differ in case only collide, as in IAM; they are found by their exact spelling.
    name TEXT NOT NULL COLLATE NOCASE,
    path TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    boundary TEXT,
    tags TEXT NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (kind, name)
  ) WITHOUT ROWID;
  CREATE INDEX entities_boundary ON entities (boundary) WHERE boundary IS NOT NULL;
  CREATE TABLE members (
    group_id TEXT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
  ) WITHOUT ROWID;
  CREATE INDEX members_user ON members (user_id);`;

/** The named things of an account and who is in which group. */
export class EntityTable {
  readonly #changed: () => void;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database, changed: () => void) {
    this.#changed = changed;
    this.#statements = prepare(db);
  }

  /** The entity of exactly this name. */
  find<K extends EntityKind>(kind: K, name: string): Entity<K> | undefined {
    const row = this.#statements.byName.get(kind, name);
    return row !== undefined && row.name === name ? entityOf<K>(row) : undefined;
  }

  /** Whether the name is taken, in whatever case. */
  taken(kind: EntityKind, name: string): boolean {
    return this.#statements.byName.get(kind, name) !== undefined;
  }

  byId<K extends EntityKind>(id: string): Entity<K> | undefined {
    const row = this.#statements.byId.get(id);
    return row && entityOf<K>(row);
  }

  /** Entities in the order of their names, under a path, after a name. */
  list<K extends EntityKind>(kind: K, limit: number, after = "", pathPrefix = "/"): Entity<K>[] {
    return this.#statements.list.all(kind, after, pathPrefix.length, pathPrefix, limit).map((row) => entityOf<K>(row));
  }

  count(kind: EntityKind): number {
    return this.#statements.count.get(kind)!.n;
  }

  insert<K extends EntityKind>(entity: Entity<K>): void {
    this.#changed();
    const { kind, name, path, id, createdMs, boundary, tags, details } = entity;
    this.#statements.insert.run(kind, name, path, id, createdMs, boundary ?? null, JSON.stringify(tags), JSON.stringify(details));
  }

  /** Writes what may change of an entity, found by its id. */
  update(entity: Entity): void {
    this.#changed();
    const { name, path, id, boundary, tags, details } = entity;
    this.#statements.update.run(name, path, boundary ?? null, JSON.stringify(tags), JSON.stringify(details), id);
  }

  delete(id: string): void {
    this.#changed();
    this.#statements.delete.run(id);
  }

  /** How many entities have the policy as their boundary. */
  boundaryUses(policyArn: string): number {
    return this.#statements.boundaryUses.get(policyArn)!.n;
  }

  /** Users and roles that have the policy as their boundary, by id. */
  boundedBy(policyArn: string): Entity[] {
    return this.#statements.boundedBy.all(policyArn).map((row) => entityOf(row));
  }

  addMember(groupId: string, userId: string): void {
    this.#changed();
    this.#statements.addMember.run(groupId, userId);
  }

  /** False when the user was not in the group. */
  removeMember(groupId: string, userId: string): boolean {
    this.#changed();
    return this.#statements.removeMember.run(groupId, userId).changes > 0;
  }

  membersOf(groupId: string, limit: number, after = ""): Entity<"user">[] {
    return this.#statements.membersOf.all(groupId, after, limit).map((row) => entityOf<"user">(row));
  }

  groupsOf(userId: string, limit: number, after = ""): Entity<"group">[] {
    return this.#statements.groupsOf.all(userId, after, limit).map((row) => entityOf<"group">(row));
  }

  /** Instance profiles that hold a role. */
  profilesOf(roleId: string, limit: number, after = ""): Entity<"instance-profile">[] {
    return this.#statements.profilesOf.all(roleId, after, limit).map((row) => entityOf<"instance-profile">(row));
  }

  /** The MFA devices of a user. */
  devicesOf(userId: string): Entity<"mfa">[] {
    return this.#statements.devicesOf.all(userId).map((row) => entityOf<"mfa">(row));
  }
}

function prepare(db: Database) {
  return {
    byName: db.prepare<Row, [string, string]>("SELECT * FROM entities WHERE kind = ? AND name = ?"),
    byId: db.prepare<Row, [string]>("SELECT * FROM entities WHERE id = ?"),
    list: db.prepare<Row, [string, string, number, string, number]>("SELECT * FROM entities WHERE kind = ? AND name > ? AND substr(path, 1, ?) = ? ORDER BY name LIMIT ?"),
    count: db.prepare<{ n: number }, [string]>("SELECT count(*) AS n FROM entities WHERE kind = ?"),
    insert: db.prepare("INSERT INTO entities (kind, name, path, id, created_ms, boundary, tags, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
    update: db.prepare("UPDATE entities SET name = ?, path = ?, boundary = ?, tags = ?, details = ? WHERE id = ?"),
    delete: db.prepare("DELETE FROM entities WHERE id = ?"),
    boundaryUses: db.prepare<{ n: number }, [string]>("SELECT count(*) AS n FROM entities WHERE boundary = ?"),
    boundedBy: db.prepare<Row, [string]>("SELECT * FROM entities WHERE boundary = ? ORDER BY kind, name LIMIT 10000"),
    addMember: db.prepare("INSERT OR IGNORE INTO members (group_id, user_id) VALUES (?, ?)"),
    removeMember: db.prepare("DELETE FROM members WHERE group_id = ? AND user_id = ?"),
    membersOf: db.prepare<Row, [string, string, number]>("SELECT e.* FROM members m JOIN entities e ON e.id = m.user_id WHERE m.group_id = ? AND e.name > ? ORDER BY e.name LIMIT ?"),
    groupsOf: db.prepare<Row, [string, string, number]>("SELECT e.* FROM members m JOIN entities e ON e.id = m.group_id WHERE m.user_id = ? AND e.name > ? ORDER BY e.name LIMIT ?"),
    profilesOf: db.prepare<Row, [string, string, number]>("SELECT * FROM entities WHERE kind = 'instance-profile' AND json_extract(details, '$.roleId') = ? AND name > ? ORDER BY name LIMIT ?"),
    devicesOf: db.prepare<Row, [string]>("SELECT * FROM entities WHERE kind = 'mfa' AND json_extract(details, '$.userId') = ? ORDER BY name LIMIT 100"),
  };
}

function entityOf<K extends EntityKind>(row: Row): Entity<K> {
  return {
    kind: row.kind as K,
    name: row.name,
    path: row.path,
    id: row.id,
    createdMs: row.created_ms,
    boundary: row.boundary ?? undefined,
    tags: JSON.parse(row.tags) as Tag[],
    details: JSON.parse(row.details) as Details[K],
  };
}
