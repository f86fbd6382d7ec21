import { constants, createDecipheriv, privateDecrypt } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** The initial value of AES key wrap with padding (RFC 5649). */
const wrapPadIv = Buffer.from("a65959a6", "hex");

/**
 * Takes imported key material out of its wrapping.
 * @returns undefined when it was not wrapped with that key and algorithm.
 */
export function unwrap(key: KeyObject, algorithm: string, wrapped: Uint8Array): Buffer | undefined {
  try {
    switch (algorithm) {
      case "RSAES_PKCS1_V1_5": return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, wrapped);
      case "RSAES_OAEP_SHA_1": return oaep(key, "sha1", wrapped);
      case "RSAES_OAEP_SHA_256": return oaep(key, "sha256", wrapped);
      case "RSA_AES_KEY_WRAP_SHA_1": return hybrid(key, "sha1", wrapped);
      case "RSA_AES_KEY_WRAP_SHA_256": return hybrid(key, "sha256", wrapped);
      default: return undefined;
    }
  } catch {
    return undefined;
  }
}

function oaep(key: KeyObject, oaepHash: string, wrapped: Uint8Array): Buffer {
  return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, wrapped);
}

/** An AES key in one RSA block, then the material wrapped with it. */
function hybrid(key: KeyObject, oaepHash: string, wrapped: Uint8Array): Buffer {
  const block = key.asymmetricKeyDetails!.modulusLength! / 8;
  const aes = oaep(key, oaepHash, wrapped.subarray(0, block));
  const decipher = createDecipheriv(`id-aes${aes.length * 8}-wrap-pad`, aes, wrapPadIv);
  return Buffer.concat([decipher.update(wrapped.subarray(block)), decipher.final()]);
}
