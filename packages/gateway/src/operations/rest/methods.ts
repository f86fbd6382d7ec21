import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { ResourceItem, Store } from "../../store.ts";
import { badRequest, conflict, defined, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findMethod, findResource } from "./find.ts";
import { applyPatch, elements, entries, flag, text } from "./patch.ts";
import type { PatchRule } from "./patch.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];

function checkAuthorization(ctx: Ctx, apiId: string, method: Rest.Method): void {
  const type = method.authorizationType;
  if (type !== "NONE" && type !== "AWS_IAM" && type !== "CUSTOM" && type !== "COGNITO_USER_POOLS") throw badRequest("Invalid authorization type specified. Must be one of [NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS]");
  if (type === "NONE" || type === "AWS_IAM") return;
  const authorizer = method.authorizerId === undefined ? undefined : ctx.store.restAuthorizers.get(apiId, method.authorizerId);
  if (authorizer === undefined || (type === "COGNITO_USER_POOLS") !== (authorizer.type === "COGNITO_USER_POOLS")) {
    throw badRequest("Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.");
  }
}

function checkValidator(ctx: Ctx, apiId: string, id: string | undefined): void {
  if (id !== undefined && ctx.store.validators.get(apiId, id) === undefined) throw badRequest("Invalid Request Validator identifier specified");
}

function checkModels(ctx: Ctx, apiId: string, models: { [type: string]: string } | undefined): void {
  for (const name of Object.values(models ?? {})) if (ctx.store.restModels.get(apiId, name) === undefined) throw badRequest(`Invalid model identifier specified: ${name}`);
}

function checkParameters(parameters: { [name: string]: boolean } | undefined): void {
  for (const name of Object.keys(parameters ?? {})) {
    if (!/^method\.request\.(?:querystring|header|path|multivaluequerystring|multivalueheader)\.[^\s]+$/.test(name)) {
      throw badRequest(`Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: ${name}]`);
    }
  }
}

/** Stores a method in its resource, in the order of names that AWS answers with. */
export function saveMethod(ctx: Ctx, apiId: string, resource: ResourceItem, name: string, method: Rest.Method | undefined): void {
  const methods = { ...resource.resourceMethods };
  if (method === undefined) delete methods[name];
  else methods[name] = method;
  ctx.store.resources.put(apiId, resource.id, { ...resource, resourceMethods: methods });
}

/** What PutMethod stores, all checks made; imports use it too. */
export function newMethod(ctx: Ctx, input: Omit<Rest.PutMethodRequest, "resourceId">): Rest.Method {
  const method: Rest.Method = defined({
    httpMethod: input.httpMethod,
    authorizationType: input.authorizationType,
    authorizerId: input.authorizationType === "NONE" || input.authorizationType === "AWS_IAM" ? undefined : input.authorizerId,
    apiKeyRequired: input.apiKeyRequired ?? false,
    requestValidatorId: input.requestValidatorId,
    operationName: input.operationName,
    requestParameters: orNothing(input.requestParameters),
    requestModels: orNothing(input.requestModels),
    authorizationScopes: input.authorizationScopes !== undefined && input.authorizationScopes.length > 0 ? input.authorizationScopes : undefined,
  });
  checkAuthorization(ctx, input.restApiId, method);
  checkValidator(ctx, input.restApiId, method.requestValidatorId);
  checkModels(ctx, input.restApiId, method.requestModels);
  checkParameters(method.requestParameters);
  return method;
}

export const orNothing = <T extends object>(map: T | undefined): T | undefined => (map === undefined || Object.keys(map).length === 0 ? undefined : map);

const RULES: readonly PatchRule<Rest.Method>[] = [
  text("/authorizationType", "authorizationType"),
  text("/authorizerId", "authorizerId"),
  flag("/apiKeyRequired", "apiKeyRequired"),
  { ...text<Rest.Method>("/requestValidatorId", "requestValidatorId"), remove: (method) => void delete method.requestValidatorId },
  { ...text<Rest.Method>("/operationName", "operationName"), remove: (method) => void delete method.operationName },
  entries("/requestParameters/{}", "requestParameters", (value) => value?.toLowerCase() === "true"),
  entries("/requestModels/{}", "requestModels"),
  elements("/authorizationScopes", "authorizationScopes"),
];

