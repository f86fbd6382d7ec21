import { inputObject, overridesOf, utilObject } from "../../domain/vtl/gateway-objects.ts";
import { PayloadError } from "../../domain/vtl/gateway-objects.ts";
import { Budget, TemplateError } from "../../domain/vtl/index.ts";
import type { Template } from "../../domain/vtl/index.ts";
import { fromPlain, isMap, toPlain } from "../../domain/vtl/values.ts";
import type { Value } from "../../domain/vtl/values.ts";
import { lastValues } from "../../domain/http-message.ts";
import { contextVariables, trace } from "./call.ts";
import type { RestCall } from "./call.ts";
import { GatewayError, internalError } from "./errors.ts";

/** Renders a mapping template over a payload; what it sets in `$context.requestOverride` and `responseOverride` stays in the call. */
export function renderTemplate(call: RestCall, template: Template, body: string): string {
  const budget = new Budget();
  const { request, overrides } = call;
  const context = fromPlain({
    ...contextVariables(call),
    requestOverride: overrides.request,
    responseOverride: { header: overrides.response.header, ...(overrides.response.status === undefined ? {} : { status: overrides.response.status }) },
  });
  const variables: { [name: string]: Value } = {
    input: inputObject(body, { path: call.variables, querystring: lastValues(request.query), header: lastValues(request.headers) }, budget),
    util: utilObject(budget),
    context,
    stageVariables: fromPlain(call.stageVariables),
  };
  let rendered: string;
  try {
    rendered = template.render(variables, budget);
  } catch (error) {
    if (error instanceof PayloadError) throw new GatewayError("BAD_REQUEST_BODY", error.message);
    if (error instanceof TemplateError) {
      trace(call, `Execution failed due to configuration error: Unable to transform request: ${error.message}`);
      throw internalError("API_CONFIGURATION_ERROR");
    }
    throw error;
  }
  readOverrides(call, context);
  return rendered;
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
