import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";

/** All that a deployment of an HTTP or WebSocket API freezes. Plain data: it is stored as JSON and compiled when first used. */
export interface HttpDefinition {
  api: V2.Api;
  routes: V2.Route[];
  routeResponses: (V2.RouteResponse & { RouteId: string })[];
  integrations: V2.Integration[];
  integrationResponses: (V2.IntegrationResponse & { IntegrationId: string })[];
  authorizers: V2.Authorizer[];
  models: V2.Model[];
}
