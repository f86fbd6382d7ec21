import { overridesOf, PayloadError } from "../../domain/vtl/gateway-objects.ts";
import { TemplateError } from "../../domain/vtl/index.ts";
import type { Template } from "../../domain/vtl/index.ts";
import { isMap, toPlain } from "../../domain/vtl/values.ts";
import type { Value } from "../../domain/vtl/values.ts";
import { lastValues } from "../../domain/http-message.ts";
import { renderMapping } from "../templates.ts";
import { contextVariables, trace } from "./call.ts";
import type { RestCall } from "./call.ts";
import { GatewayError, internalError } from "./errors.ts";

/** Renders a mapping template over a payload; what it sets in `$context.requestOverride` and `responseOverride` stays in the call. */
export function renderTemplate(call: RestCall, template: Template, body: string): string {
  const { request, overrides } = call;
  const context = {
    ...contextVariables(call),
    requestOverride: overrides.request,
    responseOverride: { header: overrides.response.header, ...(overrides.response.status === undefined ? {} : { status: overrides.response.status }) },
  };
  try {
    const rendered = renderMapping(template, { body, parameters: { path: call.variables, querystring: lastValues(request.query), header: lastValues(request.headers) }, context, stageVariables: call.stageVariables });
    readOverrides(call, rendered.context);
    return rendered.text;
  } catch (error) {
    if (error instanceof PayloadError) throw new GatewayError("BAD_REQUEST_BODY", error.message);
    if (error instanceof TemplateError) {
      trace(call, `Execution failed due to configuration error: Unable to transform request: ${error.message}`);
      throw internalError("API_CONFIGURATION_ERROR");
    }
    throw error;
  }
}

function plainMap(value: Value | undefined): { [name: string]: unknown } {
  return isMap(value) ? (toPlain(value) as { [name: string]: unknown }) : {};
}

function readOverrides(call: RestCall, context: Value): void {
  const request = overridesOf(context, "requestOverride");
  const response = overridesOf(context, "responseOverride");
  if (request !== undefined) call.overrides.request = { header: plainMap(request.get("header")), path: plainMap(request.get("path")), querystring: plainMap(request.get("querystring")) };
  if (response !== undefined) call.overrides.response = { status: toPlain(response.get("status")) ?? undefined, header: plainMap(response.get("header")) };
}
