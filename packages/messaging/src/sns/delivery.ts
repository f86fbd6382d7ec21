import type { PlatformEvent } from "@cumulet/core";
import { effectiveSubscriptionPolicy, httpRetryDelayMs, managedRetryDelayMs } from "./domain/delivery-policy.ts";
import { bodyFor, envelopeAttributes, envelopeJson } from "./domain/message.ts";
import type { Message } from "./domain/message.ts";
import { failureOf, isPermanent, Permanent } from "../targets/failures.ts";
import { request } from "../targets/http.ts";
import { signedText, signerOf } from "./operations/signing.ts";
import { subscriptionArn, topicArn } from "./operations/targets.ts";
import type { Ctx } from "./operations/targets.ts";
import type { Subscription } from "./store.ts";

/** What `sns.publish` tells. */
interface Published {
  topic: string;
  messages: Message[];
}

/** What `sns.delivery` tells: one message for one subscriber, tried again or on its own. */
interface Delivery {
  subscription: Subscription;
  message: Message;
  /** Tries that failed. */
  failures: number;
  topicPolicy: string | undefined;
  signatureVersion: "1" | "2";
}

/** Fans out: queues at once, all other subscribers by an event of their own, so that a slow one holds nobody up. */
export async function deliverPublished(ctx: Ctx, event: PlatformEvent): Promise<void> {
  const { topic: name, messages } = event.detail as Published;
  const topic = ctx.store.topic(name);
  if (topic === undefined) return;
  const signatureVersion = topic.attributes.SignatureVersion === "2" ? "2" : "1";
  const topicPolicy = topic.attributes.DeliveryPolicy;
  for (const message of messages) {
    const envelopes = new Envelopes(ctx, message, topic.fifo, signatureVersion);
    const direct: Promise<void>[] = [];
    for (const subscriber of ctx.store.subscribers(name)) {
      if (!subscriber.wants(message)) continue;
      const { wants: _wants, ...subscription } = subscriber;
      const delivery: Delivery = { subscription, message, failures: 0, topicPolicy, signatureVersion };
      if (subscription.protocol !== "sqs") ctx.transaction(() => ctx.emit({ type: "sns.delivery", detail: delivery }));
      else direct.push(attempt(ctx, delivery, envelopes));
    }
    // One after the other: the messages of a FIFO topic keep their order.
    await Promise.all(direct);
  }
}

/** One message for one subscriber. */
export async function deliverOne(ctx: Ctx, event: PlatformEvent): Promise<void> {
  const delivery = event.detail as Delivery;
  const fifo = delivery.message.sequence !== undefined;
  await attempt(ctx, delivery, new Envelopes(ctx, delivery.message, fifo, delivery.signatureVersion));
}

/** Tries once; a failure leads to another try later, to the dead-letter queue, or to the end. */
async function attempt(ctx: Ctx, delivery: Delivery, envelopes: Envelopes): Promise<void> {
  const { subscription } = delivery;
  try {
    await send(ctx, delivery, envelopes);
  } catch (error) {
    const lasting = isPermanent(error);
    const failures = delivery.failures + 1;
    const delayMs = lasting ? undefined : retryDelayMs(delivery, failures);
    if (delayMs !== undefined) {
      ctx.transaction(() => ctx.emit({ type: "sns.delivery", detail: { ...delivery, failures }, delayMs }));
      return;
    }
    ctx.log.warn("A notification could not be delivered", { topic: subscription.topic, protocol: subscription.protocol, endpoint: subscription.endpoint, error: failureOf(error).message });
    await bury(ctx, delivery, envelopes);
  }
}

function retryDelayMs({ subscription, topicPolicy }: Delivery, retry: number): number | undefined {
  if (!subscription.protocol.startsWith("http")) return managedRetryDelayMs(retry);
  return httpRetryDelayMs(effectiveSubscriptionPolicy(topicPolicy, subscription.attributes.DeliveryPolicy).healthyRetryPolicy, retry);
}

async function send(ctx: Ctx, { subscription, message, topicPolicy }: Delivery, envelopes: Envelopes): Promise<void> {
  const { protocol, endpoint } = subscription;
  switch (protocol) {
    case "sqs": return sendToQueue(ctx, endpoint, subscription, message, envelopes);
    case "lambda": {
      const [, , , region, account] = endpoint.split(":") as [string, string, string, string, string];
      const payload = Buffer.from(JSON.stringify({ Records: [await envelopes.record(subscription)] }));
      await ctx.as({ account, region, sourceArn: topicArn(ctx, subscription.topic) }).lambda.Invoke({ FunctionName: endpoint, InvocationType: "Event", Payload: payload as never });
      return;
    }
    case "http":
    case "https": return sendToEndpoint(ctx, subscription, message, envelopes, topicPolicy);
    default: {
      const about = { TopicArn: topicArn(ctx, subscription.topic), SubscriptionArn: subscriptionArn(ctx, subscription), MessageId: message.id, Message: bodyFor(message, protocol), Subject: message.subject ?? null, MessageAttributes: message.attributes ?? {} };
      ctx.transaction(() => ctx.store.deliver(protocol === "email-json" ? "email" : protocol, endpoint, protocol === "email-json" ? { ...about, Message: envelopeJson({ ...about, Type: "Notification" }) } : about));
    }
  }
}

