// What `npm start` and `npm test` run: installs what is missing, then hands over. Plain JavaScript without dependencies,
// readable by any Node, because it is what tells an old one that it is too old.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === "win32";
const [command, ...rest] = process.argv.slice(2);

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`Cumulet needs Node.js 20 or later; this is ${process.versions.node}. Install a newer one from https://nodejs.org and run the command again.`);
  process.exit(1);
}

install();
const node = join(root, "node_modules", "node", "bin", windows ? "node.exe" : "node");
if (command === "test") await run(node, [join(root, "scripts", "test.mjs"), ...rest]);
else await run(node, [join(root, "apps", "control-plane", "bin", "cumulet.mjs"), command, ...rest]);

/** Installs the packages when the lock file is not the one that was installed last. */
function install() {
  const stamp = join(root, "node_modules", ".cumulet-install");
  const lock = createHash("sha256").update(readFileSync(join(root, "pnpm-lock.yaml"))).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.log("Installing packages (only when they changed; about half a minute) ...");
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const result = spawnSync("npx", ["--yes", packageManager, "install", "--frozen-lockfile"], { cwd: root, stdio: "inherit", shell: windows });
  if (result.error !== undefined || result.status !== 0) {
    console.error(`The packages could not be installed${result.error === undefined ? "" : `: ${result.error.message}`}. Check that npm can reach its registry (npm ping) and run the command again.`);
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}

/** Runs to the end, passing signals on: Ctrl-C reaches the whole terminal group by itself, SIGTERM only us. */
function run(program, args) {
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}` };
    const child = spawn(program, args, { stdio: "inherit", env });
    process.on("SIGINT", () => undefined);
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    child.on("error", (error) => {
      console.error(`${program} could not be started: ${error.message}`);
      process.exit(1);
    });
    child.on("exit", (code, signal) => {
      process.exitCode = signal === null ? code : 1;
      resolve();
    });
  });
}
