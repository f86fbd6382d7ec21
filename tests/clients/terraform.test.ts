import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awsEnvironment, startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";
import { run, terraformMissing, terraformPlugins } from "../support/clients.ts";

describe.skipIf(terraformMissing)(`Terraform${terraformMissing === undefined ? "" : ` (skipped: ${terraformMissing})`}`, () => {
  const folder = temporaryFolder();
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud(["--ephemeral", "--no-example", "--log-level", "error"]);
    copyFileSync(fileURLToPath(new URL("terraform/main.tf", import.meta.url)), join(folder.path, "main.tf"));
    writeFileSync(join(folder.path, "index.mjs"), 'export const handler = async (event) => ({ statusCode: 200, body: `Hello ${event.pathParameters.name}` });\n');
    await run("python3", ["-m", "zipfile", "-c", "function.zip", "index.mjs"], { cwd: folder.path });
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

  test("applies, plans nothing more, serves, destroys", async () => {
    await terraform("init", "-input=false", `-plugin-dir=${terraformPlugins}`);
    expect(await terraform("apply", "-auto-approve", "-input=false")).toMatch(/Apply complete! Resources: 12 added/);
    // -detailed-exitcode: 2, and so a failure here, when there is anything to change.
    expect(await terraform("plan", "-detailed-exitcode", "-input=false")).toContain("No changes.");
    const api = (await terraform("output", "-raw", "api_id")).trim();
    const response = await fetch(`${cloud.endpoint}/_aws/execute-api/${api}/$default/hello/Ada`);
    expect(await response.text()).toBe("Hello Ada");
    expect(await terraform("destroy", "-auto-approve", "-input=false")).toMatch(/Destroy complete! Resources: 12 destroyed/);
  }, 300_000);
});
