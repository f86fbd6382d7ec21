import { compileSchedule } from "@cumulet/core";
import type {
  DeleteRuleRequest, DescribeRuleRequest, DescribeRuleResponse, DisableRuleRequest, EnableRuleRequest, ListRuleNamesByTargetRequest, ListRuleNamesByTargetResponse, ListRulesRequest,
  ListRulesResponse, ListTagsForResourceRequest, ListTagsForResourceResponse, ListTargetsByRuleRequest, ListTargetsByRuleResponse, PutRuleRequest, PutRuleResponse, PutTargetsRequest,
  PutTargetsResponse, RemoveTargetsRequest, RemoveTargetsResponse, TagResourceRequest, TagResourceResponse, Target, TestEventPatternRequest, TestEventPatternResponse, UntagResourceRequest,
  UntagResourceResponse,
} from "@cumulet/protocol/models/events.d.ts";
import { AwsError } from "@cumulet/protocol";
import { isInvocable } from "../../targets/invoke.ts";
import { limitExceeded, notFound, validation } from "../domain/errors.ts";
import { compileEventPattern } from "../domain/event-pattern.ts";
import { pathSteps } from "../domain/input.ts";
import type { Rule } from "../store.ts";
import { schedules } from "../slots.ts";
import { busTarget, paged, ruleArn, ruleTarget } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const mostTargets = 5;
const mostRules = 300;

