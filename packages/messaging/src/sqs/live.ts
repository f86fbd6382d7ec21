import type { Database } from "@cumulet/core";
import { Waiters } from "./waiters.ts";

const known = new WeakMap<Database, Live>();

/** What lives beside the rows of one database for as long as it does, though its store be opened anew. */
export class Live {
  readonly waiters = new Waiters();
  /** Set by the background: has it look at a queue, or for housekeeping, at a time. */
  attention: (dueMs: number, queueName?: string) => void = () => {};

  static of(db: Database): Live {
    let live = known.get(db);
    if (live === undefined) known.set(db, (live = new Live()));
    return live;
  }
}
