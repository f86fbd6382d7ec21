/**
 * Query strings read in place: a request is asked for one or two parameters, so a map of all of them would be waste.
 * Names are compared as they stand on the wire (AWS's own are plain ASCII); values are decoded.
 */

/** Percent-decodes a query component, `+` as a space; text that is not valid UTF-8 percent-encoding comes back as it is. */
export function decodeQueryComponent(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  return decodePercent(spaced);
}

/** Percent-decodes without touching `+` (paths); text that is not valid UTF-8 percent-encoding comes back as it is. */
export function decodePercent(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The decoded value of the first parameter called `name`; `""` for a bare key; `undefined` when absent. */
export function queryValue(query: string, name: string): string | undefined {
  let from = 0;
  while (from <= query.length) {
    const at = query.indexOf(name, from);
    if (at < 0) return undefined;
    const end = at + name.length;
    const starts = at === 0 || query.charCodeAt(at - 1) === 38; // &
    const next = query.charCodeAt(end); // NaN at the end of the text
    if (starts && (end === query.length || next === 61 || next === 38)) {
      if (next !== 61) return "";
      const stop = query.indexOf("&", end);
      return decodeQueryComponent(query.slice(end + 1, stop < 0 ? undefined : stop));
    }
    from = end;
  }
  return undefined;
}

/** Every `[name, value]` in order, still encoded; a bare key has the value `""`. Empty pieces are dropped. */
export function rawQueryPairs(query: string): [string, string][] {
  const pairs: [string, string][] = [];
  for (const piece of query.split("&")) {
    if (piece === "") continue;
    const equals = piece.indexOf("=");
    pairs.push(equals < 0 ? [piece, ""] : [piece.slice(0, equals), piece.slice(equals + 1)]);
  }
  return pairs;
}

/** Query parameters that belong to a SigV4 signature itself, in lower case. */
const signatureParameters: ReadonlySet<string> = new Set([
  "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature", "x-amz-security-token", "x-amz-region-set",
]);

/**
 * The headers of a presigned request with those that its signer moved into the query (`x-amz-acl=...`,
 * `X-Amz-Meta-Note=...`, `x-amz-checksum-crc32=...`): S3 reads them as headers. A header that was sent as well wins.
 */
export function withHoistedHeaders<H extends Record<string, string | string[] | undefined>>(headers: H, query: string): H {
  if (!query.includes("x-amz-") && !query.includes("X-Amz-")) return headers;
  let merged: Record<string, string | string[] | undefined> | undefined;
  for (const [name, value] of rawQueryPairs(query)) {
    const header = name.toLowerCase();
    if (!header.startsWith("x-amz-") || signatureParameters.has(header) || headers[header] !== undefined) continue;
    merged ??= { ...headers };
    merged[header] = decodeQueryComponent(value);
  }
  return (merged ?? headers) as H;
}
