import { AwsError } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import type { AnalyticsConfiguration, IntelligentTieringConfiguration, InventoryConfiguration, MetricsConfiguration } from "@cumulet/protocol/models/s3.d.ts";
import { invalidRequest, malformedXml, noSuchConfiguration } from "../domain/errors.ts";
import { authorize } from "../requests/authorize.ts";
import { openBucket } from "../requests/bucket.ts";
import type { BucketInput } from "../requests/bucket.ts";
import type { ListedConfigKind } from "../store/buckets.ts";
import type { Store } from "../store.ts";
import { decodeToken, encodeToken } from "./buckets.ts";

/** Configurations of which a bucket has many, each under an id: analytics, intelligent tiering, inventory, metrics. */

const PER_BUCKET_MAX = 1000;
const PAGE_MAX = 100;

function put(ctx: Context<Store>, input: BucketInput & { Id: string }, kind: ListedConfigKind, action: string, config: { Id: string }): Record<string, never> {
  const bucket = openBucket(ctx, input);
  authorize(ctx, bucket, action);
  if (config.Id !== input.Id) throw malformedXml();
  const { buckets } = bucket.ctx.store;
  if (buckets.getListed(bucket.id, kind, input.Id) === undefined && buckets.countListed(bucket.id, kind) >= PER_BUCKET_MAX) {
    throw new AwsError("TooManyConfigurations", "You are attempting to create a new configuration but have already reached the 1,000-configuration limit.", { status: 400 });
  }
  buckets.putListed(bucket.id, kind, input.Id, config);
  return {};
}

function get<C>(ctx: Context<Store>, input: BucketInput & { Id: string }, kind: ListedConfigKind, action: string): C {
  const bucket = openBucket(ctx, input);
  authorize(ctx, bucket, action);
  const config = bucket.ctx.store.buckets.getListed(bucket.id, kind, input.Id);
  if (config === undefined) throw noSuchConfiguration();
  return config as C;
}

function remove(ctx: Context<Store>, input: BucketInput & { Id: string }, kind: ListedConfigKind, action: string): Record<string, never> {
  const bucket = openBucket(ctx, input);
  authorize(ctx, bucket, action);
  if (!bucket.ctx.store.buckets.deleteListed(bucket.id, kind, input.Id)) throw noSuchConfiguration();
  return {};
}

function page<C>(ctx: Context<Store>, input: BucketInput & { ContinuationToken?: string }, kind: ListedConfigKind, action: string) {
  const bucket = openBucket(ctx, input);
  authorize(ctx, bucket, action);
  const after = input.ContinuationToken === undefined ? "" : decodeToken(input.ContinuationToken);
  const rows = bucket.ctx.store.buckets.pageListed(bucket.id, kind, after, PAGE_MAX + 1);
  const shown = rows.slice(0, PAGE_MAX);
  const more = rows.length > shown.length;
  return {
    configs: shown.map(({ value }) => value as C),
    paging: {
      IsTruncated: more,
      ...(input.ContinuationToken === undefined ? {} : { ContinuationToken: input.ContinuationToken }),
      ...(more ? { NextContinuationToken: encodeToken(shown.at(-1)?.id ?? "") } : {}),
    },
  };
}

export const configurationOperations = {
  PutBucketAnalyticsConfiguration: (ctx, input) => put(ctx, input, "analytics", "s3:PutAnalyticsConfiguration", input.AnalyticsConfiguration),
  GetBucketAnalyticsConfiguration: (ctx, input) => ({ AnalyticsConfiguration: get<AnalyticsConfiguration>(ctx, input, "analytics", "s3:GetAnalyticsConfiguration") }),
  DeleteBucketAnalyticsConfiguration: (ctx, input) => remove(ctx, input, "analytics", "s3:PutAnalyticsConfiguration"),
  ListBucketAnalyticsConfigurations(ctx, input) {
    const { configs, paging } = page<AnalyticsConfiguration>(ctx, input, "analytics", "s3:GetAnalyticsConfiguration");
    return { ...paging, ...(configs.length === 0 ? {} : { AnalyticsConfigurationList: configs }) };
  },

  PutBucketIntelligentTieringConfiguration(ctx, input) {
    const config = input.IntelligentTieringConfiguration;
    for (const { AccessTier, Days } of config.Tierings) {
      const least = AccessTier === "DEEP_ARCHIVE_ACCESS" ? 180 : 90;
      if (Days < least || Days > 730) throw invalidRequest(`'Days' for the ${AccessTier} access tier must be between ${least} and 730`);
    }
    return put(ctx, input, "intelligentTiering", "s3:PutIntelligentTieringConfiguration", config);
  },
  GetBucketIntelligentTieringConfiguration: (ctx, input) => ({ IntelligentTieringConfiguration: get<IntelligentTieringConfiguration>(ctx, input, "intelligentTiering", "s3:GetIntelligentTieringConfiguration") }),
  DeleteBucketIntelligentTieringConfiguration: (ctx, input) => remove(ctx, input, "intelligentTiering", "s3:PutIntelligentTieringConfiguration"),
  ListBucketIntelligentTieringConfigurations(ctx, input) {
    const { configs, paging } = page<IntelligentTieringConfiguration>(ctx, input, "intelligentTiering", "s3:GetIntelligentTieringConfiguration");
    return { ...paging, ...(configs.length === 0 ? {} : { IntelligentTieringConfigurationList: configs }) };
  },

  PutBucketInventoryConfiguration(ctx, input) {
    const { Bucket } = input.InventoryConfiguration.Destination.S3BucketDestination;
    if (!/^arn:[^:]+:s3:::[A-Za-z0-9._-]+$/.test(Bucket)) throw new AwsError("InvalidS3DestinationBucket", "Invalid bucket ARN.", { status: 400 });
    return put(ctx, input, "inventory", "s3:PutInventoryConfiguration", input.InventoryConfiguration);
  },
  GetBucketInventoryConfiguration: (ctx, input) => ({ InventoryConfiguration: get<InventoryConfiguration>(ctx, input, "inventory", "s3:GetInventoryConfiguration") }),
  DeleteBucketInventoryConfiguration: (ctx, input) => remove(ctx, input, "inventory", "s3:PutInventoryConfiguration"),
  ListBucketInventoryConfigurations(ctx, input) {
    const { configs, paging } = page<InventoryConfiguration>(ctx, input, "inventory", "s3:GetInventoryConfiguration");
    return { ...paging, ...(configs.length === 0 ? {} : { InventoryConfigurationList: configs }) };
  },

  PutBucketMetricsConfiguration: (ctx, input) => put(ctx, input, "metrics", "s3:PutMetricsConfiguration", input.MetricsConfiguration),
  GetBucketMetricsConfiguration: (ctx, input) => ({ MetricsConfiguration: get<MetricsConfiguration>(ctx, input, "metrics", "s3:GetMetricsConfiguration") }),
  DeleteBucketMetricsConfiguration: (ctx, input) => remove(ctx, input, "metrics", "s3:PutMetricsConfiguration"),
  ListBucketMetricsConfigurations(ctx, input) {
    const { configs, paging } = page<MetricsConfiguration>(ctx, input, "metrics", "s3:GetMetricsConfiguration");
    return { ...paging, ...(configs.length === 0 ? {} : { MetricsConfigurationList: configs }) };
  },
} satisfies Operations<"s3", Store>;
