import type {
  CreateVirtualMFADeviceRequest, CreateVirtualMFADeviceResponse, EnableMFADeviceRequest, GetMFADeviceRequest, GetMFADeviceResponse, ListMFADevicesRequest, ListMFADevicesResponse, ListVirtualMFADevicesRequest,
  ListVirtualMFADevicesResponse, ResyncMFADeviceRequest,
} from "@cumulet/protocol/models/iam.d.ts";
import { AwsError } from "@cumulet/protocol";
import { uniqueId } from "../../domain/ids.ts";
import { parseArn } from "../../domain/names.ts";
import { SEED_ALPHABET, stepOf } from "../../domain/totp.ts";
import type { Entity } from "../../store/entities.ts";
import { alreadyExists, arnOf, checkQuota, deleteConflict, need, needUser, noSuchEntity, pageOf, type Ctx } from "./common.ts";
import { checkedTags, listTags, shownTags, tag, untag } from "./tags.ts";
import { describeUser } from "./users.ts";

/** The virtual device of a serial number, which is its ARN. */
export function findDevice(ctx: Ctx, serial: string): Entity<"mfa"> | undefined {
  const parts = parseArn(serial);
  if (parts?.type !== "mfa" || parts.account !== ctx.account) return undefined;
  const found = ctx.store.entities.find("mfa", parts.name);
  return found?.path === parts.path ? found : undefined;
}

function needDevice(ctx: Ctx, serial: string): Entity<"mfa"> {
  const found = findDevice(ctx, serial);
  if (found === undefined) throw noSuchEntity(`VirtualMFADevice with serial number ${serial} does not exist.`);
  return found;
}

export function createVirtualMfaDevice(ctx: Ctx, { VirtualMFADeviceName, Path = "/", Tags }: CreateVirtualMFADeviceRequest): CreateVirtualMFADeviceResponse {
  const tags = checkedTags(Tags);
  if (ctx.store.entities.taken("mfa", VirtualMFADeviceName)) throw alreadyExists(`MFADevice entity at the same path and name already exists.`);
  checkQuota(ctx, "VirtualMFADevicesPerAccount", 10_000, ctx.store.entities.count("mfa"));
  const device: Entity<"mfa"> = {
    kind: "mfa", name: VirtualMFADeviceName, path: Path, id: uniqueId("AIPA", ctx.account, ctx.ids), createdMs: ctx.clock.now(), boundary: undefined, tags,
    details: { seed: ctx.ids.token(64, SEED_ALPHABET) },
  };
  ctx.store.entities.insert(device);
  return { VirtualMFADevice: { SerialNumber: arnOf(ctx, device), Base32StringSeed: Buffer.from(device.details.seed), ...shownTags(tags) } };
}

/** @throws AwsError InvalidAuthenticationCode unless the codes are two that an authenticator shows one after the other about now. */
function checkCodes(ctx: Ctx, { details }: Entity<"mfa">, first: string, second: string): void {
  const now = ctx.clock.now();
  const step = stepOf(details.seed, first, now, 10);
  if (step === undefined || stepOf(details.seed, second, now, 11) !== step + 1) throw new AwsError("InvalidAuthenticationCode", "Authentication code for device is not valid.");
}

export function enableMfaDevice(ctx: Ctx, { UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }: EnableMFADeviceRequest): void {
  const user = need(ctx, "user", UserName);
  const device = needDevice(ctx, SerialNumber);
  if (device.details.userId !== undefined) throw alreadyExists("MFA Device is already in use.");
  checkQuota(ctx, "MFADevicesPerUser", 8, ctx.store.entities.devicesOf(user.id).length);
  checkCodes(ctx, device, AuthenticationCode1, AuthenticationCode2);
  ctx.store.entities.update({ ...device, details: { ...device.details, userId: user.id, enabledMs: ctx.clock.now() } });
}

