import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { DocumentError, parseDocument, withAwsVariables, writeDocument } from "../../domain/openapi/document.ts";
import type { ApiDocument } from "../../domain/openapi/document.ts";
import { exportRest } from "../../domain/openapi/export-rest.ts";
import { importRest, storedSchema } from "../../domain/openapi/import-rest.ts";
import type { ImportedMethod, ImportedRestApi } from "../../domain/openapi/import-rest.ts";
import type { ResourceItem, RestApiItem, Store } from "../../store.ts";
import { apiEndpoint, badRequest, defined, newId } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { apiView, compactPolicy, createRestApi, endpointConfiguration } from "./apis.ts";
import { createAuthorizer } from "./authorizers.ts";
import { createPart } from "./documentation.ts";
import { findApi, findDeployment, findStage } from "./find.ts";
import { newIntegration, newIntegrationResponse } from "./integrations.ts";
import { newMethod, orNothing, saveMethod } from "./methods.ts";
import { createResource } from "./resources.ts";

/** AWS's limit on an imported document. */
const MAX_DOCUMENT = 6 * 1024 * 1024;

function read(ctx: Ctx, body: Uint8Array): ApiDocument {
  if (body.length > MAX_DOCUMENT) throw badRequest("The API definition is larger than 6 MB");
  try {
    return parseDocument(withAwsVariables(Buffer.from(body).toString("utf8"), ctx));
  } catch (error) {
    if (error instanceof DocumentError) throw badRequest("Invalid OpenAPI input.");
    throw error;
  }
}

function imported(ctx: Ctx, body: Uint8Array, parameters: { [name: string]: string } | undefined, failOnWarnings: boolean | undefined): ImportedRestApi {
  let api: ImportedRestApi;
  try {
    api = importRest(read(ctx, body), parameters?.["basepath"]);
  } catch (error) {
    if (error instanceof DocumentError) throw badRequest(`Errors found during import:\n\t${error.message}`);
    throw error;
  }
  if (failOnWarnings === true && api.warnings.length > 0) throw badRequest(`Warnings found during import:\n\t${api.warnings.join("\n\t")}`);
  return api;
}

/** Settings of the API itself that a document carries. */
function settings(api: ImportedRestApi): Partial<RestApiItem> {
  return defined({
    description: api.description,
    version: api.version,
    binaryMediaTypes: api.binaryMediaTypes,
    minimumCompressionSize: api.minimumCompressionSize,
    apiKeySource: api.apiKeySource,
    policy: api.policy === undefined ? undefined : compactPolicy(api.policy),
    disableExecuteApiEndpoint: api.disableExecuteApiEndpoint,
  });
}

/** Writes what a document describes into an API, beside what is there or over it. */
function apply(ctx: Ctx, api: RestApiItem, source: ImportedRestApi): void {
  const { store } = ctx;
  for (const model of source.models) {
    const existing = store.restModels.get(api.id, model.name);
    store.restModels.put(api.id, model.name, defined({ id: existing?.id ?? newId(ctx, 6), name: model.name, description: model.description, contentType: model.contentType, schema: storedSchema(model.schema, api.id) }));
  }
  const validators = new Map(store.validators.all(api.id).map((validator) => [validator.name, validator.id]));
  for (const validator of source.validators) {
    const id = validators.get(validator.name) ?? newId(ctx, 6);
    validators.set(validator.name, id);
    store.validators.put(api.id, id, { id, ...validator });
  }
  const authorizers = new Map(store.restAuthorizers.all(api.id).map((authorizer) => [authorizer.name, authorizer.id]));
  for (const authorizer of source.authorizers) {
    const id = authorizers.get(authorizer.name);
    if (id !== undefined) store.restAuthorizers.delete(api.id, id);
    authorizers.set(authorizer.name, createAuthorizer(ctx, { ...authorizer, restApiId: api.id }).id);
  }
  for (const response of source.gatewayResponses) {
    store.gatewayResponses.put(api.id, response.responseType, defined({ responseType: response.responseType, statusCode: response.statusCode, responseParameters: response.responseParameters ?? {}, responseTemplates: response.responseTemplates ?? { "application/json": '{"message":$context.error.messageString}' }, defaultResponse: false }));
  }
  for (const { path, methods } of source.resources) {
    let resource = ensureResource(ctx, api, path);
    for (const [name, method] of Object.entries(methods)) {
      saveMethod(ctx, api.id, resource, name, importedMethod(ctx, api, resource, name, method, { validators, authorizers }));
      resource = store.resources.get(api.id, resource.id)!;
    }
  }
  for (const { location, properties } of source.documentation?.parts ?? []) {
    const key = JSON.stringify(location);
    const existing = store.documentationParts.all(api.id).find((part) => JSON.stringify(part.location) === key);
    if (existing === undefined) createPart(ctx, api.id, location, properties);
    else store.documentationParts.put(api.id, existing.id, { ...existing, properties });
  }
  const version = source.documentation?.version;
  if (version !== undefined && store.documentationVersions.get(api.id, version) === undefined) {
    store.documentationVersions.put(api.id, version, { version, createdDate: ctx.clock.now(), parts: store.documentationParts.all(api.id) });
  }
}

