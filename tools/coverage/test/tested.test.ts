import { expect, test } from "vitest";
import { servicePackages } from "../src/readmes.ts";
import { mentions, untested } from "../src/tested.ts";

test("every implemented operation is in a test", async () => {
  const missing = [...(await servicePackages())].flatMap(([folder, services]) => untested(folder, services).map((name) => `packages/${folder}: ${name}`));
  expect(missing, "write a test that calls it, in its package's test folder or under tests/").toEqual([]);
});

test.each(["new PutItemCommand({", "putItem(ctx, {", "ctx.call.dynamodb.PutItem({", "aws dynamodb put-item --table-name", "client.put_item(TableName="])("a mention: %s", (text) => {
  expect(mentions(text, "PutItem")).toBe(true);
});

test.each(["BatchPutItems", "put items", "PutItemInput"])("no mention: %s", (text) => {
  expect(mentions(text, "PutItem")).toBe(false);
});

test("abbreviations are one word", () => {
  expect(mentions("aws iam list-saml-providers", "ListSAMLProviders")).toBe(true);
  expect(mentions("aws lambda list-versions-by-function", "ListVersionsByFunction")).toBe(true);
  expect(mentions("s3.list_objects_v2(Bucket=b)", "ListObjectsV2")).toBe(true);
});
