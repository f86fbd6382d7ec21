import { AwsError } from "@cumulet/protocol";
import type {
  CreateSamplingRuleRequest, CreateSamplingRuleResult, DeleteSamplingRuleRequest, DeleteSamplingRuleResult, GetSamplingRulesRequest, GetSamplingRulesResult,
  GetSamplingStatisticSummariesRequest, GetSamplingStatisticSummariesResult, GetSamplingTargetsRequest, GetSamplingTargetsResult, SamplingRuleRecord as RuleDescription,
  SamplingTargetDocument, UnprocessedStatistics, UpdateSamplingRuleRequest, UpdateSamplingRuleResult,
} from "@cumulet/protocol/models/xray.d.ts";
import { invalidRequest } from "../domain/errors.ts";
import type { SamplingRuleRecord } from "../domain/records.ts";
import type { Ctx } from "./segments.ts";
import { setTags } from "./tags.ts";

const RULES_MAX = 25;
/** Seconds between reports of a client, and how long its quota holds. */
const INTERVAL_S = 10;

/** The rule that every account has: one request a second, and five per cent of the rest. */
const DEFAULT: SamplingRuleRecord = {
  name: "Default", resourceArn: "*", priority: 10_000, fixedRate: 0.05, reservoirSize: 1, serviceName: "*", serviceType: "*", host: "*", method: "*", urlPath: "*", attributes: {}, createdMs: 0, modifiedMs: 0,
};

function ruleArn(ctx: Ctx, name: string): string {
  return `arn:${ctx.partition}:xray:${ctx.region}:${ctx.account}:sampling-rule/${name}`;
}

function rules(ctx: Ctx): SamplingRuleRecord[] {
  const own = ctx.store.rules.all();
  return [...own, ...(own.some(({ name }) => name === DEFAULT.name) ? [] : [DEFAULT])];
}

function ruleOf(ctx: Ctx, { RuleName, RuleARN }: { RuleName?: string; RuleARN?: string }): SamplingRuleRecord {
  if ((RuleName === undefined) === (RuleARN === undefined)) throw invalidRequest("Exactly one of RuleName and RuleARN must be specified.");
  const name = RuleName ?? /:sampling-rule\/(.+)$/.exec(RuleARN!)?.[1];
  const found = rules(ctx).find((rule) => rule.name === name);
  if (found === undefined) throw invalidRequest("Sampling rule does not exist.");
  return found;
}

export function createSamplingRule(ctx: Ctx, input: CreateSamplingRuleRequest): CreateSamplingRuleResult {
  const { SamplingRule: rule } = input;
  const name = rule.RuleName;
  if (name === undefined) throw invalidRequest("RuleName must be specified.");
  if (rule.RuleARN !== undefined) throw invalidRequest("RuleARN cannot be specified for a new rule.");
  if (rule.Version !== 1) throw invalidRequest("The version of a sampling rule must be 1.");
  if (rule.ResourceARN !== "*") throw invalidRequest("ResourceARN must be * .");
  if (rules(ctx).some((other) => other.name === name)) throw invalidRequest(`Sampling rule ${name} already exists.`);
  if (ctx.store.rules.count() >= RULES_MAX) throw new AwsError("RuleLimitExceededException", `The account has the maximum of ${RULES_MAX} sampling rules.`);
  const now = ctx.clock.now();
  const record: SamplingRuleRecord = {
    name, resourceArn: rule.ResourceARN, priority: rule.Priority, fixedRate: rule.FixedRate, reservoirSize: rule.ReservoirSize, serviceName: rule.ServiceName, serviceType: rule.ServiceType,
    host: rule.Host, method: rule.HTTPMethod, urlPath: rule.URLPath, attributes: rule.Attributes ?? {}, createdMs: now, modifiedMs: now,
  };
  ctx.store.rules.put(name, record);
  if (input.Tags !== undefined) setTags(ctx, ruleArn(ctx, name), input.Tags);
  return { SamplingRuleRecord: describe(ctx, record) };
}

