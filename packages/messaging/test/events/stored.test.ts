/** EventBridge's resources beside buses and rules: archives and replays, connections and API destinations. */
import * as eb from "@aws-sdk/client-eventbridge";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { services } from "../../src/index.ts";

let cloud: TestPlatform;
let client: eb.EventBridgeClient;
beforeAll(async () => {
  cloud = await testPlatform(services);
  client = new eb.EventBridgeClient(cloud.clientConfig());
});
afterAll(() => cloud.close());
const run = <T = any>(command: new (input: any) => any, input: object = {}): Promise<T> => client.send(new command(input)) as Promise<T>;

test("an archive, changed, listed, deleted; a replay that never was cannot be cancelled", async () => {
  const { EventBusArn } = await run(eb.CreateEventBusCommand, { Name: "bus" });
  expect((await run(eb.UpdateEventBusCommand, { Name: "bus", Description: "ours" })).Description).toBe("ours");
  await run(eb.CreateArchiveCommand, { ArchiveName: "kept", EventSourceArn: EventBusArn });
  await run(eb.UpdateArchiveCommand, { ArchiveName: "kept", RetentionDays: 7 });
  expect((await run(eb.ListArchivesCommand)).Archives).toEqual([expect.objectContaining({ ArchiveName: "kept", RetentionDays: 7 })]);
  expect((await run(eb.ListReplaysCommand)).Replays).toEqual([]);
  await expect(run(eb.CancelReplayCommand, { ReplayName: "never" })).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await run(eb.DeleteArchiveCommand, { ArchiveName: "kept" });
  expect((await run(eb.ListArchivesCommand)).Archives).toEqual([]);
});

test("a connection and its API destination", async () => {
  const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: "x-key", ApiKeyValue: "secret" } };
  const { ConnectionArn } = await run(eb.CreateConnectionCommand, { Name: "link", AuthorizationType: "API_KEY", AuthParameters });
  await run(eb.UpdateConnectionCommand, { Name: "link", Description: "changed" });
  expect((await run(eb.ListConnectionsCommand)).Connections).toEqual([expect.objectContaining({ Name: "link", AuthorizationType: "API_KEY" })]);
  await run(eb.CreateApiDestinationCommand, { Name: "there", ConnectionArn, InvocationEndpoint: "https://example.com/hook", HttpMethod: "POST" });
  await run(eb.UpdateApiDestinationCommand, { Name: "there", InvocationRateLimitPerSecond: 5 });
  expect((await run(eb.ListApiDestinationsCommand)).ApiDestinations).toEqual([expect.objectContaining({ Name: "there", InvocationRateLimitPerSecond: 5, HttpMethod: "POST" })]);
  await run(eb.DeleteApiDestinationCommand, { Name: "there" });
  expect((await run(eb.DeauthorizeConnectionCommand, { Name: "link" })).ConnectionState).toMatch(/DEAUTHORIZ/);
  await run(eb.DeleteConnectionCommand, { Name: "link" });
  expect((await run(eb.ListConnectionsCommand)).Connections.filter((connection: eb.Connection) => connection.ConnectionState !== "DELETING")).toEqual([]);
});
