import type { ContinuousDeploymentPolicyConfig } from "@cumulet/protocol/models/cloudfront.d.ts";
import { DOMAIN_NAMES, type DomainOwner } from "../names.ts";
import { distributionOf, type Distribution } from "./distribution.ts";
import type { Viewer } from "./viewer.ts";

/** Keeps a viewer with the distribution that it was first given. Seen on AWS under this name. */
const STICKY_COOKIE = "CloudFront-Staging-Session";

/** The staging distribution, for the part of the traffic that continuous deployment sends there. */
export function stagingFor(viewer: Viewer, policy: ContinuousDeploymentPolicyConfig): Distribution | undefined {
  if (!policy.Enabled || policy.TrafficConfig === undefined || !wantsStaging(viewer, policy.TrafficConfig)) return undefined;
  const { ctx } = viewer;
  const label = policy.StagingDistributionDnsNames.Items?.[0]?.split(".", 1)[0]?.toLowerCase();
  const owner = label === undefined ? undefined : ctx.names.find(DOMAIN_NAMES, label);
  const staging = owner === undefined || owner.account !== ctx.account ? undefined : distributionOf(ctx.store, (owner.data as DomainOwner).id, ctx.config);
  return staging?.config.Enabled === true ? staging : undefined;
}

function wantsStaging({ ctx, headers, response }: Viewer, { Type, SingleHeaderConfig: header, SingleWeightConfig: weight }: NonNullable<ContinuousDeploymentPolicyConfig["TrafficConfig"]>): boolean {
  if (Type === "SingleHeader") return header !== undefined && headers[header.Header.toLowerCase()] === header.Value;
  if (weight === undefined) return false;
  const sticky = weight.SessionStickinessConfig;
  const session = sticky === undefined ? undefined : new RegExp(`(?:^|;\\s*)${STICKY_COOKIE}=([01])`).exec(headers["cookie"] ?? "")?.[1];
  const chosen = session === undefined ? ctx.ids.random() < weight.Weight : session === "1";
  if (sticky !== undefined) response.appendHeader("Set-Cookie", `${STICKY_COOKIE}=${chosen ? 1 : 0}; Path=/; Max-Age=${sticky.IdleTTL}`);
  return chosen;
}
