import { canonicalPaths, canonicalRequest, emptySha256, sha256Hex, stringToSign, uriEncode } from "./canonical.ts";
import { hmac, signingKey } from "./keys.ts";
import { formatAmzDate } from "./parse.ts";

export interface SigningCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface SigningOptions {
  credentials: SigningCredentials;
  region: string;
  /** The signing name: `s3` is encoded once, everything else twice. */
  service: string;
  /** When: platform time. */
  nowMs: number;
}

/** A request to sign. Header names in any case; `host` is required. */
export interface UnsignedRequest {
  method: string;
  /** Percent-encoded, as it will be sent. */
  path: string;
  /** Without `?`, percent-encoded, as it will be sent. */
  query?: string;
  headers: Readonly<Record<string, string>>;
  /** The body, for its hash; none is an empty one. */
  body?: Uint8Array;
  /** In place of `body`: its hex SHA-256, `UNSIGNED-PAYLOAD` or a `STREAMING-...` word. */
  payloadHash?: string;
}

/**
 * Signs a request in its headers (SigV4): all of them are signed.
 * @returns the headers to send: those given, in lower case, with `x-amz-date`, `x-amz-content-sha256` (S3), the token and `authorization`.
 */
export function signRequest(request: UnsignedRequest, options: SigningOptions): Record<string, string> {
  const { credentials, service } = options;
  const timestamp = formatAmzDate(options.nowMs);
  const payloadHash = hashOf(request);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  headers["x-amz-date"] = timestamp;
  if (service.startsWith("s3")) headers["x-amz-content-sha256"] = payloadHash;
  if (credentials.sessionToken !== undefined) headers["x-amz-security-token"] = credentials.sessionToken;
  const signedHeaders = Object.keys(headers).filter((name) => !unsignable.has(name)).sort();
  const scope = scopeOf(timestamp, options);
  const signature = sign(request, headers, signedHeaders, payloadHash, timestamp, options);
  headers["authorization"] = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
  return headers;
}

/** Headers that proxies change on the way. */
const unsignable: ReadonlySet<string> = new Set(["authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"]);

/**
 * Presigns a request (SigV4): the headers given are signed and must be sent with it.
 * @param options `expiresSeconds`: at most 604,800.
 * @returns the query to send, without `?`.
 */
export function presignQuery(request: UnsignedRequest, options: SigningOptions & { expiresSeconds: number }): string {
  const { credentials, service } = options;
  const timestamp = formatAmzDate(options.nowMs);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  const signedHeaders = Object.keys(headers).sort();
  const payloadHash = request.body === undefined && service.startsWith("s3") ? (request.payloadHash ?? "UNSIGNED-PAYLOAD") : hashOf(request);
  const added: [string, string][] = [
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", `${credentials.accessKeyId}/${scopeOf(timestamp, options)}`],
    ["X-Amz-Date", timestamp],
    ["X-Amz-Expires", String(options.expiresSeconds)],
    ["X-Amz-SignedHeaders", signedHeaders.join(";")],
  ];
  if (credentials.sessionToken !== undefined) added.push(["X-Amz-Security-Token", credentials.sessionToken]);
  const text = added.map(([name, value]) => `${name}=${uriEncode(value, false)}`).join("&");
  const query = request.query ? `${request.query}&${text}` : text;
  return `${query}&X-Amz-Signature=${sign({ ...request, query }, headers, signedHeaders, payloadHash, timestamp, options)}`;
}

function sign(request: UnsignedRequest, headers: Record<string, string>, signedHeaders: string[], payloadHash: string, timestamp: string, options: SigningOptions): string {
  // What goes over the wire is bytes: text beyond ASCII is signed as its UTF-8.
  const wire = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value, "utf8").toString("latin1")]));
  const canonical = canonicalRequest(
    { method: request.method, path: request.path, query: request.query ?? "", headers: wire },
    { signedHeaders, payloadHash, canonicalPath: canonicalPaths(request.path, options.service.startsWith("s3"))[0]! },
  );
  const scope = scopeOf(timestamp, options);
  const key = signingKey(options.credentials.secretAccessKey, timestamp.slice(0, 8), options.region, options.service);
  return hmac(key, stringToSign({ kind: "sigv4", timestamp, scope }, canonical)).toString("hex");
}

function scopeOf(timestamp: string, { region, service }: SigningOptions): string {
  return `${timestamp.slice(0, 8)}/${region}/${service}/aws4_request`;
}

function hashOf({ body, payloadHash }: UnsignedRequest): string {
  return payloadHash ?? (body === undefined ? emptySha256 : sha256Hex(body));
}
