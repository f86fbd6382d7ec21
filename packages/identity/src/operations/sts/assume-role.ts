import type { AssumeRoleRequest, AssumeRoleResponse } from "@cumulet/protocol/models/sts.d.ts";
import type { Entity } from "../../store/entities.ts";
import { iamArn, parseArn } from "../../domain/names.ts";
import { maxSessionSeconds } from "../iam/roles.ts";
import { accessDenied, checkMfa, checkSession, issueCredentials, validationError, type Ctx } from "./session.ts";

/** A role of any account of this cloud, in a context of its account. */
export function findRole(ctx: Ctx, arn: string): { owner: Ctx; role: Entity<"role"> } | undefined {
  const parts = parseArn(arn);
  if (parts === undefined || parts.service !== "iam" || parts.type !== "role") throw validationError(`${arn} is invalid`);
  const owner = ctx.at(parts.account, ctx.region) as Ctx;
  const role = owner.store.entities.find("role", parts.name);
  return role !== undefined && role.path === parts.path ? { owner, role } : undefined;
}

/** Notes when a role was last assumed, at most once a minute: it is shown, and nothing waits for it. */
export function noteUse(owner: Ctx, role: Entity<"role">): void {
  const now = owner.clock.now();
  const { lastUsed } = role.details;
  if (lastUsed !== undefined && now - lastUsed.ms < 60_000 && lastUsed.region === owner.region) return;
  owner.store.entities.update({ ...role, details: { ...role.details, lastUsed: { ms: now, region: owner.region } } } satisfies Entity<"role">);
}

export function assumeRole(ctx: Ctx, input: AssumeRoleRequest): AssumeRoleResponse {
  const { RoleArn, RoleSessionName, DurationSeconds, SourceIdentity } = input;
  const found = findRole(ctx, RoleArn);
  const caller = ctx.principal;
  checkMfa(ctx, input.SerialNumber, input.TokenCode);
  const inherited = Object.fromEntries(Object.entries(caller.session?.tags ?? {}).filter(([key]) => caller.session?.transitiveTagKeys?.includes(key)));
  const { session, packedPercent } = checkSession(input, inherited);
  // A role that does not exist is not told apart from one that does not trust the caller.
  if (found === undefined) throw accessDenied(`User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`);
  const { owner, role } = found;
  const chained = caller.kind === "role";
  if (chained && DurationSeconds !== undefined && DurationSeconds > 3600) throw validationError("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
  if (DurationSeconds !== undefined && DurationSeconds > maxSessionSeconds(role)) throw validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  const arn = `arn:${ctx.partition}:sts::${owner.account}:assumed-role/${role.name}/${RoleSessionName}`;
  const id = `${role.id}:${RoleSessionName}`;
  const sourceIdentity = SourceIdentity ?? caller.session?.sourceIdentity;
  const credentials = issueCredentials(owner, {
    kind: "role", account: owner.account, arn, id,
    session: {
      issuedMs: ctx.clock.now(),
      issuer: { type: "Role", arn: iamArn(ctx.partition, owner.account, "role", role.path, role.name), id: role.id, name: role.name },
      mfa: input.TokenCode !== undefined,
      ...session,
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    },
  }, DurationSeconds ?? 3600);
  noteUse(owner, role);
  return {
    Credentials: credentials,
    AssumedRoleUser: { AssumedRoleId: id, Arn: arn },
    ...(packedPercent === undefined ? {} : { PackedPolicySize: packedPercent }),
    ...(SourceIdentity === undefined ? {} : { SourceIdentity }),
  };
}
