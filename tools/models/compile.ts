/**
 * Writes packages/protocol/models from an installed botocore:
 *
 *   node tools/models/compile.ts [--botocore DIR]
 *
 * DIR is botocore's package folder; without it `python3` is asked. Run it after an upgrade of botocore, after a change of a patch,
 * or after adding a service to src/services.ts; commit what it writes.
 */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findBotocore } from "./src/botocore.ts";
import { MODELS, generate } from "./src/generate.ts";

const { values } = parseArgs({ options: { botocore: { type: "string" } } });
const botocore = findBotocore(values.botocore);
if (botocore === undefined) {
  console.error("No botocore found. Install it (`pip install botocore`) or give its folder: --botocore DIR");
  process.exit(1);
}

const files = generate(botocore);
for (const name of readdirSync(MODELS)) {
  if (name !== "patches" && !files.has(name)) rmSync(new URL(name, MODELS));
}
for (const [name, text] of files) writeFileSync(new URL(name, MODELS), text);
const bytes = [...files.values()].reduce((sum, text) => sum + text.length, 0);
console.log(`botocore ${botocore.version}: ${files.size} files, ${Math.round(bytes / 1024)} KiB`);
