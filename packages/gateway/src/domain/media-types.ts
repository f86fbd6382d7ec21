/** A media type without its parameters, in lower case. */
export function mediaType(header: string | undefined): string {
  return header === undefined ? "" : header.split(";", 1)[0]!.trim().toLowerCase();
}

/** Compiles `binaryMediaTypes`: exact types, `image/*` and `*` + `/*`. */
export function binaryMatcher(types: readonly string[] | undefined): (header: string | undefined) => boolean {
  const exact = new Set<string>();
  const prefixes: string[] = [];
  let all = false;
  for (const type of types ?? []) {
    const lower = type.toLowerCase().replaceAll("~1", "/");
    if (lower === "*/*") all = true;
    else if (lower.endsWith("/*")) prefixes.push(lower.slice(0, -1));
    else exact.add(lower);
  }
  if (!all && exact.size === 0 && prefixes.length === 0) return () => false;
  return (header) => {
    if (all) return true;
    const type = mediaType(header);
    return exact.has(type) || prefixes.some((prefix) => type.startsWith(prefix));
  };
}

/** The first media type of an Accept header, the only one that API Gateway honours. */
export function firstAccepted(header: string | undefined): string {
  return header === undefined ? "" : mediaType(header.split(",", 1)[0]);
}
