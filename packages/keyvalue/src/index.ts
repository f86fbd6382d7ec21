import { defineService } from "@cumulet/core";
import { batchExecuteStatement } from "./operations/batch-execute-statement.ts";
import { batchGetItem } from "./operations/batch-get-item.ts";
import { batchWriteItem } from "./operations/batch-write-item.ts";
import { describeContinuousBackups } from "./operations/continuous-backups.ts";
import { deleteItem } from "./operations/delete-item.ts";
import { executeStatement } from "./operations/execute-statement.ts";
import { executeTransaction } from "./operations/execute-transaction.ts";
import { getItem } from "./operations/get-item.ts";
import { putItem } from "./operations/put-item.ts";
import { query } from "./operations/query.ts";
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
import { store } from "./store/index.ts";

const dynamodb = defineService({
  model: "dynamodb",
  store,
  background,
  operations: {
    BatchExecuteStatement: batchExecuteStatement,
    BatchGetItem: batchGetItem,
    BatchWriteItem: batchWriteItem,
    CreateTable: control(createTable),
    DeleteItem: deleteItem,
    DeleteTable: control(deleteTable),
    DescribeContinuousBackups: describeContinuousBackups,
    DescribeTable: describeTable,
    DescribeTimeToLive: describeTimeToLive,
    ExecuteStatement: executeStatement,
    ExecuteTransaction: executeTransaction,
    GetItem: getItem,
    ListTables: listTables,
    ListTagsOfResource: listTagsOfResource,
    PutItem: putItem,
    Query: query,
    Scan: scan,
    TagResource: tagResource,
    TransactGetItems: transactGetItems,
    TransactWriteItems: transactWriteItems,
    UntagResource: untagResource,
    UpdateItem: updateItem,
    UpdateTable: control(updateTable),
    UpdateTimeToLive: control(updateTimeToLive),
  },
});

const streams = defineService({
  model: "streams.dynamodb",
  store,
  operations: {
    DescribeStream: describeStream,
    GetRecords: getRecords,
    GetShardIterator: getShardIterator,
    ListStreams: listStreams,
  },
});

/** DynamoDB and DynamoDB Streams. */
export const services = [dynamodb, streams] as const;
