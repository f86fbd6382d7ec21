import type { PlatformEvent } from "@cumulet/core";
import type {
  RemoveRegionsFromReplicationRequest, RemoveRegionsFromReplicationResponse, ReplicaRegionType, ReplicateSecretToRegionsRequest, ReplicateSecretToRegionsResponse,
  ReplicationStatusType, StopReplicationToReplicaRequest, StopReplicationToReplicaResponse,
} from "@cumulet/protocol/models/secretsmanager.d.ts";
import { AwsError } from "@cumulet/protocol";
import { invalidParameter, invalidRequest } from "../errors.ts";
import type { Secret, Version } from "../store.ts";
import { liveTarget, ownTarget, save } from "./targets.ts";
import type { Ctx } from "./targets.ts";
import { openedValue, sealedVersion } from "./values.ts";

export function replicateSecretToRegions(ctx: Ctx, input: ReplicateSecretToRegionsRequest): ReplicateSecretToRegionsResponse {
  const { ctx: owner, secret } = ownTarget(ctx, input.SecretId);
  addReplicas(owner, secret, input.AddReplicaRegions, input.ForceOverwriteReplicaSecret === true);
  return { ARN: secret.arn, ...replicationStatus(owner.store.secret(secret.name)!) };
}

/** Notes where a secret is to be; the copying is a durable event. */
export function addReplicas(ctx: Ctx, secret: Secret, given: readonly ReplicaRegionType[], overwrite: boolean): void {
  const replicas = [...secret.replicas];
  for (const { Region: region, KmsKeyId: kmsKey } of given) {
    if (region === undefined || region === ctx.region) throw invalidParameter("Invalid replica region.");
    const there = ctx.at(ctx.account, region).store.secret(secret.name);
    const taken = there !== undefined && there.primaryRegion === undefined && !overwrite;
    const replica = { region, kmsKey, status: taken ? "Failed" : "InProgress", message: taken ? `Replication failed: Secret name simple already exists in region ${region}.`.replace("simple", secret.name) : undefined };
    const at = replicas.findIndex((one) => one.region === region);
    if (at < 0) replicas.push(replica);
    else replicas[at] = replica;
  }
  save(ctx, { ...secret, replicas });
}

export function replicationStatus(secret: Secret): { ReplicationStatus?: ReplicationStatusType[] } {
  if (secret.replicas.length === 0) return {};
  return {
    ReplicationStatus: secret.replicas.map(({ region, kmsKey, status, message }) => ({
      Region: region, KmsKeyId: kmsKey ?? "alias/aws/secretsmanager", Status: status, ...(message === undefined ? {} : { StatusMessage: message }),
    })),
  };
}

export function removeRegionsFromReplication(ctx: Ctx, input: RemoveRegionsFromReplicationRequest): RemoveRegionsFromReplicationResponse {
  const { ctx: owner, secret } = ownTarget(ctx, input.SecretId);
  for (const region of input.RemoveReplicaRegions) {
    const away = owner.at(owner.account, region);
    if (away.store.secret(secret.name)?.primaryRegion === owner.region) away.transaction(() => away.store.deleteSecret(secret.name));
  }
  const changed = { ...secret, replicas: secret.replicas.filter(({ region }) => !input.RemoveReplicaRegions.includes(region)) };
  save(owner, changed);
  return { ARN: secret.arn, ...replicationStatus(changed) };
}

/** A replica becomes a secret of its own. */
export function stopReplicationToReplica(ctx: Ctx, input: StopReplicationToReplicaRequest): StopReplicationToReplicaResponse {
  const { ctx: owner, secret } = liveTarget(ctx, input.SecretId);
  if (secret.primaryRegion === undefined) throw invalidRequest("Operation is only permitted on a replica secret.");
  const home = owner.at(owner.account, secret.primaryRegion);
  const primary = home.store.secret(secret.name);
  if (primary !== undefined) home.transaction(() => save(home, { ...primary, replicas: primary.replicas.filter(({ region }) => region !== owner.region) }));
  save(owner, { ...secret, primaryRegion: undefined });
  return { ARN: secret.arn };
}

/** Copies a secret, with all versions that have a stage, to where its replicas are. */
export async function replicate(ctx: Ctx, { detail }: PlatformEvent): Promise<void> {
  const { name } = detail as { name: string };
  const secret = ctx.store.secret(name);
  if (secret === undefined) return;
  for (const replica of secret.replicas) {
    if (replica.status === "Failed" && replica.message?.includes("already exists") === true) continue;
    const away = ctx.at(ctx.account, replica.region);
    const copy: Secret = {
      ...secret, arn: secret.arn.replace(`:${ctx.region}:`, `:${replica.region}:`), kmsKey: replica.kmsKey, replicas: [], primaryRegion: ctx.region, rotation: undefined, rotationOff: undefined,
      accessedMs: undefined,
    };
    let status = "InSync";
    let message: string | undefined;
    try {
      const versions: Version[] = [];
      for (const version of ctx.store.versions(name)) {
        if (version.stages.length === 0 || version.value === null) continue;
        const bytes = await openedValue(ctx, secret, version);
        versions.push({ ...(await sealedVersion(away, copy, version.id, version.stages, { bytes, binary: version.binary })), createdMs: version.createdMs });
      }
      away.transaction(() => {
        away.store.deleteSecret(name);
        save(away, copy, false);
        for (const version of versions) away.store.putVersion(name, version);
      });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      status = "Failed";
      message = error.message;
    }
    ctx.transaction(() => {
      const latest = ctx.store.secret(name);
      if (latest === undefined) return;
      save(ctx, { ...latest, replicas: latest.replicas.map((one) => (one.region === replica.region ? { ...one, status, message } : one)) }, false);
    });
  }
}
