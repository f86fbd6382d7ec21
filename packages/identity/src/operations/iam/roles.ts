import type {
  CreateRoleRequest, CreateRoleResponse, GetRoleResponse, ListRolesRequest, ListRolesResponse, ListRoleTagsRequest, ListRoleTagsResponse, Role,
  UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse, UpdateRoleRequest,
} from "@cumulet/protocol/models/iam.d.ts";
import { ACCESS_KEY } from "@cumulet/core";
import { accountOf, uniqueId } from "../../domain/ids.ts";
import { parseArn } from "../../domain/names.ts";
import { checkTrustPolicy, encodeDocument, policySize } from "../../domain/policy-document.ts";
import type { Entity } from "../../store/entities.ts";
import { alreadyExists, arnOf, checkQuota, deleteConflict, limitExceeded, need, page, quota, type Ctx } from "./common.ts";
import { checkedBoundary, refuseLinked, shownBoundary } from "./policies.ts";
import { checkedTags, listTags, shownTags, tag, untag } from "./tags.ts";

/** What every answer shows of a role. */
export function describeRole(ctx: Ctx, role: Entity<"role">): Role {
  const { description } = role.details;
  return {
    Path: role.path, RoleName: role.name, RoleId: role.id, Arn: arnOf(ctx, role), CreateDate: role.createdMs,
    AssumeRolePolicyDocument: encodeDocument(role.details.trustPolicy),
    ...(description === undefined ? {} : { Description: description }),
  };
}

/** What GetRole shows beyond it. */
function describeWhole(ctx: Ctx, role: Entity<"role">): Role {
  const { lastUsed } = role.details;
  return {
    ...describeRole(ctx, role), MaxSessionDuration: maxSessionSeconds(role), ...shownBoundary(role), ...shownTags(role.tags),
    RoleLastUsed: lastUsed === undefined ? {} : { LastUsedDate: lastUsed.ms, Region: lastUsed.region },
  };
}

/** An hour unless told. */
export const maxSessionSeconds = (role: Entity<"role">): number => role.details.maxSessionSeconds ?? 3600;

/**
 * Checks a trust policy against IAM's grammar and quota, and that the principals it names exist where that can be known:
 * in accounts of this cloud. Another account stands for itself.
 */
