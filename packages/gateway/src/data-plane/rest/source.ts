import type { HeaderList } from "../../domain/http-message.ts";
import type { MappingSource } from "../../domain/rest-mapping.ts";
import { contextVariables } from "./call.ts";
import type { RestCall } from "./call.ts";

/** Header names of REST APIs are matched as they are written, else whatever their case. */
function headerValues(headers: HeaderList, name: string): string[] {
  const exact = headers.filter(([key]) => key === name).map(([, value]) => value);
  if (exact.length > 0) return exact;
  const lower = name.toLowerCase();
  return headers.filter(([key]) => key.toLowerCase() === lower).map(([, value]) => value);
}

/** What mappings read: the method's request, or with `response` the integration's response. */
export function mappingSource(call: RestCall, response?: { headers: HeaderList; body: Buffer }): MappingSource {
  const { request } = call;
  const headers = response?.headers ?? request.headers;
  let context: Record<string, unknown> | undefined;
  return {
    headers: (name) => headerValues(headers, name),
    querystrings: (name) => request.query.filter(([key]) => key === name).map(([, value]) => value),
    path: (name) => (Object.hasOwn(call.variables, name) ? call.variables[name] : undefined),
    body: () => (response?.body ?? request.body).toString("utf8"),
    context: () => (context ??= contextVariables(call)),
    stageVariables: call.stageVariables,
  };
}
