import type {
  CreateServiceLinkedRoleRequest, CreateServiceLinkedRoleResponse, DeleteServiceLinkedRoleResponse, GetServiceLinkedRoleDeletionStatusResponse,
} from "@cumulet/protocol/models/iam.d.ts";
import { uniqueId } from "../../domain/ids.ts";
import { linkedService } from "../../domain/linked-roles.ts";
import type { Entity } from "../../store/entities.ts";
import { invalidInput, need, noSuchEntity, type Ctx } from "./common.ts";
import { describeRole } from "./roles.ts";

/** Deletions that can be asked about. */
const TASKS = "role-deletions";
const TASKS_KEPT = 100;

export function createLinkedRole(ctx: Ctx, { AWSServiceName, Description, CustomSuffix }: CreateServiceLinkedRoleRequest): CreateServiceLinkedRoleResponse {
  const service = linkedService(AWSServiceName);
  if (CustomSuffix !== undefined && service?.suffix !== true) throw invalidInput(`Custom suffix is not allowed for ${AWSServiceName}`);
  if (service === undefined) throw invalidInput(`Cumulet knows no service-linked role of ${AWSServiceName}.`);
  const name = `AWSServiceRoleFor${service.role}${CustomSuffix === undefined ? "" : `_${CustomSuffix}`}`;
  if (ctx.store.entities.taken("role", name)) throw invalidInput(`Service role name ${name} has been taken in this account, please try a different suffix.`);
  const description = Description ?? service.description;
  const role: Entity<"role"> = {
    kind: "role", name, path: `/aws-service-role/${AWSServiceName}/`, id: uniqueId("AROA", ctx.account, ctx.ids), createdMs: ctx.clock.now(), boundary: undefined, tags: [],
    details: {
      trustPolicy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: AWSServiceName }, Action: "sts:AssumeRole" }] }),
      linkedService: AWSServiceName,
      ...(description === undefined ? {} : { description }),
    },
  };
  ctx.store.entities.insert(role);
  if (service.policy !== undefined) ctx.store.policies.attach(role.id, `arn:${ctx.partition}:iam::aws:policy/aws-service-role/${service.policy}`);
  return { Role: describeRole(ctx, role) };
}

/** No service here holds on to its role, so it goes at once; the task says so. */
export function deleteLinkedRole(ctx: Ctx, { RoleName }: { RoleName: string }): DeleteServiceLinkedRoleResponse {
  const role = need(ctx, "role", RoleName);
  const { linkedService: service } = role.details;
  if (service === undefined) throw invalidInput(`The role with name ${RoleName} is not a service-linked role.`);
  ctx.store.entities.delete(role.id);
  const task = `task${role.path}${role.name}/${ctx.ids.uuid()}`;
  ctx.store.setSetting(TASKS, [...(ctx.store.setting<string[]>(TASKS) ?? []), task].slice(-TASKS_KEPT));
  return { DeletionTaskId: task };
}

export function deletionStatus(ctx: Ctx, { DeletionTaskId }: { DeletionTaskId: string }): GetServiceLinkedRoleDeletionStatusResponse {
  if (!(ctx.store.setting<string[]>(TASKS) ?? []).includes(DeletionTaskId)) throw noSuchEntity(`The deletion task with id ${DeletionTaskId} cannot be found.`);
  return { Status: "SUCCEEDED" };
}
