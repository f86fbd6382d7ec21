import type { Database, Statement } from "@cumulet/core";
import type { Moment } from "../domain/table.ts";

/** What a row was before a change; `item` is null when it was not there. */
export interface Before {
  size: number;
  item: string | null;
}

/** What rows of restorable tables were: one entry a change, with what the change replaced. */
export class History {
  #last: number | undefined;
  readonly #add: Statement<unknown, [number, Buffer, number, number, number, string | null]>;
  readonly #max: Statement<{ last: number | null }, []>;
  readonly #afterSequence: Statement<Before, [number, Buffer, number]>;
  readonly #afterMs: Statement<Before, [number, Buffer, number]>;
  readonly #keys: Statement<{ key: Buffer }, [number, Buffer, number]>;
  readonly #lastChange: Statement<{ changed: number | null }, [number, Buffer, number, number]>;
  readonly #purge: Statement<unknown, [number, number]>;
  readonly #trim: Statement<unknown, [number, number, number]>;

  constructor(db: Database) {
    this.#add = db.prepare("INSERT INTO history (space, key, sequence, changed_ms, size, item) VALUES (?, ?, ?, ?, ?, ?)");
    this.#max = db.prepare("SELECT max(last) AS last FROM (SELECT max(sequence) AS last FROM history UNION ALL SELECT max(json_extract(record, '$.sequence')) FROM backups)");
    const before = "SELECT size, item FROM history WHERE space = ? AND key = ? AND";
    this.#afterSequence = db.prepare(`${before} sequence > ? ORDER BY sequence LIMIT 1`);
    this.#afterMs = db.prepare(`${before} changed_ms > ? ORDER BY sequence LIMIT 1`);
    this.#keys = db.prepare("SELECT DISTINCT key FROM history WHERE space = ? AND key >= ? ORDER BY key LIMIT ?");
    this.#lastChange = db.prepare("SELECT max(changed_ms) AS changed FROM history WHERE space = ? AND key = ? AND changed_ms > ? AND changed_ms <= ?");
    this.#purge = db.prepare("DELETE FROM history WHERE (space, key, sequence) IN (SELECT space, key, sequence FROM history WHERE space = ? LIMIT ?)");
    this.#trim = db.prepare("DELETE FROM history WHERE (space, key, sequence) IN (SELECT space, key, sequence FROM history WHERE space = ? AND changed_ms < ? LIMIT ?)");
  }

  add(space: number, key: Buffer, nowMs: number, size: number, item: string | null): void {
    this.#last = this.last() + 1;
    this.#add.run(space, key, this.#last, nowMs, size, item);
  }

  /** The number of the latest change that was remembered, or that a backup was made after. */
  last(): number {
    return this.#last ??= this.#max.get()!.last ?? 0;
  }

  /** What a row was at a moment, if it has changed since; undefined when it is still the same. */
  at(space: number, key: Buffer, moment: Moment): Before | undefined {
    return "sequence" in moment ? this.#afterSequence.get(space, key, moment.sequence) : this.#afterMs.get(space, key, moment.ms);
  }

  /** Keys that have changed, from one on. */
  keys(space: number, from: Buffer, limit: number): Buffer[] {
    return this.#keys.all(space, from, limit).map(({ key }) => key);
  }

  /** When a row changed last between two times. */
  lastChange(space: number, key: Buffer, afterMs: number, untilMs: number): number | undefined {
    return this.#lastChange.get(space, key, afterMs, untilMs)!.changed ?? undefined;
  }

  /** Removes up to `limit` entries of a space; false when there were none. */
  purge(space: number, limit: number): boolean {
    return this.#purge.run(space, limit).changes > 0;
  }

  /** Removes up to `limit` entries of a space that are older than a time. */
  trim(space: number, beforeMs: number, limit: number): void {
    this.#trim.run(space, beforeMs, limit);
  }
}
