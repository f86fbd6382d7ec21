import { AwsError } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import { checkNotification, targetsOf } from "../domain/notification.ts";
import type { Target } from "../domain/notification.ts";
import { authorize } from "../requests/authorize.ts";
import { nextRevision, openBucket } from "../requests/bucket.ts";
import { TEST_EVENT } from "../requests/events.ts";
import type { TestEvent } from "../requests/events.ts";
import type { Store } from "../store.ts";

export const notificationOperations = {
  async PutBucketNotificationConfiguration(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketNotification");
    const config = checkNotification(input.NotificationConfiguration, () => ctx.ids.uuid());
    const targets = targetsOf(config);
    if (input.SkipDestinationValidation !== true) await checkDestinations(ctx, targets);
    bucket.ctx.transaction(() => {
      bucket.ctx.store.buckets.putConfig(bucket.id, "notification", config, nextRevision(ctx));
      // Queues and topics are told once that they will be told; functions are not.
      if (input.SkipDestinationValidation === true) return;
      for (const { service, arn } of targets) {
        if (service === "lambda") continue;
        bucket.ctx.emit({ type: TEST_EVENT, detail: { service, arn, bucket: bucket.name, timeMs: ctx.clock.now(), requestId: ctx.requestId } satisfies TestEvent });
      }
    });
    return {};
  },

  GetBucketNotificationConfiguration(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketNotification");
    return bucket.configs.notification ?? {};
  },
} satisfies Operations<"s3", Store>;

/** Every target must exist; throws with all that do not, numbered when they are several (recorded from S3). */
async function checkDestinations(ctx: Context<Store>, targets: readonly Target[]): Promise<void> {
  const missing: [string, string][] = [];
  for (const target of targets) {
    const problem = await problemOf(ctx, target);
    if (problem !== undefined) missing.push([target.arn, problem]);
  }
  if (missing.length === 0) return;
  const numbered = missing.length > 1;
  throw new AwsError("InvalidArgument", "Unable to validate the following destination configurations", {
    status: 400,
    fields: Object.fromEntries(missing.flatMap(([arn, problem], at) => [
      [`ArgumentName${numbered ? at + 1 : ""}`, arn],
      [`ArgumentValue${numbered ? at + 1 : ""}`, problem],
    ])),
  });
}

async function problemOf(ctx: Context<Store>, { service, arn }: Target): Promise<string | undefined> {
  const [, , , region = ctx.region, account = ctx.account, name = ""] = arn.split(":");
  const there = ctx.as({ account, region });
  try {
    if (service === "sqs") await there.sqs.GetQueueUrl({ QueueName: name });
    else if (service === "sns") await there.sns.GetTopicAttributes({ TopicArn: arn });
    else await there.lambda.GetFunctionConfiguration({ FunctionName: arn });
    return undefined;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    // A service that is not part of this cloud cannot be asked; its events will be reported as undeliverable.
    if (error.status === 501) return undefined;
    return service === "sqs" ? "The destination queue does not exist" : service === "sns" ? "The destination topic does not exist" : "Not authorized to invoke function";
  }
}
