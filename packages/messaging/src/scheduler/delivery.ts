import { loadModel, serviceIndex } from "@cumulet/protocol";
import type { ServiceId } from "@cumulet/protocol";
import type { Context, PlatformEvent } from "@cumulet/core";
import type { Target } from "@cumulet/protocol/models/scheduler.d.ts";
import { failureOf, isPermanent } from "../targets/failures.ts";
import { invoke } from "../targets/invoke.ts";
import type { SchedulerStore } from "./store.ts";

type Ctx = Context<SchedulerStore>;

/** What `scheduler.due` tells: one invocation of a target. */
export interface Invocation {
  scheduleArn: string;
  target: Target;
  id: string;
  plannedMs: number;
  /** When its first try was, milliseconds. */
  startedMs: number;
  failures: number;
}

const defaultAttempts = 185;
const defaultAgeSeconds = 86_400;

/** Names of the SDK for Java 2, which universal targets use, where they are not our ids. */
const sdkNames: { [name: string]: string } = { cloudwatchlogs: "logs", eventbridge: "events", sfn: "states", cognitoidentityprovider: "cognito-idp" };

/** Service and operation of `arn:aws:scheduler:::aws-sdk:sqs:sendMessage`; undefined for what is none of this cloud's. */
export function universalTarget(arn: string): { service: ServiceId; operation: string } | undefined {
  const match = /^arn:[a-z-]+:scheduler:::aws-sdk:([a-z0-9-]+):([A-Za-z0-9]+)$/.exec(arn);
  if (match === null) return undefined;
  const name = match[1]!;
  const service = sdkNames[name] ?? name;
  if (!Object.hasOwn(serviceIndex, service)) return undefined;
  const operation = match[2]!.charAt(0).toUpperCase() + match[2]!.slice(1);
  return Object.hasOwn(loadModel(service as ServiceId).operations, operation) ? { service: service as ServiceId, operation } : undefined;
}

/** Invokes a target; a failure leads to another try, or to the dead-letter queue. */
export async function deliverDue(ctx: Ctx, { detail }: PlatformEvent): Promise<void> {
  const invocation = detail as Invocation;
  const { target } = invocation;
  try {
    await send(ctx, invocation);
  } catch (error) {
    const failures = invocation.failures + 1;
    const { MaximumRetryAttempts: attempts = defaultAttempts, MaximumEventAgeInSeconds: age = defaultAgeSeconds } = target.RetryPolicy ?? {};
    const over = failures > attempts || ctx.clock.now() - invocation.startedMs >= age * 1000;
    if (!isPermanent(error) && !over) {
      const longest = Math.min(900_000, 1000 * 2 ** Math.min(failures, 20));
      ctx.transaction(() => ctx.emit({ type: "scheduler.due", detail: { ...invocation, failures }, delayMs: Math.round(longest * (0.5 + ctx.ids.random() / 2)) }));
      return;
    }
    await bury(ctx, invocation, error, over);
  }
}

async function send(ctx: Ctx, { target, id, plannedMs, scheduleArn, failures }: Invocation): Promise<void> {
  const input = filled(target.Input, { scheduleArn, id, plannedMs, attempt: failures + 1 });
  const universal = universalTarget(target.Arn);
  if (universal !== undefined) {
    const operations = ctx.call[universal.service] as unknown as { [operation: string]: (input: unknown) => Promise<unknown> };
    await operations[universal.operation]!(JSON.parse(input ?? "{}"));
    return;
  }
  const bus = /^arn:[a-z-]+:events:([a-z0-9-]+):(\d{12}):event-bus\/.+$/.exec(target.Arn);
  if (bus !== null) {
    const { DetailType, Source } = target.EventBridgeParameters!;
    const { Entries } = await ctx.as({ account: bus[2]!, region: bus[1]! }).events.PutEvents({ Entries: [{ EventBusName: target.Arn, DetailType, Source, Detail: input ?? "{}" }] });
    const refused = Entries?.[0];
    if (refused?.ErrorCode !== undefined) throw new Error(`${refused.ErrorCode}: ${refused.ErrorMessage ?? ""}`);
    return;
  }
  await invoke(ctx, { arn: target.Arn, input: input ?? defaultInput(ctx, scheduleArn, id, plannedMs), id, groupId: target.SqsParameters?.MessageGroupId });
}

/** Context attributes that an input may hold (Scheduler User Guide). */
function filled(input: string | undefined, { scheduleArn, id, plannedMs, attempt }: { scheduleArn: string; id: string; plannedMs: number; attempt: number }): string | undefined {
  return input
    ?.replaceAll("<aws.scheduler.schedule-arn>", scheduleArn)
    .replaceAll("<aws.scheduler.scheduled-time>", isoSeconds(plannedMs))
    .replaceAll("<aws.scheduler.execution-id>", id)
    .replaceAll("<aws.scheduler.attempt-number>", String(attempt));
}

/** What targets get of a schedule without an input. */
function defaultInput(ctx: Ctx, scheduleArn: string, id: string, plannedMs: number): string {
  return JSON.stringify({ version: "0", id, "detail-type": "Scheduled Event", source: "aws.scheduler", account: ctx.account, time: isoSeconds(plannedMs), region: ctx.region, resources: [scheduleArn], detail: "{}" });
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

async function bury(ctx: Ctx, { target, scheduleArn, failures, id, plannedMs }: Invocation, error: unknown, over: boolean): Promise<void> {
  const failure = failureOf(error);
  ctx.log.warn("A schedule could not invoke its target", { schedule: scheduleArn, target: target.Arn, error: failure.message });
  const queue = target.DeadLetterConfig?.Arn;
  if (queue === undefined) return;
  const [, , , region, account, name] = queue.split(":") as [string, string, string, string, string, string];
  const text = (value: string): { DataType: string; StringValue: string } => ({ DataType: "String", StringValue: value });
  try {
    await ctx.as({ account, region }).sqs.SendMessage({
      QueueUrl: `${ctx.endpoint}/${account}/${name}`,
      MessageBody: target.Input ?? defaultInput(ctx, scheduleArn, id, plannedMs),
      MessageAttributes: {
        SCHEDULE_ARN: text(scheduleArn), TARGET_ARN: text(target.Arn), ERROR_CODE: text(failure.code), ERROR_MESSAGE: text(failure.message || failure.code), RETRY_ATTEMPTS: text(String(failures)),
        EXECUTION_ID: text(id), SCHEDULED_TIME: text(isoSeconds(plannedMs)), ...(over ? { EXHAUSTED_RETRY_CONDITION: text("MaximumRetryAttempts") } : {}),
      },
    });
  } catch (failed) {
    if (!isPermanent(failed)) throw failed;
    ctx.log.warn("A dead-letter queue did not take an invocation", { queue, error: failureOf(failed).message });
  }
}
