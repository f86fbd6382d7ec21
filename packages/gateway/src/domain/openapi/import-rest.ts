import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { applyBasePath, basePathOf, isObject, listOf, mapReferences, objectOf, resolveReference, schemaName, textOf } from "./document.ts";
import type { ApiDocument, Json } from "./document.ts";
import { documentationOf } from "./documentation.ts";
import type { DocumentedPart } from "./documentation.ts";

/** A REST API as a document describes it, nothing of it stored yet. References are by name. */
export interface ImportedRestApi {
  name: string | undefined;
  description: string | undefined;
  version: string | undefined;
  binaryMediaTypes: string[] | undefined;
  minimumCompressionSize: number | undefined;
  apiKeySource: string | undefined;
  policy: string | undefined;
  disableExecuteApiEndpoint: boolean | undefined;
  vpcEndpointIds: string[] | undefined;
  models: { name: string; description: string | undefined; contentType: string; schema: unknown }[];
  validators: { name: string; validateRequestBody: boolean; validateRequestParameters: boolean }[];
  authorizers: Omit<Rest.CreateAuthorizerRequest, "restApiId">[];
  gatewayResponses: { responseType: string; statusCode: string | undefined; responseParameters: { [key: string]: string } | undefined; responseTemplates: { [key: string]: string } | undefined }[];
  /** By full path; parents without methods are not listed. */
  resources: { path: string; methods: { [name: string]: ImportedMethod } }[];
  documentation: { version: string | undefined; parts: DocumentedPart[] } | undefined;
  /** What was in the document and could not be used. */
  warnings: string[];
}

export interface ImportedMethod {
  authorizationType: string;
  authorizer: string | undefined;
  authorizationScopes: string[] | undefined;
  apiKeyRequired: boolean;
  operationName: string | undefined;
  validator: string | undefined;
  requestParameters: { [name: string]: boolean };
  requestModels: { [type: string]: string };
  responses: { statusCode: string; responseParameters: { [name: string]: boolean }; responseModels: { [type: string]: string } }[];
  integration: (Omit<Rest.PutIntegrationRequest, "restApiId" | "resourceId" | "httpMethod"> & { responses: Omit<Rest.PutIntegrationResponseRequest, "restApiId" | "resourceId" | "httpMethod">[] }) | undefined;
}

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch"];
const ANY = "x-amazon-apigateway-any-method";

const stringMap = (value: unknown): { [key: string]: string } | undefined =>
  isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null && item !== undefined).map(([key, item]) => [key, typeof item === "string" ? item : JSON.stringify(item)])) : undefined;
const strings = (value: unknown): string[] | undefined => (Array.isArray(value) ? value.map(String) : undefined);
const number = (value: unknown): number | undefined => (typeof value === "number" ? value : typeof value === "string" && value !== "" ? Number(value) : undefined);

/** Reads a document. Throws `DocumentError` for references that lead nowhere. */
export function importRest(document: ApiDocument, basepath: string | undefined): ImportedRestApi {
  return new Importer(document, basepath).run();
}

class Importer {
  private readonly document: ApiDocument;
  private readonly root: Json;
  private readonly prefix: string;
  private readonly models: ImportedRestApi["models"] = [];
  private readonly warnings: string[] = [];
  private readonly schemes: Json;

  constructor(document: ApiDocument, basepath: string | undefined) {
    this.document = document;
    this.root = document.root;
    this.prefix = applyBasePath(basePathOf(document), basepath);
    this.schemes = objectOf(document.version === "swagger" ? this.root["securityDefinitions"] : objectOf(this.root["components"])["securitySchemes"]);
  }

