import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { header } from "../../domain/http-message.ts";
import type { ThrottleLimits } from "../../domain/throttle.ts";
import { accountThrottle, dayOf, findSubscription, planThrottle, remaining } from "../access/usage.ts";
import { trace } from "./call.ts";
import type { RestCall } from "./call.ts";
import { GatewayError } from "./errors.ts";

type Settled = Pick<RestCall, "stage" | "method" | "request">;

/** What a stage says of one method alone. */
export function ownSetting(call: Settled): Rest.MethodSetting | undefined {
  const settings = call.stage.methodSettings;
  if (settings === undefined) return undefined;
  const path = (call.method?.path ?? "").replace(/^\//, "");
  const { method } = call.request;
  for (const key of [`${path}/${method}`, `/${path}/${method}`, `${path}/*`, `*/${method}`]) if (Object.hasOwn(settings, key)) return settings[key];
  return undefined;
}

/** Settings of a stage for one method: its own over those for all methods. */
export function methodSetting(call: Settled): Rest.MethodSetting {
  return { ...call.stage.methodSettings?.["*/*"], ...ownSetting(call) };
}

/** API key, usage plan, quota and throttles of a call, in AWS's order. */
export function checkLimits(call: RestCall): void {
  const { ctx, stage, method, request } = call;
  const now = ctx.clock.now();
  const { store } = ctx;
  const { throttles } = store.state;
  if (method!.method.apiKeyRequired === true) {
    const value = call.runtime.api.apiKeySource === "AUTHORIZER" ? call.usageIdentifierKey : header(request.headers, "x-api-key");
    const found = value === undefined || value === "" ? undefined : findSubscription(store, value, call.apiId, stage.stageName);
    if (found?.plan === undefined) {
      trace(call, `API Key ${value === undefined ? "is missing" : found === undefined ? "is not valid" : "has no usage plan for this stage"}`);
      throw new GatewayError("INVALID_API_KEY", "Forbidden");
    }
    const { key, plan } = found;
    call.apiKey = { id: key.id, value: key.value };
    trace(call, `API Key ${key.id} authorized because method '${request.method} ${method!.path}' requires API Key and API Key is valid`);
    const limits = planThrottle(plan, call.apiId, stage.stageName, method!.path, request.method);
    if (limits !== undefined && !throttles.take(`plan ${plan.id} ${key.id} ${call.apiId}/${stage.stageName} ${limits.name}`, limits.limits, now)) throw tooMany(call, `Usage Plan throttle for API Key ${key.id}`);
    const left = remaining(store, plan, key.id, now);
    if (left !== undefined && left <= 0) {
      trace(call, `Usage Plan quota exceeded for API Key ${key.id}`);
      throw new GatewayError("QUOTA_EXCEEDED", "Limit Exceeded");
    }
    store.usage.add(plan.id, key.id, dayOf(now), 1);
  }
  const setting = methodSetting(call);
  if (setting.throttlingRateLimit !== undefined || setting.throttlingBurstLimit !== undefined) {
    const limits: ThrottleLimits = { rate: setting.throttlingRateLimit ?? 10_000, burst: setting.throttlingBurstLimit ?? 5_000 };
    // A negative limit means none.
    if (limits.rate >= 0 && limits.burst >= 0 && !throttles.take(`method ${call.apiId}/${stage.stageName}/${method!.path}/${request.method}`, limits, now)) throw tooMany(call, "Stage throttle");
  }
  if (!throttles.take("account", accountThrottle(ctx), now)) throw tooMany(call, "Account throttle");
}

function tooMany(call: RestCall, why: string): GatewayError {
  trace(call, `Rate limit exceeded: ${why}`);
  return new GatewayError("THROTTLED", "Too Many Requests");
}
