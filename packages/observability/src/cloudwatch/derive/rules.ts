import type { Record as RequestRecord, Span } from "@cumulet/core";

/** Values of one thing that happened, by metric name: value and unit. */
export type Measures = { [metric: string]: readonly [value: number, unit: string] };

/** Adds measures under a namespace and dimensions; the key makes finding the metrics again quick. */
export type Add = (namespace: string, dimensions: readonly (readonly [name: string, value: string])[], measures: Measures) => void;

const READ_UNIT = 4096;
const WRITE_UNIT = 1024;
const READS = new Set(["GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"]);

type Members = { readonly [member: string]: unknown };

/** Which metrics a finished request gives. Requests that have no rule cost one look-up. */
export const RULES: { readonly [service: string]: (record: RequestRecord, add: Add) => void } = {
  dynamodb: (record, add) => {
    const table = (record.input as Members | undefined)?.TableName;
    if (typeof table !== "string") return;
    const name = table.startsWith("arn:") ? table.slice(table.lastIndexOf("/") + 1) : table;
    const perOperation = [["TableName", name], ["Operation", record.operation]] as const;
    if (record.error !== undefined) {
      if (/Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded/.test(record.error.code)) add("AWS/DynamoDB", perOperation, { ThrottledRequests: [1, "Count"] });
      else if (record.error.code === "ConditionalCheckFailedException") add("AWS/DynamoDB", [["TableName", name]], { ConditionalCheckFailedRequests: [1, "Count"] });
      else if (record.status >= 500) add("AWS/DynamoDB", perOperation, { SystemErrors: [1, "Count"] });
      else add("AWS/DynamoDB", [], { UserErrors: [1, "Count"] });
      if (record.status < 500) return;
    }
    const output = record.output as Members | undefined;
    const items = output?.Items;
    add("AWS/DynamoDB", perOperation, {
      SuccessfulRequestLatency: [record.durationMs, "Milliseconds"],
      ...(Array.isArray(items) ? { ReturnedItemCount: [items.length, "Count"] } : {}),
    });
    const reads = READS.has(record.operation);
    if (!reads && !/^(PutItem|UpdateItem|DeleteItem)$/.test(record.operation)) return;
    add("AWS/DynamoDB", [["TableName", name]], { [reads ? "ConsumedReadCapacityUnits" : "ConsumedWriteCapacityUnits"]: [capacityOf(record, output, reads), "Count"] });
  },
  sqs: (record, add) => {
    const url = (record.input as Members | undefined)?.QueueUrl;
    if (typeof url !== "string" || record.error !== undefined) return;
    const dimensions = [["QueueName", url.slice(url.lastIndexOf("/") + 1)]] as const;
    const input = record.input as { MessageBody?: string; Entries?: { MessageBody?: string }[] };
    const output = (record.output ?? {}) as { Messages?: unknown[]; Successful?: unknown[] };
    switch (record.operation) {
      case "SendMessage":
        return add("AWS/SQS", dimensions, { NumberOfMessagesSent: [1, "Count"], SentMessageSize: [Buffer.byteLength(input.MessageBody ?? ""), "Bytes"] });
      case "SendMessageBatch":
        add("AWS/SQS", dimensions, { NumberOfMessagesSent: [output.Successful?.length ?? 0, "Count"] });
        for (const { MessageBody = "" } of input.Entries ?? []) add("AWS/SQS", dimensions, { SentMessageSize: [Buffer.byteLength(MessageBody), "Bytes"] });
        return;
      case "ReceiveMessage":
        return add("AWS/SQS", dimensions, (output.Messages?.length ?? 0) > 0 ? { NumberOfMessagesReceived: [output.Messages!.length, "Count"] } : { NumberOfEmptyReceives: [1, "Count"] });
      case "DeleteMessage":
        return add("AWS/SQS", dimensions, { NumberOfMessagesDeleted: [1, "Count"] });
      case "DeleteMessageBatch":
        return add("AWS/SQS", dimensions, { NumberOfMessagesDeleted: [output.Successful?.length ?? 0, "Count"] });
      default:
    }
  },
  sns: (record, add) => {
    const input = (record.input ?? {}) as { TopicArn?: string; TargetArn?: string; Message?: string; PublishBatchRequestEntries?: { Message?: string }[] };
    const arn = input.TopicArn ?? input.TargetArn;
    if (arn === undefined || record.error !== undefined || !/^Publish(Batch)?$/.test(record.operation)) return;
    const dimensions = [["TopicName", arn.slice(arn.lastIndexOf(":") + 1)]] as const;
    for (const message of record.operation === "Publish" ? [input.Message] : (input.PublishBatchRequestEntries ?? []).map(({ Message }) => Message)) {
      add("AWS/SNS", dimensions, { NumberOfMessagesPublished: [1, "Count"], PublishSize: [Buffer.byteLength(message ?? ""), "Bytes"] });
    }
  },
  s3: (record, add) => {
    const bucket = (record.input as Members | undefined)?.Bucket;
    if (typeof bucket !== "string") return;
    const { operation, status } = record;
    const kind = /^Get|^Head/.test(operation) ? (operation.startsWith("Head") ? "HeadRequests" : "GetRequests") : operation.startsWith("Put") || /^(Copy|Upload|Complete|Create)/.test(operation) ? "PutRequests"
      : operation.startsWith("Delete") ? "DeleteRequests" : operation.startsWith("List") ? "ListRequests" : undefined;
    add("AWS/S3", [["BucketName", bucket], ["FilterId", "EntireBucket"]], {
      AllRequests: [1, "Count"], ...(kind === undefined ? {} : { [kind]: [1, "Count"] as const }), "4xxErrors": [status >= 400 && status < 500 ? 1 : 0, "Count"], "5xxErrors": [status >= 500 ? 1 : 0, "Count"],
      TotalRequestLatency: [record.durationMs, "Milliseconds"], ...(record.bytesOut > 0 && kind === "GetRequests" ? { BytesDownloaded: [record.bytesOut, "Bytes"] as const } : {}),
      ...(record.bytesIn > 0 && kind === "PutRequests" ? { BytesUploaded: [record.bytesIn, "Bytes"] as const } : {}),
    });
  },
  lambda: (record, add) => {
    // What ran is told by its span; a refusal for want of concurrency ran nothing.
    if (record.error?.code !== "TooManyRequestsException") return;
    const name = (record.input as Members | undefined)?.FunctionName;
    if (typeof name !== "string") return;
    const measures: Measures = { Throttles: [1, "Count"] };
    add("AWS/Lambda", [["FunctionName", functionName(name)]], measures);
    add("AWS/Lambda", [], measures);
  },
  "cloudfront-viewer": (record, add) => {
    const { distribution } = record.notes as { distribution?: string };
    if (distribution === undefined) return;
    const { status } = record;
    const [client, server] = [status >= 400 && status < 500 ? 100 : 0, status >= 500 ? 100 : 0];
    add("AWS/CloudFront", [["DistributionId", distribution], ["Region", "Global"]], {
      Requests: [1, "None"], BytesDownloaded: [record.bytesOut, "None"], BytesUploaded: [record.bytesIn, "None"], "4xxErrorRate": [client, "Percent"], "5xxErrorRate": [server, "Percent"], TotalErrorRate: [client + server, "Percent"],
    });
  },
  logs: (record, add) => {
    if (record.operation !== "PutLogEvents" || record.error !== undefined) return;
    const { logGroupName, logEvents = [] } = (record.input ?? {}) as { logGroupName?: string; logEvents?: readonly { message: string }[] };
    if (logGroupName === undefined) return;
    const measures: Measures = { IncomingLogEvents: [logEvents.length, "None"], IncomingBytes: [logEvents.reduce((sum, { message }) => sum + message.length + 26, 0), "None"] };
    add("AWS/Logs", [["LogGroupName", logGroupName]], measures);
    add("AWS/Logs", [], measures);
  },
};

