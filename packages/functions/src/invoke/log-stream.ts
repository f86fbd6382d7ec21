import type { Clock } from "@cumulet/core";

/** One event of a log stream. */
export interface LogEvent {
  timestamp: number;
  message: string;
}

/** Writes a batch to CloudWatch Logs, making group and stream on first use. Rejections are the sink's own business. */
export type LogSink = (events: LogEvent[]) => Promise<void>;

/** At most this often a stream that is busy is written. */
const FLUSH_INTERVAL_MS = 100;
/** PutLogEvents takes 10,000 events and 1 MB, each event counted with 26 bytes more. */
const BATCH_EVENTS_MAX = 2000;
const BATCH_BYTES_MAX = 900_000;
const EVENT_OVERHEAD = 26;
/** A function that writes faster than logs are stored loses the oldest beyond this. */
const PENDING_BYTES_MAX = 16_000_000;

/**
 * The log stream of one environment: gathers lines and writes them in batches, in order, one batch at a time, so that
 * no invocation ever waits for its logs.
 */
export class LogStream {
  readonly name: string;
  readonly #clock: Clock;
  readonly #sink: LogSink;
  readonly #dropped: (events: number) => void;
  #pending: LogEvent[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  #timer: Disposable | undefined;
  #writtenMs = -Infinity;

  constructor(name: string, clock: Clock, sink: LogSink, dropped: (events: number) => void) {
    this.name = name;
    this.#clock = clock;
    this.#sink = sink;
    this.#dropped = dropped;
  }

  append(message: string): void {
    this.#pending.push({ timestamp: this.#clock.now(), message });
    this.#pendingBytes += message.length + EVENT_OVERHEAD;
    if (this.#pendingBytes > PENDING_BYTES_MAX) this.#shed();
    if (this.#pending.length >= BATCH_EVENTS_MAX || this.#pendingBytes >= BATCH_BYTES_MAX) this.#write();
    else this.#timer ??= this.#clock.schedule(FLUSH_INTERVAL_MS, () => this.#write());
  }

  /** The end of an invocation: written now, unless it was written a moment ago; then soon. */
  settle(): void {
    if (this.#clock.now() - this.#writtenMs >= FLUSH_INTERVAL_MS) this.#write();
  }

  /** Writes all that is pending. */
  async flush(): Promise<void> {
    while (this.#pending.length > 0 || this.#writing !== undefined) {
      this.#write();
      await this.#writing;
    }
  }

  #write(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#writing !== undefined || this.#pending.length === 0) return;
    const batch = this.#take();
    this.#writtenMs = this.#clock.now();
    this.#writing = this.#sink(batch).finally(() => {
      this.#writing = undefined;
      if (this.#pendingBytes >= BATCH_BYTES_MAX || this.#pending.length >= BATCH_EVENTS_MAX) this.#write();
      else if (this.#pending.length > 0) this.#timer ??= this.#clock.schedule(FLUSH_INTERVAL_MS, () => this.#write());
    });
  }

  #take(): LogEvent[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#pending.length && count < BATCH_EVENTS_MAX && bytes < BATCH_BYTES_MAX) {
      bytes += this.#pending[count]!.message.length + EVENT_OVERHEAD;
      count += 1;
    }
    this.#pendingBytes -= bytes;
    return this.#pending.splice(0, count);
  }

  #shed(): void {
    const half = this.#pending.length >> 1;
    for (const event of this.#pending.splice(0, half)) this.#pendingBytes -= event.message.length + EVENT_OVERHEAD;
    this.#dropped(half);
  }
}
