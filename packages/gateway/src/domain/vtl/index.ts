import { TemplateError } from "./ast.ts";
import { compileStatements } from "./compile.ts";
import type { Frame } from "./compile.ts";
import { parseTemplate } from "./parser.ts";
import { Budget } from "./values.ts";
import type { Value } from "./values.ts";

export { TemplateError } from "./ast.ts";
export { Budget } from "./values.ts";
export type { Value, ValueMap } from "./values.ts";

/** AWS's quota on a mapping template, in bytes. */
export const MAX_TEMPLATE_SIZE = 300 * 1024;

/** A compiled mapping template. */
export interface Template {
  /** Renders with the given top-level variables (`input`, `util`, `context`, ...). Throws `TemplateError` when a bound is broken. */
  render(variables: { [name: string]: Value }, budget?: Budget): string;
}

/** Compiles a template once; what it returns may be rendered any number of times. Throws `TemplateError`. */
export function compileTemplate(source: string): Template {
  if (source.length > MAX_TEMPLATE_SIZE) throw new TemplateError("Mapping template is larger than 300 KB");
  const run = compileStatements(parseTemplate(source));
  return {
    render(variables, budget = new Budget()) {
      const frame: Frame = { variables: new Map(Object.entries(variables)), out: "", budget, macros: new Map(), calls: 0, signal: undefined };
      try {
        run(frame);
      } catch (error) {
        if (error instanceof RangeError) throw new TemplateError("Template exceeded its evaluation limit");
        throw error;
      }
      return frame.out;
    },
  };
}
