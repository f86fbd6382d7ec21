import type { Context } from "@cumulet/core";
import { conflict, notFound } from "../domain/errors.ts";
import { phaseOf, type FunctionRow, type VersionRow } from "../domain/function.ts";
import { functionArn, isVersion, LATEST, resolveReference } from "../domain/names.ts";
import type { LambdaStore } from "../store.ts";
import type { AliasRow } from "../store/functions.ts";
import { setting } from "../settings.ts";

export type LambdaContext = Context<LambdaStore>;

/** How long a change stays in progress: long enough for a waiter to see both states, short enough for a person. */
export const SETTLE_MS = 300;

/** Platform time at which a change that begins now has settled. */
export function settlesMs(ctx: LambdaContext): number {
  return ctx.clock.now() + setting(ctx.config, "settle_ms", SETTLE_MS);
}

/** What a function name and a qualifier stand for. */
export interface Resolved {
  fn: FunctionRow;
  row: VersionRow;
  /** As the caller wrote it, in the name or apart. */
  qualifier: string | undefined;
  alias: AliasRow | undefined;
}

/** The version that a request means. Throws AWS's `Function not found: <arn>`. */
export function resolve(ctx: LambdaContext, functionName: string, qualifierGiven?: string): Resolved {
  const { name, qualifier } = resolveReference(ctx, functionName, qualifierGiven);
  const { functions } = ctx.store;
  const fn = functions.function(name);
  if (fn === undefined) throw functionNotFound(ctx, name, qualifier);
  if (qualifier === undefined || qualifier === LATEST) return { fn, row: functions.version(name, 0)!, qualifier, alias: undefined };
  if (isVersion(qualifier)) {
    const row = functions.version(name, Number(qualifier));
    if (row === undefined) throw functionNotFound(ctx, name, qualifier);
    return { fn, row, qualifier, alias: undefined };
  }
  const alias = functions.alias(name, qualifier);
  const row = alias === undefined ? undefined : functions.version(name, alias.version);
  if (alias === undefined || row === undefined) throw functionNotFound(ctx, name, qualifier);
  return { fn, row, qualifier, alias };
}

/** The function alone, whatever its versions. `missing` says what AWS answers when there is none. */
export function resolveFunction(ctx: LambdaContext, functionName: string, missing?: (name: string) => Error): FunctionRow {
  const { name, qualifier } = resolveReference(ctx, functionName);
  const fn = ctx.store.functions.function(name);
  if (fn === undefined) throw missing?.(name) ?? functionNotFound(ctx, name, qualifier);
  return fn;
}

export function functionNotFound(ctx: LambdaContext, name: string, qualifier?: string): Error {
  return notFound(`Function not found: ${functionArn(ctx, name, qualifier)}`);
}

/** A function that is being created or changed cannot be changed again. */
export function checkSettled(ctx: LambdaContext, row: VersionRow): void {
  const phase = phaseOf(row, ctx.clock.now());
  if (phase === "settled") return;
  const arn = functionArn(ctx, row.functionName);
  if (phase === "creating") throw conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending");
  throw conflict(`The operation cannot be performed at this time. An update is in progress for resource: ${arn}`);
}

/** Removes blobs that no version needs any more, after the rows are gone. */
export async function dropBlobs(ctx: LambdaContext, blobs: readonly string[]): Promise<void> {
  for (const blob of blobs) await ctx.blobs.delete(blob);
}

/** One page of a list: what the marker stands for, and how many. */
export function pageOf(marker: string | undefined, maxItems: number | undefined, limit: number): { after: string; size: number } {
  return { after: marker === undefined ? "" : Buffer.from(marker, "base64url").toString("utf8"), size: Math.min(maxItems ?? limit, limit) };
}

export function markerOf(after: string): string {
  return Buffer.from(after, "utf8").toString("base64url");
}
