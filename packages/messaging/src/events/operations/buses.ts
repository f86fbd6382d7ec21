import type {
  CreateEventBusRequest, CreateEventBusResponse, DeleteEventBusRequest, DescribeEventBusRequest, DescribeEventBusResponse, ListEventBusesRequest, ListEventBusesResponse,
  PutPermissionRequest, RemovePermissionRequest, UpdateEventBusRequest, UpdateEventBusResponse,
} from "@cumulet/protocol/models/events.d.ts";
import { Policy, PolicySyntaxError } from "@cumulet/core";
import { exists, notFound, validation } from "../domain/errors.ts";
import type { Bus } from "../store.ts";
import { busArn, busTarget, paged } from "./targets.ts";
import type { Ctx } from "./targets.ts";

interface Document {
  Version: string;
  Statement: { Sid?: string; [member: string]: unknown }[];
}

export function createEventBus(ctx: Ctx, input: CreateEventBusRequest): CreateEventBusResponse {
  const { Name: name } = input;
  if (input.EventSourceName !== undefined) throw validation("Cumulet has no partner event sources: EventSourceName is not supported.");
  if (input.LogConfig !== undefined && input.LogConfig.Level !== undefined && input.LogConfig.Level !== "OFF") throw validation("Cumulet does not log the work of event buses: LogConfig is not supported.");
  if (name.includes("/")) throw validation(`Event bus name ${name} is not valid.`);
  if (ctx.store.bus(name) !== undefined) throw exists(`Event bus ${name} already exists.`);
  const nowMs = ctx.clock.now();
  ctx.store.putBus({
    name, description: input.Description, kmsKey: input.KmsKeyIdentifier, deadLetterArn: input.DeadLetterConfig?.Arn,
    tags: Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key, Value])), createdMs: nowMs, modifiedMs: nowMs,
  });
  return { EventBusArn: busArn(ctx, name), ...shownSettings(ctx.store.bus(name)!) };
}

function shownSettings(bus: Bus): Pick<DescribeEventBusResponse, "Description" | "KmsKeyIdentifier" | "DeadLetterConfig"> {
  return {
    ...(bus.description === undefined ? {} : { Description: bus.description }),
    ...(bus.kmsKey === undefined ? {} : { KmsKeyIdentifier: bus.kmsKey }),
    ...(bus.deadLetterArn === undefined ? {} : { DeadLetterConfig: { Arn: bus.deadLetterArn } }),
  };
}

export function updateEventBus(ctx: Ctx, input: UpdateEventBusRequest): UpdateEventBusResponse {
  const { ctx: owner, bus } = busTarget(ctx, input.Name);
  const next: Bus = { ...bus, description: input.Description, kmsKey: input.KmsKeyIdentifier, deadLetterArn: input.DeadLetterConfig?.Arn, modifiedMs: owner.clock.now() };
  owner.store.putBus(next);
  return { Arn: busArn(owner, bus.name), Name: bus.name, ...shownSettings(next) };
}

export function describeEventBus(ctx: Ctx, input: DescribeEventBusRequest): DescribeEventBusResponse {
  const { ctx: owner, bus } = busTarget(ctx, input.Name);
  return described(owner, bus);
}

function described(ctx: Ctx, bus: Bus): DescribeEventBusResponse {
  return {
    Name: bus.name,
    Arn: busArn(ctx, bus.name),
    ...shownSettings(bus),
    ...(bus.policy === undefined ? {} : { Policy: bus.policy }),
    ...(bus.createdMs === undefined ? {} : { CreationTime: bus.createdMs }),
    ...(bus.modifiedMs === undefined ? {} : { LastModifiedTime: bus.modifiedMs }),
  };
}

export function listEventBuses(ctx: Ctx, input: ListEventBusesRequest): ListEventBusesResponse {
  const { rows, next } = paged(input, (after, limit) => ctx.store.buses(input.NamePrefix ?? "", after, limit), ({ name }) => name);
  return {
    EventBuses: rows.map((bus) => {
      const { KmsKeyIdentifier: _key, DeadLetterConfig: _letters, ...rest } = described(ctx, bus);
      return rest;
    }),
    ...next,
  };
}

export function deleteEventBus(ctx: Ctx, input: DeleteEventBusRequest): void {
  if (input.Name === "default") throw validation("Cannot delete event bus default.");
  if (ctx.store.bus(input.Name) === undefined) return;
  if (ctx.store.hasRules(input.Name)) throw validation("Event bus can't be deleted since it has rules.");
  ctx.store.deleteBus(input.Name);
}

export function putPermission(ctx: Ctx, input: PutPermissionRequest): void {
  const { ctx: owner, bus } = busTarget(ctx, input.EventBusName);
  const arn = busArn(owner, bus.name);
  if (input.Policy !== undefined) {
    try {
      new Policy(input.Policy);
    } catch (error) {
      if (error instanceof PolicySyntaxError) throw validation(`Parameter Policy is not valid. Reason: ${error.message}`);
      throw error;
    }
    save(owner, bus, JSON.parse(input.Policy) as Document);
    return;
  }
  const { StatementId: sid, Principal: principal, Action: action } = input;
  if (sid === undefined || principal === undefined || action === undefined) throw validation("Parameters StatementId, Principal and Action, or Policy, must be specified.");
  const policy = policyOf(bus) ?? { Version: "2012-10-17", Statement: [] };
  const statement = {
    Sid: sid,
    Effect: "Allow",
    Principal: principal === "*" ? "*" : { AWS: `arn:${owner.partition}:iam::${principal}:root` },
    Action: action,
    Resource: arn,
    ...(input.Condition === undefined ? {} : { Condition: { [input.Condition.Type]: { [input.Condition.Key]: input.Condition.Value } } }),
  };
  save(owner, bus, { ...policy, Statement: [...policy.Statement.filter(({ Sid }) => Sid !== sid), statement] });
}

export function removePermission(ctx: Ctx, input: RemovePermissionRequest): void {
  const { ctx: owner, bus } = busTarget(ctx, input.EventBusName);
  if (input.RemoveAllPermissions === true) {
    save(owner, bus, undefined);
    return;
  }
  const policy = policyOf(bus);
  const kept = policy?.Statement.filter(({ Sid }) => Sid !== input.StatementId) ?? [];
  if (policy === undefined || kept.length === policy.Statement.length) throw notFound("Statement with the provided id does not exist.");
  save(owner, bus, kept.length === 0 ? undefined : { ...policy, Statement: kept });
}

function policyOf(bus: Bus): Document | undefined {
  return bus.policy === undefined ? undefined : (JSON.parse(bus.policy) as Document);
}

function save(ctx: Ctx, bus: Bus, policy: Document | undefined): void {
  const { policy: _old, ...rest } = bus;
  ctx.store.putBus(policy === undefined ? rest : { ...rest, policy: JSON.stringify(policy) });
}
