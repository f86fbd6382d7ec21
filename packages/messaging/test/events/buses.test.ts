import { createServer, type IncomingHttpHeaders } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CreateApiDestinationCommand, CreateArchiveCommand, CreateConnectionCommand, CreateEventBusCommand, DeleteEventBusCommand, DeleteRuleCommand, DescribeApiDestinationCommand,
  DescribeArchiveCommand, DescribeConnectionCommand, DescribeEventBusCommand, DescribeReplayCommand, DescribeRuleCommand, DisableRuleCommand, EnableRuleCommand, EventBridgeClient,
  ListEventBusesCommand, ListRuleNamesByTargetCommand, ListRulesCommand, ListTagsForResourceCommand, ListTargetsByRuleCommand, PutEventsCommand, PutPermissionCommand, PutRuleCommand,
  PutTargetsCommand, RemovePermissionCommand, RemoveTargetsCommand, StartReplayCommand, TagResourceCommand, TestEventPatternCommand, UntagResourceCommand,
} from "@aws-sdk/client-eventbridge";
import type { Target } from "@aws-sdk/client-eventbridge";
import { CreateQueueCommand, DeleteQueueCommand, PurgeQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

let platform: TestPlatform;
let events: EventBridgeClient;
let sqs: SQSClient;
let names = 0;

beforeAll(async () => {
  platform = await testPlatform(services);
  events = new EventBridgeClient(platform.clientConfig());
  sqs = new SQSClient(platform.clientConfig());
});
afterAll(async () => {
  events.destroy();
  sqs.destroy();
  await platform.close();
});

const arn = (resource: string) => `arn:aws:events:us-east-1:000000000000:${resource}`;
async function queue(): Promise<{ url: string; arn: string }> {
  const name = `q${++names}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  return { url: QueueUrl!, arn: `arn:aws:sqs:us-east-1:000000000000:${name}` };
}
async function received(url: string): Promise<string[]> {
  await platform.platform.idle();
  return ((await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }))).Messages ?? []).map(({ Body }) => Body!);
}
/** A rule with one target. */
async function rule(EventPattern: object, target: Partial<Target> & { Arn: string }, EventBusName = "default"): Promise<string> {
  const Name = `r${++names}`;
  await events.send(new PutRuleCommand({ Name, EventBusName, EventPattern: JSON.stringify(EventPattern) }));
  await events.send(new PutTargetsCommand({ Rule: Name, EventBusName, Targets: [{ Id: "t", ...target }] }));
  return Name;
}
const put = (Source: string, detail: object, more: object = {}) => events.send(new PutEventsCommand({ Entries: [{ Source, DetailType: "type", Detail: JSON.stringify(detail), ...more }] }));

describe("buses and rules", () => {
  it("are made, listed, described, tagged and deleted", async () => {
    const bus = await events.send(new CreateEventBusCommand({ Name: "orders", Description: "test bus" }));
    expect(bus).toMatchObject({ EventBusArn: arn("event-bus/orders"), Description: "test bus" });
    await expect(events.send(new CreateEventBusCommand({ Name: "orders" }))).rejects.toMatchObject({ name: "ResourceAlreadyExistsException", message: "Event bus orders already exists." });
    expect((await events.send(new ListEventBusesCommand({}))).EventBuses!.map(({ Name }) => Name)).toEqual(["default", "orders"]);
    const pattern = JSON.stringify({ source: ["a"] });
    expect((await events.send(new PutRuleCommand({ Name: "one", EventBusName: "orders", EventPattern: pattern }))).RuleArn).toBe(arn("rule/orders/one"));
    expect(await events.send(new DescribeRuleCommand({ Name: "one", EventBusName: "orders" }))).toMatchObject({ Arn: arn("rule/orders/one"), CreatedBy: "000000000000", EventBusName: "orders", EventPattern: pattern, Name: "one", State: "ENABLED" });
    await events.send(new DisableRuleCommand({ Name: "one", EventBusName: "orders" }));
    expect((await events.send(new ListRulesCommand({ EventBusName: "orders" }))).Rules).toEqual([{ Arn: arn("rule/orders/one"), EventBusName: "orders", EventPattern: pattern, Name: "one", State: "DISABLED" }]);
    await events.send(new EnableRuleCommand({ Name: "one", EventBusName: "orders" }));
    await expect(events.send(new DeleteEventBusCommand({ Name: "orders" }))).rejects.toMatchObject({ name: "ValidationException" });
    const { arn: target } = await queue();
    await events.send(new PutTargetsCommand({ Rule: "one", EventBusName: "orders", Targets: [{ Id: "q", Arn: target }] }));
    expect((await events.send(new ListRuleNamesByTargetCommand({ TargetArn: target, EventBusName: "orders" }))).RuleNames).toEqual(["one"]);
    await expect(events.send(new DeleteRuleCommand({ Name: "one", EventBusName: "orders" }))).rejects.toMatchObject({ message: "Rule can't be deleted since it has targets." });
    expect(await events.send(new RemoveTargetsCommand({ Rule: "one", EventBusName: "orders", Ids: ["q"] }))).toMatchObject({ FailedEntryCount: 0, FailedEntries: [] });
    expect((await events.send(new ListTargetsByRuleCommand({ Rule: "one", EventBusName: "orders" }))).Targets).toEqual([]);
    await events.send(new TagResourceCommand({ ResourceARN: arn("rule/orders/one"), Tags: [{ Key: "tag1", Value: "value1" }, { Key: "tag2", Value: "value2" }] }));
    await events.send(new UntagResourceCommand({ ResourceARN: arn("rule/orders/one"), TagKeys: ["tag2"] }));
    expect((await events.send(new ListTagsForResourceCommand({ ResourceARN: arn("rule/orders/one") }))).Tags).toEqual([{ Key: "tag1", Value: "value1" }]);
    await events.send(new DeleteRuleCommand({ Name: "one", EventBusName: "orders" }));
    await events.send(new DeleteEventBusCommand({ Name: "orders" }));
    await expect(events.send(new DescribeEventBusCommand({ Name: "orders" }))).rejects.toMatchObject({ name: "ResourceNotFoundException", message: "Event bus orders does not exist." });
  });

  it("grant permissions", async () => {
    await events.send(new PutPermissionCommand({ StatementId: "s", Principal: "111111111111", Action: "events:PutEvents" }));
    expect(JSON.parse((await events.send(new DescribeEventBusCommand({}))).Policy!)).toEqual({
      Version: "2012-10-17", Statement: [{ Sid: "s", Effect: "Allow", Principal: { AWS: "arn:aws:iam::111111111111:root" }, Action: "events:PutEvents", Resource: arn("event-bus/default") }],
    });
    await expect(events.send(new RemovePermissionCommand({ StatementId: "other" }))).rejects.toMatchObject({ name: "ResourceNotFoundException", message: "Statement with the provided id does not exist." });
    await events.send(new RemovePermissionCommand({ StatementId: "s" }));
    expect((await events.send(new DescribeEventBusCommand({}))).Policy).toBeUndefined();
  });

  it.each([
    [{ Name: "x" }, "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."],
    [{ Name: "x", ScheduleExpression: "cron(0 1 * * * *)" }, "ValidationException", "Parameter ScheduleExpression is not valid."],
    [{ Name: "x", EventBusName: "absent", EventPattern: "{}" }, "ResourceNotFoundException", "Event bus absent does not exist."],
    [{ Name: "x", EventPattern: '{"resources": []}' }, "InvalidEventPatternException", 'Event pattern is not valid. Reason: Empty arrays are not allowed\n at [Source: (String)"{"resources": []}"; line: 1, column: 17]'],
    [{ Name: "x", EventPattern: '["not", "a", "dict", "but valid json"]' }, "InvalidEventPatternException", 'Event pattern is not valid. Reason: Filter is not an object\n at [Source: (String)"["not", "a", "dict", "but valid json"]"; line: 1, column: 2]'],
  ])("refuse %j", async (input, name, message) => {
    await expect(events.send(new PutRuleCommand(input))).rejects.toMatchObject({ name, message });
  });

  it("refuse targets that cannot be", async () => {
    const Rule = `r${++names}`;
    await events.send(new PutRuleCommand({ Name: Rule, EventPattern: '{"source":["x"]}' }));
    const Arn = "arn:aws:sqs:us-east-1:000000000000:q";
    const attempt = (Targets: Target[]) => events.send(new PutTargetsCommand({ Rule, Targets }));
    await expect(attempt([{ Id: "t", Arn, InputPath: "$.a", InputTransformer: { InputTemplate: '"x"' } }])).rejects.toMatchObject({ message: "Only one of Input, InputPath, or InputTransformer must be provided for target t." });
    await expect(attempt(Array.from({ length: 6 }, (_, n) => ({ Id: `${n}`, Arn })))).rejects.toMatchObject({ name: "LimitExceededException", message: "The requested resource exceeds the maximum number allowed." });
    await expect(attempt([{ Id: "t", Arn: "arn:aws:ecs:us-east-1:000000000000:cluster/x" }])).rejects.toMatchObject({ message: expect.stringContaining("Cumulet cannot deliver to ecs") });
    await expect(events.send(new PutTargetsCommand({ Rule: "absent", Targets: [{ Id: "t", Arn }] }))).rejects.toMatchObject({ message: "Rule absent does not exist on EventBus default." });
  });

  it("test patterns", async () => {
    const Event = JSON.stringify({ id: "1", account: "1", source: "a", time: "t", region: "r", "detail-type": "d", resources: [], detail: { n: 5 } });
    const test = async (pattern: object) => (await events.send(new TestEventPatternCommand({ Event, EventPattern: JSON.stringify(pattern) }))).Result;
    expect(await test({ detail: { n: [{ numeric: [">", 4] }] } })).toBe(true);
    expect(await test({ source: [{ "anything-but": "a" }] })).toBe(false);
    await expect(events.send(new TestEventPatternCommand({ Event: '"plain"', EventPattern: "{}" }))).rejects.toMatchObject({ message: "Parameter Event is not valid." });
  });
});

describe("events", () => {
  it("reach the targets of the rules that they fit", async () => {
    const { url, arn: Arn } = await queue();
    await rule({ source: ["shop"], detail: { state: [{ prefix: "pa" }] } }, { Arn });
    await put("shop", { state: "open" });
    const { Entries } = await put("shop", { state: "paid" }, { Resources: ["r1"] });
    const [body] = await received(url);
    expect(body).toBe(JSON.stringify({
      version: "0", id: Entries![0]!.EventId, "detail-type": "type", source: "shop", account: "000000000000", time: new Date(platform.clock.now()).toISOString().replace(".000Z", "Z"),
      region: "us-east-1", resources: ["r1"], detail: { state: "paid" },
    }));
  });

  it("are refused one by one", async () => {
    const entry = { Source: "s", DetailType: "d", Detail: "{}" };
    const result = await events.send(new PutEventsCommand({ Entries: [entry, { ...entry, Source: undefined }, { ...entry, Detail: "not json" }, { ...entry, Detail: '"text"' }, { ...entry, Source: "aws.s3" }] }));
    expect(result).toMatchObject({
      FailedEntryCount: 4,
      Entries: [
        { EventId: expect.any(String) }, { ErrorCode: "InvalidArgument", ErrorMessage: "Parameter Source is not valid. Reason: Source is a required argument." },
        { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." }, { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." },
        { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." },
      ],
    });
    await expect(put("s", { text: "x".repeat(262_145) })).rejects.toMatchObject({ name: "ValidationException", message: "Total size of the entries in the request is over the limit." });
  });

  const detail = { command: "update-account", payload: { acc_id: "0a787ecb-4015", sf_id: "baz" }, listsingle: ["HIGH"], listmulti: ["ACTIVE", "INACTIVE"], valid: true };
  const paths = { userId: "$.detail.payload.acc_id", payload: "$.detail.payload", listsingle: "$.detail.listsingle", listmulti: "$.detail.listmulti", valid: "$.detail.valid", none: "$.detail.none", type: "$.detail-type" };

  // Recorded from AWS.
  it.each([
    ['"Payload of <payload> with path users-service/users/<userId> and <userId>"', '"Payload of {acc_id:0a787ecb-4015,sf_id:baz} with path users-service/users/0a787ecb-4015 and 0a787ecb-4015"'],
    ['"Command is <valid>!"', '"Command is true!"'],
    ['{"id" : <userId>}', '{"id" : "0a787ecb-4015"}'],
    ['{"id" : "<userId>"}', '{"id" : "0a787ecb-4015"}'],
    ['{"method": "PUT", "path": "users-service/users/<userId>", "id": <userId>, "body": <payload>}', '{"method": "PUT", "path": "users-service/users/0a787ecb-4015", "id": "0a787ecb-4015", "body": {"acc_id":"0a787ecb-4015","sf_id":"baz"}}'],
    ['"<listsingle> single list item <listmulti> multiple list items <none> nothing"', '"[HIGH] single list item [ACTIVE,INACTIVE] multiple list items  nothing"'],
    ['"<listsingle> one"\n"<type> two"', '"[HIGH] one"\n"type two"'],
    ['{"command": <none>}', '{"command": ""}'],
    ['{"singlelistitem": "<listsingle>"}', undefined],
  ])("fill the template %s", async (InputTemplate, expected) => {
    const { url, arn: Arn } = await queue();
    const source = `template${++names}`;
    await rule({ source: [source] }, { Arn, InputTransformer: { InputPathsMap: paths, InputTemplate } });
    await put(source, detail);
    expect(await received(url)).toEqual(expected === undefined ? [] : [expected]);
  });

  it("fill templates with what EventBridge knows itself", async () => {
    const { url, arn: Arn } = await queue();
    const name = await rule({ source: ["predefined"] }, { Arn, InputTransformer: { InputTemplate: '{"event": <aws.events.event>, "json": <aws.events.event.json>, "rule": "<aws.events.rule-name>"}' } });
    await put("predefined", { a: 1 });
    const body = JSON.parse((await received(url))[0]!) as { event: object; json: object; rule: string };
    expect(body.event).toMatchObject({ detailType: "type", source: "predefined" });
    expect(body.event).not.toHaveProperty("detail");
    expect(body).toMatchObject({ json: { "detail-type": "type", detail: { a: 1 } }, rule: name });
  });

  it("give a part, a constant, or themselves to topics and buses", async () => {
    const [part, constant, viaBus, viaTopic] = [await queue(), await queue(), await queue(), await queue()];
    await rule({ source: ["kinds"] }, { Arn: part.arn, InputPath: "$.detail.payload" });
    await rule({ source: ["kinds"] }, { Arn: constant.arn, Input: '{"custom":1}' });
    await events.send(new CreateEventBusCommand({ Name: "second" }));
    await rule({ source: ["kinds"] }, { Arn: arn("event-bus/second") });
    await rule({ source: ["kinds"] }, { Arn: viaBus.arn }, "second");
    const sns = new SNSClient(platform.clientConfig());
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "kinds" }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: viaTopic.arn, Attributes: { RawMessageDelivery: "true" } }));
    await rule({ source: ["kinds"] }, { Arn: TopicArn! });
    const { Entries } = await put("kinds", detail);
    expect(await received(part.url)).toEqual([JSON.stringify(detail.payload)]);
    expect(await received(constant.url)).toEqual(['{"custom":1}']);
    expect((await received(viaBus.url)).map((body) => (JSON.parse(body) as { id: string }).id)).toEqual([Entries![0]!.EventId]);
    expect((await received(viaTopic.url)).map((body) => (JSON.parse(body) as { id: string }).id)).toEqual([Entries![0]!.EventId]);
    sns.destroy();
  });

  it("end in the dead-letter queue of a target that is gone", async () => {
    const [gone, dead] = [await queue(), await queue()];
    await rule({ source: ["lost"] }, { Arn: gone.arn, DeadLetterConfig: { Arn: dead.arn } });
    await sqs.send(new DeleteQueueCommand({ QueueUrl: gone.url }));
    await put("lost", {});
    await platform.platform.idle();
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead.url, MessageAttributeNames: ["All"] }));
    expect(JSON.parse(Messages![0]!.Body!)).toMatchObject({ source: "lost" });
    expect(Messages![0]!.MessageAttributes).toMatchObject({ TARGET_ARN: { StringValue: gone.arn }, ERROR_CODE: { StringValue: "QueueDoesNotExist" }, RULE_ARN: { StringValue: expect.stringContaining(":rule/r") } });
  });

  it("cross accounts and regions by the ARN of a bus", async () => {
    const other = new EventBridgeClient(platform.clientConfig("111111111111", "eu-west-1"));
    const { url, arn: Arn } = await queue();
    await other.send(new PutRuleCommand({ Name: "forward", EventPattern: '{"source":["abroad"]}' }));
    await other.send(new PutTargetsCommand({ Rule: "forward", Targets: [{ Id: "t", Arn }] }));
    await rule({ source: ["abroad"] }, { Arn: "arn:aws:events:eu-west-1:111111111111:event-bus/default" });
    await put("abroad", {});
    expect(JSON.parse((await received(url))[0]!)).toMatchObject({ source: "abroad", account: "000000000000", region: "us-east-1" });
    other.destroy();
  });
});

describe("schedules", () => {
  it("fire as the clock moves, and rest while disabled", async () => {
    const { url, arn: Arn } = await queue();
    await events.send(new PutRuleCommand({ Name: "tick", ScheduleExpression: "rate(5 minutes)" }));
    await events.send(new PutTargetsCommand({ Rule: "tick", Targets: [{ Id: "t", Arn }] }));
    const startMs = platform.clock.now();
    await platform.clock.advance(299_000);
    expect(await received(url)).toEqual([]);
    await platform.clock.advance(1000 + 300_000);
    const bodies = (await received(url)).map((body) => JSON.parse(body) as object);
    const at = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");
    expect(bodies).toMatchObject([
      { source: "aws.events", "detail-type": "Scheduled Event", detail: {}, resources: [arn("rule/tick")], time: at(startMs + 300_000) }, { time: at(startMs + 600_000) },
    ]);
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    await events.send(new DisableRuleCommand({ Name: "tick" }));
    await platform.clock.advance(3_600_000);
    expect(await received(url)).toEqual([]);
    await events.send(new EnableRuleCommand({ Name: "tick" }));
    await platform.clock.advance(300_000);
    expect(await received(url)).toHaveLength(1);
  });
});

describe("archives", () => {
  it("keep what fits, and replay it to chosen rules", async () => {
    await events.send(new CreateEventBusCommand({ Name: "kept" }));
    const [one, two] = [await queue(), await queue()];
    const first = await rule({ source: ["a"] }, { Arn: one.arn }, "kept");
    await rule({ source: ["a"] }, { Arn: two.arn }, "kept");
    await events.send(new CreateArchiveCommand({ ArchiveName: "box", EventSourceArn: arn("event-bus/kept"), EventPattern: '{"source":["a"]}', RetentionDays: 1 }));
    const start = new Date(platform.clock.now());
    await events.send(new PutEventsCommand({ Entries: ["a", "b", "a"].map((Source) => ({ Source, DetailType: "t", Detail: "{}", EventBusName: "kept" })) }));
    expect(await events.send(new DescribeArchiveCommand({ ArchiveName: "box" }))).toMatchObject({ EventCount: 2, RetentionDays: 1, State: "ENABLED" });
    expect(await received(one.url)).toHaveLength(2);
    await received(two.url);
    await platform.clock.advance(60_000);
    const replay = { EventSourceArn: arn("archive/box"), EventStartTime: start, EventEndTime: new Date(platform.clock.now()) };
    await expect(events.send(new StartReplayCommand({ ReplayName: "r", ...replay, Destination: { Arn: arn("event-bus/default") } }))).rejects.toMatchObject({ message: "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted." });
    await events.send(new StartReplayCommand({ ReplayName: "again", ...replay, Destination: { Arn: arn("event-bus/kept"), FilterArns: [arn(`rule/kept/${first}`)] } }));
    await platform.clock.advance(0);
    expect(await events.send(new DescribeReplayCommand({ ReplayName: "again" }))).toMatchObject({ State: "COMPLETED" });
    expect((await received(one.url)).filter((body) => body.includes('"replay-name":"again"'))).toHaveLength(2);
    expect((await received(two.url)).filter((body) => body.includes("replay-name"))).toHaveLength(0);
    // A replay is not archived.
    expect((await events.send(new DescribeArchiveCommand({ ArchiveName: "box" }))).EventCount).toBe(2);
    await platform.clock.advance(25 * 3_600_000);
    expect((await events.send(new DescribeArchiveCommand({ ArchiveName: "box" }))).EventCount).toBe(0);
  });
});

describe("API destinations", () => {
  it("are called with their connection's authorization, OAuth included", async () => {
    const heard: { path: string; headers: IncomingHttpHeaders; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk)).on("end", () => {
        heard.push({ path: request.url!, headers: request.headers, body });
        response.writeHead(200, { "Content-Type": "application/json" }).end(request.url === "/token" ? '{"access_token":"abc","expires_in":3600}' : "");
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const key = await events.send(new CreateConnectionCommand({
      Name: "key", AuthorizationType: "API_KEY", AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: "X-Key", ApiKeyValue: "secret" }, InvocationHttpParameters: { QueryStringParameters: [{ Key: "q", Value: "1" }] } },
    }));
    expect(key).toMatchObject({ ConnectionState: "AUTHORIZED" });
    expect((await events.send(new DescribeConnectionCommand({ Name: "key" }))).AuthParameters!.ApiKeyAuthParameters).toEqual({ ApiKeyName: "X-Key" });
    const oauth = await events.send(new CreateConnectionCommand({
      Name: "oauth", AuthorizationType: "OAUTH_CLIENT_CREDENTIALS", AuthParameters: { OAuthParameters: { ClientParameters: { ClientID: "id", ClientSecret: "s" }, AuthorizationEndpoint: `${base}/token`, HttpMethod: "POST" } },
    }));
    expect(oauth.ConnectionState).toBe("AUTHORIZING");
    await platform.platform.idle();
    expect((await events.send(new DescribeConnectionCommand({ Name: "oauth" }))).ConnectionState).toBe("AUTHORIZED");
    expect(new URLSearchParams(heard.shift()!.body).get("client_id")).toBe("id");
    for (const connection of [key, oauth]) {
      const { ApiDestinationArn } = await events.send(new CreateApiDestinationCommand({ Name: `d${++names}`, ConnectionArn: connection.ConnectionArn, InvocationEndpoint: `${base}/hook/*`, HttpMethod: "POST" }));
      await rule({ source: ["hook"] }, { Arn: ApiDestinationArn!, HttpParameters: { PathParameterValues: ["p"], HeaderParameters: { "X-More": "m" } }, InputPath: "$.detail" });
    }
    await put("hook", { a: 1 });
    await platform.platform.idle();
    expect(heard.map(({ path }) => path).sort()).toEqual(["/hook/p", "/hook/p?q=1"]);
    expect(heard.find(({ path }) => path.includes("q=1"))).toMatchObject({ headers: { "x-key": "secret", "x-more": "m" }, body: '{"a":1}' });
    expect(heard.find(({ path }) => !path.includes("q=1"))!.headers.authorization).toBe("Bearer abc");
    await expect(events.send(new DescribeApiDestinationCommand({ Name: "absent" }))).rejects.toMatchObject({ message: "Failed to describe the api-destination(s). An api-destination 'absent' does not exist." });
    server.close();
  });
});
