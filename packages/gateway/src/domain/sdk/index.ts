import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import type { RestDefinition } from "../rest-definition.ts";
import { sdkOperations } from "./operations.ts";
import type { SdkOperation } from "./operations.ts";
import { modelTypes, typeName } from "./schema-types.ts";

/** Where a generated client finds the API, and how it is called. */
export interface SdkTarget {
  /** Stage included, no slash at its end. */
  invokeUrl: string;
  region: string;
  title: string;
  version: string;
}

/** Files of a client by name. */
export type SdkFiles = { [name: string]: string };

let runtime: string | undefined;
const runtimeSource = (): string => (runtime ??= readFileSync(new URL("../../../sdk/runtime.ts", import.meta.url), "utf8"));

const specOf = ({ method, path, pathParameters, queryParameters, headerParameters, signed }: SdkOperation): string => JSON.stringify({ method, path, pathParameters, queryParameters, headerParameters, signed });

/** The JavaScript client: one script, with `apigClientFactory` as AWS's own has it. */
export function javascriptSdk(definition: RestDefinition, target: SdkTarget): SdkFiles {
  const operations = sdkOperations(definition);
  const plain = stripTypeScriptTypes(runtimeSource()).replace(/^export /gm, "").replace(/[ \t]+$/gm, "").replace(/\n{3,}/g, "\n\n");
  const methods = operations.map((operation) => `    /** ${operation.method} ${operation.path} */\n    ${operation.name}: (params, body, additionalParams) => invoke(settings, ${specOf(operation)}, params || {}, body, additionalParams),\n`).join("");
  const script = `(function (root) {
"use strict";
${plain}
/** Makes clients: apigClientFactory.newClient({apiKey, accessKey, secretKey, sessionToken, region, headers}). */
const apigClientFactory = {
  newClient(config) {
    const settings = Object.assign(${JSON.stringify({ invokeUrl: target.invokeUrl, region: target.region })}, config);
    return {
${methods.replaceAll("    ", "      ")}    };
  },
  ApiError,
};
if (typeof module === "object" && module.exports) module.exports = apigClientFactory;
else root.apigClientFactory = apigClientFactory;
})(typeof globalThis === "object" ? globalThis : this);
`;
  return {
    "apiGateway-js-sdk/apigClient.js": script,
    "apiGateway-js-sdk/package.json": `${JSON.stringify({ name: "api-gateway-js-sdk", version: "1.0.0", main: "apigClient.js", type: "commonjs" }, undefined, 2)}\n`,
    "apiGateway-js-sdk/README.md": readme(target, operations, "const apigClient = apigClientFactory.newClient({});", "apigClient"),
  };
}

/** The TypeScript client: typed methods, the API's models as types. */
export function typescriptSdk(definition: RestDefinition, target: SdkTarget): SdkFiles {
  const operations = sdkOperations(definition);
  const known = new Set(definition.models.map(({ name }) => name));
  const type = (model: string | undefined): string => (model !== undefined && known.has(model) ? `models.${typeName(model)}` : "unknown");
  const methods = operations.map((operation) => {
    const required = operation.pathParameters.map((name) => `${JSON.stringify(name)}: string | number`);
    const optional = [...operation.queryParameters.map((name) => `${JSON.stringify(name)}?: string | number | boolean | readonly string[]`), ...operation.headerParameters.map((name) => `${JSON.stringify(name)}?: string`)];
    const parameters = [...required, ...optional];
    const params = `params: {${parameters.length === 0 ? "" : ` ${parameters.join("; ")} `}}${required.length === 0 ? " = {}" : ""}`;
    return `  /** ${operation.method} ${operation.path} */
  ${operation.name}(${params}, body?: ${type(operation.requestModel)}, additional?: AdditionalParams): Promise<ApiResponse<${type(operation.responseModel)}>> {
    return invoke(this.config, ${specOf(operation)}, params, body, additional);
  }
`;
  });
  const client = `import { invoke } from "./runtime.ts";
import type { AdditionalParams, ApiResponse, ClientConfig } from "./runtime.ts";
import type * as models from "./models.ts";

export { ApiError } from "./runtime.ts";
export type { AdditionalParams, ApiResponse, ClientConfig } from "./runtime.ts";
export type * from "./models.ts";

/** ${target.title.replaceAll("*/", "* /")}, version ${target.version.replaceAll("*/", "* /")}. */
export class ApiClient {
  readonly config: ClientConfig;

  constructor(config: ClientConfig = {}) {
    this.config = { invokeUrl: ${JSON.stringify(target.invokeUrl)}, region: ${JSON.stringify(target.region)}, ...config };
  }

${methods.join("\n")}}
`;
  return {
    "apiGateway-ts-sdk/index.ts": client,
    "apiGateway-ts-sdk/models.ts": `${modelTypes(definition.models)}\nexport {};\n`,
    "apiGateway-ts-sdk/runtime.ts": runtimeSource(),
    "apiGateway-ts-sdk/package.json": `${JSON.stringify({ name: "api-gateway-ts-sdk", version: "1.0.0", type: "module", exports: "./index.ts" }, undefined, 2)}\n`,
    "apiGateway-ts-sdk/README.md": readme(target, operations, 'import { ApiClient } from "./index.ts";\n\nconst client = new ApiClient();', "client"),
  };
}

function readme(target: SdkTarget, operations: readonly SdkOperation[], make: string, variable: string): string {
  const list = operations.map(({ name, method, path }) => `- \`${name}\`: ${method} ${path}`).join("\n");
  const first = operations[0]?.name ?? "rootGet";
  return `# A client of ${target.title}\n\nIt calls ${target.invokeUrl}.\n\n\`\`\`js\n${make}\nconst { data } = await ${variable}.${first}({}, undefined);\n\`\`\`\n\n## Methods\n\n${list}\n`;
}
