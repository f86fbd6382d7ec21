/** Requests a second and how many may come at once. */
export interface ThrottleLimits {
  rate: number;
  burst: number;
}

/**
 * A token bucket: `burst` requests at once, refilled at `rate` a second of platform time. A rate or burst of zero lets
 * nothing through, as AWS does.
 */
export class TokenBucket {
  private readonly limits: ThrottleLimits;
  private tokens: number;
  private filledMs: number;

  constructor(limits: ThrottleLimits, nowMs: number) {
    this.limits = limits;
    this.tokens = limits.burst;
    this.filledMs = nowMs;
  }

  /** Takes a token; false when there is none. */
  take(nowMs: number): boolean {
    const { rate, burst } = this.limits;
    if (nowMs > this.filledMs) {
      this.tokens = Math.min(burst, this.tokens + ((nowMs - this.filledMs) / 1000) * rate);
      this.filledMs = nowMs;
    }
    if (rate <= 0 || this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}

/** Buckets by name, made when first asked for; a bucket whose limits changed starts anew. Bounded: the oldest go first. */
export class Throttles {
  private readonly buckets = new Map<string, { limits: ThrottleLimits; bucket: TokenBucket }>();
  private readonly max: number;

  constructor(max = 50_000) {
    this.max = max;
  }

  take(name: string, limits: ThrottleLimits, nowMs: number): boolean {
    let entry = this.buckets.get(name);
    if (entry === undefined || entry.limits.rate !== limits.rate || entry.limits.burst !== limits.burst) {
      if (this.buckets.size >= this.max) this.buckets.delete(this.buckets.keys().next().value!);
      entry = { limits: { ...limits }, bucket: new TokenBucket(limits, nowMs) };
      this.buckets.set(name, entry);
    }
    return entry.bucket.take(nowMs);
  }

  clear(): void {
    this.buckets.clear();
  }
}
