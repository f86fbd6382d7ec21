import type { AccessKeyData, Principal } from "@cumulet/core";
import { ACCESS_KEY, rootPrincipal } from "@cumulet/core";
import type {
  AccessKeyMetadata, CreateAccessKeyRequest, CreateAccessKeyResponse, DeleteAccessKeyRequest, GetAccessKeyLastUsedResponse, ListAccessKeysRequest, ListAccessKeysResponse,
  UpdateAccessKeyRequest,
} from "@cumulet/protocol/models/iam.d.ts";
import { AwsError } from "@cumulet/protocol";
import { secretAccessKey, uniqueId } from "../../domain/ids.ts";
import type { UserCredential } from "../../store/credentials.ts";
import type { Entity } from "../../store/entities.ts";
import { arnOf, checkQuota, needUser, noSuchEntity, pageOf, type Ctx } from "./common.ts";

/** Whose keys a request is about: a user, or the account's root, who has no name. */
function ownerOf(ctx: Ctx, userName: string | undefined): { id: string; name: string | undefined; principal: Principal } {
  if (userName === undefined && ctx.principal.kind === "root") return { id: ctx.account, name: undefined, principal: rootPrincipal(ctx.account) };
  const user = needUser(ctx, userName);
  return { id: user.id, name: user.name, principal: userPrincipal(ctx, user) };
}

function userPrincipal(ctx: Ctx, user: Entity<"user">): Principal {
  return { kind: "user", account: ctx.account, arn: arnOf(ctx, user), id: user.id };
}

export function createAccessKey(ctx: Ctx, { UserName }: CreateAccessKeyRequest): CreateAccessKeyResponse {
  const owner = ownerOf(ctx, UserName);
  checkQuota(ctx, "AccessKeysPerUser", 2, ctx.store.credentials.of("access-key", owner.id).length);
  const id = uniqueId("AKIA", ctx.account, ctx.ids);
  const secret = secretAccessKey(ctx.ids);
  const createdMs = ctx.clock.now();
  ctx.store.credentials.insert({ kind: "access-key", id, userId: owner.id, active: true, createdMs, details: {} });
  const data: AccessKeyData = { secret, principal: owner.principal, active: true };
  ctx.names.claim(ACCESS_KEY, id, { account: ctx.account, region: ctx.region, data });
  return { AccessKey: { UserName: owner.name as string, AccessKeyId: id, Status: "Active", SecretAccessKey: secret, CreateDate: createdMs } };
}

export function listAccessKeys(ctx: Ctx, input: ListAccessKeysRequest): ListAccessKeysResponse {
  const owner = ownerOf(ctx, input.UserName);
  const all = ctx.store.credentials.of("access-key", owner.id).map(({ id, active, createdMs }): AccessKeyMetadata => (
    { ...(owner.name === undefined ? {} : { UserName: owner.name }), AccessKeyId: id, Status: active ? "Active" : "Inactive", CreateDate: createdMs }));
  const { items, ...rest } = pageOf(input, all, ({ AccessKeyId }) => AccessKeyId as string);
  return { AccessKeyMetadata: items, ...rest };
}

function needKey(ctx: Ctx, userName: string | undefined, id: string): UserCredential<"access-key"> {
  const owner = ownerOf(ctx, userName);
  const key = ctx.store.credentials.find("access-key", id);
  if (key === undefined || key.userId !== owner.id) throw noSuchEntity(`The Access Key with id ${id} cannot be found.`);
  return key;
}

/** Changes what the directory knows of a key. */
function changeData(ctx: Ctx, id: string, change: Partial<AccessKeyData>): void {
  const present = ctx.names.find(ACCESS_KEY, id);
  if (present !== undefined) ctx.names.update(ACCESS_KEY, id, { account: present.account, region: present.region, data: { ...(present.data as AccessKeyData), ...change } });
}

export function updateAccessKey(ctx: Ctx, { UserName, AccessKeyId, Status }: UpdateAccessKeyRequest): void {
  const key = needKey(ctx, UserName, AccessKeyId);
  const active = Status === "Active";
  ctx.store.credentials.update({ ...key, active });
  changeData(ctx, AccessKeyId, { active });
}

export function deleteAccessKey(ctx: Ctx, { UserName, AccessKeyId }: DeleteAccessKeyRequest): void {
  const key = needKey(ctx, UserName, AccessKeyId);
  ctx.store.credentials.delete("access-key", key.id);
  ctx.names.release(ACCESS_KEY, key.id);
}

export function getAccessKeyLastUsed(ctx: Ctx, { AccessKeyId }: { AccessKeyId: string }): GetAccessKeyLastUsedResponse {
  const key = ctx.store.credentials.find("access-key", AccessKeyId);
  // Told as a lack of permission, so that nobody learns which keys exist elsewhere.
  if (key === undefined) {
    throw new AwsError("AccessDenied", `User: ${ctx.principal.arn} is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key ${AccessKeyId}`, { status: 403 });
  }
  const user = ctx.store.entities.byId<"user">(key.userId);
  const { lastUsed } = key.details;
  return {
    ...(user === undefined ? {} : { UserName: user.name }),
    AccessKeyLastUsed: lastUsed === undefined ? { ServiceName: "N/A", Region: "N/A" } : { LastUsedDate: lastUsed.ms, ServiceName: lastUsed.service, Region: lastUsed.region },
  };
}

/** A user has a new name: so have the owners of its keys. */
export function renameKeys(ctx: Ctx, user: Entity<"user">): void {
  for (const { id } of ctx.store.credentials.of("access-key", user.id)) changeData(ctx, id, { principal: userPrincipal(ctx, user) });
}
