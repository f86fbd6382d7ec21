import { headerLines, type RequestHeaders } from "../headers.ts";

/** Request fields that selected a stored answer, with their values then. `*` matches no other request. */
export type Selecting = "*" | readonly (readonly [name: string, value: string])[];

/**
 * Reads `Vary` and remembers the request's values.
 * @param counts whether a field can have made a difference: one that the origin never saw, or that is in the key, cannot.
 */
export function selectingFields(response: readonly string[], request: RequestHeaders, counts: (lowerName: string) => boolean): Selecting {
  const names = variedNames(response);
  if (names.has("*")) return "*";
  return [...names].filter(counts).map((name) => [name, normal(name, request[name])] as const);
}

/** Names in `Vary`, in lower case. */
export function variedNames(response: readonly string[]): Set<string> {
  return new Set(headerLines(response, "vary").flatMap((line) => line.split(",")).map((name) => name.trim().toLowerCase()).filter((name) => name !== ""));
}

/** Whether a request would have been given the same answer. */
export function selectsSame(selecting: Selecting, request: RequestHeaders): boolean {
  return selecting !== "*" && selecting.every(([name, value]) => normal(name, request[name]) === value);
}

const ABSENT = "\0absent";

/** White space around list members means nothing; of languages with the same weight, neither do order and case. */
function normal(name: string, value: string | undefined): string {
  if (value === undefined) return ABSENT;
  const plain = value.trim().replace(/\s*,\s*/g, ",");
  if (name !== "accept-language") return plain;
  return plain.toLowerCase().replace(/\s*;\s*q\s*=\s*/g, ";q=").split(",").sort().join(",");
}
