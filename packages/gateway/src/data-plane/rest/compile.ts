import type { Policy } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { createSchemas } from "../../domain/json-schema.ts";
import type { BodyValidator } from "../../domain/json-schema.ts";
import { binaryMatcher } from "../../domain/media-types.ts";
import { compileRegex, RegexSyntaxError } from "../../domain/regex.ts";
import type { SafeRegex } from "../../domain/regex.ts";
import type { RestDefinition } from "../../domain/rest-definition.ts";
import { createRouter } from "../../domain/router.ts";
import type { Router } from "../../domain/router.ts";
import { compileTemplate } from "../../domain/vtl/index.ts";
import type { Template } from "../../domain/vtl/index.ts";
import { compileMethodMapping, compileSource } from "../../domain/rest-mapping.ts";
import type { MappingSource, MethodMapping } from "../../domain/rest-mapping.ts";
import { compileResourcePolicy } from "../access/resource-policy.ts";

/** A deployed REST API, ready to serve: built once for a deployment; templates and schemas when first needed. */
export interface RestRuntime {
  api: Rest.RestApi;
  deploymentId: string;
  router: Router<RestMethod>;
  methods: readonly RestMethod[];
  isBinary(mediaType: string | undefined): boolean;
  gatewayResponses: ReadonlyMap<string, Rest.GatewayResponse>;
  /** The API's resource policy; undefined when it has none. */
  resourcePolicy(where: { partition: string; region: string; account: string }): Policy | undefined;
}

export interface RestMethod {
  method: Rest.Method;
  resource: Rest.Resource;
  path: string;
  integration: RestIntegration | undefined;
  authorizer: Rest.Authorizer | undefined;
  /** Names of parameters that must be there (`querystring.page`), when the method's validator checks parameters. */
  requiredParameters: readonly { where: "querystring" | "header" | "path"; name: string }[];
  /** Checks a body by media type, when the method's validator checks bodies. */
  bodyValidator(mediaType: string): BodyValidator | undefined;
}

export interface RestIntegration {
  integration: Rest.Integration;
  requestMapping: readonly MethodMapping[];
  /** The template of a media type. Throws `TemplateError` where it cannot be parsed. */
  requestTemplate(mediaType: string): Template | undefined;
  hasRequestTemplates: boolean;
  responses: readonly RestIntegrationResponse[];
  /** Values under which the stage's cache keeps a response. */
  cacheKey: readonly ((source: MappingSource) => readonly string[])[];
  timeoutMs: number;
}

export interface RestIntegrationResponse {
  response: Rest.IntegrationResponse;
  status: number;
  /** Undefined for the default response. */
  pattern: SafeRegex | undefined;
  mapping: readonly MethodMapping[];
  templates: readonly { type: string; template: Template | undefined }[];
}

const MAX_TIMEOUT_MS = 29_000;

/** Compiles on first use and remembers, failures included. */
function lazily<T>(build: () => T): () => T {
  let done: { value: T } | undefined;
  return () => (done ??= { value: build() }).value;
}

function compileResponse(response: Rest.IntegrationResponse): RestIntegrationResponse {
  let pattern: SafeRegex | undefined;
  if (response.selectionPattern !== undefined && response.selectionPattern !== "") {
    try {
      pattern = compileRegex(response.selectionPattern, { full: true });
    } catch (error) {
      if (!(error instanceof RegexSyntaxError)) throw error;
      // A pattern that is none matches nothing.
      pattern = compileRegex("[^\\s\\S]", { full: true });
    }
  }
  const templates = Object.entries(response.responseTemplates ?? {}).map(([type, source]) => {
    const compiled = lazily(() => (source === "" || source === null ? undefined : compileTemplate(source)));
    return {
      type: type.toLowerCase(),
      get template() {
        return compiled();
      },
    };
  });
  return { response, status: Number(response.statusCode ?? 200), pattern, mapping: compileMethodMapping(response.responseParameters, "response"), templates };
}

