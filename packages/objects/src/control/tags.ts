import { AwsError } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import { invalidRequest, noSuchAccessPoint, noSuchBucket } from "../domain/errors.ts";
import { checkTags } from "../domain/tagging.ts";
import type { Tag } from "../domain/tagging.ts";
import { parseAccessPointArn } from "../requests/access-point.ts";
import { findBucket, nextRevision } from "../requests/bucket.ts";
import type { Store } from "../store.ts";
import { checkAccount } from "./account.ts";

/** Tags by ARN: of buckets, where they are those that S3's own operations see, and of access points. */
export const tagOperations = {
  TagResource(ctx, input) {
    const resource = open(ctx, input);
    checkTags(input.Tags, "bucket");
    const tags = [...resource.tags.filter(({ Key }) => !input.Tags.some((tag) => tag.Key === Key)), ...input.Tags];
    checkTags(tags, "bucket");
    resource.put(tags);
    return {};
  },

  UntagResource(ctx, input) {
    const resource = open(ctx, input);
    resource.put(resource.tags.filter(({ Key }) => !input.TagKeys.includes(Key)));
    return {};
  },

  ListTagsForResource(ctx, input) {
    return { Tags: open(ctx, input).tags };
  },
} satisfies Operations<"s3control", Store>;

interface Tagged {
  tags: Tag[];
  put(tags: Tag[]): void;
}

const BUCKET = /^arn:[a-z-]+:s3:::([^/]+)$/;

function open(ctx: Context<Store>, input: { AccountId: string; ResourceArn: string }): Tagged {
  checkAccount(ctx, input);
  const { ResourceArn: arn } = input;
  const name = BUCKET.exec(arn)?.[1];
  if (name !== undefined) return taggedBucket(ctx, name);
  const accessPoint = parseAccessPointArn(arn);
  if (accessPoint === undefined) throw invalidRequest(`Tags of ${arn} are not supported: buckets and access points have them here.`);
  const row = accessPoint.account === ctx.account && accessPoint.region === ctx.region ? ctx.store.accessPoints.find(accessPoint.name) : undefined;
  if (row === undefined) throw noSuchAccessPoint(accessPoint.name);
  return { tags: JSON.parse(row.tags) as Tag[], put: (tags) => ctx.store.accessPoints.setTags(row.name, JSON.stringify(tags)) };
}

function taggedBucket(ctx: Context<Store>, name: string): Tagged {
  const bucket = findBucket(ctx, name);
  if (bucket === undefined || bucket.account !== ctx.account) throw noSuchBucket(name);
  if (bucket.region !== ctx.region) {
    throw new AwsError("PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.", {
      status: 301, fields: { Bucket: name }, headers: { "x-amz-bucket-region": bucket.region },
    });
  }
  const { buckets } = bucket.ctx.store;
  return {
    tags: bucket.configs.tagging ?? [],
    put(tags) {
      if (tags.length === 0) buckets.deleteConfig(bucket.id, "tagging", nextRevision(ctx));
      else buckets.putConfig(bucket.id, "tagging", tags, nextRevision(ctx));
    },
  };
}
