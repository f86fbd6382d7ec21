import { Policy, PolicySyntaxError } from "@cumulet/core";

/** AWS lets policies name an API's own resources short: `execute-api:/stage/GET/*`. */
function expand(document: unknown, prefix: string): unknown {
  if (typeof document === "string") return document.startsWith("execute-api:/") ? `${prefix}${document.slice("execute-api:".length)}` : document;
  if (Array.isArray(document)) return document.map((item) => expand(item, prefix));
  if (typeof document === "object" && document !== null) return Object.fromEntries(Object.entries(document).map(([key, value]) => [key, expand(value, prefix)]));
  return document;
}

/** Compiles a REST API's resource policy, its resources written out; undefined when it is no policy. */
export function compileResourcePolicy(document: string, apiArn: string): Policy | undefined {
  try {
    return new Policy(expand(JSON.parse(document), apiArn) as object);
  } catch (error) {
    if (error instanceof PolicySyntaxError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
