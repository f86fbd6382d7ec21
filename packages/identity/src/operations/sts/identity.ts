import type { GetAccessKeyInfoResponse, GetCallerIdentityResponse, GetSessionTokenRequest, GetSessionTokenResponse } from "@cumulet/protocol/models/sts.d.ts";
import { ACCESS_KEY } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import { accountOf } from "../../domain/ids.ts";
import { parseArn } from "../../domain/names.ts";
import { accessDenied, issueCredentials, validationError, type Ctx } from "./session.ts";

export function getCallerIdentity(ctx: Ctx): GetCallerIdentityResponse {
  const { kind, id, account, arn } = ctx.principal;
  if (kind === "anonymous") throw new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", { status: 403 });
  return { UserId: id, Account: account, Arn: arn };
}

export function getAccessKeyInfo(ctx: Ctx, { AccessKeyId }: { AccessKeyId: string }): GetAccessKeyInfoResponse {
  const account = ctx.names.find(ACCESS_KEY, AccessKeyId)?.account ?? accountOf(AccessKeyId);
  if (account === undefined) throw validationError(`The access key ${AccessKeyId} does not belong to an account`);
  return { Account: account };
}

const HOUR = 3600;

export function getSessionToken(ctx: Ctx, { DurationSeconds, TokenCode }: GetSessionTokenRequest): GetSessionTokenResponse {
  const { principal } = ctx;
  if (principal.session !== undefined) throw accessDenied("Cannot call GetSessionToken with session credentials");
  // A root's session lasts an hour at most, whatever it asks for.
  const seconds = principal.kind === "root" ? Math.min(DurationSeconds ?? HOUR, HOUR) : (DurationSeconds ?? 12 * HOUR);
  const { accessKeyId: _key, ...caller } = principal;
  const issuer = { type: principal.kind === "root" ? "Root" as const : "User" as const, arn: principal.arn, id: principal.id, name: parseArn(principal.arn)?.name || principal.account };
  return { Credentials: issueCredentials(ctx, { ...caller, session: { issuedMs: ctx.clock.now(), issuer, mfa: TokenCode !== undefined } }, seconds) };
}
