import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awsEnvironment, startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";
import { run, terraformMissing, terraformPlugins } from "../support/clients.ts";

describe.skipIf(terraformMissing)(`Terraform's resources of IAM${terraformMissing === undefined ? "" : ` (skipped: ${terraformMissing})`}`, () => {
  const folder = temporaryFolder();
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud(["--ephemeral", "--no-example", "--log-level", "error"]);
    copyFileSync(fileURLToPath(new URL("terraform-iam/main.tf", import.meta.url)), join(folder.path, "main.tf"));
    await run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "certificate.pem", "-days", "30", "-subj", "/CN=example.com"], { cwd: folder.path });
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

  test("are made, found unchanged, and destroyed", async () => {
    await terraform("init", "-input=false", `-plugin-dir=${terraformPlugins}`);
    expect(await terraform("apply", "-auto-approve", "-input=false")).toMatch(/Apply complete! Resources: 24 added/);
    expect(await terraform("plan", "-detailed-exitcode", "-input=false")).toContain("No changes.");
    expect(await terraform("destroy", "-auto-approve", "-input=false")).toMatch(/Destroy complete! Resources: 24 destroyed/);
  }, 300_000);
});
