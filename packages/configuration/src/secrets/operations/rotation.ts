import { AwsError } from "@cumulet/protocol";
import type { CancelRotateSecretRequest, CancelRotateSecretResponse, RotateSecretRequest, RotateSecretResponse } from "@cumulet/protocol/models/secretsmanager.d.ts";
import { compileSchedule } from "@cumulet/core";
import type { PlatformEvent } from "@cumulet/core";
import { invalidParameter, invalidRequest } from "../errors.ts";
import type { Rotation, Secret } from "../store.ts";
import { ownTarget, save } from "./targets.ts";
import type { Ctx } from "./targets.ts";
import { tokenOf } from "./values.ts";

const dayMs = 86_400_000;
const pending = "AWSPENDING";
const current = "AWSCURRENT";
const steps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;
/** A rotation that fails is tried again so often, after a minute and then twice as long each time. */
const mostTries = 5;

/** What `secretsmanager.rotate` tells. */
interface Turn {
  name: string;
  arn: string;
  versionId: string;
  /** Only the test: what a function is asked when a rotation is set up for later. */
  testOnly: boolean;
  failures: number;
}

export async function rotateSecret(ctx: Ctx, input: RotateSecretRequest): Promise<RotateSecretResponse> {
  const { ctx: owner, secret } = ownTarget(ctx, input.SecretId);
  if (input.ExternalSecretRotationMetadata !== undefined || input.ExternalSecretRotationRoleArn !== undefined) throw invalidParameter("Cumulet has no managed external secrets.");
  const versionId = tokenOf(ctx, input.ClientRequestToken);
  const lambdaArn = input.RotationLambdaARN ?? secret.rotation?.lambdaArn;
  if (lambdaArn === undefined) throw invalidRequest("No Lambda rotation function ARN is associated with this secret.");
  const rules = input.RotationRules ?? secret.rotation?.rules;
  if (rules === undefined) throw invalidParameter("RotationRules must be given when a rotation is set up.");
  checkRules(rules);
  await checkFunction(owner, lambdaArn);
  const versions = owner.store.versions(secret.name);
  const waiting = versions.find(({ stages }) => stages.includes(pending));
  if (waiting !== undefined && !waiting.stages.includes(current) && waiting.id !== versionId) throw invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
  const nowMs = owner.clock.now();
  const rotation: Rotation = { lambdaArn, rules, lastMs: secret.rotation?.lastMs, originMs: nowMs };
  const immediately = input.RotateImmediately ?? true;
  return owner.transaction(() => {
    save(owner, { ...secret, rotation: { ...rotation, nextMs: nextRotation(rotation, nowMs) }, rotationOff: undefined });
    begin(owner, secret, versionId, !immediately);
    return { ARN: secret.arn, Name: secret.name, ...(immediately ? { VersionId: versionId } : {}) };
  });
}

function checkRules(rules: Rotation["rules"]): void {
  if (rules.AutomaticallyAfterDays !== undefined && rules.ScheduleExpression !== undefined) throw invalidParameter("You can't specify both AutomaticallyAfterDays and ScheduleExpression.");
  if (rules.AutomaticallyAfterDays === undefined && rules.ScheduleExpression === undefined) throw invalidParameter("Either AutomaticallyAfterDays or ScheduleExpression must be given.");
  if (rules.ScheduleExpression !== undefined && compileSchedule(rules.ScheduleExpression) === undefined) throw invalidParameter(`Invalid schedule expression ${rules.ScheduleExpression}.`);
}

/** The words of AWS for a function that is not there as well (recorded). */
async function checkFunction(ctx: Ctx, arn: string): Promise<void> {
  const [, , , region, account] = arn.split(":");
  try {
    if (!/^arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:/.test(arn)) throw new AwsError("ResourceNotFoundException", arn);
    await ctx.as({ account: account!, region: region! }).lambda.GetFunctionConfiguration({ FunctionName: arn });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code === "ServiceUnavailable") throw error;
    throw new AwsError("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.");
  }
}

/** When a secret is rotated next. */
export function nextRotation({ rules, originMs }: Rotation, afterMs: number): number | undefined {
  if (rules.ScheduleExpression !== undefined) return compileSchedule(rules.ScheduleExpression)!.next(afterMs, originMs);
  return afterMs + rules.AutomaticallyAfterDays! * dayMs;
}

