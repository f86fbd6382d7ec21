/** What each call needs, by AWS's Service Authorization Reference. */
import { compileService, loadModel, serviceIndex, type ServiceId } from "@cumulet/protocol";
import { describe, expect, it } from "vitest";
import { accessData } from "../src/domain/access/data.ts";
import { compileAccess, type Scope } from "../src/domain/access/rules.ts";

const A = "111111111111";
const scope: Scope = { partition: "aws", region: "us-east-1", account: A, pathOf: (_kind, name) => (name === "deep" ? "/app/" : undefined) };
const services = new Map<string, ReturnType<typeof compileService>>();

function compiled(service: ServiceId, operation: string) {
  let model = services.get(service);
  if (model === undefined) services.set(service, (model = compileService(loadModel(service))));
  return compileAccess(accessData[service]!, model.operation(operation)!, model.model);
}

const needs = (service: ServiceId, operation: string, input: Record<string, unknown>): string[] => compiled(service, operation).needs(input, scope).map(({ action, resource }) => `${action} ${resource}`);
const dynamodb = (rest: string): string => `arn:aws:dynamodb:us-east-1:${A}:${rest}`;
const lambda = (rest: string): string => `arn:aws:lambda:us-east-1:${A}:${rest}`;
const iam = (rest: string): string => `arn:aws:iam::${A}:${rest}`;

