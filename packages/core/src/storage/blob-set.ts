import BetterSqlite3 from "better-sqlite3";

/** Ids of blobs, on disk instead of in memory when there are many: in a private database that SQLite removes by itself. */
export class BlobSet implements Disposable {
  readonly #database = new BetterSqlite3("");
  readonly #insert: BetterSqlite3.Statement<[string]>;
  readonly #delete: BetterSqlite3.Statement<[string]>;
  readonly #find: BetterSqlite3.Statement<[string]>;
  readonly #first: BetterSqlite3.Statement<[number], string>;

  constructor() {
    this.#database.pragma("journal_mode = OFF");
    this.#database.exec("CREATE TABLE ids (id TEXT PRIMARY KEY) WITHOUT ROWID");
    this.#insert = this.#database.prepare("INSERT OR IGNORE INTO ids (id) VALUES (?)");
    this.#delete = this.#database.prepare("DELETE FROM ids WHERE id = ?");
    this.#find = this.#database.prepare("SELECT 1 FROM ids WHERE id = ?");
    this.#first = this.#database.prepare<[number], string>("SELECT id FROM ids LIMIT ?").pluck();
  }

  add(ids: Iterable<string>): void {
    this.#all(this.#insert, ids);
  }

  remove(ids: Iterable<string>): void {
    this.#all(this.#delete, ids);
  }

  has(id: string): boolean {
    return this.#find.get(id) !== undefined;
  }

  /** Some of the ids. */
  some(count: number): string[] {
    return this.#first.all(count);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #all(statement: BetterSqlite3.Statement<[string]>, ids: Iterable<string>): void {
    this.#database.transaction(() => {
      for (const id of ids) statement.run(id);
    })();
  }
}
