import { describe, expect, test } from "vitest";
import { AwsError, compileService, loadModel } from "../src/index.ts";
import type { ServiceId, ServiceModel } from "../src/index.ts";

/** The error that an input is refused with. */
function refusal(service: ServiceId, operation: string, input: unknown): { code: string; message: string; fields: Record<string, unknown> } {
  try {
    compileService(loadModel(service)).operation(operation)!.validate(input);
  } catch (error) {
    if (error instanceof AwsError) return { code: error.code, message: error.message, fields: error.fields };
    throw error;
  }
  throw new Error("the input was accepted");
}

const message = (service: ServiceId, operation: string, input: unknown): string => refusal(service, operation, input).message;

describe("messages recorded from AWS", () => {
  test("an enum, in the order AWS prints it", () => {
    expect(refusal("cloudwatch", "SetAlarmState", { AlarmName: "a", StateReason: "b", StateValue: "INVALID" })).toMatchObject({
      code: "ValidationError",
      message: "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
    });
  });

  test("API Gateway names the input before members of the body only", () => {
    const bad = { op: "wrong", path: "/x" };
    expect(refusal("apigateway", "UpdateRestApi", { restApiId: "a", patchOperations: [bad, { op: "add" }, bad] })).toMatchObject({
      code: "ValidationException",
      message: "2 validation errors detected: Value 'wrong' at 'updateRestApiInput.patchOperations.1.member.op' failed to satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]; "
        + "Value 'wrong' at 'updateRestApiInput.patchOperations.3.member.op' failed to satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]",
    });
    expect(message("apigateway", "PutIntegrationResponse", { restApiId: "a", resourceId: "b", httpMethod: "GET", statusCode: "wrong" }))
      .toBe("1 validation error detected: Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d");
    expect(message("apigateway", "CreateRestApi", { name: "a", endpointConfiguration: { types: ["wrong"] } }))
      .toBe("1 validation error detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]");
  });

  test("several violations of one member, pattern before length, then the next member", () => {
    const name = "This should fail with two errors 123467890123412341234123412341234";
    expect(message("events", "CreateConnection", { Name: name, AuthorizationType: "INVALID", AuthParameters: {} })).toBe(
      `3 validation errors detected: Value '${name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+; `
      + `Value '${name}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64; `
      + "Value 'INVALID' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]");
  });

  test("elements of a list by number, numbers by value, empty lists by length", () => {
    expect(message("events", "PutTargets", { Rule: "r", Targets: [{ Id: "!@#$@!#$", Arn: "a" }] }))
      .toBe("1 validation error detected: Value '!@#$@!#$' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+");
    expect(message("kms", "GenerateRandom", { NumberOfBytes: 0 })).toBe("1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1");
    expect(message("dynamodb", "ExecuteStatement", { Statement: "s", Parameters: [] })).toBe("1 validation error detected: Value '[]' at 'parameters' failed to satisfy constraint: Member must have length greater than or equal to 1");
    expect(refusal("logs", "DescribeLogStreams", { limit: 51 }).code).toBe("InvalidParameterException");
  });

  test("Lambda tells of null in every collection", () => {
    expect(message("lambda", "UpdateFunctionConfiguration", { FunctionName: "f", Layers: ["arn:aws:lambda:us-east-1:111111111111:layer:x"] })).toBe(
      "1 validation error detected: Value '[arn:aws:lambda:us-east-1:111111111111:layer:x]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 2048, "
      + "Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|"
      + "(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must not be null]");
  });

  test("a missing member", () => {
    expect(refusal("sns", "SetEndpointAttributes", { EndpointArn: "a" })).toMatchObject({ code: "ValidationError", message: "1 validation error detected: Value null at 'attributes' failed to satisfy constraint: Member must not be null" });
    expect(refusal("sqs", "SendMessage", { QueueUrl: "u" })).toMatchObject({ code: "MissingParameter", message: "The request must contain the parameter MessageBody." });
  });

  test("a secret is not repeated", () => {
    expect(message("cognito-idp", "SignUp", { ClientId: "c", Username: "u", Password: " " })).toMatch(/^1 validation error detected: Value at 'password' failed to satisfy constraint: /);
    expect(message("iam", "DeleteServiceSpecificCredential", { UserName: "u", ServiceSpecificCredentialId: "12345678901234567890!" }))
      .toBe("1 validation error detected: Value at 'serviceSpecificCredentialId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+");
  });

  // The order of members is the model's: AWS printed unit before dimensions.
  test("a structure is printed as Java prints it", () => {
    const transformation = (n: number) => ({ metricName: `metric${n}`, metricNamespace: `namespace${n}`, metricValue: "1" });
    expect(message("logs", "PutMetricFilter", { logGroupName: "g", filterName: "f", filterPattern: "p", metricTransformations: [transformation(1), transformation(2)] })).toBe(
      "1 validation error detected: Value '[MetricTransformation(metricName=metric1, metricNamespace=namespace1, metricValue=1, defaultValue=null, dimensions=null, unit=null), "
      + "MetricTransformation(metricName=metric2, metricNamespace=namespace2, metricValue=1, defaultValue=null, dimensions=null, unit=null)]' at 'metricTransformations' failed to satisfy constraint: Member must have length less than or equal to 1");
  });

  test("values and keys of maps are reported once, on the map", () => {
    expect(message("dynamodb", "BatchWriteItem", { RequestItems: { a: [] } }))
      .toBe("1 validation error detected: Value '{a=[]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]");
    expect(message("lambda", "UpdateAlias", { FunctionName: "f", Name: "n", RoutingConfig: { AdditionalVersionWeights: { "1": 2 } } })).toBe(
      "1 validation error detected: Value '{1=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]");
    expect(message("lambda", "UpdateAlias", { FunctionName: "f", Name: "n", RoutingConfig: { AdditionalVersionWeights: { alias: 0.5 } } })).toBe(
      "1 validation error detected: Value '{alias=0.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, Member must not be null]");
  });

  test("at most ten", () => {
    const attribute = { AttributeName: "a", AttributeType: "x" };
    expect(message("dynamodb", "CreateTable", { TableName: "t", AttributeDefinitions: Array.from({ length: 15 }, () => attribute) })).toMatch(/^10 validation errors detected: /);
    expect(message("dynamodb", "CreateTable", { AttributeDefinitions: [attribute], KeySchema: [] })).toContain("Value 'x' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]");
  });

  test("CloudFront calls any violation malformed", () => {
    expect(refusal("cloudfront", "CreateInvalidation", { DistributionId: "E1" })).toMatchObject({ code: "MalformedXML", message: "1 validation error detected: Value null at 'invalidationBatch' failed to satisfy constraint: Member must not be null" });
  });
});

