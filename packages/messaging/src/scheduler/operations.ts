import { compileSchedule, isTimeZone } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type {
  CreateScheduleGroupInput, CreateScheduleGroupOutput, CreateScheduleInput, CreateScheduleOutput, DeleteScheduleGroupInput, DeleteScheduleGroupOutput, DeleteScheduleInput,
  DeleteScheduleOutput, GetScheduleGroupInput, GetScheduleGroupOutput, GetScheduleInput, GetScheduleOutput, ListScheduleGroupsInput, ListScheduleGroupsOutput, ListSchedulesInput,
  ListSchedulesOutput, ListTagsForResourceInput, ListTagsForResourceOutput, TagResourceInput, TagResourceOutput, Target, UntagResourceInput, UntagResourceOutput, UpdateScheduleInput,
  UpdateScheduleOutput,
} from "@cumulet/protocol/models/scheduler.d.ts";
import type { Context } from "@cumulet/core";
import { isInvocable } from "../targets/invoke.ts";
import { universalTarget } from "./delivery.ts";
import type { Group, Schedule, SchedulerStore } from "./store.ts";
import { nextDue, schedulesDue } from "./timing.ts";

type Ctx = Context<SchedulerStore>;

const largestPage = 100;

const validation = (message: string): AwsError => new AwsError("ValidationException", message);
const notFound = (message: string): AwsError => new AwsError("ResourceNotFoundException", message);

function groupArn(ctx: Ctx, name: string): string {
  return `arn:${ctx.partition}:scheduler:${ctx.region}:${ctx.account}:schedule-group/${name}`;
}

function scheduleArn(ctx: Ctx, { group, name }: Pick<Schedule, "group" | "name">): string {
  return `arn:${ctx.partition}:scheduler:${ctx.region}:${ctx.account}:schedule/${group}/${name}`;
}

function groupOf(ctx: Ctx, name: string): Group {
  const group = ctx.store.group(name);
  if (group === undefined) throw notFound(`Schedule group ${name} does not exist.`);
  return group;
}

function scheduleOf(ctx: Ctx, group: string | undefined, name: string): Schedule {
  const schedule = ctx.store.schedule(groupOf(ctx, group ?? "default").name, name);
  if (schedule === undefined) throw notFound(`Schedule ${name} does not exist.`);
  return schedule;
}

// --- schedules --------------------------------------------------------------------------------------------------------

export function createSchedule(ctx: Ctx, input: CreateScheduleInput): CreateScheduleOutput {
  const group = groupOf(ctx, input.GroupName ?? "default").name;
  const nowMs = ctx.clock.now();
  const schedule = checked(input, group, nowMs, nowMs);
  const existing = ctx.store.schedule(group, input.Name);
  if (existing !== undefined) throw new AwsError("ConflictException", `Schedule ${input.Name} already exists.`);
  save(ctx, schedule);
  return { ScheduleArn: scheduleArn(ctx, schedule) };
}

/** What a request describes, whole: an update leaves nothing of what was there. */
function checked(input: CreateScheduleInput | UpdateScheduleInput, group: string, createdMs: number, nowMs: number): Schedule {
  const timeZone = input.ScheduleExpressionTimezone ?? "UTC";
  if (!isTimeZone(timeZone)) throw validation(`Invalid Schedule Expression Timezone ${timeZone}.`);
  if (compileSchedule(input.ScheduleExpression, { at: true, timeZone }) === undefined) throw validation(`Invalid Schedule Expression ${input.ScheduleExpression}.`);
  if (input.StartDate !== undefined && input.EndDate !== undefined && input.StartDate >= input.EndDate) throw validation("The StartDate you specify must come before the EndDate.");
  if (input.EndDate !== undefined && input.EndDate < nowMs) throw validation("The EndDate you specify must be in the future.");
  const { Mode, MaximumWindowInMinutes: minutes } = input.FlexibleTimeWindow;
  if (Mode === "FLEXIBLE" && minutes === undefined) throw validation("MaximumWindowInMinutes must be provided when FlexibleTimeWindow Mode is FLEXIBLE.");
  if (Mode === "OFF" && minutes !== undefined) throw validation("MaximumWindowInMinutes must not be provided when FlexibleTimeWindow Mode is OFF.");
  checkTarget(input.Target);
  return {
    group, name: input.Name, expression: input.ScheduleExpression, timeZone, description: input.Description, state: input.State ?? "ENABLED", startMs: input.StartDate, endMs: input.EndDate,
    window: input.FlexibleTimeWindow, afterCompletion: input.ActionAfterCompletion ?? "NONE", kmsKey: input.KmsKeyArn, target: input.Target, createdMs, modifiedMs: nowMs,
  };
}

