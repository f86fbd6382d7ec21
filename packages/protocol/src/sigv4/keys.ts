import { createECDH, createHmac, createPublicKey, createSecretKey, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";

const cacheLimit = 1000;
const signingKeys = new Map<string, KeyObject>();
const publicKeys = new Map<string, KeyObject>();

function remember<T>(cache: Map<string, T>, name: string, make: () => T): T {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const value = make();
  if (cache.size >= cacheLimit) cache.delete(cache.keys().next().value!);
  cache.set(name, value);
  return value;
}

/** SigV4's signing key for one day, region and service: four HMACs, done once and kept (bounded). A key object: an HMAC with raw bytes costs ten times as much. */
export function signingKey(secret: string, date: string, region: string, service: string): KeyObject {
  return remember(signingKeys, `${secret}\n${date}\n${region}\n${service}`, () => {
    const day = hmac(Buffer.from(`AWS4${secret}`, "utf8"), date);
    return createSecretKey(hmac(hmac(hmac(day, region), service), "aws4_request"));
  });
}

/** HMAC-SHA-256; text is taken as latin1 bytes. */
export function hmac(key: KeyObject | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text, "latin1").digest();
}

/** The order of P-256. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * The P-256 key that SigV4A derives from a secret: NIST SP 800-108 in counter mode over the access key id, the first
 * candidate below the order, plus one.
 */
export function asymmetricPublicKey(accessKeyId: string, secret: string): KeyObject {
  return remember(publicKeys, `${accessKeyId}\n${secret}`, () => {
    const ecdh = createECDH("prime256v1");
    ecdh.setPrivateKey(asymmetricPrivateKey(accessKeyId, secret));
    const point = ecdh.getPublicKey();
    return createPublicKey({
      format: "jwk",
      key: { kty: "EC", crv: "P-256", x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url") },
    });
  });
}

function asymmetricPrivateKey(accessKeyId: string, secret: string): Buffer {
  const label = Buffer.from(`AWS4-ECDSA-P256-SHA256\0${accessKeyId}`, "utf8");
  const key = Buffer.from(`AWS4A${secret}`, "utf8");
  for (let counter = 1; counter < 255; counter++) {
    const block = Buffer.concat([Buffer.of(0, 0, 0, 1), label, Buffer.of(counter, 0, 0, 1, 0)]);
    const candidate = BigInt(`0x${createHmac("sha256", key).update(block).digest("hex")}`);
    if (candidate <= order - 2n) return Buffer.from((candidate + 1n).toString(16).padStart(64, "0"), "hex");
  }
  throw new Error("no SigV4A key in 254 candidates");
}

/** Checks a SigV4A signature: hex of a DER sequence; chunk signatures are filled up with `*`. */
export function asymmetricMatches(key: KeyObject, text: string, signature: string): boolean {
  const star = signature.indexOf("*");
  const der = Buffer.from(star < 0 ? signature : signature.slice(0, star), "hex");
  try {
    return der.length > 0 && verify("sha256", Buffer.from(text, "latin1"), key, der);
  } catch {
    return false;
  }
}
