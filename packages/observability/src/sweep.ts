import type { Background, Context } from "@cumulet/core";

/**
 * Runs something in every scope in use, every `everyMs` of platform time, in one transaction each.
 *
 * @param run clears a bounded number of rows; true when there is more, which is then done in later turns
 */
export function sweepEvery<S>(platform: Background<S>, everyMs: number, run: (ctx: Context<S>) => boolean): Disposable {
  const timers = new Map<string, Disposable>();
  const opened = platform.onScope((ctx) => {
    const key = `${ctx.account} ${ctx.region}`;
    const arm = (delayMs: number): void => {
      timers.get(key)?.[Symbol.dispose]();
      timers.set(key, platform.clock.schedule(delayMs, () => {
        const more = ctx.transaction(() => run(ctx));
        arm(more ? 1 : everyMs);
      }));
    };
    arm(everyMs);
  });
  return {
    [Symbol.dispose]: () => {
      opened[Symbol.dispose]();
      for (const timer of timers.values()) timer[Symbol.dispose]();
    },
  };
}
