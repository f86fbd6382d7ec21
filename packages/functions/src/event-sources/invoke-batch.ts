import { AwsError } from "@cumulet/protocol";
import { payloadOf } from "../invoke/payload.ts";
import { run } from "../invoke/run.ts";
import { resolve, type LambdaContext } from "../operations/lookup.ts";
import type { MappingRow } from "../store/mappings.ts";

/** What came of handing a batch to a function. */
export type BatchOutcome =
  | { kind: "success"; requestId: string; executedVersion: string; response: unknown }
  | { kind: "failure"; requestId: string; executedVersion: string }
  /** The function could not be run now: throttled, being created, or gone. No attempt is spent. */
  | { kind: "refused"; reason: string };

/** An event of more bytes than this cannot be handed over. */
export const EVENT_BYTES_MAX = 6_291_456;

/** Invokes a mapping's function with a batch and waits for its answer. */
export async function invokeBatch(ctx: LambdaContext, mapping: MappingRow, event: Buffer, trace: string | undefined, signal: AbortSignal): Promise<BatchOutcome> {
  const requestId = ctx.ids.uuid();
  let started;
  try {
    const resolved = resolve(ctx, mapping.functionName, mapping.qualifier || undefined);
    started = await run(ctx, resolved, { requestId, payload: event, incomingTrace: trace, tail: false });
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "refused", reason: error instanceof AwsError ? error.message : String(error) };
  }
  const { executedVersion } = started;
  const answer = await payloadOf(started.execution);
  signal.throwIfAborted();
  if (answer.failed) return { kind: "failure", requestId, executedVersion };
  let response: unknown;
  try {
    response = JSON.parse(Buffer.from(answer.payload).toString("utf8"));
  } catch {
    response = undefined;
  }
  return { kind: "success", requestId, executedVersion, response };
}

/**
 * The items that a function reports as failed (`ReportBatchItemFailures`): nothing, an empty answer or an empty list is
 * success; anything that is not understood, or names an item that is not in the batch, fails the whole batch.
 */
export function failedItems(response: unknown, ids: ReadonlySet<string>): Set<string> | "all" {
  if (response === null || response === undefined || response === "") return new Set();
  if (typeof response !== "object" || !("batchItemFailures" in response)) return new Set();
  const { batchItemFailures } = response;
  if (batchItemFailures === null || batchItemFailures === undefined) return new Set();
  if (!Array.isArray(batchItemFailures)) return "all";
  const failed = new Set<string>();
  for (const item of batchItemFailures as unknown[]) {
    const id = typeof item === "object" && item !== null ? (item as { itemIdentifier?: unknown }).itemIdentifier : undefined;
    if (typeof id !== "string" || id === "" || !ids.has(id)) return "all";
    failed.add(id);
  }
  return failed;
}
