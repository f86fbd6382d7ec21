import { describe, expect, test } from "vitest";
import { dataType, eventName, eventSource, isReadOnly } from "../../src/cloudtrail/domain/classify.ts";
import { selectedDataTypes, selects, type Selectable } from "../../src/cloudtrail/domain/selectors.ts";
import { userIdentity } from "../../src/cloudtrail/domain/event.ts";

const management: Selectable = { name: "CreateTable", source: "dynamodb.amazonaws.com", category: "Management", readOnly: false, userArn: "arn:aws:iam::1:user/a", resources: [] };
const put: Selectable = { ...management, name: "PutObject", source: "s3.amazonaws.com", category: "Data", resources: [{ type: "AWS::S3::Object", arn: "arn:aws:s3:::bucket/a/b" }, { type: "AWS::S3::Bucket", arn: "arn:aws:s3:::bucket" }] };

describe("classes", () => {
  test.each([
    ["dynamodb", "GetItem", "AWS::DynamoDB::Table"], ["dynamodb", "DescribeTable", undefined], ["s3", "PutObject", "AWS::S3::Object"], ["s3", "CreateBucket", undefined],
    ["lambda", "Invoke", "AWS::Lambda::Function"], ["lambda", "CreateFunction", undefined], ["logs", "PutLogEvents", "AWS::Logs::LogGroup"], ["kms", "Encrypt", undefined],
  ])("%s %s", (service, operation, type) => expect(dataType(service, operation)).toBe(type));

  test.each([
    ["GetItem", true], ["ListTables", true], ["DescribeTable", true], ["PutItem", false], ["TransactGetItems", true], ["TransactWriteItems", false], ["GenerateDataKey", false],
    ["SimulateCustomPolicy", true], ["LookupEvents", true], ["CreateTable", false], ["HeadBucket", true],
  ])("%s reads only: %s", (operation, readOnly) => expect(isReadOnly(operation)).toBe(readOnly));

  test("names are CloudTrail's", () => {
    expect(eventName("lambda", "CreateFunction")).toBe("CreateFunction20150331");
    expect(eventName("lambda", "UpdateFunctionCode")).toBe("UpdateFunctionCode20150331v2");
    expect(eventName("lambda", "PublishLayerVersion")).toBe("PublishLayerVersion20181031");
    expect(eventName("lambda", "Invoke")).toBe("Invoke");
    expect(eventName("cloudfront", "CreateDistribution")).toBe("CreateDistribution2020_05_31");
    expect(eventName("dynamodb", "CreateTable")).toBe("CreateTable");
    expect(eventSource("cloudwatch")).toBe("monitoring.amazonaws.com");
    expect(eventSource("apigatewayv2")).toBe("apigateway.amazonaws.com");
  });
});

