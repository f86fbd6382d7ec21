import BetterSqlite3 from "better-sqlite3";
import type { Database, Statement } from "./database.ts";

/**
 * A second connection to a store's file that only reads, one unchanging state of it if `pinned`, while the store goes on
 * writing: for snapshots and for long walks over rows.
 */
export class ReaderDatabase implements Database, Disposable {
  readonly native: BetterSqlite3.Database;
  readonly pending = false;
  readonly losses = 0;

  constructor(path: string) {
    this.native = new BetterSqlite3(path, { readonly: true, fileMustExist: true });
    // A read transaction sees the state of its first read until it ends.
    this.native.exec("BEGIN");
    this.native.prepare("SELECT count(*) FROM sqlite_schema").get();
  }

  prepare<Row = unknown, Params extends readonly unknown[] = readonly unknown[]>(sql: string): Statement<Row, Params> {
    return this.native.prepare(sql) as unknown as Statement<Row, Params>;
  }

  transaction<T>(fn: () => T): T {
    return fn();
  }

  committed(): Promise<void> {
    return Promise.resolve();
  }

  exec(): void {
    throw new Error("This connection only reads.");
  }

  [Symbol.dispose](): void {
    this.native.close();
  }
}
