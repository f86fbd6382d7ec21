import type { Database } from "@cumulet/core";
import type { CodeReference, FunctionRow, VersionRow, VersionSettings } from "../domain/function.ts";

interface FunctionRecord {
  name: string;
  next_version: number;
  reserved_concurrency: number | null;
  recursive_loop: string;
  code_signing_config_arn: string | null;
  tags: string;
}

interface VersionRecord {
  function: string;
  version: number;
  settings: string;
  code: string;
  code_sha256: string;
  code_size: number;
  unzipped: number;
  last_modified_ms: number;
  settles_ms: number;
  change: string;
  revision_id: string;
  settled_revision_id: string;
}

/** An alias: a name for a version, or for two of them with weights. */
export interface AliasRow {
  functionName: string;
  name: string;
  version: number;
  description: string;
  /** Share of another version, 0 to 1. */
  weights: Record<string, number> | undefined;
  revisionId: string;
}

interface AliasRecord {
  function: string;
  name: string;
  version: number;
  description: string;
  weights: string | null;
  revision_id: string;
}

/** Functions, their versions and aliases of one account and region. */
export class FunctionTables {
  readonly #db: Database;
  readonly #statements;

  constructor(db: Database) {
    this.#db = db;
    this.#statements = {
      function: db.prepare<FunctionRecord, [string]>("SELECT * FROM function WHERE name = ?"),
      functions: db.prepare<FunctionRecord, [string, number]>("SELECT * FROM function WHERE name > ? ORDER BY name LIMIT ?"),
      putFunction: db.prepare<unknown, [string, number, number | null, string, string | null, string]>(
        "INSERT INTO function (name, next_version, reserved_concurrency, recursive_loop, code_signing_config_arn, tags) VALUES (?, ?, ?, ?, ?, ?) " +
        "ON CONFLICT (name) DO UPDATE SET next_version = excluded.next_version, reserved_concurrency = excluded.reserved_concurrency, " +
        "recursive_loop = excluded.recursive_loop, code_signing_config_arn = excluded.code_signing_config_arn, tags = excluded.tags"),
      deleteFunction: db.prepare<unknown, [string]>("DELETE FROM function WHERE name = ?"),
      reserved: db.prepare<{ total: number | null }, []>("SELECT sum(reserved_concurrency) AS total FROM function"),
      count: db.prepare<{ functions: number }, []>("SELECT count(*) AS functions FROM function"),
      signed: db.prepare<{ name: string }, [string, string, number]>("SELECT name FROM function WHERE code_signing_config_arn = ? AND name > ? ORDER BY name LIMIT ?"),
      codeSize: db.prepare<{ total: number | null }, []>("SELECT sum(code_size) AS total FROM version"),
      version: db.prepare<VersionRecord, [string, number]>("SELECT * FROM version WHERE function = ? AND version = ?"),
      versions: db.prepare<VersionRecord, [string, number, number]>("SELECT * FROM version WHERE function = ? AND version > ? ORDER BY version LIMIT ?"),
      latestPublished: db.prepare<VersionRecord, [string]>("SELECT * FROM version WHERE function = ? AND version > 0 ORDER BY version DESC LIMIT 1"),
      allVersions: db.prepare<VersionRecord, [string, number, number]>("SELECT * FROM version WHERE (function, version) > (?, ?) ORDER BY function, version LIMIT ?"),
      putVersion: db.prepare<unknown, [string, number, string, string, string | null, string, number, number, number, string, string, string, number]>(
        "INSERT INTO version (function, version, settings, code, blob, code_sha256, code_size, last_modified_ms, settles_ms, change, revision_id, settled_revision_id, unzipped) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (function, version) DO UPDATE SET settings = excluded.settings, code = excluded.code, blob = excluded.blob, " +
        "code_sha256 = excluded.code_sha256, code_size = excluded.code_size, last_modified_ms = excluded.last_modified_ms, settles_ms = excluded.settles_ms, " +
        "change = excluded.change, revision_id = excluded.revision_id, settled_revision_id = excluded.settled_revision_id, unzipped = excluded.unzipped"),
      deleteVersion: db.prepare<unknown, [string, number]>("DELETE FROM version WHERE function = ? AND version = ?"),
      blobUsed: db.prepare<{ used: number }, [string]>("SELECT 1 AS used FROM version WHERE blob = ? LIMIT 1"),
      layerUsed: db.prepare<{ used: number }, [string]>("SELECT 1 AS used FROM version WHERE settings LIKE '%\"' || ? || '\"%' LIMIT 1"),
      blobs: db.prepare<{ blob: string | null; settings: string }, []>("SELECT blob, settings FROM version"),
      alias: db.prepare<AliasRecord, [string, string]>("SELECT * FROM alias WHERE function = ? AND name = ?"),
      aliases: db.prepare<AliasRecord, [string, string, number]>("SELECT * FROM alias WHERE function = ? AND name > ? ORDER BY name LIMIT ?"),
      putAlias: db.prepare<unknown, [string, string, number, string, string | null, string]>(
        "INSERT INTO alias (function, name, version, description, weights, revision_id) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (function, name) DO UPDATE SET " +
        "version = excluded.version, description = excluded.description, weights = excluded.weights, revision_id = excluded.revision_id"),
      deleteAlias: db.prepare<unknown, [string, string]>("DELETE FROM alias WHERE function = ? AND name = ?"),
      deleteAliases: db.prepare<unknown, [string]>("DELETE FROM alias WHERE function = ?"),
    };
  }

  function(name: string): FunctionRow | undefined {
    const record = this.#statements.function.get(name);
    return record === undefined ? undefined : functionRow(record);
  }

  /** Functions by name, after one. */
  functions(after: string, limit: number): FunctionRow[] {
    return this.#statements.functions.all(after, limit).map(functionRow);
  }

  putFunction(row: FunctionRow): void {
    this.#statements.putFunction.run(row.name, row.nextVersion, row.reservedConcurrency ?? null, row.recursiveLoop, row.codeSigningConfigArn ?? null, JSON.stringify(row.tags));
  }

  /** Removes a function, its versions and its aliases; answers the blobs that nobody needs any more. */
  deleteFunction(name: string): string[] {
    return this.#db.transaction(() => {
      const orphans = new Set<string>();
      for (let after = -1; ;) {
        const page = this.versions(name, after, 100);
        for (const row of page) {
          for (const blob of this.deleteVersion(name, row.version)) orphans.add(blob);
          after = row.version;
        }
        if (page.length < 100) break;
      }
      this.#statements.deleteAliases.run(name);
      this.#statements.deleteFunction.run(name);
      return [...orphans];
    });
  }

  functionCount(): number {
    return this.#statements.count.get()!.functions;
  }

  /** Concurrency that is set aside for single functions. */
  reservedTotal(): number {
    return this.#statements.reserved.get()!.total ?? 0;
  }

  /** Zipped bytes of all versions. */
  codeSizeTotal(): number {
    return this.#statements.codeSize.get()!.total ?? 0;
  }

  functionsSignedBy(configArn: string, after: string, limit: number): string[] {
    return this.#statements.signed.all(configArn, after, limit).map((row) => row.name);
  }

  /** `version` 0 is `$LATEST`. */
  version(name: string, version: number): VersionRow | undefined {
    const record = this.#statements.version.get(name, version);
    return record === undefined ? undefined : versionRow(record);
  }

  /** Versions of a function after one (-1: from `$LATEST` on). */
  versions(name: string, after: number, limit: number): VersionRow[] {
    return this.#statements.versions.all(name, after, limit).map(versionRow);
  }

  /** Versions of all functions after one. */
  allVersions(afterName: string, afterVersion: number, limit: number): VersionRow[] {
    return this.#statements.allVersions.all(afterName, afterVersion, limit).map(versionRow);
  }

  latestPublished(name: string): VersionRow | undefined {
    const record = this.#statements.latestPublished.get(name);
    return record === undefined ? undefined : versionRow(record);
  }

  /** Writes a version; answers the blob of its former code when nobody needs it any more. */
  putVersion(row: VersionRow): string[] {
    const before = this.version(row.functionName, row.version);
    this.#statements.putVersion.run(
      row.functionName, row.version, JSON.stringify(row.settings), JSON.stringify(row.code), row.code.kind === "zip" ? row.code.blob : null,
      row.codeSha256, row.codeSize, row.lastModifiedMs, row.settlesMs, row.change, row.revisionId, row.settledRevisionId, row.unzippedBytes);
    return before === undefined ? [] : this.#orphan(before);
  }

  deleteVersion(name: string, version: number): string[] {
    const before = this.version(name, version);
    this.#statements.deleteVersion.run(name, version);
    return before === undefined ? [] : this.#orphan(before);
  }

  *blobIds(): Iterable<string> {
    for (const row of this.#statements.blobs.iterate()) {
      if (row.blob !== null) yield row.blob;
      for (const layer of (JSON.parse(row.settings) as VersionSettings).layers) yield layer.blob;
    }
  }

  alias(name: string, alias: string): AliasRow | undefined {
    const record = this.#statements.alias.get(name, alias);
    return record === undefined ? undefined : aliasRow(record);
  }

  aliases(name: string, after: string, limit: number): AliasRow[] {
    return this.#statements.aliases.all(name, after, limit).map(aliasRow);
  }

  putAlias(row: AliasRow): void {
    this.#statements.putAlias.run(row.functionName, row.name, row.version, row.description, row.weights === undefined ? null : JSON.stringify(row.weights), row.revisionId);
  }

  deleteAlias(name: string, alias: string): void {
    this.#statements.deleteAlias.run(name, alias);
  }

  /** Blobs of a row that is gone which no other version needs. Layers of this account may still be needed as layers. */
  #orphan(row: VersionRow): string[] {
    const blobs = row.settings.layers.filter(({ blob }) => this.#statements.layerUsed.get(blob) === undefined).map(({ blob }) => blob);
    if (row.code.kind === "zip" && this.#statements.blobUsed.get(row.code.blob) === undefined) blobs.push(row.code.blob);
    return blobs;
  }
}

