import type { IncomingHttpHeaders } from "node:http";
import type { Cors } from "@cumulet/protocol/models/lambda.d.ts";

/** Whether Lambda answers this itself: a preflight to a URL that has CORS settings. */
export function isPreflight(method: string | undefined, headers: IncomingHttpHeaders, cors: Cors | undefined): boolean {
  return cors !== undefined && method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
}

/** The headers that a URL's CORS settings add to an answer, flat; none for an origin that is not allowed. */
export function corsHeaders(cors: Cors | undefined, origin: string | undefined): string[] {
  if (cors === undefined || origin === undefined) return [];
  const origins = cors.AllowOrigins ?? [];
  const any = origins.includes("*");
  if (!any && !origins.includes(origin)) return [];
  const headers = ["Access-Control-Allow-Origin", any && cors.AllowCredentials !== true ? "*" : origin];
  if (!any || cors.AllowCredentials === true) headers.push("Vary", "Origin");
  if (cors.AllowCredentials === true) headers.push("Access-Control-Allow-Credentials", "true");
  if ((cors.AllowMethods?.length ?? 0) > 0) headers.push("Access-Control-Allow-Methods", cors.AllowMethods!.join(","));
  if ((cors.AllowHeaders?.length ?? 0) > 0) headers.push("Access-Control-Allow-Headers", cors.AllowHeaders!.join(","));
  if ((cors.ExposeHeaders?.length ?? 0) > 0) headers.push("Access-Control-Expose-Headers", cors.ExposeHeaders!.join(","));
  if (cors.MaxAge !== undefined) headers.push("Access-Control-Max-Age", String(cors.MaxAge));
  return headers;
}
