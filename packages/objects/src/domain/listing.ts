import { afterPrefix, compareKeys } from "./keys.ts";

/** What a list asks for. `after` is exclusive: a marker, a start-after, or what a continuation token holds. */
export interface ListQuery {
  prefix: string;
  delimiter: string;
  after: string;
  max: number;
}

/** A page of a list: contents and common prefixes, each in key order. */
export interface ListPage<Row> {
  rows: Row[];
  prefixes: string[];
  truncated: boolean;
  /** The last key or common prefix of the page; where the next begins. */
  last: string;
}

/** A row that a list shows or passes over (a delete marker). */
export interface Listed {
  key: string;
  hidden: boolean;
}

/** Reads rows in key order from `from` (itself included or not): at most `limit` of them. */
export type Scan<Row> = (from: string, inclusive: boolean, limit: number) => readonly Row[];

const BATCH_MAX = 1000;
const BATCH_MIN = 16;

/**
 * One page of a list, at the cost of the page: below a common prefix nothing is read, the scan jumps past it.
 *
 * A marker inside a common prefix leaves that prefix out (observed on S3 for versions; also what a marker equal to the
 * prefix must do, for paging). Rows of the same key after the first are older versions and are passed over.
 */
export function listPage<Row extends Listed>(query: ListQuery, scan: Scan<Row>): ListPage<Row> {
  const { prefix, delimiter, after, max } = query;
  const page: ListPage<Row> = { rows: [], prefixes: [], truncated: false, last: "" };
  if (max === 0) return page;
  let from: string | undefined = prefix;
  let inclusive = true;
  if (after !== "" && compareKeys(after, prefix) >= 0) {
    from = after;
    inclusive = false;
    const passed = delimiter === "" || !after.startsWith(prefix) ? undefined : commonPrefix(after, prefix, delimiter);
    if (passed !== undefined) {
      from = afterPrefix(passed);
      inclusive = true;
    }
  }
  let count = 0;
  let previous: string | undefined;
  let batch = delimiter === "" ? Math.min(max + 1, BATCH_MAX) : BATCH_MIN;
  while (from !== undefined) {
    const rows = scan(from, inclusive, batch);
    let jumped = false;
    for (const row of rows) {
      const { key } = row;
      if (!key.startsWith(prefix)) return page;
      if (key === previous) continue;
      previous = key;
      if (row.hidden) continue;
      const common = delimiter === "" ? undefined : commonPrefix(key, prefix, delimiter);
      if (count === max) {
        page.truncated = true;
        return page;
      }
      count++;
      if (common === undefined) {
        page.rows.push(row);
        page.last = key;
      } else {
        page.prefixes.push(common);
        page.last = common;
        from = afterPrefix(common);
        inclusive = true;
        jumped = true;
        break;
      }
    }
    if (jumped) {
      batch = BATCH_MIN;
      continue;
    }
    if (rows.length < batch) break;
    // Past every version of the last key, of which there may be many.
    from = previous as string;
    inclusive = false;
    batch = Math.min(batch * 4, BATCH_MAX);
  }
  return page;
}

/** A place in an order by key and, among entries of one key, by number. */
export interface Place {
  key: string;
  rank: number;
}

/** Before the first entry of a key; undefined past the end of all keys. */
export const beforeKey = (key: string | undefined): Place | undefined => (key === undefined ? undefined : { key, rank: Number.MIN_SAFE_INTEGER });
/** After the last entry of a key. */
export const afterKey = (key: string): Place => ({ key, rank: Number.MAX_SAFE_INTEGER });

/** Where a list of entries begins that goes on after `keyMarker`, and after `rank` among its entries when that is given. */
export function startPlace(prefix: string, delimiter: string, keyMarker: string, rank: number | undefined): Place | undefined {
  if (keyMarker === "" || compareKeys(keyMarker, prefix) < 0) return beforeKey(prefix);
  const passed = delimiter === "" || !keyMarker.startsWith(prefix) ? undefined : commonPrefix(keyMarker, prefix, delimiter);
  if (passed !== undefined) return beforeKey(afterPrefix(passed));
  return rank === undefined ? afterKey(keyMarker) : { key: keyMarker, rank };
}

/** A page of a list that shows every entry of a key: versions, uploads. */
export interface EntryPage<Row> {
  rows: Row[];
  prefixes: string[];
  truncated: boolean;
  /** What the page ends with: where the next begins. */
  last: { row: Row } | { prefix: string } | undefined;
}

/** One page of entries in order, from `start`, at the cost of the page. */
export function entryPage<Row extends Place>(
  { prefix, delimiter, max }: Omit<ListQuery, "after">, start: Place | undefined, scan: (after: Place, limit: number) => readonly Row[],
): EntryPage<Row> {
  const page: EntryPage<Row> = { rows: [], prefixes: [], truncated: false, last: undefined };
  let from = max === 0 ? undefined : start;
  let count = 0;
  let batch = delimiter === "" ? Math.min(max + 1, BATCH_MAX) : BATCH_MIN;
  while (from !== undefined) {
    const rows = scan(from, batch);
    let jumped = false;
    for (const row of rows) {
      if (!row.key.startsWith(prefix)) return page;
      if (count === max) {
        page.truncated = true;
        return page;
      }
      count++;
      const common = delimiter === "" ? undefined : commonPrefix(row.key, prefix, delimiter);
      if (common !== undefined) {
        page.prefixes.push(common);
        page.last = { prefix: common };
        from = beforeKey(afterPrefix(common));
        jumped = true;
        break;
      }
      page.rows.push(row);
      page.last = { row };
      from = { key: row.key, rank: row.rank };
    }
    if (!jumped && rows.length < batch) return page;
    batch = jumped ? BATCH_MIN : Math.min(batch * 4, BATCH_MAX);
  }
  return page;
}

/** The part of a key up to and with the first delimiter after the prefix. */
export function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}
