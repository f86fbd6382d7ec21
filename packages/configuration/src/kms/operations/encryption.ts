import { AwsError } from "@cumulet/protocol";
import type {
  DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, GenerateDataKeyPairRequest, GenerateDataKeyPairResponse, GenerateDataKeyPairWithoutPlaintextRequest,
  GenerateDataKeyPairWithoutPlaintextResponse, GenerateDataKeyRequest, GenerateDataKeyResponse, GenerateDataKeyWithoutPlaintextRequest, GenerateDataKeyWithoutPlaintextResponse,
  GenerateRandomRequest, GenerateRandomResponse, ReEncryptRequest, ReEncryptResponse, RecipientInfo,
} from "@cumulet/protocol/models/kms.d.ts";
import { largestPlaintext, makePrivateKey, privateKeyOf, publicDer, rsaDecrypt, rsaEncrypt } from "../domain/asymmetric.ts";
import { invalidUsage, unsupported, validation } from "../domain/errors.ts";
import { specOf } from "../domain/specs.ts";
import { decrypt as open, encrypt as seal, originOf } from "../domain/symmetric.ts";
import type { EncryptionContext } from "../domain/symmetric.ts";
import type { Key } from "../store.ts";
import { checkDryRun, checkUsable, currentMaterial, keyArn, privateKey, target, usable } from "./targets.ts";
import type { Ctx, Target } from "./targets.ts";

const usage = "ENCRYPT_DECRYPT";

function checkRecipient(recipient: RecipientInfo | undefined): void {
  if (recipient !== undefined) throw unsupported("Cumulet has no Nitro Enclaves: Recipient is not supported.");
}

