import type { Operations } from "@cumulet/core";
import type { Store } from "../../store.ts";
import { apiOperations } from "./apis.ts";
import { authorizerOperations } from "./authorizers.ts";
import { domainOperations } from "./domains.ts";
import { integrationOperations } from "./integrations.ts";
import { modelOperations } from "./models.ts";
import { openApiOperations } from "./openapi.ts";
import { routeOperations } from "./routes.ts";
import { stageOperations } from "./stages.ts";
import { tagOperations } from "./tags.ts";
import { vpcLinkOperations } from "./vpc-links.ts";

/** Version 2 of the control plane: HTTP and WebSocket APIs. */
export const httpApiOperations: Operations<"apigatewayv2", Store> = {
  ...apiOperations,
  ...authorizerOperations,
  ...domainOperations,
  ...integrationOperations,
  ...modelOperations,
  ...openApiOperations,
  ...routeOperations,
  ...stageOperations,
  ...tagOperations,
  ...vpcLinkOperations,
};
