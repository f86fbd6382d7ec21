import type { ResponseHeadersPolicyConfig, ResponseHeadersPolicySecurityHeadersConfig } from "@cumulet/protocol/models/cloudfront.d.ts";
import { headerOf, setHeader, withoutHeaders, type RequestHeaders } from "./headers.ts";
import { wildcardMatch } from "./path-pattern.ts";

/** What a response headers policy is applied to. */
export interface PolicyInput {
  /** As they would be sent without the policy. */
  headers: readonly string[];
  request: RequestHeaders;
  method: string;
}

const ALL_METHODS = ["GET", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/** Adds, replaces and removes headers as a policy says. */
export function applyResponseHeaders({ headers, request, method }: PolicyInput, policy: ResponseHeadersPolicyConfig): string[] {
  const removed = new Set((policy.RemoveHeadersConfig?.Items ?? []).map(({ Header }) => Header.toLowerCase()));
  const result = withoutHeaders(headers, removed);
  const add = (name: string, value: string, override: boolean): void => {
    if (override || headerOf(result, name.toLowerCase()) === undefined) setHeader(result, name, value);
  };
  if (policy.CorsConfig !== undefined) addCors(policy.CorsConfig, request, method, add);
  for (const [name, value, override] of securityHeaders(policy.SecurityHeadersConfig ?? {})) add(name, value, override);
  for (const { Header, Value, Override } of policy.CustomHeadersConfig?.Items ?? []) add(Header, Value, Override);
  return result;
}

function addCors(cors: NonNullable<ResponseHeadersPolicyConfig["CorsConfig"]>, request: RequestHeaders, method: string, add: (name: string, value: string, override: boolean) => void): void {
  const origin = request["origin"];
  if (origin === undefined) return;
  const origins = cors.AccessControlAllowOrigins.Items ?? [];
  const any = origins.includes("*");
  if (!any && !origins.some((pattern) => originMatches(pattern, origin))) return;
  const override = cors.OriginOverride;
  add("Access-Control-Allow-Origin", any && !cors.AccessControlAllowCredentials ? "*" : origin, override);
  if (!any) add("Vary", "Origin", false);
  if (cors.AccessControlAllowCredentials) add("Access-Control-Allow-Credentials", "true", override);
  if (method === "OPTIONS" && request["access-control-request-method"] !== undefined) {
    const methods = cors.AccessControlAllowMethods.Items ?? [];
    add("Access-Control-Allow-Methods", (methods.includes("ALL") ? ALL_METHODS : methods).join(", "), override);
    add("Access-Control-Allow-Headers", (cors.AccessControlAllowHeaders.Items ?? []).join(", "), override);
    if (cors.AccessControlMaxAgeSec !== undefined) add("Access-Control-Max-Age", String(cors.AccessControlMaxAgeSec), override);
    return;
  }
  const exposed = cors.AccessControlExposeHeaders?.Items ?? [];
  if (exposed.length > 0) add("Access-Control-Expose-Headers", exposed.join(", "), override);
}

/** A pattern has a host, and perhaps a scheme and a port; `*` stands for any of them. Without a scheme any will do. */
function originMatches(pattern: string, origin: string): boolean {
  const lower = origin.toLowerCase();
  const wanted = pattern.toLowerCase();
  return wildcardMatch(wanted, wanted.includes("://") ? lower : lower.replace(/^[a-z][a-z0-9+.-]*:\/\//, ""));
}

function* securityHeaders(config: ResponseHeadersPolicySecurityHeadersConfig): Generator<[name: string, value: string, override: boolean]> {
  const { XSSProtection: xss, FrameOptions: frame, ReferrerPolicy: referrer, ContentSecurityPolicy: csp, ContentTypeOptions: type, StrictTransportSecurity: sts } = config;
  if (xss !== undefined) {
    const report = xss.ReportUri === undefined || xss.ReportUri === "" ? "" : `; report=${xss.ReportUri}`;
    yield ["X-XSS-Protection", xss.Protection ? `1${xss.ModeBlock === true ? "; mode=block" : ""}${report}` : "0", xss.Override];
  }
  if (frame !== undefined) yield ["X-Frame-Options", frame.FrameOption, frame.Override];
  if (referrer !== undefined) yield ["Referrer-Policy", referrer.ReferrerPolicy, referrer.Override];
  if (csp !== undefined) yield ["Content-Security-Policy", csp.ContentSecurityPolicy, csp.Override];
  if (type !== undefined) yield ["X-Content-Type-Options", "nosniff", type.Override];
  if (sts !== undefined) {
    yield ["Strict-Transport-Security", `max-age=${sts.AccessControlMaxAgeSec}${sts.IncludeSubdomains === true ? "; includeSubDomains" : ""}${sts.Preload === true ? "; preload" : ""}`, sts.Override];
  }
}
