/**
 * Implemented operations over modelled ones, written between the markers `<!-- coverage:begin -->` and `<!-- coverage:end -->` of
 * README.md and of every service package's README.
 *
 *   node tools/coverage/coverage.ts            prints the table
 *   node tools/coverage/coverage.ts --write    brings the READMEs up to date
 *   node tools/coverage/coverage.ts --check    fails, naming them, when one is not
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { services } from "@cumulet/platform";
import { readmes } from "./src/readmes.ts";
import { type Counted, renderTable } from "./src/render.ts";

const { values } = parseArgs({ options: { write: { type: "boolean" }, check: { type: "boolean" } } });

if (!values.write && !values.check) {
  console.log(renderTable(services as readonly Counted[]));
} else {
  for (const { path, url, current, wanted } of await readmes()) {
    if (wanted === undefined) {
      console.error(`${path}: has no <!-- coverage:begin --> ... <!-- coverage:end -->; add both lines where the table should stand`);
      process.exitCode = 1;
    } else if (wanted !== current && values.write) {
      writeFileSync(url, wanted);
      console.log(`${path}: written`);
    } else if (wanted !== current) {
      console.error(`${path}: is stale; run \`node tools/coverage/coverage.ts --write\` and commit`);
      process.exitCode = 1;
    }
  }
}
