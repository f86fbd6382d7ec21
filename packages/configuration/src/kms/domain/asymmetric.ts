import {
  constants, createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman, generateKeyPair, privateDecrypt, privateEncrypt, publicDecrypt, publicEncrypt, sign as signMessage,
  timingSafeEqual, verify as verifyMessage,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { specOf } from "./specs.ts";

const generate = promisify(generateKeyPair);

/** Makes the private key of a spec, PKCS #8 DER. In the thread pool: RSA takes its time. */
export async function makePrivateKey(specName: string): Promise<Buffer> {
  const { bits, curve } = specOf(specName)!;
  const { privateKey } = bits !== undefined
    ? await generate("rsa", { modulusLength: bits })
    : curve === "ed25519" ? await generate("ed25519") : await generate("ec", { namedCurve: curve! });
  return privateKey.export({ type: "pkcs8", format: "der" });
}

/** @throws Error for bytes that are no private key. */
export function privateKeyOf(der: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
}

/** The public half, SPKI DER. */
export function publicDer(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ type: "spki", format: "der" });
}

/** Whether a private key is one of a spec: what somebody imports may be anything. */
export function isOfSpec(key: KeyObject, specName: string): boolean {
  const { bits, curve } = specOf(specName)!;
  const details = key.asymmetricKeyDetails;
  if (bits !== undefined) return key.asymmetricKeyType === "rsa" && details?.modulusLength === bits;
  return curve === "ed25519" ? key.asymmetricKeyType === "ed25519" : key.asymmetricKeyType === "ec" && details?.namedCurve === curve;
}

// --- encryption -------------------------------------------------------------------------------------------------------

/** Bytes that fit into one RSA block. */
export function largestPlaintext(specName: string, algorithm: string): number {
  const hashBytes = algorithm === "RSAES_OAEP_SHA_1" ? 20 : 32;
  return specOf(specName)!.bits! / 8 - 2 * hashBytes - 2;
}

const oaepHash: { [algorithm: string]: string } = { RSAES_OAEP_SHA_1: "sha1", RSAES_OAEP_SHA_256: "sha256" };

export function rsaEncrypt(key: KeyObject, algorithm: string, plaintext: Uint8Array): Buffer {
  return publicEncrypt({ key: createPublicKey(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: oaepHash[algorithm]! }, plaintext);
}

/** Undefined for what the key did not encrypt. */
export function rsaDecrypt(key: KeyObject, algorithm: string, ciphertext: Uint8Array): Buffer | undefined {
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: oaepHash[algorithm]! }, ciphertext);
  } catch {
    return undefined;
  }
}

// --- signatures -------------------------------------------------------------------------------------------------------

/** The hash in an algorithm's name, in Node's words. */
export function hashOf(algorithm: string): string {
  return `sha${/_SHA_(\d+)$/.exec(algorithm)![1]!}`;
}

/** Bytes of a digest that an algorithm takes. */
export function digestBytes(algorithm: string): number {
  return Number(/_SHA_(\d+)$/.exec(algorithm)![1]) / 8;
}

/** Signs a digest, or, with Ed25519, a message. */
export function sign(key: KeyObject, algorithm: string, input: Uint8Array, salt: Buffer): Buffer {
  if (algorithm.startsWith("ED25519")) return signMessage(null, input, key);
  if (algorithm.startsWith("ECDSA")) {
    const { curve, scalar } = curveOf(key);
    return Buffer.from(curve.sign(input, scalar, { prehash: false, lowS: false, format: "der" }));
  }
  if (algorithm.startsWith("RSASSA_PKCS1")) return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(algorithm, input));
  const bits = key.asymmetricKeyDetails!.modulusLength!;
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, pssEncode(input, bits, hashOf(algorithm), salt));
}

