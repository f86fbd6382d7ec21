import type { PutEventsRequest, PutEventsRequestEntry, PutEventsResponse, PutEventsResultEntry } from "@cumulet/protocol/models/events.d.ts";
import { validation } from "../domain/errors.ts";
import type { BusEvent } from "../domain/input.ts";
import { busAddress, ruleArn } from "./targets.ts";
import type { Ctx } from "./targets.ts";
import type { Matched } from "../delivery.ts";

/** Bytes of all entries together. */
const largestRequest = 262_144;

export function putEvents(ctx: Ctx, input: PutEventsRequest): PutEventsResponse {
  const size = input.Entries.reduce((sum, entry) => sum + entrySize(entry), 0);
  if (size > largestRequest) throw validation("Total size of the entries in the request is over the limit.");
  const entries = input.Entries.map((entry) => put(ctx, entry));
  return { FailedEntryCount: entries.filter(({ ErrorCode }) => ErrorCode !== undefined).length, Entries: entries };
}

/** Source: EventBridge User Guide, "Calculating PutEvents event entry size". */
function entrySize(entry: PutEventsRequestEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ""), entry.Time === undefined ? 0 : 14);
}

function put(ctx: Ctx, entry: PutEventsRequestEntry): PutEventsResultEntry {
  const invalid = (parameter: string): PutEventsResultEntry => ({ ErrorCode: "InvalidArgument", ErrorMessage: `Parameter ${parameter} is not valid. Reason: ${parameter} is a required argument.` });
  if (entry.Source === undefined || entry.Source === "") return invalid("Source");
  if (entry.DetailType === undefined || entry.DetailType === "") return invalid("DetailType");
  if (entry.Detail === undefined || entry.Detail === "") return invalid("Detail");
  // Only AWS speaks as AWS.
  if (entry.Source.startsWith("aws.") && ctx.principal.kind !== "service") return { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." };
  let detail: unknown;
  try {
    detail = JSON.parse(entry.Detail);
  } catch {
    detail = undefined;
  }
  if (typeof detail !== "object" || detail === null || Array.isArray(detail)) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
  const { ctx: owner, name } = busAddress(ctx, entry.EventBusName);
  const nowMs = ctx.clock.now();
  const event: BusEvent = {
    version: "0", id: ctx.ids.uuid(), "detail-type": entry.DetailType, source: entry.Source, account: ctx.account, time: isoSeconds(entry.Time ?? nowMs), region: ctx.region,
    resources: entry.Resources ?? [], detail,
  };
  // A bus that is not there swallows events without a word, as on AWS.
  if (owner.store.bus(name) !== undefined) accept(owner, name, event, nowMs);
  return { EventId: event.id };
}

/** The form of an event's time. */
export function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/**
 * Takes an event in: into the archives that want it, and to the targets of the rules that it fits.
 * @param onlyRules ARNs of the rules that a replay is for.
 * @param hops how many buses it came through.
 */
export function accept(ctx: Ctx, bus: string, event: BusEvent, nowMs: number, onlyRules: readonly string[] = [], hops = 0): void {
  const { store } = ctx;
  // What is replayed is not archived again.
  if (event["replay-name"] === undefined) store.archive(bus, event, Date.parse(event.time));
  const matched: Matched["targets"] = [];
  for (const { rule, matches, targets } of store.active(bus)) {
    if (targets.length === 0 || !matches(event)) continue;
    const arn = ruleArn(ctx, rule);
    if (onlyRules.length > 0 && !onlyRules.includes(arn)) continue;
    for (const target of targets) matched.push({ rule: rule.name, ruleArn: arn, target });
  }
  if (matched.length === 0) return;
  const detail: Matched = { event, targets: matched, ingestedMs: nowMs, hops };
  ctx.emit({ type: "events.matched", detail });
}
