import type {
  CreateUserRequest, CreateUserResponse, GetUserRequest, GetUserResponse, ListUsersRequest, ListUsersResponse, ListUserTagsRequest, ListUserTagsResponse, UpdateUserRequest, User,
} from "@cumulet/protocol/models/iam.d.ts";
import { uniqueId } from "../../domain/ids.ts";
import type { Entity } from "../../store/entities.ts";
import { alreadyExists, arnOf, checkQuota, deleteConflict, need, needUser, page, type Ctx } from "./common.ts";
import { renameKeys } from "./access-keys.ts";
import { checkedBoundary, shownBoundary } from "./policies.ts";
import { checkedTags, listTags, shownTags, tag, untag } from "./tags.ts";

export function describeUser(ctx: Ctx, user: Entity<"user">): User {
  const { passwordLastUsedMs } = user.details;
  return {
    Path: user.path, UserName: user.name, UserId: user.id, Arn: arnOf(ctx, user), CreateDate: user.createdMs,
    ...(passwordLastUsedMs === undefined ? {} : { PasswordLastUsed: passwordLastUsedMs }),
  };
}

export function createUser(ctx: Ctx, { UserName, Path = "/", PermissionsBoundary, Tags }: CreateUserRequest): CreateUserResponse {
  const tags = checkedTags(Tags);
  if (ctx.store.entities.taken("user", UserName)) throw alreadyExists(`User with name ${UserName} already exists.`);
  checkQuota(ctx, "UsersPerAccount", 5000, ctx.store.entities.count("user"));
  const user: Entity<"user"> = {
    kind: "user", name: UserName, path: Path, id: uniqueId("AIDA", ctx.account, ctx.ids), createdMs: ctx.clock.now(), boundary: checkedBoundary(ctx, PermissionsBoundary), tags, details: {},
  };
  ctx.store.entities.insert(user);
  return { User: { ...describeUser(ctx, user), ...shownBoundary(user), ...shownTags(tags) } };
}

export function getUser(ctx: Ctx, { UserName }: GetUserRequest): GetUserResponse {
  if (UserName === undefined && ctx.principal.kind === "root") {
    // The root has no name, and its id is the account's.
    return { User: { Path: "/", UserName: ctx.store.setting<string>("alias") ?? "", UserId: ctx.account, Arn: ctx.principal.arn, CreateDate: 0 } };
  }
  const user = needUser(ctx, UserName);
  return { User: { ...describeUser(ctx, user), ...shownBoundary(user), ...shownTags(user.tags) } };
}

export function listUsers(ctx: Ctx, input: ListUsersRequest): ListUsersResponse {
  const { items, ...rest } = page(input, (limit, after) => ctx.store.entities.list("user", limit, after, input.PathPrefix), ({ name }) => name);
  return { Users: items.map((user) => describeUser(ctx, user)), ...rest };
}

export function updateUser(ctx: Ctx, { UserName, NewUserName, NewPath }: UpdateUserRequest): void {
  const user = need(ctx, "user", UserName);
  const name = NewUserName ?? user.name;
  if (name.toLowerCase() !== user.name.toLowerCase() && ctx.store.entities.taken("user", name)) throw alreadyExists(`User with name ${name} already exists.`);
  const renamed = { ...user, name, path: NewPath ?? user.path };
  ctx.store.entities.update(renamed);
  renameKeys(ctx, renamed);
}

export function deleteUser(ctx: Ctx, { UserName }: { UserName: string }): void {
  const user = need(ctx, "user", UserName);
  const { entities, policies, credentials } = ctx.store;
  if (entities.groupsOf(user.id, 1).length > 0) throw deleteConflict("Cannot delete entity, must remove users from group first.");
  if (policies.attached(user.id, 1).length > 0) throw deleteConflict("Cannot delete entity, must detach all policies first.");
  if (policies.inlineList(user.id, 1).length > 0) throw deleteConflict("Cannot delete entity, must delete policies first.");
  if (user.details.loginProfile !== undefined) throw deleteConflict("Cannot delete entity, must delete login profile first.");
  if (credentials.of("access-key", user.id).length > 0) throw deleteConflict("Cannot delete entity, must delete access keys first.");
  if (entities.devicesOf(user.id).length > 0) throw deleteConflict("Cannot delete entity, must delete MFA device first.");
  if (credentials.of("signing-certificate", user.id).length > 0) throw deleteConflict("Cannot delete entity, must delete signing certificates first.");
  if (credentials.of("ssh-key", user.id).length > 0) throw deleteConflict("Cannot delete entity, must delete SSH public keys first.");
  if (credentials.of("service-specific", user.id).length > 0) throw deleteConflict("Cannot delete entity, must remove referenced objects first.");
  entities.delete(user.id);
}

export function putUserBoundary(ctx: Ctx, { UserName, PermissionsBoundary }: { UserName: string; PermissionsBoundary: string }): void {
  const user = need(ctx, "user", UserName);
  ctx.store.entities.update({ ...user, boundary: checkedBoundary(ctx, PermissionsBoundary) });
}

export function deleteUserBoundary(ctx: Ctx, { UserName }: { UserName: string }): void {
  ctx.store.entities.update({ ...need(ctx, "user", UserName), boundary: undefined });
}

export function tagUser(ctx: Ctx, { UserName, Tags }: { UserName: string; Tags: { Key: string; Value: string }[] }): void {
  tag(ctx, need(ctx, "user", UserName), Tags);
}

export function untagUser(ctx: Ctx, { UserName, TagKeys }: { UserName: string; TagKeys: string[] }): void {
  untag(ctx, need(ctx, "user", UserName), TagKeys);
}

export function listUserTags(ctx: Ctx, input: ListUserTagsRequest): ListUserTagsResponse {
  return listTags(need(ctx, "user", input.UserName), input);
}
