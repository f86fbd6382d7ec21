import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AddPermissionCommand, CancelMessageMoveTaskCommand, CreateQueueCommand, DeleteMessageCommand, DeleteQueueCommand, GetQueueAttributesCommand, GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand, ListMessageMoveTasksCommand, ListQueuesCommand, ListQueueTagsCommand, ReceiveMessageCommand, RemovePermissionCommand, SendMessageCommand,
  SetQueueAttributesCommand, SQSClient, StartMessageMoveTaskCommand, TagQueueCommand, UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

let platform: TestPlatform;
let client: SQSClient;

beforeAll(async () => {
  platform = await testPlatform(services);
  client = new SQSClient(platform.clientConfig());
});
afterAll(async () => {
  client.destroy();
  await platform.close();
});

const create = async (QueueName: string, Attributes: Record<string, string> = {}, tags = {}) => (await client.send(new CreateQueueCommand({ QueueName, Attributes, tags }))).QueueUrl!;
const attributes = async (QueueUrl: string, ...names: string[]) => (await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: (names.length > 0 ? names : ["All"]) as never }))).Attributes;
const set = (QueueUrl: string, Attributes: Record<string, string>) => client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));

describe("queues", () => {
  it("have AWS's attributes from the beginning", async () => {
    const url = await create("plain");
    expect(url).toBe(`${platform.endpoint}/000000000000/plain`);
    expect(await attributes(url)).toEqual({
      ApproximateNumberOfMessages: "0", ApproximateNumberOfMessagesDelayed: "0", ApproximateNumberOfMessagesNotVisible: "0",
      CreatedTimestamp: String(Math.floor(platform.clock.now() / 1000)), LastModifiedTimestamp: String(Math.floor(platform.clock.now() / 1000)),
      DelaySeconds: "0", MaximumMessageSize: "1048576", MessageRetentionPeriod: "345600", QueueArn: "arn:aws:sqs:us-east-1:000000000000:plain",
      ReceiveMessageWaitTimeSeconds: "0", SqsManagedSseEnabled: "true", VisibilityTimeout: "30",
    });
    expect(await attributes(url, "DelaySeconds", "Policy")).toEqual({ DelaySeconds: "0" });
    const fifo = await create("kinds.fifo", { FifoQueue: "true" });
    expect(await attributes(fifo)).toMatchObject({ FifoQueue: "true", ContentBasedDeduplication: "false", DeduplicationScope: "queue", FifoThroughputLimit: "perQueue" });
  });

  it("are made once: the same wishes find the same queue, others are refused", async () => {
    const url = await create("twice", { DelaySeconds: "1" });
    expect(await create("twice", { DelaySeconds: "1" })).toBe(url);
    expect(await create("twice")).toBe(url);
    await expect(create("twice", { DelaySeconds: "2" })).rejects.toMatchObject({ name: "QueueNameExists", message: "A queue already exists with the same name and a different value for attribute DelaySeconds" });
  });

  it("change their attributes, one kind of encryption at a time", async () => {
    const url = await create("changing");
    await set(url, { VisibilityTimeout: "69", KmsMasterKeyId: "testKeyId", KmsDataKeyReusePeriodSeconds: "6000" });
    expect(await attributes(url)).toMatchObject({ VisibilityTimeout: "69", KmsMasterKeyId: "testKeyId", KmsDataKeyReusePeriodSeconds: "6000", SqsManagedSseEnabled: "false" });
    await expect(set(url, { SqsManagedSseEnabled: "true" })).rejects.toMatchObject({ name: "InvalidAttributeName", message: "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE." });
    await set(url, { KmsMasterKeyId: "", VisibilityTimeout: "" });
    const after = await attributes(url);
    expect(after).toMatchObject({ VisibilityTimeout: "30", SqsManagedSseEnabled: "false" });
    expect(after).not.toHaveProperty("KmsMasterKeyId");
  });

  it("refuse what is no attribute of theirs", async () => {
    const url = await create("strict");
    await expect(set(url, { FifoQueue: "true" })).rejects.toMatchObject({ name: "InvalidAttributeName", message: "Unknown Attribute FifoQueue." });
    await expect(set(url, { DelaySeconds: "901" })).rejects.toMatchObject({ name: "InvalidAttributeValue", message: "Invalid value for the parameter DelaySeconds." });
    await expect(set(url, { Nonsense: "1" })).rejects.toMatchObject({ name: "InvalidAttributeName", message: "Unknown Attribute Nonsense." });
    await expect(attributes(url, "Nonsense")).rejects.toMatchObject({ name: "InvalidAttributeName", message: "Unknown Attribute Nonsense." });
    await expect(create("bad name")).rejects.toMatchObject({ name: "InvalidParameterValue" });
    await expect(create("fifo-by-attribute", { FifoQueue: "true" })).rejects.toMatchObject({ name: "InvalidParameterValue" });
  });

  it("are found by name, listed by prefix in pages, and gone when deleted", async () => {
    const urls: string[] = [];
    for (let i = 0; i < 5; i++) urls.push(await create(`page-${i}`));
    expect((await client.send(new GetQueueUrlCommand({ QueueName: "page-3" }))).QueueUrl).toBe(urls[3]);
    const first = await client.send(new ListQueuesCommand({ QueueNamePrefix: "page-", MaxResults: 2 }));
    expect(first.QueueUrls).toEqual(urls.slice(0, 2));
    const rest = await client.send(new ListQueuesCommand({ QueueNamePrefix: "page-", MaxResults: 10, NextToken: first.NextToken }));
    expect(rest).toMatchObject({ QueueUrls: urls.slice(2) });
    expect(rest.NextToken).toBeUndefined();
    await client.send(new DeleteQueueCommand({ QueueUrl: urls[0] }));
    await expect(client.send(new GetQueueUrlCommand({ QueueName: "page-0" }))).rejects.toMatchObject({ name: "QueueDoesNotExist", message: "The specified queue does not exist." });
    await expect(client.send(new SendMessageCommand({ QueueUrl: urls[0], MessageBody: "m" }))).rejects.toMatchObject({ name: "QueueDoesNotExist", Error: { Code: "AWS.SimpleQueueService.NonExistentQueue" } });
  });

  it("belong to an account and a region; a URL leads to another account's", async () => {
    const url = await create("mine");
    const other = new SQSClient(platform.clientConfig("111111111111"));
    await expect(other.send(new GetQueueUrlCommand({ QueueName: "mine" }))).rejects.toMatchObject({ name: "QueueDoesNotExist" });
    expect((await other.send(new GetQueueUrlCommand({ QueueName: "mine", QueueOwnerAWSAccountId: "000000000000" }))).QueueUrl).toBe(url);
    await other.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "from elsewhere" }));
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl: url, MessageSystemAttributeNames: ["SenderId"] }));
    expect(Messages).toMatchObject([{ Body: "from elsewhere", Attributes: { SenderId: "111111111111" } }]);
    other.destroy();
    const elsewhere = new SQSClient(platform.clientConfig("000000000000", "eu-west-1"));
    await expect(elsewhere.send(new GetQueueUrlCommand({ QueueName: "mine" }))).rejects.toMatchObject({ name: "QueueDoesNotExist" });
    elsewhere.destroy();
  });

  it("have tags", async () => {
    const url = await create("tagged", {}, { tag1: "value1" });
    await client.send(new TagQueueCommand({ QueueUrl: url, Tags: { tag2: "value2", tag3: "" } }));
    expect((await client.send(new ListQueueTagsCommand({ QueueUrl: url }))).Tags).toEqual({ tag1: "value1", tag2: "value2", tag3: "" });
    await client.send(new UntagQueueCommand({ QueueUrl: url, TagKeys: ["tag1", "tag2", "tag3"] }));
    expect((await client.send(new ListQueueTagsCommand({ QueueUrl: url }))).Tags).toBeUndefined();
  });

  it("grant permissions under labels", async () => {
    const url = await create("shared");
    const arn = "arn:aws:sqs:us-east-1:000000000000:shared";
    const add = (Label: string, AWSAccountIds: string[]) => client.send(new AddPermissionCommand({ QueueUrl: url, Label, AWSAccountIds, Actions: ["ReceiveMessage"] }));
    const remove = (Label: string) => client.send(new RemovePermissionCommand({ QueueUrl: url, Label }));
    await add("one", ["668614515564", "111111111111"]);
    expect(JSON.parse((await attributes(url, "Policy"))!.Policy!)).toEqual({
      Version: "2008-10-17", Id: `${arn}/SQSDefaultPolicy`,
      Statement: [{ Sid: "one", Effect: "Allow", Principal: { AWS: ["arn:aws:iam::668614515564:root", "arn:aws:iam::111111111111:root"] }, Action: "SQS:ReceiveMessage", Resource: arn }],
    });
    await expect(add("one", ["111111111111"])).rejects.toMatchObject({ name: "InvalidParameterValue", message: "Value one for parameter Label is invalid. Reason: Already exists." });
    await remove("one");
    expect(await attributes(url, "Policy")).toBeUndefined();
    await expect(remove("one")).rejects.toMatchObject({ message: "Value one for parameter Label is invalid. Reason: can't find label." });
  });
});

