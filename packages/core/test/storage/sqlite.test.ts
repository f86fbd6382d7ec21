import BetterSqlite3 from "better-sqlite3";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { StorageError } from "../../src/storage/database.ts";
import { SqliteDatabase } from "../../src/storage/sqlite.ts";
import { Turn } from "../../src/storage/turn.ts";
import { temporaryFolder } from "./folder.ts";

const migrations = ["CREATE TABLE items (id INTEGER PRIMARY KEY, value TEXT NOT NULL)"];

function open(path = join(temporaryFolder(), "items.db"), more: readonly string[] = []): SqliteDatabase {
  const database = new SqliteDatabase({ path, migrations: [...migrations, ...more], turn: new Turn() });
  onTestFinished(() => database.retire("test over"));
  return database;
}

/** What another connection sees: only what is committed. */
function outside(path: string): number[] {
  const other = new BetterSqlite3(path, { readonly: true });
  try {
    return other.prepare("SELECT id FROM items ORDER BY id").pluck().all() as number[];
  } finally {
    other.close();
  }
}

function table(database: SqliteDatabase) {
  return {
    put: database.prepare<unknown, [number, string]>("INSERT INTO items (id, value) VALUES (?, ?)"),
    ids: database.prepare<{ id: number }, []>("SELECT id FROM items ORDER BY id"),
  };
}
const ids = (rows: { id: number }[]): number[] => rows.map((row) => row.id);

