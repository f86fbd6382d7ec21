import { createServer, type IncomingHttpHeaders } from "node:http";
import { createVerify } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AddPermissionCommand, CheckIfPhoneNumberIsOptedOutCommand, ConfirmSubscriptionCommand, CreatePlatformApplicationCommand, CreatePlatformEndpointCommand, CreateTopicCommand, DeleteTopicCommand,
  GetSMSAttributesCommand, GetSubscriptionAttributesCommand, GetTopicAttributesCommand, ListEndpointsByPlatformApplicationCommand, ListSubscriptionsByTopicCommand, ListTagsForResourceCommand,
  ListTopicsCommand, PublishBatchCommand, PublishCommand, RemovePermissionCommand, SetSMSAttributesCommand, SetSubscriptionAttributesCommand, SetTopicAttributesCommand, SNSClient,
  SubscribeCommand, TagResourceCommand, UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { CreateQueueCommand, DeleteQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

let platform: TestPlatform;
let sns: SNSClient;
let sqs: SQSClient;
let names = 0;

beforeAll(async () => {
  platform = await testPlatform(services);
  sns = new SNSClient(platform.clientConfig());
  sqs = new SQSClient(platform.clientConfig());
});
afterAll(async () => {
  sns.destroy();
  sqs.destroy();
  await platform.close();
});

const topic = async (Attributes: Record<string, string> = {}) => (await sns.send(new CreateTopicCommand({ Name: `t${++names}${Attributes.FifoTopic === "true" ? ".fifo" : ""}`, Attributes }))).TopicArn!;
async function queue(fifo = false): Promise<{ url: string; arn: string }> {
  const name = `q${++names}${fifo ? ".fifo" : ""}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: fifo ? { FifoQueue: "true" } : {} }));
  return { url: QueueUrl!, arn: `arn:aws:sqs:us-east-1:000000000000:${name}` };
}
const subscribe = async (TopicArn: string, Endpoint: string, Attributes: Record<string, string> = {}, Protocol = "sqs") =>
  (await sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes, ReturnSubscriptionArn: true }))).SubscriptionArn!;
async function messages(url: string) {
  await platform.platform.idle();
  return (await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] }))).Messages ?? [];
}

describe("topics", () => {
  it("have AWS's attributes from the beginning", async () => {
    const TopicArn = await topic();
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect({ ...Attributes, Policy: JSON.parse(Attributes!.Policy!), EffectiveDeliveryPolicy: JSON.parse(Attributes!.EffectiveDeliveryPolicy!) }).toEqual({
      TopicArn, DisplayName: "", Owner: "000000000000", SubscriptionsConfirmed: "0", SubscriptionsDeleted: "0", SubscriptionsPending: "0",
      EffectiveDeliveryPolicy: {
        http: {
          defaultHealthyRetryPolicy: { backoffFunction: "linear", maxDelayTarget: 20, minDelayTarget: 20, numMaxDelayRetries: 0, numMinDelayRetries: 0, numNoDelayRetries: 0, numRetries: 3 },
          defaultRequestPolicy: { headerContentType: "text/plain; charset=UTF-8" }, disableSubscriptionOverrides: false,
        },
      },
      Policy: {
        Version: "2008-10-17", Id: "__default_policy_ID",
        Statement: [{
          Sid: "__default_statement_ID", Effect: "Allow", Principal: { AWS: "*" }, Resource: TopicArn, Condition: { StringEquals: { "AWS:SourceOwner": "000000000000" } },
          Action: ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish"],
        }],
      },
    });
  });

  it("are made once, and refuse other wishes", async () => {
    const make = (Attributes?: Record<string, string>, Tags?: { Key: string; Value: string }[]) => sns.send(new CreateTopicCommand({ Name: "once", Attributes, Tags }));
    const first = await make({ DisplayName: "One" }, [{ Key: "k", Value: "v" }]);
    expect((await make()).TopicArn).toBe(first.TopicArn);
    await expect(make({ DisplayName: "Two" })).rejects.toMatchObject({ message: "Invalid parameter: Attributes Reason: Topic already exists with different attributes" });
    await expect(make({}, [{ Key: "k", Value: "w" }])).rejects.toMatchObject({ message: "Invalid parameter: Tags Reason: Topic already exists with different tags" });
    await expect(sns.send(new CreateTopicCommand({ Name: "once", Attributes: { FifoTopic: "true" } }))).rejects.toMatchObject({ name: "InvalidParameterException", message: "Invalid parameter: Topic Name" });
    await expect(sns.send(new CreateTopicCommand({ Name: "bad name" }))).rejects.toMatchObject({ message: "Invalid parameter: Topic Name" });
  });

  it("change, are tagged, granted, listed and deleted", async () => {
    const TopicArn = await topic();
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "DeliveryPolicy", AttributeValue: JSON.stringify({ http: { defaultHealthyRetryPolicy: { minDelayTarget: 5, maxDelayTarget: 6, numRetries: 1 } } }) }));
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(JSON.parse(Attributes!.DeliveryPolicy!)).toEqual({ http: { defaultHealthyRetryPolicy: { minDelayTarget: 5, maxDelayTarget: 6, numRetries: 1 }, disableSubscriptionOverrides: false } });
    await sns.send(new AddPermissionCommand({ TopicArn, Label: "l", AWSAccountId: ["111111111111"], ActionName: ["Publish"] }));
    const policy = async () => JSON.parse((await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes!.Policy!) as { Statement: object[] };
    expect((await policy()).Statement[1]).toEqual({ Sid: "l", Effect: "Allow", Principal: { AWS: "arn:aws:iam::111111111111:root" }, Action: "SNS:Publish", Resource: TopicArn });
    await sns.send(new RemovePermissionCommand({ TopicArn, Label: "l" }));
    expect((await policy()).Statement).toHaveLength(1);
    await expect(sns.send(new TagResourceCommand({ ResourceArn: TopicArn, Tags: [{ Key: "a", Value: "1" }, { Key: "a", Value: "2" }] }))).rejects.toMatchObject({ message: "Invalid parameter: Duplicated keys are not allowed." });
    await sns.send(new TagResourceCommand({ ResourceArn: TopicArn, Tags: [{ Key: "a", Value: "1" }] }));
    expect((await sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }))).Tags).toEqual([{ Key: "a", Value: "1" }]);
    expect((await sns.send(new ListTopicsCommand({}))).Topics).toContainEqual({ TopicArn });
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    await expect(sns.send(new PublishCommand({ TopicArn, Message: "m" }))).rejects.toMatchObject({ name: "NotFoundException", message: "Topic does not exist" });
  });
});

describe("queues that subscribe", () => {
  it("get envelopes that can be verified, or raw messages", async () => {
    const TopicArn = await topic();
    const [wrapped, raw] = [await queue(), await queue()];
    const SubscriptionArn = await subscribe(TopicArn, wrapped.arn);
    await subscribe(TopicArn, raw.arn, { RawMessageDelivery: "true" });
    const { MessageId } = await sns.send(new PublishCommand({
      TopicArn, Message: JSON.stringify({ default: "plain", sqs: "for queues" }), MessageStructure: "json", Subject: "S",
      MessageAttributes: { a: { DataType: "Number", StringValue: "99.12" }, b: { DataType: "Binary", BinaryValue: new Uint8Array([2, 3, 4]) } },
    }));
    const [message] = await messages(wrapped.url);
    const envelope = JSON.parse(message!.Body!) as Record<string, string>;
    expect(envelope).toMatchObject({
      Type: "Notification", MessageId, TopicArn, Subject: "S", Message: "for queues", SignatureVersion: "1", Timestamp: new Date(platform.clock.now()).toISOString(),
      UnsubscribeURL: `${platform.endpoint}/?Action=Unsubscribe&SubscriptionArn=${SubscriptionArn}`, MessageAttributes: { a: { Type: "Number", Value: "99.12" }, b: { Type: "Binary", Value: "AgME" } },
    });
    const pem = await (await fetch(envelope.SigningCertURL!)).text();
    const text = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"].map((name) => `${name}\n${envelope[name]}\n`).join("");
    expect(createVerify("RSA-SHA1").update(text).verify(pem, envelope.Signature!, "base64")).toBe(true);
    const [plain] = await messages(raw.url);
    expect(plain).toMatchObject({ Body: "for queues", MessageAttributes: { a: { DataType: "Number", StringValue: "99.12" }, b: { DataType: "Binary" } } });
  });

  it("choose by attributes and by body", async () => {
    const TopicArn = await topic();
    const [byAttribute, byBody] = [await queue(), await queue()];
    const arn = await subscribe(TopicArn, byAttribute.arn, { FilterPolicy: JSON.stringify({ kind: ["a", { prefix: "b" }], price: [{ numeric: [">", 10] }] }), RawMessageDelivery: "true" });
    await subscribe(TopicArn, byBody.arn, { FilterPolicy: JSON.stringify({ order: { state: ["paid"] } }), FilterPolicyScope: "MessageBody", RawMessageDelivery: "true" });
    const attributes = (kind: string, price: string) => ({ kind: { DataType: "String.Array", StringValue: JSON.stringify([kind]) }, price: { DataType: "Number", StringValue: price } });
    await sns.send(new PublishCommand({ TopicArn, Message: '{"order":{"state":"paid"}}', MessageAttributes: attributes("x", "11") }));
    await sns.send(new PublishCommand({ TopicArn, Message: "second", MessageAttributes: attributes("bee", "11") }));
    await sns.send(new PublishCommand({ TopicArn, Message: "third", MessageAttributes: attributes("a", "9") }));
    expect((await messages(byAttribute.url)).map(({ Body }) => Body)).toEqual(["second"]);
    expect((await messages(byBody.url)).map(({ Body }) => Body)).toEqual(['{"order":{"state":"paid"}}']);
    await sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn: arn, AttributeName: "FilterPolicy", AttributeValue: "{}" }));
    expect((await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }))).Attributes).not.toHaveProperty("FilterPolicy");
    await sns.send(new PublishCommand({ TopicArn, Message: "all" }));
    expect((await messages(byAttribute.url)).map(({ Body }) => Body)).toEqual(["all"]);
  });

  it("lead to a dead-letter queue when they are gone", async () => {
    const TopicArn = await topic();
    const [gone, dead] = [await queue(), await queue()];
    await subscribe(TopicArn, gone.arn, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }), RawMessageDelivery: "true" });
    await sqs.send(new DeleteQueueCommand({ QueueUrl: gone.url }));
    await sns.send(new PublishCommand({ TopicArn, Message: "lost", MessageAttributes: { a: { DataType: "String", StringValue: "1" } } }));
    expect(await messages(dead.url)).toMatchObject([{ Body: "lost", MessageAttributes: { a: { StringValue: "1" } } }]);
  });

  it("get FIFO topics' messages in order and once", async () => {
    const TopicArn = await topic({ FifoTopic: "true", ContentBasedDeduplication: "true" });
    const target = await queue(true);
    const standard = await queue();
    await subscribe(TopicArn, target.arn, { RawMessageDelivery: "true" });
    await subscribe(TopicArn, standard.arn);
    const first = await sns.send(new PublishCommand({ TopicArn, Message: "m0", MessageGroupId: "g" }));
    const again = await sns.send(new PublishCommand({ TopicArn, Message: "m0", MessageGroupId: "g" }));
    expect(again).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
    await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [1, 2, 3].map((n) => ({ Id: `${n}`, Message: `m${n}`, MessageGroupId: "g" })) }));
    expect((await messages(target.url)).map(({ Body }) => Body)).toEqual(["m0", "m1", "m2", "m3"]);
    const [envelope] = await messages(standard.url);
    expect(JSON.parse(envelope!.Body!)).toMatchObject({ SequenceNumber: first.SequenceNumber });
    expect(JSON.parse(envelope!.Body!)).not.toHaveProperty("Signature");
    expect(envelope!.Attributes).not.toHaveProperty("MessageGroupId");
  });
});

describe("what SNS refuses", () => {
  it.each([
    [{ Message: "" }, "Invalid parameter: Empty message"],
    [{ Message: "x".repeat(262_145) }, "Invalid parameter: Message too long"],
    [{ Message: "{}", MessageStructure: "json" }, "Invalid parameter: Message Structure - No default entry in JSON message body"],
    [{ Message: "m", MessageDeduplicationId: "d" }, "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type"],
  ])("a message %#", async (input, message) => {
    await expect(sns.send(new PublishCommand({ TopicArn: await topic(), ...input }))).rejects.toMatchObject({ name: "InvalidParameterException", message });
  });

  it.each([
    ["sqs", "http://localhost/queue", {}, "Invalid parameter: SQS endpoint ARN"],
    ["test-protocol", "x", {}, "Invalid parameter: Amazon SNS does not support this protocol string: test-protocol"],
    ["sqs", "arn:aws:sqs:us-east-1:000000000000:q", { RawMessageDelivery: "wrongvalue" }, "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [wrongvalue]. Must be true or false."],
    ["sqs", "arn:aws:sqs:us-east-1:000000000000:q", { FilterPolicy: "invalid filter policy" }, "Invalid parameter: Attributes Reason: FilterPolicy: failed to parse JSON. Unrecognized token 'invalid': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 8]"],
    ["sqs", "arn:aws:sqs:us-east-1:000000000000:q", { FilterPolicy: '{"key":[{"exists":"no"}]}' }, 'Invalid parameter: Attributes Reason: FilterPolicy: exists match pattern must be either true or false.\n at [Source: (String)"{"key":[{"exists":"no"}]}"; line: 1, column: 20]'],
    ["sqs", "arn:aws:sqs:us-east-1:000000000000:q", { FilterPolicy: '{"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"],"f":["1"]}' }, "Invalid parameter: Attributes Reason: FilterPolicy: Filter policy can not have more than 5 keys"],
  ])("a subscription %#", async (Protocol, Endpoint, Attributes, message) => {
    await expect(sns.send(new SubscribeCommand({ TopicArn: await topic(), Protocol, Endpoint, Attributes: Attributes as Record<string, string> }))).rejects.toMatchObject({ message });
  });

  it.each([
    ["a-string", "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"],
    ["arn:aws:sns:us-east-1:random", "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 5"],
    ["arn:aws:sns:us-east-1:111111111111:random", "Invalid parameter: SubscriptionId"],
    ["", "Invalid parameter: SubscriptionArn Reason: no value for required parameter"],
  ])("to unsubscribe %j", async (SubscriptionArn, message) => {
    await expect(sns.send(new UnsubscribeCommand({ SubscriptionArn }))).rejects.toMatchObject({ message });
  });

  it("batches that are no batches", async () => {
    const TopicArn = await topic();
    const attempt = (ids: string[], Message = "m") => sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: ids.map((Id) => ({ Id, Message })) }));
    await expect(attempt(["message.id"])).rejects.toMatchObject({ name: "InvalidBatchEntryIdException", message: "The Id of a batch entry in the batch request contains an impermissible character: message.id" });
    await expect(attempt(["1", "2"], "x".repeat(200_000))).rejects.toMatchObject({ name: "BatchRequestTooLongException", message: "The length of all the messages put together is more than the limit." });
    await expect(attempt(["1", "1"])).rejects.toMatchObject({ name: "BatchEntryIdsNotDistinctException" });
  });

  it("a second subscription with other attributes, and topics of other regions", async () => {
    const TopicArn = await topic();
    const { arn } = await queue();
    const first = await subscribe(TopicArn, arn, { RawMessageDelivery: "true" });
    expect(await subscribe(TopicArn, arn)).toBe(first);
    await expect(subscribe(TopicArn, arn, { RawMessageDelivery: "false" })).rejects.toMatchObject({ message: "Invalid parameter: Attributes Reason: Subscription already exists with different attributes" });
    await expect(subscribe(TopicArn.replace("us-east-1", "eu-west-1"), arn)).rejects.toMatchObject({ message: "Invalid parameter: TopicArn" });
    expect((await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toEqual([{ SubscriptionArn: first, Owner: "000000000000", Protocol: "sqs", Endpoint: arn, TopicArn }]);
  });
});

describe("web servers that subscribe", () => {
  it("confirm, are told, are tried again, and are told of the end", async () => {
    const heard: { headers: IncomingHttpHeaders; body: string }[] = [];
    let status = 200;
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk)).on("end", () => {
        heard.push({ headers: request.headers, body });
        response.writeHead(status).end();
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sns`;
    const TopicArn = await topic();
    const dead = await queue();
    const pending = await sns.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: endpoint, Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }) } }));
    expect(pending.SubscriptionArn).toBe("pending confirmation");
    await platform.platform.idle();
    const request = heard.shift()!;
    expect(request.headers).toMatchObject({ "x-amz-sns-message-type": "SubscriptionConfirmation", "x-amz-sns-topic-arn": TopicArn, "user-agent": "Amazon Simple Notification Service Agent", "content-type": "text/plain; charset=UTF-8" });
    const confirmation = JSON.parse(request.body) as { SubscribeURL: string; Token: string };
    await expect(sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: "nonsense" }))).rejects.toMatchObject({ message: "Invalid token" });
    expect(await (await fetch(confirmation.SubscribeURL)).text()).toContain(`<SubscriptionArn>${TopicArn}:`);

    await sns.send(new PublishCommand({ TopicArn, Message: "hello" }));
    await platform.platform.idle();
    const notification = heard.shift()!;
    expect(notification.headers["x-amz-sns-message-type"]).toBe("Notification");
    expect(JSON.parse(notification.body)).toMatchObject({ Message: "hello" });

    status = 503;
    await sns.send(new PublishCommand({ TopicArn, Message: "again" }));
    await platform.platform.idle();
    expect(heard).toHaveLength(1);
    for (let retry = 1; retry <= 3; retry++) {
      await platform.clock.advance(20_000);
      await platform.platform.idle();
      expect(heard).toHaveLength(1 + retry);
    }
    expect(JSON.parse((await messages(dead.url))[0]!.Body!)).toMatchObject({ Message: "again" });

    status = 200;
    heard.length = 0;
    const [subscription] = (await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions!;
    await sns.send(new UnsubscribeCommand({ SubscriptionArn: subscription!.SubscriptionArn }));
    await platform.platform.idle();
    expect(heard[0]!.headers["x-amz-sns-message-type"]).toBe("UnsubscribeConfirmation");
    expect((await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes).toMatchObject({ SubscriptionsConfirmed: "0", SubscriptionsDeleted: "1" });
    server.close();
  });
});

