import { AwsError } from "@cumulet/protocol";
import type {
  CreateSecretRequest, CreateSecretResponse, DeleteResourcePolicyRequest, DeleteResourcePolicyResponse, DeleteSecretRequest, DeleteSecretResponse, DescribeSecretRequest,
  DescribeSecretResponse, Filter, GetRandomPasswordRequest, GetRandomPasswordResponse, GetResourcePolicyRequest, GetResourcePolicyResponse, ListSecretsRequest, ListSecretsResponse,
  PutResourcePolicyRequest, PutResourcePolicyResponse, RestoreSecretRequest, RestoreSecretResponse, Tag, TagResourceRequest, UntagResourceRequest, ValidateResourcePolicyRequest,
  ValidateResourcePolicyResponse,
} from "@cumulet/protocol/models/secretsmanager.d.ts";
import { Policy, PolicySyntaxError } from "@cumulet/core";
import { invalidParameter, invalidRequest } from "../errors.ts";
import type { Secret } from "../store.ts";
import { addReplicas, replicationStatus } from "./replication.ts";
import { liveTarget, ownTarget, save, target } from "./targets.ts";
import type { Ctx } from "./targets.ts";
import { givenValue, moveStages, sealedVersion, tokenOf } from "./values.ts";

const dayMs = 86_400_000;
const mostTags = 50;

// --- birth and death --------------------------------------------------------------------------------------------------

export async function createSecret(ctx: Ctx, input: CreateSecretRequest): Promise<CreateSecretResponse> {
  const { Name: name } = input;
  if (!/^[A-Za-z0-9/_+=.@!-]{1,512}$/.test(name)) throw new AwsError("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!", { status: 400 });
  if (input.Type !== undefined) throw invalidParameter("Cumulet has no managed external secrets: Type is not supported.");
  const token = tokenOf(ctx, input.ClientRequestToken);
  const value = givenValue(input);
  const tags = checkedTags({}, input.Tags ?? []);
  const existing = ctx.store.secret(name);
  if (existing?.deletedMs !== undefined) throw invalidRequest("You can't create this secret because a secret with this name is already scheduled for deletion.");
  if (existing !== undefined) throw new AwsError("ResourceExistsException", `The operation failed because the secret ${name} already exists.`);
  const nowMs = ctx.clock.now();
  const secret: Secret = {
    name, arn: `arn:${ctx.partition}:secretsmanager:${ctx.region}:${ctx.account}:secret:${name}-${ctx.ids.token(6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")}`,
    description: input.Description, kmsKey: input.KmsKeyId, tags, createdMs: nowMs, changedMs: nowMs, replicas: [],
    // Of what a service makes for itself the name begins with its own.
    owningService: ctx.principal.kind === "service" && name.includes("!") ? name.slice(0, name.indexOf("!")) : undefined,
  };
  const version = value === undefined ? undefined : await sealedVersion(ctx, secret, token, ["AWSCURRENT"], value);
  ctx.transaction(() => {
    save(ctx, secret);
    if (version !== undefined) moveStages(ctx, name, version, ["AWSCURRENT"]);
    if (input.AddReplicaRegions !== undefined) addReplicas(ctx, secret, input.AddReplicaRegions, input.ForceOverwriteReplicaSecret === true);
  });
  return { ARN: secret.arn, Name: name, ...(version === undefined ? {} : { VersionId: version.id }), ...replicationStatus(ctx.store.secret(name)!) };
}

export function deleteSecret(ctx: Ctx, input: DeleteSecretRequest): DeleteSecretResponse {
  const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force = false } = input;
  if (force && days !== undefined) throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  if (days !== undefined && (days < 7 || days > 30)) throw invalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
  const nowMs = ctx.clock.now();
  let found;
  try {
    found = target(ctx, input.SecretId);
  } catch (error) {
    // By force, nothing is as gone as what never was.
    if (!force || !(error instanceof AwsError)) throw error;
    return { Name: input.SecretId, DeletionDate: nowMs };
  }
  const { ctx: owner, secret } = found;
  if (secret.primaryRegion !== undefined) throw invalidRequest("Operation not permitted on a replica secret. Call must be made in primary secret's region.");
  if (secret.replicas.length > 0) throw invalidParameter(`You can't delete secret ${secret.name} that still has replica regions [${secret.replicas.map(({ region }) => region).join(", ")}]`);
  if (force) {
    owner.store.deleteSecret(secret.name);
    return { ARN: secret.arn, Name: secret.name, DeletionDate: nowMs };
  }
  if (secret.deletedMs !== undefined) throw invalidRequest("You can't perform this operation on the secret because it was already scheduled for deletion.");
  const deletionMs = nowMs + (days ?? 30) * dayMs;
  save(owner, { ...secret, deletedMs: nowMs, deletionMs });
  return { ARN: secret.arn, Name: secret.name, DeletionDate: deletionMs };
}

export function restoreSecret(ctx: Ctx, input: RestoreSecretRequest): RestoreSecretResponse {
  const { ctx: owner, secret } = target(ctx, input.SecretId);
  save(owner, { ...secret, deletedMs: undefined, deletionMs: undefined });
  return { ARN: secret.arn, Name: secret.name };
}

