import type { Clock } from "@cumulet/core";

/** A time limit that can stand still, while a debugger has stopped the function. */
export class Deadline implements Disposable {
  readonly #clock: Clock;
  readonly #expired: () => void;
  #remainingMs: number;
  #startedMs = 0;
  #timer: Disposable | undefined;

  constructor(clock: Clock, limitMs: number, expired: () => void) {
    this.#clock = clock;
    this.#remainingMs = limitMs;
    this.#expired = expired;
    this.resume();
  }

  pause(): void {
    if (this.#timer === undefined) return;
    this.#timer[Symbol.dispose]();
    this.#timer = undefined;
    this.#remainingMs -= this.#clock.now() - this.#startedMs;
  }

  resume(): void {
    if (this.#timer !== undefined) return;
    this.#startedMs = this.#clock.now();
    this.#timer = this.#clock.schedule(Math.max(0, this.#remainingMs), this.#expired);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
