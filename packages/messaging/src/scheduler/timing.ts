import { compileSchedule } from "@cumulet/core";
import type { Context } from "@cumulet/core";
import type { Due, Schedule, SchedulerStore } from "./store.ts";

/** The entry of the agenda for schedules that are due. */
export const schedulesDue = "due";

/** When a schedule is due after a time; undefined when it is over, or disabled. */
export function nextDue(ctx: Context<SchedulerStore>, schedule: Schedule, afterMs: number): Due | undefined {
  if (schedule.state === "DISABLED") return undefined;
  const compiled = compileSchedule(schedule.expression, { at: true, timeZone: schedule.timeZone })!;
  // One-time schedules know no start and no end. A rate with a start counts from it, and fires then, too.
  const once = compiled.kind === "at";
  const originMs = schedule.startMs ?? schedule.createdMs;
  const fromMs = once ? afterMs : Math.max(afterMs, (schedule.startMs ?? 0) - 1);
  const plannedMs = compiled.kind === "rate" && schedule.startMs !== undefined && fromMs < schedule.startMs ? schedule.startMs : compiled.next(fromMs, originMs);
  if (plannedMs === undefined || (!once && schedule.endMs !== undefined && plannedMs > schedule.endMs)) return undefined;
  const windowMs = schedule.window.Mode === "FLEXIBLE" ? (schedule.window.MaximumWindowInMinutes ?? 1) * 60_000 : 0;
  return { plannedMs, dueMs: plannedMs + Math.floor(ctx.ids.random() * windowMs) };
}
