import type { Database } from "@cumulet/core";
import type { Dimension } from "@cumulet/protocol/models/cloudwatch.d.ts";
import { emptyAggregate, merge, type Aggregate } from "../domain/aggregate.ts";
import { readDimensions, writeDimensions, type MetricKey } from "../domain/metric.ts";

/** A metric as stored. */
export interface MetricRow {
  id: number;
  namespace: string;
  name: string;
  dimensions: Dimension[];
  lastMs: number;
}

interface MetricRecord {
  id: number;
  namespace: string;
  name: string;
  dimensions: string;
  last_ms: number;
}

/** A data point as stored: of `seconds` from `startMs` on. */
export interface DatapointRow {
  startMs: number;
  unit: string;
  aggregate: Aggregate;
}

interface DatapointRecord {
  metric_id: number;
  start_ms: number;
  unit: string;
  seconds: number;
  count: number;
  sum: number;
  min: number;
  max: number;
  sample_values: string | null;
}

const LAST = "\u{10ffff}";

/** Metrics and their data points of one account and region. */
export class Metrics {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      find: db.prepare<MetricRecord, [string, string, string]>("SELECT * FROM metric WHERE namespace = ? AND name = ? AND dimensions = ?"),
      add: db.prepare<unknown, [string, string, string, number]>("INSERT INTO metric (namespace, name, dimensions, last_ms) VALUES (?, ?, ?, ?)"),
      touch: db.prepare<unknown, [number, number, number]>("UPDATE metric SET last_ms = ? WHERE id = ? AND last_ms < ?"),
      list: db.prepare<MetricRecord, [string, string, string, string, string, string, string, number]>(
        "SELECT * FROM metric WHERE namespace >= ? AND namespace <= ? AND name >= ? AND name <= ? AND (namespace, name, dimensions) > (?, ?, ?) " +
        "ORDER BY namespace, name, dimensions LIMIT ?"),
      delete: db.prepare<unknown, [number, number]>(
        "DELETE FROM metric WHERE id IN (SELECT id FROM metric WHERE last_ms < ? AND NOT EXISTS (SELECT 1 FROM datapoint WHERE metric_id = metric.id) LIMIT ?)"),
      point: db.prepare<DatapointRecord, [number, number, string, number]>("SELECT * FROM datapoint WHERE metric_id = ? AND start_ms = ? AND unit = ? AND seconds = ?"),
      putPoint: db.prepare<unknown, [number, number, string, number, number, number, number, number, string | null]>(
        "INSERT INTO datapoint (metric_id, start_ms, unit, seconds, count, sum, min, max, sample_values) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) " +
        "ON CONFLICT (metric_id, start_ms, unit, seconds) DO UPDATE SET count = excluded.count, sum = excluded.sum, min = excluded.min, max = excluded.max, sample_values = excluded.sample_values"),
      points: db.prepare<DatapointRecord, [number, number, number, number]>("SELECT * FROM datapoint WHERE metric_id = ? AND start_ms >= ? AND start_ms < ? ORDER BY start_ms LIMIT ?"),
      old: db.prepare<DatapointRecord, [number, number, number]>("SELECT * FROM datapoint WHERE seconds = ? AND start_ms < ? ORDER BY start_ms LIMIT ?"),
      deletePoint: db.prepare<unknown, [number, number, string, number]>("DELETE FROM datapoint WHERE metric_id = ? AND start_ms = ? AND unit = ? AND seconds = ?"),
    };
  }

  find(key: MetricKey): MetricRow | undefined {
    return metricRow(this.#statements.find.get(key.namespace, key.name, writeDimensions(key.dimensions)));
  }

  /** Adds to the data point of a time, making the metric and the point where they are new. */
  add(key: MetricKey, timeMs: number, unit: string, seconds: 1 | 60, aggregate: Aggregate): void {
    const dimensions = writeDimensions(key.dimensions);
    const found = this.#statements.find.get(key.namespace, key.name, dimensions);
    let id = found?.id;
    if (id === undefined) id = Number(this.#statements.add.run(key.namespace, key.name, dimensions, timeMs).lastInsertRowid);
    // Once a minute is enough to tell what was active lately.
    else if (found!.last_ms < timeMs - 60_000) this.#statements.touch.run(timeMs, id, timeMs);
    this.#mergePoint(id, timeMs - (timeMs % (seconds * 1000)), unit, seconds, aggregate);
  }

  /** Metrics by namespace, name and dimensions, after one. */
  list(filter: { namespace?: string | undefined; name?: string | undefined }, after: { namespace: string; name: string; dimensions: readonly Dimension[] } | undefined, limit: number): MetricRow[] {
    const { namespace, name } = filter;
    return this.#statements.list.all(
      namespace ?? "", namespace ?? LAST, name ?? "", name ?? LAST,
      after?.namespace ?? "", after?.name ?? "", after === undefined ? "" : writeDimensions(after.dimensions), limit,
    ).map((record) => metricRow(record)!);
  }

  /** Data points of a time range, oldest first. */
  points(id: number, fromMs: number, toMs: number, limit: number): DatapointRow[] {
    return this.#statements.points.all(id, fromMs, toMs, limit).map((record) => ({ startMs: record.start_ms, unit: record.unit, aggregate: aggregateOf(record) }));
  }

  /** Gathers points of `seconds` older than `beforeMs` into coarser ones; without `into`, deletes them. How many there were, `limit` at most. */
  rollUp(seconds: number, beforeMs: number, into: number | undefined, limit: number): number {
    const rows = this.#statements.old.all(seconds, beforeMs, limit);
    for (const row of rows) {
      this.#statements.deletePoint.run(row.metric_id, row.start_ms, row.unit, row.seconds);
      if (into !== undefined) this.#mergePoint(row.metric_id, row.start_ms - (row.start_ms % (into * 1000)), row.unit, into, aggregateOf(row));
    }
    return rows.length;
  }

  /** Forgets metrics without points that were last written before a time. */
  forget(beforeMs: number, limit: number): number {
    return this.#statements.delete.run(beforeMs, limit).changes;
  }

  #mergePoint(id: number, startMs: number, unit: string, seconds: number, aggregate: Aggregate): void {
    const row = this.#statements.point.get(id, startMs, unit, seconds);
    let whole = aggregate;
    if (row !== undefined) {
      whole = aggregateOf(row);
      merge(whole, aggregate);
    }
    const values = whole.values === undefined ? null : JSON.stringify([...whole.values].flat());
    this.#statements.putPoint.run(id, startMs, unit, seconds, whole.count, whole.sum, whole.min, whole.max, values);
  }
}

function metricRow(record: MetricRecord | undefined): MetricRow | undefined {
  return record && { id: record.id, namespace: record.namespace, name: record.name, dimensions: readDimensions(record.dimensions), lastMs: record.last_ms };
}

function aggregateOf({ count, sum, min, max, sample_values: text }: DatapointRecord): Aggregate {
  if (text === null) return { count, sum, min, max, values: undefined };
  const flat = JSON.parse(text) as number[];
  const values = emptyAggregate().values!;
  for (let i = 0; i + 1 < flat.length; i += 2) values.set(flat[i]!, flat[i + 1]!);
  return { count, sum, min, max, values };
}
