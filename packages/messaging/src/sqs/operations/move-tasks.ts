import { AwsError } from "@cumulet/protocol";
import type {
  CancelMessageMoveTaskRequest, CancelMessageMoveTaskResult, ListMessageMoveTasksRequest, ListMessageMoveTasksResult, StartMessageMoveTaskRequest, StartMessageMoveTaskResult,
} from "@cumulet/protocol/models/sqs.d.ts";
import { invalidParameter, invalidValue } from "../domain/errors.ts";
import type { MoveTask, Queue } from "../store.ts";
import { taskSlot } from "../slots.ts";
import { announce } from "./send.ts";
import { queueOfArn } from "./targets.ts";
import type { Ctx } from "./targets.ts";

/** Messages that one step moves where no rate is asked for. */
const atOnce = 100;

export function startMessageMoveTask(ctx: Ctx, input: StartMessageMoveTaskRequest): StartMessageMoveTaskResult {
  const { SourceArn: sourceArn, DestinationArn: destinationArn, MaxNumberOfMessagesPerSecond: perSecond } = input;
  const { store } = ctx;
  const source = queueOfArn(ctx, sourceArn);
  if (source === undefined) throw new AwsError("ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist.");
  if (store.sourcesOf(sourceArn, "", 1).length === 0) throw invalidParameter("Source queue must be configured as a Dead Letter Queue.");
  if (destinationArn !== undefined && queueOfArn(ctx, destinationArn) === undefined) {
    throw new AwsError("ResourceNotFoundException", "The resource that you specified for the DestinationArn parameter doesn't exist.");
  }
  if (perSecond !== undefined && (perSecond < 1 || perSecond > 500)) throw invalidValue(perSecond, "MaxNumberOfMessagesPerSecond", "Must be between 1 and 500, if provided.");
  if (store.tasks(sourceArn, 1).some(({ status }) => status === "RUNNING" || status === "CANCELLING")) {
    throw invalidParameter("There is already a task running. Only one active task is allowed for a source queue arn at a given time.");
  }
  const nowMs = ctx.clock.now();
  const handle = Buffer.from(JSON.stringify({ taskId: ctx.ids.uuid(), sourceArn })).toString("base64");
  const { visible } = store.counts(source, nowMs);
  store.putTask({
    handle, source: sourceArn, startedMs: nowMs, status: "RUNNING", destinationArn, perSecond,
    moved: 0, toMove: visible, lastSeq: store.lastSeq(), failureReason: undefined,
  });
  store.bell.due(nowMs, taskSlot(handle));
  return { TaskHandle: handle };
}

export function cancelMessageMoveTask(ctx: Ctx, input: CancelMessageMoveTaskRequest): CancelMessageMoveTaskResult {
  if (!readsAsHandle(input.TaskHandle)) throw invalidParameter("Value for parameter TaskHandle is invalid.");
  const task = ctx.store.task(input.TaskHandle);
  if (task === undefined || task.status !== "RUNNING") throw new AwsError("ResourceNotFoundException", "Task does not exist.");
  ctx.store.putTask({ ...task, status: "CANCELLED" });
  return { ApproximateNumberOfMessagesMoved: task.moved };
}

function readsAsHandle(handle: string): boolean {
  try {
    const { taskId, sourceArn } = JSON.parse(Buffer.from(handle, "base64").toString()) as { taskId?: unknown; sourceArn?: unknown };
    return typeof taskId === "string" && typeof sourceArn === "string";
  } catch {
    return false;
  }
}

export function listMessageMoveTasks(ctx: Ctx, input: ListMessageMoveTasksRequest): ListMessageMoveTasksResult {
  const { SourceArn: sourceArn, MaxResults: limit = 1 } = input;
  if (limit < 1 || limit > 10) throw invalidValue(limit, "MaxResults", "Must be between 1 and 10, if provided.");
  const source = queueOfArn(ctx, sourceArn);
  if (source === undefined) throw new AwsError("ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist.");
  return {
    Results: ctx.store.tasks(sourceArn, limit).map((task) => ({
      // Only a task that can be cancelled tells its handle (API reference; recorded).
      ...(task.status === "RUNNING" ? { TaskHandle: task.handle } : {}),
      Status: task.status,
      SourceArn: task.source,
      ...(task.destinationArn === undefined ? {} : { DestinationArn: task.destinationArn }),
      ...(task.perSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: task.perSecond }),
      ApproximateNumberOfMessagesMoved: task.moved,
      ApproximateNumberOfMessagesToMove: task.toMove,
      ...(task.failureReason === undefined ? {} : { FailureReason: task.failureReason }),
      StartedTimestamp: task.startedMs,
    })),
  };
}

/**
 * Moves a bounded number of messages and returns when to go on, platform time; undefined when the task is over. A message
 * that is brought back is a new one, with an id and an age of its own (SQS Developer Guide, dead-letter queue redrive).
 */
export function stepTask(ctx: Ctx, task: MoveTask): number | undefined {
  const { store, clock } = ctx;
  const nowMs = clock.now();
  const fail = (failureReason: string): undefined => void store.putTask({ ...task, status: "FAILED", failureReason });
  const source = queueOfArn(ctx, task.source);
  if (source === undefined) return fail("AWS.SimpleQueueService.NonExistentQueue");
  const count = Math.min(task.perSecond ?? atOnce, atOnce);
  // Those that came after the start of the task are the next one's, so that what fails again at once does not run in circles.
  const rows = store.receivable(source, nowMs, count).filter(({ seq }) => seq <= task.lastSeq);
  const woken = new Map<Queue, number>();
  let moved = task.moved;
  for (const row of rows) {
    const arn = task.destinationArn ?? row.source_arn ?? undefined;
    const to = arn === undefined ? undefined : queueOfArn(ctx, arn);
    if (to === undefined || to.fifo !== source.fifo) {
      store.putTask({ ...task, moved, status: "FAILED", failureReason: arn === undefined ? "CouldNotDetermineMessageSource" : "AWS.SimpleQueueService.NonExistentQueue" });
      return undefined;
    }
    const body = store.body(row);
    store.remove(source, row);
    store.add(to, { ...row, body, queue: to.number, id: ctx.ids.uuid(), visible_ms: nowMs, sent_ms: nowMs });
    woken.set(to, (woken.get(to) ?? 0) + 1);
    moved++;
  }
  for (const [queue, number] of woken) announce(ctx, queue, number);
  const done = rows.length < count;
  store.putTask({ ...task, moved, status: done ? "COMPLETED" : "RUNNING" });
  if (done) return undefined;
  return task.perSecond === undefined ? nowMs : nowMs + Math.ceil((1000 * rows.length) / task.perSecond);
}

