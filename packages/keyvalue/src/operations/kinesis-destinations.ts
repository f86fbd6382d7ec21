import type {
  DescribeKinesisStreamingDestinationInput, DescribeKinesisStreamingDestinationOutput, KinesisStreamingDestinationInput, KinesisStreamingDestinationOutput,
  UpdateKinesisStreamingDestinationInput, UpdateKinesisStreamingDestinationOutput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { validationError } from "../domain/errors.ts";
import type { KinesisDestination } from "../domain/table.ts";
import { controlTable } from "./targets.ts";
import type { Ctx, Target } from "./targets.ts";

/** Kinesis destinations are a setting here: stored and described. There is no Kinesis to write to. */

function destinations({ table }: Target): KinesisDestination[] {
  return table.record.kinesis ?? [];
}

function save({ ctx, table }: Target, kinesis: KinesisDestination[]): void {
  ctx.store.tables.put({ ...table.record, kinesis });
}

export function enableKinesisStreamingDestination(ctx: Ctx, input: KinesisStreamingDestinationInput): KinesisStreamingDestinationOutput {
  const target = controlTable(ctx, input.TableName);
  const current = destinations(target);
  if (current.some(({ streamArn, status }) => streamArn === input.StreamArn && status === "ACTIVE")) {
    throw validationError(
      `Table is not in a valid state to enable Kinesis Streaming Destination: ${input.TableName} already has an active Kinesis Streaming Destination with streamArn: ${input.StreamArn}`,
    );
  }
  const precision = input.EnableKinesisStreamingConfiguration?.ApproximateCreationDateTimePrecision;
  save(target, [
    ...current.filter(({ streamArn }) => streamArn !== input.StreamArn),
    { streamArn: input.StreamArn, status: "ACTIVE", ...(precision === undefined ? {} : { precision }) },
  ]);
  return {
    TableName: target.table.name, StreamArn: input.StreamArn, DestinationStatus: "ENABLING",
    EnableKinesisStreamingConfiguration: precision === undefined ? {} : { ApproximateCreationDateTimePrecision: precision },
  };
}

export function disableKinesisStreamingDestination(ctx: Ctx, input: KinesisStreamingDestinationInput): KinesisStreamingDestinationOutput {
  const target = controlTable(ctx, input.TableName);
  const current = destinations(target);
  if (!current.some(({ streamArn, status }) => streamArn === input.StreamArn && status === "ACTIVE")) {
    throw validationError(
      `Table is not in a valid state to disable Kinesis Streaming Destination: No streaming destination with streamArn: ${input.StreamArn} found for table with tableName: ${target.table.name}`,
    );
  }
  save(target, current.map((destination) => (destination.streamArn === input.StreamArn ? { ...destination, status: "DISABLED" } : destination)));
  return { TableName: target.table.name, StreamArn: input.StreamArn, DestinationStatus: "DISABLING" };
}

export function updateKinesisStreamingDestination(ctx: Ctx, input: UpdateKinesisStreamingDestinationInput): UpdateKinesisStreamingDestinationOutput {
  const target = controlTable(ctx, input.TableName);
  const precision = input.UpdateKinesisStreamingConfiguration?.ApproximateCreationDateTimePrecision;
  if (precision === undefined) {
    throw validationError("Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain only null values");
  }
  const current = destinations(target);
  const destination = current.find(({ streamArn }) => streamArn === input.StreamArn);
  if (destination === undefined) {
    // AWS says "enable" here, too.
    throw validationError(
      `Table is not in a valid state to enable Kinesis Streaming Destination: No streaming destination with streamArn: ${input.StreamArn} found for table with tableName: ${target.table.name}`,
    );
  }
  if (destination.precision === precision) {
    throw validationError(`Invalid Request: Precision is already set to the desired value of ${precision} for tableId: ${target.table.record.tableId}, kdsArn: ${input.StreamArn}`);
  }
  save(target, current.map((other) => (other === destination ? { ...destination, precision } : other)));
  return { TableName: target.table.name, StreamArn: input.StreamArn, DestinationStatus: "UPDATING", UpdateKinesisStreamingConfiguration: { ApproximateCreationDateTimePrecision: precision } };
}

export function describeKinesisStreamingDestination(ctx: Ctx, input: DescribeKinesisStreamingDestinationInput): DescribeKinesisStreamingDestinationOutput {
  const target = controlTable(ctx, input.TableName);
  return {
    TableName: target.table.name,
    KinesisDataStreamDestinations: destinations(target).map(({ streamArn, status, precision }) => ({
      StreamArn: streamArn, DestinationStatus: status, ...(precision === undefined ? {} : { ApproximateCreationDateTimePrecision: precision }),
    })),
  };
}
