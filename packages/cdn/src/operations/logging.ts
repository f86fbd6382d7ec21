import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import type { DistributionBody } from "../names.ts";
import { behaviorsOf } from "./configured.ts";
import { arnOf, createResource, existing, listResources, missing, replaceResource, type Cdn } from "./resource.ts";
import type { Resource } from "../store.ts";

/** What is stored of a real-time log configuration. */
type LogConfig = Required<Omit<cf.RealtimeLogConfig, "ARN">>;

export function CreateRealtimeLogConfig(ctx: Cdn, input: cf.CreateRealtimeLogConfigRequest): cf.CreateRealtimeLogConfigResult {
  const { Name, SamplingRate, EndPoints, Fields } = input;
  if (ctx.store.resources.get("realtime-log-config", Name) !== undefined) {
    throw new AwsError("RealtimeLogConfigAlreadyExists", "A real-time log configuration with this name already exists. You must provide a unique name. To modify an existing real-time log configuration, use UpdateRealtimeLogConfig.");
  }
  checkLogConfig(input);
  return { RealtimeLogConfig: logConfig(ctx, createResource<LogConfig>(ctx, "realtime-log-config", Name, Name, { Name, SamplingRate, EndPoints, Fields })) };
}

export function GetRealtimeLogConfig(ctx: Cdn, input: cf.GetRealtimeLogConfigRequest): cf.GetRealtimeLogConfigResult {
  return { RealtimeLogConfig: logConfig(ctx, found(ctx, input)) };
}

export function UpdateRealtimeLogConfig(ctx: Cdn, input: cf.UpdateRealtimeLogConfigRequest): cf.UpdateRealtimeLogConfigResult {
  const resource = found(ctx, input);
  const { SamplingRate = resource.body.SamplingRate, EndPoints = resource.body.EndPoints, Fields = resource.body.Fields } = input;
  const next = { Name: resource.body.Name, SamplingRate, EndPoints, Fields };
  checkLogConfig(next);
  return { RealtimeLogConfig: logConfig(ctx, replaceResource<LogConfig>(ctx, "realtime-log-config", resource, resource.name, next)) };
}

export function DeleteRealtimeLogConfig(ctx: Cdn, input: cf.DeleteRealtimeLogConfigRequest): {} {
  const { id } = found(ctx, input);
  const arn = arnOf(ctx, `realtime-log-config/${id}`);
  for (const { body } of ctx.store.resources.all<DistributionBody>("distribution")) {
    if (behaviorsOf(body.config).some(({ RealtimeLogConfigArn }) => RealtimeLogConfigArn === arn)) {
      throw new AwsError("RealtimeLogConfigInUse", "Cannot delete the real-time log configuration because it is attached to one or more cache behaviors.");
    }
  }
  ctx.store.resources.delete("realtime-log-config", id);
  return {};
}

export function ListRealtimeLogConfigs(ctx: Cdn, { Marker, MaxItems }: cf.ListRealtimeLogConfigsRequest): cf.ListRealtimeLogConfigsResult {
  const { Quantity: _quantity, ...page } = listResources<LogConfig, cf.RealtimeLogConfig>(ctx, "realtime-log-config", Marker, MaxItems, (resource) => logConfig(ctx, resource));
  return { RealtimeLogConfigs: page };
}

function found(ctx: Cdn, { Name, ARN }: { Name?: string; ARN?: string }): Resource<LogConfig> {
  const name = Name ?? ARN?.split("/").at(-1);
  if (name === undefined) throw new AwsError("InvalidArgument", "You must specify the name or the ARN of the real-time log configuration.");
  return existing<LogConfig>(ctx, "realtime-log-config", name);
}

function checkLogConfig({ SamplingRate, EndPoints }: LogConfig): void {
  if (SamplingRate < 1 || SamplingRate > 100) throw new AwsError("InvalidArgument", "The parameter SamplingRate must be between 1 and 100.");
  if (EndPoints.length !== 1 || EndPoints[0]?.StreamType !== "Kinesis" || EndPoints[0].KinesisStreamConfig === undefined) {
    throw new AwsError("InvalidArgument", "The parameter EndPoints must contain one Kinesis data stream.");
  }
}

function logConfig(ctx: Cdn, { id, body }: Resource<LogConfig>): cf.RealtimeLogConfig {
  return { ARN: arnOf(ctx, `realtime-log-config/${id}`), ...body };
}

export function CreateMonitoringSubscription(ctx: Cdn, { DistributionId, MonitoringSubscription }: cf.CreateMonitoringSubscriptionRequest): cf.CreateMonitoringSubscriptionResult {
  existing(ctx, "distribution", DistributionId);
  const known = ctx.store.resources.get("monitoring-subscription", DistributionId);
  if (known === undefined) createResource(ctx, "monitoring-subscription", DistributionId, DistributionId, MonitoringSubscription);
  else replaceResource(ctx, "monitoring-subscription", known, DistributionId, MonitoringSubscription);
  return { MonitoringSubscription };
}

export function GetMonitoringSubscription(ctx: Cdn, { DistributionId }: cf.GetMonitoringSubscriptionRequest): cf.GetMonitoringSubscriptionResult {
  existing(ctx, "distribution", DistributionId);
  return { MonitoringSubscription: existing<cf.MonitoringSubscription>(ctx, "monitoring-subscription", DistributionId).body };
}

export function DeleteMonitoringSubscription(ctx: Cdn, { DistributionId }: cf.DeleteMonitoringSubscriptionRequest): {} {
  existing(ctx, "distribution", DistributionId);
  if (ctx.store.resources.get("monitoring-subscription", DistributionId) === undefined) throw missing("monitoring-subscription");
  ctx.store.resources.delete("monitoring-subscription", DistributionId);
  return {};
}
