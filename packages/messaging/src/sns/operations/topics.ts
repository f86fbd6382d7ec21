import type {
  CreateTopicInput, CreateTopicResponse, DeleteTopicInput, GetTopicAttributesInput, GetTopicAttributesResponse, ListTopicsInput, ListTopicsResponse, SetTopicAttributesInput, Tag,
} from "@cumulet/protocol/models/sns.d.ts";
import { AwsError } from "@cumulet/protocol";
import { Policy, PolicySyntaxError } from "@cumulet/core";
import { isTopicName, readArn } from "../domain/arns.ts";
import { effectiveTopicPolicy, topicDeliveryPolicy } from "../domain/delivery-policy.ts";
import { invalidParameter } from "../domain/errors.ts";
import type { Attributes, Topic } from "../store.ts";
import { page, readToken, target, topicArn } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const pageSize = 100;
const mostTags = 50;

/** Attributes that a person may set, beside those of the delivery status. */
const settable = new Set(["ContentBasedDeduplication", "DeliveryPolicy", "DisplayName", "FifoThroughputScope", "KmsMasterKeyId", "Policy", "SignatureVersion", "TracingConfig"]);
const feedback = /^(?:HTTP|Firehose|Lambda|Application|SQS)(?:SuccessFeedbackRoleArn|FailureFeedbackRoleArn|SuccessFeedbackSampleRate)$/;
const booleans = new Set(["ContentBasedDeduplication", "FifoTopic"]);

export function createTopic(ctx: Ctx, input: CreateTopicInput): CreateTopicResponse {
  const { Name: name, Attributes: given = {}, Tags = [] } = input;
  if (input.DataProtectionPolicy !== undefined && input.DataProtectionPolicy !== "") throw dataProtection();
  const fifo = given.FifoTopic?.toLowerCase() === "true";
  if (!isTopicName(name, fifo)) throw invalidParameter("Topic Name");
  const tags = tagsOf(Tags);
  const attributes: Attributes = {};
  for (const [key, value] of Object.entries(given)) {
    const kept = checked(ctx, key, value, fifo, "Attributes");
    if (kept !== undefined) attributes[key] = kept;
  }
  const arn = topicArn(ctx, name);
  const existing = ctx.store.topic(name);
  if (existing !== undefined) {
    const shown = attributesOf(ctx, existing);
    for (const [key, value] of Object.entries(attributes)) {
      if (!same(shown[key], value)) throw invalidParameter("Attributes", "Topic already exists with different attributes");
    }
    for (const { Key, Value } of Tags) if (existing.tags[Key] !== Value) throw invalidParameter("Tags", "Topic already exists with different tags");
    return { TopicArn: arn };
  }
  ctx.store.createTopic(name, attributes, tags);
  return { TopicArn: arn };
}

function same(have: string | undefined, want: string): boolean {
  if (have === want) return true;
  try {
    return have !== undefined && JSON.stringify(JSON.parse(have)) === JSON.stringify(JSON.parse(want));
  } catch {
    return false;
  }
}

/** @throws AwsError InvalidParameter for keys that come twice. */
export function tagsOf(tags: readonly Tag[]): { [key: string]: string } {
  const result: { [key: string]: string } = {};
  for (const { Key, Value } of tags) {
    if (Object.hasOwn(result, Key)) throw invalidParameter("Duplicated keys are not allowed.");
    result[Key] = Value;
  }
  if (tags.length > mostTags) throw new AwsError("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded");
  return result;
}

export function dataProtection(): AwsError {
  return invalidParameter("DataProtectionPolicy", "Cumulet does not inspect messages for sensitive data: message data protection policies are not supported.");
}

