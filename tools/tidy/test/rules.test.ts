import { expect, test } from "vitest";
import { RULES } from "../src/rules.ts";
import { workspaceOf } from "../src/workspace.ts";

/** A small house in order; each test breaks one thing in it. */
const HOUSE: Record<string, string> = {
  "package.json": '{"name":"cumulet","devDependencies":{"vitest":"catalog:"}}',
  "README.md": "# Cumulet",
  "packages/protocol/package.json": '{"name":"@cumulet/protocol","exports":{".":"./src/index.ts","./models/*":"./models/*"}}',
  "packages/protocol/README.md": "#",
  "packages/core/package.json": '{"name":"@cumulet/core","exports":{".":"./src/index.ts"},"dependencies":{"@cumulet/protocol":"workspace:*","better-sqlite3":"catalog:"}}',
  "packages/core/README.md": "#",
  "packages/core/src/clock.ts": "export const now = () => Date.now();",
  "packages/core/src/storage/database.ts": 'import Database from "better-sqlite3";\nnew Database("x").prepare("SELECT 1 FROM t");',
  "packages/keyvalue/package.json": '{"name":"@cumulet/keyvalue","exports":{".":"./src/index.ts"},"dependencies":{"@cumulet/core":"workspace:*","@cumulet/protocol":"workspace:*"}}',
  "packages/keyvalue/README.md": "#",
  "packages/keyvalue/src/index.ts": 'import { AwsError } from "@cumulet/protocol";\nimport type { DynamoDB } from "@cumulet/protocol/models/dynamodb.d.ts";\nimport { x } from "./store.ts";',
  "packages/keyvalue/src/store.ts": 'export const x = "SELECT a FROM b";',
  "packages/keyvalue/test/a.test.ts": 'import { test } from "vitest";\nimport { x } from "../src/store.ts";',
  "packages/objects/package.json": '{"name":"@cumulet/objects","exports":{".":"./src/index.ts"},"dependencies":{"@cumulet/core":"workspace:*"}}',
  "packages/objects/README.md": "#",
};

/** Which rules find something, and where. */
function broken(changes: Record<string, string | undefined>): string[] {
  const texts = Object.entries({ ...HOUSE, ...changes }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const workspace = workspaceOf(texts);
  return RULES.flatMap((rule) => rule.check(workspace).map(({ path, line, problem }) => `${path}${line === undefined ? "" : `:${line}`} ${problem}`));
}

test("a house in order", () => {
  expect(broken({})).toEqual([]);
});

/** A host that the rule finds, in pieces, so that this file itself names none. */
const REGISTRY = ["registry", "npmjs", "org"].join(".");
const service = "packages/keyvalue/src/a.ts";
test.each<[why: string, path: string, text: string | undefined, found: string[]]>([
  ["a service imports a service", service, 'import {} from "@cumulet/objects";', [`${service}:1 imports @cumulet/objects`, `${service}:1 imports @cumulet/objects, which packages/keyvalue/package.json does not name`]],
  ["core depends on a service", "packages/core/package.json", '{"name":"@cumulet/core","dependencies":{"@cumulet/keyvalue":"workspace:*","better-sqlite3":"catalog:"}}', ["packages/core/package.json depends on @cumulet/keyvalue"]],
  ["a path into another package", service, 'export * from "../../core/src/clock.ts";', [`${service}:1 imports ../../core/src/clock.ts, which belongs to @cumulet/core`]],
  ["a subpath that is not exported", service, 'await import("@cumulet/core/src/clock.ts");', [`${service}:1 imports @cumulet/core/src/clock.ts, which @cumulet/core does not export`]],
  ["an import nobody declared", service, '\nimport x from "left-pad";', [`${service}:2 imports left-pad, which packages/keyvalue/package.json does not name`]],
  ["a builtin without its scheme", service, 'import { join } from "path";', [`${service}:1 imports path without "node:"`]],
  ["a version outside the catalog", "packages/objects/package.json", '{"name":"@cumulet/objects","dependencies":{"x":"^1.0.0"}}', ["packages/objects/package.json asks for x ^1.0.0"]],
  ["wall time", service, "const t = Date.now();", [`${service}:1 Date.now: use ctx.clock.now()`]],
  ["wall time by constructor", service, "\n\nconst t = new Date();", [`${service}:3 new Date(): use ctx.clock.now(); new Date(milliseconds) is fine for formatting`]],
  ["formatting a time", service, "const t = new Date(ms).toISOString();", []],
  ["randomness", service, 'import { randomUUID } from "node:crypto";', [`${service}:1 randomUUID: use ctx.ids.uuid()`]],
  ["randomness of the global object", service, "crypto.randomUUID(); Math.random();", [`${service}:1 Math.random: use ctx.ids.random()`, `${service}:1 randomUUID: use ctx.ids.uuid()`]],
  ["a timer", service, "setTimeout(run, 5);", [`${service}:1 setTimeout: use ctx.clock.schedule() or ctx.clock.sleep()`]],
  ["a member of that name", service, "socket.setTimeout(5);", []],
  ["output", service, "console.log(1);", [`${service}:1 console.: use ctx.log`]],
  ["words in comments and strings", service, '// Date.now() and console.log\nconst a = "Math.random()"; /* setTimeout */', []],
  ["tests may look at the world", "packages/keyvalue/test/b.test.ts", "setTimeout(Date.now, 1);", []],
  ["SQL in a handler", service, "const q = `\n  INSERT INTO items VALUES (?)`;", [`${service}:1 SQL: \`\n  INSERT INTO items VALUES (?)\``]],
  ["a statement prepared in a handler", service, "db.prepare(text);", [`${service}:1 SQL: prepare`]],
  ["English that starts like SQL", service, 'throw new Error("Select a table from the list"); const u = "UPDATE failed";', []],
  ["SQLite outside of storage", "packages/core/src/pipeline.ts", 'import Database from "better-sqlite3";', ["packages/core/src/pipeline.ts:1 imports better-sqlite3"]],
  ["no README", "packages/objects/README.md", undefined, ["packages/objects/README.md is missing"]],
  ["a god file", service, "\n".repeat(600), [`${service} has 601 lines`]],
  ["a path of a machine", "scripts/x.mjs", 'const a = "/home/anna/cumulet";', ["scripts/x.mjs:1 /home/anna/c"]],
  ["paths that every Lambda has", service, 'const a = "/tmp/x", b = "/var/task", c = "/homepage/x";', []],
  ["a registry", "pnpm-lock.yaml", `tarball: https://${REGISTRY}/x`, [`pnpm-lock.yaml:1 ${REGISTRY}`]],
  ["a private mirror", "pnpm-lock.yaml", "tarball: https://nexus.corp.example/x", ["pnpm-lock.yaml:1 https://nexus.corp.example"]],
])("%s", (_why, path, text, found) => {
  expect(broken({ [path]: text })).toEqual(found);
});
