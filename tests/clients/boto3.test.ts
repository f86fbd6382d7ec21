import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { awsEnvironment, startCloud } from "../support/cloud.ts";
import { boto3Missing, run } from "../support/clients.ts";

test.skipIf(boto3Missing).each([["smoke.py", "boto3 is content"], ["tables.py", "boto3 is content with tables"]])(`boto3: %s${boto3Missing === undefined ? "" : ` (skipped: ${boto3Missing})`}`, async (script, contentment) => {
  const cloud = await startCloud(["--ephemeral", "--no-example", "--log-level", "error"]);
  try {
    const { code, stdout, stderr } = await run("python3", [fileURLToPath(new URL(`python/${script}`, import.meta.url))], { env: awsEnvironment(cloud.endpoint) });
    expect(stderr).toBe("");
    expect(stdout).toContain(contentment);
    expect(code).toBe(0);
  } finally {
    await cloud.kill();
  }
});
