import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { awsEnvironment, startCloud } from "../support/cloud.ts";
import { boto3Missing, run } from "../support/clients.ts";

test.skipIf(boto3Missing)(`boto3${boto3Missing === undefined ? "" : ` (skipped: ${boto3Missing})`}`, async () => {
  const cloud = await startCloud(["--ephemeral", "--no-example", "--log-level", "error"]);
  try {
    const { code, stdout, stderr } = await run("python3", [fileURLToPath(new URL("python/smoke.py", import.meta.url))], { env: awsEnvironment(cloud.endpoint) });
    expect(stderr).toBe("");
    expect(stdout).toContain("boto3 is content");
    expect(code).toBe(0);
  } finally {
    await cloud.kill();
  }
});