/** A device that is a user's. */
function needOwn(ctx: Ctx, userName: string | undefined, serial: string): { user: Entity<"user">; device: Entity<"mfa"> } {
  const user = needUser(ctx, userName);
  const device = findDevice(ctx, serial);
  if (device === undefined || device.details.userId !== user.id) throw noSuchEntity(`MFA Device invalid for user.`);
  return { user, device };
}

export function deactivateMfaDevice(ctx: Ctx, { UserName, SerialNumber }: { UserName?: string; SerialNumber: string }): void {
  const { device } = needOwn(ctx, UserName, SerialNumber);
  ctx.store.entities.update({ ...device, details: { seed: device.details.seed } } satisfies Entity<"mfa">);
}

export function resyncMfaDevice(ctx: Ctx, { UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }: ResyncMFADeviceRequest): void {
  checkCodes(ctx, needOwn(ctx, UserName, SerialNumber).device, AuthenticationCode1, AuthenticationCode2);
}

export function deleteVirtualMfaDevice(ctx: Ctx, { SerialNumber }: { SerialNumber: string }): void {
  const device = needDevice(ctx, SerialNumber);
  if (device.details.userId !== undefined) throw deleteConflict("MFA VirtualDevice in use. Must deactivate first.");
  ctx.store.entities.delete(device.id);
}

export function getMfaDevice(ctx: Ctx, { SerialNumber, UserName }: GetMFADeviceRequest): GetMFADeviceResponse {
  const device = needDevice(ctx, SerialNumber);
  const user = device.details.userId === undefined ? undefined : ctx.store.entities.byId<"user">(device.details.userId);
  if (UserName !== undefined && user?.name !== UserName) throw noSuchEntity(`MFA Device invalid for user.`);
  return { SerialNumber, ...(user === undefined ? {} : { UserName: user.name, EnableDate: device.details.enabledMs! }) };
}

export function listMfaDevices(ctx: Ctx, input: ListMFADevicesRequest): ListMFADevicesResponse {
  if (input.UserName === undefined && ctx.principal.kind === "root") return { MFADevices: [], IsTruncated: false };
  const user = needUser(ctx, input.UserName);
  const { items, ...rest } = pageOf(input, ctx.store.entities.devicesOf(user.id), ({ name }) => name);
  return { MFADevices: items.map((device) => ({ UserName: user.name, SerialNumber: arnOf(ctx, device), EnableDate: device.details.enabledMs! })), ...rest };
}

export function listVirtualMfaDevices(ctx: Ctx, input: ListVirtualMFADevicesRequest): ListVirtualMFADevicesResponse {
  const all = ctx.store.entities.list("mfa", 10_000).filter(({ details }) => {
    if (input.AssignmentStatus === "Assigned") return details.userId !== undefined;
    return input.AssignmentStatus !== "Unassigned" || details.userId === undefined;
  });
  const { items, ...rest } = pageOf(input, all, (device) => arnOf(ctx, device));
  return {
    VirtualMFADevices: items.map((device) => {
      const user = device.details.userId === undefined ? undefined : ctx.store.entities.byId<"user">(device.details.userId);
      return { SerialNumber: arnOf(ctx, device), ...(user === undefined ? {} : { User: describeUser(ctx, user), EnableDate: device.details.enabledMs! }) };
    }),
    ...rest,
  };
}

export const tagMfaDevice = (ctx: Ctx, input: { SerialNumber: string; Tags: { Key: string; Value: string }[] }): void => tag(ctx, needDevice(ctx, input.SerialNumber), input.Tags);
export const untagMfaDevice = (ctx: Ctx, input: { SerialNumber: string; TagKeys: string[] }): void => untag(ctx, needDevice(ctx, input.SerialNumber), input.TagKeys);
export const listMfaDeviceTags = (ctx: Ctx, input: { SerialNumber: string; MaxItems?: number; Marker?: string }) => listTags(needDevice(ctx, input.SerialNumber), input);
