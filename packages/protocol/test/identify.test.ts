import { describe, expect, test } from "vitest";
import type { IdentifySource } from "../src/index.ts";
import { createHostParser, createIdentifier, endpointLabels } from "../src/index.ts";
import { random } from "./random.ts";

const identify = createIdentifier(createHostParser({ serviceLabels: endpointLabels() }));

const signed = (service: string, region = "us-east-1"): Record<string, string> => ({
  authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250101/${region}/${service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=00`,
});
const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };

function ask(line: string, headers: Record<string, string> = {}, body?: string) {
  const [method = "GET", target = "/"] = line.split(" ");
  const mark = target.indexOf("?");
  const request: IdentifySource = {
    method, headers: { host: "localhost:4566", ...headers },
    path: mark < 0 ? target : target.slice(0, mark), query: mark < 0 ? "" : target.slice(mark + 1),
  };
  return identify(request, body);
}

describe("a signed request is what its scope says", () => {
  test.each<[string, string, Record<string, string>, string]>([
    ["dynamodb", "POST /", { ...signed("dynamodb"), "x-amz-target": "DynamoDB_20120810.GetItem" }, "dynamodb"],
    ["its streams", "POST /", { ...signed("dynamodb"), "x-amz-target": "DynamoDBStreams_20120810.GetRecords" }, "streams.dynamodb"],
    ["apigateway v1", "GET /restapis", signed("apigateway"), "apigateway"],
    ["apigateway v1 tags", "GET /tags/arn", signed("apigateway"), "apigateway"],
    ["apigateway v2", "GET /v2/apis/abc", signed("apigateway"), "apigatewayv2"],
    ["apigateway, unknown path", "GET /nothing", signed("apigateway"), "apigateway"],
    ["scheduler tags", "GET /tags/arn", signed("scheduler"), "scheduler"],
    ["management API", "POST /prod/@connections/abc", signed("execute-api"), "apigatewaymanagementapi"],
    ["lambda", "GET /2015-03-31/functions", signed("lambda"), "lambda"],
    ["cloudwatch", "POST /", { ...signed("monitoring"), ...form }, "cloudwatch"],
    ["tagging", "POST /", { ...signed("tagging"), "x-amz-target": "ResourceGroupsTaggingAPI_20170126.GetResources" }, "resourcegroupstaggingapi"],
    ["cloudfront", "GET /2020-05-31/distribution", signed("cloudfront"), "cloudfront"],
    ["cloudfront-keyvaluestore", "GET /key-value-stores/arn", signed("cloudfront-keyvaluestore"), "cloudfront-keyvaluestore"],
    ["events", "POST /", { ...signed("events"), "x-amz-target": "AWSEvents.PutRule" }, "events"],
    ["cognito-idp", "POST /", { ...signed("cognito-idp"), "x-amz-target": "AWSCognitoIdentityProviderService.ListUserPools" }, "cognito-idp"],
    ["sts in a form", "POST /", { ...signed("sts"), ...form }, "sts"],
    ["s3", "GET /bucket/key", signed("s3"), "s3"],
    ["s3 express", "GET /bucket/key", signed("s3express"), "s3"],
    ["s3control by path", "GET /v20180820/accesspoint", signed("s3"), "s3control"],
    ["s3control by host", "GET /x", { ...signed("s3"), host: "123456789012.s3-control.us-east-1.localhost" }, "s3control"],
    ["upper case", "POST /", signed("STS"), "sts"],
    ["rpc path", "POST /service/GraniteServiceVersion20100801/operation/ListMetrics", { ...signed("monitoring"), "smithy-protocol": "rpc-v2-cbor" }, "cloudwatch"],
    ["made-up scope, real target", "POST /", { ...signed("fake"), "x-amz-target": "Logs_20140328.PutLogEvents" }, "logs"],
    ["no scope at all", "POST /", { authorization: "AWS4-HMAC-SHA256 Credential=test, Signature=x", "x-amz-target": "AmazonSQS.SendMessage" }, "sqs"],
  ])("%s", (_name, line, headers, service) => {
    expect(ask(line, headers)).toMatchObject({ kind: "api", service });
  });

  test("presigned", () => {
    expect(ask("GET /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20250101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0"))
      .toMatchObject({ kind: "api", service: "s3", rule: "signing name" });
    expect(ask("GET /?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=AK%2F20250101%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Signature=0"))
      .toMatchObject({ kind: "api", service: "sts" });
    expect(ask("GET /b/k?AWSAccessKeyId=AK&Signature=abc%3D&Expires=1")).toMatchObject({ kind: "api", service: "s3", signature: { kind: "sigv2" } });
  });
});

describe("an unsigned request shows an API's mark, or is S3's", () => {
  test.each<[string, string, Record<string, string>, string, string]>([
    ["target", "POST /", { "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth", "content-type": "application/x-amz-json-1.1" }, "cognito-idp", "target"],
    ["short CloudTrail target", "POST /", { "x-amz-target": "CloudTrail_20131101.LookupEvents" }, "cloudtrail", "target"],
    ["long CloudTrail target", "POST /", { "x-amz-target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents" }, "cloudtrail", "target"],
    ["rpc path", "POST /service/GraniteServiceVersion20100801/operation/ListMetrics", { "smithy-protocol": "rpc-v2-cbor" }, "cloudwatch", "rpc path"],
    ["host", "GET /x", { host: "sqs.us-east-1.localhost:4566" }, "sqs", "host"],
    ["account host", "POST /", { host: "123456789012.ddb.us-east-1.amazonaws.com" }, "dynamodb", "host"],
    ["AWS host", "GET /v2/apis", { host: "lambda.us-east-1.amazonaws.com" }, "lambda", "host"],
    ["lambda path", "GET /2015-03-31/functions/f/invocations", {}, "lambda", "path"],
    ["cloudfront path", "GET /2020-05-31/distribution", {}, "cloudfront", "path"],
    ["REST APIs", "GET /restapis", {}, "apigateway", "path"],
    ["HTTP APIs", "GET /v2/apis", {}, "apigatewayv2", "path"],
    ["s3control path", "GET /v20180820/accesspoint", {}, "s3control", "path"],
    ["action", "GET /?Action=GetCallerIdentity&Version=2011-06-15", {}, "sts", "action"],
    ["action without version", "GET /000000000000/queue?Action=ReceiveMessage", {}, "sqs", "action"],
    ["list buckets", "GET /", {}, "s3", "s3"],
    ["object", "GET /bucket/key", {}, "s3", "s3"],
    ["put", "PUT /bucket/key", { "content-type": "application/json" }, "s3", "s3"],
    ["form upload", "POST /bucket", { "content-type": "multipart/form-data; boundary=x" }, "s3", "s3"],
    ["delete objects", "POST /bucket?delete", { "content-type": "application/xml" }, "s3", "s3"],
    ["bearer", "GET /bucket/key", { authorization: "Bearer abc" }, "s3", "s3"],
    ["a bucket called tags", "GET /tags/x", {}, "s3", "s3"],
    ["a bucket called logs", "GET /x", { host: "logs.localhost" }, "s3", "s3"],
    ["s3 host", "GET /x", { host: "bucket.s3.us-east-1.amazonaws.com" }, "s3", "host"],
  ])("%s", (_name, line, headers, service, rule) => {
    expect(ask(line, headers)).toMatchObject({ kind: "api", service, rule });
  });

  test("a form tells its service in its body only", () => {
    expect(ask("POST /", form)).toMatchObject({ kind: "form" });
    expect(ask("POST /", form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=x")).toMatchObject({ kind: "api", service: "sts", rule: "action" });
    expect(ask("POST /", form, "Action=ListUsers&Version=2010-05-08")).toMatchObject({ kind: "api", service: "iam" });
    expect(ask("POST /", form, "Action=DescribeInstances&Version=2016-11-15")).toMatchObject({ kind: "unknown", service: "2016-11-15", operation: "DescribeInstances", protocol: "query" });
    expect(ask("POST /", form, "hello=1")).toMatchObject({ kind: "unknown", protocol: "query" });
  });
});

describe("a foreign API is unknown, in its caller's protocol, and never S3's", () => {
  test.each<[string, string, Record<string, string>, Record<string, unknown>]>([
    ["json scope", "POST /", { ...signed("kinesis"), "x-amz-target": "Kinesis_20131202.PutRecord", "content-type": "application/x-amz-json-1.1" }, { service: "kinesis", operation: "PutRecord", protocol: "json", jsonVersion: "1.1" }],
    ["json 1.0", "POST /", { ...signed("states"), "x-amz-target": "AWSStepFunctions.ListStateMachines", "content-type": "application/x-amz-json-1.0" }, { service: "states", protocol: "json", jsonVersion: "1.0" }],
    ["query scope", "POST /", { ...signed("ec2"), ...form }, { service: "ec2", protocol: "query" }],
    ["rest-xml scope", "GET /2013-04-01/hostedzone", signed("route53"), { service: "route53", protocol: "rest-xml" }],
    ["rest-json scope", "GET /clusters", signed("eks"), { service: "eks", protocol: "rest-json" }],
    ["cbor scope", "POST /service/Foo/operation/Bar", { ...signed("foo"), "smithy-protocol": "rpc-v2-cbor" }, { service: "foo", operation: "Bar", protocol: "smithy-rpc-v2-cbor" }],
    ["target", "POST /", { "x-amz-target": "AmazonAthena.ListWorkGroups" }, { service: "AmazonAthena", operation: "ListWorkGroups", protocol: "json" }],
    ["rpc path", "POST /service/Foo/operation/Bar", { "smithy-protocol": "rpc-v2-cbor" }, { service: "Foo", operation: "Bar", protocol: "smithy-rpc-v2-cbor" }],
    ["AWS host", "GET /", { host: "email.eu-west-1.amazonaws.com" }, { service: "email" }],
    ["dated path", "GET /2013-04-01/hostedzone", {}, { service: "2013-04-01", protocol: "rest-json" }],
    ["json without target", "POST /", { "content-type": "application/x-amz-json-1.1" }, { protocol: "json" }],
    ["plain JSON post", "POST /graphql", { "content-type": "application/json" }, { protocol: "rest-json" }],
    ["lost API call", "GET /x", { host: "abc.execute-api.localhost" }, { service: "execute-api", protocol: "rest-json" }],
    ["lost function URL", "GET /x", { host: "abc.lambda-url.us-east-1.localhost" }, { service: "lambda-url" }],
    ["lost distribution", "GET /x", { host: "abc.cloudfront.localhost" }, { service: "cloudfront" }],
  ])("%s", (_name, line, headers, expected) => {
    expect(ask(line, headers)).toMatchObject({ kind: "unknown", ...expected });
  });
});

describe("S3 by host", () => {
  test.each<[string, string, string | undefined, string]>([
    ["bucket.localhost:4566", "/key", "bucket", "/bucket/key"],
    ["bucket.s3.us-east-1.localhost", "/", "bucket", "/bucket/"],
    ["a.b.c.s3.localhost", "/k", "a.b.c", "/a.b.c/k"],
    ["a.b.localhost", "/k", "a.b", "/a.b/k"],
    ["bucket.s3-website.us-east-1.localhost", "/k", "bucket", "/bucket/k"],
    ["bucket.127.0.0.1:4566", "/k", "bucket", "/bucket/k"],
    ["s3.us-east-1.localhost", "/bucket/k", undefined, "/bucket/k"],
    ["s3.localhost.localstack.cloud:4566", "/bucket/k", undefined, "/bucket/k"],
    ["cumulet:4566", "/bucket/k", undefined, "/bucket/k"],
    ["cloud.internal:4566", "/bucket/k", undefined, "/bucket/k"],
  ])("%s%s", (host, path, bucket, routed) => {
    const identity = ask(`GET ${path}`, { ...signed("s3"), host });
    expect(identity).toMatchObject({ kind: "api", service: "s3", path: routed });
    expect(identity.kind === "api" && identity.bucketFromHost).toBe(bucket);
  });
});

test("what stands before @connections is cut off and kept", () => {
  expect(ask("POST /_aws/execute-api/abc/prod/@connections/L0SM9cOF", signed("execute-api")))
    .toMatchObject({ service: "apigatewaymanagementapi", path: "/@connections/L0SM9cOF", pathPrefix: "/_aws/execute-api/abc/prod" });
  expect(ask("GET /dev/%40connections/x", { ...signed("execute-api"), host: "abc.execute-api.us-east-1.localhost" }))
    .toMatchObject({ service: "apigatewaymanagementapi", path: "/%40connections/x", pathPrefix: "/dev" });
});

test("whatever comes, there is an answer", () => {
  const rng = random(11);
  const pieces = ["/", "//", "2015-03-31", "functions", "restapis", "v2", "apis", "%", "%zz", "é", "..", "service", "operation", "@connections", "bucket", "v20180820", "?", "&", "Action=", "Version=2011-06-15", "X-Amz-Credential=a/b/c/d/e"];
  const values = ["", "s3", "a.b", "....", "localhost", "[::1", "[]:x", "x:y:z", "bucket.s3.us-east-1.localhost:4566", "1.2.3.4", "amazonaws.com", ".amazonaws.com", "application/x-www-form-urlencoded", "application/x-amz-json-1.1", "rpc-v2-cbor", "DynamoDB_20120810.GetItem", "__proto__.constructor", "AWS4-HMAC-SHA256 Credential=a/20250101/r/__proto__/aws4_request"];
  const names = ["host", "x-amz-target", "content-type", "smithy-protocol", "authorization"];
  const kinds = new Set<string>();
  for (let i = 0; i < 5000; i++) {
    const headers: Record<string, string> = {};
    for (let n = rng.below(5); n > 0; n--) headers[rng.pick(names)] = rng.pick(values);
    const line = `${rng.pick(["GET", "POST", "PUT", "OPTIONS", "BREW"])} ${Array.from({ length: rng.below(6) }, () => rng.pick(pieces)).join("").replaceAll(" ", "") || "/"}`;
    kinds.add(ask(line, headers, rng.below(2) === 0 ? undefined : "Action=x&Version=y").kind);
  }
  expect([...kinds].sort()).toEqual(["api", "form", "unknown"]);
});
