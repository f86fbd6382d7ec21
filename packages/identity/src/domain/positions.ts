/** A place in a document, as IAM counts: lines and columns from one, a column the one after the character. */
export interface Place {
  Line: number;
  Column: number;
}

/**
 * Where each statement of a policy document begins and ends. IAM tells the columns right after the braces: seen on AWS for
 * `{"Version": "2012-10-17", "Statement": {...}}`, whose statement "starts" at column 41.
 */
export function statementPlaces(document: string): { start: Place; end: Place }[] {
  const places: { start: Place; end: Place }[] = [];
  let depth = 0;
  let key: string | undefined;
  let listDepth = -1;
  let start: Place | undefined;
  let startDepth = -1;
  let line = 1;
  let lineStart = 0;
  for (let at = 0; at < document.length; at += 1) {
    const char = document[at]!;
    if (char === "\n") {
      line += 1;
      lineStart = at + 1;
    } else if (char === '"') {
      const begin = at;
      for (at += 1; at < document.length && document[at] !== '"'; at += 1) if (document[at] === "\\") at += 1;
      if (depth === 1 && /^\s*:/.test(document.slice(at + 1, at + 40))) key = document.slice(begin + 1, at);
    } else if (char === "[" || char === "{") {
      if (char === "[" && depth === 1 && key === "Statement") listDepth = 2;
      const opens = char === "{" && start === undefined && ((depth === 1 && key === "Statement") || (depth === 2 && listDepth === 2));
      if (opens) {
        start = { Line: line, Column: at - lineStart + 2 };
        startDepth = depth;
      }
      depth += 1;
    } else if (char === "]" || char === "}") {
      depth -= 1;
      if (char === "}" && start !== undefined && depth === startDepth) {
        places.push({ start, end: { Line: line, Column: at - lineStart + 2 } });
        start = undefined;
      }
      if (depth < listDepth) listDepth = -1;
    }
  }
  return places;
}
