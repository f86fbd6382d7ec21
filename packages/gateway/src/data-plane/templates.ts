import { inputObject, utilObject } from "../domain/vtl/gateway-objects.ts";
import type { InputParameters } from "../domain/vtl/gateway-objects.ts";
import { Budget } from "../domain/vtl/index.ts";
import type { Template } from "../domain/vtl/index.ts";
import { fromPlain } from "../domain/vtl/values.ts";
import type { Value } from "../domain/vtl/values.ts";

/** What a mapping template sees. */
export interface TemplateInput {
  body: string;
  parameters: InputParameters;
  /** `$context` as plain data. */
  context: Record<string, unknown>;
  stageVariables: { readonly [name: string]: string };
}

/** Renders a mapping template under the bounds of one budget; gives back `$context` as the template left it. Throws `TemplateError` and `PayloadError`. */
export function renderMapping(template: Template, input: TemplateInput): { text: string; context: Value } {
  const budget = new Budget();
  const context = fromPlain(input.context);
  const text = template.render({ input: inputObject(input.body, input.parameters, budget), util: utilObject(budget), context, stageVariables: fromPlain(input.stageVariables) }, budget);
  return { text, context };
}