async function sendToQueue(ctx: Ctx, arn: string, subscription: Subscription, message: Message, envelopes: Envelopes): Promise<void> {
  const [, , , region, account, name] = arn.split(":") as [string, string, string, string, string, string];
  const raw = subscription.attributes.RawMessageDelivery === "true";
  const fifo = name.endsWith(".fifo");
  await ctx.as({ account, region, sourceArn: topicArn(ctx, subscription.topic) }).sqs.SendMessage({
    QueueUrl: `${ctx.endpoint}/${account}/${name}`,
    MessageBody: raw ? bodyFor(message, "sqs") : await envelopes.json(subscription, "sqs"),
    ...(raw && message.attributes !== undefined ? { MessageAttributes: rawAttributes(message) } : {}),
    // A standard queue behind a FIFO topic hears nothing of groups (recorded); one behind a standard topic does.
    ...(message.groupId !== undefined && (fifo || message.sequence === undefined) ? { MessageGroupId: message.groupId } : {}),
    ...(fifo ? { MessageDeduplicationId: message.deduplicationId ?? message.id } : {}),
    ...(message.traceHeader === undefined ? {} : { MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: message.traceHeader } } }),
  });
}

function rawAttributes(message: Message): { [name: string]: { DataType: string; StringValue?: string; BinaryValue?: Uint8Array } } {
  return Object.fromEntries(Object.entries(message.attributes ?? {}).map(([name, { DataType, StringValue, BinaryValue }]) =>
    [name, StringValue === undefined ? { DataType, BinaryValue: Buffer.from(BinaryValue!, "base64") } : { DataType, StringValue }]));
}

async function sendToEndpoint(ctx: Ctx, subscription: Subscription, message: Message, envelopes: Envelopes, topicPolicy: string | undefined): Promise<void> {
  const raw = subscription.attributes.RawMessageDelivery === "true";
  const { requestPolicy } = effectiveSubscriptionPolicy(topicPolicy, subscription.attributes.DeliveryPolicy);
  await posted(subscription.endpoint, raw ? bodyFor(message, "http") : await envelopes.json(subscription, subscription.protocol), {
    "x-amz-sns-message-type": "Notification",
    "x-amz-sns-message-id": message.id,
    "x-amz-sns-topic-arn": topicArn(ctx, subscription.topic),
    "x-amz-sns-subscription-arn": subscriptionArn(ctx, subscription),
    ...(raw ? { "x-amz-sns-rawdelivery": "true" } : {}),
    "Content-Type": requestPolicy.headerContentType,
  }, ctx.signal);
}

async function posted(url: string, body: string, headers: { [name: string]: string }, signal: AbortSignal): Promise<void> {
  const { status } = await request("POST", url, body, { ...headers, "User-Agent": "Amazon Simple Notification Service Agent", "Accept-Encoding": "gzip,deflate" }, signal);
  if (status >= 200 && status < 300) return;
  const message = `${url} answered ${status}.`;
  // Too many requests and faults of the server may pass; anything else is its last word.
  throw status >= 400 && status < 500 && status !== 429 ? new Permanent(message) : new Error(message);
}

/** To the subscription's dead-letter queue, as the subscriber would have got it. */
async function bury(ctx: Ctx, { subscription, message }: Delivery, envelopes: Envelopes): Promise<void> {
  const policy = subscription.attributes.RedrivePolicy;
  if (policy === undefined) return;
  const { deadLetterTargetArn } = JSON.parse(policy) as { deadLetterTargetArn: string };
  try {
    await sendToQueue(ctx, deadLetterTargetArn, subscription, message, envelopes);
  } catch (error) {
    if (!isPermanent(error)) throw error;
    ctx.log.warn("A dead-letter queue did not take a notification", { queue: deadLetterTargetArn, error: failureOf(error).message });
  }
}

