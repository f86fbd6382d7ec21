import type {
  CreateGroupRequest, CreateGroupResponse, GetGroupRequest, GetGroupResponse, Group, ListGroupsForUserRequest, ListGroupsForUserResponse, ListGroupsRequest,
  ListGroupsResponse, UpdateGroupRequest,
} from "@cumulet/protocol/models/iam.d.ts";
import { uniqueId } from "../../domain/ids.ts";
import type { Entity } from "../../store/entities.ts";
import { alreadyExists, arnOf, checkQuota, deleteConflict, need, noSuchEntity, page, type Ctx } from "./common.ts";
import { describeUser } from "./users.ts";

function describeGroup(ctx: Ctx, group: Entity<"group">): Group {
  return { Path: group.path, GroupName: group.name, GroupId: group.id, Arn: arnOf(ctx, group), CreateDate: group.createdMs };
}

export function createGroup(ctx: Ctx, { GroupName, Path = "/" }: CreateGroupRequest): CreateGroupResponse {
  if (ctx.store.entities.taken("group", GroupName)) throw alreadyExists(`Group with name ${GroupName} already exists.`);
  checkQuota(ctx, "GroupsPerAccount", 300, ctx.store.entities.count("group"));
  const group: Entity<"group"> = { kind: "group", name: GroupName, path: Path, id: uniqueId("AGPA", ctx.account, ctx.ids), createdMs: ctx.clock.now(), boundary: undefined, tags: [], details: {} };
  ctx.store.entities.insert(group);
  return { Group: describeGroup(ctx, group) };
}

export function getGroup(ctx: Ctx, input: GetGroupRequest): GetGroupResponse {
  const group = need(ctx, "group", input.GroupName);
  const { items, ...rest } = page(input, (limit, after) => ctx.store.entities.membersOf(group.id, limit, after), ({ name }) => name);
  return { Group: describeGroup(ctx, group), Users: items.map((user) => describeUser(ctx, user)), ...rest };
}

export function listGroups(ctx: Ctx, input: ListGroupsRequest): ListGroupsResponse {
  const { items, ...rest } = page(input, (limit, after) => ctx.store.entities.list("group", limit, after, input.PathPrefix), ({ name }) => name);
  return { Groups: items.map((group) => describeGroup(ctx, group)), ...rest };
}

export function listGroupsForUser(ctx: Ctx, input: ListGroupsForUserRequest): ListGroupsForUserResponse {
  const { id } = need(ctx, "user", input.UserName);
  const { items, ...rest } = page(input, (limit, after) => ctx.store.entities.groupsOf(id, limit, after), ({ name }) => name);
  return { Groups: items.map((group) => describeGroup(ctx, group)), ...rest };
}

export function updateGroup(ctx: Ctx, { GroupName, NewGroupName, NewPath }: UpdateGroupRequest): void {
  const group = need(ctx, "group", GroupName);
  const name = NewGroupName ?? group.name;
  if (name.toLowerCase() !== group.name.toLowerCase() && ctx.store.entities.taken("group", name)) throw alreadyExists(`Group with name ${name} already exists.`);
  ctx.store.entities.update({ ...group, name, path: NewPath ?? group.path });
}

export function deleteGroup(ctx: Ctx, { GroupName }: { GroupName: string }): void {
  const group = need(ctx, "group", GroupName);
  const { entities, policies } = ctx.store;
  if (entities.membersOf(group.id, 1).length > 0) throw deleteConflict("Cannot delete entity, must remove users from group first.");
  if (policies.attached(group.id, 1).length > 0) throw deleteConflict("Cannot delete entity, must detach all policies first.");
  if (policies.inlineList(group.id, 1).length > 0) throw deleteConflict("Cannot delete entity, must delete policies first.");
  entities.delete(group.id);
}

export function addUserToGroup(ctx: Ctx, { GroupName, UserName }: { GroupName: string; UserName: string }): void {
  const group = need(ctx, "group", GroupName);
  const user = need(ctx, "user", UserName);
  const groups = ctx.store.entities.groupsOf(user.id, 1000);
  if (groups.some(({ id }) => id === group.id)) return;
  checkQuota(ctx, "GroupsPerUser", 10, groups.length);
  ctx.store.entities.addMember(group.id, user.id);
}

export function removeUserFromGroup(ctx: Ctx, { GroupName, UserName }: { GroupName: string; UserName: string }): void {
  const group = need(ctx, "group", GroupName);
  const user = need(ctx, "user", UserName);
  if (!ctx.store.entities.removeMember(group.id, user.id)) throw noSuchEntity(`User ${UserName} is not in group ${GroupName}.`);
}
