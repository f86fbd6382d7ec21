import { timingSafeEqual } from "node:crypto";

import { AwsError } from "../error.ts";
import type { ChunkVerifier } from "../aws-chunked.ts";
import { canonicalPaths, canonicalRequest, emptySha256, stringToSign } from "./canonical.ts";
import type { SignableRequest } from "./canonical.ts";
import { invalidSignature } from "./errors.ts";
import type { SignatureStyle } from "./errors.ts";
import { asymmetricMatches, asymmetricPublicKey, hmac, signingKey } from "./keys.ts";
import { formatAmzDate } from "./parse.ts";
import type { RequestSignature } from "./parse.ts";
import { signV2, stringToSignV2 } from "./sigv2.ts";

/** A received request with what is needed beside it to check its signature. */
export interface VerifiableRequest extends SignableRequest {
  /** Hex SHA-256 of the body, where it was read. Services other than S3 sign it without always sending it. */
  bodySha256?: string;
  /** Other Host values to try when the received one fails (`hostAliases`). */
  hostAliases?: Iterable<string>;
  /** The bucket that the host named: part of what SigV2 signs. */
  bucketFromHost?: string | undefined;
}

const s3SkewMs = 900_000;
/** IAM and STS allow 15 minutes, the JSON services 5 (their messages say so: "... - 5 min."). */
const skewMinutes: Record<SignatureStyle, number> = { s3: 15, query: 15, json: 5, "rest-json": 5 };

/**
 * Checks that a signature was made with `secret` over this request, and that its time has come and not gone.
 * @param nowMs platform time.
 * @throws AwsError in the style's words: S3's `SignatureDoesNotMatch` with the strings that should have been signed,
 * `RequestTimeTooSkewed`, `AccessDenied` ("Request has expired", headers not signed); elsewhere `SignatureDoesNotMatch` or
 * `InvalidSignatureException` with the canonical string in the message.
 */
export function verifySignature(signature: RequestSignature, request: VerifiableRequest, secret: string, nowMs: number, style: SignatureStyle): void {
  checkTime(signature, nowMs, style);
  if (signature.kind === "sigv2") return verifyV2(signature, request, secret);
  if (style === "s3") checkSignedHeaders(signature, request);

  const payloadHash = payloadHashOf(signature, request, style);
  const paths = canonicalPaths(request.path, style === "s3");
  const { signedHeaders } = signature;
  for (const canonicalPath of paths) {
    const canonical = canonicalRequest(request, { signedHeaders, payloadHash, canonicalPath });
    if (holds(signature, stringToSign(signature, canonical), secret)) return;
  }
  if (signedHeaders.includes("host")) {
    for (const host of request.hostAliases ?? []) {
      if (host === request.headers.host) continue;
      const canonical = canonicalRequest(request, { signedHeaders, payloadHash, canonicalPath: paths[0]!, host });
      if (holds(signature, stringToSign(signature, canonical), secret)) return;
    }
  }
  throw mismatch(signature, canonicalRequest(request, { signedHeaders, payloadHash, canonicalPath: paths[0]! }), style);
}

/** The verifier of a signed aws-chunked body: its chain starts at the request's own, verified signature. */
export function chunkVerifier(signature: RequestSignature, secret: string): ChunkVerifier {
  const algorithm = signature.kind === "sigv4a" ? "AWS4-ECDSA-P256-SHA256" : "AWS4-HMAC-SHA256";
  let previous = signature.signature;
  const check = (part: string, hashes: string, given: string): void => {
    const text = `${algorithm}-${part}\n${signature.timestamp}\n${signature.scope}\n${previous}\n${hashes}`;
    if (!holds({ ...signature, signature: given }, text, secret)) throw s3Mismatch({ ...signature, signature: given }, text, undefined);
    previous = given;
  };
  return {
    chunk: (sha256, given) => check("PAYLOAD", `${emptySha256}\n${sha256}`, given),
    trailer: (sha256, given) => check("TRAILER", sha256, given),
  };
}

function holds(signature: RequestSignature, text: string, secret: string): boolean {
  if (signature.kind === "sigv4a") {
    return asymmetricMatches(asymmetricPublicKey(signature.accessKeyId, secret), text, signature.signature);
  }
  // The scope is taken as signed, its region's and service's case included.
  const [date = "", region = "", service = ""] = signature.scope.split("/");
  return sameText(hmac(signingKey(secret, date, region, service), text).toString("hex"), signature.signature);
}

/** Compares in a time that depends on the lengths only. */
function sameText(expected: string, given: string): boolean {
  const a = Buffer.from(expected, "latin1");
  const b = Buffer.from(given, "latin1");
  return a.length === b.length && timingSafeEqual(a, b);
}

function payloadHashOf(signature: RequestSignature, request: VerifiableRequest, style: SignatureStyle): string {
  const { contentSha256 } = signature;
  if (style === "s3") return contentSha256 ?? (signature.source === "query" ? "UNSIGNED-PAYLOAD" : emptySha256);
  if (contentSha256 !== undefined && contentSha256.length !== 64) return contentSha256;
  return request.bodySha256 ?? contentSha256 ?? emptySha256;
}

// --- time -------------------------------------------------------------------------------------------------------------

