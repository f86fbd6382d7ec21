import { createHash } from "node:crypto";
import { rootPrincipal } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import { claimIdentityKey, releaseIdentityKey } from "../data-plane/origin-access.ts";
import { identityAccount } from "../domain/origin-access.ts";
import type { Resource } from "../store.ts";
import { ConfiguredKind } from "./configured.ts";
import { locationOf, newId, type Cdn } from "./resource.ts";

const controls = new ConfiguredKind<cf.OriginAccessControlConfig>({
  kind: "origin-access-control",
  newId: (ctx) => newId(ctx, "E"),
  nameOf: ({ Name }) => Name,
  alreadyExists: ["OriginAccessControlAlreadyExists", "An origin access control with the same name already exists."],
  inUse: ["OriginAccessControlInUse", "Cannot delete the origin access control because it's in use by one or more distributions."],
  uses: (config, id) => config.Origins.Items.some(({ OriginAccessControlId }) => OriginAccessControlId === id),
  quota: ["origin_access_controls", 100, "TooManyOriginAccessControls", "The number of origin access controls in your AWS account exceeds the maximum allowed."],
});

/** How a distribution names an origin access identity. */
const IDENTITY_PATH = "origin-access-identity/cloudfront/";

/** What is stored of an origin access identity: its configuration, and its name in S3's lists. */
type IdentityBody = cf.CloudFrontOriginAccessIdentityConfig & { canonicalUserId: string };

const identities = new ConfiguredKind<IdentityBody>({
  kind: "origin-access-identity",
  newId: (ctx) => newId(ctx, "E"),
  nameOf: ({ CallerReference }) => CallerReference,
  alreadyExists: ["CloudFrontOriginAccessIdentityAlreadyExists", "The caller reference that you are using to create an origin access identity is associated with another identity."],
  inUse: ["CloudFrontOriginAccessIdentityInUse", "The CloudFront origin access identity is still being used."],
  uses: (config, id) => config.Origins.Items.some(({ S3OriginConfig }) => S3OriginConfig?.OriginAccessIdentity === `${IDENTITY_PATH}${id}`),
  quota: ["origin_access_identities", 100, "TooManyCloudFrontOriginAccessIdentities", "Processing your request would cause you to exceed the maximum number of origin access identities allowed."],
  check: (_ctx, { CallerReference }, before) => {
    if (before !== undefined && before.CallerReference !== CallerReference) throw new AwsError("IllegalUpdate", "The update contains modifications that are not allowed: CallerReference cannot be changed.");
  },
});

const control = ({ id, body }: Resource<cf.OriginAccessControlConfig>): cf.OriginAccessControl => ({ Id: id, OriginAccessControlConfig: body });

export function CreateOriginAccessControl(ctx: Cdn, { OriginAccessControlConfig }: cf.CreateOriginAccessControlRequest): cf.CreateOriginAccessControlResult {
  const made = controls.create(ctx, OriginAccessControlConfig);
  return { OriginAccessControl: control(made), Location: locationOf(ctx, `origin-access-control/${made.id}`), ETag: made.etag };
}

export function GetOriginAccessControl(ctx: Cdn, { Id }: cf.GetOriginAccessControlRequest): cf.GetOriginAccessControlResult {
  const found = controls.get(ctx, Id);
  return { OriginAccessControl: control(found), ETag: found.etag };
}

export function GetOriginAccessControlConfig(ctx: Cdn, { Id }: cf.GetOriginAccessControlConfigRequest): cf.GetOriginAccessControlConfigResult {
  const { body, etag } = controls.get(ctx, Id);
  return { OriginAccessControlConfig: body, ETag: etag };
}

export function UpdateOriginAccessControl(ctx: Cdn, { Id, IfMatch, OriginAccessControlConfig }: cf.UpdateOriginAccessControlRequest): cf.UpdateOriginAccessControlResult {
  const updated = controls.update(ctx, Id, IfMatch, OriginAccessControlConfig);
  return { OriginAccessControl: control(updated), ETag: updated.etag };
}

export function DeleteOriginAccessControl(ctx: Cdn, { Id, IfMatch }: cf.DeleteOriginAccessControlRequest): {} {
  controls.delete(ctx, Id, IfMatch);
  return {};
}

