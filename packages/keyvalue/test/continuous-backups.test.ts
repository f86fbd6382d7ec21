import { CreateTableCommand, DescribeContinuousBackupsCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { testPlatform } from "@cumulet/core/testing";
import { expect, test } from "vitest";
import { services } from "../src/index.ts";

test("a table has continuous backups from the start, point-in-time recovery off", async () => {
  await using cloud = await testPlatform(services);
  const client = new DynamoDBClient(cloud.clientConfig());
  await client.send(new CreateTableCommand({ TableName: "backed-up", BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }], KeySchema: [{ AttributeName: "id", KeyType: "HASH" }] }));
  const { ContinuousBackupsDescription } = await client.send(new DescribeContinuousBackupsCommand({ TableName: "backed-up" }));
  expect(ContinuousBackupsDescription).toEqual({ ContinuousBackupsStatus: "ENABLED", PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" } });
  await expect(client.send(new DescribeContinuousBackupsCommand({ TableName: "missing" }))).rejects.toMatchObject({ name: "TableNotFoundException" });
});
