import type { AttributeDefinition, KeySchemaElement, Projection as ProjectionDefinition } from "@cumulet/protocol/models/dynamodb.d.ts";
import { attribute, setAttribute } from "./attribute-values.ts";
import type { Item } from "./attribute-values.ts";
import { hasKey } from "./keys.ts";
import type { KeyAttribute, KeySchema, KeyType } from "./keys.ts";

/** What is kept of a table besides its items. JSON; times in milliseconds of platform time. */
export interface TableRecord {
  /** The space of its rows. */
  space: number;
  name: string;
  /** DynamoDB's `TableId`, a UUID: tells apart tables of the same name. */
  tableId: string;
  createdMs: number;
  /** From when on the status is ACTIVE: until then `status`. */
  readyMs: number;
  status: "CREATING" | "UPDATING" | "DELETING";
  attributeDefinitions: AttributeDefinition[];
  keySchema: KeySchemaElement[];
  billing: Billing;
  globalIndexes: IndexRecord[];
  localIndexes: IndexRecord[];
  stream: StreamSetting | undefined;
  ttl: TtlSetting | undefined;
  tableClass: { name: string; changedMs?: number } | undefined;
  deletionProtection: boolean;
  /** `named`: with a key of the customer's, not the account's own for DynamoDB. */
  sse: { keyArn: string; status: "ENABLED" | "UPDATING" | "DISABLED"; named?: boolean } | undefined;
  restore?: { sourceBackupArn?: string; sourceTableArn?: string; restoredMs: number };
  /** Point-in-time recovery. */
  recovery?: { enabledMs: number; days: number };
  /** True while a backup stands on the table's rows and their history. */
  backedUp?: boolean;
  /** While the table is being filled from the rows and history of another, as they were at a moment. */
  restoring?: { space: number; moment: Moment; cursor: string };
  /** The other members of a global table; absent for a table of one region. */
  replicas?: ReplicaRecord[];
  contributorInsights?: { [index: string]: { enabled: boolean; changedMs: number; mode?: string } };
  kinesis?: KinesisDestination[];
}

/** A moment in the history of rows: after a change, or a time in milliseconds. */
export type Moment = { sequence: number } | { ms: number };

export interface Throughput {
  ReadCapacityUnits: number;
  WriteCapacityUnits: number;
  lastIncreaseMs?: number;
  lastDecreaseMs?: number;
  decreases: number;
}

export interface Billing {
  mode: "PROVISIONED" | "PAY_PER_REQUEST";
  /** Present once a mode was chosen by name: a table created without one has no `BillingModeSummary`. */
  summary: boolean;
  onDemandMs?: number;
  throughput: Throughput;
  onDemand?: { MaxReadRequestUnits?: number; MaxWriteRequestUnits?: number };
  warm?: { ReadUnitsPerSecond?: number; WriteUnitsPerSecond?: number };
}

export interface IndexRecord {
  name: string;
  space: number;
  keySchema: KeySchemaElement[];
  projection: ProjectionDefinition;
  /** Global indexes only. */
  throughput?: Throughput;
  onDemand?: { MaxReadRequestUnits?: number; MaxWriteRequestUnits?: number };
  warm?: { ReadUnitsPerSecond?: number; WriteUnitsPerSecond?: number };
  /** From when on the status is ACTIVE: until then `status`. */
  readyMs: number;
  status: "CREATING" | "UPDATING" | "DELETING";
  /** Hex of the table's key up to which the index has been filled; absent when it is complete. */
  backfill?: string;
}

export interface StreamSetting {
  id: number;
  label: string;
  viewType: "NEW_IMAGE" | "OLD_IMAGE" | "NEW_AND_OLD_IMAGES" | "KEYS_ONLY";
  enabled: boolean;
}

export interface TtlSetting {
  attribute: string;
  enabled: boolean;
  /** Space of the entries by time of expiry. */
  space: number;
  /** Status is ENABLING or DISABLING until then. */
  readyMs: number;
  /** Hex of the table's key up to which entries have been made; absent when all have. */
  backfill?: string;
}

/** Another member of a global table, as a member knows it. */
export interface ReplicaRecord {
  region: string;
  /** From when on the status is ACTIVE: until then `status`. */
  readyMs: number;
  status: "CREATING" | "UPDATING" | "DELETING";
  /** When the table here gave the new member its items: it may not be deleted for a day after. */
  sourcedMs?: number;
  /** Hex of the table's key up to which the new member has been given the items; absent when it has all. */
  backfill?: string;
  keyArn?: string;
  tableClass?: string;
  readUnits?: number;
  maxReadUnits?: number;
  indexes?: { [name: string]: { readUnits?: number; maxReadUnits?: number } };
}

