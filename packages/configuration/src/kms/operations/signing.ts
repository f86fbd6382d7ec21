import { createHash } from "node:crypto";
import { AwsError } from "@cumulet/protocol";
import type {
  DeriveSharedSecretRequest, DeriveSharedSecretResponse, GenerateMacRequest, GenerateMacResponse, GetPublicKeyRequest, GetPublicKeyResponse, SignRequest, SignResponse, VerifyMacRequest,
  VerifyMacResponse, VerifyRequest, VerifyResponse,
} from "@cumulet/protocol/models/kms.d.ts";
import { digestBytes, hashOf, mac, macMatches, publicDer, sharedSecret, sign as signed, verify as verified } from "../domain/asymmetric.ts";
import { invalidUsage, unsupported, validation } from "../domain/errors.ts";
import { algorithmsOf, specOf } from "../domain/specs.ts";
import type { Key } from "../store.ts";
import { checkDryRun, checkState, currentMaterial, keyArn, privateKey, target, usable } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const largestMessage = 4096;

/** What is signed: the digest of a message, or the one that was given; with Ed25519 the message itself. */
function signedInput(key: Key, algorithm: string, message: Uint8Array, type: string): Uint8Array {
  const ed25519 = algorithm.startsWith("ED25519");
  if (type === "EXTERNAL_MU" || (ed25519 && type !== "RAW")) throw validation(`MessageType ${type} is not valid for algorithm ${algorithm}.`);
  if (type === "RAW") {
    if (message.length > largestMessage) throw validation(`1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length less than or equal to ${largestMessage}`);
    return ed25519 ? message : createHash(hashOf(algorithm)).update(message).digest();
  }
  if (message.length !== digestBytes(algorithm)) throw validation(`Digest is invalid length for algorithm ${algorithm}.`);
  return message;
}

function checkAlgorithm(key: Key, algorithm: string): void {
  if (algorithm === "ED25519_PH_SHA_512" && key.spec === "ECC_NIST_EDWARDS25519") throw unsupported("Cumulet does not support the signing algorithm ED25519_PH_SHA_512.");
  if (!specOf(key.spec)!.signing!.includes(algorithm)) throw invalidUsage(`Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

export function sign(ctx: Ctx, input: SignRequest): SignResponse {
  const { ctx: owner, key } = usable(ctx, input.KeyId, "SIGN_VERIFY");
  const algorithm = input.SigningAlgorithm;
  checkAlgorithm(key, algorithm);
  const message = signedInput(key, algorithm, input.Message, input.MessageType ?? "RAW");
  checkDryRun(input);
  const salt = algorithm.startsWith("RSASSA_PSS") ? owner.ids.bytes(digestBytes(algorithm)) : Buffer.alloc(0);
  return { KeyId: keyArn(owner, key), Signature: signed(privateKey(owner, key), algorithm, message, salt), SigningAlgorithm: algorithm };
}

export function verify(ctx: Ctx, input: VerifyRequest): VerifyResponse {
  const { ctx: owner, key } = usable(ctx, input.KeyId, "SIGN_VERIFY");
  const algorithm = input.SigningAlgorithm;
  checkAlgorithm(key, algorithm);
  const message = signedInput(key, algorithm, input.Message, input.MessageType ?? "RAW");
  checkDryRun(input);
  if (!verified(privateKey(owner, key), algorithm, message, input.Signature)) throw new AwsError("KMSInvalidSignatureException", "");
  return { KeyId: keyArn(owner, key), SignatureValid: true, SigningAlgorithm: algorithm };
}

function checkMac(key: Key, algorithm: string): void {
  if (!specOf(key.spec)!.mac!.includes(algorithm)) throw invalidUsage(`Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

export function generateMac(ctx: Ctx, input: GenerateMacRequest): GenerateMacResponse {
  const { ctx: owner, key } = usable(ctx, input.KeyId, "GENERATE_VERIFY_MAC");
  checkMac(key, input.MacAlgorithm);
  checkDryRun(input);
  return { KeyId: keyArn(owner, key), Mac: mac(currentMaterial(owner, key).bytes, input.MacAlgorithm, input.Message), MacAlgorithm: input.MacAlgorithm };
}

export function verifyMac(ctx: Ctx, input: VerifyMacRequest): VerifyMacResponse {
  const { ctx: owner, key } = usable(ctx, input.KeyId, "GENERATE_VERIFY_MAC");
  checkMac(key, input.MacAlgorithm);
  checkDryRun(input);
  if (!macMatches(currentMaterial(owner, key).bytes, input.MacAlgorithm, input.Message, input.Mac)) throw new AwsError("KMSInvalidMacException", "");
  return { KeyId: keyArn(owner, key), MacValid: true, MacAlgorithm: input.MacAlgorithm };
}

export function deriveSharedSecret(ctx: Ctx, input: DeriveSharedSecretRequest): DeriveSharedSecretResponse {
  if (input.Recipient !== undefined) throw unsupported("Cumulet has no Nitro Enclaves: Recipient is not supported.");
  const { ctx: owner, key } = usable(ctx, input.KeyId, "KEY_AGREEMENT");
  const secret = sharedSecret(privateKey(owner, key), input.PublicKey);
  if (secret === undefined) throw validation("");
  checkDryRun(input);
  return { KeyId: keyArn(owner, key), SharedSecret: secret, KeyAgreementAlgorithm: input.KeyAgreementAlgorithm, KeyOrigin: key.origin };
}

export function getPublicKey(ctx: Ctx, input: GetPublicKeyRequest): GetPublicKeyResponse {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  const arn = keyArn(owner, key);
  const { bytes } = specOf(key.spec)!;
  if (bytes !== undefined) throw unsupported(`${arn} is not an asymmetric key.`);
  checkState(owner, key);
  return { KeyId: arn, PublicKey: publicDer(privateKey(owner, key)), CustomerMasterKeySpec: key.spec, KeySpec: key.spec, KeyUsage: key.usage, ...algorithmsOf(key.spec, key.usage) };
}