// --- descriptions -----------------------------------------------------------------------------------------------------

export function describeSecret(ctx: Ctx, input: DescribeSecretRequest): DescribeSecretResponse {
  const { ctx: owner, secret } = target(ctx, input.SecretId);
  const stages = stagesOf(owner, secret);
  return { ...described(secret), ...(stages === undefined ? {} : { VersionIdsToStages: stages }), ...replicationStatus(secret) };
}

function stagesOf(ctx: Ctx, secret: Secret): { [id: string]: string[] } | undefined {
  const versions = ctx.store.versions(secret.name).filter(({ stages }) => stages.length > 0);
  return versions.length === 0 ? undefined : Object.fromEntries(versions.map(({ id, stages }) => [id, stages]));
}

function described(secret: Secret): DescribeSecretResponse {
  const { rotation } = secret;
  const tags = Object.entries(secret.tags);
  return {
    ARN: secret.arn,
    Name: secret.name,
    ...(secret.description === undefined ? {} : { Description: secret.description }),
    ...(secret.kmsKey === undefined ? {} : { KmsKeyId: secret.kmsKey }),
    ...(rotation === undefined ? {} : {
      RotationEnabled: secret.rotationOff !== true, RotationLambdaARN: rotation.lambdaArn, RotationRules: rotation.rules,
      ...(rotation.lastMs === undefined ? {} : { LastRotatedDate: rotation.lastMs }), ...(rotation.nextMs === undefined || secret.rotationOff === true ? {} : { NextRotationDate: rotation.nextMs }),
    }),
    LastChangedDate: secret.changedMs,
    ...(secret.accessedMs === undefined ? {} : { LastAccessedDate: secret.accessedMs }),
    ...(secret.deletedMs === undefined ? {} : { DeletedDate: secret.deletedMs }),
    ...(tags.length === 0 ? {} : { Tags: tags.map(([Key, Value]) => ({ Key, Value })) }),
    CreatedDate: secret.createdMs,
    ...(secret.owningService === undefined ? {} : { OwningService: secret.owningService }),
    ...(secret.primaryRegion === undefined ? {} : { PrimaryRegion: secret.primaryRegion }),
  };
}

export function listSecrets(ctx: Ctx, input: ListSecretsRequest): ListSecretsResponse {
  const { secrets, next } = listed(ctx, input);
  return {
    SecretList: secrets.map((secret) => {
      const stages = stagesOf(ctx, secret);
      return { ...described(secret), ...(stages === undefined ? {} : { SecretVersionsToStages: stages }) };
    }),
    ...(next === undefined ? {} : { NextToken: next }),
  };
}

/** A page of the secrets that filters leave. */
export function listed(ctx: Ctx, input: ListSecretsRequest): { secrets: Secret[]; next: string | undefined } {
  const matches = (input.Filters ?? []).map(compileFilter);
  const all: Secret[] = [];
  for (let after = ""; ;) {
    const page = ctx.store.secrets(after, 500);
    all.push(...page.filter((secret) => (input.IncludePlannedDeletion === true || secret.deletedMs === undefined) && matches.every((match) => match(secret))));
    if (page.length < 500) break;
    after = page.at(-1)!.name;
  }
  const by: (secret: Secret) => string | number = input.SortBy === "name" ? ({ name }) => name : input.SortBy === "last-changed-date" ? ({ changedMs }) => changedMs : input.SortBy === "last-accessed-date" ? ({ accessedMs = 0 }) => accessedMs : ({ createdMs }) => createdMs;
  const direction = input.SortOrder === "asc" ? 1 : -1;
  all.sort((a, b) => (by(a) < by(b) ? -direction : by(a) > by(b) ? direction : a.name < b.name ? -1 : 1));
  const start = input.NextToken === undefined ? 0 : Number(Buffer.from(input.NextToken, "base64").toString());
  if (!Number.isInteger(start) || start < 0) throw new AwsError("InvalidNextTokenException", "The NextToken is not valid.");
  const end = start + (input.MaxResults ?? 100);
  return { secrets: all.slice(start, end), next: all.length > end ? Buffer.from(String(end)).toString("base64") : undefined };
}

/** Values are beginnings; an exclamation mark turns one around. `all` looks for words anywhere. */
function compileFilter({ Key: key, Values: values = [] }: Filter): (secret: Secret) => boolean {
  const texts = (secret: Secret): string[] => {
    switch (key) {
      case "name": return [secret.name];
      case "description": return (secret.description ?? "").split(/\s+/);
      case "tag-key": return Object.keys(secret.tags);
      case "tag-value": return Object.values(secret.tags);
      case "primary-region": return [secret.primaryRegion ?? ""];
      case "owning-service": return [secret.owningService ?? ""];
      default: return [secret.name, secret.description ?? "", ...Object.keys(secret.tags), ...Object.values(secret.tags)].flatMap((text) => [text, ...text.split(/[\s/_+=.@-]+/)]);
    }
  };
  const caseless = key === "description" || key === "all";
  return (secret) => values.some((value) => {
    const turned = value.startsWith("!");
    const wanted = caseless ? value.replace(/^!/, "").toLowerCase() : value.replace(/^!/, "");
    return turned !== texts(secret).some((text) => (caseless ? text.toLowerCase() : text).startsWith(wanted));
  });
}

