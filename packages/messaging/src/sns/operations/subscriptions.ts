import type {
  ConfirmSubscriptionInput, ConfirmSubscriptionResponse, GetSubscriptionAttributesInput, GetSubscriptionAttributesResponse, ListSubscriptionsByTopicInput, ListSubscriptionsByTopicResponse,
  ListSubscriptionsInput, ListSubscriptionsResponse, SetSubscriptionAttributesInput, SubscribeInput, SubscribeResponse, UnsubscribeInput,
} from "@cumulet/protocol/models/sns.d.ts";
import { AwsError } from "@cumulet/protocol";
import { readArn } from "../domain/arns.ts";
import { effectiveSubscriptionPolicy, subscriptionDeliveryPolicy } from "../domain/delivery-policy.ts";
import { invalidParameter, refusal } from "../domain/errors.ts";
import { compileFilter } from "../domain/filter.ts";
import type { FilterScope } from "../domain/filter.ts";
import type { Attributes, Subscription, Topic } from "../store.ts";
import { page, readToken, subscriptionArn, subscriptionTarget, target, topicArn } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const pageSize = 100;

/** Protocols, and whether a subscriber has to confirm. */
const protocols: { [protocol: string]: { confirmed: boolean } } = {
  application: { confirmed: true }, email: { confirmed: false }, "email-json": { confirmed: false }, http: { confirmed: false }, https: { confirmed: false },
  lambda: { confirmed: true }, sms: { confirmed: true }, sqs: { confirmed: true },
};

const attributeNames = new Set(["DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"]);

export function subscribe(ctx: Ctx, input: SubscribeInput): SubscribeResponse {
  const { Protocol: protocol, Endpoint: endpoint = "", Attributes: given = {} } = input;
  if (protocol === "firehose") throw invalidParameter("Protocol", "Cumulet has no Firehose: subscriptions of the protocol firehose are not supported.");
  const kind = protocols[protocol];
  if (kind === undefined) throw invalidParameter(`Amazon SNS does not support this protocol string: ${protocol}`);
  const { ctx: owner, topic } = target(ctx, input.TopicArn);
  checkEndpoint(topic, protocol, endpoint);
  const attributes = checkedAttributes(given, topic, protocol);

  const existing = owner.store.subscriptionOf(topic.name, protocol, endpoint);
  if (existing !== undefined) {
    for (const [name, value] of Object.entries(attributes)) {
      if ((existing.attributes[name] ?? defaults[name]) !== value) throw invalidParameter("Attributes", "Subscription already exists with different attributes");
    }
    const arn = subscriptionArn(owner, existing);
    if (!existing.confirmed) askToConfirm(owner, existing);
    return { SubscriptionArn: existing.confirmed || input.ReturnSubscriptionArn ? arn : "pending confirmation" };
  }
  const subscription: Subscription = {
    id: owner.ids.uuid(), topic: topic.name, protocol, endpoint, owner: ctx.account, principal: ctx.principal.arn, attributes,
    confirmed: kind.confirmed, authenticated: kind.confirmed, token: kind.confirmed ? undefined : newToken(owner),
  };
  owner.store.putSubscription(subscription);
  if (!kind.confirmed) askToConfirm(owner, subscription);
  return { SubscriptionArn: kind.confirmed || input.ReturnSubscriptionArn ? subscriptionArn(owner, subscription) : "pending confirmation" };
}

const defaults: Attributes = { RawMessageDelivery: "false", FilterPolicyScope: "MessageAttributes" };

function newToken(ctx: Ctx): string {
  return ctx.ids.bytes(144).toString("hex");
}

/** The subscriber is told a token, with which somebody confirms. */
function askToConfirm(ctx: Ctx, subscription: Subscription): void {
  ctx.emit({ type: "sns.confirmation", detail: { subscription: subscription.id, kind: "SubscriptionConfirmation", messageId: ctx.ids.uuid(), token: subscription.token, endpoint: subscription.endpoint, protocol: subscription.protocol, topic: subscription.topic } });
}

