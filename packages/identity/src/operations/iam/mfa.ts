import type {
  ListMFADevicesRequest, ListMFADevicesResponse, ListVirtualMFADevicesRequest, ListVirtualMFADevicesResponse,
} from "@cumulet/protocol/models/iam.d.ts";
import { arnOf, needUser, pageOf, type Ctx } from "./common.ts";
import { describeUser } from "./users.ts";

export function listMfaDevices(ctx: Ctx, input: ListMFADevicesRequest): ListMFADevicesResponse {
  if (input.UserName === undefined && ctx.principal.kind === "root") return { MFADevices: [], IsTruncated: false };
  const user = needUser(ctx, input.UserName);
  const { items, ...rest } = pageOf(input, ctx.store.entities.devicesOf(user.id), ({ name }) => name);
  return { MFADevices: items.map((device) => ({ UserName: user.name, SerialNumber: arnOf(ctx, device), EnableDate: device.details.enabledMs ?? 0 })), ...rest };
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
      return { SerialNumber: arnOf(ctx, device), ...(user === undefined ? {} : { User: describeUser(ctx, user), EnableDate: device.details.enabledMs ?? 0 }) };
    }),
    ...rest,
  };
}
