import { Lexer } from "./lexer.ts";
import type { Match } from "./pattern.ts";
import { compileComparison } from "./values.ts";

type Condition = (value: string) => boolean;

interface Field {
  /** Empty for one that the pattern only counts. */
  name: string;
  test: Condition | undefined;
}

const NAME = /[A-Za-z_][\w.$-]*|\d+\b/y;
const WORD = /[^\s(),[\]&|"'%]+(?:[^,[\]&|()"'%]*[^\s,[\]&|()"'%])?/y;

/**
 * Fields between spaces; what stands in quotes or brackets is one field. The number of fields has to fit, unless `...` stands for
 * any number.
 *
 * @throws PatternError
 */
export function compileFields(text: string): (message: string) => Match | undefined {
  const lexer = new Lexer(text);
  const before: Field[] = [];
  const after: Field[] = [];
  let ellipsis = false;
  lexer.expect("[");
  if (!lexer.take("]")) {
    do {
      if (lexer.take("...")) {
        if (ellipsis) throw lexer.error();
        ellipsis = true;
      } else (ellipsis ? after : before).push(readField(lexer));
    } while (lexer.take(","));
    lexer.expect("]");
  }
  if (lexer.peek() !== "") throw lexer.error();
  const fixed = before.length + after.length;

  return (message) => {
    const values = splitFields(message);
    if (ellipsis ? values.length < fixed : values.length !== fixed) return undefined;
    const shift = values.length - after.length;
    if (!before.every(({ test }, i) => test === undefined || test(values[i]!))) return undefined;
    if (!after.every(({ test }, i) => test === undefined || test(values[shift + i]!))) return undefined;
    const extracted = (): { [selector: string]: string } => {
      const found: { [selector: string]: string } = {};
      values.forEach((value, i) => {
        const field = i < before.length ? before[i] : i >= shift ? after[i - shift] : undefined;
        // Fields that have no name are shown by their place, from 1.
        found[`$${field?.name || i + 1}`] = value;
      });
      return found;
    };
    return { extracted, value: (selector) => extracted()[selector] };
  };
}

function readField(lexer: Lexer): Field {
  if (lexer.peek() === "," || lexer.peek() === "]") return { name: "", test: undefined };
  const field: Field = { name: "", test: undefined };
  field.test = readOr(lexer, field);
  return field;
}

function readOr(lexer: Lexer, field: Field): Condition | undefined {
  let left = readAnd(lexer, field);
  while (lexer.take("||")) {
    const [a, b] = [left, readAnd(lexer, field)];
    left = (value) => (a === undefined || a(value)) || (b === undefined || b(value));
  }
  return left;
}

function readAnd(lexer: Lexer, field: Field): Condition | undefined {
  let left = readOne(lexer, field);
  while (lexer.take("&&")) {
    const [a, b] = [left, readOne(lexer, field)];
    left = (value) => (a === undefined || a(value)) && (b === undefined || b(value));
  }
  return left;
}

function readOne(lexer: Lexer, field: Field): Condition | undefined {
  if (lexer.take("(")) {
    const inner = readOr(lexer, field);
    lexer.expect(")");
    return inner;
  }
  const name = lexer.read(NAME);
  if (name === undefined) throw lexer.error();
  // A condition speaks of one field: `[status = 404 || status = 410]`.
  if (field.name !== "" && field.name !== name) throw lexer.error();
  field.name = name;
  const operator = lexer.operator();
  if (operator === undefined) return undefined;
  return compileComparison(operator, lexer.operand(WORD));
}

/** The fields of a message, in time linear in its length. */
export function splitFields(message: string): string[] {
  const fields: string[] = [];
  const closing = { quote: 0, bracket: 0 };
  const word = /\S+/y;
  const space = /\s*/y;
  let at = 0;
  for (;;) {
    space.lastIndex = at;
    at += space.exec(message)![0].length;
    if (at >= message.length) return fields;
    const kind = message[at] === '"' ? "quote" : message[at] === "[" ? "bracket" : undefined;
    if (kind !== undefined && closing[kind] >= 0) {
      const end = (closing[kind] = message.indexOf(kind === "quote" ? '"' : "]", at + 1));
      if (end >= 0) {
        fields.push(message.slice(at + 1, end));
        at = end + 1;
        continue;
      }
    }
    word.lastIndex = at;
    const found = word.exec(message)![0];
    fields.push(found);
    at += found.length;
  }
}