export function updateSamplingRule(ctx: Ctx, input: UpdateSamplingRuleRequest): UpdateSamplingRuleResult {
  const { SamplingRuleUpdate: update } = input;
  const before = ruleOf(ctx, update);
  const record: SamplingRuleRecord = {
    ...before,
    priority: update.Priority ?? before.priority, fixedRate: update.FixedRate ?? before.fixedRate, reservoirSize: update.ReservoirSize ?? before.reservoirSize,
    serviceName: update.ServiceName ?? before.serviceName, serviceType: update.ServiceType ?? before.serviceType, host: update.Host ?? before.host, method: update.HTTPMethod ?? before.method,
    urlPath: update.URLPath ?? before.urlPath, attributes: update.Attributes ?? before.attributes, modifiedMs: ctx.clock.now(),
  };
  ctx.store.rules.put(record.name, record);
  return { SamplingRuleRecord: describe(ctx, record) };
}

export function deleteSamplingRule(ctx: Ctx, input: DeleteSamplingRuleRequest): DeleteSamplingRuleResult {
  const record = ruleOf(ctx, input);
  if (record.name === DEFAULT.name) throw invalidRequest("The default sampling rule cannot be deleted.");
  ctx.store.rules.delete(record.name);
  ctx.store.statistics.delete(record.name);
  ctx.store.tags.delete(ruleArn(ctx, record.name));
  return { SamplingRuleRecord: describe(ctx, record) };
}

export function getSamplingRules(ctx: Ctx, _input: GetSamplingRulesRequest): GetSamplingRulesResult {
  return { SamplingRuleRecords: rules(ctx).sort((a, b) => a.priority - b.priority).map((record) => describe(ctx, record)) };
}

/** Tells clients how much to sample: the whole reservoir to each that asks, since one machine has few. */
export function getSamplingTargets(ctx: Ctx, input: GetSamplingTargetsRequest): GetSamplingTargetsResult {
  const known = rules(ctx);
  const now = ctx.clock.now();
  const targets: SamplingTargetDocument[] = [];
  const unprocessed: UnprocessedStatistics[] = [];
  for (const statistics of input.SamplingStatisticsDocuments) {
    const rule = known.find(({ name }) => name === statistics.RuleName);
    if (rule === undefined) {
      unprocessed.push({ RuleName: statistics.RuleName, ErrorCode: "400", Message: "Unknown rule" });
      continue;
    }
    ctx.store.statistics.put(rule.name, { rule: rule.name, timestampMs: statistics.Timestamp, requests: statistics.RequestCount, borrowed: statistics.BorrowCount ?? 0, sampled: statistics.SampledCount });
    targets.push({ RuleName: rule.name, FixedRate: rule.fixedRate, ReservoirQuota: rule.reservoirSize, ReservoirQuotaTTL: now + INTERVAL_S * 1000, Interval: INTERVAL_S });
  }
  return { SamplingTargetDocuments: targets, LastRuleModification: Math.max(0, ...known.map(({ modifiedMs }) => modifiedMs)), UnprocessedStatistics: unprocessed };
}

export function getSamplingStatisticSummaries(ctx: Ctx, _input: GetSamplingStatisticSummariesRequest): GetSamplingStatisticSummariesResult {
  return {
    SamplingStatisticSummaries: ctx.store.statistics.all().map(({ rule, timestampMs, requests, borrowed, sampled }) => ({
      RuleName: rule, Timestamp: timestampMs, RequestCount: requests, BorrowCount: borrowed, SampledCount: sampled,
    })),
  };
}

function describe(ctx: Ctx, record: SamplingRuleRecord): RuleDescription {
  return {
    SamplingRule: {
      RuleName: record.name, RuleARN: ruleArn(ctx, record.name), ResourceARN: record.resourceArn, Priority: record.priority, FixedRate: record.fixedRate, ReservoirSize: record.reservoirSize,
      ServiceName: record.serviceName, ServiceType: record.serviceType, Host: record.host, HTTPMethod: record.method, URLPath: record.urlPath, Version: 1, Attributes: record.attributes,
    },
    CreatedAt: record.createdMs, ModifiedAt: record.modifiedMs,
  };
}
