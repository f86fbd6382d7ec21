import { lowerCaseAndDigits, type Ids } from "./ids.ts";

/** Ids that count: the same in every run of a test, each one different from those before. */
export class SequentialIds implements Ids {
  #count = 0;

  uuid(): string {
    return `00000000-0000-4000-8000-${(++this.#count).toString(16).padStart(12, "0")}`;
  }

  token(length: number, alphabet: string = lowerCaseAndDigits): string {
    let rest = ++this.#count;
    let token = "";
    while (token.length < length) {
      token = (alphabet[rest % alphabet.length] as string) + token;
      rest = Math.floor(rest / alphabet.length);
    }
    return token;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let rest = ++this.#count;
    for (let index = length - 1; index >= 0 && rest > 0; index--) {
      bytes[index] = rest & 0xff;
      rest = Math.floor(rest / 256);
    }
    return bytes;
  }

  /** Evenly spread, in a fixed order (multiples of the golden ratio). */
  random(): number {
    return (++this.#count * 0.618033988749895) % 1;
  }
}
