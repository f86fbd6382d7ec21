import { defineService } from "@cumulet/core";
import { createBackup, deleteBackup, describeBackup, describeContinuousBackups, listBackups, updateContinuousBackups } from "./operations/backups.ts";
import { batchExecuteStatement } from "./operations/batch-execute-statement.ts";
import { batchGetItem } from "./operations/batch-get-item.ts";
import { batchWriteItem } from "./operations/batch-write-item.ts";
import { describeExport, exportTableToPointInTime, listExports } from "./operations/exports.ts";
import { runExport } from "./operations/export-work.ts";
import { describeImport, importTable, listImports } from "./operations/imports.ts";
import { runImport } from "./operations/import-work.ts";
import { describeContributorInsights, listContributorInsights, updateContributorInsights } from "./operations/contributor-insights.ts";
import { deleteItem } from "./operations/delete-item.ts";
import { executeStatement } from "./operations/execute-statement.ts";
import { executeTransaction } from "./operations/execute-transaction.ts";
import { getItem } from "./operations/get-item.ts";
import {
  describeKinesisStreamingDestination, disableKinesisStreamingDestination, enableKinesisStreamingDestination, updateKinesisStreamingDestination,
} from "./operations/kinesis-destinations.ts";
import { describeEndpoints, describeLimits } from "./operations/limits.ts";
import {
  createGlobalTable, describeGlobalTable, describeGlobalTableSettings, listGlobalTables, updateGlobalTable, updateGlobalTableSettings,
} from "./operations/global-tables.ts";
import { putItem } from "./operations/put-item.ts";
import { query } from "./operations/query.ts";
import { deleteResourcePolicy, getResourcePolicy, putResourcePolicy } from "./operations/resource-policies.ts";
import { replicate } from "./operations/replication.ts";
import { restoreTableFromBackup, restoreTableToPointInTime } from "./operations/restore.ts";
import { scan } from "./operations/scan.ts";
import { describeStream, getRecords, getShardIterator, listStreams } from "./operations/streams.ts";
import { createTable, deleteTable, describeTable, listTables } from "./operations/tables.ts";
import { listTagsOfResource, tagResource, untagResource } from "./operations/tags.ts";
import { control } from "./operations/targets.ts";
import { describeTimeToLive, updateTimeToLive } from "./operations/time-to-live.ts";
import { transactGetItems } from "./operations/transact-get-items.ts";
import { transactWriteItems } from "./operations/transact-write-items.ts";
import { updateItem } from "./operations/update-item.ts";
import { updateTable } from "./operations/update-table.ts";
import { background } from "./background.ts";
import { resources } from "./resources.ts";
import { store } from "./store/index.ts";

const dynamodb = defineService({
  model: "dynamodb",
  store,
  resources,
  background,
  consumes: { "dynamodb.replicate": replicate, "dynamodb.export": runExport, "dynamodb.import": runImport },
  // As long as a table takes.
  longDeliveries: ["dynamodb.export", "dynamodb.import"],
  operations: {
    BatchExecuteStatement: batchExecuteStatement,
    BatchGetItem: batchGetItem,
    BatchWriteItem: batchWriteItem,
    CreateBackup: control(createBackup),
    CreateGlobalTable: createGlobalTable,
    CreateTable: control(createTable),
    DeleteBackup: control(deleteBackup),
    DeleteItem: deleteItem,
    DeleteResourcePolicy: control(deleteResourcePolicy),
    DeleteTable: control(deleteTable),
    DescribeBackup: describeBackup,
    DescribeContinuousBackups: describeContinuousBackups,
    DescribeContributorInsights: describeContributorInsights,
    DescribeEndpoints: describeEndpoints,
    DescribeExport: describeExport,
    DescribeGlobalTable: describeGlobalTable,
    DescribeGlobalTableSettings: describeGlobalTableSettings,
    DescribeImport: describeImport,
    DescribeKinesisStreamingDestination: describeKinesisStreamingDestination,
    DescribeLimits: describeLimits,
    DescribeTable: describeTable,
    DescribeTimeToLive: describeTimeToLive,
    DisableKinesisStreamingDestination: control(disableKinesisStreamingDestination),
    EnableKinesisStreamingDestination: control(enableKinesisStreamingDestination),
    ExecuteStatement: executeStatement,
    ExecuteTransaction: executeTransaction,
    ExportTableToPointInTime: exportTableToPointInTime,
    GetItem: getItem,
    GetResourcePolicy: getResourcePolicy,
    ImportTable: importTable,
    ListBackups: listBackups,
    ListContributorInsights: listContributorInsights,
    ListExports: listExports,
    ListGlobalTables: listGlobalTables,
    ListImports: listImports,
    ListTables: listTables,
    ListTagsOfResource: listTagsOfResource,
    PutItem: putItem,
    PutResourcePolicy: control(putResourcePolicy),
    Query: query,
    RestoreTableFromBackup: control(restoreTableFromBackup),
    RestoreTableToPointInTime: control(restoreTableToPointInTime),
    Scan: scan,
    TagResource: tagResource,
    TransactGetItems: transactGetItems,
    TransactWriteItems: transactWriteItems,
    UntagResource: untagResource,
    UpdateContinuousBackups: control(updateContinuousBackups),
    UpdateContributorInsights: control(updateContributorInsights),
    UpdateGlobalTable: updateGlobalTable,
    UpdateGlobalTableSettings: updateGlobalTableSettings,
    UpdateItem: updateItem,
    UpdateKinesisStreamingDestination: control(updateKinesisStreamingDestination),
    UpdateTable: control(updateTable),
    UpdateTimeToLive: control(updateTimeToLive),
  },
  limits: {
    ExportTableToPointInTime: "DynamoDB JSON; not Ion.",
    ImportTable: "DynamoDB JSON and CSV; not Ion. Items that are refused are counted, not logged.",
    CreateGlobalTable: "Refused, as AWS refuses it since it makes no global tables of version 2017.11.29.",
    EnableKinesisStreamingDestination: "Stored and described; there is no Kinesis to write to.",
    UpdateContributorInsights: "Stored and described; no rule is evaluated.",
  },
});

const streams = defineService({
  model: "streams.dynamodb",
  store,
  resources,
  operations: {
    DescribeStream: describeStream,
    GetRecords: getRecords,
    GetShardIterator: getShardIterator,
    ListStreams: listStreams,
  },
});

/** DynamoDB and DynamoDB Streams. */
export const services = [dynamodb, streams] as const;
