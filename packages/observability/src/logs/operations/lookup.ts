import type { Context } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import { invalidParameter, notFound } from "../domain/errors.ts";
import type { GroupRow, StreamRow } from "../store/groups.ts";
import type { LogsStore } from "../store/index.ts";

export type Ctx = Context<LogsStore>;

/** How an operation names its group: by name, or by name or ARN. */
export interface GroupReference {
  logGroupName?: string | undefined;
  logGroupIdentifier?: string | undefined;
}

const GROUP_ARN = /^arn:[a-z-]+:logs:([a-z0-9-]*):([0-9]{12}):log-group:([^:*]+)(?::\*)?$/;

/** The context of a group's owner and the group's name: an ARN may lead to another account or region. */
export function locate(ctx: Ctx, identifier: string): { owner: Ctx; name: string } {
  if (!identifier.startsWith("arn:")) return { owner: ctx, name: identifier };
  const match = GROUP_ARN.exec(identifier);
  if (match === null) throw invalidParameter("Invalid log group identifier: the ARN is not that of a log group.");
  return { owner: ctx.at(match[2]!, match[1]!), name: match[3]! };
}

/** @throws AwsError `ResourceNotFoundException` */
export function groupNamed(ctx: Ctx, name: string): GroupRow {
  const group = ctx.store.groups.find(name);
  if (group === undefined) throw notFound("The specified log group does not exist.");
  return group;
}

/** The group of an operation that takes a name or an identifier, and its owner. */
export function groupOf(ctx: Ctx, reference: GroupReference): { owner: Ctx; group: GroupRow } {
  const { logGroupName, logGroupIdentifier } = reference;
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
    throw invalidParameter("LogGroup name and LogGroup ARN are mutually exclusive parameters.");
  }
  const identifier = logGroupName ?? logGroupIdentifier;
  if (identifier === undefined) throw invalidParameter("Either logGroupName or logGroupIdentifier must be specified.");
  const { owner, name } = locate(ctx, identifier);
  return { owner, group: groupNamed(owner, name) };
}

/** @throws AwsError `ResourceNotFoundException` */
export function streamNamed(ctx: Ctx, group: GroupRow, name: string): StreamRow {
  const stream = ctx.store.groups.stream(group.id, name);
  if (stream === undefined) throw notFound("The specified log stream does not exist.");
  return stream;
}

/** `arn:aws:logs:us-east-1:123456789012:log-group:name` */
export function groupArn(ctx: Ctx, name: string): string {
  return `arn:${ctx.partition}:logs:${ctx.region}:${ctx.account}:log-group:${name}`;
}

/** Events before this time are gone, whether they have been cleared yet or not. */
export function expiryOf(ctx: Ctx, group: GroupRow): number {
  return group.retentionDays === undefined ? 0 : ctx.clock.now() - group.retentionDays * 86_400_000;
}

/** Names of groups and streams are measured here, since AWS says it in other words than its common front end would. */
export function checkNameLength(name: string): void {
  if (name.length > 512) throw invalidParameter("Invalid LogGroup or LogStream, both must have length less than or equal to 512.");
}

/** An operation of a class of groups that another class does not have. */
export function refuseClass(group: GroupRow, operation: string): void {
  if (group.class !== "STANDARD") {
    throw new AwsError("ValidationException", `The ${operation} operation is not supported on log groups of the ${group.class} class.`);
  }
}
