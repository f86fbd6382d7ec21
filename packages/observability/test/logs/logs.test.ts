import {
  CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, DeleteLogGroupCommand, DeleteLogStreamCommand, DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand, DescribeLogStreamsCommand, FilterLogEventsCommand, GetLogEventsCommand, ListLogGroupsCommand, ListTagsForResourceCommand,
  ListTagsLogGroupCommand, PutLogEventsCommand, PutLogGroupDeletionProtectionCommand, PutRetentionPolicyCommand, TagLogGroupCommand, TagResourceCommand,
  UntagLogGroupCommand, UntagResourceCommand, AssociateKmsKeyCommand, DisassociateKmsKeyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { services } from "../../src/index.ts";
import { refusal } from "../support.ts";

const DAY = 86_400_000;
let platform: TestPlatform;
let client: CloudWatchLogsClient;
beforeAll(async () => {
  platform = await testPlatform(services);
  client = new CloudWatchLogsClient(platform.clientConfig());
});
afterAll(async () => {
  client.destroy();
  await platform.close();
});

let names = 0;
/** A new group with streams; its name. */
async function group(...streams: string[]): Promise<string> {
  const logGroupName = `/test/group-${(names += 1)}`;
  await client.send(new CreateLogGroupCommand({ logGroupName }));
  for (const logStreamName of streams) await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  return logGroupName;
}
const put = (logGroupName: string, logStreamName: string, ...events: [offset: number, message: string][]) =>
  client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents: events.map(([offset, message]) => ({ timestamp: platform.clock.now() + offset, message })) }));

describe("groups", () => {
  test("are made, described and deleted", async () => {
    const logGroupName = await group("a");
    const { logGroups } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
    const arn = `arn:aws:logs:us-east-1:000000000000:log-group:${logGroupName}`;
    expect(logGroups).toEqual([{
      logGroupName, creationTime: platform.clock.now(), metricFilterCount: 0, arn: `${arn}:*`, logGroupArn: arn, storedBytes: 0, logGroupClass: "STANDARD", deletionProtectionEnabled: false,
    }]);
    expect(await refusal(client.send(new CreateLogGroupCommand({ logGroupName })))).toEqual({ name: "ResourceAlreadyExistsException", message: "The specified log group already exists", status: 400 });
    await put(logGroupName, "a", [0, "x"]);
    await client.send(new DeleteLogGroupCommand({ logGroupName }));
    await platform.platform.idle();
    expect(await refusal(client.send(new DeleteLogGroupCommand({ logGroupName })))).toMatchObject({ name: "ResourceNotFoundException", message: "The specified log group does not exist." });
    // A group of the same name starts empty.
    await client.send(new CreateLogGroupCommand({ logGroupName }));
    expect((await client.send(new FilterLogEventsCommand({ logGroupName }))).events).toEqual([]);
    expect((await client.send(new DescribeLogStreamsCommand({ logGroupName }))).logStreams).toEqual([]);
  });

  test("names are measured in words of the service's own", async () => {
    expect(await refusal(client.send(new CreateLogGroupCommand({ logGroupName: "x".repeat(513) })))).toMatchObject({
      name: "InvalidParameterException", message: "Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
    });
    expect(await refusal(client.send(new CreateLogGroupCommand({ logGroupName: "AWS/x" })))).toMatchObject({ message: "Log groups starting with AWS/ are reserved for AWS." });
  });

  test("are listed in pages, by prefix, pattern and tag", async () => {
    for (const letter of "abcde") await client.send(new CreateLogGroupCommand({ logGroupName: `/pages/${letter}`, tags: { letter } }));
    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/pages/", limit: 2, nextToken }));
      seen.push(...page.logGroups!.map(({ logGroupName }) => logGroupName!));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(seen).toEqual(["/pages/a", "/pages/b", "/pages/c", "/pages/d", "/pages/e"]);
    expect((await client.send(new DescribeLogGroupsCommand({ logGroupNamePattern: "ges/c" }))).logGroups).toHaveLength(1);
    expect(await refusal(client.send(new DescribeLogGroupsCommand({ logGroupNamePattern: "a", logGroupNamePrefix: "b" })))).toMatchObject({ message: "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters." });
    expect(await refusal(client.send(new DescribeLogGroupsCommand({ nextToken: "%%" })))).toMatchObject({ name: "InvalidParameterException" });
    expect((await client.send(new ListLogGroupsCommand({ logGroupNamePattern: "^/pages/a|ges/b" }))).logGroups!.map(({ logGroupName }) => logGroupName)).toEqual(["/pages/a", "/pages/b"]);
    expect((await client.send(new ListLogGroupsCommand({ logGroupTags: [{ key: "letter", values: ["d"] }] }))).logGroups).toHaveLength(1);
  });

  test("have tags, a key, and protection", async () => {
    const logGroupName = await group();
    const arn = `arn:aws:logs:us-east-1:000000000000:log-group:${logGroupName}`;
    await client.send(new TagLogGroupCommand({ logGroupName, tags: { a: "1", b: "2" } }));
    await client.send(new TagResourceCommand({ resourceArn: arn, tags: { c: "3" } }));
    await client.send(new UntagLogGroupCommand({ logGroupName, tags: ["a"] }));
    expect((await client.send(new ListTagsLogGroupCommand({ logGroupName }))).tags).toEqual({ b: "2", c: "3" });
    await client.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: ["b"] }));
    expect((await client.send(new ListTagsForResourceCommand({ resourceArn: arn }))).tags).toEqual({ c: "3" });
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, ""]));
    expect(await refusal(client.send(new TagResourceCommand({ resourceArn: arn, tags: many })))).toMatchObject({ name: "TooManyTagsException" });

    const key = "arn:aws:kms:us-east-1:000000000000:key/1";
    const described = async () => (await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }))).logGroups![0]!;
    await client.send(new AssociateKmsKeyCommand({ logGroupName, kmsKeyId: key }));
    expect((await described()).kmsKeyId).toBe(key);
    await client.send(new DisassociateKmsKeyCommand({ logGroupName }));
    expect((await described()).kmsKeyId).toBeUndefined();

    await client.send(new PutLogGroupDeletionProtectionCommand({ logGroupIdentifier: arn, deletionProtectionEnabled: true }));
    expect(await refusal(client.send(new DeleteLogGroupCommand({ logGroupName })))).toMatchObject({ name: "ValidationException" });
    await client.send(new PutLogGroupDeletionProtectionCommand({ logGroupIdentifier: logGroupName, deletionProtectionEnabled: false }));
    await client.send(new DeleteLogGroupCommand({ logGroupName }));
  });

  test("belong to one account and region", async () => {
    const logGroupName = await group();
    for (const [account, region] of [["111111111111", "us-east-1"], ["000000000000", "eu-west-1"]] as const) {
      const other = new CloudWatchLogsClient(platform.clientConfig(account, region));
      expect((await other.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }))).logGroups).toEqual([]);
      other.destroy();
    }
  });
});

