import { AwsError } from "@cumulet/protocol";
import type { Context } from "@cumulet/core";
import { accessDenied, invalidBucketName, methodNotAllowed, noSuchBucket } from "../domain/errors.ts";
import { corsHeaders } from "../domain/cors.ts";
import { isAddressableBucketName } from "../domain/names.ts";
import { canonicalId } from "../domain/owner.ts";
import type { Acl } from "../domain/acl.ts";
import type { BucketRow } from "../store/buckets.ts";
import type { BucketConfigs } from "./configs.ts";
import type { Store } from "../store.ts";
import { ACCESS_POINT_OPERATIONS, findAccessPoint } from "./access-point.ts";
import type { AccessPoint } from "./access-point.ts";

/** A bucket that a request names: its row, what is configured on it, and its owner's side of the world. */
export interface Bucket extends BucketRow {
  account: string;
  region: string;
  /** Canonical id of the owner. */
  owner: string;
  configs: BucketConfigs;
  /** S3 itself in the owner's account and the bucket's region; the request's own context when it is there already. */
  ctx: Context<Store>;
  /** The access point that the request came through. */
  accessPoint?: AccessPoint;
}

/** How the names directory knows buckets. */
export const BUCKET_NAMES = "bucket";

/** What the names directory keeps beside a bucket's owner, for lists of buckets to need no other store. */
export interface BucketNameData {
  createdMs: number;
}

/** Input members that every operation on a bucket has. */
export interface BucketInput {
  Bucket: string;
  ExpectedBucketOwner?: string;
}

/**
 * Finds the bucket of a request wherever it lives. Throws, in S3's order: NoSuchBucket, an answer that names the right
 * region, and for an `x-amz-expected-bucket-owner` that is not.
 */
export function openBucket(ctx: Context<Store>, input: BucketInput, { anyRegion = false } = {}): Bucket {
  const bucket = findBucket(ctx, input.Bucket) ?? throughAccessPoint(ctx, input.Bucket);
  if (bucket === undefined) throw isAddressableBucketName(input.Bucket) ? noSuchBucket(input.Bucket) : invalidBucketName(input.Bucket);
  if (!anyRegion) {
    allowOrigin(ctx, bucket);
    checkRegion(ctx, bucket);
  }
  checkExpectedOwner(input.ExpectedBucketOwner, bucket);
  return bucket;
}

/** Tells a browser that it may show the answer to its page, errors too, where the bucket's rules say so. */
function allowOrigin({ http }: Context<Store>, { configs }: Bucket): void {
  const origin = http?.headers.origin;
  if (http === undefined || origin === undefined || configs.cors === undefined) return;
  const method = String(http.headers["access-control-request-method"] ?? http.method);
  for (const [name, value] of corsHeaders(configs.cors, { origin, method, headers: [] }) ?? []) http.setHeader(name, value);
}

/** The bucket behind an access point's name. Throws MethodNotAllowed for what access points do not do. */
function throughAccessPoint(ctx: Context<Store>, name: string): Bucket | undefined {
  const accessPoint = findAccessPoint(ctx, name);
  if (accessPoint === undefined) return undefined;
  const bucket = findBucket(ctx, accessPoint.bucket);
  if (bucket === undefined) throw noSuchBucket(accessPoint.bucket);
  if (ctx.service === "s3" && !ACCESS_POINT_OPERATIONS.has(ctx.operation)) throw methodNotAllowed(ctx.http?.method ?? ctx.operation, "ACCESSPOINT");
  return { ...bucket, accessPoint };
}

/** The bucket of that name; undefined when there is none. No rule is checked. */
export function findBucket(ctx: Context<Store>, name: string): Bucket | undefined {
  const owner = ctx.names.find(BUCKET_NAMES, name);
  if (owner === undefined) return undefined;
  const there = owner.account === ctx.account && owner.region === ctx.region ? ctx : ctx.at(owner.account, owner.region);
  const row = there.store.buckets.find(name);
  if (row === undefined) return undefined;
  return { ...row, account: owner.account, region: owner.region, owner: canonicalId(owner.account), configs: configsOf(there.store, row), ctx: there };
}

const parsed = new WeakMap<Store, Map<number, { revision: number; configs: BucketConfigs }>>();

/** A bucket's configurations, parsed once for each revision of it. */
function configsOf(store: Store, row: BucketRow): BucketConfigs {
  let buckets = parsed.get(store);
  if (buckets === undefined) parsed.set(store, (buckets = new Map()));
  const known = buckets.get(row.id);
  if (known?.revision === row.revision) return known.configs;
  const configs = store.buckets.configs(row.id) as BucketConfigs;
  buckets.set(row.id, { revision: row.revision, configs });
  return configs;
}

let revisions = 0;

/** A revision that no bucket has had: not even one that a failed request took back. */
export function nextRevision(ctx: Context<Store>): number {
  revisions = Math.max(revisions + 1, ctx.clock.now() * 1000);
  return revisions;
}

/** Who may do what with a bucket, whether or not anybody has said. */
export function bucketAcl(bucket: Bucket): Acl {
  return bucket.configs.acl ?? { owner: bucket.owner, grants: [{ Grantee: { Type: "CanonicalUser", ID: bucket.owner }, Permission: "FULL_CONTROL" }] };
}

export function checkExpectedOwner(expected: string | undefined, bucket: { account: string }): void {
  if (expected === undefined) return;
  if (!/^\d{12}$/.test(expected)) {
    throw new AwsError("InvalidBucketOwnerAWSAccountID", `The value of the expected bucket owner parameter must be an AWS Account ID... [${expected}]`, { status: 400 });
  }
  if (expected !== bucket.account) throw accessDenied();
}

/**
 * One endpoint serves every region here, so what shows that a caller is wrong about a bucket's region is the scope of
 * its signature. S3 redirects path-style requests, and tells virtual-hosted ones, which DNS has led to the right place,
 * that their signature is for another; clients follow both by `x-amz-bucket-region`. Calls in process just get there.
 */
function checkRegion(ctx: Context<Store>, bucket: Bucket): void {
  const { http } = ctx;
  if (http === undefined || ctx.principal.kind === "anonymous" || ctx.principal.kind === "service" || bucket.region === ctx.region) return;
  const headers = { "x-amz-bucket-region": bucket.region };
  if (isVirtualHosted(ctx, bucket.name)) {
    throw new AwsError("AuthorizationHeaderMalformed", `The authorization header is malformed; the region '${ctx.region}' is wrong; expecting '${bucket.region}'`, {
      status: 400, fields: { Region: bucket.region }, headers,
    });
  }
  throw new AwsError("PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.", {
    status: 301, fields: { Endpoint: new URL(ctx.endpoint).host, Bucket: bucket.name }, headers,
  });
}

function isVirtualHosted(ctx: Context<Store>, bucket: string): boolean {
  return String(ctx.http?.headers.host ?? "").toLowerCase().startsWith(`${bucket}.`);
}
