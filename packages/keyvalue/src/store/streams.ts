import type { Database, Statement } from "@cumulet/core";
import type { StreamSetting } from "../domain/table.ts";

/** What is kept of a stream besides its records. A stream outlives its table by 24 hours. */
export interface StreamRecord {
  id: number;
  tableName: string;
  label: string;
  viewType: StreamSetting["viewType"];
  keySchema: { AttributeName: string; KeyType: string }[];
  createdMs: number;
  /** From when on nothing is written to it any more. */
  disabledMs?: number;
  shards: Shard[];
}

export interface Shard {
  id: string;
  parent?: string;
  /** First sequence that may be in it. */
  start: number;
  /** Last sequence in it, once it is closed. */
  end?: number;
  createdMs: number;
  closedMs?: number;
}

/** A stored stream record: its number within the stream and its JSON as consumers see it. */
export interface StoredRecord {
  sequence: number;
  createdMs: number;
  record: string;
}

/** AWS closes a shard and opens its child about every four hours. */
const shardLifetimeMs = 4 * 3600_000;
/** How long records, and streams that were disabled, can be read. */
export const retentionMs = 24 * 3600_000;

/** Streams of one account and region and their records. */
export class Streams {
  readonly #known = new Map<number, { record: StreamRecord; last: number }>();
  readonly #insertStream: Statement<unknown, [number, string, string, string]>;
  readonly #updateStream: Statement<unknown, [string, number]>;
  readonly #deleteStream: Statement<unknown, [number]>;
  readonly #byId: Statement<{ record: string }, [number]>;
  readonly #byLabel: Statement<{ record: string }, [string, string]>;
  readonly #list: Statement<{ record: string }, [string, string, number]>;
  readonly #append: Statement<unknown, [number, number, number, string]>;
  readonly #last: Statement<{ last: number | null }, [number]>;
  readonly #read: Statement<StoredRecord, [number, number, number, number]>;
  readonly #first: Statement<{ first: number | null }, [number, number, number, number]>;
  readonly #trim: Statement<unknown, [number, number, number]>;
  readonly #ids: Statement<{ id: number }, []>;
  readonly #oldest: Statement<{ oldest: number }, [number]>;

  constructor(db: Database) {
    this.#insertStream = db.prepare("INSERT INTO streams (id, table_name, label, record) VALUES (?, ?, ?, ?)");
    this.#updateStream = db.prepare("UPDATE streams SET record = ? WHERE id = ?");
    this.#deleteStream = db.prepare("DELETE FROM streams WHERE id = ?");
    this.#byId = db.prepare("SELECT record FROM streams WHERE id = ?");
    this.#byLabel = db.prepare("SELECT record FROM streams WHERE table_name = ? AND label = ?");
    this.#list = db.prepare("SELECT record FROM streams WHERE (table_name, label) > (?, ?) ORDER BY table_name, label LIMIT ?");
    this.#append = db.prepare("INSERT INTO stream_records (stream, sequence, created_ms, record) VALUES (?, ?, ?, ?)");
    this.#last = db.prepare("SELECT max(sequence) AS last FROM stream_records WHERE stream = ?");
    this.#read = db.prepare("SELECT sequence, created_ms AS createdMs, record FROM stream_records WHERE stream = ? AND sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?");
    this.#first = db.prepare("SELECT sequence AS first FROM stream_records WHERE stream = ? AND sequence BETWEEN ? AND ? AND created_ms >= ? ORDER BY sequence LIMIT 1");
    this.#trim = db.prepare("DELETE FROM stream_records WHERE (stream, sequence) IN (SELECT stream, sequence FROM stream_records WHERE stream = ? AND created_ms < ? ORDER BY sequence LIMIT ?)");
    this.#ids = db.prepare("SELECT id FROM streams");
    this.#oldest = db.prepare("SELECT created_ms AS oldest FROM stream_records WHERE stream = ? ORDER BY sequence LIMIT 1");
  }

  create(record: StreamRecord): void {
    this.#insertStream.run(record.id, record.tableName, record.label, JSON.stringify(record));
  }

  get(id: number): StreamRecord {
    return this.#load(id).record;
  }

  find(tableName: string, label: string): StreamRecord | undefined {
    const row = this.#byLabel.get(tableName, label);
    if (row === undefined) return undefined;
    // One parsed record a stream, so that shards change in one place.
    return this.#load((JSON.parse(row.record) as StreamRecord).id).record;
  }

