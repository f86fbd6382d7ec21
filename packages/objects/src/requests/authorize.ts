import { reasonOf } from "@cumulet/core";
import type { Access, Context, Policy, Principal } from "@cumulet/core";
import { aclAllows } from "../domain/acl.ts";
import type { Acl, Permission } from "../domain/acl.ts";
import { accessDenied } from "../domain/errors.ts";
import { accountOf, canonicalIdOf } from "../domain/owner.ts";
import { combineBlocks } from "../domain/public-access.ts";
import type { Tag } from "../domain/tagging.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import { compilePolicy } from "./access-point.ts";
import type { CompiledPolicy } from "./access-point.ts";
import { accountPublicAccessBlock, publicAccessBlock } from "./account.ts";
import { bucketAcl } from "./bucket.ts";
import type { Bucket } from "./bucket.ts";
import { objectOwnership } from "./configs.ts";

/** What a request wants to do, beyond the action and the bucket. */
export interface Wish {
  /** The object's key; absent for what is done to the bucket. */
  key?: string;
  /** The version that is read or changed, where there is one: its owner and its list decide. */
  row?: ObjectRow;
  /** Condition keys of this operation, in lower case: `s3:prefix`, `s3:versionid`... */
  values?: Record<string, string | readonly string[] | undefined>;
}

/** Which entry of an access control list opens an action. Everything else is for policies and owners alone. */
const BUCKET_PERMISSIONS: Record<string, Permission> = {
  "s3:ListBucket": "READ",
  "s3:ListBucketVersions": "READ",
  "s3:ListBucketMultipartUploads": "READ",
  "s3:PutObject": "WRITE",
  "s3:DeleteObject": "WRITE",
  "s3:DeleteObjectVersion": "WRITE",
  "s3:GetBucketAcl": "READ_ACP",
  "s3:PutBucketAcl": "WRITE_ACP",
};
const OBJECT_PERMISSIONS: Record<string, Permission> = {
  "s3:GetObject": "READ",
  "s3:GetObjectVersion": "READ",
  "s3:GetObjectTorrent": "READ",
  "s3:GetObjectAttributes": "READ",
  "s3:GetObjectVersionAttributes": "READ",
  "s3:GetObjectAcl": "READ_ACP",
  "s3:GetObjectVersionAcl": "READ_ACP",
  "s3:PutObjectAcl": "WRITE_ACP",
  "s3:PutObjectVersionAcl": "WRITE_ACP",
};

