import type { Database } from "@cumulet/core";
import type { AlarmType, HistoryItemType } from "@cumulet/protocol/models/cloudwatch.d.ts";

/** Something that happened to an alarm. */
export interface HistoryRow {
  seq: number;
  alarm: string;
  alarmType: AlarmType;
  itemType: HistoryItemType;
  timestamp: number;
  summary: string;
  /** JSON. */
  data: string;
}

interface HistoryRecord {
  seq: number;
  alarm: string;
  alarm_type: string;
  item_type: string;
  timestamp: number;
  summary: string;
  data: string;
}

/** The history of alarms of one account and region. */
export class History {
  readonly #statements;

  constructor(db: Database) {
    const page = (up: boolean) => db.prepare<HistoryRecord, [string | null, string | null, number, number, number, number, number]>(
      `SELECT * FROM alarm_history WHERE (? IS NULL OR alarm = ?) AND timestamp >= ? AND timestamp <= ? AND (timestamp, seq) ${up ? ">" : "<"} (?, ?) ` +
      `ORDER BY timestamp ${up ? "" : "DESC"}, seq ${up ? "" : "DESC"} LIMIT ?`);
    this.#statements = {
      add: db.prepare<unknown, [string, string, string, number, string, string]>(
        "INSERT INTO alarm_history (alarm, alarm_type, item_type, timestamp, summary, data) VALUES (?, ?, ?, ?, ?, ?)"),
      up: page(true),
      down: page(false),
      expire: db.prepare<unknown, [number, number]>("DELETE FROM alarm_history WHERE seq IN (SELECT seq FROM alarm_history WHERE timestamp < ? LIMIT ?)"),
    };
  }

  add(item: Omit<HistoryRow, "seq">): void {
    this.#statements.add.run(item.alarm, item.alarmType, item.itemType, item.timestamp, item.summary, item.data);
  }

  list(options: { alarm?: string | undefined; fromMs: number; toMs: number; after?: { timestamp: number; seq: number } | undefined; ascending: boolean; limit: number }): HistoryRow[] {
    const { alarm, fromMs, toMs, after, ascending, limit } = options;
    const start = after ?? (ascending ? { timestamp: -1, seq: -1 } : { timestamp: Number.MAX_SAFE_INTEGER, seq: 0 });
    return (ascending ? this.#statements.up : this.#statements.down)
      .all(alarm ?? null, alarm ?? null, fromMs, toMs, start.timestamp, start.seq, limit)
      .map((record) => ({
        seq: record.seq, alarm: record.alarm, alarmType: record.alarm_type, itemType: record.item_type, timestamp: record.timestamp, summary: record.summary, data: record.data,
      }) as HistoryRow);
  }

  expire(beforeMs: number, limit: number): number {
    return this.#statements.expire.run(beforeMs, limit).changes;
  }
}
