import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awsEnvironment, startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";
import { awsCliMissing, run } from "../support/clients.ts";

describe.skipIf(awsCliMissing)(`the AWS CLI${awsCliMissing === undefined ? "" : ` (skipped: ${awsCliMissing})`}`, () => {
  const folder = temporaryFolder();
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud(["--ephemeral", "--no-example", "--log-level", "error"]);
  });
  afterAll(async () => {
    await cloud.kill();
    folder[Symbol.dispose]();
  });

  /** Runs `aws ...` and returns its JSON, or its text where it prints none. */
  async function aws<T = any>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await run("aws", [...args, "--output", "json"], { env: awsEnvironment(cloud.endpoint), cwd: folder.path });
    if (code !== 0) throw new Error(stderr.trim());
    try {
      return JSON.parse(stdout) as T;
    } catch {
      return stdout as T;
    }
  }

  test("sts and iam", async () => {
    expect(await aws("sts", "get-caller-identity")).toEqual({ UserId: expect.any(String), Account: "000000000000", Arn: "arn:aws:iam::000000000000:root" });
    const trust = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }] });
    const { Role } = await aws("iam", "create-role", "--role-name", "cli-role", "--assume-role-policy-document", trust);
    expect(Role.Arn).toBe("arn:aws:iam::000000000000:role/cli-role");
    const assumed = await aws("sts", "assume-role", "--role-arn", Role.Arn, "--role-session-name", "session");
    expect(assumed.Credentials.AccessKeyId).toMatch(/^ASIA/);
    await expect(aws("iam", "get-role", "--role-name", "missing")).rejects.toThrow("(NoSuchEntity) when calling the GetRole operation: The role with name missing cannot be found.");
  });

  test("dynamodb", async () => {
    await aws("dynamodb", "create-table", "--table-name", "music", "--billing-mode", "PAY_PER_REQUEST",
      "--attribute-definitions", "AttributeName=artist,AttributeType=S", "AttributeName=song,AttributeType=S",
      "--key-schema", "AttributeName=artist,KeyType=HASH", "AttributeName=song,KeyType=RANGE");
    await aws("dynamodb", "wait", "table-exists", "--table-name", "music");
    await aws("dynamodb", "put-item", "--table-name", "music", "--item", '{"artist":{"S":"Nina"},"song":{"S":"Feeling Good"},"year":{"N":"1965"}}');
    const found = await aws("dynamodb", "query", "--table-name", "music", "--key-condition-expression", "artist = :a AND begins_with(song, :s)", "--expression-attribute-values", '{":a":{"S":"Nina"},":s":{"S":"Feel"}}');
    expect(found.Items).toEqual([{ artist: { S: "Nina" }, song: { S: "Feeling Good" }, year: { N: "1965" } }]);
    await expect(aws("dynamodb", "get-item", "--table-name", "nothere", "--key", '{"a":{"S":"b"}}')).rejects.toThrow("(ResourceNotFoundException) when calling the GetItem operation");
  });

  test("dynamodb: pages, batches, transactions, PartiQL, waiters", async () => {
    await aws("dynamodb", "create-table", "--cli-input-json", JSON.stringify({
      TableName: "cities", BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "country", AttributeType: "S" }, { AttributeName: "people", AttributeType: "N" }],
      KeySchema: [{ AttributeName: "country", KeyType: "HASH" }, { AttributeName: "people", KeyType: "RANGE" }], StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
    }));
    await aws("dynamodb", "wait", "table-exists", "--table-name", "cities");
    const requests = Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: { country: { S: "X" }, people: { N: String(i * 1000) }, photo: { B: "AAEC" } } } }));
    writeFileSync(join(folder.path, "batch.json"), JSON.stringify({ cities: requests }));
    expect(await aws("dynamodb", "batch-write-item", "--request-items", "file://batch.json")).toEqual({ UnprocessedItems: {} });
    const query = ["dynamodb", "query", "--table-name", "cities", "--key-condition-expression", "country = :c", "--expression-attribute-values", '{":c":{"S":"X"}}'];
    expect((await aws(...query, "--page-size", "4")).Items).toHaveLength(25);
    const first = await aws(...query, "--max-items", "10");
    expect((await aws(...query, "--starting-token", first.NextToken)).Items).toHaveLength(15);
    await expect(aws("dynamodb", "transact-write-items", "--transact-items", '[{"Delete":{"TableName":"cities","Key":{"country":{"S":"X"},"people":{"N":"0"}},"ConditionExpression":"attribute_not_exists(country)"}}]'))
      .rejects.toThrow("(TransactionCanceledException) when calling the TransactWriteItems operation: Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed]");
    expect((await aws("dynamodb", "execute-statement", "--statement", "SELECT people FROM cities WHERE country = 'X' AND people < 3000")).Items).toEqual([{ people: { N: "0" } }, { people: { N: "1000" } }, { people: { N: "2000" } }]);
    const { Streams } = await aws("dynamodbstreams", "list-streams", "--table-name", "cities");
    const { StreamDescription } = await aws("dynamodbstreams", "describe-stream", "--stream-arn", Streams[0].StreamArn);
    const { ShardIterator } = await aws("dynamodbstreams", "get-shard-iterator", "--stream-arn", Streams[0].StreamArn, "--shard-id", StreamDescription.Shards[0].ShardId, "--shard-iterator-type", "TRIM_HORIZON");
    expect((await aws("dynamodbstreams", "get-records", "--shard-iterator", ShardIterator)).Records).toHaveLength(25);
    expect((await aws("dynamodb", "describe-limits")).TableMaxReadCapacityUnits).toBe(40000);
    await aws("dynamodb", "delete-table", "--table-name", "cities");
    await aws("dynamodb", "wait", "table-not-exists", "--table-name", "cities");
  });

  test("s3: cp, sync, presign, ls, rm", async () => {
    const site = join(folder.path, "site");
    mkdirSync(join(site, "deep"), { recursive: true });
    writeFileSync(join(site, "index.html"), "<h1>hello</h1>");
    writeFileSync(join(site, "deep", "ünï cödé.txt"), "text");
    writeFileSync(join(site, "big.bin"), Buffer.alloc(20 * 1024 * 1024, 7));
    await aws("s3", "mb", "s3://cli-bucket");
    await aws("s3", "sync", "site", "s3://cli-bucket/site");
    expect(await aws("s3", "sync", "site", "s3://cli-bucket/site")).toBe("");
    await aws("s3", "cp", "s3://cli-bucket/site/big.bin", "copy.bin");
    expect(readFileSync(join(folder.path, "copy.bin")).equals(readFileSync(join(site, "big.bin")))).toBe(true);
    const url = (await aws<string>("s3", "presign", "s3://cli-bucket/site/index.html")).trim();
    expect(await (await fetch(url)).text()).toBe("<h1>hello</h1>");
    expect((await fetch(url.replace("index.html", "big.bin"))).status).toBe(403);
    expect(await aws<string>("s3", "ls", "s3://cli-bucket/site/")).toContain("index.html");
    await aws("s3", "rb", "s3://cli-bucket", "--force");
    expect((await aws("s3api", "list-buckets")).Buckets).toEqual([]);
  });

  test("lambda and logs", async () => {
    writeFileSync(join(folder.path, "index.py"), 'def handler(event, context):\n    print("hello from", event["name"])\n    return {"greeting": "Hello " + event["name"], "arn": context.invoked_function_arn}\n');
    await run("python3", ["-m", "zipfile", "-c", "function.zip", "index.py"], { cwd: folder.path });
    await aws("iam", "create-role", "--role-name", "function-role", "--assume-role-policy-document", JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }] }));
    await aws("lambda", "create-function", "--function-name", "greeter", "--runtime", "python3.12", "--handler", "index.handler", "--role", "arn:aws:iam::000000000000:role/function-role", "--zip-file", "fileb://function.zip");
    await aws("lambda", "wait", "function-active-v2", "--function-name", "greeter");
    const answer = await aws("lambda", "invoke", "--function-name", "greeter", "--cli-binary-format", "raw-in-base64-out", "--payload", '{"name":"Ada"}', "out.json").catch(() =>
      aws("lambda", "invoke", "--function-name", "greeter", "--payload", '{"name":"Ada"}', "out.json"));
    expect(answer.StatusCode).toBe(200);
    expect(JSON.parse(readFileSync(join(folder.path, "out.json"), "utf8"))).toEqual({ greeting: "Hello Ada", arn: "arn:aws:lambda:us-east-1:000000000000:function:greeter" });
    await expect.poll(() => aws<string>("logs", "filter-log-events", "--log-group-name", "/aws/lambda/greeter").then(JSON.stringify, () => ""), { timeout: 20_000, interval: 300 }).toContain("hello from Ada");
  });

  test("apigatewayv2 and apigateway", async () => {
    const { ApiId } = await aws("apigatewayv2", "create-api", "--name", "cli", "--protocol-type", "HTTP", "--target", "arn:aws:lambda:us-east-1:000000000000:function:greeter");
    expect((await aws("apigatewayv2", "get-apis")).Items).toEqual([expect.objectContaining({ ApiId })]);
    const { id } = await aws("apigateway", "create-rest-api", "--name", "cli-rest");
    const root = (await aws("apigateway", "get-resources", "--rest-api-id", id)).items[0].id;
    await aws("apigateway", "put-method", "--rest-api-id", id, "--resource-id", root, "--http-method", "GET", "--authorization-type", "NONE");
    await aws("apigateway", "put-integration", "--rest-api-id", id, "--resource-id", root, "--http-method", "GET", "--type", "AWS_PROXY", "--integration-http-method", "POST", "--uri", "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:greeter/invocations");
    await aws("apigateway", "create-deployment", "--rest-api-id", id, "--stage-name", "dev");
    const response = await fetch(`${cloud.endpoint}/restapis/${id}/dev/_user_request_/`);
    // The function fails on an event without a name: a bad answer of an integration is a 502.
    expect(response.status).toBe(502);
    expect(await response.json()).toEqual({ message: "Internal server error" });
  });

  test("cloudfront", async () => {
    const { Distribution } = await aws("cloudfront", "create-distribution", "--origin-domain-name", "cli-bucket.s3.us-east-1.amazonaws.com");
    expect(Distribution.Id).toMatch(/^E[A-Z0-9]{12,13}$/);
    const { Invalidation } = await aws("cloudfront", "create-invalidation", "--distribution-id", Distribution.Id, "--paths", "/*");
    await aws("cloudfront", "wait", "invalidation-completed", "--distribution-id", Distribution.Id, "--id", Invalidation.Id);
  });

  test("two accounts and two regions do not see each other", async () => {
    const list = async (account: string, region: string): Promise<string[]> =>
      (JSON.parse((await run("aws", ["dynamodb", "list-tables"], { env: awsEnvironment(cloud.endpoint, account, region) })).stdout) as { TableNames: string[] }).TableNames;
    expect(await list("000000000000", "us-east-1")).toContain("music");
    expect(await list("111111111111", "us-east-1")).toEqual([]);
    expect(await list("000000000000", "eu-west-1")).toEqual([]);
  });

  test("a service that is not here says so", async () => {
    await expect(aws("glue", "get-databases")).rejects.toThrow(/UnknownOperationException.*glue/i);
    await expect(aws("ec2", "describe-instances")).rejects.toThrow(/InvalidAction/);
  });
});