/** What the root of a bucket's account can always do, whatever the policy: it would otherwise be possible to lock everybody out. */
const ROOT_ACTIONS: ReadonlySet<string> = new Set(["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]);

/** Services that read or write buckets for whoever configured them, and so need the bucket's word. What others do was decided where they were asked. */
const BOUND_SERVICES: ReadonlySet<string> = new Set([
  "cloudfront.amazonaws.com", "cloudtrail.amazonaws.com", "config.amazonaws.com", "delivery.logs.amazonaws.com", "logging.s3.amazonaws.com", "logs.amazonaws.com",
]);

/**
 * Whether the caller may do this; throws AccessDenied when not. The one place where owners, bucket policies, identity
 * policies, access control lists and public access blocks meet. Follows the platform's mode: `off` allows everything,
 * `soft` says in the log what `strict` would refuse.
 */
export function authorize(ctx: Context<Store>, bucket: Bucket, action: string, wish: Wish = {}): void {
  if (ctx.config.authorization === "off" || isExempt(ctx, bucket, action)) return;
  const { principal } = ctx;
  const stranger = principal.kind === "anonymous" || principal.kind === "service" || principal.account !== bucket.account;
  for (const asked of accessWishes(ctx, bucket, action, wish)) {
    ctx.access.require(asked, (decision) =>
      // In its own account S3 tells a caller what was missing; to others it says no more than no.
      accessDenied(stranger ? undefined : `User: ${principal.arn} is not authorized to perform: ${action} on resource: "${asked.resource}"${reasonOf(decision, action)}`));
  }
}

/** The same for what is asked of an account before there is a bucket. */
export function authorizeAccount(ctx: Context<Store>, action: string, bucket: string): void {
  ctx.access.require({ action, resource: `arn:${ctx.partition}:s3:::${bucket}`, owner: ctx.account }, (decision) =>
    accessDenied(`User: ${ctx.principal.arn} is not authorized to perform: ${action} on resource: "arn:${ctx.partition}:s3:::${bucket}"${reasonOf(decision, action)}`));
}

/**
 * What a read of a key that does not exist may say: the truth to those who may list the bucket, else AccessDenied. Throws
 * the latter.
 */
export function authorizeMissing(ctx: Context<Store>, bucket: Bucket, key: string): void {
  if (ctx.config.authorization === "strict" && !isAllowed(ctx, bucket, "s3:ListBucket", { values: { "s3:prefix": key } })) throw accessDenied();
}

/** The decision itself, whatever the mode. */
export function isAllowed(ctx: Context<Store>, bucket: Bucket, action: string, wish: Wish): boolean {
  return isExempt(ctx, bucket, action) || accessWishes(ctx, bucket, action, wish).every((asked) => ctx.access.decide(asked).allowed);
}

function isExempt(ctx: Context<Store>, bucket: Bucket, action: string): boolean {
  const { kind, account, arn } = ctx.principal;
  if (kind === "service") return !BOUND_SERVICES.has(arn);
  return kind === "root" && account === bucket.account && ROOT_ACTIONS.has(action);
}

type AccessWish = Parameters<Access["decide"]>[0];

/** An access point opens nothing that its bucket does not: both are asked. Source: User Guide, "Configuring IAM policies for using access points". */
function accessWishes(ctx: Context<Store>, bucket: Bucket, action: string, wish: Wish): readonly AccessWish[] {
  const asked = bucketWish(ctx, bucket, action, wish);
  const { accessPoint } = bucket;
  if (accessPoint === undefined) return [asked];
  const { account, arn, policy } = accessPoint;
  const block = combineBlocks(accountPublicAccessBlock({ names: ctx.names, account }), accessPoint.publicAccessBlock);
  return [{ ...asked, resource: wish.key === undefined ? arn : `${arn}/object/${wish.key}`, owner: account, policy: policyFor(policy, ctx.principal, account, block.RestrictPublicBuckets, false), granted: false }, asked];
}

function bucketWish(ctx: Context<Store>, bucket: Bucket, action: string, wish: Wish): AccessWish {
  const { principal } = ctx;
  const caller = canonicalIdOf(principal);
  const enforced = objectOwnership(bucket.configs) === "BucketOwnerEnforced";
  const owner = wish.row === undefined || enforced ? bucket.owner : wish.row.owner;
  const block = publicAccessBlock(bucket);
  const permission = enforced ? undefined : listPermission(action, wish);
  return {
    action,
    resource: resourceArn(ctx, bucket, wish.key),
    // What others own in the bucket is theirs; what nobody in particular wrote is the bucket owner's.
    owner: owner === bucket.owner ? bucket.account : accountOf(owner) ?? bucket.account,
    policy: policyFor(bucketPolicies(bucket), principal, bucket.account, block.RestrictPublicBuckets, owner !== bucket.owner),
    granted: permission !== undefined && aclAllows(permission.acl(bucket), caller, permission.permission, block.IgnorePublicAcls),
    values: conditionValues(ctx, bucket, wish),
    canonicalId: caller,
  };
}

/**
 * What a policy has to say to this caller: all of it; or only its denials, where the object is another's (the bucket's
 * owner can forbid, but not give) or a public access block keeps strangers from a policy for everybody.
 */
function policyFor(policy: CompiledPolicy | undefined, principal: Principal, account: string, restricted: boolean, foreign: boolean): Policy | undefined {
  if (policy === undefined) return undefined;
  const stranger = principal.kind === "anonymous" || principal.account !== account;
  return foreign || (restricted && stranger && principal.kind !== "service" && policy.isPublic) ? policy.denials : policy.all;
}

function listPermission(action: string, { row }: Wish): { permission: Permission; acl: (bucket: Bucket) => Acl } | undefined {
  // Tags that come with a new object are part of writing it.
  const onBucket = BUCKET_PERMISSIONS[action === "s3:PutObjectTagging" && row === undefined ? "s3:PutObject" : action];
  if (onBucket !== undefined) return { permission: onBucket, acl: bucketAcl };
  const onObject = OBJECT_PERMISSIONS[action];
  return onObject === undefined || row === undefined ? undefined : { permission: onObject, acl: () => objectAcl(row) };
}

/** Who may do what with a version. */
export function objectAcl(row: ObjectRow): Acl {
  if (row.acl !== null) return JSON.parse(row.acl) as Acl;
  return { owner: row.owner, grants: [{ Grantee: { Type: "CanonicalUser", ID: row.owner }, Permission: "FULL_CONTROL" }] };
}

function bucketPolicies({ configs }: Bucket): CompiledPolicy | undefined {
  return configs.policy === undefined ? undefined : compilePolicy(configs.policy);
}

/** The bucket's policy, compiled; undefined when it has none. */
export function bucketPolicy(bucket: Bucket): Policy | undefined {
  return bucketPolicies(bucket)?.all;
}

export function resourceArn(ctx: Context<Store>, bucket: { name: string }, key?: string): string {
  return key === undefined ? `arn:${ctx.partition}:s3:::${bucket.name}` : `arn:${ctx.partition}:s3:::${bucket.name}/${key}`;
}

/** S3's condition keys by name, in lower case. `s3:x-amz-...` are the request's own headers, or query parameters where a presigned URL has them. */
function conditionValues(ctx: Context<Store>, bucket: Bucket, wish: Wish): (key: string) => string | readonly string[] | undefined {
  const { http } = ctx;
  return (key) => {
    const own = wish.values?.[key];
    if (own !== undefined) return own;
    if (key.startsWith("s3:x-amz-")) return header(ctx, key.slice(3));
    if (key.startsWith("s3:existingobjecttag/")) return tagValue(wish.row?.tags, key.slice("s3:existingobjecttag/".length));
    switch (key) {
      case "s3:resourceaccount": return bucket.account;
      case "s3:dataaccesspointarn": return bucket.accessPoint?.arn;
      case "s3:dataaccesspointaccount": return bucket.accessPoint?.account;
      case "s3:accesspointnetworkorigin": return bucket.accessPoint?.networkOrigin;
      case "s3:authtype": return http === undefined ? undefined : http.headers.authorization !== undefined ? "REST-HEADER" : http.query.includes("X-Amz-Signature=") ? "REST-QUERY-STRING" : undefined;
      case "s3:signatureversion": return http?.headers.authorization?.startsWith("AWS4-") || http?.query.includes("X-Amz-Signature=") ? "AWS4-HMAC-SHA256" : undefined;
      case "s3:if-match": return header(ctx, "if-match");
      case "s3:if-none-match": return header(ctx, "if-none-match");
      default: return undefined;
    }
  };
}

function header(ctx: Context<Store>, name: string): string | undefined {
  const value = ctx.http?.headers[name];
  if (value !== undefined) return Array.isArray(value) ? value.join(",") : value;
  if (!name.startsWith("x-amz-") || ctx.http === undefined) return undefined;
  for (const [parameter, one] of new URLSearchParams(ctx.http.query)) if (parameter.toLowerCase() === name) return one;
  return undefined;
}

function tagValue(tags: string | null | undefined, key: string): string | undefined {
  if (!tags) return undefined;
  return (JSON.parse(tags) as Tag[]).find((tag) => tag.Key.toLowerCase() === key)?.Value;
}
