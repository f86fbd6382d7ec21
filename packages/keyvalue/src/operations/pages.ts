import { jsonText } from "@cumulet/protocol";
import type { ConsumedCapacity } from "@cumulet/protocol/models/dynamodb.d.ts";
import { attribute, checkItem, typeOf } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { Consumption, readUnits } from "../domain/capacity.ts";
import { invalidParameters, validationError } from "../domain/errors.ts";
import type { Path } from "../domain/expressions/paths.ts";
import { after, encodeKey, hashLength, maxHashKeySize } from "../domain/keys.ts";
import { pick } from "../domain/table.ts";
import type { Index, Table } from "../domain/table.ts";
import { checkKey } from "../domain/validation.ts";
import type { KeyValueStore } from "../store/index.ts";
import { entryKey } from "../store/writer.ts";
import type { ItemTest } from "./parameters.ts";

/** Bytes of items that a page looks at, at most. */
const maxPageBytes = 1024 * 1024;

/** What an answer shows of an item. */
export interface Shape {
  /** What it looks at. */
  readonly paths: readonly Path[];
  of(item: Item): Item;
}

/** Bounds of all rows of a space: above every key, since none has so many bytes before the end mark of its first part. */
export function wholeSpace(): { from: Buffer; to: Buffer } {
  return { from: Buffer.alloc(0), to: Buffer.alloc(hashLength + maxHashKeySize + 1, 0xff) };
}

/** What Query and Scan have in common. */
export interface ReadInput {
  Select?: string;
  IndexName?: string;
  ConsistentRead?: boolean;
  AttributesToGet?: string[];
  ProjectionExpression?: string;
  ExclusiveStartKey?: Item;
  Limit?: number;
  ReturnConsumedCapacity?: string;
}