function checkTime(signature: RequestSignature, nowMs: number, style: SignatureStyle): void {
  if (signature.kind === "sigv2" && signature.source === "query") return checkV2Expiry(signature, nowMs);
  const { timestampMs } = signature;
  if (style !== "s3") return checkSkew(signature, nowMs, style);
  if (Number.isNaN(timestampMs)) throw new AwsError("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", { status: 403 });
  if (signature.source === "header") {
    if (Math.abs(nowMs - timestampMs) <= s3SkewMs) return;
    throw new AwsError("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", {
      status: 403,
      fields: { RequestTime: signature.timestamp, ServerTime: isoSeconds(nowMs), MaxAllowedSkewMilliseconds: s3SkewMs },
    });
  }
  if (timestampMs - nowMs > s3SkewMs) {
    throw new AwsError("AccessDenied", "Request is not valid yet", { status: 403, fields: { "X-Amz-Date": isoSeconds(timestampMs), ServerTime: isoSeconds(nowMs) } });
  }
  const expiresSeconds = signature.expiresSeconds ?? 0;
  const endMs = timestampMs + expiresSeconds * 1000;
  if (nowMs > endMs) {
    throw new AwsError("AccessDenied", "Request has expired", {
      status: 403, fields: { "X-Amz-Expires": expiresSeconds, Expires: isoSeconds(endMs), ServerTime: isoSeconds(nowMs) },
    });
  }
}

function checkSkew(signature: RequestSignature, nowMs: number, style: SignatureStyle): void {
  const { timestampMs } = signature;
  const minutes = skewMinutes[style];
  const skewMs = minutes * 60_000;
  if (Number.isNaN(timestampMs)) throw invalidSignature(style, `Date must be in ISO-8601 'basic format'. Got '${signature.timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601`);
  const lifeMs = signature.expiresSeconds === undefined ? skewMs : Math.max(0, signature.expiresSeconds * 1000);
  if (nowMs - lifeMs > timestampMs) {
    throw invalidSignature(style, `Signature expired: ${signature.timestamp} is now earlier than ${formatAmzDate(nowMs - lifeMs)} (${formatAmzDate(nowMs)} - ${lifeMs / 60_000} min.)`);
  }
  if (timestampMs > nowMs + skewMs) {
    throw invalidSignature(style, `Signature not yet current: ${signature.timestamp} is still later than ${formatAmzDate(nowMs + skewMs)} (${formatAmzDate(nowMs)} + ${minutes} min.)`);
  }
  const day = signature.timestamp.slice(0, 8);
  if (signature.date !== day) {
    throw invalidSignature(style, `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${signature.date}' != '${day}', from '${signature.timestamp}'.`);
  }
}

function checkV2Expiry(signature: RequestSignature, nowMs: number): void {
  if (signature.timestamp === "") {
    throw new AwsError("AccessDenied", "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters", { status: 403 });
  }
  const endMs = Number(signature.timestamp) * 1000;
  if (!Number.isInteger(endMs) || Math.abs(endMs) > 8.64e15) {
    throw new AwsError("AccessDenied", `Invalid date (should be seconds since epoch): ${signature.timestamp}`, { status: 403 });
  }
  if (nowMs > endMs) throw new AwsError("AccessDenied", "Request has expired", { status: 403, fields: { Expires: isoSeconds(endMs), ServerTime: isoSeconds(nowMs) } });
}

/** `2013-06-10T23:14:05Z`, as S3 writes times into its errors. */
function isoSeconds(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? `${new Date(ms).toISOString().slice(0, 19)}Z` : "";
}

// --- S3 ---------------------------------------------------------------------------------------------------------------

/** S3 wants the host and every `x-amz-` header signed; only `x-amz-content-sha256` may be added to a presigned URL (seen on AWS). */
function checkSignedHeaders(signature: RequestSignature, request: VerifiableRequest): void {
  const missing: string[] = [];
  for (const name of Object.keys(request.headers)) {
    if (signature.signedHeaders.includes(name)) continue;
    if (name === "host" || (name.startsWith("x-amz-") && name !== "x-amz-content-sha256")) missing.push(name);
  }
  if (missing.length > 0) {
    throw new AwsError("AccessDenied", "There were headers present in the request which were not signed", {
      status: 403, fields: { HeadersNotSigned: missing.sort().join(", ") },
    });
  }
}

function verifyV2(signature: RequestSignature, request: VerifiableRequest, secret: string): void {
  const text = stringToSignV2(signature, request);
  if (sameText(signV2(secret, text), signature.signature)) return;
  // For a bucket as such old clients sign `/bucket/`, whether or not they send the slash.
  const bare = request.bucketFromHost === undefined && /^\/[^/]+$/.test(request.path);
  if (bare && sameText(signV2(secret, stringToSignV2(signature, { ...request, path: `${request.path}/` })), signature.signature)) return;
  throw s3Mismatch(signature, text, undefined);
}

function mismatch(signature: RequestSignature, canonical: string, style: SignatureStyle): AwsError {
  const text = stringToSign(signature, canonical);
  if (style === "s3") return s3Mismatch(signature, text, canonical);
  return invalidSignature(style, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. "
    + `Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'${readable(canonical)}'\n\nThe String-to-Sign should have been\n'${readable(text)}'\n`);
}

function s3Mismatch(signature: RequestSignature, text: string, canonical: string | undefined): AwsError {
  return new AwsError("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.", {
    status: 403,
    fields: {
      AWSAccessKeyId: signature.accessKeyId,
      StringToSign: readable(text),
      SignatureProvided: signature.signature,
      StringToSignBytes: spacedHex(text),
      ...(canonical === undefined ? undefined : { CanonicalRequest: readable(canonical), CanonicalRequestBytes: spacedHex(canonical) }),
    },
  });
}

function readable(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

function spacedHex(latin1: string): string {
  return Array.from(Buffer.from(latin1, "latin1"), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
