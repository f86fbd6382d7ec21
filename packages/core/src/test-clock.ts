import type { Clock } from "./clock.ts";
import { sleep, TimerQueue } from "./timers.ts";

/** Turns of the event loop in which what a timer set off (promises, commits, in-process calls) may settle. */
const turnsToSettle = 4;

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  readonly #timers = new TimerQueue();
  #nowMs: number;

  /** @param startMs platform time at first; noon of 15 January 2026 UTC unless told. */
  constructor(startMs: number = Date.UTC(2026, 0, 15, 12)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, run: () => void): Disposable {
    const timer = this.#timers.add(this.#nowMs + Math.max(0, delayMs), run);
    return { [Symbol.dispose]: () => this.#timers.remove(timer) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleep(this, delayMs, signal);
  }

  /**
   * Moves time forward by `ms`: timers run in order, each at its own time, and what they set off settles before the next
   * one, so that timers set by timers inside the window fire as well. Work that leaves the process (sockets, child
   * processes) is not waited for: that is what `platform.idle()` is for.
   */
  async advance(ms: number): Promise<void> {
    const target = this.#nowMs + ms;
    await settle();
    for (let timer = this.#timers.take(target); timer !== undefined; timer = this.#timers.take(target)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.run();
      await settle();
    }
    this.#nowMs = Math.max(this.#nowMs, target);
  }

  /** Sets the time without running any timer. */
  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < turnsToSettle; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
