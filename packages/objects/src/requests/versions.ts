import type { Context } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import { invalidArgument, lockedObject, methodNotAllowed, noSuchKey, noSuchVersion } from "../domain/errors.ts";
import { NULL_VERSION, newVersionId, readVersionId } from "../domain/versions.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import type { Bucket } from "./bucket.ts";
import { dropContent } from "./content.ts";

/** A version that is about to be written: where it goes and who it is are the bucket's to say. */
export type NewVersion = Omit<ObjectRow, "bucket" | "rank" | "version">;

/** The version id that answers carry: none in a bucket that never had versioning. */
export function shownVersion(bucket: Bucket, row: Pick<ObjectRow, "version">): string | undefined {
  return bucket.versioning === null ? undefined : row.version ?? NULL_VERSION;
}

/** The version id that the answer to a write carries: none while versioning is suspended, though a read would show `null` (recorded from S3). */
export function writtenVersion(bucket: Bucket, row: Pick<ObjectRow, "version">): string | undefined {
  return bucket.versioning === "Enabled" ? row.version ?? NULL_VERSION : undefined;
}

/**
 * The row that a request means; a delete marker is one too. Throws InvalidArgument for a version id that S3 never gave
 * out.
 */
export function findVersion(bucket: Bucket, key: string, version: string | undefined): ObjectRow | undefined {
  const { objects } = bucket.ctx.store;
  if (version === undefined) return objects.current(bucket.id, key);
  if (version === NULL_VERSION) return objects.nullVersion(bucket.id, key);
  const id = readVersionId(version, key);
  if (id === undefined) {
    throw version === ""
      ? invalidArgument("Version id cannot be the empty string", "versionId", "")
      : invalidArgument("Invalid version id specified", "versionId", version);
  }
  const row = objects.at(bucket.id, key, id.rank);
  if (row?.version === version) return row;
  // A replica has the id of its original, and a rank of its own.
  return id.ofKey ? objects.withVersion(bucket.id, key, version) : undefined;
}

/**
 * The object that a request means. Throws NoSuchKey or NoSuchVersion; for a delete marker MethodNotAllowed when it was
 * asked for by id (or always, where S3 does so), else NoSuchKey.
 */
export function existing(bucket: Bucket, key: string, version: string | undefined, row: ObjectRow | undefined, method: string, { markerNeverHides = false } = {}): ObjectRow {
  if (row === undefined) throw version === undefined ? noSuchKey(key) : noSuchVersion(key, version);
  if (row.marker === 0) return row;
  const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": row.version ?? NULL_VERSION };
  if (version !== undefined || markerNeverHides) throw methodNotAllowed(method, "DeleteMarker", { ...headers, Allow: "DELETE" });
  throw new AwsError("NoSuchKey", "The specified key does not exist.", { status: 404, fields: { Key: key }, headers });
}

/** Writes a version as the bucket's versioning wants it, under an id of its own unless one is given. In a transaction. */
export function putVersion(ctx: Context<Store>, bucket: Bucket, version: NewVersion, givenId?: string): ObjectRow {
  const { objects } = bucket.ctx.store;
  const top = objects.current(bucket.id, version.key);
  let rank = 0;
  if (bucket.versioning !== null) {
    if (bucket.versioning === "Suspended") removeNullVersion(bucket, version.key);
    rank = top === undefined ? 0 : top.rank - 1;
  } else if (top !== undefined) {
    rank = top.rank;
    drop(bucket, top);
  }
  const id = bucket.versioning === "Enabled" ? givenId ?? newVersionId(version.key, rank, (length) => ctx.ids.bytes(length)) : null;
  const row: ObjectRow = { ...version, bucket: bucket.id, rank, version: id };
  objects.put(row);
  return row;
}

/** Puts a delete marker on top. In a transaction. */
export function putMarker(ctx: Context<Store>, bucket: Bucket, key: string, owner: string): ObjectRow {
  return putVersion(ctx, bucket, {
    key, owner, marker: 1, modifiedMs: ctx.clock.now(), size: 0, etag: "", storageClass: null, algorithm: null, checksumType: null, checksum: null, content: null, parts: null,
    headers: null, tags: null, acl: null, encryption: null, lockMode: null, lockUntilMs: null, legalHold: null, restore: null, replication: null,
  });
}

/** Removes a version for good. In a transaction. Throws when an object lock holds it; `bypass` lifts governance. */
export function removeVersion(ctx: Context<Store>, bucket: Bucket, row: ObjectRow, bypass: boolean): void {
  if (isLocked(row, ctx.clock.now(), bypass)) throw lockedObject();
  bucket.ctx.store.objects.remove(row);
  drop(bucket, row);
}

/** Whether an object lock forbids to remove a version, or to shorten its retention. */
export function isLocked(row: ObjectRow, nowMs: number, bypass: boolean): boolean {
  if (row.legalHold === 1) return true;
  if (row.lockMode === null || (row.lockUntilMs ?? 0) <= nowMs) return false;
  return row.lockMode === "COMPLIANCE" || !bypass;
}

function removeNullVersion(bucket: Bucket, key: string): void {
  const { objects } = bucket.ctx.store;
  const previous = objects.nullVersion(bucket.id, key);
  if (previous === undefined) return;
  objects.remove(previous);
  drop(bucket, previous);
}

function drop(bucket: Bucket, row: ObjectRow): void {
  if (row.content !== null) dropContent(bucket.ctx, row.content);
}
