import { AwsError } from "@cumulet/protocol";
import type {
  DeleteImportedKeyMaterialRequest, DeleteImportedKeyMaterialResponse, DisableKeyRotationRequest, EnableKeyRotationRequest, GetKeyRotationStatusRequest, GetKeyRotationStatusResponse,
  GetParametersForImportRequest, GetParametersForImportResponse, ImportKeyMaterialRequest, ImportKeyMaterialResponse, ListKeyRotationsRequest, ListKeyRotationsResponse,
  RotateKeyOnDemandRequest, RotateKeyOnDemandResponse,
} from "@cumulet/protocol/models/kms.d.ts";
import { createHash } from "node:crypto";
import { isOfSpec, makePrivateKey, privateKeyOf, publicDer } from "../domain/asymmetric.ts";
import { invalidState, unsupported, validation } from "../domain/errors.ts";
import { specOf } from "../domain/specs.ts";
import { unwrap } from "../domain/wrapping.ts";
import type { Key, Material } from "../store.ts";
import { save } from "./keys.ts";
import { checkManager, checkState, keyArn, paged, target } from "./targets.ts";
import type { Ctx, Target } from "./targets.ts";

const dayMs = 86_400_000;
const mostOnDemand = 25;

// --- rotation ---------------------------------------------------------------------------------------------------------

/** Only symmetric keys of KMS's own making are rotated by time. */
function rotatable(ctx: Ctx, idOrArn: string): Target {
  const found = target(ctx, idOrArn);
  checkManager(found.ctx, found.key);
  checkState(found.ctx, found.key);
  if (found.key.spec !== "SYMMETRIC_DEFAULT") throw unsupported(`You cannot enable or disable rotation, or rotate on demand, for ${keyArn(found.ctx, found.key)}: it is not a symmetric encryption key.`);
  return found;
}

export function enableKeyRotation(ctx: Ctx, input: EnableKeyRotationRequest): void {
  const { ctx: owner, key } = rotatable(ctx, input.KeyId);
  if (key.origin === "EXTERNAL") throw unsupported(`${keyArn(owner, key)} origin is EXTERNAL which is not valid for this operation.`);
  const periodDays = input.RotationPeriodInDays ?? 365;
  save(owner, { ...key, rotation: { enabled: true, periodDays, nextMs: owner.clock.now() + periodDays * dayMs } });
}

export function disableKeyRotation(ctx: Ctx, input: DisableKeyRotationRequest): void {
  const { ctx: owner, key } = rotatable(ctx, input.KeyId);
  save(owner, { ...key, rotation: { ...key.rotation, enabled: false, nextMs: undefined } });
}

export function getKeyRotationStatus(ctx: Ctx, input: GetKeyRotationStatusRequest): GetKeyRotationStatusResponse {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  if (key.state === "PendingImport") checkState(owner, key);
  const { enabled, periodDays, nextMs } = key.rotation;
  return { KeyId: keyArn(owner, key), KeyRotationEnabled: enabled, ...(enabled ? { RotationPeriodInDays: periodDays, NextRotationDate: nextMs! } : {}) };
}

export function rotateKeyOnDemand(ctx: Ctx, input: RotateKeyOnDemandRequest): RotateKeyOnDemandResponse {
  const { ctx: owner, key } = rotatable(ctx, input.KeyId);
  const materials = owner.store.materials(key.id);
  if (materials.filter(({ rotationType }) => rotationType === "ON_DEMAND").length >= mostOnDemand) {
    throw new AwsError("LimitExceededException", `On-demand rotation quota of ${mostOnDemand} exceeded for key ${keyArn(owner, key)}.`);
  }
  if (key.origin === "EXTERNAL") {
    // The material that was imported last, and waits.
    const waiting = materials.find(({ number }) => number === key.material + 1);
    if (waiting === undefined) throw invalidState(`No available key material pending rotation for the key: ${keyArn(owner, key)}.`);
    owner.store.putMaterial(key.id, { ...waiting, rotationType: "ON_DEMAND", rotatedMs: owner.clock.now() });
    save(owner, { ...key, material: waiting.number });
  } else rotate(owner, key, "ON_DEMAND");
  return { KeyId: keyArn(owner, key) };
}

