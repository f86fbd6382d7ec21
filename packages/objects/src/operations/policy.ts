import { AwsError } from "@cumulet/protocol";
import { Policy, PolicySyntaxError } from "@cumulet/core";
import type { Context, Operations, PolicyStatement } from "@cumulet/core";
import { accessDenied, malformedXml, notConfigured } from "../domain/errors.ts";
import { isCanonicalId } from "../domain/owner.ts";
import { combineBlocks, isPublicPolicy } from "../domain/public-access.ts";
import { accountPublicAccessBlock } from "../requests/account.ts";
import { authorize, bucketPolicy } from "../requests/authorize.ts";
import { bucketAcl, nextRevision, openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import type { Ownership } from "../requests/configs.ts";
import type { Store } from "../store.ts";

const POLICY_BYTES_MAX = 20 * 1024;
const noPolicy = (bucket: Bucket) => notConfigured("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name);
const OWNERSHIPS: ReadonlySet<string> = new Set<Ownership>(["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]);

/** Who may do what with a bucket as a whole: its policy, its public access block, its ownership controls. */
export const policyOperations = {
  PutBucketPolicy(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketPolicy");
    const policy = checkPolicy(ctx, bucket, input.Policy ?? "");
    const block = combineBlocks(accountPublicAccessBlock(bucket), bucket.configs.publicAccessBlock);
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

const malformed = (message: string) => new AwsError("MalformedPolicy", message, { status: 400 });

/** A policy must be one, about this bucket, of S3's actions, for principals that can be. Throws MalformedPolicy. */
function checkPolicy(ctx: Context<Store>, bucket: Bucket, text: string): Policy {
  if (!text.startsWith("{")) throw malformed("Policies must be valid JSON and the first byte must be '{'");
  if (Buffer.byteLength(text, "utf8") > POLICY_BYTES_MAX) throw malformed("Policy document exceeds the maximum allowed size of 20480 bytes.");
  let policy: Policy;
  try {
    policy = new Policy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw malformed(error.message);
    throw error;
  }
  for (const statement of policy.statements) checkStatement(ctx, bucket, statement);
  return policy;
}

function checkStatement(ctx: Context<Store>, bucket: Bucket, statement: PolicyStatement): void {
  if (statement.Principal === undefined && statement.NotPrincipal === undefined) throw malformed("Missing required field Principal");
  const principals = statement.Principal ?? statement.NotPrincipal;
  if (typeof principals === "object") {
    for (const [type, values] of Object.entries(principals)) for (const value of [values].flat()) checkPrincipal(type, value);
  }
  const actions = [statement.Action ?? statement.NotAction ?? []].flat();
  if (actions.length === 0 || !actions.every((action) => action === "*" || /^s3(express|-object-lambda)?:/i.test(action))) throw malformed("Policy has invalid action");
  const resources = [statement.Resource ?? statement.NotResource ?? []].flat();
  if (resources.length === 0) throw malformed("Missing required field Resource");
  const arn = `arn:${ctx.partition}:s3:::${bucket.name}`;
  if (!resources.every((resource) => resource === arn || resource.startsWith(`${arn}/`) || resource === `${arn}*` || resource === "*")) throw malformed("Policy has invalid resource");
  const bucketActions = actions.every((action) => /^s3:[A-Za-z]*Object/.test(action) && !/^s3:PutBucketObject|ObjectLockConfiguration/.test(action));
  if (bucketActions && resources.every((resource) => resource === arn)) throw malformed("Action does not apply to any resource(s) in statement");
}

function checkPrincipal(type: string, value: string): void {
  const valid = type === "AWS" ? value === "*" || /^\d{12}$/.test(value) || /^arn:[^:]+:(iam|sts)::\d{12}:(root|user\/.+|role\/.+|assumed-role\/.+|federated-user\/.+)$/.test(value) || /^A(ID|RO)A[A-Z0-9]+$/.test(value)
    : type === "CanonicalUser" ? isCanonicalId(value)
      : type === "Service" ? /^[a-z0-9.*-]+$/.test(value)
        : type === "Federated";
  if (!valid) throw malformed("Invalid principal in policy");
}

