import type { Database } from "@cumulet/core";

/** An event as stored. `seq` counts in the order of arrival. */
export interface EventRow {
  seq: number;
  streamId: number;
  timestamp: number;
  ingestionMs: number;
  message: string;
}

interface EventRecord {
  seq: number;
  stream_id: number;
  timestamp: number;
  ingestion_ms: number;
  message: string;
}

/** A place among events that are ordered by time, then by arrival. */
export interface Position {
  timestamp: number;
  seq: number;
}

/** From `from` on, before `to` (milliseconds), beyond `beyond`. */
export interface Range {
  from: number;
  to: number;
  beyond?: Position | undefined;
}

const COLUMNS = "seq, stream_id, timestamp, ingestion_ms, message";
const START: Position = { timestamp: -1, seq: -1 };
const END: Position = { timestamp: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };

/** Log events of one account and region. Every read is bounded by its `limit`. */
export class Events {
  readonly #statements;

  constructor(db: Database) {
    const page = (owner: string, up: boolean) => db.prepare<EventRecord, [number, number, number, number, number, number]>(
      `SELECT ${COLUMNS} FROM log_event WHERE ${owner} = ? AND timestamp >= ? AND timestamp < ? AND (timestamp, seq) ${up ? ">" : "<"} (?, ?) ` +
      `ORDER BY timestamp ${up ? "" : "DESC"}, seq ${up ? "" : "DESC"} LIMIT ?`);
    this.#statements = {
      add: db.prepare<unknown, [number, number, number, number, string]>("INSERT INTO log_event (group_id, stream_id, timestamp, ingestion_ms, message) VALUES (?, ?, ?, ?, ?)"),
      get: db.prepare<EventRecord & { group_id: number }, [number]>(`SELECT group_id, ${COLUMNS} FROM log_event WHERE seq = ?`),
      streamUp: page("stream_id", true),
      streamDown: page("stream_id", false),
      groupUp: page("group_id", true),
      groupDown: page("group_id", false),
      clearGroup: db.prepare<unknown, [number, number]>("DELETE FROM log_event WHERE seq IN (SELECT seq FROM log_event WHERE group_id = ? LIMIT ?)"),
      clearStream: db.prepare<{ bytes: number }, [number, number]>(
        "DELETE FROM log_event WHERE seq IN (SELECT seq FROM log_event WHERE stream_id = ? LIMIT ?) RETURNING length(CAST(message AS BLOB)) AS bytes"),
      expire: db.prepare<{ bytes: number }, [number, number, number]>(
        "DELETE FROM log_event WHERE seq IN (SELECT seq FROM log_event WHERE group_id = ? AND timestamp < ? ORDER BY timestamp LIMIT ?) RETURNING length(CAST(message AS BLOB)) AS bytes"),
    };
  }

  /** The number under which it arrived. */
  add(groupId: number, streamId: number, timestamp: number, ingestionMs: number, message: string): number {
    return Number(this.#statements.add.run(groupId, streamId, timestamp, ingestionMs, message).lastInsertRowid);
  }

  get(seq: number): (EventRow & { groupId: number }) | undefined {
    const record = this.#statements.get.get(seq);
    return record && { ...eventRow(record), groupId: record.group_id };
  }

  /** Events of a stream, oldest first, or, `descending`, newest first. */
  ofStream(streamId: number, range: Range, limit: number, descending = false): EventRow[] {
    const { timestamp, seq } = range.beyond ?? (descending ? END : START);
    return (descending ? this.#statements.streamDown : this.#statements.streamUp).all(streamId, range.from, range.to, timestamp, seq, limit).map(eventRow);
  }

  /** Events of all streams of a group, oldest first, or, `descending`, newest first. */
  ofGroup(groupId: number, range: Range, limit: number, descending = false): EventRow[] {
    const { timestamp, seq } = range.beyond ?? (descending ? END : START);
    return (descending ? this.#statements.groupDown : this.#statements.groupUp).all(groupId, range.from, range.to, timestamp, seq, limit).map(eventRow);
  }

  /** Deletes events of a deleted group, at most `limit`; how many there were. */
  clearGroup(groupId: number, limit: number): number {
    return this.#statements.clearGroup.run(groupId, limit).changes;
  }

  /** Deletes events of a deleted stream, at most `limit`: the bytes of each message. */
  clearStream(streamId: number, limit: number): number[] {
    return this.#statements.clearStream.all(streamId, limit).map(({ bytes }) => bytes);
  }

  /** Deletes events older than `beforeMs`, at most `limit`: the bytes of each message. */
  expire(groupId: number, beforeMs: number, limit: number): number[] {
    return this.#statements.expire.all(groupId, beforeMs, limit).map(({ bytes }) => bytes);
  }
}

function eventRow(record: EventRecord): EventRow {
  return { seq: record.seq, streamId: record.stream_id, timestamp: record.timestamp, ingestionMs: record.ingestion_ms, message: record.message };
}
