import { AwsError } from "@cumulet/protocol";
import type { Message, MessageAttributeValue, ReceiveMessageRequest, ReceiveMessageResult } from "@cumulet/protocol/models/sqs.d.ts";
import { isAttribute } from "../domain/attributes.ts";
import { invalidValue, noSuchQueue, unknownAttribute } from "../domain/errors.ts";
import { attributesMd5, chosenAttributes, sequenceNumber } from "../domain/message.ts";
import type { StoredAttributes } from "../domain/message.ts";
import { writeReceipt } from "../domain/receipts.ts";
import type { MessageRow, Queue } from "../store.ts";
import { announce } from "./send.ts";
import { decrypted, fetchKey, KeyNeeded } from "./encryption.ts";
import { queueArn, queueOfArn, speaksQuery, target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const longestVisibilitySeconds = 43_200;
/** How long a FIFO queue gives the same messages to the same attempt. */
const attemptMs = 5 * 60_000;
/** Messages in flight of one queue; more are refused. */
const defaultInFlight = 120_000;

/**
 * Waits without polling: an empty-handed receiver sleeps until something is sent to the queue, until a delayed or hidden
 * message is due, until its time is over, or until its client has gone (who must not be given messages any more).
 */
export async function receiveMessage(ctx: Ctx, input: ReceiveMessageRequest): Promise<ReceiveMessageResult> {
  const { ctx: owner, queue: first } = target(ctx, input.QueueUrl);
  checkInput(input);
  if (input.ReceiveRequestAttemptId !== undefined && !first.fifo) {
    throw invalidValue(input.ReceiveRequestAttemptId, "ReceiveRequestAttemptId", "The request include parameter that is not valid for this queue type.");
  }
  const { clock } = owner;
  const waitMs = input.WaitTimeSeconds === undefined ? first.settings.waitMs : input.WaitTimeSeconds * 1000;
  const deadlineMs = clock.now() + waitMs;
  for (;;) {
    const queue = owner.store.queue(first.name);
    // Deleted meanwhile, and perhaps made anew: that is another queue.
    if (queue === undefined) throw noSuchQueue(speaksQuery(ctx));
    const messages = await received(owner, queue, input);
    if (messages.length > 0) return { Messages: messages };
    const nowMs = clock.now();
    if (nowMs >= deadlineMs || ctx.signal.aborted) return {};
    const { waiters } = owner.store;
    await waiters.wait(queue.number, deadlineMs, clock, ctx.signal);
    if (ctx.signal.aborted) {
      // Another one may have what this one was woken for.
      waiters.wake(queue.number, 1);
      return {};
    }
  }
}

function checkInput(input: ReceiveMessageRequest): void {
  const { MaxNumberOfMessages: count, WaitTimeSeconds: wait, VisibilityTimeout: visibility } = input;
  if (wait !== undefined && (wait < 0 || wait > 20)) throw invalidValue(wait, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.");
  if (count !== undefined && (count < 1 || count > 10)) throw invalidValue(count, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.");
  if (visibility !== undefined && (visibility < 0 || visibility > longestVisibilitySeconds)) throw invalidValue(visibility, "VisibilityTimeout", "Must be between 0 and 43200, if provided.");
  for (const name of input.AttributeNames ?? []) if (name !== "All" && !systemNames.includes(name) && !isAttribute(name)) throw unknownAttribute(name);
  for (const name of input.MessageSystemAttributeNames ?? []) if (name !== "All" && !systemNames.includes(name)) throw unknownAttribute(name);
}

async function received(ctx: Ctx, queue: Queue, input: ReceiveMessageRequest): Promise<Message[]> {
  for (;;) {
    try {
      return ctx.transaction(() => take(ctx, queue, input).map((row) => messageOf(ctx, queue, row, input)));
    } catch (error) {
      // Nothing was taken: a message whose key is disabled stays where it is.
      if (!(error instanceof KeyNeeded)) throw error;
      await fetchKey(ctx, queue, error.dataKey);
    }
  }
}

/** Takes what may be received, and moves what was received too often to the dead-letter queue. */
function take(ctx: Ctx, queue: Queue, input: ReceiveMessageRequest): MessageRow[] {
  const { store } = ctx;
  const nowMs = ctx.clock.now();
  const wanted = input.MaxNumberOfMessages ?? 1;
  const visibleMs = nowMs + (input.VisibilityTimeout === undefined ? queue.settings.visibilityMs : input.VisibilityTimeout * 1000);
  store.expire(queue, nowMs);
  if (input.ReceiveRequestAttemptId !== undefined) {
    const again = takeAgain(ctx, queue, input.ReceiveRequestAttemptId, visibleMs);
    if (again !== undefined) return again;
  }
  if (store.inFlightReached(queue, nowMs, ctx.config.quotas["sqs.in-flight"] ?? defaultInFlight)) {
    throw new AwsError("OverLimit", "The number of inflight messages has reached its limit.");
  }
  const taken: MessageRow[] = [];
  const { redrive } = queue.settings;
  const deadLetters = redrive === undefined ? undefined : queueOfArn(ctx, redrive.deadLetterTargetArn);
  let full = false;
  for (;;) {
    const rows = store.receivable(queue, nowMs, wanted - taken.length);
    full = rows.length === wanted - taken.length;
    let moved = 0;
    for (const row of rows) {
      if (deadLetters !== undefined && row.receives >= redrive!.maxReceiveCount) {
        store.move(queue, deadLetters, row, nowMs, queueArn(ctx, queue));
        moved++;
        continue;
      }
      store.received(queue, row, nowMs, visibleMs);
      taken.push({ ...row, receives: row.receives + 1, first_received_ms: row.first_received_ms ?? nowMs });
    }
    if (moved > 0) announce(ctx, deadLetters!, moved);
    // With a timeout of zero the same messages would come again.
    if (moved === 0 || taken.length >= wanted) break;
  }
  if (!full) store.told.delete(queue.number);
  if (taken.length > 0) store.bell.due(visibleMs, queue.name);
  if (input.ReceiveRequestAttemptId !== undefined && taken.length > 0) {
    store.rememberAttempt(queue, input.ReceiveRequestAttemptId, nowMs + attemptMs, taken.map(({ seq, receives }) => [seq, receives]));
  }
  return taken;
}

/** What an attempt of the same id got, as long as nothing has happened to it since. */
function takeAgain(ctx: Ctx, queue: Queue, attemptId: string, visibleMs: number): MessageRow[] | undefined {
  const { store } = ctx;
  const earlier = store.attempt(queue, attemptId, ctx.clock.now());
  if (earlier === undefined) return undefined;
  const rows = earlier
    .map(([seq, receives]) => {
      const row = store.message(seq);
      return row?.receives === receives && row.queue === queue.number ? row : undefined;
    })
    .filter((row) => row !== undefined);
  if (rows.length !== earlier.length) return undefined;
  for (const row of rows) store.show(queue, row, visibleMs);
  return rows;
}

function messageOf(ctx: Ctx, queue: Queue, row: MessageRow, input: ReceiveMessageRequest): Message {
  const stored = ctx.store.body(row);
  const body = typeof stored === "string" ? stored : decrypted(ctx, row.data_key!, stored);
  const message: Message = {
    MessageId: row.id,
    ReceiptHandle: writeReceipt({ queue: queue.number, seq: row.seq, receives: row.receives }, ctx.ids.bytes(96).toString("base64")),
    MD5OfBody: row.md5,
    Body: body,
  };
  const system = systemAttributes(row, queue, input);
  if (system !== undefined) message.Attributes = system;
  if (row.attributes !== null && input.MessageAttributeNames !== undefined && input.MessageAttributeNames.length > 0) {
    const all = JSON.parse(row.attributes) as StoredAttributes;
    const chosen = chosenAttributes(all, input.MessageAttributeNames);
    if (chosen !== undefined) {
      // Old clients verify it against what they get.
      message.MD5OfMessageAttributes = Object.keys(chosen).length === Object.keys(all).length ? row.attributes_md5! : attributesMd5(chosen);
      message.MessageAttributes = Object.fromEntries(Object.entries(chosen).map(([name, value]) => [name, attributeValue(value)]));
    }
  }
  return message;
}

function attributeValue({ DataType, StringValue, BinaryValue }: StoredAttributes[string]): MessageAttributeValue {
  return StringValue === undefined ? { BinaryValue: Buffer.from(BinaryValue!, "base64"), DataType } : { StringValue, DataType };
}

const systemNames: readonly string[] = [
  "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SequenceNumber", "MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn",
];

function systemAttributes(row: MessageRow, queue: Queue, input: ReceiveMessageRequest): { [name: string]: string } | undefined {
  const asked = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
  if (asked.length === 0) return undefined;
  const all: { [name: string]: string | null } = {
    SenderId: row.sender,
    SentTimestamp: String(row.sent_ms),
    ApproximateReceiveCount: String(row.receives),
    ApproximateFirstReceiveTimestamp: String(row.first_received_ms),
    SequenceNumber: queue.fifo ? sequenceNumber(row.seq) : null,
    MessageDeduplicationId: row.deduplication_id,
    MessageGroupId: row.group_id,
    AWSTraceHeader: row.trace_header,
    DeadLetterQueueSourceArn: row.source_arn,
  };
  const names = asked.includes("All") ? systemNames : systemNames.filter((name) => asked.includes(name));
  const shown: { [name: string]: string } = {};
  let any = false;
  for (const name of names) {
    const value = all[name];
    if (value === null || value === undefined) continue;
    shown[name] = value;
    any = true;
  }
  return any ? shown : undefined;
}