/** Gives a key new material; what was encrypted before is decrypted with the old one. A replica gets the same. */
export function rotate(ctx: Ctx, key: Key, rotationType: "AUTOMATIC" | "ON_DEMAND"): void {
  const nowMs = ctx.clock.now();
  const material: Material = { number: key.material + 1, id: ctx.ids.bytes(32).toString("hex"), createdMs: nowMs, rotationType, rotatedMs: nowMs, bytes: ctx.ids.bytes(32) };
  const nextMs = rotationType === "AUTOMATIC" ? nowMs + key.rotation.periodDays * dayMs : key.rotation.nextMs;
  ctx.store.putMaterial(key.id, material);
  save(ctx, { ...key, material: material.number, rotation: { ...key.rotation, nextMs } });
  for (const region of key.primaryRegion === ctx.region ? (key.replicaRegions ?? []) : []) {
    const away = ctx.at(ctx.account, region);
    const replica = away.store.key(key.id);
    if (replica === undefined) continue;
    away.transaction(() => {
      away.store.putMaterial(key.id, material);
      save(away, { ...replica, material: material.number });
    });
  }
}

export function listKeyRotations(ctx: Ctx, input: ListKeyRotationsRequest): ListKeyRotationsResponse {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  const all = owner.store.materials(key.id).filter((material) => input.IncludeKeyMaterial === "ALL_KEY_MATERIAL" || material.rotationType !== undefined);
  const { rows, page } = paged(input, 100, (after, limit) => all.filter(({ number }) => number > Number(after === "" ? -1 : after)).slice(0, limit), ({ number }) => String(number));
  return {
    Rotations: rows.map((material) => ({
      KeyId: keyArn(owner, key),
      KeyMaterialId: material.id,
      ...(material.description === undefined ? {} : { KeyMaterialDescription: material.description }),
      ...(key.origin === "EXTERNAL" ? { ImportState: material.bytes === null ? "PENDING_IMPORT" : "IMPORTED" } : {}),
      KeyMaterialState: material.number === key.material ? "CURRENT" : material.number > key.material ? "PENDING_ROTATION" : "NON_CURRENT",
      ...(material.rotatedMs === undefined ? {} : { RotationDate: material.rotatedMs, RotationType: material.rotationType! }),
    })),
    ...page,
  };
}

// --- imported material ------------------------------------------------------------------------------------------------

function importable(ctx: Ctx, idOrArn: string): Target {
  const found = target(ctx, idOrArn);
  if (found.key.origin !== "EXTERNAL") throw unsupported(`${keyArn(found.ctx, found.key)} origin is ${found.key.origin} which is not valid for this operation.`);
  if (found.key.state === "PendingDeletion") checkState(found.ctx, found.key);
  return found;
}

const importDays = 1;

export async function getParametersForImport(ctx: Ctx, input: GetParametersForImportRequest): Promise<GetParametersForImportResponse> {
  const { ctx: owner, key } = importable(ctx, input.KeyId);
  if (input.WrappingKeySpec === "SM2" || input.WrappingAlgorithm === "SM2PKE") throw unsupported("Cumulet does not support SM2.");
  const der = await makePrivateKey(input.WrappingKeySpec);
  const token = owner.ids.bytes(256);
  const untilMs = owner.clock.now() + importDays * dayMs;
  owner.transaction(() => {
    owner.store.dropImports(owner.clock.now());
    owner.store.putImport(token.toString("base64"), key.id, input.WrappingAlgorithm, untilMs, der);
  });
  return { KeyId: keyArn(owner, key), ImportToken: token, PublicKey: publicDer(privateKeyOf(der)), ParametersValidTo: untilMs };
}

