/** Asynchronous invocations: a durable queue with AWS's retries, ages, dead letters and destinations. */
import { isUtf8 } from "node:buffer";
import type { PlatformEvent } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import { functionArn, LATEST } from "../domain/names.ts";
import { liveOf } from "../live.ts";
import { resolve, type LambdaContext, type Resolved } from "../operations/lookup.ts";
import type { InvokeConfig } from "../store/configs.ts";
import { asyncRecord, sendDeadLetter, sendOutcome } from "./destinations.ts";
import { payloadOf } from "./payload.ts";
import { run } from "./run.ts";

/** The type under which asynchronous events lie in the outbox. */
export const ASYNC_EVENT = "lambda.async";

const RETRIES = 2;
const AGE_SECONDS = 21_600;
/** Lambda waits one minute before the second attempt and two before the third. */
const RETRY_WAITS_MS = [60_000, 120_000];
/** Events that were throttled come back after a second at first, five minutes at most, without spending an attempt. */
const THROTTLE_FIRST_MS = 1000;
const THROTTLE_LONGEST_MS = 300_000;

/** An event on its way. */
interface AsyncEvent {
  functionName: string;
  /** As the caller wrote it; empty for none. */
  qualifier: string;
  requestId: string;
  payload: string;
  /** `base64` for the rare payload that is not UTF-8. */
  encoding: "utf8" | "base64";
  clientContext: string | undefined;
  traceHeader: string | undefined;
  createdMs: number;
  /** Attempts that have failed. */
  failures: number;
  /** Times that it was throttled in a row. */
  throttles: number;
}

/** Puts an event into the queue. It is safe once the request is answered. */
export function enqueue(ctx: LambdaContext, resolved: Resolved, payload: Uint8Array, clientContext: string | undefined, traceHeader: string | undefined): void {
  const encoding = isUtf8(payload) ? "utf8" : "base64";
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const detail: AsyncEvent = {
    functionName: resolved.fn.name, qualifier: resolved.qualifier ?? "", requestId: ctx.requestId, payload: bytes.toString(encoding), encoding,
    clientContext, traceHeader, createdMs: ctx.clock.now(), failures: 0, throttles: 0,
  };
  ctx.emit({ type: ASYNC_EVENT, detail });
}

/** Makes one attempt at an event and decides what becomes of it. Rejects only when the platform stops. */
export async function deliver(ctx: LambdaContext, delivered: PlatformEvent): Promise<void> {
  const event = delivered.detail as AsyncEvent;
  const live = liveOf(ctx);
  const leave = await live.asyncSlots.enter(ctx.signal);
  try {
    await attempt(ctx, event);
  } finally {
    leave();
  }
}

