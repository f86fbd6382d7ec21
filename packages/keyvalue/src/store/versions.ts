import type { Database, Statement } from "@cumulet/core";

/**
 * Which write an item of a global table comes from. Of two, the one with the higher number stands, and of equal numbers the
 * one of the region whose name is greater: every region decides the same.
 */
export interface Version {
  /** Microseconds of the region's time, and always more than that of the write it follows. */
  version: number;
  region: string;
}

/** Versions of the items of global tables, of those that were deleted too for a while. */
export class Versions {
  readonly #get: Statement<Version, [number, Buffer]>;
  readonly #put: Statement<unknown, [number, Buffer, number, string, number | null]>;
  readonly #trim: Statement<unknown, [number, number]>;
  readonly #oldest: Statement<{ gone: number | null }, []>;
  readonly #purge: Statement<unknown, [number, number]>;

  constructor(db: Database) {
    this.#get = db.prepare("SELECT version, region FROM versions WHERE space = ? AND key = ?");
    this.#put = db.prepare("INSERT INTO versions (space, key, version, region, gone_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (space, key) DO UPDATE SET version = excluded.version, region = excluded.region, gone_ms = excluded.gone_ms");
    this.#trim = db.prepare("DELETE FROM versions WHERE (space, key) IN (SELECT space, key FROM versions WHERE gone_ms < ? LIMIT ?)");
    this.#oldest = db.prepare("SELECT min(gone_ms) AS gone FROM versions WHERE gone_ms IS NOT NULL");
    this.#purge = db.prepare("DELETE FROM versions WHERE (space, key) IN (SELECT space, key FROM versions WHERE space = ? LIMIT ?)");
  }

  /** Undefined for an item that was last written before its table became global. */
  get(space: number, key: Buffer): Version | undefined {
    return this.#get.get(space, key);
  }

  /** `goneMs` says when the item went, undefined that it is there. */
  put(space: number, key: Buffer, { version, region }: Version, goneMs: number | undefined): void {
    this.#put.run(space, key, version, region, goneMs ?? null);
  }

  /** The version of a write in a region now. */
  next(space: number, key: Buffer, nowMs: number, region: string): Version {
    return { version: Math.max(nowMs * 1000, (this.get(space, key)?.version ?? 0) + 1), region };
  }

  /** Forgets items that went before a time, so that nothing from before can still be on its way. */
  trim(beforeMs: number, limit: number): void {
    this.#trim.run(beforeMs, limit);
  }

  /** When the item went that has been gone for longest. */
  oldestMs(): number | undefined {
    return this.#oldest.get()!.gone ?? undefined;
  }

  /** Removes up to `limit` versions of a space; false when there were none. */
  purge(space: number, limit: number): boolean {
    return this.#purge.run(space, limit).changes > 0;
  }
}

/** Whether one version stands against another. */
export function supersedes(a: Version, b: Version | undefined): boolean {
  if (b === undefined) return true;
  return a.version > b.version || (a.version === b.version && a.region > b.region);
}
