/** A number of places; who finds none waits for one, first come, first served. */
export class Slots {
  readonly #size: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** Takes a place; the result gives it back. Rejects with the signal's reason when it aborts first. */
  enter(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#taken < this.#size) return Promise.resolve(this.#take());
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener("abort", abort);
        resolve(this.#take());
      };
      const abort = (): void => {
        const index = this.#waiting.indexOf(go);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(go);
    });
  }

  #take(): () => void {
    this.#taken += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#taken -= 1;
      this.#waiting.shift()?.();
    };
  }
}