/** The request to confirm a subscription, or the word that one has ended. */
export async function deliverConfirmation(ctx: Ctx, event: PlatformEvent): Promise<void> {
  const { kind, messageId, token, endpoint, protocol, topic } = event.detail as { kind: string; messageId: string; token: string; endpoint: string; protocol: string; topic: string; subscription: string };
  const arn = topicArn(ctx, topic);
  const ended = kind === "UnsubscribeConfirmation";
  const about = ended
    ? `You have chosen to deactivate subscription ${arn}:${(event.detail as { subscription: string }).subscription}.\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.`
    : `You have chosen to subscribe to the topic ${arn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`;
  const envelope: { [member: string]: unknown } = {
    Type: kind, MessageId: messageId, Token: token, TopicArn: arn, Message: about,
    SubscribeURL: `${ctx.endpoint}/?Action=ConfirmSubscription&TopicArn=${arn}&Token=${token}`,
    Timestamp: timestamp(event.emittedMs), SignatureVersion: ctx.store.topic(topic)?.attributes.SignatureVersion ?? "1",
  };
  const signer = await signerOf(ctx);
  envelope.Signature = await signer.sign(signedText(envelope), envelope.SignatureVersion as "1" | "2");
  envelope.SigningCertURL = signer.url;
  if (protocol.startsWith("email")) {
    ctx.transaction(() => ctx.store.deliver("email", endpoint, envelope));
    return;
  }
  try {
    await posted(endpoint, envelopeJson(envelope), {
      "x-amz-sns-message-type": kind, "x-amz-sns-message-id": messageId, "x-amz-sns-topic-arn": arn, "Content-Type": "text/plain; charset=UTF-8",
    }, ctx.signal);
  } catch (error) {
    if (!(error instanceof Permanent)) throw error;
    ctx.log.warn("A subscriber did not take the request to confirm", { endpoint, error: error.message });
  }
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

/** The forms of one message, each made when the first subscriber wants it. */
class Envelopes {
  readonly #ctx: Ctx;
  readonly #message: Message;
  readonly #fifo: boolean;
  readonly #version: "1" | "2";
  readonly #signed = new Map<string, Promise<{ signature: string; url: string }>>();

  constructor(ctx: Ctx, message: Message, fifo: boolean, version: "1" | "2") {
    this.#ctx = ctx;
    this.#message = message;
    this.#fifo = fifo;
    this.#version = version;
  }

  async json(subscription: Subscription, protocol: string): Promise<string> {
    const head = this.#head(subscription, protocol);
    const attributes = envelopeAttributes(this.#message);
    const tail = { UnsubscribeURL: this.#unsubscribe(subscription), ...(attributes === undefined ? {} : { MessageAttributes: attributes }) };
    // FIFO topics sign nothing (recorded).
    if (this.#fifo) return envelopeJson({ ...head, ...tail });
    const { signature, url } = await this.#sign(head);
    return envelopeJson({ ...head, SignatureVersion: this.#version, Signature: signature, SigningCertURL: url, ...tail });
  }

  /** As functions get it: `Url` instead of `URL`, and what is empty is there. */
  async record(subscription: Subscription): Promise<object> {
    const head = this.#head(subscription, "lambda");
    const { signature, url } = await this.#sign(head);
    const { Type, MessageId, TopicArn, Subject, Message: body, Timestamp } = head;
    return {
      EventSource: "aws:sns",
      EventVersion: "1.0",
      EventSubscriptionArn: subscriptionArn(this.#ctx, subscription),
      Sns: {
        Type, MessageId, TopicArn, Subject: Subject ?? null, Message: body, Timestamp, SignatureVersion: this.#version, Signature: signature, SigningCertUrl: url,
        UnsubscribeUrl: this.#unsubscribe(subscription), MessageAttributes: envelopeAttributes(this.#message) ?? {},
      },
    };
  }

  #head(subscription: Subscription, protocol: string): { [member: string]: unknown } {
    const { id, subject, sequence, publishedMs } = this.#message;
    return {
      Type: "Notification", MessageId: id, ...(sequence === undefined ? {} : { SequenceNumber: sequence }), TopicArn: topicArn(this.#ctx, subscription.topic), ...(subject === undefined ? {} : { Subject: subject }),
      Message: bodyFor(this.#message, protocol), Timestamp: timestamp(publishedMs),
    };
  }

  #unsubscribe(subscription: Subscription): string {
    return `${this.#ctx.endpoint}/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn(this.#ctx, subscription)}`;
  }

  #sign(head: { [member: string]: unknown }): Promise<{ signature: string; url: string }> {
    const text = signedText(head);
    let signed = this.#signed.get(text);
    if (signed === undefined) {
      signed = signerOf(this.#ctx).then(async (signer) => ({ signature: await signer.sign(text, this.#version), url: signer.url }));
      this.#signed.set(text, signed);
    }
    return signed;
  }
}
