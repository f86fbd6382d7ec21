import type { Context } from "@cumulet/core";
import { readArn } from "../domain/arns.ts";
import { invalidParameter, notFound } from "../domain/errors.ts";
import type { SnsStore, Subscription, Topic } from "../store.ts";

/** A context of SNS. */
export type Ctx = Context<SnsStore>;

/** A topic with the context of its owner. */
export interface Target {
  ctx: Ctx;
  topic: Topic;
}

/** The topic of an ARN. @throws AwsError InvalidParameter, NotFound */
export function target(ctx: Ctx, arn: string, parameter = "TopicArn"): Target {
  const { account, region, rest } = readArn(arn, parameter);
  // SNS knows no topics of other regions, whatever their ARN says (recorded).
  if (region !== ctx.region || rest.length !== 1) throw invalidParameter(parameter);
  const owner = ctx.at(account, region);
  const topic = owner.store.topic(rest[0]!);
  if (topic === undefined) throw notFound("Topic");
  return { ctx: owner, topic };
}

/** The subscription of an ARN, with the context of its topic's owner. @throws AwsError InvalidParameter, NotFound */
export function subscriptionTarget(ctx: Ctx, arn: string): { ctx: Ctx; subscription: Subscription } {
  const { account, region, rest } = readArn(arn, "SubscriptionArn");
  if (rest.length !== 2 || !/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(rest[1]!)) throw invalidParameter("SubscriptionId");
  const owner = ctx.at(account, region);
  const subscription = owner.store.subscription(rest[1]!);
  if (subscription === undefined) throw notFound("Subscription");
  return { ctx: owner, subscription };
}

export function topicArn(ctx: Ctx, name: string): string {
  return `arn:${ctx.partition}:sns:${ctx.region}:${ctx.account}:${name}`;
}

export function subscriptionArn(ctx: Ctx, { topic, id }: Pick<Subscription, "topic" | "id">): string {
  return `${topicArn(ctx, topic)}:${id}`;
}

/** Page tokens are names in disguise. */
export function writeToken(name: string): string {
  return Buffer.from(name).toString("base64url");
}

export function readToken(token: string | undefined): string {
  if (token === undefined || token === "") return "";
  const name = Buffer.from(token, "base64url").toString();
  if (writeToken(name) !== token) throw invalidParameter("NextToken");
  return name;
}

/** A page of at most `size` out of `size + 1` rows, and the token of the next. */
export function page<T>(rows: readonly T[], size: number, name: (row: T) => string): { shown: readonly T[]; next: { NextToken?: string } } {
  const shown = rows.slice(0, size);
  return { shown, next: rows.length > size ? { NextToken: writeToken(name(shown.at(-1)!)) } : {} };
}
