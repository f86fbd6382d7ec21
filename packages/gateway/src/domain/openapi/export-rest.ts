import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { RestDefinition } from "../rest-definition.ts";
import { mapReferences } from "./document.ts";
import type { Json } from "./document.ts";
import { documentationExtension } from "./documentation.ts";

/** What an export shows beside the API itself. */
export interface ExportOptions {
  specification: "oas30" | "swagger";
  integrations: boolean;
  authorizers: boolean;
  documentation: { version: string | undefined; createdDate: string | undefined; parts: readonly Rest.DocumentationPart[] } | undefined;
  /** Also what only API Gateway knows: gateway responses, validators, policy, media types. */
  extensions: boolean;
  stageName: string;
  /** Scheme and authority under which the API answers. */
  endpoint: string;
}

const empty = (value: object | undefined): boolean => value === undefined || Object.keys(value).length === 0;

/** Writes a deployed API as an OpenAPI 3.0.1 or Swagger 2.0 document. */
export function exportRest(definition: RestDefinition, options: ExportOptions): Json {
  const { api } = definition;
  const swagger = options.specification === "swagger";
  const url = new URL(options.endpoint);
  const paths: Json = {};
  for (const resource of [...definition.resources].sort((a, b) => (a.path! < b.path! ? -1 : 1))) {
    const methods = Object.entries(resource.resourceMethods ?? {});
    if (methods.length === 0) continue;
    paths[resource.path ?? "/"] = Object.fromEntries(methods.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, method]) => [name === "ANY" ? "x-amazon-apigateway-any-method" : name.toLowerCase(), operation(definition, method, options)]));
  }
  const info: Json = { title: api.name ?? "", ...(api.description === undefined ? {} : { description: api.description }), version: api.version ?? new Date(api.createdDate ?? 0).toISOString() };
  const schemas = Object.fromEntries(definition.models.map((model) => [model.name ?? "", exportedSchema(model, swagger)]));
  const security = securitySchemes(definition, options);
  const document: Json = swagger
    ? { swagger: "2.0", info, host: url.host, basePath: `/${options.stageName}`, schemes: [url.protocol.replace(":", "")], paths, ...(empty(security) ? {} : { securityDefinitions: security }), ...(empty(schemas) ? {} : { definitions: schemas }) }
    : {
        openapi: "3.0.1", info, servers: [{ url: `${options.endpoint}/{basePath}`, variables: { basePath: { default: options.stageName } } }], paths,
        components: { ...(empty(schemas) ? {} : { schemas }), ...(empty(security) ? {} : { securitySchemes: security }) },
      };
  return { ...document, ...extensions(definition, options) };
}

function exportedSchema(model: Rest.Model, swagger: boolean): unknown {
  let schema: unknown;
  try {
    schema = JSON.parse(model.schema ?? "{}");
  } catch {
    schema = {};
  }
  const { $schema: _schema, ...rest } = schema as Json;
  return localReferences(rest, swagger);
}

const reference = (name: string, swagger: boolean): string => `#/${swagger ? "definitions" : "components/schemas"}/${name}`;

function localReferences(schema: unknown, swagger: boolean): unknown {
  return mapReferences(schema, (target) => {
    const name = /\/models\/([^/]+)$/.exec(target)?.[1] ?? /^#\/(?:definitions|components\/schemas)\/([^/]+)$/.exec(target)?.[1];
    return name === undefined ? target : reference(name, swagger);
  });
}

