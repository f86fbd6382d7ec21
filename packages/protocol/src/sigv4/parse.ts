import type { WireRequest } from "../http.ts";
import { queryValue } from "../query-string.ts";
import type { SignatureStyle } from "./errors.ts";
import { checkHeaderForm, checkQueryForm } from "./form.ts";

/** Who signed a request and what the signature claims. Nothing here is proven: `verifySignature` does that. */
export interface RequestSignature {
  kind: "sigv4" | "sigv4a" | "sigv2";
  /** `query` is a presigned URL. */
  source: "header" | "query";
  accessKeyId: string;
  /** The credential scope's day, `yyyymmdd`; `""` for SigV2. */
  date: string;
  /** The credential scope's region, for SigV4A the first of the region set; `""` when it names none (`*`, SigV2). */
  region: string;
  /** The credential scope's signing name, in lower case; `s3` for SigV2, which only S3 still takes. */
  service: string;
  /** Lower-case names in the order given; empty for SigV2. */
  signedHeaders: string[];
  signature: string;
  /** When it was signed, milliseconds since the epoch; `NaN` when the request says so nowhere. For a SigV2 URL: `NaN`. */
  timestampMs: number;
  /** The time as it is written in the string to sign (`20150830T123600Z`, SigV2: the Date header or the Expires value). */
  timestamp: string;
  /** Presigned: seconds from `timestampMs`. SigV2 URLs: seconds since the epoch in `timestamp`, and this is absent. */
  expiresSeconds?: number;
  sessionToken?: string;
  /** `x-amz-content-sha256`: a hex digest or one of the `UNSIGNED-PAYLOAD` and `STREAMING-...` words. */
  contentSha256?: string;
  /** `date/region/service/aws4_request`, as signed. */
  scope: string;
}

export type Signature = { kind: "anonymous" } | RequestSignature;

export type SignatureSource = Pick<WireRequest, "method" | "path" | "query" | "headers">;

const anonymous: Signature = Object.freeze({ kind: "anonymous" });

/**
 * Reads who signed a request: `Authorization`, a presigned query, or nobody.
 *
 * Lenient unless told otherwise, and then it never throws: whatever can be read of a malformed signature is returned
 * (local tools send made-up ones), missing pieces are `""`, and a scheme of somebody else's (`Bearer`, `Basic`, a bare
 * API key) is nobody's business here: anonymous.
 * @param strict the style of the service's errors: a malformed signature is then refused in AWS's words.
 * @throws AwsError `AuthorizationHeaderMalformed`, `AuthorizationQueryParametersError`, `IncompleteSignature`, ... when strict.
 */
export function parseSignature(request: SignatureSource, strict?: SignatureStyle): Signature {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) {
    if (authorization.startsWith("AWS4-")) {
      if (strict !== undefined) checkHeaderForm(request, authorization, strict);
      const parsed = fromHeader(request, authorization);
      if (parsed !== undefined) return parsed;
    } else if (authorization.startsWith("AWS ")) {
      const parsed = fromV2Header(request, authorization);
      if (parsed !== undefined) return parsed;
    }
  }
  const { query } = request;
  if (query === "") return anonymous;
  if (query.includes("X-Amz-")) {
    if (strict !== undefined) checkQueryForm(request, strict);
    const parsed = fromQuery(request);
    if (parsed !== undefined) return parsed;
  }
  if (query.includes("AWSAccessKeyId=")) {
    const parsed = fromV2Query(request);
    if (parsed !== undefined) return parsed;
  }
  return anonymous;
}

/** The `name=value` parts of an `Authorization: AWS4-...` header. */
export function authorizationParts(authorization: string): { algorithm: string; parts: Map<string, string> } {
  const space = authorization.indexOf(" ");
  const algorithm = space < 0 ? authorization : authorization.slice(0, space);
  const parts = new Map<string, string>();
  if (space >= 0) {
    for (const piece of authorization.slice(space + 1).split(",")) {
      const equals = piece.indexOf("=");
      if (equals > 0) parts.set(piece.slice(0, equals).trim(), piece.slice(equals + 1).trim());
    }
  }
  return { algorithm, parts };
}

/** Reads `20150830T123600Z`; `NaN` for anything else. */
export function parseAmzDate(text: string): number {
  if (text.length !== 16 || text[8] !== "T" || text[15] !== "Z") return NaN;
  const digits = (from: number, to: number): number => {
    let value = 0;
    for (let i = from; i < to; i++) {
      const digit = text.charCodeAt(i) - 48;
      if (digit < 0 || digit > 9) return NaN;
      value = value * 10 + digit;
    }
    return value;
  };
  return Date.UTC(digits(0, 4), digits(4, 6) - 1, digits(6, 8), digits(9, 11), digits(11, 13), digits(13, 15));
}

function fromHeader(request: SignatureSource, authorization: string): RequestSignature | undefined {
  const asymmetric = authorization.startsWith("AWS4-ECDSA-P256-SHA256 ");
  const regionSet = asymmetric ? header(request, "x-amz-region-set") : undefined;
  const credential = readCredential(authorizationPart(authorization, "Credential="), asymmetric, regionSet);
  if (credential.accessKeyId === "") return undefined;
  const amzDate = header(request, "x-amz-date");
  const timestampMs = amzDate === undefined ? parseHttpDate(header(request, "date")) : parseAmzDate(amzDate);
  return {
    kind: asymmetric ? "sigv4a" : "sigv4",
    source: "header",
    ...credential,
    signedHeaders: headerList(authorizationPart(authorization, "SignedHeaders=")),
    signature: authorizationPart(authorization, "Signature="),
    timestampMs,
    timestamp: amzDate ?? formatAmzDate(timestampMs),
    ...optional(header(request, "x-amz-security-token"), header(request, "x-amz-content-sha256")),
  };
}

