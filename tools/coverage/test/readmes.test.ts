import { expect, test } from "vitest";
import { readmes } from "../src/readmes.ts";

test("the coverage tables of the READMEs are up to date", async () => {
  for (const { path, current, wanted } of await readmes()) {
    expect(wanted, `${path} has no coverage markers`).toBeDefined();
    expect(current === wanted, `${path} is stale: run \`node tools/coverage/coverage.ts --write\` and commit`).toBe(true);
  }
});
