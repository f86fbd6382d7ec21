import { defineService } from "@cumulet/core";
import { background } from "./background.ts";
import { createAlias, deleteAlias, listAliases, updateAlias } from "./operations/aliases.ts";
import * as encryption from "./operations/encryption.ts";
import * as grants from "./operations/grants.ts";
import * as keys from "./operations/keys.ts";
import * as rotation from "./operations/rotation.ts";
import * as signing from "./operations/signing.ts";
import { store } from "./store.ts";

/** AWS Key Management Service. */
export const kms = defineService({
  model: "kms",
  store,
  background,
  operations: {
    CancelKeyDeletion: keys.cancelKeyDeletion,
    CreateAlias: createAlias,
    CreateGrant: grants.createGrant,
    CreateKey: keys.createKey,
    Decrypt: encryption.decrypt,
    DeleteAlias: deleteAlias,
    DeleteImportedKeyMaterial: rotation.deleteImportedKeyMaterial,
    DeriveSharedSecret: signing.deriveSharedSecret,
    DescribeKey: keys.describeKey,
    DisableKey: keys.disableKey,
    DisableKeyRotation: rotation.disableKeyRotation,
    EnableKey: keys.enableKey,
    EnableKeyRotation: rotation.enableKeyRotation,
    Encrypt: encryption.encrypt,
    GenerateDataKey: encryption.generateDataKey,
    GenerateDataKeyPair: encryption.generateDataKeyPair,
    GenerateDataKeyPairWithoutPlaintext: encryption.generateDataKeyPairWithoutPlaintext,
    GenerateDataKeyWithoutPlaintext: encryption.generateDataKeyWithoutPlaintext,
    GenerateMac: signing.generateMac,
    GenerateRandom: encryption.generateRandom,
    GetKeyPolicy: keys.getKeyPolicy,
    GetKeyRotationStatus: rotation.getKeyRotationStatus,
    GetParametersForImport: rotation.getParametersForImport,
    GetPublicKey: signing.getPublicKey,
    ImportKeyMaterial: rotation.importKeyMaterial,
    ListAliases: listAliases,
    ListGrants: grants.listGrants,
    ListKeyPolicies: keys.listKeyPolicies,
    ListKeyRotations: rotation.listKeyRotations,
    ListKeys: keys.listKeys,
    ListResourceTags: keys.listResourceTags,
    ListRetirableGrants: grants.listRetirableGrants,
    PutKeyPolicy: keys.putKeyPolicy,
    ReEncrypt: encryption.reEncrypt,
    ReplicateKey: keys.replicateKey,
    RetireGrant: grants.retireGrant,
    RevokeGrant: grants.revokeGrant,
    RotateKeyOnDemand: rotation.rotateKeyOnDemand,
    ScheduleKeyDeletion: keys.scheduleKeyDeletion,
    Sign: signing.sign,
    TagResource: keys.tagResource,
    UntagResource: keys.untagResource,
    UpdateAlias: updateAlias,
    UpdateKeyDescription: keys.updateKeyDescription,
    UpdatePrimaryRegion: keys.updatePrimaryRegion,
    Verify: signing.verify,
    VerifyMac: signing.verifyMac,
  },
  limits: {
    CreateKey: "no custom key stores, no SM2, no ML-DSA",
    Sign: "no ED25519_PH_SHA_512",
  },
});
