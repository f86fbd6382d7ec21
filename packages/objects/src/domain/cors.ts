import type { CORSConfiguration, CORSRule } from "@cumulet/protocol/models/s3.d.ts";
import { AwsError } from "@cumulet/protocol";
import { malformedXml } from "./errors.ts";

/** Cross-origin rules of a bucket. Source: Amazon S3 User Guide, "Using cross-origin resource sharing", and recorded answers. */

const METHODS: ReadonlySet<string> = new Set(["GET", "PUT", "POST", "DELETE", "HEAD"]);
const RULES_MAX = 100;

/** Checks a configuration; throws in S3's words. */
export function checkCors(config: CORSConfiguration): void {
  const rules = config.CORSRules;
  if (!Array.isArray(rules) || rules.length === 0 || rules.length > RULES_MAX) throw malformedXml();
  for (const { AllowedMethods, AllowedOrigins, AllowedHeaders } of rules) {
    if (!AllowedMethods?.length || !AllowedOrigins?.length) throw malformedXml();
    for (const method of AllowedMethods) {
      if (!METHODS.has(method)) throw invalid(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`);
    }
    for (const origin of AllowedOrigins) if (stars(origin) > 1) throw invalid(`AllowedOrigin "${origin}" can not have more than one wildcard.`);
    for (const header of AllowedHeaders ?? []) if (stars(header) > 1) throw invalid(`AllowedHeader "${header}" can not have more than one wildcard.`);
  }
}

const invalid = (message: string) => new AwsError("InvalidRequest", message, { status: 400 });
const stars = (pattern: string) => pattern.split("*").length - 1;

/** What a browser says of a cross-origin request. */
export interface CorsRequest {
  origin: string;
  /** Of the request itself, or the one that a preflight asks about. */
  method: string;
  /** Names in `Access-Control-Request-Headers`; none for the request itself. */
  headers: readonly string[];
}

/** The answer's headers by the first rule that fits; undefined when none does. */
export function corsHeaders(config: CORSConfiguration | undefined, request: CorsRequest): [string, string][] | undefined {
  const rule = config?.CORSRules.find((one) => fits(one, request));
  if (rule === undefined) return undefined;
  const everybody = rule.AllowedOrigins.includes("*");
  const headers: [string, string][] = [
    ["Access-Control-Allow-Origin", everybody ? "*" : request.origin],
    ["Access-Control-Allow-Methods", rule.AllowedMethods.join(", ")],
  ];
  if (request.headers.length > 0) headers.push(["Access-Control-Allow-Headers", request.headers.map((name) => name.toLowerCase()).join(", ")]);
  if (rule.ExposeHeaders?.length) headers.push(["Access-Control-Expose-Headers", rule.ExposeHeaders.join(", ")]);
  if (rule.MaxAgeSeconds !== undefined) headers.push(["Access-Control-Max-Age", String(rule.MaxAgeSeconds)]);
  if (!everybody) headers.push(["Access-Control-Allow-Credentials", "true"]);
  headers.push(["Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"]);
  return headers;
}

function fits(rule: CORSRule, { origin, method, headers }: CorsRequest): boolean {
  return rule.AllowedOrigins.some((pattern) => matches(pattern, origin))
    && rule.AllowedMethods.includes(method)
    && headers.every((name) => (rule.AllowedHeaders ?? []).some((pattern) => matches(pattern.toLowerCase(), name.toLowerCase())));
}

/** At most one `*`. */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text;
  const before = pattern.slice(0, star);
  const after = pattern.slice(star + 1);
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}

/** The names in an `Access-Control-Request-Headers` header. */
export function requestedHeaders(header: string | undefined): string[] {
  return (header ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
}