describe("streams", () => {
  test("are listed by name and by their last event", async () => {
    const logGroupName = await group("b", "a", "c");
    expect(await refusal(client.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "a" })))).toMatchObject({ name: "ResourceAlreadyExistsException", message: "The specified log stream already exists" });
    await put(logGroupName, "a", [0, "late"]);
    await put(logGroupName, "c", [-1000, "early"]);
    const list = async (more: object): Promise<string[]> => {
      const found: string[] = [];
      let nextToken: string | undefined;
      do {
        const page = await client.send(new DescribeLogStreamsCommand({ logGroupName, limit: 2, nextToken, ...more }));
        found.push(...page.logStreams!.map(({ logStreamName }) => logStreamName!));
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      return found;
    };
    expect(await list({})).toEqual(["a", "b", "c"]);
    expect(await list({ descending: true })).toEqual(["c", "b", "a"]);
    expect(await list({ orderBy: "LastEventTime", descending: true })).toEqual(["a", "c", "b"]);
    expect(await list({ orderBy: "LastEventTime" })).toEqual(["b", "c", "a"]);
    expect(await list({ logStreamNamePrefix: "c" })).toEqual(["c"]);
    expect(await refusal(list({ orderBy: "LastEventTime", logStreamNamePrefix: "c" }))).toMatchObject({ message: "Cannot order by LastEventTime with a logStreamNamePrefix." });
    const { logStreams } = await client.send(new DescribeLogStreamsCommand({ logGroupName, logStreamNamePrefix: "a" }));
    expect(logStreams).toEqual([expect.objectContaining({
      arn: `arn:aws:logs:us-east-1:000000000000:log-group:${logGroupName}:log-stream:a`, storedBytes: 0, firstEventTimestamp: platform.clock.now(), lastEventTimestamp: platform.clock.now(),
      lastIngestionTime: platform.clock.now(), uploadSequenceToken: expect.stringMatching(/^[0-9]{56}$/) as string,
    })]);
    await client.send(new DeleteLogStreamCommand({ logGroupName, logStreamName: "a" }));
    await platform.platform.idle();
    expect(await list({})).toEqual(["b", "c"]);
    expect((await client.send(new FilterLogEventsCommand({ logGroupName }))).events!.map(({ message }) => message)).toEqual(["early"]);
    expect(await refusal(client.send(new DeleteLogStreamCommand({ logGroupName, logStreamName: "a" })))).toMatchObject({ message: "The specified log stream does not exist." });
  });
});

