import type { Clock } from "./clock.ts";

interface Timer {
  dueMs: number;
  /** Order of scheduling, for timers of the same time. */
  sequence: number;
  run: () => void;
  /** Place in the heap; -1 when it is not there any more. */
  index: number;
}

/** Timers by platform time: a binary heap, earliest first. */
export class TimerQueue {
  #heap: Timer[] = [];
  #sequence = 0;

  add(dueMs: number, run: () => void): Timer {
    const timer = { dueMs, sequence: this.#sequence++, run, index: this.#heap.length };
    this.#heap.push(timer);
    this.#up(timer);
    return timer;
  }

  remove(timer: Timer): void {
    if (timer.index < 0) return;
    const last = this.#heap.pop() as Timer;
    if (last !== timer) {
      this.#place(last, timer.index);
      this.#up(last);
      this.#down(last);
    }
    timer.index = -1;
  }

  /** When the earliest timer is due. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.dueMs;
  }

  /** Takes the earliest timer that is due at `nowMs` or before. */
  take(nowMs: number): Timer | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }

  #place(timer: Timer, index: number): void {
    this.#heap[index] = timer;
    timer.index = index;
  }

  #up(timer: Timer): void {
    let index = timer.index;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#heap[above] as Timer;
      if (!before(timer, parent)) break;
      this.#place(parent, index);
      index = above;
    }
    this.#place(timer, index);
  }

  #down(timer: Timer): void {
    let index = timer.index;
    for (;;) {
      let below = index * 2 + 1;
      if (below >= this.#heap.length) break;
      const right = this.#heap[below + 1];
      if (right !== undefined && before(right, this.#heap[below] as Timer)) below++;
      const child = this.#heap[below] as Timer;
      if (!before(child, timer)) break;
      this.#place(child, index);
      index = below;
    }
    this.#place(timer, index);
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

/** `sleep` over any clock's `schedule`. */
export function sleep(clock: Pick<Clock, "schedule">, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const abort = (): void => {
      timer[Symbol.dispose]();
      reject(signal?.reason as Error);
    };
    const timer = clock.schedule(delayMs, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
}
