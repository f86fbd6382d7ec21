/** Field-level encryption: kept, so that tools can describe it; no cache behaviour takes one (see the rules of distributions). */
import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import type { Resource } from "../store.ts";
import { ConfiguredKind } from "./configured.ts";
import { existing, locationOf, newId, type Cdn } from "./resource.ts";

const configs = new ConfiguredKind<cf.FieldLevelEncryptionConfig>({
  kind: "field-level-encryption-config",
  newId: (ctx) => newId(ctx, "C"),
  nameOf: ({ CallerReference }) => CallerReference,
  alreadyExists: ["FieldLevelEncryptionConfigAlreadyExists", "The specified configuration for field-level encryption already exists."],
  inUse: ["FieldLevelEncryptionConfigInUse", "The specified configuration for field-level encryption is in use."],
  uses: () => false,
  quota: ["field_level_encryption_configs", 10, "TooManyFieldLevelEncryptionConfigs", "The maximum number of configurations for field-level encryption have been created."],
  check: (ctx, config) => {
    const ids = [
      ...(config.QueryArgProfileConfig?.QueryArgProfiles?.Items ?? []).map(({ ProfileId }) => ProfileId),
      ...(config.ContentTypeProfileConfig?.ContentTypeProfiles?.Items ?? []).map(({ ProfileId }) => ProfileId),
    ];
    for (const id of ids) if (id !== undefined) existing(ctx, "field-level-encryption-profile", id);
  },
});

const profiles = new ConfiguredKind<cf.FieldLevelEncryptionProfileConfig>({
  kind: "field-level-encryption-profile",
  newId: (ctx) => newId(ctx, "P"),
  nameOf: ({ Name }) => Name,
  alreadyExists: ["FieldLevelEncryptionProfileAlreadyExists", "The specified profile for field-level encryption already exists."],
  inUse: ["FieldLevelEncryptionProfileInUse", "The specified profile for field-level encryption is in use."],
  uses: () => false,
  quota: ["field_level_encryption_profiles", 10, "TooManyFieldLevelEncryptionProfiles", "The maximum number of profiles for field-level encryption have been created."],
  check: (ctx, { EncryptionEntities }) => {
    for (const { PublicKeyId } of EncryptionEntities.Items ?? []) existing(ctx, "public-key", PublicKeyId);
  },
});

const configView = ({ id, body, modifiedMs }: Resource<cf.FieldLevelEncryptionConfig>): cf.FieldLevelEncryption => ({ Id: id, LastModifiedTime: modifiedMs, FieldLevelEncryptionConfig: body });
const profileView = ({ id, body, modifiedMs }: Resource<cf.FieldLevelEncryptionProfileConfig>): cf.FieldLevelEncryptionProfile => ({ Id: id, LastModifiedTime: modifiedMs, FieldLevelEncryptionProfileConfig: body });

export function CreateFieldLevelEncryptionConfig(ctx: Cdn, { FieldLevelEncryptionConfig }: cf.CreateFieldLevelEncryptionConfigRequest): cf.CreateFieldLevelEncryptionConfigResult {
  const made = configs.create(ctx, FieldLevelEncryptionConfig);
  return { FieldLevelEncryption: configView(made), Location: locationOf(ctx, `field-level-encryption/${made.id}`), ETag: made.etag };
}

export function GetFieldLevelEncryption(ctx: Cdn, { Id }: cf.GetFieldLevelEncryptionRequest): cf.GetFieldLevelEncryptionResult {
  const found = configs.get(ctx, Id);
  return { FieldLevelEncryption: configView(found), ETag: found.etag };
}

export function GetFieldLevelEncryptionConfig(ctx: Cdn, { Id }: cf.GetFieldLevelEncryptionConfigRequest): cf.GetFieldLevelEncryptionConfigResult {
  const { body, etag } = configs.get(ctx, Id);
  return { FieldLevelEncryptionConfig: body, ETag: etag };
}

