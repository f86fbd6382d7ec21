import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { ResourceItem, RestApiItem, Store } from "../../store.ts";
import { badRequest, checkQuota, claimApiId, defined, newId } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi } from "./find.ts";
import { pageOf } from "./paging.ts";
import { applyPatch, text } from "./patch.ts";
import type { PatchRule } from "./patch.ts";

/** The two models that every new REST API has. Recorded. */
export const DEFAULT_MODELS = [
  { name: "Empty", description: "This is a default empty schema model", contentType: "application/json", schema: '{\n  "$schema": "http://json-schema.org/draft-04/schema#",\n  "title" : "Empty Schema",\n  "type" : "object"\n}' },
  { name: "Error", description: "This is a default error schema model", contentType: "application/json", schema: '{\n  "$schema" : "http://json-schema.org/draft-04/schema#",\n  "title" : "Error Schema",\n  "type" : "object",\n  "properties" : {\n    "message" : { "type" : "string" }\n  }\n}' },
];

/** Endpoint type and address type with AWS's defaults: edge-optimized over IPv4, private over both. */
export function endpointConfiguration(input: Rest.EndpointConfiguration | undefined): Rest.EndpointConfiguration {
  const types = input?.types === undefined || input.types.length === 0 ? ["EDGE"] : input.types;
  if (types.length > 1) throw badRequest("Cannot create an api with multiple Endpoint Types.");
  if (input?.vpcEndpointIds !== undefined && input.vpcEndpointIds.length > 0 && types[0] !== "PRIVATE") throw badRequest("Can only associate VPC endpoints with PRIVATE APIs.");
  if (types[0] === "PRIVATE" && input?.ipAddressType === "ipv4") throw badRequest("Only dualstack ipAddressType is supported for Private APIs.");
  return defined({ types, ipAddressType: input?.ipAddressType ?? (types[0] === "PRIVATE" ? "dualstack" : "ipv4"), vpcEndpointIds: input?.vpcEndpointIds });
}

function checkCompression(size: number | undefined): void {
  if (size !== undefined && (size < 0 || size > 10_485_760)) throw badRequest("Invalid minimum compression size, must be between 0 and 10485760");
}

/** A new REST API with its root resource, and the default models unless it is imported. */
export function createRestApi(ctx: Ctx, input: Omit<Rest.CreateRestApiRequest, "cloneFrom">, withModels = true): RestApiItem {
  const { store } = ctx;
  if (input.name === undefined || input.name === "") throw badRequest("Invalid API name. Name cannot be empty");
  checkCompression(input.minimumCompressionSize);
  const endpoints = endpointConfiguration(input.endpointConfiguration);
  checkQuota(ctx, "restApis", 600, store.restApis.count(""), "APIs");
  const id = claimApiId(ctx, input.tags, "REST");
  const rootResourceId = newId(ctx, 10);
  const api: RestApiItem = defined({
    id,
    name: input.name,
    description: input.description,
    createdDate: ctx.clock.now(),
    version: input.version,
    binaryMediaTypes: input.binaryMediaTypes,
    minimumCompressionSize: input.minimumCompressionSize,
    apiKeySource: input.apiKeySource ?? "HEADER",
    endpointConfiguration: endpoints,
    policy: input.policy === undefined ? undefined : compactPolicy(input.policy),
    tags: input.tags,
    disableExecuteApiEndpoint: input.disableExecuteApiEndpoint ?? false,
    rootResourceId,
    securityPolicy: input.securityPolicy,
    endpointAccessMode: input.endpointAccessMode,
  });
  store.restApis.put("", id, api);
  store.resources.put(id, rootResourceId, { id: rootResourceId, path: "/", resourceMethods: {} });
  if (withModels) for (const model of DEFAULT_MODELS) addModel(ctx, id, model);
  return api;
}

function addModel(ctx: Ctx, apiId: string, model: { name: string; description: string; contentType: string; schema: string }): void {
  const id = newId(ctx, 6);
  ctx.store.restModels.put(apiId, model.name, { id, ...model });
}

/** AWS gives a policy back without white space, its quotes escaped by the caller's JSON. */
export function compactPolicy(policy: string): string {
  try {
    return JSON.stringify(JSON.parse(policy));
  } catch {
    throw badRequest("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.");
  }
}

/** AWS answers a policy as a text whose quotes are escaped once more. */
export function apiView(api: RestApiItem): Rest.RestApi {
  return api.policy === undefined ? api : { ...api, policy: api.policy.replaceAll('"', '\\"') };
}

/** Removes everything below an API. */
export function deleteRestApi(ctx: Ctx, id: string): void {
  const { store } = ctx;
  for (const collection of [store.resources, store.restModels, store.validators, store.restAuthorizers, store.gatewayResponses, store.restDeployments, store.restStages, store.documentationParts, store.documentationVersions]) collection.clear(id);
  store.restApis.delete("", id);
  ctx.names.release("api", id);
}

/** Copies the definition of one API into a new one (`cloneFrom`). */
function cloneInto(ctx: Ctx, from: string, to: RestApiItem): void {
  const { store } = ctx;
  const source = findApi(ctx, from);
  const ids = new Map<string, string>([[source.rootResourceId, to.rootResourceId]]);
  for (const resource of store.resources.all(from)) if (!ids.has(resource.id)) ids.set(resource.id, newId(ctx, 6));
  for (const resource of store.resources.all(from)) {
    const id = ids.get(resource.id)!;
    const copy: ResourceItem = defined({ ...resource, id, parentId: resource.parentId === undefined ? undefined : ids.get(resource.parentId) });
    store.resources.put(to.id, id, copy);
  }
  for (const collection of [store.restModels, store.validators, store.restAuthorizers, store.gatewayResponses] as const) {
    for (const item of collection.all(from)) collection.put(to.id, itemKey(item), item as never);
  }
}

