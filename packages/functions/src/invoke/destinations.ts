import type { Context } from "@cumulet/core";

/** The outcome of an asynchronous event, or of a batch that was given up, on its way to a destination. */
export interface Outcome {
  /** Complete JSON, as the destination gets it. */
  record: object;
  success: boolean;
  functionArn: string;
  functionName: string;
}

/** The record about an asynchronous event. */
export function asyncRecord(outcome: {
  nowMs: number; requestId: string; functionArn: string; condition: "Success" | "RetriesExhausted" | "EventAgeExceeded" | "RecursiveLoopDetected"; invokeCount: number;
  requestPayload: unknown; response: { executedVersion: string; functionError: boolean; payload: unknown } | undefined;
}): object {
  const { response } = outcome;
  return {
    version: "1.0",
    timestamp: new Date(outcome.nowMs).toISOString(),
    requestContext: { requestId: outcome.requestId, functionArn: outcome.functionArn, condition: outcome.condition, approximateInvokeCount: outcome.invokeCount },
    requestPayload: outcome.requestPayload,
    // An event that never reached the function has no answer to tell of.
    ...(response === undefined ? {} : {
      responseContext: { statusCode: 200, executedVersion: response.executedVersion, ...(response.functionError ? { functionError: "Unhandled" } : {}) },
      responsePayload: response.payload,
    }),
  };
}

/** Sends an outcome to a queue, a topic, a function, an event bus or a bucket. Rejects when the target refuses it. */
export async function sendOutcome(ctx: Context, destination: string, outcome: Outcome): Promise<void> {
  const [, , service, region, account, ...rest] = destination.split(":");
  const resource = rest.join(":");
  const calls = ctx.as({ account: account || ctx.account, region: region || ctx.region });
  const text = JSON.stringify(outcome.record);
  if (service === "sqs") {
    const { QueueUrl } = await calls.sqs.GetQueueUrl({ QueueName: resource });
    await calls.sqs.SendMessage({ QueueUrl: QueueUrl!, MessageBody: text });
  } else if (service === "sns") {
    await calls.sns.Publish({ TopicArn: destination, Message: text });
  } else if (service === "lambda") {
    await calls.lambda.Invoke({ FunctionName: destination, InvocationType: "Event", Payload: Buffer.from(text) });
  } else if (service === "events") {
    await calls.events.PutEvents({
      Entries: [{
        Source: "lambda", DetailType: `Lambda Function Invocation Result - ${outcome.success ? "Success" : "Failure"}`,
        Resources: [destination, outcome.functionArn], Detail: text, EventBusName: resource.replace(/^event-bus\//, ""), Time: ctx.clock.now(),
      }],
    });
  } else if (service === "s3") {
    const time = new Date(ctx.clock.now()).toISOString();
    const day = time.slice(0, 10).replaceAll("-", "/");
    await calls.s3.PutObject({ Bucket: resource, Key: `aws/lambda/async/${outcome.functionName}/${day}/${time.slice(0, 19).replaceAll(":", ".")}-${ctx.ids.uuid()}`, Body: Buffer.from(text) as never });
  } else {
    throw new Error(`Outcomes cannot be sent to ${destination}`);
  }
}

/** Sends an event that failed for good to a function's dead letter queue or topic, the event itself with attributes about it. */
export async function sendDeadLetter(ctx: Context, target: string, event: { payload: string; requestId: string; errorMessage: string }): Promise<void> {
  const [, , service, region, account, name] = target.split(":");
  const calls = ctx.as({ account: account || ctx.account, region: region || ctx.region });
  const attributes = {
    RequestID: { DataType: "String", StringValue: event.requestId },
    ErrorCode: { DataType: "Number", StringValue: "200" },
    // The first kilobyte, and never nothing: an attribute may not be empty.
    ErrorMessage: { DataType: "String", StringValue: event.errorMessage.slice(0, 1024) || "Unknown" },
  };
  if (service === "sqs") {
    const { QueueUrl } = await calls.sqs.GetQueueUrl({ QueueName: name! });
    await calls.sqs.SendMessage({ QueueUrl: QueueUrl!, MessageBody: event.payload, MessageAttributes: attributes });
  } else {
    await calls.sns.Publish({ TopicArn: target, Message: event.payload, MessageAttributes: attributes });
  }
}
