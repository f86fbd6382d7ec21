import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ChangeMessageVisibilityCommand, CreateQueueCommand, DeleteMessageBatchCommand, DeleteMessageCommand, GetQueueAttributesCommand, PurgeQueueCommand, ReceiveMessageCommand,
  SendMessageBatchCommand, SendMessageCommand, SQSClient,
} from "@aws-sdk/client-sqs";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

let platform: TestPlatform;
let client: SQSClient;
let names = 0;

beforeAll(async () => {
  platform = await testPlatform(services);
  client = new SQSClient(platform.clientConfig());
});
afterAll(async () => {
  client.destroy();
  await platform.close();
});

async function queue(attributes: Record<string, string> = {}): Promise<string> {
  const name = `q${++names}${attributes.FifoQueue === "true" ? ".fifo" : ""}`;
  return (await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))).QueueUrl!;
}

const send = (QueueUrl: string, MessageBody: string, more: object = {}) => client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
const receive = async (QueueUrl: string, more: object = {}) =>
  (await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ["All"], MessageAttributeNames: ["All"], ...more }))).Messages ?? [];
const bodies = async (url: string, more: object = {}) => (await receive(url, more)).map(({ Body }) => Body);
const arnOf = async (QueueUrl: string) => (await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }))).Attributes!.QueueArn!;
const counts = async (QueueUrl: string) => {
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  return [Attributes!.ApproximateNumberOfMessages, Attributes!.ApproximateNumberOfMessagesNotVisible, Attributes!.ApproximateNumberOfMessagesDelayed].map(Number);
};

describe("a standard queue", () => {
  it("gives what it was sent, with attributes and sums that clients verify", async () => {
    const url = await queue();
    const sent = await send(url, "hello ✓", {
      MessageAttributes: { Text: { DataType: "String", StringValue: "a" }, Bytes: { DataType: "Binary.png", BinaryValue: new Uint8Array([0, 255]) }, Count: { DataType: "Number", StringValue: "-1.5e3" } },
      MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: "Root=1-5759e988-bd862e3fe1be46a994272793" } },
    });
    const [message] = await receive(url);
    expect(message).toMatchObject({
      Body: "hello ✓", MessageId: sent.MessageId, MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      Attributes: { SenderId: "000000000000", ApproximateReceiveCount: "1", SentTimestamp: String(platform.clock.now()), ApproximateFirstReceiveTimestamp: String(platform.clock.now()), AWSTraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793" },
      MessageAttributes: { Text: { DataType: "String", StringValue: "a" }, Bytes: { DataType: "Binary.png" }, Count: { DataType: "Number", StringValue: "-1.5e3" } },
    });
    expect([...message!.MessageAttributes!.Bytes!.BinaryValue!]).toEqual([0, 255]);
  });

  it("hides what was received until its time is over, and counts", async () => {
    const url = await queue({ VisibilityTimeout: "30" });
    await send(url, "once");
    await send(url, "later", { DelaySeconds: 10 });
    expect(await counts(url)).toEqual([1, 0, 1]);
    const [message] = await receive(url);
    expect(await receive(url)).toEqual([]);
    expect(await counts(url)).toEqual([0, 1, 1]);
    await platform.clock.advance(10_000);
    expect(await bodies(url)).toEqual(["later"]);
    await platform.clock.advance(20_000);
    const [again] = await receive(url);
    expect(again).toMatchObject({ Body: "once", MessageId: message!.MessageId, Attributes: { ApproximateReceiveCount: "2" } });
    expect(again!.ReceiptHandle).not.toBe(message!.ReceiptHandle);
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: again!.ReceiptHandle, VisibilityTimeout: 0 }));
    expect(await bodies(url)).toEqual(["once"]);
    // A standard queue takes any handle that the message ever had.
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message!.ReceiptHandle }));
    await platform.clock.advance(60_000);
    expect(await bodies(url)).toEqual(["later"]);
  });

  it("moves what is received too often to its dead-letter queue", async () => {
    const dead = await queue();
    const url = await queue({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: await arnOf(dead), maxReceiveCount: 2 }), VisibilityTimeout: "1" });
    const { MessageId } = await send(url, "poison");
    for (let round = 0; round < 2; round++) {
      expect(await bodies(url)).toEqual(["poison"]);
      await platform.clock.advance(1000);
    }
    expect(await receive(url)).toEqual([]);
    const [message] = await receive(dead);
    expect(message).toMatchObject({ MessageId, Body: "poison", Attributes: { ApproximateReceiveCount: "3", DeadLetterQueueSourceArn: await arnOf(url) } });
  });

  it("forgets what is older than it keeps messages", async () => {
    const url = await queue({ MessageRetentionPeriod: "60" });
    await send(url, "old");
    await platform.clock.advance(59_000);
    await send(url, "new");
    await platform.clock.advance(1000);
    expect(await bodies(url)).toEqual(["new"]);
  });

  it("keeps large bodies, and is emptied by a purge at once", async () => {
    const url = await queue();
    const large = "x".repeat(1_048_576);
    await send(url, large);
    const [message] = await receive(url);
    expect(message!.Body).toBe(large);
    await send(url, "more");
    await client.send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(await counts(url)).toEqual([0, 0, 0]);
    // A handle from before means nothing any more.
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message!.ReceiptHandle }));
    await send(url, "after");
    expect(await bodies(url)).toEqual(["after"]);
  });

  it("does batches entry by entry", async () => {
    const url = await queue({ MaximumMessageSize: "1024" });
    const result = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: [{ Id: "a", MessageBody: "1" }, { Id: "b", MessageBody: "x".repeat(1025) }, { Id: "c", MessageBody: "3", DelaySeconds: 901 }] }));
    expect(result.Successful).toMatchObject([{ Id: "a", MD5OfMessageBody: "c4ca4238a0b923820dcc509a6f75849b" }]);
    expect(result.Failed).toMatchObject([{ Id: "b", SenderFault: true, Code: "InvalidParameterValue" }, { Id: "c", SenderFault: true, Code: "InvalidParameterValue" }]);
    const [message] = await receive(url);
    const deleted = await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: [{ Id: "x", ReceiptHandle: message!.ReceiptHandle }, { Id: "y", ReceiptHandle: "nonsense" }] }));
    expect(deleted).toMatchObject({ Successful: [{ Id: "x" }], Failed: [{ Id: "y", SenderFault: true, Code: "ReceiptHandleIsInvalid" }] });
  });
});