const itemKey = (item: Rest.GatewayResponse & { id?: string; name?: string; schema?: string }): string => (item.schema !== undefined ? item.name! : (item.id ?? item.responseType!));

const RULES: readonly PatchRule<RestApiItem>[] = [
  {
    path: "/name",
    replace: (api, value) => {
      if (value === undefined || value === "") throw badRequest("Invalid API name. Name cannot be empty");
      api.name = value;
    },
  },
  { ...text<RestApiItem>("/description", "description"), remove: (api) => void delete api.description, add: (api, value) => void (api.description = value ?? "") },
  { ...text<RestApiItem>("/version", "version"), remove: (api) => void delete api.version },
  {
    path: "/apiKeySource",
    replace: (api, value) => {
      if (value !== "HEADER" && value !== "AUTHORIZER") throw badRequest("Invalid API Key source specified. Must be one of [HEADER, AUTHORIZER]");
      api.apiKeySource = value;
    },
  },
  {
    path: "/minimumCompressionSize",
    replace: (api, value) => {
      if (value === undefined || value === "") delete api.minimumCompressionSize;
      else {
        const size = Number(value);
        if (!Number.isInteger(size)) throw badRequest("Invalid minimum compression size, must be between 0 and 10485760");
        checkCompression(size);
        api.minimumCompressionSize = size;
      }
    },
    remove: (api) => void delete api.minimumCompressionSize,
  },
  {
    path: "/policy",
    replace: (api, value) => {
      if (value === undefined || value === "") delete api.policy;
      else api.policy = compactPolicy(value);
    },
    remove: (api) => void delete api.policy,
  },
  { path: "/disableExecuteApiEndpoint", replace: (api, value) => void (api.disableExecuteApiEndpoint = value?.toLowerCase() === "true") },
  { path: "/securityPolicy", replace: (api, value) => void (api.securityPolicy = value ?? "TLS_1_0") },
  { path: "/endpointAccessMode", replace: (api, value) => void (api.endpointAccessMode = value ?? "BASIC") },
  {
    path: "/endpointConfiguration/types/{}",
    replace: (api, value) => {
      if (value !== "EDGE" && value !== "REGIONAL" && value !== "PRIVATE") throw badRequest(`Invalid endpoint type specified: ${value}`);
      api.endpointConfiguration = endpointConfiguration({ ...api.endpointConfiguration, types: [value], ipAddressType: value === "PRIVATE" ? "dualstack" : api.endpointConfiguration?.ipAddressType });
    },
  },
  {
    path: "/endpointConfiguration/ipAddressType",
    replace: (api, value) => void (api.endpointConfiguration = endpointConfiguration(defined({ ...api.endpointConfiguration, ipAddressType: value }))),
  },
  {
    path: "/endpointConfiguration/vpcEndpointIds",
    add: (api, value) => void (api.endpointConfiguration = endpointConfiguration({ ...api.endpointConfiguration, vpcEndpointIds: [...new Set([...(api.endpointConfiguration?.vpcEndpointIds ?? []), value ?? ""])] })),
    remove: (api, value) => void (api.endpointConfiguration = endpointConfiguration({ ...api.endpointConfiguration, vpcEndpointIds: (api.endpointConfiguration?.vpcEndpointIds ?? []).filter((id) => id !== value) })),
  },
  {
    path: "/binaryMediaTypes/{}",
    add: (api, _value, type) => void (api.binaryMediaTypes = [...new Set([...(api.binaryMediaTypes ?? []), type])]),
    // Recorded: replacing a type removes the one that the path names and appends the value.
    replace: (api, value, type) => void (api.binaryMediaTypes = [...(api.binaryMediaTypes ?? []).filter((one) => one !== type), value ?? ""]),
    remove: (api, _value, type) => {
      const rest = (api.binaryMediaTypes ?? []).filter((one) => one !== type);
      if (rest.length === 0) delete api.binaryMediaTypes;
      else api.binaryMediaTypes = rest;
    },
  },
];

export const restApiOperations: Operations<"apigateway", Store> = {
  CreateRestApi(ctx, { cloneFrom, ...input }) {
    if (cloneFrom !== undefined) findApi(ctx, cloneFrom);
    const api = createRestApi(ctx, input, cloneFrom === undefined);
    if (cloneFrom !== undefined) cloneInto(ctx, cloneFrom, api);
    return apiView(api);
  },
  GetRestApi: (ctx, input) => apiView(findApi(ctx, input.restApiId)),
  GetRestApis(ctx, input) {
    const { items, position } = pageOf(ctx.store.restApis, "", input);
    return defined({ items: items.map(apiView), position });
  },
  UpdateRestApi(ctx, input) {
    const api = applyPatch(findApi(ctx, input.restApiId), input.patchOperations, RULES);
    ctx.store.restApis.put("", api.id, api);
    return { ...apiView(api), tags: api.tags ?? {} };
  },
  DeleteRestApi(ctx, input) {
    findApi(ctx, input.restApiId);
    deleteRestApi(ctx, input.restApiId);
    return {};
  },
};