export function putRule(ctx: Ctx, input: PutRuleRequest): PutRuleResponse {
  const { ctx: owner, bus } = busTarget(ctx, input.EventBusName);
  const { Name: name, EventPattern: pattern, ScheduleExpression: schedule } = input;
  if ((pattern === undefined || pattern === "") && (schedule === undefined || schedule === "")) throw validation("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  if (schedule !== undefined && schedule !== "" && bus.name !== "default") throw validation("ScheduleExpression is supported only on the default event bus.");
  if (schedule !== undefined && schedule !== "" && compileSchedule(schedule) === undefined) throw validation("Parameter ScheduleExpression is not valid.");
  if (pattern !== undefined && pattern !== "") compileEventPattern(pattern);
  const existing = owner.store.rule(bus.name, name);
  if (existing === undefined && owner.store.rules(bus.name, "", "", mostRules).length >= (ctx.config.quotas["events.rules"] ?? mostRules)) throw limitExceeded();
  checkManaged(existing);
  const nowMs = owner.clock.now();
  const rule: Rule = {
    bus: bus.name, name, pattern: pattern === "" ? undefined : pattern, schedule: schedule === "" ? undefined : schedule, state: input.State ?? "ENABLED", description: input.Description,
    role: input.RoleArn, createdBy: existing?.createdBy ?? ctx.account,
    // Tags of a rule that is there already are left as they are.
    tags: existing?.tags ?? Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
    originMs: existing !== undefined && existing.schedule === schedule && existing.state === (input.State ?? "ENABLED") ? existing.originMs : nowMs,
  };
  save(owner, rule);
  return { RuleArn: ruleArn(owner, rule) };
}

/** Writes a rule, and when its schedule is due. */
function save(ctx: Ctx, rule: Rule): void {
  const nextMs = rule.schedule === undefined || rule.state === "DISABLED" ? undefined : compileSchedule(rule.schedule)!.next(ctx.clock.now(), rule.originMs);
  ctx.store.putRule(rule, nextMs);
  if (nextMs !== undefined) ctx.store.bell.due(nextMs, schedules);
}

function checkManaged(rule: Rule | undefined, force = false): void {
  if (rule?.managedBy !== undefined && !force) throw new AwsError("ManagedRuleException", `Rule ${rule.name} is managed by an AWS service can only be modified by the service`);
}

export function describeRule(ctx: Ctx, input: DescribeRuleRequest): DescribeRuleResponse {
  const { ctx: owner, rule } = ruleTarget(ctx, input.EventBusName, input.Name);
  return { ...shown(owner, rule), CreatedBy: rule.createdBy };
}

function shown(ctx: Ctx, rule: Rule): DescribeRuleResponse {
  return {
    Name: rule.name,
    Arn: ruleArn(ctx, rule),
    ...(rule.pattern === undefined ? {} : { EventPattern: rule.pattern }),
    ...(rule.schedule === undefined ? {} : { ScheduleExpression: rule.schedule }),
    State: rule.state,
    ...(rule.description === undefined ? {} : { Description: rule.description }),
    ...(rule.role === undefined ? {} : { RoleArn: rule.role }),
    ...(rule.managedBy === undefined ? {} : { ManagedBy: rule.managedBy }),
    EventBusName: rule.bus,
  };
}

export function listRules(ctx: Ctx, input: ListRulesRequest): ListRulesResponse {
  const { ctx: owner, bus } = busTarget(ctx, input.EventBusName);
  const { rows, next } = paged(input, (after, limit) => owner.store.rules(bus.name, input.NamePrefix ?? "", after, limit), ({ name }) => name);
  return { Rules: rows.map((rule) => shown(owner, rule)), ...next };
}

export function deleteRule(ctx: Ctx, input: DeleteRuleRequest): void {
  const { ctx: owner, bus } = busTarget(ctx, input.EventBusName);
  const rule = owner.store.rule(bus.name, input.Name);
  if (rule === undefined) return;
  checkManaged(rule, input.Force);
  if (owner.store.targets(bus.name, rule.name, "", 1).length > 0) throw validation("Rule can't be deleted since it has targets.");
  owner.store.deleteRule(bus.name, rule.name);
}

export function enableRule(ctx: Ctx, input: EnableRuleRequest): void {
  const { ctx: owner, rule } = ruleTarget(ctx, input.EventBusName, input.Name);
  save(owner, { ...rule, state: "ENABLED", originMs: owner.clock.now() });
}

export function disableRule(ctx: Ctx, input: DisableRuleRequest): void {
  const { ctx: owner, rule } = ruleTarget(ctx, input.EventBusName, input.Name);
  checkManaged(rule);
  save(owner, { ...rule, state: "DISABLED" });
}

// --- targets ----------------------------------------------------------------------------------------------------------

/** Parameters of targets that nothing here runs. */
const foreign = ["KinesisParameters", "RunCommandParameters", "EcsParameters", "BatchParameters", "RedshiftDataParameters", "SageMakerPipelineParameters", "AppSyncParameters"] as const;

export function putTargets(ctx: Ctx, input: PutTargetsRequest): PutTargetsResponse {
  const { ctx: owner, rule } = ruleTarget(ctx, input.EventBusName, input.Rule);
  checkManaged(rule);
  for (const target of input.Targets) checkTarget(rule, target);
  const ids = new Set([...owner.store.targets(rule.bus, rule.name).map(({ Id }) => Id), ...input.Targets.map(({ Id }) => Id)]);
  if (ids.size > (ctx.config.quotas["events.targets"] ?? mostTargets)) throw limitExceeded();
  for (const target of input.Targets) owner.store.putTarget(rule, target);
  return { FailedEntryCount: 0, FailedEntries: [] };
}

function checkTarget(rule: Rule, target: Target): void {
  const { Id: id, Arn: arn } = target;
  const inputs = [target.Input, target.InputPath, target.InputTransformer].filter((one) => one !== undefined && one !== "");
  if (inputs.length > 1) throw validation(`Only one of Input, InputPath, or InputTransformer must be provided for target ${id}.`);
  if (!/^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(?:\d{12})?:.+$/.test(arn)) throw validation(`Parameter ${arn} is not valid. Reason: Provided Arn is not in correct format.`);
  const own = /^arn:[a-z-]+:events:[a-z0-9-]+:\d{12}:(?:event-bus|api-destination)\/.+$/.test(arn);
  if (!own && !isInvocable(arn)) throw validation(`Parameter ${arn} is not valid. Reason: Cumulet cannot deliver to ${arn.split(":")[2]}: queues, topics, functions, log groups, APIs, buses and API destinations can be targets.`);
  for (const parameter of foreign) if (target[parameter] !== undefined) throw validation(`${parameter} of target ${id} is not supported by Cumulet.`);
  if (arn.split(":")[2] === "sqs" && arn.endsWith(".fifo") && target.SqsParameters?.MessageGroupId === undefined) {
    throw validation(`Parameter(s) SqsParameters must be specified for target: ${id}.`);
  }
  if (target.Input !== undefined && target.Input !== "" && !isJson(target.Input)) throw validation(`JSON syntax error in input for target ${id} : ${target.Input}`);
  if (target.InputPath !== undefined && target.InputPath !== "" && pathSteps(target.InputPath) === undefined) throw validation(`Invalid InputPath for target ${id} : [${target.InputPath}] is not a valid JSON path.`);
  for (const [name, path] of Object.entries(target.InputTransformer?.InputPathsMap ?? {})) {
    if (pathSteps(path) === undefined) throw validation(`Invalid InputPathsMap for target ${id} : ${name} [${path}] is not a valid JSON path.`);
    if (name.startsWith("AWS")) throw validation(`Invalid InputPathsMap for target ${id} : names must not begin with AWS.`);
  }
  if (rule.bus === "" || target.RetryPolicy === undefined) return;
  const { MaximumRetryAttempts: attempts = 0, MaximumEventAgeInSeconds: age = 86_400 } = target.RetryPolicy;
  if (attempts < 0 || attempts > 185 || age < 60 || age > 86_400) throw validation(`RetryPolicy of target ${id} is not valid.`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function removeTargets(ctx: Ctx, input: RemoveTargetsRequest): RemoveTargetsResponse {
  const { ctx: owner, rule } = ruleTarget(ctx, input.EventBusName, input.Rule);
  checkManaged(rule, input.Force);
  const failed = input.Ids.filter((id) => !owner.store.deleteTarget(rule, id));
  return { FailedEntryCount: failed.length, FailedEntries: failed.map((TargetId) => ({ TargetId, ErrorCode: "ResourceNotFoundException", ErrorMessage: `Rule ${rule.name} does not have a target with the Id ${TargetId}.` })) };
}

export function listTargetsByRule(ctx: Ctx, input: ListTargetsByRuleRequest): ListTargetsByRuleResponse {
  const { ctx: owner, rule } = ruleTarget(ctx, input.EventBusName, input.Rule);
  const { rows, next } = paged(input, (after, limit) => owner.store.targets(rule.bus, rule.name, after, limit), ({ Id }) => Id);
  return { Targets: rows, ...next };
}

export function listRuleNamesByTarget(ctx: Ctx, input: ListRuleNamesByTargetRequest): ListRuleNamesByTargetResponse {
  const { ctx: owner, bus } = busTarget(ctx, input.EventBusName);
  const { rows, next } = paged(input, (after, limit) => owner.store.rulesOfTarget(bus.name, input.TargetArn, after, limit), (name) => name);
  return { RuleNames: rows, ...next };
}

// --- patterns and tags ------------------------------------------------------------------------------------------------

export function testEventPattern(_ctx: Ctx, input: TestEventPatternRequest): TestEventPatternResponse {
  let event: unknown;
  try {
    event = JSON.parse(input.Event);
  } catch {
    throw validation("Parameter Event is not valid.");
  }
  if (typeof event !== "object" || event === null || Array.isArray(event)) throw validation("Parameter Event is not valid.");
  for (const name of ["id", "account", "source", "time", "region", "detail-type"]) {
    if (!Object.hasOwn(event, name)) throw validation("Parameter Event is not valid.");
  }
  return { Result: compileEventPattern(input.EventPattern)(event) };
}

/** The bus or rule of an ARN: its tags, and how to write them. @throws AwsError ResourceNotFoundException */
function tagged(ctx: Ctx, arn: string): { tags: { [key: string]: string }; write(tags: { [key: string]: string }): void } {
  const match = /^arn:[a-z-]+:events:([a-z0-9-]+):(\d{12}):(event-bus|rule)\/(.+)$/.exec(arn);
  if (match === null) throw validation(`Parameter ResourceArn is not valid. Reason: ${arn} is no event bus and no rule.`);
  const owner = ctx.at(match[2]!, match[1]!);
  if (match[3] === "event-bus") {
    const { bus } = busTarget(owner, match[4]!);
    return { tags: bus.tags, write: (tags) => owner.store.putBus({ ...bus, tags }) };
  }
  const slash = match[4]!.lastIndexOf("/");
  const bus = slash < 0 ? "default" : match[4]!.slice(0, slash);
  const name = match[4]!.slice(slash + 1);
  const rule = owner.store.rule(bus, name);
  if (rule === undefined) throw notFound(`Rule ${name} does not exist on EventBus ${bus}.`);
  return { tags: rule.tags, write: (tags) => save(owner, { ...rule, tags }) };
}

export function tagResource(ctx: Ctx, input: TagResourceRequest): TagResourceResponse {
  const { tags, write } = tagged(ctx, input.ResourceARN);
  write({ ...tags, ...Object.fromEntries(input.Tags.map(({ Key, Value }) => [Key, Value])) });
  return {};
}

export function untagResource(ctx: Ctx, input: UntagResourceRequest): UntagResourceResponse {
  const { tags, write } = tagged(ctx, input.ResourceARN);
  write(Object.fromEntries(Object.entries(tags).filter(([key]) => !input.TagKeys.includes(key))));
  return {};
}

export function listTagsForResource(ctx: Ctx, input: ListTagsForResourceRequest): ListTagsForResourceResponse {
  return { Tags: Object.entries(tagged(ctx, input.ResourceARN).tags).map(([Key, Value]) => ({ Key, Value })) };
}
