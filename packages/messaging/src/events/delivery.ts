import type { PlatformEvent } from "@cumulet/core";
import type { Target } from "@cumulet/protocol/models/events.d.ts";
import { failureOf, isPermanent } from "../targets/failures.ts";
import { invoke } from "../targets/invoke.ts";
import { callDestination } from "./destinations.ts";
import { inputOf } from "./domain/input.ts";
import type { BusEvent } from "./domain/input.ts";
import { accept } from "./operations/put-events.ts";
import type { Ctx } from "./operations/targets.ts";

/** What `events.matched` tells: an event, and what is to get it. */
export interface Matched {
  event: BusEvent;
  targets: { rule: string; ruleArn: string; target: Target }[];
  ingestedMs: number;
  /** Buses that it came through. */
  hops: number;
}

/** What `events.delivery` tells: an event for one target, once more. */
interface Delivery extends Omit<Matched, "targets"> {
  rule: string;
  ruleArn: string;
  target: Target;
  /** Tries that failed. */
  failures: number;
}

const defaultAttempts = 185;
const defaultAgeSeconds = 86_400;
/** An event is handed from bus to bus so often; AWS stops it, too, lest rules run in circles. */
const mostHops = 5;

/** Hands an event to each of its targets at once; one that fails is tried again on its own. */
export async function deliverMatched(ctx: Ctx, { detail }: PlatformEvent): Promise<void> {
  const { targets, ...rest } = detail as Matched;
  await Promise.all(targets.map((one) => attempt(ctx, { ...rest, ...one, failures: 0 })));
}

export async function deliverOne(ctx: Ctx, { detail }: PlatformEvent): Promise<void> {
  await attempt(ctx, detail as Delivery);
}

async function attempt(ctx: Ctx, delivery: Delivery): Promise<void> {
  const { target, event } = delivery;
  const input = inputOf(target, event, { ruleArn: delivery.ruleArn, ruleName: delivery.rule, ingestedMs: delivery.ingestedMs });
  if (input === undefined) {
    ctx.log.warn("An input template made no JSON of an event", { rule: delivery.rule, target: target.Id, event: event.id });
    return;
  }
  try {
    await send(ctx, delivery, input);
  } catch (error) {
    const failures = delivery.failures + 1;
    const exhausted = exhaustion(ctx, delivery, failures);
    if (!isPermanent(error) && exhausted === undefined) {
      ctx.transaction(() => ctx.emit({ type: "events.delivery", detail: { ...delivery, failures }, delayMs: delayMs(ctx, failures) }));
      return;
    }
    await bury(ctx, delivery, error, exhausted);
  }
}

function exhaustion(ctx: Ctx, { target, ingestedMs }: Delivery, failures: number): string | undefined {
  const { MaximumRetryAttempts = defaultAttempts, MaximumEventAgeInSeconds = defaultAgeSeconds } = target.RetryPolicy ?? {};
  if (failures > MaximumRetryAttempts) return "MaximumRetryAttempts";
  return ctx.clock.now() - ingestedMs >= MaximumEventAgeInSeconds * 1000 ? "MaximumEventAgeInSeconds" : undefined;
}

/** Exponential, with jitter, up to a quarter of an hour. */
function delayMs(ctx: Ctx, failures: number): number {
  const longest = Math.min(900_000, 1000 * 2 ** Math.min(failures, 20));
  return Math.round(longest * (0.5 + ctx.ids.random() / 2));
}

async function send(ctx: Ctx, { target, event, hops, ingestedMs }: Delivery, input: string): Promise<void> {
  const arn = target.Arn;
  const bus = /^arn:[a-z-]+:events:([a-z0-9-]+):(\d{12}):event-bus\/(.+)$/.exec(arn);
  if (bus !== null) {
    const owner = ctx.at(bus[2]!, bus[1]!);
    if (hops >= mostHops) {
      ctx.log.warn("An event was handed from bus to bus too often", { event: event.id, bus: arn });
      return;
    }
    if (owner.store.bus(bus[3]!) !== undefined) owner.transaction(() => accept(owner, bus[3]!, event, ingestedMs, [], hops + 1));
    return;
  }
  if (/^arn:[a-z-]+:events:/.test(arn)) return callDestination(ctx, arn, input, target.HttpParameters ?? {});
  await invoke(ctx, { arn, input, id: event.id, groupId: target.SqsParameters?.MessageGroupId, http: target.HttpParameters });
}

/** To the target's dead-letter queue, with what went wrong in its attributes. */
async function bury(ctx: Ctx, delivery: Delivery, error: unknown, exhausted: string | undefined): Promise<void> {
  const { target, event } = delivery;
  const failure = failureOf(error);
  ctx.log.warn("An event could not be delivered", { rule: delivery.rule, target: target.Id, arn: target.Arn, event: event.id, error: failure.message });
  const queue = target.DeadLetterConfig?.Arn;
  if (queue === undefined) return;
  const [, , , region, account, name] = queue.split(":") as [string, string, string, string, string, string];
  const text = (value: string): { DataType: string; StringValue: string } => ({ DataType: "String", StringValue: value });
  try {
    await ctx.as({ account, region }).sqs.SendMessage({
      QueueUrl: `${ctx.endpoint}/${account}/${name}`,
      MessageBody: JSON.stringify(event),
      MessageAttributes: {
        RULE_ARN: text(delivery.ruleArn), TARGET_ARN: text(target.Arn), ERROR_CODE: text(failure.code), ERROR_MESSAGE: text(failure.message || failure.code),
        RETRY_ATTEMPTS: text(String(delivery.failures)), ...(exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: text(exhausted) }),
      },
    });
  } catch (failed) {
    if (!isPermanent(failed)) throw failed;
    ctx.log.warn("A dead-letter queue did not take an event", { queue, error: failureOf(failed).message });
  }
}
