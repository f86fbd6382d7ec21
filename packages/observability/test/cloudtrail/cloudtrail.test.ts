import { CloudWatchClient, PutDashboardCommand, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, CreateLogGroupCommand, DescribeLogGroupsCommand, PutLogEventsCommand, CreateLogStreamCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AddTagsCommand, CancelQueryCommand, CloudTrailClient, CreateEventDataStoreCommand, CreateTrailCommand, DeleteEventDataStoreCommand, DeleteTrailCommand, DescribeQueryCommand,
  DescribeTrailsCommand, GetEventDataStoreCommand, GetEventSelectorsCommand, GetInsightSelectorsCommand, GetQueryResultsCommand, GetTrailCommand, GetTrailStatusCommand,
  ListEventDataStoresCommand, ListQueriesCommand, ListTagsCommand, ListTrailsCommand, LookupEventsCommand, PutEventSelectorsCommand, PutInsightSelectorsCommand, RemoveTagsCommand,
  RestoreEventDataStoreCommand, StartEventDataStoreIngestionCommand, StartLoggingCommand, StartQueryCommand, StopEventDataStoreIngestionCommand, StopLoggingCommand,
  UpdateEventDataStoreCommand, UpdateTrailCommand, type LookupEventsCommandInput,
} from "@aws-sdk/client-cloudtrail";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { services } from "../../src/index.ts";
import { refusal } from "../support.ts";

const DAY = 86_400_000;
let platform: TestPlatform;
let trail: CloudTrailClient;
let logs: CloudWatchLogsClient;
beforeEach(async () => {
  platform = await testPlatform(services);
  trail = new CloudTrailClient(platform.clientConfig());
  logs = new CloudWatchLogsClient(platform.clientConfig());
});
afterEach(async () => {
  trail.destroy();
  logs.destroy();
  await platform.close();
});

const lookup = async (input: LookupEventsCommandInput = {}) => (await trail.send(new LookupEventsCommand(input))).Events!;

