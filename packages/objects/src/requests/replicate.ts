import type { Context } from "@cumulet/core";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import type { Bucket } from "./bucket.ts";

/** Has a new version copied to where the bucket's replication rules send it. */
export function replicate(_ctx: Context<Store>, _bucket: Bucket, _row: ObjectRow): void {
  // No rule can be configured yet.
}

/** The same for a delete marker. */
export function replicateMarker(_ctx: Context<Store>, _bucket: Bucket, _row: ObjectRow): void {
  // No rule can be configured yet.
}
