/** Continuous deployment: staging distributions, and the policies that send them a part of the traffic. */
import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import type { DistributionBody } from "../names.ts";
import type { Resource } from "../store.ts";
import { ConfiguredKind } from "./configured.ts";
import { createDistribution, deployedAt, distributionView } from "./distribution.ts";
import { checkVersion, existing, locationOf, replaceResource, type Cdn } from "./resource.ts";

/** Largest share of the traffic that a staging distribution can get. */
const WEIGHT_MAX = 0.15;

const policies = new ConfiguredKind<cf.ContinuousDeploymentPolicyConfig>({
  kind: "continuous-deployment-policy",
  newId: (ctx) => ctx.ids.uuid(),
  nameOf: ({ StagingDistributionDnsNames }) => (StagingDistributionDnsNames.Items ?? []).join(","),
  alreadyExists: ["StagingDistributionInUse", "A continuous deployment policy for this staging distribution already exists."],
  inUse: ["ContinuousDeploymentPolicyInUse", "You cannot delete a continuous deployment policy that is associated with a primary distribution."],
  uses: (config, id) => config.ContinuousDeploymentPolicyId === id,
  quota: ["continuous_deployment_policies", 20, "TooManyContinuousDeploymentPolicies", "You have reached the maximum number of continuous deployment policies for this AWS account."],
  check: (ctx, config) => checkPolicy(ctx, config),
});

function checkPolicy(ctx: Cdn, { StagingDistributionDnsNames, TrafficConfig, Enabled }: cf.ContinuousDeploymentPolicyConfig): void {
  const [name] = StagingDistributionDnsNames.Items ?? [];
  if (StagingDistributionDnsNames.Quantity !== 1 || name === undefined || stagingByName(ctx, name) === undefined) {
    throw new AwsError("InvalidArgument", "The continuous deployment policy must name one staging distribution.");
  }
  if (TrafficConfig === undefined) {
    if (Enabled) throw new AwsError("InvalidArgument", "An enabled continuous deployment policy needs a traffic configuration.");
    return;
  }
  const { Type, SingleHeaderConfig, SingleWeightConfig } = TrafficConfig;
  if (Type === "SingleHeader" && !(SingleHeaderConfig?.Header.toLowerCase().startsWith("aws-cf-cd-") ?? false)) {
    throw new AwsError("InvalidArgument", "The header of a continuous deployment policy must begin with aws-cf-cd-.");
  }
  if (Type === "SingleWeight" && !(SingleWeightConfig !== undefined && SingleWeightConfig.Weight >= 0 && SingleWeightConfig.Weight <= WEIGHT_MAX)) {
    throw new AwsError("InvalidArgument", "The weight of a continuous deployment policy must be between 0 and 0.15.");
  }
}

/** The staging distribution whose domain name begins with the same label. */
function stagingByName(ctx: Cdn, name: string): Resource<DistributionBody> | undefined {
  const label = name.split(".", 1)[0]!.toLowerCase();
  for (const resource of ctx.store.resources.all<DistributionBody>("distribution")) {
    if (resource.body.label === label && resource.body.config.Staging === true) return resource;
  }
  return undefined;
}

const view = ({ id, body, modifiedMs }: Resource<cf.ContinuousDeploymentPolicyConfig>): cf.ContinuousDeploymentPolicy => ({ Id: id, LastModifiedTime: modifiedMs, ContinuousDeploymentPolicyConfig: body });

export function CreateContinuousDeploymentPolicy(ctx: Cdn, { ContinuousDeploymentPolicyConfig }: cf.CreateContinuousDeploymentPolicyRequest): cf.CreateContinuousDeploymentPolicyResult {
  const made = policies.create(ctx, ContinuousDeploymentPolicyConfig);
  return { ContinuousDeploymentPolicy: view(made), Location: locationOf(ctx, `continuous-deployment-policy/${made.id}`), ETag: made.etag };
}

export function GetContinuousDeploymentPolicy(ctx: Cdn, { Id }: cf.GetContinuousDeploymentPolicyRequest): cf.GetContinuousDeploymentPolicyResult {
  const found = policies.get(ctx, Id);
  return { ContinuousDeploymentPolicy: view(found), ETag: found.etag };
}

export function GetContinuousDeploymentPolicyConfig(ctx: Cdn, { Id }: cf.GetContinuousDeploymentPolicyConfigRequest): cf.GetContinuousDeploymentPolicyConfigResult {
  const { body, etag } = policies.get(ctx, Id);
  return { ContinuousDeploymentPolicyConfig: body, ETag: etag };
}

export function UpdateContinuousDeploymentPolicy(ctx: Cdn, { Id, IfMatch, ContinuousDeploymentPolicyConfig }: cf.UpdateContinuousDeploymentPolicyRequest): cf.UpdateContinuousDeploymentPolicyResult {
  const updated = policies.update(ctx, Id, IfMatch, ContinuousDeploymentPolicyConfig);
  return { ContinuousDeploymentPolicy: view(updated), ETag: updated.etag };
}

export function DeleteContinuousDeploymentPolicy(ctx: Cdn, { Id, IfMatch }: cf.DeleteContinuousDeploymentPolicyRequest): {} {
  policies.delete(ctx, Id, IfMatch);
  return {};
}

export function ListContinuousDeploymentPolicies(ctx: Cdn, input: cf.ListContinuousDeploymentPoliciesRequest): cf.ListContinuousDeploymentPoliciesResult {
  return { ContinuousDeploymentPolicyList: policies.list(ctx, input, (policy) => ({ ContinuousDeploymentPolicy: view(policy) })) };
}

export function CopyDistribution(ctx: Cdn, { PrimaryDistributionId, Staging, IfMatch, CallerReference, Enabled }: cf.CopyDistributionRequest): cf.CopyDistributionResult {
  const primary = existing<DistributionBody>(ctx, "distribution", PrimaryDistributionId);
  checkVersion(primary, IfMatch);
  if (Staging !== true) throw new AwsError("InvalidArgument", "The only supported copy is that of a primary distribution to a staging distribution.");
  const config = primary.body.config;
  // Names stay with the primary distribution; the policy sends the copy its share.
  return createDistribution(ctx, { ...config, CallerReference, Staging: true, Enabled: Enabled ?? config.Enabled, Aliases: { Quantity: 0 }, ContinuousDeploymentPolicyId: "" }, []);
}

export function UpdateDistributionWithStagingConfig(ctx: Cdn, { Id, StagingDistributionId, IfMatch }: cf.UpdateDistributionWithStagingConfigRequest): cf.UpdateDistributionWithStagingConfigResult {
  const primary = existing<DistributionBody>(ctx, "distribution", Id);
  const staging = existing<DistributionBody>(ctx, "distribution", StagingDistributionId ?? "");
  // Both versions are named: `primary, staging`.
  const [first, second] = (IfMatch ?? "").split(",").map((etag) => etag.trim());
  checkVersion(primary, first);
  checkVersion(staging, second);
  const before = primary.body.config;
  const config = {
    ...staging.body.config,
    CallerReference: before.CallerReference, Staging: false, Aliases: before.Aliases, ContinuousDeploymentPolicyId: before.ContinuousDeploymentPolicyId,
    Enabled: before.Enabled, Comment: before.Comment, ViewerCertificate: before.ViewerCertificate,
  };
  const updated = replaceResource<DistributionBody>(ctx, "distribution", primary, primary.name, { ...primary.body, config, deployedMs: deployedAt(ctx) });
  return { Distribution: distributionView(ctx, updated, "InProgress"), ETag: updated.etag };
}