const foreign = ["EcsParameters", "KinesisParameters", "SageMakerPipelineParameters"] as const;

function checkTarget(target: Target): void {
  for (const parameter of foreign) if (target[parameter] !== undefined) throw validation(`${parameter} is not supported by Cumulet.`);
  if (!target.Arn.startsWith("arn:")) throw validation(`Invalid Arn ${target.Arn}.`);
  const bus = /^arn:[a-z-]+:events:[a-z0-9-]+:\d{12}:event-bus\/.+$/.test(target.Arn);
  if (bus && target.EventBridgeParameters === undefined) throw validation("EventBridgeParameters must be provided for targets of Amazon EventBridge.");
  if (target.Arn.split(":")[2] === "sqs" && target.Arn.endsWith(".fifo") && target.SqsParameters?.MessageGroupId === undefined) throw validation("SqsParameters must be provided for FIFO queues.");
  if (bus || isInvocable(target.Arn) || universalTarget(target.Arn) !== undefined) return;
  throw validation(`Invalid Arn ${target.Arn}: Cumulet cannot deliver to it. Queues, topics, functions, log groups, buses and arn:aws:scheduler:::aws-sdk:<service>:<operation> of services of this cloud can be targets.`);
}

function save(ctx: Ctx, schedule: Schedule): void {
  const due = nextDue(ctx, schedule, ctx.clock.now());
  ctx.store.putSchedule(schedule, due);
  if (due !== undefined) ctx.store.bell.due(due.dueMs, schedulesDue);
}

export function updateSchedule(ctx: Ctx, input: UpdateScheduleInput): UpdateScheduleOutput {
  const old = scheduleOf(ctx, input.GroupName, input.Name);
  const schedule = checked(input, old.group, old.createdMs, ctx.clock.now());
  save(ctx, schedule);
  return { ScheduleArn: scheduleArn(ctx, schedule) };
}

export function getSchedule(ctx: Ctx, input: GetScheduleInput): GetScheduleOutput {
  const schedule = scheduleOf(ctx, input.GroupName, input.Name);
  return {
    Arn: scheduleArn(ctx, schedule),
    GroupName: schedule.group,
    Name: schedule.name,
    ScheduleExpression: schedule.expression,
    ScheduleExpressionTimezone: schedule.timeZone,
    State: schedule.state,
    ...(schedule.description === undefined ? {} : { Description: schedule.description }),
    ...(schedule.startMs === undefined ? {} : { StartDate: schedule.startMs }),
    ...(schedule.endMs === undefined ? {} : { EndDate: schedule.endMs }),
    ...(schedule.kmsKey === undefined ? {} : { KmsKeyArn: schedule.kmsKey }),
    FlexibleTimeWindow: schedule.window,
    ActionAfterCompletion: schedule.afterCompletion,
    Target: { RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 }, ...schedule.target },
    CreationDate: schedule.createdMs,
    LastModificationDate: schedule.modifiedMs,
  };
}

export function deleteSchedule(ctx: Ctx, input: DeleteScheduleInput): DeleteScheduleOutput {
  ctx.store.deleteSchedule(scheduleOf(ctx, input.GroupName, input.Name));
  return {};
}

