import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cumulet, startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";

const dynamodbOf = (cloud: Cloud): DynamoDBClient => new DynamoDBClient({ endpoint: cloud.endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } });
const makeTable = (client: DynamoDBClient, TableName: string): Promise<unknown> =>
  client.send(new CreateTableCommand({ TableName, BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }], KeySchema: [{ AttributeName: "id", KeyType: "HASH" }] }));
const tables = async (client: DynamoDBClient): Promise<string[]> => (await client.send(new ListTablesCommand({}))).TableNames!;

describe("operating a cloud", () => {
  const folder = temporaryFolder();
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud(["--data", join(folder.path, "data"), "--no-example", "--log-level", "error"]);
  });
  afterAll(async () => {
    await cloud.kill();
    folder[Symbol.dispose]();
  });
  const ask = async (...args: string[]): Promise<any> => {
    const { code, stdout, stderr } = await cumulet([...args, "--json", "--url", cloud.endpoint]);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };

  test("snapshots: saved, changed, loaded, carried to another cloud in one file", async () => {
    const client = dynamodbOf(cloud);
    await makeTable(client, "before");
    expect(await ask("snapshot", "save", "one")).toMatchObject({ name: "one" });
    await makeTable(client, "after");
    await ask("snapshot", "load", "one");
    expect(await tables(client)).toEqual(["before"]);
    expect(await ask("snapshot", "list")).toEqual([expect.objectContaining({ name: "one", account: null })]);

    const file = join(folder.path, "one.tar.gz");
    await ask("snapshot", "export", "one", file);
    const other = await startCloud(["--ephemeral", "--no-example", "--log-level", "error"]);
    try {
      const elsewhere = (...args: string[]): ReturnType<typeof cumulet> => cumulet([...args, "--url", other.endpoint]);
      expect((await elsewhere("snapshot", "import", "carried", file)).stdout).toContain("Imported carried");
      expect((await elsewhere("snapshot", "load", "carried")).code).toBe(0);
      expect(await tables(dynamodbOf(other))).toEqual(["before"]);
      writeFileSync(join(folder.path, "nonsense"), "no archive");
      expect(await elsewhere("snapshot", "import", "bad", join(folder.path, "nonsense"))).toMatchObject({ code: 1, stderr: expect.stringContaining("no exported snapshot") });
    } finally {
      await other.kill();
    }
    await ask("snapshot", "delete", "one");
    await expect(ask("snapshot", "load", "one")).rejects.toThrow("There is no snapshot one.");
  });

  test("the clock: frozen, moved, hurried, back again", async () => {
    const frozen = await ask("clock", "--freeze");
    expect(frozen.frozen).toBe(true);
    const moved = await ask("clock", "--advance", "2d");
    expect(moved.nowMs - frozen.nowMs).toBe(2 * 86_400_000);
    expect((await ask("clock", "--unfreeze")).frozen).toBe(false);
    expect((await ask("clock", "--speed", "10")).speed).toBe(10);
    expect(await ask("clock", "--reset")).toMatchObject({ speed: 1, frozen: false });
    await expect(ask("clock", "--advance", "soon")).rejects.toThrow('"soon" is no duration');
  });

  test("the doctor looks and says the mend", async () => {
    const findings = (await ask("doctor")) as { what: string; ok: boolean; found: string }[];
    expect(findings.find(({ what }) => what === "the cloud")).toMatchObject({ ok: true });
    const alone = await cumulet(["doctor", "--url", "http://127.0.0.1:9"], { AWS_ENDPOINT_URL: "" });
    expect(alone.stdout).toContain("nothing serves at http://127.0.0.1:9");
    expect(alone.stdout).toContain("Start it: npm start");
  });
});

test("init hooks run in their order, each at its moment; a failing one stops nobody", async () => {
  using folder = temporaryFolder();
  for (const stage of ["boot", "ready", "shutdown"]) mkdirSync(join(folder.path, `${stage}.d`));
  writeFileSync(join(folder.path, "boot.d", "1.sh"), 'echo "boot sees $AWS_DEFAULT_REGION"\n');
  writeFileSync(join(folder.path, "ready.d", "1-fails.sh"), "exit 3\n");
  writeFileSync(join(folder.path, "ready.d", "2-seeds.mjs"), 'const r = await fetch(process.env.AWS_ENDPOINT_URL + "/_cumulet/health"); console.log("seeded", r.status);\n');
  writeFileSync(join(folder.path, "shutdown.d", "1.sh"), "echo goodbye\n");
  const cloud = await startCloud(["--ephemeral", "--no-example"], { env: { CUMULET_INIT: folder.path }, until: /seeded 200/ });
  const { scripts } = (await (await fetch(`${cloud.endpoint}/_localstack/init`)).json()) as { scripts: { stage: string; state: string }[] };
  expect(scripts.slice(0, 2).map(({ stage, state }) => [stage, state])).toEqual([["BOOT", "SUCCESSFUL"], ["READY", "ERROR"]]);
  expect(await cloud.stop()).toBe(0);
  const output = cloud.output();
  expect(output).toContain("boot sees us-east-1");
  expect(output).toContain("1-fails.sh ended with 3");
  expect(output.indexOf("boot sees")).toBeLessThan(output.indexOf("Ready."));
  expect(output.indexOf("goodbye")).toBeGreaterThan(output.indexOf("Stopping"));
});
