import type { Capacity, ConsumedCapacity } from "@cumulet/protocol/models/dynamodb.d.ts";
import type { Index } from "./table.ts";

/** How AWS counts what a request consumes: a read unit is 4 KB read consistently, a write unit 1 KB. */

const readUnitBytes = 4096;
const writeUnitBytes = 1024;

/** Units to read some bytes: whole units, halved when eventually consistent, doubled in a transaction. At least one. */
export function readUnits(bytes: number, consistent: boolean, transactional = false): number {
  const units = Math.max(1, Math.ceil(bytes / readUnitBytes));
  return transactional ? units * 2 : consistent ? units : units / 2;
}

/** Units to write an item: of its old and new size the larger counts. At least one. */
export function writeUnits(bytesBefore: number, bytesAfter: number, transactional = false): number {
  const units = Math.max(1, Math.ceil(Math.max(bytesBefore, bytesAfter) / writeUnitBytes));
  return transactional ? units * 2 : units;
}

/** How a request wants to hear of capacity. */
export type ReturnConsumedCapacity = string | undefined;

/** What one request consumed of one table, summed over its items. */
export class Consumption {
  readonly tableName: string;
  #table = 0;
  readonly #indexes = new Map<string, { kind: Index["kind"]; units: number }>();
  readonly #kind: "read" | "write";
  /** Transactions say which kind of units they consumed. */
  readonly #transactional: boolean;

  constructor(tableName: string, kind: "read" | "write", transactional = false) {
    this.tableName = tableName;
    this.#kind = kind;
    this.#transactional = transactional;
  }

  addTable(units: number): void {
    this.#table += units;
  }

  addIndex(index: Index, units: number): void {
    const known = this.#indexes.get(index.name);
    if (known === undefined) this.#indexes.set(index.name, { kind: index.kind, units });
    else known.units += units;
  }

  get total(): number {
    let total = this.#table;
    for (const { units } of this.#indexes.values()) total += units;
    return total;
  }

  /** As the answer shows it; undefined when it was not asked for. */
  describe(wanted: ReturnConsumedCapacity): ConsumedCapacity | undefined {
    if (wanted !== "TOTAL" && wanted !== "INDEXES") return undefined;
    const consumed: ConsumedCapacity = { TableName: this.tableName, ...this.#capacity(this.total) };
    if (wanted === "TOTAL") return consumed;
    consumed.Table = this.#capacity(this.#table);
    for (const [name, { kind, units }] of this.#indexes) {
      const member = kind === "global" ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes";
      (consumed[member] ??= {})[name] = this.#capacity(units);
    }
    return consumed;
  }

  #capacity(units: number): Capacity {
    if (!this.#transactional) return { CapacityUnits: units };
    return this.#kind === "read" ? { CapacityUnits: units, ReadCapacityUnits: units } : { CapacityUnits: units, WriteCapacityUnits: units };
  }
}
