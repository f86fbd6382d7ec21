import type { Context } from "@cumulet/core";
import { invalidRequest, secretNotFound } from "../errors.ts";
import type { Secret, SecretsStore } from "../store.ts";

/** A context of Secrets Manager. */
export type Ctx = Context<SecretsStore>;

/** A secret with the context of its owner. */
export interface Target {
  ctx: Ctx;
  secret: Secret;
}

/** The entry of the agenda. */
export const secretsDue = "secrets";

/** The secret of a name, an ARN, or an ARN without its six characters. @throws AwsError ResourceNotFoundException */
export function target(ctx: Ctx, id: string): Target {
  const arn = /^arn:[a-z-]+:secretsmanager:([a-z0-9-]+):(\d{12}):secret:(.+)$/.exec(id);
  if (arn === null) {
    const secret = ctx.store.secret(id);
    if (secret === undefined) throw secretNotFound();
    return { ctx, secret };
  }
  const owner = ctx.at(arn[2]!, arn[1]!);
  const full = owner.store.secret(arn[3]!.slice(0, -7));
  if (full?.arn === id) return { ctx: owner, secret: full };
  const partial = owner.store.secret(arn[3]!);
  if (partial === undefined) throw secretNotFound();
  return { ctx: owner, secret: partial };
}

/** A secret that is not marked for deletion. @throws AwsError InvalidRequestException */
export function liveTarget(ctx: Ctx, id: string): Target {
  const found = target(ctx, id);
  if (found.secret.deletedMs !== undefined) throw invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
  return found;
}

/** One that may be changed: replicas follow their original. @throws AwsError InvalidRequestException */
export function ownTarget(ctx: Ctx, id: string): Target {
  const found = liveTarget(ctx, id);
  checkPrimary(found.secret);
  return found;
}

export function checkPrimary(secret: Secret): void {
  if (secret.primaryRegion !== undefined) throw invalidRequest("Operation not permitted on a replica secret. Call must be made in primary secret's region.");
}

/** Writes a secret, and when the background has to look at it. Replicas are told of what changed. */
export function save(ctx: Ctx, secret: Secret, tellReplicas = true): void {
  const rotates = secret.deletedMs === undefined && secret.rotationOff !== true ? secret.rotation?.nextMs : undefined;
  const times = [secret.deletionMs, rotates].filter((ms) => ms !== undefined);
  const dueMs = times.length === 0 ? undefined : Math.min(...times);
  ctx.store.putSecret(secret, dueMs);
  if (dueMs !== undefined) ctx.store.bell.due(dueMs, secretsDue);
  if (tellReplicas && secret.replicas.length > 0) ctx.emit({ type: "secretsmanager.replicate", detail: { name: secret.name }, orderKey: secret.name });
}