export function ListOriginAccessControls(ctx: Cdn, input: cf.ListOriginAccessControlsRequest): cf.ListOriginAccessControlsResult {
  const page = controls.list(ctx, input, ({ id, body }): cf.OriginAccessControlSummary => ({ Id: id, ...body, Description: body.Description ?? "" }));
  return { OriginAccessControlList: { Marker: input.Marker ?? "", IsTruncated: page.NextMarker !== undefined, ...page } };
}

const configOf = ({ canonicalUserId: _name, ...config }: IdentityBody): cf.CloudFrontOriginAccessIdentityConfig => config;
const identity = ({ id, body }: Resource<IdentityBody>): cf.CloudFrontOriginAccessIdentity => ({ Id: id, S3CanonicalUserId: body.canonicalUserId, CloudFrontOriginAccessIdentityConfig: configOf(body) });

export async function CreateCloudFrontOriginAccessIdentity(ctx: Cdn, { CloudFrontOriginAccessIdentityConfig: config }: cf.CreateCloudFrontOriginAccessIdentityRequest): Promise<cf.CreateCloudFrontOriginAccessIdentityResult> {
  const id = newId(ctx, "E");
  const canonicalUserId = await canonicalUserOf(ctx, id);
  const made = ctx.transaction(() => {
    // The same request again finds what it made; a different one under its reference is refused.
    const known = ctx.store.resources.byName<IdentityBody>("origin-access-identity", config.CallerReference);
    if (known !== undefined && known.body.Comment === config.Comment) return known;
    const created = identities.create(ctx, { ...config, canonicalUserId }, id);
    claimIdentityKey(ctx, created.id);
    return created;
  });
  return { CloudFrontOriginAccessIdentity: identity(made), Location: locationOf(ctx, `${IDENTITY_PATH}${made.id}`), ETag: made.etag };
}

/** The identity's name in S3's lists: S3 has one for every account, and tells each its own. */
async function canonicalUserOf(ctx: Cdn, id: string): Promise<string> {
  const account = identityAccount(id);
  try {
    const { Owner } = await ctx.as({ account, principal: rootPrincipal(account) }).s3.ListBuckets({});
    if (Owner?.ID !== undefined) return Owner.ID;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
  return createHash("sha256").update(account).digest("hex"); // a cloud without S3 has no lists either
}

export function GetCloudFrontOriginAccessIdentity(ctx: Cdn, { Id }: cf.GetCloudFrontOriginAccessIdentityRequest): cf.GetCloudFrontOriginAccessIdentityResult {
  const found = identities.get(ctx, Id);
  return { CloudFrontOriginAccessIdentity: identity(found), ETag: found.etag };
}

export function GetCloudFrontOriginAccessIdentityConfig(ctx: Cdn, { Id }: cf.GetCloudFrontOriginAccessIdentityConfigRequest): cf.GetCloudFrontOriginAccessIdentityConfigResult {
  const { body, etag } = identities.get(ctx, Id);
  return { CloudFrontOriginAccessIdentityConfig: configOf(body), ETag: etag };
}

export function UpdateCloudFrontOriginAccessIdentity(ctx: Cdn, { Id, IfMatch, CloudFrontOriginAccessIdentityConfig }: cf.UpdateCloudFrontOriginAccessIdentityRequest): cf.UpdateCloudFrontOriginAccessIdentityResult {
  const { canonicalUserId } = identities.get(ctx, Id).body;
  const updated = identities.update(ctx, Id, IfMatch, { ...CloudFrontOriginAccessIdentityConfig, canonicalUserId });
  return { CloudFrontOriginAccessIdentity: identity(updated), ETag: updated.etag };
}

export function DeleteCloudFrontOriginAccessIdentity(ctx: Cdn, { Id, IfMatch }: cf.DeleteCloudFrontOriginAccessIdentityRequest): {} {
  identities.delete(ctx, Id, IfMatch);
  releaseIdentityKey(ctx, Id);
  return {};
}

export function ListCloudFrontOriginAccessIdentities(ctx: Cdn, input: cf.ListCloudFrontOriginAccessIdentitiesRequest): cf.ListCloudFrontOriginAccessIdentitiesResult {
  const page = identities.list(ctx, input, ({ id, body }): cf.CloudFrontOriginAccessIdentitySummary => ({ Id: id, S3CanonicalUserId: body.canonicalUserId, Comment: body.Comment }));
  return { CloudFrontOriginAccessIdentityList: { Marker: input.Marker ?? "", IsTruncated: page.NextMarker !== undefined, ...page } };
}