describe("selectors", () => {
  test("without any, all management events", () => {
    expect(selects({}, management)).toBe(true);
    expect(selects({}, put)).toBe(false);
  });

  test.each([
    [{ ReadWriteType: "ReadOnly" }, management, false],
    [{ ReadWriteType: "WriteOnly" }, management, true],
    [{ IncludeManagementEvents: false }, management, false],
    [{ ExcludeManagementEventSources: ["dynamodb.amazonaws.com"] }, management, false],
    [{ DataResources: [{ Type: "AWS::S3::Object", Values: ["arn:aws:s3:::bucket/"] }] }, put, true],
    [{ DataResources: [{ Type: "AWS::S3::Object", Values: ["arn:aws:s3:::bucket/a"] }] }, put, true],
    [{ DataResources: [{ Type: "AWS::S3::Object", Values: ["arn:aws:s3:::other/"] }] }, put, false],
    [{ DataResources: [{ Type: "AWS::S3::Object", Values: ["arn:aws:s3"] }] }, put, true],
    [{ DataResources: [{ Type: "AWS::Lambda::Function", Values: ["arn:aws:lambda"] }] }, put, false],
  ])("%j", (selector, event, expected) => expect(selects({ eventSelectors: [selector] }, event)).toBe(expected));

  test.each([
    [[{ Field: "eventCategory", Equals: ["Data"] }, { Field: "resources.type", Equals: ["AWS::S3::Object"] }], put, true],
    [[{ Field: "eventCategory", Equals: ["Data"] }, { Field: "resources.type", Equals: ["AWS::S3::Object"] }, { Field: "resources.ARN", StartsWith: ["arn:aws:s3:::bucket/"] }], put, true],
    [[{ Field: "eventCategory", Equals: ["Data"] }, { Field: "resources.type", Equals: ["AWS::S3::Object"] }, { Field: "resources.ARN", NotStartsWith: ["arn:aws:s3:::bucket/"] }], put, false],
    [[{ Field: "eventCategory", Equals: ["Data"] }, { Field: "resources.type", Equals: ["AWS::S3::Object"] }, { Field: "readOnly", Equals: ["true"] }], put, false],
    [[{ Field: "eventCategory", Equals: ["Management"] }, { Field: "eventName", StartsWith: ["Create"], NotEndsWith: ["Bucket"] }], management, true],
    [[{ Field: "eventCategory", Equals: ["Management"] }, { Field: "userIdentity.arn", NotEquals: ["arn:aws:iam::1:user/a"] }], management, false],
    [[{ Field: "eventCategory", Equals: ["Management"] }, { Field: "eventSource", EndsWith: ["amazonaws.com"] }], management, true],
  ])("%j", (FieldSelectors, event, expected) => expect(selects({ advancedEventSelectors: [{ FieldSelectors }] }, event)).toBe(expected));

  test("tell which data events are wanted at all", () => {
    expect(selectedDataTypes({})).toEqual([]);
    expect(selectedDataTypes({ eventSelectors: [{ DataResources: [{ Type: "AWS::S3::Object", Values: [] }] }] })).toEqual(["AWS::S3::Object"]);
    expect(selectedDataTypes({ advancedEventSelectors: [{ FieldSelectors: [{ Field: "eventCategory", Equals: ["Data"] }, { Field: "resources.type", Equals: ["X"] }] }] })).toEqual(["X"]);
  });
});

test("identities", () => {
  expect(userIdentity({ kind: "user", account: "1", arn: "arn:aws:iam::1:user/team/ann", id: "AIDA1", accessKeyId: "AKIA" })).toEqual({
    type: "IAMUser", principalId: "AIDA1", arn: "arn:aws:iam::1:user/team/ann", accountId: "1", accessKeyId: "AKIA", userName: "ann",
  });
  expect(userIdentity({
    kind: "role", account: "1", arn: "arn:aws:sts::1:assumed-role/r/s", id: "AROA1:s", accessKeyId: "ASIA",
    session: { issuedMs: 0, issuer: { type: "Role", arn: "arn:aws:iam::1:role/path/r", id: "AROA1", name: "r" }, mfa: false },
  })).toEqual({
    type: "AssumedRole", principalId: "AROA1:s", arn: "arn:aws:sts::1:assumed-role/r/s", accountId: "1", accessKeyId: "ASIA",
    sessionContext: {
      sessionIssuer: { type: "Role", principalId: "AROA1", arn: "arn:aws:iam::1:role/path/r", accountId: "1", userName: "r" },
      attributes: { creationDate: "1970-01-01T00:00:00Z", mfaAuthenticated: "false" },
    },
  });
  expect(userIdentity({ kind: "service", account: "1", arn: "lambda.amazonaws.com", id: "lambda.amazonaws.com" })).toEqual({ type: "AWSService", invokedBy: "lambda.amazonaws.com" });
  expect(userIdentity({ kind: "anonymous", account: "1", arn: "anonymous", id: "anonymous" })).toMatchObject({ accountId: "ANONYMOUS_PRINCIPAL" });
});
