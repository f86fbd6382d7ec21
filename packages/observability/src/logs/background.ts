import type { Background, Context, PlatformEvent } from "@cumulet/core";
import { expiryOf } from "./operations/lookup.ts";
import type { LogsStore } from "./store/index.ts";

/** Rows that one turn clears, so that requests never wait long behind a clearing. */
const CLEAR_STEP = 2000;
const SWEEP_EVERY_MS = 3_600_000;
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

/** Clears events that their group's retention has outlived. Reads do not see them in any case. */
export function expire(ctx: Context<LogsStore>): void {
  const { groups, events } = ctx.store;
  let after = 0;
  let budget = CLEAR_STEP;
  for (;;) {
    const page = groups.expiring(after, 100);
    for (const group of page) {
      const cleared = events.expire(group.id, expiryOf(ctx, group), budget);
      if (cleared.length > 0) groups.addBytes(group.id, -cost(cleared));
      budget -= cleared.length;
      if (budget <= 0) {
        ctx.emit({ type: "logs.expire", detail: {} });
        return;
      }
      after = group.id;
    }
    if (page.length < 100) return;
  }
}

function cost(sizes: readonly number[]): number {
  return sizes.reduce((sum, bytes) => sum + bytes + EVENT_OVERHEAD, 0);
}

/** Sweeps every scope in use, hourly. */
export function sweepRetention(platform: Background<LogsStore>): Disposable {
  const timers = new Map<string, Disposable>();
  const opened = platform.onScope((ctx) => {
    const key = `${ctx.account} ${ctx.region}`;
    const again = (): void => {
      timers.get(key)?.[Symbol.dispose]();
      timers.set(key, platform.clock.schedule(SWEEP_EVERY_MS, () => {
        ctx.transaction(() => expire(ctx));
        again();
      }));
    };
    again();
  });
  return {
    [Symbol.dispose]: () => {
      opened[Symbol.dispose]();
      for (const timer of timers.values()) timer[Symbol.dispose]();
    },
  };
}
