import { defineService, everything, keepAgendas } from "@cumulet/core";
import type { Background, Context } from "@cumulet/core";
import { deliverDue } from "./delivery.ts";
import * as operations from "./operations.ts";
import { store } from "./store.ts";
import type { SchedulerStore } from "./store.ts";
import { nextDue, schedulesDue } from "./timing.ts";

/** Schedules that one step rings. */
const atOnce = 1000;

/** Rings schedules when they are due. */
function background(platform: Background<SchedulerStore>): Disposable {
  return keepAgendas(platform, (ctx, name, agenda) => {
    if (name === everything) resume(ctx);
    else ring(ctx);
    const nextMs = ctx.store.nextDueMs();
    if (nextMs !== undefined) agenda.due(nextMs, schedulesDue);
  });
}

/** What recurs is not made up for when nothing ran at its time; what was to happen once still does. */
function resume(ctx: Context<SchedulerStore>): void {
  const nowMs = ctx.clock.now();
  for (const { schedule } of ctx.store.due(nowMs - 60_000, 1_000_000)) {
    if (!schedule.expression.startsWith("at(")) ctx.store.putSchedule(schedule, nextDue(ctx, schedule, nowMs));
  }
}

function ring(ctx: Context<SchedulerStore>): void {
  const { store: rows, clock } = ctx;
  const nowMs = clock.now();
  for (const { schedule, due } of rows.due(nowMs, atOnce)) {
    const scheduleArn = `arn:${ctx.partition}:scheduler:${ctx.region}:${ctx.account}:schedule/${schedule.group}/${schedule.name}`;
    ctx.emit({ type: "scheduler.due", detail: { scheduleArn, target: schedule.target, id: ctx.ids.uuid(), plannedMs: due.plannedMs, startedMs: nowMs, failures: 0 } });
    const next = nextDue(ctx, schedule, due.plannedMs);
    if (next === undefined && schedule.afterCompletion === "DELETE") rows.deleteSchedule(schedule);
    else rows.putSchedule(schedule, next);
  }
}

/** Amazon EventBridge Scheduler. */
export const scheduler = defineService({
  model: "scheduler",
  store,
  background,
  consumes: { "scheduler.due": deliverDue },
  operations: {
    CreateSchedule: operations.createSchedule,
    CreateScheduleGroup: operations.createScheduleGroup,
    DeleteSchedule: operations.deleteSchedule,
    DeleteScheduleGroup: operations.deleteScheduleGroup,
    GetSchedule: operations.getSchedule,
    GetScheduleGroup: operations.getScheduleGroup,
    ListScheduleGroups: operations.listScheduleGroups,
    ListSchedules: operations.listSchedules,
    ListTagsForResource: operations.listTagsForResource,
    TagResource: operations.tagResource,
    UntagResource: operations.untagResource,
    UpdateSchedule: operations.updateSchedule,
  },
});
