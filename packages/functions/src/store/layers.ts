import type { Database } from "@cumulet/core";
import type { PolicyConfig } from "./configs.ts";

/** A published version of a layer. */
export interface LayerRow {
  name: string;
  version: number;
  /** Deleted, but functions may still use it. */
  deleted: boolean;
  blob: string;
  /** Hexadecimal. */
  sha256: string;
  size: number;
  unzippedBytes: number;
  createdMs: number;
  description: string;
  licenseInfo: string | undefined;
  compatibleRuntimes: string[] | undefined;
  compatibleArchitectures: string[] | undefined;
  policy: PolicyConfig | undefined;
}

interface LayerRecord {
  name: string;
  version: number;
  deleted: number;
  blob: string;
  sha256: string;
  size: number;
  unzipped: number;
  created_ms: number;
  details: string;
  policy: string | null;
}

type Details = Pick<LayerRow, "description" | "licenseInfo" | "compatibleRuntimes" | "compatibleArchitectures">;

/** Layers of one account and region. */
export class LayerTables {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      get: db.prepare<LayerRecord, [string, number]>("SELECT * FROM layer WHERE name = ? AND version = ?"),
      // Versions of deleted ones are never given out again.
      last: db.prepare<{ version: number | null }, [string]>("SELECT max(version) AS version FROM layer WHERE name = ?"),
      versions: db.prepare<LayerRecord, [string, number, number]>("SELECT * FROM layer WHERE name = ? AND deleted = 0 AND version < ? ORDER BY version DESC LIMIT ?"),
      names: db.prepare<{ name: string }, [string, number]>("SELECT DISTINCT name FROM layer WHERE deleted = 0 AND name > ? ORDER BY name LIMIT ?"),
      put: db.prepare<unknown, [string, number, number, string, string, number, number, number, string, string | null]>(
        "INSERT INTO layer (name, version, deleted, blob, sha256, size, unzipped, created_ms, details, policy) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) " +
        "ON CONFLICT (name, version) DO UPDATE SET deleted = excluded.deleted, policy = excluded.policy"),
      blobs: db.prepare<{ blob: string }, []>("SELECT blob FROM layer WHERE blob <> ''"),
      forget: db.prepare<unknown, [string, number]>("UPDATE layer SET blob = '' WHERE name = ? AND version = ?"),
      used: db.prepare<{ used: number }, [string]>("SELECT 1 AS used FROM version WHERE settings LIKE '%\"' || ? || '\"%' LIMIT 1"),
      deletedWith: db.prepare<LayerRecord, [string]>("SELECT * FROM layer WHERE blob = ? AND deleted = 1"),
    };
  }

  get(name: string, version: number): LayerRow | undefined {
    const record = this.#statements.get.get(name, version);
    return record === undefined ? undefined : layerRow(record);
  }

  nextVersion(name: string): number {
    return (this.#statements.last.get(name)?.version ?? 0) + 1;
  }

  /** Newest first, before a version. */
  versions(name: string, before: number, limit: number): LayerRow[] {
    return this.#statements.versions.all(name, before, limit).map(layerRow);
  }

  names(after: string, limit: number): string[] {
    return this.#statements.names.all(after, limit).map((row) => row.name);
  }

  put(row: LayerRow): void {
    const details: Details = { description: row.description, licenseInfo: row.licenseInfo, compatibleRuntimes: row.compatibleRuntimes, compatibleArchitectures: row.compatibleArchitectures };
    this.#statements.put.run(row.name, row.version, row.deleted ? 1 : 0, row.blob, row.sha256, row.size, row.unzippedBytes, row.createdMs, JSON.stringify(details), row.policy === undefined ? null : JSON.stringify(row.policy));
  }

  /** Of these blobs, those that belong to deleted layers and that no version uses any more; their rows forget them. */
  release(blobs: Iterable<string>): string[] {
    const free: string[] = [];
    for (const blob of blobs) {
      const record = this.#statements.deletedWith.get(blob);
      if (record === undefined || this.#statements.used.get(blob) !== undefined) continue;
      this.#statements.forget.run(record.name, record.version);
      free.push(blob);
    }
    return free;
  }

  *blobIds(): Iterable<string> {
    for (const row of this.#statements.blobs.iterate()) yield row.blob;
  }
}

function layerRow(record: LayerRecord): LayerRow {
  return {
    name: record.name,
    version: record.version,
    deleted: record.deleted === 1,
    blob: record.blob,
    sha256: record.sha256,
    size: record.size,
    unzippedBytes: record.unzipped,
    createdMs: record.created_ms,
    ...(JSON.parse(record.details) as Details),
    policy: record.policy === null ? undefined : (JSON.parse(record.policy) as PolicyConfig),
  };
}