  run(): ImportedRestApi {
    const { root } = this;
    const info = objectOf(root["info"]);
    const server = objectOf(listOf(root["servers"])[0]);
    const endpoint = objectOf(root["x-amazon-apigateway-endpoint-configuration"] ?? server["x-amazon-apigateway-endpoint-configuration"]);
    const policy = root["x-amazon-apigateway-policy"];
    for (const [name, schema] of Object.entries(this.schemas())) this.addModel(name, schema);
    const resources = Object.entries(objectOf(root["paths"])).filter(([path]) => path.startsWith("/")).map(([path, item]) => this.resource(path, resolveReference(root, item)));
    const documentation = root["x-amazon-apigateway-documentation"];
    return {
      name: textOf(info["title"]),
      description: textOf(info["description"]),
      version: info["version"] === undefined ? undefined : String(info["version"]),
      binaryMediaTypes: strings(root["x-amazon-apigateway-binary-media-types"]),
      minimumCompressionSize: number(root["x-amazon-apigateway-minimum-compression-size"]),
      apiKeySource: textOf(root["x-amazon-apigateway-api-key-source"])?.toUpperCase(),
      policy: policy === undefined ? undefined : typeof policy === "string" ? policy : JSON.stringify(policy),
      disableExecuteApiEndpoint: endpoint["disableExecuteApiEndpoint"] === undefined ? undefined : endpoint["disableExecuteApiEndpoint"] === true,
      vpcEndpointIds: strings(endpoint["vpcEndpointIds"]),
      models: this.models,
      validators: Object.entries(objectOf(root["x-amazon-apigateway-request-validators"])).map(([name, value]) => ({ name, validateRequestBody: objectOf(value)["validateRequestBody"] === true, validateRequestParameters: objectOf(value)["validateRequestParameters"] === true })),
      authorizers: this.authorizers(),
      gatewayResponses: Object.entries(objectOf(root["x-amazon-apigateway-gateway-responses"])).map(([responseType, value]) => this.gatewayResponse(responseType, objectOf(value))),
      resources,
      documentation: documentation === undefined ? undefined : { version: textOf(objectOf(documentation)["version"]), parts: documentationOf(this.document) },
      warnings: this.warnings,
    };
  }

  private schemas(): Json {
    return objectOf(this.document.version === "swagger" ? this.root["definitions"] : objectOf(this.root["components"])["schemas"]);
  }

  private addModel(name: string, schema: unknown): void {
    if (!/^[A-Za-z0-9]+$/.test(name)) {
      this.warnings.push(`Model name must be alphanumeric: ${name}`);
      return;
    }
    this.models.push({ name, description: textOf(objectOf(schema)["description"]), contentType: "application/json", schema });
  }

  /** The model of a schema: the one it refers to, or a new one of its own. */
  private modelOf(schema: unknown, hint: string): string | undefined {
    if (!isObject(schema)) return undefined;
    const named = schemaName(schema);
    if (named !== undefined) return named;
    const text = JSON.stringify(schema);
    const existing = this.models.find((model) => JSON.stringify(model.schema) === text);
    if (existing !== undefined) return existing.name;
    let name = `MODEL${hint.replace(/[^A-Za-z0-9]/g, "")}`;
    while (this.models.some((model) => model.name === name)) name += "x";
    this.models.push({ name, description: undefined, contentType: "application/json", schema });
    return name;
  }

  private gatewayResponse(responseType: string, value: Json): ImportedRestApi["gatewayResponses"][number] {
    return { responseType, statusCode: value["statusCode"] === undefined ? undefined : String(value["statusCode"]), responseParameters: stringMap(value["responseParameters"]), responseTemplates: stringMap(value["responseTemplates"]) };
  }

  private authorizers(): ImportedRestApi["authorizers"] {
    return Object.entries(this.schemes).flatMap(([name, raw]) => {
      const scheme = objectOf(raw);
      const authorizer = objectOf(scheme["x-amazon-apigateway-authorizer"]);
      const type = textOf(authorizer["type"])?.toLowerCase();
      if (type === undefined) return [];
      const header = textOf(scheme["name"]) ?? "Authorization";
      const source = textOf(authorizer["identitySource"]) ?? (type === "request" ? undefined : `method.request.header.${header}`);
      return [{
        name,
        type: type === "cognito_user_pools" ? "COGNITO_USER_POOLS" : type.toUpperCase(),
        providerARNs: strings(authorizer["providerARNs"]),
        authType: textOf(scheme["x-amazon-apigateway-authtype"]),
        authorizerUri: textOf(authorizer["authorizerUri"]),
        authorizerCredentials: textOf(authorizer["authorizerCredentials"]),
        identitySource: source,
        identityValidationExpression: textOf(authorizer["identityValidationExpression"]),
        authorizerResultTtlInSeconds: number(authorizer["authorizerResultTtlInSeconds"]),
      }];
    });
  }

