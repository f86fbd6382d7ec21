import type { NotificationConfiguration, NotificationConfigurationFilter } from "@cumulet/protocol/models/s3.d.ts";
import { invalidArgument } from "./errors.ts";

/** Event notification rules: checks and matching. Source: Amazon S3 User Guide, "Amazon S3 Event Notifications", and recorded answers. */

/** What can happen to an object, as `eventName` has it. */
export type ObjectEvent =
  | "ObjectCreated:Put" | "ObjectCreated:Post" | "ObjectCreated:Copy" | "ObjectCreated:CompleteMultipartUpload"
  | "ObjectRemoved:Delete" | "ObjectRemoved:DeleteMarkerCreated"
  | "ObjectRestore:Post" | "ObjectRestore:Completed" | "ObjectRestore:Delete"
  | "LifecycleExpiration:Delete" | "LifecycleExpiration:DeleteMarkerCreated" | "LifecycleTransition"
  | "ObjectTagging:Put" | "ObjectTagging:Delete" | "ObjectAcl:Put"
  | "Replication:OperationFailedReplication" | "Replication:OperationNotTracked";

const EVENTS: ReadonlySet<string> = new Set([
  "s3:ReducedRedundancyLostObject", "s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload",
  "s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated", "s3:ObjectRestore:*", "s3:ObjectRestore:Post", "s3:ObjectRestore:Completed",
  "s3:ObjectRestore:Delete", "s3:Replication:*", "s3:Replication:OperationFailedReplication", "s3:Replication:OperationNotTracked", "s3:Replication:OperationMissedThreshold",
  "s3:Replication:OperationReplicatedAfterThreshold", "s3:LifecycleTransition", "s3:IntelligentTiering", "s3:ObjectAcl:Put", "s3:LifecycleExpiration:*",
  "s3:LifecycleExpiration:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated", "s3:ObjectTagging:*", "s3:ObjectTagging:Put", "s3:ObjectTagging:Delete",
]);

export type TargetService = "lambda" | "sqs" | "sns";

/** A rule, whatever its kind. */
export interface Target {
  id: string;
  service: TargetService;
  arn: string;
  events: readonly string[];
  filter: NotificationConfigurationFilter | undefined;
}

/** All rules of a configuration, in the order in which S3 lists them. */
export function targetsOf(config: NotificationConfiguration): Target[] {
  return [
    ...(config.TopicConfigurations ?? []).map(({ Id, TopicArn, Events, Filter }): Target => ({ id: Id ?? "", service: "sns", arn: TopicArn, events: Events, filter: Filter })),
    ...(config.QueueConfigurations ?? []).map(({ Id, QueueArn, Events, Filter }): Target => ({ id: Id ?? "", service: "sqs", arn: QueueArn, events: Events, filter: Filter })),
    ...(config.LambdaFunctionConfigurations ?? []).map(({ Id, LambdaFunctionArn, Events, Filter }): Target => ({ id: Id ?? "", service: "lambda", arn: LambdaFunctionArn, events: Events, filter: Filter })),
  ];
}

const ARGUMENTS: Record<TargetService, string> = { lambda: "CloudFunction", sqs: "Queue", sns: "Topic" };

