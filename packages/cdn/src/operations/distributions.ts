import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import { policiesOf } from "../data-plane/distribution.ts";
import { dropDistribution } from "../data-plane/network.ts";
import { completeDistributionConfig } from "../domain/distribution-config.ts";
import { checkDistributionConfig } from "../domain/distribution-rules.ts";
import { ALIAS_NAMES, DOMAIN_NAMES, type DistributionBody, type DomainOwner } from "../names.ts";
import type { Resource } from "../store.ts";
import {
  arnOf, checkQuantities, checkVersion, createResource, existing, listResources, locationOf, newId, replaceResource, setTags, type Cdn,
} from "./resource.ts";

export function CreateDistribution(ctx: Cdn, { DistributionConfig }: cf.CreateDistributionRequest): cf.CreateDistributionResult {
  return create(ctx, DistributionConfig, []);
}

export function CreateDistributionWithTags(ctx: Cdn, { DistributionConfigWithTags }: cf.CreateDistributionWithTagsRequest): cf.CreateDistributionWithTagsResult {
  return create(ctx, DistributionConfigWithTags.DistributionConfig, DistributionConfigWithTags.Tags.Items ?? []);
}

export function GetDistribution(ctx: Cdn, { Id }: cf.GetDistributionRequest): cf.GetDistributionResult {
  const resource = existing<DistributionBody>(ctx, "distribution", Id);
  return { Distribution: view(ctx, resource), ETag: resource.etag };
}

export function GetDistributionConfig(ctx: Cdn, { Id }: cf.GetDistributionConfigRequest): cf.GetDistributionConfigResult {
  const { body, etag } = existing<DistributionBody>(ctx, "distribution", Id);
  return { DistributionConfig: body.config, ETag: etag };
}

export function UpdateDistribution(ctx: Cdn, { Id, IfMatch, DistributionConfig }: cf.UpdateDistributionRequest): cf.UpdateDistributionResult {
  checkQuantities(DistributionConfig);
  const resource = existing<DistributionBody>(ctx, "distribution", Id);
  checkVersion(resource, IfMatch);
  if (DistributionConfig.CallerReference !== resource.body.config.CallerReference) {
    throw new AwsError("IllegalUpdate", "The update contains modifications that are not allowed: CallerReference cannot be changed.");
  }
  const config = completeDistributionConfig(DistributionConfig);
  checkDistributionConfig(config, policiesOf(ctx.store));
  moveAliases(ctx, Id, resource.body.config, config);
  const updated = replaceResource(ctx, "distribution", resource, resource.name, { ...resource.body, config, deployedMs: deployedAt(ctx) });
  return { Distribution: view(ctx, updated, "InProgress"), ETag: updated.etag };
}

export function DeleteDistribution(ctx: Cdn, { Id, IfMatch }: cf.DeleteDistributionRequest): {} {
  const resource = existing<DistributionBody>(ctx, "distribution", Id);
  checkVersion(resource, IfMatch);
  if (resource.body.config.Enabled || resource.body.deployedMs > ctx.clock.now()) {
    throw new AwsError("DistributionNotDisabled", "The distribution you are trying to delete has not been disabled.");
  }
  moveAliases(ctx, Id, resource.body.config, undefined);
  ctx.names.release(DOMAIN_NAMES, resource.body.label);
  ctx.names.release(DOMAIN_NAMES, Id.toLowerCase());
  ctx.store.tags.clear(arnOf(ctx, `distribution/${Id}`));
  ctx.store.invalidations.clear(Id);
  ctx.store.resources.delete("distribution", Id);
  dropDistribution(ctx, Id);
  return {};
}

export function ListDistributions(ctx: Cdn, { Marker, MaxItems }: cf.ListDistributionsRequest): cf.ListDistributionsResult {
  return { DistributionList: listResources<DistributionBody, cf.DistributionSummary>(ctx, "distribution", Marker, MaxItems, (resource) => summary(ctx, resource)) };
}

