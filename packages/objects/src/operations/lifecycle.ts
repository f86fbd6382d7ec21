import type { Operations } from "@cumulet/core";
import { malformedXml, notConfigured } from "../domain/errors.ts";
import { checkLifecycle } from "../domain/lifecycle-rules.ts";
import { authorize } from "../requests/authorize.ts";
import { nextRevision, openBucket } from "../requests/bucket.ts";
import type { Store } from "../store.ts";

export const lifecycleOperations = {
  PutBucketLifecycleConfiguration(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutLifecycleConfiguration");
    if (input.LifecycleConfiguration === undefined) throw malformedXml();
    const config = checkLifecycle(input.LifecycleConfiguration, input.TransitionDefaultMinimumObjectSize, () => ctx.ids.bytes(36).toString("base64url"));
    bucket.ctx.store.buckets.putConfig(bucket.id, "lifecycle", config, nextRevision(ctx));
    return { TransitionDefaultMinimumObjectSize: config.TransitionDefaultMinimumObjectSize };
  },

  GetBucketLifecycleConfiguration(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetLifecycleConfiguration");
    if (bucket.configs.lifecycle === undefined) throw notConfigured("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", bucket.name);
    return bucket.configs.lifecycle;
  },

  DeleteBucketLifecycle(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutLifecycleConfiguration");
    bucket.ctx.store.buckets.deleteConfig(bucket.id, "lifecycle", nextRevision(ctx));
    return {};
  },
} satisfies Operations<"s3", Store>;
