import type {
  CreateInstanceProfileRequest, CreateInstanceProfileResponse, GetInstanceProfileResponse, InstanceProfile, ListInstanceProfilesForRoleRequest,
  ListInstanceProfilesForRoleResponse, ListInstanceProfilesRequest, ListInstanceProfilesResponse, ListInstanceProfileTagsRequest, ListInstanceProfileTagsResponse,
} from "@cumulet/protocol/models/iam.d.ts";
import { uniqueId } from "../../domain/ids.ts";
import type { Entity } from "../../store/entities.ts";
import { alreadyExists, arnOf, checkQuota, deleteConflict, limitExceeded, need, noSuchEntity, page, type Ctx } from "./common.ts";
import { refuseLinked } from "./policies.ts";
import { describeRole } from "./roles.ts";
import { checkedTags, listTags, shownTags, tag, untag } from "./tags.ts";

/** An instance profile as answers show it, with the role in it. */
export function describeProfile(ctx: Ctx, profile: Entity<"instance-profile">): InstanceProfile {
  const { roleId } = profile.details;
  const role = roleId === undefined ? undefined : ctx.store.entities.byId<"role">(roleId);
  return {
    Path: profile.path, InstanceProfileName: profile.name, InstanceProfileId: profile.id, Arn: arnOf(ctx, profile), CreateDate: profile.createdMs,
    Roles: role === undefined ? [] : [describeRole(ctx, role)],
  };
}

export function createInstanceProfile(ctx: Ctx, { InstanceProfileName, Path = "/", Tags }: CreateInstanceProfileRequest): CreateInstanceProfileResponse {
  const tags = checkedTags(Tags);
  if (ctx.store.entities.taken("instance-profile", InstanceProfileName)) throw alreadyExists(`Instance Profile ${InstanceProfileName} already exists.`);
  checkQuota(ctx, "InstanceProfilesPerAccount", 1000, ctx.store.entities.count("instance-profile"));
  const profile: Entity<"instance-profile"> = {
    kind: "instance-profile", name: InstanceProfileName, path: Path, id: uniqueId("AIPA", ctx.account, ctx.ids), createdMs: ctx.clock.now(), boundary: undefined, tags, details: {},
  };
  ctx.store.entities.insert(profile);
  return { InstanceProfile: { ...describeProfile(ctx, profile), ...shownTags(tags) } };
}

export function getInstanceProfile(ctx: Ctx, { InstanceProfileName }: { InstanceProfileName: string }): GetInstanceProfileResponse {
  const profile = need(ctx, "instance-profile", InstanceProfileName);
  return { InstanceProfile: { ...describeProfile(ctx, profile), ...shownTags(profile.tags) } };
}

export function listInstanceProfiles(ctx: Ctx, input: ListInstanceProfilesRequest): ListInstanceProfilesResponse {
  const { items, ...rest } = page(input, (limit, after) => ctx.store.entities.list("instance-profile", limit, after, input.PathPrefix), ({ name }) => name);
  return { InstanceProfiles: items.map((profile) => describeProfile(ctx, profile)), ...rest };
}

export function listInstanceProfilesForRole(ctx: Ctx, input: ListInstanceProfilesForRoleRequest): ListInstanceProfilesForRoleResponse {
  const { id } = need(ctx, "role", input.RoleName);
  const { items, ...rest } = page(input, (limit, after) => ctx.store.entities.profilesOf(id, limit, after), ({ name }) => name);
  return { InstanceProfiles: items.map((profile) => describeProfile(ctx, profile)), ...rest };
}

export function deleteInstanceProfile(ctx: Ctx, { InstanceProfileName }: { InstanceProfileName: string }): void {
  const profile = need(ctx, "instance-profile", InstanceProfileName);
  if (profile.details.roleId !== undefined) throw deleteConflict("Cannot delete entity, must remove roles from instance profile first.");
  ctx.store.entities.delete(profile.id);
}

export function addRole(ctx: Ctx, { InstanceProfileName, RoleName }: { InstanceProfileName: string; RoleName: string }): void {
  const profile = need(ctx, "instance-profile", InstanceProfileName);
  const role = need(ctx, "role", RoleName);
  refuseLinked(role);
  if (profile.details.roleId !== undefined) throw limitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
  ctx.store.entities.update({ ...profile, details: { roleId: role.id } });
}

export function removeRole(ctx: Ctx, { InstanceProfileName, RoleName }: { InstanceProfileName: string; RoleName: string }): void {
  const profile = need(ctx, "instance-profile", InstanceProfileName);
  const role = need(ctx, "role", RoleName);
  if (profile.details.roleId !== role.id) throw noSuchEntity(`Role ${RoleName} in Instance Profile ${InstanceProfileName} cannot be found.`);
  ctx.store.entities.update({ ...profile, details: {} });
}

export function tagInstanceProfile(ctx: Ctx, { InstanceProfileName, Tags }: { InstanceProfileName: string; Tags: { Key: string; Value: string }[] }): void {
  tag(ctx, need(ctx, "instance-profile", InstanceProfileName), Tags);
}

export function untagInstanceProfile(ctx: Ctx, { InstanceProfileName, TagKeys }: { InstanceProfileName: string; TagKeys: string[] }): void {
  untag(ctx, need(ctx, "instance-profile", InstanceProfileName), TagKeys);
}

export function listInstanceProfileTags(ctx: Ctx, input: ListInstanceProfileTagsRequest): ListInstanceProfileTagsResponse {
  return listTags(need(ctx, "instance-profile", input.InstanceProfileName), input);
}
