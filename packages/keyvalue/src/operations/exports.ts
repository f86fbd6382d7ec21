import { AwsError } from "@cumulet/protocol";
import type {
  DescribeExportInput, DescribeExportOutput, ExportDescription, ExportTableToPointInTimeInput, ExportTableToPointInTimeOutput, ListExportsInput, ListExportsOutput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { invalidParameters, validationError } from "../domain/errors.ts";
import { jobId } from "../domain/jobs.ts";
import type { ExportRecord } from "../domain/jobs.ts";
import type { Table } from "../domain/table.ts";
import { restorableWindow } from "./backups.ts";
import { foreignJob, jobPage } from "./jobs.ts";
import type { Ctx } from "./targets.ts";

/** Exports of tables to S3. Checks, their order and their words as measured on AWS in October 2026. */

const tableArn = /^arn:[a-z0-9-]+:dynamodb:[a-z0-9-]+:([0-9]{12}):table\/([a-zA-Z0-9_.-]+)$/;
const shortestWindowMs = 15 * 60_000;
const longestWindowMs = 24 * 3600_000;

export function exportTableToPointInTime(ctx: Ctx, input: ExportTableToPointInTimeInput): ExportTableToPointInTimeOutput {
  if (!input.TableArn.startsWith("arn:")) throw invalidParameters("tableArn is not a valid ARN");
  const [, account, name] = (tableArn.exec(input.TableArn) ?? []) as (string | undefined)[];
  if (account === undefined || name === undefined) throw validationError("Invalid Request: Table ARN is invalid.");
  if (account !== ctx.account) throw new AwsError("AccessDeniedException", "Access is denied");
  if (input.ExportFormat === "ION") throw validationError("ExportFormat ION is not supported by Cumulet");
  if (input.S3SseKmsKeyId !== undefined && input.S3SseAlgorithm !== "KMS") throw validationError("Invalid Request: KMS Key Id is not supported for this encryption type");
  const incremental = checkType(input);
  const repeated = input.ClientToken === undefined ? undefined : ctx.store.exports.byToken(input.ClientToken);
  if (repeated !== undefined) {
    if (JSON.stringify(repeated.record.input) !== JSON.stringify(input)) {
      throw new AwsError("ExportConflictException", "Export conflict: Duplicate request detected with conflicting parameters");
    }
    return { ExportDescription: repeated.record.description };
  }
  const table = ctx.store.tables.get(name);
  if (table === undefined || table.arn !== input.TableArn) throw new AwsError("TableNotFoundException", `Table not found: ${input.TableArn}`);
  const now = ctx.clock.now();
  const times = incremental ? incrementalTimes(table, input, now) : { ExportTime: exportTime(ctx, table, input) };
  const id = jobId(now, ctx.ids.bytes(4));
  const arn = `${table.arn}/export/${id}`;
  const description: ExportDescription = {
    ExportArn: arn, ExportStatus: "IN_PROGRESS", StartTime: now, TableArn: table.arn, TableId: table.record.tableId, ...times,
    ClientToken: input.ClientToken ?? ctx.ids.uuid(), S3Bucket: input.S3Bucket, ExportFormat: "DYNAMODB_JSON", S3SseAlgorithm: input.S3SseAlgorithm ?? "AES256",
    ...(input.S3BucketOwner === undefined ? {} : { S3BucketOwner: input.S3BucketOwner }),
    ...(input.S3Prefix === undefined ? {} : { S3Prefix: input.S3Prefix }),
    ...(input.S3SseKmsKeyId === undefined ? {} : { S3SseKmsKeyId: input.S3SseKmsKeyId }),
    ...(input.ExportType === undefined ? {} : { ExportType: input.ExportType }),
  };
  const record: ExportRecord = { input, principal: ctx.principal, space: table.space, description };
  ctx.store.exports.put({ arn, id, tableArn: table.arn, token: description.ClientToken!, record });
  ctx.emit({ type: "dynamodb.export", detail: { arn } });
  return { ExportDescription: description };
}

/** Whether the export is an incremental one. */
function checkType({ ExportType: type, IncrementalExportSpecification: specification }: ExportTableToPointInTimeInput): boolean {
  if (type === "INCREMENTAL_EXPORT") {
    if (specification === undefined) throw validationError("Invalid Request: Incremental Export Specification expected when export type is set as Incremental Export");
    if (specification.ExportFromTime === undefined) throw validationError("Invalid Request: ExportFromTime must be provided in IncrementalExportSpecification");
    return true;
  }
  if (specification !== undefined) {
    throw validationError(type === undefined
      ? "Invalid Request: Export Type expected to be Incremental Export when incremental export specification is provided"
      : "Invalid Request: When Export Type is Full Export , Incremental Export Specification should not be provided");
  }
  return false;
}

function exportTime(ctx: Ctx, { name, record }: Table, input: ExportTableToPointInTimeInput): number {
  if (record.recovery === undefined) throw new AwsError("PointInTimeRecoveryUnavailableException", `Point in time recovery is not enabled for table '${name}'`);
  const { earliestMs, latestMs } = restorableWindow(ctx, record.recovery);
  const time = input.ExportTime ?? latestMs;
  if (time < earliestMs || time > latestMs) throw new AwsError("InvalidExportTimeException", "Export Time is invalid");
  return time;
}

function incrementalTimes({ record }: Table, input: ExportTableToPointInTimeInput, now: number): Pick<ExportDescription, "IncrementalExportSpecification"> {
  const { ExportFromTime: from = 0, ExportToTime: to = now, ExportViewType: view = "NEW_AND_OLD_IMAGES" } = input.IncrementalExportSpecification!;
  const fault = (message: string): AwsError => new AwsError("InvalidExportTimeException", message);
  const seconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  if (record.recovery === undefined || from < record.recovery.enabledMs) throw fault(`Incremental export period from time cannot be less than the table creation time : ${seconds(from)}`);
  if (to > now) throw fault(`Incremental export period to time cannot be greater than the current time : ${seconds(to)}`);
  if (to - from < shortestWindowMs) throw fault("Difference between export period from time and export period to time is less than 15 minutes");
  if (to - from > longestWindowMs) throw fault("Difference between export period from time and export period to time is greater than 24 hours");
  return { IncrementalExportSpecification: { ExportFromTime: from, ExportToTime: to, ExportViewType: view } };
}

export function describeExport(ctx: Ctx, { ExportArn: arn }: DescribeExportInput): DescribeExportOutput {
  const foreign = foreignJob(ctx, arn, "export");
  if (foreign) throw new AwsError("ExportNotFoundException", "Export not found: Invalid export arn");
  const job = ctx.store.exports.get(arn);
  if (job === undefined) throw new AwsError("ExportNotFoundException", `Export not found: Export not found: ${arn}`);
  return { ExportDescription: job.record.description };
}

export function listExports(ctx: Ctx, { TableArn: arn, MaxResults: limit = 10, NextToken: token }: ListExportsInput): ListExportsOutput {
  // Exports of a table are listed for as long as it is there (seen on AWS).
  const name = arn === undefined ? undefined : tableArn.exec(arn)?.[2];
  const tableId = name === undefined ? undefined : ctx.store.tables.get(name)?.record.tableId;
  const { jobs, next } = jobPage(ctx.store.exports, token, limit, ({ record }) => arn === undefined || (tableId !== undefined && record.description.TableId === tableId));
  return {
    ExportSummaries: jobs.map(({ record: { description } }) => ({
      ExportArn: description.ExportArn!, ExportStatus: description.ExportStatus!, ExportType: description.ExportType ?? "FULL_EXPORT",
    })),
    ...(next === undefined ? {} : { NextToken: next }),
  };
}
