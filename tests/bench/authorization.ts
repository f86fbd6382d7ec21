/**
 * What deciding access costs: the same GetItem by the same user, with authorization off and strict, and with signatures
 * enforced on top; each in turn, several times in one run, because a machine's speed drifts. Where the system tells it
 * (Linux), the server's own CPU time for a request is what counts: it hardly depends on what else the machine does.
 *
 *   node tests/bench/authorization.ts [--seconds 2] [--rounds 3]
 */
import { parseArgs } from "node:util";
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { AddUserToGroupCommand, AttachGroupPolicyCommand, AttachUserPolicyCommand, CreateAccessKeyCommand, CreateGroupCommand, CreateUserCommand, IAMClient, PutUserPermissionsBoundaryCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { awsEnvironment, startCloud, type Cloud } from "../support/cloud.ts";
import { load, shot, type Shot } from "./load.ts";

const { values: options } = parseArgs({ options: { seconds: { type: "string", default: "2" }, rounds: { type: "string", default: "3" } } });
const seconds = Number(options.seconds);

const MODES = [
  { name: "authorization off", env: {} },
  { name: "authorization strict", env: { CUMULET_AUTHORIZATION: "strict" } },
  { name: "signatures enforced", env: { CUMULET_SIGNATURES: "enforce" } },
  { name: "both", env: { CUMULET_AUTHORIZATION: "strict", CUMULET_SIGNATURES: "enforce" } },
];

const POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:Query"], Resource: "arn:aws:dynamodb:us-east-1:*:table/bench", Condition: { StringEquals: { "aws:RequestedRegion": "us-east-1" }, IpAddress: { "aws:SourceIp": ["127.0.0.0/8", "::1/128"] } } },
    { Effect: "Deny", Action: "dynamodb:*", Resource: "*", Condition: { Bool: { "aws:MultiFactorAuthPresent": "false" } } },
    ...Array.from({ length: 20 }, (_, n) => ({ Effect: "Allow", Action: `s3:GetObject${n}`, Resource: `arn:aws:s3:::bucket-${n}/*` })),
  ],
});

/** A user as an account of some age has them: inline policy, a group, managed policies, a boundary. */
async function prepare(cloud: Cloud): Promise<{ cloud: Cloud; next: () => Shot }> {
  const config = { endpoint: cloud.endpoint, region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey: "test" } };
  const dynamodb = new DynamoDBClient(config);
  await dynamodb.send(new CreateTableCommand({ TableName: "bench", BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }], KeySchema: [{ AttributeName: "id", KeyType: "HASH" }] }));
  await dynamodb.send(new PutItemCommand({ TableName: "bench", Item: { id: { S: "1" }, payload: { S: "x".repeat(240) } } }));
  const iam = new IAMClient(config);
  await iam.send(new CreateUserCommand({ UserName: "ann" }));
  await iam.send(new CreateGroupCommand({ GroupName: "crew" }));
  await iam.send(new AddUserToGroupCommand({ GroupName: "crew", UserName: "ann" }));
  await iam.send(new PutUserPolicyCommand({ UserName: "ann", PolicyName: "own", PolicyDocument: POLICY }));
  for (const name of ["AmazonS3ReadOnlyAccess", "AmazonSQSFullAccess", "CloudWatchReadOnlyAccess"]) await iam.send(new AttachUserPolicyCommand({ UserName: "ann", PolicyArn: `arn:aws:iam::aws:policy/${name}` }));
  await iam.send(new AttachGroupPolicyCommand({ GroupName: "crew", PolicyArn: "arn:aws:iam::aws:policy/AWSXrayReadOnlyAccess" }));
  await iam.send(new PutUserPermissionsBoundaryCommand({ UserName: "ann", PermissionsBoundary: "arn:aws:iam::aws:policy/PowerUserAccess" }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "ann" }));
  return { cloud, next: signer(cloud.port, AccessKey!.AccessKeyId!, AccessKey!.SecretAccessKey!) };
}

const BODY = JSON.stringify({ TableName: "bench", Key: { id: { S: "1" } } });

/** Really signed requests; signed anew every minute, as signatures age. */
function signer(port: number, key: string, secret: string): () => Shot {
  let made: { shot: Shot; at: number } | undefined;
  return () => {
    const now = Date.now();
    if (made === undefined || now - made.at > 60_000) made = { shot: sign(port, key, secret, new Date(now)), at: now };
    return made.shot;
  };
}

function sign(port: number, key: string, secret: string, now: Date): Shot {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const date = time.slice(0, 8);
  const scope = `${date}/us-east-1/dynamodb/aws4_request`;
  const headers = { "content-type": "application/x-amz-json-1.0", host: `127.0.0.1:${port}`, "x-amz-date": time, "x-amz-target": "DynamoDB_20120810.GetItem" };
  const names = Object.keys(headers).join(";");
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
  const canonical = ["POST", "/", "", ...Object.entries(headers).map(([name, value]) => `${name}:${value}`), "", names, sha256(BODY)].join("\n");
  const hmac = (secretKey: string | Buffer, text: string): Buffer => createHmac("sha256", secretKey).update(text).digest();
  const signing = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), "us-east-1"), "dynamodb"), "aws4_request");
  const signature = hmac(signing, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString("hex");
  return shot("POST", port, "/", {
    "Content-Type": headers["content-type"], "X-Amz-Date": time, "X-Amz-Target": headers["x-amz-target"],
    Authorization: `AWS4-HMAC-SHA256 Credential=${key}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  }, BODY);
}

/** CPU time of a process so far, microseconds: a clock tick of Linux is ten milliseconds. Undefined elsewhere. */
function cpuMicroseconds(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return undefined;
  }
}

const clouds = [];
for (const { env } of MODES) clouds.push(await prepare(await startCloud(["--ephemeral", "--no-example", "--log-level", "warn"], { env: { ...awsEnvironment(""), ...env } })));
const rates = MODES.map((): number[] => []);
const costs = MODES.map((): number[] => []);
for (let round = 0; round < Number(options.rounds); round += 1) {
  for (const [index, { cloud, next }] of clouds.entries()) {
    const warm = await load(cloud.port, next, { seconds: 0.5 });
    const before = cpuMicroseconds(cloud.process.pid!);
    let fired = 0;
    const { perSecond } = await load(cloud.port, () => {
      fired += 1;
      return next();
    }, { seconds });
    const after = cpuMicroseconds(cloud.process.pid!);
    rates[index]!.push(perSecond);
    if (before !== undefined && after !== undefined && warm.requests > 0) costs[index]!.push((after - before) / fired);
  }
}
// The best of the rounds: whatever else the machine does makes a round worse, never better.
const base = Math.max(...rates[0]!);
const baseCost = Math.min(...costs[0]!);
console.log(`\n${"GetItem".padEnd(26)}${"requests/s".padStart(12)}${"of off".padStart(10)}${"CPU µs each".padStart(14)}${"of off".padStart(10)}`);
for (const [index, { name }] of MODES.entries()) {
  const rate = Math.max(...rates[index]!);
  const cost = costs[index]!.length === 0 ? undefined : Math.min(...costs[index]!);
  console.log(`${name.padEnd(26)}${rate.toFixed(0).padStart(12)}${(rate / base).toFixed(2).padStart(10)}${(cost?.toFixed(1) ?? "-").padStart(14)}${(cost === undefined ? "-" : (cost / baseCost).toFixed(2)).padStart(10)}`);
}
for (const { cloud } of clouds) await cloud.kill();
