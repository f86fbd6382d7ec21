import type { Database } from "@cumulet/core";

/** A code signing configuration: accepted and described; signatures are not looked at. */
export interface SigningConfig {
  /** `csc-` and 17 characters. */
  id: string;
  description: string;
  publishers: string[];
  untrusted: "Warn" | "Enforce";
  modifiedMs: number;
  tags: Record<string, string>;
}

interface Row {
  value: string;
}

export class SigningTables {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      get: db.prepare<Row, [string]>("SELECT value FROM code_signing_config WHERE id = ?"),
      list: db.prepare<Row, [string, number]>("SELECT value FROM code_signing_config WHERE id > ? ORDER BY id LIMIT ?"),
      put: db.prepare<unknown, [string, string]>("INSERT INTO code_signing_config (id, value) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value"),
      delete: db.prepare<unknown, [string]>("DELETE FROM code_signing_config WHERE id = ?"),
    };
  }

  get(id: string): SigningConfig | undefined {
    const row = this.#statements.get.get(id);
    return row === undefined ? undefined : (JSON.parse(row.value) as SigningConfig);
  }

  list(after: string, limit: number): SigningConfig[] {
    return this.#statements.list.all(after, limit).map((row) => JSON.parse(row.value) as SigningConfig);
  }

  put(config: SigningConfig): void {
    this.#statements.put.run(config.id, JSON.stringify(config));
  }

  delete(id: string): void {
    this.#statements.delete.run(id);
  }
}
