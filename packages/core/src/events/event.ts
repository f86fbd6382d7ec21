/** A durable event as its consumer sees it. */
export interface PlatformEvent {
  /** Unique; the same in every delivery of the event. */
  id: string;
  /** `<service>.<what>`, for instance `s3.notification`. */
  type: string;
  account: string;
  region: string;
  /** JSON. */
  detail: unknown;
  /** Platform time at which it was emitted, milliseconds. */
  emittedMs: number;
  /** 1 on the first delivery. */
  attempt: number;
  /** The trace of the request that emitted it. */
  traceId: string;
}

/** A durable event as a service emits it. */
export interface Emission {
  /** `<service>.<what>`; one that nobody consumes goes nowhere. */
  type: string;
  /** JSON. */
  detail: unknown;
  /** Platform time to wait before the first delivery. */
  delayMs?: number;
  /**
   * Events of one store, consumer and key are delivered one after the other, in the order in which they were emitted: a later
   * one waits for the earlier one's delay and retries. Without a key there is no order.
   */
  orderKey?: string;
}
