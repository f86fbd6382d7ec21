/**
 * JSON with the places where its values stand. Event patterns and filter policies are refused with a place in their text,
 * in the words of the parser that AWS uses; `JSON.parse` tells neither.
 */

/** A value and where the parser stood when it had read its first token. */
export type Node =
  | { kind: "object"; members: [name: string, value: Node][]; at: Place; end: Place }
  | { kind: "array"; items: Node[]; at: Place; end: Place }
  | { kind: "string"; value: string; at: Place; end: Place }
  | { kind: "number"; value: number; at: Place; end: Place }
  | { kind: "boolean"; value: boolean; at: Place; end: Place }
  | { kind: "null"; value: null; at: Place; end: Place };

/** Counted from one. */
export interface Place {
  line: number;
  column: number;
}

/** A text that is no JSON. */
export class JsonError extends Error {
  override name = "JsonError";
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

const deepest = 64;
const expectedValue = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/** Parses a whole text. @throws JsonError */
export function parseJson(text: string): Node {
  const parser = new Parser(text);
  const node = parser.value(0);
  parser.rest();
  return node;
}

class Parser {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Node {
    if (depth > deepest) throw this.#error("Document nesting depth exceeds the maximum allowed");
    this.#blanks();
    const char = this.#text[this.#offset];
    if (char === undefined) throw this.#error("Unexpected end-of-input");
    if (char === "{") return this.#object(depth);
    if (char === "[") return this.#array(depth);
    if (char === '"') {
      // The parser that is imitated reads a text only when it is asked for: its place is behind the opening quote.
      const at = this.#place(this.#offset + 1);
      return { kind: "string", value: this.#string(), at, end: this.#place() };
    }
    const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(this.#text.slice(this.#offset, this.#offset + 400));
    if (number !== null) {
      this.#offset += number[0].length;
      return { kind: "number", value: Number(number[0]), at: this.#place(), end: this.#place() };
    }
    const word = /^[A-Za-z0-9_$]+/.exec(this.#text.slice(this.#offset, this.#offset + 256))?.[0];
    if (word === undefined) throw this.#unexpected("expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')");
    this.#offset += word.length;
    const place = this.#place();
    if (word === "true" || word === "false") return { kind: "boolean", value: word === "true", at: place, end: place };
    if (word === "null") return { kind: "null", value: null, at: place, end: place };
    throw new JsonError(`Unrecognized token '${word}': ${expectedValue}`, place);
  }

  rest(): void {
    this.#blanks();
    if (this.#offset < this.#text.length) throw this.#unexpected(expectedValue);
  }

  #object(depth: number): Node {
    this.#offset++;
    const at = this.#place();
    const members: [string, Node][] = [];
    this.#blanks();
    if (this.#text[this.#offset] === "}") this.#offset++;
    else {
      for (;;) {
        this.#blanks();
        if (this.#text[this.#offset] !== '"') throw this.#unexpected("was expecting double-quote to start field name");
        const name = this.#string();
        this.#blanks();
        if (this.#text[this.#offset] !== ":") throw this.#unexpected("was expecting a colon to separate field name and value");
        this.#offset++;
        members.push([name, this.value(depth + 1)]);
        this.#blanks();
        const next = this.#text[this.#offset];
        if (next !== "," && next !== "}") throw this.#unexpected("was expecting comma to separate Object entries");
        this.#offset++;
        if (next === "}") break;
      }
    }
    return { kind: "object", members, at, end: this.#place() };
  }

  #array(depth: number): Node {
    this.#offset++;
    const at = this.#place();
    const items: Node[] = [];
    this.#blanks();
    if (this.#text[this.#offset] === "]") this.#offset++;
    else {
      for (;;) {
        items.push(this.value(depth + 1));
        this.#blanks();
        const next = this.#text[this.#offset];
        if (next !== "," && next !== "]") throw this.#unexpected("was expecting comma to separate Array entries");
        this.#offset++;
        if (next === "]") break;
      }
    }
    return { kind: "array", items, at, end: this.#place() };
  }

  #string(): string {
    const start = this.#offset;
    for (let at = start + 1; at < this.#text.length; at++) {
      const char = this.#text[at]!;
      if (char === "\\") at++;
      else if (char === '"') {
        this.#offset = at + 1;
        try {
          return JSON.parse(this.#text.slice(start, at + 1)) as string;
        } catch {
          throw this.#error("Illegal character or escape in a string");
        }
      }
    }
    throw this.#error("Unexpected end-of-input in a string");
  }

  #blanks(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#offset] ?? "x")) this.#offset++;
  }

  #unexpected(expected: string): JsonError {
    const char = this.#text[this.#offset];
    if (char === undefined) return this.#error("Unexpected end-of-input");
    return this.#error(`Unexpected character ('${char}' (code ${char.codePointAt(0)})): ${expected}`);
  }

  #error(message: string): JsonError {
    return new JsonError(message, this.#place());
  }

  #place(offset = this.#offset): Place {
    const before = this.#text.slice(0, offset);
    const lastBreak = before.lastIndexOf("\n");
    return { line: before.split("\n").length, column: offset - lastBreak };
  }
}

/** The plain value of a node. */
export function plain(node: Node): unknown {
  if (node.kind === "object") return Object.fromEntries(node.members.map(([name, value]) => [name, plain(value)]));
  if (node.kind === "array") return node.items.map(plain);
  return node.value;
}
