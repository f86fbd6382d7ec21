import type { Behavior } from "../behavior.ts";
import type { RequestHeaders } from "../headers.ts";
import { selectCookies, selectQuery } from "../selection.ts";

/** What a request is looked up by. */
export interface KeyParts {
  /** Host of the distribution is no part: all of its names share one cache. Percent-encoding as sent. */
  path: string;
  query: string;
  headers: RequestHeaders;
  /** `br,gzip`, `gzip`, `br` or ``. */
  acceptEncoding: string;
  /** OPTIONS has answers of its own; HEAD shares GET's. */
  method: string;
}

/** The cache key of a request under a behaviour. Starts with the path and a line end, which invalidations look at. */
export function cacheKey(parts: KeyParts, behavior: Behavior): string {
  const { key } = behavior;
  let text = `${parts.path}\n${selectQuery(parts.query, key.queries)}\n${parts.acceptEncoding}\n`;
  if (parts.method === "OPTIONS") text += "OPTIONS\n";
  if (key.headers.mode === "list") {
    for (const name of key.headers.names) text += `${name}:${parts.headers[name] ?? ""}\n`;
  }
  if (key.cookies.mode !== "none") text += selectCookies(parts.headers["cookie"], key.cookies);
  return text;
}

const accepted = /(?:^|,)\s*(br|gzip|\*)\s*(?:;\s*q\s*=\s*([\d.]+)\s*)?(?=,|$)/gi;

/**
 * `Accept-Encoding` as CloudFront normalises it: which of brotli and gzip the viewer takes, of those that the policy has.
 * An empty text when neither.
 */
export function normalizedEncoding(header: string | undefined, gzip: boolean, brotli: boolean): string {
  if (header === undefined || !(gzip || brotli)) return "";
  let takesGzip = false;
  let takesBrotli = false;
  for (const [, coding, quality] of header.matchAll(accepted)) {
    const wanted = quality === undefined || Number(quality) > 0;
    if (coding === "gzip" || coding === "GZIP") takesGzip = wanted;
    else if (coding === "br" || coding === "BR") takesBrotli = wanted;
  }
  if (brotli && takesBrotli) return gzip && takesGzip ? "br,gzip" : "br";
  return gzip && takesGzip ? "gzip" : "";
}