export function UpdateFieldLevelEncryptionConfig(ctx: Cdn, { Id, IfMatch, FieldLevelEncryptionConfig }: cf.UpdateFieldLevelEncryptionConfigRequest): cf.UpdateFieldLevelEncryptionConfigResult {
  const updated = configs.update(ctx, Id, IfMatch, FieldLevelEncryptionConfig);
  return { FieldLevelEncryption: configView(updated), ETag: updated.etag };
}

export function DeleteFieldLevelEncryptionConfig(ctx: Cdn, { Id, IfMatch }: cf.DeleteFieldLevelEncryptionConfigRequest): {} {
  configs.delete(ctx, Id, IfMatch);
  return {};
}

export function ListFieldLevelEncryptionConfigs(ctx: Cdn, input: cf.ListFieldLevelEncryptionConfigsRequest): cf.ListFieldLevelEncryptionConfigsResult {
  return { FieldLevelEncryptionList: configs.list(ctx, input, ({ id, body, modifiedMs }): cf.FieldLevelEncryptionSummary => ({ Id: id, LastModifiedTime: modifiedMs, ...body })) };
}

export function CreateFieldLevelEncryptionProfile(ctx: Cdn, { FieldLevelEncryptionProfileConfig }: cf.CreateFieldLevelEncryptionProfileRequest): cf.CreateFieldLevelEncryptionProfileResult {
  const made = profiles.create(ctx, FieldLevelEncryptionProfileConfig);
  return { FieldLevelEncryptionProfile: profileView(made), Location: locationOf(ctx, `field-level-encryption-profile/${made.id}`), ETag: made.etag };
}

export function GetFieldLevelEncryptionProfile(ctx: Cdn, { Id }: cf.GetFieldLevelEncryptionProfileRequest): cf.GetFieldLevelEncryptionProfileResult {
  const found = profiles.get(ctx, Id);
  return { FieldLevelEncryptionProfile: profileView(found), ETag: found.etag };
}

export function GetFieldLevelEncryptionProfileConfig(ctx: Cdn, { Id }: cf.GetFieldLevelEncryptionProfileConfigRequest): cf.GetFieldLevelEncryptionProfileConfigResult {
  const { body, etag } = profiles.get(ctx, Id);
  return { FieldLevelEncryptionProfileConfig: body, ETag: etag };
}

export function UpdateFieldLevelEncryptionProfile(ctx: Cdn, { Id, IfMatch, FieldLevelEncryptionProfileConfig }: cf.UpdateFieldLevelEncryptionProfileRequest): cf.UpdateFieldLevelEncryptionProfileResult {
  const updated = profiles.update(ctx, Id, IfMatch, FieldLevelEncryptionProfileConfig);
  return { FieldLevelEncryptionProfile: profileView(updated), ETag: updated.etag };
}

export function DeleteFieldLevelEncryptionProfile(ctx: Cdn, { Id, IfMatch }: cf.DeleteFieldLevelEncryptionProfileRequest): {} {
  profiles.get(ctx, Id);
  for (const { body } of ctx.store.resources.all<cf.FieldLevelEncryptionConfig>("field-level-encryption-config")) {
    if (JSON.stringify(body).includes(`"ProfileId":"${Id}"`)) throw new AwsError("FieldLevelEncryptionProfileInUse", "The specified profile for field-level encryption is in use.");
  }
  profiles.delete(ctx, Id, IfMatch);
  return {};
}

export function ListFieldLevelEncryptionProfiles(ctx: Cdn, input: cf.ListFieldLevelEncryptionProfilesRequest): cf.ListFieldLevelEncryptionProfilesResult {
  return { FieldLevelEncryptionProfileList: profiles.list(ctx, input, ({ id, body, modifiedMs }): cf.FieldLevelEncryptionProfileSummary => ({ Id: id, LastModifiedTime: modifiedMs, ...body })) };
}
