/**
 * The foundation's figures, as ratios taken in one run: requests a second of the hot paths, each next to a bare
 * `node:http` responder; seconds to `Ready.`; idle memory. `pnpm --filter @cumulet/tests bench` runs it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { awsEnvironment, startCloud, temporaryFolder } from "../support/cloud.ts";
import { load, shot, type Measured, type Shot } from "./load.ts";

const seconds = Number(process.argv[2] ?? 3);
const date = "20260101";

/** Headers of a signed JSON call: parsed in full; verified only when signatures are enforced. */
function signed(service: string, extra: { [name: string]: string } = {}): { [name: string]: string } {
  return {
    Authorization: `AWS4-HMAC-SHA256 Credential=000000000000/${date}/us-east-1/${service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
    "X-Amz-Date": `${date}T000000Z`,
    ...extra,
  };
}

const json = (target: string): { [name: string]: string } => signed("dynamodb", { "X-Amz-Target": `DynamoDB_20120810.${target}`, "Content-Type": "application/x-amz-json-1.0" });

const bare = spawn(process.execPath, [fileURLToPath(new URL("bare.ts", import.meta.url))], { stdio: ["ignore", "pipe", "inherit"] });
const [line] = (await once(bare.stdout, "data")) as [Buffer];
const barePort = (JSON.parse(line.toString()) as { port: number }).port;

using folder = temporaryFolder();
const startedAt = performance.now();
const cloud = await startCloud(["--data", folder.path, "--log-level", "warn"], { env: awsEnvironment(""), until: /guestbook runs here[\s\S]*Its API:.*\n|could not be deployed/ });
const firstStartMs = performance.now() - startedAt;
const { port } = cloud;
const config = { endpoint: cloud.endpoint, region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey: "test" } };

const dynamodb = new DynamoDBClient(config);
await dynamodb.send(new CreateTableCommand({ TableName: "bench", BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }], KeySchema: [{ AttributeName: "id", KeyType: "HASH" }] }));
const item = (n: number): { [name: string]: { S: string } } => ({ id: { S: String(n) }, payload: { S: "x".repeat(240) } });
for (let n = 0; n < 100; n += 1) await dynamodb.send(new PutItemCommand({ TableName: "bench", Item: item(n) }));
const s3 = new S3Client({ ...config, forcePathStyle: true });
await s3.send(new CreateBucketCommand({ Bucket: "bench-bucket" }));
await s3.send(new PutObjectCommand({ Bucket: "bench-bucket", Key: "small", Body: Buffer.alloc(1024, 120) }));

const printed = cloud.output();
const distribution = /_aws\/cloudfront\/(\w+)\//.exec(printed)?.[1];
const api = /_aws\/execute-api\/(\w+)\//.exec(printed)?.[1];

const getItem = Array.from({ length: 100 }, (_, n) => shot("POST", port, "/", json("GetItem"), JSON.stringify({ TableName: "bench", Key: { id: { S: String(n) } } })));
const rows: { name: string; next: (n: number) => Shot; connections?: number }[] = [
  { name: "DynamoDB GetItem", next: (n) => getItem[n % 100]! },
  { name: "DynamoDB PutItem", next: (n) => shot("POST", port, "/", json("PutItem"), JSON.stringify({ TableName: "bench", Item: item(n) })) },
  { name: "S3 GetObject 1 KiB", next: fixed(shot("GET", port, "/bench-bucket/small", signed("s3", { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }))) },
  { name: "Lambda Invoke, warm", next: fixed(shot("POST", port, "/2015-03-31/functions/guestbook/invocations", signed("lambda"), JSON.stringify({ requestContext: { http: { method: "POST" }, requestId: "x" }, body: "{}" }))) },
  { name: "HTTP API to a function", next: fixed(shot("POST", port, `/_aws/execute-api/${api}/$default/api/notes`, { "Content-Type": "application/json" }, "{}", 400)) },
  { name: "CDN hit", next: fixed(shot("GET", port, `/_aws/cloudfront/${distribution}/style.css`)) },
];

function fixed(one: Shot): () => Shot {
  return () => one;
}

const yardstick = async (): Promise<Measured> => load(barePort, fixed(shot("POST", barePort, "/", json("GetItem"), JSON.stringify({ TableName: "bench", Key: { id: { S: "1" } } }))), { seconds });
console.log(`\n${"".padEnd(26)}${"requests/s".padStart(12)}${"of bare".padStart(10)}${"p50 ms".padStart(10)}${"p99 ms".padStart(10)}`);
const print = (name: string, measured: Measured, base: Measured): void =>
  console.log(`${name.padEnd(26)}${measured.perSecond.toFixed(0).padStart(12)}${(measured.perSecond / base.perSecond).toFixed(2).padStart(10)}${measured.p50Ms.toFixed(2).padStart(10)}${measured.p99Ms.toFixed(2).padStart(10)}`);
for (const { name, next } of rows) {
  // The yardstick before each row: the machine's speed drifts.
  const base = await yardstick();
  try {
    print(name, await load(port, next, { seconds }), base);
  } catch (error) {
    console.log(`${name.padEnd(26)} ${(error as Error).message}`);
  }
}
const base = await yardstick();
print("bare node:http", base, base);

await cloud.stop();
bare.kill();

const again: number[] = [];
let idleMiB = 0;
for (let i = 0; i < 3; i += 1) {
  const begun = performance.now();
  const second = await startCloud(["--data", folder.path, "--log-level", "warn"], { env: awsEnvironment("") });
  again.push(performance.now() - begun);
  idleMiB = residentMiB(second.process.pid!);
  await second.stop();
}
console.log(`\nFirst start with the example deployed: ${(firstStartMs / 1000).toFixed(1)} s. Later starts to "Ready.": ${(again.sort((a, b) => a - b)[1]! / 1000).toFixed(2)} s. Idle memory: ${idleMiB.toFixed(0)} MiB.`);

function residentMiB(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
  } catch {
    return Number.NaN; // no /proc on this system
  }
}
