import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import { arnOf, setTags, type Cdn } from "./resource.ts";

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

function requireTaggable(ctx: Cdn, arn: string): void {
  const prefix = arnOf(ctx, "");
  const [kind, id] = arn.startsWith(prefix) ? arn.slice(prefix.length).split("/") : [];
  if (kind !== "distribution" || id === undefined || ctx.store.resources.get("distribution", id) === undefined) {
    throw new AwsError("NoSuchResource", "A resource that was specified is not valid.");
  }
}
