import { AwsError } from "@cumulet/protocol";
import type { ChangeMessageVisibilityBatchRequest, ChangeMessageVisibilityBatchResult, ChangeMessageVisibilityRequest } from "@cumulet/protocol/models/sqs.d.ts";
import { invalidValue } from "../domain/errors.ts";
import type { Queue } from "../store.ts";
import { batch, checkBatch } from "./batches.ts";
import { receiptOf } from "./delete.ts";
import { announce } from "./send.ts";
import { target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const longestSeconds = 43_200;

export function changeMessageVisibility(ctx: Ctx, input: ChangeMessageVisibilityRequest): void {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  change(owner, queue, input.ReceiptHandle, input.VisibilityTimeout);
}

export function changeMessageVisibilityBatch(ctx: Ctx, input: ChangeMessageVisibilityBatchRequest): ChangeMessageVisibilityBatchResult {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  checkBatch("ChangeMessageVisibilityBatchRequestEntry", input.Entries);
  return batch(input.Entries, ({ Id, ReceiptHandle, VisibilityTimeout = 0 }) => {
    change(owner, queue, ReceiptHandle, VisibilityTimeout);
    return { Id };
  });
}

function change(ctx: Ctx, queue: Queue, handle: string, seconds: number): void {
  if (seconds < 0 || seconds > longestSeconds) throw invalidValue(seconds, "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and 43200.");
  const { seq, receives, queue: number } = receiptOf(handle);
  const { store } = ctx;
  const row = store.message(seq);
  const nowMs = ctx.clock.now();
  // Seen in aws-sdk-net#1927 and others for a message that is gone, or was received again since.
  if (row === undefined || row.queue !== queue.number || number !== queue.number || row.receives !== receives) {
    throw invalidValue(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.");
  }
  if (row.visible_ms <= nowMs) throw new AwsError("MessageNotInflight", "The specified message isn't in flight.");
  const visibleMs = nowMs + seconds * 1000;
  if (visibleMs - row.first_received_ms! > longestSeconds * 1000) {
    throw invalidValue(seconds, "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]");
  }
  store.show(queue, row, visibleMs);
  if (seconds === 0) announce(ctx, queue, 1);
  else store.bell.due(visibleMs, queue.name);
}
