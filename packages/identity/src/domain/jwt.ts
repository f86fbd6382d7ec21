import { createPublicKey, verify, type JsonWebKey } from "node:crypto";

/** A JSON Web Token, taken apart. */
export interface Jwt {
  header: { alg?: string; kid?: string };
  claims: { iss?: string; sub?: string; aud?: string | string[]; azp?: string; exp?: number; nbf?: number; iat?: number; amr?: string[]; [claim: string]: unknown };
  /** What the signature covers. */
  signed: string;
  signature: Buffer;
}

/** Undefined for what is no token. */
export function parseJwt(text: string): Jwt | undefined {
  const parts = text.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as unknown);
    if (typeof header !== "object" || header === null || typeof claims !== "object" || claims === null) return undefined;
    return { header, claims: claims as Jwt["claims"], signed: `${parts[0]}.${parts[1]}`, signature: Buffer.from(parts[2]!, "base64url") };
  } catch {
    return undefined;
  }
}

const DIGESTS: Readonly<Record<string, string>> = { RS256: "sha256", RS384: "sha384", RS512: "sha512", ES256: "sha256", ES384: "sha384", ES512: "sha512" };

/** Whether one of an issuer's keys signed the token. */
export function signedBy({ header, signed, signature }: Jwt, keys: readonly (JsonWebKey & { kid?: string })[]): boolean {
  const digest = DIGESTS[header.alg ?? ""];
  if (digest === undefined) return false;
  return keys.filter(({ kid }) => header.kid === undefined || kid === undefined || kid === header.kid).some((jwk) => {
    try {
      const key = createPublicKey({ key: jwk, format: "jwk" });
      return verify(digest, Buffer.from(signed), header.alg!.startsWith("ES") ? { key, dsaEncoding: "ieee-p1363" } : key, signature);
    } catch {
      return false;
    }
  });
}
