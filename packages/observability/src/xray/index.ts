import { defineService } from "@cumulet/core";
import { observeRequests, startBackground } from "./background.ts";
import { createGroup, deleteGroup, getGroup, getGroups, updateGroup } from "./operations/groups.ts";
import { createSamplingRule, deleteSamplingRule, getSamplingRules, getSamplingStatisticSummaries, getSamplingTargets, updateSamplingRule } from "./operations/sampling.ts";
import { batchGetTraces, putTelemetryRecords, putTraceSegments } from "./operations/segments.ts";
import {
  deleteResourcePolicy, getEncryptionConfig, getInsightSummaries, getTraceSegmentDestination, listResourcePolicies, putEncryptionConfig, putResourcePolicy,
} from "./operations/settings.ts";
import { getServiceGraph, getTimeSeriesServiceStatistics, getTraceGraph, getTraceSummaries } from "./operations/summaries.ts";
import { listTagsForResource, tagResource, untagResource } from "./operations/tags.ts";
import { otlpPlane } from "./otlp/plane.ts";
import { store } from "./store/index.ts";

/** X-Ray: traces of what the cloud and its functions did. */
export const xray = defineService({
  model: "xray",
  store,
  operations: {
    BatchGetTraces: batchGetTraces,
    CreateGroup: createGroup,
    CreateSamplingRule: createSamplingRule,
    DeleteGroup: deleteGroup,
    DeleteResourcePolicy: deleteResourcePolicy,
    DeleteSamplingRule: deleteSamplingRule,
    GetEncryptionConfig: getEncryptionConfig,
    GetGroup: getGroup,
    GetGroups: getGroups,
    GetInsightSummaries: getInsightSummaries,
    GetSamplingRules: getSamplingRules,
    GetSamplingStatisticSummaries: getSamplingStatisticSummaries,
    GetSamplingTargets: getSamplingTargets,
    GetServiceGraph: getServiceGraph,
    GetTimeSeriesServiceStatistics: getTimeSeriesServiceStatistics,
    GetTraceGraph: getTraceGraph,
    GetTraceSegmentDestination: getTraceSegmentDestination,
    GetTraceSummaries: getTraceSummaries,
    ListResourcePolicies: listResourcePolicies,
    ListTagsForResource: listTagsForResource,
    PutEncryptionConfig: putEncryptionConfig,
    PutResourcePolicy: putResourcePolicy,
    PutTelemetryRecords: putTelemetryRecords,
    PutTraceSegments: putTraceSegments,
    TagResource: tagResource,
    UntagResource: untagResource,
    UpdateGroup: updateGroup,
    UpdateSamplingRule: updateSamplingRule,
  },
  dataPlanes: [otlpPlane],
  background: startBackground,
  observes: observeRequests,
  limits: {
    GetInsightSummaries: "No insights are found.",
    GetServiceGraph: "Of the latest 2,000 traces of the time range.",
    PutTelemetryRecords: "Taken and forgotten; nobody can read them in AWS either.",
  },
});