describe.each(["file", "memory"])("a database in %s", (kind) => {
  const path = () => (kind === "memory" ? ":memory:" : join(temporaryFolder(), "items.db"));

  test("commits all writes of a turn together, at its end", async () => {
    const database = open(path());
    const { put, ids: all } = table(database);
    expect(database.pending).toBe(false);
    put.run(1, "a");
    put.run(2, "b");
    expect(database.pending).toBe(true);
    expect(ids(all.all())).toEqual([1, 2]);
    if (kind === "file") expect(outside(database.path)).toEqual([]);
    await database.committed();
    expect(database.pending).toBe(false);
    if (kind === "file") expect(outside(database.path)).toEqual([1, 2]);
  });

  test("undoes what a failed transaction wrote, and nothing else of the turn", async () => {
    const database = open(path());
    const { put, ids: all } = table(database);
    put.run(1, "before");
    expect(() =>
      database.transaction(() => {
        put.run(2, "gone");
        throw new Error("no");
      }),
    ).toThrow("no");
    database.transaction(() => put.run(3, "after"));
    await database.committed();
    expect(ids(all.all())).toEqual([1, 3]);
  });

  test("undoes the first transaction of a turn without taking later ones along", async () => {
    const database = open(path());
    const { put, ids: all } = table(database);
    expect(() =>
      database.transaction(() => {
        put.run(1, "gone");
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(database.pending).toBe(false);
    database.transaction(() => put.run(2, "stays"));
    await database.committed();
    expect(ids(all.all())).toEqual([2]);
  });

  test("nests transactions", async () => {
    const database = open(path());
    const { put, ids: all } = table(database);
    database.transaction(() => {
      put.run(1, "outer");
      expect(() =>
        database.transaction(() => {
          put.run(2, "inner, gone");
          database.transaction(() => put.run(3, "innermost, gone with it"));
          throw new Error("inner");
        }),
      ).toThrow("inner");
      database.transaction(() => put.run(4, "inner, stays"));
    });
    expect(() =>
      database.transaction(() => {
        database.transaction(() => put.run(5, "gone with the outer"));
        throw new Error("outer");
      }),
    ).toThrow("outer");
    await database.committed();
    expect(ids(all.all())).toEqual([1, 4]);
  });

  test("keeps the writes of a transaction in which a statement failed and was caught", async () => {
    const database = open(path());
    const { put, ids: all } = table(database);
    database.transaction(() => {
      put.run(1, "a");
      expect(() => put.run(1, "again")).toThrow(BetterSqlite3.SqliteError);
      put.run(2, "b");
    });
    await database.committed();
    expect(ids(all.all())).toEqual([1, 2]);
  });

  test("reading opens no transaction", () => {
    const database = open(path());
    const { ids: all } = table(database);
    database.transaction(() => all.all());
    expect(database.pending).toBe(false);
  });

  test("refuses a transaction that returns a promise, and undoes it", async () => {
    const database = open(path());
    const { put, ids: all } = table(database);
    expect(() => database.transaction(async () => put.run(1, "a"))).toThrow(TypeError);
    await database.committed();
    expect(all.all()).toEqual([]);
  });

  test("ends iterators with the turn, so that they block no commit", async () => {
    const database = open(path());
    const { put, ids: all } = table(database);
    for (let id = 0; id < 10; id++) put.run(id, "x");
    await database.committed();
    const rows = all.iterate();
    expect(rows.next().value).toEqual({ id: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => rows.next()).toThrow("across a turn");
    put.run(10, "x");
    await database.committed();
    expect([...all.iterate()]).toHaveLength(11);
  });

  test("DDL joins the turn's transaction", async () => {
    const database = open(path());
    expect(() =>
      database.transaction(() => {
        database.exec("CREATE TABLE extra (id INTEGER)");
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(() => database.prepare("SELECT * FROM extra")).toThrow("no such table");
  });

  test("a swallowed loss does not let the rest of its transaction stand alone", async () => {
    const database = open(path());
    const { put, ids: all } = table(database);
    put.run(1, "kept");
    await database.committed();
    const began = database.losses;
    expect(() =>
      database.transaction(() => {
        put.run(2, "lost");
        // What SQLite does by itself on an I/O error.
        database.native().exec("ROLLBACK");
        expect(() => put.run(1, "fails, and shows that the transaction is gone")).toThrow();
        put.run(3, "must not stand alone");
      }),
    ).toThrow(StorageError);
    expect(database.losses).toBe(began + 1);
    await database.committed();
    expect(ids(all.all())).toEqual([1]);
  });

  test("a failing COMMIT loses the group and says so", async () => {
    const database = open(path());
    database.exec("PRAGMA foreign_keys = ON");
    database.exec("CREATE TABLE parents (id INTEGER PRIMARY KEY); CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)");
    await database.committed();
    const { put, ids: all } = table(database);
    const orphan = database.prepare("INSERT INTO children (parent) VALUES (7)");
    put.run(1, "same turn");
    // A deferred constraint is the one failure of a COMMIT that can be had on any machine.
    orphan.run();
    await expect(database.committed()).rejects.toBeInstanceOf(StorageError);
    expect(all.all()).toEqual([]);
    put.run(2, "next turn");
    await database.committed();
    expect(ids(all.all())).toEqual([2]);
  });
});

test("rests and wakes with its statements", async () => {
  const database = open();
  const { put, ids: all } = table(database);
  put.run(1, "a");
  expect(database.rest()).toBe(false);
  await database.committed();
  expect(database.rest()).toBe(true);
  expect(database.resting).toBe(true);
  expect(ids(all.all())).toEqual([1]);
  put.run(2, "b");
  await database.committed();
  expect(outside(database.path)).toEqual([1, 2]);
});

test("says why it cannot be used after it was retired", () => {
  const database = open();
  const { put, ids: all } = table(database);
  put.run(1, "a");
  database.retire("The state was reset.");
  expect(() => put.run(2, "b")).toThrow(new StorageError("closed", "The state was reset."));
  expect(() => all.all()).toThrow(StorageError);
  expect(outside(database.path)).toEqual([1]);
});

describe("migrations", () => {
  test("run once each, in order, on an older file", async () => {
    const path = join(temporaryFolder(), "items.db");
    const first = open(path);
    table(first).put.run(1, "old");
    first.retire("closed");
    const second = open(path, ["ALTER TABLE items ADD COLUMN extra TEXT DEFAULT 'new'"]);
    expect(second.prepare("SELECT * FROM items").all()).toEqual([{ id: 1, value: "old", extra: "new" }]);
    second.retire("closed");
    const third = open(path, ["ALTER TABLE items ADD COLUMN extra TEXT DEFAULT 'new'"]);
    expect(third.prepare("SELECT extra FROM items").all()).toEqual([{ extra: "new" }]);
  });

  test("are all undone when one fails", () => {
    const path = join(temporaryFolder(), "items.db");
    open(path).retire("closed");
    expect(() => open(path, ["CREATE TABLE more (id INTEGER)", "NONSENSE"])).toThrow("syntax error");
    const again = open(path, ["CREATE TABLE more (id INTEGER)"]);
    expect(again.prepare("SELECT * FROM more").all()).toEqual([]);
  });

  test("refuse a file from a newer version, and leave it alone", () => {
    const path = join(temporaryFolder(), "items.db");
    open(path, ["CREATE TABLE more (id INTEGER)"]).retire("closed");
    expect(() => open(path)).toThrow(/written by a newer version of Cumulet \(its schema is 2, this version knows 1\)/);
    open(path, ["CREATE TABLE more (id INTEGER)"]);
  });

  test("refuse a database of another program", () => {
    const path = join(temporaryFolder(), "items.db");
    const foreign = new BetterSqlite3(path);
    foreign.pragma("application_id = 77");
    foreign.close();
    expect(() => open(path)).toThrow("of another program");
  });
});