export function importKeyMaterial(ctx: Ctx, input: ImportKeyMaterialRequest): ImportKeyMaterialResponse {
  const { ctx: owner, key } = importable(ctx, input.KeyId);
  const found = owner.store.import(Buffer.from(input.ImportToken).toString("base64"));
  if (found?.key_id !== key.id) throw new AwsError("InvalidImportTokenException", "");
  if (found.until_ms <= owner.clock.now()) throw new AwsError("ExpiredImportTokenException", "");
  const model = input.ExpirationModel ?? "KEY_MATERIAL_EXPIRES";
  if (model === "KEY_MATERIAL_EXPIRES" && input.ValidTo === undefined) throw validation("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES");
  if (model === "KEY_MATERIAL_DOES_NOT_EXPIRE" && input.ValidTo !== undefined) throw validation("ValidTo must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE");
  const bytes = unwrap(privateKeyOf(found.private_key), found.algorithm, input.EncryptedKeyMaterial);
  if (bytes === undefined) throw new AwsError("InvalidCiphertextException", "");
  checkMaterial(key, bytes);
  const id = createHash("sha256").update(key.id).update(bytes).digest("hex");
  const materials = owner.store.materials(key.id);
  const known = materials.find((material) => material.id === id);
  const fresh = input.ImportType === "NEW_KEY_MATERIAL" && key.spec === "SYMMETRIC_DEFAULT";
  // What was deleted comes back only as it was; a symmetric key may get other material, which then waits for a rotation.
  if (known === undefined && materials.length > 0 && !fresh) throw new AwsError("IncorrectKeyMaterialException", "");
  const number = known?.number ?? (materials.at(-1)?.number ?? -1) + 1;
  const material: Material = { ...known, number, id, createdMs: owner.clock.now(), validToMs: input.ValidTo, description: input.KeyMaterialDescription, bytes };
  owner.store.putMaterial(key.id, material);
  const waits = number !== key.material;
  save(owner, waits ? key : { ...key, state: key.state === "PendingImport" ? "Enabled" : key.state });
  return { KeyId: keyArn(owner, key), ...(key.spec === "SYMMETRIC_DEFAULT" ? { KeyMaterialId: id } : {}) };
}

function checkMaterial(key: Key, bytes: Buffer): void {
  const { bytes: length } = specOf(key.spec)!;
  if (length !== undefined) {
    if (bytes.length !== length && !(key.spec.startsWith("HMAC") && bytes.length >= 28 && bytes.length <= 64)) throw new AwsError("IncorrectKeyMaterialException", "");
    return;
  }
  let parsed;
  try {
    parsed = privateKeyOf(bytes);
  } catch {
    throw new AwsError("IncorrectKeyMaterialException", "");
  }
  if (!isOfSpec(parsed, key.spec)) throw new AwsError("IncorrectKeyMaterialException", "");
}

export function deleteImportedKeyMaterial(ctx: Ctx, input: DeleteImportedKeyMaterialRequest): DeleteImportedKeyMaterialResponse {
  const { ctx: owner, key } = importable(ctx, input.KeyId);
  const materials = owner.store.materials(key.id);
  const material = input.KeyMaterialId === undefined ? materials.find(({ number }) => number === key.material) : materials.find(({ id }) => id === input.KeyMaterialId);
  if (material !== undefined) forget(owner, key, material);
  return { KeyId: keyArn(owner, key), ...(material === undefined || key.spec !== "SYMMETRIC_DEFAULT" ? {} : { KeyMaterialId: material.id }) };
}

/** Takes the bytes of a material away; a key that needs them waits for them to be imported again. */
export function forget(ctx: Ctx, key: Key, material: Material): void {
  ctx.store.putMaterial(key.id, { ...material, bytes: null });
  const usable = key.state === "Enabled" || key.state === "Disabled";
  save(ctx, usable && material.number <= key.material ? { ...key, state: "PendingImport" } : key);
}