export const methodOperations: Operations<"apigateway", Store> = {
  PutMethod(ctx, input) {
    const resource = findResource(ctx, input.restApiId, input.resourceId);
    if (!METHODS.includes(input.httpMethod)) throw badRequest("Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY");
    if (Object.hasOwn(resource.resourceMethods, input.httpMethod)) throw conflict("Method already exists for this resource");
    const method = newMethod(ctx, input);
    saveMethod(ctx, input.restApiId, resource, input.httpMethod, method);
    return method;
  },
  GetMethod: (ctx, input) => findMethod(ctx, input.restApiId, input.resourceId, input.httpMethod).method,
  UpdateMethod(ctx, input) {
    const { resource, method } = findMethod(ctx, input.restApiId, input.resourceId, input.httpMethod);
    const updated = applyPatch(method, input.patchOperations, RULES);
    if (updated.authorizationType === "NONE" || updated.authorizationType === "AWS_IAM") delete updated.authorizerId;
    checkAuthorization(ctx, input.restApiId, updated);
    checkValidator(ctx, input.restApiId, updated.requestValidatorId);
    checkModels(ctx, input.restApiId, updated.requestModels);
    checkParameters(updated.requestParameters);
    saveMethod(ctx, input.restApiId, resource, input.httpMethod, updated);
    return updated;
  },
  DeleteMethod(ctx, input) {
    const { resource } = findMethod(ctx, input.restApiId, input.resourceId, input.httpMethod);
    saveMethod(ctx, input.restApiId, resource, input.httpMethod, undefined);
    return {};
  },
  PutMethodResponse(ctx, input) {
    const { resource, method } = findMethod(ctx, input.restApiId, input.resourceId, input.httpMethod);
    if (method.methodResponses !== undefined && Object.hasOwn(method.methodResponses, input.statusCode)) throw conflict("Response already exists for this resource");
    checkModels(ctx, input.restApiId, input.responseModels);
    const response: Rest.MethodResponse = defined({ statusCode: input.statusCode, responseParameters: orNothing(input.responseParameters), responseModels: orNothing(input.responseModels) });
    saveMethod(ctx, input.restApiId, resource, input.httpMethod, { ...method, methodResponses: { ...method.methodResponses, [input.statusCode]: response } });
    return response;
  },
  GetMethodResponse: (ctx, input) => findMethodResponse(ctx, input).response,
  UpdateMethodResponse(ctx, input) {
    const { resource, method, response } = findMethodResponse(ctx, input);
    const updated = applyPatch(response, input.patchOperations, RESPONSE_RULES);
    checkModels(ctx, input.restApiId, updated.responseModels);
    saveMethod(ctx, input.restApiId, resource, input.httpMethod, { ...method, methodResponses: { ...method.methodResponses, [input.statusCode]: updated } });
    return updated;
  },
  DeleteMethodResponse(ctx, input) {
    const { resource, method } = findMethodResponse(ctx, input);
    const responses = { ...method.methodResponses };
    delete responses[input.statusCode];
    saveMethod(ctx, input.restApiId, resource, input.httpMethod, defined({ ...method, methodResponses: orNothing(responses) }));
    return {};
  },
};

const RESPONSE_RULES: readonly PatchRule<Rest.MethodResponse>[] = [
  entries("/responseParameters/{}", "responseParameters", (value) => value?.toLowerCase() === "true"),
  entries("/responseModels/{}", "responseModels"),
];

function findMethodResponse(ctx: Ctx, input: { restApiId: string; resourceId: string; httpMethod: string; statusCode: string }): { resource: ResourceItem; method: Rest.Method; response: Rest.MethodResponse } {
  const { resource, method } = findMethod(ctx, input.restApiId, input.resourceId, input.httpMethod);
  const response = method.methodResponses?.[input.statusCode];
  if (response === undefined) throw notFound("Invalid Response status code specified");
  return { resource, method, response };
}

