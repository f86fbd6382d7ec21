/**
 * Response headers as they stand on the wire: names and values in turn, repeated fields kept apart, case kept. What Node's
 * `writeHead` takes and what an origin sent.
 */
export type HeaderList = string[];

/** Request headers by lower-case name, repeated fields joined, as Node gives them. */
export type RequestHeaders = { [name: string]: string };

/** The first value of a field. */
export function headerOf(headers: readonly string[], lowerName: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) return headers[i + 1];
  }
  return undefined;
}

/** All values of a field, line by line. */
export function headerLines(headers: readonly string[], lowerName: string): string[] {
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) lines.push(headers[i + 1]!);
  }
  return lines;
}

/** The list without the named fields. */
export function withoutHeaders(headers: readonly string[], lowerNames: ReadonlySet<string>): HeaderList {
  const kept: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!lowerNames.has(headers[i]!.toLowerCase())) kept.push(headers[i]!, headers[i + 1]!);
  }
  return kept;
}

/** Sets a field in place: its first line gets the value, further lines go. */
export function setHeader(headers: HeaderList, name: string, value: string): void {
  const lower = name.toLowerCase();
  let set = false;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() !== lower) continue;
    if (set) {
      headers.splice(i, 2);
      i -= 2;
    } else {
      headers[i + 1] = value;
      set = true;
    }
  }
  if (!set) headers.push(name, value);
}

/** Fields that concern one connection only (RFC 9110, section 7.6.1, and those that intermediaries have always taken so). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection", "keep-alive", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
]);

/** The list without fields of the connection, those that `Connection` names included. */
export function endToEnd(headers: readonly string[]): HeaderList {
  let named: Set<string> | undefined;
  for (const line of headerLines(headers, "connection")) {
    for (const token of line.split(",")) (named ??= new Set(HOP_BY_HOP)).add(token.trim().toLowerCase());
  }
  return withoutHeaders(headers, named ?? HOP_BY_HOP);
}

/** True for a request field that concerns one connection only. */
export function isHopByHop(lowerName: string): boolean {
  return HOP_BY_HOP.has(lowerName);
}
