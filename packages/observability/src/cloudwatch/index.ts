import { defineService } from "@cumulet/core";
import { runActions } from "./alarms/actions.ts";
import { observeRequests, startBackground } from "./background.ts";
import { describeAlarmHistory } from "./operations/alarm-history.ts";
import {
  deleteAlarms, describeAlarms, describeAlarmsForMetric, disableAlarmActions, enableAlarmActions, putCompositeAlarm, putMetricAlarm, setAlarmState,
} from "./operations/alarms.ts";
import { deleteDashboards, getDashboard, listDashboards, putDashboard } from "./operations/dashboards.ts";
import { getMetricData } from "./operations/get-metric-data.ts";
import { getMetricStatistics } from "./operations/get-metric-statistics.ts";
import { listMetrics } from "./operations/list-metrics.ts";
import { putMetricData } from "./operations/put-metric-data.ts";
import { listTagsForResource, tagResource, untagResource } from "./operations/tags.ts";
import { store } from "./store/index.ts";

/** CloudWatch: metrics, alarms, dashboards. */
export const cloudwatch = defineService({
  model: "cloudwatch",
  store,
  operations: {
    DeleteAlarms: deleteAlarms,
    DeleteDashboards: deleteDashboards,
    DescribeAlarmHistory: describeAlarmHistory,
    DescribeAlarms: describeAlarms,
    DescribeAlarmsForMetric: describeAlarmsForMetric,
    DisableAlarmActions: disableAlarmActions,
    EnableAlarmActions: enableAlarmActions,
    GetDashboard: getDashboard,
    GetMetricData: getMetricData,
    GetMetricStatistics: getMetricStatistics,
    ListDashboards: listDashboards,
    ListMetrics: listMetrics,
    ListTagsForResource: listTagsForResource,
    PutCompositeAlarm: putCompositeAlarm,
    PutDashboard: putDashboard,
    PutMetricAlarm: putMetricAlarm,
    PutMetricData: putMetricData,
    SetAlarmState: setAlarmState,
    TagResource: tagResource,
    UntagResource: untagResource,
  },
  consumes: { "cloudwatch.alarm-state": runActions },
  background: startBackground,
  observes: observeRequests,
  limits: {
    PutCompositeAlarm: "Actions go to SNS topics and Lambda functions.",
    PutMetricAlarm: "Actions go to SNS topics and Lambda functions; bands of ANOMALY_DETECTION_BAND are the mean of two weeks plus and minus deviations.",
  },
});
