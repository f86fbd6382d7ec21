import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServiceId, loadModel, serviceIndex } from "@cumulet/protocol";
import { findExample } from "../src/example.ts";
import { scaffold } from "../src/scaffold.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const run = promisify(execFile);
const require = createRequire(import.meta.url);
/** The script behind a command, so that it runs with this very Node. */
const bin = (name: string, path: string) => join(dirname(require.resolve(`${name}/package.json`)), path);

/** One of each kind: strings, structures, members to refuse, a page size or none, a dash in the id, no example at all. */
const CASES: { folder: string; model: ServiceId }[] = [
  { folder: "queues", model: "sqs" },
  { folder: "events", model: "events" },
  { folder: "stacks", model: "cloudformation" },
  { folder: "user-pools", model: "cognito-idp" },
  { folder: "http-apis", model: "apigatewayv2" },
];

let workspace: string;

/** A workspace of its own beside the real one: the scaffolds in it, everything else by link. */
beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), "cumulet-new-service-"));
  cpSync(join(ROOT, "tsconfig.base.json"), join(workspace, "tsconfig.base.json"));
  symlinkSync(join(ROOT, "node_modules"), join(workspace, "node_modules"));
  writeFileSync(join(workspace, "package.json"), '{ "type": "module", "private": true }');
  writeFileSync(join(workspace, "tsconfig.json"), '{ "extends": "./tsconfig.base.json", "include": ["packages"] }');
  for (const { folder, model } of CASES) {
    const target = join(workspace, "packages", folder);
    for (const [path, text] of scaffold(folder, loadModel(model))) {
      mkdirSync(dirname(join(target, path)), { recursive: true });
      writeFileSync(join(target, path), text);
    }
    mkdirSync(join(target, "node_modules/@cumulet"), { recursive: true });
    for (const name of ["core", "protocol"]) symlinkSync(join(ROOT, "packages", name), join(target, "node_modules/@cumulet", name));
  }
});

afterAll(() => {
  rmSync(workspace, { recursive: true });
});

test("a scaffold passes the type check", async () => {
  const { stdout } = await run(process.execPath, [bin("typescript", "bin/tsc"), "-p", workspace], { cwd: workspace }).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
}, 60_000);

test("a scaffold's own tests pass", async () => {
  const file = join(workspace, "report.json");
  const args = [bin("vitest", "vitest.mjs"), "run", "--reporter=default", "--reporter=json", `--outputFile=${file}`];
  const { stdout, stderr } = await run(process.execPath, args, { cwd: workspace }).catch((error: { stdout: string; stderr: string }) => error);
  const report = JSON.parse(readFileSync(file, "utf8")) as { success: boolean; numPassedTests: number };
  expect(report.success, stdout + stderr).toBe(true);
  expect(report.numPassedTests).toBe(CASES.reduce((sum, { model }) => sum + (findExample(loadModel(model)) === undefined ? 1 : 2), 0));
}, 60_000);

test.each(Object.keys(serviceIndex) as ServiceId[])("%s can be scaffolded", (id) => {
  const files = scaffold("some-service", loadModel(id));
  const example = findExample(loadModel(id));
  expect([...files.keys()]).toEqual(expect.arrayContaining(["package.json", "README.md", "src/index.ts", "src/store.ts", "test/store.test.ts"]));
  expect(files.has(`src/operations/${example?.operation}.ts`)).toBe(example !== undefined);
});

test("the command says what is wrong with its arguments", async () => {
  const command = fileURLToPath(new URL("../new-service.ts", import.meta.url));
  const refused = async (...args: string[]) => (await run(process.execPath, [command, ...args]).catch((error: { stderr: string }) => error)).stderr;
  expect(await refused()).toContain("Usage:");
  expect(await refused("Queues", "--model", "sqs")).toContain("no package name");
  expect(await refused("queues", "--model", "ec2")).toContain('no model "ec2"');
  expect(await refused("core", "--model", "sqs")).toContain("is there already");
});
