import type { ListQueueTagsRequest, ListQueueTagsResult, TagQueueRequest, UntagQueueRequest } from "@cumulet/protocol/models/sqs.d.ts";
import { invalidParameter } from "../domain/errors.ts";
import { target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const mostTags = 50;

export function tagQueue(ctx: Ctx, input: TagQueueRequest): void {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  const tags = { ...queue.tags, ...input.Tags };
  if (Object.keys(tags).length > mostTags) throw invalidParameter(`Too many tags added for queue ${queue.name}.`);
  owner.store.updateQueue(queue, { tags });
}

export function untagQueue(ctx: Ctx, input: UntagQueueRequest): void {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  const gone = new Set(input.TagKeys);
  owner.store.updateQueue(queue, { tags: Object.fromEntries(Object.entries(queue.tags).filter(([key]) => !gone.has(key))) });
}

export function listQueueTags(ctx: Ctx, input: ListQueueTagsRequest): ListQueueTagsResult {
  const { queue } = target(ctx, input.QueueUrl);
  return Object.keys(queue.tags).length === 0 ? {} : { Tags: queue.tags };
}
