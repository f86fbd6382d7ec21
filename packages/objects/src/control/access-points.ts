import { AwsError } from "@cumulet/protocol";
import { lowerCaseAndDigits } from "@cumulet/core";
import type { Context, Operations } from "@cumulet/core";
import type { AccessPoint, VpcConfiguration } from "@cumulet/protocol/models/s3control.d.ts";
import { accessDenied, invalidRequest, noSuchAccessPoint, noSuchBucket } from "../domain/errors.ts";
import { checkPolicy } from "../domain/policy-document.ts";
import { combineBlocks, isPublicPolicy } from "../domain/public-access.ts";
import type { PublicAccessBlock } from "../domain/public-access.ts";
import { checkTags } from "../domain/tagging.ts";
import { ACCESS_POINT_ALIASES, ACCESS_POINT_NAMES, accessPointArn, compilePolicy, parseAccessPointArn } from "../requests/access-point.ts";
import { accountPublicAccessBlock } from "../requests/account.ts";
import { findBucket } from "../requests/bucket.ts";
import type { AccessPointRow } from "../store/access-points.ts";
import type { Store } from "../store.ts";
import { checkAccount } from "./account.ts";

const NAME = /^[a-z0-9](?:[a-z0-9-]{1,48})[a-z0-9]$/;
const PAGE_MAX = 1000;
const EVERYTHING = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
const noSuchPolicy = (name: string) => new AwsError("NoSuchAccessPointPolicy", "The specified accesspoint policy does not exist", { status: 404, fields: { AccessPointName: name } });

