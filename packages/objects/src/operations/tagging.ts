import type { Context, Operations } from "@cumulet/core";
import { invalidRequest, notConfigured } from "../domain/errors.ts";
import { compareKeys } from "../domain/keys.ts";
import { checkTags } from "../domain/tagging.ts";
import type { Tag } from "../domain/tagging.ts";
import { authorize, authorizeMissing } from "../requests/authorize.ts";
import { nextRevision, openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { notify } from "../requests/events.ts";
import { replicateChange } from "../requests/replicate.ts";
import { existing, findVersion, shownVersion } from "../requests/versions.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";

/** Tags of buckets and of objects. */
export const taggingOperations = {
  PutBucketTagging(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketTagging");
    const { TagSet } = input.Tagging;
    refuseWithAbac(bucket);
    checkTags(TagSet, "bucket");
    // An empty set leaves no configuration behind (recorded from S3).
    if (TagSet.length === 0) bucket.ctx.store.buckets.deleteConfig(bucket.id, "tagging", nextRevision(ctx));
    else bucket.ctx.store.buckets.putConfig(bucket.id, "tagging", TagSet, nextRevision(ctx));
    return {};
  },

  GetBucketTagging(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketTagging");
    if (bucket.configs.tagging === undefined) throw notConfigured("NoSuchTagSet", "The TagSet does not exist", bucket.name);
    return { TagSet: bucket.configs.tagging };
  },

  DeleteBucketTagging(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketTagging");
    refuseWithAbac(bucket);
    bucket.ctx.store.buckets.deleteConfig(bucket.id, "tagging", nextRevision(ctx));
    return {};
  },

  PutObjectTagging(ctx, input) {
    const { bucket, row } = tagged(ctx, input, "PUT", "PutObject");
    const { TagSet } = input.Tagging;
    checkTags(TagSet, "object");
    bucket.ctx.store.objects.patch(row, { tags: TagSet.length === 0 ? null : JSON.stringify(TagSet) });
    notify(ctx, bucket, "ObjectTagging:Put", row);
    replicateChange(bucket, row);
    return versionOf(bucket, row);
  },

  GetObjectTagging(ctx, input) {
    const { bucket, row } = tagged(ctx, input, "GET", "GetObject");
    return { ...versionOf(bucket, row), TagSet: row.tags === null ? [] : sorted(JSON.parse(row.tags) as Tag[]) };
  },

  DeleteObjectTagging(ctx, input) {
    const { bucket, row } = tagged(ctx, input, "DELETE", "DeleteObject");
    bucket.ctx.store.objects.patch(row, { tags: null });
    notify(ctx, bucket, "ObjectTagging:Delete", row);
    replicateChange(bucket, row);
    return versionOf(bucket, row);
  },
} satisfies Operations<"s3", Store>;

/** The version whose tags are meant. A delete marker is refused as such even when nobody named it (recorded from S3). */
function tagged(ctx: Context<Store>, input: { Bucket: string; Key: string; VersionId?: string; ExpectedBucketOwner?: string; Tagging?: { TagSet: Tag[] } }, method: string, verb: string) {
  const bucket = openBucket(ctx, input);
  const found = findVersion(bucket, input.Key, input.VersionId);
  if (found === undefined) authorizeMissing(ctx, bucket, input.Key);
  const row = existing(bucket, input.Key, input.VersionId, found, method, { markerNeverHides: true });
  const values: Record<string, string | string[] | undefined> = { "s3:versionid": input.VersionId };
  for (const { Key, Value } of input.Tagging?.TagSet ?? []) values[`s3:requestobjecttag/${Key.toLowerCase()}`] = Value;
  if (input.Tagging !== undefined) values["s3:requestobjecttagkeys"] = input.Tagging.TagSet.map(({ Key }) => Key);
  authorize(ctx, bucket, `s3:${verb}${input.VersionId === undefined ? "" : "Version"}Tagging`, { key: input.Key, row, values });
  return { bucket, row };
}

/** S3 keeps the tags of an object by key. */
function sorted(tags: Tag[]): Tag[] {
  return tags.sort((a, b) => compareKeys(a.Key, b.Key));
}

function versionOf(bucket: Bucket, row: ObjectRow): { VersionId?: string } {
  const version = shownVersion(bucket, row);
  return version === undefined ? {} : { VersionId: version };
}

/** Where tags decide who may do what, S3 takes them through TagResource alone, which is authorized by tag. */
function refuseWithAbac({ configs }: Bucket): void {
  if (configs.abac?.Status === "Enabled") throw invalidRequest("This operation is not permitted when attribute-based access control is enabled for the bucket. Use TagResource and UntagResource.");
}
