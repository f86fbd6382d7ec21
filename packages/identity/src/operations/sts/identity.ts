import type {
  DecodeAuthorizationMessageResponse, GetAccessKeyInfoResponse, GetCallerIdentityResponse, GetFederationTokenRequest, GetFederationTokenResponse, GetSessionTokenRequest, GetSessionTokenResponse,
} from "@cumulet/protocol/models/sts.d.ts";
import { ACCESS_KEY } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import { accountOf } from "../../domain/ids.ts";
import { parseArn } from "../../domain/names.ts";
import { decodeMessage } from "../../domain/authorization-message.ts";
import { accessDenied, checkMfa, checkSession, issueCredentials, validationError, type Ctx } from "./session.ts";

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

export function getFederationToken(ctx: Ctx, input: GetFederationTokenRequest): GetFederationTokenResponse {
  const { principal } = ctx;
  if (principal.session !== undefined || (principal.kind !== "user" && principal.kind !== "root")) throw accessDenied("Cannot call GetFederationToken with session credentials");
  const { session, packedPercent } = checkSession(input);
  const seconds = principal.kind === "root" ? Math.min(input.DurationSeconds ?? HOUR, HOUR) : (input.DurationSeconds ?? 12 * HOUR);
  const arn = `arn:${ctx.partition}:sts::${ctx.account}:federated-user/${input.Name}`;
  const id = `${ctx.account}:${input.Name}`;
  const issuer = { type: principal.kind === "root" ? "Root" as const : "User" as const, arn: principal.arn, id: principal.id, name: parseArn(principal.arn)?.name || principal.account };
  return {
    Credentials: issueCredentials(ctx, { kind: "federated", account: ctx.account, arn, id, session: { issuedMs: ctx.clock.now(), issuer, mfa: false, ...session } }, seconds),
    FederatedUser: { FederatedUserId: id, Arn: arn },
    ...(packedPercent === undefined ? {} : { PackedPolicySize: packedPercent }),
  };
}

export function decodeAuthorizationMessage(_ctx: Ctx, { EncodedMessage }: { EncodedMessage: string }): DecodeAuthorizationMessageResponse {
  const message = decodeMessage(EncodedMessage);
  if (message === undefined) throw new AwsError("InvalidAuthorizationMessageException", "Message is not valid");
  return { DecodedMessage: message };
}

export function getSessionToken(ctx: Ctx, { DurationSeconds, SerialNumber, TokenCode }: GetSessionTokenRequest): GetSessionTokenResponse {
  const { principal } = ctx;
  if (principal.session !== undefined) throw accessDenied("Cannot call GetSessionToken with session credentials");
  checkMfa(ctx, SerialNumber, TokenCode);
  // A root's session lasts an hour at most, whatever it asks for.
  const seconds = principal.kind === "root" ? Math.min(DurationSeconds ?? HOUR, HOUR) : (DurationSeconds ?? 12 * HOUR);
  const { accessKeyId: _key, ...caller } = principal;
  const issuer = { type: principal.kind === "root" ? "Root" as const : "User" as const, arn: principal.arn, id: principal.id, name: parseArn(principal.arn)?.name || principal.account };
  return { Credentials: issueCredentials(ctx, { ...caller, session: { issuedMs: ctx.clock.now(), issuer, mfa: TokenCode !== undefined } }, seconds) };
}
