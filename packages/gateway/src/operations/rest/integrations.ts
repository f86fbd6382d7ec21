import type { Operations } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { ResourceItem, Store } from "../../store.ts";
import { compileTemplate, TemplateError } from "../../domain/vtl/index.ts";
import { badRequest, defined, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findIntegration, findMethod, findResource } from "./find.ts";
import { orNothing, saveMethod } from "./methods.ts";
import { applyPatch, elements, entries, text } from "./patch.ts";
import type { PatchRule } from "./patch.ts";

/** AWS's bounds for an integration's timeout, milliseconds; the upper one can be raised for regional and private APIs. */
const MIN_TIMEOUT_MS = 50;
const MAX_TIMEOUT_MS = 29_000;

const PASSTHROUGH = ["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"];

function checkIntegration(ctx: Ctx, integration: Rest.Integration): void {
  const { type, uri = "", timeoutInMillis: timeout } = integration;
  if (type !== "MOCK") {
    if (integration.httpMethod === undefined) throw badRequest("Enumeration value for HttpMethod must be non-empty");
    if (!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"].includes(integration.httpMethod)) throw badRequest("Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY");
  }
  if (type === "AWS" || type === "AWS_PROXY") {
    if (!uri.startsWith("arn:")) throw badRequest("Invalid ARN specified in the request");
    const parts = uri.split(":");
    if (parts[2] !== "apigateway" || parts.length < 6) throw badRequest("AWS ARN for integration must contain path or action");
    const action = parts.slice(5).join(":");
    if (!/^(?:path|action)\//.test(action)) throw badRequest("AWS ARN for integration must contain path or action");
    if (type === "AWS_PROXY" && parts[4] !== "lambda" && parts[4] !== "firehose") {
      throw badRequest("Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.");
    }
    if (integration.credentials !== undefined && !/^arn:[^:]+:iam::/.test(integration.credentials) && !integration.credentials.includes("${stageVariables.")) throw badRequest("Invalid ARN specified in the request");
  }
  if ((type === "HTTP" || type === "HTTP_PROXY") && !uri.includes("${stageVariables.") && !/^https?:\/\/[^\s/]+/.test(uri)) throw badRequest("Invalid HTTP endpoint specified for URI");
  if (integration.connectionType === "VPC_LINK" && integration.connectionId === undefined) throw badRequest("Invalid ConnectionId specified");
  const max = ctx.config.quotas["apigateway.integrationTimeoutMs"] ?? MAX_TIMEOUT_MS;
  if (timeout !== undefined && (timeout < MIN_TIMEOUT_MS || timeout > max)) throw badRequest(`Timeout should be between ${MIN_TIMEOUT_MS} ms and ${max} ms`);
  if (!PASSTHROUGH.includes(integration.passthroughBehavior ?? "WHEN_NO_MATCH")) throw badRequest("Invalid passthrough behavior specified. Must be one of [WHEN_NO_MATCH, NEVER, WHEN_NO_TEMPLATES]");
  checkTemplates(integration.requestTemplates);
  for (const [target, source] of Object.entries(integration.requestParameters ?? {})) checkMapping(target, source);
}

function checkMapping(target: string, source: string): void {
  const bad = (text: string): AwsError => badRequest(`Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: ${text}]`);
  if (!/^integration\.request\.(?:header|querystring|path|multivalueheader|multivaluequerystring)\.\S+$/.test(target)) throw bad(target);
  if (!/^(?:'.*'|method\.request\.(?:header|querystring|path|body|multivalueheader|multivaluequerystring)(?:\..+)?|context\..+|stageVariables\..+)$/s.test(source)) throw bad(source);
}

/** A template that cannot be parsed is refused when it is stored, not when it is used. */
function checkTemplates(templates: { [type: string]: string } | undefined): void {
  for (const template of Object.values(templates ?? {})) {
    if (template === null || template === undefined) continue;
    try {
      compileTemplate(template);
    } catch (error) {
      if (error instanceof TemplateError) throw badRequest(`Invalid mapping template specified: ${error.message}`);
      throw error;
    }
  }
}

/** What PutIntegration stores, all checks made; imports use it too. */
export function newIntegration(ctx: Ctx, resourceId: string, input: Omit<Rest.PutIntegrationRequest, "restApiId" | "resourceId" | "httpMethod">): Rest.Integration {
  const http = input.type === "HTTP" || input.type === "HTTP_PROXY";
  const integration: Rest.Integration = defined({
    type: input.type,
    httpMethod: input.type === "MOCK" ? undefined : input.integrationHttpMethod,
    uri: input.type === "MOCK" ? undefined : input.uri,
    // Recorded: only HTTP integrations show a connection type that nobody set.
    connectionType: input.connectionType ?? (http ? "INTERNET" : undefined),
    connectionId: input.connectionId,
    credentials: input.credentials,
    requestParameters: orNothing(input.requestParameters),
    requestTemplates: input.requestTemplates === undefined ? undefined : orNothing(input.requestTemplates),
    passthroughBehavior: input.passthroughBehavior?.toUpperCase() ?? "WHEN_NO_MATCH",
    contentHandling: input.contentHandling,
    timeoutInMillis: input.timeoutInMillis ?? MAX_TIMEOUT_MS,
    cacheNamespace: input.cacheNamespace ?? resourceId,
    cacheKeyParameters: input.cacheKeyParameters ?? [],
    tlsConfig: input.tlsConfig,
    responseTransferMode: input.responseTransferMode,
  });
  checkIntegration(ctx, integration);
  return integration;
}

const RULES: readonly PatchRule<Rest.Integration>[] = [
  text("/uri", "uri"),
  text("/httpMethod", "httpMethod"),
  { ...text<Rest.Integration>("/credentials", "credentials"), remove: (integration) => void delete integration.credentials },
  { path: "/type", replace: (integration, value) => void (integration.type = value ?? "MOCK") },
  text("/passthroughBehavior", "passthroughBehavior"),
  { ...text<Rest.Integration>("/contentHandling", "contentHandling"), remove: (integration) => void delete integration.contentHandling },
  { ...text<Rest.Integration>("/connectionType", "connectionType") },
  { ...text<Rest.Integration>("/connectionId", "connectionId"), remove: (integration) => void delete integration.connectionId },
  text("/cacheNamespace", "cacheNamespace"),
  text("/responseTransferMode", "responseTransferMode"),
  {
    path: "/timeoutInMillis",
    replace: (integration, value) => {
      const timeout = Number(value);
      if (!Number.isInteger(timeout)) throw badRequest(`Invalid integer value specified: ${value}`);
      integration.timeoutInMillis = timeout;
    },
  },
  { path: "/tlsConfig/insecureSkipVerification", replace: (integration, value) => void (integration.tlsConfig = { insecureSkipVerification: value?.toLowerCase() === "true" }) },
  entries("/requestParameters/{}", "requestParameters"),
  entries("/requestTemplates/{}", "requestTemplates"),
  elements("/cacheKeyParameters/{}", "cacheKeyParameters"),
  elements("/cacheKeyParameters", "cacheKeyParameters"),
];

export const integrationOperations: Operations<"apigateway", Store> = {
  PutIntegration(ctx, input) {
    const { resource, method } = findMethod(ctx, input.restApiId, input.resourceId, input.httpMethod);
    const integration = newIntegration(ctx, resource.id, input);
    saveMethod(ctx, input.restApiId, resource, input.httpMethod, { ...method, methodIntegration: integration });
    return integration;
  },
  GetIntegration: (ctx, input) => findIntegration(ctx, input.restApiId, input.resourceId, input.httpMethod).integration,
  UpdateIntegration(ctx, input) {
    const { resource, method, integration } = findIntegration(ctx, input.restApiId, input.resourceId, input.httpMethod);
    const updated = applyPatch(integration, input.patchOperations, RULES);
    updated.cacheKeyParameters ??= [];
    checkIntegration(ctx, updated);
    saveMethod(ctx, input.restApiId, resource, input.httpMethod, { ...method, methodIntegration: updated });
    return updated;
  },
  DeleteIntegration(ctx, input) {
    const { resource, method } = findIntegration(ctx, input.restApiId, input.resourceId, input.httpMethod);
    const { methodIntegration: _integration, ...rest } = method;
    saveMethod(ctx, input.restApiId, resource, input.httpMethod, rest);
    return {};
  },
  PutIntegrationResponse(ctx, input) {
    const { resource, method, integration } = integrationOfMethod(ctx, input);
    if (method.methodResponses?.[input.statusCode] === undefined) throw notFound("Invalid Response status code specified");
    const response = newIntegrationResponse(input);
    checkResponseParameters(method, response);
    saveResponse(ctx, input, resource, method, integration, { ...integration.integrationResponses, [input.statusCode]: response });
    return response;
  },
  GetIntegrationResponse: (ctx, input) => findResponse(ctx, input).response,
  UpdateIntegrationResponse(ctx, input) {
    const { resource, method, integration, response } = findResponse(ctx, input);
    const updated = applyPatch(response, input.patchOperations, RESPONSE_RULES);
    checkTemplates(updated.responseTemplates);
    checkResponseParameters(method, updated);
    saveResponse(ctx, input, resource, method, integration, { ...integration.integrationResponses, [input.statusCode]: updated });
    return updated;
  },
  DeleteIntegrationResponse(ctx, input) {
    const { resource, method, integration } = findResponse(ctx, input);
    const responses = { ...integration.integrationResponses };
    delete responses[input.statusCode];
    saveResponse(ctx, input, resource, method, integration, responses);
    return {};
  },
};

interface ResponseKey {
  restApiId: string;
  resourceId: string;
  httpMethod: string;
  statusCode: string;
}

/** What PutIntegrationResponse stores; imports use it too. */
export function newIntegrationResponse(input: Omit<Rest.PutIntegrationResponseRequest, "restApiId" | "resourceId" | "httpMethod">): Rest.IntegrationResponse {
  checkTemplates(input.responseTemplates);
  return defined({
    statusCode: input.statusCode,
    selectionPattern: input.selectionPattern,
    responseParameters: orNothing(input.responseParameters),
    // Recorded: an empty map of templates is kept and shown.
    responseTemplates: input.responseTemplates,
    contentHandling: input.contentHandling,
  });
}

/** Headers that an integration response sets must be declared by the method response. */
function checkResponseParameters(method: Rest.Method, response: Rest.IntegrationResponse): void {
  const declared = method.methodResponses?.[response.statusCode ?? ""]?.responseParameters ?? {};
  for (const [target, source] of Object.entries(response.responseParameters ?? {})) {
    if (!Object.hasOwn(declared, target)) throw badRequest(`Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: ${target}]`);
    if (!/^(?:'.*'|integration\.response\.(?:header|multivalueheader|body)(?:\..+)?|context\..+|stageVariables\..+)$/s.test(source)) {
      throw badRequest(`Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: ${source}]`);
    }
  }
}

const RESPONSE_RULES: readonly PatchRule<Rest.IntegrationResponse>[] = [
  { path: "/selectionPattern", replace: (response, value) => void (response.selectionPattern = value ?? ""), remove: (response) => void delete response.selectionPattern },
  { ...text<Rest.IntegrationResponse>("/contentHandling", "contentHandling"), remove: (response) => void delete response.contentHandling },
  entries("/responseParameters/{}", "responseParameters"),
  entries("/responseTemplates/{}", "responseTemplates"),
];

function integrationOfMethod(ctx: Ctx, key: ResponseKey): { resource: ResourceItem; method: Rest.Method; integration: Rest.Integration } {
  // Recorded: putting a response asks for the method first, everything else for the integration.
  findMethod(ctx, key.restApiId, key.resourceId, key.httpMethod);
  return findIntegration(ctx, key.restApiId, key.resourceId, key.httpMethod);
}

function findResponse(ctx: Ctx, key: ResponseKey): { resource: ResourceItem; method: Rest.Method; integration: Rest.Integration; response: Rest.IntegrationResponse } {
  findResource(ctx, key.restApiId, key.resourceId);
  const found = findIntegration(ctx, key.restApiId, key.resourceId, key.httpMethod);
  const response = found.integration.integrationResponses?.[key.statusCode];
  if (response === undefined) throw notFound("Invalid Response status code specified");
  return { ...found, response };
}

function saveResponse(ctx: Ctx, key: ResponseKey, resource: ResourceItem, method: Rest.Method, integration: Rest.Integration, responses: { [status: string]: Rest.IntegrationResponse }): void {
  saveMethod(ctx, key.restApiId, resource, key.httpMethod, { ...method, methodIntegration: defined({ ...integration, integrationResponses: orNothing(responses) }) });
}
