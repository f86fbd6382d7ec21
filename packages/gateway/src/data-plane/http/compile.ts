import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { HttpDefinition } from "../../domain/http-definition.ts";
import { compileCors } from "../../domain/cors.ts";
import type { CorsPolicy } from "../../domain/cors.ts";
import { compileMapping } from "../../domain/http-mapping.ts";
import { compileServiceIntegration } from "../../domain/service-integrations.ts";
import { createRouter } from "../../domain/router.ts";
import type { Router } from "../../domain/router.ts";

/** A deployed HTTP API, ready to serve: built once for a deployment, never touched by a request. */
export interface HttpRuntime {
  api: V2.Api;
  router: Router<HttpRoute>;
  /** The `$default` route. */
  fallback: HttpRoute | undefined;
  cors: CorsPolicy | undefined;
}

export interface HttpRoute {
  route: V2.Route;
  routeKey: string;
  /** Path of the route key with its variables; `$default` for the default route. */
  resource: string;
  /** The method is spelled out, neither `ANY` nor `$default`. */
  explicitMethod: boolean;
  integration: HttpIntegration | undefined;
  authorizer: V2.Authorizer | undefined;
}

export interface HttpIntegration {
  integration: V2.Integration;
  requestMapping: ReturnType<typeof compileMapping>;
  responseMappings: ReadonlyMap<string, ReturnType<typeof compileMapping>>;
  /** The call of a first-class service integration. */
  serviceCall: ReturnType<typeof compileServiceIntegration>;
  timeoutMs: number;
}

/** AWS's limit for integrations of HTTP APIs, which is also the default. */
const MAX_TIMEOUT_MS = 30_000;

function compileIntegration(integration: V2.Integration): HttpIntegration {
  const subtype = integration.IntegrationSubtype;
  return {
    integration,
    serviceCall: subtype === undefined ? undefined : compileServiceIntegration(subtype, integration.RequestParameters),
    requestMapping: subtype === undefined ? compileMapping(integration.RequestParameters) : [],
    responseMappings: new Map(Object.entries(integration.ResponseParameters ?? {}).map(([status, parameters]) => [status, compileMapping(parameters)])),
    timeoutMs: integration.TimeoutInMillis ?? MAX_TIMEOUT_MS,
  };
}

/** Compiles the definition of an HTTP API. */
export function compileHttpApi(definition: HttpDefinition): HttpRuntime {
  const integrations = new Map(definition.integrations.map((integration) => [integration.IntegrationId, compileIntegration(integration)]));
  const authorizers = new Map(definition.authorizers.map((authorizer) => [authorizer.AuthorizerId, authorizer]));
  let fallback: HttpRoute | undefined;
  const specs = [];
  for (const route of definition.routes) {
    const routeKey = route.RouteKey ?? "$default";
    const [method = "", path = ""] = routeKey.split(/\s+/, 2);
    const compiled: HttpRoute = {
      route,
      routeKey,
      resource: routeKey === "$default" ? "$default" : path,
      explicitMethod: routeKey !== "$default" && method !== "ANY",
      integration: integrations.get(route.Target?.replace(/^integrations\//, "")),
      authorizer: authorizers.get(route.AuthorizerId),
    };
    if (routeKey === "$default") fallback = compiled;
    else specs.push({ method, path, target: compiled });
  }
  return { api: definition.api, router: createRouter(specs, { ignoreTrailingSlash: false }), fallback, cors: compileCors(definition.api.CorsConfiguration) };
}
