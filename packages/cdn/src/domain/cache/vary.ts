import { headerLines, type RequestHeaders } from "../headers.ts";

/** Request fields that selected a stored answer, with their values then. `*` matches no other request. */
export type Selecting = "*" | readonly (readonly [name: string, value: string])[];

/** Reads `Vary` and remembers the request's values. */
export function selectingFields(response: readonly string[], request: RequestHeaders): Selecting {
  const names = new Set(headerLines(response, "vary").flatMap((line) => line.split(",")).map((name) => name.trim().toLowerCase()).filter((name) => name !== ""));
  if (names.has("*")) return "*";
  return [...names].map((name) => [name, normal(request[name])] as const);
}

/** Whether a request would have been given the same answer. */
export function selectsSame(selecting: Selecting, request: RequestHeaders): boolean {
  return selecting !== "*" && selecting.every(([name, value]) => normal(request[name]) === value);
}

/** White space around list members means nothing; order may. */
function normal(value: string | undefined): string {
  return value === undefined ? "\0absent" : value.trim().replace(/\s*,\s*/g, ",");
}
