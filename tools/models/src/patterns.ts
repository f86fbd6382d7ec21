/**
 * Patterns in AWS's models are `java.util.regex` expressions. Here they become JavaScript ones that compile with the `u` flag and
 * accept the same strings; what has no faithful translation throws, so that somebody decides instead of a wrong match.
 */

/** POSIX classes of Java: ASCII only. `\p{L}`, `\p{Z}` and their kin mean the same in both and pass through. */
const POSIX: Readonly<Record<string, string>> = {
  Alnum: "0-9A-Za-z",
  Alpha: "A-Za-z",
  ASCII: "\\x00-\\x7F",
  Blank: " \\t",
  Digit: "0-9",
  Graph: "\\x21-\\x7E",
  Lower: "a-z",
  Print: "\\x20-\\x7E",
  Punct: "!-\\/:-@\\[-`\\{-~",
  Space: " \\t\\n\\v\\f\\r",
  Upper: "A-Z",
};

/** Java's `\s` knows ASCII white space only; JavaScript's would add every Unicode space and the byte order mark. */
const SPACE = " \\t\\n\\v\\f\\r";
const NOT_SPACE = "\\x00-\\x08\\x0E-\\x1F\\x21-\\u{10FFFF}";

/** With the `u` flag only these may follow a backslash as themselves; `-` also may, inside a class. */
const SYNTAX = new Set("^$\\.*+?()[]{}|/");

/** Translates one pattern. Throws where Java means something that JavaScript cannot say. */
export function translatePattern(java: string): string {
  // `(?i)` and `(?s)` at the start hold for the whole pattern; JavaScript has flags for a group only.
  const inline = /^\(\?([is]+)\)/.exec(java);
  if (inline !== null) return `(?${inline[1]}:${translatePattern(java.slice(inline[0].length))})`;

  let out = "";
  let inClass = false;
  for (let at = 0; at < java.length; ) {
    const char = java[at] as string;
    if (char === "\\") {
      const escape = readEscape(java, at);
      out += translateEscape(escape, inClass);
      at += escape.length;
      continue;
    }
    at++;
    if (inClass) {
      if (char === "[" || java.startsWith("&&", at - 1)) throw new Error(`a class within a class: ${java}`);
      if (char === "]") inClass = false;
      // `[\w-_]`: Java takes the dash as itself next to a class; with `u` JavaScript takes it for a broken range.
      const besideClass = /(\\[wdDW]|\\[pP]\{[^}]*\})$/.test(out) || /^\\[wsdWSDpP]/.test(java.slice(at));
      out += char === "-" && besideClass ? "\\-" : char;
    } else if (char === "[") {
      inClass = true;
      out += char;
    } else if (char === "{" || char === "}" || char === "]") {
      const quantifier = /^\{\d+(,\d*)?\}/.exec(java.slice(at - 1))?.[0];
      // Outside a quantifier a lone brace or bracket stands for itself in Java; `u` wants it escaped.
      out += quantifier ?? `\\${char}`;
      if (quantifier !== undefined) at += quantifier.length - 1;
      if (quantifier !== undefined && java[at] === "+") throw new Error(`a possessive quantifier: ${java}`);
    } else {
      if ("*+?".includes(char) && java[at] === "+") throw new Error(`a possessive quantifier: ${java}`);
      out += char;
    }
  }
  new RegExp(out, "u");
  return out;
}

function readEscape(java: string, at: number): string {
  return /^\\(?:[pP]\{[^}]*\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|x\{[0-9A-Fa-f]+\}|c.|[1-9]\d*|.)/s.exec(java.slice(at))?.[0] ?? "\\";
}

function translateEscape(escape: string, inClass: boolean): string {
  const wrap = (body: string) => (inClass ? body : `[${body}]`);
  const kind = escape[1] ?? "";
  if (kind === "p" || kind === "P") {
    const posix = POSIX[escape.slice(3, -1)];
    if (posix === undefined) return escape;
    if (kind === "p") return wrap(posix);
    if (!inClass) return `[^${posix}]`;
    throw new Error(`a negated POSIX class within a class: ${escape}`);
  }
  if (kind === "s") return wrap(SPACE);
  if (kind === "S") return wrap(NOT_SPACE);
  if (/[0-9A-Za-z]/.test(kind)) {
    if (escape.startsWith("\\x{")) return `\\u{${escape.slice(3, -1)}}`;
    if (/[QEAGZzhHRX]/.test(kind)) throw new Error(`no JavaScript for ${escape}`);
    return escape;
  }
  if (SYNTAX.has(kind) || (inClass && kind === "-")) return escape;
  // `\_`, `\:`, `\"`: a needless backslash, which `u` refuses.
  return kind;
}
