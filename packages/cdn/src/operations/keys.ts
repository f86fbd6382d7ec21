import { createPublicKey } from "node:crypto";
import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import type { Resource } from "../store.ts";
import { behaviorsOf, ConfiguredKind } from "./configured.ts";
import { locationOf, newId, type Cdn } from "./resource.ts";

/** Most public keys in a key group. */
const KEYS_IN_GROUP = 5;

const publicKeys = new ConfiguredKind<cf.PublicKeyConfig>({
  kind: "public-key",
  newId: (ctx) => newId(ctx, "K"),
  nameOf: ({ Name }) => Name,
  alreadyExists: ["PublicKeyAlreadyExists", "The specified public key already exists."],
  inUse: ["PublicKeyInUse", "The specified public key is in use."],
  uses: () => false,
  quota: ["public_keys", 10, "TooManyPublicKeys", "The maximum number of public keys for field-level encryption have been created. To create a new public key, delete one of the existing keys."],
  check: (_ctx, config, before) => {
    if (before === undefined) checkKey(config.EncodedKey);
    else if (before.EncodedKey.trim() !== config.EncodedKey.trim() || before.CallerReference !== config.CallerReference || before.Name !== config.Name) {
      throw new AwsError("CannotChangeImmutablePublicKeyFields", "You can't change the value of a public key.");
    }
  },
});

/** RSA of 2,048 bits or elliptic curve P-256, as PEM. */
function checkKey(pem: string): void {
  let key;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new AwsError("InvalidArgument", "Your request contains an invalid public key: it must be PEM-encoded.");
  }
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const fits = (key.asymmetricKeyType === "rsa" && modulusLength === 2048) || (key.asymmetricKeyType === "ec" && namedCurve === "prime256v1");
  if (!fits) throw new AwsError("InvalidArgument", "Your request contains an invalid public key: it must be RSA 2048 or ECDSA 256.");
}

const keyGroups = new ConfiguredKind<cf.KeyGroupConfig>({
  kind: "key-group",
  newId: (ctx) => ctx.ids.uuid(),
  nameOf: ({ Name }) => Name,
  alreadyExists: ["KeyGroupAlreadyExists", "A key group with this name already exists. You must provide a unique name. To modify an existing key group, use UpdateKeyGroup."],
  inUse: ["ResourceInUse", "Cannot delete this resource because it is in use."],
  uses: (config, id) => behaviorsOf(config).some(({ TrustedKeyGroups }) => TrustedKeyGroups?.Items?.includes(id) ?? false),
  quota: ["key_groups", 10, "TooManyKeyGroups", "You have reached the maximum number of key groups for this AWS account."],
  check: (ctx, { Items }) => {
    if (Items.length > KEYS_IN_GROUP) throw new AwsError("TooManyPublicKeysInKeyGroup", "The number of public keys in this key group is more than the maximum allowed.");
    for (const id of Items) {
      if (ctx.store.resources.get("public-key", id) === undefined) throw new AwsError("InvalidArgument", `Your request contains a public key that doesn't exist: ${id}`);
    }
  },
});

const publicKey = ({ id, body, createdMs }: Resource<cf.PublicKeyConfig>): cf.PublicKey => ({ Id: id, CreatedTime: createdMs, PublicKeyConfig: body });
const keyGroup = ({ id, body, modifiedMs }: Resource<cf.KeyGroupConfig>): cf.KeyGroup => ({ Id: id, LastModifiedTime: modifiedMs, KeyGroupConfig: body });

export function CreatePublicKey(ctx: Cdn, { PublicKeyConfig }: cf.CreatePublicKeyRequest): cf.CreatePublicKeyResult {
  const made = publicKeys.create(ctx, PublicKeyConfig);
  return { PublicKey: publicKey(made), Location: locationOf(ctx, `public-key/${made.id}`), ETag: made.etag };
}

export function GetPublicKey(ctx: Cdn, { Id }: cf.GetPublicKeyRequest): cf.GetPublicKeyResult {
  const found = publicKeys.get(ctx, Id);
  return { PublicKey: publicKey(found), ETag: found.etag };
}

export function GetPublicKeyConfig(ctx: Cdn, { Id }: cf.GetPublicKeyConfigRequest): cf.GetPublicKeyConfigResult {
  const { body, etag } = publicKeys.get(ctx, Id);
  return { PublicKeyConfig: body, ETag: etag };
}

export function UpdatePublicKey(ctx: Cdn, { Id, IfMatch, PublicKeyConfig }: cf.UpdatePublicKeyRequest): cf.UpdatePublicKeyResult {
  const updated = publicKeys.update(ctx, Id, IfMatch, PublicKeyConfig);
  return { PublicKey: publicKey(updated), ETag: updated.etag };
}

export function DeletePublicKey(ctx: Cdn, { Id, IfMatch }: cf.DeletePublicKeyRequest): {} {
  publicKeys.get(ctx, Id);
  for (const { body } of ctx.store.resources.all<cf.KeyGroupConfig>("key-group")) {
    if (body.Items.includes(Id)) throw new AwsError("PublicKeyInUse", "The specified public key is in use.");
  }
  publicKeys.delete(ctx, Id, IfMatch);
  return {};
}

export function ListPublicKeys(ctx: Cdn, input: cf.ListPublicKeysRequest): cf.ListPublicKeysResult {
  return {
    PublicKeyList: publicKeys.list(ctx, input, ({ id, body, createdMs }): cf.PublicKeySummary => ({ Id: id, Name: body.Name, CreatedTime: createdMs, EncodedKey: body.EncodedKey, Comment: body.Comment })),
  };
}

export function CreateKeyGroup(ctx: Cdn, { KeyGroupConfig }: cf.CreateKeyGroupRequest): cf.CreateKeyGroupResult {
  const made = keyGroups.create(ctx, KeyGroupConfig);
  return { KeyGroup: keyGroup(made), Location: locationOf(ctx, `key-group/${made.id}`), ETag: made.etag };
}

export function GetKeyGroup(ctx: Cdn, { Id }: cf.GetKeyGroupRequest): cf.GetKeyGroupResult {
  const found = keyGroups.get(ctx, Id);
  return { KeyGroup: keyGroup(found), ETag: found.etag };
}

export function GetKeyGroupConfig(ctx: Cdn, { Id }: cf.GetKeyGroupConfigRequest): cf.GetKeyGroupConfigResult {
  const { body, etag } = keyGroups.get(ctx, Id);
  return { KeyGroupConfig: body, ETag: etag };
}

export function UpdateKeyGroup(ctx: Cdn, { Id, IfMatch, KeyGroupConfig }: cf.UpdateKeyGroupRequest): cf.UpdateKeyGroupResult {
  const updated = keyGroups.update(ctx, Id, IfMatch, KeyGroupConfig);
  return { KeyGroup: keyGroup(updated), ETag: updated.etag };
}

export function DeleteKeyGroup(ctx: Cdn, { Id, IfMatch }: cf.DeleteKeyGroupRequest): {} {
  keyGroups.delete(ctx, Id, IfMatch);
  return {};
}

export function ListKeyGroups(ctx: Cdn, input: cf.ListKeyGroupsRequest): cf.ListKeyGroupsResult {
  return { KeyGroupList: keyGroups.list(ctx, input, (group) => ({ KeyGroup: keyGroup(group) })) };
}
