import type { Database } from "@cumulet/core";
import type { EventSourceMappingConfiguration } from "@cumulet/protocol/models/lambda.d.ts";

/** An event source mapping: what its owner has set, and how far it is. */
export interface MappingRow {
  uuid: string;
  functionName: string;
  /** Version or alias, or empty. */
  qualifier: string;
  /** Undefined for a self-managed source. */
  eventSourceArn: string | undefined;
  /** Members of the configuration that the owner decides, complete with defaults, in AWS's own shape. */
  settings: EventSourceMappingConfiguration;
  enabled: boolean;
  createdMs: number;
  modifiedMs: number;
  /** A change is under way until then, platform time. */
  settlesMs: number;
  change: "create" | "enable" | "disable" | "update" | "delete";
  lastProcessingResult: string;
  tags: Record<string, string>;
}

/** How far a mapping is in a shard. */
export interface Checkpoint {
  /** Sequence number of the last record that is done with; undefined before the first. */
  after: string | undefined;
  /** The shard is closed and read to its end. */
  finished: boolean;
  /** The tumbling window that is open. */
  window: { startMs: number; state: unknown } | undefined;
}

interface Row {
  value: string;
}

export class MappingTables {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      get: db.prepare<Row, [string]>("SELECT value FROM mapping WHERE uuid = ?"),
      list: db.prepare<Row, [string, number]>("SELECT value FROM mapping WHERE uuid > ? ORDER BY uuid LIMIT ?"),
      put: db.prepare<unknown, [string, string, string | null, string]>(
        "INSERT INTO mapping (uuid, function, source, value) VALUES (?, ?, ?, ?) ON CONFLICT (uuid) DO UPDATE SET function = excluded.function, source = excluded.source, value = excluded.value"),
      bySource: db.prepare<Row, [string]>("SELECT value FROM mapping WHERE source = ?"),
      byFunction: db.prepare<Row, [string]>("SELECT value FROM mapping WHERE function = ?"),
      delete: db.prepare<unknown, [string]>("DELETE FROM mapping WHERE uuid = ?"),
      checkpoints: db.prepare<{ shard: string; value: string }, [string]>("SELECT shard, value FROM checkpoint WHERE mapping = ?"),
      putCheckpoint: db.prepare<unknown, [string, string, string]>("INSERT INTO checkpoint (mapping, shard, value) VALUES (?, ?, ?) ON CONFLICT (mapping, shard) DO UPDATE SET value = excluded.value"),
      deleteCheckpoints: db.prepare<unknown, [string]>("DELETE FROM checkpoint WHERE mapping = ?"),
    };
  }

  get(uuid: string): MappingRow | undefined {
    const row = this.#statements.get.get(uuid);
    return row === undefined ? undefined : (JSON.parse(row.value) as MappingRow);
  }

  /** All of them, for when the platform starts. */
  *all(): Iterable<MappingRow> {
    for (let after = ""; ;) {
      const page = this.list(after, 100);
      yield* page;
      if (page.length < 100) return;
      after = page.at(-1)!.uuid;
    }
  }

  list(after: string, limit: number): MappingRow[] {
    return this.#statements.list.all(after, limit).map(parse);
  }

  bySource(arn: string): MappingRow[] {
    return this.#statements.bySource.all(arn).map(parse);
  }

  byFunction(name: string): MappingRow[] {
    return this.#statements.byFunction.all(name).map(parse);
  }

  put(row: MappingRow): void {
    this.#statements.put.run(row.uuid, row.functionName, row.eventSourceArn ?? null, JSON.stringify(row));
  }

  delete(uuid: string): void {
    this.#statements.delete.run(uuid);
    this.#statements.deleteCheckpoints.run(uuid);
  }

  checkpoints(uuid: string): Map<string, Checkpoint> {
    return new Map(this.#statements.checkpoints.all(uuid).map(({ shard, value }) => [shard, JSON.parse(value) as Checkpoint]));
  }

  putCheckpoint(uuid: string, shard: string, checkpoint: Checkpoint): void {
    this.#statements.putCheckpoint.run(uuid, shard, JSON.stringify(checkpoint));
  }
}

function parse(row: Row): MappingRow {
  return JSON.parse(row.value) as MappingRow;
}
