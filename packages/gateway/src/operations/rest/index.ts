import type { Operations } from "@cumulet/core";
import type { Store } from "../../store.ts";
import { restApiOperations } from "./apis.ts";
import { gatewayResponseOperations } from "./gateway-responses.ts";
import { integrationOperations } from "./integrations.ts";
import { methodOperations } from "./methods.ts";
import { modelOperations, validatorOperations } from "./models.ts";
import { resourceOperations } from "./resources.ts";
import { stageOperations } from "./stages.ts";

/** Version 1 of the control plane: REST APIs. */
export const restOperations: Operations<"apigateway", Store> = {
  ...restApiOperations,
  ...gatewayResponseOperations,
  ...integrationOperations,
  ...methodOperations,
  ...modelOperations,
  ...resourceOperations,
  ...stageOperations,
  ...validatorOperations,
};
