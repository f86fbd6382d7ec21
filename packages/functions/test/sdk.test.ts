import { afterAll, beforeAll, expect, test } from "vitest";
import { Harness } from "./harness.ts";

let harness: Harness;
beforeAll(() => {
  harness = new Harness();
});
afterAll(() => harness[Symbol.asyncDispose]());

test.each([
  ["require", { "index.js": "const { S3Client } = require('@aws-sdk/client-s3'); exports.handler = async () => S3Client.name;" }, "S3Client"],
  ["import", { "index.mjs": "import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'; export const handler = async () => DynamoDBDocumentClient.name;" }, "DynamoDBDocumentClient"],
  ["the function's own copy first", { "node_modules/@aws-sdk/client-s3/index.js": "exports.S3Client = class Own {};", "index.js": "const { S3Client } = require('@aws-sdk/client-s3'); exports.handler = async () => S3Client.name;" }, "Own"],
])("Node.js functions find the AWS SDK: %s", async (_how, files: Record<string, string>, expected) => {
  expect(await harness.invoke(harness.target({ files }))).toMatchObject({ ok: true, payload: expected });
});

test("what no SDK has stays missing", async () => {
  const { ok, payload } = await harness.invoke(harness.target({ files: { "index.js": "require('@aws-sdk/client-nonsense');" } }));
  expect(ok).toBe(false);
  expect(payload).toMatchObject({ errorType: "Runtime.ImportModuleError", errorMessage: expect.stringContaining("Cannot find module '@aws-sdk/client-nonsense'") });
});
