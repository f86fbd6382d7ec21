import type { KeyObject } from "node:crypto";
import { Bell, defineStore } from "@cumulet/core";
import type { Database, StoreScope } from "@cumulet/core";
import type { GrantConstraints } from "@cumulet/protocol/models/kms.d.ts";

const MIGRATIONS = [
  `CREATE TABLE keys (
     id TEXT NOT NULL PRIMARY KEY,
     document TEXT NOT NULL,
     -- When the background has something to do with it.
     due_ms INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX keys_due ON keys (due_ms) WHERE due_ms IS NOT NULL;
   CREATE TABLE materials (
     key_id TEXT NOT NULL,
     number INTEGER NOT NULL,
     id TEXT NOT NULL,
     document TEXT NOT NULL,
     -- NULL while imported material is deleted.
     bytes BLOB,
     PRIMARY KEY (key_id, number)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE aliases (
     name TEXT NOT NULL PRIMARY KEY,
     key_id TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     updated_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX aliases_key ON aliases (key_id, name);
   CREATE TABLE grants (
     id TEXT NOT NULL PRIMARY KEY,
     key_id TEXT NOT NULL,
     token TEXT NOT NULL,
     document TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX grants_key ON grants (key_id, id);
   CREATE TABLE imports (
     token TEXT NOT NULL PRIMARY KEY,
     key_id TEXT NOT NULL,
     algorithm TEXT NOT NULL,
     until_ms INTEGER NOT NULL,
     private_key BLOB NOT NULL
   ) STRICT, WITHOUT ROWID`,
];

export interface Key {
  id: string;
  spec: string;
  usage: string;
  state: "Enabled" | "Disabled" | "PendingDeletion" | "PendingImport" | "PendingReplicaDeletion";
  description: string;
  origin: "AWS_KMS" | "EXTERNAL";
  manager: "CUSTOMER" | "AWS";
  policy: string;
  tags: { [key: string]: string };
  createdMs: number;
  deletionMs?: number | undefined;
  /** Days that were asked for when its deletion was scheduled. */
  deletionDays?: number | undefined;
  rotation: { enabled: boolean; periodDays: number; nextMs: number | undefined };
  /** The number of the material that new ciphertexts are made with. */
  material: number;
  multiRegion: boolean;
  /** Of a multi-Region key: the region of the primary, and where replicas are. */
  primaryRegion?: string | undefined;
  replicaRegions?: string[] | undefined;
  lastUsedMs?: number | undefined;
}

/** One of a key's materials. */
export interface Material {
  number: number;
  /** 64 hex digits. */
  id: string;
  createdMs: number;
  rotationType?: "AUTOMATIC" | "ON_DEMAND" | undefined;
  rotatedMs?: number | undefined;
  /** Of imported material. */
  validToMs?: number | undefined;
  description?: string | undefined;
  /** A symmetric secret, or a private key as PKCS #8 DER. */
  bytes: Buffer | null;
}

export interface Alias {
  name: string;
  keyId: string;
  createdMs: number;
  updatedMs: number;
}

export interface Grant {
  id: string;
  keyId: string;
  token: string;
  name?: string | undefined;
  grantee: string;
  retiring?: string | undefined;
  operations: string[];
  constraints?: GrantConstraints | undefined;
  issuer: string;
  createdMs: number;
}

type AliasRow = { name: string; key_id: string; created_ms: number; updated_ms: number };
type MaterialRow = { number: number; id: string; document: string; bytes: Buffer | null };

/** KMS in one account and region. */
export class KmsStore {
  readonly bell: Bell;
  /** Private keys that were used, parsed, by their material. */
  readonly parsed = new Map<string, KeyObject>();
  readonly #statements: ReturnType<typeof prepare>;
  readonly #keys = new Map<string, Key>();
  readonly #materials = new Map<string, Material>();

  constructor({ db }: StoreScope) {
    this.bell = Bell.of(db);
    this.#statements = prepare(db);
  }

  // --- keys -----------------------------------------------------------------------------------------------------------

  key(id: string): Key | undefined {
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    const row = this.#statements.key.get(id);
    if (row === undefined) return undefined;
    const key = JSON.parse(row.document) as Key;
    this.#keys.set(id, key);
    return key;
  }

  putKey(key: Key, dueMs: number | undefined): void {
    this.#statements.putKey.run(key.id, JSON.stringify(key), dueMs ?? null);
    this.#keys.delete(key.id);
  }

