import { AwsError } from "@cumulet/protocol";
import type { ListTagsForResourceRequest, ListTagsForResourceResponse, Tag, TagResourceRequest, UntagResourceRequest } from "@cumulet/protocol/models/xray.d.ts";
import type { Ctx } from "./segments.ts";

const TAGS_MAX = 50;

/** @throws AwsError `TooManyTagsException` */
export function setTags(ctx: Ctx, arn: string, tags: readonly Tag[]): void {
  const all = { ...ctx.store.tags.get(arn), ...Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) };
  if (Object.keys(all).length > TAGS_MAX) throw new AwsError("TooManyTagsException", "The resource has too many tags.", { fields: { ResourceName: arn } });
  ctx.store.tags.put(arn, all);
}

function check(ctx: Ctx, arn: string): void {
  const [, kind, name] = /^arn:[^:]+:xray:[^:]+:\d{12}:(group|sampling-rule)\/(.+)$/.exec(arn) ?? [];
  const there = kind === "group" ? ctx.store.groups.get(name!) !== undefined || name === "Default" : kind === "sampling-rule" && (ctx.store.rules.get(name!) !== undefined || name === "Default");
  if (!there) throw new AwsError("ResourceNotFoundException", "Resource not found", { status: 404, fields: { ResourceName: arn } });
}

export function tagResource(ctx: Ctx, input: TagResourceRequest): Record<string, never> {
  check(ctx, input.ResourceARN);
  setTags(ctx, input.ResourceARN, input.Tags);
  return {};
}

export function untagResource(ctx: Ctx, input: UntagResourceRequest): Record<string, never> {
  check(ctx, input.ResourceARN);
  ctx.store.tags.put(input.ResourceARN, Object.fromEntries(Object.entries(ctx.store.tags.get(input.ResourceARN) ?? {}).filter(([key]) => !input.TagKeys.includes(key))));
  return {};
}

export function listTagsForResource(ctx: Ctx, input: ListTagsForResourceRequest): ListTagsForResourceResponse {
  check(ctx, input.ResourceARN);
  return { Tags: Object.entries(ctx.store.tags.get(input.ResourceARN) ?? {}).map(([Key, Value]) => ({ Key, Value })) };
}
