import { AwsError } from "@cumulet/protocol";
import type {
  BatchGetSecretValueRequest, BatchGetSecretValueResponse, GetSecretValueRequest, GetSecretValueResponse, ListSecretVersionIdsRequest, ListSecretVersionIdsResponse, PutSecretValueRequest,
  PutSecretValueResponse, UpdateSecretRequest, UpdateSecretResponse, UpdateSecretVersionStageRequest, UpdateSecretVersionStageResponse,
} from "@cumulet/protocol/models/secretsmanager.d.ts";
import { seal, unseal } from "../../sealing.ts";
import { invalidParameter, invalidRequest, keyFailure, valueNotFound } from "../errors.ts";
import type { Secret, Version } from "../store.ts";
import { listed } from "./secrets.ts";
import { liveTarget, ownTarget, save } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const current = "AWSCURRENT";
const previous = "AWSPREVIOUS";
const mostStages = 20;
const dayMs = 86_400_000;

/** A value as a request gives it. */
interface GivenValue {
  SecretString?: string;
  SecretBinary?: Uint8Array;
}

/** @throws AwsError InvalidParameterException for two values at once, InvalidRequestException for none. */
export function givenValue({ SecretString: text, SecretBinary: binary }: GivenValue): { bytes: Uint8Array; binary: boolean } | undefined {
  if (text !== undefined && binary !== undefined) throw invalidParameter("You can't specify both a binary secret value and a string secret value in the same secret.");
  if (text !== undefined) return { bytes: Buffer.from(text), binary: false };
  return binary === undefined ? undefined : { bytes: binary, binary: true };
}

/** SDKs fill the token in; who writes requests by hand has to (recorded). */
export function tokenOf(ctx: Ctx, token: string | undefined): string {
  if (token !== undefined) return token;
  if (ctx.http === undefined) return ctx.ids.uuid();
  throw invalidRequest("You must provide a ClientRequestToken value. We recommend a UUID-type value.");
}

/** A new version with its value sealed. @throws AwsError EncryptionFailure */
export async function sealedVersion(ctx: Ctx, secret: Pick<Secret, "arn" | "kmsKey">, id: string, stages: string[], value: { bytes: Uint8Array; binary: boolean }): Promise<Version> {
  try {
    const { sealed } = await seal(ctx, secret.kmsKey ?? "alias/aws/secretsmanager", value.bytes, { SecretARN: secret.arn, SecretVersionId: id });
    return { id, stages, createdMs: ctx.clock.now(), kmsKeyId: secret.kmsKey ?? "DefaultEncryptionKey", binary: value.binary, value: sealed };
  } catch (error) {
    throw keyFailure(error, "EncryptionFailure");
  }
}

/** The value of a version in the clear. @throws AwsError DecryptionFailure */
export async function openedValue(ctx: Ctx, secret: Pick<Secret, "arn">, version: Version): Promise<Buffer> {
  try {
    return await unseal(ctx, version.value!, { SecretARN: secret.arn, SecretVersionId: version.id });
  } catch (error) {
    throw keyFailure(error, "DecryptionFailure");
  }
}

// --- stages -----------------------------------------------------------------------------------------------------------

/** Moves stages to a version; what was current becomes the previous one. A version named in `extra` need not be stored yet. */
export function moveStages(ctx: Ctx, secret: string, to: Version, stages: readonly string[]): void {
  const versions = ctx.store.versions(secret).filter(({ id }) => id !== to.id);
  const taken = new Set(stages);
  const was = taken.has(current) ? versions.find((version) => version.stages.includes(current)) : undefined;
  for (const version of versions) {
    let left = version.stages.filter((stage) => !taken.has(stage));
    if (was !== undefined) left = left.filter((stage) => stage !== previous);
    if (version === was) left.push(previous);
    if (left.join() !== version.stages.join()) ctx.store.putVersion(secret, { ...version, stages: left });
  }
  // What becomes current is not the previous one any longer.
  const kept = was === undefined ? to.stages : to.stages.filter((stage) => stage !== previous);
  ctx.store.putVersion(secret, { ...to, stages: [...new Set([...kept, ...stages])] });
}

