import { AwsError } from "@cumulet/protocol";
import type {
  CreateQueueRequest, CreateQueueResult, DeleteQueueRequest, GetQueueAttributesRequest, GetQueueAttributesResult, GetQueueUrlRequest, GetQueueUrlResult,
  ListDeadLetterSourceQueuesRequest, ListDeadLetterSourceQueuesResult, ListQueuesRequest, ListQueuesResult, PurgeQueueRequest, SetQueueAttributesRequest,
} from "@cumulet/protocol/models/sqs.d.ts";
import { checkAttributes, difference, isAttribute, redriveAllowPolicy, redrivePolicy, shownAttributes, withChanges } from "../domain/attributes.ts";
import type { QueueAttributes } from "../domain/attributes.ts";
import { invalidAttribute, invalidParameter, invalidValue, noSuchQueue, unknownAttribute } from "../domain/errors.ts";
import { checkQueueName } from "../domain/names.ts";
import { queueArn, queueOfArn, queueUrl, speaksQuery, target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const longestPage = 1000;
/** AWS's pauses after a deletion and after a purge: off unless `CUMULET_SQS_COOLDOWNS=on`, since they mostly make tests wait. */
const cooldownMs = 60_000;

export function createQueue(ctx: Ctx, input: CreateQueueRequest): CreateQueueResult {
  const { QueueName: name, Attributes: attributes = {}, tags = {} } = input;
  const fifo = attributes.FifoQueue !== undefined && attributes.FifoQueue.toLowerCase() === "true";
  checkQueueName(name, fifo);
  checkAttributes(attributes, fifo, true);
  const existing = ctx.store.queue(name);
  if (existing !== undefined) {
    const differs = difference(existing.attributes, attributes, existing.fifo);
    if (differs !== undefined) throw new AwsError("QueueNameExists", `A queue already exists with the same name and a different value for attribute ${differs}`);
    return { QueueUrl: queueUrl(ctx, name) };
  }
  checkReferences(ctx, name, fifo, attributes);
  const nowMs = ctx.clock.now();
  const deletedMs = ctx.store.deletedMs(name);
  if (deletedMs !== undefined && cooldowns(ctx) && nowMs - deletedMs < cooldownMs) {
    throw new AwsError("QueueDeletedRecently", "You must wait 60 seconds after deleting a queue before you can create another with the same name.");
  }
  ctx.store.createQueue(name, withChanges({}, attributes), tags, nowMs);
  return { QueueUrl: queueUrl(ctx, name) };
}

/** A dead-letter queue is one of the same account, region and kind, and lets itself be used. */
function checkReferences(ctx: Ctx, name: string, fifo: boolean, attributes: QueueAttributes): void {
  const text = attributes.RedrivePolicy;
  if (text === undefined || text === "") return;
  const policy = redrivePolicy(text);
  const wrong = (reason: string): AwsError => invalidValue(text, "RedrivePolicy", reason);
  const queue = queueOfArn(ctx, policy.deadLetterTargetArn);
  if (queue === undefined) throw wrong("Dead letter target does not exist.");
  if (queue.fifo !== fifo) throw wrong(`Dead-letter queue must be same type of queue as the source.`);
  const allow = queue.attributes.RedriveAllowPolicy;
  if (allow === undefined) return;
  const { redrivePermission, sourceQueueArns } = redriveAllowPolicy(allow);
  const allowed = redrivePermission === "allowAll" || (redrivePermission === "byQueue" && sourceQueueArns!.includes(queueArn(ctx, { name })));
  if (!allowed) throw wrong("Amazon SQS can't create or update the redrive policy: the dead-letter queue's redrive allow policy does not allow this queue.");
}

export function setQueueAttributes(ctx: Ctx, input: SetQueueAttributesRequest): void {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  const changes = input.Attributes;
  // A FIFO queue may be told that it is one; it cannot become another kind.
  const { FifoQueue: kind, ...rest } = changes;
  if (kind !== undefined) {
    if (!queue.fifo) throw unknownAttribute("FifoQueue");
    if (kind.toLowerCase() !== "true") throw invalidAttribute("FifoQueue");
  }
  checkAttributes(rest, queue.fifo, false);
  checkReferences(owner, queue.name, queue.fifo, rest);
  owner.store.updateQueue(queue, { attributes: withChanges(queue.attributes, rest), modifiedMs: owner.clock.now() });
  owner.store.waiters.wakeAll(queue.number);
}

export function getQueueAttributes(ctx: Ctx, input: GetQueueAttributesRequest): GetQueueAttributesResult {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  const names = input.AttributeNames ?? [];
  if (names.length === 0) return {};
  for (const name of names) if (name !== "All" && !isAttribute(name)) throw unknownAttribute(name);
  const { store } = owner;
  const nowMs = owner.clock.now();
  store.expire(queue, nowMs);
  const counts = store.counts(queue, nowMs);
  const all: QueueAttributes = {
    ...shownAttributes(queue.attributes, queue.fifo),
    QueueArn: queueArn(owner, queue),
    CreatedTimestamp: String(Math.floor(queue.createdMs / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modifiedMs / 1000)),
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
  };
  if (names.includes("All")) return { Attributes: all };
  const chosen = names.filter((name) => all[name] !== undefined);
  return chosen.length === 0 ? {} : { Attributes: Object.fromEntries(chosen.map((name) => [name, all[name]!])) };
}

export function getQueueUrl(ctx: Ctx, input: GetQueueUrlRequest): GetQueueUrlResult {
  const owner = ctx.at(input.QueueOwnerAWSAccountId ?? ctx.account, ctx.region);
  if (owner.store.queue(input.QueueName) === undefined) throw noSuchQueue(speaksQuery(ctx));
  return { QueueUrl: queueUrl(owner, input.QueueName) };
}

export function listQueues(ctx: Ctx, input: ListQueuesRequest): ListQueuesResult {
  const limit = pageSize(input.MaxResults);
  const queues = ctx.store.listQueues(input.QueueNamePrefix ?? "", readToken(input.NextToken), limit + 1);
  const shown = queues.slice(0, limit);
  return {
    ...(shown.length === 0 ? {} : { QueueUrls: shown.map(({ name }) => queueUrl(ctx, name)) }),
    // Without MaxResults there is one answer of at most 1,000, as there was before pages.
    ...(queues.length > limit && input.MaxResults !== undefined ? { NextToken: writeToken(shown.at(-1)!.name) } : {}),
  };
}

export function listDeadLetterSourceQueues(ctx: Ctx, input: ListDeadLetterSourceQueuesRequest): ListDeadLetterSourceQueuesResult {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  const limit = pageSize(input.MaxResults);
  const sources = owner.store.sourcesOf(queueArn(owner, queue), readToken(input.NextToken), limit + 1);
  const shown = sources.slice(0, limit);
  return {
    queueUrls: shown.map(({ name }) => queueUrl(owner, name)),
    ...(sources.length > limit ? { NextToken: writeToken(shown.at(-1)!.name) } : {}),
  };
}

export function deleteQueue(ctx: Ctx, input: DeleteQueueRequest): void {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  owner.store.deleteQueue(queue, owner.clock.now());
}

export function purgeQueue(ctx: Ctx, input: PurgeQueueRequest): void {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  const nowMs = owner.clock.now();
  if (queue.purgedMs !== undefined && cooldowns(ctx) && nowMs - queue.purgedMs < cooldownMs) {
    throw new AwsError("PurgeQueueInProgress", `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`);
  }
  owner.store.purgeQueue(queue, nowMs);
}

function cooldowns(ctx: Ctx): boolean {
  return ctx.config.settings["sqs.cooldowns"] === "on";
}

function pageSize(given: number | undefined): number {
  if (given === undefined) return longestPage;
  if (given < 1 || given > longestPage) throw invalidValue(given, "MaxResults", "MaxResults must be an integer between 1 and 1000.");
  return given;
}

function writeToken(name: string): string {
  return Buffer.from(name).toString("base64");
}

function readToken(token: string | undefined): string {
  if (token === undefined) return "";
  const name = Buffer.from(token, "base64").toString();
  if (!/^[A-Za-z0-9_.-]{1,80}$/.test(name)) throw invalidParameter("Invalid or expired next token.");
  return name;
}
