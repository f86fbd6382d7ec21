import type { ComparisonOperator, Dimension, MetricDataQuery, StateValue } from "@cumulet/protocol/models/cloudwatch.d.ts";

/** What every alarm has. */
interface AlarmBase {
  name: string;
  description: string | undefined;
  actionsEnabled: boolean;
  okActions: readonly string[];
  alarmActions: readonly string[];
  insufficientDataActions: readonly string[];
  configuredMs: number;
  state: StateValue;
  stateReason: string;
  stateReasonData: string | undefined;
  /** When the reason last changed. */
  updatedMs: number;
  /** When the state last changed. */
  transitionedMs: number;
}

/** An alarm on one metric, or on an expression (`metrics`). */
export interface MetricAlarmRecord extends AlarmBase {
  type: "MetricAlarm";
  metricName: string | undefined;
  namespace: string | undefined;
  statistic: string | undefined;
  extendedStatistic: string | undefined;
  dimensions: readonly Dimension[];
  period: number | undefined;
  unit: string | undefined;
  metrics: readonly MetricDataQuery[] | undefined;
  evaluationPeriods: number;
  datapointsToAlarm: number | undefined;
  threshold: number | undefined;
  thresholdMetricId: string | undefined;
  comparison: ComparisonOperator;
  treatMissingData: string | undefined;
  evaluateLowSampleCountPercentile: string | undefined;
}

/** An alarm on the states of others. */
export interface CompositeAlarmRecord extends AlarmBase {
  type: "CompositeAlarm";
  rule: string;
  suppressor: string | undefined;
  suppressorWaitSeconds: number | undefined;
  suppressorExtensionSeconds: number | undefined;
  suppressedBy: string | undefined;
  suppressedReason: string | undefined;
}

export type AlarmRecord = MetricAlarmRecord | CompositeAlarmRecord;

/** The reason of an alarm's state before it was ever evaluated. */
export const INITIAL_REASON = "Unchecked: Initial alarm creation";