/** Access points: names for a bucket, each with its policy. */
export const accessPointOperations = {
  CreateAccessPoint(ctx, input) {
    checkAccount(ctx, input);
    const { Name: name, Bucket, BucketAccountId, VpcConfiguration, PublicAccessBlockConfiguration, Scope, Tags = [] } = input;
    if (Scope !== undefined) throw invalidRequest("Scope is supported for access points of directory buckets only.");
    if (!NAME.test(name) || name.endsWith("-s3alias") || name.endsWith("--ol-s3")) {
      throw new AwsError("InvalidAccessPoint", "The specified accesspoint name or account is not valid.", { status: 400, fields: { AccessPointName: name } });
    }
    checkTags(Tags, "bucket");
    const bucket = findBucket(ctx, Bucket);
    if (bucket === undefined) throw noSuchBucket(Bucket);
    // Whose bucket it is must be said when it is another's: a way in is not to be made by mistake.
    if (bucket.account !== (BucketAccountId ?? ctx.account)) throw accessDenied();
    if (bucket.region !== ctx.region) throw invalidRequest("The bucket and the access point must be in the same Region.");
    if (ctx.store.accessPoints.find(name) !== undefined) {
      throw new AwsError("AccessPointAlreadyOwnedByYou", "Your previous request to create the named accesspoint succeeded and you already own it.", { status: 409, fields: { AccessPointName: name } });
    }
    const alias = `${name.slice(0, 20).replace(/-$/, "")}-${ctx.ids.token(34, lowerCaseAndDigits)}-s3alias`;
    const { account, region } = ctx;
    ctx.names.claim(ACCESS_POINT_NAMES, `${account}/${region}/${name}`, { account, region });
    ctx.names.claim(ACCESS_POINT_ALIASES, alias, { account, region, data: { name, bucket: Bucket } });
    ctx.store.accessPoints.insert({
      name,
      alias,
      bucket: Bucket,
      bucketAccount: bucket.account,
      createdMs: ctx.clock.now(),
      vpc: VpcConfiguration === undefined ? null : JSON.stringify(VpcConfiguration),
      publicAccessBlock: JSON.stringify(PublicAccessBlockConfiguration === undefined ? EVERYTHING : combineBlocks(PublicAccessBlockConfiguration)),
      policy: null,
      tags: JSON.stringify(Tags),
    });
    return { AccessPointArn: accessPointArn(ctx, { account, region, name }), Alias: alias };
  },

  GetAccessPoint(ctx, input) {
    const row = open(ctx, input);
    const { region } = ctx;
    return {
      ...described(ctx, row),
      PublicAccessBlockConfiguration: JSON.parse(row.publicAccessBlock) as PublicAccessBlock,
      CreationDate: row.createdMs,
      Endpoints: {
        ipv4: `s3-accesspoint.${region}.amazonaws.com`,
        fips: `s3-accesspoint-fips.${region}.amazonaws.com`,
        fips_dualstack: `s3-accesspoint-fips.dualstack.${region}.amazonaws.com`,
        dualstack: `s3-accesspoint.dualstack.${region}.amazonaws.com`,
      },
    };
  },

  ListAccessPoints(ctx, input) {
    checkAccount(ctx, input);
    const limit = Math.min(input.MaxResults ?? PAGE_MAX, PAGE_MAX);
    const rows = ctx.store.accessPoints.page(input.NextToken === undefined ? "" : Buffer.from(input.NextToken, "base64").toString("utf8"), limit + 1, input.Bucket);
    const page = rows.slice(0, limit);
    return {
      AccessPointList: page.map((row) => described(ctx, row)),
      ...(rows.length > page.length ? { NextToken: Buffer.from(page.at(-1)?.name ?? "", "utf8").toString("base64") } : {}),
    };
  },

  DeleteAccessPoint(ctx, input) {
    const { name, alias } = open(ctx, input);
    ctx.store.accessPoints.remove(name);
    ctx.names.release(ACCESS_POINT_NAMES, `${ctx.account}/${ctx.region}/${name}`);
    ctx.names.release(ACCESS_POINT_ALIASES, alias);
    return {};
  },

  PutAccessPointPolicy(ctx, input) {
    const row = open(ctx, input);
    const policy = checkPolicy(input.Policy, arnOf(ctx, row), "/object");
    const block = combineBlocks(accountPublicAccessBlock(ctx), JSON.parse(row.publicAccessBlock) as PublicAccessBlock);
    if (block.BlockPublicPolicy && isPublicPolicy(policy.statements)) throw accessDenied();
    ctx.store.accessPoints.setPolicy(row.name, input.Policy);
    return {};
  },

  GetAccessPointPolicy(ctx, input) {
    const { name, policy } = open(ctx, input);
    if (policy === null) throw noSuchPolicy(name);
    return { Policy: policy };
  },

  DeleteAccessPointPolicy(ctx, input) {
    const { name } = open(ctx, input);
    ctx.store.accessPoints.setPolicy(name, null);
    return {};
  },

  GetAccessPointPolicyStatus(ctx, input) {
    const { name, policy } = open(ctx, input);
    if (policy === null) throw noSuchPolicy(name);
    return { PolicyStatus: { IsPublic: compilePolicy(policy).isPublic } };
  },
} satisfies Operations<"s3control", Store>;

/** The access point of a request, named alone or by its ARN. */
function open(ctx: Context<Store>, input: { AccountId: string; Name: string }): AccessPointRow {
  checkAccount(ctx, input);
  const name = parseAccessPointArn(input.Name)?.name ?? input.Name;
  const row = ctx.store.accessPoints.find(name);
  if (row === undefined) throw noSuchAccessPoint(name);
  return row;
}

function described(ctx: Context<Store>, row: AccessPointRow): AccessPoint & { Name: string } {
  return {
    Name: row.name,
    NetworkOrigin: row.vpc === null ? "Internet" : "VPC",
    ...(row.vpc === null ? {} : { VpcConfiguration: JSON.parse(row.vpc) as VpcConfiguration }),
    Bucket: row.bucket,
    AccessPointArn: arnOf(ctx, row),
    Alias: row.alias,
    BucketAccountId: row.bucketAccount,
  };
}

function arnOf(ctx: Context<Store>, { name }: AccessPointRow): string {
  return accessPointArn(ctx, { account: ctx.account, region: ctx.region, name });
}
