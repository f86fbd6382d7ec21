import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { HttpDefinition } from "../../domain/http-definition.ts";
import { createSchemas } from "../../domain/json-schema.ts";
import type { BodyValidator } from "../../domain/json-schema.ts";
import { compileRegex, RegexSyntaxError } from "../../domain/regex.ts";
import { compileMethodMapping } from "../../domain/rest-mapping.ts";
import type { MethodMapping } from "../../domain/rest-mapping.ts";
import { compileSelection } from "../../domain/selection.ts";
import type { Selection } from "../../domain/selection.ts";
import { compileTemplate } from "../../domain/vtl/index.ts";
import type { Template } from "../../domain/vtl/index.ts";

/** A deployed WebSocket API, ready to serve. */
export interface WebSocketRuntime {
  api: V2.Api;
  /** Reads the route key from a message. */
  selectRoute: Selection;
  routes: ReadonlyMap<string, WebSocketRoute>;
}

export interface WebSocketRoute {
  route: V2.Route;
  routeKey: string;
  integration: WebSocketIntegration | undefined;
  authorizer: V2.Authorizer | undefined;
  /** Two-way: what the integration answers goes back to the client. */
  twoWay: boolean;
  selectModel: Selection | undefined;
  validator(key: string): BodyValidator | undefined;
}

export interface WebSocketIntegration {
  integration: V2.Integration;
  requestMapping: readonly MethodMapping[];
  selectTemplate: Selection | undefined;
  requestTemplate(key: string): Template | undefined;
  responses: readonly WebSocketResponse[];
  timeoutMs: number;
}

export interface WebSocketResponse {
  response: V2.IntegrationResponse;
  /** Undefined for `$default`. */
  matches: ((selection: string) => boolean) | undefined;
  selectTemplate: Selection | undefined;
  template(key: string): Template | undefined;
}

const MAX_TIMEOUT_MS = 29_000;

function templates(sources: { [key: string]: string } | undefined): (key: string) => Template | undefined {
  const compiled = new Map<string, Template>();
  return (key) => {
    const known = compiled.get(key);
    if (known !== undefined) return known;
    const source = sources !== undefined && Object.hasOwn(sources, key) ? sources[key] : undefined;
    if (source === undefined) return undefined;
    const template = compileTemplate(source);
    compiled.set(key, template);
    return template;
  };
}

/** `/2\d\d/` is a pattern over the whole text; anything else is the text itself. */
function matcher(key: string): ((text: string) => boolean) | undefined {
  if (key === "$default") return undefined;
  const pattern = /^\/(.*)\/$/s.exec(key)?.[1];
  if (pattern === undefined) return (text) => text === key;
  try {
    const regex = compileRegex(pattern, { full: true });
    return (text) => regex.test(text);
  } catch (error) {
    if (error instanceof RegexSyntaxError) return () => false;
    throw error;
  }
}

const selection = (expression: string | undefined): Selection | undefined => (expression === undefined || expression === "" ? undefined : compileSelection(expression));

function compileIntegration(integration: V2.Integration, responses: readonly V2.IntegrationResponse[]): WebSocketIntegration {
  return {
    integration,
    requestMapping: compileMethodMapping(integration.RequestParameters, "request"),
    selectTemplate: selection(integration.TemplateSelectionExpression),
    requestTemplate: templates(integration.RequestTemplates),
    responses: responses.map((response) => ({ response, matches: matcher(response.IntegrationResponseKey ?? "$default"), selectTemplate: selection(response.TemplateSelectionExpression), template: templates(response.ResponseTemplates) })),
    timeoutMs: integration.TimeoutInMillis ?? MAX_TIMEOUT_MS,
  };
}

/** Compiles the definition of a WebSocket API. */
export function compileWebSocketApi(definition: HttpDefinition): WebSocketRuntime {
  const integrations = new Map(definition.integrations.map((item) => [item.IntegrationId, compileIntegration(item, definition.integrationResponses.filter((response) => response.IntegrationId === item.IntegrationId))]));
  const authorizers = new Map(definition.authorizers.map((authorizer) => [authorizer.AuthorizerId, authorizer]));
  const schemas = createSchemas(definition.models.map((model) => ({ name: model.Name ?? "", schema: model.Schema ?? "{}" })));
  const routes = new Map<string, WebSocketRoute>();
  for (const route of definition.routes) {
    const routeKey = route.RouteKey ?? "$default";
    const models = route.RequestModels ?? {};
    routes.set(routeKey, {
      route,
      routeKey,
      integration: integrations.get(route.Target?.replace(/^integrations\//, "")),
      authorizer: authorizers.get(route.AuthorizerId),
      twoWay: route.RouteResponseSelectionExpression !== undefined && definition.routeResponses.some((response) => response.RouteId === route.RouteId),
      selectModel: selection(route.ModelSelectionExpression),
      validator(key) {
        const name = Object.hasOwn(models, key) ? models[key] : models["$default"];
        return name === undefined ? undefined : schemas.validator(name);
      },
    });
  }
  return { api: definition.api, selectRoute: compileSelection(definition.api.RouteSelectionExpression ?? "$request.body.action"), routes };
}
