import { compileSchedule, everything, keepAgendas } from "@cumulet/core";
import type { Agenda, Background } from "@cumulet/core";
import { accept, isoSeconds } from "./operations/put-events.ts";
import { ruleArn } from "./operations/targets.ts";
import type { Ctx } from "./operations/targets.ts";
import { replaying, retention, schedules } from "./slots.ts";
import type { EventsStore, Rule } from "./store.ts";

/** Events that one step replays, or removes. */
const atOnce = 100;
/** A clock that is moved by days rings each schedule so often at most. */
const mostRings = 1000;

/** What no request waits for: schedules, replays, archived events that have become too old. */
export function background(platform: Background<EventsStore>): Disposable {
  return keepAgendas(platform, (ctx, name, agenda) => {
    if (name === everything) resume(ctx, agenda);
    else if (name === schedules) ring(ctx, agenda);
    else if (name === retention) forget(ctx, agenda);
    else if (name.startsWith(replaying)) replay(ctx, name, agenda);
  });
}

function resume(ctx: Ctx, agenda: Agenda): void {
  const nowMs = ctx.clock.now();
  // What was due while nothing ran is not made up for.
  for (const { rule } of ctx.store.dueRules(nowMs - 60_000, 1_000_000)) ctx.store.setNext(rule, compileSchedule(rule.schedule!)!.next(nowMs, rule.originMs));
  const nextMs = ctx.store.nextDueMs();
  if (nextMs !== undefined) agenda.due(nextMs, schedules);
  if (ctx.store.list("archive", "", "", 10_000).some(({ retentionDays }) => retentionDays > 0)) agenda.due(nowMs, retention);
  for (const { name, state } of ctx.store.list("replay", "", "", 10_000)) if (state === "STARTING" || state === "RUNNING") agenda.due(nowMs, replaying + name);
}

function ring(ctx: Ctx, agenda: Agenda): void {
  const nowMs = ctx.clock.now();
  for (const { rule, dueMs } of ctx.store.dueRules(nowMs, mostRings)) {
    const schedule = compileSchedule(rule.schedule!)!;
    let atMs: number | undefined = dueMs;
    // A clock that was moved forward passes all the times in between.
    for (let rings = 0; atMs !== undefined && atMs <= nowMs && rings < mostRings; rings++) {
      fire(ctx, rule, atMs);
      atMs = schedule.next(atMs, rule.originMs);
    }
    ctx.store.setNext(rule, atMs !== undefined && atMs <= nowMs ? schedule.next(nowMs, rule.originMs) : atMs);
  }
  const nextMs = ctx.store.nextDueMs();
  if (nextMs !== undefined) agenda.due(nextMs, schedules);
}

/** A scheduled event goes to the targets of its own rule only. */
function fire(ctx: Ctx, rule: Rule, atMs: number): void {
  const arn = ruleArn(ctx, rule);
  const targets = ctx.store.targets(rule.bus, rule.name);
  if (targets.length === 0) return;
  const event = {
    version: "0", id: ctx.ids.uuid(), "detail-type": "Scheduled Event", source: "aws.events", account: ctx.account, time: isoSeconds(atMs), region: ctx.region, resources: [arn], detail: {},
  };
  ctx.emit({ type: "events.matched", detail: { event, targets: targets.map((target) => ({ rule: rule.name, ruleArn: arn, target })), ingestedMs: ctx.clock.now(), hops: 0 } });
}

function forget(ctx: Ctx, agenda: Agenda): void {
  const nowMs = ctx.clock.now();
  let kept = false;
  let more = false;
  for (const { name, retentionDays } of ctx.store.list("archive", "", "", 10_000)) {
    if (retentionDays === 0) continue;
    kept = true;
    if (ctx.store.dropArchived(name, nowMs - retentionDays * 86_400_000, atOnce)) more = true;
  }
  if (kept) agenda.due(nowMs + (more ? 0 : 3_600_000), retention);
}

function replay(ctx: Ctx, slot: string, agenda: Agenda): void {
  const { store } = ctx;
  const found = store.find("replay", slot.slice(replaying.length));
  if (found === undefined || (found.state !== "STARTING" && found.state !== "RUNNING")) return;
  const events = store.archived(found.archive, found.cursor, found.toMs, atOnce);
  for (const { event } of events) accept(ctx, found.bus, { ...event, "replay-name": found.name }, ctx.clock.now(), found.ruleArns);
  const last = events.at(-1);
  const cursor = last === undefined ? found.cursor : { timeMs: last.timeMs, seq: last.seq };
  const done = events.length < atOnce;
  store.put("replay", { ...found, cursor, lastEventMs: last?.timeMs ?? found.lastEventMs, state: done ? "COMPLETED" : "RUNNING", ...(done ? { endedMs: ctx.clock.now() } : {}) });
  if (!done) agenda.due(ctx.clock.now(), slot);
}
