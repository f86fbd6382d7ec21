import type { Context, Principal, PrincipalSession } from "@cumulet/core";
import { ACCESS_KEY, type AccessKeyData } from "@cumulet/core";
import type { Credentials, PolicyDescriptorType, Tag } from "@cumulet/protocol/models/sts.d.ts";
import { AwsError } from "@cumulet/protocol";
import { secretAccessKey, sessionToken, uniqueId } from "../../domain/ids.ts";
import { checkIdentityPolicy, policySize } from "../../domain/policy-document.ts";
import { stepOf } from "../../domain/totp.ts";
import type { IdentityStore } from "../../store.ts";
import { findDevice } from "../iam/mfa.ts";

export type Ctx = Context<IdentityStore>;

export const accessDenied = (message: string): AwsError => new AwsError("AccessDenied", message, { status: 403 });
export const validationError = (message: string): AwsError => new AwsError("ValidationError", message, { status: 400 });
const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameterValue", message, { status: 400 });

/** Makes temporary credentials in the account of `ctx` and registers them where requests look keys up. */
export function issueCredentials(ctx: Ctx, principal: Principal & { session: PrincipalSession }, durationSeconds: number): Credentials & { Expiration: number } {
  const id = uniqueId("ASIA", ctx.account, ctx.ids);
  const secret = secretAccessKey(ctx.ids);
  const token = sessionToken(ctx.ids);
  // STS tells whole seconds.
  const expiresMs = Math.floor(ctx.clock.now() / 1000 + durationSeconds) * 1000;
  const data: AccessKeyData = { secret, principal, sessionToken: token, expiresMs, active: true };
  ctx.names.claim(ACCESS_KEY, id, { account: ctx.account, region: ctx.region, data });
  ctx.store.credentials.addSession(id, expiresMs);
  return { AccessKeyId: id, SecretAccessKey: secret, SessionToken: token, Expiration: expiresMs };
}

/**
 * Checks the second factor that a request brings, if it brings one.
 *
 * @throws AwsError AccessDenied
 */
export function checkMfa(ctx: Ctx, serial: string | undefined, code: string | undefined): void {
  if (serial === undefined && code === undefined) return;
  const device = serial === undefined ? undefined : findDevice(ctx, serial);
  if (device === undefined || code === undefined || device.details.userId !== ctx.principal.id) {
    throw accessDenied("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.");
  }
  if (stepOf(device.details.seed, code, ctx.clock.now()) === undefined) throw accessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code. ");
}

/** What a request may narrow or mark a session with. */
export interface SessionRequest {
  Policy?: string;
  PolicyArns?: PolicyDescriptorType[];
  Tags?: Tag[];
  TransitiveTagKeys?: string[];
}

/** Characters of session policies and tags together that STS can pack. */
const PACKED_LIMIT = 4096;

/**
 * Checks session policies and tags.
 *
 * @returns What the session keeps of them, and the share of the packed limit that they use, percent; undefined when there are none.
 */
export function checkSession(request: SessionRequest, inherited: { [key: string]: string } = {}): { session: Pick<PrincipalSession, "policies" | "policyArns" | "tags" | "transitiveTagKeys">; packedPercent: number | undefined } {
  const { Policy, PolicyArns, Tags = [], TransitiveTagKeys = [] } = request;
  if (Policy !== undefined) checkIdentityPolicy(Policy);
  const arns = (PolicyArns ?? []).flatMap(({ arn }) => (arn === undefined ? [] : [arn]));
  const keys = Tags.map(({ Key }) => Key.toLowerCase());
  if (new Set(keys).size < keys.length) throw invalidParameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  if (keys.some((key) => key.startsWith("aws:"))) throw invalidParameter("aws: prefixed tag key names are not allowed for external use.");
  const overridden = Tags.find(({ Key }) => Object.keys(inherited).some((key) => key.toLowerCase() === Key.toLowerCase()));
  if (overridden !== undefined) throw invalidParameter("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.");
  if (TransitiveTagKeys.some((key) => !keys.includes(key.toLowerCase()))) throw invalidParameter("The specified transitive tag key must be included in the requested tags.");
  const tags = { ...inherited, ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) };
  const transitive = [...Object.keys(inherited), ...TransitiveTagKeys];
  const size = (Policy === undefined ? 0 : policySize(Policy)) + arns.join("").length + Tags.reduce((sum, { Key, Value }) => sum + Key.length + Value.length, 0);
  const packedPercent = size === 0 ? undefined : Math.ceil((size / PACKED_LIMIT) * 100);
  if (packedPercent !== undefined && packedPercent > 100) {
    throw new AwsError("PackedPolicyTooLarge", `Packed policy consumes ${packedPercent}% of allotted space, please use smaller policy.`);
  }
  return {
    session: {
      ...(Policy === undefined ? {} : { policies: [Policy] }),
      ...(arns.length === 0 ? {} : { policyArns: arns }),
      ...(Object.keys(tags).length === 0 ? {} : { tags }),
      ...(transitive.length === 0 ? {} : { transitiveTagKeys: transitive }),
    },
    packedPercent,
  };
}