describe("what calls need", () => {
  it.each<[ServiceId, string, Record<string, unknown>, ...string[]]>([
    ["dynamodb", "GetItem", { TableName: "t" }, `dynamodb:GetItem ${dynamodb("table/t")}`],
    ["dynamodb", "GetItem", { TableName: "arn:aws:dynamodb:eu-west-1:222222222222:table/t" }, "dynamodb:GetItem arn:aws:dynamodb:eu-west-1:222222222222:table/t"],
    ["dynamodb", "Query", { TableName: "t" }, `dynamodb:Query ${dynamodb("table/t")}`],
    ["dynamodb", "Query", { TableName: "t", IndexName: "i" }, `dynamodb:Query ${dynamodb("table/t/index/i")}`],
    ["dynamodb", "ListTables", {}, `dynamodb:ListTables ${dynamodb("table/*")}`],
    ["dynamodb", "DescribeLimits", {}, "dynamodb:DescribeLimits *"],
    ["dynamodb", "BatchGetItem", { RequestItems: { a: {}, b: {} } }, `dynamodb:BatchGetItem ${dynamodb("table/a")}`, `dynamodb:BatchGetItem ${dynamodb("table/b")}`],
    ["dynamodb", "TransactWriteItems", { TransactItems: [{ Put: { TableName: "a" } }, { ConditionCheck: { TableName: "b" } }] }, `dynamodb:PutItem ${dynamodb("table/a")}`, `dynamodb:ConditionCheckItem ${dynamodb("table/b")}`],
    ["dynamodb", "ExecuteStatement", { Statement: 'SELECT * FROM "t"."i" WHERE a = 1' }, `dynamodb:PartiQLSelect ${dynamodb("table/t/index/i")}`],
    ["dynamodb", "ExecuteStatement", { Statement: "update t set a = 1 where k = 2" }, `dynamodb:PartiQLUpdate ${dynamodb("table/t")}`],
    ["dynamodb", "BatchExecuteStatement", { Statements: [{ Statement: "INSERT INTO t VALUE {'a': 1}" }, { Statement: "DELETE FROM u WHERE a = 1" }] }, `dynamodb:PartiQLInsert ${dynamodb("table/t")}`, `dynamodb:PartiQLDelete ${dynamodb("table/u")}`],
    ["streams.dynamodb", "DescribeStream", { StreamArn: dynamodb("table/t/stream/1") }, `dynamodb:DescribeStream ${dynamodb("table/t/stream/1")}`],
    ["lambda", "Invoke", { FunctionName: "f" }, `lambda:InvokeFunction ${lambda("function:f")}`],
    ["lambda", "Invoke", { FunctionName: "f", Qualifier: "prod" }, `lambda:InvokeFunction ${lambda("function:f:prod")}`],
    ["lambda", "Invoke", { FunctionName: "222222222222:function:f" }, "lambda:InvokeFunction arn:aws:lambda:us-east-1:222222222222:function:f"],
    ["lambda", "Invoke", { FunctionName: lambda("function:f:1") }, `lambda:InvokeFunction ${lambda("function:f:1")}`],
    ["lambda", "CreateFunction", { FunctionName: "f", Role: iam("role/r") }, `lambda:CreateFunction ${lambda("function:f")}`, `iam:PassRole ${iam("role/r")}`],
    ["lambda", "UpdateFunctionConfiguration", { FunctionName: "f" }, `lambda:UpdateFunctionConfiguration ${lambda("function:f")}`],
    ["lambda", "ListFunctions", {}, "lambda:ListFunctions *"],
    ["lambda", "GetLayerVersion", { LayerName: "l", VersionNumber: 3 }, `lambda:GetLayerVersion ${lambda("layer:l:3")}`],
    ["lambda", "DeleteEventSourceMapping", { UUID: "u" }, `lambda:DeleteEventSourceMapping ${lambda("event-source-mapping:u")}`],
    ["lambda", "TagResource", { Resource: lambda("function:f"), Tags: {} }, `lambda:TagResource ${lambda("function:f")}`],
    ["sqs", "SendMessage", { QueueUrl: `http://localhost:4566/${A}/q` }, `sqs:SendMessage arn:aws:sqs:us-east-1:${A}:q`],
    ["sqs", "SendMessageBatch", { QueueUrl: "http://sqs.us-east-1.localhost:4566/222222222222/q" }, "sqs:SendMessage arn:aws:sqs:us-east-1:222222222222:q"],
    ["sqs", "CreateQueue", { QueueName: "q" }, `sqs:CreateQueue arn:aws:sqs:us-east-1:${A}:q`],
    ["sns", "Publish", { TopicArn: `arn:aws:sns:us-east-1:${A}:t` }, `sns:Publish arn:aws:sns:us-east-1:${A}:t`],
    ["sns", "Unsubscribe", { SubscriptionArn: `arn:aws:sns:us-east-1:${A}:t:0a` }, `sns:Unsubscribe arn:aws:sns:us-east-1:${A}:t`],
    ["sns", "ListTopics", {}, "sns:ListTopics *"],
    ["events", "PutRule", { Name: "r" }, `events:PutRule arn:aws:events:us-east-1:${A}:rule/r`],
    ["events", "PutTargets", { Rule: "r", EventBusName: "b" }, `events:PutTargets arn:aws:events:us-east-1:${A}:rule/b/r`],
    ["events", "PutEvents", { Entries: [{ Source: "app" }] }, `events:PutEvents arn:aws:events:us-east-1:${A}:event-bus/default`],
    ["scheduler", "CreateSchedule", { Name: "s", Target: { RoleArn: iam("role/r") } }, `scheduler:CreateSchedule arn:aws:scheduler:us-east-1:${A}:schedule/default/s`, `iam:PassRole ${iam("role/r")}`],
    ["logs", "PutLogEvents", { logGroupName: "/aws/lambda/f", logStreamName: "s" }, `logs:PutLogEvents arn:aws:logs:us-east-1:${A}:log-group:/aws/lambda/f:log-stream:s`],
    ["logs", "CreateLogGroup", { logGroupName: "g" }, `logs:CreateLogGroup arn:aws:logs:us-east-1:${A}:log-group:g`],
    ["logs", "FilterLogEvents", { logGroupName: "g" }, `logs:FilterLogEvents arn:aws:logs:us-east-1:${A}:log-group:g:*`],
    ["logs", "StartQuery", { logGroupNames: ["a", "b"] }, `logs:StartQuery arn:aws:logs:us-east-1:${A}:log-group:a:*`, `logs:StartQuery arn:aws:logs:us-east-1:${A}:log-group:b:*`],
    ["cloudwatch", "DeleteAlarms", { AlarmNames: ["a", "b"] }, `cloudwatch:DeleteAlarms arn:aws:cloudwatch:us-east-1:${A}:alarm:a`, `cloudwatch:DeleteAlarms arn:aws:cloudwatch:us-east-1:${A}:alarm:b`],
    ["cloudwatch", "PutMetricData", { Namespace: "n" }, "cloudwatch:PutMetricData *"],
    ["cloudwatch", "PutDashboard", { DashboardName: "d" }, `cloudwatch:PutDashboard arn:aws:cloudwatch::${A}:dashboard/d`],
    ["xray", "PutTraceSegments", {}, "xray:PutTraceSegments *"],
    ["cloudtrail", "CreateTrail", { Name: "t" }, `cloudtrail:CreateTrail arn:aws:cloudtrail:us-east-1:${A}:trail/t`],
    ["secretsmanager", "GetSecretValue", { SecretId: "db/main" }, `secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:${A}:secret:db/main-??????`],
    ["ssm", "GetParameter", { Name: "/app/db" }, `ssm:GetParameter arn:aws:ssm:us-east-1:${A}:parameter/app/db`],
    ["ssm", "GetParameters", { Names: ["a", "b:3"] }, `ssm:GetParameters arn:aws:ssm:us-east-1:${A}:parameter/a`, `ssm:GetParameters arn:aws:ssm:us-east-1:${A}:parameter/b`],
    ["ssm", "GetParametersByPath", { Path: "/app/" }, `ssm:GetParametersByPath arn:aws:ssm:us-east-1:${A}:parameter/app`],
    ["kms", "Decrypt", { KeyId: "1234" }, `kms:Decrypt arn:aws:kms:us-east-1:${A}:key/1234`],
    ["kms", "ReEncrypt", { SourceKeyId: "1", DestinationKeyId: "alias/b" }, `kms:ReEncryptFrom arn:aws:kms:us-east-1:${A}:key/1`, `kms:ReEncryptTo arn:aws:kms:us-east-1:${A}:alias/b`],
    ["kms", "CreateKey", {}, "kms:CreateKey *"],
    ["cognito-idp", "AdminGetUser", { UserPoolId: "us-east-1_a" }, `cognito-idp:AdminGetUser arn:aws:cognito-idp:us-east-1:${A}:userpool/us-east-1_a`],
    ["cloudformation", "CreateStack", { StackName: "s", RoleARN: iam("role/deploy") }, `cloudformation:CreateStack arn:aws:cloudformation:us-east-1:${A}:stack/s/*`, `iam:PassRole ${iam("role/deploy")}`],
    ["cloudfront", "GetDistribution", { Id: "E1" }, `cloudfront:GetDistribution arn:aws:cloudfront::${A}:distribution/E1`],
    ["cloudfront", "CreateInvalidation", { DistributionId: "E1" }, `cloudfront:CreateInvalidation arn:aws:cloudfront::${A}:distribution/E1`],
    ["cloudfront", "CreateDistributionWithTags", {}, `cloudfront:CreateDistribution arn:aws:cloudfront::${A}:distribution/*`],
    ["cloudfront", "UpdateFunction", { Name: "f" }, `cloudfront:UpdateFunction arn:aws:cloudfront::${A}:function/f`],
    ["cloudfront", "ListDistributions", {}, "cloudfront:ListDistributions *"],
    ["cloudfront", "TagResource", { Resource: `arn:aws:cloudfront::${A}:distribution/E1` }, `cloudfront:TagResource arn:aws:cloudfront::${A}:distribution/E1`],
    ["apigateway", "GetRestApis", {}, "apigateway:GET arn:aws:apigateway:us-east-1::/restapis"],
    ["apigateway", "PutIntegration", { restApiId: "a", resourceId: "r", httpMethod: "GET" }, "apigateway:PUT arn:aws:apigateway:us-east-1::/restapis/a/resources/r/methods/GET/integration"],
    ["apigateway", "CreateAuthorizer", { restApiId: "a", authorizerCredentials: iam("role/r") }, "apigateway:POST arn:aws:apigateway:us-east-1::/restapis/a/authorizers", `iam:PassRole ${iam("role/r")}`],
    ["apigatewayv2", "GetRoutes", { ApiId: "a" }, "apigateway:GET arn:aws:apigateway:us-east-1::/apis/a/routes"],
    ["iam", "CreateUser", { UserName: "u", Path: "/team/" }, `iam:CreateUser ${iam("user/team/u")}`],
    ["iam", "GetRole", { RoleName: "deep" }, `iam:GetRole ${iam("role/app/deep")}`],
    ["iam", "AttachRolePolicy", { RoleName: "r", PolicyArn: iam("policy/p") }, `iam:AttachRolePolicy ${iam("role/r")}`],
    ["iam", "CreatePolicyVersion", { PolicyArn: iam("policy/p") }, `iam:CreatePolicyVersion ${iam("policy/p")}`],
    ["iam", "AddRoleToInstanceProfile", { InstanceProfileName: "i", RoleName: "r" }, `iam:AddRoleToInstanceProfile ${iam("instance-profile/i")}`, `iam:PassRole ${iam("role/r")}`],
    ["iam", "CreateServiceLinkedRole", { AWSServiceName: "ecs.amazonaws.com" }, `iam:CreateServiceLinkedRole ${iam("role/aws-service-role/ecs.amazonaws.com/*")}`],
    ["iam", "ListAccountAliases", {}, "iam:ListAccountAliases *"],
    ["sts", "AssumeRole", { RoleArn: iam("role/r"), Tags: [{ Key: "a", Value: "b" }], SourceIdentity: "ann" }, `sts:AssumeRole ${iam("role/r")}`, `sts:TagSession ${iam("role/r")}`, `sts:SetSourceIdentity ${iam("role/r")}`],
    ["sts", "GetFederationToken", { Name: "g" }, `sts:GetFederationToken arn:aws:sts::${A}:federated-user/g`],
    ["s3", "GetObject", { Bucket: "b", Key: "k/x" }, "s3:GetObject arn:aws:s3:::b/k/x"],
    ["s3", "GetObject", { Bucket: "b", Key: "k", VersionId: "v" }, "s3:GetObjectVersion arn:aws:s3:::b/k"],
    ["s3", "HeadObject", { Bucket: "b", Key: "k" }, "s3:GetObject arn:aws:s3:::b/k"],
    ["s3", "GetObjectTagging", { Bucket: "b", Key: "k", VersionId: "v" }, "s3:GetObjectVersionTagging arn:aws:s3:::b/k"],
    ["s3", "ListObjectsV2", { Bucket: "b" }, "s3:ListBucket arn:aws:s3:::b"],
    ["s3", "ListBuckets", {}, "s3:ListAllMyBuckets *"],
    ["s3", "PutObject", { Bucket: "b", Key: "k", ACL: "private", Tagging: "a=b" }, "s3:PutObject arn:aws:s3:::b/k", "s3:PutObjectAcl arn:aws:s3:::b/k", "s3:PutObjectTagging arn:aws:s3:::b/k"],
    ["s3", "CopyObject", { Bucket: "b", Key: "k", CopySource: "/c/x%20y" }, "s3:PutObject arn:aws:s3:::b/k", "s3:GetObject arn:aws:s3:::c/x y"],
    ["s3", "DeleteObjects", { Bucket: "b", Delete: { Objects: [{ Key: "a" }, { Key: "b", VersionId: "v" }] } }, "s3:DeleteObject arn:aws:s3:::b/a", "s3:DeleteObjectVersion arn:aws:s3:::b/b"],
    ["s3", "PutBucketEncryption", { Bucket: "b" }, "s3:PutEncryptionConfiguration arn:aws:s3:::b"],
    ["s3", "GetBucketInventoryConfiguration", { Bucket: "b" }, "s3:GetInventoryConfiguration arn:aws:s3:::b"],
    ["s3", "PutBucketPolicy", { Bucket: "b" }, "s3:PutBucketPolicy arn:aws:s3:::b"],
    ["s3control", "GetPublicAccessBlock", {}, "s3:GetAccountPublicAccessBlock *"],
    ["resourcegroupstaggingapi", "GetResources", {}, "tag:GetResources *"],
    ["apigatewaymanagementapi", "PostToConnection", { ConnectionId: "c" }, `execute-api:ManageConnections arn:aws:execute-api:us-east-1:${A}:*/*/POST/@connections/c`],
  ])("%s.%s %j", (service, operation, input, ...wanted) => {
    expect(needs(service, operation, input)).toEqual(wanted);
  });

  it("is known of every operation of every service", () => {
    for (const service of Object.keys(serviceIndex) as ServiceId[]) {
      expect(accessData[service], service).toBeDefined();
      const { model } = services.get(service) ?? compileService(loadModel(service));
      for (const operation of Object.keys(model.operations)) {
        if (accessData[service]!.free?.includes(operation)) continue;
        for (const need of compiled(service, operation).needs({}, scope)) expect(need.action, `${service}.${operation}`).toMatch(/^[a-z0-9-]+:[A-Za-z0-9]+$/);
      }
    }
  });
});