function checkAlgorithm(key: Key, algorithm: string): void {
  if (specOf(key.spec)!.encryption?.includes(algorithm) !== true) throw invalidUsage(`Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

/** Seals bytes under a symmetric key. */
function sealed(ctx: Ctx, key: Key, plaintext: Uint8Array, context: EncryptionContext | undefined): Buffer {
  const { bytes, number } = currentMaterial(ctx, key);
  return seal(bytes, { keyId: key.id, material: number }, plaintext, context, ctx.ids.bytes(12));
}

export function encrypt(ctx: Ctx, input: EncryptRequest): EncryptResponse {
  const { ctx: owner, key } = usable(ctx, input.KeyId, usage);
  const algorithm = input.EncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
  checkAlgorithm(key, algorithm);
  const ciphertext = encrypted(owner, key, algorithm, input.Plaintext, input.EncryptionContext, () => checkDryRun(input));
  return { CiphertextBlob: ciphertext, KeyId: keyArn(owner, key), EncryptionAlgorithm: algorithm };
}

function encrypted(ctx: Ctx, key: Key, algorithm: string, plaintext: Uint8Array, context: EncryptionContext | undefined, before: () => void): Buffer {
  if (algorithm === "SYMMETRIC_DEFAULT") {
    before();
    return sealed(ctx, key, plaintext, context);
  }
  if (context !== undefined && Object.keys(context).length > 0) throw validation(`Encryption context is not supported for algorithm ${algorithm}.`);
  const most = largestPlaintext(key.spec, algorithm);
  if (plaintext.length > most) throw validation(`Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${most} bytes.`);
  before();
  return rsaEncrypt(privateKey(ctx, key), algorithm, plaintext);
}

export function decrypt(ctx: Ctx, input: DecryptRequest): DecryptResponse {
  checkRecipient(input.Recipient);
  const algorithm = input.EncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
  const { plaintext, owner, materialId } = decrypted(ctx, input.KeyId, algorithm, input.CiphertextBlob, input.EncryptionContext);
  checkDryRun(input);
  return { KeyId: keyArn(owner.ctx, owner.key), Plaintext: plaintext, EncryptionAlgorithm: algorithm, ...(materialId === undefined ? {} : { KeyMaterialId: materialId }) };
}

/** @throws AwsError InvalidCiphertextException, IncorrectKeyException and what the key's state says. */
function decrypted(ctx: Ctx, keyId: string | undefined, algorithm: string, ciphertext: Uint8Array | undefined, context: EncryptionContext | undefined): { plaintext: Buffer; owner: Target; materialId: string | undefined } {
  const refused = (): AwsError => new AwsError("InvalidCiphertextException", "");
  if (ciphertext === undefined) throw validation("1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null");
  if (algorithm !== "SYMMETRIC_DEFAULT") {
    if (keyId === undefined) throw validation("You must specify a KeyId when the ciphertext was encrypted under an asymmetric KMS key.");
    const owner = usable(ctx, keyId, usage);
    checkAlgorithm(owner.key, algorithm);
    const plaintext = rsaDecrypt(privateKey(owner.ctx, owner.key), algorithm, ciphertext);
    if (plaintext === undefined) throw refused();
    return { plaintext, owner, materialId: undefined };
  }
  const given = keyId === undefined ? undefined : target(ctx, keyId);
  if (given !== undefined && given.key.spec !== "SYMMETRIC_DEFAULT") checkAlgorithm(given.key, algorithm);
  const origin = originOf(ciphertext);
  if (origin === undefined) throw refused();
  // A ciphertext does not say whose key it needs: the caller's, unless a key of another account was given.
  const home = given?.ctx ?? ctx;
  const key = home.store.key(origin.keyId);
  if (given !== undefined && given.key.id !== origin.keyId) throw new AwsError("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.");
  if (key === undefined) {
    throw new AwsError("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.");
  }
  const owner: Target = { ctx: home, key };
  checkUsable({ ctx: home, key }, usage);
  const material = home.store.material(key.id, origin.material);
  const plaintext = material === undefined || material.bytes === null ? undefined : open(material.bytes, ciphertext, context);
  if (plaintext === undefined) throw refused();
  return { plaintext, owner, materialId: material!.id };
}

export function reEncrypt(ctx: Ctx, input: ReEncryptRequest): ReEncryptResponse {
  const sourceAlgorithm = input.SourceEncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
  const algorithm = input.DestinationEncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
  const source = decrypted(ctx, input.SourceKeyId, sourceAlgorithm, input.CiphertextBlob, input.SourceEncryptionContext);
  const { ctx: owner, key } = usable(ctx, input.DestinationKeyId, usage);
  checkAlgorithm(key, algorithm);
  const ciphertext = encrypted(owner, key, algorithm, source.plaintext, input.DestinationEncryptionContext, () => checkDryRun(input));
  return {
    CiphertextBlob: ciphertext,
    SourceKeyId: keyArn(source.owner.ctx, source.owner.key),
    KeyId: keyArn(owner, key),
    SourceEncryptionAlgorithm: sourceAlgorithm,
    DestinationEncryptionAlgorithm: algorithm,
    ...(source.materialId === undefined ? {} : { SourceKeyMaterialId: source.materialId }),
    ...(algorithm === "SYMMETRIC_DEFAULT" ? { DestinationKeyMaterialId: currentMaterial(owner, key).id } : {}),
  };
}

// --- data keys --------------------------------------------------------------------------------------------------------

/** Data keys are sealed under symmetric keys only. */
function sealingKey(ctx: Ctx, idOrArn: string): Target {
  const found = usable(ctx, idOrArn, usage);
  if (found.key.spec !== "SYMMETRIC_DEFAULT") throw invalidUsage(`${keyArn(found.ctx, found.key)} key spec is ${found.key.spec} which is not valid for ${ctx.operation}.`);
  return found;
}

export function generateDataKey(ctx: Ctx, input: GenerateDataKeyRequest): GenerateDataKeyResponse {
  checkRecipient(input.Recipient);
  const { ctx: owner, key } = sealingKey(ctx, input.KeyId);
  if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined)) {
    throw validation(input.KeySpec === undefined ? "Please specify either number of bytes or key spec." : "Please specify either number of bytes or key spec, but not both.");
  }
  checkDryRun(input);
  const plaintext = owner.ids.bytes(input.NumberOfBytes ?? (input.KeySpec === "AES_128" ? 16 : 32));
  return { CiphertextBlob: sealed(owner, key, plaintext, input.EncryptionContext), Plaintext: plaintext, KeyId: keyArn(owner, key), KeyMaterialId: currentMaterial(owner, key).id };
}

export function generateDataKeyWithoutPlaintext(ctx: Ctx, input: GenerateDataKeyWithoutPlaintextRequest): GenerateDataKeyWithoutPlaintextResponse {
  const { Plaintext: _plaintext, ...rest } = generateDataKey(ctx, input);
  return rest;
}

export async function generateDataKeyPair(ctx: Ctx, input: GenerateDataKeyPairRequest): Promise<GenerateDataKeyPairResponse> {
  checkRecipient(input.Recipient);
  const { ctx: owner, key } = sealingKey(ctx, input.KeyId);
  if (specOf(input.KeyPairSpec) === undefined) throw unsupported(`Cumulet does not support the key pair spec ${input.KeyPairSpec}.`);
  checkDryRun(input);
  const plaintext = await makePrivateKey(input.KeyPairSpec);
  return {
    PrivateKeyCiphertextBlob: sealed(owner, key, plaintext, input.EncryptionContext),
    PrivateKeyPlaintext: plaintext,
    PublicKey: publicDer(privateKeyOf(plaintext)),
    KeyId: keyArn(owner, key),
    KeyPairSpec: input.KeyPairSpec,
    KeyMaterialId: currentMaterial(owner, key).id,
  };
}

export async function generateDataKeyPairWithoutPlaintext(ctx: Ctx, input: GenerateDataKeyPairWithoutPlaintextRequest): Promise<GenerateDataKeyPairWithoutPlaintextResponse> {
  const { PrivateKeyPlaintext: _plaintext, ...rest } = await generateDataKeyPair(ctx, input);
  return rest;
}

export function generateRandom(ctx: Ctx, input: GenerateRandomRequest): GenerateRandomResponse {
  checkRecipient(input.Recipient);
  if (input.CustomKeyStoreId !== undefined) throw unsupported("Cumulet has no custom key stores.");
  if (input.NumberOfBytes === undefined) throw validation("NumberOfBytes is required.");
  return { Plaintext: ctx.ids.bytes(input.NumberOfBytes) };
}
