import type { Context } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { ApiKeyItem, Store, UsagePlanItem } from "../../store.ts";

/** A key with the plan under which it may call a stage. */
export interface Subscription {
  key: ApiKeyItem;
  /** Undefined when no plan of the key covers the stage. */
  plan: UsagePlanItem | undefined;
}

interface Subscriptions {
  byValue: Map<string, ApiKeyItem>;
  plans: UsagePlanItem[];
  /** Plan ids by key id. */
  plansOfKey: Map<string, string[]>;
}

/** Keys and plans change rarely and are asked for with every request: they are read once after each change. */
function subscriptions(store: Store): Subscriptions {
  return store.memo("", "subscriptions", () => {
    const plans = store.usagePlans.all("");
    const plansOfKey = new Map<string, string[]>();
    for (const plan of plans) for (const { id } of store.usagePlanKeys.all(plan.id)) plansOfKey.set(id, [...(plansOfKey.get(id) ?? []), plan.id]);
    return { byValue: new Map(store.apiKeys.all("").map((key) => [key.value, key])), plans, plansOfKey };
  });
}

/** The key of a value, and the plan by which it may call a stage; undefined for an unknown or disabled key. */
export function findSubscription(store: Store, value: string, apiId: string, stage: string): Subscription | undefined {
  const all = subscriptions(store);
  const key = all.byValue.get(value);
  if (key === undefined || key.enabled !== true) return undefined;
  const ids = all.plansOfKey.get(key.id) ?? [];
  return { key, plan: all.plans.find((plan) => ids.includes(plan.id) && plan.apiStages?.some((one) => one.apiId === apiId && one.stage === stage) === true) };
}

const DAY_MS = 86_400_000;

/** `YYYY-MM-DD` of a time, UTC. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** First and last day of the quota period that a time falls in: days, weeks from Sunday, months, all UTC. */
export function periodOf(period: string | undefined, ms: number): { from: string; to: string } {
  const date = new Date(ms);
  if (period === "DAY") return { from: dayOf(ms), to: dayOf(ms) };
  if (period === "WEEK") {
    const start = ms - date.getUTCDay() * DAY_MS;
    return { from: dayOf(start), to: dayOf(start + 6 * DAY_MS) };
  }
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  const last = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0);
  return { from: dayOf(first), to: dayOf(last) };
}

/** Requests that a plan's quota still allows a key in the current period; undefined without a quota. */
export function remaining(store: Store, plan: UsagePlanItem, keyId: string, nowMs: number): number | undefined {
  const { quota } = plan;
  if (quota?.limit === undefined) return undefined;
  const { from, to } = periodOf(quota.period, nowMs);
  return quota.limit - store.usage.total(plan.id, keyId, from, to);
}

/** Limits of a plan for one method: its own for the method, else the plan's. */
export function planThrottle(plan: UsagePlanItem, apiId: string, stage: string, path: string, method: string): { name: string; limits: { rate: number; burst: number } } | undefined {
  const own = plan.apiStages?.find((one) => one.apiId === apiId && one.stage === stage)?.throttle;
  const key = [`${path}/${method}`, `${path}/ANY`, `${path}/*`].find((name) => own?.[name] !== undefined);
  const settings: Rest.ThrottleSettings | undefined = key === undefined ? plan.throttle : own![key];
  if (settings === undefined || (settings.rateLimit === undefined && settings.burstLimit === undefined)) return undefined;
  return { name: key ?? "*", limits: { rate: settings.rateLimit ?? Number.POSITIVE_INFINITY, burst: settings.burstLimit ?? Math.max(1, settings.rateLimit ?? 1) } };
}

/** AWS's throttle of an account in a region, overridable by configuration. */
export function accountThrottle(ctx: Context<Store>): { rate: number; burst: number } {
  const { quotas } = ctx.config;
  return { rate: quotas["apigateway.requestsPerSecond"] ?? 10_000, burst: quotas["apigateway.requestBurst"] ?? 5_000 };
}
