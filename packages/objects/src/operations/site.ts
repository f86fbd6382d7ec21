import type { Operations } from "@cumulet/core";
import { checkCors } from "../domain/cors.ts";
import { notConfigured } from "../domain/errors.ts";
import { checkWebsite } from "../domain/website.ts";
import { authorize } from "../requests/authorize.ts";
import { nextRevision, openBucket } from "../requests/bucket.ts";
import type { Store } from "../store.ts";

/** What browsers meet: CORS rules and website configurations. */
export const siteOperations = {
  PutBucketCors(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketCORS");
    checkCors(input.CORSConfiguration);
    bucket.ctx.store.buckets.putConfig(bucket.id, "cors", input.CORSConfiguration, nextRevision(ctx));
    return {};
  },

  GetBucketCors(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketCORS");
    if (bucket.configs.cors === undefined) throw notConfigured("NoSuchCORSConfiguration", "The CORS configuration does not exist", bucket.name);
    return { CORSRules: bucket.configs.cors.CORSRules };
  },

  DeleteBucketCors(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketCORS");
    bucket.ctx.store.buckets.deleteConfig(bucket.id, "cors", nextRevision(ctx));
    return {};
  },

  PutBucketWebsite(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketWebsite");
    checkWebsite(input.WebsiteConfiguration);
    bucket.ctx.store.buckets.putConfig(bucket.id, "website", input.WebsiteConfiguration, nextRevision(ctx));
    return {};
  },

  GetBucketWebsite(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketWebsite");
    if (bucket.configs.website === undefined) throw notConfigured("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration", bucket.name);
    return bucket.configs.website;
  },

  DeleteBucketWebsite(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:DeleteBucketWebsite");
    bucket.ctx.store.buckets.deleteConfig(bucket.id, "website", nextRevision(ctx));
    return {};
  },
} satisfies Operations<"s3", Store>;
