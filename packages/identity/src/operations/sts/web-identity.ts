import type { JsonWebKey } from "node:crypto";
import type { AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse } from "@cumulet/protocol/models/sts.d.ts";
import { Policy, type Principal } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import { parseJwt, signedBy, type Jwt } from "../../domain/jwt.ts";
import { iamArn } from "../../domain/names.ts";
import { maxSessionSeconds } from "../iam/roles.ts";
import { findRole, noteUse } from "./assume-role.ts";
import { accessDenied, checkSession, issueCredentials, validationError, type Ctx } from "./session.ts";

const invalidToken = (message: string): AwsError => new AwsError("InvalidIdentityToken", message);
const NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity";

/** Issuers that every account knows, with the name that policies call them. */
const BUILT_IN: Readonly<Record<string, string>> = {
  "https://accounts.google.com": "accounts.google.com",
  "accounts.google.com": "accounts.google.com",
  "https://cognito-identity.amazonaws.com": "cognito-identity.amazonaws.com",
  "https://graph.facebook.com": "graph.facebook.com",
  "https://www.amazon.com": "www.amazon.com",
};

interface Issuer {
  /** As trust policies name it: an ARN, or the name of one that is built in. */
  principal: string;
  /** Before the colon of condition keys. */
  name: string;
  clientIds: readonly string[] | undefined;
}

/**
 * A session of a role for whoever holds a token that an identity provider of the role's account signed. The signature of
 * the token is verified when signatures are enforced; without that a test may make its tokens itself.
 */
export async function assumeRoleWithWebIdentity(ctx: Ctx, input: AssumeRoleWithWebIdentityRequest): Promise<AssumeRoleWithWebIdentityResponse> {
  const { RoleArn, RoleSessionName, WebIdentityToken, DurationSeconds } = input;
  const jwt = parseJwt(WebIdentityToken);
  if (jwt === undefined) throw invalidToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)");
  const found = findRole(ctx, RoleArn);
  const { session, packedPercent } = checkSession(input);
  if (found === undefined) throw accessDenied(NOT_AUTHORIZED);
  const { owner, role } = found;
  const issuer = issuerOf(owner, jwt);
  const now = Math.floor(ctx.clock.now() / 1000);
  if (jwt.claims.exp === undefined) throw invalidToken("Missing a required claim: exp");
  if (jwt.claims.exp <= now) throw new AwsError("ExpiredTokenException", `Token expired: current date/time ${now} must be before the expiration date/time${jwt.claims.exp}`);
  const audiences = [jwt.claims.aud ?? []].flat();
  if (issuer.clientIds !== undefined && !audiences.some((audience) => issuer.clientIds!.includes(audience)) && !issuer.clientIds.includes(jwt.claims.azp ?? "")) throw invalidToken("Incorrect token audience");
  if (ctx.config.signatures === "enforce") await verifyToken(jwt);
  if (DurationSeconds !== undefined && DurationSeconds > maxSessionSeconds(role)) throw validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");

  const subject = jwt.claims.sub ?? "";
  const audience = jwt.claims.azp ?? audiences[0] ?? "";
  const federated: Principal = { kind: "federated", account: owner.account, arn: issuer.principal, id: subject };
  const values: Record<string, string | readonly string[] | undefined> = {
    [`${issuer.name}:aud`]: audience, [`${issuer.name}:sub`]: subject, [`${issuer.name}:amr`]: jwt.claims.amr, [`${issuer.name}:oaud`]: audiences[0],
    "sts:rolesessionname": RoleSessionName,
  };
  ctx.access.require({
    action: "sts:AssumeRoleWithWebIdentity", resource: RoleArn, owner: owner.account, principal: federated, policy: new Policy(role.details.trustPolicy), needsPolicy: true,
    values: (key) => values[key],
  }, () => accessDenied(NOT_AUTHORIZED));

  const arn = `arn:${ctx.partition}:sts::${owner.account}:assumed-role/${role.name}/${RoleSessionName}`;
  const id = `${role.id}:${RoleSessionName}`;
  const tags = tagsOf(jwt);
  const credentials = issueCredentials(owner, {
    kind: "role", account: owner.account, arn, id,
    session: {
      issuedMs: ctx.clock.now(), issuer: { type: "Role", arn: iamArn(ctx.partition, owner.account, "role", role.path, role.name), id: role.id, name: role.name }, mfa: false, provider: issuer.principal, ...session, ...tags,
    },
  }, DurationSeconds ?? 3600);
  noteUse(owner, role);
  return {
    Credentials: credentials, SubjectFromWebIdentityToken: subject, AssumedRoleUser: { AssumedRoleId: id, Arn: arn }, Provider: issuer.principal, Audience: audience,
    ...(packedPercent === undefined ? {} : { PackedPolicySize: packedPercent }),
  };
}

/** The provider of a token's issuer in the role's account. */
function issuerOf(owner: Ctx, { claims }: Jwt): Issuer {
  const { iss } = claims;
  if (iss === undefined) throw invalidToken("Missing a required claim: iss");
  const builtIn = Object.hasOwn(BUILT_IN, iss) ? BUILT_IN[iss] : undefined;
  if (builtIn !== undefined) return { principal: builtIn, name: builtIn, clientIds: undefined };
  const name = iss.replace(/^https?:\/\//, "").replace(/\/$/, "");
  const provider = owner.store.entities.find("oidc-provider", name);
  if (provider === undefined) throw invalidToken(`No OpenIDConnect provider found in your account for ${iss}`);
  return { principal: iamArn(owner.partition, owner.account, "oidc-provider", "/", name), name: name.toLowerCase(), clientIds: provider.details.clientIds };
}

/** Session tags that an identity provider puts into its tokens. */
function tagsOf({ claims }: Jwt): { tags?: Record<string, string>; transitiveTagKeys?: string[] } {
  const claim = claims["https://aws.amazon.com/tags"] as { principal_tags?: Record<string, string[] | string>; transitive_tag_keys?: string[] } | undefined;
  if (claim?.principal_tags === undefined) return {};
  const tags = Object.fromEntries(Object.entries(claim.principal_tags).map(([key, value]) => [key, String([value].flat()[0] ?? "")]));
  return { tags, ...(claim.transitive_tag_keys === undefined ? {} : { transitiveTagKeys: claim.transitive_tag_keys }) };
}

const FETCH_MS = 5000;
const UNREACHABLE = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";

/** Checks the signature with the keys that the issuer publishes. Only issuers that somebody made a provider of are asked. */
async function verifyToken(jwt: Jwt): Promise<void> {
  let keys: (JsonWebKey & { kid?: string })[];
  try {
    const configuration = (await fetchJson(`${jwt.claims.iss!.replace(/\/$/, "")}/.well-known/openid-configuration`)) as { jwks_uri?: string };
    keys = ((await fetchJson(configuration.jwks_uri ?? "")) as { keys?: JsonWebKey[] }).keys ?? [];
  } catch (cause) {
    throw new AwsError("InvalidIdentityToken", UNREACHABLE, { cause });
  }
  if (!signedBy(jwt, keys)) throw invalidToken("The web identity token provided could not be validated: its signature does not match.");
}

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS), redirect: "error" });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}
