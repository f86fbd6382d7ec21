/**
 * The same calls against the real AWS and against Cumulet, answers compared. Runs only when asked to, with the
 * credentials of a throw-away account: CUMULET_TEST_AWS=1 AWS_PROFILE=... npx vitest run aws
 */
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand, UpdateItemCommand, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { GetFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetBucketLocationCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCloud, type Cloud } from "../support/cloud.ts";

const asked = process.env.CUMULET_TEST_AWS === "1";
const region = process.env.AWS_REGION ?? "us-east-1";
const table = `cumulet-parity-${Date.now()}`;

interface Clients {
  dynamodb: DynamoDBClient;
  iam: IAMClient;
  lambda: LambdaClient;
  s3: S3Client;
}

function clientsOf(config: object): Clients {
  return { dynamodb: new DynamoDBClient(config), iam: new IAMClient(config), lambda: new LambdaClient(config), s3: new S3Client({ ...config, forcePathStyle: true }) };
}

const key = { pk: { S: "a" }, sk: { N: "1" } };
const CASES: [what: string, call: (clients: Clients) => Promise<unknown>][] = [
  ["a missing role", ({ iam }) => iam.send(new GetRoleCommand({ RoleName: "cumulet-missing" }))],
  ["a missing function", ({ lambda }) => lambda.send(new GetFunctionCommand({ FunctionName: "cumulet-missing" }))],
  ["invoking a missing function", ({ lambda }) => lambda.send(new InvokeCommand({ FunctionName: "cumulet-missing" }))],
  ["a function name that cannot be", ({ lambda }) => lambda.send(new GetFunctionCommand({ FunctionName: "no spaces" }))],
  ["a missing bucket", ({ s3 }) => s3.send(new GetBucketLocationCommand({ Bucket: "cumulet-missing-bucket-of-nobody" }))],
  ["an object of a missing bucket", ({ s3 }) => s3.send(new GetObjectCommand({ Bucket: "cumulet-missing-bucket-of-nobody", Key: "k" }))],
  ["an item of a missing table", ({ dynamodb }) => dynamodb.send(new GetItemCommand({ TableName: "cumulet-missing", Key: key }))],
  ["a key that does not fit", ({ dynamodb }) => dynamodb.send(new GetItemCommand({ TableName: table, Key: { pk: { N: "1" }, sk: { N: "1" } } }))],
  ["a number that is none", ({ dynamodb }) => dynamodb.send(new PutItemCommand({ TableName: table, Item: { ...key, n: { N: "one" } } }))],
  ["a syntax error", ({ dynamodb }) => dynamodb.send(new UpdateItemCommand({ TableName: table, Key: key, UpdateExpression: "SET a == :b", ExpressionAttributeValues: { ":b": { N: "1" } } }))],
  ["an unused value", ({ dynamodb }) => dynamodb.send(new QueryCommand({ TableName: table, KeyConditionExpression: "pk = :a", ExpressionAttributeValues: { ":a": { S: "a" }, ":b": { S: "b" } } }))],
  ["a reserved word", ({ dynamodb }) => dynamodb.send(new QueryCommand({ TableName: table, KeyConditionExpression: "name = :a", ExpressionAttributeValues: { ":a": { S: "a" } } }))],
  ["a number's normal form", async ({ dynamodb }) => {
    await dynamodb.send(new PutItemCommand({ TableName: table, Item: { ...key, n: { N: "+0012.3400e2" } } }));
    return (await dynamodb.send(new GetItemCommand({ TableName: table, Key: key }))).Item;
  }],
];

/** What a caller can tell of an answer, ids of requests and hosts left out. */
async function outcome(call: (clients: Clients) => Promise<unknown>, clients: Clients, account: string): Promise<unknown> {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null).replaceAll(account, "<account>").replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, "<uuid>"));
  try {
    return plain(await call(clients));
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return plain({ name, message, status: $metadata?.httpStatusCode });
  }
}

describe.skipIf(!asked)(`parity with AWS${asked ? "" : " (skipped: set CUMULET_TEST_AWS=1 and credentials of a throw-away account)"}`, () => {
  let cloud: Cloud;
  let ours: Clients;
  let theirs: Clients;
  beforeAll(async () => {
    cloud = await startCloud(["--ephemeral", "--no-example", "--log-level", "error"]);
    ours = clientsOf({ endpoint: cloud.endpoint, region, credentials: { accessKeyId: "000000000000", secretAccessKey: "test" } });
    theirs = clientsOf({ region });
    for (const { dynamodb } of [ours, theirs]) {
      await dynamodb.send(new CreateTableCommand({
        TableName: table, BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }, { AttributeName: "sk", AttributeType: "N" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }, { AttributeName: "sk", KeyType: "RANGE" }],
      }));
      await waitUntilTableExists({ client: dynamodb, maxWaitTime: 60 }, { TableName: table });
    }
  });
  afterAll(async () => {
    await theirs?.dynamodb.send(new DeleteTableCommand({ TableName: table }));
    await cloud?.kill();
  });

  test.each(CASES)("%s", async (_what, call) => {
    const account = process.env.CUMULET_TEST_AWS_ACCOUNT ?? "000000000000";
    expect(await outcome(call, ours, "000000000000")).toEqual(await outcome(call, theirs, account));
  });
});