describe("dead-letter queues", () => {
  const redrive = (name: string, maxReceiveCount: unknown = 1) => JSON.stringify({ deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:${name}`, maxReceiveCount });

  it("must be there, of the same kind, and willing", async () => {
    const dead = await create("dead");
    const url = await create("source", { RedrivePolicy: redrive("dead") });
    expect((await client.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }))).queueUrls).toEqual([url]);
    await expect(set(url, { RedrivePolicy: redrive("nobody") })).rejects.toMatchObject({ name: "InvalidParameterValue", message: expect.stringContaining("Dead letter target does not exist.") });
    await expect(set(url, { RedrivePolicy: redrive("dead", 1001) })).rejects.toMatchObject({ name: "InvalidParameterValue" });
    await set(url, { RedrivePolicy: "" });
    expect(await attributes(url, "RedrivePolicy")).toBeUndefined();
    await set(dead, { RedriveAllowPolicy: JSON.stringify({ redrivePermission: "denyAll" }) });
    await expect(set(url, { RedrivePolicy: redrive("dead") })).rejects.toMatchObject({ name: "InvalidParameterValue" });
  });

  it("give their messages back by a task, at its rate", async () => {
    const dead = await create("back-dead");
    const url = await create("back", { RedrivePolicy: redrive("back-dead"), VisibilityTimeout: "0" });
    const SourceArn = "arn:aws:sqs:us-east-1:000000000000:back-dead";
    for (let i = 0; i < 3; i++) await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: `m${i}` }));
    for (let i = 0; i < 2; i++) await client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }));
    expect((await attributes(dead))!.ApproximateNumberOfMessages).toBe("3");
    const { TaskHandle } = await client.send(new StartMessageMoveTaskCommand({ SourceArn, MaxNumberOfMessagesPerSecond: 1 }));
    await expect(client.send(new StartMessageMoveTaskCommand({ SourceArn }))).rejects.toMatchObject({ message: "There is already a task running. Only one active task is allowed for a source queue arn at a given time." });
    const task = async () => (await client.send(new ListMessageMoveTasksCommand({ SourceArn }))).Results![0];
    expect(await task()).toMatchObject({ Status: "RUNNING", TaskHandle, ApproximateNumberOfMessagesToMove: 3, MaxNumberOfMessagesPerSecond: 1 });
    await platform.clock.advance(1000);
    expect((await task())!.ApproximateNumberOfMessagesMoved).toBeLessThan(3);
    await platform.clock.advance(3000);
    expect(await task()).toMatchObject({ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 3 });
    expect((await task())!.TaskHandle).toBeUndefined();
    expect((await attributes(url))!.ApproximateNumberOfMessages).toBe("3");
    await expect(client.send(new CancelMessageMoveTaskCommand({ TaskHandle }))).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await expect(client.send(new CancelMessageMoveTaskCommand({ TaskHandle: "foobared" }))).rejects.toMatchObject({ name: "InvalidParameterValue", message: "Value for parameter TaskHandle is invalid." });
  });

  it("are the only sources of such tasks", async () => {
    await create("no-dead");
    await expect(client.send(new StartMessageMoveTaskCommand({ SourceArn: "arn:aws:sqs:us-east-1:000000000000:no-dead" }))).rejects.toMatchObject({ message: "Source queue must be configured as a Dead Letter Queue." });
    await expect(client.send(new StartMessageMoveTaskCommand({ SourceArn: "arn:aws:sqs:us-east-1:000000000000:back-dead", DestinationArn: "arn:aws:sqs:us-east-1:000000000000:absent" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException", message: "The resource that you specified for the DestinationArn parameter doesn't exist.",
    });
  });
});

describe("the query protocol", () => {
  const post = async (path: string, fields: Record<string, string>) => {
    const response = await fetch(platform.endpoint + path, { method: "POST", headers: { authorization: "AWS4-HMAC-SHA256 Credential=000000000000/20260102/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0" }, body: new URLSearchParams({ Version: "2012-11-05", ...fields }) });
    return { status: response.status, text: await response.text() };
  };

  it("is spoken to a queue's URL", async () => {
    const url = await create("query");
    const path = new URL(url).pathname;
    const sent = await post(path, { Action: "SendMessage", MessageBody: "a<b", "MessageAttribute.1.Name": "n", "MessageAttribute.1.Value.DataType": "String", "MessageAttribute.1.Value.StringValue": "v" });
    expect(sent.status).toBe(200);
    const received = await post("/", { Action: "ReceiveMessage", QueueUrl: url, "AttributeName.1": "All", "MessageAttributeName.1": "All" });
    expect(received.text).toContain("<Body>a&lt;b</Body>");
    expect(received.text).toContain("<MessageAttribute><Name>n</Name><Value><StringValue>v</StringValue><DataType>String</DataType></Value></MessageAttribute>");
    expect(received.text).toContain("<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>");
    const [, handle] = /<ReceiptHandle>([^<]*)</.exec(received.text)!;
    expect((await post(path, { Action: "DeleteMessage", ReceiptHandle: handle! })).status).toBe(200);
    expect((await post(path, { Action: "GetQueueAttributes", "AttributeName.1": "ApproximateNumberOfMessagesNotVisible" })).text).toContain("<Value>0</Value>");
  });

  it("has words of its own for a queue that is not there", async () => {
    const missing = await post("/000000000000/absent", { Action: "GetQueueAttributes" });
    expect(missing.status).toBe(400);
    expect(missing.text).toContain("<Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist for this wsdl version.</Message>");
  });
});

it("tells the platform once that a queue has messages, until it was found empty", async () => {
  const heard: unknown[] = [];
  const { defineService, defineStore } = await import("@cumulet/core");
  const listener = defineService({
    model: "lambda", store: defineStore({ name: "listener", scope: "regional", migrations: [], open: () => ({}) }), operations: {},
    consumes: { "sqs.message": (_ctx, event) => void heard.push(event.detail) },
  });
  await using both = await testPlatform([...services, listener]);
  const sqs = new SQSClient(both.clientConfig());
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "watched", Attributes: { VisibilityTimeout: "5" } }));
  const receive = async (count: number) => (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: count }))).Messages ?? [];
  for (let i = 0; i < 3; i++) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
  await both.platform.idle();
  expect(heard).toEqual([{ queueArn: "arn:aws:sqs:us-east-1:000000000000:watched" }]);
  const [first] = await receive(10);
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first!.ReceiptHandle }));
  // What was not deleted comes back, and that is told too.
  await both.clock.advance(5000);
  await both.platform.idle();
  expect(heard).toHaveLength(2);
  expect(await receive(10)).toHaveLength(2);
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
  await both.platform.idle();
  expect(heard).toHaveLength(3);
  sqs.destroy();
});
