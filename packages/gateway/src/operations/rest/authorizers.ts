import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { Store } from "../../store.ts";
import { badRequest, checkQuota, conflict, defined, newId, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi, findStage } from "./find.ts";
import { pageOf } from "./paging.ts";
import { applyPatch, elements, text } from "./patch.ts";
import type { PatchRule } from "./patch.ts";

type Item = Rest.Authorizer & { id: string };

function find(ctx: Ctx, apiId: string, id: string): Item {
  const authorizer = ctx.store.restAuthorizers.get(apiId, id);
  if (authorizer === undefined) throw notFound("Invalid Authorizer identifier specified");
  return authorizer;
}

const SOURCE = /^(?:method\.request\.(?:header|querystring|multivalueheader|multivaluequerystring)|context|stageVariables)\.\S+$/;

function check(authorizer: Rest.Authorizer): void {
  const { type, authorizerResultTtlInSeconds: ttl } = authorizer;
  if (authorizer.name === undefined || authorizer.name === "") throw badRequest("Authorizer name must be non-empty");
  const sources = (authorizer.identitySource ?? "").split(",").map((source) => source.trim()).filter((source) => source !== "");
  if (type === "COGNITO_USER_POOLS") {
    if (authorizer.providerARNs === undefined || authorizer.providerARNs.length === 0) throw badRequest("Invalid authorizer type: COGNITO_USER_POOLS authorizer requires at least one provider ARN");
    for (const arn of authorizer.providerARNs) if (!/^arn:[^:]+:cognito-idp:[^:]+:\d{12}:userpool\/.+$/.test(arn)) throw badRequest(`Invalid Cognito User Pool ARN: ${arn}`);
  } else {
    if (authorizer.authorizerUri === undefined || authorizer.authorizerUri === "") throw badRequest("Authorizer URI must be non-empty");
    if (!authorizer.authorizerUri.startsWith("arn:") || !authorizer.authorizerUri.includes(":lambda:path/")) throw badRequest("Invalid Authorizer URI: Lambda function ARN is expected");
  }
  if (type === "TOKEN" && (sources.length !== 1 || !/^method\.request\.header\.\S+$/.test(sources[0]!))) throw badRequest("Identity source is invalid for TOKEN authorizer: it must be one header");
  if (type === "REQUEST" && (ttl ?? 300) > 0 && sources.length === 0) throw badRequest("Identity source is required when authorization caching is enabled");
  for (const source of sources) if (!SOURCE.test(source)) throw badRequest(`Invalid identity source: ${source}`);
  if (ttl !== undefined && (!Number.isInteger(ttl) || ttl < 0 || ttl > 3600)) throw badRequest("Authorizer result TTL must be between 0 and 3600 seconds");
}

/** Adds an authorizer, all checks made; imports use it too. */
export function createAuthorizer(ctx: Ctx, input: Rest.CreateAuthorizerRequest): Item {
  const { restApiId, ...rest } = input;
  const authorizer: Item = defined({
    id: newId(ctx, 6),
    name: rest.name,
    type: rest.type,
    providerARNs: rest.providerARNs,
    authType: rest.authType ?? (rest.type === "COGNITO_USER_POOLS" ? "cognito_user_pools" : "custom"),
    authorizerUri: rest.authorizerUri,
    authorizerCredentials: rest.authorizerCredentials,
    identitySource: rest.identitySource ?? (rest.type === "COGNITO_USER_POOLS" ? "method.request.header.Authorization" : undefined),
    identityValidationExpression: rest.identityValidationExpression,
    authorizerResultTtlInSeconds: rest.authorizerResultTtlInSeconds,
  });
  check(authorizer);
  if (ctx.store.restAuthorizers.all(restApiId).some((other) => other.name === authorizer.name)) throw conflict("Authorizer name must be unique. Authorizer with the name already exists in this RestApi.");
  checkQuota(ctx, "authorizers", 10, ctx.store.restAuthorizers.count(restApiId), "authorizers");
  ctx.store.restAuthorizers.put(restApiId, authorizer.id, authorizer);
  return authorizer;
}

const RULES: readonly PatchRule<Item>[] = [
  text("/name", "name"),
  text("/type", "type"),
  text("/authType", "authType"),
  text("/authorizerUri", "authorizerUri"),
  { ...text<Item>("/authorizerCredentials", "authorizerCredentials"), remove: (item) => void delete item.authorizerCredentials },
  { ...text<Item>("/identitySource", "identitySource"), remove: (item) => void delete item.identitySource },
  { ...text<Item>("/identityValidationExpression", "identityValidationExpression"), remove: (item) => void delete item.identityValidationExpression },
  { path: "/authorizerResultTtlInSeconds", replace: (item, value) => void (item.authorizerResultTtlInSeconds = Number(value)) },
  elements("/providerARNs", "providerARNs"),
];

export const authorizerOperations: Operations<"apigateway", Store> = {
  CreateAuthorizer(ctx, input) {
    findApi(ctx, input.restApiId);
    return createAuthorizer(ctx, input);
  },
  GetAuthorizer: (ctx, input) => find(ctx, input.restApiId, input.authorizerId),
  GetAuthorizers(ctx, input) {
    findApi(ctx, input.restApiId);
    return pageOf(ctx.store.restAuthorizers, input.restApiId, input);
  },
  UpdateAuthorizer(ctx, input) {
    const authorizer = applyPatch(find(ctx, input.restApiId, input.authorizerId), input.patchOperations, RULES);
    check(authorizer);
    ctx.store.restAuthorizers.put(input.restApiId, authorizer.id, authorizer);
    return authorizer;
  },
  DeleteAuthorizer(ctx, input) {
    const { name } = find(ctx, input.restApiId, input.authorizerId);
    for (const resource of ctx.store.resources.all(input.restApiId)) {
      const user = Object.entries(resource.resourceMethods).find(([, method]) => method.authorizerId === input.authorizerId);
      if (user !== undefined) throw conflict(`Cannot delete authorizer '${name}', is referenced in method: ${resource.path}/${user[0]}`);
    }
    ctx.store.restAuthorizers.delete(input.restApiId, input.authorizerId);
    return {};
  },
  FlushStageAuthorizersCache(ctx, input) {
    findStage(ctx, input.restApiId, input.stageName);
    ctx.store.state.authorizers.flush(`${input.restApiId}/${input.stageName}/`);
    return {};
  },
};
