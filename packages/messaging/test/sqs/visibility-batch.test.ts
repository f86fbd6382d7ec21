import { ChangeMessageVisibilityBatchCommand, CreateQueueCommand, ReceiveMessageCommand, SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { testPlatform } from "@cumulet/core/testing";
import { expect, test } from "vitest";
import { services } from "../../src/index.ts";

test("the visibility of many messages at once: what cannot be changed fails by itself", async () => {
  await using cloud = await testPlatform(services);
  const client = new SQSClient(cloud.clientConfig());
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q" }));
  await client.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: "a", MessageBody: "1" }, { Id: "b", MessageBody: "2" }] }));
  const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  expect(Messages).toHaveLength(2);
  const [first, second] = Messages!;
  const answer = await client.send(new ChangeMessageVisibilityBatchCommand({
    QueueUrl,
    Entries: [{ Id: "now", ReceiptHandle: first!.ReceiptHandle, VisibilityTimeout: 0 }, { Id: "later", ReceiptHandle: second!.ReceiptHandle, VisibilityTimeout: 60 }, { Id: "bad", ReceiptHandle: "nonsense", VisibilityTimeout: 1 }],
  }));
  expect(answer.Successful?.map(({ Id }) => Id)).toEqual(["now", "later"]);
  expect(answer.Failed).toEqual([expect.objectContaining({ Id: "bad", Code: "ReceiptHandleIsInvalid", SenderFault: true })]);
  const again = await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  expect(again.Messages?.map(({ MessageId }) => MessageId)).toEqual([first!.MessageId]);
});
