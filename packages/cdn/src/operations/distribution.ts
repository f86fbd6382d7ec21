import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import { policiesOf } from "../data-plane/distribution.ts";
import { claimDistributionKey } from "../data-plane/origin-access.ts";
import { completeDistributionConfig } from "../domain/distribution-config.ts";
import { checkDistributionConfig } from "../domain/distribution-rules.ts";
import { ALIAS_NAMES, DOMAIN_NAMES, type DistributionBody, type DomainOwner } from "../names.ts";
import type { Resource } from "../store.ts";
import { arnOf, checkQuantities, createResource, locationOf, newId, setTags, type Cdn } from "./resource.ts";

/** Makes a distribution; the caller has checked whose permission it needs. */
export function createDistribution(ctx: Cdn, given: cf.DistributionConfig, tags: readonly cf.Tag[]): cf.CreateDistributionResult {
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
  if (needsKey(config)) claimDistributionKey(ctx, id);
  const resource = createResource<DistributionBody>(ctx, "distribution", id, config.CallerReference, { config, label, deployedMs: deployedAt(ctx) });
  setTags(ctx, arnOf(ctx, `distribution/${id}`), tags);
  return { Distribution: distributionView(ctx, resource, "InProgress"), Location: locationOf(ctx, `distribution/${id}`), ETag: resource.etag };
}

/** Whether a distribution signs requests to an origin. */
export function needsKey({ Origins }: cf.DistributionConfig): boolean {
  return Origins.Items.some(({ OriginAccessControlId }) => OriginAccessControlId !== undefined && OriginAccessControlId !== "");
}

/** Takes and gives back alternate domain names, which are unique among all accounts. */
export function moveAliases(ctx: Cdn, id: string, before: cf.DistributionConfig | undefined, after: cf.DistributionConfig | undefined): void {
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
export function deployedAt(ctx: Cdn): number {
  return ctx.clock.now() + (Number(ctx.config.settings["cdn.deploy_ms"] ?? 0) || 0);
}

function statusOf(ctx: Cdn, { deployedMs }: DistributionBody): string {
  return deployedMs <= ctx.clock.now() ? "Deployed" : "InProgress";
}

/** The domain name that answers give: under this cloud's first domain, so that it can be opened. */
function domainNameOf(ctx: Cdn, { label }: DistributionBody): string {
  return `${label}.cloudfront.${ctx.config.domains[0] ?? "localhost"}`;
}

/** A distribution as `GetDistribution` shows it. */
export function distributionView(ctx: Cdn, { id, body, modifiedMs }: Resource<DistributionBody>, status = statusOf(ctx, body)): cf.Distribution {
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

/** A distribution as lists show it. */
export function distributionSummary(ctx: Cdn, { id, etag, body, modifiedMs }: Resource<DistributionBody>): cf.DistributionSummary {
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
