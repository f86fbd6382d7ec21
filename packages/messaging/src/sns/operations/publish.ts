import { AwsError } from "@cumulet/protocol";
import type { PublishBatchInput, PublishBatchResponse, PublishInput, PublishResponse } from "@cumulet/protocol/models/sns.d.ts";
import { createHash } from "node:crypto";
import { invalidParameter } from "../domain/errors.ts";
import { draftedMessage, largestMessage } from "../domain/message.ts";
import type { Draft, Message } from "../domain/message.ts";
import type { Topic } from "../store.ts";
import { target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const deduplicationMs = 5 * 60_000;
const token = /^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/;

export async function publish(ctx: Ctx, input: PublishInput): Promise<PublishResponse> {
  const destinations = [input.TopicArn, input.TargetArn, input.PhoneNumber].filter((one) => one !== undefined);
  if (destinations.length === 0) throw invalidParameter("TopicArn or TargetArn", "no value for required parameter");
  if (destinations.length > 1) throw invalidParameter("Only one of TopicArn, TargetArn and PhoneNumber may be given");
  if (input.PhoneNumber !== undefined) return publishToPhone(ctx, input.PhoneNumber, input);
  const arn = input.TopicArn ?? input.TargetArn!;
  if (/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:endpoint\//.test(arn)) return publishToEndpoint(ctx, arn, input);

  if (input.Message === "") throw invalidParameter("Empty message");
  const { ctx: owner, topic } = target(ctx, arn, input.TopicArn === undefined ? "TargetArn" : "TopicArn");
  const message = checkedMessage(owner, topic, input);
  await checkKey(owner, topic);
  return owner.transaction(() => {
    const { sent, fresh } = accepted(owner, topic, message);
    if (fresh) owner.emit(announcement(topic, [sent]));
    return { MessageId: sent.id, ...(sent.sequence === undefined ? {} : { SequenceNumber: sent.sequence }) };
  });
}

export async function publishBatch(ctx: Ctx, input: PublishBatchInput): Promise<PublishBatchResponse> {
  const entries = input.PublishBatchRequestEntries;
  const { ctx: owner, topic } = target(ctx, input.TopicArn);
  if (entries.length === 0) throw new AwsError("EmptyBatchRequest", "The batch request doesn't contain any entries.");
  if (entries.length > 10) throw new AwsError("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible (more than 10).");
  const ids = new Set<string>();
  for (const { Id } of entries) {
    if (Id.length > 80) throw new AwsError("InvalidBatchEntryId", `The Id of a batch entry in the batch request is too long: ${Id}`);
    if (!/^[A-Za-z0-9_-]+$/.test(Id)) throw new AwsError("InvalidBatchEntryId", `The Id of a batch entry in the batch request contains an impermissible character: ${Id}`);
    if (ids.has(Id)) throw new AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
    ids.add(Id);
  }
  // A batch without what a FIFO topic needs is refused as a whole.
  for (const entry of entries) checkGroup(topic, entry);
  let size = 0;
  const drafts = entries.map((entry) => {
    try {
      const message = checkedMessage(owner, topic, entry, true);
      size += message.size;
      return message;
    } catch (error) {
      if (error instanceof AwsError) return error;
      throw error;
    }
  });
  if (size > largestMessage) throw new AwsError("BatchRequestTooLong", "The length of all the messages put together is more than the limit.");
  await checkKey(owner, topic);
  return owner.transaction(() => {
    const response: Required<PublishBatchResponse> = { Successful: [], Failed: [] };
    const fresh: Message[] = [];
    drafts.forEach((draft, at) => {
      const { Id } = entries[at]!;
      if (draft instanceof AwsError) {
        response.Failed.push({ Id, Code: draft.code, Message: draft.message, SenderFault: true });
        return;
      }
      const result = accepted(owner, topic, draft);
      if (result.fresh) fresh.push(result.sent);
      response.Successful.push({ Id, MessageId: result.sent.id, ...(result.sent.sequence === undefined ? {} : { SequenceNumber: result.sent.sequence }) });
    });
    // Messages of one group stay in order: one event for each group of a FIFO topic.
    if (!topic.fifo && fresh.length > 0) owner.emit(announcement(topic, fresh));
    else for (const group of new Set(fresh.map(({ groupId }) => groupId))) owner.emit(announcement(topic, fresh.filter(({ groupId }) => groupId === group)));
    return response;
  });
}

/** The durable event whose delivery is the fan-out. */
function announcement(topic: Topic, messages: readonly Message[]): { type: string; detail: object; orderKey?: string } {
  return { type: "sns.publish", detail: { topic: topic.name, messages }, ...(topic.fifo ? { orderKey: `${topic.name}/${messages[0]!.groupId}` } : {}) };
}

function checkGroup(topic: Topic, draft: Draft): void {
  const { MessageGroupId: group, MessageDeduplicationId: deduplication } = draft;
  if (group !== undefined && !token.test(group)) {
    throw invalidParameter("MessageGroupId", "Must be between 1 and 128 characters long and contain only alphanumeric and punctuation characters");
  }
  if (!topic.fifo) {
    if (deduplication !== undefined) throw invalidParameter("MessageDeduplicationId", "The request includes MessageDeduplicationId parameter that is not valid for this topic type");
    return;
  }
  if (group === undefined) throw invalidParameter("The MessageGroupId parameter is required for FIFO topics");
  if (deduplication === undefined && topic.attributes.ContentBasedDeduplication !== "true") {
    throw invalidParameter("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
  }
  if (deduplication !== undefined && !token.test(deduplication)) {
    throw invalidParameter("MessageDeduplicationId", "Must be between 1 and 128 characters long and contain only alphanumeric and punctuation characters");
  }
}

function checkedMessage(ctx: Ctx, topic: Topic, draft: Draft, inBatch = false): Message & { size: number } {
  checkGroup(topic, draft);
  const { size, ...parts } = draftedMessage(draft);
  if (!inBatch && size > largestMessage) throw invalidParameter("Message too long");
  return {
    ...parts, size, id: ctx.ids.uuid(), publishedMs: ctx.clock.now(),
    groupId: draft.MessageGroupId,
    deduplicationId: topic.fifo ? (draft.MessageDeduplicationId ?? createHash("sha256").update(draft.Message).digest("hex")) : undefined,
    traceHeader: ctx.http?.headers["x-amzn-trace-id"] === undefined ? undefined : ctx.trace.xray(),
  };
}

/** A message with its number; not fresh when a FIFO topic has had it already. */
function accepted(ctx: Ctx, topic: Topic, draft: Message & { size: number }): { sent: Message; fresh: boolean } {
  const { size: _size, ...message } = draft;
  if (!topic.fifo) return { sent: message, fresh: true };
  const { store } = ctx;
  const nowMs = ctx.clock.now();
  const scope = topic.attributes.FifoThroughputScope === "MessageGroup" ? message.groupId! : "";
  const first = store.duplicateOf(topic.name, scope, message.deduplicationId!, nowMs);
  if (first !== undefined) return { sent: { ...message, id: first.id, sequence: first.sequence }, fresh: false };
  const sequence = store.nextSequence(topic.name);
  store.rememberDuplicate(topic.name, scope, message.deduplicationId!, nowMs, nowMs + deduplicationMs, message.id, sequence);
  return { sent: { ...message, sequence }, fresh: true };
}

const keyRefusals: { [code: string]: string } = {
  AccessDeniedException: "KMSAccessDenied", DisabledException: "KMSDisabled", KMSInvalidStateException: "KMSInvalidState", NotFoundException: "KMSNotFound", ThrottlingException: "KMSThrottling",
};

/** An encrypted topic takes no message when its key is not to be had. */
async function checkKey(ctx: Ctx, topic: Topic): Promise<void> {
  const key = topic.attributes.KmsMasterKeyId;
  if (key === undefined) return;
  try {
    await ctx.call.kms.GenerateDataKey({ KeyId: key, KeySpec: "AES_256" });
  } catch (error) {
    const code = error instanceof AwsError ? keyRefusals[error.code] : undefined;
    if (code === undefined) throw error;
    throw new AwsError(code, (error as AwsError).message, { cause: error });
  }
}

/** Text messages leave nothing but a record, to be looked at. */
async function publishToPhone(ctx: Ctx, phone: string, input: PublishInput): Promise<PublishResponse> {
  if (!/^\+[1-9]\d{1,14}$/.test(phone)) throw invalidParameter("PhoneNumber", `${phone} is not valid to publish to`);
  const message = draftedMessage(input);
  if (ctx.store.isOptedOut(phone)) throw new AwsError("OptedOut", `Phone number ${phone} is opted out`);
  const MessageId = ctx.ids.uuid();
  ctx.transaction(() => ctx.store.deliver("sms", phone, { PhoneNumber: phone, TopicArn: null, SubscriptionArn: null, MessageId, Message: message.byProtocol?.sms ?? message.body, MessageAttributes: message.attributes ?? {}, Subject: message.subject ?? null }));
  return { MessageId };
}

async function publishToEndpoint(ctx: Ctx, arn: string, input: PublishInput): Promise<PublishResponse> {
  const attributes = ctx.store.endpoint(arn);
  if (attributes === undefined) throw invalidParameter("TargetArn", "No endpoint found for the target arn specified");
  if (attributes.Enabled?.toLowerCase() === "false") throw new AwsError("EndpointDisabled", "Endpoint is disabled");
  const platform = arn.split("/")[1]!;
  const message = draftedMessage(input);
  const MessageId = ctx.ids.uuid();
  ctx.transaction(() => ctx.store.deliver("application", arn, { TargetArn: arn, TopicArn: null, SubscriptionArn: null, MessageId, Message: message.byProtocol?.[platform] ?? message.body, MessageAttributes: message.attributes ?? {}, Subject: message.subject ?? null }));
  return { MessageId };
}

