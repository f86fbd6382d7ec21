/** What a function behind a URL answers, as HTTP. */
export interface HttpAnswer {
  status: number;
  headers: [string, string][];
  cookies: string[];
  body: Buffer;
}

/** Bytes between a stream's JSON prelude and its body. */
const DELIMITER = Buffer.alloc(8);
const PRELUDE_MAX = 1_048_576;

/** Headers that are about the connection, which is ours. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"]);

/**
 * Reads a buffered answer: an object with `statusCode` is an HTTP answer, anything else is the body of a 200 in JSON,
 * a string without its quotes. Undefined for what is neither: the caller gets a 502.
 */
export function parseBuffered(bytes: Buffer): HttpAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
  if (value !== null && typeof value === "object" && "statusCode" in value) return fromObject(value as Record<string, unknown>);
  const body = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  return { status: 200, headers: [["Content-Type", "application/json"], ["Content-Length", String(body.length)]], cookies: [], body };
}

/** Reads the prelude of a stream once all of it is there; `body` is what has come of the body. */
export function preludeOf(bytes: Buffer): HttpAnswer | undefined {
  const end = bytes.subarray(0, PRELUDE_MAX).indexOf(DELIMITER);
  if (end < 0) return undefined;
  try {
    const prelude = JSON.parse(bytes.toString("utf8", 0, end)) as Record<string, unknown>;
    const status = prelude["statusCode"] === undefined ? 200 : statusOf(prelude["statusCode"]);
    if (status === undefined) return undefined;
    const headers = headersOf(prelude["headers"]);
    if (!headers.some(([name]) => name.toLowerCase() === "content-type")) headers.push(["Content-Type", "application/octet-stream"]);
    return { status, headers, cookies: cookiesOf(prelude["cookies"]), body: bytes.subarray(end + DELIMITER.length) };
  } catch {
    return undefined;
  }
}

function fromObject(value: Record<string, unknown>): HttpAnswer | undefined {
  const status = statusOf(value["statusCode"]);
  if (status === undefined) return undefined;
  const given = value["body"];
  const text = given === undefined || given === null ? "" : typeof given === "string" ? given : JSON.stringify(given);
  const body = value["isBase64Encoded"] === true ? Buffer.from(text, "base64") : Buffer.from(text);
  const headers = headersOf(value["headers"]);
  if (!headers.some(([name]) => name.toLowerCase() === "content-type")) headers.push(["Content-Type", "application/json"]);
  headers.push(["Content-Length", String(body.length)]);
  return { status, headers, cookies: cookiesOf(value["cookies"]), body };
}

function statusOf(value: unknown): number | undefined {
  const status = typeof value === "string" ? Number(value) : value;
  return typeof status === "number" && Number.isInteger(status) && status >= 100 && status <= 599 ? status : undefined;
}

function headersOf(value: unknown): [string, string][] {
  if (value === null || typeof value !== "object") return [];
  const headers: [string, string][] = [];
  for (const [name, given] of Object.entries(value)) {
    const text = Array.isArray(given) ? given.join(",") : String(given);
    if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !/[^\t\x20-\x7e\x80-\xff]/.test(text) && !HOP_BY_HOP.has(name.toLowerCase())) headers.push([name, text]);
  }
  return headers;
}

function cookiesOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String).filter((cookie) => !/[^\t\x20-\x7e\x80-\xff]/.test(cookie)) : [];
}
