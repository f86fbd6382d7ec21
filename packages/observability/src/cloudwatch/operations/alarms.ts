import type {
  CompositeAlarm, DeleteAlarmsInput, DescribeAlarmsForMetricInput, DescribeAlarmsForMetricOutput, DescribeAlarmsInput, DescribeAlarmsOutput, EnableAlarmActionsInput,
  MetricAlarm, PutCompositeAlarmInput, PutMetricAlarmInput, SetAlarmStateInput,
} from "@cumulet/protocol/models/cloudwatch.d.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { watchAlarms } from "../alarms/schedule.ts";
import { alarmArn, changeState, parentsOf, ruleState } from "../alarms/state.ts";
import { INITIAL_REASON, type AlarmRecord, type CompositeAlarmRecord, type MetricAlarmRecord } from "../domain/alarm.ts";
import { invalidValue, resourceNotFound, validationError } from "../domain/errors.ts";
import { alarmName, compileRule, RuleError } from "../domain/rule.ts";
import { statistic } from "../domain/statistics.ts";
import { QueryRun, type Ctx } from "./query.ts";
import { setTags } from "./tags.ts";

const DAY_S = 86_400;
const MISSING = ["breaching", "notBreaching", "ignore", "missing"];

export function putMetricAlarm(ctx: Ctx, input: PutMetricAlarmInput): Record<string, never> {
  if (input.EvaluationCriteria !== undefined || input.EvaluationInterval !== undefined) throw validationError("PromQL alarms are not supported by Cumulet.");
  checkMetricAlarm(ctx, input);
  checkActions(input);
  const before = ofType(ctx, input.AlarmName, "MetricAlarm");
  put(ctx, before, {
    ...common(ctx, input, before),
    type: "MetricAlarm",
    metricName: input.MetricName,
    namespace: input.Namespace,
    statistic: input.Statistic,
    extendedStatistic: input.ExtendedStatistic,
    dimensions: input.Dimensions ?? [],
    period: input.Period,
    unit: input.Unit,
    metrics: input.Metrics,
    evaluationPeriods: input.EvaluationPeriods!,
    datapointsToAlarm: input.DatapointsToAlarm,
    threshold: input.Threshold,
    thresholdMetricId: input.ThresholdMetricId,
    comparison: input.ComparisonOperator!,
    treatMissingData: input.TreatMissingData,
    evaluateLowSampleCountPercentile: input.EvaluateLowSampleCountPercentile,
  }, input);
  watchAlarms(ctx);
  return {};
}

function checkMetricAlarm(ctx: Ctx, input: PutMetricAlarmInput): void {
  const { Metrics: metrics, Period: period = 60, EvaluationPeriods: periods, DatapointsToAlarm: m, TreatMissingData: treat } = input;
  if (input.ComparisonOperator === undefined) throw validationError("ComparisonOperator must be specified.");
  if (periods === undefined) throw validationError("EvaluationPeriods must be specified.");
  if (treat !== undefined && !MISSING.includes(treat)) {
    throw validationError(`The value ${treat} is not supported for TreatMissingData parameter. Supported values are [${MISSING.join(", ")}].`);
  }
  if (m !== undefined && m > periods) throw validationError("DatapointsToAlarm must be less than or equal to EvaluationPeriods.");
  if (metrics === undefined) {
    if (input.MetricName === undefined || input.Namespace === undefined) throw validationError("Either Metrics, or MetricName and Namespace, must be specified.");
    if ((input.Statistic === undefined) === (input.ExtendedStatistic === undefined)) throw validationError("Exactly one of Statistic and ExtendedStatistic must be specified.");
    if (input.ExtendedStatistic !== undefined && statistic(input.ExtendedStatistic) === undefined) throw validationError(`The value ${input.ExtendedStatistic} for parameter ExtendedStatistic is not supported.`);
    if (input.Period === undefined) throw validationError("Period must be specified.");
    if (input.Threshold === undefined) throw validationError("Threshold must be specified.");
    if (period % 60 !== 0 && ![10, 20, 30].includes(period)) throw validationError("Period must be 10, 20, 30, or a multiple of 60.");
    checkSpan(period, periods);
    return;
  }
  if (input.MetricName !== undefined || input.Period !== undefined || input.Statistic !== undefined) throw validationError("Metrics cannot be specified together with MetricName, Period or Statistic.");
  const shown = metrics.filter(({ ReturnData }) => ReturnData !== false);
  const watched = shown.filter(({ Id }) => Id !== input.ThresholdMetricId);
  if (watched.length !== 1) throw validationError("Exactly one element of the metrics list should return data.");
  if (input.ThresholdMetricId === undefined && input.Threshold === undefined) throw validationError("Threshold must be specified.");
  if (input.ThresholdMetricId !== undefined && !metrics.some(({ Id }) => Id === input.ThresholdMetricId)) throw validationError("ThresholdMetricId must name an element of the metrics list.");
  checkSpan(new QueryRun(ctx, metrics, { startMs: 0, endMs: 0 }).periodOf(watched[0]!.Id), periods);
}

