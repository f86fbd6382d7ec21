import type { Database } from "@cumulet/core";
import type { LogGroupClass } from "@cumulet/protocol/models/logs.d.ts";

/** A log group as stored. */
export interface GroupRow {
  id: number;
  name: string;
  class: LogGroupClass;
  createdMs: number;
  retentionDays: number | undefined;
  kmsKeyId: string | undefined;
  /** Deletion protection. */
  protected: boolean;
  /** Bytes of the messages taken in, each counted with 26 more, as PutLogEvents counts. */
  storedBytes: number;
  tags: { [key: string]: string };
}

interface GroupRecord {
  id: number;
  name: string;
  class: string;
  created_ms: number;
  retention_days: number | null;
  kms_key_id: string | null;
  protected: number;
  stored_bytes: number;
  tags: string;
}

/** A log stream as stored. */
export interface StreamRow {
  id: number;
  groupId: number;
  name: string;
  createdMs: number;
  firstEventMs: number | undefined;
  lastEventMs: number | undefined;
  lastIngestionMs: number | undefined;
}

interface StreamRecord {
  id: number;
  group_id: number;
  name: string;
  created_ms: number;
  first_event_ms: number | null;
  last_event_ms: number | null;
  last_ingestion_ms: number | null;
}

const LAST = "\u{10ffff}";
/** What a stream without events sorts as among those ordered by their last event. */
const NEVER = "ifnull(last_event_ms, -1)";

