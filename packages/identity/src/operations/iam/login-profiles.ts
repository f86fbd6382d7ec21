import { scryptSync } from "node:crypto";
import type {
  CreateLoginProfileRequest, CreateLoginProfileResponse, GetLoginProfileRequest, GetLoginProfileResponse, LoginProfile, UpdateLoginProfileRequest,
} from "@cumulet/protocol/models/iam.d.ts";
import type { Entity } from "../../store/entities.ts";
import { AwsError } from "@cumulet/protocol";
import { checkPassword } from "./account.ts";
import { alreadyExists, needUser, noSuchEntity, type Ctx } from "./common.ts";

/** A password as it is kept: salted and slow to try. */
function hash(ctx: Ctx, password: string): string {
  const salt = ctx.ids.bytes(16).toString("base64url");
  return `${salt}.${scryptSync(password, salt, 32, { N: 1024 }).toString("base64url")}`;
}

/** Whether a password is the one that was hashed. */
export function isPassword(password: string, hashed: string): boolean {
  const [salt = "", wanted] = hashed.split(".");
  return scryptSync(password, salt, 32, { N: 1024 }).toString("base64url") === wanted;
}

function describe(user: Entity<"user">): LoginProfile {
  const { createdMs, resetRequired } = user.details.loginProfile!;
  return { UserName: user.name, CreateDate: createdMs, PasswordResetRequired: resetRequired };
}

function needProfile(ctx: Ctx, userName: string | undefined): Entity<"user"> {
  const user = needUser(ctx, userName);
  if (user.details.loginProfile === undefined) throw noSuchEntity(`Login Profile for User ${user.name} cannot be found.`);
  return user;
}

export function createLoginProfile(ctx: Ctx, { UserName, Password, PasswordResetRequired = false }: CreateLoginProfileRequest): CreateLoginProfileResponse {
  const user = needUser(ctx, UserName);
  if (user.details.loginProfile !== undefined) throw alreadyExists(`Login Profile for user ${user.name} already exists.`);
  if (Password !== undefined) checkPassword(ctx, Password);
  const changed: Entity<"user"> = { ...user, details: { ...user.details, loginProfile: { createdMs: ctx.clock.now(), resetRequired: PasswordResetRequired, passwordHash: hash(ctx, Password ?? "") } } };
  ctx.store.entities.update(changed);
  return { LoginProfile: describe(changed) };
}

export function getLoginProfile(ctx: Ctx, { UserName }: GetLoginProfileRequest): GetLoginProfileResponse {
  return { LoginProfile: describe(needProfile(ctx, UserName)) };
}

export function updateLoginProfile(ctx: Ctx, { UserName, Password, PasswordResetRequired }: UpdateLoginProfileRequest): void {
  const user = needProfile(ctx, UserName);
  const profile = user.details.loginProfile!;
  if (Password !== undefined) checkPassword(ctx, Password);
  ctx.store.entities.update({
    ...user,
    details: {
      ...user.details,
      loginProfile: { ...profile, resetRequired: PasswordResetRequired ?? profile.resetRequired, ...(Password === undefined ? {} : { passwordHash: hash(ctx, Password) }) },
    },
  } satisfies Entity<"user">);
}

export function deleteLoginProfile(ctx: Ctx, { UserName }: { UserName?: string }): void {
  const user = needProfile(ctx, UserName);
  const { loginProfile: _gone, ...details } = user.details;
  ctx.store.entities.update({ ...user, details });
}

/** A user changes the own password, knowing the old one. */
export function changePassword(ctx: Ctx, { OldPassword, NewPassword }: { OldPassword: string; NewPassword: string }): void {
  if (ctx.principal.kind !== "user") throw new AwsError("InvalidUserType", "Only IAM Users can change their own password");
  const user = needUser(ctx, undefined);
  const profile = user.details.loginProfile;
  if (profile === undefined) throw noSuchEntity(`Login Profile for User ${user.name} cannot be found.`);
  if (!isPassword(OldPassword, profile.passwordHash)) throw new AwsError("AccessDenied", "The old password was incorrect.", { status: 403 });
  checkPassword(ctx, NewPassword);
  ctx.store.entities.update({ ...user, details: { ...user.details, loginProfile: { ...profile, resetRequired: false, passwordHash: hash(ctx, NewPassword) } } } satisfies Entity<"user">);
}
