import { expect, test } from "vitest";
import { defineDataPlane, defineService, defineStore, type Record as RequestRecord, type Span } from "../src/index.ts";
import { testPlatform } from "../src/testing.ts";

const store = defineStore({ name: "shelf", scope: "regional", migrations: [], open: () => ({}) });

test("what a handler notes and traces reaches those who watch", async () => {
  const records: RequestRecord[] = [];
  const spans: Span[] = [];
  let watching: Disposable | undefined;
  const service = defineService({
    model: "dynamodb",
    store,
    operations: {},
    dataPlanes: [defineDataPlane<object, null>({
      name: "plane",
      claim: ({ path }) => (path === "/plane" ? { account: "000000000000", region: "us-east-1", match: null } : undefined),
      handle: (ctx, { response }) => {
        ctx.note("route", "GET /plane");
        ctx.note("cache", "miss");
        const child = ctx.trace.child("origin", { host: "example.com" });
        child.end({ status: 200 });
        response.end("ok");
      },
    })],
    observes: (platform) => {
      watching = platform.onSpan((span) => spans.push(span));
      return (record) => records.push(record);
    },
  });
  await using cloud = await testPlatform([service]);
  await (await fetch(`${cloud.endpoint}/plane`, { headers: { traceparent: "00-0123456789abcdef0123456789abcdef-0123456789abcdef-00" } })).text();
  expect(records).toMatchObject([{ service: "plane", traceId: "0123456789abcdef0123456789abcdef", parentId: "0123456789abcdef", sampled: false, notes: { route: "GET /plane", cache: "miss" } }]);
  expect(spans).toMatchObject([{ traceId: "0123456789abcdef0123456789abcdef", parentId: records[0]!.spanId, name: "origin", attributes: { host: "example.com", status: 200 } }]);

  watching![Symbol.dispose]();
  await (await fetch(`${cloud.endpoint}/plane`)).text();
  expect(records[1]!.sampled).toBe(true);
  expect(spans).toHaveLength(1);
});