describe("phones, apps and mailboxes", () => {
  it("get nothing but a record that can be looked at", async () => {
    await sns.send(new PublishCommand({ PhoneNumber: "+15555550100", Message: "code 1" }));
    const { PlatformApplicationArn } = await sns.send(new CreatePlatformApplicationCommand({ Name: "app", Platform: "ADM", Attributes: { PlatformCredential: "c", PlatformPrincipal: "p" } }));
    const { EndpointArn } = await sns.send(new CreatePlatformEndpointCommand({ PlatformApplicationArn, Token: "token_1" }));
    expect((await sns.send(new ListEndpointsByPlatformApplicationCommand({ PlatformApplicationArn }))).Endpoints).toEqual([{ EndpointArn, Attributes: { Enabled: "true", Token: "token_1" } }]);
    await sns.send(new PublishCommand({ TargetArn: EndpointArn, Message: JSON.stringify({ default: "d", ADM: "{}" }), MessageStructure: "json" }));
    const TopicArn = await topic();
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "me@example.com" }));
    await platform.platform.idle();
    const look = async (what: string) => (await (await fetch(`${platform.endpoint}/_aws/sns/${what}`)).json()) as Record<string, Record<string, { Message: string }[]>>;
    expect((await look("sms-messages")).sms_messages!["+15555550100"]).toMatchObject([{ Message: "code 1" }]);
    expect((await look("platform-endpoint-messages")).platform_endpoint_messages![EndpointArn!]).toMatchObject([{ Message: "{}" }]);
    expect((await look("email-messages")).email_messages!["me@example.com"]).toMatchObject([{ Type: "SubscriptionConfirmation" }]);
    expect((await sns.send(new CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber: "+15555550100" }))).isOptedOut).toBe(false);
    await sns.send(new SetSMSAttributesCommand({ attributes: { DefaultSenderID: "LSTest" } }));
    expect((await sns.send(new GetSMSAttributesCommand({}))).attributes).toEqual({ DefaultSenderID: "LSTest", MonthlySpendLimit: "1" });
    await expect(sns.send(new SetSMSAttributesCommand({ attributes: { DefaultSMSType: "x" } }))).rejects.toMatchObject({ message: "DefaultSMSType is invalid" });
  });
});
