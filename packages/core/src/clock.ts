/**
 * The only time that a service knows. Milliseconds since the epoch everywhere; wire formats are the protocol's business.
 * Timers are part of it, so that a test, or a person at the admin API, can move time.
 */
export interface Clock {
  /** Milliseconds since the epoch, platform time. */
  now(): number;
  /** Calls `run` once when platform time has advanced by `delayMs`. Never keeps the process alive. */
  schedule(delayMs: number, run: () => void): Disposable;
  /** Resolves when platform time has advanced by `delayMs`; rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}