/** Groups and streams of one account and region. */
export class Groups {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      group: db.prepare<GroupRecord, [string]>("SELECT * FROM log_group WHERE name = ?"),
      groupById: db.prepare<GroupRecord, [number]>("SELECT * FROM log_group WHERE id = ?"),
      groups: db.prepare<GroupRecord, [string, string, string, number]>("SELECT * FROM log_group WHERE name > ? AND name >= ? AND name <= ? ORDER BY name LIMIT ?"),
      expiring: db.prepare<GroupRecord, [number, number]>("SELECT * FROM log_group WHERE id > ? AND retention_days IS NOT NULL ORDER BY id LIMIT ?"),
      addGroup: db.prepare<unknown, [string, string, number, string | null, number, string]>(
        "INSERT INTO log_group (name, class, created_ms, kms_key_id, protected, tags, stored_bytes) VALUES (?, ?, ?, ?, ?, ?, 0)"),
      setRetention: db.prepare<unknown, [number | null, number]>("UPDATE log_group SET retention_days = ? WHERE id = ?"),
      setKey: db.prepare<unknown, [string | null, number]>("UPDATE log_group SET kms_key_id = ? WHERE id = ?"),
      setProtected: db.prepare<unknown, [number, number]>("UPDATE log_group SET protected = ? WHERE id = ?"),
      setTags: db.prepare<unknown, [string, number]>("UPDATE log_group SET tags = ? WHERE id = ?"),
      addBytes: db.prepare<unknown, [number, number]>("UPDATE log_group SET stored_bytes = max(0, stored_bytes + ?) WHERE id = ?"),
      deleteGroup: db.prepare<unknown, [number]>("DELETE FROM log_group WHERE id = ?"),
      stream: db.prepare<StreamRecord, [number, string]>("SELECT * FROM log_stream WHERE group_id = ? AND name = ?"),
      streamById: db.prepare<StreamRecord, [number]>("SELECT * FROM log_stream WHERE id = ?"),
      streamsUp: db.prepare<StreamRecord, [number, string, string, string, number]>(
        "SELECT * FROM log_stream WHERE group_id = ? AND name > ? AND name >= ? AND name <= ? ORDER BY name LIMIT ?"),
      streamsDown: db.prepare<StreamRecord, [number, string, string, string, number]>(
        "SELECT * FROM log_stream WHERE group_id = ? AND name < ? AND name >= ? AND name <= ? ORDER BY name DESC LIMIT ?"),
      streamsByTimeUp: db.prepare<StreamRecord, [number, number, string, number]>(
        `SELECT * FROM log_stream WHERE group_id = ? AND (${NEVER}, name) > (?, ?) ORDER BY ${NEVER}, name LIMIT ?`),
      streamsByTimeDown: db.prepare<StreamRecord, [number, number, string, number]>(
        `SELECT * FROM log_stream WHERE group_id = ? AND (${NEVER}, name) < (?, ?) ORDER BY ${NEVER} DESC, name DESC LIMIT ?`),
      addStream: db.prepare<unknown, [number, string, number]>("INSERT INTO log_stream (group_id, name, created_ms) VALUES (?, ?, ?)"),
      noteEvents: db.prepare<unknown, [number, number, number, number, number]>(
        "UPDATE log_stream SET first_event_ms = min(ifnull(first_event_ms, ?), ?), last_event_ms = max(ifnull(last_event_ms, -1), ?), last_ingestion_ms = ? WHERE id = ?"),
      deleteStream: db.prepare<unknown, [number]>("DELETE FROM log_stream WHERE id = ?"),
      deleteStreams: db.prepare<unknown, [number, number]>("DELETE FROM log_stream WHERE id IN (SELECT id FROM log_stream WHERE group_id = ? LIMIT ?)"),
    };
  }

  find(name: string): GroupRow | undefined {
    return groupRow(this.#statements.group.get(name));
  }

  byId(id: number): GroupRow | undefined {
    return groupRow(this.#statements.groupById.get(id));
  }

  /** Groups by name, after one, whose names start with `prefix`. */
  list(prefix: string, after: string, limit: number): GroupRow[] {
    return this.#statements.groups.all(after, prefix, prefix + LAST, limit).map((record) => groupRow(record)!);
  }

  /** Groups with a retention, by id, after one. */
  expiring(after: number, limit: number): GroupRow[] {
    return this.#statements.expiring.all(after, limit).map((record) => groupRow(record)!);
  }

  add(row: Pick<GroupRow, "name" | "class" | "createdMs" | "kmsKeyId" | "protected" | "tags">): void {
    this.#statements.addGroup.run(row.name, row.class, row.createdMs, row.kmsKeyId ?? null, Number(row.protected), JSON.stringify(row.tags));
  }

  setRetention(id: number, days: number | undefined): void {
    this.#statements.setRetention.run(days ?? null, id);
  }

  setKey(id: number, kmsKeyId: string | undefined): void {
    this.#statements.setKey.run(kmsKeyId ?? null, id);
  }

  setProtected(id: number, on: boolean): void {
    this.#statements.setProtected.run(Number(on), id);
  }

  setTags(id: number, tags: { [key: string]: string }): void {
    this.#statements.setTags.run(JSON.stringify(tags), id);
  }

  addBytes(id: number, bytes: number): void {
    this.#statements.addBytes.run(bytes, id);
  }

  /** The group itself; its streams and events are cleared by `deleteStreams` and the events' own. */
  delete(id: number): void {
    this.#statements.deleteGroup.run(id);
  }

  stream(groupId: number, name: string): StreamRow | undefined {
    return streamRow(this.#statements.stream.get(groupId, name));
  }

  streamById(id: number): StreamRow | undefined {
    return streamRow(this.#statements.streamById.get(id));
  }

  /** Streams by name, from one end, after `after`. */
  streams(groupId: number, options: { prefix?: string; after?: string; descending?: boolean; limit: number }): StreamRow[] {
    const { prefix = "", after, descending = false, limit } = options;
    const rows = descending
      ? this.#statements.streamsDown.all(groupId, after ?? LAST, prefix, prefix + LAST, limit)
      : this.#statements.streamsUp.all(groupId, after ?? "", prefix, prefix + LAST, limit);
    return rows.map((record) => streamRow(record)!);
  }

  /** Streams by the time of their last event; those without any come first when ascending. */
  streamsByTime(groupId: number, options: { after?: { lastEventMs: number | undefined; name: string } | undefined; descending?: boolean; limit: number }): StreamRow[] {
    const { after, descending = false, limit } = options;
    const rows = descending
      ? this.#statements.streamsByTimeDown.all(groupId, after === undefined ? Number.MAX_SAFE_INTEGER : (after.lastEventMs ?? -1), after?.name ?? "", limit)
      : this.#statements.streamsByTimeUp.all(groupId, after === undefined ? -2 : (after.lastEventMs ?? -1), after?.name ?? "", limit);
    return rows.map((record) => streamRow(record)!);
  }

  addStream(groupId: number, name: string, createdMs: number): void {
    this.#statements.addStream.run(groupId, name, createdMs);
  }

  /** Notes that events came in: their earliest and latest time. */
  noteEvents(streamId: number, firstMs: number, lastMs: number, ingestionMs: number): void {
    this.#statements.noteEvents.run(firstMs, firstMs, lastMs, ingestionMs, streamId);
  }

  deleteStream(id: number): void {
    this.#statements.deleteStream.run(id);
  }

  /** Deletes streams of a group, at most `limit`; how many there were. */
  deleteStreams(groupId: number, limit: number): number {
    return this.#statements.deleteStreams.run(groupId, limit).changes;
  }
}

function groupRow(record: GroupRecord | undefined): GroupRow | undefined {
  return record && {
    id: record.id,
    name: record.name,
    class: record.class as LogGroupClass,
    createdMs: record.created_ms,
    retentionDays: record.retention_days ?? undefined,
    kmsKeyId: record.kms_key_id ?? undefined,
    protected: record.protected === 1,
    storedBytes: record.stored_bytes,
    tags: JSON.parse(record.tags) as { [key: string]: string },
  };
}

function streamRow(record: StreamRecord | undefined): StreamRow | undefined {
  return record && {
    id: record.id,
    groupId: record.group_id,
    name: record.name,
    createdMs: record.created_ms,
    firstEventMs: record.first_event_ms ?? undefined,
    lastEventMs: record.last_event_ms ?? undefined,
    lastIngestionMs: record.last_ingestion_ms ?? undefined,
  };
}