export interface KinesisDestination {
  streamArn: string;
  status: string;
  precision?: string;
}

/** An index with what the hot paths need of it worked out once. */
export interface Index {
  record: IndexRecord;
  name: string;
  space: number;
  kind: "global" | "local";
  schema: KeySchema;
  /** Every key attribute of table and index, in that order: what `LastEvaluatedKey` holds. */
  cursor: readonly KeyAttribute[];
  /** Names of the attributes that an entry holds; undefined for all. */
  projected: ReadonlySet<string> | undefined;
}

/** A table with what the hot paths need of it worked out once. Immutable: a change of the record makes a new one. */
export class Table {
  readonly record: TableRecord;
  readonly name: string;
  readonly arn: string;
  readonly space: number;
  readonly schema: KeySchema;
  readonly types: ReadonlyMap<string, KeyType>;
  /** Key attributes: the partition key, then the sort key if there is one. */
  readonly keys: readonly KeyAttribute[];
  readonly indexes: readonly Index[];
  readonly indexesByName: readonly Index[];
  readonly ttl: TtlSetting | undefined;
  readonly stream: StreamSetting | undefined;
  /** Whether changes must be remembered. */
  readonly keepsHistory: boolean;
  /** True when a write has nothing to maintain but the row itself. */
  readonly plain: boolean;

  constructor(record: TableRecord, arn: string) {
    this.record = record;
    this.name = record.name;
    this.arn = arn;
    this.space = record.space;
    this.types = new Map(record.attributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType as KeyType]));
    this.schema = schemaOf(record.keySchema, this.types);
    this.keys = [...this.schema.hash, ...this.schema.range];
    this.indexes = [
      ...record.globalIndexes.map((index) => this.#index(index, "global")),
      ...record.localIndexes.map((index) => this.#index(index, "local")),
    ];
    this.indexesByName = this.indexes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.ttl = record.ttl?.enabled === true ? record.ttl : undefined;
    this.stream = record.stream?.enabled === true ? record.stream : undefined;
    this.keepsHistory = record.recovery !== undefined || record.backedUp === true;
    this.plain = this.indexes.length === 0 && this.ttl === undefined && this.stream === undefined && !this.keepsHistory
      && record.replicas === undefined;
  }

  /** Its status at a time; undefined once it has been deleted. */
  status(nowMs: number): "CREATING" | "UPDATING" | "DELETING" | "ACTIVE" | undefined {
    if (this.record.status === "DELETING") return nowMs < this.record.readyMs ? "DELETING" : undefined;
    return nowMs < this.record.readyMs ? this.record.status : "ACTIVE";
  }

  index(name: string): Index | undefined {
    return this.indexes.find((index) => index.name === name);
  }

  /** The key attributes of an item, nothing else. */
  keyOf(item: Item): Item {
    return pick(item, this.keys);
  }

  #index(record: IndexRecord, kind: "global" | "local"): Index {
    const schema = schemaOf(record.keySchema, this.types);
    const cursor = [...this.keys];
    for (const key of [...schema.hash, ...schema.range]) {
      if (!cursor.some(({ name }) => name === key.name)) cursor.push(key);
    }
    const projected = record.projection.ProjectionType === "ALL"
      ? undefined
      : new Set([...cursor.map(({ name }) => name), ...(record.projection.NonKeyAttributes ?? [])]);
    return { record, name: record.name, space: record.space, kind, schema, cursor, projected };
  }
}

function schemaOf(elements: readonly KeySchemaElement[], types: ReadonlyMap<string, KeyType>): KeySchema {
  const keys = (keyType: string): KeyAttribute[] => elements.filter(({ KeyType }) => KeyType === keyType)
    .map(({ AttributeName }) => ({ name: AttributeName, type: types.get(AttributeName)! }));
  return { hash: keys("HASH"), range: keys("RANGE") };
}

/** An item with the given attributes only. */
export function pick(item: Item, keys: readonly KeyAttribute[]): Item {
  const picked: Item = {};
  for (const { name } of keys) {
    const value = attribute(item, name);
    if (value !== undefined) setAttribute(picked, name, value);
  }
  return picked;
}

/** What an index holds of an item; undefined when the item lacks a key attribute of the index, or has it with another type. */
export function entryOf(item: Item, index: Index): Item | undefined {
  if (!hasKey(item, index.schema)) return undefined;
  if (index.projected === undefined) return item;
  const entry: Item = {};
  for (const name of index.projected) {
    const value = attribute(item, name);
    if (value !== undefined) setAttribute(entry, name, value);
  }
  return entry;
}