/** Services whose metrics stand in one region for the whole partition. */
export const GLOBAL: ReadonlySet<string> = new Set(["cloudfront-viewer"]);

/** The attributes of the span in which a function ran, as the functions package opens it. */
export interface InvocationSpan {
  "lambda.function": string;
  "lambda.account": string;
  "lambda.region": string;
  /** Version or alias that was asked for. */
  "lambda.qualifier"?: string;
  "lambda.duration_ms": number;
  "lambda.init_ms"?: number;
  "lambda.failed": boolean;
  /** How many ran at that time. */
  "lambda.concurrent"?: number;
}

/** Metrics of a function that ran, however it was invoked; undefined for any other span. */
export function measureInvocation(span: Span, add: Add): InvocationSpan | undefined {
  const attributes = span.attributes as Partial<InvocationSpan>;
  const name = attributes["lambda.function"];
  if (name === undefined) return undefined;
  const measures: Measures = {
    Invocations: [1, "Count"], Errors: [attributes["lambda.failed"] === true ? 1 : 0, "Count"], Duration: [attributes["lambda.duration_ms"] ?? 0, "Milliseconds"], Throttles: [0, "Count"],
    ...(attributes["lambda.concurrent"] === undefined ? {} : { ConcurrentExecutions: [attributes["lambda.concurrent"], "Count"] as const }),
  };
  add("AWS/Lambda", [["FunctionName", name]], measures);
  add("AWS/Lambda", [], measures);
  const qualifier = attributes["lambda.qualifier"];
  if (qualifier !== undefined) add("AWS/Lambda", [["FunctionName", name], ["Resource", `${name}:${qualifier}`]], measures);
  return attributes as InvocationSpan;
}

/** The name in a function's name or ARN. */
function functionName(reference: string): string {
  return /(?:^|:function:)([A-Za-z0-9-_]+)(?::[^:]+)?$/.exec(reference)?.[1] ?? reference;
}

/** Units as DynamoDB told them; where nobody asked, reckoned from the bytes that travelled. */
function capacityOf(record: RequestRecord, output: Members | undefined, reads: boolean): number {
  const told = (output?.ConsumedCapacity as { CapacityUnits?: number } | undefined)?.CapacityUnits;
  if (told !== undefined) return told;
  const units = Math.max(1, Math.ceil((reads ? record.bytesOut : record.bytesIn) / (reads ? READ_UNIT : WRITE_UNIT)));
  return reads && (record.input as Members).ConsistentRead !== true ? units / 2 : units;
}