  /** Streams in order of table and label, after one. */
  list(afterTable: string, afterLabel: string, limit: number): StreamRecord[] {
    return this.#list.all(afterTable, afterLabel, limit).map(({ record }) => JSON.parse(record) as StreamRecord);
  }

  /** Adds a record; `build` is given its sequence number. Opens a new shard when the current one is old. */
  append(id: number, nowMs: number, build: (sequence: number) => string): void {
    const stream = this.#load(id);
    const sequence = ++stream.last;
    const shard = stream.record.shards.at(-1)!;
    if (nowMs - shard.createdMs >= shardLifetimeMs) this.#rotate(stream.record, shard, sequence, nowMs);
    this.#append.run(id, sequence, nowMs, build(sequence));
  }

  /** Closes a stream: its last shard ends, nothing is written any more. */
  disable(id: number, nowMs: number): void {
    const stream = this.#load(id);
    if (stream.record.disabledMs !== undefined) return;
    stream.record.disabledMs = nowMs;
    const shard = stream.record.shards.at(-1)!;
    shard.end = stream.last;
    shard.closedMs = nowMs;
    this.#save(stream.record);
  }

  /** Records of a stream, at most `limit`, from one sequence to another, both inclusive. */
  read(id: number, from: number, to: number, limit: number): IterableIterator<StoredRecord> {
    return this.#read.iterate(id, from, to, limit);
  }

  /** The last sequence that was given. */
  last(id: number): number {
    return this.#load(id).last;
  }

  /** The oldest sequence within bounds that is not older than a time; undefined when there is none. */
  first(id: number, from: number, to: number, oldestMs: number): number | undefined {
    return this.#first.get(id, from, to, oldestMs)?.first ?? undefined;
  }

  /** Removes what is older than the retention: records, closed shards, disabled streams. Bounded work; true when more is left. */
  trim(nowMs: number, limit: number): boolean {
    let more = false;
    for (const { id } of this.#ids.all()) {
      const { record } = this.#load(id);
      if (this.#trim.run(id, nowMs - retentionMs, limit).changes === limit) more = true;
      if (record.disabledMs !== undefined && record.disabledMs < nowMs - retentionMs && !more) {
        this.#deleteStream.run(id);
        this.#known.delete(id);
        continue;
      }
      const kept = record.shards.filter((shard) => shard.closedMs === undefined || shard.closedMs >= nowMs - retentionMs);
      if (kept.length > 0 && kept.length < record.shards.length) {
        record.shards = kept;
        this.#save(record);
      }
    }
    return more;
  }

  /** When the next record or disabled stream is too old; undefined when nothing is kept. */
  dueMs(): number | undefined {
    let due = Infinity;
    for (const { id } of this.#ids.all()) {
      const oldest = this.#oldest.get(id)?.oldest ?? this.#load(id).record.disabledMs;
      if (oldest !== undefined) due = Math.min(due, oldest + retentionMs + 1);
    }
    return due === Infinity ? undefined : due;
  }

  forget(): void {
    this.#known.clear();
  }

  #rotate(record: StreamRecord, shard: Shard, sequence: number, nowMs: number): void {
    shard.end = sequence - 1;
    shard.closedMs = nowMs;
    record.shards.push({ id: shardId(nowMs, record.id, sequence), parent: shard.id, start: sequence, createdMs: nowMs });
    this.#save(record);
  }

  #save(record: StreamRecord): void {
    this.#updateStream.run(JSON.stringify(record), record.id);
  }

  #load(id: number): { record: StreamRecord; last: number } {
    let known = this.#known.get(id);
    if (known === undefined) {
      const row = this.#byId.get(id);
      if (row === undefined) throw new Error(`stream ${id} does not exist`);
      const record = JSON.parse(row.record) as StreamRecord;
      // After everything was trimmed the numbers go on behind the last shard's start; gaps are nothing to consumers.
      const shard = record.shards.at(-1)!;
      const last = Math.max(this.#last.get(id)?.last ?? 0, shard.end ?? shard.start - 1);
      known = { record, last };
      this.#known.set(id, known);
    }
    return known;
  }
}

/** As AWS writes them: `shardId-`, 20 digits of time, 8 hex digits. */
export function shardId(nowMs: number, stream: number, sequence: number): string {
  const suffix = (Math.imul(stream * 1000003 + sequence, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `shardId-${String(nowMs).padStart(20, "0")}-${suffix}`;
}
