import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Context } from "@cumulet/core";

const ivBytes = 12;
const tagBytes = 16;

/**
 * Encrypts a value under a KMS key: with a data key of its own, which stands encrypted before it.
 * @param context binds the result to its place, as KMS's encryption contexts do.
 * @throws AwsError what KMS refuses.
 */
export async function seal(ctx: Context<unknown>, keyId: string, value: Uint8Array, context: { [name: string]: string }): Promise<{ sealed: Buffer; keyArn: string }> {
  const { CiphertextBlob, Plaintext, KeyId } = await ctx.call.kms.GenerateDataKey({ KeyId: keyId, KeySpec: "AES_256", EncryptionContext: context });
  const iv = ctx.ids.bytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", Plaintext!, iv);
  const body = Buffer.concat([cipher.update(value), cipher.final()]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(CiphertextBlob!.length);
  return { sealed: Buffer.concat([length, CiphertextBlob!, iv, cipher.getAuthTag(), body]), keyArn: KeyId! };
}

/** Decrypts what `seal` made. @throws AwsError what KMS refuses. */
export async function unseal(ctx: Context<unknown>, sealed: Buffer, context: { [name: string]: string }): Promise<Buffer> {
  const keyEnd = 2 + sealed.readUInt16BE(0);
  const { Plaintext } = await ctx.call.kms.Decrypt({ CiphertextBlob: sealed.subarray(2, keyEnd), EncryptionContext: context });
  const decipher = createDecipheriv("aes-256-gcm", Plaintext!, sealed.subarray(keyEnd, keyEnd + ivBytes));
  decipher.setAuthTag(sealed.subarray(keyEnd + ivBytes, keyEnd + ivBytes + tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(keyEnd + ivBytes + tagBytes)), decipher.final()]);
}
