import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { RestDefinition } from "../rest-definition.ts";
import type { Operation } from "../../../sdk/runtime.ts";

/** A method of an API as a generated client has it. */
export interface SdkOperation extends Operation {
  /** `petsPetIdGet`, or the method's operation name. */
  name: string;
  requestModel: string | undefined;
  responseModel: string | undefined;
  description: string | undefined;
}

/** What `ANY` stands for in a client. */
const ANY_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

const capital = (text: string): string => (text === "" ? "" : text[0]!.toUpperCase() + text.slice(1));

/** `/pets/{petId}` and GET give `petsPetIdGet`; the root gives `rootGet`. */
function nameOf(path: string, method: string): string {
  const words = path.split("/").flatMap((part) => part.split(/[^A-Za-z0-9]+/)).filter((word) => word !== "");
  const joined = words.map((word, i) => (i === 0 ? word[0]!.toLowerCase() + word.slice(1) : capital(word))).join("");
  return `${joined === "" ? "root" : /^\d/.test(joined) ? `_${joined}` : joined}${capital(method.toLowerCase())}`;
}

function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}${i}`;
  taken.add(free);
  return free;
}

const jsonModel = (models: { [type: string]: string } | undefined): string | undefined => models?.["application/json"] ?? Object.values(models ?? {})[0];

/** The methods of a deployed API, in the order of their paths. */
export function sdkOperations(definition: RestDefinition): SdkOperation[] {
  const taken = new Set<string>();
  const operations: SdkOperation[] = [];
  for (const resource of [...definition.resources].sort((a, b) => (a.path! < b.path! ? -1 : 1))) {
    for (const [key, method] of Object.entries(resource.resourceMethods ?? {})) {
      for (const httpMethod of key === "ANY" ? ANY_METHODS : [key]) operations.push(operation(resource.path ?? "/", httpMethod, key, method, taken));
    }
  }
  return operations;
}

function operation(path: string, httpMethod: string, key: string, method: Rest.Method, taken: Set<string>): SdkOperation {
  const parameters = Object.keys(method.requestParameters ?? {});
  const named = (where: string): string[] => parameters.flatMap((name) => new RegExp(`^method\\.request\\.(?:multivalue)?${where}\\.(.+)$`).exec(name)?.[1] ?? []);
  const friendly = method.operationName === undefined || key === "ANY" || !/^[A-Za-z_$][\w$]*$/.test(method.operationName) ? undefined : method.operationName[0]!.toLowerCase() + method.operationName.slice(1);
  const success = Object.entries(method.methodResponses ?? {}).find(([status]) => status.startsWith("2"))?.[1];
  return {
    name: unique(friendly ?? nameOf(path, httpMethod), taken),
    method: httpMethod,
    path,
    pathParameters: [...path.matchAll(/\{([^}+]+)\+?\}/g)].map((match) => match[1]!),
    queryParameters: named("querystring"),
    headerParameters: named("header"),
    signed: method.authorizationType === "AWS_IAM",
    requestModel: jsonModel(method.requestModels),
    responseModel: jsonModel(success?.responseModels),
    description: undefined,
  };
}
