import { AwsError } from "@cumulet/protocol";
import type { CreateAliasRequest, DeleteAliasRequest, ListAliasesRequest, ListAliasesResponse, UpdateAliasRequest } from "@cumulet/protocol/models/kms.d.ts";
import { notFound, validation } from "../domain/errors.ts";
import { arnOf, checkManager, paged, target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

function checkName(name: string): void {
  if (!name.startsWith("alias/")) throw validation('Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html');
  if (name.startsWith("alias/aws/")) throw new AwsError("NotAuthorizedException", "Not authorized");
  if (!/^alias\/[A-Za-z0-9/_-]+$/.test(name)) throw new AwsError("InvalidAliasNameException", "Alias contains invalid characters. Alphanumeric, underscore, forward slash and dash are allowed.");
}

export function createAlias(ctx: Ctx, input: CreateAliasRequest): void {
  const { AliasName: name } = input;
  checkName(name);
  if (input.TargetKeyId.includes("alias/")) throw validation("Aliases must refer to keys. Not aliases");
  const { ctx: owner, key } = target(ctx, input.TargetKeyId);
  if (owner !== ctx) throw validation("Aliases must refer to keys of the same account.");
  if (ctx.store.alias(name) !== undefined) throw new AwsError("AlreadyExistsException", `An alias with the name ${arnOf(ctx, name)} already exists`);
  checkManager(ctx, key);
  const nowMs = ctx.clock.now();
  ctx.store.putAlias({ name, keyId: key.id, createdMs: nowMs, updatedMs: nowMs });
}

export function updateAlias(ctx: Ctx, input: UpdateAliasRequest): void {
  const { AliasName: name } = input;
  checkName(name);
  const alias = ctx.store.alias(name);
  if (alias === undefined) throw notFound(`Alias ${arnOf(ctx, name)} is not found.`);
  const { key } = target(ctx, input.TargetKeyId);
  const old = ctx.store.key(alias.keyId)!;
  if (old.usage !== key.usage || (old.spec === "SYMMETRIC_DEFAULT") !== (key.spec === "SYMMETRIC_DEFAULT")) {
    throw validation(`Alias ${arnOf(ctx, name)} cannot be changed to a key of another type or usage.`);
  }
  ctx.store.putAlias({ ...alias, keyId: key.id, updatedMs: ctx.clock.now() });
}

export function deleteAlias(ctx: Ctx, input: DeleteAliasRequest): void {
  checkName(input.AliasName);
  if (ctx.store.alias(input.AliasName) === undefined) throw notFound(`Alias ${arnOf(ctx, input.AliasName)} is not found.`);
  ctx.store.deleteAlias(input.AliasName);
}

export function listAliases(ctx: Ctx, input: ListAliasesRequest): ListAliasesResponse {
  const keyId = input.KeyId === undefined ? undefined : target(ctx, input.KeyId).key.id;
  const { rows, page } = paged(input, 50, (after, limit) => ctx.store.aliases(keyId, after, limit), ({ name }) => name);
  return {
    Aliases: rows.map((alias) => ({ AliasName: alias.name, AliasArn: arnOf(ctx, alias.name), TargetKeyId: alias.keyId, CreationDate: alias.createdMs, LastUpdatedDate: alias.updatedMs })),
    ...page,
  };
}