function checkEndpoint(topic: Topic, protocol: string, endpoint: string): void {
  switch (protocol) {
    case "sqs":
      if (!/^arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[\w.-]+$/.test(endpoint)) throw invalidParameter("SQS endpoint ARN");
      if (!topic.fifo && endpoint.endsWith(".fifo")) throw invalidParameter("Invalid parameter: Endpoint", "FIFO SQS Queues can not be subscribed to standard SNS topics");
      return;
    case "lambda":
      if (!/^arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(?::[\w$-]+)?$/.test(endpoint)) throw invalidParameter("Lambda endpoint ARN");
      break;
    case "http":
    case "https":
      if (!endpoint.startsWith(`${protocol}://`)) throw invalidParameter("Endpoint must match the specified protocol");
      if (!URL.canParse(endpoint)) throw invalidParameter("Unparsable endpoint");
      break;
    case "sms":
      if (!/^\+?[0-9][0-9. -]{3,24}$/.test(endpoint)) throw invalidParameter(`Invalid SMS endpoint: ${endpoint}`);
      break;
    case "email":
    case "email-json":
      if (!/^[^\s@]+@[^\s@]+$/.test(endpoint)) throw invalidParameter("Email address");
      break;
    case "application":
      if (!/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:endpoint\/\w+\/[^/]+\/[\w-]+$/.test(endpoint)) throw invalidParameter("Application endpoint arn invalid:" + endpoint);
      break;
  }
  if (topic.fifo) throw invalidParameter("Invalid protocol type: " + protocol);
}

function checkedAttributes(given: Attributes, topic: Topic, protocol: string): Attributes {
  const attributes: Attributes = {};
  const scope = given.FilterPolicyScope ?? "MessageAttributes";
  for (const [name, value] of Object.entries(given)) {
    if (!attributeNames.has(name)) throw invalidParameter("Attributes", `Unknown attribute: ${name}`);
    const kept = checkedAttribute(name, value, scope, protocol, (message) => new AwsError("InvalidParameter", `Invalid parameter: Attributes Reason: ${message}`));
    if (kept !== undefined) attributes[name] = kept;
  }
  if (attributes.FilterPolicy !== undefined) attributes.FilterPolicyScope ??= scope;
  return attributes;
}

/** An attribute in the form in which it is kept; undefined takes it away. */
function checkedAttribute(name: string, value: string, scope: string, protocol: string, refuse: (message: string) => AwsError): string | undefined {
  switch (name) {
    case "RawMessageDelivery":
      if (!/^(?:true|false)$/i.test(value)) throw refuse(`RawMessageDelivery: Invalid value [${value}]. Must be true or false.`);
      if (value.toLowerCase() === "true" && !["sqs", "http", "https"].includes(protocol)) throw refuse("RawMessageDelivery: Delivery protocol [" + protocol + "] does not support raw message delivery.");
      return value.toLowerCase();
    case "FilterPolicyScope":
      if (value !== "MessageAttributes" && value !== "MessageBody") throw refuse(`FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`);
      return value;
    case "FilterPolicy":
      if (value === "" || value.trim() === "{}") return undefined;
      compileFilter(value, scope as FilterScope, refuse("").message.replace("Invalid parameter: ", "") + "FilterPolicy");
      return value;
    case "RedrivePolicy": {
      if (value === "" || value.trim() === "{}") return undefined;
      let arn: unknown;
      try {
        arn = (JSON.parse(value) as { deadLetterTargetArn?: unknown }).deadLetterTargetArn;
      } catch {
        throw refuse(jsonRefusal("RedrivePolicy", value));
      }
      if (typeof arn !== "string" || !/^arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[\w.-]+$/.test(arn)) throw refuse("RedrivePolicy: deadLetterTargetArn is an invalid arn");
      return value;
    }
    case "DeliveryPolicy":
      if (value === "") return undefined;
      if (protocol !== "http" && protocol !== "https") throw refuse("DeliveryPolicy: Only for the protocols http and https.");
      return subscriptionDeliveryPolicy(value);
    default: throw invalidParameter("AttributeName");
  }
}

/** The words of AWS's parser for a text that is no JSON. */
function jsonRefusal(name: string, text: string): string {
  try {
    compileFilter(text, "MessageBody", name);
  } catch (error) {
    if (error instanceof AwsError && error.message.includes("failed to parse JSON")) return error.message.replace("Invalid parameter: ", "");
  }
  return `${name}: failed to parse JSON.`;
}

export function setSubscriptionAttributes(ctx: Ctx, input: SetSubscriptionAttributesInput): void {
  const { AttributeName: name, AttributeValue: value = "" } = input;
  const { ctx: owner, subscription } = subscriptionTarget(ctx, input.SubscriptionArn);
  if (!attributeNames.has(name)) throw invalidParameter("AttributeName");
  const scope = subscription.attributes.FilterPolicyScope ?? "MessageAttributes";
  const refuse = (message: string): AwsError => new AwsError("InvalidParameter", `Invalid parameter: ${message}`);
  const kept = checkedAttribute(name, value, scope, subscription.protocol, refuse);
  const { [name]: _old, ...rest } = subscription.attributes;
  const attributes: Attributes = kept === undefined ? rest : { ...rest, [name]: kept };
  // A policy has to fit the scope that it gets.
  if (name === "FilterPolicyScope" && attributes.FilterPolicy !== undefined) compileFilter(attributes.FilterPolicy, kept as FilterScope, "FilterPolicy");
  if (name === "FilterPolicy" && kept !== undefined) attributes.FilterPolicyScope ??= scope;
  if (name === "FilterPolicy" && kept === undefined) delete attributes.FilterPolicyScope;
  owner.store.putSubscription({ ...subscription, attributes });
}

