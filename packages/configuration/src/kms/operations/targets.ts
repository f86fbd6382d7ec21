import { AwsError } from "@cumulet/protocol";
import type { Context } from "@cumulet/core";
import { privateKeyOf } from "../domain/asymmetric.ts";
import { invalidState, invalidUsage, notFound } from "../domain/errors.ts";
import type { KeyObject } from "node:crypto";
import type { Key, KmsStore, Material } from "../store.ts";

/** A context of KMS. */
export type Ctx = Context<KmsStore>;

/** A key with the context of its owner. */
export interface Target {
  ctx: Ctx;
  key: Key;
}

const keyId = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;

/** Services that keep a key of their own in every account, made when it is first asked for. */
const awsManaged = /^alias\/aws\/[a-z0-9-]{1,64}$/;

/** The key of an id, an ARN, an alias or an alias's ARN. @throws AwsError NotFoundException */
export function target(ctx: Ctx, idOrArn: string): Target {
  let owner = ctx;
  let resource = idOrArn;
  const arn = /^arn:[a-z-]+:kms:([a-z0-9-]*):(\d{12}):(.+)$/.exec(idOrArn);
  if (arn !== null) {
    if (arn[1] !== ctx.region) throw notFound(`Invalid arn ${arn[1]}`);
    owner = ctx.at(arn[2]!, arn[1]);
    resource = arn[3]!;
  } else if (idOrArn.startsWith("arn:")) throw new AwsError("InvalidArnException", `Invalid arn ${idOrArn}`);
  if (resource.startsWith("alias/")) {
    const alias = owner.store.alias(resource)?.keyId ?? (awsManaged.test(resource) ? makeManaged(owner, resource) : undefined);
    if (alias === undefined) throw notFound(`Alias ${arnOf(owner, resource)} is not found.`);
    return { ctx: owner, key: owner.store.key(alias)! };
  }
  const id = resource.replace(/^key\//, "");
  if (!keyId.test(id)) throw notFound(arn === null ? `Invalid keyId '${idOrArn}'` : `Invalid keyId '${id}'`);
  const key = owner.store.key(id);
  if (key === undefined) throw notFound(`Key '${arnOf(owner, `key/${id}`)}' does not exist`);
  return { ctx: owner, key };
}

/** A key of an AWS service, as it appears in an account with the first use. */
function makeManaged(ctx: Ctx, alias: string): string {
  const service = alias.slice("alias/aws/".length);
  const id = ctx.ids.uuid();
  const nowMs = ctx.clock.now();
  ctx.transaction(() => {
    ctx.store.putKey({
      id, spec: "SYMMETRIC_DEFAULT", usage: "ENCRYPT_DECRYPT", state: "Enabled", origin: "AWS_KMS", manager: "AWS", tags: {}, createdMs: nowMs, material: 0, multiRegion: false,
      description: `Default key that protects my ${service} data when no other key is defined`, policy: managedPolicy(ctx, service),
      rotation: { enabled: true, periodDays: 365, nextMs: nowMs + 365 * 86_400_000 },
    }, undefined);
    ctx.store.putMaterial(id, { number: 0, id: ctx.ids.bytes(32).toString("hex"), createdMs: nowMs, bytes: ctx.ids.bytes(32) });
    ctx.store.putAlias({ name: alias, keyId: id, createdMs: nowMs, updatedMs: nowMs });
  });
  return id;
}

function managedPolicy(ctx: Ctx, service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Id: `auto-${service}-1`,
    Statement: [{
      Sid: `Allow access through ${service} for all principals in the account that are authorized to use it`,
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
      Resource: "*",
      Condition: { StringEquals: { "kms:CallerAccount": ctx.account, "kms:ViaService": `${service}.${ctx.region}.amazonaws.com` } },
    }],
  });
}

export function arnOf(ctx: Ctx, resource: string): string {
  return `arn:${ctx.partition}:kms:${ctx.region}:${ctx.account}:${resource}`;
}

export function keyArn(ctx: Ctx, key: Pick<Key, "id">): string {
  return arnOf(ctx, `key/${key.id}`);
}

/** A key that may be used now, for what the operation does. @throws AwsError DisabledException, KMSInvalidStateException, InvalidKeyUsageException */
export function usable(ctx: Ctx, idOrArn: string, usage: string): Target {
  const found = target(ctx, idOrArn);
  checkUsable(found, usage);
  return found;
}

export function checkUsable({ ctx, key }: Target, usage: string): void {
  const arn = keyArn(ctx, key);
  checkState(ctx, key);
  if (key.usage !== usage) throw invalidUsage(`${arn} key usage is ${key.usage} which is not valid for ${ctx.operation}.`);
}

/** @throws AwsError DisabledException, KMSInvalidStateException */
export function checkState(ctx: Ctx, key: Key): void {
  const arn = keyArn(ctx, key);
  switch (key.state) {
    case "Enabled": return;
    case "Disabled": throw new AwsError("DisabledException", `${arn} is disabled.`);
    case "PendingImport": throw invalidState(`${arn} is pending import.`);
    default: throw invalidState(`${arn} is pending deletion.`);
  }
}

/** Keys of AWS services are theirs to change. */
export function checkManager(ctx: Ctx, key: Key): void {
  if (key.manager === "AWS") throw new AwsError("AccessDeniedException", `User: ${ctx.principal.arn} is not authorized to perform: kms:${ctx.operation} on resource: ${keyArn(ctx, key)}`);
}

/** What new ciphertexts are made with. */
export function currentMaterial(ctx: Ctx, key: Key): Material & { bytes: Buffer } {
  const material = ctx.store.material(key.id, key.material);
  if (material?.bytes === null || material === undefined) throw invalidState(`${keyArn(ctx, key)} is pending import.`);
  return material as Material & { bytes: Buffer };
}

/** The private key of an asymmetric key, parsed once. */
export function privateKey(ctx: Ctx, key: Key): KeyObject {
  const name = `${key.id}/${key.material}`;
  let parsed = ctx.store.parsed.get(name);
  if (parsed === undefined) ctx.store.parsed.set(name, (parsed = privateKeyOf(currentMaterial(ctx, key).bytes)));
  return parsed;
}

/** Somebody only wanted to know. */
export function checkDryRun(input: { DryRun?: boolean }): void {
  if (input.DryRun === true) throw new AwsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
}

/** Pages by a marker, KMS's way. */
export function paged<T>(input: { Limit?: number; Marker?: string }, defaultLimit: number, read: (after: string, limit: number) => T[], name: (row: T) => string): { rows: T[]; page: { Truncated: boolean; NextMarker?: string } } {
  const limit = input.Limit ?? defaultLimit;
  const found = read(readMarker(input.Marker), limit + 1);
  const rows = found.slice(0, limit);
  return { rows, page: found.length > limit ? { Truncated: true, NextMarker: Buffer.from(name(rows.at(-1)!)).toString("base64") } : { Truncated: false } };
}

function readMarker(marker: string | undefined): string {
  if (marker === undefined) return "";
  const name = Buffer.from(marker, "base64").toString();
  if (Buffer.from(name).toString("base64") !== marker) throw new AwsError("InvalidMarkerException", "Could not deserialize marker");
  return name;
}

