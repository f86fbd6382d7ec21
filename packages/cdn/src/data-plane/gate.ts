/** What a request must pass before it is looked up: limits, protocol, country, methods, signatures. */
import type { Behavior } from "../domain/behavior.ts";
import { HEADER_BYTES, headerBytes, URL_BYTES } from "../domain/limits.ts";
import { checkSignature, withoutSignature } from "../domain/signed-access.ts";
import { Body } from "./cache/body.ts";
import { semanticsOf } from "./distribution.ts";
import { errorReply, type Reply } from "./reply.ts";
import type { Viewer } from "./viewer.ts";

/** Methods that a distribution can allow. */
const ALL_METHODS = 7;

/** The refusal of a request that its distribution does not take; undefined for one that may go on. */
export function refuseByDistribution(viewer: Viewer): Reply | undefined {
  const { distribution: { config }, request, path, query, country } = viewer;
  if (!config.Enabled) return errorReply(viewer, 403, "The distribution is disabled.");
  if (path.length + query.length + (viewer.headers["host"]?.length ?? 0) > URL_BYTES) return errorReply(viewer, 414, "", "LimitExceeded");
  if (headerBytes(request.rawHeaders) > HEADER_BYTES) return errorReply(viewer, 494, "", "LimitExceeded");
  const { RestrictionType: type, Items: countries = [] } = config.Restrictions?.GeoRestriction ?? { RestrictionType: "none" };
  if ((type === "blacklist" && countries.includes(country)) || (type === "whitelist" && !countries.includes(country))) {
    return errorReply(viewer, 403, "The Amazon CloudFront distribution is configured to block access from your country.");
  }
  return undefined;
}

/** The refusal, or redirection, of a request that its behaviour does not take. Takes a signature out of the query. */
export function refuseByBehavior(viewer: Viewer, behavior: Behavior): Reply | undefined {
  const { allowedMethods, viewerProtocol, trustedKeys } = behavior;
  if (!viewer.https && viewerProtocol !== "allow-all" && viewer.network.httpsPort !== undefined) {
    if (viewerProtocol === "https-only") return errorReply(viewer, 403, "The distribution requires HTTPS.");
    return redirectToHttps(viewer, viewer.network.httpsPort);
  }
  // CloudFront knows seven methods; a cache by the RFCs lets unknown ones through.
  if (!allowedMethods.has(viewer.method) && !(allowedMethods.size === ALL_METHODS && semanticsOf(viewer.ctx.config) === "rfc")) {
    const only = allowedMethods.size === 2 ? "The distribution supports only cachable requests." : "";
    return errorReply(viewer, 403, `This distribution is not configured to allow the HTTP request method that was used for this request. ${only}`);
  }
  if (viewer.method === "GET" && Number(viewer.headers["content-length"] ?? 0) > 0) return errorReply(viewer, 403, "A GET request must not include a body.");
  if (trustedKeys === undefined) return undefined;
  const refusal = checkSignature(
    { query: viewer.query, cookies: viewer.headers["cookie"], urls: signableUrls(viewer), ip: viewer.ip, nowMs: viewer.ctx.clock.now() },
    (id) => trustedKeys.get(id),
  );
  viewer.query = withoutSignature(viewer.query);
  return refusal === undefined ? undefined : deniedReply(viewer, refusal.code, refusal.message);
}

function redirectToHttps(viewer: Viewer, port: number): Reply {
  const host = (viewer.headers["host"] ?? viewer.distribution.domainName).replace(/:\d+$/, "");
  const location = `https://${host}${port === 443 ? "" : `:${port}`}${viewer.request.url ?? "/"}`;
  const page = Buffer.from("<html>\r\n<head><title>301 Moved Permanently</title></head>\r\n<body>\r\n<center><h1>301 Moved Permanently</h1></center>\r\n<hr><center>CloudFront</center>\r\n</body>\r\n</html>\r\n");
  // The guide: 301 for GET and HEAD, 307 for the others, so that their method stays.
  const status = viewer.method === "GET" || viewer.method === "HEAD" ? 301 : 307;
  return {
    status,
    headers: ["Server", "CloudFront", "Date", new Date(viewer.ctx.clock.now()).toUTCString(), "Content-Type", "text/html", "Content-Length", String(page.length), "Location", location],
    body: Body.of(page), result: "Redirect", age: undefined, entry: undefined,
  };
}

/** The URLs under which a viewer may have known what it asks for: every scheme, name and form of it. */
function signableUrls(viewer: Viewer): string[] {
  const { distribution, request, path } = viewer;
  const received = (request.url ?? "/").split("?", 1)[0]!;
  const host = viewer.headers["host"] ?? distribution.domainName;
  const bare = host.replace(/:\d+$/, "");
  const label = distribution.domainName.split(".", 1)[0]!;
  const hosts = new Set([host, bare, distribution.domainName, `${label}.cloudfront.net`, ...distribution.aliases]);
  const schemes = viewer.https ? ["https", "http"] : ["http", "https"];
  const urls = new Set<string>();
  for (const name of hosts) for (const scheme of schemes) for (const one of [received, path]) urls.add(`${scheme}://${name}${one}`);
  return [...urls];
}

/** CloudFront's refusals of signatures are XML. */
function deniedReply(viewer: Viewer, code: string, message: string): Reply {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
  return {
    status: 403,
    headers: ["Server", "CloudFront", "Date", new Date(viewer.ctx.clock.now()).toUTCString(), "Content-Type", "text/xml", "Content-Length", String(body.length)],
    body: Body.of(body), result: "Error", age: undefined, entry: undefined,
  };
}
