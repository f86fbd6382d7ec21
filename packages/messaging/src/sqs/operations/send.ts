import { AwsError } from "@cumulet/protocol";
import type { SendMessageBatchRequest, SendMessageBatchResult, SendMessageBatchRequestEntry, SendMessageRequest, SendMessageResult } from "@cumulet/protocol/models/sqs.d.ts";
import { invalidParameter, invalidValue, missingParameter } from "../domain/errors.ts";
import { attributesMd5, checkBody, checkDeduplicationId, checkGroupId, contentId, md5, messageSize, sequenceNumber, storedAttributes, traceHeader } from "../domain/message.ts";
import type { NewMessage, Queue } from "../store.ts";
import { batch, checkBatch } from "./batches.ts";
import { sealer } from "./encryption.ts";
import type { Seal } from "./encryption.ts";
import { queueArn, target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

/** How long a FIFO queue remembers the messages that it was sent. */
const deduplicationMs = 5 * 60_000;
/** The largest batch, bytes of all messages together. */
const largestBatch = 1_048_576;
const longestDelaySeconds = 900;

type Entry = Omit<SendMessageBatchRequestEntry, "Id">;

/** A message that may be sent: checked, sized and summed up. */
interface Draft extends Pick<NewMessage, "md5" | "group_id" | "deduplication_id" | "trace_header" | "attributes" | "attributes_md5"> {
  body: string;
  size: number;
  delayMs: number;
  traceMd5: string | undefined;
}

export async function sendMessage(ctx: Ctx, input: SendMessageRequest): Promise<SendMessageResult> {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  const draft = drafted(queue, input);
  checkSize(queue, draft);
  const seal = queue.settings.kmsKey === undefined ? undefined : await sealer(owner, queue);
  return owner.transaction(() => {
    const sent = send(owner, queue, draft, ctx.principal.id, seal);
    announce(owner, queue, 1);
    return sent;
  });
}

export async function sendMessageBatch(ctx: Ctx, input: SendMessageBatchRequest): Promise<SendMessageBatchResult> {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  checkBatch("SendMessageBatchRequestEntry", input.Entries);
  // A batch without what a FIFO queue needs is refused as a whole (recorded).
  if (queue.fifo) for (const entry of input.Entries) checkFifo(queue, entry);
  let total = 0;
  const drafts = input.Entries.map((entry) => {
    try {
      const draft = drafted(queue, entry);
      total += draft.size;
      return draft;
    } catch (error) {
      if (error instanceof AwsError) return error;
      throw error;
    }
  });
  if (total > largestBatch) throw new AwsError("BatchRequestTooLong", `Batch requests cannot be longer than ${largestBatch} bytes. You have sent ${total} bytes.`);
  const seal = queue.settings.kmsKey === undefined ? undefined : await sealer(owner, queue);
  return owner.transaction(() => {
    const result = batch(input.Entries, (entry, index) => {
      const draft = drafts[index]!;
      if (draft instanceof AwsError) throw draft;
      checkSize(queue, draft);
      return { Id: entry.Id, ...send(owner, queue, draft, ctx.principal.id, seal) };
    });
    if (result.Successful !== undefined) announce(owner, queue, result.Successful.length);
    return result;
  });
}

/** What a FIFO queue needs of every message. */
function checkFifo(queue: Queue, entry: Entry): void {
  if (entry.MessageGroupId === undefined) throw missingParameter("MessageGroupId");
  if (entry.MessageDeduplicationId === undefined && !queue.settings.contentBased) {
    throw invalidParameter("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
  }
}

function drafted(queue: Queue, entry: Entry): Draft {
  const { MessageBody: body, DelaySeconds: delay } = entry;
  checkBody(body);
  const attributes = storedAttributes(entry.MessageAttributes);
  const trace = traceHeader(entry.MessageSystemAttributes);
  if (delay !== undefined) {
    if (delay < 0 || delay > longestDelaySeconds) throw invalidValue(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.");
    if (queue.fifo && delay !== 0) throw invalidValue(delay, "DelaySeconds", "The request include parameter that is not valid for this queue type.");
  }
  if (entry.MessageGroupId !== undefined) checkGroupId(entry.MessageGroupId);
  if (entry.MessageDeduplicationId !== undefined) {
    if (!queue.fifo) throw invalidValue(entry.MessageDeduplicationId, "MessageDeduplicationId", "The request include parameter that is not valid for this queue type.");
    checkDeduplicationId(entry.MessageDeduplicationId);
  }
  if (queue.fifo) checkFifo(queue, entry);
  return {
    body,
    size: messageSize(body, attributes),
    // A FIFO queue's messages have the queue's delay; a zero of theirs does not take it away (recorded).
    delayMs: delay === undefined || queue.fifo ? queue.settings.delayMs : delay * 1000,
    md5: md5(body),
    attributes: attributes === undefined ? null : JSON.stringify(attributes),
    attributes_md5: attributes === undefined ? null : attributesMd5(attributes),
    trace_header: trace?.StringValue ?? null,
    traceMd5: trace === undefined ? undefined : attributesMd5({ AWSTraceHeader: trace }),
    group_id: entry.MessageGroupId ?? null,
    deduplication_id: queue.fifo ? (entry.MessageDeduplicationId ?? contentId(body)) : null,
  };
}

function checkSize(queue: Queue, draft: Draft): void {
  if (draft.size > queue.settings.maxBytes) throw invalidParameter(`One or more parameters are invalid. Reason: Message must be shorter than ${queue.settings.maxBytes} bytes.`);
}

/** Adds a message, unless its FIFO queue has it already: then the first one's answer is given again. */
function send(ctx: Ctx, queue: Queue, draft: Draft, sender: string, seal: Seal | undefined): SendMessageResult {
  const { store } = ctx;
  const { size: _size, delayMs, traceMd5, body, ...parts } = draft;
  const sums: SendMessageResult = { MD5OfMessageBody: draft.md5 };
  if (draft.attributes_md5 !== null) sums.MD5OfMessageAttributes = draft.attributes_md5;
  if (traceMd5 !== undefined) sums.MD5OfMessageSystemAttributes = traceMd5;
  const nowMs = ctx.clock.now();
  const scope = queue.settings.perGroup ? draft.group_id! : "";
  if (queue.fifo) {
    const first = store.duplicateOf(queue, scope, draft.deduplication_id!, nowMs);
    if (first !== undefined) return { ...sums, MessageId: first.id, SequenceNumber: sequenceNumber(first.seq) };
  }
  const id = ctx.ids.uuid();
  const seq = store.add(queue, {
    ...parts, id, sender,
    queue: queue.number,
    visible_ms: nowMs + delayMs,
    sent_ms: nowMs,
    data_key: seal?.dataKey ?? null,
    body: seal === undefined ? body : seal.encrypt(body),
  });
  if (delayMs > 0) store.bell.due(nowMs + delayMs, queue.name);
  if (!queue.fifo) return { ...sums, MessageId: id };
  store.bell.due(nowMs + deduplicationMs, queue.name);
  store.rememberDuplicate(queue, scope, draft.deduplication_id!, nowMs + deduplicationMs, id, seq);
  return { ...sums, MessageId: id, SequenceNumber: sequenceNumber(seq) };
}

/**
 * Wakes receivers that wait, and tells the platform that a queue has messages (`sqs.message`): once until the queue was
 * found empty, or a reception left nothing behind, so that a busy queue costs no event per message.
 */
export function announce(ctx: Ctx, queue: Queue, count: number): void {
  const { store } = ctx;
  store.waiters.wake(queue.number, count);
  if (store.told.has(queue.number) || !store.hasReceivable(queue, ctx.clock.now())) return;
  store.told.add(queue.number);
  ctx.emit({ type: "sqs.message", detail: { queueArn: queueArn(ctx, queue) } });
}
