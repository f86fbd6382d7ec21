import { accountThrottle } from "../access/usage.ts";
import type { HttpCall } from "./handle.ts";
import { HttpApiError } from "./handle.ts";

/** Throttles of a call: the route's own, else the stage's default, then the account's. */
export function checkLimits(call: HttpCall): void {
  const { ctx, stage, route } = call;
  const { throttles } = ctx.store.state;
  const now = ctx.clock.now();
  const own = stage.RouteSettings?.[route.routeKey];
  const rate = own?.ThrottlingRateLimit ?? stage.DefaultRouteSettings?.ThrottlingRateLimit;
  const burst = own?.ThrottlingBurstLimit ?? stage.DefaultRouteSettings?.ThrottlingBurstLimit;
  if (rate !== undefined || burst !== undefined) {
    const limits = { rate: rate ?? Number.POSITIVE_INFINITY, burst: burst ?? Math.max(1, rate ?? 1) };
    if (!throttles.take(`route ${call.address.apiId}/${stage.StageName}/${route.routeKey}`, limits, now)) throw new HttpApiError(429, "Too Many Requests");
  }
  if (!throttles.take("account", accountThrottle(ctx), now)) throw new HttpApiError(429, "Too Many Requests");
}
