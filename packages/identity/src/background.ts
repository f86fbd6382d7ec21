import type { Background, Context } from "@cumulet/core";
import { ACCESS_KEY } from "@cumulet/core";
import type { IdentityStore } from "./store.ts";

/** Expired keys stay known this long, so that their owner hears "expired" and not "unknown". */
const GRACE_MS = 24 * 3600 * 1000;
const SWEEP_MS = 3600 * 1000;
const BATCH = 1000;

/** Forgets temporary credentials that have been expired for a day. */
export function forgetExpired(platform: Background<IdentityStore>): Disposable {
  let timer: Disposable | undefined;
  const sweep = (): void => {
    for (const { account, region } of platform.scopes()) forget(platform.at(account, region));
    timer = platform.clock.schedule(SWEEP_MS, sweep);
  };
  timer = platform.clock.schedule(SWEEP_MS, sweep);
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}

function forget(ctx: Context<IdentityStore>): void {
  const before = ctx.clock.now() - GRACE_MS;
  for (;;) {
    const keys = ctx.store.credentials.expired(before, BATCH);
    ctx.transaction(() => {
      for (const key of keys) {
        ctx.names.release(ACCESS_KEY, key);
        ctx.store.credentials.forgetSession(key);
      }
    });
    if (keys.length < BATCH) return;
  }
}
