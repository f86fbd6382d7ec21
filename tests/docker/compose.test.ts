import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../support/clients.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));

const compose = spawnSync("docker", ["compose", "version"]).status === 0 ? ["docker", "compose"] : spawnSync("docker-compose", ["version"]).status === 0 ? ["docker-compose"] : undefined;
const missing = spawnSync("docker", ["info"]).status !== 0 ? "no Docker engine runs here" : compose === undefined ? "neither docker compose nor docker-compose is on this machine" : undefined;

const PORT = "45661";
const BASE = "cumulet-test-base";
const env = { ...process.env, CUMULET_BASE_IMAGE: BASE, CUMULET_PORT: PORT, COMPOSE_PROJECT_NAME: "cumulet-test" };

async function up(...args: string[]): Promise<string> {
  const [program, ...first] = compose!;
  const { code, stdout, stderr } = await run(program!, [...first, "-f", "docker-compose.yml", "-f", `${here}build-on-host-network.yml`, ...args], { cwd: root, env });
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}:\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`);
  return stdout + stderr;
}

describe.skipIf(missing)(`docker compose up${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  beforeAll(async () => {
    const made = await run("bash", [`${here}base-image.sh`, BASE, process.execPath], { cwd: root, env });
    if (made.code !== 0) throw new Error(made.stderr);
    await up("build");
    await up("up", "-d");
  }, 300_000);
  afterAll(async () => {
    await up("down", "--volumes", "--rmi", "local");
    await run("docker", ["rmi", BASE]);
  }, 120_000);

  const healthy = (): Promise<unknown> =>
    expect.poll(() => fetch(`http://127.0.0.1:${PORT}/_cumulet/health`).then((response) => response.json(), () => undefined), { timeout: 60_000, interval: 250 }).toMatchObject({ status: "running" });
  const call = async (target: string, body: object): Promise<any> =>
    (await fetch(`http://127.0.0.1:${PORT}/`, { method: "POST", headers: { "x-amz-target": `DynamoDB_20120810.${target}`, "content-type": "application/x-amz-json-1.0" }, body: JSON.stringify(body) })).json();

  test("serves, as an ordinary user, and keeps its state over a restart", async () => {
    await healthy();
    const { stdout } = await run("docker", ["top", "cumulet-test_cumulet_1"], { env }).then((ran) => (ran.code === 0 ? ran : run("docker", ["top", "cumulet-test-cumulet-1"], { env })));
    expect(stdout.split("\n")[1]).not.toMatch(/^root/);
    await call("CreateTable", { TableName: "kept", BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }], KeySchema: [{ AttributeName: "id", KeyType: "HASH" }] });
    await up("restart");
    await healthy();
    expect((await call("ListTables", {})).TableNames).toContain("kept");
  });
});
