/** Global tables of 2017: AWS no longer makes them, and says so; those of 2019 are UpdateTable's ReplicaUpdates. */
import { CreateGlobalTableCommand, DescribeGlobalTableCommand, DescribeGlobalTableSettingsCommand, DynamoDBClient, ListGlobalTablesCommand, UpdateGlobalTableCommand, UpdateGlobalTableSettingsCommand } from "@aws-sdk/client-dynamodb";
import { testPlatform } from "@cumulet/core/testing";
import { expect, test } from "vitest";
import { services } from "../src/index.ts";

test("cannot be made, so there are none to describe or change", async () => {
  await using cloud = await testPlatform(services);
  const client = new DynamoDBClient(cloud.clientConfig());
  const GlobalTableName = "global";
  await expect(client.send(new CreateGlobalTableCommand({ GlobalTableName, ReplicationGroup: [{ RegionName: "us-east-1" }] }))).rejects.toMatchObject({ name: "ValidationException", message: expect.stringContaining("version 2017.11.29") });
  expect((await client.send(new ListGlobalTablesCommand({}))).GlobalTables).toEqual([]);
  for (const command of [
    new DescribeGlobalTableCommand({ GlobalTableName }),
    new DescribeGlobalTableSettingsCommand({ GlobalTableName }),
    new UpdateGlobalTableCommand({ GlobalTableName, ReplicaUpdates: [{ Create: { RegionName: "eu-west-1" } }] }),
    new UpdateGlobalTableSettingsCommand({ GlobalTableName, GlobalTableBillingMode: "PAY_PER_REQUEST" }),
  ]) {
    await expect(client.send(command as DescribeGlobalTableCommand)).rejects.toMatchObject({ name: expect.stringMatching(/^(GlobalTableNotFoundException|ValidationException)$/) });
  }
});
