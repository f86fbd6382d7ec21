import type { Cors } from "@cumulet/protocol/models/apigatewayv2.d.ts";
import { header } from "./http-message.ts";
import type { GatewayRequest, GatewayResponse, HeaderList } from "./http-message.ts";

/** What a CORS configuration of an HTTP API does to requests and responses, compiled once. */
export interface CorsPolicy {
  /** The gateway's own answer to a preflight request; undefined when the request is none. */
  preflight(request: GatewayRequest): GatewayResponse | undefined;
  /** Replaces the integration's CORS headers by the configured ones. */
  apply(request: GatewayRequest, headers: HeaderList): HeaderList;
}

const CORS_HEADER = /^access-control-/i;

function originMatcher(patterns: readonly string[]): (origin: string) => string | undefined {
  if (patterns.includes("*")) return () => "*";
  const exact = new Set(patterns);
  // `https://*` and `http://*` allow any host of that scheme.
  const prefixes = patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1));
  return (origin) => (exact.has(origin) || prefixes.some((prefix) => origin.startsWith(prefix)) ? origin : undefined);
}

/** Compiles a configuration; undefined when the API has none. */
export function compileCors(cors: Cors | undefined): CorsPolicy | undefined {
  if (cors === undefined) return undefined;
  const allowed = originMatcher(cors.AllowOrigins ?? []);
  const methods = cors.AllowMethods ?? [];
  const list = (values: readonly string[] | undefined): string => (values ?? []).map((value) => value).join(",");

  const common = (origin: string): [string, string][] => {
    const headers: [string, string][] = [["access-control-allow-origin", origin]];
    if (origin !== "*") headers.push(["vary", "Origin"]);
    if (cors.AllowCredentials === true) headers.push(["access-control-allow-credentials", "true"]);
    return headers;
  };

  return {
    preflight(request) {
      const origin = header(request.headers, "origin");
      if (request.method !== "OPTIONS" || origin === undefined || header(request.headers, "access-control-request-method") === undefined) return undefined;
      const match = allowed(origin);
      const headers: HeaderList = [];
      if (match !== undefined) {
        headers.push(...common(match));
        if (methods.length > 0) headers.push(["access-control-allow-methods", list(methods)]);
        if (cors.AllowHeaders !== undefined && cors.AllowHeaders.length > 0) headers.push(["access-control-allow-headers", list(cors.AllowHeaders)]);
        if (cors.ExposeHeaders !== undefined && cors.ExposeHeaders.length > 0) headers.push(["access-control-expose-headers", list(cors.ExposeHeaders)]);
        if (cors.MaxAge !== undefined) headers.push(["access-control-max-age", String(cors.MaxAge)]);
      }
      return { status: 204, headers, body: "" };
    },
    apply(request, headers) {
      const kept = headers.filter(([name]) => !CORS_HEADER.test(name));
      const origin = header(request.headers, "origin");
      if (origin === undefined) return kept;
      const match = allowed(origin);
      if (match === undefined) return kept;
      kept.push(...common(match));
      if (cors.ExposeHeaders !== undefined && cors.ExposeHeaders.length > 0) kept.push(["access-control-expose-headers", list(cors.ExposeHeaders)]);
      return kept;
    },
  };
}
