import type { Operations } from "@cumulet/core";
import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { ApiItem, AuthorizerItem, Store } from "../../store.ts";
import { badRequest, checkQuota, conflict, decodeCursor, defined, encodeCursor, newId, pageSize } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi, findAuthorizer, findStage } from "./find.ts";

function checkAuthorizer(api: ApiItem, authorizer: Partial<V2.Authorizer>): void {
  const ttl = authorizer.AuthorizerResultTtlInSeconds;
  if (authorizer.AuthorizerType === "JWT") {
    if (api.ProtocolType !== "HTTP") throw badRequest("JWT authorizers are only supported for HTTP APIs");
    const { Issuer: issuer, Audience: audience } = authorizer.JwtConfiguration ?? {};
    if (issuer === undefined) throw badRequest("Issuer is required for JWT authorizers");
    if (!/^https?:\/\/[^\s]+$/.test(issuer)) throw badRequest("Caught exception when connecting to https://... for issuer. Please try again later. Error: Invalid issuer");
    if (audience === undefined || audience.length === 0) throw badRequest("Audience list must have at least 1 item for JWT authorizers");
    if (audience.length > 50) throw badRequest("Audience list must have at most 50 items");
    if (authorizer.IdentitySource?.length !== 1) throw badRequest("JWT authorizers must have exactly one identity source");
    return;
  }
  if (authorizer.AuthorizerUri === undefined) throw badRequest("AuthorizerUri is required for REQUEST authorizers");
  if (api.ProtocolType === "HTTP") {
    if (authorizer.AuthorizerPayloadFormatVersion === undefined) throw badRequest("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer");
    if (!["1.0", "2.0"].includes(authorizer.AuthorizerPayloadFormatVersion)) throw badRequest("Invalid authorizerPayloadFormatVersion specified. Must be one of [1.0, 2.0]");
    if (authorizer.EnableSimpleResponses === true && authorizer.AuthorizerPayloadFormatVersion !== "2.0") throw badRequest("EnableSimpleResponses is only supported for payload format version 2.0");
  } else if (authorizer.AuthorizerPayloadFormatVersion !== undefined) throw badRequest("AuthorizerPayloadFormatVersion is not supported for WEBSOCKET APIs");
  if (ttl !== undefined && (ttl < 0 || ttl > 3600)) throw badRequest("AuthorizerResultTtlInSeconds must be between 0 and 3600");
  if (ttl !== undefined && ttl > 0 && (authorizer.IdentitySource ?? []).length === 0) throw badRequest("Identity source is required when caching is enabled");
}

/** Adds an authorizer, all checks made; imports use it too. */
export function createAuthorizer(ctx: Ctx, api: ApiItem, input: Omit<V2.CreateAuthorizerRequest, "ApiId">): AuthorizerItem {
  const { store } = ctx;
  const id = newId(ctx, 6);
  const lambda = input.AuthorizerType === "REQUEST";
  const authorizer: AuthorizerItem = defined({
    AuthorizerCredentialsArn: input.AuthorizerCredentialsArn,
    AuthorizerId: id,
    AuthorizerPayloadFormatVersion: input.AuthorizerPayloadFormatVersion,
    AuthorizerResultTtlInSeconds: lambda && api.ProtocolType === "HTTP" ? (input.AuthorizerResultTtlInSeconds ?? ((input.IdentitySource ?? []).length > 0 ? 300 : 0)) : input.AuthorizerResultTtlInSeconds,
    AuthorizerType: input.AuthorizerType,
    AuthorizerUri: input.AuthorizerUri,
    EnableSimpleResponses: lambda && api.ProtocolType === "HTTP" ? (input.EnableSimpleResponses ?? false) : undefined,
    IdentitySource: input.IdentitySource,
    IdentityValidationExpression: input.IdentityValidationExpression,
    JwtConfiguration: input.JwtConfiguration,
    Name: input.Name,
  });
  checkAuthorizer(api, authorizer);
  if (store.authorizers.all(api.ApiId).some((other) => other.Name === input.Name)) throw conflict(`Authorizer with name ${input.Name} already exists`);
  checkQuota(ctx, "authorizers", 10, store.authorizers.count(api.ApiId), "authorizers");
  store.authorizers.put(api.ApiId, id, authorizer);
  return authorizer;
}

export const authorizerOperations: Operations<"apigatewayv2", Store> = {
  CreateAuthorizer: (ctx, { ApiId, ...input }) => createAuthorizer(ctx, findApi(ctx, ApiId), input),
  GetAuthorizer: (ctx, input) => findAuthorizer(ctx, input.ApiId, input.AuthorizerId),
  GetAuthorizers(ctx, input) {
    findApi(ctx, input.ApiId);
    const { items, next } = ctx.store.authorizers.page(input.ApiId, pageSize(input.MaxResults), decodeCursor(input.NextToken));
    return { Items: items, NextToken: encodeCursor(next) };
  },
  UpdateAuthorizer(ctx, { ApiId, AuthorizerId, ...changes }) {
    const api = findApi(ctx, ApiId);
    const updated: AuthorizerItem = { ...findAuthorizer(ctx, ApiId, AuthorizerId), ...defined(changes) };
    checkAuthorizer(api, updated);
    ctx.store.authorizers.put(ApiId, AuthorizerId, updated);
    return updated;
  },
  ResetAuthorizersCache(ctx, input) {
    findStage(ctx, input.ApiId, input.StageName);
    ctx.store.state.authorizers.flush(`${input.ApiId}/${input.StageName}/`);
    return {};
  },
  DeleteAuthorizer(ctx, input) {
    findAuthorizer(ctx, input.ApiId, input.AuthorizerId);
    const user = ctx.store.routes.all(input.ApiId).find((route) => route.AuthorizerId === input.AuthorizerId);
    if (user !== undefined) throw conflict(`Cannot delete authorizer '${input.AuthorizerId}', it is referenced in route: ${user.RouteKey}`);
    ctx.store.authorizers.delete(input.ApiId, input.AuthorizerId);
    return {};
  },
};
