import { AwsError } from "@cumulet/protocol";
import { defineDataPlane } from "@cumulet/core";
import type { Context, Exchange } from "@cumulet/core";
import { corsHeaders, requestedHeaders } from "../domain/cors.ts";
import { badRequest } from "../domain/errors.ts";
import { BUCKET_NAMES, findBucket } from "../requests/bucket.ts";
import type { Store } from "../store.ts";
import { s3Address } from "./address.ts";
import type { S3Address } from "./address.ts";
import { answering, send, sendError } from "./answer.ts";

/** CORS preflights of buckets: an `OPTIONS` that asks before a browser sends the request itself. */
export const preflightPlane = defineDataPlane<Store, S3Address>({
  name: "s3-preflight",

  claim(address, names) {
    if (address.method !== "OPTIONS") return undefined;
    const match = s3Address(address);
    const owner = match && names.find(BUCKET_NAMES, match.bucket);
    return match && owner && { account: owner.account, region: owner.region, match };
  },

  async handle(ctx, exchange, { bucket: name, key }) {
    await answering(ctx, async () => preflight(ctx, exchange, name, key), (error) => sendError(exchange, ctx, error));
  },
});

function preflight(ctx: Context<Store>, exchange: Exchange, name: string, key: string): void {
  const { headers } = exchange.request;
  const { origin } = headers;
  if (origin === undefined) throw badRequest("Insufficient information. Origin request header needed.");
  const method = headers["access-control-request-method"];
  const resourceType = key === "" ? "BUCKET" : "OBJECT";
  const forbidden = (message: string) => new AwsError("AccessForbidden", `CORSResponse: ${message}`, { status: 403, fields: { Method: method ?? "OPTIONS", ResourceType: resourceType } });
  const bucket = findBucket(ctx, name);
  if (bucket === undefined) throw forbidden("Bucket not found");
  if (bucket.configs.cors === undefined) {
    // Pages of this machine may always use the cloud; a bucket's rules decide once it has some.
    if (method !== undefined && isOwnPage(ctx, origin)) return send(exchange, ctx, 200, ownPage(origin, method, String(headers["access-control-request-headers"] ?? "*")));
    throw forbidden("CORS is not enabled for this bucket.");
  }
  if (method === undefined) throw badRequest("Invalid Access-Control-Request-Method: null");
  const allowed = corsHeaders(bucket.configs.cors, { origin, method, headers: requestedHeaders(headers["access-control-request-headers"] as string | undefined) });
  if (allowed === undefined) {
    throw forbidden("This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.");
  }
  send(exchange, ctx, 200, allowed);
}

function isOwnPage(ctx: Context<Store>, origin: string): boolean {
  const host = /^https?:\/\/([^/:]+)(:\d+)?$/.exec(origin)?.[1];
  if (host === undefined) return false;
  return host === "localhost" || /^127(\.\d{1,3}){3}$/.test(host) || ctx.config.domains.some((domain) => host === domain || host.endsWith(`.${domain}`));
}

function ownPage(origin: string, method: string, headers: string): [string, string][] {
  return [["Access-Control-Allow-Origin", origin], ["Access-Control-Allow-Methods", method], ["Access-Control-Allow-Headers", headers], ["Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"]];
}
