import { TemplateError } from "./ast.ts";
import { JsonSyntaxError, parseJson } from "./json.ts";
import { compileJsonPath } from "./jsonpath.ts";
import { isMap, toJson, toText } from "./values.ts";
import type { Budget, Opaque, Value, ValueMap } from "./values.ts";

/** The parameters of a request as `$input.params()` shows them. */
export interface InputParameters {
  path: { [name: string]: string };
  querystring: { [name: string]: string };
  header: { [name: string]: string };
}

/** A payload that `$input.json` or `$input.path` had to read and that is no JSON: API Gateway answers 400 with this message. */
export class PayloadError extends Error {}

/** `$input`: the payload and the parameters. The payload is parsed at the first use, once. */
export function inputObject(body: string, parameters: InputParameters, budget: Budget): Opaque {
  let parsed: { value: Value } | undefined;
  const root = (): Value => {
    if (parsed === undefined) {
      // An empty payload reads as an empty object.
      if (body === "") parsed = { value: new Map() };
      else {
        try {
          parsed = { value: parseJson(body) };
        } catch (error) {
          if (error instanceof JsonSyntaxError) throw new PayloadError(`Could not parse request body into json: ${error.message}`);
          throw error;
        }
      }
    }
    return parsed.value;
  };
  const find = (path: Value): Value => compileJsonPath(path === null || path === undefined ? "$" : toText(path, budget)).find(root(), budget);
  let all: ValueMap | undefined;
  const params = (): ValueMap => (all ??= parameterMap(parameters));

  return {
    opaque: true,
    get(name) {
      if (name === "body") return body === "" ? "{}" : body;
      return name === "params" ? params() : undefined;
    },
    call(name, args) {
      switch (name) {
        case "json": {
          const value = find(args[0]);
          // A path that leads nowhere is an empty JSON string.
          return value === undefined ? '""' : toJson(value, budget);
        }
        case "path":
          return find(args[0]);
        case "params":
          return args.length === 0 ? params() : parameter(parameters, toText(args[0], budget));
        case "body":
        case "getBody":
          return body === "" ? "{}" : body;
        default:
          return undefined;
      }
    },
    text: () => "",
  };
}

function parameterMap(parameters: InputParameters): ValueMap {
  const map = (values: { [name: string]: string }): ValueMap => new Map(Object.entries(values));
  return new Map<string, Value>([
    ["path", map(parameters.path)],
    ["querystring", map(parameters.querystring)],
    ["header", map(parameters.header)],
  ]);
}

/** Path first, then query string, then header (whatever its case); an unknown name is the empty string. */
function parameter(parameters: InputParameters, name: string): string {
  for (const values of [parameters.path, parameters.querystring, parameters.header]) {
    if (Object.hasOwn(values, name)) return values[name]!;
  }
  const lower = name.toLowerCase();
  for (const [header, value] of Object.entries(parameters.header)) if (header.toLowerCase() === lower) return value;
  return "";
}

/** `$util`: the same object for every rendering, apart from the budget it spends. */
export function utilObject(budget: Budget): Opaque {
  return {
    opaque: true,
    get: () => undefined,
    call(name, args) {
      const [first] = args;
      if (first === null || first === undefined) return undefined;
      const text = toText(first, budget);
      budget.text(text.length);
      switch (name) {
        case "escapeJavaScript":
          return escapeJavaScript(text);
        case "parseJson":
          try {
            return parseJson(text);
          } catch (error) {
            if (error instanceof JsonSyntaxError) throw new TemplateError(`Unable to parse JSON: ${error.message}`);
            throw error;
          }
        case "urlEncode":
          return urlEncode(text);
        case "urlDecode":
          return urlDecode(text);
        case "base64Encode":
          return Buffer.from(text).toString("base64");
        case "base64Decode":
          return Buffer.from(text, "base64").toString();
        default:
          return undefined;
      }
    },
    text: () => "",
  };
}

const ESCAPES: Record<string, string> = { '"': '\\"', "'": "\\'", "\\": "\\\\", "/": "\\/", "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r" };

/** Commons Lang's `escapeJavaScript`, which `$util.escapeJavaScript` is: quotes of both kinds and slashes included. */
export function escapeJavaScript(text: string): string {
  return text.replace(/["'\\/\b\n\t\f\r]|[^ -~]/g, (c) => ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`);
}

/** `java.net.URLEncoder`: form encoding, with `*` kept and a blank as `+`. */
function urlEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll("%20", "+");
}

function urlDecode(text: string): string {
  const plain = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString());
  }
}

/** Reads what a template left in `$context.requestOverride` or `responseOverride`. */
export function overridesOf(context: Value, name: "requestOverride" | "responseOverride"): ValueMap | undefined {
  const value = isMap(context) ? context.get(name) : undefined;
  return isMap(value) ? value : undefined;
}
