import { AwsError } from "@cumulet/protocol";
import { conflict } from "../domain/errors.ts";
import { phaseOf, versionName, type FunctionRow, type VersionRow } from "../domain/function.ts";
import { functionArn } from "../domain/names.ts";
import { liveOf } from "../live.ts";
import type { LambdaContext, Resolved } from "../operations/lookup.ts";
import type { AliasRow } from "../store/functions.ts";
import { ACCOUNT_CONCURRENCY } from "./concurrency.ts";
import type { Execution } from "./environment.ts";
import { continueLineage, HOPS_MAX } from "./lineage.ts";
import { targetOf } from "./target.ts";

/** What an invocation is made with. */
export interface InvocationRequest {
  requestId: string;
  payload: Uint8Array;
  clientContext?: string;
  tenantId?: string;
  /** The trace header that the event came with; its lineage goes on. */
  incomingTrace?: string;
  /** Gather the last 4 KB of the log. */
  tail: boolean;
}

/** A started invocation and the version that runs it. */
export interface Started {
  execution: Execution;
  executedVersion: string;
}

/**
 * Runs a function: chooses the version behind an alias, takes a place under the concurrency limits and hands the event
 * to an environment. Throws AWS's errors for functions that cannot run now; what the function does is in the execution.
 */
export async function run(ctx: LambdaContext, resolved: Resolved, request: InvocationRequest): Promise<Started> {
  const { fn, qualifier, alias } = resolved;
  const row = alias === undefined ? resolved.row : weighted(ctx, alias, resolved.row);
  if (phaseOf(row, ctx.clock.now()) === "creating") {
    throw conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending");
  }
  const { hops, traceHeader } = continueLineage(ctx.trace.xray(), request.incomingTrace, functionArn(ctx, fn.name));
  if (hops >= HOPS_MAX && fn.recursiveLoop === "Terminate") {
    throw new AwsError("RecursiveInvocationException", "A recursive invocation was detected: the function was invoked about 16 times in the same chain of requests.", { status: 400, fields: { Type: "User" } });
  }
  const live = liveOf(ctx);
  const leave = enter(ctx, fn);
  try {
    const service = live.background.at(ctx.account, ctx.region);
    // Metrics of functions derive from this span, so it is there however a function was invoked.
    const span = ctx.trace.child("Invocation", {
      "lambda.function": fn.name, "lambda.account": ctx.account, "lambda.region": ctx.region, ...(qualifier === undefined ? {} : { "lambda.qualifier": qualifier }),
    });
    const timeoutMs = row.settings.timeout * 1000;
    const execution = await live.fleet.run(targetOf(live, service, row), () => ({
      requestId: request.requestId,
      payload: request.payload,
      deadlineMs: ctx.clock.now() + timeoutMs,
      remainingMs: timeoutMs,
      invokedFunctionArn: functionArn(ctx, fn.name, qualifier),
      traceHeader,
      clientContext: request.clientContext,
      cognitoIdentity: undefined,
      tenantId: request.tenantId,
    }), request.tail);
    void execution.done.then(({ report }) => {
      leave();
      span.end({ "lambda.duration_ms": report.durationMs, "lambda.failed": report.status !== "success", ...(report.initMs === undefined ? {} : { "lambda.init_ms": report.initMs }) });
    });
    return { execution, executedVersion: versionName(row.version) };
  } catch (error) {
    leave();
    if (error instanceof AwsError) throw error;
    // No executor, no image: something that the person at this machine can mend, so say it.
    throw new AwsError("InvalidRuntimeException", error instanceof Error ? error.message : String(error), { status: 502, fields: { Type: "User" }, cause: error });
  }
}

/** Takes a place under the account's and the function's limits. */
function enter(ctx: LambdaContext, fn: FunctionRow): () => void {
  return liveOf(ctx).concurrency.enter(`${ctx.account}/${ctx.region}`, fn.name, {
    account: accountConcurrency(ctx),
    reservedTotal: fn.reservedConcurrency === undefined ? ctx.store.functions.reservedTotal() : 0,
    reserved: fn.reservedConcurrency,
  });
}

/** Concurrent executions that the account may have in this region. */
export function accountConcurrency(ctx: LambdaContext): number {
  return ctx.config.quotas["lambda.ConcurrentExecutions"] ?? ACCOUNT_CONCURRENCY;
}

/** One of the two versions behind an alias with weights. */
function weighted(ctx: LambdaContext, alias: AliasRow, main: VersionRow): VersionRow {
  for (const [version, weight] of Object.entries(alias.weights ?? {})) {
    if (ctx.ids.random() < weight) return ctx.store.functions.version(alias.functionName, Number(version)) ?? main;
  }
  return main;
}
