import { invalidParameter } from "./errors.ts";

/** How often and when a delivery over HTTP is tried again; delays in seconds. */
export interface RetryPolicy {
  minDelayTarget: number;
  maxDelayTarget: number;
  numRetries: number;
  numMaxDelayRetries: number;
  numNoDelayRetries: number;
  numMinDelayRetries: number;
  backoffFunction: "linear" | "arithmetic" | "geometric" | "exponential";
}

const defaultRetry: RetryPolicy = {
  minDelayTarget: 20, maxDelayTarget: 20, numRetries: 3, numMaxDelayRetries: 0, numNoDelayRetries: 0, numMinDelayRetries: 0, backoffFunction: "linear",
};
const defaultContentType = "text/plain; charset=UTF-8";

interface TopicPolicy {
  http: {
    defaultHealthyRetryPolicy?: Partial<RetryPolicy>;
    disableSubscriptionOverrides?: boolean;
    defaultRequestPolicy?: { headerContentType?: string };
  };
}

interface SubscriptionPolicy {
  healthyRetryPolicy?: Partial<RetryPolicy> | null;
  requestPolicy?: { headerContentType?: string } | null;
}

function parsed<T>(text: string, parameter: string): T {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as T;
  } catch {
    // Told below.
  }
  throw invalidParameter(parameter, "failed to parse JSON.");
}

function checkRetry(policy: Partial<RetryPolicy> | null | undefined, parameter: string): void {
  if (policy === null || policy === undefined) return;
  const all = { ...defaultRetry, ...policy };
  const range = (name: keyof RetryPolicy, min: number, max: number): void => {
    const value = all[name];
    if (typeof value !== "number" || value < min || value > max) throw invalidParameter(parameter, `${name} must be between ${min} and ${max}`);
  };
  range("minDelayTarget", 1, 3600);
  range("maxDelayTarget", 1, 3600);
  range("numRetries", 0, 100);
  if (all.maxDelayTarget < all.minDelayTarget) throw invalidParameter(parameter, "maxDelayTarget must be greater than or equal to minDelayTarget");
  if (!["linear", "arithmetic", "geometric", "exponential"].includes(all.backoffFunction)) throw invalidParameter(parameter, "invalid backoffFunction");
  if (all.numMaxDelayRetries + all.numNoDelayRetries + all.numMinDelayRetries > all.numRetries) {
    throw invalidParameter(parameter, "numRetries must be greater than or equal to total of numMinDelayRetries, numNoDelayRetries and numMaxDelayRetries");
  }
}

/** Checks a topic's policy and gives it the form in which AWS keeps it. @throws AwsError InvalidParameter */
export function topicDeliveryPolicy(text: string): string {
  const { http } = parsed<Partial<TopicPolicy>>(text, "DeliveryPolicy");
  if (typeof http !== "object" || http === null) throw invalidParameter("DeliveryPolicy", "http must be given");
  checkRetry(http.defaultHealthyRetryPolicy, "DeliveryPolicy");
  const { defaultHealthyRetryPolicy: retry, defaultRequestPolicy: request, disableSubscriptionOverrides: fixed } = http;
  return JSON.stringify({ http: { ...(retry === undefined ? {} : { defaultHealthyRetryPolicy: retry }), ...(request === undefined ? {} : { defaultRequestPolicy: request }), disableSubscriptionOverrides: fixed ?? false } });
}

/** Checks a subscription's policy and gives it the form in which AWS keeps it. @throws AwsError InvalidParameter */
export function subscriptionDeliveryPolicy(text: string): string {
  const policy = parsed<SubscriptionPolicy>(text, "DeliveryPolicy");
  checkRetry(policy.healthyRetryPolicy, "DeliveryPolicy");
  return JSON.stringify({ healthyRetryPolicy: policy.healthyRetryPolicy ?? null, sicklyRetryPolicy: null, throttlePolicy: null, requestPolicy: policy.requestPolicy ?? null, guaranteed: false });
}

/** What holds for a topic: its own policy over the defaults. */
export function effectiveTopicPolicy(text: string | undefined): { http: Required<TopicPolicy["http"]> & { defaultHealthyRetryPolicy: RetryPolicy } } {
  const { http } = text === undefined ? { http: {} as TopicPolicy["http"] } : (JSON.parse(text) as TopicPolicy);
  return {
    http: {
      defaultHealthyRetryPolicy: { ...defaultRetry, ...http.defaultHealthyRetryPolicy },
      disableSubscriptionOverrides: http.disableSubscriptionOverrides ?? false,
      defaultRequestPolicy: { headerContentType: http.defaultRequestPolicy?.headerContentType ?? defaultContentType },
    },
  };
}

/** What holds for a subscription over HTTP. */
export function effectiveSubscriptionPolicy(topicPolicy: string | undefined, own: string | undefined): { healthyRetryPolicy: RetryPolicy; sicklyRetryPolicy: null; throttlePolicy: null; requestPolicy: { headerContentType: string }; guaranteed: false } {
  const { http } = effectiveTopicPolicy(topicPolicy);
  const policy = own === undefined || http.disableSubscriptionOverrides ? {} : (JSON.parse(own) as SubscriptionPolicy);
  return {
    healthyRetryPolicy: { ...http.defaultHealthyRetryPolicy, ...(policy.healthyRetryPolicy ?? {}) },
    sicklyRetryPolicy: null,
    throttlePolicy: null,
    requestPolicy: { headerContentType: policy.requestPolicy?.headerContentType ?? http.defaultRequestPolicy.headerContentType! },
    guaranteed: false,
  };
}

/** Milliseconds to wait before the given retry over HTTP (the first is 1); undefined when there is none. Source: SNS Developer Guide, message delivery retries. */
export function httpRetryDelayMs(policy: RetryPolicy, retry: number): number | undefined {
  const { numRetries, numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries, minDelayTarget, maxDelayTarget, backoffFunction } = policy;
  if (retry > numRetries) return undefined;
  if (retry <= numNoDelayRetries) return 0;
  if (retry <= numNoDelayRetries + numMinDelayRetries) return minDelayTarget * 1000;
  if (retry > numRetries - numMaxDelayRetries) return maxDelayTarget * 1000;
  const steps = numRetries - numNoDelayRetries - numMinDelayRetries - numMaxDelayRetries;
  const step = retry - numNoDelayRetries - numMinDelayRetries - 1;
  const portion = steps <= 1 ? 0 : step / (steps - 1);
  const span = maxDelayTarget - minDelayTarget;
  const curve = backoffFunction === "linear" ? portion : backoffFunction === "arithmetic" ? portion ** 2 : backoffFunction === "geometric" ? portion ** 3 : (2 ** (portion * 10) - 1) / 1023;
  return Math.round((minDelayTarget + span * curve) * 1000);
}

/** The same for SQS and Lambda: three at once, two after a second, ten up to 20 seconds, then every 20 seconds: 100,015 in 23 days. */
export function managedRetryDelayMs(retry: number): number | undefined {
  if (retry > 100_015) return undefined;
  if (retry <= 3) return 0;
  if (retry <= 5) return 1000;
  if (retry <= 15) return Math.min(20_000, Math.round(1000 * 20 ** ((retry - 6) / 9)));
  return 20_000;
}
