import type { Clock, Database } from "@cumulet/core";

interface Waiter {
  wake(): void;
}

const known = new WeakMap<Database, Waiters>();

/** Receivers that wait for messages, by queue, the longest waiting first. They outlive a store that is opened anew. */
export class Waiters {
  readonly #waiting = new Map<number, Set<Waiter>>();

  static of(db: Database): Waiters {
    let waiters = known.get(db);
    if (waiters === undefined) known.set(db, (waiters = new Waiters()));
    return waiters;
  }

  /**
   * Resolves when there may be a message, at `untilMs`, or when the receiver goes away.
   * @param untilMs platform time.
   */
  wait(queue: number, untilMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const all = this.#waiting.get(queue) ?? new Set();
      this.#waiting.set(queue, all);
      const done = (): void => {
        timer[Symbol.dispose]();
        signal.removeEventListener("abort", done);
        all.delete(waiter);
        if (all.size === 0 && this.#waiting.get(queue) === all) this.#waiting.delete(queue);
        resolve();
      };
      const waiter = { wake: done };
      all.add(waiter);
      const timer = clock.schedule(Math.max(0, untilMs - clock.now()), done);
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
    });
  }

  /** Wakes up to `count` receivers of a queue, in turn. */
  wake(queue: number, count: number): void {
    const all = this.#waiting.get(queue);
    if (all === undefined) return;
    for (const waiter of [...all].slice(0, count)) waiter.wake();
  }

  /** How many receivers of a queue wait. */
  count(queue: number): number {
    return this.#waiting.get(queue)?.size ?? 0;
  }

  wakeAll(queue: number): void {
    this.wake(queue, Number.POSITIVE_INFINITY);
  }
}
