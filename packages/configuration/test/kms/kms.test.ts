import { constants, createCipheriv, createPublicKey, generateKeyPairSync, publicEncrypt, verify as verifyMessage } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CancelKeyDeletionCommand, CreateAliasCommand, CreateGrantCommand, CreateKeyCommand, DecryptCommand, DeleteAliasCommand, DeleteImportedKeyMaterialCommand, DeriveSharedSecretCommand,
  DescribeKeyCommand, DisableKeyCommand, EnableKeyCommand, EnableKeyRotationCommand, EncryptCommand, GenerateDataKeyCommand, GenerateDataKeyPairCommand, GenerateMacCommand,
  GenerateRandomCommand, GetKeyPolicyCommand, GetKeyRotationStatusCommand, GetParametersForImportCommand, GetPublicKeyCommand, ImportKeyMaterialCommand, KMSClient, ListAliasesCommand,
  ListGrantsCommand, ListKeyRotationsCommand, ListKeysCommand, ListResourceTagsCommand, ReEncryptCommand, ReplicateKeyCommand, RetireGrantCommand, RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand, SignCommand, TagResourceCommand, UntagResourceCommand, UpdateAliasCommand, VerifyCommand, VerifyMacCommand,
} from "@aws-sdk/client-kms";
import type { CreateKeyCommandInput, KeySpec, SigningAlgorithmSpec } from "@aws-sdk/client-kms";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

let platform: TestPlatform;
let kms: KMSClient;

beforeAll(async () => {
  platform = await testPlatform(services);
  kms = new KMSClient(platform.clientConfig());
});
afterAll(async () => {
  kms.destroy();
  await platform.close();
});

const make = async (input: Partial<CreateKeyCommandInput> = {}) => (await kms.send(new CreateKeyCommand(input))).KeyMetadata!;
const arn = (resource: string, region = "us-east-1") => `arn:aws:kms:${region}:000000000000:${resource}`;
const bytes = (text: string) => Buffer.from(text);

