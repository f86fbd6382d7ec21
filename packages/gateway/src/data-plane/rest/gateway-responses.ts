import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { header } from "../../domain/http-message.ts";
import type { GatewayResponse, HeaderList } from "../../domain/http-message.ts";
import { firstAccepted } from "../../domain/media-types.ts";
import { compileSource } from "../../domain/rest-mapping.ts";
import { dotted } from "../../domain/selection.ts";
import { contextVariables } from "./call.ts";
import type { RestCall } from "./call.ts";
import type { GatewayError, ResponseType } from "./errors.ts";
import { RESPONSE_TYPES } from "./errors.ts";
import { mappingSource } from "./source.ts";

/** Templates that every kind has until a gateway response says another. Recorded. */
export const DEFAULT_TEMPLATES: { [type: string]: string } = { "application/json": '{"message":$context.error.messageString}' };

/** The response that applies to a kind: its own, else DEFAULT_4XX or DEFAULT_5XX, else none. */
export function effectiveResponse(responses: ReadonlyMap<string, Rest.GatewayResponse>, type: ResponseType, status: number): { response: Rest.GatewayResponse | undefined; fallback: boolean } {
  const own = responses.get(type);
  if (own !== undefined) return { response: own, fallback: false };
  return { response: responses.get(status >= 500 ? "DEFAULT_5XX" : "DEFAULT_4XX"), fallback: true };
}

/** Renders an error as the client sees it: status, headers and body of its gateway response. */
export function renderError(call: RestCall, error: GatewayError): GatewayResponse {
  const status = error.status ?? RESPONSE_TYPES[error.type].status ?? 500;
  const { response } = effectiveResponse(call.runtime.gatewayResponses, error.type, status);
  call.facts["error"] = {
    message: error.silent ? null : error.message,
    messageString: error.silent ? "null" : JSON.stringify(error.message),
    responseType: error.type,
    ...(error.validation === undefined ? {} : { validationErrorString: error.validation }),
  };
  const templates = Object.keys(response?.responseTemplates ?? {}).length === 0 ? DEFAULT_TEMPLATES : response!.responseTemplates!;
  const accepted = firstAccepted(header(call.request.headers, "accept"));
  const type = Object.hasOwn(templates, accepted) ? accepted : Object.hasOwn(templates, "application/json") ? "application/json" : Object.keys(templates)[0]!;
  const headers: HeaderList = [["x-amzn-ErrorType", error.errorType], ...error.headers];
  let contentType = type;
  if (response?.responseParameters !== undefined) {
    const source = mappingSource(call);
    for (const [target, expression] of Object.entries(response.responseParameters)) {
      const name = /^gatewayresponse\.header\.(.+)$/.exec(target)?.[1];
      const value = compileSource(expression)?.(source).at(-1);
      if (name === undefined || value === undefined || /[\r\n\0]/.test(value)) continue;
      if (name.toLowerCase() === "content-type") contentType = value;
      else headers.push([name, value]);
    }
  }
  return { status: Number(response?.statusCode ?? status), headers: [...headers, ["Content-Type", contentType]], body: substitute(templates[type] ?? "", call) };
}

/**
 * Gateway responses are no VTL: `$context.x` and `$stageVariables.x` are replaced and nothing else, what is unknown by
 * the empty text.
 */
function substitute(template: string, call: RestCall): string {
  const variables = contextVariables(call);
  return template.replace(/\$(?:context\.([A-Za-z0-9_.-]*[A-Za-z0-9_])|stageVariables\.([A-Za-z0-9_]+)|\{context\.([^}]+)\}|\{stageVariables\.([^}]+)\})/g, (_whole, context?: string, stage?: string, context2?: string, stage2?: string) => {
    const name = context ?? context2;
    if (name !== undefined) return dotted(variables, name) ?? "";
    const variable = (stage ?? stage2)!;
    return Object.hasOwn(call.stageVariables, variable) ? call.stageVariables[variable]! : "";
  });
}
