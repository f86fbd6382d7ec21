import { AwsError } from "@cumulet/protocol";
import type {
  ListTagsForResourceRequest, ListTagsForResourceResponse, ListTagsLogGroupRequest, ListTagsLogGroupResponse, TagLogGroupRequest, TagResourceRequest,
  UntagLogGroupRequest, UntagResourceRequest,
} from "@cumulet/protocol/models/logs.d.ts";
import { invalidParameter, notFound } from "../domain/errors.ts";
import { groupNamed, type Ctx } from "./lookup.ts";

const TAGS_MAX = 50;

type Tags = { [key: string]: string };

/** Something that has tags: read and written as a whole. */
interface Tagged {
  tags: Tags;
  set(tags: Tags): void;
}

/** @throws AwsError when a key is reserved */
export function checkTags(tags: Tags): void {
  for (const key of Object.keys(tags)) {
    if (/^aws:/i.test(key)) throw invalidParameter("Tag keys starting with 'aws:' are reserved for system use.");
  }
}

function add(target: Tagged, tags: Tags, tooMany: () => AwsError): void {
  checkTags(tags);
  const all = { ...target.tags, ...tags };
  if (Object.keys(all).length > TAGS_MAX) throw tooMany();
  target.set(all);
}

function remove(target: Tagged, keys: readonly string[]): void {
  target.set(Object.fromEntries(Object.entries(target.tags).filter(([key]) => !keys.includes(key))));
}

function taggedGroup(ctx: Ctx, name: string): Tagged {
  const group = groupNamed(ctx, name);
  return { tags: group.tags, set: (tags) => ctx.store.groups.setTags(group.id, tags) };
}

/** What an ARN names: a log group (with or without `:*`). */
function tagged(ctx: Ctx, arn: string): Tagged {
  const match = /^arn:[a-z-]+:logs:([a-z0-9-]+):([0-9]{12}):([a-z-]+):(.+)$/.exec(arn);
  if (match === null) throw invalidParameter("The specified resource ARN is not valid.");
  const [, region, account, kind, rest] = match as unknown as [string, string, string, string, string];
  const owner = ctx.at(account, region);
  if (kind === "log-group") return taggedGroup(owner, rest.replace(/:\*$/, ""));
  throw notFound("The specified resource does not exist.");
}

export function tagResource(ctx: Ctx, input: TagResourceRequest): Record<string, never> {
  add(tagged(ctx, input.resourceArn), input.tags, () =>
    new AwsError("TooManyTagsException", "The maximum number of tags that can be applied to a resource is 50.", { fields: { resourceName: input.resourceArn } }));
  return {};
}

export function untagResource(ctx: Ctx, input: UntagResourceRequest): Record<string, never> {
  remove(tagged(ctx, input.resourceArn), input.tagKeys);
  return {};
}

export function listTagsForResource(ctx: Ctx, input: ListTagsForResourceRequest): ListTagsForResourceResponse {
  return { tags: tagged(ctx, input.resourceArn).tags };
}

export function tagLogGroup(ctx: Ctx, input: TagLogGroupRequest): Record<string, never> {
  add(taggedGroup(ctx, input.logGroupName), input.tags, () => invalidParameter("The maximum number of tags that can be applied to a resource is 50."));
  return {};
}

export function untagLogGroup(ctx: Ctx, input: UntagLogGroupRequest): Record<string, never> {
  remove(taggedGroup(ctx, input.logGroupName), input.tags);
  return {};
}

export function listTagsLogGroup(ctx: Ctx, input: ListTagsLogGroupRequest): ListTagsLogGroupResponse {
  return { tags: groupNamed(ctx, input.logGroupName).tags };
}
