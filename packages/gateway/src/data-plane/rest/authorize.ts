import type { Address, Policy, Principal } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { parseArn, withStageVariables } from "../../domain/arn.ts";
import { InvalidAuthorizerResponse, parsePolicyResponse } from "../../domain/authorizer-result.ts";
import type { AuthorizerResult } from "../../domain/authorizer-result.ts";
import { header, lastValues } from "../../domain/http-message.ts";
import { compileRegex, RegexSyntaxError } from "../../domain/regex.ts";
import { dotted } from "../../domain/selection.ts";
import { identityOfCaller, SignatureRefused, verifyCaller } from "../access/iam.ts";
import type { SignedCaller } from "../access/iam.ts";
import { scopesOf, TokenRefused, verifyToken } from "../access/jwt.ts";
import { functionArn, invokeFunction, LambdaFailure } from "../lambda.ts";
import { contextVariables, methodArn, trace } from "./call.ts";
import type { RestCall } from "./call.ts";
import { GatewayError } from "./errors.ts";
import { proxyEvent } from "./proxy.ts";

/** AWS's limit on how long an authorizer may take. */
const AUTHORIZER_TIMEOUT_MS = 10_000;
/** How long a decision is kept where the authorizer says nothing else. */
const DEFAULT_TTL_SECONDS = 300;

/** Lets a call pass or throws the gateway's refusal: resource policy first, then what the method asks for. */
export async function authorize(call: RestCall, address: Address): Promise<void> {
  const { method, ctx } = call;
  const type = method!.method.authorizationType ?? "NONE";
  const policy = ctx.config.authorization === "off" ? undefined : call.runtime.resourcePolicy(ctx);
  if (type === "AWS_IAM") return authorizeIam(call, address, policy);
  if (policy !== undefined) {
    const nobody: Principal = { kind: "anonymous", account: "", arn: "anonymous", id: "anonymous" };
    const { allowed, layer } = decide(call, nobody, policy);
    // With an authorizer, only an explicit denial counts before it is asked.
    if (!allowed && (type === "NONE" || layer === "explicit-deny")) refuse(call, layer === "explicit-deny", "anonymous");
  }
  if (type === "CUSTOM") return authorizeByFunction(call, method!.authorizer);
  if (type === "COGNITO_USER_POOLS") return authorizeByPool(call, method!.authorizer);
}

/** What all policies that bear on the call say. */
function decide(call: RestCall, principal: Principal, policy: Policy | undefined): { allowed: boolean; layer: "explicit-deny" | "other" } {
  const { ctx } = call;
  const decision = ctx.access.decide({ action: "execute-api:Invoke", resource: methodArn(call), owner: ctx.account, policy, needsPolicy: principal.kind === "anonymous", principal, values: (key) => (key === "aws:sourceip" ? call.request.sourceIp : undefined) });
  return { allowed: decision.allowed, layer: decision.explicit ? "explicit-deny" : "other" };
}

/** AWS's words for a caller whom a policy does not let in; account ids are hidden but for their end. `soft` only notes it. */
function refuse(call: RestCall, explicit: boolean, user: string): void {
  const arn = methodArn(call).replace(/:(\d{8})(\d{4}):/, ":********$2:");
  const message = `User: ${user} is not authorized to perform: execute-api:Invoke on resource: ${arn}${explicit ? " with an explicit deny" : ""}`;
  if (call.ctx.config.authorization === "strict") throw new GatewayError("ACCESS_DENIED", message);
  call.ctx.log.warn("would be denied under strict authorization", { reason: message });
}

async function authorizeIam(call: RestCall, address: Address, policy: Policy | undefined): Promise<void> {
  let caller: SignedCaller;
  try {
    caller = verifyCaller(call.ctx, address, call.request.body);
  } catch (error) {
    if (!(error instanceof SignatureRefused)) throw error;
    trace(call, error.message);
    throw new GatewayError(error.kind === "missing" ? "MISSING_AUTHENTICATION_TOKEN" : error.kind === "expired" ? "EXPIRED_TOKEN" : "INVALID_SIGNATURE", error.message);
  }
  call.identity = { ...call.identity, ...identityOfCaller(caller) };
  call.caller = caller.principal;
  if (call.ctx.config.authorization === "off") return;
  const { allowed, layer } = decide(call, caller.principal, policy);
  if (!allowed) refuse(call, layer === "explicit-deny", caller.principal.arn);
}

