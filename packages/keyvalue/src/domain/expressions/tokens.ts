/** The one lexical grammar of all expressions: condition, filter, key condition, projection, update. */

export type TokenKind = "identifier" | "name" | "value" | "number" | "keyword" | "symbol" | "unknown" | "end";

export interface Token {
  kind: TokenKind;
  /** As written; keywords in upper case; `<EOF>` at the end. */
  text: string;
  start: number;
  end: number;
}

/** Words of the grammar: never attribute names, whatever their case. */
const keywords = new Set(["SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"]);

const lexeme = /[ \t\r\n]+|([A-Za-z][A-Za-z0-9_]*)|(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|(0|[1-9][0-9]*)|(<>|<=|>=|[=<>()[\].,+-])|([^])/gu;

/** Splits an expression. Never fails: what is no token of the grammar is `unknown`, for the parser to refuse where it stands. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  for (const match of source.matchAll(lexeme)) {
    const start = match.index;
    const end = start + match[0].length;
    if (match[1] !== undefined) {
      const upper = match[1].toUpperCase();
      tokens.push(keywords.has(upper) ? { kind: "keyword", text: upper, start, end } : { kind: "identifier", text: match[1], start, end });
    } else if (match[2] !== undefined) tokens.push({ kind: "name", text: match[2], start, end });
    else if (match[3] !== undefined) tokens.push({ kind: "value", text: match[3], start, end });
    else if (match[4] !== undefined) tokens.push({ kind: "number", text: match[4], start, end });
    else if (match[5] !== undefined) tokens.push({ kind: "symbol", text: match[5], start, end });
    else if (match[6] !== undefined) tokens.push({ kind: "unknown", text: match[6], start, end });
  }
  tokens.push({ kind: "end", text: "<EOF>", start: source.length, end: source.length });
  return tokens;
}
