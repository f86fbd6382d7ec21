import type { Context, PlatformEvent, PolicyPrincipal } from "@cumulet/core";
import type { ReplicationRule } from "@cumulet/protocol/models/s3.d.ts";
import { rulesFor } from "../domain/replication.ts";
import type { Tag } from "../domain/tagging.ts";
import { storedClass } from "../domain/storage-class.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import { bucketPolicy, resourceArn } from "./authorize.ts";
import { findBucket } from "./bucket.ts";
import type { Bucket } from "./bucket.ts";
import { objectOwnership } from "./configs.ts";
import { duplicate, isUnchanged } from "./copy-source.ts";
import { encryptionOf } from "./encryption.ts";
import type { ObjectEncryption } from "./encryption.ts";
import { notify } from "./events.ts";
import { putVersion } from "./versions.ts";

/**
 * Replication: what a bucket's rules choose is copied to other buckets, in any region and account, by durable events in
 * the order of the key's versions. A replica keeps the version id, the headers, tags and locks of its original; its bytes
 * are shared or linked, never read. Replicas are not replicated again.
 */

const REPLICATE = "s3.replicate";

/** What waits in the outbox: one version on its way to one bucket. */
interface Replication {
  bucket: string;
  key: string;
  rank: number;
  version: string | null;
  ruleId: string;
  /** The version was changed, not written: its tags, its list, its lock. */
  change: boolean;
}

export function bucketOfArn(arn: string): string {
  return arn.slice(arn.lastIndexOf(":") + 1);
}

/** Has a new version, or a delete marker, copied to where the bucket's rules send it. In its transaction. */
export function replicate(ctx: Context<Store>, bucket: Bucket, row: ObjectRow): void {
  const rules = rulesOf(bucket, row);
  if (rules.length === 0) return;
  row.replication = "PENDING";
  bucket.ctx.store.objects.patch(row, { replication: row.replication });
  ask(bucket, row, rules, false);
}

/** Has a change of a version that was replicated follow it. In its transaction. */
export function replicateChange(bucket: Bucket, row: ObjectRow): void {
  if (row.replication === null || row.replication === "REPLICA") return;
  ask(bucket, row, rulesOf(bucket, row), true);
}

function rulesOf(bucket: Bucket, row: ObjectRow): ReplicationRule[] {
  const config = bucket.configs.replication;
  if (config === undefined || bucket.versioning !== "Enabled") return [];
  return rulesFor(config, {
    key: row.key, marker: row.marker === 1, tags: row.tags === null ? [] : (JSON.parse(row.tags) as Tag[]), kms: encryptionOf(row)?.kind === "kms",
  });
}

function ask(bucket: Bucket, row: ObjectRow, rules: readonly ReplicationRule[], change: boolean): void {
  for (const rule of rules) {
    bucket.ctx.emit({
      type: REPLICATE,
      detail: { bucket: bucket.name, key: row.key, rank: row.rank, version: row.version, ruleId: rule.ID ?? "", change } satisfies Replication,
      // Versions of a key arrive in their order.
      orderKey: `${bucket.name}/${row.key}`,
    });
  }
}

export const replications: { [type: string]: (ctx: Context<Store>, event: PlatformEvent) => Promise<void> } = {
  async [REPLICATE](ctx, { detail }) {
    const { bucket: name, key, rank, version, ruleId, change } = detail as Replication;
    const source = findBucket(ctx, name);
    const row = source?.ctx.store.objects.at(source.id, key, rank);
    const rule = source?.configs.replication?.Rules.find(({ ID }) => ID === ruleId);
    if (source === undefined || row === undefined || row.version !== version || rule === undefined) return;
    const target = findBucket(ctx, bucketOfArn(rule.Destination.Bucket));
    if (target === undefined || target.versioning !== "Enabled" || !mayReplicate(source, target, row)) {
      fail(ctx, source, row);
      return;
    }
    await (change ? copyChange(source, target, row) : copyVersion(ctx, source, target, row, rule));
  },
};

