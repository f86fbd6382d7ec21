import { createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cumulet, startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";

describe("cumulet start", () => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await startCloud(["--ephemeral", "--no-example"]);
  });
  afterAll(() => cloud.kill());

  test("serves, and status, env, logs and reset talk to it", async () => {
    const status = await cumulet(["status", "--json", "--url", cloud.endpoint]);
    expect(JSON.parse(status.stdout)).toMatchObject({ version: "0.1.0", dataFolder: null });
    await fetch(cloud.endpoint, { method: "POST", headers: { "x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0" }, body: "{}" });
    const logs = await cumulet(["logs", "--json", "--url", cloud.endpoint]);
    expect(JSON.parse(logs.stdout)).toEqual([expect.objectContaining({ service: "dynamodb" })]);
    const env = await cumulet(["env", "--url", cloud.endpoint, "--account", "123456789012"]);
    expect(env.stdout).toContain(`export AWS_ENDPOINT_URL=http://localhost:${cloud.port}`);
    expect(env.stdout).toContain("export AWS_ACCESS_KEY_ID=123456789012");
    const reset = await cumulet(["reset", "--json", "--url", cloud.endpoint]);
    expect(JSON.parse(reset.stdout)).toMatchObject({ reset: true });
  });

  test("answers the routes that other tools probe", async () => {
    for (const path of ["/_localstack/health", "/_localstack/info", "/_cumulet/health", "/_cumulet/info"]) {
      const response = await fetch(cloud.endpoint + path);
      expect(response.status, path).toBe(200);
    }
    expect(await (await fetch(`${cloud.endpoint}/_cumulet/metrics`)).text()).toContain("cumulet_requests_total");
  });

  test("shows a browser a page at the door", async () => {
    const page = await fetch(`${cloud.endpoint}/_cumulet/`);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toContain("AWS_ENDPOINT_URL");
  });

  test("lets no page of another site administer it", async () => {
    const response = await fetch(`${cloud.endpoint}/_cumulet/state/reset`, { method: "POST", headers: { origin: "https://evil.example" } });
    expect(response.status).toBe(403);
  });

  test("stops cleanly on Ctrl-C", async () => {
    const other = await startCloud(["--ephemeral", "--no-example"]);
    expect(await other.stop()).toBe(0);
    expect(other.output()).toContain("Stopped.");
  });
});

describe("what cannot be", () => {
  test("a taken port is one sentence", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    const { port } = await new Promise<AddressInfo>((resolve) => server.once("listening", () => resolve(server.address() as AddressInfo)));
    const { code, stderr } = await cumulet(["start", "--ephemeral", "--no-example", "--port", String(port)]);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^Port ${port} is taken: .*--port ${port + 1}\n$`));
  });

  test.each([
    [["start", "--port", "many"], /^The port must be a whole number/],
    [["status", "--url", "http://127.0.0.1:9"], /^Nothing serves at http:\/\/127\.0\.0\.1:9\./],
    [["start", "--nonsense"], /unknown option '--nonsense'/],
  ])("%j is one sentence", async (args, sentence) => {
    const { code, stderr } = await cumulet(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toContain("    at ");
  });

  test("two clouds on one data folder", async () => {
    using folder = temporaryFolder();
    const first = await startCloud(["--data", folder.path, "--no-example"]);
    const second = await cumulet(["start", "--port", "0", "--data", folder.path, "--no-example"]);
    await first.kill();
    expect(second.code).toBe(1);
    expect(second.stderr).not.toContain("    at ");
    expect(second.stderr).toContain(folder.path);
  });
});
