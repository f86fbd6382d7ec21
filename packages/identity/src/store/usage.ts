import type { Database } from "@cumulet/core";

/** When a principal last used a service. */
export interface Usage {
  principalId: string;
  /** `s3`, as actions begin. */
  service: string;
  ms: number;
  region: string;
}

interface Row {
  principal_id: string;
  service: string;
  ms: number;
  region: string;
}

export const usageMigration = `
  CREATE TABLE usage (
    principal_id TEXT NOT NULL,
    service TEXT NOT NULL,
    ms INTEGER NOT NULL,
    region TEXT NOT NULL,
    PRIMARY KEY (principal_id, service)
  ) WITHOUT ROWID;`;

/** Last use by principal and service: one row each, however often. */
export class UsageTable {
  readonly #put;
  readonly #of;

  constructor(db: Database) {
    this.#put = db.prepare("INSERT OR REPLACE INTO usage (principal_id, service, ms, region) VALUES (?, ?, ?, ?)");
    this.#of = db.prepare<Row, [string]>("SELECT * FROM usage WHERE principal_id = ? ORDER BY service LIMIT 1000");
  }

  put({ principalId, service, ms, region }: Usage): void {
    this.#put.run(principalId, service, ms, region);
  }

  of(principalId: string): Usage[] {
    return this.#of.all(principalId).map((row) => ({ principalId: row.principal_id, service: row.service, ms: row.ms, region: row.region }));
  }
}
