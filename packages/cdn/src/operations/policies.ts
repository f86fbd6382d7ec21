import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import { managedCachePolicies, managedOriginRequestPolicies, managedResponseHeadersPolicies } from "../domain/managed-policies.ts";
import type { Resource } from "../store.ts";
import { behaviorsOf, ConfiguredKind } from "./configured.ts";
import { locationOf, type Cdn } from "./resource.ts";

const cachePolicies = new ConfiguredKind<cf.CachePolicyConfig>({
  kind: "cache-policy",
  newId: (ctx) => ctx.ids.uuid(),
  nameOf: ({ Name }) => Name,
  alreadyExists: ["CachePolicyAlreadyExists", "A cache policy with this name already exists. You must provide a unique name. To modify an existing cache policy, use UpdateCachePolicy."],
  inUse: ["CachePolicyInUse", "Cannot delete the cache policy because it is attached to one or more cache behaviors."],
  uses: (config, id) => behaviorsOf(config).some(({ CachePolicyId }) => CachePolicyId === id),
  quota: ["cache_policies", 20, "TooManyCachePolicies", "You have reached the maximum number of cache policies for this AWS account."],
  check: (_ctx, config) => checkCachePolicy(config),
  managed: managedCachePolicies,
});

const originRequestPolicies = new ConfiguredKind<cf.OriginRequestPolicyConfig>({
  kind: "origin-request-policy",
  newId: (ctx) => ctx.ids.uuid(),
  nameOf: ({ Name }) => Name,
  alreadyExists: ["OriginRequestPolicyAlreadyExists", "An origin request policy with this name already exists. You must provide a unique name. To modify an existing origin request policy, use UpdateOriginRequestPolicy."],
  inUse: ["OriginRequestPolicyInUse", "Cannot delete the origin request policy because it is attached to one or more cache behaviors."],
  uses: (config, id) => behaviorsOf(config).some(({ OriginRequestPolicyId }) => OriginRequestPolicyId === id),
  quota: ["origin_request_policies", 20, "TooManyOriginRequestPolicies", "You have reached the maximum number of origin request policies for this AWS account."],
  managed: managedOriginRequestPolicies,
});

const responseHeadersPolicies = new ConfiguredKind<cf.ResponseHeadersPolicyConfig>({
  kind: "response-headers-policy",
  newId: (ctx) => ctx.ids.uuid(),
  nameOf: ({ Name }) => Name,
  alreadyExists: ["ResponseHeadersPolicyAlreadyExists", "A response headers policy with this name already exists. You must provide a unique name. To modify an existing response headers policy, use UpdateResponseHeadersPolicy."],
  inUse: ["ResponseHeadersPolicyInUse", "Cannot delete the response headers policy because it is attached to one or more cache behaviors in a CloudFront distribution."],
  uses: (config, id) => behaviorsOf(config).some(({ ResponseHeadersPolicyId }) => ResponseHeadersPolicyId === id),
  quota: ["response_headers_policies", 20, "TooManyResponseHeadersPolicies", "You have reached the maximum number of response headers policies for this AWS account."],
  managed: managedResponseHeadersPolicies,
});

/** A policy as AWS stores it: durations that were left out are there, in an order that makes sense. */
function completed(config: cf.CachePolicyConfig): cf.CachePolicyConfig {
  const MaxTTL = config.MaxTTL ?? Math.max(31_536_000, config.DefaultTTL ?? 0, config.MinTTL);
  return { ...config, DefaultTTL: config.DefaultTTL ?? Math.min(Math.max(86_400, config.MinTTL), MaxTTL), MaxTTL };
}

