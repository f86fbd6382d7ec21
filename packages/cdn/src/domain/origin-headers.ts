import type { Behavior } from "./behavior.ts";
import { isHopByHop, type RequestHeaders } from "./headers.ts";
import { selectCookies, selects } from "./selection.ts";

/**
 * Request headers that reach the origin though no policy names them, and those that never do (developer guide, "HTTP request
 * headers and CloudFront behavior"). Under legacy settings unknown ones reach it too; under policies they do not.
 */
const ALWAYS: ReadonlySet<string> = new Set([
  "cache-control", "content-length", "content-md5", "content-type", "content-encoding", "date", "expect", "from", "if-match", "if-modified-since", "if-none-match",
  "if-range", "if-unmodified-since", "origin", "pragma", "range", "request-range", "warning", "via",
]);
const REMOVED_UNLESS_NAMED: ReadonlySet<string> = new Set([
  "accept", "accept-charset", "accept-language", "referer", "x-forwarded-proto", "x-http-method-override", "x-real-ip", "user-agent", "max-forwards",
]);

/** What of a viewer request, and what of our own, makes the request to the origin. */
export interface OriginHeadersInput {
  behavior: Behavior;
  method: string;
  headers: RequestHeaders;
  /** Host that the origin sees unless the viewer's is forwarded. */
  originHost: string;
  /** Normalised; empty when the origin shall not compress. */
  acceptEncoding: string;
  viewerIp: string;
  requestId: string;
  domainName: string;
  /** `1.1` or `2.0`. */
  httpVersion: string;
  custom: readonly { HeaderName: string; HeaderValue: string }[];
}

/** Headers for the origin, flat. */
export function originHeaders(input: OriginHeadersInput): string[] {
  const { behavior, method, headers, custom } = input;
  const { forward } = behavior;
  const list: string[] = [];
  const overridden = new Set(custom.map(({ HeaderName }) => HeaderName.toLowerCase()));
  const viewerHost = selects(forward.headers, "host") ? headers["host"] : undefined;
  if (!overridden.has("host")) list.push("Host", viewerHost ?? input.originHost);
  for (const name in headers) {
    if (name === "host" || name === "cookie" || name === "x-forwarded-for" || name === "via" || overridden.has(name) || isHopByHop(name)) continue;
    if (name.startsWith("x-edge-") || name.startsWith("x-amz-cf-") || name === "expect") continue;
    if (name === "accept-encoding") {
      if (behavior.gzip || behavior.brotli || !selects(forward.headers, name)) continue;
    } else if (name === "authorization") {
      // Of a request that may be answered from the cache it is removed unless it is asked for.
      if (!selects(forward.headers, name) && behavior.cachedMethods.has(method)) continue;
    } else if (!selects(forward.headers, name)) {
      if (!ALWAYS.has(name) && (!behavior.legacy || REMOVED_UNLESS_NAMED.has(name))) continue;
    }
    list.push(name, headers[name]!);
  }
  const cookies = selectCookies(headers["cookie"], forward.cookies);
  if (cookies !== "") list.push("Cookie", cookies);
  if (input.acceptEncoding !== "") list.push("Accept-Encoding", input.acceptEncoding);
  if (headers["user-agent"] === undefined || !selects(forward.headers, "user-agent")) list.push("User-Agent", "Amazon CloudFront");
  const forwardedFor = headers["x-forwarded-for"];
  list.push("X-Forwarded-For", forwardedFor === undefined ? input.viewerIp : `${forwardedFor}, ${input.viewerIp}`);
  const via = `${input.httpVersion} ${input.domainName} (CloudFront)`;
  list.push("Via", headers["via"] === undefined ? via : `${headers["via"]}, ${via}`);
  list.push("X-Amz-Cf-Id", input.requestId);
  for (const { HeaderName, HeaderValue } of custom) list.push(HeaderName, HeaderValue);
  return list;
}
