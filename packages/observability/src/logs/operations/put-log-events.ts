import type { InputLogEvent, PutLogEventsRequest, PutLogEventsResponse, RejectedLogEventsInfo } from "@cumulet/protocol/models/logs.d.ts";
import { invalidParameter } from "../domain/errors.ts";
import { writeEventId } from "../domain/event-ids.ts";
import { expiryOf, groupNamed, streamNamed, type Ctx } from "./lookup.ts";

const BATCH_BYTES_MAX = 1_048_576;
const EVENT_BYTES_MAX = 1_048_576;
const EVENT_OVERHEAD = 26;
const DAY_MS = 86_400_000;
const PAST_MS = 14 * DAY_MS;
const FUTURE_MS = 2 * 3_600_000;

/**
 * Takes a batch of events. Those that are too old or too new are left out and told by their index; the sequence token, without
 * effect since 2023, is answered still.
 */
export function putLogEvents(ctx: Ctx, input: PutLogEventsRequest): PutLogEventsResponse {
  const { logEvents } = input;
  const bytes = checkSizes(logEvents);
  checkOrder(logEvents);
  const group = groupNamed(ctx, input.logGroupName);
  const stream = streamNamed(ctx, group, input.logStreamName);

  const now = ctx.clock.now();
  const { first, last, rejected } = accepted(logEvents, now, expiryOf(ctx, group));
  const { events, groups } = ctx.store;
  let stored = 0;
  for (let i = first; i < last; i += 1) {
    const { timestamp, message } = logEvents[i]!;
    events.add(group.id, stream.id, timestamp, now, message);
    stored += bytes[i]! + EVENT_OVERHEAD;
  }
  if (last > first) {
    groups.noteEvents(stream.id, logEvents[first]!.timestamp, logEvents[last - 1]!.timestamp, now);
    groups.addBytes(group.id, stored);
  }
  return { nextSequenceToken: writeEventId({ timestamp: now, seq: stream.id }), ...(rejected === undefined ? {} : { rejectedLogEventsInfo: rejected }) };
}

/** Bytes of each message. */
function checkSizes(events: readonly InputLogEvent[]): number[] {
  let total = 0;
  const sizes = events.map(({ message }) => {
    const bytes = Buffer.byteLength(message);
    if (bytes > EVENT_BYTES_MAX) throw invalidParameter(`Log event too large: ${bytes} bytes exceeds limit of ${EVENT_BYTES_MAX}`);
    total += bytes + EVENT_OVERHEAD;
    return bytes;
  });
  if (total > BATCH_BYTES_MAX) throw invalidParameter(`Upload too large: ${total} bytes exceeds limit of ${BATCH_BYTES_MAX}`);
  return sizes;
}

function checkOrder(events: readonly InputLogEvent[]): void {
  for (let i = 1; i < events.length; i += 1) {
    if (events[i]!.timestamp < events[i - 1]!.timestamp) throw invalidParameter("Log events in a single PutLogEvents request must be in chronological order.");
  }
}

/** The part of an ordered batch that is taken, and what is said of the rest. */
function accepted(events: readonly InputLogEvent[], now: number, expiry: number): { first: number; last: number; rejected: RejectedLogEventsInfo | undefined } {
  const countBefore = (time: number): number => {
    const at = events.findIndex(({ timestamp }) => timestamp >= time);
    return at < 0 ? events.length : at;
  };
  const tooOld = countBefore(now - PAST_MS);
  const expired = countBefore(expiry);
  const tooNew = countBefore(now + FUTURE_MS + 1);
  const first = Math.min(Math.max(tooOld, expired), tooNew);
  const last = tooNew;
  if (last > first && events[last - 1]!.timestamp - events[first]!.timestamp > DAY_MS) {
    throw invalidParameter("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  const rejected: RejectedLogEventsInfo = {
    ...(tooNew < events.length ? { tooNewLogEventStartIndex: tooNew } : {}),
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > tooOld ? { expiredLogEventEndIndex: expired } : {}),
  };
  return { first, last, rejected: Object.keys(rejected).length === 0 ? undefined : rejected };
}