describe("the event history", () => {
  test("has every management call, with what it asked and got", async () => {
    await logs.send(new CreateLogGroupCommand({ logGroupName: "g", tags: { Team: "A" } }));
    await refusal(logs.send(new CreateLogGroupCommand({ logGroupName: "g" })));
    const [failed, made] = await lookup({ LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "CreateLogGroup" }] });
    expect(made).toMatchObject({
      EventName: "CreateLogGroup", ReadOnly: "false", AccessKeyId: "000000000000", EventSource: "logs.amazonaws.com", Username: "root",
      Resources: [{ ResourceType: "AWS::Logs::LogGroup", ResourceName: "g" }], EventTime: new Date(platform.clock.now()),
    });
    const event = JSON.parse(made!.CloudTrailEvent!) as Record<string, unknown>;
    expect(event).toMatchObject({
      eventVersion: "1.11", eventTime: "2026-01-02T03:04:05Z", eventSource: "logs.amazonaws.com", eventName: "CreateLogGroup", awsRegion: "us-east-1", sourceIPAddress: "127.0.0.1",
      userAgent: expect.stringContaining("aws-sdk-js") as string, requestParameters: { logGroupName: "g", tags: { Team: "A" } }, responseElements: null, readOnly: false,
      eventID: made!.EventId, eventType: "AwsApiCall", managementEvent: true, recipientAccountId: "000000000000", eventCategory: "Management",
      userIdentity: { type: "Root", principalId: "000000000000", arn: "arn:aws:iam::000000000000:root", accountId: "000000000000", accessKeyId: "000000000000" },
    });
    expect(JSON.parse(failed!.CloudTrailEvent!)).toMatchObject({ errorCode: "ResourceAlreadyExistsException", errorMessage: "The specified log group already exists", responseElements: null });
  });

  test("is found by one attribute and by time, in pages, newest first", async () => {
    for (const logGroupName of ["a", "b", "c"]) {
      await logs.send(new CreateLogGroupCommand({ logGroupName }));
      await platform.clock.advance(1000);
    }
    await logs.send(new DescribeLogGroupsCommand({}));
    const names = async (input: LookupEventsCommandInput) => (await lookup(input)).map(({ EventName, Resources }) => Resources?.[0]?.ResourceName ?? EventName);
    expect(await names({ LookupAttributes: [{ AttributeKey: "EventSource", AttributeValue: "logs.amazonaws.com" }] })).toEqual(["DescribeLogGroups", "c", "b", "a"]);
    expect(await names({ LookupAttributes: [{ AttributeKey: "ResourceName", AttributeValue: "b" }] })).toEqual(["b"]);
    expect(await names({ LookupAttributes: [{ AttributeKey: "ResourceType", AttributeValue: "AWS::Logs::LogGroup" }] })).toEqual(["c", "b", "a"]);
    expect(await names({ LookupAttributes: [{ AttributeKey: "ReadOnly", AttributeValue: "true" }], MaxResults: 50 })).toContain("DescribeLogGroups");
    expect(await names({ LookupAttributes: [{ AttributeKey: "Username", AttributeValue: "nobody" }] })).toEqual([]);
    expect(await names({ LookupAttributes: [{ AttributeKey: "AccessKeyId", AttributeValue: "000000000000" }] })).toContain("a");
    const [one] = await lookup({ MaxResults: 1 });
    expect(await lookup({ LookupAttributes: [{ AttributeKey: "EventId", AttributeValue: one!.EventId! }] })).toHaveLength(1);
    const start = new Date(platform.clock.now() - 2500);
    expect(await names({ StartTime: start, LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "CreateLogGroup" }] })).toEqual(["c", "b"]);
    expect(await names({ EndTime: start, LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "CreateLogGroup" }] })).toEqual(["a"]);

    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await trail.send(new LookupEventsCommand({ LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "CreateLogGroup" }], MaxResults: 2, NextToken }));
      seen.push(...page.Events!.map(({ Resources }) => Resources![0]!.ResourceName!));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen).toEqual(["c", "b", "a"]);
    expect(await refusal(lookup({ StartTime: new Date(2), EndTime: new Date(1) }))).toMatchObject({ name: "InvalidTimeRangeException" });
    expect(await refusal(lookup({ NextToken: "x" }))).toMatchObject({ name: "InvalidNextTokenException" });
  });

  test("has no data events, and nothing of other accounts and regions", async () => {
    await logs.send(new CreateLogGroupCommand({ logGroupName: "g" }));
    await logs.send(new CreateLogStreamCommand({ logGroupName: "g", logStreamName: "s" }));
    await logs.send(new PutLogEventsCommand({ logGroupName: "g", logStreamName: "s", logEvents: [{ timestamp: platform.clock.now(), message: "m" }] }));
    expect((await lookup()).map(({ EventName }) => EventName)).not.toContain("PutLogEvents");
    for (const [account, region] of [["111111111111", "us-east-1"], ["000000000000", "eu-west-1"]] as const) {
      const other = new CloudTrailClient(platform.clientConfig(account, region));
      expect((await other.send(new LookupEventsCommand({}))).Events).toEqual([]);
      other.destroy();
    }
  });

  test("goes back ninety days, and survives a restart", async () => {
    const { mkdtempSync, rmSync } = await import("node:fs");
    const { tmpdir } = await import("node:os");
    const dataFolder = mkdtempSync(`${tmpdir()}/cumulet-trail-`);
    const first = await testPlatform(services, { dataFolder });
    const client = new CloudWatchLogsClient(first.clientConfig());
    await client.send(new CreateLogGroupCommand({ logGroupName: "g" }));
    client.destroy();
    await first.close();
    const second = await testPlatform(services, { dataFolder, clock: first.clock });
    const again = new CloudTrailClient(second.clientConfig());
    const named = { LookupAttributes: [{ AttributeKey: "EventName" as const, AttributeValue: "CreateLogGroup" }] };
    expect((await again.send(new LookupEventsCommand(named))).Events).toHaveLength(1);
    await second.clock.advance(91 * DAY);
    expect((await again.send(new LookupEventsCommand(named))).Events).toEqual([]);
    again.destroy();
    await second.close();
    rmSync(dataFolder, { recursive: true });
  });
});