/** Makes room for the new value and has the function called. */
function begin(ctx: Ctx, secret: Secret, versionId: string, testOnly: boolean): void {
  if (!testOnly && ctx.store.version(secret.name, versionId) === undefined) {
    for (const version of ctx.store.versions(secret.name)) {
      if (version.stages.includes(pending)) ctx.store.putVersion(secret.name, { ...version, stages: version.stages.filter((stage) => stage !== pending) });
    }
    ctx.store.putVersion(secret.name, { id: versionId, stages: [pending], createdMs: ctx.clock.now(), kmsKeyId: secret.kmsKey ?? "DefaultEncryptionKey", binary: false, value: null });
  }
  const turn: Turn = { name: secret.name, arn: secret.arn, versionId, testOnly, failures: 0 };
  ctx.emit({ type: "secretsmanager.rotate", detail: turn });
}

/** A rotation whose time has come. */
export function rotateOnTime(ctx: Ctx, secret: Secret): void {
  const nowMs = ctx.clock.now();
  save(ctx, { ...secret, rotation: { ...secret.rotation!, nextMs: nextRotation(secret.rotation!, nowMs) } });
  begin(ctx, secret, ctx.ids.uuid(), false);
}

/** Calls the function step by step. One that fails is called again later, from the first step: they are meant to be repeatable. */
export async function takeTurn(ctx: Ctx, { detail }: PlatformEvent): Promise<void> {
  const turn = detail as Turn;
  const secret = ctx.store.secret(turn.name);
  if (secret?.arn !== turn.arn || secret.rotation === undefined || secret.deletedMs !== undefined) return;
  const { lambdaArn } = secret.rotation;
  const [, , , region, account] = lambdaArn.split(":");
  try {
    for (const Step of turn.testOnly ? (["testSecret"] as const) : steps) {
      const payload = JSON.stringify({ Step, SecretId: secret.arn, ClientRequestToken: turn.versionId, RotationToken: turn.versionId });
      const { FunctionError, Payload } = await ctx.as({ account: account!, region: region! }).lambda.Invoke({ FunctionName: lambdaArn, InvocationType: "RequestResponse", Payload: Buffer.from(payload) as never });
      if (FunctionError !== undefined) throw new Error(`${Step}: ${await textOf(Payload)}`);
    }
  } catch (error) {
    ctx.log.warn("A rotation failed", { secret: turn.name, function: lambdaArn, error: error instanceof Error ? error.message : String(error) });
    const failures = turn.failures + 1;
    if (failures < mostTries && !turn.testOnly) ctx.transaction(() => ctx.emit({ type: "secretsmanager.rotate", detail: { ...turn, failures }, delayMs: 60_000 * 2 ** (failures - 1) }));
    return;
  }
  if (turn.testOnly) return;
  ctx.transaction(() => {
    const latest = ctx.store.secret(turn.name);
    const version = ctx.store.version(turn.name, turn.versionId);
    if (latest?.rotation === undefined || version?.stages.includes(current) !== true) return;
    const nowMs = ctx.clock.now();
    // What is current is pending no longer.
    if (version.stages.includes(pending)) ctx.store.putVersion(turn.name, { ...version, stages: version.stages.filter((stage) => stage !== pending) });
    save(ctx, { ...latest, changedMs: nowMs, rotation: { ...latest.rotation, lastMs: nowMs, nextMs: nextRotation(latest.rotation, nowMs) } });
  });
}

async function textOf(payload: unknown): Promise<string> {
  if (payload instanceof Uint8Array) return Buffer.from(payload).toString("utf8").slice(0, 1000);
  const chunks: Buffer[] = [];
  if (typeof payload === "object" && payload !== null && Symbol.asyncIterator in payload) for await (const chunk of payload as AsyncIterable<Buffer>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8").slice(0, 1000);
}

export function cancelRotateSecret(ctx: Ctx, input: CancelRotateSecretRequest): CancelRotateSecretResponse {
  const { ctx: owner, secret } = ownTarget(ctx, input.SecretId);
  if (secret.rotation === undefined) throw invalidRequest("You tried to cancel a rotation for a secret that has none.");
  save(owner, { ...secret, rotationOff: true });
  const waiting = owner.store.versions(secret.name).find(({ stages }) => stages.includes(pending));
  return { ARN: secret.arn, Name: secret.name, ...(waiting === undefined ? {} : { VersionId: waiting.id }) };
}
