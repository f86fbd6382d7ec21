/**
 * Whether bytes are one JSON text. Lambda refuses events that are not, and an event of 6 MB should not become a string
 * and a tree of objects only to be checked.
 */
export function isJson(bytes: Uint8Array): boolean {
  const scanner = new Scanner(bytes);
  return scanner.document();
}

/** Deeper than this, `JSON.parse` of most runtimes gives up as well. */
const DEPTH_MAX = 5000;

class Scanner {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Iterative, with a bit for each open bracket: no input may exhaust the stack. */
  document(): boolean {
    const bytes = this.#bytes;
    const open: number[] = [];
    this.#space();
    for (;;) {
      // A value is due here.
      const byte = bytes[this.#at];
      if (byte === 0x7b || byte === 0x5b) {
        if (open.length >= DEPTH_MAX) return false;
        this.#at += 1;
        this.#space();
        if (bytes[this.#at] === byte + 2) {
          this.#at += 1;
        } else {
          open.push(byte);
          if (byte === 0x7b && !this.#key()) return false;
          continue;
        }
      } else if (!this.#scalar(byte)) {
        return false;
      }
      // A value has ended: what follows depends on what is open.
      for (;;) {
        this.#space();
        const container = open.at(-1);
        if (container === undefined) return this.#at === bytes.length;
        const next = bytes[this.#at];
        this.#at += 1;
        if (next === 0x2c) {
          this.#space();
          if (container === 0x7b && !this.#key()) return false;
          break;
        }
        if (next !== container + 2) return false;
        open.pop();
      }
    }
  }

  #key(): boolean {
    if (!this.#string()) return false;
    this.#space();
    if (this.#bytes[this.#at] !== 0x3a) return false;
    this.#at += 1;
    this.#space();
    return true;
  }

  #scalar(byte: number | undefined): boolean {
    if (byte === 0x22) return this.#string();
    if (byte === 0x74) return this.#word("true");
    if (byte === 0x66) return this.#word("false");
    if (byte === 0x6e) return this.#word("null");
    return this.#number();
  }

  #string(): boolean {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== 0x22) return false;
    for (let at = this.#at + 1; at < bytes.length; at += 1) {
      const byte = bytes[at]!;
      if (byte === 0x22) {
        this.#at = at + 1;
        return true;
      }
      if (byte < 0x20) return false;
      if (byte === 0x5c) {
        at += 1;
        const escaped = bytes[at];
        if (escaped === 0x75) {
          for (let digit = 0; digit < 4; digit += 1) if (!isHex(bytes[++at])) return false;
        } else if (escaped === undefined || !ESCAPES.has(escaped)) {
          return false;
        }
      }
    }
    return false;
  }

  #number(): boolean {
    const bytes = this.#bytes;
    if (bytes[this.#at] === 0x2d) this.#at += 1;
    if (bytes[this.#at] === 0x30) this.#at += 1;
    else if (!this.#digits()) return false;
    if (bytes[this.#at] === 0x2e) {
      this.#at += 1;
      if (!this.#digits()) return false;
    }
    if (bytes[this.#at] === 0x65 || bytes[this.#at] === 0x45) {
      this.#at += 1;
      if (bytes[this.#at] === 0x2b || bytes[this.#at] === 0x2d) this.#at += 1;
      if (!this.#digits()) return false;
    }
    return true;
  }

  #digits(): boolean {
    const start = this.#at;
    while (this.#bytes[this.#at]! >= 0x30 && this.#bytes[this.#at]! <= 0x39) this.#at += 1;
    return this.#at > start;
  }

  #word(word: string): boolean {
    for (let index = 0; index < word.length; index += 1) if (this.#bytes[this.#at + index] !== word.charCodeAt(index)) return false;
    this.#at += word.length;
    return true;
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at += 1;
    }
  }
}

const ESCAPES = new Set([0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]);

function isHex(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66));
}
