// The whole suite: types first, then every package's tests, then one line that counts them.
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, "node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);
const REPORT = join(".turbo", "test-report.json");
const reports = () => globSync(join("{packages,apps,tools,examples}", "*", REPORT), { cwd: root }).concat(existsSync(join(root, "tests", REPORT)) ? [join("tests", REPORT)] : []);

for (const report of reports()) rmSync(join(root, report));

const chosen = process.argv.slice(2);
console.log("Checking types ...");
const types = run(bin("tsc"), ["--noEmit", "-p", "tsconfig.json"]);
// A machine that nobody waits at takes one package at a time: sandboxes of functions have AWS's own time limits.
const concurrency = process.env.CI ? 1 : 2;
const tests = run(bin("turbo"), ["run", "test", `--concurrency=${concurrency}`, "--continue", ...chosen.map((name) => `--filter=*${name}*`), "--",
  // A bound for what hangs, not for what is slow: a busy machine takes many times as long.
  "--testTimeout=120000", "--hookTimeout=120000", "--passWithNoTests", "--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`]);

let passed = 0;
let failed = types === 0 ? 0 : 1;
let skipped = 0;
for (const report of reports()) {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites, testResults } = JSON.parse(readFileSync(join(root, report), "utf8"));
  passed += numPassedTests;
  skipped += numPendingTests + numTodoTests;
  // A file that does not even load has no failed test of its own.
  failed += numFailedTests + (numFailedTests === 0 ? numFailedTestSuites : 0);
  for (const file of testResults) {
    if (file.status === "failed") console.log(`FAILED ${file.name.slice(root.length + 1)}`);
  }
}
if (types !== 0) console.log("FAILED type check");
if (tests !== 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 ? 0 : 1);

function run(program, args) {
  return spawnSync(program, args, { cwd: root, stdio: "inherit", env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1", FORCE_COLOR: "0" } }).status;
}