/** Verifies a signature of a digest, or, with Ed25519, of a message. */
export function verify(key: KeyObject, algorithm: string, input: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (algorithm.startsWith("ED25519")) return verifyMessage(null, input, createPublicKey(key), signature);
    if (algorithm.startsWith("ECDSA")) {
      const { curve, point } = curveOf(key);
      return curve.verify(signature, input, point, { prehash: false, lowS: false, format: "der" });
    }
    const publicKey = createPublicKey(key);
    if (algorithm.startsWith("RSASSA_PKCS1")) return same(publicDecrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, signature), digestInfo(algorithm, input));
    const bits = key.asymmetricKeyDetails!.modulusLength!;
    return pssVerify(publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature), input, bits, hashOf(algorithm));
  } catch {
    return false;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

const curves = { prime256v1: p256, secp384r1: p384, secp521r1: p521, secp256k1 };

/** Node signs messages only; a digest that somebody else made needs the curve itself. */
function curveOf(key: KeyObject): { curve: typeof p256; scalar: Uint8Array; point: Uint8Array } {
  const name = key.asymmetricKeyDetails!.namedCurve as keyof typeof curves;
  const { d, x, y } = key.export({ format: "jwk" });
  return { curve: curves[name], scalar: Buffer.from(d!, "base64url"), point: Buffer.concat([Buffer.of(4), Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url")]) };
}

const digestPrefixes: { [hash: string]: string } = {
  sha256: "3031300d060960864801650304020105000420", sha384: "3041300d060960864801650304020205000430", sha512: "3051300d060960864801650304020305000440",
};

/** DigestInfo of PKCS #1. */
function digestInfo(algorithm: string, digest: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(digestPrefixes[hashOf(algorithm)]!, "hex"), digest]);
}

/** EMSA-PSS (RFC 8017, 9.1.1), the salt as long as the hash. */
function pssEncode(digest: Uint8Array, modulusBits: number, hash: string, salt: Buffer): Buffer {
  const length = Math.ceil((modulusBits - 1) / 8);
  const inner = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const block = Buffer.concat([Buffer.alloc(length - salt.length - inner.length - 2), Buffer.of(1), salt]);
  const masked = xor(block, mask(inner, block.length, hash));
  masked[0]! &= 0xff >> (8 * length - (modulusBits - 1));
  return Buffer.concat([masked, inner, Buffer.of(0xbc)]);
}

function pssVerify(encoded: Buffer, digest: Uint8Array, modulusBits: number, hash: string): boolean {
  const length = Math.ceil((modulusBits - 1) / 8);
  const hashBytes = digest.length;
  if (encoded.length !== length || encoded.at(-1) !== 0xbc) return false;
  const inner = encoded.subarray(length - hashBytes - 1, length - 1);
  const block = xor(encoded.subarray(0, length - hashBytes - 1), mask(inner, length - hashBytes - 1, hash));
  block[0]! &= 0xff >> (8 * length - (modulusBits - 1));
  const start = block.findIndex((byte) => byte !== 0);
  if (start < 0 || block[start] !== 1) return false;
  return same(inner, createHash(hash).update(Buffer.alloc(8)).update(digest).update(block.subarray(start + 1)).digest());
}

function mask(seed: Uint8Array, length: number, hash: string): Buffer {
  const blocks: Buffer[] = [];
  const counter = Buffer.alloc(4);
  for (let made = 0; made < length; made += blocks.at(-1)!.length) {
    counter.writeUInt32BE(blocks.length);
    blocks.push(createHash(hash).update(seed).update(counter).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ b[at]!));
}

// --- others -----------------------------------------------------------------------------------------------------------

export function mac(key: Uint8Array, algorithm: string, message: Uint8Array): Buffer {
  return createHmac(hashOf(algorithm), key).update(message).digest();
}

export function macMatches(key: Uint8Array, algorithm: string, message: Uint8Array, given: Uint8Array): boolean {
  return same(mac(key, algorithm, message), given);
}

/** The shared secret of ECDH; undefined when the other half is no key of the same curve. */
export function sharedSecret(key: KeyObject, otherDer: Uint8Array): Buffer | undefined {
  try {
    return diffieHellman({ privateKey: key, publicKey: createPublicKey({ key: Buffer.from(otherDer), format: "der", type: "spki" }) });
  } catch {
    return undefined;
  }
}
