import { AwsError } from "@cumulet/protocol";
import type { Address } from "@cumulet/core";
import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import { withStageVariables } from "../../domain/arn.ts";
import { InvalidAuthorizerResponse, parsePolicyResponse, parseSimpleResponse } from "../../domain/authorizer-result.ts";
import type { AuthorizerResult } from "../../domain/authorizer-result.ts";
import { anonymous, httpEventV1, httpEventV2 } from "../../domain/lambda-events.ts";
import { compileSelection } from "../../domain/selection.ts";
import type { Selection } from "../../domain/selection.ts";
import { identityOfCaller, SignatureRefused, verifyCaller } from "../access/iam.ts";
import { scopesOf, TokenRefused, verifyToken } from "../access/jwt.ts";
import { functionArn, invokeFunction, LambdaFailure } from "../lambda.ts";
import { eventFacts, HttpApiError, selectionSource } from "./handle.ts";
import type { HttpCall } from "./handle.ts";
import { routeArn } from "./integrate.ts";

/** AWS's limit on how long an authorizer may take. */
const AUTHORIZER_TIMEOUT_MS = 10_000;

const unauthorized = (): HttpApiError => new HttpApiError(401, "Unauthorized");
const forbidden = (): HttpApiError => new HttpApiError(403, "Forbidden");

/** Lets a call pass or throws what AWS answers. */
export async function authorize(call: HttpCall, address: Address): Promise<void> {
  switch (call.route.route.AuthorizationType ?? "NONE") {
    case "JWT":
      return authorizeByToken(call);
    case "CUSTOM":
      return authorizeByFunction(call);
    case "AWS_IAM":
      return authorizeIam(call, address);
    default:
      return undefined;
  }
}

/** Identity sources compiled once an authorizer. */
const compiled = new WeakMap<V2.Authorizer, readonly Selection[]>();

function identitySources(authorizer: V2.Authorizer): readonly Selection[] {
  let sources = compiled.get(authorizer);
  if (sources === undefined) compiled.set(authorizer, (sources = (authorizer.IdentitySource ?? []).map(compileSelection)));
  return sources;
}

/** Identities of a request; undefined when one is missing. */
function identitiesOf(call: HttpCall, authorizer: V2.Authorizer): string[] | undefined {
  const source = selectionSource(call);
  const identities: string[] = [];
  for (const select of identitySources(authorizer)) {
    const value = select(source);
    if (value === undefined || value === "") return undefined;
    identities.push(value);
  }
  return identities;
}

/** What a refused token brings: the reason in `www-authenticate`, in AWS's form. */
function refused(call: HttpCall, status: number, error: string, description: string, scopes: readonly string[]): HttpApiError {
  call.facts["authorizerError"] = description;
  return new HttpApiError(status, status === 401 ? "Unauthorized" : "Forbidden", [["www-authenticate", `Bearer scope="${scopes.join(" ")}" error="${error}" error_description="${description}"`]]);
}

async function authorizeByToken(call: HttpCall): Promise<void> {
  const { authorizer, route } = call.route;
  const wanted = route.AuthorizationScopes ?? [];
  if (authorizer?.JwtConfiguration === undefined) throw new HttpApiError(500, "Internal Server Error");
  const [identity] = identitiesOf(call, authorizer) ?? [];
  if (identity === undefined) throw new HttpApiError(401, "Unauthorized", [["www-authenticate", "Bearer"]]);
  const token = identity.replace(/^Bearer\s+/i, "");
  let claims;
  try {
    claims = await verifyToken(call.ctx, token, { issuer: authorizer.JwtConfiguration.Issuer ?? "", audiences: authorizer.JwtConfiguration.Audience });
  } catch (error) {
    if (error instanceof TokenRefused) throw refused(call, 401, "invalid_token", error.message, wanted);
    throw error;
  }
  const scopes = scopesOf(claims);
  if (wanted.length > 0 && !wanted.some((scope) => scopes.includes(scope))) throw refused(call, 403, "insufficient_scope", "the token does not have the required scopes", wanted);
  call.authorizer = { jwt: { claims: Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, claimText(value)])), scopes: wanted.length === 0 ? null : scopes.filter((scope) => wanted.includes(scope)) } };
}

