import type { Database } from "@cumulet/core";

/** A trace as stored, without its segments. */
export interface TraceRow {
  id: string;
  firstMs: number;
  revision: number;
}

interface TraceRecord {
  id: string;
  first_ms: number;
  revision: number;
  bytes: number;
}

/** Bytes of documents that one trace holds; more are left out, as X-Ray does. */
const TRACE_BYTES_MAX = 500 * 1024;
const SEGMENTS_MAX = 2000;

/** Traces of one account and region. */
export class Traces {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      note: db.prepare<{ bytes: number }, [string, number, number]>(
        "INSERT INTO trace (id, first_ms, revision, bytes) VALUES (?, ?, 1, ?) ON CONFLICT (id) DO UPDATE SET " +
        "first_ms = min(first_ms, excluded.first_ms), revision = revision + 1, bytes = bytes + excluded.bytes RETURNING bytes"),
      put: db.prepare<unknown, [string, string, string]>("INSERT INTO segment (trace_id, id, document) VALUES (?, ?, ?) ON CONFLICT (trace_id, id) DO UPDATE SET document = excluded.document"),
      get: db.prepare<TraceRecord, [string]>("SELECT * FROM trace WHERE id = ?"),
      segments: db.prepare<{ document: string }, [string, number]>("SELECT document FROM segment WHERE trace_id = ? LIMIT ?"),
      list: db.prepare<TraceRecord, [number, number, number, string, number]>("SELECT * FROM trace WHERE first_ms >= ? AND first_ms <= ? AND (first_ms, id) > (?, ?) ORDER BY first_ms, id LIMIT ?"),
      newest: db.prepare<TraceRecord, [number, number, number]>("SELECT * FROM trace WHERE first_ms >= ? AND first_ms <= ? ORDER BY first_ms DESC, id DESC LIMIT ?"),
      count: db.prepare<{ count: number }, []>("SELECT count(*) AS count FROM trace"),
      oldest: db.prepare<{ id: string }, [number, number]>("SELECT id FROM trace WHERE first_ms < ? ORDER BY first_ms, id LIMIT ?"),
      delete: db.prepare<unknown, [string]>("DELETE FROM trace WHERE id = ?"),
      deleteSegments: db.prepare<unknown, [string]>("DELETE FROM segment WHERE trace_id = ?"),
    };
  }

  /** Adds a document, or one over that of the same segment; false when the trace holds no more. */
  put(traceId: string, segmentId: string, startMs: number, document: string): boolean {
    const { bytes } = this.#statements.note.get(traceId, Math.floor(startMs), document.length)!;
    if (bytes - document.length > TRACE_BYTES_MAX) return false;
    this.#statements.put.run(traceId, segmentId, document);
    return true;
  }

  get(id: string): TraceRow | undefined {
    return traceRow(this.#statements.get.get(id));
  }

  /** Documents of a trace. */
  documents(id: string): string[] {
    return this.#statements.segments.all(id, SEGMENTS_MAX).map(({ document }) => document);
  }

  /** Traces that began in a time range, oldest first, after one. */
  list(fromMs: number, toMs: number, after: { firstMs: number; id: string } | undefined, limit: number): TraceRow[] {
    return this.#statements.list.all(fromMs, toMs, after?.firstMs ?? -1, after?.id ?? "", limit).map((record) => traceRow(record)!);
  }

  /** The latest traces of a time range. */
  newest(fromMs: number, toMs: number, limit: number): TraceRow[] {
    return this.#statements.newest.all(fromMs, toMs, limit).map((record) => traceRow(record)!);
  }

  /** Forgets traces from before a time, and the oldest of those beyond `keep`; at most `limit`, how many there were. */
  forget(beforeMs: number, keep: number, limit: number): number {
    const surplus = this.#statements.count.get()!.count - keep;
    const old = this.#statements.oldest.all(beforeMs, limit);
    const gone = old.length >= Math.min(surplus, limit) ? old : this.#statements.oldest.all(Number.MAX_SAFE_INTEGER, Math.min(surplus, limit));
    for (const { id } of gone) {
      this.#statements.delete.run(id);
      this.#statements.deleteSegments.run(id);
    }
    return gone.length;
  }
}

function traceRow(record: TraceRecord | undefined): TraceRow | undefined {
  return record && { id: record.id, firstMs: record.first_ms, revision: record.revision };
}
