import type { Operations } from "@cumulet/core";
import { invalidRequest, notConfigured } from "../domain/errors.ts";
import { checkReplication } from "../domain/replication.ts";
import { authorize } from "../requests/authorize.ts";
import { findBucket, nextRevision, openBucket } from "../requests/bucket.ts";
import { bucketOfArn } from "../requests/replicate.ts";
import type { Store } from "../store.ts";

export const replicationOperations = {
  PutBucketReplication(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutReplicationConfiguration");
    if (bucket.versioning !== "Enabled") throw invalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration");
    const config = checkReplication(input.ReplicationConfiguration, () => ctx.ids.bytes(36).toString("base64url"));
    for (const { Destination } of config.Rules) {
      if (findBucket(ctx, bucketOfArn(Destination.Bucket))?.versioning !== "Enabled") throw invalidRequest("Destination bucket must have versioning enabled.");
      if (bucketOfArn(Destination.Bucket) === bucket.name) throw invalidRequest("Destination bucket cannot be the same as the source bucket.");
    }
    bucket.ctx.store.buckets.putConfig(bucket.id, "replication", config, nextRevision(ctx));
    return {};
  },

  GetBucketReplication(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetReplicationConfiguration");
    if (bucket.configs.replication === undefined) throw notConfigured("ReplicationConfigurationNotFoundError", "The replication configuration was not found", bucket.name);
    return { ReplicationConfiguration: bucket.configs.replication };
  },

  DeleteBucketReplication(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutReplicationConfiguration");
    bucket.ctx.store.buckets.deleteConfig(bucket.id, "replication", nextRevision(ctx));
    return {};
  },
} satisfies Operations<"s3", Store>;
