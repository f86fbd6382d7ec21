import { AwsError } from "@cumulet/protocol";
import type {
  DescribeImportInput, DescribeImportOutput, ImportTableDescription, ImportTableInput, ImportTableOutput, ListImportsInput, ListImportsOutput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { validationError } from "../domain/errors.ts";
import { jobId } from "../domain/jobs.ts";
import type { ImportRecord } from "../domain/jobs.ts";
import { checkTableDefinition } from "../domain/table-definition.ts";
import { foreignJob, jobPage } from "./jobs.ts";
import { checkedName, resourceInUse } from "./targets.ts";
import type { Ctx } from "./targets.ts";

/** Imports of tables from S3. Checks, their order and their words as measured on AWS in October 2026. */

export function importTable(ctx: Ctx, input: ImportTableInput): ImportTableOutput {
  const { TableCreationParameters: parameters, InputFormat: format } = input;
  if (format === "ION") throw validationError("InputFormat ION is not supported by Cumulet");
  if (format !== "CSV" && input.InputFormatOptions !== undefined) {
    throw validationError(`Invalid Request: Unsupported InputFormatOptions for the given input format: ${format}.`);
  }
  checkTableDefinition(parameters);
  const name = checkedName(parameters.TableName);
  const repeated = input.ClientToken === undefined ? undefined : ctx.store.imports.byToken(input.ClientToken);
  if (repeated?.record.description.ImportStatus === "IN_PROGRESS") {
    if (repeated.record.input.TableCreationParameters.TableName !== name) {
      throw new AwsError("ImportConflictException", "Import conflict: Duplicate request detected with conflicting parameters");
    }
    return { ImportTableDescription: repeated.record.description };
  }
  if (ctx.store.tables.get(name) !== undefined) throw resourceInUse(`Table already exists: ${name}`);
  if (repeated !== undefined) return { ImportTableDescription: repeated.record.description };
  const now = ctx.clock.now();
  const id = jobId(now, ctx.ids.bytes(4));
  const tableArn = `arn:${ctx.partition}:dynamodb:${ctx.region}:${ctx.account}:table/${name}`;
  const arn = `${tableArn}/import/${id}`;
  const description: ImportTableDescription = {
    ImportArn: arn, ImportStatus: "IN_PROGRESS", TableArn: tableArn, TableId: ctx.ids.uuid(), ClientToken: input.ClientToken ?? ctx.ids.uuid(),
    S3BucketSource: { S3BucketOwner: ctx.account, ...input.S3BucketSource }, ErrorCount: 0,
    CloudWatchLogGroupArn: `arn:${ctx.partition}:logs:${ctx.region}:${ctx.account}:log-group:/aws-dynamodb/imports:*`,
    InputFormat: format, InputCompressionType: input.InputCompressionType ?? "NONE", TableCreationParameters: parameters, StartTime: now,
    ProcessedSizeBytes: 0, ProcessedItemCount: 0, ImportedItemCount: 0,
    ...(input.InputFormatOptions === undefined ? {} : { InputFormatOptions: input.InputFormatOptions }),
  };
  const record: ImportRecord = { input, principal: ctx.principal, description };
  ctx.store.imports.put({ arn, id, tableArn, token: description.ClientToken!, record });
  ctx.emit({ type: "dynamodb.import", detail: { arn } });
  return { ImportTableDescription: description };
}

export function describeImport(ctx: Ctx, { ImportArn: arn }: DescribeImportInput): DescribeImportOutput {
  const job = foreignJob(ctx, arn, "import") ? undefined : ctx.store.imports.get(arn);
  if (job === undefined) throw new AwsError("ImportNotFoundException", `Import not found: ${arn}`);
  return { ImportTableDescription: job.record.description };
}

export function listImports(ctx: Ctx, { TableArn: arn, PageSize: limit = 10, NextToken: token }: ListImportsInput): ListImportsOutput {
  const { jobs, next } = jobPage(ctx.store.imports, token, limit, ({ tableArn }) => arn === undefined || tableArn === arn);
  return {
    ImportSummaryList: jobs.map(({ record: { description } }) => ({
      ImportArn: description.ImportArn!, ImportStatus: description.ImportStatus!, TableArn: description.TableArn!, S3BucketSource: description.S3BucketSource!,
      CloudWatchLogGroupArn: description.CloudWatchLogGroupArn!, InputFormat: description.InputFormat!, StartTime: description.StartTime!,
      ...(description.EndTime === undefined ? {} : { EndTime: description.EndTime }),
    })),
    ...(next === undefined ? {} : { NextToken: next }),
  };
}
