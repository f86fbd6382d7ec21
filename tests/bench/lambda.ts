/**
 * Lambda's figures in one run: cold starts, warm invocations at 1, 16 and 64 at a time next to a bare child process over
 * HTTP, a stream's way to a function, a thousand functions. `node tests/bench/lambda.ts [seconds]` runs it.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { CreateEventSourceMappingCommand, CreateFunctionCommand, InvokeCommand, LambdaClient, waitUntilFunctionActiveV2 } from "@aws-sdk/client-lambda";
import { awsEnvironment, startCloud, temporaryFolder } from "../support/cloud.ts";
import { zip } from "../support/zip.ts";
import { load, shot, type Measured } from "./load.ts";

const seconds = Number(process.argv[2] ?? 3);
const HANDLER = { "index.js": "exports.handler = async (event) => ({ ok: true, n: event.n });" };
const IMAGE = "cumulet-lambda/nodejs:22";
const event = JSON.stringify({ n: 1, text: "x".repeat(100) });
const signed = {
  Authorization: `AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
  "X-Amz-Date": "20260101T000000Z",
};

// The yardstick: a child process that answers the same over HTTP, called directly.
const bare = spawn(process.execPath, ["-e", `
const handler = async (event) => ({ ok: true, n: event.n });
require("http").createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk)).on("end", async () => {
    const body = JSON.stringify(await handler(JSON.parse(Buffer.concat(chunks))));
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
    response.end(body);
  });
}).listen(0, "127.0.0.1", function () { console.log(this.address().port); });`], { stdio: ["ignore", "pipe", "inherit"] });
const barePort = Number(String((await once(bare.stdout, "data"))[0]));

using folder = temporaryFolder();
const docker = spawnSync("docker", ["image", "inspect", IMAGE]).status === 0;
const cloud = await startCloud(["--data", folder.path, "--log-level", "warn", "--no-example"], { env: { ...awsEnvironment(""), CUMULET_LAMBDA_EXECUTOR: "process" } });
const lambda = new LambdaClient({ endpoint: cloud.endpoint, region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey: "test" } });
const code = await zip(HANDLER);
const create = async (client: LambdaClient, FunctionName: string, wait = true): Promise<void> => {
  await client.send(new CreateFunctionCommand({ FunctionName, Runtime: "nodejs22.x", Handler: "index.handler", Role: "arn:aws:iam::000000000000:role/r", Code: { ZipFile: code } }));
  if (wait) await waitUntilFunctionActiveV2({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { FunctionName });
};
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await run();
  return performance.now() - began;
};

async function coldStart(client: LambdaClient, prefix: string): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < 7; index += 1) {
    const FunctionName = `${prefix}-${index}`;
    await create(client, FunctionName);
    times.push(await timed(() => client.send(new InvokeCommand({ FunctionName, Payload: event }))));
  }
  // The first one also looks for interpreters, images, credentials.
  return median(times.slice(1));
}

const bareStarts: number[] = [];
for (let index = 0; index < 5; index += 1) bareStarts.push(await timed(() => once(spawn(process.execPath, ["-e", ""]), "exit")));
const bareNode = median(bareStarts);
const cold = await coldStart(lambda, "cold");
console.log(`\nCold start, process    ${cold.toFixed(0)} ms   (${(cold / bareNode).toFixed(1)} times \`node -e ''\`, ${bareNode.toFixed(0)} ms)`);
if (docker) {
  const inContainers = await startCloud(["--ephemeral", "--log-level", "warn", "--no-example"], { env: { ...awsEnvironment(""), CUMULET_LAMBDA_EXECUTOR: "docker", CUMULET_LAMBDA_IMAGES: JSON.stringify({ "nodejs22.x": IMAGE }) } });
  const client = new LambdaClient({ endpoint: inContainers.endpoint, region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey: "test" } });
  const coldDocker = await coldStart(client, "cold");
  const run = await timed(async () => spawnSync("docker", ["run", "--rm", "--entrypoint", "/bin/sh", IMAGE, "-c", "true"]));
  console.log(`Cold start, container  ${coldDocker.toFixed(0)} ms   (${(coldDocker / run).toFixed(1)} times \`docker run\` of nothing, ${run.toFixed(0)} ms)`);
  await inContainers.stop();
} else {
  console.log("Cold start, container  not measured: no engine, or no image");
}

await create(lambda, "warm");
console.log(`\n${"warm invocations".padEnd(26)}${"at once".padStart(8)}${"calls/s".padStart(10)}${"of bare".padStart(10)}${"p50 ms".padStart(10)}${"p99 ms".padStart(10)}`);
const print = (name: string, connections: number, measured: Measured, base: Measured): void =>
  console.log(`${name.padEnd(26)}${String(connections).padStart(8)}${measured.perSecond.toFixed(0).padStart(10)}${(measured.perSecond / base.perSecond).toFixed(2).padStart(10)}${measured.p50Ms.toFixed(2).padStart(10)}${measured.p99Ms.toFixed(2).padStart(10)}`);
const invocation = shot("POST", cloud.port, "/2015-03-31/functions/warm/invocations", signed, event);
const direct = shot("POST", barePort, "/", { "Content-Type": "application/json" }, event);
for (const connections of [1, 16, 64]) {
  // Once before, so that all environments are there.
  await load(cloud.port, () => invocation, { connections, seconds: 1 });
  const base = await load(barePort, () => direct, { connections, seconds });
  print("child process over HTTP", connections, base, base);
  print("Invoke", connections, await load(cloud.port, () => invocation, { connections, seconds }), base);
}

const dynamodb = new DynamoDBClient({ endpoint: cloud.endpoint, region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey: "test" } });
await dynamodb.send(new CreateTableCommand({ TableName: "source", BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }], KeySchema: [{ AttributeName: "id", KeyType: "HASH" }], StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" } }));
const arrived: number[] = [];
const listener = (await import("node:http")).createServer((request, response) => {
  arrived.push(performance.now());
  request.resume();
  response.end();
}).listen(0, "127.0.0.1");
await once(listener, "listening");
await lambda.send(new CreateFunctionCommand({ FunctionName: "sink", Runtime: "nodejs22.x", Handler: "index.handler", Role: "arn:aws:iam::000000000000:role/r", Code: { ZipFile: await zip({ "index.js": "exports.handler = async () => { await fetch(process.env.TELL); };" }) }, Environment: { Variables: { TELL: `http://127.0.0.1:${(listener.address() as { port: number }).port}` } } }));
await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { FunctionName: "sink" });
const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: "source" }));
await lambda.send(new CreateEventSourceMappingCommand({ FunctionName: "sink", EventSourceArn: Table!.LatestStreamArn, StartingPosition: "TRIM_HORIZON" }));
const ways: number[] = [];
for (let index = 0; index < 30; index += 1) {
  const before = arrived.length;
  const began = performance.now();
  await dynamodb.send(new PutItemCommand({ TableName: "source", Item: { id: { S: String(index) } } }));
  while (arrived.length === before) await new Promise((resolve) => setImmediate(resolve));
  ways.push(arrived.at(-1)! - began);
}
listener.close();
console.log(`\nFrom PutItem to the function's own request: ${median(ways.slice(5)).toFixed(1)} ms, write included`);

const many = 1000;
const createMs = await timed(async () => {
  for (let from = 0; from < many; from += 20) await Promise.all(Array.from({ length: 20 }, (_, index) => create(lambda, `many-${from + index}`, false)));
});
await new Promise((resolve) => setTimeout(resolve, 500));
const invokeMs = await timed(() => lambda.send(new InvokeCommand({ FunctionName: "many-777", Payload: event })));
console.log(`${many} functions: ${(createMs / many).toFixed(1)} ms each to create; a cold invocation among them ${invokeMs.toFixed(0)} ms`);

lambda.destroy();
dynamodb.destroy();
await cloud.stop();
bare.kill();
