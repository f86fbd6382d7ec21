import { validationError } from "../errors.ts";

/** The lexical side of PartiQL as DynamoDB speaks it. */

export type TokenKind = "identifier" | "quoted" | "keyword" | "string" | "number" | "parameter" | "ion" | "symbol" | "end";

export interface Token {
  kind: TokenKind;
  /** Keywords in upper case; strings and quoted identifiers without quotes. */
  text: string;
  /** `line:column:length`, from 1, as messages give it. */
  place: string;
}

/** SQL-92's reserved words with PartiQL's own: attributes of these names must be quoted. */
const keywords = new Set(
  ("ABSOLUTE ACTION ADD ALL ALLOCATE ALTER AND ANY ARE AS ASC ASSERTION AT AUTHORIZATION AVG BEGIN BETWEEN BIT BIT_LENGTH BOTH BY CASCADE CASCADED CASE CAST " +
  "CATALOG CHAR CHARACTER CHARACTER_LENGTH CHAR_LENGTH CHECK CLOSE COALESCE COLLATE COLLATION COLUMN COMMIT CONNECT CONNECTION CONSTRAINT CONSTRAINTS " +
  "CONTINUE CONVERT CORRESPONDING COUNT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATE DEALLOCATE DEC DECIMAL " +
  "DECLARE DEFAULT DEFERRABLE DEFERRED DELETE DESC DESCRIBE DESCRIPTOR DIAGNOSTICS DISCONNECT DISTINCT DOMAIN DOUBLE DROP ELSE END ESCAPE EXCEPT EXCEPTION " +
  "EXEC EXECUTE EXISTS EXTERNAL EXTRACT FALSE FETCH FIRST FLOAT FOR FOREIGN FOUND FROM FULL GET GLOBAL GO GOTO GRANT GROUP HAVING IDENTITY IMMEDIATE IN " +
  "INDICATOR INITIALLY INNER INPUT INSENSITIVE INSERT INT INTEGER INTERSECT INTERVAL INTO IS ISOLATION JOIN KEY LANGUAGE LAST LEADING LEFT LEVEL LIKE LIMIT LOCAL " +
  "LOWER MATCH MAX MIN MODULE NAMES NATIONAL NATURAL NCHAR NEXT NO NOT NULL NULLIF NUMERIC OCTET_LENGTH OF ON ONLY OPEN OPTION OR ORDER OUTER OUTPUT OVERLAPS PAD " +
  "PARTIAL POSITION PRECISION PREPARE PRESERVE PRIMARY PRIOR PRIVILEGES PROCEDURE PUBLIC READ REAL REFERENCES RELATIVE RESTRICT REVOKE RIGHT ROLLBACK ROWS SCHEMA " +
  "SCROLL SECTION SELECT SESSION SESSION_USER SET SIZE SMALLINT SOME SPACE SQL SQLCODE SQLERROR SQLSTATE SUBSTRING SUM SYSTEM_USER TABLE TEMPORARY THEN TIME " +
  "TIMESTAMP TO TRAILING TRANSACTION TRANSLATE TRANSLATION TRIM TRUE UNION UNIQUE UNKNOWN UPDATE UPPER USAGE USER USING VALUE VALUES VARCHAR VARYING VIEW WHEN WHENEVER " +
  "WHERE WITH WORK WRITE ZONE MISSING PIVOT UNPIVOT TUPLE REMOVE RETURNING MODIFIED OLD NEW").split(" "),
);
/** Words that are functions or parts of clauses only where one may stand; attributes may be called so. */
for (const word of ["SIZE", "COUNT", "OLD", "NEW", "MODIFIED", "NAMES", "LEVEL", "INPUT", "OUTPUT", "POSITION", "KEY"]) keywords.delete(word);

const lexeme = /\s+|--[^\n]*|\/\*[^]*?\*\/|([A-Za-z_$][A-Za-z0-9_$]*)|"((?:[^"]|"")*)"|'((?:[^']|'')*)'|((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(\?)|`([^`]*)`|(<<|>>|<>|!=|<=|>=|\|\||[=<>()[\]{},.:;*+\-/%])/gy;

/** The fault of a statement that cannot be read. */
export function malformed(detail: string): Error {
  return validationError(`Statement wasn't well formed, can't be processed: ${detail}`);
}

/** Splits a statement. Throws for what is no token at all. */
export function tokenize(statement: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  lexeme.lastIndex = 0;
  let at = 0;
  while (at < statement.length) {
    lexeme.lastIndex = at;
    const match = lexeme.exec(statement);
    if (match === null) throw malformed(`invalid character at, '${statement[at]}'`);
    const [whole, word, quoted, string, number, parameter, ion, symbol] = match;
    const place = `${line}:${at - lineStart + 1}:${whole.length}`;
    if (word !== undefined) {
      const upper = word.toUpperCase();
      tokens.push(keywords.has(upper) ? { kind: "keyword", text: upper, place } : { kind: "identifier", text: word, place });
    } else if (quoted !== undefined) tokens.push({ kind: "quoted", text: quoted.replaceAll('""', '"'), place });
    else if (string !== undefined) tokens.push({ kind: "string", text: string.replaceAll("''", "'"), place });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, place });
    else if (parameter !== undefined) tokens.push({ kind: "parameter", text: "?", place });
    else if (ion !== undefined) tokens.push({ kind: "ion", text: ion, place });
    else if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol, place });
    for (let i = at; i < lexeme.lastIndex; i++) {
      if (statement.charCodeAt(i) === 10) {
        line++;
        lineStart = i + 1;
      }
    }
    at = lexeme.lastIndex;
  }
  tokens.push({ kind: "end", text: "", place: `${line}:${at - lineStart + 1}:0` });
  return tokens;
}