describe("events", () => {
  test("are read page by page in both directions", async () => {
    const logGroupName = await group("s");
    await put(logGroupName, "s", ...Array.from({ length: 5 }, (_, i): [number, string] => [i, `m${i}`]));
    const get = (more: object) => client.send(new GetLogEventsCommand({ logGroupName, logStreamName: "s", limit: 2, ...more }));
    const texts = (page: { events?: { message?: string | undefined }[] | undefined }) => page.events!.map(({ message }) => message);

    const latest = await get({});
    expect(texts(latest)).toEqual(["m3", "m4"]);
    expect(latest.nextForwardToken).toMatch(/^f\/[0-9]{56}\/s$/);
    const earlier = await get({ nextToken: latest.nextBackwardToken });
    expect(texts(earlier)).toEqual(["m1", "m2"]);
    const end = await get({ nextToken: latest.nextForwardToken });
    expect(end.events).toEqual([]);
    expect(end.nextForwardToken).toBe(latest.nextForwardToken);
    await put(logGroupName, "s", [5, "m5"]);
    expect(texts(await get({ nextToken: latest.nextForwardToken }))).toEqual(["m5"]);

    const first = await get({ startFromHead: true });
    expect(texts(first)).toEqual(["m0", "m1"]);
    expect(texts(await get({ nextToken: first.nextForwardToken, startFromHead: true }))).toEqual(["m2", "m3"]);
    const start = platform.clock.now();
    expect(texts(await get({ startTime: start + 1, endTime: start + 3, startFromHead: true, limit: 10 }))).toEqual(["m1", "m2"]);
    expect(await refusal(get({ nextToken: "nonsense" }))).toMatchObject({ name: "InvalidParameterException", message: "The specified nextToken is invalid." });
    expect(await refusal(get({ limit: 10001 }))).toMatchObject({
      message: "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000",
    });
    const arn = `arn:aws:logs:us-east-1:000000000000:log-group:${logGroupName}`;
    expect((await client.send(new GetLogEventsCommand({ logGroupIdentifier: arn, logStreamName: "s" }))).events).toHaveLength(6);
  });

  test("of an empty stream are found by the token of an empty page", async () => {
    const logGroupName = await group("s");
    const empty = await client.send(new GetLogEventsCommand({ logGroupName, logStreamName: "s", startFromHead: true }));
    await put(logGroupName, "s", [-5000, "first"]);
    const page = await client.send(new GetLogEventsCommand({ logGroupName, logStreamName: "s", startFromHead: true, nextToken: empty.nextForwardToken }));
    expect(page.events!.map(({ message }) => message)).toEqual(["first"]);
  });

  test("of several streams are filtered in the order of time", async () => {
    const logGroupName = await group("web-1", "web-2", "db");
    await put(logGroupName, "web-1", [0, "ERROR one"], [20, "fine"]);
    await put(logGroupName, "web-2", [10, "ERROR two"]);
    await put(logGroupName, "db", [5, "ERROR three"]);
    const filter = async (more: object) => (await client.send(new FilterLogEventsCommand({ logGroupName, ...more }))).events!.map(({ message }) => message);
    expect(await filter({})).toEqual(["ERROR one", "ERROR three", "ERROR two", "fine"]);
    expect(await filter({ filterPattern: "ERROR -three" })).toEqual(["ERROR one", "ERROR two"]);
    expect(await filter({ logStreamNames: ["db", "web-2"] })).toEqual(["ERROR three", "ERROR two"]);
    expect(await filter({ logStreamNames: ["db"] })).toEqual(["ERROR three"]);
    expect(await filter({ logStreamNamePrefix: "web" })).toEqual(["ERROR one", "ERROR two", "fine"]);
    const start = platform.clock.now();
    expect(await filter({ startTime: start + 5, endTime: start + 10 })).toEqual(["ERROR three", "ERROR two"]);

    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await client.send(new FilterLogEventsCommand({ logGroupName, filterPattern: "ERROR", limit: 1, nextToken }));
      seen.push(...page.events!.map(({ message }) => message!));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(seen).toEqual(["ERROR one", "ERROR three", "ERROR two"]);

    expect(await refusal(filter({ filterPattern: "{ $.a" }))).toMatchObject({ name: "InvalidParameterException", message: "Invalid filter pattern" });
    expect(await refusal(filter({ logStreamNames: ["none"] }))).toMatchObject({ message: "The specified log stream does not exist." });
    expect(await refusal(filter({ logStreamNames: ["db"], logStreamNamePrefix: "d" }))).toMatchObject({ name: "InvalidParameterException" });
    const { events } = await client.send(new FilterLogEventsCommand({ logGroupName, limit: 1 }));
    expect(events![0]).toEqual({ logStreamName: "web-1", timestamp: start, ingestionTime: start, message: "ERROR one", eventId: expect.stringMatching(/^[0-9]{56}$/) as string });
  });

  test("have to be in order, small enough and of one day", async () => {
    const logGroupName = await group("s");
    expect(await refusal(put(logGroupName, "s", [1, "b"], [0, "a"]))).toMatchObject({
      name: "InvalidParameterException", message: "Log events in a single PutLogEvents request must be in chronological order.",
    });
    expect(await refusal(put(logGroupName, "s", [-2 * DAY, "b"], [0, "a"]))).toMatchObject({
      message: "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
    });
    expect(await refusal(put(logGroupName, "s", [0, "x".repeat(1_048_577)]))).toMatchObject({ message: "Log event too large: 1048577 bytes exceeds limit of 1048576" });
    expect(await refusal(put(logGroupName, "s", [0, "x".repeat(700_000)], [0, "x".repeat(400_000)]))).toMatchObject({ message: "Upload too large: 1100052 bytes exceeds limit of 1048576" });
    expect(await refusal(put(logGroupName, "none", [0, "a"]))).toMatchObject({ message: "The specified log stream does not exist." });
    expect(await refusal(put("none", "none", [0, "a"]))).toMatchObject({ message: "The specified log group does not exist." });
  });

  test("that are too old or too new are left out", async () => {
    const logGroupName = await group("s");
    const tooNew = await put(logGroupName, "s", [0, "now"], [3 * 3_600_000, "later"]);
    expect(tooNew).toMatchObject({ nextSequenceToken: expect.any(String) as string, rejectedLogEventsInfo: { tooNewLogEventStartIndex: 1 } });
    expect((await put(logGroupName, "s", [-15 * DAY, "old"], [0, "now"])).rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1 });
    await client.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 1 }));
    expect((await put(logGroupName, "s", [-2 * DAY, "expired"], [0, "now"])).rejectedLogEventsInfo).toEqual({ expiredLogEventEndIndex: 1 });
    expect((await client.send(new FilterLogEventsCommand({ logGroupName }))).events).toHaveLength(3);
  });
});

