/** Which distributions use a resource, and the lookups over alternate domain names. */
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import { AwsError } from "@cumulet/protocol";
import { ALIAS_NAMES, type DistributionBody, type DomainOwner } from "../names.ts";
import type { Kind, Resource } from "../store.ts";
import { managedCachePolicies, managedOriginRequestPolicies, managedResponseHeadersPolicies } from "../domain/managed-policies.ts";
import { behaviorsOf } from "./configured.ts";
import { arnOf, existing, missing, pageOf, pageSize, replaceResource, type Cdn } from "./resource.ts";
import { distributionSummary } from "./distribution.ts";

interface Paging {
  Marker?: string;
  MaxItems?: string;
}

function users(ctx: Cdn, { Marker, MaxItems }: Paging, uses: (config: cf.DistributionConfig) => boolean): { rows: Resource<DistributionBody>[]; size: number } {
  const size = pageSize(MaxItems);
  const rows: Resource<DistributionBody>[] = [];
  for (const resource of ctx.store.resources.all<DistributionBody>("distribution")) {
    if (resource.id > (Marker ?? "") && uses(resource.body.config)) rows.push(resource);
    if (rows.length > size) break;
  }
  return { rows, size };
}

function idsOf(ctx: Cdn, paging: Paging, uses: (config: cf.DistributionConfig) => boolean): cf.DistributionIdList {
  const { rows, size } = users(ctx, paging, uses);
  return pageOf(rows, paging.Marker, size, ({ id }) => id, ({ id }) => id);
}

function summariesOf(ctx: Cdn, paging: Paging, uses: (config: cf.DistributionConfig) => boolean): cf.DistributionList {
  const { rows, size } = users(ctx, paging, uses);
  return pageOf(rows, paging.Marker, size, ({ id }) => id, (resource) => distributionSummary(ctx, resource));
}

function requirePolicy(ctx: Cdn, kind: Kind, id: string, managed: readonly { id: string }[]): void {
  if (!managed.some((policy) => policy.id === id) && ctx.store.resources.get(kind, id) === undefined) throw missing(kind);
}

export function ListDistributionsByCachePolicyId(ctx: Cdn, { CachePolicyId, ...paging }: cf.ListDistributionsByCachePolicyIdRequest): cf.ListDistributionsByCachePolicyIdResult {
  requirePolicy(ctx, "cache-policy", CachePolicyId, managedCachePolicies);
  return { DistributionIdList: idsOf(ctx, paging, (config) => behaviorsOf(config).some((behavior) => behavior.CachePolicyId === CachePolicyId)) };
}

export function ListDistributionsByOriginRequestPolicyId(ctx: Cdn, { OriginRequestPolicyId, ...paging }: cf.ListDistributionsByOriginRequestPolicyIdRequest): cf.ListDistributionsByOriginRequestPolicyIdResult {
  requirePolicy(ctx, "origin-request-policy", OriginRequestPolicyId, managedOriginRequestPolicies);
  return { DistributionIdList: idsOf(ctx, paging, (config) => behaviorsOf(config).some((behavior) => behavior.OriginRequestPolicyId === OriginRequestPolicyId)) };
}

export function ListDistributionsByResponseHeadersPolicyId(ctx: Cdn, { ResponseHeadersPolicyId, ...paging }: cf.ListDistributionsByResponseHeadersPolicyIdRequest): cf.ListDistributionsByResponseHeadersPolicyIdResult {
  requirePolicy(ctx, "response-headers-policy", ResponseHeadersPolicyId, managedResponseHeadersPolicies);
  return { DistributionIdList: idsOf(ctx, paging, (config) => behaviorsOf(config).some((behavior) => behavior.ResponseHeadersPolicyId === ResponseHeadersPolicyId)) };
}

export function ListDistributionsByKeyGroup(ctx: Cdn, { KeyGroupId, ...paging }: cf.ListDistributionsByKeyGroupRequest): cf.ListDistributionsByKeyGroupResult {
  existing(ctx, "key-group", KeyGroupId);
  return { DistributionIdList: idsOf(ctx, paging, (config) => behaviorsOf(config).some(({ TrustedKeyGroups }) => TrustedKeyGroups?.Items?.includes(KeyGroupId) ?? false)) };
}

