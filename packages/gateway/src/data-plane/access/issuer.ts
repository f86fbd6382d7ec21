import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import type { JsonWebKey } from "node:crypto";
import { SignJWT } from "jose";
import type { JSONWebKeySet, JWTPayload } from "jose";
import { defineDataPlane } from "@cumulet/core";
import type { Context, Exchange } from "@cumulet/core";
import type { Store } from "../../store.ts";
import { readBody } from "../request.ts";
import { jsonResponse, send } from "../respond.ts";

/** Where the built-in issuer answers. */
export const ISSUER_PATH = "/_aws/issuer";

interface IssuerKey {
  /** PKCS #8, PEM. */
  privateKey: string;
  kid: string;
}

/** One issuer serves the whole cloud: tokens of one account are good in the others. */
const home = (ctx: Context<Store>): Context<Store> => ctx.at(ctx.config.defaultAccount, ctx.config.defaultRegion);

/** The signing key, made when it is first needed and kept with the default account's data. */
function issuerKey(anywhere: Context<Store>): IssuerKey {
  const ctx = home(anywhere);
  return ctx.store.memo("", "issuer key", () => {
    const stored = ctx.store.issuer.get("", "key");
    if (stored !== undefined) return stored;
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } });
    const key: IssuerKey = { privateKey, kid: `cumulet-${createHash("sha256").update(privateKey).digest("hex").slice(0, 16)}` };
    ctx.transaction(() => ctx.store.issuer.put("", "key", key));
    return key;
  });
}

/** The built-in issuer's public keys. */
export function issuerKeys(ctx: Context<Store>): JSONWebKeySet {
  const { privateKey, kid } = issuerKey(ctx);
  return home(ctx).store.memo("", "issuer jwks", () => {
    const jwk = createPublicKey(privateKey).export({ format: "jwk" }) as JsonWebKey;
    return { keys: [{ ...jwk, kid, alg: "RS256", use: "sig" }] } as JSONWebKeySet;
  });
}

/** Whether an issuer's address is the built-in one, under any of our names. */
export function isBuiltInIssuer(ctx: Context<Store>, issuer: string): boolean {
  try {
    const { hostname, pathname } = new URL(issuer);
    return pathname.replace(/\/$/, "") === ISSUER_PATH && (ctx.config.domains.includes(hostname) || hostname === "localhost" || hostname === "127.0.0.1" || hostname === new URL(ctx.config.endpoint).hostname);
  } catch {
    return false;
  }
}

/** Signs a token: the given claims over the usual ones, valid for an hour unless they say otherwise. */
export async function signToken(ctx: Context<Store>, claims: JWTPayload, issuer: string): Promise<string> {
  const { privateKey, kid } = issuerKey(ctx);
  const now = Math.floor(ctx.clock.now() / 1000);
  const payload: JWTPayload = { iss: issuer, sub: "local-user", iat: now, nbf: now, exp: now + 3600, jti: ctx.ids.uuid(), ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid, typ: "JWT" }).sign(createPrivateKey(privateKey));
}

/**
 * A small OpenID Connect issuer for local work: discovery, keys, and `POST /_aws/issuer/token`, which signs whatever
 * claims it is sent. Its tokens are accepted in the name of any issuer, so that an API guarded by a Cognito pool or a
 * company's identity provider can be tried offline.
 */
export const builtInIssuer = defineDataPlane<Store, { document: string }>({
  name: "issuer",
  claim(address) {
    if (!address.path.startsWith(`${ISSUER_PATH}/`)) return undefined;
    return { account: "000000000000", region: "us-east-1", match: { document: address.path.slice(ISSUER_PATH.length) } };
  },
  async handle(ctx, exchange, { document }) {
    const { request, response } = exchange;
    const method = request.method ?? "GET";
    const issuer = `http://${request.headers.host ?? new URL(ctx.config.endpoint).host}${ISSUER_PATH}`;
    const answer = (status: number, body: unknown): void => void send(response, method, jsonResponse(status, body, [["cache-control", "no-store"]]));
    switch (`${method} ${document}`) {
      case "GET /.well-known/openid-configuration":
        return answer(200, {
          issuer, jwks_uri: `${issuer}/.well-known/jwks.json`, token_endpoint: `${issuer}/token`, response_types_supported: ["token"], subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"], grant_types_supported: ["client_credentials"],
        });
      case "GET /.well-known/jwks.json":
        return answer(200, issuerKeys(ctx));
      case "POST /token":
        return issue(ctx, exchange, issuer, answer);
      default:
        request.resume();
        return answer(404, { error: "not_found" });
    }
  },
});

async function issue(ctx: Context<Store>, { request }: Exchange, issuer: string, answer: (status: number, body: unknown) => void): Promise<void> {
  const body = (await readBody(request, 64 * 1024)).toString("utf8");
  let claims: JWTPayload;
  try {
    claims = request.headers["content-type"]?.startsWith("application/json") === true ? (JSON.parse(body || "{}") as JWTPayload) : formClaims(new URLSearchParams(body), request.headers.authorization);
  } catch {
    return answer(400, { error: "invalid_request", error_description: "The body is neither JSON nor a form" });
  }
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) return answer(400, { error: "invalid_request", error_description: "Claims must be an object" });
  const token = await signToken(ctx, claims, issuer);
  return answer(200, { access_token: token, id_token: token, token_type: "Bearer", expires_in: 3600 });
}

/** Client credentials: the client's id and scope become claims; its secret is not checked. */
function formClaims(form: URLSearchParams, authorization: string | undefined): JWTPayload {
  const basic = authorization?.startsWith("Basic ") === true ? Buffer.from(authorization.slice(6), "base64").toString().split(":", 1)[0] : undefined;
  const clientId = form.get("client_id") ?? basic;
  const claims: JWTPayload = {};
  if (clientId !== undefined && clientId !== null && clientId !== "") Object.assign(claims, { client_id: clientId, sub: clientId });
  for (const name of ["scope", "sub", "aud", "iss"]) {
    const value = form.get(name);
    if (value !== null) claims[name] = value;
  }
  return claims;
}