/** Into another account a replica comes only by that bucket's leave, given to the role of the configuration. */
function mayReplicate(source: Bucket, target: Bucket, row: ObjectRow): boolean {
  const { ctx } = target;
  if (ctx.config.authorization !== "strict" || source.account === target.account) return true;
  const role = source.configs.replication?.Role ?? "";
  const principal: PolicyPrincipal = { kind: "role", account: source.account, arn: role, roleArn: role };
  const action = row.marker === 1 ? "s3:ReplicateDelete" : "s3:ReplicateObject";
  return bucketPolicy(target)?.decide({ action, resource: resourceArn(ctx, target, row.key), principal, values: () => undefined })?.effect === "allow";
}

function fail(ctx: Context<Store>, source: Bucket, row: ObjectRow): void {
  source.ctx.store.objects.patch(row, { replication: "FAILED" });
  notify(ctx, source, "Replication:OperationFailedReplication", row);
}

async function copyVersion(ctx: Context<Store>, source: Bucket, target: Bucket, row: ObjectRow, rule: ReplicationRule): Promise<void> {
  // Delivered again after a crash: it is there already.
  if (row.version !== null && target.ctx.store.objects.withVersion(target.id, row.key, row.version) !== undefined) return done(source, row);
  const bytes = row.content === null ? undefined : await duplicate(source.ctx, target.ctx, row.content);
  let copied = false;
  try {
    target.ctx.transaction(() => {
      // Gone or changed meanwhile; the event is delivered again, or has nothing left to do.
      if (!isUnchanged({ bucket: source, row, version: undefined })) return;
      const locked = target.objectLock === 1;
      putVersion(ctx, target, {
        ...row,
        owner: ownerOfReplica(source, target, row, rule),
        acl: objectOwnership(target.configs) === "BucketOwnerEnforced" ? null : row.acl,
        storageClass: rule.Destination.StorageClass === undefined ? row.storageClass : storedClass(rule.Destination.StorageClass),
        encryption: encryptionOfReplica(row, rule),
        content: bytes === undefined ? null : bytes.claim(),
        lockMode: locked ? row.lockMode : null,
        lockUntilMs: locked ? row.lockUntilMs : null,
        legalHold: locked ? row.legalHold : null,
        restore: null,
        replication: "REPLICA",
      }, row.version ?? undefined);
      copied = true;
    });
  } finally {
    if (!copied) await bytes?.discard();
  }
  if (copied) done(source, row);
}

function done(source: Bucket, row: ObjectRow): void {
  source.ctx.store.objects.patch(row, { replication: "COMPLETED" });
}

function ownerOfReplica(source: Bucket, target: Bucket, row: ObjectRow, rule: ReplicationRule): string {
  const given = rule.Destination.AccessControlTranslation?.Owner === "Destination";
  return given || source.account === target.account || objectOwnership(target.configs) === "BucketOwnerEnforced" ? target.owner : row.owner;
}

function encryptionOfReplica(row: ObjectRow, rule: ReplicationRule): string | null {
  const encryption = encryptionOf(row);
  const key = rule.Destination.EncryptionConfiguration?.ReplicaKmsKeyID;
  if (encryption?.kind !== "kms" || key === undefined) return row.encryption;
  return JSON.stringify({ ...encryption, keyArn: key } satisfies ObjectEncryption);
}

async function copyChange(source: Bucket, target: Bucket, row: ObjectRow): Promise<void> {
  const { objects } = target.ctx.store;
  const replica = row.version === null ? undefined : objects.withVersion(target.id, row.key, row.version);
  if (replica === undefined) return;
  const locked = target.objectLock === 1;
  objects.patch(replica, {
    tags: row.tags,
    ...(objectOwnership(target.configs) === "BucketOwnerEnforced" || replica.owner !== row.owner ? {} : { acl: row.acl }),
    ...(locked ? { lockMode: row.lockMode, lockUntilMs: row.lockUntilMs, legalHold: row.legalHold } : {}),
  });
  done(source, row);
}
