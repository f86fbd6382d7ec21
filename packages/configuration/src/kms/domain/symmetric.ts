import { createCipheriv, createDecipheriv, createHash } from "node:crypto";

/** Where a ciphertext was made. */
export interface CiphertextOrigin {
  keyId: string;
  /** Which of the key's materials, by number. */
  material: number;
}

export type EncryptionContext = { [name: string]: string };

const marker = Buffer.of(0x01, 0x02, 0x02, 0x00, 0x78);
const ivBytes = 12;
const tagBytes = 16;
const keyIdBytes = 16;
const headBytes = marker.length + 1 + keyIdBytes + 4;

/**
 * Encrypts under a 256-bit material. The result says which key it needs, as KMS's does: marker, kind of key, key id, number of
 * the material, then IV, tag and bytes of AES-GCM, which the encryption context is bound to.
 */
export function encrypt(key: Uint8Array, origin: CiphertextOrigin, plaintext: Uint8Array, context: EncryptionContext | undefined, iv: Buffer): Buffer {
  const multiRegion = origin.keyId.startsWith("mrk-");
  const id = Buffer.from(origin.keyId.replace(/^mrk-/, "").replaceAll("-", ""), "hex");
  const number = Buffer.alloc(4);
  number.writeUInt32BE(origin.material);
  const head = Buffer.concat([marker, Buffer.of(multiRegion ? 1 : 0), id, number]);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  cipher.setAAD(Buffer.concat([head, canonical(context)]));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([head, iv, cipher.getAuthTag(), sealed]);
}

/** Which key a ciphertext needs; undefined for bytes that are none of ours. */
export function originOf(ciphertext: Uint8Array): CiphertextOrigin | undefined {
  const bytes = Buffer.from(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength);
  if (bytes.length < headBytes + ivBytes + tagBytes || !bytes.subarray(0, marker.length).equals(marker)) return undefined;
  const hex = bytes.toString("hex", marker.length + 1, marker.length + 1 + keyIdBytes);
  const keyId = bytes[marker.length] === 1 ? `mrk-${hex}` : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { keyId, material: bytes.readUInt32BE(headBytes - 4) };
}

/** Decrypts; undefined when the bytes were touched or the context is another one. */
export function decrypt(key: Uint8Array, ciphertext: Uint8Array, context: EncryptionContext | undefined): Buffer | undefined {
  const bytes = Buffer.from(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength);
  const iv = bytes.subarray(headBytes, headBytes + ivBytes);
  const tag = bytes.subarray(headBytes + ivBytes, headBytes + ivBytes + tagBytes);
  const decipher = createDecipheriv("aes-256-gcm", key, iv);
  decipher.setAAD(Buffer.concat([bytes.subarray(0, headBytes), canonical(context)]));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(bytes.subarray(headBytes + ivBytes + tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** The order of a context's entries does not matter. */
function canonical(context: EncryptionContext | undefined): Buffer {
  const entries = Object.entries(context ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? Buffer.alloc(0) : createHash("sha256").update(JSON.stringify(entries)).digest();
}