const unauthorized = (): GatewayError => new GatewayError("UNAUTHORIZED", "Unauthorized");

/** What an identity source reads: `method.request.header.x`, `querystring`, `context.x`, `stageVariables.x`. */
function identityValue(call: RestCall, source: string): string | undefined {
  const match = /^(?:method\.request\.(header|querystring|multivalueheader|multivaluequerystring)|(context|stageVariables))\.(.+)$/.exec(source.trim());
  if (match === null) return undefined;
  const name = match[3]!;
  switch (match[1] ?? match[2]) {
    case "header":
    case "multivalueheader":
      return header(call.request.headers, name.toLowerCase());
    case "querystring":
    case "multivaluequerystring":
      return call.request.query.findLast(([key]) => key === name)?.[1];
    case "context":
      return dotted(contextVariables(call), name);
    default:
      return Object.hasOwn(call.stageVariables, name) ? call.stageVariables[name] : undefined;
  }
}

/** Identity sources of an authorizer, in order; a missing one is a refusal. */
function identitiesOf(call: RestCall, authorizer: Rest.Authorizer): string[] {
  const sources = (authorizer.identitySource ?? "").split(",").filter((source) => source.trim() !== "");
  return sources.map((source) => {
    const value = identityValue(call, source);
    if (value === undefined || value === "") throw unauthorized();
    return value;
  });
}

async function authorizeByFunction(call: RestCall, authorizer: Rest.Authorizer | undefined): Promise<void> {
  if (authorizer === undefined) throw new GatewayError("AUTHORIZER_CONFIGURATION_ERROR", "Internal server error");
  const identities = identitiesOf(call, authorizer);
  if (authorizer.type === "TOKEN") {
    const pattern = authorizer.identityValidationExpression;
    if (pattern !== undefined && pattern !== "" && !matches(pattern, identities[0]!)) throw unauthorized();
  }
  const { ctx } = call;
  const ttl = authorizer.authorizerResultTtlInSeconds ?? DEFAULT_TTL_SECONDS;
  const { authorizers } = ctx.store.state;
  const key = `${call.apiId}/${call.stage.stageName}/${authorizer.id}/${JSON.stringify(identities)}`;
  const cacheable = ttl > 0 && identities.length > 0;
  let result = cacheable ? authorizers.get(key, ctx.clock.now()) : undefined;
  if (result === undefined) {
    result = await askFunction(call, authorizer, identities);
    if (cacheable) authorizers.set(key, result, ctx.clock.now() + ttl * 1000);
  } else trace(call, `Using cached authorizer policy for request: ${call.requestId}`);
  const decision = result.allows(methodArn(call));
  trace(call, `The client is ${decision === "allow" ? "" : "not "}authorized to perform this operation.`);
  if (decision !== "allow") throw new GatewayError("ACCESS_DENIED", `User is not authorized to access this resource${decision === "explicit-deny" ? " with an explicit deny" : ""}`);
  call.authorizer = { ...result.context, principalId: result.principalId, integrationLatency: call.facts["authorizerLatency"] ?? 0 };
  call.usageIdentifierKey = result.usageIdentifierKey;
}

function matches(pattern: string, text: string): boolean {
  try {
    return compileRegex(pattern, { full: true }).test(text);
  } catch (error) {
    if (error instanceof RegexSyntaxError) return false;
    throw error;
  }
}

/** The event of an authorizer: the token alone, or the request. */
export function authorizerEvent(call: RestCall, authorizer: Rest.Authorizer, identities: readonly string[]): Record<string, unknown> {
  if (authorizer.type === "TOKEN") return { type: "TOKEN", methodArn: methodArn(call), authorizationToken: identities[0] };
  const { body: _body, isBase64Encoded: _encoded, ...event } = proxyEvent(call);
  return {
    type: "REQUEST", methodArn: methodArn(call), ...event,
    // Authorizers get empty maps where integrations get null.
    queryStringParameters: lastValues(call.request.query), pathParameters: call.variables, stageVariables: call.stageVariables,
    multiValueQueryStringParameters: event["multiValueQueryStringParameters"] ?? {},
  };
}

