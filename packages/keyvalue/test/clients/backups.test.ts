import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BatchWriteItemCommand, CreateBackupCommand, CreateTableCommand, DeleteBackupCommand, DeleteItemCommand, DeleteTableCommand, DescribeBackupCommand, DescribeContinuousBackupsCommand,
  DescribeTableCommand, DynamoDBClient, ListBackupsCommand, paginateScan, PutItemCommand, QueryCommand, RestoreTableFromBackupCommand,
  RestoreTableToPointInTimeCommand, UpdateContinuousBackupsCommand,
} from "@aws-sdk/client-dynamodb";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

let platform: TestPlatform;
let client: DynamoDBClient;

beforeAll(async () => {
  platform = await testPlatform(services);
  client = new DynamoDBClient(platform.clientConfig());
});
afterAll(async () => {
  client.destroy();
  await platform.close();
});

async function table(TableName: string): Promise<void> {
  await client.send(new CreateTableCommand({
    TableName, BillingMode: "PAY_PER_REQUEST", KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }, { AttributeName: "g", AttributeType: "S" }],
    GlobalSecondaryIndexes: [{ IndexName: "by-g", KeySchema: [{ AttributeName: "g", KeyType: "HASH" }], Projection: { ProjectionType: "ALL" } }],
  }));
}

const put = (TableName: string, id: string, v: string): Promise<unknown> => client.send(new PutItemCommand({ TableName, Item: { id: { S: id }, v: { S: v }, g: { S: "g" } } }));

async function content(TableName: string): Promise<string[]> {
  const found: string[] = [];
  for await (const page of paginateScan({ client }, { TableName })) found.push(...page.Items!.map(({ id, v }) => `${id!.S}=${v!.S}`));
  return found.sort();
}

describe("backups", () => {
  it("give a table back as it was, with its indexes, even after it is gone", async () => {
    await table("kept");
    await put("kept", "same", "1");
    await put("kept", "changed", "1");
    await put("kept", "deleted", "1");
    const { BackupDetails } = await client.send(new CreateBackupCommand({ TableName: "kept", BackupName: "before" }));
    expect(BackupDetails).toMatchObject({ BackupName: "before", BackupStatus: "CREATING", BackupType: "USER" });
    const BackupArn = BackupDetails!.BackupArn!;
    expect(BackupArn).toMatch(/^arn:aws:dynamodb:us-east-1:000000000000:table\/kept\/backup\/\d{14}-[0-9a-f]{8}$/);
    await put("kept", "changed", "2");
    await put("kept", "changed", "3");
    await client.send(new DeleteItemCommand({ TableName: "kept", Key: { id: { S: "deleted" } } }));
    await put("kept", "new", "1");
    await client.send(new DeleteTableCommand({ TableName: "kept" }));
    await platform.clock.advance(5000);
    expect((await client.send(new DescribeBackupCommand({ BackupArn }))).BackupDescription).toMatchObject({
      BackupDetails: { BackupStatus: "AVAILABLE" }, SourceTableDetails: { TableName: "kept", ItemCount: 3, BillingMode: "PAY_PER_REQUEST" },
    });
    expect((await client.send(new ListBackupsCommand({ TableName: "kept" }))).BackupSummaries).toHaveLength(1);
    const { TableDescription } = await client.send(new RestoreTableFromBackupCommand({ TargetTableName: "restored", BackupArn }));
    expect(TableDescription).toMatchObject({ TableStatus: "CREATING", RestoreSummary: { SourceBackupArn: BackupArn, RestoreInProgress: true } });
    expect(await content("restored")).toEqual(["changed=1", "deleted=1", "same=1"]);
    const described = (await client.send(new DescribeTableCommand({ TableName: "restored" }))).Table!;
    expect(described).toMatchObject({ TableStatus: "ACTIVE", ItemCount: 3, RestoreSummary: { RestoreInProgress: false }, GlobalSecondaryIndexes: [{ IndexName: "by-g", ItemCount: 3 }] });
    expect((await client.send(new QueryCommand({ TableName: "restored", IndexName: "by-g", KeyConditionExpression: "g = :g", ExpressionAttributeValues: { ":g": { S: "g" } } }))).Count).toBe(3);
    await expect(client.send(new RestoreTableFromBackupCommand({ TargetTableName: "restored", BackupArn }))).rejects.toMatchObject({ name: "TableAlreadyExistsException" });
    await client.send(new DeleteBackupCommand({ BackupArn }));
    await expect(client.send(new DescribeBackupCommand({ BackupArn }))).rejects.toMatchObject({ name: "BackupNotFoundException", message: `Backup not found: ${BackupArn}` });
  });

  it("of many items are restored in steps", async () => {
    await table("many");
    for (let i = 0; i < 2200; i += 25) {
      await client.send(new BatchWriteItemCommand({ RequestItems: { many: Array.from({ length: 25 }, (_, j) => ({ PutRequest: { Item: { id: { S: `i${i + j}` }, v: { S: "old" } } } })) } }));
    }
    const { BackupDetails } = await client.send(new CreateBackupCommand({ TableName: "many", BackupName: "many" }));
    await Promise.all(Array.from({ length: 20 }, (_, i) => put("many", `i${i * 100}`, "new")));
    const restore = await client.send(new RestoreTableFromBackupCommand({ TargetTableName: "many-again", BackupArn: BackupDetails!.BackupArn! }));
    expect(restore.TableDescription!.TableStatus).toBe("CREATING");
    expect((await client.send(new DescribeTableCommand({ TableName: "many-again" }))).Table!.TableStatus).toBe("CREATING");
    await platform.clock.advance(1000);
    expect((await client.send(new DescribeTableCommand({ TableName: "many-again" }))).Table!.TableStatus).toBe("ACTIVE");
    const restored = await content("many-again");
    expect([restored.length, new Set(restored.map((item) => item.split("=")[1])).size]).toEqual([2200, 1]);
  });
});

