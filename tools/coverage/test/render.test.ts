import { expect, test } from "vitest";
import { type Counted, implemented, renderOperations, renderTable, splice } from "../src/render.ts";

const handler = () => ({});
const streams: Counted = {
  model: "streams.dynamodb",
  operations: { ListStreams: handler, DescribeStream: handler, GetRecords: undefined },
  limits: { DescribeStream: "shows one shard." },
};
const management: Counted = { model: "apigatewaymanagementapi", operations: {} };

test("the table counts what answers against what AWS has", () => {
  const table = renderTable([streams, management]);
  expect(table).toContain("| Amazon DynamoDB Streams | `streams.dynamodb` | 2 / 4 |\n| AmazonApiGatewayManagementApi | `apigatewaymanagementapi` | 0 / 3 |\n| **Together** | | **2 / 7** |");
  expect(table).toMatch(/a named 501 .*`s3`/);
  expect(table).not.toMatch(/501.*streams/);
});

test("a package's list says what is there, limited and missing", () => {
  expect(renderOperations([streams])).toBe(`### Amazon DynamoDB Streams: 2 of 4 operations

\`DescribeStream\`, \`ListStreams\`

With limits:

- \`DescribeStream\`: shows one shard.

<details><summary>Not there yet: a named 501</summary>

\`GetRecords\`, \`GetShardIterator\`

</details>`);
});

test("an operation that AWS does not have is a mistake", () => {
  expect(() => implemented({ model: "sts", operations: { GetCallerIdentitty: handler } })).toThrow("GetCallerIdentitty");
});

test("only what stands between the markers changes", () => {
  const text = "# A\n<!-- coverage:begin -->\nold\n<!-- coverage:end -->\nrest\n";
  const next = splice(text, "new");
  expect(next).toBe("# A\n<!-- coverage:begin -->\nnew\n<!-- coverage:end -->\nrest\n");
  expect(splice(next as string, "new")).toBe(next);
  expect(splice("# no markers", "new")).toBeUndefined();
});
