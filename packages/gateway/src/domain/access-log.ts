import { dotted } from "./selection.ts";

/** Makes the line of an access log out of `$context` as plain data. */
export type AccessLogLine = (context: Record<string, unknown>) => string;

const VARIABLE = /\$context\.([A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*)/g;

/** Compiles a format; what a request does not know reads `-`, as in AWS's logs. */
export function compileAccessLog(format: string): AccessLogLine {
  const texts: string[] = [];
  const names: string[] = [];
  let at = 0;
  for (const match of format.matchAll(VARIABLE)) {
    texts.push(format.slice(at, match.index));
    names.push(match[1]!);
    at = match.index + match[0].length;
  }
  const last = format.slice(at).replace(/[\r\n]+$/, "");
  return (context) => {
    let line = "";
    for (let i = 0; i < names.length; i++) line += texts[i]! + shown(dotted(context, names[i]!));
    return line + last;
  };
}

/** A value in one line: somebody who chooses a header must not begin another entry. */
function shown(value: string | undefined): string {
  return value === undefined || value === "" ? "-" : value.replace(/[\r\n]+/g, " ");
}