function operation(definition: RestDefinition, method: Rest.Method, options: ExportOptions): Json {
  const swagger = options.specification === "swagger";
  const parameters: Json[] = [];
  for (const [key, required] of Object.entries(method.requestParameters ?? {})) {
    const match = /^method\.request\.(querystring|header|path)\.(.+)$/.exec(key);
    if (match === null) continue;
    const where = match[1] === "querystring" ? "query" : match[1]!;
    // AWS says `required` only where it is true, and always for Swagger.
    parameters.push({ name: match[2], in: where, ...(required === true ? { required: true } : swagger ? { required: false } : {}), ...(swagger ? { type: "string" } : { schema: { type: "string" } }) });
  }
  const models = Object.entries(method.requestModels ?? {});
  const result: Json = {};
  if (method.operationName !== undefined) result["operationId"] = method.operationName;
  if (swagger && models.length > 0) {
    result["consumes"] = models.map(([type]) => type);
    parameters.push({ in: "body", name: models[0]![1], required: true, schema: { $ref: reference(models[0]![1], true) } });
  }
  const produced = [...new Set(Object.values(method.methodResponses ?? {}).flatMap((response) => Object.keys(response.responseModels ?? {})))];
  if (swagger && produced.length > 0) result["produces"] = produced;
  if (parameters.length > 0) result["parameters"] = parameters;
  if (!swagger && models.length > 0) result["requestBody"] = { content: Object.fromEntries(models.map(([type, name]) => [type, { schema: { $ref: reference(name, false) } }])), required: true };
  result["responses"] = Object.fromEntries(Object.entries(method.methodResponses ?? {}).map(([status, response]) => [status, exportedResponse(status, response, swagger)]));
  const security = requirement(definition, method, options);
  if (security.length > 0) result["security"] = security;
  if (options.integrations && method.methodIntegration !== undefined) result["x-amazon-apigateway-integration"] = integration(method.methodIntegration);
  const validator = definition.validators.find((one) => one.id === method.requestValidatorId);
  if (options.extensions && validator !== undefined) result["x-amazon-apigateway-request-validator"] = validator.name;
  return result;
}

function exportedResponse(status: string, response: Rest.MethodResponse, swagger: boolean): Json {
  const headers = Object.fromEntries(Object.keys(response.responseParameters ?? {}).map((key) => [key.replace(/^method\.response\.header\./, ""), swagger ? { type: "string" } : { schema: { type: "string" } }]));
  const models = Object.entries(response.responseModels ?? {});
  const result: Json = { description: `${status} response` };
  if (swagger && models.length > 0) result["schema"] = { $ref: reference(models[0]![1], true) };
  if (!empty(headers)) result["headers"] = headers;
  if (!swagger) result["content"] = Object.fromEntries(models.map(([type, name]) => [type, { schema: { $ref: reference(name, false) } }]));
  return result;
}

function integration(item: Rest.Integration): Json {
  const responses = Object.fromEntries(Object.values(item.integrationResponses ?? {}).map((response) => [
    response.selectionPattern === undefined || response.selectionPattern === "" ? "default" : response.selectionPattern,
    compact({ statusCode: response.statusCode, responseParameters: response.responseParameters, responseTemplates: response.responseTemplates, contentHandling: response.contentHandling }),
  ]));
  return compact({
    type: item.type?.toLowerCase(),
    httpMethod: item.httpMethod,
    uri: item.uri,
    connectionType: item.connectionType === "VPC_LINK" ? item.connectionType : undefined,
    connectionId: item.connectionId,
    credentials: item.credentials,
    responses: empty(responses) ? undefined : responses,
    requestParameters: item.requestParameters,
    requestTemplates: item.requestTemplates,
    passthroughBehavior: item.passthroughBehavior?.toLowerCase(),
    contentHandling: item.contentHandling,
    timeoutInMillis: item.timeoutInMillis === 29_000 ? undefined : item.timeoutInMillis,
    cacheKeyParameters: (item.cacheKeyParameters ?? []).length === 0 ? undefined : item.cacheKeyParameters,
    responseTransferMode: item.responseTransferMode,
    tlsConfig: item.tlsConfig,
  });
}

function compact(value: Json): Json {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}

const API_KEY_SCHEME = "api_key";
const SIGV4_SCHEME = "sigv4";