async function attempt(ctx: LambdaContext, event: AsyncEvent): Promise<void> {
  let resolved: Resolved;
  try {
    resolved = resolve(ctx, event.functionName, event.qualifier || undefined);
  } catch {
    ctx.log.warn("An event was dropped: its function is gone", { functionName: event.functionName, requestId: event.requestId });
    return;
  }
  const config = ctx.store.configs.get("invoke", event.functionName, event.qualifier || LATEST);
  const maxAgeMs = (config?.maximumEventAgeSeconds ?? AGE_SECONDS) * 1000;
  if (ctx.clock.now() - event.createdMs > maxAgeMs) return await giveUp(ctx, event, resolved, config, "EventAgeExceeded", undefined);
  let started;
  try {
    started = await run(ctx, resolved, {
      requestId: event.requestId, payload: Buffer.from(event.payload, event.encoding), clientContext: event.clientContext, incomingTrace: event.traceHeader, tail: false,
    });
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (error instanceof AwsError && error.code === "RecursiveInvocationException") return await giveUp(ctx, event, resolved, config, "RecursiveLoopDetected", undefined);
    // Throttled, still being created, or nothing to run it on: the event keeps its attempts and waits.
    const waitMs = Math.min(THROTTLE_LONGEST_MS, THROTTLE_FIRST_MS * 2 ** Math.min(event.throttles, 20));
    if (ctx.clock.now() + waitMs - event.createdMs > maxAgeMs) return await giveUp(ctx, event, resolved, config, "EventAgeExceeded", undefined);
    ctx.emit({ type: ASYNC_EVENT, detail: { ...event, throttles: event.throttles + 1 } satisfies AsyncEvent, delayMs: waitMs });
    return;
  }
  const answer = await payloadOf(started.execution);
  // Sandboxes die when the platform stops: that is no failure of the function, and the event stays where it is.
  ctx.signal.throwIfAborted();
  const response = { executedVersion: started.executedVersion, functionError: answer.failed, payload: parse(answer.payload) };
  if (!answer.failed) return await succeed(ctx, event, resolved, config, response);
  const failures = event.failures + 1;
  const waitMs = RETRY_WAITS_MS[Math.min(failures, RETRY_WAITS_MS.length) - 1]!;
  const failed = { ...event, failures, throttles: 0 };
  if (failures > (config?.maximumRetryAttempts ?? RETRIES)) return await giveUp(ctx, failed, resolved, config, "RetriesExhausted", response);
  if (ctx.clock.now() + waitMs - event.createdMs > maxAgeMs) return await giveUp(ctx, failed, resolved, config, "EventAgeExceeded", response);
  ctx.emit({ type: ASYNC_EVENT, detail: failed, delayMs: waitMs });
}

interface Response {
  executedVersion: string;
  functionError: boolean;
  payload: unknown;
}

async function succeed(ctx: LambdaContext, event: AsyncEvent, resolved: Resolved, config: InvokeConfig | undefined, response: Response): Promise<void> {
  if (!config?.onSuccess) return;
  const arn = functionArn(ctx, event.functionName, event.qualifier || LATEST);
  const record = asyncRecord({ nowMs: ctx.clock.now(), requestId: event.requestId, functionArn: arn, condition: "Success", invokeCount: event.failures + 1, requestPayload: requestPayload(event), response });
  await toDestination(ctx, config.onSuccess, { record, success: true, functionArn: arn, functionName: resolved.fn.name });
}

async function giveUp(ctx: LambdaContext, event: AsyncEvent, resolved: Resolved, config: InvokeConfig | undefined, condition: "RetriesExhausted" | "EventAgeExceeded" | "RecursiveLoopDetected", response: Response | undefined): Promise<void> {
  const arn = functionArn(ctx, event.functionName, event.qualifier || LATEST);
  if (config?.onFailure) {
    const record = asyncRecord({ nowMs: ctx.clock.now(), requestId: event.requestId, functionArn: arn, condition, invokeCount: event.failures, requestPayload: requestPayload(event), response });
    await toDestination(ctx, config.onFailure, { record, success: false, functionArn: arn, functionName: resolved.fn.name });
  }
  const deadLetters = resolved.row.settings.deadLetterTarget;
  if (deadLetters === undefined) return;
  const message = (response?.payload as { errorMessage?: unknown } | null | undefined)?.errorMessage;
  try {
    await sendDeadLetter(ctx, deadLetters, { payload: Buffer.from(event.payload, event.encoding).toString("utf8"), requestId: event.requestId, errorMessage: typeof message === "string" ? message : condition });
  } catch (error) {
    ctx.log.warn("A dead letter was not delivered", { target: deadLetters, requestId: event.requestId, error: String(error) });
  }
}

/** A destination that refuses loses the record, as in Lambda (which counts DestinationDeliveryFailures). */
async function toDestination(ctx: LambdaContext, destination: string, outcome: Parameters<typeof sendOutcome>[2]): Promise<void> {
  try {
    await sendOutcome(ctx, destination, outcome);
  } catch (error) {
    ctx.log.warn("The outcome of an asynchronous event was not delivered", { destination, functionArn: outcome.functionArn, error: String(error) });
  }
}

function requestPayload(event: AsyncEvent): unknown {
  return parse(Buffer.from(event.payload, event.encoding));
}

function parse(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
