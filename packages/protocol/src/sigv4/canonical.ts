/** The texts that a SigV4 signature covers. Strings here hold one byte a character (latin1), as node hands over headers and targets. */
import { hash } from "node:crypto";

import type { WireRequest } from "../http.ts";
import { rawQueryPairs } from "../query-string.ts";
import type { RequestSignature } from "./parse.ts";

/** What was signed: target and headers as they came over the wire. */
export interface SignableRequest extends Pick<WireRequest, "method" | "headers"> {
  /** Path as received, a virtual-host bucket not moved into it. */
  path: string;
  /** Query as received, without `?`. */
  query: string;
  /** `IncomingMessage.rawHeaders`: repeated headers are signed as they came, which `headers` no longer tells. */
  rawHeaders?: readonly string[];
}

/** Which form of a signature's request to write down. */
export interface CanonicalChoice {
  signedHeaders: readonly string[];
  payloadHash: string;
  canonicalPath: string;
  /** Signed in place of the Host received. */
  host?: string;
}

export const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const hex = Array.from({ length: 256 }, (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`);
const unreserved = new Uint8Array(256);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~") unreserved[character.charCodeAt(0)] = 1;

/** Percent-encodes every byte but the unreserved ones and `/` where `keepSlash`. */
export function uriEncode(bytes: string, keepSlash: boolean): string {
  let out = "";
  let clean = 0;
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes.charCodeAt(i);
    if (unreserved[code] === 1 || (code === 47 && keepSlash)) continue;
    out += bytes.slice(clean, i) + (hex[code] ?? "");
    clean = i + 1;
  }
  return clean === 0 ? bytes : out + bytes.slice(clean);
}

/** Encodes text that may hold escapes already: those stay (in upper case), everything else is encoded. */
function reencode(text: string, options: { keepSlash: boolean; plusIsSpace: boolean }): string {
  let out = "";
  let clean = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (unreserved[code] === 1 || (code === 47 && options.keepSlash)) continue;
    out += text.slice(clean, i);
    if (code === 37 && isHex(text.charCodeAt(i + 1)) && isHex(text.charCodeAt(i + 2))) {
      const byte = parseInt(text.slice(i + 1, i + 3), 16);
      // An escaped letter is the letter; an escaped slash is not the slash that parts a path.
      out += unreserved[byte] === 1 ? String.fromCharCode(byte) : hex[byte]!;
      i += 2;
    } else {
      out += code === 43 && options.plusIsSpace ? "%20" : (hex[code] ?? "");
    }
    clean = i + 1;
  }
  return clean === 0 ? text : out + text.slice(clean);
}

function isHex(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
}

/**
 * The canonical paths that signers are known to write, the documented one first. S3: the path as it is, encoded once.
 * All others: dot segments and doubled slashes removed, then encoded a second time; the JavaScript SDK leaves `!'()*` alone in that.
 */
export function canonicalPaths(path: string, s3: boolean): string[] {
  const received = path === "" ? "/" : path;
  if (s3) {
    const once = reencode(received, { keepSlash: true, plusIsSpace: false });
    return once === received ? [once] : [once, received];
  }
  const normal = normalizePath(received);
  const twice = uriEncode(normal, true);
  const paths = [twice];
  const lenient = encodeURIComponent(normal).replaceAll("%2F", "/");
  if (lenient !== twice) paths.push(lenient);
  if (normal !== received) paths.push(uriEncode(received, true));
  return paths;
}

function normalizePath(path: string): string {
  if (!path.includes("//") && !path.includes("/.")) return path;
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(segment);
  }
  const last = path.endsWith("/") && segments.length > 0 ? "/" : "";
  return `/${segments.join("/")}${last}`;
}

/** Parameters encoded once and sorted by name, then value; a presigned URL's own signature left out. */
export function canonicalQuery(query: string): string {
  if (query === "") return "";
  const pairs: [string, string][] = [];
  for (const [name, value] of rawQueryPairs(query)) {
    const encoded = reencode(name, { keepSlash: false, plusIsSpace: true });
    if (encoded !== "X-Amz-Signature") pairs.push([encoded, reencode(value, { keepSlash: false, plusIsSpace: true })]);
  }
  pairs.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** A header's signed value: every occurrence trimmed, inner runs of spaces made one, joined with commas. */
export function canonicalHeader(request: SignableRequest, name: string): string {
  return headerValue(request, name, squeeze);
}

/** Every occurrence of a header, each put into form by `form`, joined with commas; `""` when there is none. */
export function headerValue(request: SignableRequest, name: string, form: (value: string) => string): string {
  const { rawHeaders } = request;
  if (rawHeaders === undefined) {
    const value = request.headers[name];
    return value === undefined ? "" : Array.isArray(value) ? value.map(form).join(",") : form(value);
  }
  let joined: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const key = rawHeaders[i]!;
    if (key.length !== name.length || key.toLowerCase() !== name) continue;
    const value = form(rawHeaders[i + 1]!);
    joined = joined === undefined ? value : `${joined},${value}`;
  }
  return joined ?? "";
}

const spaces = / {2,}/g;

function squeeze(value: string): string {
  const trimmed = value.trim();
  return trimmed.includes("  ") ? trimmed.replace(spaces, " ") : trimmed;
}

export function canonicalRequest(request: SignableRequest, choice: CanonicalChoice): string {
  let headers = "";
  for (const name of choice.signedHeaders) {
    const value = name === "host" && choice.host !== undefined ? choice.host : canonicalHeader(request, name);
    headers += `${name}:${value}\n`;
  }
  return `${request.method}\n${choice.canonicalPath}\n${canonicalQuery(request.query)}\n${headers}\n${choice.signedHeaders.join(";")}\n${choice.payloadHash}`;
}

/** `algorithm \n time \n scope \n sha256(canonical request)`. */
export function stringToSign(signature: Pick<RequestSignature, "kind" | "timestamp" | "scope">, canonical: string): string {
  const algorithm = signature.kind === "sigv4a" ? "AWS4-ECDSA-P256-SHA256" : "AWS4-HMAC-SHA256";
  return `${algorithm}\n${signature.timestamp}\n${signature.scope}\n${sha256Hex(canonical)}`;
}

/** Hex SHA-256; a string is taken as latin1 bytes. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash("sha256", typeof data === "string" ? Buffer.from(data, "latin1") : data, "hex");
}
