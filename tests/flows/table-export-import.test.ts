import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  CreateTableCommand, DescribeExportCommand, DescribeImportCommand, DescribeTableCommand, DynamoDBClient, ExportTableToPointInTimeCommand, ImportTableCommand,
  ListExportsCommand, ListImportsCommand, PutItemCommand, ScanCommand, UpdateContinuousBackupsCommand, UpdateItemCommand, DeleteItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { ExportTableToPointInTimeCommandInput, ImportTableCommandInput, ImportTableDescription } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { services } from "@cumulet/platform";

/** Tables to S3 and back. */
const TableName = "exported";
const S3Bucket = "tables";
let cloud: TestPlatform;
let dynamodb: DynamoDBClient;
let s3: S3Client;
let TableArn: string;

beforeAll(async () => {
  cloud = await testPlatform(services);
  dynamodb = new DynamoDBClient(cloud.clientConfig());
  s3 = new S3Client({ ...cloud.clientConfig(), forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: S3Bucket }));
  const { TableDescription } = await dynamodb.send(new CreateTableCommand({
    TableName, BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }, { AttributeName: "at", AttributeType: "N" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }, { AttributeName: "at", KeyType: "RANGE" }],
  }));
  TableArn = TableDescription!.TableArn!;
});
afterAll(async () => {
  dynamodb.destroy();
  s3.destroy();
  await cloud.close();
});

async function text(key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: S3Bucket, Key: key }));
  const bytes = Buffer.from(await Body!.transformToByteArray());
  return (key.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
}

async function exported(input: Partial<ExportTableToPointInTimeCommandInput>): Promise<{ description: object; summary: Record<string, unknown>; lines: unknown[] }> {
  const { ExportDescription } = await dynamodb.send(new ExportTableToPointInTimeCommand({ TableArn, S3Bucket, ...input }));
  expect(ExportDescription!.ExportStatus).toBe("IN_PROGRESS");
  await cloud.platform.idle();
  const { ExportDescription: done } = await dynamodb.send(new DescribeExportCommand({ ExportArn: ExportDescription!.ExportArn! }));
  expect(done).toMatchObject({ ExportStatus: "COMPLETED", ExportFormat: "DYNAMODB_JSON", S3SseAlgorithm: "AES256" });
  const summary = JSON.parse(await text(done!.ExportManifest!)) as { manifestFilesS3Key: string };
  const files = (await text(summary.manifestFilesS3Key)).trim().split("\n").map((line) => JSON.parse(line) as { dataFileS3Key: string; itemCount: number });
  const lines = (await Promise.all(files.map(({ dataFileS3Key }) => text(dataFileS3Key)))).flatMap((content) => content.split("\n").filter(Boolean)).map((line) => JSON.parse(line) as unknown);
  expect(files.reduce((sum, { itemCount }) => sum + itemCount, 0)).toBe(lines.length);
  return { description: done!, summary, lines };
}

test("exports need point-in-time recovery", async () => {
  const attempt = dynamodb.send(new ExportTableToPointInTimeCommand({ TableArn, S3Bucket }));
  await expect(attempt).rejects.toThrow("Point in time recovery is not enabled for table 'exported'");
  await dynamodb.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }));
});