function methodsOf(definition: RestDefinition): Rest.Method[] {
  return definition.resources.flatMap((resource) => Object.values(resource.resourceMethods ?? {}));
}

function securitySchemes(definition: RestDefinition, options: ExportOptions): Json {
  const schemes: Json = {};
  const methods = methodsOf(definition);
  if (methods.some((method) => method.apiKeyRequired === true)) schemes[API_KEY_SCHEME] = { type: "apiKey", name: "x-api-key", in: "header" };
  if (methods.some((method) => method.authorizationType === "AWS_IAM")) schemes[SIGV4_SCHEME] = { type: "apiKey", name: "Authorization", in: "header", ...(options.authorizers || options.extensions ? { "x-amazon-apigateway-authtype": "awsSigv4" } : {}) };
  for (const authorizer of definition.authorizers) {
    const header = /^method\.request\.header\.([^,\s]+)$/.exec(authorizer.identitySource ?? "")?.[1];
    const extension = compact({
      type: authorizer.type?.toLowerCase(), providerARNs: authorizer.providerARNs, authorizerUri: authorizer.authorizerUri, authorizerCredentials: authorizer.authorizerCredentials,
      identitySource: authorizer.type === "REQUEST" ? authorizer.identitySource : undefined, identityValidationExpression: authorizer.identityValidationExpression, authorizerResultTtlInSeconds: authorizer.authorizerResultTtlInSeconds,
    });
    schemes[authorizer.name ?? ""] = { type: "apiKey", name: header ?? "Unused", in: "header", ...(options.authorizers ? { "x-amazon-apigateway-authtype": authorizer.authType, "x-amazon-apigateway-authorizer": extension } : {}) };
  }
  return schemes;
}

function requirement(definition: RestDefinition, method: Rest.Method, _options: ExportOptions): Json[] {
  const list: Json[] = [];
  const authorizer = definition.authorizers.find((one) => one.id === method.authorizerId);
  if (authorizer !== undefined) list.push({ [authorizer.name ?? ""]: method.authorizationScopes ?? [] });
  if (method.authorizationType === "AWS_IAM") list.push({ [SIGV4_SCHEME]: [] });
  if (method.apiKeyRequired === true) list.push({ [API_KEY_SCHEME]: [] });
  return list;
}

function extensions(definition: RestDefinition, options: ExportOptions): Json {
  const { api } = definition;
  const result: Json = {};
  if (options.documentation !== undefined) result["x-amazon-apigateway-documentation"] = documentationExtension(options.documentation.version, options.documentation.createdDate, options.documentation.parts);
  if (!options.extensions) return result;
  if (definition.gatewayResponses.length > 0) {
    result["x-amazon-apigateway-gateway-responses"] = Object.fromEntries(definition.gatewayResponses.map((response) => [response.responseType, compact({ statusCode: response.statusCode === undefined ? undefined : Number(response.statusCode), responseParameters: empty(response.responseParameters) ? undefined : response.responseParameters, responseTemplates: response.responseTemplates })]));
  }
  if (definition.validators.length > 0) result["x-amazon-apigateway-request-validators"] = Object.fromEntries(definition.validators.map((one) => [one.name, { validateRequestParameters: one.validateRequestParameters, validateRequestBody: one.validateRequestBody }]));
  if (api.policy !== undefined) result["x-amazon-apigateway-policy"] = JSON.parse(api.policy) as unknown;
  if (api.binaryMediaTypes !== undefined) result["x-amazon-apigateway-binary-media-types"] = api.binaryMediaTypes;
  if (api.minimumCompressionSize !== undefined) result["x-amazon-apigateway-minimum-compression-size"] = api.minimumCompressionSize;
  if (api.apiKeySource === "AUTHORIZER") result["x-amazon-apigateway-api-key-source"] = "AUTHORIZER";
  if (api.disableExecuteApiEndpoint === true) result["x-amazon-apigateway-endpoint-configuration"] = { disableExecuteApiEndpoint: true };
  return result;
}