  private resource(path: string, item: Json): ImportedRestApi["resources"][number] {
    const methods: { [name: string]: ImportedMethod } = {};
    const shared = listOf(item["parameters"]);
    for (const [key, raw] of Object.entries(item)) {
      if (!METHODS.includes(key.toLowerCase()) && key !== ANY) continue;
      const name = key === ANY ? "ANY" : key.toUpperCase();
      methods[name] = this.method(`${name}${path}`, objectOf(raw), shared);
    }
    const full = `${this.prefix}${path}`;
    return { path: full.length > 1 ? full.replace(/\/+$/, "") : full, methods };
  }

  private method(where: string, operation: Json, shared: readonly unknown[]): ImportedMethod {
    const security = this.security(operation);
    const method: ImportedMethod = {
      ...security,
      operationName: textOf(operation["operationId"]),
      validator: textOf(operation["x-amazon-apigateway-request-validator"] ?? this.root["x-amazon-apigateway-request-validator"]),
      requestParameters: {},
      requestModels: {},
      responses: [],
      integration: this.integration(operation),
    };
    const parameters = new Map<string, Json>();
    for (const raw of [...shared, ...listOf(operation["parameters"])]) {
      const parameter = resolveReference(this.root, raw);
      parameters.set(`${String(parameter["in"])} ${String(parameter["name"])}`, parameter);
    }
    for (const parameter of parameters.values()) this.parameter(where, method, operation, parameter);
    if (this.document.version === "openapi") {
      for (const [type, media] of Object.entries(objectOf(resolveReference(this.root, operation["requestBody"])["content"]))) {
        const model = this.modelOf(objectOf(media)["schema"], `${where}Body`);
        if (model !== undefined) method.requestModels[type] = model;
      }
    }
    for (const [statusCode, raw] of Object.entries(objectOf(operation["responses"]))) {
      if (!/^[1-5]\d\d$/.test(statusCode)) {
        this.warnings.push(`Invalid response status code specified: ${statusCode}`);
        continue;
      }
      method.responses.push(this.response(where, statusCode, operation, resolveReference(this.root, raw)));
    }
    return method;
  }

  private parameter(where: string, method: ImportedMethod, operation: Json, parameter: Json): void {
    const name = textOf(parameter["name"]) ?? "";
    const location = { query: "querystring", header: "header", path: "path" }[String(parameter["in"])];
    if (location !== undefined) method.requestParameters[`method.request.${location}.${name}`] = location === "path" || parameter["required"] === true;
    else if (parameter["in"] === "body") {
      const model = this.modelOf(parameter["schema"], `${where}Body`);
      if (model !== undefined) for (const type of this.mediaTypes(operation, "consumes")) method.requestModels[type] = model;
    } else this.warnings.push(`Parameter location '${String(parameter["in"])}' is not supported: ${name}`);
  }

  private mediaTypes(operation: Json, key: "consumes" | "produces"): string[] {
    const types = strings(operation[key] ?? this.root[key]);
    return types === undefined || types.length === 0 ? ["application/json"] : types;
  }

  private response(where: string, statusCode: string, operation: Json, response: Json): ImportedMethod["responses"][number] {
    const responseModels: { [type: string]: string } = {};
    if (this.document.version === "swagger") {
      const model = this.modelOf(response["schema"], `${where}${statusCode}`);
      if (model !== undefined) for (const type of this.mediaTypes(operation, "produces")) responseModels[type] = model;
    } else {
      for (const [type, media] of Object.entries(objectOf(response["content"]))) {
        const model = this.modelOf(objectOf(media)["schema"], `${where}${statusCode}`);
        if (model !== undefined) responseModels[type] = model;
      }
    }
    const responseParameters = Object.fromEntries(Object.keys(objectOf(response["headers"])).map((name) => [`method.response.header.${name}`, false]));
    return { statusCode, responseParameters, responseModels };
  }

