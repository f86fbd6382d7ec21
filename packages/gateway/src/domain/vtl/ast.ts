/** The tree of a parsed mapping template: Velocity 1.7's grammar without `#parse`, `#include` and `#evaluate`. */
export type Statement =
  | { type: "text"; text: string }
  | { type: "reference"; reference: Reference }
  | { type: "set"; target: Reference; value: Expression }
  | { type: "if"; branches: { condition: Expression; body: Statement[] }[]; otherwise: Statement[] | undefined }
  | { type: "foreach"; variable: string; items: Expression; body: Statement[] }
  | { type: "define"; name: string; body: Statement[] }
  | { type: "macro"; name: string; parameters: string[]; body: Statement[] }
  | { type: "call"; name: string; args: Expression[]; source: string }
  | { type: "break" }
  | { type: "stop" };

/** `$name.member(args)[index]`. */
export interface Reference {
  name: string;
  path: Step[];
}

export type Step =
  | { type: "property"; name: string }
  | { type: "method"; name: string; args: Expression[] }
  | { type: "index"; index: Expression };

export type BinaryOperator = "or" | "and" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "+" | "-" | "*" | "/" | "%";

export type Expression =
  | { type: "literal"; value: string | number | bigint | boolean }
  | { type: "double"; value: number }
  /** A double-quoted string with references or directives in it: a template of its own. */
  | { type: "interpolated"; body: Statement[] }
  | { type: "ref"; reference: Reference }
  | { type: "list"; items: Expression[] }
  | { type: "range"; from: Expression; to: Expression }
  | { type: "map"; entries: { key: Expression; value: Expression }[] }
  | { type: "not"; operand: Expression }
  | { type: "binary"; operator: BinaryOperator; left: Expression; right: Expression };

/** A template that cannot be parsed, or that broke a bound while rendering. */
export class TemplateError extends Error {
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(line === undefined ? message : `${message} at line ${line}`);
    this.name = "TemplateError";
    this.line = line;
  }
}