describe("retention", () => {
  test("hides and then clears what is older", async () => {
    await using own = await testPlatform(services);
    const logs = new CloudWatchLogsClient(own.clientConfig());
    const logGroupName = "g";
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "s" }));
    const add = (message: string) => logs.send(new PutLogEventsCommand({ logGroupName, logStreamName: "s", logEvents: [{ timestamp: own.clock.now(), message }] }));
    const describeGroup = async () => (await logs.send(new DescribeLogGroupsCommand({}))).logGroups![0]!;
    await add("old");
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 3 }));
    await own.clock.advance(2 * DAY);
    await add("new");
    expect(await describeGroup()).toMatchObject({ retentionInDays: 3, storedBytes: 58 });
    await own.clock.advance(DAY + 6 * 3_600_000);
    expect((await logs.send(new FilterLogEventsCommand({ logGroupName }))).events!.map(({ message }) => message)).toEqual(["new"]);
    expect((await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: "s" }))).events).toHaveLength(1);
    expect((await describeGroup()).storedBytes).toBe(29);
    await logs.send(new DeleteRetentionPolicyCommand({ logGroupName }));
    expect((await describeGroup()).retentionInDays).toBeUndefined();
    expect((await logs.send(new FilterLogEventsCommand({ logGroupName }))).events).toHaveLength(1);
    expect(await refusal(logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 2 })))).toMatchObject({ name: "InvalidParameterException", message: expect.stringContaining("'retentionInDays'") as string });
    logs.destroy();
  });
});