describe("trails", () => {
  test("need a bucket, and a name that is one", async () => {
    expect(await refusal(trail.send(new CreateTrailCommand({ Name: "abc", S3BucketName: "nowhere" })))).toEqual({ name: "S3BucketDoesNotExistException", message: "S3 bucket nowhere does not exist!", status: 400 });
    expect(await refusal(trail.send(new CreateTrailCommand({ Name: "a", S3BucketName: "b" })))).toMatchObject({ name: "InvalidTrailNameException" });
    expect(await refusal(trail.send(new CreateTrailCommand({ Name: "-abc", S3BucketName: "b" })))).toMatchObject({ message: "Trail name must starts with a letter or number." });
    const unknown = { name: "TrailNotFoundException", message: "Unknown trail: arn:aws:cloudtrail:us-east-1:000000000000:trail/nope for the user: 000000000000" };
    for (const command of [new GetTrailCommand({ Name: "nope" }), new GetTrailStatusCommand({ Name: "nope" }), new StartLoggingCommand({ Name: "nope" }), new StopLoggingCommand({ Name: "nope" }), new DeleteTrailCommand({ Name: "nope" }), new UpdateTrailCommand({ Name: "nope" }), new PutEventSelectorsCommand({ TrailName: "nope", EventSelectors: [] }), new GetEventSelectorsCommand({ TrailName: "nope" }), new PutInsightSelectorsCommand({ TrailName: "nope", InsightSelectors: [] }), new GetInsightSelectorsCommand({ TrailName: "nope" })]) {
      expect(await refusal(trail.send(command as GetTrailCommand))).toMatchObject(unknown);
    }
    expect((await trail.send(new DescribeTrailsCommand({ trailNameList: ["nope"] }))).trailList).toEqual([]);
    expect((await trail.send(new ListTrailsCommand({}))).Trails).toEqual([]);
  });
});

