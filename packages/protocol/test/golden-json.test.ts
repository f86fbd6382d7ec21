import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { AwsError, jsonText } from "../src/index.ts";
import { fail, read, thrown, write } from "./support/exchange.ts";

const put = (body: string) => ({ headers: { "x-amz-target": "DynamoDB_20120810.PutItem" }, body });

describe("DynamoDB", () => {
  test("attribute values stay wire JSON; null members are not there; unknown members are dropped", () => {
    const { operation, input, protocol } = read("dynamodb", put('{"TableName":"t","Item":{"a":{"N":"1.0"},"b":{"B":"AQI="}},"ReturnValues":null,"Nonsense":{}}'));
    expect({ operation, protocol }).toEqual({ operation: "PutItem", protocol: "json" });
    expect(input).toEqual({ TableName: "t", Item: { a: { N: "1.0" }, b: { B: "AQI=" } } });
  });

  test("an answer carries its CRC-32", () => {
    const { status, headers, body } = write("dynamodb", "DescribeTable", "json", { Table: { TableName: "tÄ", CreationDateTime: 1_421_866_952_062, ItemCount: 0, Internal: true } });
    expect(body).toBe('{"Table":{"TableName":"tÄ","CreationDateTime":1421866952.062,"ItemCount":0}}');
    expect(status).toBe(200);
    expect(headers).toEqual({ "x-amzn-requestid": "REQUEST-ID", "content-type": "application/x-amz-json-1.0", "x-amz-crc32": String(crc32(body)), "content-length": "77" });
  });

  test("an answer that brings its JSON text is sent as it is", () => {
    const text = '{"Item":{"a":{"S":"ä"}}}';
    const output = { get Item() { throw new Error("read although the text is there"); }, [jsonText]: text };
    const { headers, body } = write("dynamodb", "GetItem", "json", output);
    expect(body).toBe(text);
    expect(headers).toMatchObject({ "x-amz-crc32": String(crc32(text)), "content-length": "25" });
  });

  test("modelled errors have the service's prefix, the front end's their own", () => {
    expect(fail("dynamodb", "json", new AwsError("ResourceNotFoundException", "Requested resource not found")).body)
      .toBe('{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}');
    expect(fail("dynamodb", "json", new AwsError("ValidationException", "no")).body).toBe('{"__type":"com.amazon.coral.validate#ValidationException","message":"no"}');
    expect(fail("dynamodb", "json", new AwsError("AccessDeniedException", "no")).body).toBe('{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}');
    expect(fail("dynamodb", "json", new AwsError("TransactionCanceledException", "cancelled", { fields: { CancellationReasons: [{ Code: "None" }] } })).body)
      .toBe('{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled","CancellationReasons":[{"Code":"None"}]}');
  });

  test("an unknown operation and a body that is not JSON say nothing more, with the checksums AWS sends", () => {
    const unknown = thrown(() => read("dynamodb", { headers: { "x-amz-target": "DynamoDB_20120810.ListTable" } }));
    expect(fail("dynamodb", "json", unknown)).toMatchObject({ status: 400, body: '{"__type":"com.amazon.coral.service#UnknownOperationException"}', headers: { "x-amz-crc32": "1368724161" } });
    const malformed = thrown(() => read("dynamodb", put("hi")));
    expect(fail("dynamodb", "json", malformed)).toMatchObject({ status: 400, body: '{"__type":"com.amazon.coral.service#SerializationException"}', headers: { "x-amz-crc32": "3948637019" } });
  });

  test.each<[string, string, string]>([
    ["PutItem", '{"TableName":23}', "NUMBER_VALUE cannot be converted to String"],
    ["PutItem", '{"TableName":34.56}', "DECIMAL_VALUE cannot be converted to String"],
    ["PutItem", '{"TableName":true}', "TRUE_VALUE cannot be converted to String"],
    ["PutItem", '{"TableName":[]}', "Unrecognized collection type class java.lang.String"],
    ["PutItem", '{"TableName":{}}', "Start of structure or map found where not expected"],
    ["Query", '{"ScanIndexForward":"23"}', "Unexpected token received from parser"],
    ["Query", '{"ScanIndexForward":23}', "NUMBER_VALUE cannot be converted to Boolean"],
    ["Query", '{"Limit":"23"}', "STRING_VALUE cannot be converted to Integer"],
    ["Query", '{"Limit":false}', "FALSE_VALUE cannot be converted to Integer"],
    ["Query", '{"AttributesToGet":"23"}', "Unexpected field type"],
    ["Query", '{"AttributesToGet":{}}', "Start of structure or map found where not expected"],
    ["PutItem", '{"Item":"23"}', "Unexpected field type"],
    ["CreateTable", '{"KeySchema":["23"]}', "Unexpected value type in payload"],
    ["CreateTable", '{"ProvisionedThroughput":"23"}', "Unexpected field type"],
    ["CreateTable", '{"ProvisionedThroughput":[]}', "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.ProvisionedThroughput"],
    ["PutItem", '{"Item":[]}', "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"],
    ["PutItem", '{"ExpressionAttributeNames":[]}', "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>"],
  ])("%s of %s", (operation, body, message) => {
    expect(thrown(() => read("dynamodb", { headers: { "x-amz-target": `DynamoDB_20120810.${operation}` }, body }))).toMatchObject({ code: "SerializationException", message });
  });
});

