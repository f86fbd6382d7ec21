import { AwsError } from "@cumulet/protocol";
import type { Operations } from "@cumulet/core";
import { accessDenied, malformedXml, notConfigured } from "../domain/errors.ts";
import { checkPolicy } from "../domain/policy-document.ts";
import { isPublicPolicy } from "../domain/public-access.ts";
import { publicAccessBlock } from "../requests/account.ts";
import { authorize, bucketPolicy, resourceArn } from "../requests/authorize.ts";
import { bucketAcl, nextRevision, openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import type { Ownership } from "../requests/configs.ts";
import type { Store } from "../store.ts";

const noPolicy = (bucket: Bucket) => notConfigured("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name);
const OWNERSHIPS: ReadonlySet<string> = new Set<Ownership>(["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]);

/** Who may do what with a bucket as a whole: its policy, its public access block, its ownership controls. */
export const policyOperations = {
  PutBucketPolicy(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketPolicy");
    const policy = checkPolicy(input.Policy ?? "", resourceArn(ctx, bucket), "");
    const block = publicAccessBlock(bucket);
    if (block.BlockPublicPolicy && isPublicPolicy(policy.statements)) {
      throw accessDenied(`User: ${ctx.principal.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "arn:${ctx.partition}:s3:::${bucket.name}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`);
    }
    bucket.ctx.store.buckets.putConfig(bucket.id, "policy", input.Policy, nextRevision(ctx));
    return {};
  },

  GetBucketPolicy(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketPolicy");
    if (bucket.configs.policy === undefined) throw noPolicy(bucket);
    return { Policy: bucket.configs.policy };
  },

  DeleteBucketPolicy(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:DeleteBucketPolicy");
    bucket.ctx.store.buckets.deleteConfig(bucket.id, "policy", nextRevision(ctx));
    return {};
  },

  GetBucketPolicyStatus(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketPolicyStatus");
    const policy = bucketPolicy(bucket);
    if (policy === undefined) throw noPolicy(bucket);
    return { PolicyStatus: { IsPublic: isPublicPolicy(policy.statements) } };
  },

  PutPublicAccessBlock(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketPublicAccessBlock");
    const { BlockPublicAcls = false, IgnorePublicAcls = false, BlockPublicPolicy = false, RestrictPublicBuckets = false } = input.PublicAccessBlockConfiguration;
    bucket.ctx.store.buckets.putConfig(bucket.id, "publicAccessBlock", { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets }, nextRevision(ctx));
    return {};
  },

  GetPublicAccessBlock(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketPublicAccessBlock");
    const block = bucket.configs.publicAccessBlock;
    if (block === undefined) throw notConfigured("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", bucket.name);
    return { PublicAccessBlockConfiguration: block };
  },

  DeletePublicAccessBlock(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketPublicAccessBlock");
    bucket.ctx.store.buckets.deleteConfig(bucket.id, "publicAccessBlock", nextRevision(ctx));
    return {};
  },

  PutBucketOwnershipControls(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketOwnershipControls");
    const { Rules } = input.OwnershipControls;
    const ownership = Rules?.length === 1 ? Rules[0]?.ObjectOwnership : undefined;
    if (ownership === undefined || !OWNERSHIPS.has(ownership)) throw malformedXml();
    const acl = bucketAcl(bucket);
    if (ownership === "BucketOwnerEnforced" && acl.grants.some(({ Grantee }) => Grantee.ID !== bucket.owner)) {
      throw new AwsError("InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting", { status: 400 });
    }
    bucket.ctx.store.buckets.putConfig(bucket.id, "ownership", { Rules: [{ ObjectOwnership: ownership }] }, nextRevision(ctx));
    return {};
  },

  GetBucketOwnershipControls(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketOwnershipControls");
    if (bucket.configs.ownership === undefined) throw notConfigured("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", bucket.name);
    return { OwnershipControls: bucket.configs.ownership };
  },

  DeleteBucketOwnershipControls(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketOwnershipControls");
    bucket.ctx.store.buckets.deleteConfig(bucket.id, "ownership", nextRevision(ctx));
    return {};
  },
} satisfies Operations<"s3", Store>;
