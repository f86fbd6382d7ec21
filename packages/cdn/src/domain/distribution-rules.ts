import { AwsError } from "@cumulet/protocol";
import type { CacheBehavior, DefaultCacheBehavior, DistributionConfig } from "@cumulet/protocol/models/cloudfront.d.ts";
import type { PolicyLookup } from "./behavior.ts";

type AnyBehavior = CacheBehavior | DefaultCacheBehavior;

/** Sets of methods that a behaviour may allow. */
const METHOD_SETS: readonly string[] = ["GET,HEAD", "GET,HEAD,OPTIONS", "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"];

/** Refuses a completed configuration that refers to what is not there or contradicts itself, with CloudFront's errors. */
export function checkDistributionConfig(config: DistributionConfig, policies: PolicyLookup): void {
  const targets = new Set<string>();
  for (const origin of config.Origins.Items) {
    if (targets.has(origin.Id)) throw new AwsError("InvalidArgument", "The parameter Origin Id must be unique.");
    targets.add(origin.Id);
    if (origin.S3OriginConfig === undefined && origin.CustomOriginConfig === undefined && origin.VpcOriginConfig === undefined) {
      throw new AwsError("InvalidOrigin", "The specified origin server does not exist or is not valid.");
    }
    if (origin.VpcOriginConfig !== undefined) throw new AwsError("InvalidOrigin", "VPC origins are not supported by Cumulet: there is no VPC to reach.");
    if (origin.OriginPath !== undefined && origin.OriginPath !== "" && (!origin.OriginPath.startsWith("/") || origin.OriginPath.endsWith("/"))) {
      throw new AwsError("InvalidArgument", "The parameter Origin Path is not valid.");
    }
  }
  for (const group of config.OriginGroups?.Items ?? []) {
    for (const { OriginId } of group.Members.Items) if (!targets.has(OriginId)) throw noSuchOrigin();
  }
  for (const { Id } of config.OriginGroups?.Items ?? []) targets.add(Id);
  const patterns = new Set<string>();
  for (const behavior of config.CacheBehaviors?.Items ?? []) {
    if (patterns.has(behavior.PathPattern)) throw new AwsError("InvalidArgument", "The parameter PathPattern contains duplicate values.");
    patterns.add(behavior.PathPattern);
  }
  for (const behavior of [config.DefaultCacheBehavior, ...(config.CacheBehaviors?.Items ?? [])]) checkBehavior(behavior, targets, policies);
  if (config.DefaultRootObject!.startsWith("/")) throw new AwsError("InvalidDefaultRootObject", "The default root object file name is too big or contains an invalid character.");
}

function noSuchOrigin(): AwsError {
  return new AwsError("NoSuchOrigin", "One or more of your origins or origin groups do not exist.");
}

function checkBehavior(behavior: AnyBehavior, targets: ReadonlySet<string>, policies: PolicyLookup): void {
  if (!targets.has(behavior.TargetOriginId)) throw noSuchOrigin();
  const { CachePolicyId, ForwardedValues, OriginRequestPolicyId, ResponseHeadersPolicyId } = behavior;
  if (CachePolicyId === undefined && ForwardedValues === undefined) {
    throw new AwsError("InvalidArgument", "The parameter ForwardedValues is required.");
  }
  if (CachePolicyId !== undefined && ForwardedValues !== undefined) {
    throw new AwsError("InvalidArgument", "The parameter ForwardedValues cannot be used when a cache policy is associated to the cache behavior.");
  }
  if (CachePolicyId !== undefined && (behavior.MinTTL !== undefined || behavior.DefaultTTL !== undefined || behavior.MaxTTL !== undefined)) {
    throw new AwsError("InvalidArgument", "The parameter MinTTL, DefaultTTL or MaxTTL cannot be used when a cache policy is associated to the cache behavior.");
  }
  if (CachePolicyId !== undefined && policies.cachePolicy(CachePolicyId) === undefined) throw new AwsError("NoSuchCachePolicy", "The specified cache policy does not exist.");
  if (OriginRequestPolicyId !== undefined && policies.originRequestPolicy(OriginRequestPolicyId) === undefined) {
    throw new AwsError("NoSuchOriginRequestPolicy", "The specified origin request policy does not exist.");
  }
  if (ResponseHeadersPolicyId !== undefined && policies.responseHeadersPolicy(ResponseHeadersPolicyId) === undefined) {
    throw new AwsError("NoSuchResponseHeadersPolicy", "The specified response headers policy does not exist.");
  }
  const { MinTTL = 0, DefaultTTL = MinTTL, MaxTTL = DefaultTTL } = behavior;
  if (ForwardedValues !== undefined && (MinTTL > DefaultTTL || DefaultTTL > MaxTTL)) {
    throw new AwsError("InvalidTTLOrder", "The TTL order is not valid: MinTTL must be less than or equal to DefaultTTL, and DefaultTTL less than or equal to MaxTTL.");
  }
  const methods = [...(behavior.AllowedMethods?.Items ?? [])].sort().join(",");
  if (!METHOD_SETS.includes(methods)) throw new AwsError("InvalidArgument", "The parameter AllowedMethods is not valid.");
  const cached = [...(behavior.AllowedMethods?.CachedMethods?.Items ?? [])].sort().join(",");
  if (!METHOD_SETS.slice(0, 2).includes(cached)) throw new AwsError("InvalidArgument", "The parameter CachedMethods is not valid.");
}