export function checkTrust(ctx: Ctx, document: string): void {
  const limit = quota(ctx, "ACLSizePerRole", 2048);
  checkTrustPolicy(document, ({ type, value }) => principalExists(ctx, type, value));
  if (policySize(document) > limit) throw limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${limit}`);
}

function principalExists(ctx: Ctx, type: string, value: string): boolean {
  if (type === "Service") return /^[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)$/.test(value);
  if (type === "Federated") return value !== "";
  if (value === "*" || /^\d{12}$/.test(value)) return true;
  const arn = parseArn(value);
  // A unique id is what is left in a policy of a principal that was deleted.
  if (arn === undefined) return /^A(ID|RO)A[A-Z0-9]{16,17}$/.test(value) || (/^AKIA/.test(value) && ctx.names.find(ACCESS_KEY, value) !== undefined) || accountOf(value) !== undefined;
  const { entities } = ctx.at(arn.account, ctx.region).store;
  switch (arn.type) {
    case "root": return arn.name === "";
    case "user": case "role": return entities.find(arn.type, arn.name)?.path === arn.path;
    case "assumed-role": return arn.path.length > 1 && arn.name !== "";
    case "federated-user": return arn.name !== "";
    default: return false;
  }
}

export function createRole(ctx: Ctx, input: CreateRoleRequest): CreateRoleResponse {
  const { RoleName, Path = "/", AssumeRolePolicyDocument, Description, MaxSessionDuration, PermissionsBoundary, Tags } = input;
  const tags = checkedTags(Tags);
  if (ctx.store.entities.taken("role", RoleName)) throw alreadyExists(`Role with name ${RoleName} already exists.`);
  checkTrust(ctx, AssumeRolePolicyDocument);
  checkQuota(ctx, "RolesPerAccount", 1000, ctx.store.entities.count("role"));
  const role: Entity<"role"> = {
    kind: "role", name: RoleName, path: Path, id: uniqueId("AROA", ctx.account, ctx.ids), createdMs: ctx.clock.now(), boundary: checkedBoundary(ctx, PermissionsBoundary), tags,
    details: { trustPolicy: AssumeRolePolicyDocument, ...(Description === undefined ? {} : { description: Description }), ...(MaxSessionDuration === undefined ? {} : { maxSessionSeconds: MaxSessionDuration }) },
  };
  ctx.store.entities.insert(role);
  return { Role: { ...describeRole(ctx, role), ...(MaxSessionDuration === undefined ? {} : { MaxSessionDuration }), ...shownBoundary(role), ...shownTags(tags) } };
}

export function getRole(ctx: Ctx, { RoleName }: { RoleName: string }): GetRoleResponse {
  return { Role: describeWhole(ctx, need(ctx, "role", RoleName)) };
}

export function listRoles(ctx: Ctx, input: ListRolesRequest): ListRolesResponse {
  const { items, ...rest } = page(input, (limit, after) => ctx.store.entities.list("role", limit, after, input.PathPrefix), ({ name }) => name);
  return { Roles: items.map((role) => ({ ...describeRole(ctx, role), MaxSessionDuration: maxSessionSeconds(role) })), ...rest };
}

export function deleteRole(ctx: Ctx, { RoleName }: { RoleName: string }): void {
  const role = need(ctx, "role", RoleName);
  refuseLinked(role);
  const { entities, policies } = ctx.store;
  if (entities.profilesOf(role.id, 1).length > 0) throw deleteConflict("Cannot delete entity, must remove roles from instance profile first.");
  if (policies.attached(role.id, 1).length > 0) throw deleteConflict("Cannot delete entity, must detach all policies first.");
  if (policies.inlineList(role.id, 1).length > 0) throw deleteConflict("Cannot delete entity, must delete policies first.");
  entities.delete(role.id);
}

/** A change to a role that is not its service's alone. */
function changeRole(ctx: Ctx, name: string, change: (role: Entity<"role">) => Partial<Entity<"role">>): Entity<"role"> {
  const role = need(ctx, "role", name);
  refuseLinked(role);
  const changed = { ...role, ...change(role) };
  ctx.store.entities.update(changed);
  return changed;
}

export function updateRole(ctx: Ctx, { RoleName, Description, MaxSessionDuration }: UpdateRoleRequest): Record<string, never> {
  const role = need(ctx, "role", RoleName);
  // The description is all that may change of a service-linked role.
  if (MaxSessionDuration !== undefined) refuseLinked(role);
  ctx.store.entities.update({
    ...role,
    details: { ...role.details, ...(Description === undefined ? {} : { description: Description }), ...(MaxSessionDuration === undefined ? {} : { maxSessionSeconds: MaxSessionDuration }) },
  } satisfies Entity<"role">);
  return {};
}

export function updateRoleDescription(ctx: Ctx, { RoleName, Description }: UpdateRoleDescriptionRequest): UpdateRoleDescriptionResponse {
  updateRole(ctx, { RoleName, Description });
  return { Role: { ...describeRole(ctx, need(ctx, "role", RoleName)) } };
}

export function updateAssumeRolePolicy(ctx: Ctx, { RoleName, PolicyDocument }: { RoleName: string; PolicyDocument: string }): void {
  changeRole(ctx, RoleName, ({ details }) => {
    checkTrust(ctx, PolicyDocument);
    return { details: { ...details, trustPolicy: PolicyDocument } };
  });
}

export function putRoleBoundary(ctx: Ctx, { RoleName, PermissionsBoundary }: { RoleName: string; PermissionsBoundary: string }): void {
  changeRole(ctx, RoleName, () => ({ boundary: checkedBoundary(ctx, PermissionsBoundary) }));
}

export function deleteRoleBoundary(ctx: Ctx, { RoleName }: { RoleName: string }): void {
  changeRole(ctx, RoleName, () => ({ boundary: undefined }));
}

export function tagRole(ctx: Ctx, { RoleName, Tags }: { RoleName: string; Tags: { Key: string; Value: string }[] }): void {
  tag(ctx, need(ctx, "role", RoleName), Tags);
}

export function untagRole(ctx: Ctx, { RoleName, TagKeys }: { RoleName: string; TagKeys: string[] }): void {
  untag(ctx, need(ctx, "role", RoleName), TagKeys);
}

export function listRoleTags(ctx: Ctx, input: ListRoleTagsRequest): ListRoleTagsResponse {
  return listTags(need(ctx, "role", input.RoleName), input);
}
