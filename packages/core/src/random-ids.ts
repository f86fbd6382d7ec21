import { randomFillSync } from "node:crypto";
import { lowerCaseAndDigits, type Ids } from "./ids.ts";

const poolSize = 16 * 1024;
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Ids from the operating system's randomness, fetched in batches. */
export class RandomIds implements Ids {
  readonly #pool = Buffer.allocUnsafeSlow(poolSize);
  #used = poolSize;

  uuid(): string {
    const at = this.#take(16);
    const pool = this.#pool;
    const h = (index: number): string => hex[pool[at + index] as number] as string;
    pool[at + 6] = ((pool[at + 6] as number) & 0x0f) | 0x40;
    pool[at + 8] = ((pool[at + 8] as number) & 0x3f) | 0x80;
    return `${h(0)}${h(1)}${h(2)}${h(3)}-${h(4)}${h(5)}-${h(6)}${h(7)}-${h(8)}${h(9)}-${h(10)}${h(11)}${h(12)}${h(13)}${h(14)}${h(15)}`;
  }

  token(length: number, alphabet: string = lowerCaseAndDigits): string {
    // Bytes above the largest multiple of the alphabet's size are dropped, or some characters would be likelier.
    const limit = 256 - (256 % alphabet.length);
    let token = "";
    while (token.length < length) {
      const byte = this.#pool[this.#take(1)] as number;
      if (byte < limit) token += alphabet[byte % alphabet.length];
    }
    return token;
  }

  bytes(length: number): Buffer {
    if (length > poolSize) return randomFillSync(Buffer.allocUnsafeSlow(length));
    const at = this.#take(length);
    return Buffer.from(this.#pool.subarray(at, at + length));
  }

  random(): number {
    const at = this.#take(7);
    // 53 bits: all that a double holds.
    return ((this.#pool.readUIntBE(at, 6) * 32) + ((this.#pool[at + 6] as number) & 31)) / 2 ** 53;
  }

  #take(length: number): number {
    if (this.#used + length > poolSize) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += length;
    return at;
  }
}
