import type { Clock } from "./clock.ts";
import { sleep, TimerQueue } from "./timers.ts";

/** The longest delay that `setTimeout` takes; it fires at once on a longer one. */
const longestTimeout = 2 ** 31 - 1;

/** How platform time stands to real time. */
export interface ClockState {
  /** Platform time now, milliseconds since the epoch. */
  nowMs: number;
  /** Platform time minus real time, milliseconds. */
  offsetMs: number;
  frozen: boolean;
  /** Platform seconds a real second. */
  speed: number;
}

/** The machine's time, which a person may move, stop or hurry. Timers follow: they are due by platform time. */
export class SystemClock implements Clock {
  readonly #timers = new TimerQueue();
  /** Platform time at the real time `#realMs`; from there it runs at `#speed`. */
  #platformMs: number;
  #realMs: number;
  #speed = 1;
  #frozen = false;
  #timeout: NodeJS.Timeout | undefined;
  /** When the armed timeout is due, in platform time. */
  #armedMs: number | undefined;

  constructor() {
    this.#realMs = this.#platformMs = Date.now();
  }

  now(): number {
    return this.#frozen ? this.#platformMs : Math.floor(this.#platformMs + (Date.now() - this.#realMs) * this.#speed);
  }

  schedule(delayMs: number, run: () => void): Disposable {
    const timer = this.#timers.add(this.now() + Math.max(0, delayMs), run);
    if (this.#armedMs === undefined || timer.dueMs < this.#armedMs) this.#arm();
    return { [Symbol.dispose]: () => this.#timers.remove(timer) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleep(this, delayMs, signal);
  }

  state(): ClockState {
    const nowMs = this.now();
    return { nowMs, offsetMs: nowMs - Date.now(), frozen: this.#frozen, speed: this.#speed };
  }

  /** Moves platform time by `ms` (back, when negative). Timers that are due then fire at once, in order. */
  advance(ms: number): void {
    this.#set(this.now() + ms);
  }

  /** Sets platform time. */
  set(nowMs: number): void {
    this.#set(nowMs);
  }

  /** Stops platform time where it is, and its timers. */
  freeze(): void {
    this.#set(this.now());
    this.#frozen = true;
    this.#arm();
  }

  /** Lets a frozen clock run on from where it stood. */
  unfreeze(): void {
    this.#frozen = false;
    this.#set(this.#platformMs);
  }

  /** Platform seconds a real second, above 0. */
  setSpeed(speed: number): void {
    if (!(speed > 0)) throw new RangeError(`The speed of time must be above 0, not ${speed}.`);
    const nowMs = this.now();
    this.#speed = speed;
    this.#set(nowMs);
  }

  /** Back to real time. */
  reset(): void {
    this.#speed = 1;
    this.#frozen = false;
    this.#set(Date.now());
  }

  #set(nowMs: number): void {
    this.#platformMs = nowMs;
    this.#realMs = Date.now();
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#armedMs = undefined;
    const next = this.#timers.nextMs;
    if (next === undefined) return;
    const wait = next - this.now();
    // A frozen clock still fires what is due already (`advance` while frozen).
    if (this.#frozen && wait > 0) return;
    this.#armedMs = next;
    this.#timeout = setTimeout(() => this.#fire(), Math.min(Math.max(0, Math.ceil(wait / this.#speed)), longestTimeout));
    this.#timeout.unref();
  }

  #fire(): void {
    this.#timeout = undefined;
    this.#armedMs = undefined;
    try {
      // Only what is due at this moment: a timer that a timer schedules gets a turn of its own.
      const nowMs = this.now();
      for (let timer = this.#timers.take(nowMs); timer !== undefined; timer = this.#timers.take(nowMs)) timer.run();
    } finally {
      this.#arm();
    }
  }
}