/** An attribute in the form in which it is kept; undefined takes it away. */
function checked(ctx: Ctx, name: string, value: string, fifo: boolean, parameter: string): string | undefined {
  const wrong = (reason: string): AwsError => invalidParameter(parameter, reason);
  if (name === "FifoTopic" || booleans.has(name)) {
    if (!/^(?:true|false)$/i.test(value)) throw wrong(`${name}: Invalid value [${value}]. Must be true or false.`);
    if (name === "FifoTopic" && !fifo) return undefined;
    if (name === "ContentBasedDeduplication" && !fifo) throw wrong("Content-based deduplication can only be set for FIFO topics");
    return value.toLowerCase();
  }
  if (name === "ArchivePolicy" || name === "DataProtectionPolicy") throw wrong(`Cumulet does not support the topic attribute ${name}.`);
  if (!settable.has(name) && !feedback.test(name)) throw parameter === "Attributes" ? wrong(`Unknown attribute ${name}`) : invalidParameter("AttributeName");
  if (value === "") return undefined;
  switch (name) {
    case "Policy":
      try {
        new Policy(value);
      } catch (error) {
        if (error instanceof PolicySyntaxError) throw invalidParameter(parameter === "Attributes" ? "Attributes" : "Policy", "Policy statement is not valid");
        throw error;
      }
      return value;
    case "DeliveryPolicy": return topicDeliveryPolicy(value);
    case "SignatureVersion":
      if (value !== "1" && value !== "2") throw wrong("SignatureVersion must be 1 or 2");
      return value;
    case "TracingConfig":
      if (value !== "PassThrough" && value !== "Active") throw wrong("TracingConfig must be PassThrough or Active");
      return value;
    case "FifoThroughputScope":
      if (!fifo) throw wrong("FifoThroughputScope can only be set for FIFO topics");
      if (value !== "Topic" && value !== "MessageGroup") throw wrong("FifoThroughputScope must be Topic or MessageGroup");
      return value;
    case "DisplayName":
      if (value.length > 100) throw wrong("DisplayName must be at most 100 characters long");
      return value;
    default: return value;
  }
}

export function setTopicAttributes(ctx: Ctx, input: SetTopicAttributesInput): void {
  const { ctx: owner, topic } = target(ctx, input.TopicArn);
  const { AttributeName: name, AttributeValue: value = "" } = input;
  if (name === "FifoTopic") throw invalidParameter("AttributeName");
  const { [name]: _old, ...rest } = topic.attributes;
  const kept = checked(owner, name, value, topic.fifo, name);
  owner.store.updateTopic(topic, { attributes: kept === undefined ? rest : { ...rest, [name]: kept } });
}

export function getTopicAttributes(ctx: Ctx, input: GetTopicAttributesInput): GetTopicAttributesResponse {
  const { ctx: owner, topic } = target(ctx, input.TopicArn);
  return { Attributes: attributesOf(owner, topic) };
}

function attributesOf(ctx: Ctx, topic: Topic): Attributes {
  const counts = ctx.store.subscriptionCounts(topic.name);
  const arn = topicArn(ctx, topic.name);
  return {
    DisplayName: "",
    ...(topic.fifo ? { ContentBasedDeduplication: "false", FifoTopic: "true" } : {}),
    Policy: JSON.stringify(defaultPolicy(ctx, arn)),
    ...topic.attributes,
    TopicArn: arn,
    Owner: ctx.account,
    EffectiveDeliveryPolicy: JSON.stringify(effectiveTopicPolicy(topic.attributes.DeliveryPolicy)),
    SubscriptionsConfirmed: String(counts.confirmed),
    SubscriptionsPending: String(counts.pending),
    SubscriptionsDeleted: String(topic.deletedSubscriptions),
  };
}

/** A policy document as SNS writes it. */
export interface PolicyDocument {
  Version: string;
  Id?: string;
  Statement: { Sid?: string; [member: string]: unknown }[];
}

/** What a topic's policy is before anybody sets one (recorded). */
export function defaultPolicy({ account }: Pick<Ctx, "account">, arn: string): PolicyDocument {
  return {
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [{
      Sid: "__default_statement_ID",
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish"],
      Resource: arn,
      Condition: { StringEquals: { "AWS:SourceOwner": account } },
    }],
  };
}

/** Deleting what is not there succeeds, as on AWS. */
export function deleteTopic(ctx: Ctx, input: DeleteTopicInput): void {
  const { account, region, rest } = readArn(input.TopicArn, "TopicArn");
  if (region !== ctx.region || rest.length !== 1) throw invalidParameter("TopicArn");
  ctx.at(account, region).store.deleteTopic(rest[0]!);
}

export function listTopics(ctx: Ctx, input: ListTopicsInput): ListTopicsResponse {
  const { shown, next } = page(ctx.store.topics(readToken(input.NextToken), pageSize + 1), pageSize, ({ name }) => name);
  return { Topics: shown.map(({ name }) => ({ TopicArn: topicArn(ctx, name) })), ...next };
}
