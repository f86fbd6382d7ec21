import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { askFunction } from "../../data-plane/rest/authorize.ts";
import { noOverrides, trace } from "../../data-plane/rest/call.ts";
import type { RestCall } from "../../data-plane/rest/call.ts";
import { compileRestApi } from "../../data-plane/rest/compile.ts";
import type { RestMethod } from "../../data-plane/rest/compile.ts";
import { GatewayError, internalError } from "../../data-plane/rest/errors.ts";
import { executionLog } from "../../data-plane/rest/execution-log.ts";
import { renderError } from "../../data-plane/rest/gateway-responses.ts";
import { execute } from "../../data-plane/rest/handle.ts";
import { extendedRequestId } from "../../data-plane/ids.ts";
import { scopesOf, TokenRefused, verifyToken } from "../../data-plane/access/jwt.ts";
import { parseArn } from "../../domain/arn.ts";
import { allValues, header, lastValues, parseQuery } from "../../domain/http-message.ts";
import type { GatewayResponse, HeaderList } from "../../domain/http-message.ts";
import { createRouter } from "../../domain/router.ts";
import type { Store } from "../../store.ts";
import { badRequest, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findMethod } from "./find.ts";
import { snapshotRest } from "./stages.ts";

interface TestRequest {
  restApiId: string;
  pathWithQueryString?: string | undefined;
  body?: string | undefined;
  headers?: { [name: string]: string } | undefined;
  multiValueHeaders?: { [name: string]: string[] } | undefined;
  stageVariables?: { [name: string]: string } | undefined;
}

function headersOf(input: TestRequest): HeaderList {
  const single = Object.entries(input.headers ?? {}).map(([name, value]) => [name, value] as const);
  const multiple = Object.entries(input.multiValueHeaders ?? {}).flatMap(([name, values]) => values.map((value) => [name, value] as const));
  return [...single.filter(([name]) => !multiple.some(([other]) => other.toLowerCase() === name.toLowerCase())), ...multiple];
}

/** A call as the console's test makes it: what is defined now, no stage, no authorization, a log. */
function testCall(ctx: Ctx, input: TestRequest, httpMethod: string, defaultPath: string): RestCall {
  const { restApiId: apiId } = input;
  const given = input.pathWithQueryString === undefined || input.pathWithQueryString === "" ? defaultPath : input.pathWithQueryString;
  const [path = "/", rawQuery = ""] = given.split("?", 2);
  const startedMs = ctx.clock.now();
  const requestId = ctx.ids.uuid();
  const domainName = `${apiId}.execute-api.${ctx.region}.amazonaws.com`;
  const runtime = ctx.store.memo(apiId, "test runtime", () => compileRestApi(snapshotRest(ctx, apiId), "test"));
  return {
    ctx,
    request: {
      method: httpMethod, path, fullPath: path, eventPath: path, rawQuery, query: parseQuery(rawQuery), headers: headersOf(input), body: Buffer.from(input.body ?? ""), host: domainName,
      protocol: "HTTP/1.1", sourceIp: "test-invoke-source-ip", startedMs,
    },
    address: { apiId, protocol: "REST", path, stage: undefined, domainName, basePath: undefined, byPath: false, defaultEndpoint: true, domain: undefined },
    apiId,
    stage: { stageName: "test-invoke-stage", deploymentId: "test" },
    runtime, method: undefined, variables: {}, stageVariables: input.stageVariables ?? {}, canary: false, requestId, extendedRequestId: extendedRequestId(ctx.ids),
    identity: { accessKey: "test-invoke-access-key", accountId: ctx.account, caller: ctx.principal.id, cognitoAuthenticationProvider: null, cognitoAuthenticationType: null, cognitoIdentityId: null, cognitoIdentityPoolId: null, principalOrgId: null, user: ctx.principal.id, userArn: ctx.principal.arn },
    caller: ctx.principal, apiKey: { id: "test-invoke-api-key-id", value: "test-invoke-api-key" }, usageIdentifierKey: undefined, authorizer: undefined,
    facts: {}, overrides: noOverrides(), log: [], extraHeaders: [],
  };
}

const textOf = (body: GatewayResponse["body"]): string => (typeof body === "string" ? body : body.toString("utf8"));