describe("point-in-time recovery", () => {
  it("restores to any moment since it was enabled", async () => {
    await table("recovered");
    const status = async (): Promise<unknown> => (await client.send(new DescribeContinuousBackupsCommand({ TableName: "recovered" }))).ContinuousBackupsDescription;
    expect(await status()).toEqual({ ContinuousBackupsStatus: "ENABLED", PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" } });
    await expect(client.send(new RestoreTableToPointInTimeCommand({ SourceTableName: "recovered", TargetTableName: "x-x", UseLatestRestorableTime: true })))
      .rejects.toMatchObject({ name: "PointInTimeRecoveryUnavailableException", message: "Point in time recovery is not enabled for table 'recovered'" });
    await client.send(new UpdateContinuousBackupsCommand({ TableName: "recovered", PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }));
    expect(await status()).toMatchObject({ PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "ENABLED", RecoveryPeriodInDays: 35 } });
    const times: Date[] = [];
    for (const v of ["1", "2", "3"]) {
      await put("recovered", "x", v);
      times.push(new Date(platform.clock.now()));
      await platform.clock.advance(60_000);
    }
    for (const [i, RestoreDateTime] of times.entries()) {
      await client.send(new RestoreTableToPointInTimeCommand({ SourceTableName: "recovered", TargetTableName: `recovered-${i}`, RestoreDateTime }));
      expect(await content(`recovered-${i}`)).toEqual([`x=${i + 1}`]);
    }
    await expect(client.send(new RestoreTableToPointInTimeCommand({ SourceTableName: "recovered", TargetTableName: "early", RestoreDateTime: new Date(times[0]!.getTime() - 3600_000) })))
      .rejects.toMatchObject({ name: "InvalidRestoreTimeException" });
    await client.send(new DeleteTableCommand({ TableName: "recovered" }));
    const { BackupSummaries } = await client.send(new ListBackupsCommand({ TableName: "recovered" }));
    expect(BackupSummaries).toMatchObject([{ BackupName: "recovered$DeletedTableBackup", BackupType: "SYSTEM" }]);
    await client.send(new RestoreTableFromBackupCommand({ TargetTableName: "recovered", BackupArn: BackupSummaries![0]!.BackupArn! }));
    expect(await content("recovered")).toEqual(["x=3"]);
    await platform.clock.advance(36 * 24 * 3600_000);
    expect((await client.send(new ListBackupsCommand({ TableName: "recovered" }))).BackupSummaries).toEqual([]);
  });
});
