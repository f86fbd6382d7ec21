import type {
  AddPermissionInput, ListTagsForResourceRequest, ListTagsForResourceResponse, RemovePermissionInput, TagResourceRequest, TagResourceResponse, UntagResourceRequest, UntagResourceResponse,
} from "@cumulet/protocol/models/sns.d.ts";
import { AwsError } from "@cumulet/protocol";
import { invalidParameter } from "../domain/errors.ts";
import type { Topic } from "../store.ts";
import { target, topicArn } from "./targets.ts";
import type { Ctx } from "./targets.ts";
import { defaultPolicy, tagsOf } from "./topics.ts";
import type { PolicyDocument } from "./topics.ts";

const actions = new Set(["AddPermission", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes", "ListSubscriptionsByTopic", "ListTagsForResource", "Publish", "PutDataProtectionPolicy", "RemovePermission", "SetTopicAttributes", "Subscribe"]);

export function addPermission(ctx: Ctx, input: AddPermissionInput): void {
  const { ctx: owner, topic } = target(ctx, input.TopicArn);
  if (input.ActionName.some((action) => !actions.has(action))) throw invalidParameter("Policy statement action out of service scope!");
  const policy = policyOf(owner, topic);
  if (policy.Statement.some(({ Sid }) => Sid === input.Label)) throw invalidParameter("Statement already exists");
  policy.Statement.push({
    Sid: input.Label,
    Effect: "Allow",
    Principal: { AWS: single(input.AWSAccountId.map((account) => `arn:${owner.partition}:iam::${account}:root`)) },
    Action: single(input.ActionName.map((action) => `SNS:${action}`)),
    Resource: topicArn(owner, topic.name),
  });
  save(owner, topic, policy);
}

export function removePermission(ctx: Ctx, input: RemovePermissionInput): void {
  const { ctx: owner, topic } = target(ctx, input.TopicArn);
  const policy = policyOf(owner, topic);
  save(owner, topic, { ...policy, Statement: policy.Statement.filter(({ Sid }) => Sid !== input.Label) });
}

function policyOf(ctx: Ctx, topic: Topic): PolicyDocument {
  const text = topic.attributes.Policy;
  if (text === undefined) return defaultPolicy(ctx, topicArn(ctx, topic.name));
  const { Statement, ...rest } = JSON.parse(text) as Omit<PolicyDocument, "Statement"> & { Statement: PolicyDocument["Statement"] | PolicyDocument["Statement"][number] };
  return { ...rest, Statement: Array.isArray(Statement) ? Statement : [Statement] };
}

function save(ctx: Ctx, topic: Topic, policy: PolicyDocument): void {
  ctx.store.updateTopic(topic, { attributes: { ...topic.attributes, Policy: JSON.stringify(policy) } });
}

function single<T>(values: T[]): T | T[] {
  return values.length === 1 ? values[0]! : values;
}

export function tagResource(ctx: Ctx, input: TagResourceRequest): TagResourceResponse {
  const { ctx: owner, topic } = tagged(ctx, input.ResourceArn);
  const tags = { ...topic.tags, ...tagsOf(input.Tags) };
  if (Object.keys(tags).length > 50) throw new AwsError("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded");
  owner.store.updateTopic(topic, { tags });
  return {};
}

export function untagResource(ctx: Ctx, input: UntagResourceRequest): UntagResourceResponse {
  const { ctx: owner, topic } = tagged(ctx, input.ResourceArn);
  const gone = new Set(input.TagKeys);
  owner.store.updateTopic(topic, { tags: Object.fromEntries(Object.entries(topic.tags).filter(([key]) => !gone.has(key))) });
  return {};
}

export function listTagsForResource(ctx: Ctx, input: ListTagsForResourceRequest): ListTagsForResourceResponse {
  const { topic } = tagged(ctx, input.ResourceArn);
  return { Tags: Object.entries(topic.tags).map(([Key, Value]) => ({ Key, Value })) };
}

function tagged(ctx: Ctx, arn: string): { ctx: Ctx; topic: Topic } {
  try {
    return target(ctx, arn, "ResourceArn");
  } catch (error) {
    if (error instanceof AwsError && error.code === "NotFound") throw new AwsError("ResourceNotFound", "Resource does not exist");
    throw error;
  }
}