describe("keys", () => {
  it("are described as KMS describes them", async () => {
    const key = await make({ Description: "d" });
    expect(key).toEqual({
      AWSAccountId: "000000000000", Arn: arn(`key/${key.KeyId}`), CreationDate: new Date(platform.clock.now()), CurrentKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/), CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
      Description: "d", Enabled: true, EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"], KeyId: key.KeyId, KeyManager: "CUSTOMER", KeySpec: "SYMMETRIC_DEFAULT", KeyState: "Enabled", KeyUsage: "ENCRYPT_DECRYPT",
      MultiRegion: false, Origin: "AWS_KMS",
    });
    expect(await make({ KeySpec: "ECC_NIST_P384", KeyUsage: "SIGN_VERIFY" })).toMatchObject({ SigningAlgorithms: ["ECDSA_SHA_384"] });
    expect((await kms.send(new ListKeysCommand({}))).Keys).toContainEqual({ KeyId: key.KeyId, KeyArn: key.Arn });
    expect(JSON.parse((await kms.send(new GetKeyPolicyCommand({ KeyId: key.KeyId }))).Policy!)).toMatchObject({ Id: "key-default-1", Statement: [{ Principal: { AWS: "arn:aws:iam::000000000000:root" }, Action: "kms:*" }] });
  });

  // Recorded from AWS.
  it.each([
    ["fake-key-id", "Invalid keyId 'fake-key-id'"],
    ["134f2428cec14b25a1ae9048164dba47", "Invalid keyId '134f2428cec14b25a1ae9048164dba47'"],
    ["mrk-fake-key-id", "Invalid keyId 'mrk-fake-key-id'"],
    ["134f2428-cec1-4b25-a1ae-9048164dba47", "Key 'arn:aws:kms:us-east-1:000000000000:key/134f2428-cec1-4b25-a1ae-9048164dba47' does not exist"],
    ["arn:aws:kms:eu-west-1:000000000000:key/134f2428-cec1-4b25-a1ae-9048164dba47", "Invalid arn eu-west-1"],
    ["alias/absent", "Alias arn:aws:kms:us-east-1:000000000000:alias/absent is not found."],
  ])("%s is none", async (KeyId, message) => {
    await expect(kms.send(new DescribeKeyCommand({ KeyId }))).rejects.toMatchObject({ name: "NotFoundException", message });
  });

  it.each([
    [{ KeySpec: "RSA_2048" as const }, "ValidationException", "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."],
    [{ KeySpec: "RSA_2048" as const, KeyUsage: "KEY_AGREEMENT" as const }, "ValidationException", "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048"],
    [{ Tags: [{ TagKey: "aws:x", TagValue: "v" }] }, "TagException", "Tags beginning with aws: are reserved"],
    [{ Tags: Array.from({ length: 51 }, (_, n) => ({ TagKey: `k${n}`, TagValue: "v" })) }, "TagException", "Too many tags"],
    [{ KeySpec: "SM2" as const, KeyUsage: "SIGN_VERIFY" as const }, "UnsupportedOperationException", "Cumulet does not support the key spec SM2."],
  ])("cannot be like %j", async (input, name, message) => {
    await expect(make(input)).rejects.toMatchObject({ name, message });
  });

  it("rest while disabled, and go when their time is over", async () => {
    const { KeyId, Arn } = await make();
    await kms.send(new DisableKeyCommand({ KeyId }));
    await expect(kms.send(new EncryptCommand({ KeyId, Plaintext: bytes("x") }))).rejects.toMatchObject({ name: "DisabledException", message: `${Arn} is disabled.` });
    await kms.send(new EnableKeyCommand({ KeyId }));
    const scheduled = await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    expect(scheduled).toMatchObject({ KeyId: Arn, KeyState: "PendingDeletion", DeletionDate: new Date(platform.clock.now() + 7 * 86_400_000) });
    await expect(kms.send(new EncryptCommand({ KeyId, Plaintext: bytes("x") }))).rejects.toMatchObject({ name: "KMSInvalidStateException", message: `${Arn} is pending deletion.` });
    await kms.send(new CancelKeyDeletionCommand({ KeyId }));
    expect((await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyState).toBe("Disabled");
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    await platform.clock.advance(7 * 86_400_000);
    await expect(kms.send(new DescribeKeyCommand({ KeyId }))).rejects.toMatchObject({ name: "NotFoundException" });
  });

  it("have aliases and tags", async () => {
    const [one, two] = [await make(), await make()];
    await expect(kms.send(new CreateAliasCommand({ AliasName: "wrong", TargetKeyId: one.KeyId }))).rejects.toMatchObject({
      name: "ValidationException", message: 'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    });
    await kms.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: one.KeyId }));
    await expect(kms.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: two.KeyId }))).rejects.toMatchObject({ name: "AlreadyExistsException" });
    expect((await kms.send(new DescribeKeyCommand({ KeyId: "alias/a" }))).KeyMetadata!.KeyId).toBe(one.KeyId);
    await kms.send(new UpdateAliasCommand({ AliasName: "alias/a", TargetKeyId: two.KeyId }));
    expect((await kms.send(new ListAliasesCommand({ KeyId: two.KeyId }))).Aliases).toMatchObject([{ AliasName: "alias/a", AliasArn: arn("alias/a"), TargetKeyId: two.KeyId }]);
    await kms.send(new DeleteAliasCommand({ AliasName: "alias/a" }));
    await kms.send(new TagResourceCommand({ KeyId: one.KeyId, Tags: [{ TagKey: "a", TagValue: "1" }, { TagKey: "b", TagValue: "2" }] }));
    await kms.send(new UntagResourceCommand({ KeyId: one.KeyId, TagKeys: ["a"] }));
    expect((await kms.send(new ListResourceTagsCommand({ KeyId: one.KeyId }))).Tags).toEqual([{ TagKey: "b", TagValue: "2" }]);
    // Services' own keys appear with their first use, and are theirs.
    const { KeyMetadata: own } = await kms.send(new DescribeKeyCommand({ KeyId: "alias/aws/sqs" }));
    expect(own).toMatchObject({ KeyManager: "AWS" });
    await expect(kms.send(new DisableKeyCommand({ KeyId: own!.KeyId }))).rejects.toMatchObject({ name: "AccessDeniedException" });
  });
});

