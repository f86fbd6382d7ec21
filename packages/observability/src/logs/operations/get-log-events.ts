import type { GetLogEventsRequest, GetLogEventsResponse } from "@cumulet/protocol/models/logs.d.ts";
import { invalidToken } from "../domain/errors.ts";
import { readPageToken, writePageToken } from "../domain/event-ids.ts";
import type { EventRow, Position } from "../store/events.ts";
import { expiryOf, groupOf, streamNamed, type Ctx } from "./lookup.ts";

const EVENTS_MAX = 10_000;
const PAGE_BYTES_MAX = 1_048_576;

/**
 * Events of one stream, always in the order of time. A page token says where it stands and which way it looks; a page
 * without events answers with the token that asked for it, which is how clients notice the end.
 */
export function getLogEvents(ctx: Ctx, input: GetLogEventsRequest): GetLogEventsResponse {
  const token = input.nextToken === undefined ? undefined : readPageToken(input.nextToken);
  if (input.nextToken !== undefined && token === undefined) throw invalidToken();
  const { owner, group } = groupOf(ctx, input);
  const stream = streamNamed(owner, group, input.logStreamName);

  const backward = token === undefined ? input.startFromHead !== true : token.direction === "b";
  const range = {
    from: Math.max(input.startTime ?? 0, expiryOf(owner, group)),
    to: input.endTime ?? Number.MAX_SAFE_INTEGER,
    beyond: token?.position,
  };
  const rows = fitting(owner.store.events.ofStream(stream.id, range, input.limit ?? EVENTS_MAX, backward));
  if (backward) rows.reverse();
  const first = rows[0] ?? token?.position ?? { timestamp: Math.min(range.to, owner.clock.now()), seq: 0 };
  const last: Position = rows[rows.length - 1] ?? token?.position ?? { timestamp: Math.max(0, range.from - 1), seq: 0 };
  return {
    events: rows.map(({ timestamp, message, ingestionMs }) => ({ timestamp, message, ingestionTime: ingestionMs })),
    nextForwardToken: writePageToken("f", last),
    nextBackwardToken: writePageToken("b", first),
  };
}

/** As many rows as a page holds; one at least. */
export function fitting(rows: EventRow[]): EventRow[] {
  let bytes = 0;
  const end = rows.findIndex(({ message }) => (bytes += message.length + 26) > PAGE_BYTES_MAX);
  return end < 0 ? rows : rows.slice(0, Math.max(1, end));
}
