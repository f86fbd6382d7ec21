import type { Operations } from "@cumulet/core";
import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import { AwsError } from "@cumulet/protocol";
import { currentDeployment, snapshot } from "../../deploy.ts";
import { DocumentError, parseDocument, withAwsVariables, writeDocument } from "../../domain/openapi/document.ts";
import { exportHttp } from "../../domain/openapi/export-http.ts";
import { importHttp } from "../../domain/openapi/import-http.ts";
import type { ImportedHttpApi } from "../../domain/openapi/import-http.ts";
import type { ApiItem, Store } from "../../store.ts";
import { apiEndpoint, badRequest, defined } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { apiView, createApi } from "./apis.ts";
import { createAuthorizer } from "./authorizers.ts";
import { findApi, findStage } from "./find.ts";
import { createIntegration } from "./integrations.ts";
import { createRoute } from "./routes.ts";

/** AWS's limit on an imported document. */
const MAX_DOCUMENT = 6 * 1024 * 1024;

function read(ctx: Ctx, body: string, basepath: string | undefined, failOnWarnings: boolean | undefined): ImportedHttpApi {
  if (body.length > MAX_DOCUMENT) throw badRequest("The API definition is larger than 6 MB");
  let api: ImportedHttpApi;
  try {
    api = importHttp(parseDocument(withAwsVariables(body, ctx)), basepath);
  } catch (error) {
    if (error instanceof DocumentError) throw badRequest(`Unable to import API definition: ${error.message}`);
    throw error;
  }
  if (failOnWarnings === true && api.warnings.length > 0) throw badRequest(`Warnings found during import:\n\t${api.warnings.join("\n\t")}`);
  return api;
}

/** Writes what a document describes into an API that has nothing of it. What does not fit is a warning, as in AWS. */
function apply(ctx: Ctx, api: ApiItem, source: ImportedHttpApi, failOnWarnings: boolean | undefined): void {
  const tolerant = <T>(make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof AwsError) || failOnWarnings === true) throw error;
      source.warnings.push(error.message);
      return undefined;
    }
  };
  const authorizers = new Map(source.authorizers.map((authorizer) => [authorizer.Name, tolerant(() => createAuthorizer(ctx, api, defined(authorizer)).AuthorizerId)]));
  const integrations = new Map([...source.integrations].map(([key, integration]) => [key, tolerant(() => createIntegration(ctx, api, defined(integration)).IntegrationId)]));
  for (const route of source.routes) {
    const integration = route.integration === undefined ? undefined : integrations.get(route.integration);
    tolerant(() => createRoute(ctx, api, defined({
      RouteKey: route.routeKey, OperationName: route.operationName, AuthorizationType: route.authorizationType as V2.AuthorizationType, AuthorizerId: route.authorizer === undefined ? undefined : authorizers.get(route.authorizer), AuthorizationScopes: route.scopes,
      Target: integration === undefined ? undefined : `integrations/${integration}`,
    })));
  }
}

function answer(ctx: Ctx, api: ApiItem, source: ImportedHttpApi): V2.ImportApiResponse {
  return defined({ ...apiView(ctx, api), ImportInfo: source.info.length === 0 ? undefined : source.info, Warnings: source.warnings.length === 0 ? undefined : source.warnings });
}

export const openApiOperations: Operations<"apigatewayv2", Store> = {
  ImportApi(ctx, input) {
    const source = read(ctx, input.Body, input.Basepath, input.FailOnWarnings);
    const api = createApi(ctx, defined({ Name: source.name, ProtocolType: "HTTP" as const, Description: source.description, Version: source.version, CorsConfiguration: source.cors, Tags: source.tags, DisableExecuteApiEndpoint: source.disableExecuteApiEndpoint }));
    apply(ctx, api, source, input.FailOnWarnings);
    return answer(ctx, api, source);
  },
  ReimportApi(ctx, input) {
    const before = findApi(ctx, input.ApiId);
    const source = read(ctx, input.Body, input.Basepath, input.FailOnWarnings);
    const { store } = ctx;
    for (const collection of [store.routes, store.routeResponses, store.integrations, store.integrationResponses, store.authorizers, store.models]) collection.clear(before.ApiId);
    const api: ApiItem = defined({ ...before, Name: source.name === "" ? before.Name : source.name, Description: source.description, Version: source.version, CorsConfiguration: source.cors, Tags: { ...before.Tags, ...source.tags }, DisableExecuteApiEndpoint: source.disableExecuteApiEndpoint ?? before.DisableExecuteApiEndpoint });
    store.apis.put("", api.ApiId, api);
    apply(ctx, api, source, input.FailOnWarnings);
    return answer(ctx, api, source);
  },
  ExportApi(ctx, input) {
    const api = findApi(ctx, input.ApiId);
    if (api.ProtocolType !== "HTTP") throw badRequest("Exporting WEBSOCKET APIs is not supported");
    if (input.Specification !== "OAS30") throw badRequest(`Invalid specification ${input.Specification}. Must be one of [OAS30]`);
    if (input.OutputType !== "JSON" && input.OutputType !== "YAML") throw badRequest(`Invalid output type ${input.OutputType}. Must be one of [JSON, YAML]`);
    if (input.ExportVersion !== undefined && input.ExportVersion !== "1.0") throw badRequest("Invalid export version. Must be one of [1.0]");
    return { body: Buffer.from(writeDocument(exportHttpStage(ctx, api, input.StageName, input.IncludeExtensions ?? true), input.OutputType === "YAML")) };
  },
};

/** The definition that a stage serves, or what is defined now, as a document: the operation and the API's reference page use it. */
export function exportHttpStage(ctx: Ctx, api: ApiItem, stageName: string | undefined, extensions: boolean): ReturnType<typeof exportHttp> {
  if (stageName !== undefined) findStage(ctx, api.ApiId, stageName);
  const deployed = stageName === undefined ? undefined : currentDeployment(ctx, api.ApiId, stageName)?.definition;
  if (stageName !== undefined && deployed === undefined) throw badRequest(`Stage ${stageName} has no deployment`);
  return exportHttp(deployed ?? snapshot(ctx.store, api.ApiId), { extensions, stageName, endpoint: apiEndpoint(ctx, api.ApiId) });
}
