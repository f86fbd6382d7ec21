import { AwsError } from "@cumulet/protocol";
import type { CallOptions, Context, PlatformEvent, Principal } from "@cumulet/core";
import { bridgeEvent, eventRecord } from "./domain/event-records.ts";
import type { Happening } from "./domain/event-records.ts";
import { BRIDGE, NOTIFICATION, TEST_EVENT } from "./requests/events.ts";
import type { Notification, TestEvent } from "./requests/events.ts";
import type { Store } from "./store.ts";

/** Carries durable events to functions, queues, topics and buses: `s3.amazonaws.com` calls them. */
export const deliveries: { [type: string]: (ctx: Context<Store>, event: PlatformEvent) => Promise<void> } = {
  async [NOTIFICATION](ctx, { detail }) {
    const { target, happening } = detail as Notification;
    const message = JSON.stringify({ Records: [eventRecord(happening, target.id, ctx.partition)] });
    await deliver(ctx, target, message);
  },

  async [TEST_EVENT](ctx, { detail }) {
    const { service, arn, bucket, timeMs, requestId } = detail as TestEvent;
    await deliver(ctx, { service, arn }, JSON.stringify({
      Service: "Amazon S3", Event: "s3:TestEvent", Time: new Date(timeMs).toISOString(), Bucket: bucket, RequestId: requestId, HostId: Buffer.alloc(57, requestId).toString("base64"),
    }));
  },

  async [BRIDGE](ctx, { detail }) {
    const happening = detail as Happening;
    const event = bridgeEvent(happening, ctx.partition);
    if (event === undefined) return;
    await reporting(ctx, "events", async () => {
      await ctx.as({ account: happening.account, region: happening.region, principal: principalOf(happening.account) }).events.PutEvents({
        Entries: [{ Source: "aws.s3", DetailType: event.detailType, Resources: [event.resource], Detail: JSON.stringify(event.detail), Time: happening.timeMs }],
      });
    });
  },
};

async function deliver(ctx: Context<Store>, target: { service: "lambda" | "sqs" | "sns"; arn: string }, message: string): Promise<void> {
  const [, , , region = ctx.region, account = ctx.account, name = ""] = target.arn.split(":");
  const options: CallOptions = { account, region, principal: principalOf(account) };
  await reporting(ctx, target.arn, async () => {
    const there = ctx.as(options);
    switch (target.service) {
      case "lambda":
        await there.lambda.Invoke({ FunctionName: target.arn, InvocationType: "Event", Payload: Buffer.from(message) });
        break;
      case "sqs": {
        const { QueueUrl = "" } = await there.sqs.GetQueueUrl({ QueueName: name });
        await there.sqs.SendMessage({ QueueUrl, MessageBody: message, MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: ctx.trace.xray() } } });
        break;
      }
      case "sns":
        await there.sns.Publish({ TopicArn: target.arn, Message: message, Subject: "Amazon S3 Notification" });
        break;
    }
  });
}

function principalOf(account: string): Principal {
  return { kind: "service", account, arn: "s3.amazonaws.com", id: "s3.amazonaws.com" };
}

/** Failures are thrown, to be tried again; but a service that this cloud does not have will not come by waiting. */
async function reporting(ctx: Context<Store>, target: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof AwsError) || error.status !== 501) throw error;
    ctx.log.warn("an event could not be delivered: its target's service is not part of this cloud", { target, reason: error.message });
  }
}
