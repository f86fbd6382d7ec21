import type { ListTagsForResourceInput, ListTagsForResourceOutput, Tag, TagResourceInput, UntagResourceInput } from "@cumulet/protocol/models/cloudwatch.d.ts";
import { AwsError } from "@cumulet/protocol";
import { invalidValue } from "../domain/errors.ts";
import { dashboardStore } from "./dashboards.ts";
import type { Ctx } from "./query.ts";

const TAGS_MAX = 50;
const ARN = /^arn:[^:]+:cloudwatch:([^:]*):([0-9]{12}):(alarm:|dashboard\/)(.+)$/;

/** The context that holds a resource's tags, and whether the resource is there. */
function owner(ctx: Ctx, arn: string): { store: Ctx; exists: boolean } {
  const match = ARN.exec(arn);
  if (match === null) throw invalidValue(`The value ${arn} for parameter ResourceARN is invalid.`);
  const [, region, account, kind, name] = match as unknown as [string, string, string, string, string];
  if (kind === "alarm:") {
    const store = ctx.at(account, region);
    return { store, exists: store.store.alarms.get(name) !== undefined };
  }
  const store = dashboardStore(ctx.at(account, ctx.region));
  return { store, exists: store.store.dashboards.get(name) !== undefined };
}

/** @throws AwsError when there would be too many */
export function setTags(ctx: Ctx, arn: string, tags: readonly Tag[]): void {
  const all = { ...ctx.store.tags.get(arn), ...Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) };
  if (Object.keys(all).length > TAGS_MAX) throw invalidValue("The number of tags exceeds the limit of 50.");
  ctx.store.tags.put(arn, all);
}

export function tagResource(ctx: Ctx, input: TagResourceInput): Record<string, never> {
  const { store, exists } = owner(ctx, input.ResourceARN);
  if (!exists) throw notFound(input.ResourceARN);
  setTags(store, input.ResourceARN, input.Tags);
  return {};
}

export function untagResource(ctx: Ctx, input: UntagResourceInput): Record<string, never> {
  const { store, exists } = owner(ctx, input.ResourceARN);
  if (!exists) throw notFound(input.ResourceARN);
  const left = Object.entries(store.store.tags.get(input.ResourceARN) ?? {}).filter(([key]) => !input.TagKeys.includes(key));
  store.store.tags.put(input.ResourceARN, Object.fromEntries(left));
  return {};
}

/** A resource that is not there has no tags, which is not an error (recorded). */
export function listTagsForResource(ctx: Ctx, input: ListTagsForResourceInput): ListTagsForResourceOutput {
  const { store } = owner(ctx, input.ResourceARN);
  return { Tags: Object.entries(store.store.tags.get(input.ResourceARN) ?? {}).map(([Key, Value]) => ({ Key, Value })) };
}

function notFound(arn: string): AwsError {
  return new AwsError("ResourceNotFoundException", "", { status: 404, fields: { ResourceType: "alarm", ResourceId: arn } });
}