export function ListDistributionsByRealtimeLogConfig(ctx: Cdn, { RealtimeLogConfigArn, RealtimeLogConfigName, ...paging }: cf.ListDistributionsByRealtimeLogConfigRequest): cf.ListDistributionsByRealtimeLogConfigResult {
  const arn = RealtimeLogConfigArn ?? (RealtimeLogConfigName === undefined ? undefined : arnOf(ctx, `realtime-log-config/${RealtimeLogConfigName}`));
  if (arn === undefined) throw new AwsError("InvalidArgument", "You must specify the name or the ARN of the real-time log configuration.");
  return { DistributionList: summariesOf(ctx, paging, (config) => behaviorsOf(config).some((behavior) => behavior.RealtimeLogConfigArn === arn)) };
}

export function ListDistributionsByWebACLId(ctx: Cdn, { WebACLId, ...paging }: cf.ListDistributionsByWebACLIdRequest): cf.ListDistributionsByWebACLIdResult {
  const wanted = WebACLId === "null" ? "" : WebACLId;
  return { DistributionList: summariesOf(ctx, paging, (config) => (config.WebACLId ?? "") === wanted) };
}

export function AssociateAlias(ctx: Cdn, { TargetDistributionId, Alias }: cf.AssociateAliasRequest): {} {
  const target = existing<DistributionBody>(ctx, "distribution", TargetDistributionId);
  const alias = Alias.toLowerCase();
  const owner = ctx.names.find(ALIAS_NAMES, alias);
  if (owner !== undefined && owner.account !== ctx.account) throw new AwsError("IllegalUpdate", "The alias belongs to a distribution of another AWS account.");
  const source = owner === undefined ? undefined : ctx.store.resources.get<DistributionBody>("distribution", (owner.data as DomainOwner).id);
  if (source?.id === target.id) return {};
  if (source !== undefined) {
    const kept = (source.body.config.Aliases?.Items ?? []).filter((name) => name.toLowerCase() !== alias);
    replaceResource(ctx, "distribution", source, source.name, { ...source.body, config: { ...source.body.config, Aliases: listed(kept) } });
  }
  replaceResource(ctx, "distribution", target, target.name, { ...target.body, config: { ...target.body.config, Aliases: listed([...(target.body.config.Aliases?.Items ?? []), Alias]) } });
  const moved = { account: ctx.account, region: ctx.region, data: { id: target.id } satisfies DomainOwner };
  if (owner === undefined) ctx.names.claim(ALIAS_NAMES, alias, moved);
  else ctx.names.update(ALIAS_NAMES, alias, moved);
  return {};
}

function listed(names: string[]): cf.Aliases {
  return names.length === 0 ? { Quantity: 0 } : { Quantity: names.length, Items: names };
}

export function ListConflictingAliases(ctx: Cdn, { DistributionId, Alias, MaxItems }: cf.ListConflictingAliasesRequest): cf.ListConflictingAliasesResult {
  existing(ctx, "distribution", DistributionId);
  const size = pageSize(MaxItems === undefined ? undefined : String(MaxItems));
  const suffix = Alias.startsWith("*.") ? Alias.slice(1).toLowerCase() : undefined;
  const conflicts = ctx.names.list(ALIAS_NAMES).filter(({ name, owner }) =>
    (owner.data as DomainOwner).id !== DistributionId && (name === Alias.toLowerCase() || (suffix !== undefined && name.endsWith(suffix))));
  const Items = conflicts.slice(0, size).map(({ name, owner }) => ({ Alias: name, DistributionId: masked((owner.data as DomainOwner).id), AccountId: masked(owner.account) }));
  return { ConflictingAliasesList: { MaxItems: size, Quantity: Items.length, ...(Items.length === 0 ? {} : { Items }) } };
}

/** Ids of others are shown in part only. */
function masked(id: string): string {
  return `${"*".repeat(Math.max(0, id.length - 6))}${id.slice(-6)}`;
}
