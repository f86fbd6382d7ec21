import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { RULES } from "../src/rules.ts";
import { readWorkspace } from "../src/workspace.ts";

const workspace = readWorkspace(fileURLToPath(new URL("../../..", import.meta.url)));

test.each(RULES.map((rule) => [rule.name, rule] as const))("%s", (name, rule) => {
  const places = rule.check(workspace).map(({ path, line, problem }) => `  ${path}${line === undefined ? "" : `:${line}`}  ${problem}`);
  expect(places.length, `${name}.\n${places.join("\n")}\nWhat to do: ${rule.advice}.`).toBe(0);
});
