import { defineService, everything, keepAgendas } from "@cumulet/core";
import type { Background } from "@cumulet/core";
import * as replication from "./operations/replication.ts";
import { cancelRotateSecret, rotateOnTime, rotateSecret, takeTurn } from "./operations/rotation.ts";
import * as secrets from "./operations/secrets.ts";
import { secretsDue } from "./operations/targets.ts";
import * as values from "./operations/values.ts";
import { store } from "./store.ts";
import type { SecretsStore } from "./store.ts";

/** Deletes what was marked, and rotates, when the time has come. */
function background(platform: Background<SecretsStore>): Disposable {
  return keepAgendas(platform, (ctx, name, agenda) => {
    const nowMs = ctx.clock.now();
    if (name !== everything) {
      for (const secret of ctx.store.dueSecrets(nowMs)) {
        if (secret.deletionMs !== undefined && secret.deletionMs <= nowMs) ctx.store.deleteSecret(secret.name);
        else rotateOnTime(ctx, secret);
      }
    }
    const nextMs = ctx.store.nextDueMs();
    if (nextMs !== undefined) agenda.due(nextMs, secretsDue);
  });
}

/** AWS Secrets Manager. */
export const secretsmanager = defineService({
  model: "secretsmanager",
  store,
  background,
  longDeliveries: ["secretsmanager.rotate"],
  consumes: { "secretsmanager.rotate": takeTurn, "secretsmanager.replicate": replication.replicate },
  operations: {
    BatchGetSecretValue: values.batchGetSecretValue,
    CancelRotateSecret: cancelRotateSecret,
    CreateSecret: secrets.createSecret,
    DeleteResourcePolicy: secrets.deleteResourcePolicy,
    DeleteSecret: secrets.deleteSecret,
    DescribeSecret: secrets.describeSecret,
    GetRandomPassword: secrets.getRandomPassword,
    GetResourcePolicy: secrets.getResourcePolicy,
    GetSecretValue: values.getSecretValue,
    ListSecretVersionIds: values.listSecretVersionIds,
    ListSecrets: secrets.listSecrets,
    PutResourcePolicy: secrets.putResourcePolicy,
    PutSecretValue: values.putSecretValue,
    RemoveRegionsFromReplication: replication.removeRegionsFromReplication,
    ReplicateSecretToRegions: replication.replicateSecretToRegions,
    RestoreSecret: secrets.restoreSecret,
    RotateSecret: rotateSecret,
    StopReplicationToReplica: replication.stopReplicationToReplica,
    TagResource: secrets.tagResource,
    UntagResource: secrets.untagResource,
    UpdateSecret: values.updateSecret,
    UpdateSecretVersionStage: values.updateSecretVersionStage,
    ValidateResourcePolicy: secrets.validateResourcePolicy,
  },
});
