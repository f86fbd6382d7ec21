import { AwsError } from "@cumulet/protocol";
import type {
  AdvancedEventSelector, GetEventSelectorsRequest, GetEventSelectorsResponse, GetInsightSelectorsRequest, GetInsightSelectorsResponse, PutEventSelectorsRequest,
  PutEventSelectorsResponse, PutInsightSelectorsRequest, PutInsightSelectorsResponse,
} from "@cumulet/protocol/models/cloudtrail.d.ts";
import { DEFAULT_SELECTORS } from "../domain/selectors.ts";
import type { Ctx } from "./lookup-events.ts";
import { saveTrail, trailOf } from "./trails.ts";

const DATA_TYPES = ["AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"];
const FIELDS = ["eventCategory", "readOnly", "eventName", "eventSource", "resources.type", "resources.ARN", "userIdentity.arn", "eventType", "sessionCredentialFromConsole", "errorCode", "vpcEndpointId"];

export function invalidSelectors(message: string): AwsError {
  return new AwsError("InvalidEventSelectorsException", message);
}

export function putEventSelectors(ctx: Ctx, input: PutEventSelectorsRequest): PutEventSelectorsResponse {
  const trail = trailOf(ctx, input.TrailName);
  const { EventSelectors: basic, AdvancedEventSelectors: advanced } = input;
  if ((basic === undefined) === (advanced === undefined)) throw invalidSelectors("Exactly one of EventSelectors and AdvancedEventSelectors must be specified.");
  if (advanced !== undefined) {
    checkAdvanced(advanced);
    saveTrail(ctx, { ...trail, advancedEventSelectors: advanced, eventSelectors: undefined });
    return { TrailARN: trail.arn, AdvancedEventSelectors: advanced };
  }
  if (basic!.length > 5) throw invalidSelectors("You can specify up to five event selectors for a trail.");
  const whole = basic!.map((selector) => ({
    ReadWriteType: selector.ReadWriteType ?? "All",
    IncludeManagementEvents: selector.IncludeManagementEvents ?? true,
    DataResources: (selector.DataResources ?? []).map(({ Type = "", Values = [] }) => {
      if (!DATA_TYPES.includes(Type)) throw invalidSelectors(`The value ${Type} for DataResources.Type is not valid. Valid values are: ${DATA_TYPES.join(", ")}.`);
      return { Type, Values };
    }),
    ExcludeManagementEventSources: selector.ExcludeManagementEventSources ?? [],
  }));
  saveTrail(ctx, { ...trail, eventSelectors: whole, advancedEventSelectors: undefined });
  return { TrailARN: trail.arn, EventSelectors: whole };
}

/** @throws AwsError `InvalidEventSelectorsException` */
export function checkAdvanced(selectors: readonly AdvancedEventSelector[]): void {
  for (const { FieldSelectors } of selectors) {
    for (const { Field, ...conditions } of FieldSelectors) {
      if (!FIELDS.includes(Field)) throw invalidSelectors(`Field ${Field} is not supported.`);
      if (Object.values(conditions).every((values) => values === undefined || values.length === 0)) throw invalidSelectors(`Field ${Field} has no condition.`);
    }
    const category = FieldSelectors.find(({ Field }) => Field === "eventCategory")?.Equals;
    if (category?.length !== 1) throw invalidSelectors("A selector needs exactly one eventCategory, with Equals.");
    if (category[0] === "Data" && FieldSelectors.find(({ Field }) => Field === "resources.type")?.Equals?.length !== 1) throw invalidSelectors("A selector of data events needs exactly one resources.type, with Equals.");
  }
}

export function getEventSelectors(ctx: Ctx, input: GetEventSelectorsRequest): GetEventSelectorsResponse {
  const trail = trailOf(ctx, input.TrailName);
  return {
    TrailARN: trail.arn,
    ...(trail.advancedEventSelectors === undefined ? { EventSelectors: trail.eventSelectors ?? [...DEFAULT_SELECTORS] } : { AdvancedEventSelectors: trail.advancedEventSelectors }),
  };
}

export function putInsightSelectors(ctx: Ctx, input: PutInsightSelectorsRequest): PutInsightSelectorsResponse {
  if (input.TrailName === undefined) throw new AwsError("UnsupportedOperationException", "Insights of event data stores are not supported by Cumulet.");
  const trail = trailOf(ctx, input.TrailName);
  saveTrail(ctx, { ...trail, insightSelectors: input.InsightSelectors });
  return { TrailARN: trail.arn, InsightSelectors: input.InsightSelectors };
}

export function getInsightSelectors(ctx: Ctx, input: GetInsightSelectorsRequest): GetInsightSelectorsResponse {
  if (input.TrailName === undefined) throw new AwsError("InvalidParameterCombinationException", "TrailName must be specified.");
  const trail = trailOf(ctx, input.TrailName);
  if (trail.insightSelectors === undefined || trail.insightSelectors.length === 0) {
    throw new AwsError("InsightNotEnabledException", `Trail ${trail.arn} does not have Insights enabled. Edit the trail settings to enable Insights, and then try the operation again.`);
  }
  return { TrailARN: trail.arn, InsightSelectors: trail.insightSelectors };
}
