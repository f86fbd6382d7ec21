/**
 * What CloudTrail makes of an operation: a management event, which it always keeps, or a data event, which it keeps only
 * where a selector asks for it.
 */

/** A resource type whose operations are data events, and those operations. */
interface DataOperations {
  type: string;
  operations: ReadonlySet<string>;
}

const set = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

const DATA: { readonly [service: string]: readonly DataOperations[] } = {
  dynamodb: [{
    type: "AWS::DynamoDB::Table",
    operations: set("GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem TransactGetItems TransactWriteItems ExecuteStatement BatchExecuteStatement ExecuteTransaction"),
  }],
  "streams.dynamodb": [{ type: "AWS::DynamoDB::Stream", operations: set("GetRecords GetShardIterator DescribeStream") }],
  s3: [{
    type: "AWS::S3::Object",
    operations: set(`GetObject PutObject DeleteObject DeleteObjects HeadObject CopyObject ListObjects ListObjectsV2 ListObjectVersions ListMultipartUploads ListParts
      CreateMultipartUpload UploadPart UploadPartCopy CompleteMultipartUpload AbortMultipartUpload GetObjectAcl PutObjectAcl GetObjectTagging PutObjectTagging DeleteObjectTagging
      GetObjectAttributes GetObjectLegalHold PutObjectLegalHold GetObjectRetention PutObjectRetention GetObjectTorrent RestoreObject SelectObjectContent RenameObject WriteGetObjectResponse HeadBucket`),
  }],
  lambda: [{ type: "AWS::Lambda::Function", operations: set("Invoke InvokeAsync InvokeWithResponseStream") }],
  sns: [{ type: "AWS::SNS::Topic", operations: set("Publish PublishBatch") }],
  sqs: [{ type: "AWS::SQS::Queue", operations: set("SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch ChangeMessageVisibility ChangeMessageVisibilityBatch") }],
  cloudwatch: [{ type: "AWS::CloudWatch::Metric", operations: set("PutMetricData GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics") }],
  logs: [{ type: "AWS::Logs::LogGroup", operations: set("PutLogEvents GetLogEvents FilterLogEvents GetLogRecord GetLogObject GetQueryResults StartLiveTail") }],
  xray: [{ type: "AWS::XRay::Trace", operations: set("PutTraceSegments PutTelemetryRecords GetTraceSummaries BatchGetTraces GetTraceGraph GetServiceGraph GetTimeSeriesServiceStatistics GetSamplingTargets") }],
  events: [{ type: "AWS::Events::EventBus", operations: set("PutEvents") }],
  apigatewaymanagementapi: [{ type: "AWS::ApiGateway::Connection", operations: set("PostToConnection GetConnection DeleteConnection") }],
  "cloudfront-keyvaluestore": [{ type: "AWS::CloudFront::KeyValueStore", operations: set("GetKey PutKey DeleteKey ListKeys UpdateKeys DescribeKeyValueStore") }],
  "cognito-idp": [],
};

const dataTypes = new Map<string, string>();
for (const [service, kinds] of Object.entries(DATA)) {
  for (const { type, operations } of kinds) for (const operation of operations) dataTypes.set(`${service}.${operation}`, type);
}

/** The resource type that a data event is about; undefined for a management event. */
export function dataType(service: string, operation: string): string | undefined {
  return dataTypes.get(`${service}.${operation}`);
}

const READ_ONLY = /^(Get|List|Describe|Head|Lookup|BatchGet|Query|Scan|Select|Search|Simulate|Validate|Filter|Test|Generate(?!ServiceLast)|Receive|Check|Decode|Download|Detect|Estimate|Export|Preview|Transact(?=Get))/;
const WRITES = new Set(["GenerateDataKey", "GenerateCredentialReport", "TestInvokeMethod"]);

/** Whether an operation only reads. */
export function isReadOnly(operation: string): boolean {
  return READ_ONLY.test(operation) && !WRITES.has(operation);
}

/** Service ids whose event source is not `<id>.amazonaws.com`. */
const SOURCES: { readonly [service: string]: string } = {
  cloudwatch: "monitoring.amazonaws.com", apigatewayv2: "apigateway.amazonaws.com", apigatewaymanagementapi: "apigateway.amazonaws.com",
  "streams.dynamodb": "dynamodb.amazonaws.com", s3control: "s3.amazonaws.com", resourcegroupstaggingapi: "tagging.amazonaws.com",
  "cloudfront-keyvaluestore": "cloudfront.amazonaws.com",
};

export function eventSource(service: string): string {
  return SOURCES[service] ?? `${service}.amazonaws.com`;
}

/** Operations of Lambda carry the version of their API in events, as CloudTrail shows them. */
const LAMBDA_V2 = set(`AddPermission RemovePermission GetFunction GetFunctionConfiguration UpdateFunctionCode UpdateFunctionConfiguration GetPolicy`);
const LAMBDA_VERSIONS: readonly [pattern: RegExp, suffix: string][] = [
  [/^(Tag|Untag)Resource$|^ListTags$/, "20170331v2"],
  [/Layer/, "20181031"],
  [/FunctionConcurrency$/, "20171031"],
  [/ProvisionedConcurrency/, "20190930"],
  [/FunctionEventInvokeConfig/, "20190925"],
  [/FunctionUrlConfig/, "20211031"],
  [/CodeSigningConfig/, "20200422"],
];

/** An operation as events name it: `CreateFunction20150331`, `CreateDistribution2020_05_31`, else itself. */
export function eventName(service: string, operation: string): string {
  if (service === "cloudfront") return `${operation}2020_05_31`;
  if (service !== "lambda" || operation.startsWith("Invoke")) return operation;
  const version = LAMBDA_VERSIONS.find(([pattern]) => pattern.test(operation));
  return operation + (version?.[1] ?? (LAMBDA_V2.has(operation) ? "20150331v2" : "20150331"));
}

/** Services that live once for the whole partition: their events are those of its home region. */
const GLOBAL = new Set(["iam", "cloudfront", "cloudfront-keyvaluestore"]);

export function isGlobal(service: string): boolean {
  return GLOBAL.has(service);
}