describe("encryption", () => {
  it("binds ciphertexts to key and context", async () => {
    const [one, two] = [await make(), await make()];
    const { CiphertextBlob, KeyId } = await kms.send(new EncryptCommand({ KeyId: one.KeyId, Plaintext: bytes("hello"), EncryptionContext: { a: "1", b: "2" } }));
    expect(KeyId).toBe(one.Arn);
    const open = (more: object) => kms.send(new DecryptCommand({ CiphertextBlob, ...more }));
    expect(Buffer.from((await open({ EncryptionContext: { b: "2", a: "1" } })).Plaintext!).toString()).toBe("hello");
    await expect(open({ EncryptionContext: { a: "1" } })).rejects.toMatchObject({ name: "InvalidCiphertextException" });
    await expect(open({ EncryptionContext: { a: "1", b: "2" }, KeyId: two.KeyId })).rejects.toMatchObject({ name: "IncorrectKeyException" });
    const again = await kms.send(new ReEncryptCommand({ CiphertextBlob, SourceEncryptionContext: { a: "1", b: "2" }, DestinationKeyId: two.KeyId }));
    expect(again).toMatchObject({ SourceKeyId: one.Arn, KeyId: two.Arn });
    expect(Buffer.from((await kms.send(new DecryptCommand({ CiphertextBlob: again.CiphertextBlob }))).Plaintext!).toString()).toBe("hello");
    await expect(kms.send(new DecryptCommand({ CiphertextBlob: bytes("nonsense") }))).rejects.toMatchObject({ name: "InvalidCiphertextException" });
  });

  it("survives rotations, by hand and by time", async () => {
    const { KeyId, CurrentKeyMaterialId } = await make();
    const before = await kms.send(new EncryptCommand({ KeyId, Plaintext: bytes("old") }));
    await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
    await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
    expect(await kms.send(new GetKeyRotationStatusCommand({ KeyId }))).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90, NextRotationDate: new Date(platform.clock.now() + 90 * 86_400_000) });
    await platform.clock.advance(90 * 86_400_000);
    expect((await kms.send(new ListKeyRotationsCommand({ KeyId }))).Rotations!.map(({ RotationType }) => RotationType)).toEqual(["ON_DEMAND", "AUTOMATIC"]);
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob: before.CiphertextBlob }));
    expect(opened).toMatchObject({ KeyMaterialId: CurrentKeyMaterialId });
    expect(Buffer.from(opened.Plaintext!).toString()).toBe("old");
    expect((await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.CurrentKeyMaterialId).not.toBe(CurrentKeyMaterialId);
  });

  it("gives data keys and pairs that it can open again", async () => {
    const { KeyId } = await make();
    const data = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }));
    expect(data.Plaintext).toHaveLength(32);
    expect((await kms.send(new DecryptCommand({ CiphertextBlob: data.CiphertextBlob }))).Plaintext).toEqual(data.Plaintext);
    const pair = await kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: "ECC_NIST_P256" }));
    expect((await kms.send(new DecryptCommand({ CiphertextBlob: pair.PrivateKeyCiphertextBlob }))).Plaintext).toEqual(pair.PrivateKeyPlaintext);
    await expect(kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: "RSA_2048", DryRun: true }))).rejects.toMatchObject({ name: "DryRunOperationException", message: "The request would have succeeded, but the DryRun option is set." });
    expect((await kms.send(new GenerateRandomCommand({ NumberOfBytes: 44 }))).Plaintext).toHaveLength(44);
  });

  it("is done with RSA, within its bounds", async () => {
    const { KeyId } = await make({ KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" });
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    const mine = publicEncrypt({ key: createPublicKey({ key: Buffer.from(PublicKey!), format: "der", type: "spki" }), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, bytes("outside"));
    expect(Buffer.from((await kms.send(new DecryptCommand({ KeyId, CiphertextBlob: mine, EncryptionAlgorithm: "RSAES_OAEP_SHA_256" }))).Plaintext!).toString()).toBe("outside");
    await expect(kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(215), EncryptionAlgorithm: "RSAES_OAEP_SHA_1" }))).rejects.toMatchObject({
      name: "ValidationException", message: "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_2048 cannot encrypt data larger than 214 bytes.",
    });
  });
});

