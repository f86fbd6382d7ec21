import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { HttpDefinition } from "../http-definition.ts";
import type { Json } from "./document.ts";

export interface HttpExportOptions {
  extensions: boolean;
  /** Undefined when what is exported is not deployed. */
  stageName: string | undefined;
  /** Scheme and authority under which the API answers. */
  endpoint: string;
}

const put = (object: Json): Json => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && !(typeof value === "object" && value !== null && Object.keys(value).length === 0)));

/** Writes an HTTP API as an OpenAPI 3.0.1 document. */
export function exportHttp(definition: HttpDefinition, options: HttpExportOptions): Json {
  const { api } = definition;
  const paths: { [path: string]: Json } = {};
  const schemes: Json = {};
  for (const route of [...definition.routes].sort((a, b) => (a.RouteKey! < b.RouteKey! ? -1 : 1))) {
    const [method = "", path = ""] = route.RouteKey === "$default" ? ["ANY", "/$default"] : route.RouteKey!.split(" ", 2);
    // Without extensions there is no way to say ANY.
    if (method === "ANY" && !options.extensions) continue;
    (paths[path] ??= {})[method === "ANY" ? "x-amazon-apigateway-any-method" : method.toLowerCase()] = operation(definition, route, path, options, schemes);
  }
  const stage = options.stageName === undefined || options.stageName === "$default" ? undefined : options.stageName;
  return {
    openapi: "3.0.1",
    info: put({ title: api.Name, description: api.Description, version: api.Version ?? new Date(api.CreatedDate ?? 0).toISOString() }),
    servers: [{ url: stage === undefined ? options.endpoint : `${options.endpoint}/{basePath}`, ...(stage === undefined ? {} : { variables: { basePath: { default: stage } } }) }],
    ...(Object.keys(api.Tags ?? {}).length === 0 || !options.extensions ? {} : { tags: Object.entries(api.Tags!).map(([name, value]) => ({ name, "x-amazon-apigateway-tag-value": value })) }),
    paths,
    ...(Object.keys(schemes).length === 0 ? {} : { components: { securitySchemes: schemes } }),
    ...(options.extensions ? { ...(api.CorsConfiguration === undefined ? {} : { "x-amazon-apigateway-cors": cors(api.CorsConfiguration) }), "x-amazon-apigateway-importexport-version": "1.0" } : {}),
  };
}

function cors(value: V2.Cors): Json {
  return put({ allowMethods: value.AllowMethods, allowHeaders: value.AllowHeaders, exposeHeaders: value.ExposeHeaders, maxAge: value.MaxAge, allowCredentials: value.AllowCredentials, allowOrigins: value.AllowOrigins });
}

function operation(definition: HttpDefinition, route: V2.Route, path: string, options: HttpExportOptions, schemes: Json): Json {
  const names = [...path.matchAll(/\{([^}+]+)\+?\}/g)].map((match) => match[1]!);
  const authorizer = definition.authorizers.find(({ AuthorizerId }) => AuthorizerId === route.AuthorizerId);
  let security: Json[] | undefined;
  if (authorizer !== undefined) {
    schemes[authorizer.Name!] ??= scheme(authorizer, options.extensions);
    security = [{ [authorizer.Name!]: route.AuthorizationScopes ?? [] }];
  } else if (route.AuthorizationType === "AWS_IAM" && options.extensions) {
    schemes["sigv4"] ??= { type: "apiKey", name: "Authorization", in: "header", "x-amazon-apigateway-authtype": "awsSigv4" };
    security = [{ sigv4: [] }];
  }
  const integration = definition.integrations.find(({ IntegrationId }) => `integrations/${IntegrationId}` === route.Target);
  return {
    ...(route.OperationName === undefined ? {} : { operationId: route.OperationName }),
    ...(names.length === 0 ? {} : { parameters: names.map((name) => ({ name, in: "path", required: true, description: `Generated path parameter for ${name}`, schema: { type: "string" } })) }),
    responses: { default: { description: `Default response for ${route.RouteKey}` } },
    ...(security === undefined ? {} : { security }),
    ...(integration === undefined || !options.extensions ? {} : { "x-amazon-apigateway-integration": exportedIntegration(integration) }),
  };
}

function scheme(authorizer: V2.Authorizer, extensions: boolean): Json {
  const base: Json = authorizer.AuthorizerType === "JWT" ? { type: "oauth2", flows: {} } : { type: "apiKey", name: "Authorization", in: "header" };
  if (!extensions) return base;
  const jwt = authorizer.JwtConfiguration;
  return {
    ...base,
    "x-amazon-apigateway-authorizer": put({
      type: authorizer.AuthorizerType?.toLowerCase(), authorizerUri: authorizer.AuthorizerUri, authorizerCredentials: authorizer.AuthorizerCredentialsArn, authorizerPayloadFormatVersion: authorizer.AuthorizerPayloadFormatVersion,
      authorizerResultTtlInSeconds: authorizer.AuthorizerResultTtlInSeconds, enableSimpleResponses: authorizer.EnableSimpleResponses, identitySource: authorizer.IdentitySource?.join(","),
      jwtConfiguration: jwt === undefined ? undefined : put({ audience: jwt.Audience, issuer: jwt.Issuer }),
    }),
  };
}

function exportedIntegration(item: V2.Integration): Json {
  return put({
    payloadFormatVersion: item.PayloadFormatVersion, type: item.IntegrationType?.toLowerCase(), integrationSubtype: item.IntegrationSubtype, httpMethod: item.IntegrationMethod, uri: item.IntegrationUri, connectionType: item.ConnectionType,
    connectionId: item.ConnectionId, credentials: item.CredentialsArn, description: item.Description, requestParameters: item.RequestParameters, responseParameters: item.ResponseParameters, timeoutInMillis: item.TimeoutInMillis,
    tlsConfig: item.TlsConfig === undefined ? undefined : put({ serverNameToVerify: item.TlsConfig.ServerNameToVerify }),
  });
}