function checkSpan(period: number, periods: number): void {
  const days = period >= 3600 ? 7 : 1;
  if (period * periods > days * DAY_S) {
    throw validationError(`Metrics cannot be checked across more than ${days === 1 ? "a day" : "7 days"} (EvaluationPeriods * Period must be <= ${days * DAY_S}).`);
  }
}

export function putCompositeAlarm(ctx: Ctx, input: PutCompositeAlarmInput): Record<string, never> {
  checkActions(input);
  let names: string[];
  try {
    names = compileRule(input.AlarmRule).alarms.map(alarmName);
  } catch (error) {
    throw error instanceof RuleError ? validationError(error.message) : error;
  }
  const unknown = names.filter((name) => ctx.store.alarms.get(name) === undefined);
  if (unknown.length > 0) throw validationError(`Could not save the composite alarm as alarms [${unknown.join(", ")}] in the alarm rule do not exist`);
  if (names.some((name) => reaches(ctx, name, input.AlarmName))) throw validationError("Could not save the composite alarm as it would create a dependency cycle");
  const before = ofType(ctx, input.AlarmName, "CompositeAlarm");
  put(ctx, before, {
    ...common(ctx, input, before),
    type: "CompositeAlarm",
    rule: input.AlarmRule,
    suppressor: input.ActionsSuppressor,
    suppressorWaitSeconds: input.ActionsSuppressorWaitPeriod,
    suppressorExtensionSeconds: input.ActionsSuppressorExtensionPeriod,
    suppressedBy: undefined,
    suppressedReason: undefined,
  }, input);
  const record = ctx.store.alarms.get(input.AlarmName)!;
  const state = ruleState(ctx, input.AlarmRule);
  if (state !== record.state) changeState(ctx, record, { state, reason: `${alarmArn(ctx, record.name)} was ${before === undefined ? "created" : "updated"} and its alarm rule evaluates to ${state}`, data: JSON.stringify({ triggeringAlarms: [] }) });
  return {};
}

/** Whether a composite alarm depends on another, directly or not. */
function reaches(ctx: Ctx, from: string, to: string, depth = 0): boolean {
  if (from === to || depth > 100) return true;
  const alarm = ctx.store.alarms.get(from);
  return alarm?.type === "CompositeAlarm" && compileRule(alarm.rule).alarms.some((one) => reaches(ctx, alarmName(one), to, depth + 1));
}

interface CommonInput {
  AlarmName: string;
  AlarmDescription?: string;
  ActionsEnabled?: boolean;
  OKActions?: string[];
  AlarmActions?: string[];
  InsufficientDataActions?: string[];
  Tags?: { Key: string; Value: string }[];
}

function checkActions({ OKActions = [], AlarmActions = [], InsufficientDataActions = [] }: CommonInput): void {
  for (const arn of [...OKActions, ...AlarmActions, ...InsufficientDataActions]) {
    if (!/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/.test(arn)) throw validationError(`Invalid arn syntax: ${arn}`);
  }
}

/** What all alarms have; an update keeps the state. */
function common(ctx: Ctx, input: CommonInput, before: AlarmRecord | undefined): Omit<MetricAlarmRecord, Exclude<keyof MetricAlarmRecord, keyof CompositeAlarmRecord>> & { type: never } {
  const now = ctx.clock.now();
  return {
    name: input.AlarmName,
    description: input.AlarmDescription,
    actionsEnabled: input.ActionsEnabled ?? true,
    okActions: input.OKActions ?? [],
    alarmActions: input.AlarmActions ?? [],
    insufficientDataActions: input.InsufficientDataActions ?? [],
    configuredMs: now,
    state: before?.state ?? "INSUFFICIENT_DATA",
    stateReason: before?.stateReason ?? INITIAL_REASON,
    stateReasonData: before?.stateReasonData,
    updatedMs: before?.updatedMs ?? now,
    transitionedMs: before?.transitionedMs ?? now,
  } as never;
}

function ofType(ctx: Ctx, name: string, type: AlarmRecord["type"]): AlarmRecord | undefined {
  const alarm = ctx.store.alarms.get(name);
  if (alarm !== undefined && alarm.type !== type) throw validationError(`An alarm of another type with the name ${name} exists already.`);
  return alarm;
}

