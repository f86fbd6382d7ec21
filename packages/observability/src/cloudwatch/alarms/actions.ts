import type { Context, PlatformEvent } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type { AlarmRecord, CompositeAlarmRecord, MetricAlarmRecord } from "../domain/alarm.ts";
import { alarmName } from "../domain/rule.ts";
import type { Ctx } from "../operations/query.ts";
import type { CloudWatchStore } from "../store/index.ts";
import { alarmArn, type StateChange } from "./state.ts";

/** Names of regions as notifications spell them. */
const REGION_NAMES: { [region: string]: string } = {
  "us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "us-west-1": "US West (N. California)", "us-west-2": "US West (Oregon)",
  "af-south-1": "Africa (Cape Town)", "ap-east-1": "Asia Pacific (Hong Kong)", "ap-south-1": "Asia Pacific (Mumbai)", "ap-south-2": "Asia Pacific (Hyderabad)",
  "ap-northeast-1": "Asia Pacific (Tokyo)", "ap-northeast-2": "Asia Pacific (Seoul)", "ap-northeast-3": "Asia Pacific (Osaka)",
  "ap-southeast-1": "Asia Pacific (Singapore)", "ap-southeast-2": "Asia Pacific (Sydney)", "ap-southeast-3": "Asia Pacific (Jakarta)", "ap-southeast-4": "Asia Pacific (Melbourne)",
  "ca-central-1": "Canada (Central)", "ca-west-1": "Canada West (Calgary)", "eu-central-1": "EU (Frankfurt)", "eu-central-2": "Europe (Zurich)", "eu-west-1": "EU (Ireland)",
  "eu-west-2": "EU (London)", "eu-west-3": "EU (Paris)", "eu-north-1": "EU (Stockholm)", "eu-south-1": "EU (Milan)", "eu-south-2": "Europe (Spain)", "il-central-1": "Israel (Tel Aviv)",
  "me-south-1": "Middle East (Bahrain)", "me-central-1": "Middle East (UAE)", "sa-east-1": "South America (Sao Paulo)",
};

const LAMBDA_ARN = /^arn:[^:]*:lambda:([^:]*):([0-9]{12}):function:(.+)$/;
const SNS_ARN = /^arn:[^:]*:sns:([^:]*):([0-9]{12}):.+$/;

const javaTime = (ms: number): string => new Date(ms).toISOString().replace("Z", "+0000");

/** Runs the actions of a state change and tells EventBridge; the consumer of `cloudwatch.alarm-state`. */
export async function runActions(ctx: Context<CloudWatchStore>, event: PlatformEvent): Promise<void> {
  const change = event.detail as StateChange & { afterWait?: boolean };
  const { alarm } = change;
  if (change.afterWait !== true) await tellEventBridge(ctx, change);
  if (!alarm.actionsEnabled) return;
  if (alarm.type === "CompositeAlarm" && isSuppressed(ctx, alarm, change)) return;
  const arns = alarm.state === "ALARM" ? alarm.alarmActions : alarm.state === "OK" ? alarm.okActions : alarm.insufficientDataActions;
  for (const arn of arns) {
    const failure = await act(ctx, arn, change);
    ctx.transaction(() => ctx.store.history.add({
      alarm: alarm.name, alarmType: alarm.type, itemType: "Action", timestamp: ctx.clock.now(),
      summary: failure === undefined ? `Successfully executed action ${arn}` : `Failed to execute action ${arn}. Received error: "${failure}"`,
      data: JSON.stringify({ actionState: failure === undefined ? "Succeeded" : "Failed", stateUpdateTimestamp: change.timeMs, notificationResource: arn, error: failure }),
    }));
  }
}