export function getSubscriptionAttributes(ctx: Ctx, input: GetSubscriptionAttributesInput): GetSubscriptionAttributesResponse {
  const { ctx: owner, subscription } = subscriptionTarget(ctx, input.SubscriptionArn);
  const { attributes, protocol } = subscription;
  const topicPolicy = owner.store.topic(subscription.topic)?.attributes.DeliveryPolicy;
  const shown = { ...attributes };
  if (shown.FilterPolicy === undefined) delete shown.FilterPolicyScope;
  return {
    Attributes: {
      RawMessageDelivery: "false",
      ...shown,
      ...(protocol === "http" || protocol === "https" ? { EffectiveDeliveryPolicy: JSON.stringify(effectiveSubscriptionPolicy(topicPolicy, attributes.DeliveryPolicy)) } : {}),
      SubscriptionArn: subscriptionArn(owner, subscription),
      TopicArn: topicArn(owner, subscription.topic),
      Protocol: protocol,
      Endpoint: subscription.endpoint,
      Owner: subscription.owner,
      SubscriptionPrincipal: subscription.principal,
      PendingConfirmation: String(!subscription.confirmed),
      ConfirmationWasAuthenticated: String(subscription.authenticated),
    },
  };
}

export function confirmSubscription(ctx: Ctx, input: ConfirmSubscriptionInput): ConfirmSubscriptionResponse {
  let owner: Ctx;
  try {
    const { account, region } = readArn(input.TopicArn, "Topic");
    // Whoever follows the link is nobody in particular: the topic says where it lives.
    if (ctx.http?.headers.authorization !== undefined && region !== ctx.region) throw invalidParameter("Topic");
    owner = ctx.at(account, region);
  } catch {
    throw invalidParameter("Topic");
  }
  const subscription = owner.store.subscriptionByToken(input.Token);
  if (subscription === undefined || topicArn(owner, subscription.topic) !== input.TopicArn) {
    throw /^[0-9a-f]{100,}$/.test(input.Token) ? invalidParameter("Token") : refusal("Invalid token");
  }
  if (!subscription.confirmed) {
    const authenticated = input.AuthenticateOnUnsubscribe?.toLowerCase() === "true";
    owner.store.putSubscription({ ...subscription, confirmed: true, authenticated });
  }
  return { SubscriptionArn: subscriptionArn(owner, subscription) };
}

/** A subscriber over HTTP that did not ask for protection is told how to come back. */
export function unsubscribe(ctx: Ctx, input: UnsubscribeInput): void {
  let found: { ctx: Ctx; subscription: Subscription };
  try {
    found = subscriptionTarget(ctx, input.SubscriptionArn);
  } catch (error) {
    // What is gone already is as the caller wants it.
    if (error instanceof AwsError && error.code === "NotFound") return;
    throw error;
  }
  const { ctx: owner, subscription } = found;
  owner.store.deleteSubscription(subscription);
  if (!subscription.confirmed || !["http", "https"].includes(subscription.protocol)) return;
  owner.emit({
    type: "sns.confirmation",
    detail: { subscription: subscription.id, kind: "UnsubscribeConfirmation", messageId: owner.ids.uuid(), token: newToken(owner), endpoint: subscription.endpoint, protocol: subscription.protocol, topic: subscription.topic },
  });
}

export function listSubscriptions(ctx: Ctx, input: ListSubscriptionsInput): ListSubscriptionsResponse {
  return listed(ctx, ctx.store.subscriptions(undefined, readToken(input.NextToken), pageSize + 1));
}

export function listSubscriptionsByTopic(ctx: Ctx, input: ListSubscriptionsByTopicInput): ListSubscriptionsByTopicResponse {
  const { ctx: owner, topic } = target(ctx, input.TopicArn);
  return listed(owner, owner.store.subscriptions(topic.name, readToken(input.NextToken), pageSize + 1));
}

function listed(ctx: Ctx, rows: readonly Subscription[]): ListSubscriptionsResponse {
  const { shown, next } = page(rows, pageSize, ({ id }) => id);
  return {
    Subscriptions: shown.map((subscription) => ({
      SubscriptionArn: subscription.confirmed ? subscriptionArn(ctx, subscription) : "PendingConfirmation",
      Owner: subscription.owner,
      Protocol: subscription.protocol,
      Endpoint: subscription.endpoint,
      TopicArn: topicArn(ctx, subscription.topic),
    })),
    ...next,
  };
}