describe("S3's own words", () => {
  test("headers", () => {
    expect(refusal("s3", "CreateBucket", { Bucket: "b", ObjectOwnership: "RandomValue" })).toMatchObject({ code: "InvalidArgument", message: "Invalid x-amz-object-ownership header: RandomValue", fields: { ArgumentName: "x-amz-object-ownership" } });
    expect(refusal("s3", "ListObjectsV2", { Bucket: "b", EncodingType: "value" })).toMatchObject({ message: "Invalid Encoding Method specified in Request", fields: { ArgumentName: "encoding-type", ArgumentValue: "value" } });
  });

  test("bodies", () => {
    expect(refusal("s3", "PutBucketTagging", { Bucket: "b", Tagging: {} }).code).toBe("MalformedXML");
    expect(refusal("s3", "DeleteObjects", { Bucket: "b" }).code).toBe("MissingRequestBodyError");
    expect(refusal("s3", "PutBucketWebsite", { Bucket: "b", WebsiteConfiguration: { RedirectAllRequestsTo: { HostName: "h", Protocol: "ftp" } } }).code).toBe("InvalidRequest");
    const anywhere = { Bucket: "b", CreateBucketConfiguration: { LocationConstraint: "nowhere-1" } };
    expect(() => compileService(loadModel("s3")).operation("CreateBucket")!.validate(anywhere)).not.toThrow();
  });
});

describe("the check and the wording agree", () => {
  const services: ServiceId[] = ["dynamodb", "lambda", "apigateway", "iam", "cognito-idp"];
  test.each(services)("%s: a missing required member is always reported", (id) => {
    const model: ServiceModel = loadModel(id);
    const service = compileService(model);
    for (const operation of Object.values(model.operations)) {
      const required = operation.input === undefined ? [] : (model.shapes[operation.input.shape]!.required ?? []);
      if (required.length === 0) expect(() => service.operation(operation.name)!.validate({})).not.toThrow();
      else expect(() => service.operation(operation.name)!.validate({})).toThrow(AwsError);
    }
  });
});

test("a text that is too long never meets the pattern of its shape", () => {
  const spaces = `${" ".repeat(500)}\u0001`;
  expect(message("events", "CreateConnection", { Name: "n", AuthorizationType: "API_KEY", AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: spaces, ApiKeyValue: "v" } } }))
    .toContain("at 'authParameters.apiKeyAuthParameters.apiKeyName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[ \\t]*");
});
