import { AwsError } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import type { CreateBucketRequest } from "@cumulet/protocol/models/s3.d.ts";
import { aclFromHeaders, aclNotSupported, isOwnerOnly, isPublicAcl } from "../domain/acl.ts";
import {
  accessDenied, accessPointsAttached, bucketAlreadyExists, bucketAlreadyOwnedByYou, bucketNotEmpty, invalidArgument, invalidBucketName, invalidRequest, malformedXml, tooManyBuckets,
} from "../domain/errors.ts";
import { isBucketName } from "../domain/names.ts";
import { canonicalId } from "../domain/owner.ts";
import { checkTags } from "../domain/tagging.ts";
import type { Store } from "../store.ts";
import { ACCESS_POINT_ALIASES } from "../requests/access-point.ts";
import { accountPublicAccessBlock } from "../requests/account.ts";
import { authorize, authorizeAccount } from "../requests/authorize.ts";
import { BUCKET_NAMES, nextRevision, openBucket } from "../requests/bucket.ts";
import type { BucketNameData } from "../requests/bucket.ts";
import type { BucketConfigs, Ownership } from "../requests/configs.ts";
import { dropUpload } from "../requests/content.ts";
import { ownerOf } from "../requests/display.ts";

/** Buckets an account may have; `s3.buckets` among the quotas changes it. */
const BUCKETS_MAX = 10_000;
const OWNERSHIPS: ReadonlySet<string> = new Set<Ownership>(["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]);
/** Every region of S3 that a bucket can be made in; `EU` is the old name of eu-west-1. */
const REGION = /^(af|ap|ca|cn|eu|il|me|mx|sa|us|us-gov)-[a-z]+-\d$/;

export const bucketOperations = {
  CreateBucket(ctx, input) {
    const { Bucket: name } = input;
    if (ctx.principal.kind === "anonymous") throw accessDenied();
    if (!isBucketName(name)) throw invalidBucketName(name);
    authorizeAccount(ctx, "s3:CreateBucket", name);
    checkLocation(ctx.region, input.CreateBucketConfiguration?.LocationConstraint);
    if (input.CreateBucketConfiguration?.Bucket !== undefined || input.CreateBucketConfiguration?.Location !== undefined) {
      throw invalidRequest("Directory buckets are not available: name a general purpose bucket, without Location and Bucket.");
    }
    const configs = initialConfigs(ctx, input);
    const previous = ctx.names.find(BUCKET_NAMES, name);
    if (previous !== undefined) {
      if (previous.account !== ctx.account) throw bucketAlreadyExists(name);
      // Old behaviour that us-east-1 alone has kept: making a bucket again that one has there is no error, and resets its ACL.
      if (ctx.region !== "us-east-1" || previous.region !== "us-east-1") throw bucketAlreadyOwnedByYou(name);
      const bucket = openBucket(ctx, { Bucket: name });
      if (configs.acl !== undefined || bucket.configs.acl !== undefined) {
        if (configs.acl === undefined) bucket.ctx.store.buckets.deleteConfig(bucket.id, "acl", nextRevision(ctx));
        else bucket.ctx.store.buckets.putConfig(bucket.id, "acl", configs.acl, nextRevision(ctx));
      }
      return location(ctx, name);
    }
    const limit = ctx.config.quotas["s3.buckets"] ?? BUCKETS_MAX;
    if (ctx.names.list(BUCKET_NAMES, ctx.account).length >= limit) throw tooManyBuckets(limit);
    const createdMs = ctx.clock.now();
    const data: BucketNameData = { createdMs };
    ctx.names.claim(BUCKET_NAMES, name, { account: ctx.account, region: ctx.region, data });
    const { buckets } = ctx.store;
    buckets.insert(name, createdMs, nextRevision(ctx), input.ObjectLockEnabledForBucket === true);
    const id = buckets.find(name)?.id as number;
    for (const [kind, value] of Object.entries(configs)) buckets.putConfig(id, kind as keyof BucketConfigs, value, nextRevision(ctx));
    return location(ctx, name);
  },

  DeleteBucket(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:DeleteBucket");
    const { store } = bucket.ctx;
    if (ctx.names.list(ACCESS_POINT_ALIASES).some(({ owner }) => (owner.data as { bucket: string }).bucket === bucket.name)) throw accessPointsAttached(bucket.name);
    if (store.objects.any(bucket.id) !== undefined) throw bucketNotEmpty(bucket.name, bucket.versioning !== null);
    // Parts of unfinished uploads go with the bucket; S3 does not count them as content.
    for (;;) {
      const uploads = store.uploads.scan(bucket.id, "", 0, 1000);
      if (uploads.length === 0) break;
      for (const { rank: id } of uploads) {
        dropUpload(bucket.ctx, id);
      }
    }
    store.buckets.remove(bucket.id);
    ctx.names.release(BUCKET_NAMES, bucket.name);
    return {};
  },

  HeadBucket(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:ListBucket");
    return { BucketRegion: bucket.region, BucketArn: `arn:${ctx.partition}:s3:::${bucket.name}`, AccessPointAlias: bucket.accessPoint?.byAlias ?? false };
  },

  GetBucketLocation(ctx, input) {
    // Answers in every region: clients ask it to find out where a bucket is.
    const bucket = openBucket(ctx, input, { anyRegion: true });
    authorize(ctx, bucket, "s3:GetBucketLocation");
    if (bucket.region === "us-east-1") return {};
    return { LocationConstraint: bucket.configs.location ?? bucket.region };
  },

  ListBuckets(ctx, input) {
    if (ctx.principal.kind === "anonymous") throw accessDenied();
    authorizeAccount(ctx, "s3:ListAllMyBuckets", "*");
    const { Prefix = "", BucketRegion, MaxBuckets, ContinuationToken } = input;
    const after = ContinuationToken === undefined ? "" : decodeToken(ContinuationToken);
    const all = ctx.names.list(BUCKET_NAMES, ctx.account)
      .filter(({ name, owner }) => name.startsWith(Prefix) && name > after && (BucketRegion === undefined || owner.region === BucketRegion))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const page = all.slice(0, MaxBuckets ?? all.length);
    // Regions and ARNs are told to those who page or filter (recorded from S3: a plain list has the ARN alone).
    const detailed = MaxBuckets !== undefined || BucketRegion !== undefined || input.Prefix !== undefined || ContinuationToken !== undefined;
    return {
      Buckets: page.map(({ name, owner }) => ({
        Name: name,
        CreationDate: Math.floor((owner.data as BucketNameData).createdMs / 1000) * 1000,
        BucketArn: `arn:${ctx.partition}:s3:::${name}`,
        ...(detailed ? { BucketRegion: owner.region } : {}),
      })),
      Owner: ownerOf(ctx, canonicalId(ctx.account)),
      ...(page.length < all.length ? { ContinuationToken: encodeToken(page.at(-1)?.name ?? "") } : {}),
      ...(input.Prefix === undefined ? {} : { Prefix }),
    };
  },
} satisfies Operations<"s3", Store>;

function location(ctx: Context<Store>, name: string) {
  return {
    Location: ctx.region === "us-east-1" ? `/${name}` : `http://${name}.s3.amazonaws.com/`,
    BucketArn: `arn:${ctx.partition}:s3:::${name}`,
  };
}

/** The words are S3's: us-east-1 takes no constraint of its own name, every other region wants exactly its own. */
function checkLocation(region: string, constraint: string | undefined): void {
  if (constraint === "") throw malformedXml();
  if (region === "us-east-1") {
    if (constraint === undefined) return;
    if (constraint === "us-east-1" || (constraint !== "EU" && !REGION.test(constraint))) {
      throw new AwsError("InvalidLocationConstraint", "The specified location-constraint is not valid", { status: 400, fields: { LocationConstraint: constraint } });
    }
    throw incompatible(constraint);
  }
  if (constraint === region || (constraint === "EU" && region === "eu-west-1")) return;
  throw incompatible(constraint ?? "unspecified");
}

function incompatible(constraint: string): AwsError {
  return new AwsError("IllegalLocationConstraintException", `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`, { status: 400 });
}

/** What a bucket made today has from the start: ACLs off, public access blocked. `s3.bucket_defaults=legacy` makes them as before April 2023. */
function initialConfigs(ctx: Context<Store>, input: CreateBucketRequest): BucketConfigs {
  const legacy = ctx.config.settings["s3.bucket_defaults"] === "legacy";
  const { ObjectOwnership, CreateBucketConfiguration } = input;
  if (ObjectOwnership !== undefined && !OWNERSHIPS.has(ObjectOwnership)) {
    throw invalidArgument(`Invalid x-amz-object-ownership header: ${ObjectOwnership}`, "x-amz-object-ownership");
  }
  const configs: BucketConfigs = {};
  const owner = canonicalId(ctx.account);
  const acl = aclFromHeaders(input, owner, owner);
  const ownership = (ObjectOwnership ?? (legacy ? undefined : "BucketOwnerEnforced")) as Ownership | undefined;
  if (ownership !== undefined) configs.ownership = { Rules: [{ ObjectOwnership: ownership }] };
  if (!legacy) configs.publicAccessBlock = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  if (acl !== undefined && !isOwnerOnly(acl, owner)) {
    if (ownership === "BucketOwnerEnforced") {
      throw ObjectOwnership === undefined
        ? aclNotSupported()
        : new AwsError("InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting", { status: 400 });
    }
    // A new bucket is blocked before anybody could lift the block, so a public list cannot be given to it at its making.
    if (isPublicAcl(acl) && (!legacy || accountPublicAccessBlock(ctx)?.BlockPublicAcls === true)) {
      throw new AwsError("InvalidBucketAclWithBlockPublicAccessError", "Bucket cannot have public ACLs set with BlockPublicAccess enabled", { status: 400 });
    }
    configs.acl = acl;
  }
  const tags = CreateBucketConfiguration?.Tags ?? [];
  checkTags(tags, "new bucket");
  if (tags.length > 0) configs.tagging = tags;
  if (CreateBucketConfiguration?.LocationConstraint === "EU") configs.location = "EU";
  return configs;
}

export function encodeToken(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** Throws InvalidArgument for a token that we did not make. */
export function decodeToken(token: string): string {
  const text = Buffer.from(token, "base64").toString("utf8");
  if (text === "" || encodeToken(text) !== token) throw invalidArgument("The continuation token provided is incorrect", "continuation-token");
  return text;
}
