import type { Record } from "./record.ts";

/** The last requests, newest last, and those who follow them live. Bounded: old ones fall out. */
export class RecentRequests {
  readonly #ring: (Record | undefined)[];
  #next = 0;
  readonly #followers = new Set<(record: Record) => void>();

  constructor(capacity = 1000) {
    this.#ring = new Array<Record | undefined>(capacity).fill(undefined);
  }

  add(record: Record): void {
    this.#ring[this.#next] = record;
    this.#next = (this.#next + 1) % this.#ring.length;
    for (const follower of this.#followers) follower(record);
  }

  /** Newest first. */
  list(limit = 100): Record[] {
    const found: Record[] = [];
    for (let i = 1; i <= this.#ring.length && found.length < limit; i += 1) {
      const record = this.#ring[(this.#next - i + this.#ring.length) % this.#ring.length];
      if (record === undefined) break;
      found.push(record);
    }
    return found;
  }

  find(requestId: string): Record | undefined {
    return this.#ring.find((record) => record?.requestId === requestId);
  }

  follow(onRecord: (record: Record) => void): Disposable {
    this.#followers.add(onRecord);
    return { [Symbol.dispose]: () => void this.#followers.delete(onRecord) };
  }
}
