import { AwsError } from "@cumulet/protocol";
import { writeAnswer } from "./answer.ts";
import type { Call } from "./call.ts";
import type { IncomingHttpHeaders } from "node:http";

/**
 * Which web pages may drive the cloud. A browser sends `Origin` (or `Sec-Fetch-Site`) with every cross-site request, so
 * a foreign page is recognised even for requests that need no preflight.
 */
export interface OriginPolicy {
  /** Origins allowed beside the local ones, as `scheme://host[:port]`, or `*`. */
  extra: readonly string[];
  /** Domains of the platform: pages served under them (its sites, APIs and console) are its own. */
  domains: readonly string[];
}

/** Desktop shells and developer tools of the machine itself. */
const LOCAL_SCHEMES = new Set(["tauri:", "vscode-webview:", "vscode-file:", "app:"]);

/** `undefined` when no browser page is behind the request; else whether that page may drive the cloud. */
export function pageMayDrive(headers: IncomingHttpHeaders, policy: OriginPolicy): boolean | undefined {
  const { origin } = headers;
  if (origin === undefined) {
    // An image or a form of a foreign page carries no Origin on GET, but says where it comes from. A person who follows
    // a link or types an address ("none", or a top-level navigation) is not a page that drives.
    const site = headers["sec-fetch-site"];
    if (site === "cross-site" && headers["sec-fetch-mode"] !== "navigate") return false;
    return undefined;
  }
  if (policy.extra.includes("*") || policy.extra.includes(origin)) return true;
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return false; // "null": a sandboxed frame or a local file
  }
  if (LOCAL_SCHEMES.has(url.protocol)) return true;
  return isOwnHost(url.hostname, policy.domains);
}

/** Whether a host name is this machine's or one of the platform's own domains, which resolve to it. */
export function isOwnHost(hostname: string, domains: readonly string[]): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (host === "127.0.0.1" || host === "::1" || host === "localhost" || host === "host.docker.internal") return true;
  if (/^127(?:\.\d{1,3}){3}$/.test(host)) return true;
  return domains.some((domain) => host === domain || host.endsWith(`.${domain}`));
}

const EXPOSED =
  "etag,x-amz-version-id,x-amz-request-id,x-amz-id-2,x-amzn-requestid,x-amzn-trace-id,x-amzn-errortype,x-amz-delete-marker,x-amz-crc32,content-range,x-amz-function-error,x-amz-log-result,x-amz-executed-version,date,content-length";

/** CORS headers for an allowed page's request to the AWS API itself (buckets, gateways and functions answer with their own rules). */
export function corsHeaders(origin: string): string[] {
  return ["Access-Control-Allow-Origin", origin, "Vary", "Origin", "Access-Control-Expose-Headers", EXPOSED];
}

/** The answer to an allowed page's preflight. */
export function preflightHeaders(origin: string, headers: IncomingHttpHeaders): string[] {
  const answer = [
    "Access-Control-Allow-Origin", origin,
    "Vary", "Origin",
    "Access-Control-Allow-Methods", "GET,HEAD,POST,PUT,DELETE,PATCH,OPTIONS",
    "Access-Control-Allow-Headers", String(headers["access-control-request-headers"] ?? "*"),
    "Access-Control-Max-Age", "600",
  ];
  // Chromium's Private Network Access asks before a public page may reach a loopback address.
  if (headers["access-control-request-private-network"] === "true") answer.push("Access-Control-Allow-Private-Network", "true");
  return answer;
}

/**
 * Stage: refuses a foreign page, answers an allowed page's preflight, and adds CORS headers to its answers. S3 is left
 * to the buckets' own CORS rules, as on AWS.
 */
export function guardPage(call: Call): void {
  const http = call.http!;
  const { headers, method } = http.request;
  if (headers.origin === undefined && headers["sec-fetch-site"] === undefined) return;
  const allowed = pageMayDrive(headers, call.runtime.origins);
  if (allowed === undefined) return;
  const { origin } = headers;
  if (allowed && origin !== undefined) {
    const preflight = method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
    if (preflight) {
      call.answer = { status: 204, headers: [...preflightHeaders(origin, headers), "Content-Length", "0"], body: undefined };
      call.operationName = "Preflight";
      writeAnswer(call);
      call.done = true;
      return;
    }
    http.extraHeaders.push(...corsHeaders(origin));
    return;
  }
  if (!allowed) {
    call.foreignPage = true;
  }
}

/** Stage after the service is known: a foreign page may reach nothing but buckets, whose CORS rules and policies decide. */
export function refuseForeignPage(call: Call): void {
  if (!call.foreignPage || call.serviceName === "s3") return;
  throw new AwsError(
    "AccessDenied",
    `The web page at ${call.http!.request.headers.origin ?? "another site"} may not use this cloud. Allow it with CUMULET_EXTRA_CORS_ALLOWED_ORIGINS.`,
    { status: 403 },
  );
}