/** Claims reach functions as texts: lists in brackets, separated by blanks. */
function claimText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(String).join(" ")}]`;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function authorizeIam(call: HttpCall, address: Address): void {
  try {
    const caller = verifyCaller(call.ctx, address, call.request.body);
    const identity = identityOfCaller(caller);
    call.identity = { ...anonymous, ...identity };
    call.authorizer = { iam: { accessKey: identity.accessKey, accountId: identity.accountId, callerId: identity.caller, cognitoIdentity: null, principalOrgId: null, userArn: identity.userArn, userId: identity.user } };
    call.caller = caller.principal;
    call.ctx.access.require({ action: "execute-api:Invoke", resource: routeArn(call), owner: call.ctx.account, principal: caller.principal }, () => new AwsError("AccessDeniedException", "Forbidden"));
  } catch (error) {
    if (!(error instanceof SignatureRefused) && !(error instanceof AwsError)) throw error;
    call.facts["authorizerError"] = error.message;
    throw forbidden();
  }
}

async function authorizeByFunction(call: HttpCall): Promise<void> {
  const { authorizer } = call.route;
  if (authorizer === undefined) throw new HttpApiError(500, "Internal Server Error");
  const identities = identitiesOf(call, authorizer);
  if (identities === undefined) throw unauthorized();
  const { ctx } = call;
  const { authorizers } = ctx.store.state;
  const ttl = authorizer.AuthorizerResultTtlInSeconds ?? 0;
  const key = `${call.address.apiId}/${call.stage.StageName}/${authorizer.AuthorizerId}/${JSON.stringify(identities)}`;
  const cacheable = ttl > 0 && identities.length > 0;
  let result = cacheable ? authorizers.get(key, ctx.clock.now()) : undefined;
  if (result === undefined) {
    result = await askFunction(call, authorizer, identities);
    if (cacheable) authorizers.set(key, result, ctx.clock.now() + ttl * 1000);
  }
  if (result.allows(routeArn(call)) !== "allow") throw forbidden();
  call.authorizer = authorizer.AuthorizerPayloadFormatVersion === "1.0" && result.principalId !== undefined ? { lambda: { ...result.context, principalId: result.principalId } } : { lambda: result.context };
}

async function askFunction(call: HttpCall, authorizer: V2.Authorizer, identities: readonly string[]): Promise<AuthorizerResult> {
  const { ctx, address, route } = call;
  const arn = functionArn(withStageVariables(authorizer.AuthorizerUri ?? "", call.stage.StageVariables));
  const failed = (reason: string): HttpApiError => {
    call.facts["authorizerError"] = reason;
    return new HttpApiError(500, "Internal Server Error");
  };
  if (arn === undefined) throw failed("Invalid authorizer URI");
  const facts = eventFacts(call);
  const own = routeArn(call);
  const whole: Record<string, unknown> = authorizer.AuthorizerPayloadFormatVersion === "1.0"
    ? { type: "REQUEST", methodArn: own, identitySource: identities.join(","), authorizationToken: identities.join(","), ...httpEventV1(call.request, facts, route.resource, undefined, call.identity) }
    : { type: "REQUEST", routeArn: own, identitySource: identities.length === 0 ? null : identities, ...httpEventV2(call.request, facts, route.routeKey, undefined) };
  // Authorizers never see the body.
  const { body: _body, isBase64Encoded: _encoded, ...event } = whole;
  let payload: string;
  try {
    payload = await invokeFunction(ctx, arn, JSON.stringify(event), { timeoutMs: AUTHORIZER_TIMEOUT_MS, sourceArn: `arn:${ctx.partition}:execute-api:${ctx.region}:${ctx.account}:${address.apiId}/authorizers/${authorizer.AuthorizerId}`, credentials: authorizer.AuthorizerCredentialsArn });
  } catch (error) {
    if (!(error instanceof LambdaFailure)) throw error;
    if (error.kind === "function-error" && error.message.endsWith(": Unauthorized")) throw unauthorized();
    throw failed(error.message);
  }
  try {
    return authorizer.EnableSimpleResponses === true ? parseSimpleResponse(payload) : parsePolicyResponse(payload, false);
  } catch (error) {
    if (error instanceof InvalidAuthorizerResponse) throw failed(error.message);
    throw error;
  }
}
