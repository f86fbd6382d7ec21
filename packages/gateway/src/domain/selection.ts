import { compileJsonPath } from "./vtl/jsonpath.ts";
import { JsonSyntaxError, parseJson } from "./vtl/json.ts";
import { Budget, toText, toJson } from "./vtl/values.ts";
import type { Value } from "./vtl/values.ts";

/** What a selection expression (`$request.header.name`, `${context.requestId}/x`) may read. */
export interface SelectionSource {
  /** A header of the message at hand, repeated values joined by commas. */
  header(name: string): string | undefined;
  querystring(name: string): string | undefined;
  /** A path variable, or the whole path for undefined. */
  path(name: string | undefined): string | undefined;
  /** The body as text. */
  body(): string;
  /** A dotted name below `$context`. */
  context(name: string): string | undefined;
  stageVariable(name: string): string | undefined;
  /** `route.request.*` of WebSocket APIs and the status code of responses. */
  extra?(name: string): string | undefined;
}

/** A compiled expression; undefined when it names something that the message lacks. */
export type Selection = (source: SelectionSource) => string | undefined;

/** The longest body to which a JSON path is applied: AWS truncates at 100 KB. */
const MAX_SELECTED_BODY = 100 * 1024;

/** Compiles a selection expression or mapping value: `$x.y`, text with `${x.y}` in it, or a static value. */
export function compileSelection(expression: string): Selection {
  // A backslash makes a dollar plain text (`\$default`).
  if (expression.includes("\\$")) {
    const text = expression.replaceAll("\\$", "$");
    return () => text;
  }
  const single = /^\$(?!\{)([A-Za-z].*)$/.exec(expression);
  if (single !== null) return variable(single[1]!) ?? (() => expression);
  if (!expression.includes("${")) return () => expression;
  const parts: (string | Selection)[] = [];
  let last = 0;
  for (const match of expression.matchAll(/\$\{([^{}]+)\}/g)) {
    parts.push(expression.slice(last, match.index));
    parts.push(variable(match[1]!) ?? match[0]);
    last = match.index + match[0].length;
  }
  parts.push(expression.slice(last));
  return (source) => {
    let text = "";
    for (const part of parts) text += typeof part === "string" ? part : (part(source) ?? "");
    return text;
  };
}

function variable(name: string): Selection | undefined {
  const match = /^(?:request|response|route\.request|integration\.response)\.(header|querystring|path|body|multivaluequerystring|multivalueheader|statuscode)(?:\.?(.*))?$/s.exec(name);
  if (match !== null) {
    const [, where, rest = ""] = match;
    switch (where) {
      case "header":
      case "multivalueheader":
        return rest === "" ? undefined : headerSelection(rest);
      case "querystring":
      case "multivaluequerystring":
        return rest === "" ? undefined : (source) => source.querystring(rest);
      case "path":
        return (source) => source.path(rest === "" ? undefined : rest);
      case "statuscode":
        return (source) => source.extra?.("statuscode");
      default:
        return bodySelection(rest);
    }
  }
  if (name.startsWith("context.")) {
    const rest = name.slice(8);
    return (source) => source.context(rest);
  }
  if (name.startsWith("stageVariables.")) {
    const rest = name.slice(15);
    return (source) => source.stageVariable(rest);
  }
  return undefined;
}

function headerSelection(name: string): Selection {
  const lower = name.toLowerCase();
  return (source) => source.header(lower);
}

function bodySelection(path: string): Selection {
  if (path === "") return (source) => source.body();
  const compiled = compileJsonPath(path.startsWith("[") ? `$${path}` : `$.${path}`);
  return (source) => {
    const found = jsonValue(source.body().slice(0, MAX_SELECTED_BODY), (root, budget) => compiled.find(root, budget));
    return found;
  };
}

/** Applies `find` to a JSON text: strings as they are, everything else as JSON; undefined when there is none. */
function jsonValue(text: string, find: (root: Value, budget: Budget) => Value): string | undefined {
  const budget = new Budget();
  try {
    const value = find(parseJson(text), budget);
    if (value === undefined || value === null) return undefined;
    return typeof value === "object" ? toJson(value, budget) : toText(value, budget);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

/** Reads a dotted name from nested plain data, for `$context`. Anything but text, number or boolean is absent. */
export function dotted(data: unknown, name: string): string | undefined {
  let value: unknown = data;
  // A key may hold dots itself (claims such as `cognito:username` do not, `custom.x` may): the longest key wins.
  let rest = name;
  while (rest !== "") {
    if (typeof value !== "object" || value === null) return undefined;
    if (Object.hasOwn(value, rest)) {
      value = (value as Record<string, unknown>)[rest];
      rest = "";
      break;
    }
    const dot = rest.indexOf(".");
    if (dot < 0) return undefined;
    const key = rest.slice(0, dot);
    if (!Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
    rest = rest.slice(dot + 1);
  }
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