describe("event data stores", () => {
  const create = (Name: string, more: object = {}) => trail.send(new CreateEventDataStoreCommand({ Name, TerminationProtectionEnabled: false, ...more }));

  test("are made, changed, tagged, deleted and restored", async () => {
    const made = await create("store", { TagsList: [{ Key: "a", Value: "1" }], RetentionPeriod: 30 });
    expect(made).toMatchObject({ Name: "store", Status: "ENABLED", RetentionPeriod: 30, MultiRegionEnabled: true, TerminationProtectionEnabled: false, BillingMode: "EXTENDABLE_RETENTION_PRICING" });
    const EventDataStore = made.EventDataStoreArn!;
    expect(await refusal(create("store"))).toMatchObject({ name: "EventDataStoreAlreadyExistsException" });
    expect(await trail.send(new UpdateEventDataStoreCommand({ EventDataStore, RetentionPeriod: 60, TerminationProtectionEnabled: true }))).toMatchObject({ RetentionPeriod: 60 });
    expect(await refusal(trail.send(new DeleteEventDataStoreCommand({ EventDataStore })))).toMatchObject({ name: "EventDataStoreTerminationProtectedException" });
    expect((await trail.send(new ListEventDataStoresCommand({}))).EventDataStores).toMatchObject([{ EventDataStoreArn: EventDataStore, Name: "store" }]);
    await trail.send(new AddTagsCommand({ ResourceId: EventDataStore, TagsList: [{ Key: "b", Value: "2" }] }));
    await trail.send(new RemoveTagsCommand({ ResourceId: EventDataStore, TagsList: [{ Key: "a" }] }));
    expect((await trail.send(new ListTagsCommand({ ResourceIdList: [EventDataStore] }))).ResourceTagList).toEqual([{ ResourceId: EventDataStore, TagsList: [{ Key: "b", Value: "2" }] }]);
    await trail.send(new UpdateEventDataStoreCommand({ EventDataStore, TerminationProtectionEnabled: false }));
    await trail.send(new StopEventDataStoreIngestionCommand({ EventDataStore }));
    expect(await trail.send(new GetEventDataStoreCommand({ EventDataStore }))).toMatchObject({ Status: "STOPPED_INGESTION" });
    await trail.send(new StartEventDataStoreIngestionCommand({ EventDataStore }));
    await trail.send(new DeleteEventDataStoreCommand({ EventDataStore }));
    expect(await trail.send(new GetEventDataStoreCommand({ EventDataStore }))).toMatchObject({ Status: "PENDING_DELETION" });
    expect(await trail.send(new RestoreEventDataStoreCommand({ EventDataStore }))).toMatchObject({ Status: "ENABLED" });
    await trail.send(new DeleteEventDataStoreCommand({ EventDataStore }));
    await platform.clock.advance(8 * DAY);
    expect(await refusal(trail.send(new GetEventDataStoreCommand({ EventDataStore })))).toMatchObject({ name: "EventDataStoreNotFoundException" });
  });

  test("answer queries over what was taken in since, of all regions, data events by selector", async () => {
    await logs.send(new CreateLogGroupCommand({ logGroupName: "before" }));
    await platform.clock.advance(1000);
    const { EventDataStoreArn } = await create("all", {
      AdvancedEventSelectors: [
        { FieldSelectors: [{ Field: "eventCategory", Equals: ["Management"] }, { Field: "readOnly", Equals: ["false"] }] },
        { FieldSelectors: [{ Field: "eventCategory", Equals: ["Data"] }, { Field: "resources.type", Equals: ["AWS::CloudWatch::Metric"] }] },
      ],
    });
    const id = EventDataStoreArn!.slice(EventDataStoreArn!.lastIndexOf("/") + 1);
    await platform.clock.advance(1000);
    await logs.send(new CreateLogGroupCommand({ logGroupName: "after" }));
    await logs.send(new DescribeLogGroupsCommand({}));
    const elsewhere = new CloudWatchClient(platform.clientConfig("000000000000", "eu-west-1"));
    await elsewhere.send(new PutDashboardCommand({ DashboardName: "d", DashboardBody: '{"widgets":[]}' }));
    await elsewhere.send(new PutMetricDataCommand({ Namespace: "n", MetricData: [{ MetricName: "m", Value: 1 }] }));
    elsewhere.destroy();

    const query = async (QueryStatement: string): Promise<Record<string, string>[]> => {
      const { QueryId } = await trail.send(new StartQueryCommand({ QueryStatement }));
      const { QueryStatus, QueryResultRows } = await trail.send(new GetQueryResultsCommand({ EventDataStore: id, QueryId }));
      expect(QueryStatus).toBe("FINISHED");
      return QueryResultRows!.map((row) => Object.assign({}, ...row) as Record<string, string>);
    };
    expect(await query(`SELECT eventName, awsRegion FROM ${id} WHERE eventSource <> 'cloudtrail.amazonaws.com' ORDER BY eventTime, eventName`)).toEqual([
      { eventName: "CreateLogGroup", awsRegion: "us-east-1" }, { eventName: "PutDashboard", awsRegion: "eu-west-1" }, { eventName: "PutMetricData", awsRegion: "eu-west-1" },
    ]);
    expect(await query(`SELECT element_at(requestParameters, 'logGroupName') AS g, userIdentity.arn FROM ${id} WHERE eventName = 'CreateLogGroup' AND eventTime > '2026-01-02 03:04:05'`)).toEqual([
      { g: "after", arn: "arn:aws:iam::000000000000:root" },
    ]);
    expect(await query(`SELECT eventSource, count(*) AS calls FROM ${id} WHERE eventSource = 'logs.amazonaws.com' GROUP BY eventSource`)).toEqual([{ eventSource: "logs.amazonaws.com", calls: "1" }]);

    expect(await refusal(query(`SELECT nope FROM ${id}`))).toMatchObject({ name: "InvalidQueryStatementException", message: "line 1:1: Column 'nope' cannot be resolved" });
    expect(await refusal(query("SELECT 1 FROM nowhere"))).toMatchObject({ name: "EventDataStoreNotFoundException" });
    const { QueryId } = await trail.send(new StartQueryCommand({ QueryStatement: `SELECT eventName FROM ${id}` }));
    expect(await trail.send(new DescribeQueryCommand({ EventDataStore: id, QueryId }))).toMatchObject({ QueryStatus: "FINISHED", QueryStatistics: { EventsScanned: expect.any(Number) as number } });
    expect((await trail.send(new ListQueriesCommand({ EventDataStore: id, MaxResults: 2 }))).Queries).toHaveLength(2);
    expect(await refusal(trail.send(new CancelQueryCommand({ EventDataStore: id, QueryId })))).toMatchObject({ name: "InactiveQueryException" });
    expect(await refusal(trail.send(new GetQueryResultsCommand({ EventDataStore: id, QueryId: "00000000-0000-0000-0000-000000000000" })))).toMatchObject({ name: "QueryIdNotFoundException" });
  });
});
