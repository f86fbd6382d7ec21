import type { Context } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type { Event, LookupAttribute, LookupEventsRequest, LookupEventsResponse } from "@cumulet/protocol/models/cloudtrail.d.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { auditOf } from "../audit.ts";
import type { EventRow, Position } from "../store/events.ts";
import type { CloudTrailStore } from "../store/index.ts";

export type Ctx = Context<CloudTrailStore>;

const PAGE = 50;
const STEP = 500;
/** Events looked at in one request; a page may be short and still have a token. */
const SCAN_MAX = 20_000;
const DAYS_90_MS = 90 * 86_400_000;

/** Management events of the last 90 days, newest first. */
export function lookupEvents(ctx: Ctx, input: LookupEventsRequest): LookupEventsResponse {
  auditOf(ctx).flush();
  const { LookupAttributes: attributes = [], StartTime: start, EndTime: end, EventCategory: category, MaxResults: limit = PAGE } = input;
  if (start !== undefined && end !== undefined && start > end) throw new AwsError("InvalidTimeRangeException", "The specified time range is not valid: the start time is after the end time.");
  if (attributes.length > 1) throw new AwsError("InvalidLookupAttributesException", "You can specify only one lookup attribute.");
  let beyond: Position | undefined;
  if (input.NextToken !== undefined) {
    beyond = readToken(input.NextToken) as Position | undefined;
    if (typeof beyond?.timeMs !== "number" || typeof beyond.seq !== "number") throw new AwsError("InvalidNextTokenException", "The token is not valid.");
  }
  // Insight events are not made.
  if (category === "insight") return { Events: [] };
  const from = Math.max(start ?? 0, ctx.clock.now() - DAYS_90_MS);
  const name = attributes.find(({ AttributeKey }) => AttributeKey === "EventName")?.AttributeValue;
  const found: Event[] = [];
  for (let scanned = 0; scanned < SCAN_MAX; scanned += STEP) {
    const rows = ctx.store.events.newest(from, end ?? Number.MAX_SAFE_INTEGER, beyond, STEP, name);
    for (const row of rows) {
      if (attributes.every((attribute) => has(row, attribute))) {
        if (found.length === limit) return { Events: found, NextToken: writeToken(beyond) };
        found.push(describe(row));
      }
      beyond = { timeMs: row.timeMs, seq: row.seq };
    }
    if (rows.length < STEP) return { Events: found };
  }
  return { Events: found, NextToken: writeToken(beyond) };
}

function has(row: EventRow, { AttributeKey: key, AttributeValue: value }: LookupAttribute): boolean {
  switch (key) {
    case "EventId":
      return row.id === value;
    case "EventName":
      return row.name === value;
    case "ReadOnly":
      return String(row.readOnly) === value;
    case "Username":
      return row.username === value;
    case "ResourceType":
      return row.resources.some(({ type }) => type === value);
    case "ResourceName":
      return row.resources.some(({ name, arn }) => name === value || arn === value);
    case "EventSource":
      return row.source === value;
    case "AccessKeyId":
      return row.accessKeyId === value;
    default:
      return false;
  }
}

function describe(row: EventRow): Event {
  return {
    EventId: row.id,
    EventName: row.name,
    ReadOnly: String(row.readOnly),
    ...(row.accessKeyId === undefined ? {} : { AccessKeyId: row.accessKeyId }),
    EventTime: row.timeMs - (row.timeMs % 1000),
    EventSource: row.source,
    Username: row.username,
    Resources: row.resources.map(({ type, name }) => ({ ResourceType: type, ResourceName: name })),
    CloudTrailEvent: row.json,
  };
}
