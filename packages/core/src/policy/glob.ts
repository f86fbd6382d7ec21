/** Matches IAM's wildcards, `*` for any run of characters and `?` for one, in linear time and memory. */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const char = pattern.charCodeAt(p);
    if (p < pattern.length && char === 42) {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (char === 63 || char === text.charCodeAt(t))) {
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