async function testInvokeMethod(ctx: Ctx, input: Rest.TestInvokeMethodRequest): Promise<Rest.TestInvokeMethodResponse> {
  const { resource } = findMethod(ctx, input.restApiId, input.resourceId, input.httpMethod);
  const call = testCall(ctx, input, input.httpMethod === "ANY" ? "GET" : input.httpMethod, resource.path ?? "/");
  const specs = [{ method: "GET", path: resource.path ?? "/", target: true }];
  // A path that does not fit the resource has no variables; the method is the one named all the same. Recorded.
  call.variables = createRouter(specs, { ignoreTrailingSlash: true }).find("GET", call.request.path)?.variables ?? {};
  call.method = methodOf(call, input.resourceId, input.httpMethod);
  trace(call, `Starting execution for request: ${call.requestId}`);
  trace(call, `HTTP Method: ${call.request.method}, Resource Path: ${call.request.path}`);
  let answer: GatewayResponse;
  try {
    answer = await execute(call);
  } catch (error) {
    answer = renderError(call, failureOf(ctx, error));
    trace(call, `Method completed with status: ${answer.status}`);
  }
  const headers = [...answer.headers, ...call.extraHeaders];
  return { status: answer.status, body: textOf(answer.body), headers: lastValues(headers), multiValueHeaders: allValues(headers), log: executionLog(call.requestId, call.request.startedMs, call.log!), latency: ctx.clock.now() - call.request.startedMs };
}

function methodOf(call: RestCall, resourceId: string, httpMethod: string): RestMethod {
  const found = call.runtime.methods.find(({ resource, method }) => resource.id === resourceId && method.httpMethod === httpMethod);
  if (found === undefined) throw notFound("Invalid Method identifier specified");
  return found;
}

function failureOf(ctx: Ctx, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  ctx.log.error("A test invocation failed in the gateway", { error: error instanceof Error ? error.stack : String(error) });
  return internalError();
}

async function testInvokeAuthorizer(ctx: Ctx, input: Rest.TestInvokeAuthorizerRequest): Promise<Rest.TestInvokeAuthorizerResponse> {
  const authorizer = ctx.store.restAuthorizers.get(input.restApiId, input.authorizerId);
  if (authorizer === undefined) throw notFound("Invalid Authorizer identifier specified");
  const call = testCall(ctx, input, "GET", "/");
  for (const [name, value] of Object.entries(input.additionalContext ?? {})) call.facts[name] = value;
  const finish = (result: Rest.TestInvokeAuthorizerResponse): Rest.TestInvokeAuthorizerResponse => ({
    ...result, log: executionLog(call.requestId, call.request.startedMs, call.log!), latency: ctx.clock.now() - call.request.startedMs,
  });
  try {
    if (authorizer.type === "COGNITO_USER_POOLS") return finish(await testPool(call, authorizer));
    const identities = (authorizer.identitySource ?? "").split(",").map((source) => identity(call, source.trim()));
    if (authorizer.type === "TOKEN" && identities[0] === undefined) throw badRequest("Authorization Token is required");
    const result = await askFunction(call, authorizer, identities.map((value) => value ?? ""));
    return finish({ clientStatus: 0, principalId: result.principalId ?? "", policy: JSON.stringify(result.document), authorization: Object.fromEntries(Object.entries(result.context).map(([name, value]) => [name, [String(value)]])) });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { status } = renderError(call, error);
    trace(call, error.message);
    return finish({ clientStatus: status });
  }
}

function identity(call: RestCall, source: string): string | undefined {
  const match = /^method\.request\.(header|querystring)\.(.+)$/.exec(source);
  if (match === null) return undefined;
  return match[1] === "header" ? header(call.request.headers, match[2]!.toLowerCase()) : call.request.query.findLast(([name]) => name === match[2])?.[1];
}

async function testPool(call: RestCall, authorizer: Rest.Authorizer): Promise<Rest.TestInvokeAuthorizerResponse> {
  const source = authorizer.identitySource === undefined || authorizer.identitySource === "" ? "method.request.header.Authorization" : authorizer.identitySource;
  const token = (identity(call, source) ?? "").replace(/^Bearer\s+/i, "");
  for (const provider of authorizer.providerARNs ?? []) {
    const arn = parseArn(provider);
    const pool = arn?.resource.split("/")[1];
    if (arn === undefined || pool === undefined) continue;
    try {
      const claims = await verifyToken(call.ctx, token, { issuer: `https://cognito-idp.${arn.region}.amazonaws.com/${pool}`, audiences: undefined });
      trace(call, `Token accepted with scopes: ${scopesOf(claims).join(" ")}`);
      return { clientStatus: 0, claims: Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)])) };
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      trace(call, `Unauthorized request: ${error.message}`);
    }
  }
  return { clientStatus: 401 };
}

/** Trials of what is defined, before it is deployed. */
export const testInvokeOperations: Operations<"apigateway", Store> = {
  TestInvokeMethod: testInvokeMethod,
  TestInvokeAuthorizer: testInvokeAuthorizer,
};
