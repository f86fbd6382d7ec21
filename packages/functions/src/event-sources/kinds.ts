import type { CreateEventSourceMappingRequest, EventSourceMappingConfiguration, FilterCriteria, UpdateEventSourceMappingRequest } from "@cumulet/protocol/models/lambda.d.ts";
import { compileEventPattern, PatternSyntaxError, type Matcher } from "@cumulet/core";
import { invalidParameter } from "../domain/errors.ts";

/** What kind of source an ARN names. */
export type SourceKind = "sqs" | "dynamodb";

/** Settings of a mapping that its owner decides, in AWS's own shape. */
export type MappingSettings = EventSourceMappingConfiguration;

type Input = CreateEventSourceMappingRequest | UpdateEventSourceMappingRequest;

const FILTERS_MAX = 5;
const FIFO_BATCH_MAX = 10;
const BATCH_MAX = 10_000;

/** The kind of a source. Throws AWS's error for none, and a named one for those that this cloud does not have. */
export function sourceKind(input: CreateEventSourceMappingRequest): SourceKind {
  if (input.SelfManagedEventSource !== undefined) throw invalidParameter("Self-managed Apache Kafka event sources are not supported: there is no Kafka consumer in this cloud.");
  const arn = input.EventSourceArn;
  if (arn === undefined) throw invalidParameter("Unrecognized event source.");
  const [, , service, , , resource] = arn.split(":");
  if (service === "sqs") return "sqs";
  if (service === "dynamodb" && /^table\/[^/]+\/stream\//.test(resource ?? "")) return "dynamodb";
  if (service === "kinesis" || service === "kafka" || service === "mq" || service === "rds") throw invalidParameter(`Event sources of ${service} are not supported: that service is not part of this cloud.`);
  throw invalidParameter("Unrecognized event source.");
}

/** Settings of a new mapping, complete with AWS's defaults. Throws AWS's errors for what does not fit the source. */
export function createMappingSettings(kind: SourceKind, input: CreateEventSourceMappingRequest): MappingSettings {
  if (kind === "dynamodb" && input.StartingPosition === undefined) {
    throw invalidParameter("1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.");
  }
  if (kind === "dynamodb" && input.StartingPosition === "AT_TIMESTAMP") throw invalidParameter("Unsupported starting position for arn type: DynamoDB streams");
  const base: MappingSettings = kind === "sqs"
    ? { BatchSize: 10, MaximumBatchingWindowInSeconds: 0, FunctionResponseTypes: [] }
    : {
        BatchSize: 100, MaximumBatchingWindowInSeconds: 0, FunctionResponseTypes: [], StartingPosition: input.StartingPosition, ParallelizationFactor: 1, DestinationConfig: { OnFailure: {} },
        MaximumRecordAgeInSeconds: -1, BisectBatchOnFunctionError: false, MaximumRetryAttempts: -1, TumblingWindowInSeconds: 0,
      };
  return updateMappingSettings(kind, base, input, input.EventSourceArn!);
}

/** Settings with the changes of a request laid over them. */
export function updateMappingSettings(kind: SourceKind, before: MappingSettings, input: Input, sourceArn: string): MappingSettings {
  const settings: MappingSettings = { ...before };
  if (input.BatchSize !== undefined) settings.BatchSize = input.BatchSize;
  if (input.MaximumBatchingWindowInSeconds !== undefined) settings.MaximumBatchingWindowInSeconds = input.MaximumBatchingWindowInSeconds;
  if (input.FunctionResponseTypes !== undefined) settings.FunctionResponseTypes = input.FunctionResponseTypes;
  if (input.FilterCriteria !== undefined) settings.FilterCriteria = checkFilters(input.FilterCriteria);
  if (kind === "sqs") {
    refuse(input, ["DestinationConfig", "ParallelizationFactor", "BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "TumblingWindowInSeconds", "StartingPosition"]);
    if (input.ScalingConfig !== undefined) settings.ScalingConfig = input.ScalingConfig.MaximumConcurrency === undefined ? undefined : input.ScalingConfig;
    const fifo = sourceArn.endsWith(".fifo");
    if (fifo && settings.BatchSize! > FIFO_BATCH_MAX) throw invalidParameter(`BatchSize must not be greater than ${FIFO_BATCH_MAX} for FIFO queues`);
    if (fifo && settings.MaximumBatchingWindowInSeconds! > 0) throw invalidParameter("Batching window is not supported for FIFO queues");
    if (settings.BatchSize! > 10 && settings.MaximumBatchingWindowInSeconds === 0) {
      throw invalidParameter("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10");
    }
  } else {
    refuse(input, ["ScalingConfig"]);
    if (input.ParallelizationFactor !== undefined) settings.ParallelizationFactor = input.ParallelizationFactor;
    if (input.BisectBatchOnFunctionError !== undefined) settings.BisectBatchOnFunctionError = input.BisectBatchOnFunctionError;
    if (input.MaximumRecordAgeInSeconds !== undefined) settings.MaximumRecordAgeInSeconds = input.MaximumRecordAgeInSeconds;
    if (input.MaximumRetryAttempts !== undefined) settings.MaximumRetryAttempts = input.MaximumRetryAttempts;
    if (input.TumblingWindowInSeconds !== undefined) settings.TumblingWindowInSeconds = input.TumblingWindowInSeconds;
    if (input.DestinationConfig !== undefined) settings.DestinationConfig = { OnFailure: input.DestinationConfig.OnFailure?.Destination ? { Destination: input.DestinationConfig.OnFailure.Destination } : {} };
    if (settings.TumblingWindowInSeconds! > 0 && settings.ParallelizationFactor! > 1) throw invalidParameter("Parallelization factor is not supported with tumbling windows.");
    if (settings.MaximumRecordAgeInSeconds !== -1 && settings.MaximumRecordAgeInSeconds! < 60) throw invalidParameter("MaximumRecordAgeInSeconds must be -1 or at least 60.");
  }
  if (settings.BatchSize! > BATCH_MAX) throw invalidParameter(`BatchSize must not be greater than ${BATCH_MAX}`);
  return settings;
}

function refuse(input: Input, names: readonly string[]): void {
  for (const name of names) if ((input as unknown as Record<string, unknown>)[name] !== undefined) throw invalidParameter(`Unsupported ${name} parameter for given event source mapping type.`);
}

/** Checks patterns; no filters at all takes them away. */
function checkFilters(criteria: FilterCriteria): FilterCriteria | undefined {
  const filters = criteria.Filters ?? [];
  if (filters.length === 0) return undefined;
  if (filters.length > FILTERS_MAX) throw invalidParameter(`Number of filters exceeds the limit of ${FILTERS_MAX}.`);
  for (const { Pattern } of filters) compileFilter(Pattern);
  return { Filters: filters };
}

/** Compiles one filter. Throws AWS's error for what is no pattern. */
export function compileFilter(pattern: string | undefined): Matcher {
  try {
    return compileEventPattern(JSON.parse(pattern ?? ""));
  } catch (error) {
    if (error instanceof PatternSyntaxError || error instanceof SyntaxError) throw invalidParameter("Invalid filter pattern definition.");
    throw error;
  }
}
