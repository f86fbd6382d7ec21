import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AwsError } from "@cumulet/protocol";
import { defineDataPlane } from "@cumulet/core";
import type { Address, Context, Exchange } from "@cumulet/core";
import type { GetObjectOutput, WebsiteConfiguration } from "@cumulet/protocol/models/s3.d.ts";
import { methodNotAllowed, noSuchBucket, notConfigured } from "../domain/errors.ts";
import { redirectAll, route, siteKey } from "../domain/website.ts";
import type { Redirection, SiteAddress } from "../domain/website.ts";
import { getOperations } from "../operations/get.ts";
import { BUCKET_NAMES, findBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { findVersion } from "../requests/versions.ts";
import type { Store } from "../store.ts";
import { answering, errorPage, send } from "./answer.ts";

/** What an address of a site says: the bucket, the path below it, and what stood before that path. */
interface SiteMatch {
  bucket: string;
  /** Decoded, with its leading slash. */
  path: string;
  /** Of a site that has no host of its own: `/_aws/s3-website/bucket`. */
  base: string;
}

const PATH_FORM = "/_aws/s3-website/";

/**
 * Websites: `<bucket>.s3-website[.<region>].<domain>`, and by path `/_aws/s3-website/<bucket>/` on any host, for browsers
 * that cannot resolve names below localhost. Sources: Amazon S3 User Guide, "Hosting a static website", recorded answers.
 */
export const sitePlane = defineDataPlane<Store, SiteMatch>({
  name: "s3-website",

  claim(address, names) {
    const match = siteAddress(address);
    if (match === undefined) return undefined;
    const owner = names.find(BUCKET_NAMES, match.bucket);
    return { account: owner?.account ?? "000000000000", region: owner?.region ?? address.region ?? "us-east-1", match };
  },

  async handle(ctx, exchange, match) {
    const page = (error: AwsError, custom?: AwsError) => {
      const { status, page: text } = errorPage(ctx, error, custom);
      send(exchange, ctx, status, [["Content-Type", "text/html; charset=utf-8"], ["x-amz-error-code", error.code], ["x-amz-error-message", error.message]], text);
    };
    await answering(ctx, () => serve(ctx, exchange, match, page), page);
  },
});

function siteAddress({ service, resource, path }: Address): SiteMatch | undefined {
  if (path.startsWith(PATH_FORM)) return underPath(path, PATH_FORM);
  if (service !== "s3-website") return undefined;
  return resource === "" ? underPath(path, "/") : { bucket: resource, path: decode(path), base: "" };
}

function underPath(path: string, prefix: string): SiteMatch | undefined {
  const slash = path.indexOf("/", prefix.length);
  const bucket = decode(path.slice(prefix.length, slash < 0 ? undefined : slash));
  return bucket === "" ? undefined : { bucket, path: slash < 0 ? "/" : decode(path.slice(slash)), base: `${prefix}${bucket}` };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function serve(ctx: Context<Store>, exchange: Exchange, { bucket: name, path, base }: SiteMatch, page: (error: AwsError, custom?: AwsError) => void): Promise<void> {
  const { method } = exchange.address;
  const bucket = findBucket(ctx, name);
  if (bucket === undefined) throw noSuchBucket(name);
  const config = bucket.configs.website;
  if (config === undefined) throw notConfigured("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration", name);
  if (method !== "GET" && method !== "HEAD") throw methodNotAllowed(method, "OBJECT");
  const from: SiteAddress = { protocol: new URL(ctx.endpoint).protocol.slice(0, -1), host: String(exchange.request.headers.host ?? exchange.address.host) + base };
  const everywhere = redirectAll(config, path, from);
  if (everywhere !== undefined) return redirect(ctx, exchange, everywhere);
  const early = route(config, path.slice(1), undefined, from);
  if (early !== undefined) return redirect(ctx, exchange, early);
  const key = siteKey(path, config);
  try {
    await sendObject(ctx, exchange, await object(ctx, exchange, bucket, key), 200);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    await missed(ctx, exchange, { bucket, config, key, path, base, from, error }, page);
  }
}

interface Miss {
  bucket: Bucket;
  config: WebsiteConfiguration;
  key: string;
  path: string;
  base: string;
  from: SiteAddress;
  error: AwsError;
}

/** What a site does about an object that is not there, or not for everybody. */
async function missed(ctx: Context<Store>, exchange: Exchange, { bucket, config, key, path, base, from, error }: Miss, page: (error: AwsError, custom?: AwsError) => void): Promise<void> {
  const status = error.status ?? 400;
  if (status === 304) return send(exchange, ctx, 304, Object.entries(error.headers));
  // A folder without its slash, when it has an index.
  if (status === 404 && !path.endsWith("/") && findVersion(bucket, `${key}/${config.IndexDocument?.Suffix ?? ""}`, undefined)?.marker === 0) {
    return redirect(ctx, exchange, { status: 302, location: `${base}${encodePath(path)}/` });
  }
  const late = route(config, key, status, from);
  if (late !== undefined) return redirect(ctx, exchange, late);
  const document = config.ErrorDocument?.Key;
  if (document === undefined || status < 400 || status >= 500) return page(error);
  try {
    await sendObject(ctx, exchange, await object(ctx, exchange, bucket, document, false), status);
  } catch (second) {
    if (!(second instanceof AwsError)) throw second;
    page(error, second);
  }
}

/** The object as anybody may read it, with the conditions and the range of the request. */
async function object(ctx: Context<Store>, exchange: Exchange, bucket: Bucket, key: string, conditional = true): Promise<GetObjectOutput> {
  const { headers } = exchange.request;
  const date = (value: string | undefined) => (value === undefined || Number.isNaN(Date.parse(value)) ? {} : Date.parse(value));
  const since = date(headers["if-modified-since"]);
  const until = date(headers["if-unmodified-since"]);
  return getOperations.GetObject(ctx, {
    Bucket: bucket.name,
    Key: key,
    ...(conditional ? {
      ...(headers.range === undefined ? {} : { Range: headers.range }),
      ...(headers["if-match"] === undefined ? {} : { IfMatch: headers["if-match"] }),
      ...(headers["if-none-match"] === undefined ? {} : { IfNoneMatch: headers["if-none-match"] }),
      ...(typeof since === "number" ? { IfModifiedSince: since } : {}),
      ...(typeof until === "number" ? { IfUnmodifiedSince: until } : {}),
    } : {}),
  });
}

async function sendObject(ctx: Context<Store>, exchange: Exchange, output: GetObjectOutput, status: number): Promise<void> {
  const { response, request } = exchange;
  if (output.WebsiteRedirectLocation !== undefined) {
    if (output.Body instanceof Readable) output.Body.destroy();
    return redirect(ctx, exchange, { status: 301, location: output.WebsiteRedirectLocation });
  }
  const headers: [string, string][] = [
    ["Content-Type", output.ContentType ?? "binary/octet-stream"], ["ETag", output.ETag ?? ""], ["Last-Modified", new Date(output.LastModified ?? 0).toUTCString()], ["Accept-Ranges", "bytes"],
  ];
  const more: [string, string | undefined][] = [
    ["Cache-Control", output.CacheControl], ["Content-Disposition", output.ContentDisposition], ["Content-Encoding", output.ContentEncoding], ["Content-Language", output.ContentLanguage],
    ["Expires", output.Expires], ["Content-Range", output.ContentRange], ["x-amz-version-id", output.VersionId],
    ...Object.entries(output.Metadata ?? {}).map(([name, value]): [string, string] => [`x-amz-meta-${name}`, value]),
  ];
  for (const [name, value] of more) if (value !== undefined) headers.push([name, value]);
  const code = status === 200 ? output.StatusCode ?? 200 : status;
  if (!(output.Body instanceof Readable)) return send(exchange, ctx, code, headers, output.Body);
  headers.push(["Content-Length", String(output.ContentLength ?? 0)], ["x-amz-request-id", ctx.requestId]);
  response.writeHead(code, headers.flat());
  if (request.method === "HEAD") {
    output.Body.destroy();
    response.end();
    return;
  }
  await pipeline(output.Body, response);
}

function redirect(ctx: Context<Store>, exchange: Exchange, { status, location }: Redirection): void {
  send(exchange, ctx, status, [["Location", location]]);
}

function encodePath(path: string): string {
  return path.split("/").map((part) => encodeURIComponent(part)).join("/");
}
