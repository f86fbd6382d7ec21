import { AwsError } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import { invalidArgument, invalidBucketState, invalidRequest, lockedObject, malformedXml, notConfigured } from "../domain/errors.ts";
import { checkLockConfiguration, isLockMode } from "../domain/retention.ts";
import { authorize, authorizeMissing } from "../requests/authorize.ts";
import { nextRevision, openBucket } from "../requests/bucket.ts";
import { replicateChange } from "../requests/replicate.ts";
import { existing, findVersion } from "../requests/versions.ts";
import type { Store } from "../store.ts";
import { mayBypass } from "./delete.ts";

/** Object lock: the bucket's configuration, retention and legal holds of versions. */
export const lockOperations = {
  PutObjectLockConfiguration(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketObjectLockConfiguration");
    const config = checkLockConfiguration(input.ObjectLockConfiguration);
    if (bucket.versioning !== "Enabled") throw invalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
    bucket.ctx.store.buckets.enableObjectLock(bucket.id, nextRevision(ctx));
    bucket.ctx.store.buckets.putConfig(bucket.id, "objectLock", config, nextRevision(ctx));
    return {};
  },

  GetObjectLockConfiguration(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketObjectLockConfiguration");
    if (bucket.objectLock === 0) throw notConfigured("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", bucket.name);
    return { ObjectLockConfiguration: bucket.configs.objectLock ?? { ObjectLockEnabled: "Enabled" } };
  },

  PutObjectRetention(ctx, input) {
    const { bucket, row } = locked(ctx, input, "PUT", "s3:PutObjectRetention");
    const { Mode, RetainUntilDate } = input.Retention ?? {};
    const bypass = mayBypass(ctx, bucket, input.Key, input.BypassGovernanceRetention);
    const nowMs = ctx.clock.now();
    const held = row.lockMode !== null && (row.lockUntilMs ?? 0) > nowMs;
    if (Mode === undefined && RetainUntilDate === undefined) {
      if (held && (row.lockMode === "COMPLIANCE" || !bypass)) throw lockedObject();
      bucket.ctx.store.objects.patch(row, { lockMode: null, lockUntilMs: null });
      return {};
    }
    if (!isLockMode(Mode) || RetainUntilDate === undefined) throw malformedXml();
    if (RetainUntilDate <= nowMs) throw invalidArgument("The retain until date must be in the future!", "RetainUntilDate", new Date(RetainUntilDate).toUTCString());
    if (held) {
      const weaker = RetainUntilDate < (row.lockUntilMs ?? 0) || (row.lockMode === "COMPLIANCE" && Mode === "GOVERNANCE");
      // Governance can be turned into compliance, which is stronger, by those who may lift it.
      const changed = row.lockMode !== Mode;
      if ((weaker || changed) && (row.lockMode === "COMPLIANCE" || !bypass)) throw lockedObject();
    }
    bucket.ctx.store.objects.patch(row, { lockMode: Mode, lockUntilMs: RetainUntilDate });
    replicateChange(bucket, row);
    return {};
  },

  GetObjectRetention(ctx, input) {
    const { row } = locked(ctx, input, "GET", "s3:GetObjectRetention");
    if (row.lockMode === null) throw noLock(input.Key);
    return { Retention: { Mode: row.lockMode, RetainUntilDate: row.lockUntilMs ?? 0 } };
  },

  PutObjectLegalHold(ctx, input) {
    const { bucket, row } = locked(ctx, input, "PUT", "s3:PutObjectLegalHold");
    const status = input.LegalHold?.Status;
    if (status !== "ON" && status !== "OFF") throw malformedXml();
    bucket.ctx.store.objects.patch(row, { legalHold: status === "ON" ? 1 : 0 });
    replicateChange(bucket, row);
    return {};
  },

  GetObjectLegalHold(ctx, input) {
    const { row } = locked(ctx, input, "GET", "s3:GetObjectLegalHold");
    if (row.legalHold === null) throw noLock(input.Key);
    return { LegalHold: { Status: row.legalHold === 1 ? "ON" : "OFF" } };
  },
} satisfies Operations<"s3", Store>;

function locked(ctx: Context<Store>, input: { Bucket: string; Key: string; VersionId?: string; ExpectedBucketOwner?: string }, method: string, action: string) {
  const bucket = openBucket(ctx, input);
  const found = findVersion(bucket, input.Key, input.VersionId);
  if (found === undefined) authorizeMissing(ctx, bucket, input.Key);
  const row = existing(bucket, input.Key, input.VersionId, found, method, { markerNeverHides: true });
  authorize(ctx, bucket, action, { key: input.Key, row, values: { "s3:versionid": input.VersionId } });
  if (bucket.objectLock === 0) throw invalidRequest("Bucket is missing Object Lock Configuration");
  return { bucket, row };
}

const noLock = (key: string) => new AwsError("NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", { status: 404, fields: { Key: key } });
