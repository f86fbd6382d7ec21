/** A member of a Structured Field dictionary, parameters dropped. Inner lists are kept as `undefined`: no directive has one. */
export type BareItem = number | string | boolean | undefined;

/**
 * Parses a dictionary of RFC 8941, which is what targeted cache-control fields are.
 * @returns undefined when the text is not valid; a field that fails to parse is ignored as a whole.
 */
export function parseTargetedDirectives(text: string): Map<string, BareItem> | undefined {
  const parser = new Parser(text);
  try {
    return parser.dictionary();
  } catch {
    return undefined;
  }
}

const key = /[a-z*][a-z0-9_\-.*]*/y;
const number = /-?\d{1,15}(?:\.\d{1,3})?/y;
const string = /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const token = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const bytes = /:[A-Za-z0-9+/=]*:/y;
const boolean = /\?[01]/y;
const spaces = /[ \t]*/y;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.replace(/^ +| +$/g, "");
  }

  dictionary(): Map<string, BareItem> {
    const members = new Map<string, BareItem>();
    while (this.#at < this.#text.length) {
      const name = this.#take(key);
      let value: BareItem = true;
      if (this.#text[this.#at] === "=") {
        this.#at++;
        value = this.#text[this.#at] === "(" ? this.#innerList() : this.#bareItem();
      }
      this.#parameters();
      members.delete(name);
      members.set(name, value);
      this.#take(spaces);
      if (this.#at === this.#text.length) break;
      if (this.#text[this.#at++] !== ",") throw new SyntaxError("no comma");
      this.#take(spaces);
      if (this.#at === this.#text.length) throw new SyntaxError("trailing comma");
    }
    return members;
  }

  #innerList(): undefined {
    this.#at++;
    for (;;) {
      while (this.#text[this.#at] === " ") this.#at++;
      if (this.#text[this.#at] === ")") {
        this.#at++;
        return undefined;
      }
      this.#bareItem();
      this.#parameters();
    }
  }

  #parameters(): void {
    while (this.#text[this.#at] === ";") {
      this.#at++;
      while (this.#text[this.#at] === " ") this.#at++;
      this.#take(key);
      if (this.#text[this.#at] === "=") {
        this.#at++;
        this.#bareItem();
      }
    }
  }

  #bareItem(): BareItem {
    const first = this.#text[this.#at] ?? "";
    if (first === "-" || (first >= "0" && first <= "9")) return Number(this.#take(number));
    if (first === '"') return this.#take(string).slice(1, -1);
    if (first === "?") return this.#take(boolean) === "?1";
    if (first === ":") return this.#take(bytes);
    return this.#take(token);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw new SyntaxError("unexpected character");
    this.#at = pattern.lastIndex;
    return found[0];
  }
}
