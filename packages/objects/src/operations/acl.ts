import { AwsError } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import { aclFromDocument, aclFromHeaders, aclNotSupported, isPublicAcl } from "../domain/acl.ts";
import type { AccessControlPolicy, Acl, GrantHeaders } from "../domain/acl.ts";
import { accessDenied } from "../domain/errors.ts";
import { publicAccessBlock } from "../requests/account.ts";
import { authorize, authorizeMissing, objectAcl } from "../requests/authorize.ts";
import { bucketAcl, nextRevision, openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { objectOwnership } from "../requests/configs.ts";
import { ownerOf } from "../requests/display.ts";
import { notify } from "../requests/events.ts";
import { replicateChange } from "../requests/replicate.ts";
import { existing, findVersion, shownVersion } from "../requests/versions.ts";
import type { Store } from "../store.ts";

/** Access control lists of buckets and objects. */
export const aclOperations = {
  GetBucketAcl(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketAcl");
    return shown(ctx, bucketAcl(bucket));
  },

  PutBucketAcl(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketAcl");
    const acl = requestedAcl(bucket, input, bucket.owner);
    bucket.ctx.store.buckets.putConfig(bucket.id, "acl", acl, nextRevision(ctx));
    return {};
  },

  GetObjectAcl(ctx, input) {
    const bucket = openBucket(ctx, input);
    const found = findVersion(bucket, input.Key, input.VersionId);
    if (found === undefined || found.marker === 1) authorizeMissing(ctx, bucket, input.Key);
    const row = existing(bucket, input.Key, input.VersionId, found, "GET");
    authorize(ctx, bucket, input.VersionId === undefined ? "s3:GetObjectAcl" : "s3:GetObjectVersionAcl", { key: input.Key, row, values: { "s3:versionid": input.VersionId } });
    // With ACLs disabled everything is the bucket owner's, whatever it was before.
    const enforced = objectOwnership(bucket.configs) === "BucketOwnerEnforced";
    return shown(ctx, enforced ? objectAcl({ ...row, owner: bucket.owner, acl: null }) : objectAcl(row));
  },

  PutObjectAcl(ctx, input) {
    const bucket = openBucket(ctx, input);
    const found = findVersion(bucket, input.Key, input.VersionId);
    if (found === undefined) authorizeMissing(ctx, bucket, input.Key);
    const row = existing(bucket, input.Key, input.VersionId, found, "PUT", { markerNeverHides: true });
    authorize(ctx, bucket, input.VersionId === undefined ? "s3:PutObjectAcl" : "s3:PutObjectVersionAcl", { key: input.Key, row, values: { "s3:versionid": input.VersionId } });
    const acl = requestedAcl(bucket, input, row.owner);
    const text = JSON.stringify(acl);
    bucket.ctx.store.objects.patch(row, { acl: text });
    if (text !== row.acl) notify(ctx, bucket, "ObjectAcl:Put", row);
    replicateChange(bucket, row);
    const version = shownVersion(bucket, row);
    if (version !== undefined) ctx.http?.setHeader("x-amz-version-id", version);
    return {};
  },
} satisfies Operations<"s3", Store>;

function shown(ctx: Context<Store>, acl: Acl) {
  return {
    Owner: ownerOf(ctx, acl.owner),
    Grants: acl.grants.map(({ Grantee, Permission }) => ({
      Grantee: Grantee.Type === "Group" ? { Type: "Group", URI: Grantee.URI } : { Type: "CanonicalUser", ...ownerOf(ctx, Grantee.ID ?? "") },
      Permission,
    })),
  };
}

/** The list that a Put asks for, in headers or as a document. Throws in S3's order. */
function requestedAcl(bucket: Bucket, input: GrantHeaders & { AccessControlPolicy?: AccessControlPolicy }, owner: string): Acl {
  const fromHeaders = aclFromHeaders(input, owner, bucket.owner);
  const { AccessControlPolicy: document } = input;
  if (fromHeaders === undefined && document === undefined) {
    throw new AwsError("MissingSecurityHeader", "Your request was missing a required header", { status: 400, fields: { MissingHeaderName: "x-amz-acl" } });
  }
  if (fromHeaders !== undefined && document !== undefined) throw new AwsError("UnexpectedContent", "This request does not support content", { status: 400 });
  const acl = fromHeaders ?? aclFromDocument(document as AccessControlPolicy, owner);
  if (objectOwnership(bucket.configs) === "BucketOwnerEnforced") throw aclNotSupported();
  if (isPublicAcl(acl) && publicAccessBlock(bucket).BlockPublicAcls) throw accessDenied();
  return acl;
}
