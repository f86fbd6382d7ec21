import type { IncomingHttpHeaders } from "node:http";

/** A request to a function URL. */
export interface UrlRequest {
  account: string;
  requestId: string;
  nowMs: number;
  id: string;
  host: string;
  method: string;
  path: string;
  query: string;
  headers: IncomingHttpHeaders;
  rawHeaders: readonly string[];
  sourceIp: string;
  protocol: string;
  body: Buffer;
  trace: string;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The event of payload format 2.0 that a function URL hands over. */
export function urlEvent(request: UrlRequest): object {
  const { headers } = request;
  const domainName = request.host.replace(/:\d+$/, "");
  const [, port] = /:(\d+)$/.exec(request.host) ?? [];
  const merged: Record<string, string> = {};
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index]!.toLowerCase();
    const value = request.rawHeaders[index + 1]!;
    if (name === "cookie" || name === "connection") continue;
    merged[name] = merged[name] === undefined ? value : `${merged[name]},${value}`;
  }
  merged["x-amzn-trace-id"] ??= request.trace.split(";")[0]!;
  merged["x-forwarded-for"] = merged["x-forwarded-for"] === undefined ? request.sourceIp : `${merged["x-forwarded-for"]}, ${request.sourceIp}`;
  merged["x-forwarded-port"] ??= port ?? "80";
  merged["x-forwarded-proto"] ??= "http";
  const cookies = typeof headers.cookie === "string" ? headers.cookie.split(/; */).filter((cookie) => cookie !== "") : undefined;
  const query = queryOf(request.query);
  const text = isText(headers["content-type"]);
  const rawPath = decodePath(request.path);
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString: request.query,
    ...(cookies === undefined ? {} : { cookies }),
    headers: merged,
    ...(query === undefined ? {} : { queryStringParameters: query }),
    requestContext: {
      accountId: "anonymous",
      apiId: request.id,
      domainName,
      domainPrefix: request.id,
      http: { method: request.method, path: rawPath, protocol: request.protocol, sourceIp: request.sourceIp, userAgent: headers["user-agent"] ?? "" },
      requestId: request.requestId,
      routeKey: "$default",
      stage: "$default",
      time: clfTime(request.nowMs),
      timeEpoch: request.nowMs,
    },
    ...(request.body.length === 0 ? {} : { body: request.body.toString(text ? "utf8" : "base64") }),
    isBase64Encoded: request.body.length > 0 && !text,
  };
}

/** Decoded, where it can be: a path with a broken escape stays as it came. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Values of a name that comes several times are joined by commas. */
function queryOf(query: string): Record<string, string> | undefined {
  if (query === "") return undefined;
  const merged: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) merged[name] = merged[name] === undefined ? value : `${merged[name]},${value}`;
  return merged;
}

/** Bodies of these types are handed over as text, all others as base64; forms are among the others. */
function isText(contentType: string | undefined): boolean {
  if (contentType === undefined) return false;
  const type = contentType.split(";")[0]!.trim().toLowerCase();
  return type.startsWith("text/") || type === "application/json" || type === "application/javascript" || type === "application/xml" || type.endsWith("+json") || type.endsWith("+xml");
}

/** `15/Jan/2026:12:00:00 +0000`. */
function clfTime(ms: number): string {
  const time = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}:${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())} +0000`;
}
