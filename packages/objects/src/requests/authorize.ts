import { Policy } from "@cumulet/core";
import type { Context, PolicyPrincipal } from "@cumulet/core";
import { aclAllows } from "../domain/acl.ts";
import type { Acl, Permission } from "../domain/acl.ts";
import { accessDenied } from "../domain/errors.ts";
import { canonicalIdOf } from "../domain/owner.ts";
import { combineBlocks, isPublicPolicy } from "../domain/public-access.ts";
import type { Tag } from "../domain/tagging.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import { accountPublicAccessBlock } from "./account.ts";
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

/**
 * Whether the caller may do this; throws AccessDenied when not. The one place where owners, bucket policies, access
 * control lists and public access blocks meet. Follows the platform's mode: `off` allows everything, `soft` says in the
 * log what `strict` would refuse.
 */
export function authorize(ctx: Context<Store>, bucket: Bucket, action: string, wish: Wish = {}): void {
  const { authorization } = ctx.config;
  if (authorization === "off" || isAllowed(ctx, bucket, action, wish)) return;
  if (authorization === "soft") {
    ctx.log.warn("would be denied", { action, resource: resourceArn(ctx, bucket, wish.key), principal: ctx.principal.arn });
    return;
  }
  throw denied(ctx, bucket, action, wish);
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
  const { principal } = ctx;
  const resource = resourceArn(ctx, bucket, wish.key);
  const caller = canonicalIdOf(principal);
  const enforced = objectOwnership(bucket.configs) === "BucketOwnerEnforced";
  const owner = wish.row === undefined || enforced ? bucket.owner : wish.row.owner;
  const block = combineBlocks(accountPublicAccessBlock(bucket), bucket.configs.publicAccessBlock);
  if (principal.kind === "root" && principal.account === bucket.account && ROOT_ACTIONS.has(action)) return true;

  const policy = bucketPolicy(bucket);
  const decision = policy?.decide({ action, resource, principal: policyPrincipal(ctx), values: conditionValues(ctx, bucket, wish) });
  if (decision?.effect === "deny") return false;
  // What the platform's own services do was decided where they were asked; a policy may still forbid it to them.
  if (principal.kind === "service") return true;
  const insider = principal.kind !== "anonymous" && principal.account === bucket.account;
  // A policy speaks for the bucket's owner only: not about what others own in the bucket.
  if (decision?.effect === "allow" && owner === bucket.owner) {
    const restricted = block.RestrictPublicBuckets && !insider && policy !== undefined && isPublicPolicy(policy.statements);
    if (!restricted) return true;
  }
  if (caller === owner && principal.kind !== "anonymous") return true;
  if (enforced) return false;
  const permission = listPermission(action, wish);
  return permission !== undefined && aclAllows(permission.acl(bucket), caller, permission.permission, block.IgnorePublicAcls);
}

function listPermission(action: string, { row }: Wish): { permission: Permission; acl: (bucket: Bucket) => Acl } | undefined {
  const onBucket = BUCKET_PERMISSIONS[action];
  if (onBucket !== undefined) return { permission: onBucket, acl: bucketAcl };
  const onObject = OBJECT_PERMISSIONS[action];
  return onObject === undefined || row === undefined ? undefined : { permission: onObject, acl: () => objectAcl(row) };
}

/** Who may do what with a version. */
export function objectAcl(row: ObjectRow): Acl {
  if (row.acl !== null) return JSON.parse(row.acl) as Acl;
  return { owner: row.owner, grants: [{ Grantee: { Type: "CanonicalUser", ID: row.owner }, Permission: "FULL_CONTROL" }] };
}

/** Policies by their text: compiled once, however often they are asked. */
const policies = new WeakMap<object, Policy>();

/** The bucket's policy, compiled; undefined when it has none. */
export function bucketPolicy(bucket: Bucket): Policy | undefined {
  const { configs } = bucket;
  if (configs.policy === undefined) return undefined;
  let policy = policies.get(configs);
  if (policy === undefined) policies.set(configs, (policy = new Policy(configs.policy)));
  return policy;
}

export function resourceArn(ctx: Context<Store>, bucket: { name: string }, key?: string): string {
  return key === undefined ? `arn:${ctx.partition}:s3:::${bucket.name}` : `arn:${ctx.partition}:s3:::${bucket.name}/${key}`;
}

function policyPrincipal(ctx: Context<Store>): PolicyPrincipal {
  const { kind, account, arn } = ctx.principal;
  const session = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn);
  return {
    kind, account, arn,
    ...(session === null ? {} : { roleArn: `arn:${session[1]}:iam::${session[2]}:role/${session[3]}` }),
    ...(kind === "anonymous" ? {} : { canonicalId: canonicalIdOf(ctx.principal) }),
  };
}

/** Condition keys by name, in lower case. `s3:x-amz-...` are the request's own headers, or query parameters where a presigned URL has them. */
function conditionValues(ctx: Context<Store>, bucket: Bucket, wish: Wish): (key: string) => string | readonly string[] | undefined {
  const { principal, http } = ctx;
  return (key) => {
    const own = wish.values?.[key];
    if (own !== undefined) return own;
    if (key.startsWith("s3:x-amz-")) return header(ctx, key.slice(3));
    if (key.startsWith("s3:existingobjecttag/")) return tagValue(wish.row?.tags, key.slice("s3:existingobjecttag/".length));
    switch (key) {
      case "aws:sourceip": return http?.sourceIp;
      case "aws:securetransport": return String(ctx.endpoint.startsWith("https:"));
      case "aws:useragent": return header(ctx, "user-agent");
      case "aws:referer": return header(ctx, "referer");
      case "aws:currenttime": return new Date(ctx.clock.now()).toISOString();
      case "aws:epochtime": return String(Math.floor(ctx.clock.now() / 1000));
      case "aws:principalarn": return principal.kind === "anonymous" ? undefined : policyPrincipal(ctx).roleArn ?? principal.arn;
      case "aws:principalaccount": return principal.kind === "anonymous" ? undefined : principal.account;
      case "aws:principaltype": return principal.kind === "anonymous" ? "Anonymous" : principal.kind === "root" ? "Account" : principal.kind === "role" ? "AssumedRole" : "User";
      case "aws:userid": return principal.kind === "anonymous" ? "anonymous" : principal.id;
      case "aws:username": return principal.kind === "user" ? principal.arn.slice(principal.arn.lastIndexOf("/") + 1) : undefined;
      case "aws:requestedregion": return bucket.region;
      case "s3:resourceaccount": return bucket.account;
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

/** In its own account S3 tells a caller what was missing; to others it says no more than no. */
function denied(ctx: Context<Store>, bucket: Bucket, action: string, wish: Wish) {
  const { principal } = ctx;
  if (principal.kind === "anonymous" || principal.account !== bucket.account) return accessDenied();
  return accessDenied(`User: ${principal.arn} is not authorized to perform: ${action} on resource: "${resourceArn(ctx, bucket, wish.key)}" because no identity-based policy allows the ${action} action`);
}