function functionRow(record: FunctionRecord): FunctionRow {
  return {
    name: record.name,
    nextVersion: record.next_version,
    reservedConcurrency: record.reserved_concurrency ?? undefined,
    recursiveLoop: record.recursive_loop as FunctionRow["recursiveLoop"],
    codeSigningConfigArn: record.code_signing_config_arn ?? undefined,
    tags: JSON.parse(record.tags) as Record<string, string>,
  };
}

function versionRow(record: VersionRecord): VersionRow {
  return {
    functionName: record.function,
    version: record.version,
    settings: JSON.parse(record.settings) as VersionSettings,
    code: JSON.parse(record.code) as CodeReference,
    codeSha256: record.code_sha256,
    codeSize: record.code_size,
    unzippedBytes: record.unzipped,
    lastModifiedMs: record.last_modified_ms,
    settlesMs: record.settles_ms,
    change: record.change as VersionRow["change"],
    revisionId: record.revision_id,
    settledRevisionId: record.settled_revision_id,
  };
}

function aliasRow(record: AliasRecord): AliasRow {
  return {
    functionName: record.function,
    name: record.name,
    version: record.version,
    description: record.description,
    weights: record.weights === null ? undefined : (JSON.parse(record.weights) as Record<string, number>),
    revisionId: record.revision_id,
  };
}
