import { createHash } from "node:crypto";
import { AwsError, parseSignature, verifySignature } from "@cumulet/protocol";
import type { RequestSignature } from "@cumulet/protocol";
import { resolveCredential } from "@cumulet/core";
import type { Address, Context, Principal } from "@cumulet/core";
import type { CallerIdentity } from "../../domain/lambda-events.ts";
import type { Store } from "../../store.ts";

/** A caller whose signature held. */
export interface SignedCaller {
  principal: Principal;
  accessKeyId: string;
}

/** Why a signed request is refused. */
export class SignatureRefused extends Error {
  readonly kind: "missing" | "invalid" | "expired";

  constructor(kind: SignatureRefused["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Verifies the Signature Version 4 of a request to an API with IAM authorization. The secret of a key that nobody
 * created here is not known: without enforcement of signatures such a key may sign with any.
 */
export function verifyCaller(ctx: Context<Store>, address: Address, body: Buffer): SignedCaller {
  const request = { method: address.method, path: address.path, query: address.query, headers: address.headers };
  let signature: RequestSignature;
  try {
    const parsed = parseSignature(request, "rest-json");
    if (parsed.kind === "anonymous") throw new SignatureRefused("missing", "Missing Authentication Token");
    signature = parsed;
  } catch (error) {
    if (error instanceof SignatureRefused) throw error;
    throw refusal(error);
  }
  const credential = resolveCredential(signature.accessKeyId, ctx.names, ctx.config.defaultAccount);
  if (!credential.active) throw new SignatureRefused("invalid", "The security token included in the request is invalid.");
  if (credential.sessionToken !== undefined) {
    if (signature.sessionToken !== credential.sessionToken) throw new SignatureRefused("invalid", "The security token included in the request is invalid.");
    if (credential.expiresMs !== undefined && ctx.clock.now() >= credential.expiresMs) throw new SignatureRefused("expired", "The security token included in the request is expired");
  }
  try {
    verifySignature(signature, { ...request, bodySha256: createHash("sha256").update(body).digest("hex") }, credential.secret, ctx.clock.now(), "rest-json");
  } catch (error) {
    if (credential.registered || ctx.config.signatures === "enforce") throw refusal(error);
  }
  return { principal: credential.principal, accessKeyId: signature.accessKeyId };
}

function refusal(error: unknown): SignatureRefused {
  if (!(error instanceof AwsError)) throw error;
  return new SignatureRefused(error.code.includes("Expired") || error.message.includes("expired") ? "expired" : "invalid", error.message);
}

/** A caller as events and `$context.identity` show one. */
export function identityOfCaller({ principal, accessKeyId }: SignedCaller): Partial<CallerIdentity> {
  return { accessKey: accessKeyId, accountId: principal.account, caller: principal.id, user: principal.id, userArn: principal.arn };
}

/**
 * The principal that a call to another service is made as: the gateway itself, or the role that the integration names,
 * really assumed where policies count.
 */
export async function callingPrincipal(ctx: Context<Store>, credentials: string | undefined, caller: Principal | undefined): Promise<Principal> {
  const gateway: Principal = { kind: "service", account: ctx.account, arn: "apigateway.amazonaws.com", id: "apigateway.amazonaws.com" };
  if (credentials === undefined || credentials === "" || ctx.config.authorization === "off") return gateway;
  // `arn:aws:iam::*:user/*`: the caller's own identity is passed through.
  if (/^arn:[^:]+:iam::\*:user\/\*$/.test(credentials)) return caller ?? gateway;
  const { assumedRoles } = ctx.store.state;
  const now = ctx.clock.now();
  let principal = assumedRoles.get(credentials, now);
  if (principal === undefined) {
    const { Credentials } = await ctx.as({ principal: gateway }).sts.AssumeRole({ RoleArn: credentials, RoleSessionName: "BackplaneAssumeRoleSession" });
    principal = resolveCredential(Credentials?.AccessKeyId ?? "", ctx.names, ctx.config.defaultAccount).principal;
    assumedRoles.set(credentials, principal, Credentials?.Expiration ?? now + 900_000);
  }
  return principal;
}
