import type { Context } from "@cumulet/core";
import { noSuchQueue } from "../domain/errors.ts";
import { readQueueArn, readQueueUrl } from "../domain/names.ts";
import type { Queue, SqsStore } from "../store.ts";

/** A context of SQS. */
export type Ctx = Context<SqsStore>;

/** A queue with the context of the account and region that own it. */
export interface Target {
  ctx: Ctx;
  queue: Queue;
}

/** The queue that a URL names. @throws AwsError QueueDoesNotExist */
export function target(ctx: Ctx, url: string): Target {
  const { account, region, name } = readQueueUrl(url);
  const owner = ctx.at(account ?? ctx.account, region ?? ctx.region);
  const queue = owner.store.queue(name);
  if (queue === undefined) throw noSuchQueue(speaksQuery(ctx));
  return { ctx: owner, queue };
}

/** The queue of an ARN in the context's own account and region; SQS's own references never leave them. */
export function queueOfArn(ctx: Ctx, arn: string): Queue | undefined {
  const found = readQueueArn(arn);
  return found?.account === ctx.account && found.region === ctx.region ? ctx.store.queue(found.name) : undefined;
}

/** Whether the caller uses the query protocol, in which one message has other words. */
export function speaksQuery(ctx: Ctx): boolean {
  return ctx.http !== undefined && ctx.http.headers["x-amz-target"] === undefined;
}

export function queueArn(ctx: Ctx, queue: Pick<Queue, "name">): string {
  return `arn:${ctx.partition}:sqs:${ctx.region}:${ctx.account}:${queue.name}`;
}

/** A queue's URL as the caller reaches us. */
export function queueUrl(ctx: Ctx, name: string): string {
  return `${ctx.endpoint}/${ctx.account}/${name}`;
}
