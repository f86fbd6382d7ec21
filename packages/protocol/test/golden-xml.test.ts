import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { AwsError, compileService, loadModel } from "../src/index.ts";
import { fail, read, request, thrown, write } from "./support/exchange.ts";

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const S3 = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

describe("S3 answers", () => {
  test("a listing", () => {
    const { headers, body } = write("s3", "ListObjectsV2", "rest-xml", {
      Name: "bucket", Prefix: "", KeyCount: 1, MaxKeys: 1000, IsTruncated: false,
      Contents: [{ Key: "a<b>&\"c\r\u0001", LastModified: Date.UTC(2009, 9, 12, 17, 50, 30), ETag: '"fba9dede5f27731c9771645a39863328"', Size: 434234, StorageClass: "STANDARD" }],
    });
    expect(body).toBe(`${DECLARATION}<ListBucketResult${S3}><IsTruncated>false</IsTruncated><Contents><Key>a&lt;b&gt;&amp;&quot;c&#xd;&#x1;</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>`
      + "<ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>434234</Size><StorageClass>STANDARD</StorageClass></Contents><Name>bucket</Name><Prefix/><MaxKeys>1000</MaxKeys><KeyCount>1</KeyCount></ListBucketResult>");
    expect(headers).toMatchObject({ "content-type": "application/xml", "x-amz-request-id": "REQUEST-ID", "x-amz-id-2": expect.stringMatching(/^[A-Za-z0-9+/=]{76}$/) as string });
  });

  test("a location is its own root", () => {
    expect(write("s3", "GetBucketLocation", "rest-xml", { LocationConstraint: "eu-west-1" }).body).toBe(`${DECLARATION}<LocationConstraint${S3}>eu-west-1</LocationConstraint>`);
    expect(write("s3", "GetBucketLocation", "rest-xml", {}).body).toBe(`${DECLARATION}<LocationConstraint${S3}/>`);
  });

  test("an attribute and its namespace", () => {
    expect(write("s3", "GetObjectAcl", "rest-xml", { Grants: [{ Grantee: { Type: "CanonicalUser", ID: "i" }, Permission: "READ" }] }).body).toBe(
      `${DECLARATION}<AccessControlPolicy${S3}><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>i</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`);
  });

  test("an object's bytes pass through, with its metadata", () => {
    const body = Readable.from(["x"]);
    const response = compileService(loadModel("s3")).operation("GetObject")!.encode("rest-xml", {
      Body: body, ContentLength: 1, ContentType: "text/plain", ETag: '"e"', Metadata: { colour: "Ã¼" }, LastModified: Date.UTC(2024, 0, 2), Expires: "whenever",
    }, "R");
    expect(response.body).toBe(body);
    const pairs = response.headers.join("\n");
    expect(pairs).toContain("x-amz-meta-colour\nÃ¼");
    expect(pairs).toContain("Last-Modified\nTue, 02 Jan 2024 00:00:00 GMT");
    expect(pairs).toContain("Expires\nwhenever");
    expect(pairs.match(/content-(type|length)/gi)).toHaveLength(2);
  });

  test("text that would end a header line is kept in its line", () => {
    expect(write("s3", "PutObject", "rest-xml", { ETag: "a\r\nSet-Cookie: x" }).headers).toMatchObject({ etag: "a Set-Cookie: x" });
  });

  test("an error, with its elements in order, and none for HEAD", () => {
    const error = new AwsError("NoSuchKey", "The specified key does not exist.", { fields: { Key: "a&b" } });
    const { status, body } = fail("s3", "rest-xml", error, "GET");
    expect(status).toBe(404);
    expect(body).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<Error><Code>NoSuchKey<\/Code><Message>The specified key does not exist\.<\/Message><Key>a&amp;b<\/Key><RequestId>REQUEST-ID<\/RequestId><HostId>[^<]+<\/HostId><\/Error>$/);
    expect(fail("s3", "rest-xml", new AwsError("InternalFailure", "stack", { status: 500 })).body).toContain("<Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message>");
    expect(fail("s3", "rest-xml", error, "HEAD")).toMatchObject({ status: 404, body: "" });
  });
});