/** The configuration to store: ids filled in, filter names as S3 spells them. Throws InvalidArgument. */
export function checkNotification(config: NotificationConfiguration, newId: () => string): NotificationConfiguration {
  const complete = <C extends { Id?: string; Events: readonly string[]; Filter?: NotificationConfigurationFilter }>(rules: readonly C[] | undefined): C[] | undefined =>
    rules?.map((rule) => ({ ...rule, Id: rule.Id || newId(), ...(rule.Filter === undefined ? {} : { Filter: checkFilter(rule.Filter) }) }));
  const checked: NotificationConfiguration = {};
  const topics = complete(config.TopicConfigurations);
  const queues = complete(config.QueueConfigurations);
  const functions = complete(config.LambdaFunctionConfigurations);
  if (topics?.length) checked.TopicConfigurations = topics;
  if (queues?.length) checked.QueueConfigurations = queues;
  if (functions?.length) checked.LambdaFunctionConfigurations = functions;
  if (config.EventBridgeConfiguration !== undefined) checked.EventBridgeConfiguration = {};
  const targets = targetsOf(checked);
  for (const { service, arn, events } of targets) {
    if (!/^arn:[^:]+:[^:]+:[^:]*:\d{12}:.+$/.test(arn)) throw invalidArgument("The ARN could not be parsed", ARGUMENTS[service], arn);
    const [, , named] = arn.split(":");
    if (named !== service) throw invalidArgument(`The ARN is not a valid ${service.toUpperCase()} ARN`, ARGUMENTS[service], arn);
    for (const event of events) if (!EVENTS.has(event)) throw invalidArgument(`The event '${event}' is not supported for notifications`, "Event", event);
  }
  checkOverlaps(targets);
  return checked;
}

function checkFilter(filter: NotificationConfigurationFilter): NotificationConfigurationFilter {
  const rules = filter.Key?.FilterRules;
  if (rules === undefined) return filter;
  const seen = new Set<string>();
  return {
    Key: {
      FilterRules: rules.map(({ Name, Value = "" }) => {
        const name = (Name ?? "").toLowerCase();
        if (name !== "prefix" && name !== "suffix") throw invalidArgument("filter rule name must be either prefix or suffix", "FilterRule.Name", Name ?? "");
        if (seen.has(name)) throw invalidArgument(`Cannot specify more than one ${name} rule in a filter.`, "FilterRule.Name", Name ?? "");
        if (Buffer.byteLength(Value) > 1024) throw invalidArgument(`${name} filter value cannot exceed 1024 characters`, "FilterRule.Value", Value);
        seen.add(name);
        // Whatever the case it was sent in (recorded from S3).
        return { Name: name === "prefix" ? "Prefix" : "Suffix", Value };
      }),
    },
  };
}

/** Two rules may not both match one event of one object, whoever they tell. */
function checkOverlaps(targets: readonly Target[]): void {
  targets.forEach((a, at) => {
    for (const b of targets.slice(at + 1)) {
      if (!a.events.some((event) => b.events.some((other) => covers(event, other) || covers(other, event)))) continue;
      const [x, y] = [affixes(a.filter), affixes(b.filter)];
      const prefixes = x.prefix.startsWith(y.prefix) || y.prefix.startsWith(x.prefix);
      const suffixes = x.suffix.endsWith(y.suffix) || y.suffix.endsWith(x.suffix);
      if (prefixes && suffixes) {
        throw invalidArgument(prefixesOnly(x, y) ? "Configurations overlap. Configurations on the same bucket cannot share a common event type." : "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.");
      }
    }
  });
}

const prefixesOnly = (x: { prefix: string; suffix: string }, y: { prefix: string; suffix: string }) => x.prefix + x.suffix === "" && y.prefix + y.suffix === "";

function covers(pattern: string, event: string): boolean {
  return pattern === event || (pattern.endsWith(":*") && event.startsWith(pattern.slice(0, -1)));
}

function affixes(filter: NotificationConfigurationFilter | undefined): { prefix: string; suffix: string } {
  const value = (name: string) => filter?.Key?.FilterRules?.find((rule) => rule.Name?.toLowerCase() === name)?.Value ?? "";
  return { prefix: value("prefix"), suffix: value("suffix") };
}

/** Whether a rule wants to hear of this. */
export function wants(target: Target, event: ObjectEvent, key: string): boolean {
  if (!target.events.some((pattern) => covers(pattern, `s3:${event}`))) return false;
  const { prefix, suffix } = affixes(target.filter);
  return key.startsWith(prefix) && key.endsWith(suffix);
}
