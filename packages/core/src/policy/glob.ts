/** Stand for a star and a question mark that mean themselves: what a variable put in is never a wildcard. */
const LITERAL_STAR = 0xe000;
const LITERAL_MARK = 0xe001;

/** Text as a part of a pattern that matches itself only. */
export function literal(text: string): string {
  return text.replace(/[*?]/g, (char) => String.fromCharCode(char === "*" ? LITERAL_STAR : LITERAL_MARK));
}

/** Matches IAM's wildcards, `*` for any run of characters and `?` for one, in linear time and memory. */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const char = pattern.charCodeAt(p);
    const actual = text.charCodeAt(t);
    if (p < pattern.length && char === 42) {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (char === 63 || char === actual || (char === LITERAL_STAR && actual === 42) || (char === LITERAL_MARK && actual === 63))) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern.charCodeAt(p) === 42) p++;
  return p === pattern.length;
}

/** A pattern compiled to the cheapest test that decides it: most have no wildcard, or one at the end. */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (pattern === "*") return () => true;
  const wild = pattern.search(/[*?]/);
  if (wild < 0) return (text) => text === pattern;
  if (wild === pattern.length - 1 && pattern.endsWith("*")) {
    const start = pattern.slice(0, -1);
    return (text) => text.startsWith(start);
  }
  return (text) => globMatches(pattern, text);
}
