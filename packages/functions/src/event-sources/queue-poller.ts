import type { Message } from "@cumulet/protocol/models/sqs.d.ts";
import type { Matcher } from "@cumulet/core";
import type { LambdaContext } from "../operations/lookup.ts";
import type { MappingRow } from "../store/mappings.ts";
import { EVENT_BYTES_MAX, failedItems, invokeBatch } from "./invoke-batch.ts";
import { compileFilter } from "./kinds.ts";
import { Poller } from "./poller.ts";

/** SQS gives out and takes back ten messages at a time. */
const RECEIVE_MAX = 10;
/** Batches of a mapping at once, where its owner sets no `MaximumConcurrency`. */
const CONCURRENCY = 20;
/** A function that is throttled is tried again after a second, and longer each time. */
const REFUSED_FIRST_MS = 1000;
const REFUSED_LONGEST_MS = 60_000;

/** A batch that waits: for more messages, or because its function is throttled. */
interface Held {
  messages: Message[];
  sinceMs: number;
  dueMs: number;
  refusals: number;
}

/** Hands messages of an SQS queue to a function and deletes what it has handled. */
export class QueuePoller extends Poller {
  #held: Held[] = [];
  #filters: { text: string; matchers: { matches: Matcher; parsesBody: boolean }[] } | undefined;

  protected async drain(): Promise<void> {
    const { ctx } = this;
    const mapping = this.mapping(ctx);
    if (mapping === undefined) return;
    const limit = mapping.settings.ScalingConfig?.MaximumConcurrency ?? CONCURRENCY;
    let workers = 0;
    await new Promise<void>((resolve, reject) => {
      // One worker at first; each full batch shows that there is work for one more.
      const grow = (): void => {
        if (workers >= limit) return;
        workers += 1;
        this.#work(ctx, mapping, grow).then(() => {
          workers -= 1;
          if (workers === 0) resolve();
        }, reject);
      };
      grow();
    });
  }

  async #work(ctx: LambdaContext, mapping: MappingRow, grow: () => void): Promise<void> {
    const size = mapping.settings.BatchSize ?? 10;
    const windowMs = (mapping.settings.MaximumBatchingWindowInSeconds ?? 0) * 1000;
    while (!this.stopped) {
      const held = this.#takeHeld(ctx.clock.now(), size);
      const messages = held?.messages ?? [];
      const full = await this.#receive(ctx, mapping, messages, size);
      if (messages.length === 0) return;
      if (full) grow();
      const batch: Held = held ?? { messages, sinceMs: ctx.clock.now(), dueMs: 0, refusals: 0 };
      const windowEndsMs = batch.sinceMs + windowMs;
      if (messages.length < size && ctx.clock.now() < windowEndsMs) {
        this.#hold(ctx, batch, windowEndsMs);
        return;
      }
      if (!(await this.#handle(ctx, mapping, batch))) return;
    }
  }

  /** Fills a batch up to `size`; true when the queue gave all that was asked for. */
  async #receive(ctx: LambdaContext, mapping: MappingRow, messages: Message[], size: number): Promise<boolean> {
    while (messages.length < size && !this.stopped) {
      const wanted = Math.min(RECEIVE_MAX, size - messages.length);
      const { Messages = [] } = await ctx.call.sqs.ReceiveMessage({
        QueueUrl: await queueUrl(ctx, mapping), MaxNumberOfMessages: wanted, WaitTimeSeconds: 0, AttributeNames: ["All"], MessageAttributeNames: ["All"],
      });
      messages.push(...Messages);
      if (Messages.length < wanted) return false;
    }
    return true;
  }

  /** False when the function cannot be run now: there is no use in taking more from the queue. */
  async #handle(ctx: LambdaContext, mapping: MappingRow, batch: Held): Promise<boolean> {
    const matching = batch.messages.filter((message) => this.#matches(mapping, message));
    const dropped = batch.messages.filter((message) => !matching.includes(message));
    await this.#delete(ctx, mapping, dropped);
    let ran = true;
    for (const part of parts(mapping, ctx.region, matching)) ran = (await this.#invoke(ctx, mapping, part, batch)) && ran;
    return ran;
  }

  async #invoke(ctx: LambdaContext, mapping: MappingRow, messages: Message[], batch: Held): Promise<boolean> {
    const event = eventOf(mapping, ctx.region, messages);
    const outcome = await invokeBatch(ctx, mapping, event, messages[0]?.Attributes?.["AWSTraceHeader"], this.signal);
    if (outcome.kind === "refused") {
      this.note(ctx, `PROBLEM: ${outcome.reason}`);
      const waitMs = Math.min(REFUSED_LONGEST_MS, REFUSED_FIRST_MS * 2 ** Math.min(batch.refusals, 10));
      // What is not handled before its visibility timeout goes back to the queue by itself.
      if (batch.refusals < 30) this.#hold(ctx, { messages, sinceMs: batch.sinceMs, dueMs: 0, refusals: batch.refusals + 1 }, ctx.clock.now() + waitMs);
      return false;
    }
    if (outcome.kind === "failure") {
      this.note(ctx, "PROBLEM: Function call failed");
      return true;
    }
    this.note(ctx, "OK");
    const reports = mapping.settings.FunctionResponseTypes?.includes("ReportBatchItemFailures") === true;
    const failed = reports ? failedItems(outcome.response, new Set(messages.map(({ MessageId }) => MessageId!))) : new Set<string>();
    if (failed !== "all") await this.#delete(ctx, mapping, messages.filter(({ MessageId }) => !failed.has(MessageId!)));
    return true;
  }

  async #delete(ctx: LambdaContext, mapping: MappingRow, messages: Message[]): Promise<void> {
    for (let from = 0; from < messages.length; from += RECEIVE_MAX) {
      const chunk = messages.slice(from, from + RECEIVE_MAX);
      await ctx.call.sqs.DeleteMessageBatch({ QueueUrl: await queueUrl(ctx, mapping), Entries: chunk.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle: ReceiptHandle! })) });
    }
  }

  #hold(ctx: LambdaContext, batch: Held, dueMs: number): void {
    this.#held.push({ ...batch, dueMs });
    this.wakeAfter(ctx, dueMs - ctx.clock.now());
  }

  /** A held batch that is due, or one that may still be filled. */
  #takeHeld(nowMs: number, size: number): Held | undefined {
    const index = this.#held.findIndex((held) => held.dueMs <= nowMs || (held.refusals === 0 && held.messages.length < size));
    return index < 0 ? undefined : this.#held.splice(index, 1)[0];
  }

  #matches(mapping: MappingRow, message: Message): boolean {
    const filters = mapping.settings.FilterCriteria?.Filters;
    if (filters === undefined) return true;
    const text = JSON.stringify(filters);
    if (this.#filters?.text !== text) {
      this.#filters = {
        text,
        // A pattern that looks into the body needs it parsed; one that names whole bodies needs it as it is.
        matchers: filters.map(({ Pattern }) => ({ matches: compileFilter(Pattern), parsesBody: looksIntoBody(Pattern!) })),
      };
    }
    const record = recordOf(mapping, "", message);
    return this.#filters.matchers.some(({ matches, parsesBody }) => {
      if (!parsesBody) return matches(record);
      try {
        return matches({ ...record, body: JSON.parse(record.body as string) });
      } catch {
        return false;
      }
    });
  }
}

