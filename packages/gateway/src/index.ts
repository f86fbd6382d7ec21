import { defineService } from "@cumulet/core";
import { builtInIssuer } from "./data-plane/access/issuer.ts";
import { executeApi } from "./data-plane/plane.ts";
import { connectionOperations } from "./operations/connections.ts";
import { httpApiOperations } from "./operations/http/index.ts";
import { restOperations } from "./operations/rest/index.ts";
import { gatewayStore } from "./store.ts";

/** REST APIs, and the data plane of all three kinds. */
export const apigateway = defineService({
  model: "apigateway",
  store: gatewayStore,
  operations: restOperations,
  dataPlanes: [executeApi, builtInIssuer],
});

/** HTTP and WebSocket APIs. */
export const apigatewayv2 = defineService({
  model: "apigatewayv2",
  store: gatewayStore,
  operations: httpApiOperations,
});

/** What backends do with the clients of a WebSocket API. */
export const apigatewaymanagementapi = defineService({
  model: "apigatewaymanagementapi",
  store: gatewayStore,
  operations: connectionOperations,
});

export const services = [apigateway, apigatewayv2, apigatewaymanagementapi] as const;