test("a full export is of a moment, and importing its data makes the same table", async () => {
  for (let i = 0; i < 25; i++) await dynamodb.send(new PutItemCommand({ TableName, Item: { id: { S: `é-${i}` }, at: { N: String(i) }, tags: { SS: ["a", "b"] }, more: { M: { x: { L: [{ NULL: true }, { B: Uint8Array.of(1, 2) }] } } } } }));
  const moment = new Date(cloud.clock.now());
  await cloud.clock.advance(60_000);
  await dynamodb.send(new DeleteItemCommand({ TableName, Key: { id: { S: "é-3" }, at: { N: "3" } } }));
  await dynamodb.send(new UpdateItemCommand({ TableName, Key: { id: { S: "é-4" }, at: { N: "4" } }, UpdateExpression: "REMOVE tags" }));
  const { description, summary, lines } = await exported({ ExportTime: moment, S3Prefix: "exports" });
  expect(lines).toHaveLength(25);
  expect(summary).toMatchObject({ version: "2020-06-30", itemCount: 25, outputFormat: "DYNAMODB_JSON", exportType: "FULL_EXPORT", exportTime: moment.toISOString() });
  expect(lines).toContainEqual({ Item: { id: { S: "é-4" }, at: { N: "4" }, tags: { SS: ["a", "b"] }, more: { M: { x: { L: [{ NULL: true }, { B: "AQI=" }] } } } } });
  const keys = (await s3.send(new ListObjectsV2Command({ Bucket: S3Bucket, Prefix: "exports/" }))).Contents!.map(({ Key }) => Key!.replace(/\d{14}-\w{8}/, "ID").replace(/\w{26}/, "DATA"));
  expect(keys).toEqual([
    "exports/AWSDynamoDB/ID/_started", "exports/AWSDynamoDB/ID/data/DATA.json.gz", "exports/AWSDynamoDB/ID/manifest-files.checksum", "exports/AWSDynamoDB/ID/manifest-files.json",
    "exports/AWSDynamoDB/ID/manifest-summary.checksum", "exports/AWSDynamoDB/ID/manifest-summary.json",
  ]);
  const { ExportArn } = description as { ExportArn: string };
  expect((await dynamodb.send(new ListExportsCommand({ TableArn }))).ExportSummaries).toEqual([{ ExportArn, ExportStatus: "COMPLETED", ExportType: "FULL_EXPORT" }]);

  const S3KeyPrefix = `exports/AWSDynamoDB/${ExportArn.split("/").at(-1)!}/data/`;
  const result = await imported("copy", { S3BucketSource: { S3Bucket, S3KeyPrefix }, InputCompressionType: "GZIP" });
  expect(result).toMatchObject({ ImportStatus: "COMPLETED", ProcessedItemCount: 25, ImportedItemCount: 25, ErrorCount: 0 });
  expect((await dynamodb.send(new ScanCommand({ TableName: "copy" }))).Count).toBe(25);
});

test("an incremental export holds what changed between two times", async () => {
  const from = new Date(cloud.clock.now());
  await cloud.clock.advance(5 * 60_000);
  await dynamodb.send(new PutItemCommand({ TableName, Item: { id: { S: "new" }, at: { N: "1" } } }));
  await dynamodb.send(new UpdateItemCommand({ TableName, Key: { id: { S: "é-5" }, at: { N: "5" } }, UpdateExpression: "SET tags = :t", ExpressionAttributeValues: { ":t": { S: "x" } } }));
  await dynamodb.send(new DeleteItemCommand({ TableName, Key: { id: { S: "é-6" }, at: { N: "6" } } }));
  const changedMicros = String(cloud.clock.now() * 1000);
  await cloud.clock.advance(11 * 60_000);
  const { lines, summary } = await exported({ ExportType: "INCREMENTAL_EXPORT", IncrementalExportSpecification: { ExportFromTime: from } });
  expect(summary).toMatchObject({ exportType: "INCREMENTAL_EXPORT", outputView: "NEW_AND_OLD_IMAGES", itemCount: 3 });
  const Metadata = { WriteTimestampMicros: { N: changedMicros } };
  expect(lines).toEqual(expect.arrayContaining([
    { Metadata, Keys: { id: { S: "new" }, at: { N: "1" } }, NewImage: { id: { S: "new" }, at: { N: "1" } } },
    expect.objectContaining({ Keys: { id: { S: "é-5" }, at: { N: "5" } }, OldImage: expect.objectContaining({ tags: { SS: ["a", "b"] } }), NewImage: expect.objectContaining({ tags: { S: "x" } }) }),
    expect.objectContaining({ Keys: { id: { S: "é-6" }, at: { N: "6" } }, OldImage: expect.anything() }),
  ]));
});

