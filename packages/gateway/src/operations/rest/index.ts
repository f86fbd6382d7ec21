import type { Operations } from "@cumulet/core";
import type { Store } from "../../store.ts";
import { accountOperations } from "./account.ts";
import { apiKeyOperations } from "./api-keys.ts";
import { restApiOperations } from "./apis.ts";
import { authorizerOperations } from "./authorizers.ts";
import { documentationOperations } from "./documentation.ts";
import { domainOperations } from "./domains.ts";
import { gatewayResponseOperations } from "./gateway-responses.ts";
import { integrationOperations } from "./integrations.ts";
import { methodOperations } from "./methods.ts";
import { modelOperations, validatorOperations } from "./models.ts";
import { openApiOperations } from "./openapi.ts";
import { resourceOperations } from "./resources.ts";
import { sdkOperations } from "./sdk.ts";
import { stageOperations } from "./stages.ts";
import { tagOperations } from "./tags.ts";
import { testInvokeOperations } from "./test-invoke.ts";
import { usagePlanOperations } from "./usage-plans.ts";

/** Version 1 of the control plane: REST APIs. */
export const restOperations: Operations<"apigateway", Store> = {
  ...accountOperations,
  ...apiKeyOperations,
  ...authorizerOperations,
  ...documentationOperations,
  ...restApiOperations,
  ...domainOperations,
  ...gatewayResponseOperations,
  ...integrationOperations,
  ...methodOperations,
  ...modelOperations,
  ...openApiOperations,
  ...resourceOperations,
  ...sdkOperations,
  ...stageOperations,
  ...tagOperations,
  ...testInvokeOperations,
  ...usagePlanOperations,
  ...validatorOperations,
};
