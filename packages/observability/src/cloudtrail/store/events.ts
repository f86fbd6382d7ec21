import type { Database } from "@cumulet/core";
import type { TrailEvent } from "../domain/event.ts";
import type { EventResource } from "../domain/resources.ts";

/** An event as stored. `seq` counts in the order of arrival. */
export interface EventRow extends TrailEvent {
  seq: number;
}

interface EventRecord {
  seq: number;
  id: string;
  time_ms: number;
  name: string;
  source: string;
  category: string;
  read_only: number;
  username: string;
  user_arn: string;
  access_key_id: string | null;
  resources: string;
  json: string;
}

/** A place among events by time. */
export interface Position {
  timeMs: number;
  seq: number;
}

/** API calls of one account and region. Every read is bounded by its `limit`. */
export class Events {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      add: db.prepare<unknown, [string, number, string, string, string, number, string, string, string | null, string, string]>(
        "INSERT INTO event (id, time_ms, name, source, category, read_only, username, user_arn, access_key_id, resources, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      newest: db.prepare<EventRecord, [number, number, number, number, number]>(
        "SELECT * FROM event WHERE category = 'Management' AND time_ms >= ? AND time_ms <= ? AND (time_ms, seq) < (?, ?) ORDER BY time_ms DESC, seq DESC LIMIT ?"),
      newestNamed: db.prepare<EventRecord, [string, number, number, number, number, number]>(
        "SELECT * FROM event WHERE category = 'Management' AND name = ? AND time_ms >= ? AND time_ms <= ? AND (time_ms, seq) < (?, ?) ORDER BY time_ms DESC, seq DESC LIMIT ?"),
      oldest: db.prepare<EventRecord, [number, number, number, number, number]>(
        "SELECT * FROM event WHERE time_ms >= ? AND time_ms <= ? AND (time_ms, seq) > (?, ?) ORDER BY time_ms, seq LIMIT ?"),
      after: db.prepare<EventRecord, [number, number]>("SELECT * FROM event WHERE seq > ? ORDER BY seq LIMIT ?"),
      last: db.prepare<{ seq: number | null }, []>("SELECT max(seq) AS seq FROM event"),
      expire: db.prepare<unknown, [number, number]>("DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE time_ms < ? ORDER BY time_ms, seq LIMIT ?)"),
      delivered: db.prepare<{ seq: number }, [string]>("SELECT seq FROM delivery WHERE trail = ?"),
      setDelivered: db.prepare<unknown, [string, number]>("INSERT INTO delivery (trail, seq) VALUES (?, ?) ON CONFLICT (trail) DO UPDATE SET seq = excluded.seq"),
      forgetDelivery: db.prepare<unknown, [string]>("DELETE FROM delivery WHERE trail = ?"),
    };
  }

  add(event: TrailEvent): void {
    this.#statements.add.run(
      event.id, event.timeMs, event.name, event.source, event.category, Number(event.readOnly), event.username, event.userArn, event.accessKeyId ?? null,
      JSON.stringify(event.resources), event.json);
  }

  /** Management events, newest first, beyond a position; of one name where that is known. */
  newest(fromMs: number, toMs: number, beyond: Position | undefined, limit: number, name?: string): EventRow[] {
    const { timeMs, seq } = beyond ?? { timeMs: Number.MAX_SAFE_INTEGER, seq: 0 };
    const rows = name === undefined ? this.#statements.newest.all(fromMs, toMs, timeMs, seq, limit) : this.#statements.newestNamed.all(name, fromMs, toMs, timeMs, seq, limit);
    return rows.map(eventRow);
  }

  /** Events of all kinds, oldest first, beyond a position. */
  oldest(fromMs: number, toMs: number, beyond: Position | undefined, limit: number): EventRow[] {
    const { timeMs, seq } = beyond ?? { timeMs: -1, seq: 0 };
    return this.#statements.oldest.all(fromMs, toMs, timeMs, seq, limit).map(eventRow);
  }

  /** Events in the order of arrival, after one. */
  after(seq: number, limit: number): EventRow[] {
    return this.#statements.after.all(seq, limit).map(eventRow);
  }

  /** The number of the latest event; 0 when there is none. */
  last(): number {
    return this.#statements.last.get()!.seq ?? 0;
  }

  /** Forgets events before a time, at most `limit`; how many there were. */
  expire(beforeMs: number, limit: number): number {
    return this.#statements.expire.run(beforeMs, limit).changes;
  }

  /** Up to which event a trail has been told; undefined when it has not begun here. */
  delivered(trail: string): number | undefined {
    return this.#statements.delivered.get(trail)?.seq;
  }

  setDelivered(trail: string, seq: number): void {
    this.#statements.setDelivered.run(trail, seq);
  }

  forgetDelivery(trail: string): void {
    this.#statements.forgetDelivery.run(trail);
  }
}

function eventRow(record: EventRecord): EventRow {
  return {
    seq: record.seq, id: record.id, timeMs: record.time_ms, name: record.name, source: record.source, category: record.category as EventRow["category"],
    readOnly: record.read_only === 1, username: record.username, userArn: record.user_arn, accessKeyId: record.access_key_id ?? undefined,
    resources: JSON.parse(record.resources) as EventResource[], json: record.json,
  };
}
