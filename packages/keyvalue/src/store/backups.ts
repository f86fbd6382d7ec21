import type { Database, Statement } from "@cumulet/core";
import type { TableRecord } from "../domain/table.ts";

/** A backup: a moment in the history of a table, and what the table was then. No item is copied. */
export interface BackupRecord {
  arn: string;
  name: string;
  type: "USER" | "SYSTEM";
  createdMs: number;
  expiresMs?: number;
  /** The last change that belongs to it. */
  sequence: number;
  bytes: number;
  items: number;
  table: TableRecord;
  tableArn: string;
}

/** Backups of one account and region. */
export class Backups {
  readonly #put: Statement<unknown, [string, string, number, number, number | null, string]>;
  readonly #get: Statement<{ record: string }, [string]>;
  readonly #delete: Statement<unknown, [string]>;
  readonly #list: Statement<{ record: string }, [string, number]>;
  readonly #bySpace: Statement<{ count: number }, [number]>;
  readonly #expired: Statement<{ record: string }, [number]>;
  readonly #due: Statement<{ due: number | null }, []>;

  constructor(db: Database) {
    this.#put = db.prepare("INSERT INTO backups (arn, table_name, space, created_ms, expires_ms, record) VALUES (?, ?, ?, ?, ?, ?)");
    this.#get = db.prepare("SELECT record FROM backups WHERE arn = ?");
    this.#delete = db.prepare("DELETE FROM backups WHERE arn = ?");
    this.#list = db.prepare("SELECT record FROM backups WHERE arn > ? ORDER BY arn LIMIT ?");
    this.#bySpace = db.prepare("SELECT count(*) AS count FROM backups WHERE space = ?");
    this.#expired = db.prepare("SELECT record FROM backups WHERE expires_ms <= ? LIMIT 10");
    this.#due = db.prepare("SELECT min(expires_ms) AS due FROM backups");
  }

  put(record: BackupRecord): void {
    this.#put.run(record.arn, record.table.name, record.table.space, record.createdMs, record.expiresMs ?? null, JSON.stringify(record));
  }

  get(arn: string): BackupRecord | undefined {
    const row = this.#get.get(arn);
    return row === undefined ? undefined : (JSON.parse(row.record) as BackupRecord);
  }

  delete(arn: string): void {
    this.#delete.run(arn);
  }

  /** Backups by ARN, after one. */
  list(after: string, limit: number): BackupRecord[] {
    return this.#list.all(after, limit).map(({ record }) => JSON.parse(record) as BackupRecord);
  }

  /** How many backups stand on a table's rows. */
  count(space: number): number {
    return this.#bySpace.get(space)!.count;
  }

  /** A few backups whose time has run out. */
  expired(nowMs: number): BackupRecord[] {
    return this.#expired.all(nowMs).map(({ record }) => JSON.parse(record) as BackupRecord);
  }

  /** When the next backup expires. */
  dueMs(): number | undefined {
    return this.#due.get()!.due ?? undefined;
  }
}