/** The resource of a path, it and its parents made where they are not there yet. */
function ensureResource(ctx: Ctx, api: RestApiItem, path: string): ResourceItem {
  const all = ctx.store.resources.all(api.id);
  const existing = all.find((resource) => resource.path === path);
  if (existing !== undefined) return existing;
  const at = path.lastIndexOf("/");
  const parent = ensureResource(ctx, api, at === 0 ? "/" : path.slice(0, at));
  return createResource(ctx, api.id, parent, path.slice(at + 1));
}

function importedMethod(ctx: Ctx, api: RestApiItem, resource: ResourceItem, name: string, source: ImportedMethod, ids: { validators: Map<string | undefined, string>; authorizers: Map<string | undefined, string> }): Rest.Method {
  const method = newMethod(ctx, {
    restApiId: api.id, httpMethod: name, authorizationType: source.authorizationType, authorizerId: source.authorizer === undefined ? undefined : ids.authorizers.get(source.authorizer), apiKeyRequired: source.apiKeyRequired,
    operationName: source.operationName, requestParameters: source.requestParameters, requestModels: source.requestModels, requestValidatorId: source.validator === undefined ? undefined : ids.validators.get(source.validator), authorizationScopes: source.authorizationScopes,
  });
  if (source.responses.length > 0) {
    method.methodResponses = Object.fromEntries(source.responses.map((response) => [response.statusCode, defined({ statusCode: response.statusCode, responseParameters: orNothing(response.responseParameters), responseModels: orNothing(response.responseModels) })]));
  }
  if (source.integration !== undefined) {
    const { responses, ...integration } = source.integration;
    method.methodIntegration = newIntegration(ctx, resource.id, integration);
    if (responses.length > 0) method.methodIntegration.integrationResponses = Object.fromEntries(responses.map((response) => [response.statusCode, newIntegrationResponse(response)]));
  }
  return method;
}

/** Removes what a document is to replace; ids, names and stages stay. */
function clearDefinition(ctx: Ctx, api: RestApiItem): void {
  const { store } = ctx;
  for (const resource of store.resources.all(api.id)) {
    if (resource.id === api.rootResourceId) store.resources.put(api.id, resource.id, { ...resource, resourceMethods: {} });
    else store.resources.delete(api.id, resource.id);
  }
  for (const collection of [store.restModels, store.validators, store.restAuthorizers, store.gatewayResponses, store.documentationParts]) collection.clear(api.id);
}

/** `extensions=integrations,authorizers` and the other parameters of an export. */
function exportParameters(parameters: { [name: string]: string } | undefined): Set<string> {
  return new Set((parameters?.["extensions"] ?? "").split(",").map((name) => name.trim().toLowerCase()).filter((name) => name !== ""));
}

