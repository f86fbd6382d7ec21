import type { Database, Statement } from "@cumulet/core";

/**
 * How many items a space has and their bytes, for descriptions. AWS brings these up to date every six hours; here changes
 * are summed in memory and written by the sweeper, so that writes do not pay for them.
 */
export class Totals {
  readonly #changes = new Map<number, { items: number; bytes: number }>();
  readonly #get: Statement<{ items: number; bytes: number }, [number]>;
  readonly #add: Statement<unknown, [number, number, number]>;
  readonly #delete: Statement<unknown, [number]>;

  readonly #changed: () => void;

  /** `changed` is called when there is something to write that was not there before. */
  constructor(db: Database, changed: () => void) {
    this.#changed = changed;
    this.#get = db.prepare("SELECT items, bytes FROM totals WHERE space = ?");
    this.#add = db.prepare("INSERT INTO totals (space, items, bytes) VALUES (?, ?, ?) ON CONFLICT (space) DO UPDATE SET items = items + excluded.items, bytes = bytes + excluded.bytes");
    this.#delete = db.prepare("DELETE FROM totals WHERE space = ?");
  }

  add(space: number, items: number, bytes: number): void {
    const change = this.#changes.get(space);
    if (this.#changes.size === 0) this.#changed();
    if (change === undefined) this.#changes.set(space, { items, bytes });
    else {
      change.items += items;
      change.bytes += bytes;
    }
  }

  of(space: number): { items: number; bytes: number } {
    const written = this.#get.get(space);
    const change = this.#changes.get(space);
    return { items: Math.max(0, (written?.items ?? 0) + (change?.items ?? 0)), bytes: Math.max(0, (written?.bytes ?? 0) + (change?.bytes ?? 0)) };
  }

  /** Writes the changes. */
  flush(): void {
    for (const [space, { items, bytes }] of this.#changes) this.#add.run(space, items, bytes);
    this.#changes.clear();
  }

  delete(space: number): void {
    this.#changes.delete(space);
    this.#delete.run(space);
  }
}