test("tokens, and faults at S3", async () => {
  const input = { TableArn, S3Bucket: "not-there", ClientToken: "once" };
  const first = (await dynamodb.send(new ExportTableToPointInTimeCommand(input))).ExportDescription!;
  await cloud.platform.idle();
  const again = (await dynamodb.send(new ExportTableToPointInTimeCommand(input))).ExportDescription!;
  expect(again).toMatchObject({ ExportArn: first.ExportArn!, ExportStatus: "FAILED", FailureCode: "S3NoSuchBucket", FailureMessage: expect.stringContaining("The specified bucket does not exist (Service: Amazon S3; Status Code: 404") });
  await expect(dynamodb.send(new ExportTableToPointInTimeCommand({ ...input, S3Prefix: "x" }))).rejects.toThrow("Export conflict: Duplicate request detected with conflicting parameters");
  await expect(dynamodb.send(new DescribeExportCommand({ ExportArn: `${TableArn}/export/01-00` }))).rejects.toThrow("Export not found");
  await expect(dynamodb.send(new DescribeExportCommand({ ExportArn: TableArn }))).rejects.toThrow("Invalid Export ARN");
  const failed = await imported("never", { S3BucketSource: { S3Bucket: "not-there" } });
  expect(failed).toMatchObject({ ImportStatus: "FAILED", FailureCode: "S3NoSuchBucket" });
  await expect(dynamodb.send(new DescribeTableCommand({ TableName: "never" }))).rejects.toThrow("Requested resource not found");
});

async function imported(name: string, input: Partial<ImportTableCommandInput>): Promise<ImportTableDescription> {
  const { ImportTableDescription: begun } = await dynamodb.send(new ImportTableCommand({
    InputFormat: "DYNAMODB_JSON", S3BucketSource: { S3Bucket, S3KeyPrefix: name },
    TableCreationParameters: {
      TableName: name, BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }, { AttributeName: "at", AttributeType: "N" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }, { AttributeName: "at", KeyType: "RANGE" }],
    },
    ...input,
  }));
  expect(begun).toMatchObject({ ImportStatus: "IN_PROGRESS", TableId: expect.any(String) });
  await cloud.platform.idle();
  return (await dynamodb.send(new DescribeImportCommand({ ImportArn: begun!.ImportArn! }))).ImportTableDescription!;
}

test("bad lines are counted, the others are imported", async () => {
  const line = (id: string): string => JSON.stringify({ Item: { id: { S: id }, at: { N: "1" } } });
  await s3.send(new PutObjectCommand({ Bucket: S3Bucket, Key: "lines/1.json", Body: [line("a"), '{"Item":{"id":{"S":"no sort key"}}}', line("b")].join("\n") }));
  await s3.send(new PutObjectCommand({ Bucket: S3Bucket, Key: "lines/2.json", Body: [line("c"), "{", line("d")].join("\n") }));
  expect(await imported("lines", {})).toMatchObject({ ImportStatus: "FAILED", FailureCode: "ItemValidationError", ProcessedItemCount: 5, ImportedItemCount: 3, ErrorCount: 2 });
  expect((await dynamodb.send(new ScanCommand({ TableName: "lines" }))).Count).toBe(3);
  await s3.send(new PutObjectCommand({ Bucket: S3Bucket, Key: "plain/1", Body: line("a") }));
  expect(await imported("plain", { InputCompressionType: "GZIP" })).toMatchObject({ ImportStatus: "FAILED", ProcessedItemCount: 1, ImportedItemCount: 0 });
});

test("CSV, its keys typed, everything else text", async () => {
  await s3.send(new PutObjectCommand({ Bucket: S3Bucket, Key: "csv/1.csv.gz", Body: gzipSync('id,at,name\na,1,"Ada, ""the"" first"\nb,2.50,x\n') }));
  expect(await imported("csv", { InputFormat: "CSV", InputCompressionType: "GZIP" })).toMatchObject({ ImportStatus: "COMPLETED", ImportedItemCount: 2 });
  const { Items } = await dynamodb.send(new ScanCommand({ TableName: "csv" }));
  expect(Items!.sort((a, b) => (a.id!.S! < b.id!.S! ? -1 : 1))).toEqual([
    { id: { S: "a" }, at: { N: "1" }, name: { S: 'Ada, "the" first' } }, { id: { S: "b" }, at: { N: "2.5" }, name: { S: "x" } },
  ]);
  await s3.send(new PutObjectCommand({ Bucket: S3Bucket, Key: "semicolons/1", Body: "a;1;x\nb;2;y\n" }));
  expect(await imported("semicolons", { InputFormat: "CSV", InputFormatOptions: { Csv: { Delimiter: ";", HeaderList: ["id", "at", "name"] } } })).toMatchObject({ ImportedItemCount: 2 });
  expect((await dynamodb.send(new ListImportsCommand({ PageSize: 2 }))).ImportSummaryList).toHaveLength(2);
});