  /** The operation's own security, else the document's: an authorizer, IAM, an API key. */
  private security(operation: Json): Pick<ImportedMethod, "authorizationType" | "authorizer" | "authorizationScopes" | "apiKeyRequired"> {
    const result: Pick<ImportedMethod, "authorizationType" | "authorizer" | "authorizationScopes" | "apiKeyRequired"> = { authorizationType: "NONE", authorizer: undefined, authorizationScopes: undefined, apiKeyRequired: false };
    const auth = objectOf(operation["x-amazon-apigateway-auth"]);
    if (textOf(auth["type"])?.toLowerCase() === "aws_iam") result.authorizationType = "AWS_IAM";
    for (const requirement of listOf(operation["security"] ?? this.root["security"]).map(objectOf)) {
      for (const [name, scopes] of Object.entries(requirement)) {
        const scheme = objectOf(this.schemes[name]);
        const authorizer = objectOf(scheme["x-amazon-apigateway-authorizer"]);
        const type = textOf(authorizer["type"])?.toLowerCase();
        if (textOf(scheme["x-amazon-apigateway-authtype"])?.toLowerCase() === "awssigv4") result.authorizationType = "AWS_IAM";
        else if (type !== undefined) {
          result.authorizationType = type === "cognito_user_pools" ? "COGNITO_USER_POOLS" : "CUSTOM";
          result.authorizer = name;
          const list = strings(scopes) ?? [];
          if (list.length > 0) result.authorizationScopes = list;
        } else if (textOf(scheme["name"])?.toLowerCase() === "x-api-key") result.apiKeyRequired = true;
      }
    }
    return result;
  }

  private integration(operation: Json): ImportedMethod["integration"] {
    const raw = operation["x-amazon-apigateway-integration"];
    if (raw === undefined) return undefined;
    const value = resolveReference(this.root, raw);
    const type = textOf(value["type"])?.toUpperCase();
    const responses = Object.entries(objectOf(value["responses"])).map(([pattern, item]) => {
      const response = objectOf(item);
      return {
        statusCode: String(response["statusCode"] ?? "200"),
        ...(pattern === "default" ? {} : { selectionPattern: pattern }),
        responseParameters: stringMap(response["responseParameters"]),
        responseTemplates: stringMap(response["responseTemplates"]),
        contentHandling: textOf(response["contentHandling"])?.toUpperCase(),
      };
    });
    const tls = objectOf(value["tlsConfig"]);
    return {
      type: type ?? "MOCK",
      integrationHttpMethod: textOf(value["httpMethod"])?.toUpperCase(),
      uri: textOf(value["uri"]),
      connectionType: textOf(value["connectionType"])?.toUpperCase(),
      connectionId: textOf(value["connectionId"]),
      credentials: textOf(value["credentials"]),
      requestParameters: stringMap(value["requestParameters"]),
      requestTemplates: stringMap(value["requestTemplates"]),
      passthroughBehavior: textOf(value["passthroughBehavior"])?.toUpperCase(),
      cacheNamespace: textOf(value["cacheNamespace"]),
      cacheKeyParameters: strings(value["cacheKeyParameters"]),
      contentHandling: textOf(value["contentHandling"])?.toUpperCase(),
      timeoutInMillis: number(value["timeoutInMillis"]),
      responseTransferMode: textOf(value["responseTransferMode"])?.toUpperCase(),
      tlsConfig: value["tlsConfig"] === undefined ? undefined : { insecureSkipVerification: tls["insecureSkipVerification"] === true },
      responses,
    };
  }
}

/** A model's schema as API Gateway stores it: references between models become their addresses. */
export function storedSchema(schema: unknown, apiId: string): string {
  return JSON.stringify(mapReferences(schema, (reference) => {
    const name = /^#\/(?:definitions|components\/schemas)\/([^/]+)$/.exec(reference)?.[1];
    return name === undefined ? reference : `https://apigateway.amazonaws.com/restapis/${apiId}/models/${name}`;
  }));
}
