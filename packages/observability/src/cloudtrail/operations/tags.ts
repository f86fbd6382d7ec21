import { AwsError } from "@cumulet/protocol";
import type { AddTagsRequest, ListTagsRequest, ListTagsResponse, RemoveTagsRequest, Tag } from "@cumulet/protocol/models/cloudtrail.d.ts";
import { homeOf } from "../audit.ts";
import type { Ctx } from "./lookup-events.ts";

const TAGS_MAX = 50;

/** @throws AwsError `TagsLimitExceededException` */
export function setTags(ctx: Ctx, arn: string, tags: readonly Tag[]): void {
  const { store } = homeOf(ctx);
  const all = { ...store.tags.get(arn), ...Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value ?? ""])) };
  if (Object.keys(all).length > TAGS_MAX) throw new AwsError("TagsLimitExceededException", `The number of tags per resource exceeds the limit of ${TAGS_MAX}.`);
  store.tags.put(arn, all);
}

/** @throws AwsError when nothing has this ARN */
function check(ctx: Ctx, arn: string): void {
  const { store } = homeOf(ctx);
  if (!/^arn:[^:]+:cloudtrail:[^:]+:[0-9]{12}:(trail|eventdatastore)\/.+$/.test(arn)) throw new AwsError("CloudTrailARNInvalidException", `The ARN ${arn} is not valid.`);
  if (store.trails.get(arn) === undefined && store.eventDataStores.get(arn) === undefined) throw new AwsError("ResourceNotFoundException", `Resource ${arn} does not exist.`);
}

export function addTags(ctx: Ctx, input: AddTagsRequest): Record<string, never> {
  check(ctx, input.ResourceId);
  setTags(ctx, input.ResourceId, input.TagsList);
  return {};
}

export function removeTags(ctx: Ctx, input: RemoveTagsRequest): Record<string, never> {
  check(ctx, input.ResourceId);
  const { store } = homeOf(ctx);
  const keys = input.TagsList.map(({ Key }) => Key);
  store.tags.put(input.ResourceId, Object.fromEntries(Object.entries(store.tags.get(input.ResourceId) ?? {}).filter(([key]) => !keys.includes(key))));
  return {};
}

export function listTags(ctx: Ctx, input: ListTagsRequest): ListTagsResponse {
  return {
    ResourceTagList: input.ResourceIdList.map((arn) => {
      check(ctx, arn);
      return { ResourceId: arn, TagsList: Object.entries(homeOf(ctx).store.tags.get(arn) ?? {}).map(([Key, Value]) => ({ Key, Value })) };
    }),
  };
}
