import { AwsError } from "@cumulet/protocol";
import type { Operations } from "@cumulet/core";
import { invalidBucketState } from "../domain/errors.ts";
import { authorize } from "../requests/authorize.ts";
import { nextRevision, openBucket } from "../requests/bucket.ts";
import type { Store } from "../store.ts";

export const versioningOperations = {
  PutBucketVersioning(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketVersioning");
    const { Status, MFADelete } = input.VersioningConfiguration;
    if (MFADelete === "Enabled" || (MFADelete !== undefined && input.MFA !== undefined)) {
      // It takes the device of the account's root, which there is no way to register here.
      throw new AwsError("NotImplemented", "MFA delete is not available: there is no MFA device that could confirm it.", { status: 501, fields: { Header: "x-amz-mfa" } });
    }
    if (Status === undefined) throw new AwsError("IllegalVersioningConfigurationException", "The Versioning element must be specified", { status: 400 });
    if (Status === "Suspended" && bucket.objectLock === 1) throw invalidBucketState("An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.");
    if (Status === "Suspended" && bucket.configs.replication !== undefined) throw invalidBucketState("A replication configuration is present on this bucket, so the versioning state cannot be changed.");
    bucket.ctx.store.buckets.setVersioning(bucket.id, Status as "Enabled" | "Suspended", nextRevision(ctx));
    return {};
  },

  GetBucketVersioning(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketVersioning");
    return bucket.versioning === null ? {} : { Status: bucket.versioning };
  },
} satisfies Operations<"s3", Store>;
