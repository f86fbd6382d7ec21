import type { Record as RequestRecord, Span } from "@cumulet/core";
import { serviceIndex, type ServiceId } from "@cumulet/protocol";
import { writeTraceId, type Segment } from "./segment.ts";

/** How requests to a service appear in traces: their node's type, and the input member that names the node. */
interface Appearance {
  origin: string;
  /** Members that name a resource, the first that is there. */
  members: readonly string[];
  /** Under which keys the resource stands in `aws`. */
  key: string;
}

const APPEARANCES: { readonly [service: string]: Appearance } = {
  dynamodb: { origin: "AWS::DynamoDB::Table", members: ["TableName"], key: "table_name" },
  sqs: { origin: "AWS::SQS::Queue", members: ["QueueUrl", "QueueName"], key: "queue_url" },
  sns: { origin: "AWS::SNS", members: ["TopicArn"], key: "topic_arn" },
  s3: { origin: "AWS::S3", members: [], key: "bucket_name" },
  events: { origin: "AWS::Events", members: [], key: "event_bus" },
};

/** Data planes by name. */
const PLANES: { readonly [plane: string]: string } = {
  "execute-api": "AWS::ApiGateway::Stage", "cloudfront-viewer": "AWS::CloudFront::Distribution", "lambda-url": "AWS::Lambda::Url", "s3-website": "AWS::S3",
};

const THROTTLES = /Throttl|TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded|SlowDown/;

/** The segments of a finished request: one, or two for an invocation (the service's and the function's). */
export function segmentsOf(record: RequestRecord): Segment[] {
  const { service, operation, status, error } = record;
  const start = record.startedMs / 1000;
  const end = (record.startedMs + record.durationMs) / 1000;
  const throttled = status === 429 || (error !== undefined && THROTTLES.test(error.code));
  const base = {
    id: record.spanId,
    trace_id: writeTraceId(record.traceId),
    ...(record.parentId === undefined ? {} : { parent_id: record.parentId }),
    start_time: start,
    end_time: end,
    ...(status >= 500 ? { fault: true } : status >= 400 ? { error: true } : {}),
    ...(throttled ? { throttle: true } : {}),
    ...(error === undefined ? {} : { cause: { exceptions: [{ id: record.spanId, message: error.message, type: error.code }] } }),
  };
  const plane = PLANES[service];
  if (plane !== undefined || !Object.hasOwn(serviceIndex, service)) {
    const { gateway, distribution } = record.notes as { gateway?: { api?: string; stage?: string }; distribution?: string };
    return [{
      ...base,
      name: gateway?.api === undefined ? distribution ?? (record.url.split(/[/?]/)[0] || service) : gateway.stage === undefined ? gateway.api : `${gateway.api}/${gateway.stage}`,
      origin: plane ?? service,
      http: http(record),
      aws: { account_id: record.account, region: record.region, request_id: record.requestId },
    }];
  }
  if (service === "lambda" && operation.startsWith("Invoke")) return invocation(record, base);
  const appearance = APPEARANCES[service];
  const input = (record.input ?? {}) as { readonly [member: string]: unknown };
  const named = appearance?.members.map((member) => input[member]).find((value) => typeof value === "string");
  const { serviceId } = serviceIndex[service as ServiceId];
  const bare = serviceId.replaceAll(" ", "");
  return [{
    ...base,
    name: typeof named === "string" ? named.slice(Math.max(named.lastIndexOf("/"), named.lastIndexOf(":")) + 1) : bare,
    origin: appearance?.origin ?? `AWS::${bare}`,
    inferred: true,
    ...(record.via === "http" ? { http: http(record) } : { http: { response: { status } } }),
    aws: {
      account_id: record.account, region: record.region, operation, request_id: record.requestId,
      ...(typeof named === "string" ? { [appearance!.key]: named } : {}),
      ...(service === "s3" && typeof input.Bucket === "string" ? { bucket_name: input.Bucket, ...(typeof input.Key === "string" ? { key: input.Key } : {}) } : {}),
    },
  }];
}

function http(record: RequestRecord): NonNullable<Segment["http"]> {
  return {
    request: { method: record.method, url: `http://${record.url}`, client_ip: record.sourceIp, user_agent: record.userAgent },
    response: { status: record.status, content_length: record.bytesOut },
  };
}

/** The id of a service's own segment, made from that of the function's below it. */
export function outerId(spanId: string): string {
  return (BigInt.asUintN(64, BigInt(`0x${spanId}`) ^ 0xa5a5a5a5a5a5a5a5n)).toString(16).padStart(16, "0");
}

function invocation(record: RequestRecord, base: Omit<Segment, "name" | "origin">): Segment[] {
  const input = (record.input ?? {}) as { FunctionName?: string };
  const output = (record.output ?? {}) as { FunctionError?: string; StatusCode?: number };
  const reference = input.FunctionName ?? "function";
  const name = /(?:^|:function:)([A-Za-z0-9-_]+)(?::[^:]+)?$/.exec(reference)?.[1] ?? reference;
  const arn = reference.startsWith("arn:") ? reference : `arn:aws:lambda:${record.region}:${record.account}:function:${name}`;
  const aws = { account_id: record.account, region: record.region, function_arn: arn, operation: record.operation, request_id: record.requestId };
  const { parent_id, ...rest } = base;
  const service: Segment = {
    ...rest, id: outerId(record.spanId), ...(parent_id === undefined ? {} : { parent_id }), name, origin: "AWS::Lambda", resource_arn: arn, aws,
    http: { response: { status: output.StatusCode ?? record.status } },
  };
  // A call that never reached the function has no segment of the function.
  if (record.error !== undefined || output.StatusCode === 202) return [service];
  const failed = output.FunctionError !== undefined ? { fault: true } : {};
  return [{ ...service, ...failed }, { ...rest, ...failed, parent_id: service.id, name, origin: "AWS::Lambda::Function", resource_arn: arn, aws }];
}

/** A span that a handler opened, as a subsegment that comes by itself. */
export function subsegmentOf(span: Span): Segment {
  const { status, ...attributes } = span.attributes;
  const annotations = Object.fromEntries(Object.entries(attributes)
    .filter((entry): entry is [string, string | number | boolean] => ["string", "number", "boolean"].includes(typeof entry[1]))
    .map(([key, value]) => [key.replace(/[^A-Za-z0-9_]/g, "_"), value]));
  return {
    id: span.spanId, trace_id: writeTraceId(span.traceId), ...(span.parentId === undefined ? {} : { parent_id: span.parentId }), type: "subsegment", name: span.name.slice(0, 200) || "span",
    start_time: span.startedMs / 1000, end_time: span.endedMs / 1000,
    ...(typeof status === "number" && status >= 500 ? { fault: true } : typeof status === "number" && status >= 400 ? { error: true } : {}),
    ...(typeof status === "number" ? { http: { response: { status } } } : {}),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}