/** The definition that a stage serves, written as a document: the operation and the API's reference page use it. */
export function exportStage(ctx: Ctx, restApiId: string, stageName: string, specification: "oas30" | "swagger", wanted: ReadonlySet<string>): { document: ReturnType<typeof exportRest>; version: string } {
  const stage = findStage(ctx, restApiId, stageName);
  const { definition } = findDeployment(ctx, restApiId, stage.deploymentId);
  const all = wanted.has("apigateway");
  const version = stage.documentationVersion === undefined ? undefined : ctx.store.documentationVersions.get(restApiId, stage.documentationVersion);
  const document = exportRest(definition, {
    specification,
    integrations: all || wanted.has("integrations"),
    authorizers: all || wanted.has("authorizers"),
    documentation: all || wanted.has("documentation") ? { version: version?.version, createdDate: version?.createdDate === undefined ? undefined : new Date(version.createdDate).toISOString(), parts: version?.parts ?? ctx.store.documentationParts.all(restApiId) } : undefined,
    // Recorded: media types and the like come with any extension.
    extensions: wanted.size > 0,
    stageName,
    endpoint: apiEndpoint(ctx, restApiId),
  });
  return { document, version: definition.api.version ?? new Date(definition.api.createdDate ?? 0).toISOString() };
}

export const openApiOperations: Operations<"apigateway", Store> = {
  ImportRestApi(ctx, input) {
    const source = imported(ctx, input.body, input.parameters, input.failOnWarnings);
    const types = input.parameters?.["endpointConfigurationTypes"];
    const api = createRestApi(ctx, { name: source.name ?? "", endpointConfiguration: defined({ types: types === undefined ? undefined : [types], vpcEndpointIds: source.vpcEndpointIds }), ...settings(source), policy: source.policy }, false);
    apply(ctx, api, source);
    return defined({ ...apiView(api), warnings: source.warnings.length === 0 ? undefined : source.warnings });
  },
  PutRestApi(ctx, input) {
    const before = findApi(ctx, input.restApiId);
    const source = imported(ctx, input.body, input.parameters, input.failOnWarnings);
    const overwrite = input.mode === "overwrite";
    const endpoints = source.vpcEndpointIds === undefined ? before.endpointConfiguration : endpointConfiguration({ ...before.endpointConfiguration, vpcEndpointIds: source.vpcEndpointIds });
    const kept: RestApiItem = overwrite ? defined({ ...before, name: source.name ?? before.name, description: undefined, version: undefined, binaryMediaTypes: undefined, minimumCompressionSize: undefined, policy: undefined, apiKeySource: "HEADER", disableExecuteApiEndpoint: false }) : before;
    const api: RestApiItem = defined({ ...kept, endpointConfiguration: endpoints, ...settings(source) });
    if (overwrite) clearDefinition(ctx, api);
    ctx.store.restApis.put("", api.id, api);
    apply(ctx, api, source);
    return defined({ ...apiView(api), tags: api.tags ?? {}, warnings: source.warnings.length === 0 ? undefined : source.warnings });
  },
  GetExport(ctx, input) {
    if (input.exportType !== "oas30" && input.exportType !== "swagger") throw badRequest(`No API exporter for type '${input.exportType}'`);
    const accepts = input.accepts ?? "application/json";
    const yaml = accepts === "application/yaml";
    if (!yaml && accepts !== "application/json" && accepts !== "*/*") throw badRequest(`No API exporter for type '${accepts}'`);
    findApi(ctx, input.restApiId);
    const { document, version } = exportStage(ctx, input.restApiId, input.stageName, input.exportType, exportParameters(input.parameters));
    return { contentType: "application/octet-stream", contentDisposition: `attachment; filename="${input.exportType}_${version}.${yaml ? "yaml" : "json"}"`, body: Buffer.from(writeDocument(document, yaml)) };
  },
};
