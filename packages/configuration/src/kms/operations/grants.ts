import { AwsError } from "@cumulet/protocol";
import type {
  CreateGrantRequest, CreateGrantResponse, GrantListEntry, ListGrantsRequest, ListGrantsResponse, ListRetirableGrantsRequest, RetireGrantRequest, RevokeGrantRequest,
} from "@cumulet/protocol/models/kms.d.ts";
import { notFound, validation } from "../domain/errors.ts";
import type { Grant } from "../store.ts";
import { arnOf, checkDryRun, checkState, keyArn, paged, target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

export function createGrant(ctx: Ctx, input: CreateGrantRequest): CreateGrantResponse {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  checkState(owner, key);
  if (input.Operations.length === 0) throw validation("Operations must not be empty.");
  checkDryRun(input);
  // A name makes the call one that may be repeated.
  if (input.Name !== undefined) {
    const same = owner.store.grants(key.id, "", 50_000).find((grant) => grant.name === input.Name && grant.grantee === input.GranteePrincipal && grant.operations.join() === input.Operations.join());
    if (same !== undefined) return { GrantId: same.id, GrantToken: same.token };
  }
  const grant: Grant = {
    id: owner.ids.bytes(32).toString("hex"), keyId: key.id, token: owner.ids.bytes(96).toString("base64url"), name: input.Name, grantee: input.GranteePrincipal, retiring: input.RetiringPrincipal,
    operations: input.Operations, constraints: input.Constraints, issuer: arnOf(owner, "root").replace(":kms:", ":iam:").replace(`:${owner.region}:`, "::"), createdMs: owner.clock.now(),
  };
  owner.store.putGrant(grant);
  return { GrantId: grant.id, GrantToken: grant.token };
}

function listed(ctx: Ctx, grant: Grant): GrantListEntry {
  return {
    KeyId: keyArn(ctx, { id: grant.keyId }),
    GrantId: grant.id,
    Name: grant.name ?? "",
    CreationDate: grant.createdMs,
    GranteePrincipal: grant.grantee,
    ...(grant.retiring === undefined ? {} : { RetiringPrincipal: grant.retiring }),
    IssuingAccount: grant.issuer,
    Operations: grant.operations,
    ...(grant.constraints === undefined ? {} : { Constraints: grant.constraints }),
  };
}

export function listGrants(ctx: Ctx, input: ListGrantsRequest): ListGrantsResponse {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  const { rows, page } = paged(input, 50, (after, limit) => owner.store.grants(key.id, after, limit), ({ id }) => id);
  const shown = rows.filter((grant) => (input.GrantId === undefined || grant.id === input.GrantId) && (input.GranteePrincipal === undefined || grant.grantee === input.GranteePrincipal));
  return { Grants: shown.map((grant) => listed(owner, grant)), ...page };
}

export function listRetirableGrants(ctx: Ctx, input: ListRetirableGrantsRequest): ListGrantsResponse {
  const { rows, page } = paged(input, 50, (after, limit) => ctx.store.allGrants(after, limit), ({ id }) => id);
  return { Grants: rows.filter(({ retiring }) => retiring === input.RetiringPrincipal).map((grant) => listed(ctx, grant)), ...page };
}

export function revokeGrant(ctx: Ctx, input: RevokeGrantRequest): void {
  const { ctx: owner, key } = target(ctx, input.KeyId);
  const grant = owner.store.grant(input.GrantId);
  if (grant?.keyId !== key.id) throw notFound(`Grant ID ${input.GrantId} not found`);
  checkDryRun(input);
  owner.store.deleteGrant(grant.id);
}

export function retireGrant(ctx: Ctx, input: RetireGrantRequest): void {
  if (input.GrantToken === undefined && (input.GrantId === undefined || input.KeyId === undefined)) throw validation("You must specify either a grant token, or both a grant ID and a key ID.");
  const grant = input.GrantToken !== undefined ? ctx.store.grantByToken(input.GrantToken) : ctx.store.grant(input.GrantId!);
  if (grant === undefined) {
    throw input.GrantToken !== undefined ? new AwsError("InvalidGrantTokenException", `Invalid grant token`) : notFound(`Grant ID ${input.GrantId} not found`);
  }
  checkDryRun(input);
  ctx.store.deleteGrant(grant.id);
}
