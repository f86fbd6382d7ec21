import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import { managedCachePolicies, managedOriginRequestPolicies, managedResponseHeadersPolicies, type Managed } from "../domain/managed-policies.ts";
import type { Kind, Resource } from "../store.ts";
import { existing, pageOf, pageSize, type Cdn } from "./resource.ts";

/** Managed policies never change: one version, from before this cloud began. */
const MANAGED_ETAG = "E23ZP02F085DFQ";
const MANAGED_MS = Date.UTC(2020, 5, 1);

/** A policy of the account or one of everybody's, with whose it is. */
type Policy<Config> = Resource<Config> & { type: "managed" | "custom" };

function asResource<Config>({ id, config }: Managed<Config>): Policy<Config> {
  return { id, name: id, etag: MANAGED_ETAG, body: config, createdMs: MANAGED_MS, modifiedMs: MANAGED_MS, type: "managed" };
}

/** A kind of policy that AWS has managed ones of. */
class Policies<Config> {
  readonly #kind: Kind;
  readonly #managed: readonly Policy<Config>[];

  constructor(kind: Kind, managed: readonly Managed<Config>[]) {
    this.#kind = kind;
    this.#managed = managed.map(asResource);
  }

  get(ctx: Cdn, id: string): Policy<Config> {
    return this.#managed.find((policy) => policy.id === id) ?? { ...existing<Config>(ctx, this.#kind, id), type: "custom" };
  }

  list<T>(ctx: Cdn, { Type, Marker, MaxItems }: { Type?: string; Marker?: string; MaxItems?: string }, view: (policy: Policy<Config>) => T): { NextMarker?: string; MaxItems: number; Quantity: number; Items?: T[] } {
    const size = pageSize(MaxItems);
    const after = Marker ?? "";
    const custom = Type === "managed" ? [] : ctx.store.resources.page<Config>(this.#kind, after, size + 1).map((policy): Policy<Config> => ({ ...policy, type: "custom" }));
    const managed = Type === "custom" ? [] : this.#managed.filter(({ id }) => id > after);
    const rows = [...managed, ...custom].sort((a, b) => (a.id < b.id ? -1 : 1));
    const { NextMarker, MaxItems: max, Quantity, Items } = pageOf(rows, Marker, size, ({ id }) => id, view);
    return { NextMarker, MaxItems: max, Quantity, Items };
  }
}

const cachePolicies = new Policies("cache-policy", managedCachePolicies);
const originRequestPolicies = new Policies("origin-request-policy", managedOriginRequestPolicies);
const responseHeadersPolicies = new Policies("response-headers-policy", managedResponseHeadersPolicies);

const cachePolicy = ({ id, body, modifiedMs }: Resource<cf.CachePolicyConfig>): cf.CachePolicy => ({ Id: id, LastModifiedTime: modifiedMs, CachePolicyConfig: body });
const originRequestPolicy = ({ id, body, modifiedMs }: Resource<cf.OriginRequestPolicyConfig>): cf.OriginRequestPolicy => ({ Id: id, LastModifiedTime: modifiedMs, OriginRequestPolicyConfig: body });
const responseHeadersPolicy = ({ id, body, modifiedMs }: Resource<cf.ResponseHeadersPolicyConfig>): cf.ResponseHeadersPolicy => ({ Id: id, LastModifiedTime: modifiedMs, ResponseHeadersPolicyConfig: body });

export function GetCachePolicy(ctx: Cdn, { Id }: cf.GetCachePolicyRequest): cf.GetCachePolicyResult {
  const policy = cachePolicies.get(ctx, Id);
  return { CachePolicy: cachePolicy(policy), ETag: policy.etag };
}

export function GetCachePolicyConfig(ctx: Cdn, { Id }: cf.GetCachePolicyConfigRequest): cf.GetCachePolicyConfigResult {
  const { body, etag } = cachePolicies.get(ctx, Id);
  return { CachePolicyConfig: body, ETag: etag };
}

export function ListCachePolicies(ctx: Cdn, input: cf.ListCachePoliciesRequest): cf.ListCachePoliciesResult {
  return { CachePolicyList: cachePolicies.list(ctx, input, (policy) => ({ Type: policy.type, CachePolicy: cachePolicy(policy) })) };
}

export function GetOriginRequestPolicy(ctx: Cdn, { Id }: cf.GetOriginRequestPolicyRequest): cf.GetOriginRequestPolicyResult {
  const policy = originRequestPolicies.get(ctx, Id);
  return { OriginRequestPolicy: originRequestPolicy(policy), ETag: policy.etag };
}

export function GetOriginRequestPolicyConfig(ctx: Cdn, { Id }: cf.GetOriginRequestPolicyConfigRequest): cf.GetOriginRequestPolicyConfigResult {
  const { body, etag } = originRequestPolicies.get(ctx, Id);
  return { OriginRequestPolicyConfig: body, ETag: etag };
}

export function ListOriginRequestPolicies(ctx: Cdn, input: cf.ListOriginRequestPoliciesRequest): cf.ListOriginRequestPoliciesResult {
  return { OriginRequestPolicyList: originRequestPolicies.list(ctx, input, (policy) => ({ Type: policy.type, OriginRequestPolicy: originRequestPolicy(policy) })) };
}

export function GetResponseHeadersPolicy(ctx: Cdn, { Id }: cf.GetResponseHeadersPolicyRequest): cf.GetResponseHeadersPolicyResult {
  const policy = responseHeadersPolicies.get(ctx, Id);
  return { ResponseHeadersPolicy: responseHeadersPolicy(policy), ETag: policy.etag };
}

export function GetResponseHeadersPolicyConfig(ctx: Cdn, { Id }: cf.GetResponseHeadersPolicyConfigRequest): cf.GetResponseHeadersPolicyConfigResult {
  const { body, etag } = responseHeadersPolicies.get(ctx, Id);
  return { ResponseHeadersPolicyConfig: body, ETag: etag };
}

export function ListResponseHeadersPolicies(ctx: Cdn, input: cf.ListResponseHeadersPoliciesRequest): cf.ListResponseHeadersPoliciesResult {
  return { ResponseHeadersPolicyList: responseHeadersPolicies.list(ctx, input, (policy) => ({ Type: policy.type, ResponseHeadersPolicy: responseHeadersPolicy(policy) })) };
}
