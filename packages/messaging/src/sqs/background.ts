import { everything, keepAgendas } from "@cumulet/core";
import type { Agenda, Background } from "@cumulet/core";
import { stepTask } from "./operations/move-tasks.ts";
import { announce } from "./operations/send.ts";
import type { Ctx } from "./operations/targets.ts";
import { task, taskSlot, tidying } from "./slots.ts";
import type { SqsStore } from "./store.ts";

/** FIFO queues forget deduplication ids in the background after this time. */
const forgetEveryMs = 60_000;

/** What no request waits for: messages that become visible, messages that are moved, rows of what was purged. */
export function background(platform: Background<SqsStore>): Disposable {
  return keepAgendas(platform, (ctx, name, agenda) => {
    if (name === everything) resume(ctx, agenda);
    else if (name === tidying) tidy(ctx, agenda);
    else if (name.startsWith(task)) step(ctx, name, agenda);
    else look(ctx, name, agenda);
  });
}

/** Goes on with all that there is. */
function resume(ctx: Ctx, agenda: Agenda): void {
  const nowMs = ctx.clock.now();
  agenda.due(nowMs, tidying);
  for (const { handle } of ctx.store.runningTasks()) agenda.due(nowMs, taskSlot(handle));
  for (let after = ""; ;) {
    const queues = ctx.store.listQueues("", after, 100);
    for (const { name } of queues) look(ctx, name, agenda);
    if (queues.length < 100) return;
    after = queues.at(-1)!.name;
  }
}

/** Messages have become visible, perhaps. */
function look(ctx: Ctx, name: string, agenda: Agenda): void {
  const queue = ctx.store.queue(name);
  if (queue === undefined) return;
  const nowMs = ctx.clock.now();
  ctx.store.expire(queue, nowMs);
  if (ctx.store.hasReceivable(queue, nowMs)) announce(ctx, queue, Number.POSITIVE_INFINITY);
  const nextMs = ctx.store.nextVisibleMs(queue, nowMs);
  if (nextMs !== undefined) agenda.due(nextMs, name);
  if (queue.fifo && ctx.store.forget(queue, nowMs)) agenda.due(nowMs + forgetEveryMs, name);
}

function tidy(ctx: Ctx, agenda: Agenda): void {
  const nowMs = ctx.clock.now();
  if (ctx.store.tidy(nowMs)) agenda.due(nowMs, tidying);
}

function step(ctx: Ctx, name: string, agenda: Agenda): void {
  const found = ctx.store.task(name.slice(task.length));
  const nextMs = found?.status === "RUNNING" ? stepTask(ctx, found) : undefined;
  if (nextMs !== undefined) agenda.due(nextMs, name);
}