/** Calls the authorizer's function. Throws the gateway error that its failure means. */
export async function askFunction(call: RestCall, authorizer: Rest.Authorizer, identities: readonly string[]): Promise<AuthorizerResult> {
  const { ctx } = call;
  const arn = functionArn(withStageVariables(authorizer.authorizerUri ?? "", call.stageVariables));
  const broken = (reason: string, type: "AUTHORIZER_CONFIGURATION_ERROR" | "AUTHORIZER_FAILURE" = "AUTHORIZER_CONFIGURATION_ERROR"): GatewayError => {
    trace(call, `Execution failed due to configuration error: ${reason}`);
    call.facts["authorizerError"] = reason;
    return new GatewayError(type, "Internal server error", { silent: true });
  };
  if (arn === undefined) throw broken("Invalid authorizer URI");
  const started = ctx.clock.now();
  trace(call, `Starting authorizer: ${authorizer.id} for request: ${call.requestId}`);
  let payload: string;
  try {
    payload = await invokeFunction(ctx, arn, JSON.stringify(authorizerEvent(call, authorizer, identities)), {
      timeoutMs: AUTHORIZER_TIMEOUT_MS, sourceArn: `arn:${ctx.partition}:execute-api:${ctx.region}:${ctx.account}:${call.apiId}/authorizers/${authorizer.id}`, credentials: authorizer.authorizerCredentials,
    });
  } catch (error) {
    if (!(error instanceof LambdaFailure)) throw error;
    // A function that fails with exactly this word means it.
    if (error.kind === "function-error" && error.message.endsWith(": Unauthorized")) throw unauthorized();
    throw broken(error.message, error.kind === "function-error" || error.kind === "timeout" ? "AUTHORIZER_FAILURE" : "AUTHORIZER_CONFIGURATION_ERROR");
  } finally {
    call.facts["authorizerLatency"] = ctx.clock.now() - started;
  }
  try {
    const result = parsePolicyResponse(payload, true);
    trace(call, `Using valid authorizer policy for principal: ${masked(result.principalId ?? "")}`);
    return result;
  } catch (error) {
    if (error instanceof InvalidAuthorizerResponse) throw broken(`Invalid JSON in response: ${error.message}`);
    throw error;
  }
}

const masked = (text: string): string => `${"*".repeat(Math.max(0, text.length - 6))}${text.slice(-6)}`;

async function authorizeByPool(call: RestCall, authorizer: Rest.Authorizer | undefined): Promise<void> {
  if (authorizer === undefined) throw new GatewayError("AUTHORIZER_CONFIGURATION_ERROR", "Internal server error");
  const [identity = ""] = identitiesOf(call, { ...authorizer, identitySource: authorizer.identitySource ?? "method.request.header.Authorization" });
  const token = identity.replace(/^Bearer\s+/i, "");
  const claims = await verifyPoolToken(call, authorizer, token);
  const wanted = call.method!.method.authorizationScopes ?? [];
  if (wanted.length > 0) {
    // With scopes the method asks for an access token that has one of them; without, for an identity token.
    const scopes = scopesOf(claims);
    if (!wanted.some((scope) => scopes.includes(scope))) throw new GatewayError("ACCESS_DENIED", "User is not authorized to access this resource");
  }
  call.authorizer = { claims: Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)])) };
}

async function verifyPoolToken(call: RestCall, authorizer: Rest.Authorizer, token: string): Promise<Record<string, unknown>> {
  let last: TokenRefused | undefined;
  for (const provider of authorizer.providerARNs ?? []) {
    const arn = parseArn(provider);
    const pool = arn?.resource.split("/")[1];
    if (arn === undefined || pool === undefined) continue;
    try {
      return await verifyToken(call.ctx, token, { issuer: `https://cognito-idp.${arn.region}.amazonaws.com/${pool}`, audiences: undefined });
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      last = error;
    }
  }
  trace(call, `Unauthorized request: ${call.requestId}: ${last?.message ?? "no user pool"}`);
  if (last?.message === "the token has expired") throw new GatewayError("UNAUTHORIZED", "The incoming token has expired");
  throw unauthorized();
}
