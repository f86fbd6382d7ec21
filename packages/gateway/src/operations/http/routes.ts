import type { Operations } from "@cumulet/core";
import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { ApiItem, RouteItem, Store } from "../../store.ts";
import { badRequest, checkQuota, conflict, decodeCursor, defined, encodeCursor, newId, notFound, pageSize } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi, findRoute } from "./find.ts";

const METHODS = new Set(["ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);

function checkRouteKey(api: ApiItem, key: string): void {
  if (api.ProtocolType !== "HTTP") return;
  if (key === "$default") return;
  const match = /^([A-Z]+) (\/\S*)$/.exec(key);
  if (match === null || !METHODS.has(match[1]!)) {
    throw badRequest('The provided route key is not formatted properly for HTTP protocol. Format should be "<HTTP METHOD>/<RESOURCE PATH>" or "$default"');
  }
  const segments = match[2]!.slice(1).split("/");
  const names = new Set<string>();
  segments.forEach((segment, index) => {
    const variable = /^\{([^{}+]+)(\+?)\}$/.exec(segment);
    if (variable === null) {
      if (/[{}]/.test(segment)) throw badRequest(`Invalid resource path specified ${match[2]}: path variables must be a whole segment`);
      return;
    }
    if (variable[2] === "+" && index !== segments.length - 1) throw badRequest("Greedy path variables are only allowed at the end of the resource path");
    if (names.has(variable[1]!)) throw badRequest(`Resource path has duplicate path variable: ${variable[1]}`);
    names.add(variable[1]!);
  });
}

function checkAuthorization(ctx: Ctx, api: ApiItem, route: Pick<V2.Route, "AuthorizationType" | "AuthorizerId" | "AuthorizationScopes">): void {
  const type = route.AuthorizationType ?? "NONE";
  if (type === "NONE" || type === "AWS_IAM") return;
  if (route.AuthorizerId === undefined) throw badRequest("AuthorizerId is required when the authorization type is JWT or CUSTOM");
  const authorizer = ctx.store.authorizers.get(api.ApiId, route.AuthorizerId);
  if (authorizer === undefined) throw badRequest(`Invalid Authorizer identifier specified ${route.AuthorizerId}`);
  if ((type === "JWT") !== (authorizer.AuthorizerType === "JWT")) throw badRequest("Authorization type is not compatible with the type of the authorizer");
}

function checkTarget(ctx: Ctx, api: ApiItem, target: string | undefined): void {
  if (target === undefined) return;
  const id = /^integrations\/(.+)$/.exec(target)?.[1];
  if (id === undefined || ctx.store.integrations.get(api.ApiId, id) === undefined) throw badRequest(`Invalid target specified: ${target}`);
}

function checkUnique(ctx: Ctx, api: ApiItem, key: string, except?: string): void {
  if (ctx.store.routes.all(api.ApiId).some((route) => route.RouteKey === key && route.RouteId !== except)) throw conflict(`Route with key ${key} already exists for this API`);
}

/** Adds a route, all checks made; imports use it too. */
export function createRoute(ctx: Ctx, api: ApiItem, input: Omit<V2.CreateRouteRequest, "ApiId">): RouteItem {
  const { store } = ctx;
  checkRouteKey(api, input.RouteKey);
  checkUnique(ctx, api, input.RouteKey);
  checkTarget(ctx, api, input.Target);
  checkAuthorization(ctx, api, input);
  checkQuota(ctx, "routes", 300, store.routes.count(api.ApiId), "routes");
  const id = newId(ctx, 7);
  const route: RouteItem = defined({
    ApiGatewayManaged: undefined,
    ApiKeyRequired: input.ApiKeyRequired ?? false,
    AuthorizationScopes: input.AuthorizationScopes,
    AuthorizationType: input.AuthorizationType ?? "NONE",
    AuthorizerId: input.AuthorizerId,
    ModelSelectionExpression: input.ModelSelectionExpression,
    OperationName: input.OperationName,
    RequestModels: input.RequestModels,
    RequestParameters: input.RequestParameters,
    RouteId: id,
    RouteKey: input.RouteKey,
    RouteResponseSelectionExpression: input.RouteResponseSelectionExpression,
    Target: input.Target,
  });
  store.routes.put(api.ApiId, id, route);
  return route;
}

export const routeOperations: Operations<"apigatewayv2", Store> = {
  CreateRoute(ctx, { ApiId, ...input }) {
    return createRoute(ctx, findApi(ctx, ApiId), input);
  },
  GetRoute: (ctx, input) => findRoute(ctx, input.ApiId, input.RouteId),
  GetRoutes(ctx, input) {
    findApi(ctx, input.ApiId);
    const { items, next } = ctx.store.routes.page(input.ApiId, pageSize(input.MaxResults), decodeCursor(input.NextToken));
    return { Items: items, NextToken: encodeCursor(next) };
  },
  UpdateRoute(ctx, { ApiId, RouteId, ...changes }) {
    const api = findApi(ctx, ApiId);
    const route = findRoute(ctx, ApiId, RouteId);
    if (changes.RouteKey !== undefined && changes.RouteKey !== route.RouteKey) {
      checkRouteKey(api, changes.RouteKey);
      checkUnique(ctx, api, changes.RouteKey, RouteId);
    }
    const updated: RouteItem = { ...route, ...defined(changes) };
    if (changes.AuthorizationType === "NONE" || changes.AuthorizationType === "AWS_IAM") {
      // The authorizer goes with the authorization type that used it.
      delete updated.AuthorizerId;
      delete updated.AuthorizationScopes;
    }
    if (updated.AuthorizationScopes?.length === 0) delete updated.AuthorizationScopes;
    // Empty texts clear what may be absent.
    if (updated.Target === "") delete updated.Target;
    if (updated.OperationName === "") delete updated.OperationName;
    checkTarget(ctx, api, updated.Target);
    checkAuthorization(ctx, api, updated);
    ctx.store.routes.put(ApiId, RouteId, updated);
    return updated;
  },
  DeleteRoute(ctx, input) {
    findRoute(ctx, input.ApiId, input.RouteId);
    for (const response of ctx.store.routeResponses.all(input.ApiId)) if (response.RouteId === input.RouteId) ctx.store.routeResponses.delete(input.ApiId, response.RouteResponseId);
    ctx.store.routes.delete(input.ApiId, input.RouteId);
    return {};
  },
  DeleteRouteRequestParameter(ctx, input) {
    const route = findRoute(ctx, input.ApiId, input.RouteId);
    const parameters = { ...route.RequestParameters };
    if (!Object.hasOwn(parameters, input.RequestParameterKey)) throw notFound("Invalid Request parameter key specified");
    delete parameters[input.RequestParameterKey];
    ctx.store.routes.put(input.ApiId, input.RouteId, { ...route, RequestParameters: parameters });
    return {};
  },
  CreateRouteResponse(ctx, { ApiId, RouteId, ...input }) {
    const route = findRoute(ctx, ApiId, RouteId);
    const responses = ctx.store.routeResponses.all(ApiId).filter((response) => response.RouteId === route.RouteId);
    if (responses.some((response) => response.RouteResponseKey === input.RouteResponseKey)) throw conflict(`Route response with key ${input.RouteResponseKey} already exists for this route`);
    const id = newId(ctx, 7);
    const response = defined({ ...input, RouteResponseId: id });
    ctx.store.routeResponses.put(ApiId, id, { ...response, RouteId });
    return response;
  },
  GetRouteResponse(ctx, input) {
    return withoutRoute(findRouteResponse(ctx, input.ApiId, input.RouteId, input.RouteResponseId));
  },
  GetRouteResponses(ctx, input) {
    findRoute(ctx, input.ApiId, input.RouteId);
    return { Items: ctx.store.routeResponses.all(input.ApiId).filter((response) => response.RouteId === input.RouteId).map(withoutRoute) };
  },
  UpdateRouteResponse(ctx, { ApiId, RouteId, RouteResponseId, ...changes }) {
    const response = { ...findRouteResponse(ctx, ApiId, RouteId, RouteResponseId), ...defined(changes) };
    ctx.store.routeResponses.put(ApiId, RouteResponseId, response);
    return withoutRoute(response);
  },
  DeleteRouteResponse(ctx, input) {
    findRouteResponse(ctx, input.ApiId, input.RouteId, input.RouteResponseId);
    ctx.store.routeResponses.delete(input.ApiId, input.RouteResponseId);
    return {};
  },
};

type StoredResponse = V2.RouteResponse & { RouteResponseId: string; RouteId: string };

function findRouteResponse(ctx: Ctx, apiId: string, routeId: string, id: string): StoredResponse {
  findRoute(ctx, apiId, routeId);
  const response = ctx.store.routeResponses.get(apiId, id);
  if (response === undefined || response.RouteId !== routeId) throw notFound(`Invalid RouteResponse identifier specified ${id}`);
  return response;
}

function withoutRoute({ RouteId: _route, ...response }: StoredResponse): V2.RouteResponse {
  return response;
}
