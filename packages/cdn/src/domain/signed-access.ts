/** Signed URLs and signed cookies (developer guide, "Serve private content with signed URLs and signed cookies"). */
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { wildcardMatch } from "./path-pattern.ts";

/** Why a viewer is refused; the code is CloudFront's own. */
export interface Refusal {
  code: "MissingKey" | "AccessDenied" | "MalformedPolicy" | "InvalidKey" | "MissingPolicy";
  message: string;
}

/** What a signature says. */
interface Signed {
  /** Custom policy, base 64 as sent. */
  policy: string | undefined;
  /** Canned policy: seconds since the epoch. */
  expires: string | undefined;
  signature: string;
  keyPairId: string;
  hash: string;
}

/** A viewer's request, for what its signature may cover. */
export interface SignedRequest {
  /** Query without `?`. */
  query: string;
  cookies: string | undefined;
  /** URLs that the viewer may have signed, best guess first, without a query: schemes, names and forms of the same resource. */
  urls: readonly string[];
  ip: string;
  nowMs: number;
}

const PARAMETERS: ReadonlySet<string> = new Set(["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]);

/** The query that remains: parameters of the signature go no further. */
export function withoutSignature(query: string): string {
  if (!query.includes("Signature=")) return query;
  return query.split("&").filter((part) => !PARAMETERS.has(part.split("=", 1)[0]!)).join("&");
}

/**
 * Checks a viewer's signature. The one in the URL counts before the one in cookies.
 * @param keyOf a trusted public key (PEM) by its id; undefined for one that is not trusted
 */
export function checkSignature(request: SignedRequest, keyOf: (id: string) => string | undefined): Refusal | undefined {
  const signed = fromQuery(request.query) ?? fromCookies(request.cookies);
  if (signed === undefined || signed.keyPairId === "") return { code: "MissingKey", message: "Missing Key-Pair-Id query parameter or cookie value" };
  if (signed.policy === undefined && signed.expires === undefined) return { code: "MissingPolicy", message: "Missing Policy query parameter or cookie value" };
  const pem = keyOf(signed.keyPairId);
  if (pem === undefined) return { code: "InvalidKey", message: "Unknown Key" };
  const key = publicKeyOf(pem);
  const signature = decode(signed.signature);
  const denied: Refusal = { code: "AccessDenied", message: "Access denied" };
  if (key === undefined || signature === undefined) return denied;
  const rest = withoutSignature(request.query);
  const resources = request.urls.map((url) => (rest === "" ? url : `${url}?${rest}`));
  const holds = (policy: string): boolean => {
    try {
      return verify(signed.hash, Buffer.from(policy), key, signature);
    } catch {
      return false;
    }
  };
  if (signed.policy === undefined) {
    if (!/^\d{1,12}$/.test(signed.expires!)) return { code: "MalformedPolicy", message: "Malformed Policy" };
    const valid = resources.some((resource) => holds(`{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${signed.expires}}}}]}`));
    return valid && Number(signed.expires) * 1000 > request.nowMs ? undefined : denied;
  }
  const text = decode(signed.policy)?.toString("utf8");
  const policy = text === undefined ? undefined : parsePolicy(text);
  if (policy === undefined) return { code: "MalformedPolicy", message: "Malformed Policy" };
  if (!holds(text!) || !policyAllows(policy, resources, request)) return denied;
  return undefined;
}

function fromQuery(query: string): Signed | undefined {
  if (!query.includes("Signature=") && !query.includes("Key-Pair-Id=")) return undefined;
  const parameters = new Map(query.split("&").map((part) => {
    const equals = part.indexOf("=");
    return equals < 0 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
  }));
  return signedOf((name) => parameters.get(name));
}

function fromCookies(header: string | undefined): Signed | undefined {
  if (header === undefined || !header.includes("CloudFront-")) return undefined;
  const cookies = new Map(header.split(";").map((part) => {
    const equals = part.indexOf("=");
    return equals < 0 ? [part.trim(), ""] : [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
  }));
  return signedOf((name) => cookies.get(`CloudFront-${name}`));
}

function signedOf(value: (name: string) => string | undefined): Signed | undefined {
  const signature = value("Signature");
  const keyPairId = value("Key-Pair-Id");
  if (signature === undefined && keyPairId === undefined) return undefined;
  return { signature: signature ?? "", keyPairId: keyPairId ?? "", policy: value("Policy"), expires: value("Expires"), hash: value("Hash-Algorithm") === "SHA256" ? "sha256" : "sha1" };
}

/** Base 64 with the characters that URLs allow. */
function decode(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9\-_~]+$/.test(text)) return undefined;
  return Buffer.from(text.replaceAll("-", "+").replaceAll("_", "=").replaceAll("~", "/"), "base64");
}

const keys = new Map<string, KeyObject | undefined>();

function publicKeyOf(pem: string): KeyObject | undefined {
  if (keys.has(pem)) return keys.get(pem);
  let key: KeyObject | undefined;
  try {
    key = createPublicKey(pem);
  } catch {
    key = undefined; // refused when it was created; a restored state may hold anything
  }
  if (keys.size >= 100) keys.clear();
  keys.set(pem, key);
  return key;
}

interface CustomPolicy {
  resource: string | undefined;
  lessThan: number;
  greaterThan: number | undefined;
  sourceIp: string | undefined;
}

function parsePolicy(text: string): CustomPolicy | undefined {
  try {
    const { Statement } = JSON.parse(text) as { Statement?: { Resource?: string; Condition?: { [operator: string]: { [key: string]: unknown } } }[] };
    const [statement] = Statement ?? [];
    const lessThan = statement?.Condition?.["DateLessThan"]?.["AWS:EpochTime"];
    if (statement === undefined || Statement!.length !== 1 || typeof lessThan !== "number") return undefined;
    const greaterThan = statement.Condition?.["DateGreaterThan"]?.["AWS:EpochTime"];
    const sourceIp = statement.Condition?.["IpAddress"]?.["AWS:SourceIp"];
    return {
      resource: typeof statement.Resource === "string" ? statement.Resource : undefined,
      lessThan,
      greaterThan: typeof greaterThan === "number" ? greaterThan : undefined,
      sourceIp: typeof sourceIp === "string" ? sourceIp : undefined,
    };
  } catch {
    return undefined;
  }
}

function policyAllows({ resource, lessThan, greaterThan, sourceIp }: CustomPolicy, resources: readonly string[], { nowMs, ip }: SignedRequest): boolean {
  if (lessThan * 1000 <= nowMs || (greaterThan !== undefined && greaterThan * 1000 > nowMs)) return false;
  if (sourceIp !== undefined && !inRange(ip, sourceIp)) return false;
  // `http*://` is how the guide writes "either scheme".
  return resource === undefined || resources.some((one) => wildcardMatch(resource, one));
}

/** IPv4 only, as in CloudFront's policies. */
function inRange(ip: string, range: string): boolean {
  const [network = "", bits = "32"] = range.split("/");
  const a = ipNumber(ip);
  const b = ipNumber(network);
  const length = Number(bits);
  if (a === undefined || b === undefined || !Number.isInteger(length) || length < 0 || length > 32) return false;
  const size = 2 ** (32 - length);
  return Math.floor(a / size) === Math.floor(b / size);
}

function ipNumber(ip: string): number | undefined {
  const parts = ip.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