function create(ctx: Cdn, given: cf.DistributionConfig, tags: readonly cf.Tag[]): cf.CreateDistributionResult {
  checkQuantities(given);
  const config = completeDistributionConfig(given);
  const known = ctx.store.resources.byName("distribution", config.CallerReference);
  if (known !== undefined) {
    throw new AwsError("DistributionAlreadyExists", `The caller reference that you are using to create a distribution is associated with another distribution. Already exists: ${known.id}`);
  }
  checkDistributionConfig(config, policiesOf(ctx.store));
  const id = newId(ctx, "E");
  const label = `d${ctx.ids.token(13)}`;
  const owner = { account: ctx.account, region: ctx.region, data: { id } satisfies DomainOwner };
  ctx.names.claim(DOMAIN_NAMES, label, owner);
  ctx.names.claim(DOMAIN_NAMES, id.toLowerCase(), owner);
  moveAliases(ctx, id, undefined, config);
  const resource = createResource<DistributionBody>(ctx, "distribution", id, config.CallerReference, { config, label, deployedMs: deployedAt(ctx) });
  setTags(ctx, arnOf(ctx, `distribution/${id}`), tags);
  return { Distribution: view(ctx, resource, "InProgress"), Location: locationOf(ctx, `distribution/${id}`), ETag: resource.etag };
}

/** Takes and gives back alternate domain names, which are unique among all accounts. */
function moveAliases(ctx: Cdn, id: string, before: cf.DistributionConfig | undefined, after: cf.DistributionConfig | undefined): void {
  const names = new Set((after?.Aliases?.Items ?? []).map((name) => name.toLowerCase()));
  for (const name of before?.Aliases?.Items ?? []) if (!names.has(name.toLowerCase())) ctx.names.release(ALIAS_NAMES, name.toLowerCase());
  for (const name of names) {
    const present = ctx.names.find(ALIAS_NAMES, name);
    if (present !== undefined && (present.account !== ctx.account || (present.data as DomainOwner).id !== id)) {
      throw new AwsError("CNAMEAlreadyExists", `One or more of the CNAMEs you provided are already associated with a different resource.`);
    }
    ctx.names.claim(ALIAS_NAMES, name, { account: ctx.account, region: ctx.region, data: { id } satisfies DomainOwner });
  }
}

/** Edges in this process run a change at once; `cdn.deploy_ms` makes it take longer, to try out what waits for it. */
function deployedAt(ctx: Cdn): number {
  return ctx.clock.now() + (Number(ctx.config.settings["cdn.deploy_ms"] ?? 0) || 0);
}

function statusOf(ctx: Cdn, { deployedMs }: DistributionBody): string {
  return deployedMs <= ctx.clock.now() ? "Deployed" : "InProgress";
}

/** The domain name that answers give: under this cloud's first domain, so that it can be opened. */
function domainNameOf(ctx: Cdn, { label }: DistributionBody): string {
  return `${label}.cloudfront.${ctx.config.domains[0] ?? "localhost"}`;
}

function view(ctx: Cdn, { id, body, modifiedMs }: Resource<DistributionBody>, status = statusOf(ctx, body)): cf.Distribution {
  return {
    Id: id,
    ARN: arnOf(ctx, `distribution/${id}`),
    Status: status,
    LastModifiedTime: modifiedMs,
    InProgressInvalidationBatches: ctx.store.invalidations.inProgress(id),
    DomainName: domainNameOf(ctx, body),
    ActiveTrustedSigners: { Enabled: false, Quantity: 0 },
    ActiveTrustedKeyGroups: { Enabled: false, Quantity: 0 },
    DistributionConfig: body.config,
    AliasICPRecordals: aliasRecords(body.config),
  };
}

function aliasRecords(config: cf.DistributionConfig): cf.AliasICPRecordal[] {
  return (config.Aliases?.Items ?? []).map((CNAME) => ({ CNAME, ICPRecordalStatus: "APPROVED" }));
}

function summary(ctx: Cdn, { id, etag, body, modifiedMs }: Resource<DistributionBody>): cf.DistributionSummary {
  const { config } = body;
  return {
    Id: id,
    ARN: arnOf(ctx, `distribution/${id}`),
    ETag: etag,
    Status: statusOf(ctx, body),
    LastModifiedTime: modifiedMs,
    DomainName: domainNameOf(ctx, body),
    Aliases: config.Aliases!,
    Origins: config.Origins,
    OriginGroups: config.OriginGroups!,
    DefaultCacheBehavior: config.DefaultCacheBehavior,
    CacheBehaviors: config.CacheBehaviors!,
    CustomErrorResponses: config.CustomErrorResponses!,
    Comment: config.Comment,
    PriceClass: config.PriceClass!,
    Enabled: config.Enabled,
    ViewerCertificate: config.ViewerCertificate!,
    Restrictions: config.Restrictions!,
    WebACLId: config.WebACLId!,
    HttpVersion: config.HttpVersion!,
    IsIPV6Enabled: config.IsIPV6Enabled!,
    AliasICPRecordals: aliasRecords(config),
    Staging: config.Staging!,
    ConnectionMode: config.ConnectionMode,
  };
}
