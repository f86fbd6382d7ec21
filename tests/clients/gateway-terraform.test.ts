import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awsEnvironment, startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";
import { run, terraformMissing, terraformPlugins } from "../support/clients.ts";

describe.skipIf(terraformMissing)(`Terraform's API Gateway resources${terraformMissing === undefined ? "" : ` (skipped: ${terraformMissing})`}`, () => {
  const folder = temporaryFolder();
  const definition = fileURLToPath(new URL("gateway/main.tf", import.meta.url));
  const resources = readFileSync(definition, "utf8").match(/^resource /gm)!.length;
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud(["--ephemeral", "--no-example", "--log-level", "error"]);
    copyFileSync(definition, join(folder.path, "main.tf"));
    writeFileSync(join(folder.path, "index.mjs"), "export const handler = async (event) => ({ statusCode: 200, body: `Hello ${event.pathParameters.id ?? event.pathParameters.name}` });\n");
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

  test("apply, plan nothing more, serve, destroy", async () => {
    await terraform("init", "-input=false", `-plugin-dir=${terraformPlugins}`);
    expect(await terraform("apply", "-auto-approve", "-input=false")).toContain(`Apply complete! Resources: ${resources} added`);
    // -detailed-exitcode: 2, and so a failure here, when there is anything to change.
    expect(await terraform("plan", "-detailed-exitcode", "-input=false")).toContain("No changes.");
    const [http, rest, key] = (await Promise.all(["http", "rest", "key"].map((name) => terraform("output", "-raw", name)))).map((text) => text.trim());
    expect(await (await fetch(`${cloud.endpoint}/_aws/execute-api/${http}/$default/pets/Ada`)).text()).toBe("Hello Ada");
    const address = `${cloud.endpoint}/restapis/${rest}/dev/_user_request_/Eve`;
    expect((await fetch(address)).status).toBe(403);
    expect(await (await fetch(address, { headers: { "x-api-key": key! } })).text()).toBe("Hello Eve");
    expect(await terraform("destroy", "-auto-approve", "-input=false")).toContain(`Destroy complete! Resources: ${resources} destroyed`);
  }, 300_000);
});