describe("other services", () => {
  test("an error without a prefix", () => {
    expect(fail("logs", "json", new AwsError("ResourceNotFoundException", "The specified log group does not exist."))).toMatchObject({
      status: 400, headers: { "content-type": "application/x-amz-json-1.1" }, body: '{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}',
    });
  });

  test("SQS repeats the query protocol's code in a header", () => {
    // Recorded: errors that SQS's model does not have, under one name in JSON and another in the query protocol.
    expect(fail("sqs", "json", new AwsError("InvalidParameterValue", "Value 11 for parameter MaxNumberOfMessages is invalid."))).toMatchObject({
      status: 400,
      headers: { "x-amzn-query-error": "InvalidParameterValue;Sender" },
      body: '{"__type":"com.amazon.coral.service#InvalidParameterValueException","message":"Value 11 for parameter MaxNumberOfMessages is invalid."}',
    });
    expect(fail("sqs", "json", new AwsError("QueueDoesNotExist", "The specified queue does not exist."))).toMatchObject({
      status: 400,
      headers: { "x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender" },
      body: '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}',
    });
  });

  test("an operation without output has an empty body", () => {
    expect(write("logs", "CreateLogGroup", "json", undefined)).toMatchObject({ status: 200, body: "", headers: { "content-length": "0" } });
  });

  test("blobs are strict base64", () => {
    const encrypt = (plaintext: string) => read("kms", { headers: { "x-amz-target": "TrentService.Encrypt" }, body: JSON.stringify({ KeyId: "k", Plaintext: plaintext }) });
    expect(encrypt("AQI=").input).toEqual({ KeyId: "k", Plaintext: Buffer.from([1, 2]) });
    expect(thrown(() => encrypt("23456")).message).toBe("Base64 encoded length is expected a multiple of 4 bytes but found: 5");
  });

  test("keys that JavaScript gives a meaning are keys", () => {
    const { input } = read("sqs", { headers: { "x-amz-target": "AmazonSQS.TagQueue" }, body: '{"QueueUrl":"q","Tags":{"__proto__":"a","constructor":"b"}}' });
    const tags = (input as { Tags: object }).Tags;
    expect(Object.entries(tags)).toEqual([["__proto__", "a"], ["constructor", "b"]]);
    expect(Object.getPrototypeOf(tags)).toBe(Object.prototype);
    expect(write("sqs", "ListQueueTags", "json", { Tags: tags }).body).toBe('{"Tags":{"__proto__":"a","constructor":"b"}}');
  });

  test("CloudTrail's target with and without its package", () => {
    for (const prefix of ["CloudTrail_20131101", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"]) {
      expect(read("cloudtrail", { headers: { "x-amz-target": `${prefix}.ListTrails` }, body: "{}" }).operation).toBe("ListTrails");
    }
  });
});

describe("Lambda and API Gateway", () => {
  test("Lambda says whose fault an error was", () => {
    expect(fail("lambda", "rest-json", new AwsError("ResourceNotFoundException", "Function not found: f"))).toMatchObject({
      status: 404, headers: { "x-amzn-errortype": "ResourceNotFoundException", "content-type": "application/json" }, body: '{"Type":"User","Message":"Function not found: f"}',
    });
    expect(fail("lambda", "rest-json", new AwsError("ServiceException", "oh")).body).toBe('{"Type":"Service","Message":"oh"}');
  });

  test("an unmodelled error has a plain message", () => {
    expect(fail("lambda", "rest-json", new AwsError("ValidationException", "1 validation error detected: ..."))).toMatchObject({
      status: 400, headers: { "x-amzn-errortype": "ValidationException" }, body: '{"message":"1 validation error detected: ..."}',
    });
  });

  test("an error's header members travel as headers", () => {
    const { headers, body } = fail("apigateway", "rest-json", new AwsError("TooManyRequestsException", "slow", { fields: { retryAfterSeconds: "3" } }));
    expect(headers["retry-after"]).toBe("3");
    expect(body).toBe('{"message":"slow"}');
  });

  test("a function's name is decoded once, and may be an ARN", () => {
    expect(read("lambda", { method: "GET", path: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Afunction%3Af/configuration", query: "Qualifier=%24LATEST" }))
      .toEqual({ operation: "GetFunctionConfiguration", protocol: "rest-json", input: { FunctionName: "arn:aws:lambda:us-east-1:111122223333:function:f", Qualifier: "$LATEST" } });
  });

  test("trailing slashes do not matter", () => {
    expect(read("lambda", { method: "GET", path: "/2015-03-31/functions" }).operation).toBe("ListFunctions");
    expect(read("lambda", { method: "GET", path: "/2015-03-31/functions/" }).operation).toBe("ListFunctions");
    expect(read("apigatewayv2", { method: "GET", path: "/v2/apis/" }).operation).toBe("GetApis");
  });

  test("Invoke hands payloads through untouched", () => {
    const { input } = read("lambda", { path: "/2015-03-31/functions/f/invocations", headers: { "x-amz-invocation-type": "Event" }, body: "not json" });
    expect(input).toEqual({ FunctionName: "f", InvocationType: "Event", Payload: Buffer.from("not json") });
    expect(write("lambda", "Invoke", "rest-json", { StatusCode: 200, FunctionError: "Unhandled", ExecutedVersion: "$LATEST", Payload: Buffer.from("{}") })).toMatchObject({
      status: 200, body: "{}", headers: { "x-amz-function-error": "Unhandled", "x-amz-executed-version": "$LATEST", "content-type": "application/json" },
    });
  });

  test("import's mode does not leak into its parameters", () => {
    expect(read("apigateway", { path: "/restapis", query: "mode=import&failonwarnings=true&endpointConfigurationTypes=REGIONAL", body: "{}" }))
      .toMatchObject({ operation: "ImportRestApi", input: { failOnWarnings: true, parameters: { endpointConfigurationTypes: "REGIONAL" }, body: Buffer.from("{}") } });
  });

  test("an unknown path of API Gateway looks like a missing token", () => {
    const error = thrown(() => read("apigateway", { method: "GET", path: "/nowhere" }));
    expect(fail("apigateway", "rest-json", error, "GET")).toMatchObject({ status: 403, body: '{"message":"Missing Authentication Token"}', headers: { "x-amzn-errortype": "MissingAuthenticationTokenException" } });
  });

  test("a header list splits at commas outside quotes", () => {
    expect(read("s3", { method: "GET", path: "/b/k", query: "attributes", headers: { "x-amz-object-attributes": 'ETag,"Check,sum" , ObjectSize' } }).input)
      .toEqual({ Bucket: "b", Key: "k", ObjectAttributes: ["ETag", "Check,sum", "ObjectSize"] });
  });
});