/** A key parameter reads the request, or what a mapping makes of it. */
function compileCacheKey(name: string, mappings: readonly MethodMapping[]): (source: MappingSource) => readonly string[] {
  const mapped = /^integration\.request\.(header|querystring|path)\.(.+)$/.exec(name);
  const read = mapped === null ? compileSource(name) : mappings.find((mapping) => mapping.where === mapped[1] && mapping.name === mapped[2])?.read;
  return read ?? (() => []);
}

function compileIntegration(integration: Rest.Integration): RestIntegration {
  const templates = new Map<string, () => Template>();
  for (const [type, source] of Object.entries(integration.requestTemplates ?? {})) {
    if (typeof source === "string") templates.set(type.toLowerCase(), lazily(() => compileTemplate(source)));
  }
  // Patterns are tried in the order of status codes; the default has none.
  const responses = Object.values(integration.integrationResponses ?? {}).map(compileResponse).sort((a, b) => a.status - b.status);
  const requestMapping = compileMethodMapping(integration.requestParameters, "request");
  return {
    integration,
    requestMapping,
    cacheKey: (integration.cacheKeyParameters ?? []).map((name) => compileCacheKey(name, requestMapping)),
    requestTemplate: (type) => (templates.get(type) ?? templates.get("$default"))?.(),
    hasRequestTemplates: templates.size > 0,
    responses,
    timeoutMs: integration.timeoutInMillis ?? MAX_TIMEOUT_MS,
  };
}

function requiredParameters(method: Rest.Method): RestMethod["requiredParameters"] {
  const required: { where: "querystring" | "header" | "path"; name: string }[] = [];
  for (const [key, needed] of Object.entries(method.requestParameters ?? {})) {
    const match = /^method\.request\.(?:multivalue)?(querystring|header|path)\.(.+)$/.exec(key);
    if (match !== null && needed === true) required.push({ where: match[1] as "querystring", name: match[2]! });
  }
  return required;
}

/** Compiles the definition of a REST API. */
export function compileRestApi(definition: RestDefinition, deploymentId: string): RestRuntime {
  const validators = new Map(definition.validators.map((validator) => [validator.id, validator]));
  const authorizers = new Map(definition.authorizers.map((authorizer) => [authorizer.id, authorizer]));
  const schemas = lazily(() => createSchemas(definition.models.map((model) => ({ name: model.name ?? "", schema: model.schema ?? "{}" }))));
  const specs = [];
  for (const resource of definition.resources) {
    for (const [name, method] of Object.entries(resource.resourceMethods ?? {})) {
      const validator = method.requestValidatorId === undefined ? undefined : validators.get(method.requestValidatorId);
      const models = new Map(Object.entries(method.requestModels ?? {}).map(([type, model]) => [type.toLowerCase(), model]));
      const compiled: RestMethod = {
        method,
        resource,
        path: resource.path ?? "/",
        integration: method.methodIntegration === undefined ? undefined : compileIntegration(method.methodIntegration),
        authorizer: method.authorizerId === undefined ? undefined : authorizers.get(method.authorizerId),
        requiredParameters: validator?.validateRequestParameters === true ? requiredParameters(method) : [],
        bodyValidator(type) {
          if (validator?.validateRequestBody !== true) return undefined;
          const model = models.get(type) ?? models.get("$default");
          return model === undefined ? undefined : schemas().validator(model);
        },
      };
      specs.push({ method: name, path: compiled.path, target: compiled });
    }
  }
  let policy: { value: Policy | undefined } | undefined;
  return {
    api: definition.api,
    deploymentId,
    resourcePolicy({ partition, region, account }) {
      const { policy: document, id } = definition.api;
      if (document === undefined) return undefined;
      return (policy ??= { value: compileResourcePolicy(document, `arn:${partition}:execute-api:${region}:${account}:${id}`) }).value;
    },
    router: createRouter(specs, { ignoreTrailingSlash: true }),
    methods: specs.map(({ target }) => target),
    isBinary: binaryMatcher(definition.api.binaryMediaTypes),
    gatewayResponses: new Map(definition.gatewayResponses.map((response) => [response.responseType ?? "", response])),
  };
}