export async function putSecretValue(ctx: Ctx, input: PutSecretValueRequest): Promise<PutSecretValueResponse> {
  const { ctx: owner, secret } = ownTarget(ctx, input.SecretId);
  const token = tokenOf(ctx, input.ClientRequestToken);
  const value = givenValue(input);
  if (value === undefined) throw invalidRequest("You must provide either SecretString or SecretBinary.");
  const { version, fresh } = await versionFor(owner, secret, token, value);
  return owner.transaction(() => {
    const first = owner.store.versions(secret.name).every(({ stages }) => stages.length === 0);
    const asked = input.VersionStages ?? [current];
    // The first value of a secret is its current one, whatever it is called besides.
    const stages = first && !asked.includes(current) ? [...asked, current] : asked;
    if (stages.length > mostStages) throw new AwsError("LimitExceededException", `You can't attach more than ${mostStages} staging labels to a version.`);
    if (fresh || version.value !== null) moveStages(owner, secret.name, version, fresh ? stages : version.stages.length > 0 ? version.stages : stages);
    save(owner, { ...secret, changedMs: owner.clock.now() });
    return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: owner.store.version(secret.name, version.id)!.stages };
  });
}

/**
 * The version that a token stands for: a new one, or, when the call is repeated, the one that it made. A version that a
 * rotation began without a value gets it.
 */
async function versionFor(ctx: Ctx, secret: Secret, token: string, value: { bytes: Uint8Array; binary: boolean }): Promise<{ version: Version; fresh: boolean }> {
  const existing = ctx.store.version(secret.name, token);
  if (existing === undefined || existing.value === null) return { version: await sealedVersion(ctx, secret, token, existing?.stages ?? [], value), fresh: true };
  const same = Buffer.compare(await openedValue(ctx, secret, existing), value.bytes) === 0;
  if (!same) throw new AwsError("ResourceExistsException", `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${secret.arn}.`);
  return { version: existing, fresh: false };
}

export async function updateSecret(ctx: Ctx, input: UpdateSecretRequest): Promise<UpdateSecretResponse> {
  const { ctx: owner, secret } = ownTarget(ctx, input.SecretId);
  const value = givenValue(input);
  const changed: Secret = { ...secret, description: input.Description ?? secret.description, kmsKey: input.KmsKeyId ?? secret.kmsKey, changedMs: owner.clock.now() };
  if (value === undefined) {
    owner.transaction(() => save(owner, changed));
    return { ARN: secret.arn, Name: secret.name };
  }
  const token = tokenOf(ctx, input.ClientRequestToken);
  const { version } = await versionFor(owner, changed, token, value);
  owner.transaction(() => {
    moveStages(owner, secret.name, version, [current]);
    save(owner, changed);
  });
  return { ARN: secret.arn, Name: secret.name, VersionId: version.id };
}

export function updateSecretVersionStage(ctx: Ctx, input: UpdateSecretVersionStageRequest): UpdateSecretVersionStageResponse {
  const { ctx: owner, secret } = ownTarget(ctx, input.SecretId);
  const { VersionStage: stage, MoveToVersionId: to, RemoveFromVersionId: from } = input;
  const versions = owner.store.versions(secret.name);
  const holder = versions.find(({ stages }) => stages.includes(stage));
  const known = (id: string): Version => {
    const version = versions.find((one) => one.id === id);
    if (version === undefined) throw valueNotFound(`VersionId: ${id}`);
    return version;
  };
  if (from !== undefined && !known(from).stages.includes(stage)) throw invalidParameter(`The staging label ${stage} isn't attached to version ${from}.`);
  if (to !== undefined) {
    const target = known(to);
    if (holder !== undefined && holder.id !== to && from !== holder.id) {
      throw invalidParameter(`The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`);
    }
    moveStages(owner, secret.name, target, [stage]);
  } else if (from !== undefined) {
    if (stage === current) throw invalidParameter(`You can only move staging label ${current} to a different secret version. It can’t be completely removed.`);
    const version = known(from);
    owner.store.putVersion(secret.name, { ...version, stages: version.stages.filter((one) => one !== stage) });
  }
  save(owner, { ...secret, changedMs: owner.clock.now() });
  return { ARN: secret.arn, Name: secret.name };
}

