import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import { policiesOf } from "../data-plane/distribution.ts";
import { dropDistribution } from "../data-plane/network.ts";
import { claimDistributionKey, releaseDistributionKey } from "../data-plane/origin-access.ts";
import { completeDistributionConfig } from "../domain/distribution-config.ts";
import { checkDistributionConfig } from "../domain/distribution-rules.ts";
import { DOMAIN_NAMES, type DistributionBody } from "../names.ts";
import { createDistribution, deployedAt, distributionSummary, distributionView, moveAliases, needsKey } from "./distribution.ts";
import { arnOf, checkQuantities, checkVersion, existing, listResources, replaceResource, type Cdn } from "./resource.ts";

export function CreateDistribution(ctx: Cdn, { DistributionConfig }: cf.CreateDistributionRequest): cf.CreateDistributionResult {
  return createDistribution(ctx, DistributionConfig, []);
}

export function CreateDistributionWithTags(ctx: Cdn, { DistributionConfigWithTags }: cf.CreateDistributionWithTagsRequest): cf.CreateDistributionWithTagsResult {
  return createDistribution(ctx, DistributionConfigWithTags.DistributionConfig, DistributionConfigWithTags.Tags.Items ?? []);
}

export function GetDistribution(ctx: Cdn, { Id }: cf.GetDistributionRequest): cf.GetDistributionResult {
  const resource = existing<DistributionBody>(ctx, "distribution", Id);
  return { Distribution: distributionView(ctx, resource), ETag: resource.etag };
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
  if (needsKey(config)) claimDistributionKey(ctx, Id);
  const updated = replaceResource(ctx, "distribution", resource, resource.name, { ...resource.body, config, deployedMs: deployedAt(ctx) });
  return { Distribution: distributionView(ctx, updated, "InProgress"), ETag: updated.etag };
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
  releaseDistributionKey(ctx, Id);
  ctx.store.tags.clear(arnOf(ctx, `distribution/${Id}`));
  ctx.store.invalidations.clear(Id);
  ctx.store.resources.delete("distribution", Id);
  dropDistribution(ctx, Id);
  return {};
}

export function ListDistributions(ctx: Cdn, { Marker, MaxItems }: cf.ListDistributionsRequest): cf.ListDistributionsResult {
  return { DistributionList: listResources<DistributionBody, cf.DistributionSummary>(ctx, "distribution", Marker, MaxItems, (resource) => distributionSummary(ctx, resource)) };
}
