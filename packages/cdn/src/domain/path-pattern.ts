/**
 * A cache behaviour's path pattern, compiled: `*` is any number of characters, `?` exactly one; case counts; a leading
 * slash may be left out. The query string is no part of what is matched.
 */
export function compilePathPattern(pattern: string): (path: string) => boolean {
  const rooted = pattern.startsWith("/") || pattern.startsWith("*") ? pattern : `/${pattern}`;
  if (!/[*?]/.test(rooted)) return (path) => path === rooted;
  // Two common forms need no search.
  const star = rooted.indexOf("*");
  if (star === rooted.length - 1 && !rooted.includes("?")) {
    const prefix = rooted.slice(0, -1);
    return (path) => path.startsWith(prefix);
  }
  if (star === 0 && rooted.lastIndexOf("*") === 0 && !rooted.includes("?")) {
    const suffix = rooted.slice(1);
    return (path) => path.endsWith(suffix);
  }
  return (path) => wildcardMatch(rooted, path);
}

/** Linear-time glob: one remembered star, so that a hostile pattern costs no more than pattern times path. */
export function wildcardMatch(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === "?" || (pattern[p] === text[t] && pattern[p] !== "*"))) {
      p++;
      t++;
    } else if (p < pattern.length && pattern[p] === "*") {
      star = p++;
      resume = t;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