/** `Select` against the parameters that say which attributes to get. `counted`: Query reports one of these faults with a count in front, Scan does not. */
export function checkSelect(input: ReadInput, counted: boolean): void {
  const { Select: select } = input;
  const specific = input.ProjectionExpression !== undefined ? "ProjectionExpression" : input.AttributesToGet !== undefined ? "AttributesToGet" : undefined;
  if (select === "SPECIFIC_ATTRIBUTES" && specific === undefined) {
    throw validationError(`${counted ? "1 validation error detected: " : ""}Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES`);
  }
  if (specific !== undefined && select !== undefined && select !== "SPECIFIC_ATTRIBUTES") {
    throw validationError(`Cannot specify the ${specific} when choosing to get ${select === "COUNT" ? "only the Count" : select}`);
  }
  if (select === "ALL_PROJECTED_ATTRIBUTES" && input.IndexName === undefined) {
    throw validationError("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  }
}

/** Checks the values of a cursor, before any table is looked at. */
export function checkCursorValues(cursor: Item | undefined): void {
  if (cursor === undefined) return;
  try {
    checkItem(cursor);
  } catch (error) {
    // AWS puts this in front of some messages only.
    if (!(error instanceof Error) || /contains duplicates|number set|numeric value|significant digits|number with magnitude/.test(error.message)) throw error;
    throw validationError(`The provided starting key is invalid: ${error.message}`);
  }
}

/** Checks a cursor against the table and index that are read; gives the key of its row. */
export function cursorKey(cursor: Item, table: Table, index: Index | undefined, bare: boolean): Buffer {
  const keys = index === undefined ? table.keys : index.cursor;
  if (Object.keys(cursor).length !== keys.length) {
    throw validationError(index !== undefined || bare ? "The provided starting key is invalid" : "The provided starting key is invalid: The provided key element does not match the schema");
  }
  if (index !== undefined) {
    for (const { name, type } of [...index.schema.hash, ...index.schema.range]) {
      const value = attribute(cursor, name);
      if (value === undefined) throw validationError("The provided starting key is invalid");
      if (typeOf(value) !== type) throw validationError("The provided starting key is invalid: The provided key element does not match the schema");
    }
  }
  const tableKey = pick(cursor, table.keys);
  try {
    checkKey(tableKey, table.schema);
  } catch (error) {
    throw validationError(`The provided starting key is invalid: ${(error as Error).message}`);
  }
  const key = encodeKey(tableKey, table.schema);
  return index === undefined ? key : entryKey(cursor, index, key);
}

/** Refuses what an index cannot answer. */
export function checkIndexRead(index: Index, input: ReadInput, projection: Shape | undefined, filterPaths: readonly Path[]): void {
  if (index.kind === "global" && input.ConsistentRead === true) throw validationError("Consistent reads are not supported on global secondary indexes");
  const { projected } = index;
  if (projected === undefined) return;
  if (index.kind === "global") {
    if (input.Select === "ALL_ATTRIBUTES") {
      throw invalidParameters(`Select type ALL_ATTRIBUTES is not supported for global secondary index ${index.name} because its projection type is not ALL`);
    }
    const absent = notProjected(projection?.paths ?? [], projected);
    if (absent.length > 0) throw invalidParameters(`Global secondary index ${index.name} does not project [${absent.join(", ")}]`);
  }
  const absent = notProjected(filterPaths, projected);
  if (absent.length > 0) throw invalidParameters(`Secondary index ${index.name} does not project one or more filter attributes: [${absent.join(", ")}]`);
}

function notProjected(paths: readonly Path[], projected: ReadonlySet<string>): string[] {
  return [...new Set(paths.map((path) => path[0] as string).filter((name) => !projected.has(name)))].sort();
}

/** Which rows a page reads and what becomes of them. */
export interface PageRequest {
  store: KeyValueStore;
  table: Table;
  index: Index | undefined;
  from: Buffer;
  to: Buffer;
  backward: boolean;
  filter: ItemTest | undefined;
  projection: Shape | undefined;
  input: ReadInput;
  /** As the request named it. */
  tableName: string;
}

/** The common part of the answers of Query and Scan. */
export interface Page {
  Items?: Item[];
  Count: number;
  ScannedCount: number;
  LastEvaluatedKey?: Item;
  ConsumedCapacity?: ConsumedCapacity;
}

/** A page of items as they lie on the disk: parsed only for callers in process. */
class StoredPage implements Page {
  readonly #texts: readonly string[];
  readonly Count: number;
  readonly ScannedCount: number;
  LastEvaluatedKey?: Item;
  ConsumedCapacity?: ConsumedCapacity;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.Count = texts.length;
    this.ScannedCount = texts.length;
  }

  get Items(): Item[] {
    return this.#texts.map((text) => JSON.parse(text) as Item);
  }

  get [jsonText](): string {
    let text = `{"Items":[${this.#texts.join(",")}],"Count":${this.Count},"ScannedCount":${this.ScannedCount}`;
    if (this.LastEvaluatedKey !== undefined) text += `,"LastEvaluatedKey":${JSON.stringify(this.LastEvaluatedKey)}`;
    if (this.ConsumedCapacity !== undefined) text += `,"ConsumedCapacity":${JSON.stringify(this.ConsumedCapacity)}`;
    return `${text}}`;
  }
}

/** Rows that are read first, before their size is known. */
const firstRows = 32;
const mostRows = 1000;

/** Reads one page: up to the limit, or up to a megabyte of items looked at. */
export function readPage(request: PageRequest): Page {
  const { index, input } = request;
  const limit = input.Limit ?? Infinity;
  const collector = new Collector(request);
  let { from, to } = request;
  let scanned = 0;
  let bytes = 0;
  let last: string | undefined;
  let full = false;
  while (!full) {
    // As many rows as the page is likely to take, judging by those before.
    const likely = scanned === 0 ? firstRows : Math.ceil((maxPageBytes - bytes) / Math.max(1, bytes / scanned));
    const wanted = Math.min(limit - scanned, likely, mostRows);
    const rows = request.store.rows.page(request.index?.space ?? request.table.space, from, to, request.backward, wanted);
    for (const row of rows) {
      scanned++;
      bytes += row.size;
      last = row.item;
      collector.add(row.item);
      full = scanned === limit || bytes >= maxPageBytes;
      if (full) break;
    }
    if (full || rows.length < wanted) break;
    const key = keyOfRow(request, last!);
    if (request.backward) to = key;
    else from = after(key);
  }
  const page = collector.page(scanned);
  if (full) page.LastEvaluatedKey = pick(JSON.parse(last!) as Item, index === undefined ? request.table.keys : index.cursor);
  if (input.ReturnConsumedCapacity !== undefined) {
    const consumption = new Consumption(request.tableName, "read");
    const units = readUnits(bytes, input.ConsistentRead === true);
    if (index === undefined) consumption.addTable(units);
    else {
      consumption.addIndex(index, units);
      consumption.addTable(collector.fetchUnits);
    }
    page.ConsumedCapacity = consumption.describe(input.ReturnConsumedCapacity);
  }
  return page;
}

function keyOfRow({ table, index }: PageRequest, text: string): Buffer {
  const item = JSON.parse(text) as Item;
  const key = encodeKey(item, table.schema);
  return index === undefined ? key : entryKey(item, index, key);
}

/** Makes of rows what the request wants of them. */
class Collector {
  readonly #request: PageRequest;
  readonly #counts: boolean;
  readonly #fetches: boolean;
  /** True when rows go into the answer as they lie on the disk. */
  readonly #asStored: boolean;
  readonly #texts: string[] = [];
  readonly #items: Item[] = [];
  #matched = 0;
  /** Read units of the table's items that entries of a local index were completed with. */
  fetchUnits = 0;

  constructor(request: PageRequest) {
    const { index, input, filter, projection } = request;
    this.#request = request;
    this.#counts = input.Select === "COUNT";
    this.#fetches = index !== undefined && index.kind === "local" && reachesBack(index, input, projection);
    this.#asStored = !this.#counts && filter === undefined && projection === undefined && !this.#fetches;
  }

  add(text: string): void {
    const { filter, projection } = this.#request;
    if (this.#asStored) {
      this.#texts.push(text);
      return;
    }
    if (this.#counts && filter === undefined) {
      this.#matched++;
      return;
    }
    const item = JSON.parse(text) as Item;
    if (filter !== undefined && !filter(item)) return;
    this.#matched++;
    if (this.#counts) return;
    const whole = this.#fetches ? this.#fetch(item) : item;
    this.#items.push(projection === undefined ? whole : projection.of(whole));
  }

  #fetch(entry: Item): Item {
    const { store, table, input } = this.#request;
    const row = store.rows.get(table.space, encodeKey(entry, table.schema));
    this.fetchUnits += readUnits(row?.size ?? 0, input.ConsistentRead === true);
    return row === undefined ? entry : (JSON.parse(row.item) as Item);
  }

  page(scanned: number): Page {
    if (this.#asStored) return new StoredPage(this.#texts);
    const page: Page = { Count: this.#matched, ScannedCount: scanned };
    if (!this.#counts) page.Items = this.#items;
    return page;
  }
}

/** Whether a read of a local index needs attributes that only the table has. */
function reachesBack(index: Index, input: ReadInput, projection: Shape | undefined): boolean {
  if (index.projected === undefined) return false;
  if (input.Select === "ALL_ATTRIBUTES") return true;
  return projection !== undefined && notProjected(projection.paths, index.projected).length > 0;
}
