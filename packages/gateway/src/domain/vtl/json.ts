import { Double, JsonList } from "./values.ts";
import type { Value, ValueMap } from "./values.ts";

/** Why a payload is no JSON, in the words of the parser that AWS uses (Jackson). */
export class JsonSyntaxError extends Error {}

const MAX_DEPTH = 200;

/**
 * Parses JSON into template values: key order kept, whole numbers exact, floating point numbers marked. `JSON.parse`
 * reorders integer-like keys and cannot tell `1.0` from `1`.
 */
export function parseJson(source: string): Value {
  const state: State = { source, at: 0, depth: 0 };
  skip(state);
  if (state.at >= source.length) throw new JsonSyntaxError("No content to map due to end-of-input");
  const value = read(state);
  skip(state);
  if (state.at < source.length) throw unexpected(state);
  return value;
}

interface State {
  source: string;
  at: number;
  depth: number;
}

function position(state: State): string {
  let line = 1;
  let column = 1;
  for (let i = 0; i < state.at && i < state.source.length; i++) {
    if (state.source[i] === "\n") {
      line++;
      column = 1;
    } else column++;
  }
  return `\n at [Source: (byte[]); line: ${line}, column: ${column}]`;
}

function unexpected(state: State, expected = "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"): JsonSyntaxError {
  if (state.at >= state.source.length) return new JsonSyntaxError(`Unexpected end-of-input${position(state)}`);
  const token = /^[A-Za-z_$][A-Za-z0-9_$]*/.exec(state.source.slice(state.at, state.at + 100))?.[0];
  if (token !== undefined) return new JsonSyntaxError(`Unrecognized token '${token}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')${position({ ...state, at: state.at + token.length })}`);
  const c = state.source[state.at]!;
  return new JsonSyntaxError(`Unexpected character ('${c}' (code ${c.codePointAt(0)})): ${expected}${position({ ...state, at: state.at + 1 })}`);
}

function skip(state: State): void {
  for (;;) {
    const c = state.source.charCodeAt(state.at);
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return;
    state.at++;
  }
}

function read(state: State): Value {
  const c = state.source[state.at];
  if (c === "{") return readObject(state);
  if (c === "[") return readArray(state);
  if (c === '"') return readString(state);
  if (c === "-" || (c !== undefined && c >= "0" && c <= "9")) return readNumber(state);
  for (const [word, value] of [["true", true], ["false", false], ["null", null]] as const) {
    if (state.source.startsWith(word, state.at) && !/[A-Za-z0-9_$]/.test(state.source[state.at + word.length] ?? "")) {
      state.at += word.length;
      return value;
    }
  }
  throw unexpected(state);
}

function enter(state: State): void {
  if (++state.depth > MAX_DEPTH) throw new JsonSyntaxError(`Document nesting depth (${state.depth}) exceeds the maximum allowed (${MAX_DEPTH})`);
}

function readObject(state: State): ValueMap {
  enter(state);
  const map: ValueMap = new Map();
  state.at++;
  skip(state);
  if (state.source[state.at] === "}") state.at++;
  else {
    for (;;) {
      skip(state);
      if (state.source[state.at] !== '"') throw unexpected(state, "was expecting double-quote to start field name");
      const key = readString(state);
      skip(state);
      if (state.source[state.at] !== ":") throw unexpected(state, "was expecting a colon to separate field name and value");
      state.at++;
      skip(state);
      map.set(key, read(state));
      skip(state);
      const c = state.source[state.at];
      if (c !== "," && c !== "}") throw unexpected(state, "was expecting comma to separate Object entries");
      state.at++;
      if (c === "}") break;
    }
  }
  state.depth--;
  return map;
}

function readArray(state: State): JsonList {
  enter(state);
  const list = new JsonList();
  state.at++;
  skip(state);
  if (state.source[state.at] === "]") state.at++;
  else {
    for (;;) {
      skip(state);
      list.push(read(state));
      skip(state);
      const c = state.source[state.at];
      if (c !== "," && c !== "]") throw unexpected(state, "was expecting comma to separate Array entries");
      state.at++;
      if (c === "]") break;
    }
  }
  state.depth--;
  return list;
}

function readString(state: State): string {
  const start = state.at;
  let end = start + 1;
  for (;;) {
    const c = state.source.charCodeAt(end);
    if (Number.isNaN(c)) {
      state.at = state.source.length;
      throw unexpected(state);
    }
    if (c === 34) break;
    if (c < 32) {
      state.at = end;
      throw new JsonSyntaxError(`Illegal unquoted character ((CTRL-CHAR, code ${c})): has to be escaped using backslash to be included in string value${position(state)}`);
    }
    end += c === 92 ? 2 : 1;
  }
  state.at = end + 1;
  try {
    return JSON.parse(state.source.slice(start, end + 1)) as string;
  } catch {
    state.at = start;
    throw new JsonSyntaxError(`Unrecognized character escape${position(state)}`);
  }
}

function readNumber(state: State): Value {
  const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  pattern.lastIndex = state.at;
  const match = pattern.exec(state.source);
  if (match === null || /[0-9A-Za-z_.]/.test(state.source[pattern.lastIndex] ?? "")) {
    state.at = match === null ? state.at + 1 : pattern.lastIndex;
    if (state.at >= state.source.length) throw unexpected(state);
    const c = state.source[state.at]!;
    throw new JsonSyntaxError(`Unexpected character ('${c}' (code ${c.codePointAt(0)})) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value${position(state)}`);
  }
  state.at = pattern.lastIndex;
  const text = match[0];
  if (/[.eE]/.test(text)) return new Double(Number(text));
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}
