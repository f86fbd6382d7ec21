import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DescribeTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { awsEnvironment, startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";
import { run, terraformMissing, terraformPlugins } from "../support/clients.ts";

/** Tables of every kind, changed and destroyed, as Terraform does it: one change a call, waiting for each. */
describe.skipIf(terraformMissing)(`Terraform and tables${terraformMissing === undefined ? "" : ` (skipped: ${terraformMissing})`}`, () => {
  const folder = temporaryFolder();
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud(["--ephemeral", "--no-example", "--log-level", "error"]);
    copyFileSync(fileURLToPath(new URL("terraform-dynamodb/main.tf", import.meta.url)), join(folder.path, "main.tf"));
  });
  afterAll(async () => {
    await cloud.kill();
    folder[Symbol.dispose]();
  });

  async function terraform(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run("terraform", [...args, "-no-color"], { cwd: folder.path, env: { ...awsEnvironment(cloud.endpoint), TF_CLI_CONFIG_FILE: "/dev/null" } });
    if (code !== 0) throw new Error(`terraform ${args.join(" ")} ended with ${code}:\n${stdout.slice(-4000)}\n${stderr.slice(-6000)}`);
    return stdout;
  }

  function client(region: string): DynamoDBClient {
    return new DynamoDBClient({ endpoint: cloud.endpoint, region, credentials: { accessKeyId: "000000000000", secretAccessKey: "test" } });
  }

  test("applies, plans nothing more, changes indexes and capacity, destroys", async () => {
    await terraform("init", "-input=false", `-plugin-dir=${terraformPlugins}`);
    expect(await terraform("apply", "-auto-approve", "-input=false")).toMatch(/Apply complete! Resources: 6 added/);
    expect(await terraform("plan", "-detailed-exitcode", "-input=false")).toContain("No changes.");
    expect(await terraform("output", "-raw", "stream")).toContain(":table/books/stream/");

    const [here, there] = [client("us-east-1"), client("eu-west-1")];
    const { Table } = await there.send(new DescribeTableCommand({ TableName: "everywhere" }));
    expect(Table!.Replicas!.map(({ RegionName }) => RegionName).sort()).toEqual(["us-east-1", "us-west-2"]);
    await here.send(new PutItemCommand({ TableName: "everywhere", Item: { id: { S: "a" } } }));
    await expect.poll(async () => (await there.send(new GetItemCommand({ TableName: "everywhere", Key: { id: { S: "a" } } }))).Item).toEqual({ id: { S: "a" } });
    here.destroy();
    there.destroy();

    const changes = ['-var=indexes=["by-publisher"]', "-var=read_capacity=3", "-var=ttl=false"];
    expect(await terraform("apply", "-auto-approve", "-input=false", ...changes)).toMatch(/Resources: 0 added, 2 changed, 0 destroyed/);
    expect(await terraform("plan", "-detailed-exitcode", "-input=false", ...changes)).toContain("No changes.");
    expect(await terraform("destroy", "-auto-approve", "-input=false", ...changes)).toMatch(/Destroy complete! Resources: 6 destroyed/);
  }, 600_000);
});
