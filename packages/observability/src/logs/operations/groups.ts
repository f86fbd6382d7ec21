import { AwsError } from "@cumulet/protocol";
import type {
  AssociateKmsKeyRequest, CreateLogGroupRequest, DeleteLogGroupRequest, DeleteRetentionPolicyRequest, DescribeLogGroupsRequest, DescribeLogGroupsResponse,
  DisassociateKmsKeyRequest, ListLogGroupsRequest, ListLogGroupsResponse, LogGroup, PutLogGroupDeletionProtectionRequest, PutRetentionPolicyRequest,
} from "@cumulet/protocol/models/logs.d.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { alreadyExists, invalidParameter, invalidToken } from "../domain/errors.ts";
import type { GroupRow } from "../store/groups.ts";
import { checkNameLength, groupArn, groupNamed, groupOf, locate, type Ctx } from "./lookup.ts";
import { checkTags } from "./tags.ts";

const PAGE = 50;
/** Groups looked at in one request that filters by more than a prefix. */
const SCAN = 1000;

/** In the order in which AWS names them when it refuses another number. */
const RETENTIONS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

export function createLogGroup(ctx: Ctx, input: CreateLogGroupRequest): Record<string, never> {
  const { groups } = ctx.store;
  const { logGroupName: name, tags = {} } = input;
  checkNameLength(name);
  if (/^aws\//i.test(name)) throw invalidParameter("Log groups starting with AWS/ are reserved for AWS.");
  checkTags(tags);
  if (groups.find(name) !== undefined) throw alreadyExists("The specified log group already exists");
  groups.add({
    name, tags, class: input.logGroupClass ?? "STANDARD", createdMs: ctx.clock.now(), kmsKeyId: input.kmsKeyId, protected: input.deletionProtectionEnabled ?? false,
  });
  return {};
}

export function deleteLogGroup(ctx: Ctx, input: DeleteLogGroupRequest): Record<string, never> {
  const group = groupNamed(ctx, input.logGroupName);
  if (group.protected) {
    throw new AwsError("ValidationException", `The specified log group ${group.name} has deletion protection enabled. Disable deletion protection before deleting the log group.`);
  }
  ctx.store.groups.delete(group.id);
  ctx.emit({ type: "logs.discard", detail: { groupId: group.id } });
  return {};
}

export function describeLogGroups(ctx: Ctx, input: DescribeLogGroupsRequest): DescribeLogGroupsResponse {
  const { logGroupNamePrefix: prefix = "", logGroupNamePattern: pattern, logGroupIdentifiers: identifiers, logGroupClass } = input;
  if (input.logGroupNamePrefix !== undefined && pattern !== undefined) {
    throw invalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  }
  if (identifiers !== undefined) {
    const found = identifiers.flatMap((identifier) => {
      const { owner, name } = locate(ctx, identifier);
      const group = owner.store.groups.find(name);
      return group === undefined ? [] : [describe(owner, group)];
    });
    return { logGroups: found };
  }
  const page = scanGroups(ctx, prefix, input.nextToken, input.limit ?? PAGE, (group) =>
    (pattern === undefined || group.name.includes(pattern)) && (logGroupClass === undefined || group.class === logGroupClass));
  return { logGroups: page.groups.map((group) => describe(ctx, group)), ...(page.next === undefined ? {} : { nextToken: page.next }) };
}

export function listLogGroups(ctx: Ctx, input: ListLogGroupsRequest): ListLogGroupsResponse {
  if (input.dataSources !== undefined || input.fieldIndexNames !== undefined) {
    throw invalidParameter("dataSources and fieldIndexNames are not supported by Cumulet.");
  }
  // The model's pattern allows names, `^` and `|` only.
  const choices = input.logGroupNamePattern?.split("|");
  const named = (name: string): boolean =>
    choices === undefined || choices.some((choice) => (choice.startsWith("^") ? name.startsWith(choice.slice(1)) : name.includes(choice)));
  const tagged = (tags: { [key: string]: string }): boolean => (input.logGroupTags ?? []).every(({ key, values }) =>
    key !== undefined && Object.hasOwn(tags, key) && (values === undefined || values.length === 0 || values.includes(tags[key]!)));
  const page = scanGroups(ctx, "", input.nextToken, input.limit ?? PAGE, (group) =>
    named(group.name) && tagged(group.tags) && (input.logGroupClass === undefined || group.class === input.logGroupClass));
  return {
    logGroups: page.groups.map((group) => ({ logGroupName: group.name, logGroupArn: groupArn(ctx, group.name), logGroupClass: group.class })),
    ...(page.next === undefined ? {} : { nextToken: page.next }),
  };
}

/** A page of groups by name. */
function scanGroups(ctx: Ctx, prefix: string, token: string | undefined, limit: number, wanted: (group: GroupRow) => boolean): { groups: GroupRow[]; next: string | undefined } {
  let after = token === undefined ? "" : readToken(token);
  if (typeof after !== "string") throw invalidToken();
  const groups: GroupRow[] = [];
  const rows = ctx.store.groups.list(prefix, after, SCAN);
  for (const row of rows) {
    if (groups.length === limit) return { groups, next: writeToken(after) };
    if (wanted(row)) groups.push(row);
    after = row.name;
  }
  return { groups, next: rows.length === SCAN ? writeToken(after) : undefined };
}

function describe(ctx: Ctx, group: GroupRow): LogGroup {
  const arn = groupArn(ctx, group.name);
  return {
    logGroupName: group.name,
    creationTime: group.createdMs,
    ...(group.retentionDays === undefined ? {} : { retentionInDays: group.retentionDays }),
    metricFilterCount: 0,
    arn: `${arn}:*`,
    storedBytes: group.storedBytes,
    ...(group.kmsKeyId === undefined ? {} : { kmsKeyId: group.kmsKeyId }),
    logGroupClass: group.class,
    logGroupArn: arn,
    deletionProtectionEnabled: group.protected,
  };
}

export function putRetentionPolicy(ctx: Ctx, input: PutRetentionPolicyRequest): Record<string, never> {
  if (!RETENTIONS.includes(input.retentionInDays)) {
    throw invalidParameter(`1 validation error detected: Value '${input.retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${RETENTIONS.join(", ")}]`);
  }
  ctx.store.groups.setRetention(groupNamed(ctx, input.logGroupName).id, input.retentionInDays);
  return {};
}

export function deleteRetentionPolicy(ctx: Ctx, input: DeleteRetentionPolicyRequest): Record<string, never> {
  ctx.store.groups.setRetention(groupNamed(ctx, input.logGroupName).id, undefined);
  return {};
}

export function putLogGroupDeletionProtection(ctx: Ctx, input: PutLogGroupDeletionProtectionRequest): Record<string, never> {
  const { owner, group } = groupOf(ctx, { logGroupIdentifier: input.logGroupIdentifier });
  owner.store.groups.setProtected(group.id, input.deletionProtectionEnabled);
  return {};
}

export function associateKmsKey(ctx: Ctx, input: AssociateKmsKeyRequest): Record<string, never> {
  const { owner, group } = keyTarget(ctx, input);
  owner.store.groups.setKey(group.id, input.kmsKeyId);
  return {};
}

export function disassociateKmsKey(ctx: Ctx, input: DisassociateKmsKeyRequest): Record<string, never> {
  const { owner, group } = keyTarget(ctx, input);
  owner.store.groups.setKey(group.id, undefined);
  return {};
}

function keyTarget(ctx: Ctx, input: { logGroupName?: string; resourceIdentifier?: string }): { owner: Ctx; group: GroupRow } {
  const { logGroupName, resourceIdentifier } = input;
  if ((logGroupName === undefined) === (resourceIdentifier === undefined)) {
    throw invalidParameter("Exactly one of logGroupName and resourceIdentifier must be specified.");
  }
  if (resourceIdentifier?.includes(":query-result:")) throw invalidParameter("Keys for query results are not supported by Cumulet.");
  return groupOf(ctx, { logGroupIdentifier: logGroupName ?? resourceIdentifier });
}
