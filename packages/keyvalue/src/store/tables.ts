import type { Clock, Database, Statement } from "@cumulet/core";
import { Table } from "../domain/table.ts";
import type { TableRecord } from "../domain/table.ts";

/** Tables of one account and region, parsed once and kept. */
export class Tables {
  readonly #arn: (name: string) => string;
  readonly #clock: Clock;
  /** Also remembers, as null, names that no table has. Bounded by forgetting everything. */
  readonly #known = new Map<string, Table | null>();
  readonly #select: Statement<{ record: string }, [string]>;
  readonly #upsert: Statement<unknown, [string, string, number]>;
  readonly #delete: Statement<unknown, [string]>;
  readonly #list: Statement<{ record: string }, [string, number]>;
  readonly #attended: Statement<{ name: string }, []>;
  readonly #count: Statement<{ count: number }, []>;
  readonly #number: Statement<{ last: number }, [string]>;

  constructor(db: Database, clock: Clock, arn: (name: string) => string) {
    this.#arn = arn;
    this.#clock = clock;
    this.#select = db.prepare("SELECT record FROM tables WHERE name = ?");
    this.#upsert = db.prepare("INSERT INTO tables (name, record, attended) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET record = excluded.record, attended = excluded.attended");
    this.#delete = db.prepare("DELETE FROM tables WHERE name = ?");
    this.#list = db.prepare("SELECT record FROM tables WHERE name > ? ORDER BY name LIMIT ?");
    // Kept small: a table is listed while it has work that no request does.
    this.#attended = db.prepare("SELECT name FROM tables WHERE attended = 1");
    this.#count = db.prepare("SELECT count(*) AS count FROM tables");
    this.#number = db.prepare("INSERT INTO numbers (name, last) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last");
  }

  /** A table that exists, whatever its status. */
  get(name: string): Table | undefined {
    let table = this.#known.get(name);
    if (table === undefined) {
      const row = this.#select.get(name);
      table = row === undefined ? null : new Table(JSON.parse(row.record) as TableRecord, this.#arn(name));
      if (this.#known.size >= 20_000) this.#known.clear();
      this.#known.set(name, table);
    }
    if (table === null || table.status(this.#clock.now()) === undefined) return undefined;
    return table;
  }

  /** Writes a record, of a new table or over that of the same name. */
  put(record: TableRecord): Table {
    this.#known.delete(record.name);
    this.#upsert.run(record.name, JSON.stringify(record), needsAttention(record) ? 1 : 0);
    return new Table(record, this.#arn(record.name));
  }

  delete(name: string): void {
    this.#known.delete(name);
    this.#delete.run(name);
  }

  /** Tables by name, after a name, some of which may be gone by their status. */
  list(after: string, limit: number): Table[] {
    return this.#list.all(after, limit).map(({ record }) => {
      const parsed = JSON.parse(record) as TableRecord;
      return new Table(parsed, this.#arn(parsed.name));
    });
  }

  /** Tables that have background work: items that expire, indexes that are being filled, history. */
  attended(): Table[] {
    return this.#attended.all().map(({ name }) => this.get(name)).filter((table) => table !== undefined);
  }

  count(): number {
    return this.#count.get()!.count;
  }

  /** A number that was never given before, by kind. */
  nextNumber(kind: "space" | "stream"): number {
    return this.#number.get(kind)!.last;
  }

  /** Forgets what was read: after a transaction that changed tables has failed. */
  forget(): void {
    this.#known.clear();
  }
}

function needsAttention({ ttl, globalIndexes, recovery, restoring, replicas }: TableRecord): boolean {
  return ttl?.enabled === true || recovery !== undefined || restoring !== undefined
    || [...globalIndexes, ...(replicas ?? [])].some(({ backfill }) => backfill !== undefined);
}
