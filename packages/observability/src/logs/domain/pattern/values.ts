import { RE2JS } from "re2js";

/** A filter pattern that cannot be read, in one sentence. */
export class PatternError extends Error {
  override name = "PatternError";
}

/** AWS allows two regular expressions in a pattern, and these characters in them. */
const REGEX_CHARACTERS = /^(?:[A-Za-z0-9_#=@/;,:"'&<>!~`-]|[[\]()|^$.?+* ]|\\.)*$/;

/**
 * A regular expression between `%` signs. Runs in linear time: the texts that it meets come from anybody.
 *
 * @throws PatternError
 */
export function compileRegex(source: string): (text: string) => boolean {
  if (!REGEX_CHARACTERS.test(source)) throw new PatternError("Invalid regular expression in filter pattern");
  try {
    const regex = RE2JS.compile(source);
    return (text) => regex.matcher(text).find();
  } catch {
    throw new PatternError("Invalid regular expression in filter pattern");
  }
}

/** What a comparison compares with. */
export type Operand =
  | { kind: "text"; text: string }
  | { kind: "number"; number: number; text: string }
  | { kind: "regex"; test: (text: string) => boolean };

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** An unquoted word of a pattern as an operand: a number where it reads as one. */
export function wordOperand(word: string): Operand {
  return NUMBER.test(word) ? { kind: "number", number: Number(word), text: word } : { kind: "text", text: word };
}

/**
 * A test of a value of a message, as text. Numbers compare as numbers, texts may hold `*`.
 *
 * @throws PatternError for an order of things that have none
 */
export function compileComparison(operator: Operator, operand: Operand): (value: string) => boolean {
  if (operator === "=" || operator === "!=") {
    const wanted = operator === "=";
    if (operand.kind === "regex") return (value) => operand.test(value) === wanted;
    if (operand.kind === "text") {
      const test = compileGlob(operand.text);
      return (value) => test(value) === wanted;
    }
    return (value) => (value === operand.text || (NUMBER.test(value) && Number(value) === operand.number)) === wanted;
  }
  if (operand.kind !== "number") throw new PatternError(`Operator ${operator} needs a number`);
  const { number } = operand;
  const compare = { "<": (a: number) => a < number, "<=": (a: number) => a <= number, ">": (a: number) => a > number, ">=": (a: number) => a >= number }[operator];
  return (value) => NUMBER.test(value) && compare(Number(value));
}

/** A text in which `*` stands for any characters. Linear in the text for each star. */
export function compileGlob(glob: string): (text: string) => boolean {
  if (!glob.includes("*")) return (text) => text === glob;
  const parts = glob.split("*");
  const first = parts[0]!;
  const last = parts[parts.length - 1]!;
  const middle = parts.slice(1, -1).filter((part) => part !== "");
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    const end = text.length - last.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}