describe("long polling", () => {
  it("answers at once when something is sent", async () => {
    const url = await queue();
    const waiting = receive(url, { WaitTimeSeconds: 20 });
    await send(url, "woken");
    expect((await waiting).map(({ Body }) => Body)).toEqual(["woken"]);
  });

  it("ends with nothing when its time is over", async () => {
    const url = await queue({ ReceiveMessageWaitTimeSeconds: "20" });
    const waiting = receive(url);
    await started(url);
    await platform.clock.advance(20_000);
    expect(await waiting).toEqual([]);
  });

  it("is woken when a hidden message comes back", async () => {
    const url = await queue({ VisibilityTimeout: "5" });
    await send(url, "back");
    expect(await bodies(url)).toEqual(["back"]);
    const waiting = receive(url, { WaitTimeSeconds: 20 });
    await started(url);
    await platform.clock.advance(5000);
    expect((await waiting).map(({ Body }) => Body)).toEqual(["back"]);
  });

  it("gives nothing to a client that has gone", async () => {
    const url = await queue();
    const abort = new AbortController();
    const gone = client.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }), { abortSignal: abort.signal });
    await started(url);
    abort.abort();
    await expect(gone).rejects.toMatchObject({ name: "AbortError" });
    await waitersGone(url);
    await send(url, "kept");
    expect(await bodies(url)).toEqual(["kept"]);
  });

  /** Resolves when a receiver waits on the server. */
  async function started(url: string): Promise<void> {
    while (waitersOf(url) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  async function waitersGone(url: string): Promise<void> {
    while (waitersOf(url) > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  function waitersOf(url: string): number {
    const { store } = platform.platform.runtime.serviceContext<import("../../src/sqs/store.ts").SqsStore>(platform.platform.runtime.service("sqs")!, { account: "000000000000", region: "us-east-1", operation: "test" });
    return store.waiters.count(store.queue(url.split("/").at(-1)!)!.number);
  }
});

describe("a FIFO queue", () => {
  const fifo = (more: Record<string, string> = {}) => queue({ FifoQueue: "true", ContentBasedDeduplication: "true", ...more });

  it("keeps the order of each group, and holds a group back while one of it is in flight", async () => {
    const url = await fifo();
    for (const [group, body] of [["a", "a1"], ["b", "b1"], ["a", "a2"], ["b", "b2"]]) await send(url, body!, { MessageGroupId: group });
    const [first] = await receive(url, { MaxNumberOfMessages: 1 });
    expect(first).toMatchObject({ Body: "a1", Attributes: { MessageGroupId: "a" } });
    expect(await bodies(url)).toEqual(["b1", "b2"]);
    expect(await bodies(url)).toEqual([]);
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first!.ReceiptHandle }));
    expect(await bodies(url)).toEqual(["a2"]);
    await platform.clock.advance(30_000);
    expect(await bodies(url)).toEqual(["b1", "b2", "a2"]);
  });

  it("takes a message once within five minutes, whatever became of it", async () => {
    const url = await fifo();
    const first = await send(url, "same", { MessageGroupId: "g" });
    const [message] = await receive(url);
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message!.ReceiptHandle }));
    const second = await send(url, "same", { MessageGroupId: "other" });
    expect(second).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
    expect(await bodies(url)).toEqual([]);
    await platform.clock.advance(300_000);
    const third = await send(url, "same", { MessageGroupId: "g" });
    expect(third.MessageId).not.toBe(first.MessageId);
    expect(BigInt(third.SequenceNumber!)).toBeGreaterThan(BigInt(first.SequenceNumber!));
    expect(await bodies(url)).toEqual(["same"]);
  });

  it("refuses a handle that has expired", async () => {
    const url = await fifo({ VisibilityTimeout: "1" });
    await send(url, "m", { MessageGroupId: "g" });
    const [message] = await receive(url);
    await platform.clock.advance(1000);
    await expect(client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message!.ReceiptHandle }))).rejects.toMatchObject({
      name: "InvalidParameterValue", message: `Value ${message!.ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
    });
  });

  it("deduplicates within groups when asked to", async () => {
    const url = await fifo({ DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" });
    await send(url, "same", { MessageGroupId: "a" });
    await send(url, "same", { MessageGroupId: "b" });
    await send(url, "same", { MessageGroupId: "a" });
    expect(await bodies(url)).toEqual(["same", "same"]);
  });

  it("gives the same messages to the same attempt", async () => {
    const url = await fifo();
    await send(url, "m", { MessageGroupId: "g" });
    const [first] = await receive(url, { ReceiveRequestAttemptId: "try" });
    const [again] = await receive(url, { ReceiveRequestAttemptId: "try" });
    expect(again).toMatchObject({ MessageId: first!.MessageId, Attributes: { ApproximateReceiveCount: "1" } });
    expect(await receive(url, { ReceiveRequestAttemptId: "other" })).toEqual([]);
  });
});

describe("what SQS refuses", () => {
  it.each([
    ["a message without a body", {}, { MessageBody: "" }, "MissingParameter", "The request must contain the parameter MessageBody."],
    ["one that is too large", {}, { MessageBody: "x".repeat(1_048_577) }, "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."],
    ["an empty attribute", {}, { MessageBody: "m", MessageAttributes: { ErrorDetails: { DataType: "String", StringValue: "" } } }, "InvalidParameterValue", "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'."],
    ["a FIFO message without a group", { FifoQueue: "true" }, { MessageBody: "m" }, "MissingParameter", "The request must contain the parameter MessageGroupId."],
    ["a FIFO message without an id", { FifoQueue: "true" }, { MessageBody: "m", MessageGroupId: "g" }, "InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"],
    ["a FIFO message with a delay", { FifoQueue: "true" }, { MessageBody: "m", MessageGroupId: "g", MessageDeduplicationId: "d", DelaySeconds: 2 }, "InvalidParameterValue", "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."],
    ["an empty deduplication id", { FifoQueue: "true" }, { MessageBody: "m", MessageGroupId: "g", MessageDeduplicationId: "" }, "InvalidParameterValue", "Value  for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length."],
    ["an empty group id", {}, { MessageBody: "m", MessageGroupId: "" }, "InvalidParameterValue", "Value  for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."],
    ["characters that XML cannot hold", {}, { MessageBody: "\u0000" }, "InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"],
  ])("%s", async (_what, attributes, message, name, text) => {
    const url = await queue(attributes as Record<string, string>);
    await expect(client.send(new SendMessageCommand({ QueueUrl: url, ...message } as never))).rejects.toMatchObject({ name, message: text });
  });

  it.each([
    [{ MaxNumberOfMessages: 11 }, "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."],
    [{ WaitTimeSeconds: 21 }, "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."],
    [{ WaitTimeSeconds: -1 }, "Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."],
  ])("a reception with %j", async (input, message) => {
    const url = await queue();
    await expect(client.send(new ReceiveMessageCommand({ QueueUrl: url, ...input }))).rejects.toMatchObject({ name: "InvalidParameterValue", message });
  });

  it("batches that are no batches", async () => {
    const url = await queue();
    const entries = (ids: string[]) => ids.map((Id) => ({ Id, MessageBody: "m" }));
    const attempt = (ids: string[]) => client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries(ids) }));
    await expect(attempt(Array.from({ length: 20 }, (_, i) => `${i}`))).rejects.toMatchObject({ name: "TooManyEntriesInBatchRequest", message: "Maximum number of entries per request are 10. You have sent 20." });
    await expect(attempt(["invalid:id"])).rejects.toMatchObject({ name: "InvalidBatchEntryId" });
    await expect(attempt(["a", "a"])).rejects.toMatchObject({ name: "BatchEntryIdsNotDistinct", message: "Id a repeated." });
    await expect(attempt([])).rejects.toMatchObject({ name: "EmptyBatchRequest" });
  });
});
