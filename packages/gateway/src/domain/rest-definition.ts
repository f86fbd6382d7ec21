import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";

/** All that a deployment of a REST API freezes. Plain data: it is stored as JSON and compiled when first used. */
export interface RestDefinition {
  api: Rest.RestApi;
  resources: Rest.Resource[];
  models: Rest.Model[];
  validators: Rest.RequestValidator[];
  authorizers: Rest.Authorizer[];
  gatewayResponses: Rest.GatewayResponse[];
}
