/** What all of CloudFront's configured resources share: ids, ETags and `If-Match`, pages. */
import type { Context } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type { Tag } from "@cumulet/protocol/models/cloudfront.d.ts";
import type { CdnStore, Kind, Resource } from "../store.ts";

/** The context of every handler here. */
export type Cdn = Context<CdnStore>;

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** An id as CloudFront makes them: a letter that tells the kind, then 13 upper-case characters. */
export function newId(ctx: Cdn, letter: "C" | "E" | "I" | "K" | "P"): string {
  return `${letter}${ctx.ids.token(13, UPPER)}`;
}

/** A fresh ETag: opaque, without quotes. */
export function newEtag(ctx: Cdn): string {
  return `E${ctx.ids.token(13, UPPER)}`;
}

/** The ARN of one of an account's CloudFront resources: `distribution/E123`. */
export function arnOf(ctx: Cdn, resource: string): string {
  return `arn:${ctx.partition}:cloudfront::${ctx.account}:${resource}`;
}

/** The URL in a `Location` header: what follows the API's version in its path. */
export function locationOf(ctx: Cdn, path: string): string {
  return `${ctx.endpoint}/2020-05-31/${path}`;
}

const MISSING: Readonly<Record<Kind, [code: string, message: string]>> = {
  distribution: ["NoSuchDistribution", "The specified distribution does not exist."],
  "cache-policy": ["NoSuchCachePolicy", "The specified cache policy does not exist."],
  "origin-request-policy": ["NoSuchOriginRequestPolicy", "The specified origin request policy does not exist."],
  "response-headers-policy": ["NoSuchResponseHeadersPolicy", "The specified response headers policy does not exist."],
  "origin-access-control": ["NoSuchOriginAccessControl", "The specified origin access control does not exist."],
  "origin-access-identity": ["NoSuchCloudFrontOriginAccessIdentity", "The specified origin access identity does not exist."],
  "public-key": ["NoSuchPublicKey", "The specified public key does not exist."],
  "key-group": ["NoSuchResource", "The specified key group does not exist."],
  function: ["NoSuchFunctionExists", "The specified function does not exist."],
  "key-value-store": ["EntityNotFound", "The specified key value store does not exist."],
  "continuous-deployment-policy": ["NoSuchContinuousDeploymentPolicy", "The specified continuous deployment policy does not exist."],
  "realtime-log-config": ["NoSuchRealtimeLogConfig", "The specified real-time log configuration does not exist."],
  "monitoring-subscription": ["NoSuchMonitoringSubscription", "A monitoring subscription does not exist for the specified distribution."],
  "field-level-encryption-config": ["NoSuchFieldLevelEncryptionConfig", "The specified field-level encryption configuration does not exist."],
  "field-level-encryption-profile": ["NoSuchFieldLevelEncryptionProfile", "The specified field-level encryption profile does not exist."],
};

/** The resource, or the kind's own "no such" error. */
export function existing<Body>(ctx: Cdn, kind: Kind, id: string): Resource<Body> {
  const found = ctx.store.resources.get<Body>(kind, id);
  if (found === undefined) throw missing(kind);
  return found;
}

/** The kind's "no such" error. */
export function missing(kind: Kind): AwsError {
  const [code, message] = MISSING[kind];
  return new AwsError(code, message);
}

/** Requires `If-Match` to name the resource's current version. */
export function checkVersion(resource: Resource, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === "") throw new AwsError("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.");
  // Both forms are sent: the SDK's bare one, and a quoted one by clients that treat it as an HTTP entity tag.
  if (ifMatch.replace(/^"(.*)"$/, "$1") !== resource.etag) {
    throw new AwsError("PreconditionFailed", "The request failed because it didn't meet the preconditions in one or more request-header fields.");
  }
}

/** Stores a new resource. */
export function createResource<Body>(ctx: Cdn, kind: Kind, id: string, name: string, body: Body): Resource<Body> {
  const nowMs = ctx.clock.now();
  const resource = { id, name, etag: newEtag(ctx), body, createdMs: nowMs, modifiedMs: nowMs };
  ctx.store.resources.insert(kind, resource);
  return resource;
}

/** Stores a new version of a resource. */
export function replaceResource<Body>(ctx: Cdn, kind: Kind, resource: Resource<unknown>, name: string, body: Body): Resource<Body> {
  const next = { ...resource, name, body, etag: newEtag(ctx), modifiedMs: ctx.clock.now() };
  ctx.store.resources.update(kind, next);
  return next;
}

/** A page of a list, with what every CloudFront list says of itself. */
export interface Page<T> {
  Marker: string;
  NextMarker?: string;
  MaxItems: number;
  IsTruncated: boolean;
  Quantity: number;
  Items?: T[];
}

/** Largest and default page of a list. */
const PAGE = 100;

/** `MaxItems`, which is text on the wire. */
export function pageSize(maxItems: string | undefined): number {
  if (maxItems === undefined || maxItems === "") return PAGE;
  const size = Number(maxItems);
  if (!Number.isInteger(size) || size < 1) throw new AwsError("InvalidArgument", "The MaxItems parameter is not valid.");
  return Math.min(size, PAGE);
}

/** Makes a page of rows read with `limit = size + 1`. */
export function pageOf<Row, T>(rows: Row[], marker: string | undefined, size: number, idOf: (row: Row) => string, view: (row: Row) => T): Page<T> {
  const truncated = rows.length > size;
  const shown = truncated ? rows.slice(0, size) : rows;
  return {
    Marker: marker ?? "",
    ...(truncated ? { NextMarker: idOf(shown.at(-1)!) } : {}),
    MaxItems: size,
    IsTruncated: truncated,
    Quantity: shown.length,
    ...(shown.length === 0 ? {} : { Items: shown.map(view) }),
  };
}

/** A page of the resources of a kind, by id. */
export function listResources<Body, T>(ctx: Cdn, kind: Kind, marker: string | undefined, maxItems: string | undefined, view: (resource: Resource<Body>) => T): Page<T> {
  const size = pageSize(maxItems);
  return pageOf(ctx.store.resources.page<Body>(kind, marker ?? "", size + 1), marker, size, ({ id }) => id, view);
}

/** Refuses a list whose `Quantity` is not the number of its `Items`, anywhere in a configuration. */
export function checkQuantities(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) checkQuantities(item);
    return;
  }
  const { Quantity: quantity, Items: items } = value as { Quantity?: unknown; Items?: unknown };
  if (typeof quantity === "number" && quantity !== (Array.isArray(items) ? items.length : 0)) {
    throw new AwsError("InconsistentQuantities", "The value of Quantity and the size of Items don't match.");
  }
  for (const member of Object.values(value)) checkQuantities(member);
}

/** Most tags on one resource. */
const TAGS = 50;

/** Adds or replaces tags. */
export function setTags(ctx: Cdn, arn: string, tags: readonly Tag[]): void {
  for (const { Key, Value } of tags) {
    if (Key.startsWith("aws:")) throw new AwsError("InvalidTagging", "The tagging specified is not valid: keys that start with aws: are reserved.");
    ctx.store.tags.set(arn, Key, Value);
  }
  if (ctx.store.tags.of(arn).length > TAGS) throw new AwsError("InvalidTagging", `The tagging specified is not valid: a resource has at most ${TAGS} tags.`);
}
