import { headerOf, type RequestHeaders } from "../headers.ts";
import { parseHttpDate } from "../http-date.ts";

/** Whether a stored 200 answers a conditional request with 304 (RFC 9110, section 13.2.2; If-Match is not a cache's business). */
export function notModified(request: RequestHeaders, stored: readonly string[], nowMs: number): boolean {
  const ifNoneMatch = request["if-none-match"];
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() === "*") return true;
    const etag = headerOf(stored, "etag");
    return etag !== undefined && entityTags(ifNoneMatch).some((tag) => weak(tag) === weak(etag));
  }
  const sinceMs = parseHttpDate(request["if-modified-since"], nowMs);
  if (sinceMs === undefined) return false;
  // Without Last-Modified the stored Date, or the time it came, would do (RFC 9111, section 4.3.2).
  const modifiedMs = parseHttpDate(headerOf(stored, "last-modified") ?? headerOf(stored, "date"), nowMs);
  return modifiedMs !== undefined && modifiedMs <= sinceMs;
}

/** Members of a list of entity tags; commas inside quotes are part of a tag. */
export function entityTags(list: string): string[] {
  return list.match(/(?:W\/)?"[^"]*"|[^\s,"]+/g) ?? [];
}

function weak(tag: string): string {
  const text = tag.trim();
  return text.startsWith("W/") ? text.slice(2) : text;
}

/** True for an entity tag that promises the same bytes. */
export function isStrong(etag: string | undefined): boolean {
  return etag !== undefined && etag.startsWith('"');
}

/** Whether `If-Range` lets a range of the stored answer be used. */
export function ifRangeHolds(header: string | undefined, stored: readonly string[], nowMs: number): boolean {
  if (header === undefined) return true;
  const value = header.trim();
  if (value.startsWith('"') || value.startsWith("W/")) return isStrong(value) && value === headerOf(stored, "etag");
  const dateMs = parseHttpDate(value, nowMs);
  return dateMs !== undefined && dateMs === parseHttpDate(headerOf(stored, "last-modified"), nowMs);
}

/** Fields of a 304 that do not replace the stored ones: they describe the body that was sent the first time. */
const KEPT: ReadonlySet<string> = new Set(["content-length", "content-encoding", "content-type", "content-range", "transfer-encoding"]);

/** Stored headers with those of a 304 laid over them (RFC 9111, section 3.2). */
export function freshened(stored: readonly string[], update: readonly string[]): string[] {
  const replaced = new Set<string>();
  for (let i = 0; i < update.length; i += 2) {
    const name = update[i]!.toLowerCase();
    if (!KEPT.has(name)) replaced.add(name);
  }
  // What the origin no longer says of the answer's age is no longer so.
  replaced.add("age");
  const merged: string[] = [];
  for (let i = 0; i < stored.length; i += 2) {
    if (!replaced.has(stored[i]!.toLowerCase())) merged.push(stored[i]!, stored[i + 1]!);
  }
  for (let i = 0; i < update.length; i += 2) {
    if (!KEPT.has(update[i]!.toLowerCase())) merged.push(update[i]!, update[i + 1]!);
  }
  return merged;
}