  /** Deletes a key, its materials, aliases and grants. */
  deleteKey(id: string): void {
    this.#statements.deleteKey.run(id);
    this.#statements.deleteMaterials.run(id);
    this.#statements.deleteAliasesOf.run(id);
    this.#statements.deleteGrantsOf.run(id);
    this.#keys.delete(id);
    this.#materials.clear();
    this.parsed.clear();
  }

  keys(after: string, limit: number): Key[] {
    return this.#statements.keys.all(after, limit).map(({ document }) => JSON.parse(document) as Key);
  }

  dueKeys(nowMs: number): Key[] {
    return this.#statements.dueKeys.all(nowMs).map(({ document }) => JSON.parse(document) as Key);
  }

  nextDueMs(): number | undefined {
    return this.#statements.nextDue.get()?.due_ms;
  }

  // --- materials ------------------------------------------------------------------------------------------------------

  material(keyId: string, number: number): Material | undefined {
    const name = `${keyId}/${number}`;
    const known = this.#materials.get(name);
    if (known !== undefined) return known;
    const row = this.#statements.material.get(keyId, number);
    if (row === undefined) return undefined;
    const material = materialOf(row);
    if (this.#materials.size > 1000) this.#materials.clear();
    this.#materials.set(name, material);
    return material;
  }

  materials(keyId: string): Material[] {
    return this.#statements.materials.all(keyId).map(materialOf);
  }

  putMaterial(keyId: string, { number, id, bytes, ...document }: Material): void {
    this.#statements.putMaterial.run(keyId, number, id, JSON.stringify(document), bytes);
    this.#materials.delete(`${keyId}/${number}`);
    this.parsed.delete(`${keyId}/${number}`);
  }

  // --- aliases --------------------------------------------------------------------------------------------------------

  alias(name: string): Alias | undefined {
    const row = this.#statements.alias.get(name);
    return row === undefined ? undefined : aliasOf(row);
  }

  putAlias({ name, keyId, createdMs, updatedMs }: Alias): void {
    this.#statements.putAlias.run(name, keyId, createdMs, updatedMs);
  }

  deleteAlias(name: string): void {
    this.#statements.deleteAlias.run(name);
  }

  aliases(keyId: string | undefined, after: string, limit: number): Alias[] {
    return (keyId === undefined ? this.#statements.aliases.all(after, limit) : this.#statements.aliasesOf.all(keyId, after, limit)).map(aliasOf);
  }

  // --- grants ---------------------------------------------------------------------------------------------------------

  grant(id: string): Grant | undefined {
    return parsed<Grant>(this.#statements.grant.get(id));
  }

  grantByToken(token: string): Grant | undefined {
    return parsed<Grant>(this.#statements.grantByToken.get(token));
  }

  putGrant(grant: Grant): void {
    this.#statements.putGrant.run(grant.id, grant.keyId, grant.token, JSON.stringify(grant));
  }

  deleteGrant(id: string): void {
    this.#statements.deleteGrant.run(id);
  }

  grants(keyId: string, after: string, limit: number): Grant[] {
    return this.#statements.grantsOf.all(keyId, after, limit).map(({ document }) => JSON.parse(document) as Grant);
  }

  allGrants(after: string, limit: number): Grant[] {
    return this.#statements.grants.all(after, limit).map(({ document }) => JSON.parse(document) as Grant);
  }

  // --- imports --------------------------------------------------------------------------------------------------------

  putImport(token: string, keyId: string, algorithm: string, untilMs: number, privateKey: Buffer): void {
    this.#statements.putImport.run(token, keyId, algorithm, untilMs, privateKey);
  }

  import(token: string): { key_id: string; algorithm: string; until_ms: number; private_key: Buffer } | undefined {
    return this.#statements.import.get(token);
  }

  dropImports(nowMs: number): void {
    this.#statements.dropImports.run(nowMs);
  }
}

function parsed<T>(row: { document: string } | undefined): T | undefined {
  return row === undefined ? undefined : (JSON.parse(row.document) as T);
}

function materialOf({ number, id, document, bytes }: MaterialRow): Material {
  return { number, id, bytes, ...(JSON.parse(document) as Omit<Material, "number" | "id" | "bytes">) };
}

function aliasOf(row: AliasRow): Alias {
  return { name: row.name, keyId: row.key_id, createdMs: row.created_ms, updatedMs: row.updated_ms };
}

function prepare(db: Database) {
  return {
    key: db.prepare<{ document: string }, [id: string]>("SELECT document FROM keys WHERE id = ?"),
    putKey: db.prepare<unknown, [id: string, document: string, dueMs: number | null]>("INSERT OR REPLACE INTO keys VALUES (?, ?, ?)"),
    deleteKey: db.prepare<unknown, [id: string]>("DELETE FROM keys WHERE id = ?"),
    keys: db.prepare<{ document: string }, [after: string, limit: number]>("SELECT document FROM keys WHERE id > ? ORDER BY id LIMIT ?"),
    dueKeys: db.prepare<{ document: string }, [nowMs: number]>("SELECT document FROM keys WHERE due_ms <= ? LIMIT 1000"),
    nextDue: db.prepare<{ due_ms: number }>("SELECT due_ms FROM keys WHERE due_ms IS NOT NULL ORDER BY due_ms LIMIT 1"),
    material: db.prepare<MaterialRow, [keyId: string, number: number]>("SELECT number, id, document, bytes FROM materials WHERE key_id = ? AND number = ?"),
    materials: db.prepare<MaterialRow, [keyId: string]>("SELECT number, id, document, bytes FROM materials WHERE key_id = ? ORDER BY number LIMIT 1000"),
    putMaterial: db.prepare<unknown, [keyId: string, number: number, id: string, document: string, bytes: Buffer | null]>("INSERT OR REPLACE INTO materials VALUES (?, ?, ?, ?, ?)"),
    deleteMaterials: db.prepare<unknown, [keyId: string]>("DELETE FROM materials WHERE key_id = ?"),
    alias: db.prepare<AliasRow, [name: string]>("SELECT * FROM aliases WHERE name = ?"),
    putAlias: db.prepare<unknown, [name: string, keyId: string, createdMs: number, updatedMs: number]>("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?, ?)"),
    deleteAlias: db.prepare<unknown, [name: string]>("DELETE FROM aliases WHERE name = ?"),
    deleteAliasesOf: db.prepare<unknown, [keyId: string]>("DELETE FROM aliases WHERE key_id = ?"),
    aliases: db.prepare<AliasRow, [after: string, limit: number]>("SELECT * FROM aliases WHERE name > ? ORDER BY name LIMIT ?"),
    aliasesOf: db.prepare<AliasRow, [keyId: string, after: string, limit: number]>("SELECT * FROM aliases WHERE key_id = ? AND name > ? ORDER BY name LIMIT ?"),
    grant: db.prepare<{ document: string }, [id: string]>("SELECT document FROM grants WHERE id = ?"),
    grantByToken: db.prepare<{ document: string }, [token: string]>("SELECT document FROM grants WHERE token = ?"),
    putGrant: db.prepare<unknown, [id: string, keyId: string, token: string, document: string]>("INSERT OR REPLACE INTO grants VALUES (?, ?, ?, ?)"),
    deleteGrant: db.prepare<unknown, [id: string]>("DELETE FROM grants WHERE id = ?"),
    deleteGrantsOf: db.prepare<unknown, [keyId: string]>("DELETE FROM grants WHERE key_id = ?"),
    grantsOf: db.prepare<{ document: string }, [keyId: string, after: string, limit: number]>("SELECT document FROM grants WHERE key_id = ? AND id > ? ORDER BY id LIMIT ?"),
    grants: db.prepare<{ document: string }, [after: string, limit: number]>("SELECT document FROM grants WHERE id > ? ORDER BY id LIMIT ?"),
    putImport: db.prepare<unknown, [token: string, keyId: string, algorithm: string, untilMs: number, privateKey: Buffer]>("INSERT INTO imports VALUES (?, ?, ?, ?, ?)"),
    import: db.prepare<{ key_id: string; algorithm: string; until_ms: number; private_key: Buffer }, [token: string]>("SELECT * FROM imports WHERE token = ?"),
    dropImports: db.prepare<unknown, [nowMs: number]>("DELETE FROM imports WHERE until_ms <= ?"),
  };
}

export const store = defineStore({
  name: "kms",
  scope: "regional",
  migrations: MIGRATIONS,
  open: (scope) => new KmsStore(scope),
});