describe("condition keys of a call", () => {
  const values = (service: ServiceId, operation: string, input: Record<string, unknown>) => compiled(service, operation).needs(input, scope)[0]!.values;
  it("come from its input", () => {
    expect(values("s3", "ListObjectsV2", { Bucket: "b", Prefix: "home/", MaxKeys: 5 })).toMatchObject({ "s3:prefix": "home/", "s3:max-keys": "5" });
    expect(values("sns", "Subscribe", { TopicArn: "t", Protocol: "https" })).toMatchObject({ "sns:protocol": "https" });
    expect(values("sts", "AssumeRole", { RoleArn: "r", ExternalId: "x", RoleSessionName: "s" })).toMatchObject({ "sts:externalid": "x", "sts:rolesessionname": "s" });
    expect(values("iam", "AttachUserPolicy", { UserName: "u", PolicyArn: "p" })).toMatchObject({ "iam:policyarn": "p" });
    expect(compiled("lambda", "CreateFunction").needs({ FunctionName: "f", Role: iam("role/r") }, scope)[1]!.values).toMatchObject({ "iam:passedtoservice": "lambda.amazonaws.com" });
  });

  it("are tags, however a service writes them", () => {
    const tags = (service: ServiceId, operation: string, input: Record<string, unknown>) => compiled(service, operation).requestTags(input);
    const wanted = { team: "red" };
    expect(tags("dynamodb", "CreateTable", { Tags: [{ Key: "team", Value: "red" }] })).toEqual(wanted);
    expect(tags("kms", "CreateKey", { Tags: [{ TagKey: "team", TagValue: "red" }] })).toEqual(wanted);
    expect(tags("lambda", "CreateFunction", { Tags: wanted })).toEqual(wanted);
    expect(tags("sqs", "CreateQueue", { tags: wanted })).toEqual(wanted);
    expect(tags("cognito-idp", "CreateUserPool", { UserPoolTags: wanted })).toEqual(wanted);
    expect(tags("cloudtrail", "CreateTrail", { TagsList: [{ Key: "team", Value: "red" }] })).toEqual(wanted);
    expect(Object.keys(tags("dynamodb", "UntagResource", { TagKeys: ["team"] })!)).toEqual(["team"]);
    expect(tags("dynamodb", "CreateTable", {})).toBeUndefined();
  });
});
