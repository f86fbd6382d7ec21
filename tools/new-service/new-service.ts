/**
 * Creates packages/<name> with the house's standard places, an example operation and its tests:
 *
 *   node tools/new-service/new-service.ts <name> --model <id>
 *
 * <id> is a compiled model (packages/protocol/models); add one with tools/models first when it is missing.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ServiceId, loadModel, serviceIndex } from "@cumulet/protocol";
import { scaffold } from "./src/scaffold.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { model: { type: "string" } } });
const [name] = positionals;
const { model } = values;

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

if (name === undefined || model === undefined || positionals.length > 1) fail("Usage: node tools/new-service/new-service.ts <name> --model <id>");
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) fail(`"${name}" is no package name: lower-case words, joined by dashes.`);
if (!Object.hasOwn(serviceIndex, model)) fail(`There is no model "${model}". Known: ${Object.keys(serviceIndex).join(", ")}. Add it to tools/models/src/services.ts and compile.`);
const target = new URL(`../../packages/${name}/`, import.meta.url);
if (existsSync(target)) fail(`packages/${name} is there already.`);

for (const [path, text] of scaffold(name, loadModel(model as ServiceId))) {
  const file = new URL(path, target);
  mkdirSync(dirname(fileURLToPath(file)), { recursive: true });
  writeFileSync(file, text);
  console.log(`packages/${name}/${path}`);
}

console.log(`
Next:
  1. packages/platform/package.json: "@cumulet/${name}": "workspace:*"; packages/platform/src/services.ts: its \`services\`
  2. npx pnpm install, then in packages/${name}: npx vitest run
  3. node tools/coverage/coverage.ts --write`);