function checkCachePolicy(config: cf.CachePolicyConfig): void {
  const { MinTTL, DefaultTTL, MaxTTL } = completed(config);
  if (MinTTL > DefaultTTL! || DefaultTTL! > MaxTTL!) throw new AwsError("InvalidArgument", "The parameter TTL order is not valid: MinTTL <= DefaultTTL <= MaxTTL.");
  const parameters = config.ParametersInCacheKeyAndForwardedToOrigin;
  if (MaxTTL !== 0 || parameters === undefined) return;
  // With caching disabled nothing can be part of a key.
  const { HeadersConfig, CookiesConfig, QueryStringsConfig } = parameters;
  if (parameters.EnableAcceptEncodingGzip || parameters.EnableAcceptEncodingBrotli || HeadersConfig.HeaderBehavior !== "none" || CookiesConfig.CookieBehavior !== "none" || QueryStringsConfig.QueryStringBehavior !== "none") {
    throw new AwsError("InvalidArgument", "The parameter HeaderBehavior, CookieBehavior, QueryStringBehavior or EnableAcceptEncoding is invalid for policy with caching disabled.");
  }
}

const cachePolicy = ({ id, body, modifiedMs }: Resource<cf.CachePolicyConfig>): cf.CachePolicy => ({ Id: id, LastModifiedTime: modifiedMs, CachePolicyConfig: body });
const originRequestPolicy = ({ id, body, modifiedMs }: Resource<cf.OriginRequestPolicyConfig>): cf.OriginRequestPolicy => ({ Id: id, LastModifiedTime: modifiedMs, OriginRequestPolicyConfig: body });
const responseHeadersPolicy = ({ id, body, modifiedMs }: Resource<cf.ResponseHeadersPolicyConfig>): cf.ResponseHeadersPolicy => ({ Id: id, LastModifiedTime: modifiedMs, ResponseHeadersPolicyConfig: body });

export function CreateCachePolicy(ctx: Cdn, { CachePolicyConfig }: cf.CreateCachePolicyRequest): cf.CreateCachePolicyResult {
  const policy = cachePolicies.create(ctx, completed(CachePolicyConfig));
  return { CachePolicy: cachePolicy(policy), Location: locationOf(ctx, `cache-policy/${policy.id}`), ETag: policy.etag };
}

export function GetCachePolicy(ctx: Cdn, { Id }: cf.GetCachePolicyRequest): cf.GetCachePolicyResult {
  const policy = cachePolicies.get(ctx, Id);
  return { CachePolicy: cachePolicy(policy), ETag: policy.etag };
}

export function GetCachePolicyConfig(ctx: Cdn, { Id }: cf.GetCachePolicyConfigRequest): cf.GetCachePolicyConfigResult {
  const { body, etag } = cachePolicies.get(ctx, Id);
  return { CachePolicyConfig: body, ETag: etag };
}

export function UpdateCachePolicy(ctx: Cdn, { Id, IfMatch, CachePolicyConfig }: cf.UpdateCachePolicyRequest): cf.UpdateCachePolicyResult {
  const policy = cachePolicies.update(ctx, Id, IfMatch, completed(CachePolicyConfig));
  return { CachePolicy: cachePolicy(policy), ETag: policy.etag };
}

export function DeleteCachePolicy(ctx: Cdn, { Id, IfMatch }: cf.DeleteCachePolicyRequest): {} {
  cachePolicies.delete(ctx, Id, IfMatch);
  return {};
}

export function ListCachePolicies(ctx: Cdn, input: cf.ListCachePoliciesRequest): cf.ListCachePoliciesResult {
  return { CachePolicyList: cachePolicies.list(ctx, input, (policy) => ({ Type: policy.type, CachePolicy: cachePolicy(policy) })) };
}

export function CreateOriginRequestPolicy(ctx: Cdn, { OriginRequestPolicyConfig }: cf.CreateOriginRequestPolicyRequest): cf.CreateOriginRequestPolicyResult {
  const policy = originRequestPolicies.create(ctx, OriginRequestPolicyConfig);
  return { OriginRequestPolicy: originRequestPolicy(policy), Location: locationOf(ctx, `origin-request-policy/${policy.id}`), ETag: policy.etag };
}

