import type { Context } from "@cumulet/core";
import type { ChecksumAlgorithm } from "@cumulet/protocol";
import { DEFAULT_ALGORITHM } from "../domain/checksums.ts";
import { expirationHeader, expirationOf } from "../domain/lifecycle.ts";
import type { Tag } from "../domain/tagging.ts";
import { requireWriteConditions } from "../domain/write-conditions.ts";
import type { WriteConditions } from "../domain/write-conditions.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import { openBucket } from "./bucket.ts";
import type { Bucket, BucketInput } from "./bucket.ts";
import { notify } from "./events.ts";
import type { ObjectEvent } from "./events.ts";
import { discard } from "./receive.ts";
import type { Received } from "./receive.ts";
import { replicate } from "./replicate.ts";
import { putVersion } from "./versions.ts";
import type { WriteSettings } from "./write.ts";

/** A body that has arrived and what it is to become. */
export interface Arrival {
  key: string;
  received: Received;
  settings: WriteSettings;
  conditions: WriteConditions;
  event: ObjectEvent;
}

/**
 * Makes an object of what has arrived: the commit point of a write. The bucket and the conditions are looked at again,
 * because both may have changed while the body was coming; when they no longer hold, the bytes are given back.
 */
export async function commitReceived(ctx: Context<Store>, input: BucketInput, { key, received, settings, conditions, event }: Arrival): Promise<ObjectRow> {
  try {
    const bucket = openBucket(ctx, input);
    return bucket.ctx.transaction(() => {
      const { objects, contents } = bucket.ctx.store;
      requireWriteConditions(conditions, key, objects.current(bucket.id, key));
      const row = putVersion(ctx, bucket, {
        key,
        marker: 0,
        modifiedMs: ctx.clock.now(),
        size: received.content.size,
        etag: entityTag(ctx, received.md5, settings.encryption),
        ...storedChecksum(received),
        content: received.content.size === 0 ? null : contents.insert(received.content),
        parts: null,
        restore: null,
        replication: null,
        ...settings,
      });
      committed(ctx, bucket, row, event);
      return row;
    });
  } catch (error) {
    await discard(ctx, received);
    throw error;
  }
}

/** What follows from a new version: in its transaction. */
export function committed(ctx: Context<Store>, bucket: Bucket, row: ObjectRow, event: ObjectEvent): void {
  replicate(ctx, bucket, row);
  notify(ctx, bucket, event, row);
}

/** The checksum that an object keeps: the one that came with it, else the one S3 takes itself. */
export function storedChecksum({ payload }: Pick<Received, "payload">): { algorithm: ChecksumAlgorithm; checksum: string; checksumType: "FULL_OBJECT" } {
  const algorithm = payload.checksum?.algorithm ?? DEFAULT_ALGORITHM;
  return { algorithm, checksum: payload.digests.get(algorithm) as string, checksumType: "FULL_OBJECT" };
}

/** MD5 for what S3 itself encrypts. The tags of other objects are no digest of their data (Amazon S3 API Reference, Object), so they are nothing in particular. */
export function entityTag(ctx: Context<Store>, md5: string, encryption: string | null): string {
  return encryption === null ? md5 : ctx.ids.bytes(16).toString("hex");
}

/** The `x-amz-expiration` of a version. */
export function expirationOfRow(bucket: Bucket, row: ObjectRow): string | undefined {
  const tags = row.tags === null ? [] : (JSON.parse(row.tags) as Tag[]);
  return expirationHeader(expirationOf(bucket.configs.lifecycle, row.modifiedMs, { key: row.key, size: row.size, tags }));
}