describe("S3 requests", () => {
  const object = (method: string, path: string, query = "", headers = {}): { operation: string; input: unknown } => {
    const wire = { ...request({ method, path, query, headers }), body: Readable.from([]) };
    const service = compileService(loadModel("s3"));
    const route = service.route(wire);
    return { operation: route.operation.name, input: route.operation.streamingInput ? route.labels : route.operation.decode(route, { ...wire, body: Buffer.alloc(0) }) };
  };

  test.each([
    ["/b/a//b/", "a//b/"], ["/b//", "/"], ["/b/.", "."], ["/b/../x", "../x"], ["/b/a%2Fb", "a/b"], ["/b/a+b%20c", "a+b c"], ["/b/%C3%A4/%F0%9F%98%80", "ä/😀"], ["/b/a%25zz", "a%zz"],
  ])("the key of %s", (path, key) => {
    expect(object("GET", path)).toEqual({ operation: "GetObject", input: { Bucket: "b", Key: key } });
  });

  test.each([
    ["GET", "/", "", {}, "ListBuckets"],
    ["GET", "/b", "", {}, "ListObjects"],
    ["GET", "/b/", "list-type=2", {}, "ListObjectsV2"],
    ["GET", "/b", "location=", {}, "GetBucketLocation"],
    ["GET", "/b", "analytics", {}, "ListBucketAnalyticsConfigurations"],
    ["GET", "/b", "analytics&id=x", {}, "GetBucketAnalyticsConfiguration"],
    ["PUT", "/b", "analytics", {}, "PutBucketAnalyticsConfiguration"],
    ["GET", "/b", "lifecycle", {}, "GetBucketLifecycleConfiguration"],
    ["PUT", "/b", "notification", {}, "PutBucketNotificationConfiguration"],
    ["PUT", "/b/k", "", {}, "PutObject"],
    ["PUT", "/b/k", "", { "x-amz-copy-source": "c/k" }, "CopyObject"],
    ["PUT", "/b/k", "partNumber=1&uploadId=u", {}, "UploadPart"],
    ["PUT", "/b/k", "partNumber=1&uploadId=u", { "x-amz-copy-source": "c/k" }, "UploadPartCopy"],
    ["GET", "/b/k", "uploadId=u", {}, "ListParts"],
    ["DELETE", "/b/k", "uploadId=u", {}, "AbortMultipartUpload"],
    ["POST", "/b/k", "uploadId=u", {}, "CompleteMultipartUpload"],
    ["POST", "/b/k", "uploads", {}, "CreateMultipartUpload"],
    ["GET", "/b/k", "attributes", {}, "GetObjectAttributes"],
    ["GET", "/b/k", "tagging&x-id=GetObject", {}, "GetObjectTagging"],
    ["GET", "/b/k", "X-Amz-Signature=s&x-id=PutObject", {}, "GetObject"],
    ["HEAD", "/b/k", "", {}, "HeadObject"],
    ["POST", "/b", "delete", {}, "DeleteObjects"],
  ])("%s %s?%s %o is %s", (method, path, query, headers, operation) => {
    const service = compileService(loadModel("s3"));
    expect(service.route({ ...request({ method, path, query, headers }) }).operation.name).toBe(operation);
  });

  test("a method that nothing takes, and a path that nobody can read", () => {
    expect(thrown(() => object("POST", "/b"))).toMatchObject({ code: "MethodNotAllowed", status: 405, fields: { Method: "POST", ResourceType: "BUCKET" } });
    expect(thrown(() => object("GET", "/b/%zz"))).toMatchObject({ code: "InvalidURI", status: 400 });
  });

  test("metadata keeps its bytes, one character each", () => {
    expect(object("GET", "/b/k", "", { range: "bytes=0-1" }).input).toEqual({ Bucket: "b", Key: "k", Range: "bytes=0-1" });
    expect(read("s3", { path: "/b/k", query: "uploads", headers: { "x-amz-meta-a": "Ã¼", "x-amz-meta-__proto__": "p" } }).input).toEqual({ Bucket: "b", Key: "k", Metadata: Object.fromEntries([["a", "Ã¼"], ["__proto__", "p"]]) });
  });

  test("values that cannot be read", () => {
    expect(thrown(() => object("GET", "/b", "max-keys=x"))).toMatchObject({ code: "InvalidArgument", message: "Provided max-keys not an integer or within integer range", fields: { ArgumentName: "max-keys", ArgumentValue: "x" } });
    expect(thrown(() => object("GET", "/b/k", "partNumber=x")).message).toBe("Part number must be an integer between 1 and 10000, inclusive");
    expect(object("GET", "/b", "max-keys=").input).toEqual({ Bucket: "b" });
    expect(object("GET", "/b/k", "", { "if-modified-since": "yesterday" }).input).toEqual({ Bucket: "b", Key: "k" });
  });

  const remove = (body: string) => read("s3", { path: "/b", query: "delete", body });

  test("a body, with or without namespace, prefix, declaration and comments", () => {
    const expected = { Bucket: "b", Delete: { Objects: [{ Key: " a\n&<" }, { Key: "b", VersionId: "v" }], Quiet: true } };
    expect(remove("<Delete><Object><Key> a\n&amp;&lt;</Key></Object><Object><Key>b</Key><VersionId>v</VersionId></Object><Quiet>true</Quiet></Delete>").input).toEqual(expected);
    expect(remove(`${DECLARATION}<!-- c --><s:Delete xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:Object><s:Key><![CDATA[ a\n&<]]></s:Key></s:Object>\n<s:Object><s:VersionId>v</s:VersionId><s:Key>&#98;</s:Key></s:Object><s:Quiet> true </s:Quiet></s:Delete>\n`).input).toEqual(expected);
  });

  test.each([
    ["another root", "<Remove/>"],
    ["an unknown element", "<Delete><Thing/></Delete>"],
    ["text between elements", "<Delete>hello</Delete>"],
    ["a list where text is due", "<Delete><Object><Key><b/></Key></Object></Delete>"],
    ["no end", "<Delete><Object>"],
    ["a document type", '<!DOCTYPE Delete [<!ENTITY a "b">]><Delete/>'],
    ["an unknown entity", "<Delete><Object><Key>&a;</Key></Object></Delete>"],
    ["not a boolean", "<Delete><Quiet>maybe</Quiet></Delete>"],
    ["crossed tags", "<Delete><Object><Key></Object></Key></Delete>"],
    ["two roots", "<Delete/><Delete/>"],
    ["JSON", "{}"],
  ])("%s is malformed", (_name, body) => {
    expect(thrown(() => remove(body))).toMatchObject({ code: "MalformedXML", status: 400, message: "The XML you provided was not well-formed or did not validate against our published schema" });
  });
});