function put(ctx: Ctx, before: AlarmRecord | undefined, record: AlarmRecord, input: CommonInput): void {
  ctx.store.alarms.put(record.name, record);
  if (before === undefined && input.Tags !== undefined) setTags(ctx, alarmArn(ctx, record.name), input.Tags);
  note(ctx, record, before === undefined ? "created" : "updated", before === undefined ? { createdAlarm: describeAny(ctx, record) } : { updatedAlarm: describeAny(ctx, record) });
}

function note(ctx: Ctx, alarm: AlarmRecord, what: "created" | "updated" | "deleted", data: object): void {
  ctx.store.history.add({
    alarm: alarm.name, alarmType: alarm.type, itemType: "ConfigurationUpdate", timestamp: ctx.clock.now(),
    summary: `Alarm "${alarm.name}" ${what}`, data: JSON.stringify({ version: "1.0", type: what === "created" ? "Create" : what === "updated" ? "Update" : "Delete", ...data }),
  });
}

export function deleteAlarms(ctx: Ctx, input: DeleteAlarmsInput): Record<string, never> {
  const found = input.AlarmNames.flatMap((name) => ctx.store.alarms.get(name) ?? []);
  if (found.filter(({ type }) => type === "CompositeAlarm").length > 1) throw validationError("Only one composite alarm can be deleted at a time.");
  for (const alarm of found) {
    ctx.store.alarms.delete(alarm.name);
    ctx.store.tags.delete(alarmArn(ctx, alarm.name));
    note(ctx, alarm, "deleted", { deletedAlarm: describeAny(ctx, alarm) });
  }
  return {};
}

