import { AwsError } from "@cumulet/protocol";
import type { Context } from "@cumulet/core";
import { request } from "./http.ts";
import { Permanent } from "./failures.ts";

/** Something that takes a text: a queue, a topic, a function, a log group, an API. */
export interface Invocation {
  arn: string;
  input: string;
  /** Identifies what is delivered: deduplicates in FIFO queues. */
  id: string;
  groupId?: string | undefined;
  /** What is put into the path, the headers and the query of an API of ours. */
  http?: { PathParameterValues?: string[]; HeaderParameters?: { [name: string]: string }; QueryStringParameters?: { [name: string]: string } } | undefined;
}

/** Services whose resources can be targets, by the service part of their ARN. Buses and API destinations are EventBridge's own. */
const invokers: { [service: string]: (ctx: Context<unknown>, invocation: Invocation) => Promise<void> } = {
  sqs: toQueue, sns: toTopic, lambda: toFunction, logs: toLogGroup, "execute-api": toApi,
};

/** Whether something of that ARN can be a target. */
export function isInvocable(arn: string): boolean {
  return Object.hasOwn(invokers, arn.split(":")[2] ?? "");
}

/** Hands a text to a resource. Rejects with what it answered. */
export async function invoke(ctx: Context<unknown>, invocation: Invocation): Promise<void> {
  const invoker = invokers[invocation.arn.split(":")[2] ?? ""];
  if (invoker === undefined) throw new Permanent(`Cumulet cannot deliver to ${invocation.arn}.`);
  await invoker(ctx, invocation);
}

function ownerOf(arn: string): { account: string; region: string; rest: string } {
  const [, , , region, account, ...rest] = arn.split(":") as [string, string, string, string, string, ...string[]];
  return { account, region, rest: rest.join(":") };
}

async function toQueue(ctx: Context<unknown>, { arn, input, id, groupId }: Invocation): Promise<void> {
  const { account, region, rest: name } = ownerOf(arn);
  const fifo = name.endsWith(".fifo");
  await ctx.as({ account, region }).sqs.SendMessage({
    QueueUrl: `${ctx.endpoint}/${account}/${name}`,
    MessageBody: input,
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(fifo ? { MessageDeduplicationId: id } : {}),
  });
}

async function toTopic(ctx: Context<unknown>, { arn, input, id, groupId }: Invocation): Promise<void> {
  const { account, region, rest: name } = ownerOf(arn);
  const fifo = name.endsWith(".fifo");
  await ctx.as({ account, region }).sns.Publish({ TopicArn: arn, Message: input, ...(fifo ? { MessageGroupId: groupId ?? id, MessageDeduplicationId: id } : {}) });
}

async function toFunction(ctx: Context<unknown>, { arn, input }: Invocation): Promise<void> {
  const { account, region } = ownerOf(arn);
  await ctx.as({ account, region }).lambda.Invoke({ FunctionName: arn, InvocationType: "Event", Payload: Buffer.from(input) as never });
}

/** Each event has a stream of its own. */
async function toLogGroup(ctx: Context<unknown>, { arn, input, id }: Invocation): Promise<void> {
  const { account, region, rest } = ownerOf(arn);
  const logGroupName = rest.replace(/^log-group:/, "").replace(/:\*$/, "");
  const { logs } = ctx.as({ account, region });
  try {
    await logs.CreateLogStream({ logGroupName, logStreamName: id });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== "ResourceAlreadyExistsException") throw error;
  }
  await logs.PutLogEvents({ logGroupName, logStreamName: id, logEvents: [{ timestamp: ctx.clock.now(), message: input }] });
}

/** `arn:aws:execute-api:region:account:api/stage/METHOD/path`, `*` in it filled from the path parameters. */
async function toApi(ctx: Context<unknown>, { arn, input, http = {} }: Invocation): Promise<void> {
  const { rest } = ownerOf(arn);
  const [api, stage, method, ...path] = rest.split("/") as [string, string, string, ...string[]];
  const given = [...(http.PathParameterValues ?? [])];
  const filled = path.map((segment) => (segment === "*" ? encodeURIComponent(given.shift() ?? "") : segment)).join("/");
  const query = new URLSearchParams(http.QueryStringParameters ?? {}).toString();
  const url = `${ctx.config.endpoint}/_aws/execute-api/${encodeURIComponent(api)}/${encodeURIComponent(stage)}/${filled}${query === "" ? "" : `?${query}`}`;
  const { status } = await request(method === "*" ? "POST" : method, url, input, { "Content-Type": "application/json", ...http.HeaderParameters }, ctx.signal);
  refuseStatus(url, status);
}

/** @throws Permanent for the client's fault, Error for what may pass. */
export function refuseStatus(url: string, status: number): void {
  if (status < 400) return;
  const message = `${url} answered ${status}.`;
  throw status < 500 && status !== 429 && status !== 409 ? new Permanent(message) : new Error(message);
}
