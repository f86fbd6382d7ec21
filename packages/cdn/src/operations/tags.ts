import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import { arnOf, type Cdn } from "./resource.ts";

/** Most tags on one resource. */
const TAGS = 50;

export function TagResource(ctx: Cdn, { Resource, Tags }: cf.TagResourceRequest): {} {
  requireTaggable(ctx, Resource);
  setTags(ctx, Resource, Tags.Items ?? []);
  return {};
}

export function UntagResource(ctx: Cdn, { Resource, TagKeys }: cf.UntagResourceRequest): {} {
  requireTaggable(ctx, Resource);
  for (const key of TagKeys.Items ?? []) ctx.store.tags.remove(Resource, key);
  return {};
}

export function ListTagsForResource(ctx: Cdn, { Resource }: cf.ListTagsForResourceRequest): cf.ListTagsForResourceResult {
  requireTaggable(ctx, Resource);
  return { Tags: { Items: ctx.store.tags.of(Resource) } };
}

/** Adds or replaces tags. */
export function setTags(ctx: Cdn, arn: string, tags: readonly cf.Tag[]): void {
  for (const { Key, Value } of tags) {
    if (Key.startsWith("aws:")) throw new AwsError("InvalidTagging", "The tagging specified is not valid: keys that start with aws: are reserved.");
    ctx.store.tags.set(arn, Key, Value);
  }
  if (ctx.store.tags.of(arn).length > TAGS) throw new AwsError("InvalidTagging", `The tagging specified is not valid: a resource has at most ${TAGS} tags.`);
}

function requireTaggable(ctx: Cdn, arn: string): void {
  const prefix = arnOf(ctx, "");
  const [kind, id] = arn.startsWith(prefix) ? arn.slice(prefix.length).split("/") : [];
  if (kind !== "distribution" || id === undefined || ctx.store.resources.get("distribution", id) === undefined) {
    throw new AwsError("NoSuchResource", "A resource that was specified is not valid.");
  }
}