export function describeAlarms(ctx: Ctx, input: DescribeAlarmsInput): DescribeAlarmsOutput {
  const { AlarmNames: names, AlarmNamePrefix: prefix = "", AlarmTypes: types = ["MetricAlarm"], StateValue: state, ActionPrefix: action, MaxRecords: limit = 50 } = input;
  if (names !== undefined && input.AlarmNamePrefix !== undefined) throw validationError("AlarmNamePrefix cannot be specified together with AlarmNames.");
  const after = input.NextToken === undefined ? "" : readToken(input.NextToken);
  if (typeof after !== "string") throw invalidValue("The parameter NextToken is invalid.");
  let source: AlarmRecord[];
  if (input.ChildrenOfAlarmName !== undefined) source = childrenOf(ctx, input.ChildrenOfAlarmName);
  else if (input.ParentsOfAlarmName !== undefined) source = parentsOf(ctx, input.ParentsOfAlarmName);
  else if (names !== undefined) source = [...new Set(names)].flatMap((name) => ctx.store.alarms.get(name) ?? []);
  else source = ctx.store.alarms.all(prefix);
  const related = input.ChildrenOfAlarmName !== undefined || input.ParentsOfAlarmName !== undefined;
  const wanted = source
    .filter((alarm) => alarm.name > after && (related || types.includes(alarm.type)) && (state === undefined || alarm.state === state))
    .filter((alarm) => action === undefined || [...alarm.alarmActions, ...alarm.okActions, ...alarm.insufficientDataActions].some((arn) => arn.startsWith(action)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = wanted.slice(0, limit);
  return {
    CompositeAlarms: page.filter((alarm): alarm is CompositeAlarmRecord => alarm.type === "CompositeAlarm").map((alarm) => describeComposite(ctx, alarm)),
    MetricAlarms: page.filter((alarm): alarm is MetricAlarmRecord => alarm.type === "MetricAlarm").map((alarm) => describeMetric(ctx, alarm)),
    ...(wanted.length > limit ? { NextToken: writeToken(page[page.length - 1]!.name) } : {}),
  };
}

function childrenOf(ctx: Ctx, name: string): AlarmRecord[] {
  const alarm = ctx.store.alarms.get(name);
  return alarm?.type === "CompositeAlarm" ? compileRule(alarm.rule).alarms.flatMap((one) => ctx.store.alarms.get(alarmName(one)) ?? []) : [];
}

export function describeAlarmsForMetric(ctx: Ctx, input: DescribeAlarmsForMetricInput): DescribeAlarmsForMetricOutput {
  const dimensions = JSON.stringify([...(input.Dimensions ?? [])].map(({ Name, Value }) => [Name, Value]).sort());
  const found = ctx.store.alarms.all().filter((alarm): alarm is MetricAlarmRecord =>
    alarm.type === "MetricAlarm" && alarm.metricName === input.MetricName && alarm.namespace === input.Namespace &&
    (input.Statistic === undefined || alarm.statistic === input.Statistic) && (input.ExtendedStatistic === undefined || alarm.extendedStatistic === input.ExtendedStatistic) &&
    (input.Period === undefined || alarm.period === input.Period) && (input.Unit === undefined || alarm.unit === input.Unit) &&
    JSON.stringify([...alarm.dimensions].map(({ Name, Value }) => [Name, Value]).sort()) === dimensions);
  return { MetricAlarms: found.map((alarm) => describeMetric(ctx, alarm)) };
}

export function setAlarmState(ctx: Ctx, input: SetAlarmStateInput): Record<string, never> {
  const alarm = ctx.store.alarms.get(input.AlarmName);
  if (alarm === undefined) throw resourceNotFound();
  if (input.StateReasonData !== undefined) {
    try {
      JSON.parse(input.StateReasonData);
    } catch {
      throw validationError("TypeError: StateReasonData is not valid JSON.");
    }
  }
  changeState(ctx, alarm, { state: input.StateValue, reason: input.StateReason, data: input.StateReasonData });
  return {};
}

export const enableAlarmActions = (ctx: Ctx, input: EnableAlarmActionsInput): Record<string, never> => setActions(ctx, input, true);
export const disableAlarmActions = (ctx: Ctx, input: EnableAlarmActionsInput): Record<string, never> => setActions(ctx, input, false);

function setActions(ctx: Ctx, { AlarmNames }: EnableAlarmActionsInput, on: boolean): Record<string, never> {
  for (const name of AlarmNames) {
    const alarm = ctx.store.alarms.get(name);
    if (alarm !== undefined) ctx.store.alarms.put(name, { ...alarm, actionsEnabled: on });
  }
  return {};
}

function describeCommon(ctx: Ctx, alarm: AlarmRecord) {
  return {
    AlarmName: alarm.name,
    AlarmArn: alarmArn(ctx, alarm.name),
    ...(alarm.description === undefined ? {} : { AlarmDescription: alarm.description }),
    AlarmConfigurationUpdatedTimestamp: alarm.configuredMs,
    ActionsEnabled: alarm.actionsEnabled,
    OKActions: [...alarm.okActions],
    AlarmActions: [...alarm.alarmActions],
    InsufficientDataActions: [...alarm.insufficientDataActions],
    StateValue: alarm.state,
    StateReason: alarm.stateReason,
    ...(alarm.stateReasonData === undefined ? {} : { StateReasonData: alarm.stateReasonData }),
    StateUpdatedTimestamp: alarm.updatedMs,
    StateTransitionedTimestamp: alarm.transitionedMs,
  };
}

function describeMetric(ctx: Ctx, alarm: MetricAlarmRecord): MetricAlarm {
  return defined({
    ...describeCommon(ctx, alarm),
    MetricName: alarm.metricName,
    Namespace: alarm.namespace,
    Statistic: alarm.statistic,
    ExtendedStatistic: alarm.extendedStatistic,
    Dimensions: [...alarm.dimensions],
    Period: alarm.period,
    Unit: alarm.unit,
    EvaluationPeriods: alarm.evaluationPeriods,
    DatapointsToAlarm: alarm.datapointsToAlarm,
    Threshold: alarm.threshold,
    ThresholdMetricId: alarm.thresholdMetricId,
    ComparisonOperator: alarm.comparison,
    TreatMissingData: alarm.treatMissingData,
    EvaluateLowSampleCountPercentile: alarm.evaluateLowSampleCountPercentile,
    Metrics: alarm.metrics?.map((query) => ({ ...query, ReturnData: query.ReturnData ?? true })),
  });
}

function describeComposite(ctx: Ctx, alarm: CompositeAlarmRecord): CompositeAlarm {
  return defined({
    ...describeCommon(ctx, alarm),
    AlarmRule: alarm.rule,
    ActionsSuppressor: alarm.suppressor,
    ActionsSuppressorWaitPeriod: alarm.suppressorWaitSeconds,
    ActionsSuppressorExtensionPeriod: alarm.suppressorExtensionSeconds,
    ActionsSuppressedBy: alarm.suppressedBy,
    ActionsSuppressedReason: alarm.suppressedReason,
  });
}

function describeAny(ctx: Ctx, alarm: AlarmRecord): MetricAlarm | CompositeAlarm {
  return alarm.type === "MetricAlarm" ? describeMetric(ctx, alarm) : describeComposite(ctx, alarm);
}

/** Without the members that are undefined. */
function defined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
