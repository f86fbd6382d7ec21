import { Policy } from "@cumulet/core";
import type { Context } from "@cumulet/core";
import { isPublicPolicy } from "../domain/public-access.ts";
import type { PublicAccessBlock } from "../domain/public-access.ts";
import { noSuchAccessPoint } from "../domain/errors.ts";
import type { Store } from "../store.ts";

/** A way into a bucket with a name and a policy of its own. */
export interface AccessPoint {
  name: string;
  account: string;
  region: string;
  arn: string;
  bucket: string;
  /** Whether the request named it by its alias, which stands wherever a bucket's name does. */
  byAlias: boolean;
  networkOrigin: "Internet" | "VPC";
  publicAccessBlock: PublicAccessBlock;
  policy: CompiledPolicy | undefined;
}

/** A policy with what is asked of it again and again. */
export interface CompiledPolicy {
  all: Policy;
  /** Its denials alone: all that is left of it for those whom it cannot give anything. */
  denials: Policy;
  isPublic: boolean;
}

/** How the names directory knows access points: by `account/region/name`, and by alias with that as data. */
export const ACCESS_POINT_NAMES = "access-point";
export const ACCESS_POINT_ALIASES = "access-point-alias";

const HOST_FORM = /^(?<name>[a-z0-9-]{3,50})-(?<account>\d{12})$/;
const ARN_FORM = /^arn:[a-z-]+:s3:(?<region>[a-z0-9-]+):(?<account>\d{12}):accesspoint[/:](?<name>[a-z0-9-]{3,50})$/;

export function accessPointArn({ partition }: Pick<Context, "partition">, { account, region, name }: { account: string; region: string; name: string }): string {
  return `arn:${partition}:s3:${region}:${account}:accesspoint/${name}`;
}

/** Splits the ARN of an access point; undefined for any other text. */
export function parseAccessPointArn(text: string): { account: string; region: string; name: string } | undefined {
  return ARN_FORM.exec(text)?.groups as { account: string; region: string; name: string } | undefined;
}

/**
 * The access point that a request names where a bucket's name stands: as its ARN, as the `name-account` that clients make
 * of the ARN for the host, or as its alias. Undefined for what has none of these forms or no alias's owner; throws
 * NoSuchAccessPoint for an ARN of nothing.
 */
export function findAccessPoint(ctx: Context<Store>, text: string): AccessPoint | undefined {
  const alias = text.endsWith("-s3alias") ? ctx.names.find(ACCESS_POINT_ALIASES, text) : undefined;
  const byArn = parseAccessPointArn(text);
  const place = alias !== undefined ? { account: alias.account, region: alias.region, name: (alias.data as { name: string }).name }
    : byArn ?? (HOST_FORM.exec(text)?.groups === undefined ? undefined : { region: ctx.region, ...(HOST_FORM.exec(text)!.groups as { account: string; name: string }) });
  if (place === undefined) return undefined;
  const row = ctx.names.find(ACCESS_POINT_NAMES, `${place.account}/${place.region}/${place.name}`) === undefined ? undefined
    : ctx.at(place.account, place.region).store.accessPoints.find(place.name);
  if (row === undefined) {
    if (byArn !== undefined) throw noSuchAccessPoint(place.name);
    return undefined;
  }
  return {
    ...place,
    arn: accessPointArn(ctx, place),
    bucket: row.bucket,
    byAlias: alias !== undefined,
    networkOrigin: row.vpc === null ? "Internet" : "VPC",
    publicAccessBlock: JSON.parse(row.publicAccessBlock) as PublicAccessBlock,
    policy: row.policy === null ? undefined : compilePolicy(row.policy),
  };
}

const compiled = new Map<string, CompiledPolicy>();
const COMPILED_MAX = 1000;

/** A policy compiled once for each text, however often it is asked. */
export function compilePolicy(text: string): CompiledPolicy {
  let policy = compiled.get(text);
  if (policy === undefined) {
    const all = new Policy(text);
    const denials = new Policy({ Version: "2012-10-17", Statement: all.statements.filter(({ Effect }) => Effect === "Deny") });
    policy = { all, denials, isPublic: isPublicPolicy(all.statements) };
    if (compiled.size >= COMPILED_MAX) compiled.delete(compiled.keys().next().value as string);
    compiled.set(text, policy);
  }
  return policy;
}

/** What S3 does through access points. Source: Amazon S3 User Guide, "Access point compatibility". */
export const ACCESS_POINT_OPERATIONS: ReadonlySet<string> = new Set([
  "AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload", "DeleteObject", "DeleteObjects", "DeleteObjectTagging", "GetBucketAcl", "GetBucketCors",
  "GetBucketLocation", "GetBucketNotificationConfiguration", "GetBucketPolicy", "GetObject", "GetObjectAcl", "GetObjectAttributes", "GetObjectLegalHold", "GetObjectRetention",
  "GetObjectTagging", "HeadBucket", "HeadObject", "ListMultipartUploads", "ListObjects", "ListObjectsV2", "ListObjectVersions", "ListParts", "PutObject", "PutObjectAcl",
  "PutObjectLegalHold", "PutObjectRetention", "PutObjectTagging", "RestoreObject", "SelectObjectContent", "UploadPart", "UploadPartCopy",
]);