// --- tags and policies ------------------------------------------------------------------------------------------------

function checkedTags(old: { [key: string]: string }, given: readonly Tag[]): { [key: string]: string } {
  const tags = { ...old };
  for (const { Key = "", Value = "" } of given) {
    if (/^aws:/i.test(Key)) throw invalidParameter("Tag keys that begin with aws: are reserved.");
    tags[Key] = Value;
  }
  if (Object.keys(tags).length > mostTags) throw invalidParameter(`A secret can have at most ${mostTags} tags.`);
  return tags;
}

export function tagResource(ctx: Ctx, input: TagResourceRequest): void {
  const { ctx: owner, secret } = liveTarget(ctx, input.SecretId);
  save(owner, { ...secret, tags: checkedTags(secret.tags, input.Tags) });
}

export function untagResource(ctx: Ctx, input: UntagResourceRequest): void {
  const { ctx: owner, secret } = liveTarget(ctx, input.SecretId);
  save(owner, { ...secret, tags: Object.fromEntries(Object.entries(secret.tags).filter(([key]) => !input.TagKeys.includes(key))) });
}

function policyError(text: string): string | undefined {
  try {
    new Policy(text);
    return undefined;
  } catch (error) {
    if (error instanceof PolicySyntaxError) return error.message;
    throw error;
  }
}

export function putResourcePolicy(ctx: Ctx, input: PutResourcePolicyRequest): PutResourcePolicyResponse {
  const { ctx: owner, secret } = ownTarget(ctx, input.SecretId);
  if (policyError(input.ResourcePolicy) !== undefined) throw new AwsError("MalformedPolicyDocumentException", "This resource policy contains invalid Json.");
  if (input.BlockPublicPolicy === true && /"Principal"\s*:\s*(?:"\*"|\{\s*"AWS"\s*:\s*"\*"\s*\})/.test(input.ResourcePolicy)) throw new AwsError("PublicPolicyException", "You can't attach a resource policy that allows broad access to the secret.");
  save(owner, { ...secret, policy: input.ResourcePolicy });
  return { ARN: secret.arn, Name: secret.name };
}

export function getResourcePolicy(ctx: Ctx, input: GetResourcePolicyRequest): GetResourcePolicyResponse {
  const { secret } = liveTarget(ctx, input.SecretId);
  return { ARN: secret.arn, Name: secret.name, ...(secret.policy === undefined ? {} : { ResourcePolicy: secret.policy }) };
}

export function deleteResourcePolicy(ctx: Ctx, input: DeleteResourcePolicyRequest): DeleteResourcePolicyResponse {
  const { ctx: owner, secret } = ownTarget(ctx, input.SecretId);
  save(owner, { ...secret, policy: undefined });
  return { ARN: secret.arn, Name: secret.name };
}

export function validateResourcePolicy(ctx: Ctx, input: ValidateResourcePolicyRequest): ValidateResourcePolicyResponse {
  if (input.SecretId !== undefined) target(ctx, input.SecretId);
  const wrong = policyError(input.ResourcePolicy);
  return { PolicyValidationPassed: wrong === undefined, ValidationErrors: wrong === undefined ? [] : [{ CheckName: "POLICY_SYNTAX", ErrorMessage: wrong }] };
}

// --- passwords --------------------------------------------------------------------------------------------------------

const lower = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

export function getRandomPassword(ctx: Ctx, input: GetRandomPasswordRequest): GetRandomPasswordResponse {
  const length = input.PasswordLength ?? 32;
  const excluded = new Set(input.ExcludeCharacters ?? "");
  const without = (characters: string): string => [...characters].filter((character) => !excluded.has(character)).join("");
  const kinds = [
    input.ExcludeLowercase === true ? "" : without(lower), input.ExcludeUppercase === true ? "" : without(lower.toUpperCase()), input.ExcludeNumbers === true ? "" : without(digits),
    input.ExcludePunctuation === true ? "" : without(punctuation), input.IncludeSpace === true ? without(" ") : "",
  ].filter((kind) => kind !== "");
  const alphabet = kinds.join("");
  if (alphabet === "") throw invalidParameter("All characters in the desired password have been excluded.");
  const each = input.RequireEachIncludedType ?? true;
  if (each && length < kinds.length) throw invalidParameter("The password length can't be less than the number of required types.");
  // One of each kind at random places among the others.
  const characters = [...ctx.ids.token(length, alphabet)];
  if (each) {
    const places = new Set<number>();
    for (const kind of kinds) {
      let place = Math.floor(ctx.ids.random() * length);
      while (places.has(place)) place = (place + 1) % length;
      places.add(place);
      characters[place] = ctx.ids.token(1, kind);
    }
  }
  return { RandomPassword: characters.join("") };
}