/** Why it failed; undefined when it did not. */
async function act(ctx: Ctx, arn: string, change: StateChange): Promise<string | undefined> {
  try {
    const topic = SNS_ARN.exec(arn);
    if (topic !== null) {
      await ctx.as({ region: topic[1]!, account: topic[2]! }).sns.Publish({ TopicArn: arn, Subject: subject(ctx, change).slice(0, 100), Message: JSON.stringify(notification(ctx, change)) });
      return undefined;
    }
    const lambda = LAMBDA_ARN.exec(arn);
    if (lambda !== null) {
      const principal = { kind: "service", account: ctx.account, arn: "lambda.alarms.cloudwatch.amazonaws.com", id: "lambda.alarms.cloudwatch.amazonaws.com" } as const;
      await ctx.as({ region: lambda[1]!, account: lambda[2]!, principal }).lambda.Invoke({ FunctionName: arn, InvocationType: "Event", Payload: Buffer.from(JSON.stringify(lambdaEvent(ctx, change))) });
      return undefined;
    }
    return "This kind of action is not supported by Cumulet.";
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function subject(ctx: Ctx, { alarm }: StateChange): string {
  return `${alarm.state}: "${alarm.name}" in ${REGION_NAMES[ctx.region] ?? ctx.region}`;
}

/** The message to a topic (recorded). */
function notification(ctx: Ctx, { alarm, old, timeMs }: StateChange): object {
  return {
    AlarmName: alarm.name,
    AlarmDescription: alarm.description ?? null,
    AWSAccountId: ctx.account,
    AlarmConfigurationUpdatedTimestamp: javaTime(alarm.configuredMs),
    NewStateValue: alarm.state,
    NewStateReason: alarm.stateReason,
    StateChangeTime: javaTime(timeMs),
    Region: REGION_NAMES[ctx.region] ?? ctx.region,
    AlarmArn: alarmArn(ctx, alarm.name),
    OldStateValue: old.state,
    OKActions: alarm.okActions,
    AlarmActions: alarm.alarmActions,
    InsufficientDataActions: alarm.insufficientDataActions,
    ...(alarm.type === "MetricAlarm" ? { Trigger: trigger(alarm) } : {
      AlarmRule: alarm.rule,
      TriggeringChildren: triggeringChildren(alarm),
    }),
  };
}

function trigger(alarm: MetricAlarmRecord): object {
  const common = {
    EvaluationPeriods: alarm.evaluationPeriods,
    ...(alarm.datapointsToAlarm === undefined ? {} : { DatapointsToAlarm: alarm.datapointsToAlarm }),
    ComparisonOperator: alarm.comparison,
    ...(alarm.threshold === undefined ? {} : { Threshold: alarm.threshold }),
    ...(alarm.thresholdMetricId === undefined ? {} : { ThresholdMetricId: alarm.thresholdMetricId }),
    TreatMissingData: alarm.treatMissingData ?? "",
    EvaluateLowSampleCountPercentile: alarm.evaluateLowSampleCountPercentile ?? "",
  };
  if (alarm.metrics !== undefined) return { Period: alarm.metrics[0]?.MetricStat?.Period ?? 60, ...common, Metrics: alarm.metrics };
  return {
    MetricName: alarm.metricName,
    Namespace: alarm.namespace,
    ...(alarm.statistic === undefined ? { StatisticType: "ExtendedStatistic", ExtendedStatistic: alarm.extendedStatistic } : { StatisticType: "Statistic", Statistic: statisticWord(alarm.statistic) }),
    Unit: alarm.unit ?? null,
    // Lower-case names, unlike the API's (recorded).
    Dimensions: alarm.dimensions.map(({ Name, Value }) => ({ value: Value, name: Name })),
    Period: alarm.period,
    ...common,
  };
}

/** `SAMPLE_COUNT` (recorded: `AVERAGE`). */
function statisticWord(statistic: string): string {
  return statistic.replace(/(?<=[a-z])(?=[A-Z])/, "_").toUpperCase();
}

function triggeringChildren(alarm: CompositeAlarmRecord): object[] {
  const data = alarm.stateReasonData === undefined ? undefined : JSON.parse(alarm.stateReasonData) as { triggeringAlarms?: { arn: string; state: { value: string; timestamp: string } }[] };
  return (data?.triggeringAlarms ?? []).map(({ arn, state }) => ({ Arn: arn, State: { Value: state.value, Timestamp: state.timestamp } }));
}

/** `configuration` as EventBridge and functions are told it (recorded). */
function configuration(alarm: AlarmRecord): object {
  const description = alarm.description === undefined ? {} : { description: alarm.description };
  if (alarm.type === "CompositeAlarm") {
    return { ...description, alarmRule: alarm.rule, ...(alarm.suppressor === undefined ? {} : { actionsSuppressor: alarm.suppressor, actionsSuppressorWaitPeriod: alarm.suppressorWaitSeconds, actionsSuppressorExtensionPeriod: alarm.suppressorExtensionSeconds }) };
  }
  const metrics = alarm.metrics === undefined
    ? [{
      id: alarm.name,
      metricStat: {
        metric: { namespace: alarm.namespace, name: alarm.metricName, dimensions: Object.fromEntries(alarm.dimensions.map(({ Name, Value }) => [Name, Value])) },
        period: alarm.period,
        stat: alarm.statistic ?? alarm.extendedStatistic,
        ...(alarm.unit === undefined ? {} : { unit: alarm.unit }),
      },
      returnData: true,
    }]
    : alarm.metrics.map((query) => ({
      id: query.Id,
      ...(query.MetricStat === undefined ? { expression: query.Expression } : {
        metricStat: {
          metric: { namespace: query.MetricStat.Metric.Namespace, name: query.MetricStat.Metric.MetricName, dimensions: Object.fromEntries((query.MetricStat.Metric.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])) },
          period: query.MetricStat.Period,
          stat: query.MetricStat.Stat,
        },
      }),
      returnData: query.ReturnData ?? true,
    }));
  return { ...description, metrics };
}

function states(change: StateChange): { state: object; previousState: object } {
  const { alarm, old, timeMs } = change;
  const told = (value: string, reason: string, data: string | undefined, ms: number): object => ({ value, reason, ...(data === undefined ? {} : { reasonData: data }), timestamp: javaTime(ms) });
  return { state: told(alarm.state, alarm.stateReason, alarm.stateReasonData, timeMs), previousState: told(old.state, old.reason, old.data, old.updatedMs) };
}

/** What an alarm invokes a function with (recorded). */
function lambdaEvent(ctx: Ctx, change: StateChange): object {
  return {
    source: "aws.cloudwatch",
    alarmArn: alarmArn(ctx, change.alarm.name),
    accountId: ctx.account,
    time: javaTime(change.timeMs),
    region: ctx.region,
    alarmData: { alarmName: change.alarm.name, ...states(change), configuration: configuration(change.alarm) },
  };
}

/** `CloudWatch Alarm State Change`, where there is an EventBridge. */
async function tellEventBridge(ctx: Ctx, change: StateChange): Promise<void> {
  try {
    await ctx.call.events.PutEvents({
      Entries: [{
        Source: "aws.cloudwatch", DetailType: "CloudWatch Alarm State Change", Resources: [alarmArn(ctx, change.alarm.name)], Time: change.timeMs,
        Detail: JSON.stringify({ alarmName: change.alarm.name, ...states(change), configuration: configuration(change.alarm) }),
      }],
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    ctx.log.debug("EventBridge was not told of an alarm", { alarm: change.alarm.name, error: error.code });
  }
}

/**
 * Whether a composite alarm keeps its actions back: while its suppressor is in alarm, and for the waiting time before it may be.
 * What was kept back is looked at again when the time is over.
 */
function isSuppressed(ctx: Ctx, alarm: CompositeAlarmRecord, change: StateChange & { afterWait?: boolean }): boolean {
  if (alarm.suppressor === undefined) return false;
  const current = ctx.store.alarms.get(alarm.name);
  if (current?.type !== "CompositeAlarm") return true;
  const note = (by: string | undefined, reason: string | undefined): void => {
    ctx.transaction(() => ctx.store.alarms.put(alarm.name, { ...current, suppressedBy: by, suppressedReason: reason }));
  };
  const suppressor = ctx.store.alarms.get(alarmName(alarm.suppressor));
  if (suppressor?.state === "ALARM") {
    note("Alarm", "Actions suppressed by alarm");
    ctx.emit({ type: "cloudwatch.alarm-state", detail: { ...change, afterWait: true }, delayMs: Math.max(10, alarm.suppressorExtensionSeconds ?? 0) * 1000 });
    return true;
  }
  // What has changed since has told its own actions.
  if (change.afterWait === true && current.state !== alarm.state) {
    note(undefined, undefined);
    return true;
  }
  const wait = alarm.suppressorWaitSeconds ?? 0;
  if (change.afterWait !== true && wait > 0) {
    note("WaitPeriod", "Actions suppressed by WaitPeriod");
    ctx.emit({ type: "cloudwatch.alarm-state", detail: { ...change, afterWait: true }, delayMs: wait * 1000 });
    return true;
  }
  note(undefined, undefined);
  return false;
}