export function GetOriginRequestPolicy(ctx: Cdn, { Id }: cf.GetOriginRequestPolicyRequest): cf.GetOriginRequestPolicyResult {
  const policy = originRequestPolicies.get(ctx, Id);
  return { OriginRequestPolicy: originRequestPolicy(policy), ETag: policy.etag };
}

export function GetOriginRequestPolicyConfig(ctx: Cdn, { Id }: cf.GetOriginRequestPolicyConfigRequest): cf.GetOriginRequestPolicyConfigResult {
  const { body, etag } = originRequestPolicies.get(ctx, Id);
  return { OriginRequestPolicyConfig: body, ETag: etag };
}

export function UpdateOriginRequestPolicy(ctx: Cdn, { Id, IfMatch, OriginRequestPolicyConfig }: cf.UpdateOriginRequestPolicyRequest): cf.UpdateOriginRequestPolicyResult {
  const policy = originRequestPolicies.update(ctx, Id, IfMatch, OriginRequestPolicyConfig);
  return { OriginRequestPolicy: originRequestPolicy(policy), ETag: policy.etag };
}

export function DeleteOriginRequestPolicy(ctx: Cdn, { Id, IfMatch }: cf.DeleteOriginRequestPolicyRequest): {} {
  originRequestPolicies.delete(ctx, Id, IfMatch);
  return {};
}

export function ListOriginRequestPolicies(ctx: Cdn, input: cf.ListOriginRequestPoliciesRequest): cf.ListOriginRequestPoliciesResult {
  return { OriginRequestPolicyList: originRequestPolicies.list(ctx, input, (policy) => ({ Type: policy.type, OriginRequestPolicy: originRequestPolicy(policy) })) };
}

export function CreateResponseHeadersPolicy(ctx: Cdn, { ResponseHeadersPolicyConfig }: cf.CreateResponseHeadersPolicyRequest): cf.CreateResponseHeadersPolicyResult {
  const policy = responseHeadersPolicies.create(ctx, ResponseHeadersPolicyConfig);
  return { ResponseHeadersPolicy: responseHeadersPolicy(policy), Location: locationOf(ctx, `response-headers-policy/${policy.id}`), ETag: policy.etag };
}

export function GetResponseHeadersPolicy(ctx: Cdn, { Id }: cf.GetResponseHeadersPolicyRequest): cf.GetResponseHeadersPolicyResult {
  const policy = responseHeadersPolicies.get(ctx, Id);
  return { ResponseHeadersPolicy: responseHeadersPolicy(policy), ETag: policy.etag };
}

export function GetResponseHeadersPolicyConfig(ctx: Cdn, { Id }: cf.GetResponseHeadersPolicyConfigRequest): cf.GetResponseHeadersPolicyConfigResult {
  const { body, etag } = responseHeadersPolicies.get(ctx, Id);
  return { ResponseHeadersPolicyConfig: body, ETag: etag };
}

export function UpdateResponseHeadersPolicy(ctx: Cdn, { Id, IfMatch, ResponseHeadersPolicyConfig }: cf.UpdateResponseHeadersPolicyRequest): cf.UpdateResponseHeadersPolicyResult {
  const policy = responseHeadersPolicies.update(ctx, Id, IfMatch, ResponseHeadersPolicyConfig);
  return { ResponseHeadersPolicy: responseHeadersPolicy(policy), ETag: policy.etag };
}

export function DeleteResponseHeadersPolicy(ctx: Cdn, { Id, IfMatch }: cf.DeleteResponseHeadersPolicyRequest): {} {
  responseHeadersPolicies.delete(ctx, Id, IfMatch);
  return {};
}

export function ListResponseHeadersPolicies(ctx: Cdn, input: cf.ListResponseHeadersPoliciesRequest): cf.ListResponseHeadersPoliciesResult {
  return { ResponseHeadersPolicyList: responseHeadersPolicies.list(ctx, input, (policy) => ({ Type: policy.type, ResponseHeadersPolicy: responseHeadersPolicy(policy) })) };
}
