import type { StateValue } from "@cumulet/protocol/models/cloudwatch.d.ts";
import type { AlarmRecord, CompositeAlarmRecord } from "../domain/alarm.ts";
import { alarmName, compileRule } from "../domain/rule.ts";
import type { Ctx } from "../operations/query.ts";

export function alarmArn(ctx: Pick<Ctx, "partition" | "region" | "account">, name: string): string {
  return `arn:${ctx.partition}:cloudwatch:${ctx.region}:${ctx.account}:alarm:${name}`;
}

/** A state and why. */
export interface NewState {
  state: StateValue;
  reason: string;
  /** JSON. */
  data: string | undefined;
}

/** What an alarm's actions are told about a change: the detail of a durable event. */
export interface StateChange {
  alarm: AlarmRecord;
  old: { state: StateValue; reason: string; data: string | undefined; updatedMs: number };
  timeMs: number;
}

/** Composite alarms in a chain at most; AWS refuses cycles, which this bounds as well. */
const CHAIN_MAX = 20;

/** Changes a state: history, actions by a durable event, and the composite alarms that depend on it. */
export function changeState(ctx: Ctx, alarm: AlarmRecord, next: NewState, chain = 0): void {
  const timeMs = ctx.clock.now();
  const { state, stateReason: reason, stateReasonData: data, updatedMs } = alarm;
  const changed = state !== next.state;
  const record: AlarmRecord = {
    ...alarm, state: next.state, stateReason: next.reason, stateReasonData: next.data, updatedMs: timeMs, transitionedMs: changed ? timeMs : alarm.transitionedMs,
  };
  ctx.store.alarms.put(record.name, record);
  if (!changed) return;
  const told = (value: StateValue, why: string, json: string | undefined): object => ({
    stateValue: value, stateReason: why, ...(json === undefined ? {} : { stateReasonData: parsed(json) }),
  });
  ctx.store.history.add({
    alarm: record.name, alarmType: record.type, itemType: "StateUpdate", timestamp: timeMs,
    summary: `Alarm updated from ${state} to ${next.state}`,
    data: JSON.stringify({ version: "1.0", oldState: told(state, reason, data), newState: told(next.state, next.reason, next.data) }),
  });
  ctx.emit({ type: "cloudwatch.alarm-state", detail: { alarm: record, old: { state, reason, data, updatedMs }, timeMs } satisfies StateChange });
  if (chain < CHAIN_MAX) reviseComposites(ctx, record, chain);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return json;
  }
}

/** The composite alarms that speak of an alarm. */
export function parentsOf(ctx: Ctx, name: string): CompositeAlarmRecord[] {
  return ctx.store.alarms.all().filter((alarm): alarm is CompositeAlarmRecord => alarm.type === "CompositeAlarm" && compileRule(alarm.rule).alarms.some((one) => alarmName(one) === name));
}

/** The state that a rule says, of the alarms as they are now. */
export function ruleState(ctx: Ctx, rule: string): StateValue {
  return compileRule(rule).test((alarm) => ctx.store.alarms.get(alarmName(alarm))?.state ?? "INSUFFICIENT_DATA") ? "ALARM" : "OK";
}

function reviseComposites(ctx: Ctx, cause: AlarmRecord, chain: number): void {
  for (const parent of parentsOf(ctx, cause.name)) {
    const state = ruleState(ctx, parent.rule);
    if (state === parent.state) continue;
    const arn = alarmArn(ctx, cause.name);
    changeState(ctx, parent, {
      state,
      reason: `${arn} transitioned to ${cause.state} at ${longTime(ctx.clock.now())}`,
      data: JSON.stringify({ triggeringAlarms: [{ arn, state: { value: cause.state, timestamp: new Date(ctx.clock.now()).toISOString().replace("Z", "+0000") } }] }),
    }, chain + 1);
  }
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** `Friday 02 January, 2026 03:04:05 UTC` */
export function longTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${DAYS[date.getUTCDay()]} ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]}, ${date.getUTCFullYear()} ${date.toISOString().slice(11, 19)} UTC`;
}
