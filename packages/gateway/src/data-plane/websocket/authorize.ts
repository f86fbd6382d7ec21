import { AwsError } from "@cumulet/protocol";
import type { Address } from "@cumulet/core";
import { withStageVariables } from "../../domain/arn.ts";
import { InvalidAuthorizerResponse, parsePolicyResponse } from "../../domain/authorizer-result.ts";
import { header, allValues, lastValues } from "../../domain/http-message.ts";
import { compileSelection } from "../../domain/selection.ts";
import { identityOfCaller, SignatureRefused, verifyCaller } from "../access/iam.ts";
import { findSubscription } from "../access/usage.ts";
import { functionArn, invokeFunction, LambdaFailure } from "../lambda.ts";
import { socketArn, socketContext, socketSource } from "./call.ts";
import type { SocketCall } from "./call.ts";
import type { WebSocketRuntime } from "./compile.ts";
import { SocketError } from "./integrate.ts";

const AUTHORIZER_TIMEOUT_MS = 10_000;

/** Authorization happens once, on `$connect`. Throws `SocketError` with the status of the refused handshake. */
export async function authorizeConnection(call: SocketCall, runtime: WebSocketRuntime, address: Address): Promise<void> {
  const { route } = call.route;
  switch (route.AuthorizationType ?? "NONE") {
    case "AWS_IAM":
      authorizeIam(call, address);
      break;
    case "CUSTOM":
      await authorizeByFunction(call);
      break;
  }
  if (route.ApiKeyRequired === true) checkKey(call, runtime);
}

function authorizeIam(call: SocketCall, address: Address): void {
  const { ctx, connection } = call;
  try {
    const caller = verifyCaller(ctx, address, Buffer.alloc(0));
    connection.identity = identityOfCaller(caller);
    connection.caller = caller.principal;
    ctx.access.require({ action: "execute-api:Invoke", resource: socketArn(call), owner: ctx.account, principal: caller.principal }, () => new AwsError("AccessDeniedException", "Forbidden"));
  } catch (error) {
    if (error instanceof SignatureRefused || error instanceof AwsError) throw new SocketError(error.message, 403);
    throw error;
  }
}

async function authorizeByFunction(call: SocketCall): Promise<void> {
  const { ctx, connection } = call;
  const { authorizer } = call.route;
  if (authorizer === undefined) throw new SocketError("Internal server error", 500);
  const source = socketSource(call);
  // Version 2 writes identity sources both as `route.request.header.x` and with a dollar in front.
  const identities = (authorizer.IdentitySource ?? []).map((expression) => compileSelection(expression.startsWith("$") ? expression : `$${expression}`)(source));
  if (identities.some((value) => value === undefined || value === "")) throw new SocketError("Unauthorized", 401);
  const arn = functionArn(withStageVariables(authorizer.AuthorizerUri ?? "", connection.stageVariables()));
  if (arn === undefined) throw new SocketError("Internal server error", 500);
  const methodArn = socketArn(call);
  const { request } = connection;
  const event = {
    type: "REQUEST", methodArn, headers: lastValues(request.headers), multiValueHeaders: allValues(request.headers), queryStringParameters: lastValues(request.query),
    multiValueQueryStringParameters: allValues(request.query), stageVariables: connection.stageVariables(), requestContext: socketContext(call),
  };
  let payload: string;
  try {
    payload = await invokeFunction(ctx, arn, JSON.stringify(event), { timeoutMs: AUTHORIZER_TIMEOUT_MS, sourceArn: `arn:${ctx.partition}:execute-api:${ctx.region}:${ctx.account}:${connection.address.apiId}/authorizers/${authorizer.AuthorizerId}`, credentials: authorizer.AuthorizerCredentialsArn });
  } catch (error) {
    if (!(error instanceof LambdaFailure)) throw error;
    if (error.kind === "function-error" && error.message.endsWith(": Unauthorized")) throw new SocketError("Unauthorized", 401);
    throw new SocketError("Internal server error", 500);
  }
  try {
    const result = parsePolicyResponse(payload, true);
    if (result.allows(methodArn) !== "allow") throw new SocketError("User is not authorized to access this resource", 403);
    connection.authorizer = { ...result.context, principalId: result.principalId };
    call.facts["usageIdentifierKey"] = result.usageIdentifierKey;
  } catch (error) {
    if (error instanceof InvalidAuthorizerResponse) throw new SocketError("Internal server error", 500);
    throw error;
  }
}

function checkKey(call: SocketCall, runtime: WebSocketRuntime): void {
  const { connection, ctx } = call;
  const byAuthorizer = runtime.api.ApiKeySelectionExpression === "$context.authorizer.usageIdentifierKey";
  const value = byAuthorizer ? (call.facts["usageIdentifierKey"] as string | undefined) : header(connection.request.headers, "x-api-key");
  const found = value === undefined ? undefined : findSubscription(ctx.store, value, connection.address.apiId, connection.stageName);
  if (found?.plan === undefined) throw new SocketError("Forbidden", 403);
  connection.apiKey = { id: found.key.id, value: found.key.value };
}
