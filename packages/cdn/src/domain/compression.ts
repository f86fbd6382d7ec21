import { headerLines, headerOf, withoutHeaders } from "./headers.ts";

/** Types that CloudFront compresses (developer guide, "Serve compressed files"). */
const TYPES: ReadonlySet<string> = new Set([
  "application/dash+xml", "application/eot", "application/font", "application/font-sfnt", "application/javascript", "application/json", "application/opentype", "application/otf",
  "application/pdf", "application/pkcs7-mime", "application/protobuf", "application/rss+xml", "application/truetype", "application/ttf", "application/vnd.apple.mpegurl",
  "application/vnd.mapbox-vector-tile", "application/vnd.ms-fontobject", "application/wasm", "application/xhtml+xml", "application/xml", "application/x-font-opentype",
  "application/x-font-truetype", "application/x-font-ttf", "application/x-httpd-cgi", "application/x-javascript", "application/x-mpegurl", "application/x-opentype",
  "application/x-otf", "application/x-perl", "application/x-ttf", "font/eot", "font/opentype", "font/otf", "font/ttf", "image/svg+xml", "text/css", "text/csv", "text/html",
  "text/javascript", "text/js", "text/plain", "text/richtext", "text/tab-separated-values", "text/xml", "text/x-component", "text/x-java-source", "text/x-script",
  "vnd.apple.mpegurl",
]);

const SMALLEST = 1_000;
const LARGEST = 10_000_000;
const STATUSES: ReadonlySet<number> = new Set([200, 403, 404]);

/**
 * Which coding the edge gives an answer, if any.
 * @param acceptEncoding normalised: what the viewer takes of what the policy has
 */
export function codingFor(status: number, headers: readonly string[], acceptEncoding: string): "br" | "gzip" | undefined {
  if (acceptEncoding === "" || !STATUSES.has(status)) return undefined;
  if (headerOf(headers, "content-encoding") !== undefined) return undefined;
  const length = Number(headerOf(headers, "content-length") ?? NaN);
  if (!(length >= SMALLEST && length <= LARGEST)) return undefined;
  const type = headerOf(headers, "content-type")?.split(";", 1)[0]!.trim().toLowerCase();
  if (type === undefined || !TYPES.has(type)) return undefined;
  if (headerLines(headers, "cache-control").some((line) => /(?:^|[\s,])no-transform(?:[\s,]|$)/i.test(line))) return undefined;
  return acceptEncoding.startsWith("br") ? "br" : "gzip";
}

/** Headers of a compressed answer: its length is not known yet, and its bytes are not those that a strong tag promises. */
export function compressedHeaders(headers: readonly string[], coding: "br" | "gzip"): string[] {
  const result = withoutHeaders(headers, new Set(["content-length", "accept-ranges"]));
  for (let i = 0; i < result.length; i += 2) {
    if (result[i]!.toLowerCase() === "etag" && result[i + 1]!.startsWith('"')) result[i + 1] = `W/${result[i + 1]}`;
  }
  result.push("Content-Encoding", coding);
  if (!headerLines(headers, "vary").some((line) => /(?:^|[\s,])accept-encoding(?:[\s,]|$)/i.test(line))) result.push("Vary", "Accept-Encoding");
  return result;
}
