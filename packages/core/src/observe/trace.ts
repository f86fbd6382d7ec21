/** Where a request stands in its trace, and a way to open child spans. W3C and X-Ray headers carry the same ids. */
export interface Trace {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: this request's span. */
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly sampled: boolean;
  /** `Root=1-...;Parent=...;Sampled=1`. */
  xray(): string;
  /** `00-<trace>-<span>-01`. */
  traceparent(): string;
  /** Opens a child span; `end` records it. */
  child(name: string, attributes?: { [key: string]: unknown }): Trace & { end(attributes?: { [key: string]: unknown }): void };
}
