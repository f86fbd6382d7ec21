import { AwsError } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import type { DeleteObjectRequest, DeletedObject, Error as DeleteError } from "@cumulet/protocol/models/s3.d.ts";
import { etagMatches } from "../domain/conditions.ts";
import { malformedXml, noSuchVersion, notImplemented, preconditionFailed } from "../domain/errors.ts";
import { canonicalIdOf } from "../domain/owner.ts";
import { NULL_VERSION, readVersionId } from "../domain/versions.ts";
import { authorize, isAllowed } from "../requests/authorize.ts";
import { openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { objectOwnership } from "../requests/configs.ts";
import { notify } from "../requests/events.ts";
import { replicate } from "../requests/replicate.ts";
import { findVersion, putMarker, removeVersion } from "../requests/versions.ts";
import type { Store } from "../store.ts";

const DELETE_KEYS_MAX = 1000;

/** What became of a key: the version that is gone, or the marker that now hides it. */
interface Deletion {
  version?: string;
  marker?: boolean;
}

export const deleteOperations = {
  DeleteObject(ctx, input) {
    const bucket = openBucket(ctx, input);
    checkMfa(input.MFA, bucket);
    const { Key, VersionId } = input;
    if (input.IfMatchLastModifiedTime !== undefined) throw notImplemented("x-amz-if-match-last-modified-time");
    if (input.IfMatchSize !== undefined) throw notImplemented("x-amz-if-match-size");
    authorizeDelete(ctx, bucket, Key, VersionId);
    const { version, marker } = remove(ctx, bucket, { Key, VersionId, IfMatch: input.IfMatch }, mayBypass(ctx, bucket, Key, input.BypassGovernanceRetention));
    return { ...(version === undefined ? {} : { VersionId: version }), ...(marker === true ? { DeleteMarker: true } : {}) };
  },

  DeleteObjects(ctx, input) {
    const bucket = openBucket(ctx, input);
    checkMfa(input.MFA, bucket);
    const { Objects, Quiet = false } = input.Delete;
    if (Objects.length === 0 || Objects.length > DELETE_KEYS_MAX) throw malformedXml();
    const Deleted: DeletedObject[] = [];
    const Errors: DeleteError[] = [];
    for (const { Key, VersionId, ETag } of Objects) {
      try {
        authorizeDelete(ctx, bucket, Key, VersionId);
        // Unlike DeleteObject, the batch reports a version that the key never had (recorded from S3); one that is gone is simply gone.
        if (VersionId !== undefined && VersionId !== NULL_VERSION && readVersionId(VersionId, Key)?.ofKey !== true) throw noSuchVersion(Key, VersionId);
        const { version, marker } = bucket.ctx.transaction(() =>
          remove(ctx, bucket, { Key, VersionId, IfMatch: ETag }, mayBypass(ctx, bucket, Key, input.BypassGovernanceRetention)));
        if (!Quiet) {
          Deleted.push({
            Key,
            ...(VersionId === undefined ? {} : { VersionId }),
            ...(marker === true ? { DeleteMarker: true, DeleteMarkerVersionId: version } : {}),
          });
        }
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Errors.push({ Key, Code: error.code, Message: error.message, ...(VersionId === undefined ? {} : { VersionId }) });
      }
    }
    return { ...(Deleted.length > 0 ? { Deleted } : {}), ...(Errors.length > 0 ? { Errors } : {}) };
  },
} satisfies Operations<"s3", Store>;

/** MFA delete needs the root's device, which nobody has here; so it can never be on, and a token is refused rather than believed. */
function checkMfa(mfa: string | undefined, bucket: Bucket): void {
  if (mfa === undefined) return;
  if (bucket.versioning === null) return;
  throw new AwsError("AccessDenied", "Mfa Authentication must be used for this request", { status: 403 });
}

function authorizeDelete(ctx: Context<Store>, bucket: Bucket, key: string, version: string | undefined): void {
  authorize(ctx, bucket, version === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion", { key, values: { "s3:versionid": version } });
}

/** Governance is lifted for those who ask and may. */
export function mayBypass(ctx: Context<Store>, bucket: Bucket, key: string, asked: boolean | undefined): boolean {
  if (asked !== true) return false;
  return ctx.config.authorization !== "strict" || isAllowed(ctx, bucket, "s3:BypassGovernanceRetention", { key });
}

/** Deletes a version, or hides the key behind a marker, as the bucket's versioning wants it. In a transaction. */
function remove(ctx: Context<Store>, bucket: Bucket, { Key: key, VersionId: version, IfMatch }: Pick<DeleteObjectRequest, "Key" | "VersionId" | "IfMatch">, bypass: boolean): Deletion {
  const row = findVersion(bucket, key, version);
  if (IfMatch !== undefined) {
    const object = row?.marker === 0 ? row : undefined;
    if (object === undefined) throw new AwsError("NoSuchKey", "The specified key does not exist.", { status: 404, fields: { Key: key } });
    if (!etagMatches(IfMatch, object.etag)) throw preconditionFailed("If-Match");
  }
  if (version !== undefined || bucket.versioning === null) {
    if (row === undefined) return version === undefined ? {} : { version };
    removeVersion(ctx, bucket, row, bypass);
    if (row.marker === 0) notify(ctx, bucket, "ObjectRemoved:Delete", row);
    return version === undefined ? {} : { version, marker: row.marker === 1 };
  }
  const owner = objectOwnership(bucket.configs) === "BucketOwnerEnforced" ? bucket.owner : canonicalIdOf(ctx.principal);
  const marker = putMarker(ctx, bucket, key, owner);
  notify(ctx, bucket, "ObjectRemoved:DeleteMarkerCreated", marker);
  replicate(ctx, bucket, marker);
  return { version: marker.version ?? NULL_VERSION, marker: true };
}
