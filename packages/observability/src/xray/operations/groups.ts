import type {
  CreateGroupRequest, CreateGroupResult, DeleteGroupRequest, GetGroupRequest, GetGroupResult, GetGroupsRequest, GetGroupsResult, Group, UpdateGroupRequest, UpdateGroupResult,
} from "@cumulet/protocol/models/xray.d.ts";
import { invalidRequest } from "../domain/errors.ts";
import { compileFilter, FilterError } from "../domain/filter.ts";
import type { GroupRecord } from "../domain/records.ts";
import type { Ctx } from "./segments.ts";
import { setTags } from "./tags.ts";

const GROUPS_MAX = 25;
/** Every account has it, for all traces. */
const DEFAULT: GroupRecord = { name: "Default", filter: undefined, insights: false, notifications: false };

export function groupArn(ctx: Ctx, name: string): string {
  return `arn:${ctx.partition}:xray:${ctx.region}:${ctx.account}:group/${name}`;
}

/** @throws AwsError `InvalidRequestException` */
export function groupOf(ctx: Ctx, { GroupName, GroupARN }: { GroupName?: string; GroupARN?: string }): GroupRecord {
  const name = GroupName ?? /:group\/([^/]+)/.exec(GroupARN ?? "")?.[1];
  if (name === undefined) throw invalidRequest("Either GroupName or GroupARN must be specified.");
  const found = ctx.store.groups.get(name) ?? (name === DEFAULT.name ? DEFAULT : undefined);
  if (found === undefined) throw invalidRequest("Group not found");
  return found;
}

function check(filter: string | undefined): void {
  try {
    compileFilter(filter ?? "");
  } catch (error) {
    throw error instanceof FilterError ? invalidRequest(error.message) : error;
  }
}

export function createGroup(ctx: Ctx, input: CreateGroupRequest): CreateGroupResult {
  check(input.FilterExpression);
  if (input.GroupName === DEFAULT.name || ctx.store.groups.get(input.GroupName) !== undefined) throw invalidRequest("The group already exists.");
  if (ctx.store.groups.count() >= GROUPS_MAX) throw invalidRequest(`The account has the maximum of ${GROUPS_MAX} groups.`);
  const record: GroupRecord = {
    name: input.GroupName, filter: input.FilterExpression, insights: input.InsightsConfiguration?.InsightsEnabled ?? false, notifications: input.InsightsConfiguration?.NotificationsEnabled ?? false,
  };
  ctx.store.groups.put(record.name, record);
  if (input.Tags !== undefined) setTags(ctx, groupArn(ctx, record.name), input.Tags);
  return { Group: describe(ctx, record) };
}

export function updateGroup(ctx: Ctx, input: UpdateGroupRequest): UpdateGroupResult {
  const before = groupOf(ctx, input);
  check(input.FilterExpression);
  const record: GroupRecord = {
    ...before, filter: input.FilterExpression ?? before.filter, insights: input.InsightsConfiguration?.InsightsEnabled ?? before.insights,
    notifications: input.InsightsConfiguration?.NotificationsEnabled ?? before.notifications,
  };
  ctx.store.groups.put(record.name, record);
  return { Group: describe(ctx, record) };
}

export function deleteGroup(ctx: Ctx, input: DeleteGroupRequest): Record<string, never> {
  const { name } = groupOf(ctx, input);
  if (name === DEFAULT.name) throw invalidRequest("The default group cannot be deleted.");
  ctx.store.groups.delete(name);
  ctx.store.tags.delete(groupArn(ctx, name));
  return {};
}

export function getGroup(ctx: Ctx, input: GetGroupRequest): GetGroupResult {
  return { Group: describe(ctx, groupOf(ctx, input)) };
}

export function getGroups(ctx: Ctx, _input: GetGroupsRequest): GetGroupsResult {
  const own = ctx.store.groups.all();
  return { Groups: [...(own.some(({ name }) => name === DEFAULT.name) ? [] : [DEFAULT]), ...own].map((record) => describe(ctx, record)) };
}

function describe(ctx: Ctx, record: GroupRecord): Group {
  return {
    GroupName: record.name, GroupARN: groupArn(ctx, record.name), ...(record.filter === undefined ? {} : { FilterExpression: record.filter }),
    InsightsConfiguration: { InsightsEnabled: record.insights, NotificationsEnabled: record.notifications },
  };
}
