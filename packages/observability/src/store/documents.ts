import type { Database, Statement } from "@cumulet/core";

/** The table behind `Documents`: a migration of every store that has some. */
export const documentsMigration = `
  CREATE TABLE document (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (kind, key)
  ) WITHOUT ROWID;
`;

/** After every character that a key may hold: closes a range of keys with a common prefix. */
const LAST = "\u{10ffff}";

/**
 * Small resources of one kind (filters, dashboards, alarms, trails), each written and read as a whole, by a key in which
 * they are listed.
 */
export class Documents<T> {
  readonly #kind: string;
  readonly #get: Statement<{ record: string }, [string, string]>;
  readonly #put: Statement<unknown, [string, string, string]>;
  readonly #delete: Statement<unknown, [string, string]>;
  readonly #list: Statement<{ key: string; record: string }, [string, string, string, string, number]>;
  readonly #count: Statement<{ count: number }, [string, string, string]>;

  constructor(db: Database, kind: string) {
    this.#kind = kind;
    this.#get = db.prepare("SELECT record FROM document WHERE kind = ? AND key = ?");
    this.#put = db.prepare("INSERT INTO document (kind, key, record) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET record = excluded.record");
    this.#delete = db.prepare("DELETE FROM document WHERE kind = ? AND key = ?");
    this.#list = db.prepare("SELECT key, record FROM document WHERE kind = ? AND key > ? AND key >= ? AND key <= ? ORDER BY key LIMIT ?");
    this.#count = db.prepare("SELECT count(*) AS count FROM document WHERE kind = ? AND key >= ? AND key <= ?");
  }

  get(key: string): T | undefined {
    const row = this.#get.get(this.#kind, key);
    return row === undefined ? undefined : JSON.parse(row.record) as T;
  }

  put(key: string, record: T): void {
    this.#put.run(this.#kind, key, JSON.stringify(record));
  }

  /** Whether there was one. */
  delete(key: string): boolean {
    return this.#delete.run(this.#kind, key).changes > 0;
  }

  /** Those whose keys start with `prefix`, by key, after `after`. */
  list({ prefix = "", after = "", limit }: { prefix?: string; after?: string; limit: number }): { key: string; record: T }[] {
    return this.#list.all(this.#kind, after, prefix, prefix + LAST, limit)
      .map(({ key, record }) => ({ key, record: JSON.parse(record) as T }));
  }

  /** All records whose keys start with `prefix`; for kinds whose number a quota bounds. */
  all(prefix = ""): T[] {
    return this.list({ prefix, limit: 100_000 }).map(({ record }) => record);
  }

  count(prefix = ""): number {
    return this.#count.get(this.#kind, prefix, prefix + LAST)!.count;
  }
}
