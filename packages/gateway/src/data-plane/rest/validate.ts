import { header } from "../../domain/http-message.ts";
import { mediaType } from "../../domain/media-types.ts";
import { trace } from "./call.ts";
import type { RestCall } from "./call.ts";
import type { RestMethod } from "./compile.ts";
import { GatewayError } from "./errors.ts";

/** Checks parameters and body as the method's request validator asks. */
export function validateRequest(call: RestCall, method: RestMethod): void {
  const missing = method.requiredParameters.filter(({ where, name }) => !present(call, where, name)).map(({ name }) => name);
  if (missing.length > 0) {
    trace(call, `Request parameters missing: [${missing.join(", ")}]`);
    throw new GatewayError("BAD_REQUEST_PARAMETERS", `Missing required request parameters: [${missing.join(", ")}]`);
  }
  const type = mediaType(header(call.request.headers, "content-type"));
  const validator = method.bodyValidator(type === "" ? "application/json" : type);
  if (validator === undefined) return;
  let errors: string[];
  try {
    errors = validator(JSON.parse(call.request.body.toString("utf8")));
  } catch {
    errors = ["Unable to parse body"];
  }
  if (errors.length === 0) return;
  trace(call, `Request body does not match model schema for content type ${type === "" ? "application/json" : type}: [${errors.join(", ")}]`);
  throw new GatewayError("BAD_REQUEST_BODY", "Invalid request body", { validation: `[${errors.join(", ")}]` });
}

/** Present means not empty: AWS counts an empty value as missing. */
function present(call: RestCall, where: "querystring" | "header" | "path", name: string): boolean {
  if (where === "path") return (call.variables[name] ?? "") !== "";
  if (where === "header") return (header(call.request.headers, name.toLowerCase()) ?? "") !== "";
  return call.request.query.some(([key, value]) => key === name && value !== "");
}
