import { AwsError } from "@cumulet/protocol";
import type { DeleteMessageBatchRequest, DeleteMessageBatchResult, DeleteMessageRequest } from "@cumulet/protocol/models/sqs.d.ts";
import { invalidValue } from "../domain/errors.ts";
import { readReceipt } from "../domain/receipts.ts";
import type { Receipt } from "../domain/receipts.ts";
import type { Queue } from "../store.ts";
import { batch, checkBatch } from "./batches.ts";
import { announce } from "./send.ts";
import { target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

export function deleteMessage(ctx: Ctx, input: DeleteMessageRequest): void {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  remove(owner, queue, input.ReceiptHandle);
}

export function deleteMessageBatch(ctx: Ctx, input: DeleteMessageBatchRequest): DeleteMessageBatchResult {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  checkBatch("DeleteMessageBatchRequestEntry", input.Entries);
  return batch(input.Entries, ({ Id, ReceiptHandle }) => {
    remove(owner, queue, ReceiptHandle);
    return { Id };
  });
}

/** @throws AwsError ReceiptHandleIsInvalid for what was never a handle. */
export function receiptOf(handle: string): Receipt {
  const receipt = readReceipt(handle);
  if (receipt === undefined) throw new AwsError("ReceiptHandleIsInvalid", `The input receipt handle "${handle}" is not a valid receipt handle.`);
  return receipt;
}

/** Deleting what is gone already succeeds. A standard queue takes any handle that the message ever had, a FIFO queue only one that still holds. */
function remove(ctx: Ctx, queue: Queue, handle: string): void {
  const { seq, receives, queue: number } = receiptOf(handle);
  const { store } = ctx;
  const row = store.message(seq);
  if (row === undefined || row.queue !== queue.number || number !== queue.number) return;
  if (queue.fifo && (row.receives !== receives || row.visible_ms <= ctx.clock.now())) {
    throw invalidValue(handle, "ReceiptHandle", "The receipt handle has expired.");
  }
  store.remove(queue, row);
  // What stood behind it in its group may be received now.
  if (queue.fifo) announce(ctx, queue, 1);
}
