import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import { applyBasePath, basePathOf, DocumentError, isObject, listOf, objectOf, resolveReference, textOf } from "./document.ts";
import type { ApiDocument, Json } from "./document.ts";

/** An HTTP API as a document describes it, nothing of it stored yet. References are by name. */
export interface ImportedHttpApi {
  name: string;
  description: string | undefined;
  version: string | undefined;
  cors: V2.Cors | undefined;
  tags: { [key: string]: string };
  disableExecuteApiEndpoint: boolean | undefined;
  authorizers: Omit<V2.CreateAuthorizerRequest, "ApiId">[];
  /** Integrations by key: a shared one is named by many routes. */
  integrations: Map<string, Omit<V2.CreateIntegrationRequest, "ApiId">>;
  routes: ImportedRoute[];
  info: string[];
  warnings: string[];
}

export interface ImportedRoute {
  routeKey: string;
  operationName: string | undefined;
  authorizationType: string;
  authorizer: string | undefined;
  scopes: string[] | undefined;
  integration: string | undefined;
}

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch"];
const ANY = "x-amazon-apigateway-any-method";

const strings = (value: unknown): string[] | undefined => (Array.isArray(value) ? value.map(String) : undefined);
const number = (value: unknown): number | undefined => (value === undefined || value === "" ? undefined : Number(value));
const stringMap = (value: unknown): { [key: string]: string } | undefined => (isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)])) : undefined);

/** Reads an OpenAPI 3 document. Throws `DocumentError` for what AWS calls an error. */
export function importHttp(document: ApiDocument, basepath: string | undefined): ImportedHttpApi {
  if (document.version !== "openapi" || !/^3\.0(?:\.|$)/.test(textOf(document.root["openapi"]) ?? "")) throw new DocumentError("Only OpenAPI 3.0.x are currently supported");
  return new Importer(document, basepath).run();
}

class Importer {
  private readonly root: Json;
  private readonly schemes: Json;
  private readonly prefix: string;
  private readonly result: ImportedHttpApi;

  constructor(document: ApiDocument, basepath: string | undefined) {
    this.root = document.root;
    this.schemes = objectOf(objectOf(this.root["components"])["securitySchemes"]);
    this.prefix = applyBasePath(basePathOf(document), basepath);
    const info = objectOf(this.root["info"]);
    const endpoint = objectOf(objectOf(listOf(this.root["servers"])[0])["x-amazon-apigateway-endpoint-configuration"] ?? this.root["x-amazon-apigateway-endpoint-configuration"]);
    this.result = {
      name: textOf(info["title"]) ?? "",
      description: textOf(info["description"]),
      version: info["version"] === undefined ? undefined : String(info["version"]),
      cors: this.cors(),
      tags: Object.fromEntries(listOf(this.root["tags"]).map(objectOf).filter((tag) => tag["x-amazon-apigateway-tag-value"] !== undefined).map((tag) => [String(tag["name"]), String(tag["x-amazon-apigateway-tag-value"])])),
      disableExecuteApiEndpoint: endpoint["disableExecuteApiEndpoint"] === undefined ? undefined : endpoint["disableExecuteApiEndpoint"] === true,
      authorizers: [], integrations: new Map(), routes: [], info: [], warnings: [],
    };
  }

  run(): ImportedHttpApi {
    for (const [name, scheme] of Object.entries(this.schemes)) this.authorizer(name, objectOf(scheme));
    for (const [path, raw] of Object.entries(objectOf(this.root["paths"]))) {
      if (!path.startsWith("/")) continue;
      const item = resolveReference(this.root, raw);
      for (const [key, operation] of Object.entries(item)) {
        if (METHODS.includes(key.toLowerCase()) || key === ANY) this.route(path, key === ANY ? "ANY" : key.toUpperCase(), objectOf(operation));
      }
    }
    return this.result;
  }

  private cors(): V2.Cors | undefined {
    const value = this.root["x-amazon-apigateway-cors"];
    if (!isObject(value)) return undefined;
    const cors: V2.Cors = {
      AllowOrigins: strings(value["allowOrigins"]), AllowCredentials: value["allowCredentials"] === undefined ? undefined : value["allowCredentials"] === true, ExposeHeaders: strings(value["exposeHeaders"]),
      MaxAge: number(value["maxAge"]), AllowMethods: strings(value["allowMethods"]), AllowHeaders: strings(value["allowHeaders"]),
    };
    return Object.fromEntries(Object.entries(cors).filter(([, item]) => item !== undefined));
  }

