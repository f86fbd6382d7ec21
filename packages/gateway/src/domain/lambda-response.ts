import type { GatewayResponse, HeaderList } from "./http-message.ts";

/** A function's answer that is not what its integration expects: the client gets an Internal Server Error. */
export class MalformedProxyResponse extends Error {}

/** Status, headers and body of a function's answer, the body not yet decoded. */
export interface ProxyResponse {
  status: number;
  headers: HeaderList;
  body: string;
  isBase64Encoded: boolean;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** A status code as functions write it: a number or its digits. Zero, negative and unreadable ones are malformed. */
function statusOf(value: unknown): number {
  const status = typeof value === "number" ? value : typeof value === "string" && /^\d+$/.test(value) ? Number(value) : NaN;
  if (!Number.isInteger(status) || status < 100 || status > 599) throw new MalformedProxyResponse("invalid statusCode");
  return status;
}

const scalar = (value: unknown): value is string | number | boolean => typeof value === "string" || typeof value === "number" || typeof value === "boolean";

/** Header values that would break the response apart are the function's mistake. */
function pushHeader(headers: HeaderList, name: string, value: string): void {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) || /[\r\n\0]/.test(value)) throw new MalformedProxyResponse(`invalid header ${JSON.stringify(name)}`);
  headers.push([name, value]);
}

function collectHeaders(single: unknown, multi: unknown): HeaderList {
  if (single !== undefined && single !== null && !isObject(single)) throw new MalformedProxyResponse("headers is not an object");
  if (multi !== undefined && multi !== null && !isObject(multi)) throw new MalformedProxyResponse("multiValueHeaders is not an object");
  // Both may name a header: the values of `multiValueHeaders` come first, the single one joins them, with the case of
  // the single name (recorded: test-multi from both gives "value-multi, value-solo").
  const headers: HeaderList = [];
  const singles = Object.entries((single ?? {}) as Record<string, unknown>);
  const lower = new Map(singles.map(([name]) => [name.toLowerCase(), name]));
  for (const [name, values] of Object.entries((multi ?? {}) as Record<string, unknown>)) {
    if (!Array.isArray(values)) throw new MalformedProxyResponse(`multiValueHeaders.${name} is not a list`);
    for (const value of values as unknown[]) {
      if (!scalar(value)) throw new MalformedProxyResponse(`multiValueHeaders.${name} holds what is no string`);
      pushHeader(headers, lower.get(name.toLowerCase()) ?? name, String(value));
    }
  }
  for (const [name, value] of singles) {
    if (value === null || value === undefined) continue;
    if (!scalar(value)) throw new MalformedProxyResponse(`headers.${name} is no string`);
    if (!headers.some(([known, text]) => known === name && text === String(value))) pushHeader(headers, name, String(value));
  }
  return headers;
}

const REST_MEMBERS = new Set(["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"]);

/**
 * Reads the answer to a REST API's proxy event, or to an HTTP API's with format 1.0. Throws `MalformedProxyResponse`.
 * @param strict REST APIs refuse an answer with members that they do not know.
 */
export function parseProxyResponse(payload: string, strict = true): ProxyResponse {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    throw new MalformedProxyResponse("the function did not return JSON");
  }
  if (!isObject(value)) throw new MalformedProxyResponse("the function did not return an object");
  // Recorded: an empty object is malformed, and so is a member that is none of these five.
  const members = Object.keys(value);
  if (strict && (members.length === 0 || members.some((name) => !REST_MEMBERS.has(name)))) throw new MalformedProxyResponse("unexpected members");
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = value;
  if (body !== undefined && body !== null && !scalar(body)) throw new MalformedProxyResponse("body is no string");
  if (isBase64Encoded !== undefined && isBase64Encoded !== null && typeof isBase64Encoded !== "boolean") throw new MalformedProxyResponse("isBase64Encoded is no boolean");
  return {
    status: statusCode === undefined || statusCode === null ? 200 : statusOf(statusCode),
    headers: collectHeaders(headers, multiValueHeaders),
    body: body === undefined || body === null ? "" : String(body),
    isBase64Encoded: isBase64Encoded === true,
  };
}

/** Reads the answer to an event of format 2.0: without `statusCode` the whole of it is the JSON body. */
export function parseProxyResponseV2(payload: string): ProxyResponse {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    throw new MalformedProxyResponse("the function did not return JSON");
  }
  if (!isObject(value) || value["statusCode"] === undefined || value["statusCode"] === null) {
    // A string answers as itself, anything else as its JSON; no answer at all is an empty body.
    return {
      status: 200,
      headers: [["content-type", "application/json"]],
      body: typeof value === "string" ? value : value === null ? "null" : JSON.stringify(value),
      isBase64Encoded: false,
    };
  }
  const { statusCode, headers, body, isBase64Encoded, cookies, multiValueHeaders } = value;
  const list = collectHeaders(headers, multiValueHeaders);
  if (cookies !== undefined && cookies !== null) {
    if (!Array.isArray(cookies)) throw new MalformedProxyResponse("cookies is not a list");
    for (const cookie of cookies as unknown[]) if (scalar(cookie)) pushHeader(list, "set-cookie", String(cookie));
  }
  const text = body === undefined || body === null ? "" : scalar(body) ? String(body) : JSON.stringify(body);
  return { status: statusOf(statusCode), headers: list, body: text, isBase64Encoded: isBase64Encoded === true };
}

/** The body as bytes or text, decoded where the function said base64. */
export function bodyOf(response: ProxyResponse): GatewayResponse["body"] {
  return response.isBase64Encoded ? Buffer.from(response.body, "base64") : response.body;
}
