import { AwsError } from "@cumulet/protocol";
import type {
  CancelKeyDeletionRequest, CancelKeyDeletionResponse, CreateKeyRequest, CreateKeyResponse, DescribeKeyRequest, DescribeKeyResponse, DisableKeyRequest, EnableKeyRequest,
  GetKeyPolicyRequest, GetKeyPolicyResponse, KeyMetadata, ListKeyPoliciesRequest, ListKeyPoliciesResponse, ListKeysRequest, ListKeysResponse, ListResourceTagsRequest,
  ListResourceTagsResponse, PutKeyPolicyRequest, ReplicateKeyRequest, ReplicateKeyResponse, ScheduleKeyDeletionRequest, ScheduleKeyDeletionResponse, Tag, TagResourceRequest,
  UntagResourceRequest, UpdateKeyDescriptionRequest, UpdatePrimaryRegionRequest,
} from "@cumulet/protocol/models/kms.d.ts";
import { Policy, PolicySyntaxError } from "@cumulet/core";
import { makePrivateKey } from "../domain/asymmetric.ts";
import { invalidState, unsupported, validation } from "../domain/errors.ts";
import { algorithmsOf, specOf } from "../domain/specs.ts";
import type { Key, Material } from "../store.ts";
import { checkManager, checkState, keyArn, paged, target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const mostTags = 50;
const dayMs = 86_400_000;
const defaultDeletionDays = 30;

/** Anything that the background does with keys; one entry, since each says itself when it is due. */
export const keysDue = "keys";

// --- birth ------------------------------------------------------------------------------------------------------------

export async function createKey(ctx: Ctx, input: CreateKeyRequest): Promise<CreateKeyResponse> {
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT";
  if (input.Origin !== undefined && input.Origin !== "AWS_KMS" && input.Origin !== "EXTERNAL") throw unsupported(`Cumulet has no custom key stores: the key origin ${input.Origin} is not supported.`);
  const origin = input.Origin === "EXTERNAL" ? "EXTERNAL" : "AWS_KMS";
  if (input.CustomKeyStoreId !== undefined || input.XksKeyId !== undefined) throw unsupported("Cumulet has no custom key stores.");
  const known = specOf(spec);
  if (known === undefined) throw unsupported(`Cumulet does not support the key spec ${spec}.`);
  if (input.KeyUsage === undefined && spec !== "SYMMETRIC_DEFAULT") throw validation("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.");
  const usage = input.KeyUsage ?? known.usages[0]!;
  if (!known.usages.includes(usage)) throw validation(`KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
  const multiRegion = input.MultiRegion === true;
  const tags = checkedTags({}, input.Tags ?? []);
  if (input.Policy !== undefined) checkPolicy(input.Policy);
  const nowMs = ctx.clock.now();
  const id = multiRegion ? `mrk-${ctx.ids.bytes(16).toString("hex")}` : ctx.ids.uuid();
  const key: Key = {
    id, spec, usage, state: origin === "EXTERNAL" ? "PendingImport" : "Enabled", description: input.Description ?? "", origin, manager: "CUSTOMER", policy: input.Policy ?? defaultPolicy(ctx), tags,
    createdMs: nowMs, rotation: { enabled: false, periodDays: 365, nextMs: undefined }, material: 0, multiRegion, ...(multiRegion ? { primaryRegion: ctx.region, replicaRegions: [] } : {}),
  };
  const bytes = origin === "EXTERNAL" ? undefined : known.bytes === undefined ? await makePrivateKey(spec) : ctx.ids.bytes(known.bytes);
  ctx.transaction(() => {
    ctx.store.putKey(key, undefined);
    if (bytes !== undefined) ctx.store.putMaterial(id, { number: 0, id: ctx.ids.bytes(32).toString("hex"), createdMs: nowMs, bytes });
  });
  return { KeyMetadata: metadata(ctx, key) };
}

function defaultPolicy(ctx: Ctx): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Id: "key-default-1",
    Statement: [{ Sid: "Enable IAM User Permissions", Effect: "Allow", Principal: { AWS: `arn:${ctx.partition}:iam::${ctx.account}:root` }, Action: "kms:*", Resource: "*" }],
  });
}

function checkPolicy(text: string): void {
  try {
    new Policy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw new AwsError("MalformedPolicyDocumentException", error.message);
    throw error;
  }
}

// --- description ------------------------------------------------------------------------------------------------------

export function describeKey(ctx: Ctx, input: DescribeKeyRequest): DescribeKeyResponse {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  return { KeyMetadata: metadata(owner, key) };
}

/** A key as KMS describes it. */
export function metadata(ctx: Ctx, key: Key): KeyMetadata {
  const material = ctx.store.material(key.id, key.material);
  const present = material !== undefined && material.bytes !== null;
  const primary = key.primaryRegion === undefined ? undefined : regionalArn(ctx, key, key.primaryRegion);
  return {
    AWSAccountId: ctx.account,
    KeyId: key.id,
    Arn: keyArn(ctx, key),
    CreationDate: key.createdMs,
    Enabled: key.state === "Enabled",
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    ...(key.state === "PendingDeletion" ? { DeletionDate: key.deletionMs! } : {}),
    ...(key.state === "PendingReplicaDeletion" ? { PendingDeletionWindowInDays: key.deletionDays! } : {}),
    Origin: key.origin,
    KeyManager: key.manager,
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    ...algorithmsOf(key.spec, key.usage),
    ...(key.origin === "EXTERNAL" && present ? expiration(material) : {}),
    MultiRegion: key.multiRegion,
    ...(primary === undefined ? {} : {
      MultiRegionConfiguration: {
        MultiRegionKeyType: key.primaryRegion === ctx.region ? "PRIMARY" : "REPLICA",
        PrimaryKey: { Arn: primary, Region: key.primaryRegion! },
        ReplicaKeys: replicasOf(ctx, key).map((region) => ({ Arn: regionalArn(ctx, key, region), Region: region })),
      },
    }),
    ...(key.spec === "SYMMETRIC_DEFAULT" && present ? { CurrentKeyMaterialId: material.id } : {}),
  };
}

function expiration(material: Material): { ExpirationModel: string; ValidTo?: number } {
  return material.validToMs === undefined ? { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" } : { ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo: material.validToMs };
}

function regionalArn(ctx: Ctx, key: Key, region: string): string {
  return `arn:${ctx.partition}:kms:${region}:${ctx.account}:key/${key.id}`;
}

/** The primary keeps the list. */
function replicasOf(ctx: Ctx, key: Key): string[] {
  const primary = key.primaryRegion === ctx.region ? key : ctx.at(ctx.account, key.primaryRegion!).store.key(key.id);
  return primary?.replicaRegions ?? [];
}

export function listKeys(ctx: Ctx, input: ListKeysRequest): ListKeysResponse {
  const { rows, page } = paged(input, 100, (after, limit) => ctx.store.keys(after, limit), ({ id }) => id);
  return { Keys: rows.map((key) => ({ KeyId: key.id, KeyArn: keyArn(ctx, key) })), ...page };
}

export function updateKeyDescription(ctx: Ctx, input: UpdateKeyDescriptionRequest): void {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  checkManager(owner, key);
  checkNotPendingDeletion(owner, key);
  save(owner, { ...key, description: input.Description });
}


// --- state ------------------------------------------------------------------------------------------------------------

/** Writes a key, and when the background has to look at it. */
export function save(ctx: Ctx, key: Key): void {
  const validToMs = ctx.store.materials(key.id).map(({ validToMs: ms, bytes }) => (bytes === null ? undefined : ms));
  const times = [key.state === "PendingDeletion" ? key.deletionMs : undefined, key.rotation.enabled && key.state === "Enabled" ? key.rotation.nextMs : undefined, ...validToMs].filter((ms) => ms !== undefined);
  const dueMs = times.length === 0 ? undefined : Math.min(...times);
  ctx.store.putKey(key, dueMs);
  if (dueMs !== undefined) ctx.store.bell.due(dueMs, keysDue);
}

function checkNotPendingDeletion(ctx: Ctx, key: Key): void {
  if (key.state === "PendingDeletion" || key.state === "PendingReplicaDeletion") throw invalidState(`${keyArn(ctx, key)} is pending deletion.`);
}

export function enableKey(ctx: Ctx, input: EnableKeyRequest): void {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  checkManager(owner, key);
  if (key.state !== "Disabled" && key.state !== "Enabled") checkState(owner, key);
  save(owner, { ...key, state: "Enabled" });
}

export function disableKey(ctx: Ctx, input: DisableKeyRequest): void {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  checkManager(owner, key);
  if (key.state !== "Disabled" && key.state !== "Enabled") checkState(owner, key);
  save(owner, { ...key, state: "Disabled" });
}

export function scheduleKeyDeletion(ctx: Ctx, input: ScheduleKeyDeletionRequest): ScheduleKeyDeletionResponse {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  checkManager(owner, key);
  const days = input.PendingWindowInDays ?? defaultDeletionDays;
  if (days < 7 || days > 30) throw validation(`1 validation error detected: Value '${days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value ${days < 7 ? "greater than or equal to 7" : "less than or equal to 30"}`);
  checkNotPendingDeletion(owner, key);
  // A primary waits until its replicas are gone.
  const waits = key.multiRegion && key.primaryRegion === owner.region && (key.replicaRegions ?? []).length > 0;
  const deletionMs = owner.clock.now() + days * dayMs;
  save(owner, { ...key, state: waits ? "PendingReplicaDeletion" : "PendingDeletion", deletionMs: waits ? undefined : deletionMs, deletionDays: days });
  return { KeyId: keyArn(owner, key), ...(waits ? {} : { DeletionDate: deletionMs }), KeyState: waits ? "PendingReplicaDeletion" : "PendingDeletion", PendingWindowInDays: days };
}

export function cancelKeyDeletion(ctx: Ctx, input: CancelKeyDeletionRequest): CancelKeyDeletionResponse {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  checkManager(owner, key);
  if (key.state !== "PendingDeletion" && key.state !== "PendingReplicaDeletion") throw invalidState(`${keyArn(owner, key)} is not pending deletion.`);
  save(owner, { ...key, state: "Disabled", deletionMs: undefined, deletionDays: undefined });
  return { KeyId: keyArn(owner, key) };
}

/** Removes a key for good; its primary forgets it, and goes as well when it waited for that. */
export function remove(ctx: Ctx, key: Key): void {
  ctx.store.deleteKey(key.id);
  if (!key.multiRegion || key.primaryRegion === undefined || key.primaryRegion === ctx.region) return;
  const home = ctx.at(ctx.account, key.primaryRegion);
  const primary = home.store.key(key.id);
  if (primary === undefined) return;
  const replicaRegions = (primary.replicaRegions ?? []).filter((region) => region !== ctx.region);
  const goes = primary.state === "PendingReplicaDeletion" && replicaRegions.length === 0;
  home.transaction(() => save(home, { ...primary, replicaRegions, ...(goes ? { state: "PendingDeletion" as const, deletionMs: ctx.clock.now() + primary.deletionDays! * dayMs } : {}) }));
}

// --- policy and tags --------------------------------------------------------------------------------------------------

export function getKeyPolicy(ctx: Ctx, input: GetKeyPolicyRequest): GetKeyPolicyResponse {
  const { key } = target(ctx, input.KeyId);
  checkPolicyName(input.PolicyName);
  return { Policy: key.policy, PolicyName: "default" };
}

function checkPolicyName(name: string | undefined): void {
  if (name !== undefined && name !== "default") throw new AwsError("NotFoundException", "No such policy exists");
}

export function putKeyPolicy(ctx: Ctx, input: PutKeyPolicyRequest): void {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  checkManager(owner, key);
  checkPolicyName(input.PolicyName);
  checkPolicy(input.Policy);
  save(owner, { ...key, policy: input.Policy });
}

export function listKeyPolicies(ctx: Ctx, input: ListKeyPoliciesRequest): ListKeyPoliciesResponse {
  target(ctx, input.KeyId);
  return { PolicyNames: ["default"], Truncated: false };
}

function checkedTags(old: { [key: string]: string }, given: readonly Tag[]): { [key: string]: string } {
  const tags = { ...old };
  for (const { TagKey, TagValue } of given) {
    if (/^aws:/i.test(TagKey)) throw new AwsError("TagException", "Tags beginning with aws: are reserved");
    tags[TagKey] = TagValue;
  }
  if (Object.keys(tags).length > mostTags || given.length > mostTags) throw new AwsError("TagException", "Too many tags");
  return tags;
}

export function tagResource(ctx: Ctx, input: TagResourceRequest): void {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  checkManager(owner, key);
  checkNotPendingDeletion(owner, key);
  save(owner, { ...key, tags: checkedTags(key.tags, input.Tags) });
}

export function untagResource(ctx: Ctx, input: UntagResourceRequest): void {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  checkManager(owner, key);
  checkNotPendingDeletion(owner, key);
  save(owner, { ...key, tags: Object.fromEntries(Object.entries(key.tags).filter(([name]) => !input.TagKeys.includes(name))) });
}

export function listResourceTags(ctx: Ctx, input: ListResourceTagsRequest): ListResourceTagsResponse {
  const { key } = target(ctx, input.KeyId);
  const { rows, page } = paged(input, mostTags, (after, limit) => Object.entries(key.tags).filter(([name]) => name > after).sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit), ([name]) => name);
  return { Tags: rows.map(([TagKey, TagValue]) => ({ TagKey, TagValue })), ...page };
}

// --- several regions --------------------------------------------------------------------------------------------------

export function replicateKey(ctx: Ctx, input: ReplicateKeyRequest): ReplicateKeyResponse {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  if (!key.multiRegion || key.primaryRegion !== owner.region) throw unsupported(`${keyArn(owner, key)} is not a multi-region primary key.`);
  checkState(owner, key);
  const region = input.ReplicaRegion;
  if (region === owner.region) throw validation(`Cannot replicate to the region of the primary key: ${region}.`);
  const away = owner.at(owner.account, region);
  if (away.store.key(key.id) !== undefined) throw new AwsError("AlreadyExistsException", `Key ${regionalArn(owner, key, region)} already exists.`);
  if (input.Policy !== undefined) checkPolicy(input.Policy);
  const replica: Key = {
    ...key, description: input.Description ?? "", policy: input.Policy ?? defaultPolicy(away), tags: checkedTags({}, input.Tags ?? []), createdMs: owner.clock.now(), replicaRegions: undefined, lastUsedMs: undefined,
  };
  save(owner, { ...key, replicaRegions: [...(key.replicaRegions ?? []), region] });
  away.transaction(() => {
    save(away, replica);
    for (const material of owner.store.materials(key.id)) away.store.putMaterial(key.id, material);
  });
  const { CurrentKeyMaterialId: _current, ...shown } = metadata(away, replica);
  return {
    // It is said to be in the making (recorded); the next look finds it made.
    ReplicaKeyMetadata: { ...shown, Enabled: false, KeyState: "Creating" },
    ReplicaPolicy: replica.policy,
    ReplicaTags: Object.entries(replica.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
  };
}

export function updatePrimaryRegion(ctx: Ctx, input: UpdatePrimaryRegionRequest): void {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  if (!key.multiRegion || key.primaryRegion !== owner.region) throw unsupported(`${keyArn(owner, key)} is not a multi-region primary key.`);
  const replicas = key.replicaRegions ?? [];
  if (!replicas.includes(input.PrimaryRegion)) throw new AwsError("NotFoundException", `Key '${regionalArn(owner, key, input.PrimaryRegion)}' does not exist`);
  const next = [...replicas.filter((region) => region !== input.PrimaryRegion), owner.region];
  for (const region of [owner.region, ...replicas]) {
    const there = owner.at(owner.account, region);
    const one = there.store.key(key.id);
    if (one !== undefined) there.transaction(() => save(there, { ...one, primaryRegion: input.PrimaryRegion, replicaRegions: region === input.PrimaryRegion ? next : undefined }));
  }
}
