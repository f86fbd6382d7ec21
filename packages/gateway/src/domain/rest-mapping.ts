import { compileJsonPath } from "./vtl/jsonpath.ts";
import { JsonSyntaxError, parseJson } from "./vtl/json.ts";
import { Budget, toJson, toText } from "./vtl/values.ts";
import { dotted } from "./selection.ts";

/** What parameter mappings of REST APIs read. */
export interface MappingSource {
  /** All values of a header, the last first wanted by single-value mappings. */
  headers(name: string): readonly string[];
  querystrings(name: string): readonly string[];
  path(name: string): string | undefined;
  body(): string;
  /** `$context` as plain data. */
  context(): unknown;
  stageVariables: { readonly [name: string]: string };
}

/** `integration.request.header.x` or `method.response.header.x` and where its values come from. */
export interface MethodMapping {
  where: "header" | "querystring" | "path";
  name: string;
  read(source: MappingSource): readonly string[];
}

const TARGET = {
  request: /^integration\.request\.(?:multivalue)?(header|querystring|path)\.(.+)$/,
  response: /^method\.response\.(?:multivalue)?(header)\.(.+)$/,
};

/** Compiles a map of target to source; what does not parse is left out, since it was refused when it was stored. */
export function compileMethodMapping(parameters: { [target: string]: string } | undefined, side: "request" | "response"): readonly MethodMapping[] {
  const mappings: MethodMapping[] = [];
  for (const [target, source] of Object.entries(parameters ?? {})) {
    const match = TARGET[side].exec(target);
    const read = compileSource(source);
    if (match !== null && read !== undefined) mappings.push({ where: match[1] as MethodMapping["where"], name: match[2]!, read });
  }
  return mappings;
}

const single = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);
const last = (values: readonly string[]): readonly string[] => values.slice(-1);

/** One source expression: `'static'`, `method.request.header.x`, `integration.response.body.$.x`, `context.x`, `stageVariables.x`. */
export function compileSource(source: string): ((from: MappingSource) => readonly string[]) | undefined {
  if (source.startsWith("'") && source.endsWith("'") && source.length >= 2) {
    const text = source.slice(1, -1);
    return () => [text];
  }
  const match = /^(?:method\.request|route\.request|integration\.response)\.(header|multivalueheader|querystring|multivaluequerystring|path|body)(?:\.(.+))?$/s.exec(source);
  if (match !== null) {
    const [, where, name = ""] = match;
    switch (where) {
      case "header":
        return (from) => last(from.headers(name));
      case "multivalueheader":
        return (from) => from.headers(name);
      case "querystring":
        return (from) => last(from.querystrings(name));
      case "multivaluequerystring":
        return (from) => from.querystrings(name);
      case "path":
        return (from) => single(from.path(name));
      default:
        return compileBody(name);
    }
  }
  if (source.startsWith("context.")) {
    const name = source.slice(8);
    return (from) => single(dotted(from.context(), name));
  }
  if (source.startsWith("stageVariables.")) {
    const name = source.slice(15);
    return (from) => single(Object.hasOwn(from.stageVariables, name) ? from.stageVariables[name] : undefined);
  }
  return undefined;
}

function compileBody(path: string): (from: MappingSource) => readonly string[] {
  if (path === "") return (from) => single(from.body());
  const compiled = compileJsonPath(path.startsWith("$") ? path : `$.${path}`);
  return (from) => {
    const budget = new Budget();
    try {
      const value = compiled.find(parseJson(from.body()), budget);
      if (value === undefined || value === null) return [];
      return [typeof value === "object" ? toJson(value, budget) : toText(value, budget)];
    } catch (error) {
      if (error instanceof JsonSyntaxError) return [];
      throw error;
    }
  };
}
