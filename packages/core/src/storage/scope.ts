import type { Clock } from "../clock.ts";
import type { Ids } from "../ids.ts";
import type { Names } from "../service.ts";
import type { Blobs } from "./blobs.ts";
import type { Database } from "./database.ts";

/** What a store is opened with: one account, one region (`global` for a global service), one database. */
export interface StoreScope {
  account: string;
  region: string;
  partition: string;
  db: Database;
  blobs: Blobs;
  names: Names;
  clock: Clock;
  ids: Ids;
}