/** The URL of a mapping's queue, as the queue's own service tells it. */
async function queueUrl(ctx: LambdaContext, mapping: MappingRow): Promise<string> {
  const [, , , , account, name] = mapping.eventSourceArn!.split(":");
  const { QueueUrl } = await ctx.call.sqs.GetQueueUrl({ QueueName: name!, QueueOwnerAWSAccountId: account });
  return QueueUrl!;
}

function looksIntoBody(pattern: string): boolean {
  const { body } = JSON.parse(pattern) as { body?: unknown };
  return typeof body === "object" && body !== null && !Array.isArray(body);
}

/** A batch cut so that each part fits into an event. */
function* parts(mapping: MappingRow, region: string, messages: Message[]): Iterable<Message[]> {
  if (messages.length === 0) return;
  if (messages.length === 1 || eventOf(mapping, region, messages).length <= EVENT_BYTES_MAX) {
    yield messages;
    return;
  }
  const half = messages.length >> 1;
  yield* parts(mapping, region, messages.slice(0, half));
  yield* parts(mapping, region, messages.slice(half));
}

function eventOf(mapping: MappingRow, region: string, messages: Message[]): Buffer {
  return Buffer.from(JSON.stringify({ Records: messages.map((message) => recordOf(mapping, region, message)) }));
}

function recordOf(mapping: MappingRow, region: string, message: Message): Record<string, unknown> {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, {
    ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
    ...(value.BinaryValue === undefined ? {} : { binaryValue: Buffer.from(value.BinaryValue).toString("base64") }),
    stringListValues: [], binaryListValues: [], dataType: value.DataType,
  }]);
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(attributes) as object,
    ...(message.MD5OfMessageAttributes === undefined ? {} : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    md5OfBody: message.MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: mapping.eventSourceArn,
    awsRegion: region,
  };
}
