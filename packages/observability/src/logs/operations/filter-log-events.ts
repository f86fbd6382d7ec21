import type { FilteredLogEvent, FilterLogEventsRequest, FilterLogEventsResponse } from "@cumulet/protocol/models/logs.d.ts";
import { invalidParameter, invalidToken } from "../domain/errors.ts";
import { readEventId, writeEventId } from "../domain/event-ids.ts";
import type { Pattern } from "../domain/pattern/pattern.ts";
import { compilePattern } from "../domain/pattern/pattern.ts";
import { PatternError } from "../domain/pattern/values.ts";
import type { Position } from "../store/events.ts";
import type { GroupRow } from "../store/groups.ts";
import { expiryOf, groupOf, streamNamed, type Ctx } from "./lookup.ts";

const EVENTS_MAX = 10_000;
const PAGE_BYTES_MAX = 1_048_576;
/** Events looked at in one request; a page may be short or empty and still have a token, as AWS's may. */
const SCAN_MAX = 50_000;
const SCAN_STEP = 1000;

/** Events of a group, of all its streams or some, that match a pattern, in the order of time. */
export function filterLogEvents(ctx: Ctx, input: FilterLogEventsRequest): FilterLogEventsResponse {
  const { logStreamNames, logStreamNamePrefix, startTime, endTime, limit = EVENTS_MAX } = input;
  if (logStreamNames !== undefined && logStreamNamePrefix !== undefined) {
    throw invalidParameter("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
  }
  if (startTime !== undefined && endTime !== undefined && startTime > endTime) throw invalidParameter("startTime must be less than or equal to endTime.");
  const pattern = patternOf(input.filterPattern);
  let beyond: Position | undefined;
  if (input.nextToken !== undefined && (beyond = readEventId(input.nextToken)) === undefined) throw invalidToken();
  const { owner, group } = groupOf(ctx, input);
  const streamName = streamNames(owner, group, logStreamNames, logStreamNamePrefix);

  const { events } = owner.store;
  // The end is inclusive here, unlike GetLogEvents'.
  const range = { from: Math.max(startTime ?? 0, expiryOf(owner, group)), to: (endTime ?? Number.MAX_SAFE_INTEGER - 1) + 1 };
  const only = logStreamNames?.length === 1 ? streamNamed(owner, group, logStreamNames[0]!).id : undefined;
  const found: FilteredLogEvent[] = [];
  let bytes = 0;
  for (let scanned = 0; scanned < SCAN_MAX; scanned += SCAN_STEP) {
    const rows = only === undefined ? events.ofGroup(group.id, { ...range, beyond }, SCAN_STEP) : events.ofStream(only, { ...range, beyond }, SCAN_STEP);
    for (const row of rows) {
      const name = streamName(row.streamId);
      if (name !== undefined && pattern.match(row.message) !== undefined) {
        bytes += row.message.length + 26;
        if (found.length === limit || (bytes > PAGE_BYTES_MAX && found.length > 0)) return { events: found, searchedLogStreams: [], nextToken: writeEventId(beyond!) };
        found.push({ logStreamName: name, timestamp: row.timestamp, message: row.message, ingestionTime: row.ingestionMs, eventId: writeEventId(row) });
      }
      beyond = row;
    }
    if (rows.length < SCAN_STEP) return { events: found, searchedLogStreams: [] };
  }
  return { events: found, searchedLogStreams: [], nextToken: writeEventId(beyond!) };
}

/** @throws AwsError `InvalidParameterException` for a pattern that cannot be read */
export function patternOf(text: string | undefined): Pattern {
  try {
    return compilePattern(text ?? "");
  } catch (error) {
    throw error instanceof PatternError ? invalidParameter(error.message) : error;
  }
}

/** Tells a stream's name by its id; undefined for one that was not asked for, or that was deleted. */
function streamNames(ctx: Ctx, group: GroupRow, names: readonly string[] | undefined, prefix: string | undefined): (id: number) => string | undefined {
  const wanted = names === undefined ? undefined : new Set(names.map((name) => streamNamed(ctx, group, name).id));
  const known = new Map<number, string | undefined>();
  return (id) => {
    if (wanted !== undefined && !wanted.has(id)) return undefined;
    if (!known.has(id)) {
      const name = ctx.store.groups.streamById(id)?.name;
      known.set(id, name === undefined || (prefix !== undefined && !name.startsWith(prefix)) ? undefined : name);
    }
    return known.get(id);
  };
}
