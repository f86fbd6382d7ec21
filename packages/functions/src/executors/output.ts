/** CloudWatch Logs takes events of up to 256 KB; a longer line is cut into several, as Lambda does. */
const LINE_MAX = 262_118;
const MAGIC_0 = 0xa5;
const MAGIC_1 = 0x5a;
const HEADER = 16;
const NEWLINE = 0x0a;

/**
 * Splits what a process writes into messages: one for each line, or one for each frame of Lambda's log protocol
 * (`0xa55a00..`, length, timestamp, bytes), which lets our own runtimes keep a message of several lines together.
 * Lines and frames share one pipe, so their order is kept.
 */
export class OutputSplitter {
  readonly #emit: (text: string) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(emit: (text: string) => void) {
    this.#emit = emit;
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      if (bytes.length === 0) break;
      if (bytes[0] === MAGIC_0 && (bytes.length === 1 || bytes[1] === MAGIC_1)) {
        if (bytes.length < HEADER) break;
        const length = bytes.readUInt32BE(4);
        if (bytes.length < HEADER + length) {
          if (length <= 16 * LINE_MAX) break;
          // Not a frame after all: nobody frames megabytes.
          bytes = bytes.subarray(2);
          continue;
        }
        this.#message(bytes.subarray(HEADER, HEADER + length));
        bytes = bytes.subarray(HEADER + length);
        continue;
      }
      const end = bytes.indexOf(NEWLINE);
      if (end < 0) {
        if (bytes.length < LINE_MAX) break;
        this.#message(bytes.subarray(0, LINE_MAX));
        bytes = bytes.subarray(LINE_MAX);
        continue;
      }
      this.#message(bytes.subarray(0, end + 1));
      bytes = bytes.subarray(end + 1);
    }
    // A copy: the rest must not keep a whole chunk alive.
    this.#rest = bytes.length === 0 ? Buffer.alloc(0) : Buffer.from(bytes);
  }

  /** Hands over a last line that has no newline. */
  flush(): void {
    const rest = this.#rest;
    // The first part of a frame waits for the rest of it.
    if (rest.length === 0 || rest[0] === MAGIC_0) return;
    this.#rest = Buffer.alloc(0);
    this.#message(rest);
  }

  #message(bytes: Buffer): void {
    for (let start = 0; start < bytes.length || start === 0; start += LINE_MAX) {
      this.#emit(bytes.toString("utf8", start, Math.min(bytes.length, start + LINE_MAX)));
    }
  }
}
