import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type ServiceId, loadModel, serviceIndex } from "@cumulet/protocol";
import { findBotocore } from "../src/botocore.ts";
import { MODELS, generate, readPatch } from "../src/generate.ts";
import { merge } from "../src/merge.ts";
import { refsOf } from "../src/model.ts";
import { SERVICES } from "../src/services.ts";

const ids = Object.keys(serviceIndex) as ServiceId[];

test("the files in packages/protocol/models are what the compiler writes", (context) => {
  const botocore = findBotocore();
  const recorded = loadModel("s3").source.botocore;
  if (botocore?.version !== recorded) {
    return context.skip(`needs python3 with botocore ${recorded}; found ${botocore?.version ?? "none"}`);
  }
  const files = generate(botocore);
  const hint = "run `node tools/models/compile.ts` and commit what it writes";
  expect(readdirSync(MODELS).filter((name) => name !== "patches").sort(), hint).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(readFileSync(new URL(name, MODELS), "utf8") === text, `${name} is stale: ${hint}`).toBe(true);
});

test("every service of the list is compiled, from one botocore", () => {
  expect(ids).toEqual(Object.keys(SERVICES));
  expect(new Set(ids.map((id) => loadModel(id).source.botocore)).size).toBe(1);
});

test.each(ids)("%s: every reference resolves and every shape is used", (id) => {
  const model = loadModel(id);
  const used = new Set<string>();
  for (const { input, output, errors } of Object.values(model.operations)) {
    for (const ref of [input, output, ...(errors ?? [])]) if (ref !== undefined) used.add(ref.shape);
  }
  for (const [name, shape] of Object.entries(model.shapes)) {
    if (shape.exception === true) used.add(name);
    for (const ref of refsOf(shape)) used.add(ref.shape);
  }
  expect([...used].sort()).toEqual(Object.keys(model.shapes).sort());
});

test.each(ids)("%s: an operation that is shadowed names the one that answers", (id) => {
  const { operations } = loadModel(id);
  for (const { http, shadowedBy } of Object.values(operations)) {
    if (shadowedBy !== undefined) expect(operations[shadowedBy]?.http).toMatchObject({ method: http.method, requestUri: http.requestUri });
  }
});

test("every patch belongs to a service and is in its model", () => {
  const patches = readdirSync(new URL("patches/", MODELS)).map((name) => name.replace(/\.json$/, ""));
  expect(Object.keys(SERVICES)).toEqual(expect.arrayContaining(patches));
  for (const id of patches as ServiceId[]) {
    const { metadata, operations, shapes } = loadModel(id);
    const model = { metadata, operations, shapes };
    // Deletions cannot be applied twice; additions and replacements change nothing the second time.
    expect(merge(model, additions(readPatch(id))), id).toEqual(model);
  }
});

function additions(patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== null).map(([key, value]) => [key, additions(value)]));
}

test("what the services answer side by side", () => {
  expect(serviceIndex.sqs).toMatchObject({ protocols: ["json", "query"], xmlNamespace: "http://queue.amazonaws.com/doc/2012-11-05/" });
  expect(serviceIndex.cloudwatch.protocols).toEqual(["smithy-rpc-v2-cbor", "json", "query"]);
  expect(loadModel("sqs").operations["SendMessage"]?.output?.resultWrapper).toBe("SendMessageResult");
  expect(loadModel("dynamodb").shapes["AttributeValue"]?.passthrough).toBe(true);
  expect(loadModel("s3").operations["PutBucketLifecycle"]?.shadowedBy).toBe("PutBucketLifecycleConfiguration");
});

test("an operation has one name", () => {
  for (const id of ids) for (const [name, operation] of Object.entries(loadModel(id).operations)) expect(operation.name).toBe(name);
});

test("nothing for people is left in the data", () => {
  for (const id of ids) expect(readFileSync(new URL(`${id}.json`, MODELS), "utf8")).not.toContain('"documentation":"');
});

test("the types compile, with library checks on", async () => {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  expect(existsSync(tsc)).toBe(true);
  const project = fileURLToPath(new URL("types/tsconfig.json", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", project]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
}, 60_000);
