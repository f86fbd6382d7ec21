#!/usr/bin/env node
// The `cumulet` command. Plain JavaScript, because an old Node may be the one that reads it: TypeScript runs as it is
// from Node 22.18 on, so an older one hands over to the Node that came with the installation.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const [major, minor] = process.versions.node.split(".").map(Number);
const modern = major > 24 || (major === 24 && minor >= 2) || (major === 22 && minor >= 18);

if (modern) {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache?.();
  await import(entry);
} else {
  let node;
  try {
    const require = createRequire(new URL("../../../package.json", import.meta.url));
    node = require.resolve("node/bin/node");
  } catch {
    console.error(`Cumulet needs Node.js 22.18 or later to run (this is ${process.versions.node}). Run \`npm start\` once: it brings a suitable one.`);
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exit(signal === null ? code : 128 + (signal === "SIGINT" ? 2 : 15));
  });
}
