import type { Writable } from "node:stream";

/** Bytes that may wait in memory for the slowest reader of a body that is not kept. */
const WINDOW = 256 * 1024;

/** Why a body ended before its end. */
export class TruncatedBody extends Error {
  override name = "TruncatedBody";
}

/**
 * A body while it arrives and afterwards: one writer, any number of readers, each from its own place. Kept whole while it
 * is to be cached; once `detach`ed, only what a reader still needs is held, and the writer waits for the slowest.
 */
export class Body {
  readonly #chunks: Buffer[] = [];
  /** Offset of the first byte of `#chunks[0]`. */
  #base = 0;
  #length = 0;
  #done = false;
  #failure: Error | undefined;
  #detached = false;
  readonly #readers = new Set<Reader>();
  #room: PromiseWithResolvers<void> | undefined;

  /** A body that is complete from the start. */
  static of(bytes: Buffer): Body {
    const body = new Body();
    if (bytes.length > 0) body.append(bytes);
    body.end();
    return body;
  }

  /** Bytes that have arrived. */
  get length(): number { return this.#length; }
  /** True when all bytes have arrived. */
  get complete(): boolean { return this.#done; }
  get failure(): Error | undefined { return this.#failure; }
  /** True for a body that is not kept for readers to come. */
  get detached(): boolean { return this.#detached; }

  /** Adds bytes; the writer awaits what this returns before it adds more. */
  append(chunk: Buffer): Promise<void> | undefined {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    this.#wake();
    if (!this.#detached) return undefined;
    this.#forget();
    if (this.#length - this.#base <= WINDOW) return undefined;
    return (this.#room ??= Promise.withResolvers<void>()).promise;
  }

  end(): void {
    this.#done = true;
    this.#wake();
  }

  /** The origin broke off: whoever reads learns of it. */
  fail(error: Error): void {
    if (this.#done) return;
    this.#failure = error;
    this.#wake();
    this.#room?.resolve();
  }

  /** No longer kept for readers to come. */
  detach(): void {
    this.#detached = true;
    this.#forget();
  }

  /**
   * Writes bytes `start` to `end` (inclusive; to the end when undefined) and resolves once they are handed over.
   * @throws TruncatedBody, or what `writable` fails with.
   */
  async copyTo(writable: Writable, start = 0, end = Infinity): Promise<void> {
    const reader: Reader = { at: start, wake: undefined };
    this.#readers.add(reader);
    try {
      for (;;) {
        const chunk = this.#chunkAt(reader.at, end);
        if (chunk !== undefined) {
          reader.at += chunk.length;
          if (this.#detached) this.#forget();
          if (!writable.write(chunk)) await drained(writable);
          if (writable.destroyed) throw new Error("The viewer went away.");
        } else if (reader.at > end || this.#done) return;
        else if (this.#failure !== undefined) throw this.#failure;
        else {
          const waiting = Promise.withResolvers<void>();
          reader.wake = waiting.resolve;
          const gone = (): void => waiting.resolve();
          writable.once("close", gone);
          await waiting.promise;
          writable.removeListener("close", gone);
          if (writable.destroyed) throw new Error("The viewer went away.");
        }
      }
    } finally {
      this.#readers.delete(reader);
      if (this.#detached) this.#forget();
    }
  }

  /** All of a complete body that is in memory. */
  bytes(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }

  #chunkAt(offset: number, end: number): Buffer | undefined {
    if (offset >= this.#length || offset > end) return undefined;
    let from = this.#base;
    for (const chunk of this.#chunks) {
      if (offset < from + chunk.length) return chunk.subarray(offset - from, end === Infinity ? undefined : Math.min(chunk.length, end - from + 1));
      from += chunk.length;
    }
    return undefined;
  }

  #wake(): void {
    for (const reader of this.#readers) {
      const { wake } = reader;
      reader.wake = undefined;
      wake?.();
    }
  }

  #forget(): void {
    let needed = this.#length;
    for (const { at } of this.#readers) needed = Math.min(needed, at);
    while (this.#chunks.length > 0 && this.#base + this.#chunks[0]!.length <= needed) this.#base += this.#chunks.shift()!.length;
    if (this.#room !== undefined && this.#length - this.#base <= WINDOW) {
      this.#room.resolve();
      this.#room = undefined;
    }
  }
}

interface Reader {
  at: number;
  wake: (() => void) | undefined;
}

function drained(writable: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      writable.removeListener("drain", done);
      writable.removeListener("close", done);
      resolve();
    };
    writable.once("drain", done);
    writable.once("close", done);
  });
}
