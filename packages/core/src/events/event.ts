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