describe("signatures", () => {
  it.each<[KeySpec, SigningAlgorithmSpec, string, object]>([
    ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", "sha256", {}],
    ["RSA_2048", "RSASSA_PSS_SHA_512", "sha512", { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }],
    ["RSA_2048", "RSASSA_PSS_SHA_256", "sha256", { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }],
    ["ECC_NIST_P256", "ECDSA_SHA_256", "sha256", {}],
    ["ECC_NIST_P384", "ECDSA_SHA_384", "sha384", {}],
    ["ECC_NIST_P521", "ECDSA_SHA_512", "sha512", {}],
    ["ECC_SECG_P256K1", "ECDSA_SHA_256", "sha256", {}],
    ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "", {}],
  ])("%s, %s, hold outside", async (KeySpec, SigningAlgorithm, hash, options) => {
    const { KeyId, Arn } = await make({ KeySpec, KeyUsage: "SIGN_VERIFY" });
    const Message = bytes("message");
    const { Signature } = await kms.send(new SignCommand({ KeyId, Message, SigningAlgorithm }));
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    const key = createPublicKey({ key: Buffer.from(PublicKey!), format: "der", type: "spki" });
    expect(verifyMessage(hash === "" ? null : hash, Message, { key, ...options }, Signature!)).toBe(true);
    expect(await kms.send(new VerifyCommand({ KeyId, Message, Signature, SigningAlgorithm }))).toMatchObject({ KeyId: Arn, SignatureValid: true, SigningAlgorithm });
    await expect(kms.send(new VerifyCommand({ KeyId, Message: bytes("other"), Signature, SigningAlgorithm }))).rejects.toMatchObject({ name: "KMSInvalidSignatureException" });
    if (hash !== "") await expect(kms.send(new SignCommand({ KeyId, Message, MessageType: "DIGEST", SigningAlgorithm }))).rejects.toMatchObject({ name: "ValidationException", message: `Digest is invalid length for algorithm ${SigningAlgorithm}.` });
  });

  it("are refused of keys for something else", async () => {
    const { KeyId, Arn } = await make();
    await expect(kms.send(new SignCommand({ KeyId, Message: bytes("m"), SigningAlgorithm: "ECDSA_SHA_256" }))).rejects.toMatchObject({ name: "InvalidKeyUsageException", message: `${Arn} key usage is ENCRYPT_DECRYPT which is not valid for Sign.` });
  });

  it("of HMAC", async () => {
    const { KeyId } = await make({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
    const Message = bytes("m");
    const { Mac } = await kms.send(new GenerateMacCommand({ KeyId, Message, MacAlgorithm: "HMAC_SHA_256" }));
    expect(await kms.send(new VerifyMacCommand({ KeyId, Message, Mac, MacAlgorithm: "HMAC_SHA_256" }))).toMatchObject({ MacValid: true });
    await expect(kms.send(new VerifyMacCommand({ KeyId, Message: bytes("n"), Mac, MacAlgorithm: "HMAC_SHA_256" }))).rejects.toMatchObject({ name: "KMSInvalidMacException" });
    await expect(kms.send(new GenerateMacCommand({ KeyId, Message, MacAlgorithm: "HMAC_SHA_512" }))).rejects.toMatchObject({ name: "InvalidKeyUsageException", message: "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256." });
  });

  it("and shared secrets", async () => {
    const [one, two] = [await make({ KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT" }), await make({ KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT" })];
    const half = async (KeyId: string) => (await kms.send(new GetPublicKeyCommand({ KeyId }))).PublicKey!;
    const derive = async (KeyId: string, PublicKey: Uint8Array) => (await kms.send(new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: "ECDH", PublicKey }))).SharedSecret;
    expect(await derive(one.KeyId!, await half(two.KeyId!))).toEqual(await derive(two.KeyId!, await half(one.KeyId!)));
  });
});

