import type { Background, Context } from "@cumulet/core";
import { sweepEvery } from "../sweep.ts";
import { Audit, auditOf, homeOf } from "./audit.ts";
import { Delivery } from "./delivery.ts";
import type { CloudTrailStore } from "./store/index.ts";

const DAY_MS = 86_400_000;
const HISTORY_DAYS = 90;
const QUERY_MS = 7 * DAY_MS;
const STEP = 2000;

/** Forgets events that neither the event history nor an event data store needs any more; true when there are more. */
function expire(ctx: Context<CloudTrailStore>): boolean {
  const now = ctx.clock.now();
  for (const { key, record } of ctx.store.queries.list({ limit: STEP })) if (now >= record.createdMs + QUERY_MS) ctx.store.queries.delete(key);
  const stores = homeOf(ctx).store.eventDataStores.all();
  const days = stores.reduce((longest, { retentionDays }) => Math.max(longest, retentionDays), HISTORY_DAYS);
  return ctx.store.events.expire(now - days * DAY_MS, STEP) === STEP;
}

export function startBackground(platform: Background<CloudTrailStore>): Disposable {
  const audit = new Audit(platform);
  const delivery = new Delivery(platform);
  const sweep = sweepEvery(platform, DAY_MS, expire);
  return {
    [Symbol.dispose]: () => {
      sweep[Symbol.dispose]();
      delivery[Symbol.dispose]();
      audit[Symbol.dispose]();
    },
  };
}

/** Sees every finished request; starts after `startBackground`. */
export function observeRequests(platform: Background<CloudTrailStore>): Audit["observe"] {
  const audit = auditOf(platform);
  return (record) => audit.observe(record);
}
