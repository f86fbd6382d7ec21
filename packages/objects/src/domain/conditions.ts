/** What a conditional request says, from the usual four headers or their `x-amz-copy-source-` twins. Times in milliseconds. */
export interface Conditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
  ifModifiedSince?: number | undefined;
  ifUnmodifiedSince?: number | undefined;
}

/** The header that did not hold. */
export type FailedCondition = "If-Match" | "If-None-Match" | "If-Modified-Since" | "If-Unmodified-Since";

/** Whether an entity tag is in a header's list; quotes are optional there and `*` is any. Weak tags never match: S3 has none. */
export function etagMatches(header: string, etag: string): boolean {
  if (header.trim() === "*") return true;
  return header.split(",").some((item) => unquote(item) === etag);
}

/** The bare entity tag of a header's value. */
export function unquote(tag: string): string {
  const text = tag.trim();
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

/**
 * Which condition of a read fails, if any. A true `If-Match` overrules `If-Unmodified-Since`, and a present
 * `If-None-Match` is decided before `If-Modified-Since` (GetObject's documentation, RFC 7232). HTTP dates are whole
 * seconds, so the object's time is cut to them; a date in the future is ignored, as S3 does.
 */
export function failedCondition(conditions: Conditions, etag: string, modifiedMs: number, nowMs: number): FailedCondition | undefined {
  const modified = Math.floor(modifiedMs / 1000) * 1000;
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!etagMatches(ifMatch, etag)) return "If-Match";
  } else if (ifUnmodifiedSince !== undefined && modified > ifUnmodifiedSince) {
    return "If-Unmodified-Since";
  }
  if (ifNoneMatch !== undefined && etagMatches(ifNoneMatch, etag)) return "If-None-Match";
  if (ifModifiedSince !== undefined && ifModifiedSince <= nowMs && modified <= ifModifiedSince) {
    // A copy with a failing date beside an If-None-Match that holds is refused all the same, as is a read.
    return "If-Modified-Since";
  }
  return undefined;
}