describe("imported material", () => {
  it("makes a key usable, is forgotten, expires, and comes back only as it was", async () => {
    const key = await make({ Origin: "EXTERNAL" });
    expect(key).toMatchObject({ KeyState: "PendingImport", Enabled: false, Origin: "EXTERNAL" });
    const { KeyId } = key;
    const parameters = await kms.send(new GetParametersForImportCommand({ KeyId, WrappingAlgorithm: "RSA_AES_KEY_WRAP_SHA_256", WrappingKeySpec: "RSA_2048" }));
    const wrap = (material: Buffer) => {
      const aes = Buffer.alloc(32, 7);
      const cipher = createCipheriv("id-aes256-wrap-pad", aes, Buffer.from("a65959a6", "hex"));
      const publicKey = createPublicKey({ key: Buffer.from(parameters.PublicKey!), format: "der", type: "spki" });
      return Buffer.concat([publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, aes), cipher.update(material), cipher.final()]);
    };
    const put = (material: Buffer, more: object = { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" }) =>
      kms.send(new ImportKeyMaterialCommand({ KeyId, ImportToken: parameters.ImportToken, EncryptedKeyMaterial: wrap(material), ...more }));
    const material = Buffer.alloc(32, 1);
    await put(material);
    expect((await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata).toMatchObject({ KeyState: "Enabled", ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" });
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: bytes("mine") }));
    await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
    await expect(kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({ name: "KMSInvalidStateException", message: `${key.Arn} is pending import.` });
    await expect(put(Buffer.alloc(32, 2))).rejects.toMatchObject({ name: "IncorrectKeyMaterialException" });
    await put(material, { ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo: new Date(platform.clock.now() + 1000) });
    expect(Buffer.from((await kms.send(new DecryptCommand({ CiphertextBlob }))).Plaintext!).toString()).toBe("mine");
    await platform.clock.advance(1000);
    expect((await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyState).toBe("PendingImport");
  });

  it("may be a private key", async () => {
    const { KeyId } = await make({ Origin: "EXTERNAL", KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    const parameters = await kms.send(new GetParametersForImportCommand({ KeyId, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" }));
    const der = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export({ type: "pkcs8", format: "der" });
    const publicKey = createPublicKey({ key: Buffer.from(parameters.PublicKey!), format: "der", type: "spki" });
    const EncryptedKeyMaterial = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, der);
    await kms.send(new ImportKeyMaterialCommand({ KeyId, ImportToken: parameters.ImportToken, EncryptedKeyMaterial, ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" }));
    expect((await kms.send(new SignCommand({ KeyId, Message: bytes("m"), SigningAlgorithm: "ECDSA_SHA_256" }))).Signature).toBeDefined();
    const ours = await make();
    await expect(kms.send(new GetParametersForImportCommand({ KeyId: ours.KeyId, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" }))).rejects.toMatchObject({
      name: "UnsupportedOperationException", message: `${ours.Arn} origin is AWS_KMS which is not valid for this operation.`,
    });
  });
});

it("shares keys between regions", async () => {
  const key = await make({ MultiRegion: true, Description: "everywhere" });
  expect(key.KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
  const made = await kms.send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion: "ap-southeast-1" }));
  expect(made.ReplicaKeyMetadata).toMatchObject({ Arn: arn(`key/${key.KeyId}`, "ap-southeast-1"), KeyState: "Creating", Enabled: false, MultiRegionConfiguration: { MultiRegionKeyType: "REPLICA" } });
  const away = new KMSClient(platform.clientConfig("000000000000", "ap-southeast-1"));
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: key.KeyId, Plaintext: bytes("travels") }));
  expect(Buffer.from((await away.send(new DecryptCommand({ CiphertextBlob }))).Plaintext!).toString()).toBe("travels");
  await expect(away.send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion: "eu-west-1" }))).rejects.toMatchObject({ name: "UnsupportedOperationException", message: `${arn(`key/${key.KeyId}`, "ap-southeast-1")} is not a multi-region primary key.` });
  expect((await kms.send(new DescribeKeyCommand({ KeyId: key.KeyId }))).KeyMetadata!.MultiRegionConfiguration).toEqual({
    MultiRegionKeyType: "PRIMARY", PrimaryKey: { Arn: key.Arn, Region: "us-east-1" }, ReplicaKeys: [{ Arn: arn(`key/${key.KeyId}`, "ap-southeast-1"), Region: "ap-southeast-1" }],
  });
  away.destroy();
});

it("grants", async () => {
  const { KeyId, Arn } = await make();
  const { GrantId, GrantToken } = await kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal: "arn:aws:iam::000000000000:role/r", Operations: ["Decrypt"], Name: "n" }));
  expect((await kms.send(new ListGrantsCommand({ KeyId }))).Grants).toMatchObject([{ KeyId: Arn, GrantId, Name: "n", Operations: ["Decrypt"], IssuingAccount: "arn:aws:iam::000000000000:root" }]);
  await kms.send(new RetireGrantCommand({ GrantToken }));
  expect((await kms.send(new ListGrantsCommand({ KeyId }))).Grants).toEqual([]);
});
