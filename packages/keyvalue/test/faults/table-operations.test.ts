import { afterAll, beforeAll, expect, it } from "vitest";
import { faultTables } from "./support.ts";
import type { Fault, FaultTables } from "./support.ts";

let tables: FaultTables;
beforeAll(async () => {
  tables = await faultTables();
});
afterAll(() => tables[Symbol.asyncDispose]());

/** What is asked of tables that exist, and of those that do not. */
const faults: readonly Fault[] = [
  ["UpdateTable", { TableName: "plain" }, "ValidationException: At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required"],
  ["UpdateTable", { TableName: "nope", BillingMode: "PAY_PER_REQUEST" }, "ResourceNotFoundException: Requested resource not found: Table: nope not found"],
  ["UpdateTable", { TableName: "plain", BillingMode: "PROVISIONED" }, "ValidationException: One or more parameter values were invalid: ProvisionedThroughput must be specified when BillingMode is PROVISIONED"],
  ["UpdateTable", { TableName: "plain", ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } }, "ValidationException: One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"],
  ["UpdateTable", { TableName: "plain", BillingMode: "PAY_PER_REQUEST", ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } }, "ValidationException: One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"],
  ["UpdateTable", { TableName: "plain", GlobalSecondaryIndexUpdates: [] }, "ValidationException: At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required"],
  ["UpdateTable", { TableName: "plain", GlobalSecondaryIndexUpdates: [{}] }, "ValidationException: One or more parameter values were invalid: One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null"],
  ["UpdateTable", { TableName: "plain", GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "nope" } }] }, "ResourceNotFoundException: Requested resource not found"],
  ["UpdateTable", { TableName: "plain", GlobalSecondaryIndexUpdates: [{ Update: { IndexName: "nope", ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } } }] }, "ResourceNotFoundException: Requested resource not found"],
  ["UpdateTable", { TableName: "plain", GlobalSecondaryIndexUpdates: [{ Create: { IndexName: "gix", KeySchema: [{ AttributeName: "g", KeyType: "HASH" }], Projection: { ProjectionType: "ALL" } } }] }, "ValidationException: One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [g], AttributeDefinitions: []"],
  ["UpdateTable", { TableName: "plain", AttributeDefinitions: [{ AttributeName: "g", AttributeType: "S" }], GlobalSecondaryIndexUpdates: [{ Create: { IndexName: "gix", KeySchema: [{ AttributeName: "h", KeyType: "HASH" }], Projection: { ProjectionType: "ALL" } } }] }, "ValidationException: One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [h], AttributeDefinitions: [g]"],
  ["UpdateTable", { TableName: "plain", AttributeDefinitions: [{ AttributeName: "g", AttributeType: "S" }], GlobalSecondaryIndexUpdates: [{ Create: { IndexName: "gix", KeySchema: [{ AttributeName: "g", KeyType: "HASH" }], Projection: { ProjectionType: "ALL" } } }, { Create: { IndexName: "giy", KeySchema: [{ AttributeName: "g", KeyType: "HASH" }], Projection: { ProjectionType: "ALL" } } }] }, "LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"],
  ["UpdateTable", { TableName: "plain", StreamSpecification: { StreamEnabled: true } }, "ValidationException: Invalid StreamViewType: Stream ViewType must not be null or empty when enabling streams."],
  ["UpdateTable", { TableName: "plain", StreamSpecification: { StreamEnabled: false } }, "ValidationException: Table has no stream to disable"],
  ["UpdateTable", { TableName: "plain", ReplicaUpdates: [] }, "ValidationException: 1 validation error detected: Value '[]' at 'replicaUpdates' failed to satisfy constraint: Member must have length greater than or equal to 1"],
  ["DescribeTable", {}, "ValidationException: The parameter 'TableName' is required but was not present in the request"],
  ["DescribeTable", { TableName: "" }, "ValidationException: TableName must be at least 3 characters long and at most 255 characters long"],
  ["DescribeTable", { TableName: "ab" }, "ValidationException: TableName must be at least 3 characters long and at most 255 characters long"],
  ["DescribeTable", { TableName: "a;bc" }, "ValidationException: 1 validation error detected: Value 'a;bc' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"],
  ["DescribeTable", { TableName: "nope" }, "ResourceNotFoundException: Requested resource not found: Table: nope not found"],
  ["DescribeTable", { TableName: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }, "ValidationException: TableName must be at least 3 characters long and at most 255 characters long"],
  ["DeleteTable", {}, "ValidationException: The parameter 'TableName' is required but was not present in the request"],
  ["DeleteTable", { TableName: "" }, "ValidationException: TableName must be at least 3 characters long and at most 255 characters long"],
  ["DeleteTable", { TableName: "ab" }, "ValidationException: TableName must be at least 3 characters long and at most 255 characters long"],
  ["DeleteTable", { TableName: "a;bc" }, "ValidationException: 1 validation error detected: Value 'a;bc' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"],
  ["DeleteTable", { TableName: "nope" }, "ResourceNotFoundException: Requested resource not found: Table: nope not found"],
  ["DeleteTable", { TableName: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }, "ValidationException: TableName must be at least 3 characters long and at most 255 characters long"],
  ["DescribeTimeToLive", {}, "ValidationException: The parameter 'TableName' is required but was not present in the request"],
  ["DescribeTimeToLive", { TableName: "" }, "ValidationException: TableName must be at least 3 characters long and at most 255 characters long"],
  ["DescribeTimeToLive", { TableName: "ab" }, "ValidationException: TableName must be at least 3 characters long and at most 255 characters long"],
  ["DescribeTimeToLive", { TableName: "a;bc" }, "ValidationException: 1 validation error detected: Value 'a;bc' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"],
  ["DescribeTimeToLive", { TableName: "nope" }, "ResourceNotFoundException: Requested resource not found: Table: nope not found"],
  ["DescribeTimeToLive", { TableName: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }, "ValidationException: TableName must be at least 3 characters long and at most 255 characters long"],
  ["DescribeContinuousBackups", {}, "ValidationException: 1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null"],
  ["DescribeContinuousBackups", { TableName: "" }, "ValidationException: 1 validation error detected: Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1"],
  ["DescribeContinuousBackups", { TableName: "ab" }, "TableNotFoundException: Table not found: ab"],
  ["DescribeContinuousBackups", { TableName: "a;bc" }, "ValidationException: 1 validation error detected: Value 'a;bc' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"],
  ["DescribeContinuousBackups", { TableName: "nope" }, "TableNotFoundException: Table not found: nope"],
  ["DescribeContinuousBackups", { TableName: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }, "ValidationException: 1 validation error detected: Value 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' at 'tableName' failed to satisfy constraint: Member must have length less than or equal to 255"],
  ["ListTables", { Limit: 0 }, "ValidationException: 1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"],
  ["ListTables", { Limit: 101 }, "ValidationException: 1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"],
  ["ListTables", { ExclusiveStartTableName: "ab" }, "ValidationException: 1 validation error detected: Value 'ab' at 'exclusiveStartTableName' failed to satisfy constraint: Member must have length greater than or equal to 3"],
  ["ListTables", { ExclusiveStartTableName: "a;bc" }, "ValidationException: 1 validation error detected: Value 'a;bc' at 'exclusiveStartTableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"],
  ["UpdateTimeToLive", { TableName: "plain", TimeToLiveSpecification: {} }, "ValidationException: 2 validation errors detected: Value null at 'timeToLiveSpecification.enabled' failed to satisfy constraint: Member must not be null; Value null at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must not be null"],
  ["UpdateTimeToLive", { TableName: "plain", TimeToLiveSpecification: { AttributeName: "t" } }, "ValidationException: 1 validation error detected: Value null at 'timeToLiveSpecification.enabled' failed to satisfy constraint: Member must not be null"],
  ["UpdateTimeToLive", { TableName: "plain", TimeToLiveSpecification: { Enabled: true } }, "ValidationException: 1 validation error detected: Value null at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must not be null"],
  ["UpdateTimeToLive", { TableName: "plain", TimeToLiveSpecification: { AttributeName: "", Enabled: true } }, "ValidationException: 1 validation error detected: Value '' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must have length greater than or equal to 1"],
  ["UpdateTimeToLive", { TableName: "nope", TimeToLiveSpecification: { AttributeName: "t", Enabled: true } }, "ResourceNotFoundException: Requested resource not found: Table: nope not found"],
  ["UpdateTimeToLive", { TableName: "plain" }, "ValidationException: 1 validation error detected: Value null at 'timeToLiveSpecification' failed to satisfy constraint: Member must not be null"],
];

it.each(faults)("%s refuses %j", async (operation, input, fault) => {
  expect(await tables.answer(operation, input)).toBe(fault);
});
