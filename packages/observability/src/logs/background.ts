import type { Background, Context, PlatformEvent } from "@cumulet/core";
import { sweepEvery } from "../sweep.ts";
import { expiryOf } from "./operations/lookup.ts";
import type { LogsStore } from "./store/index.ts";

/** Rows that one turn clears, so that requests never wait long behind a clearing. */
const CLEAR_STEP = 2000;
const EVENT_OVERHEAD = 26;

/** Clears what a deleted group or stream has left, a step at a time. */
export function discard(ctx: Context<LogsStore>, event: PlatformEvent): void {
  const { groupId, streamId } = event.detail as { groupId: number; streamId?: number };
  const { groups, events } = ctx.store;
  let more: boolean;
  if (streamId === undefined) {
    more = events.clearGroup(groupId, CLEAR_STEP) === CLEAR_STEP || groups.deleteStreams(groupId, CLEAR_STEP) === CLEAR_STEP;
  } else {
    const cleared = events.clearStream(streamId, CLEAR_STEP);
    groups.addBytes(groupId, -cost(cleared));
    more = cleared.length === CLEAR_STEP;
  }
  if (more) ctx.emit({ type: event.type, detail: event.detail });
}

/** Clears events that their group's retention has outlived; true when there are more. Reads do not see them in any case. */
export function expire(ctx: Context<LogsStore>): boolean {
  const { groups, events } = ctx.store;
  let after = 0;
  let budget = CLEAR_STEP;
  for (;;) {
    const page = groups.expiring(after, 100);
    for (const group of page) {
      const cleared = events.expire(group.id, expiryOf(ctx, group), budget);
      if (cleared.length > 0) groups.addBytes(group.id, -cost(cleared));
      budget -= cleared.length;
      if (budget <= 0) return true;
      after = group.id;
    }
    if (page.length < 100) return false;
  }
}

function cost(sizes: readonly number[]): number {
  return sizes.reduce((sum, bytes) => sum + bytes + EVENT_OVERHEAD, 0);
}

/** Sweeps every scope in use. */
export function sweepRetention(platform: Background<LogsStore>): Disposable {
  return sweepEvery(platform, 6 * 3_600_000, expire);
}