// --- reading ----------------------------------------------------------------------------------------------------------

export async function getSecretValue(ctx: Ctx, input: GetSecretValueRequest): Promise<GetSecretValueResponse> {
  const { ctx: owner, secret } = liveTarget(ctx, input.SecretId);
  const version = chosenVersion(owner, secret, input);
  const value = await openedValue(owner, secret, version);
  // Days, not times: AWS shows the date of an access only, and a read every second is no write every second.
  const today = owner.clock.now() - (owner.clock.now() % dayMs);
  if (secret.accessedMs !== today || version.accessedMs !== today) {
    owner.transaction(() => {
      const latest = owner.store.secret(secret.name);
      const latestVersion = owner.store.version(secret.name, version.id);
      if (latest?.arn !== secret.arn || latestVersion === undefined) return;
      save(owner, { ...latest, accessedMs: today }, false);
      owner.store.putVersion(secret.name, { ...latestVersion, accessedMs: today });
    });
  }
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    ...(version.binary ? { SecretBinary: value } : { SecretString: value.toString("utf8") }),
    VersionStages: version.stages,
    CreatedDate: version.createdMs,
  };
}

function chosenVersion(ctx: Ctx, secret: Secret, { VersionId: id, VersionStage: stage }: { VersionId?: string; VersionStage?: string }): Version {
  if (id !== undefined) {
    const version = ctx.store.version(secret.name, id);
    if (version === undefined || version.value === null) throw valueNotFound(`VersionId: ${id}`);
    if (stage !== undefined && !version.stages.includes(stage)) throw invalidRequest("You provided a VersionStage that is not associated to the provided VersionId.");
    return version;
  }
  const wanted = stage ?? current;
  const version = ctx.store.versions(secret.name).find(({ stages }) => stages.includes(wanted));
  if (version === undefined || version.value === null) throw valueNotFound(`staging label: ${wanted}`);
  return version;
}

export async function batchGetSecretValue(ctx: Ctx, input: BatchGetSecretValueRequest): Promise<BatchGetSecretValueResponse> {
  if ((input.SecretIdList === undefined) === (input.Filters === undefined)) {
    throw input.Filters === undefined ? invalidParameter("You must specify either SecretIdList or Filters.") : invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
  }
  const response: Required<Pick<BatchGetSecretValueResponse, "SecretValues" | "Errors">> & BatchGetSecretValueResponse = { SecretValues: [], Errors: [] };
  let ids = input.SecretIdList;
  if (ids === undefined) {
    const { secrets, next } = listed(ctx, { Filters: input.Filters, MaxResults: input.MaxResults ?? 20, NextToken: input.NextToken });
    ids = secrets.map(({ arn }) => arn);
    if (next !== undefined) response.NextToken = next;
  }
  for (const id of ids) {
    try {
      response.SecretValues.push(await getSecretValue(ctx, { SecretId: id }));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      response.Errors.push({ SecretId: id, ErrorCode: error.code, Message: error.message });
    }
  }
  return response;
}

export function listSecretVersionIds(ctx: Ctx, input: ListSecretVersionIdsRequest): ListSecretVersionIdsResponse {
  const { ctx: owner, secret } = liveTarget(ctx, input.SecretId);
  const all = owner.store.versions(secret.name).filter(({ stages }) => input.IncludeDeprecated === true || stages.length > 0);
  const start = input.NextToken === undefined ? 0 : Number(Buffer.from(input.NextToken, "base64").toString());
  if (!Number.isInteger(start) || start < 0) throw new AwsError("InvalidNextTokenException", "The NextToken is not valid.");
  const limit = input.MaxResults ?? 100;
  const end = start + limit;
  return {
    ARN: secret.arn,
    Name: secret.name,
    Versions: all.slice(start, end).map((version) => ({
      VersionId: version.id, ...(version.stages.length === 0 ? {} : { VersionStages: version.stages }), CreatedDate: version.createdMs, KmsKeyIds: [version.kmsKeyId],
      ...(version.accessedMs === undefined ? {} : { LastAccessedDate: version.accessedMs }),
    })),
    ...(all.length > end ? { NextToken: Buffer.from(String(end)).toString("base64") } : {}),
  };
}