describe("CloudFront", () => {
  test("an answer and an error", () => {
    expect(write("cloudfront", "CreateInvalidation", "rest-xml", { Location: "l", Invalidation: { Id: "I1", Status: "InProgress", CreateTime: 1000, InvalidationBatch: { Paths: { Quantity: 1, Items: ["/*"] }, CallerReference: "c" } } })).toMatchObject({
      status: 201, headers: { location: "l", "content-type": "text/xml" },
      body: '<?xml version="1.0"?>\n<Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I1</Id><Status>InProgress</Status><CreateTime>1970-01-01T00:00:01.000Z</CreateTime><InvalidationBatch><Paths><Quantity>1</Quantity><Items><Path>/*</Path></Items></Paths><CallerReference>c</CallerReference></InvalidationBatch></Invalidation>',
    });
    expect(fail("cloudfront", "rest-xml", new AwsError("NoSuchDistribution", "The specified distribution does not exist."))).toMatchObject({
      status: 404,
      body: '<?xml version="1.0"?>\n<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>NoSuchDistribution</Code><Message>The specified distribution does not exist.</Message></Error><RequestId>REQUEST-ID</RequestId></ErrorResponse>',
    });
  });
});

describe("the query protocol", () => {
  test("STS", () => {
    expect(read("sts", { body: "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=a+b&Tags.member.2.Key=k2&Tags.member.2.Value=v2&Tags.member.1.Key=k&Tags.member.1.Value=" })).toEqual({
      operation: "AssumeRole", protocol: "query", input: { RoleArn: "arn:aws:iam::1:role/r", RoleSessionName: "a b", Tags: [{ Key: "k", Value: "" }, { Key: "k2", Value: "v2" }] },
    });
    expect(read("sts", { method: "GET", query: "Action=GetCallerIdentity&Version=2011-06-15" }).operation).toBe("GetCallerIdentity");
    expect(write("sts", "GetCallerIdentity", "query", { Account: "111122223333", Arn: "a", UserId: "u" })).toMatchObject({
      headers: { "content-type": "text/xml" },
      body: '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><UserId>u</UserId><Account>111122223333</Account><Arn>a</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>REQUEST-ID</RequestId></ResponseMetadata></GetCallerIdentityResponse>',
    });
  });

  test("IAM: no output, and an error", () => {
    expect(write("iam", "DeleteRole", "query", undefined).body).toBe('<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>REQUEST-ID</RequestId></ResponseMetadata></DeleteRoleResponse>');
    expect(fail("iam", "query", new AwsError("NoSuchEntityException", "The role with name r cannot be found."))).toMatchObject({
      status: 404,
      body: '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name r cannot be found.</Message></Error><RequestId>REQUEST-ID</RequestId></ErrorResponse>',
    });
    expect(thrown(() => read("iam", { body: "Action=Nope&Version=2010-05-08" }))).toMatchObject({ code: "InvalidAction", message: "Could not find operation Nope for version 2010-05-08" });
  });

  test("SQS beside its JSON", () => {
    expect(read("sqs", {
      headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
      body: "Action=SendMessage&Version=2012-11-05&QueueUrl=q&MessageBody=hi&DelaySeconds=3&MessageAttribute.1.Name=a&MessageAttribute.1.Value.DataType=Binary&MessageAttribute.1.Value.BinaryValue=AQI%3D",
    })).toEqual({ operation: "SendMessage", protocol: "query", input: { QueueUrl: "q", MessageBody: "hi", DelaySeconds: 3, MessageAttributes: { a: { DataType: "Binary", BinaryValue: Buffer.from([1, 2]) } } } });
    expect(read("sqs", { body: "Action=CreateQueue&QueueName=n&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=k&Tag.1.Value=v" }).input).toEqual({ QueueName: "n", Attributes: { DelaySeconds: "5" }, tags: { k: "v" } });
    expect(read("sqs", { path: "/123456789012/q", body: "Action=PurgeQueue" }).input).toEqual({ QueueUrl: "/123456789012/q" });
    expect(read("sqs", { path: "/123456789012/q", body: "Action=PurgeQueue&QueueUrl=other" }).input).toEqual({ QueueUrl: "other" });
    expect(read("sqs", { body: "Action=SendMessageBatch&QueueUrl=q&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=b" }).input).toEqual({ QueueUrl: "q", Entries: [{ Id: "a", MessageBody: "b" }] });
    expect(write("sqs", "ReceiveMessage", "query", { Messages: [{ MessageId: "m", ReceiptHandle: "r", MD5OfBody: "5", Body: "<b>", Attributes: { SentTimestamp: "1" } }] }).body).toBe(
      '<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ReceiveMessageResult><Message><MessageId>m</MessageId><ReceiptHandle>r</ReceiptHandle><MD5OfBody>5</MD5OfBody><Body>&lt;b&gt;</Body><Attribute><Name>SentTimestamp</Name><Value>1</Value></Attribute></Message></ReceiveMessageResult><ResponseMetadata><RequestId>REQUEST-ID</RequestId></ResponseMetadata></ReceiveMessageResponse>');
    expect(fail("sqs", "query", new AwsError("QueueDoesNotExist", "The specified queue does not exist for this wsdl version.")).body).toBe(
      '<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist for this wsdl version.</Message><Detail/></Error><RequestId>REQUEST-ID</RequestId></ErrorResponse>');
  });

  test("malformed values", () => {
    expect(thrown(() => read("iam", { body: "Action=ListUsers&MaxItems=ten" })).code).toBe("MalformedInput");
    expect(thrown(() => read("iam", { body: "Action=ListUsers&PathPrefix=%zz" })).code).toBe("MalformedInput");
    expect(thrown(() => read("iam", { body: "Action=ListUsers&PathPrefix.a=b" })).code).toBe("MalformedInput");
  });
});

test("a compressed body of an operation that allows it", () => {
  const body = "Action=PutMetricData&Namespace=n&MetricData.member.1.MetricName=m&MetricData.member.1.Value=1.5&MetricData.member.1.Dimensions.member.1.Name=d&MetricData.member.1.Dimensions.member.1.Value=v";
  expect(read("cloudwatch", { body }).input).toEqual({ Namespace: "n", MetricData: [{ MetricName: "m", Value: 1.5, Dimensions: [{ Name: "d", Value: "v" }] }] });
  expect(read("cloudwatch", { headers: { "x-amz-target": "GraniteServiceVersion20100801.PutMetricData", "content-encoding": "gzip" }, body: gzipSync('{"Namespace":"n","MetricData":[]}') }).input).toEqual({ Namespace: "n", MetricData: [] });
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  expect(thrown(() => read("cloudwatch", { headers: { "x-amz-target": "GraniteServiceVersion20100801.PutMetricData", "content-encoding": "gzip" }, body: bomb })).code).toBe("MalformedInput");
});