  private authorizer(name: string, scheme: Json): void {
    const authorizer = objectOf(scheme["x-amazon-apigateway-authorizer"]);
    const type = textOf(authorizer["type"])?.toLowerCase();
    if (type === undefined) return;
    const source = authorizer["identitySource"];
    const IdentitySource = strings(source) ?? textOf(source)?.split(",").map((one) => one.trim());
    if (type === "jwt") {
      const jwt = objectOf(authorizer["jwtConfiguration"]);
      // What an OpenID scheme says of its issuer is enough.
      const issuer = textOf(jwt["issuer"]) ?? textOf(scheme["openIdConnectUrl"])?.replace(/\/\.well-known\/openid-configuration$/, "");
      this.result.authorizers.push({ Name: name, AuthorizerType: "JWT", IdentitySource: IdentitySource ?? ["$request.header.Authorization"], JwtConfiguration: { Issuer: issuer, Audience: strings(jwt["audience"]) } });
    } else if (type === "request") {
      this.result.authorizers.push({
        Name: name, AuthorizerType: "REQUEST", AuthorizerUri: textOf(authorizer["authorizerUri"]), AuthorizerCredentialsArn: textOf(authorizer["authorizerCredentials"]), IdentitySource: IdentitySource ?? [],
        AuthorizerPayloadFormatVersion: authorizer["authorizerPayloadFormatVersion"] === undefined ? undefined : String(authorizer["authorizerPayloadFormatVersion"]),
        AuthorizerResultTtlInSeconds: number(authorizer["authorizerResultTtlInSeconds"]), EnableSimpleResponses: authorizer["enableSimpleResponses"] === undefined ? undefined : authorizer["enableSimpleResponses"] === true,
      });
    } else this.result.warnings.push(`Unsupported authorizer type '${type}'. Ignoring authorizer '${name}'.`);
  }

  private route(path: string, method: string, operation: Json): void {
    const routeKey = path === "/$default" && method === "ANY" ? "$default" : `${method} ${this.prefix}${path}`;
    for (const key of ["requestBody", "parameters"]) if (operation[key] !== undefined) this.result.info.push(`Parse info: attribute ${routeKey}.${key} is not supported`);
    this.result.routes.push({ routeKey, operationName: textOf(operation["operationId"]), ...this.security(routeKey, operation), integration: this.integration(routeKey, operation) });
  }

  private security(routeKey: string, operation: Json): Pick<ImportedRoute, "authorizationType" | "authorizer" | "scopes"> {
    const found: Pick<ImportedRoute, "authorizationType" | "authorizer" | "scopes">[] = [];
    if (textOf(objectOf(operation["x-amazon-apigateway-auth"])["type"])?.toLowerCase() === "aws_iam") found.push({ authorizationType: "AWS_IAM", authorizer: undefined, scopes: undefined });
    for (const requirement of listOf(operation["security"] ?? this.root["security"]).map(objectOf)) {
      for (const [name, scopes] of Object.entries(requirement)) {
        const scheme = objectOf(this.schemes[name]);
        const type = textOf(objectOf(scheme["x-amazon-apigateway-authorizer"])["type"])?.toLowerCase();
        const list = strings(scopes) ?? [];
        if (type === "jwt" || type === "request") found.push({ authorizationType: type === "jwt" ? "JWT" : "CUSTOM", authorizer: name, scopes: list.length === 0 ? undefined : list });
        else if (/^awssigv4$/i.test(textOf(scheme["x-amazon-apigateway-authtype"]) ?? "")) found.push({ authorizationType: "AWS_IAM", authorizer: undefined, scopes: undefined });
        else this.result.info.push(`Parse info: security scheme '${name}' of ${routeKey} is not supported`);
      }
    }
    if (found.length > 1) throw new DocumentError(`Unable to create Authorizer for route '${routeKey}': each operation can have only one of IAM authorization, a Lambda authorizer, or a JWT authorizer`);
    return found[0] ?? { authorizationType: "NONE", authorizer: undefined, scopes: undefined };
  }

  private integration(routeKey: string, operation: Json): string | undefined {
    const raw = operation["x-amazon-apigateway-integration"];
    if (raw === undefined) return undefined;
    const key = isObject(raw) ? (textOf(raw["$ref"]) ?? routeKey) : routeKey;
    if (this.result.integrations.has(key)) return key;
    const value = resolveReference(this.root, raw);
    const type = textOf(value["type"])?.toUpperCase();
    if (type !== "AWS_PROXY" && type !== "HTTP_PROXY") {
      this.result.warnings.push(`Integration type '${String(value["type"])}' of ${routeKey} is not supported for HTTP APIs. Ignoring it.`);
      return undefined;
    }
    const tls = objectOf(value["tlsConfig"]);
    const responses = value["responseParameters"];
    this.result.integrations.set(key, {
      IntegrationType: type,
      IntegrationSubtype: textOf(value["integrationSubtype"]),
      IntegrationUri: textOf(value["uri"]),
      IntegrationMethod: textOf(value["httpMethod"])?.toUpperCase().replace(/^X-AMAZON-APIGATEWAY-ANY-METHOD$/, "ANY"),
      PayloadFormatVersion: value["payloadFormatVersion"] === undefined ? undefined : String(value["payloadFormatVersion"]),
      ConnectionType: textOf(value["connectionType"])?.toUpperCase() as V2.ConnectionType | undefined,
      ConnectionId: textOf(value["connectionId"]),
      CredentialsArn: textOf(value["credentials"]),
      Description: textOf(value["description"]),
      RequestParameters: stringMap(value["requestParameters"]),
      ResponseParameters: isObject(responses) ? Object.fromEntries(Object.entries(responses).map(([status, item]) => [status, stringMap(item) ?? {}])) : undefined,
      TimeoutInMillis: number(value["timeoutInMillis"]),
      TlsConfig: value["tlsConfig"] === undefined ? undefined : { ServerNameToVerify: textOf(tls["serverNameToVerify"]) },
    });
    return key;
  }
}