/** One `name=` part of the header, found in place: this runs for every request. */
function authorizationPart(authorization: string, name: string): string {
  let at = authorization.indexOf(name);
  // A name is preceded by the algorithm's space or a comma, not by the rest of a longer one.
  while (at > 0 && authorization[at - 1] !== " " && authorization[at - 1] !== ",") at = authorization.indexOf(name, at + 1);
  if (at <= 0) return "";
  const end = authorization.indexOf(",", at);
  return authorization.slice(at + name.length, end < 0 ? undefined : end).trim();
}

function fromQuery(request: SignatureSource): RequestSignature | undefined {
  const { query } = request;
  const credentialText = queryValue(query, "X-Amz-Credential");
  if (credentialText === undefined) return undefined;
  const asymmetric = queryValue(query, "X-Amz-Algorithm") === "AWS4-ECDSA-P256-SHA256";
  const credential = readCredential(credentialText, asymmetric, queryValue(query, "X-Amz-Region-Set"));
  if (credential.accessKeyId === "") return undefined;
  const timestamp = queryValue(query, "X-Amz-Date") ?? "";
  const expires = queryValue(query, "X-Amz-Expires");
  const parsed: RequestSignature = {
    kind: asymmetric ? "sigv4a" : "sigv4",
    source: "query",
    ...credential,
    signedHeaders: headerList(queryValue(query, "X-Amz-SignedHeaders")),
    signature: queryValue(query, "X-Amz-Signature") ?? "",
    timestampMs: parseAmzDate(timestamp),
    timestamp,
    ...optional(
      queryValue(query, "X-Amz-Security-Token"),
      queryValue(query, "X-Amz-Content-Sha256") ?? header(request, "x-amz-content-sha256"),
    ),
  };
  if (expires !== undefined && expires !== "") parsed.expiresSeconds = Number(expires);
  return parsed;
}

function fromV2Header(request: SignatureSource, authorization: string): RequestSignature | undefined {
  const colon = authorization.lastIndexOf(":");
  if (colon < 5) return undefined;
  const timestamp = header(request, "x-amz-date") ?? header(request, "date") ?? "";
  return {
    ...v2Scope,
    source: "header",
    accessKeyId: authorization.slice(4, colon).trim(),
    signature: authorization.slice(colon + 1).trim(),
    timestampMs: parseHttpDate(timestamp),
    timestamp,
    ...optional(header(request, "x-amz-security-token"), undefined),
  };
}

function fromV2Query(request: SignatureSource): RequestSignature | undefined {
  const { query } = request;
  const accessKeyId = queryValue(query, "AWSAccessKeyId");
  const signature = queryValue(query, "Signature");
  if (!accessKeyId || signature === undefined) return undefined;
  return {
    ...v2Scope,
    source: "query",
    accessKeyId,
    signature,
    timestampMs: NaN,
    timestamp: queryValue(query, "Expires") ?? "",
    ...optional(queryValue(query, "x-amz-security-token"), undefined),
  };
}

const v2Scope = { kind: "sigv2", date: "", region: "", service: "s3", signedHeaders: [] as string[], scope: "" } as const satisfies Partial<RequestSignature>;

/** Splits `key/yyyymmdd/region/service/aws4_request` (SigV4A has no region) from the right: a made-up key may hold slashes. */
function readCredential(
  text: string, asymmetric: boolean, regionSet: string | undefined,
): Pick<RequestSignature, "accessKeyId" | "date" | "region" | "service" | "scope"> {
  const parts = text.split("/");
  const wanted = asymmetric ? 4 : 5;
  const cut = parts.length > wanted ? parts.length - wanted + 1 : 1;
  const accessKeyId = cut === 1 ? parts[0]! : parts.slice(0, cut).join("/");
  const region = asymmetric ? (regionSet?.split(",")[0] ?? "").trim() : (parts[cut + 1] ?? "");
  return {
    accessKeyId,
    date: parts[cut] ?? "",
    region: region === "*" ? "" : region,
    service: (parts[cut + (asymmetric ? 1 : 2)] ?? "").toLowerCase(),
    scope: text.slice(accessKeyId.length + 1),
  };
}

function optional(sessionToken: string | undefined, contentSha256: string | undefined): Pick<RequestSignature, "sessionToken" | "contentSha256"> {
  return { ...(sessionToken ? { sessionToken } : undefined), ...(contentSha256 ? { contentSha256 } : undefined) };
}

function headerList(text: string | undefined): string[] {
  if (text === undefined || text === "") return [];
  const names = text.toLowerCase().split(";");
  return names.every((name) => name !== "" && !name.includes(" ")) ? names : names.map((name) => name.trim()).filter((name) => name !== "");
}

function header(request: SignatureSource, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function parseHttpDate(text: string | undefined): number {
  if (text === undefined || text === "") return NaN;
  const basic = parseAmzDate(text);
  return Number.isNaN(basic) ? Date.parse(text) : basic;
}

/** Writes `20150830T123600Z`; `""` for `NaN`. */
export function formatAmzDate(ms: number): string {
  if (!(Math.abs(ms) <= 8.64e15)) return "";
  return new Date(ms).toISOString().replaceAll("-", "").replaceAll(":", "").replace(/\.\d{3}/, "");
}
