import { defineStore, type StoreScope } from "@cumulet/core";
import { Documents } from "../../store/documents.ts";
import type { EventDataStoreRecord, QueryRecord, TrailRecord } from "../domain/records.ts";
import { Events } from "./events.ts";
import { migrations } from "./migrations.ts";

/**
 * All state of CloudTrail in one account and region. Trails, event data stores and tags of an account stand in its home
 * region's, since they may speak of all regions.
 */
export interface CloudTrailStore {
  events: Events;
  /** By ARN. */
  trails: Documents<TrailRecord>;
  /** By ARN. */
  eventDataStores: Documents<EventDataStoreRecord>;
  /** By id. */
  queries: Documents<QueryRecord>;
  /** By ARN. */
  tags: Documents<{ [key: string]: string }>;
}

export const store = defineStore<CloudTrailStore>({
  name: "cloudtrail",
  scope: "regional",
  migrations,
  open: ({ db }: StoreScope) => ({
    events: new Events(db),
    trails: new Documents(db, "trail"),
    eventDataStores: new Documents(db, "event-data-store"),
    queries: new Documents(db, "query"),
    tags: new Documents(db, "tags"),
  }),
});