export function listSchedules(ctx: Ctx, input: ListSchedulesInput): ListSchedulesOutput {
  if (input.GroupName !== undefined) groupOf(ctx, input.GroupName);
  const limit = input.MaxResults ?? largestPage;
  const [group = "", name = ""] = readToken(input.NextToken).split("/");
  const found = ctx.store.schedules(input.GroupName, input.NamePrefix ?? "", { group, name }, limit + 1);
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return {
    Schedules: rows.filter(({ state }) => input.State === undefined || state === input.State).map((schedule) => ({
      Arn: scheduleArn(ctx, schedule), GroupName: schedule.group, Name: schedule.name, State: schedule.state, Target: { Arn: schedule.target.Arn }, CreationDate: schedule.createdMs, LastModificationDate: schedule.modifiedMs,
    })),
    ...(found.length > limit ? { NextToken: writeToken(`${last!.group}/${last!.name}`) } : {}),
  };
}

// --- groups -----------------------------------------------------------------------------------------------------------

export function createScheduleGroup(ctx: Ctx, input: CreateScheduleGroupInput): CreateScheduleGroupOutput {
  if (ctx.store.group(input.Name) !== undefined) throw new AwsError("ConflictException", `Schedule group ${input.Name} already exists.`);
  const nowMs = ctx.clock.now();
  ctx.store.putGroup({ name: input.Name, tags: Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key, Value])), createdMs: nowMs, modifiedMs: nowMs });
  return { ScheduleGroupArn: groupArn(ctx, input.Name) };
}

function shownGroup(ctx: Ctx, group: Group): GetScheduleGroupOutput {
  return { Arn: groupArn(ctx, group.name), Name: group.name, State: "ACTIVE", CreationDate: group.createdMs, LastModificationDate: group.modifiedMs };
}

export function getScheduleGroup(ctx: Ctx, input: GetScheduleGroupInput): GetScheduleGroupOutput {
  return shownGroup(ctx, groupOf(ctx, input.Name));
}

export function listScheduleGroups(ctx: Ctx, input: ListScheduleGroupsInput): ListScheduleGroupsOutput {
  const limit = input.MaxResults ?? largestPage;
  const found = ctx.store.groups(input.NamePrefix ?? "", readToken(input.NextToken), limit + 1);
  const rows = found.slice(0, limit);
  return { ScheduleGroups: rows.map((group) => shownGroup(ctx, group)), ...(found.length > limit ? { NextToken: writeToken(rows.at(-1)!.name) } : {}) };
}

/** Takes its schedules with it. */
export function deleteScheduleGroup(ctx: Ctx, input: DeleteScheduleGroupInput): DeleteScheduleGroupOutput {
  if (input.Name === "default") throw validation("The default schedule group cannot be deleted.");
  ctx.store.deleteGroup(groupOf(ctx, input.Name).name);
  return {};
}

function taggedGroup(ctx: Ctx, arn: string): Group {
  const name = /:schedule-group\/([^/]+)$/.exec(arn)?.[1];
  if (name === undefined) throw validation(`Invalid ResourceArn ${arn}.`);
  return groupOf(ctx, name);
}

export function tagResource(ctx: Ctx, input: TagResourceInput): TagResourceOutput {
  const group = taggedGroup(ctx, input.ResourceArn);
  ctx.store.putGroup({ ...group, tags: { ...group.tags, ...Object.fromEntries(input.Tags.map(({ Key, Value }) => [Key, Value])) } });
  return {};
}

export function untagResource(ctx: Ctx, input: UntagResourceInput): UntagResourceOutput {
  const group = taggedGroup(ctx, input.ResourceArn);
  ctx.store.putGroup({ ...group, tags: Object.fromEntries(Object.entries(group.tags).filter(([key]) => !input.TagKeys.includes(key))) });
  return {};
}

export function listTagsForResource(ctx: Ctx, input: ListTagsForResourceInput): ListTagsForResourceOutput {
  return { Tags: Object.entries(taggedGroup(ctx, input.ResourceArn).tags).map(([Key, Value]) => ({ Key, Value })) };
}

function writeToken(name: string): string {
  return Buffer.from(name).toString("base64");
}

function readToken(token: string | undefined): string {
  if (token === undefined) return "";
  const name = Buffer.from(token, "base64").toString();
  if (writeToken(name) !== token) throw validation("Invalid NextToken.");
  return name;
}
