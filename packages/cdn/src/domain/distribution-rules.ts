import { AwsError } from "@cumulet/protocol";
import type { CacheBehavior, DefaultCacheBehavior, DistributionConfig } from "@cumulet/protocol/models/cloudfront.d.ts";
import type { PolicyLookup } from "./behavior.ts";

type AnyBehavior = CacheBehavior | DefaultCacheBehavior;

/** Where a configuration's references are found. */
export interface RuleLookup extends PolicyLookup {
  originAccessControl(id: string): unknown;
  originAccessIdentity(id: string): unknown;
  realtimeLogConfig(arn: string): unknown;
}

/** What AWS has and this cloud does not: refused by name, never stored in silence. */
function refuseUnsupported(config: DistributionConfig): void {
  const unsupported = (what: string): AwsError => new AwsError("InvalidArgument", `${what} not supported by Cumulet.`);
  if (config.WebACLId !== "") throw new AwsError("InvalidWebACLId", "AWS WAF is not part of Cumulet: a distribution cannot have a web ACL.");
  if (config.AnycastIpListId !== undefined && config.AnycastIpListId !== "") throw unsupported("Anycast static IP lists are");
  if (config.TenantConfig !== undefined || config.ConnectionMode === "tenant-only") throw unsupported("Multi-tenant distributions are");
  if (config.ViewerMtlsConfig !== undefined && config.ViewerMtlsConfig.Mode !== undefined) throw unsupported("Viewer mutual TLS is");
  if (config.ConnectionFunctionAssociation !== undefined) throw unsupported("Connection functions are");
  if (config.CacheTagConfig !== undefined) throw unsupported("Cache tags are");
  for (const behavior of [config.DefaultCacheBehavior, ...(config.CacheBehaviors?.Items ?? [])]) {
    if (behavior.FieldLevelEncryptionId !== undefined && behavior.FieldLevelEncryptionId !== "") throw new AwsError("IllegalFieldLevelEncryptionConfigAssociationWithCacheBehavior", "Field-level encryption is not supported by Cumulet: its configurations are kept, but no cache behavior can use one.");
    if (behavior.SmoothStreaming === true) throw unsupported("Microsoft Smooth Streaming is");
    if (behavior.GrpcConfig?.Enabled === true) throw unsupported("gRPC is");
    if (behavior.TrustedSigners?.Enabled === true) throw new AwsError("TrustedSignerDoesNotExist", "CloudFront key pairs of root users are not supported by Cumulet: use trusted key groups.");
  }
}

/** Sets of methods that a behaviour may allow. */
const METHOD_SETS: readonly string[] = ["GET,HEAD", "GET,HEAD,OPTIONS", "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"];

/** Refuses a completed configuration that refers to what is not there or contradicts itself, with CloudFront's errors. */
export function checkDistributionConfig(config: DistributionConfig, policies: RuleLookup): void {
  refuseUnsupported(config);
  const targets = new Set<string>();
  for (const origin of config.Origins.Items) {
    if (targets.has(origin.Id)) throw new AwsError("InvalidArgument", "The parameter Origin Id must be unique.");
    targets.add(origin.Id);
    if (origin.S3OriginConfig === undefined && origin.CustomOriginConfig === undefined && origin.VpcOriginConfig === undefined) {
      throw new AwsError("InvalidOrigin", "The specified origin server does not exist or is not valid.");
    }
    if (origin.VpcOriginConfig !== undefined) throw new AwsError("InvalidOrigin", "VPC origins are not supported by Cumulet: there is no VPC to reach.");
    const { OriginAccessControlId: control = "", S3OriginConfig: s3 } = origin;
    const identity = s3?.OriginAccessIdentity ?? "";
    if (control !== "" && identity !== "") throw new AwsError("IllegalOriginAccessConfiguration", "An origin cannot contain both an origin access control (OAC) and an origin access identity (OAI).");
    if (control !== "" && policies.originAccessControl(control) === undefined) throw new AwsError("InvalidOriginAccessControl", "The origin access control is not valid.");
    if (identity !== "" && policies.originAccessIdentity(identity.replace(/^origin-access-identity\/cloudfront\//, "")) === undefined) {
      throw new AwsError("InvalidOriginAccessIdentity", "The specified origin access identity does not exist or is not valid.");
    }
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

function checkBehavior(behavior: AnyBehavior, targets: ReadonlySet<string>, policies: RuleLookup): void {
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
  for (const group of behavior.TrustedKeyGroups?.Items ?? []) {
    if (policies.keyGroup(group) === undefined) throw new AwsError("TrustedKeyGroupDoesNotExist", "One or more of your trusted key groups does not exist.");
  }
  if (behavior.RealtimeLogConfigArn !== undefined && policies.realtimeLogConfig(behavior.RealtimeLogConfigArn) === undefined) {
    throw new AwsError("NoSuchRealtimeLogConfig", "The real-time log configuration does not exist.");
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
