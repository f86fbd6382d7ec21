/**
 * What every generated client carries: it builds requests, signs them with Signature Version 4 where keys are given, and
 * reads answers. It stands alone (browser, Node.js 20 and later): this file is shipped to users as it is in TypeScript
 * clients, and with its types taken off in JavaScript ones.
 */

/** Settings of a client. */
export interface ClientConfig {
  /** Where the API answers, stage included; the generated client knows its own. */
  invokeUrl?: string;
  /** Sent as `x-api-key`. */
  apiKey?: string;
  accessKey?: string;
  secretKey?: string;
  sessionToken?: string;
  region?: string;
  /** Headers of every request: `Authorization` of an authorizer, say. */
  headers?: { [name: string]: string };
  defaultContentType?: string;
  defaultAcceptType?: string;
}

/** One method of the API. */
export interface Operation {
  method: string;
  path: string;
  pathParameters: readonly string[];
  queryParameters: readonly string[];
  headerParameters: readonly string[];
  /** The method asks for a signature. */
  signed: boolean;
}

/** Headers and query parameters that the definition does not name. */
export interface AdditionalParams {
  headers?: { [name: string]: string };
  queryParams?: { [name: string]: string | readonly string[] };
}

export interface ApiResponse<T = unknown> {
  status: number;
  statusText: string;
  headers: { [name: string]: string };
  data: T;
}

/** An answer other than 2xx. */
export class ApiError extends Error {
  readonly response: ApiResponse;

  constructor(response: ApiResponse) {
    super(`Request failed with status code ${response.status}`);
    this.response = response;
  }
}

const encode = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const encodePath = (text: string): string => text.split("/").map(encode).join("/");

function fillPath(operation: Operation, params: { [name: string]: unknown }): string {
  return operation.path.replace(/\{([^}+]+)(\+?)\}/g, (_whole, name: string, greedy: string) => {
    if (params[name] === undefined) throw new Error(`The parameter ${name} is missing`);
    return greedy === "+" ? encodePath(String(params[name])) : encode(String(params[name]));
  });
}

function queryOf(operation: Operation, params: { [name: string]: unknown }, additional: AdditionalParams): [string, string][] {
  const query: [string, string][] = [];
  const add = (name: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    for (const one of Array.isArray(value) ? value : [value]) query.push([name, String(one)]);
  };
  for (const name of operation.queryParameters) add(name, params[name]);
  for (const [name, value] of Object.entries(additional.queryParams ?? {})) add(name, value);
  return query;
}

const toHex = (bytes: ArrayBuffer): string => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
type Bytes = ArrayBuffer | Uint8Array<ArrayBuffer>;
const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

async function hmac(key: Bytes, text: string): Promise<ArrayBuffer> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return crypto.subtle.sign("HMAC", imported, utf8(text));
}

/** Adds the headers of Signature Version 4. */
async function sign(config: ClientConfig, method: string, url: URL, headers: { [name: string]: string }, body: string): Promise<void> {
  const region = config.region ?? "us-east-1";
  const time = new Date().toISOString().replace(/[:-]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/${region}/execute-api/aws4_request`;
  headers["x-amz-date"] = time;
  if (config.sessionToken !== undefined) headers["x-amz-security-token"] = config.sessionToken;
  const signed: { [name: string]: string } = { host: url.host };
  for (const [name, value] of Object.entries(headers)) if (/^(?:x-amz-|content-type$)/i.test(name)) signed[name.toLowerCase()] = value.trim();
  const names = Object.keys(signed).sort();
  // Each segment is encoded once more, as every service but S3 asks for.
  const path = url.pathname.split("/").map(encode).join("/");
  const query = [...url.searchParams].map(([name, value]) => [encode(name), encode(value)] as const).sort((a, b) => (a[0] === b[0] ? (a[1] < b[1] ? -1 : 1) : a[0] < b[0] ? -1 : 1)).map(([name, value]) => `${name}=${value}`).join("&");
  const digest = async (text: string): Promise<string> => toHex(await crypto.subtle.digest("SHA-256", utf8(text)));
  const canonical = [method, path, query, ...names.map((name) => `${name}:${signed[name]}`), "", names.join(";"), await digest(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, await digest(canonical)].join("\n");
  let key: Bytes = utf8(`AWS4${config.secretKey}`);
  for (const part of scope.split("/")) key = await hmac(key, part);
  headers["Authorization"] = `AWS4-HMAC-SHA256 Credential=${config.accessKey}/${scope}, SignedHeaders=${names.join(";")}, Signature=${toHex(await hmac(key, text))}`;
}

/** Calls one method. Rejects with `ApiError` for an answer other than 2xx. */
export async function invoke<T>(config: ClientConfig, operation: Operation, params: object, body: unknown, additional: AdditionalParams = {}): Promise<ApiResponse<T>> {
  const given = params as { [name: string]: unknown };
  const url = new URL((config.invokeUrl ?? "").replace(/\/$/, "") + fillPath(operation, given));
  url.search = queryOf(operation, given, additional).map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
  const text = body === undefined || body === null || body === "" ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const headers: { [name: string]: string } = { Accept: config.defaultAcceptType ?? "application/json", ...config.headers };
  if (text !== "") headers["Content-Type"] = config.defaultContentType ?? "application/json";
  for (const name of operation.headerParameters) if (given[name] !== undefined) headers[name] = String(given[name]);
  Object.assign(headers, additional.headers);
  if (config.apiKey !== undefined) headers["x-api-key"] = config.apiKey;
  if (operation.signed && config.accessKey !== undefined && config.secretKey !== undefined) await sign(config, operation.method, url, headers, text);
  const answer = await fetch(url, { method: operation.method, headers, ...(text === "" || operation.method === "GET" || operation.method === "HEAD" ? {} : { body: text }) });
  const content = await answer.text();
  let data: unknown = content;
  try {
    if (content !== "") data = JSON.parse(content);
  } catch {
    // Not JSON: the text itself.
  }
  const response = { status: answer.status, statusText: answer.statusText, headers: Object.fromEntries(answer.headers), data } as ApiResponse<T>;
  if (!answer.ok) throw new ApiError(response);
  return response;
}
