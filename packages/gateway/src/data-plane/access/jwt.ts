import { createLocalJWKSet, errors, jwtVerify } from "jose";
import type { JSONWebKeySet, JWTPayload } from "jose";
import type { Context } from "@cumulet/core";
import type { Store } from "../../store.ts";
import { outbound } from "../outbound.ts";
import { isBuiltInIssuer, issuerKeys } from "./issuer.ts";

/** Why a token was refused; `description` is what `www-authenticate` says. */
export class TokenRefused extends Error {}

/** AWS's bounds on fetching an issuer's keys. */
const FETCH_TIMEOUT_MS = 1500;
const MAX_DOCUMENT = 150 * 1024;
/** How long an issuer's keys are kept: AWS caches them for two hours. */
const KEYS_TTL_MS = 2 * 60 * 60 * 1000;
/** How long a token's verification is remembered at most; its own times are checked every time. */
const VERIFIED_TTL_MS = 5 * 60 * 1000;

export interface TokenRules {
  issuer: string;
  /** The token's `aud` or `client_id` must be among them; undefined asks nothing. */
  audiences: readonly string[] | undefined;
}

/** Verifies a token's signature and claims. Throws `TokenRefused`. */
export async function verifyToken(ctx: Context<Store>, token: string, rules: TokenRules): Promise<JWTPayload> {
  const now = ctx.clock.now();
  const { state } = ctx.store;
  const key = `${rules.issuer} ${token}`;
  let claims = state.verifiedTokens.get(key, now);
  if (claims === undefined) {
    claims = await verifySignature(ctx, token, rules.issuer);
    state.verifiedTokens.set(key, claims, now + VERIFIED_TTL_MS);
  }
  checkClaims(claims, rules, now);
  return claims;
}

async function verifySignature(ctx: Context<Store>, token: string, issuer: string): Promise<JWTPayload> {
  let kid: unknown;
  try {
    kid = (JSON.parse(Buffer.from(token.split(".", 1)[0]!, "base64url").toString()) as { kid?: unknown }).kid;
  } catch {
    throw new TokenRefused("the token is malformed");
  }
  const own = issuerKeys(ctx);
  // The built-in issuer signs for any issuer's name, so that protected APIs can be tried without one.
  const keys = isBuiltInIssuer(ctx, issuer) || own.keys.some((one) => one.kid === kid) ? own : await keysOf(ctx, issuer);
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { algorithms: ["RS256", "RS384", "RS512"], clockTolerance: Number.MAX_SAFE_INTEGER / 2000 });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) throw new TokenRefused("signing key not found");
    if (error instanceof errors.JWSSignatureVerificationFailed) throw new TokenRefused("signature is invalid");
    if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) throw new TokenRefused("signing method is invalid");
    throw new TokenRefused("the token is malformed");
  }
}

function checkClaims(claims: JWTPayload, { issuer, audiences }: TokenRules, nowMs: number): void {
  const now = nowMs / 1000;
  if (claims.iss !== issuer) throw new TokenRefused("invalid issuer");
  if (audiences !== undefined) {
    const given = [...(Array.isArray(claims.aud) ? claims.aud : claims.aud === undefined ? [] : [claims.aud]), ...(typeof claims["client_id"] === "string" ? [claims["client_id"]] : [])];
    if (!given.some((one) => audiences.includes(one))) throw new TokenRefused("the token has an invalid audience");
  }
  if (typeof claims.exp !== "number" || claims.exp <= now) throw new TokenRefused("the token has expired");
  if (typeof claims.nbf === "number" && claims.nbf > now) throw new TokenRefused("the token is not valid yet");
  if (typeof claims.iat === "number" && claims.iat > now) throw new TokenRefused("the token was issued in the future");
}

/** The keys of an issuer: by its discovery document, then its `jwks_uri`. */
async function keysOf(ctx: Context<Store>, issuer: string): Promise<JSONWebKeySet> {
  const now = ctx.clock.now();
  const known = ctx.store.state.issuerKeys.get(issuer, now);
  if (known !== undefined) return known;
  const base = issuer.replace(/\/$/, "");
  const discovery = (await fetchDocument(ctx, `${base}/.well-known/openid-configuration`)) as { jwks_uri?: unknown };
  if (typeof discovery.jwks_uri !== "string") throw new TokenRefused("OIDC discovery endpoint has no jwks_uri");
  const keys = (await fetchDocument(ctx, discovery.jwks_uri)) as JSONWebKeySet;
  if (!Array.isArray(keys.keys)) throw new TokenRefused("the issuer's key set is malformed");
  ctx.store.state.issuerKeys.set(issuer, keys, now + KEYS_TTL_MS);
  return keys;
}

async function fetchDocument(ctx: Context<Store>, address: string): Promise<unknown> {
  const stop = new AbortController();
  const timer = ctx.clock.schedule(FETCH_TIMEOUT_MS, () => stop.abort());
  try {
    const response = await outbound({ method: "GET", url: new URL(address), headers: [["Accept", "application/json"]], body: "", signal: stop.signal });
    if (response.status !== 200 || response.body.length > MAX_DOCUMENT) throw new TokenRefused("OIDC discovery endpoint communication error");
    return JSON.parse(response.body.toString("utf8")) as unknown;
  } catch (error) {
    if (error instanceof TokenRefused) throw error;
    ctx.log.warn("An issuer's keys could not be fetched", { address, reason: (error as Error).message });
    throw new TokenRefused("OIDC discovery endpoint communication error");
  } finally {
    timer[Symbol.dispose]();
  }
}

/** Scopes of a token: `scope` (a list in one text) or `scp`. */
export function scopesOf(claims: JWTPayload): string[] {
  const scope = claims["scope"] ?? claims["scp"];
  return typeof scope === "string" ? scope.split(" ").filter((one) => one !== "") : Array.isArray(scope) ? scope.map(String) : [];
}
