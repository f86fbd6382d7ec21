import { defineStore } from "../../../src/service.ts";

export const account = "111122223333";
export const region = "us-east-1";

/** Rows, half of which name a blob. */
export const things = defineStore({
  name: "things",
  scope: "regional",
  migrations: ["CREATE TABLE things (id INTEGER PRIMARY KEY, blob TEXT); CREATE TABLE twins (id INTEGER PRIMARY KEY)"],
  open: ({ db }) => ({
    put: db.prepare<unknown, [number, string | null]>("INSERT INTO things (id, blob) VALUES (?, ?)"),
    putTwin: db.prepare<unknown, [number]>("INSERT INTO twins (id) VALUES (?)"),
    all: db.prepare<{ id: number; blob: string | null }, []>("SELECT id, blob FROM things ORDER BY id"),
    twins: db.prepare<{ id: number }, []>("SELECT id FROM twins ORDER BY id"),
    blobIds: db.prepare<{ blob: string }, []>("SELECT blob FROM things WHERE blob IS NOT NULL"),
  }),
  *blobIds(store) {
    for (const { blob } of store.blobIds.iterate()) yield blob;
  },
});
