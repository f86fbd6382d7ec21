import type { Operations } from "@cumulet/core";
import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { ApiItem, Store } from "../../store.ts";
import { apiEndpoint, badRequest, checkQuota, claimApiId, decodeCursor, defined, encodeCursor, newId, pageSize } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi } from "./find.ts";
import { integrationTypeOf } from "./integrations.ts";

const HTTP_SELECTION = "$request.method $request.path";
const API_KEY_SELECTION = "$request.header.x-api-key";

/** An API as answers show it: its endpoint follows the caller's own view of us. */
export function apiView(ctx: Ctx, api: ApiItem): V2.Api {
  return { ...api, ApiEndpoint: apiEndpoint(ctx, api.ApiId, api.ProtocolType === "WEBSOCKET" ? "ws" : undefined) };
}

export function createApi(ctx: Ctx, input: V2.CreateApiRequest, extra: Partial<V2.Api> = {}): ApiItem {
  const { store } = ctx;
  if (input.ProtocolType !== "HTTP" && input.ProtocolType !== "WEBSOCKET") throw badRequest("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]");
  const http = input.ProtocolType === "HTTP";
  if (!http) {
    if (input.RouteSelectionExpression === undefined) throw badRequest("RouteSelectionExpression is required for WEBSOCKET protocol");
    if (input.CorsConfiguration !== undefined) throw badRequest("CORS configuration is not supported for WEBSOCKET protocol");
    if (input.Target !== undefined) throw badRequest("Quick create is not supported for WEBSOCKET protocol");
  } else if (input.RouteSelectionExpression !== undefined && input.RouteSelectionExpression !== "${request.method} ${request.path}" && input.RouteSelectionExpression !== HTTP_SELECTION) {
    throw badRequest(`Invalid route selection expression specified. HTTP protocol type API only supports "${HTTP_SELECTION}"`);
  }
  checkCors(input.CorsConfiguration);
  checkQuota(ctx, http ? "httpApis" : "webSocketApis", 600, store.apis.count(""), "APIs");
  const id = claimApiId(ctx, input.Tags, http ? "HTTP" : "WEBSOCKET");
  const api: ApiItem = defined({
    ApiId: id,
    ApiKeySelectionExpression: input.ApiKeySelectionExpression ?? API_KEY_SELECTION,
    CorsConfiguration: input.CorsConfiguration,
    CreatedDate: ctx.clock.now(),
    Description: input.Description,
    DisableSchemaValidation: input.DisableSchemaValidation,
    DisableExecuteApiEndpoint: input.DisableExecuteApiEndpoint ?? false,
    IpAddressType: input.IpAddressType ?? "ipv4",
    Name: input.Name,
    ProtocolType: input.ProtocolType,
    RouteSelectionExpression: http ? HTTP_SELECTION : input.RouteSelectionExpression,
    Tags: input.Tags ?? {},
    Version: input.Version,
    ...extra,
  });
  store.apis.put("", id, api);
  if (input.Target !== undefined) quickCreate(ctx, api, input.Target, input.RouteKey ?? "$default", input.CredentialsArn);
  return api;
}

/** "Quick create": one integration, one route, a `$default` stage that deploys by itself. */
function quickCreate(ctx: Ctx, api: ApiItem, target: string, routeKey: string, credentials: string | undefined): void {
  const { store } = ctx;
  const type = integrationTypeOf(target);
  const integrationId = newId(ctx, 7);
  store.integrations.put(api.ApiId, integrationId, defined({
    ApiGatewayManaged: true,
    ConnectionType: "INTERNET",
    CredentialsArn: credentials,
    IntegrationId: integrationId,
    IntegrationMethod: type === "AWS_PROXY" ? "POST" : "ANY",
    IntegrationType: type,
    IntegrationUri: target,
    PayloadFormatVersion: type === "AWS_PROXY" ? "2.0" : "1.0",
    TimeoutInMillis: 30_000,
  }));
  const routeId = newId(ctx, 7);
  store.routes.put(api.ApiId, routeId, { ApiGatewayManaged: true, ApiKeyRequired: false, AuthorizationType: "NONE", RouteId: routeId, RouteKey: routeKey, Target: `integrations/${integrationId}` });
  const now = ctx.clock.now();
  store.stages.put(api.ApiId, "$default", {
    ApiGatewayManaged: true,
    AutoDeploy: true,
    CreatedDate: now,
    DefaultRouteSettings: { DetailedMetricsEnabled: false },
    LastUpdatedDate: now,
    RouteSettings: {},
    StageName: "$default",
    StageVariables: {},
    Tags: {},
  });
}

function checkCors(cors: V2.Cors | undefined): void {
  if (cors?.AllowCredentials === true && cors.AllowOrigins?.includes("*")) throw badRequest("Cors Configuration: Allow Credentials is not supported when Allow Origins is set to '*'");
  if (cors?.MaxAge !== undefined && (cors.MaxAge < -1 || cors.MaxAge > 86_400)) throw badRequest("Cors Configuration: Max Age must be between -1 and 86400");
}

/** Everything that hangs below an API goes with it. */
function deleteApi(ctx: Ctx, id: string): void {
  const { store } = ctx;
  findApi(ctx, id);
  for (const collection of [store.routes, store.routeResponses, store.integrations, store.integrationResponses, store.authorizers, store.models, store.stages, store.deployments]) collection.clear(id);
  store.apis.delete("", id);
  ctx.names.release("api", id);
}

export const apiOperations: Operations<"apigatewayv2", Store> = {
  CreateApi: (ctx, input) => apiView(ctx, createApi(ctx, input)),
  GetApi: (ctx, input) => apiView(ctx, findApi(ctx, input.ApiId)),
  GetApis(ctx, input) {
    const { items, next } = ctx.store.apis.page("", pageSize(input.MaxResults), decodeCursor(input.NextToken));
    return { Items: items.map((api) => apiView(ctx, api)), NextToken: encodeCursor(next) };
  },
  UpdateApi(ctx, input) {
    const api = findApi(ctx, input.ApiId);
    const { ApiId: _id, Target: target, RouteKey: routeKey, CredentialsArn: credentials, ...changes } = input;
    checkCors(changes.CorsConfiguration);
    const updated: ApiItem = { ...api, ...defined(changes) };
    ctx.store.apis.put("", api.ApiId, updated);
    if (target !== undefined || routeKey !== undefined || credentials !== undefined) updateQuickCreated(ctx, api, target, routeKey, credentials);
    return apiView(ctx, updated);
  },
  DeleteApi(ctx, input) {
    deleteApi(ctx, input.ApiId);
    return {};
  },
  DeleteCorsConfiguration(ctx, input) {
    const { CorsConfiguration: _cors, ...api } = findApi(ctx, input.ApiId);
    ctx.store.apis.put("", input.ApiId, api);
    return {};
  },
};

function updateQuickCreated(ctx: Ctx, api: ApiItem, target: string | undefined, routeKey: string | undefined, credentials: string | undefined): void {
  const { store } = ctx;
  const integration = store.integrations.all(api.ApiId).find((item) => item.ApiGatewayManaged === true);
  const route = store.routes.all(api.ApiId).find((item) => item.ApiGatewayManaged === true);
  if (integration === undefined || route === undefined) throw badRequest("Target, RouteKey and CredentialsArn can only be updated on an API that was made by quick create");
  store.integrations.put(api.ApiId, integration.IntegrationId, { ...integration, ...defined({ IntegrationUri: target, CredentialsArn: credentials }) });
  if (routeKey !== undefined) store.routes.put(api.ApiId, route.RouteId, { ...route, RouteKey: routeKey });
}
